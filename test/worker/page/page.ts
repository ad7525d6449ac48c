// The page on which the tests drive a WorkerStore: every call of the store as plain, clonable data, and the store itself
// for what is plain already.
import { deleteDB, openDB, type IDBPDatabase } from 'idb';
import { StoreError, type FileFacts, type StoreErrorCode } from '../../../src/io/store.ts';
import type { StoreFigures } from '../../../src/io/store-parts.ts';
import type { FileTree } from '../../../src/io/file-tree.ts';
import type { KeptFile } from '../../../src/io/store.ts';
import { WorkerStore } from '../../../worker/store-worker.ts';
import './talk-page.ts';

/** What a call came to; errors lose their class on the way out of a page. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: StoreErrorCode | undefined; readonly message: string };

export interface SavedFile {
  readonly name: string;
  readonly type: string;
  readonly modifiedMs: number;
  /** Base64. */
  readonly bytes: string;
}

/** A KeptPart in base64. */
export interface KeptText {
  readonly bitmap: string;
  readonly sha256: string;
  readonly maybeChunks: number;
}

/** Bytes are base64 here. */
export interface StorePage {
  add(key: string, chunkBytes: number): Promise<Outcome<FileFacts>>;
  /** Offers the picked folder, and empty directories beside what was picked. */
  addFolder(key: string, chunkBytes: number, directories: readonly string[]): Promise<Outcome<FileFacts>>;
  hash(key: string, first: number, count: number): Promise<Outcome<string>>;
  read(key: string, chunk: number): Promise<Outcome<string>>;
  remove(key: string): Promise<Outcome<void>>;
  create(key: string, facts: FileFacts, chunkBytes: number): Promise<Outcome<KeptText | undefined>>;
  write(key: string, chunk: number, bytes: string, sha256: string): Promise<Outcome<boolean>>;
  check(key: string, chunk: number, sha256: string): Promise<Outcome<boolean>>;
  finish(key: string): Promise<Outcome<string>>;
  keep(key: string): Promise<Outcome<void>>;
  discard(key: string): Promise<Outcome<void>>;
  kept(): Promise<Outcome<KeptFile[]>>;
  forget(location: string): Promise<Outcome<boolean>>;
  close(): Promise<Outcome<void>>;
  figures(): Promise<Outcome<StoreFigures>>;
  file(location: string): Promise<Outcome<SavedFile>>;
  archive(location: string): Promise<Outcome<SavedFile>>;
  /** Locations of all that is on disk, files and records of files. */
  contents(): Promise<string[]>;
  /** Ends the worker on the spot, whatever it is doing. */
  kill(): void;
  /** Closes the store and removes all that lies there. */
  wipe(): Promise<void>;
}

declare global {
  var storePage: StorePage;
  var workerStore: WorkerStore;
  /** The worker's database, as it is. */
  var openRecords: () => Promise<IDBPDatabase>;
}

const workers: Worker[] = [];

globalThis.Worker = class extends Worker {
  constructor(url: string | URL, options?: WorkerOptions) {
    super(url, options);
    workers.push(this);
  }
};

const store = new WorkerStore();
globalThis.workerStore = store;
globalThis.openRecords = () => openDB('rockpool-cache');

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

function pickedFolder(directories: readonly string[]): FileTree {
  const files = [...(document.querySelector<HTMLInputElement>('#folder')?.files ?? [])];
  const [name = 'empty'] = files[0]?.webkitRelativePath.split('/') ?? [];
  return {
    name,
    entries: [
      ...files.map((file) => ({ path: file.webkitRelativePath.slice(name.length + 1), file })),
      ...directories.map((path) => ({ path, directory: true as const })),
    ],
  };
}

async function filesOnDisk(): Promise<string[]> {
  const root = await navigator.storage.getDirectory();
  const parent = await root.getDirectoryHandle('rockpool', { create: true });
  const cache = await parent.getDirectoryHandle('cache', { create: true });
  const found: string[] = [];
  for await (const name of cache.keys()) found.push(name);
  return found;
}

async function recordsOnDisk(): Promise<string[]> {
  // Opening what is not there would make it, and make it wrong.
  if (!(await indexedDB.databases()).some(({ name }) => name === 'rockpool-cache')) return [];
  const db = await openRecords();
  const keys = db.objectStoreNames.contains('files') ? await db.getAllKeys('files') : [];
  db.close();
  return keys.map(String);
}

async function saved(file: File): Promise<SavedFile> {
  const bytes = encode(new Uint8Array(await file.arrayBuffer()));
  return { name: file.name, type: file.type, modifiedMs: file.lastModified, bytes };
}

globalThis.storePage = {
  add: (key, chunkBytes) => outcome(() => store.add(key, picked(), chunkBytes)),
  addFolder: (key, chunkBytes, directories) => outcome(() => store.add(key, pickedFolder(directories), chunkBytes)),
  hash: (key, first, count) => outcome(async () => encode(await store.hash(key, first, count))),
  read: (key, chunk) => outcome(async () => encode(await store.read(key, chunk))),
  remove: (key) => outcome(() => store.remove(key)),
  create: (key, facts, chunkBytes) =>
    outcome(async () => {
      const kept = await store.create(key, facts, chunkBytes);
      return kept && { ...kept, bitmap: encode(kept.bitmap), sha256: encode(kept.sha256) };
    }),
  write: (key, chunk, bytes, sha256) => outcome(() => store.write(key, chunk, decode(bytes), decode(sha256))),
  check: (key, chunk, sha256) => outcome(() => store.check(key, chunk, decode(sha256))),
  finish: (key) => outcome(() => store.finish(key)),
  keep: (key) => outcome(() => store.keep(key)),
  discard: (key) => outcome(() => store.discard(key)),
  kept: () => outcome(() => store.kept()),
  forget: (location) => outcome(() => store.forget(location)),
  close: () => outcome(() => store.close()),
  figures: () => outcome(() => store.figures()),
  file: (location) => outcome(async () => saved(await store.file(location))),
  archive: (location) => outcome(async () => saved(await store.archive(location))),
  contents: async () => [...new Set([...(await filesOnDisk()), ...(await recordsOnDisk())])],
  kill: () => workers.forEach((worker) => worker.terminate()),
  wipe: async () => {
    await store.close();
    await (await navigator.storage.getDirectory()).removeEntry('rockpool', { recursive: true });
    await deleteDB('rockpool-cache');
  },
};
