// The page on which the conformance suite drives a WorkerStore: every call of the store as plain, clonable data.
import { deleteDB, openDB } from 'idb';
import { StoreError, type FileFacts, type StoreErrorCode } from '../../../src/io/store.ts';
import type { StoreFigures } from '../../../src/io/store-parts.ts';
import { WorkerStore } from '../../../worker/store-worker.ts';

/** What a call came to; errors lose their class on the way out of a page. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: StoreErrorCode | undefined; readonly message: string };

/** Bytes are base64 here. */
export interface StorePage {
  add(key: string, chunkBytes: number): Promise<Outcome<FileFacts>>;
  hash(key: string, first: number, count: number): Promise<Outcome<string>>;
  read(key: string, chunk: number): Promise<Outcome<string>>;
  remove(key: string): Promise<Outcome<void>>;
  create(key: string, facts: FileFacts, chunkBytes: number): Promise<Outcome<void>>;
  write(key: string, chunk: number, bytes: string, sha256: string): Promise<Outcome<boolean>>;
  finish(key: string): Promise<Outcome<string>>;
  discard(key: string): Promise<Outcome<void>>;
  close(): Promise<Outcome<void>>;
  figures(): Promise<Outcome<StoreFigures>>;
  file(location: string): Promise<Outcome<{ name: string; type: string; modifiedMs: number; bytes: string }>>;
  /** All that is on disk, files and records of files, whatever the session, each as `session/file`. */
  contents(): Promise<string[]>;
  /** Closes the store and removes all that lies there. */
  wipe(): Promise<void>;
}

declare global {
  var storePage: StorePage;
}

const store = new WorkerStore();

async function outcome<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, code: error instanceof StoreError ? error.code : undefined, message: String(error) };
  }
}

function encode(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}

function decode(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function picked(): File {
  const file = document.querySelector<HTMLInputElement>('#source')?.files?.[0];
  if (file === undefined) throw new Error('no file is picked');
  return file;
}

async function filesOnDisk(): Promise<string[]> {
  const root = await navigator.storage.getDirectory();
  const parent = await root.getDirectoryHandle('rockpool', { create: true });
  const found: string[] = [];
  for await (const session of parent.keys()) {
    try {
      const directory = await parent.getDirectoryHandle(session);
      for await (const name of directory.keys()) found.push(`${session}/${name}`);
    } catch (error) {
      // A worker may be sweeping it away while we look.
      if (!(error instanceof DOMException) || error.name !== 'NotFoundError') throw error;
    }
  }
  return found;
}

async function recordsOnDisk(): Promise<string[]> {
  // Opening what is not there would make it, and make it wrong.
  if (!(await indexedDB.databases()).some(({ name }) => name === 'rockpool-store')) return [];
  const db = await openDB('rockpool-store');
  const keys = db.objectStoreNames.contains('received') ? await db.getAllKeys('received') : [];
  db.close();
  return keys.map(String);
}

globalThis.storePage = {
  add: (key, chunkBytes) => outcome(() => store.add(key, picked(), chunkBytes)),
  hash: (key, first, count) => outcome(async () => encode(await store.hash(key, first, count))),
  read: (key, chunk) => outcome(async () => encode(await store.read(key, chunk))),
  remove: (key) => outcome(() => store.remove(key)),
  create: (key, facts, chunkBytes) => outcome(() => store.create(key, facts, chunkBytes)),
  write: (key, chunk, bytes, sha256) => outcome(() => store.write(key, chunk, decode(bytes), decode(sha256))),
  finish: (key) => outcome(() => store.finish(key)),
  discard: (key) => outcome(() => store.discard(key)),
  close: () => outcome(() => store.close()),
  figures: () => outcome(() => store.figures()),
  file: (location) =>
    outcome(async () => {
      const file = await store.file(location);
      const bytes = encode(new Uint8Array(await file.arrayBuffer()));
      return { name: file.name, type: file.type, modifiedMs: file.lastModified, bytes };
    }),
  contents: async () => [...new Set([...(await filesOnDisk()), ...(await recordsOnDisk())])],
  wipe: async () => {
    await store.close();
    await (await navigator.storage.getDirectory()).removeEntry('rockpool', { recursive: true });
    await deleteDB('rockpool-store');
  },
};
