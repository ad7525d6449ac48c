// The worker of bench/store.ts: hashes a blob in chunks, or writes chunks to a place on disk and reads them back.
import { deleteDB, openDB } from 'idb';

export type Task =
  | { readonly kind: 'hash'; readonly bytes: Blob; readonly chunkBytes: number; readonly streams: number }
  | { readonly kind: 'buffer'; readonly bytes: Blob }
  | { readonly kind: 'opfs' | 'idb'; readonly chunks: number; readonly chunkBytes: number };

export interface Answer {
  readonly ms?: number;
  readonly writeMs?: number;
  readonly readMs?: number;
}

/** What the DOM's types leave to workers. */
interface SyncHandle {
  write(bytes: Uint8Array, options: { at: number }): number;
  read(bytes: Uint8Array, options: { at: number }): number;
  flush(): void;
  close(): void;
}

declare global {
  interface FileSystemFileHandle {
    createSyncAccessHandle(): Promise<SyncHandle>;
  }
}

/** As in the store. */
const HASHING_MAX = 8;

/** Chunks that go to disk together: 8 MiB, about what a transfer brings between two batches. */
const BATCH_CHUNKS = 32;

addEventListener('message', async (event: MessageEvent<Task>) => {
  const task = event.data;
  postMessage(await perform(task));
});

async function perform(task: Task): Promise<Answer> {
  switch (task.kind) {
    case 'hash': {
      const { bytes, chunkBytes, streams } = task;
      const partBytes = Math.ceil(bytes.size / chunkBytes / streams) * chunkBytes;
      const parts = Array.from({ length: streams }, (_, index) =>
        bytes.slice(index * partBytes, (index + 1) * partBytes),
      );
      return { ms: await timed(() => Promise.all(parts.map((part) => hash(part, chunkBytes)))) };
    }
    case 'buffer': {
      const buffer = await task.bytes.arrayBuffer();
      return { ms: await timed(() => crypto.subtle.digest('SHA-256', buffer)) };
    }
    case 'opfs':
      return opfs(task.chunks, task.chunkBytes);
    default:
      return idb(task.chunks, task.chunkBytes);
  }
}

async function hash(blob: Blob, chunkBytes: number): Promise<void> {
  const underWay: Promise<unknown>[] = [];
  let filling = new Uint8Array(chunkBytes);
  let filled = 0;
  for await (const piece of blob.stream()) {
    for (let used = 0; used < piece.length;) {
      const taken = piece.subarray(used, used + chunkBytes - filled);
      filling.set(taken, filled);
      used += taken.length;
      filled += taken.length;
      if (filled < chunkBytes) continue;
      if (underWay.length >= HASHING_MAX) await underWay.shift();
      underWay.push(crypto.subtle.digest('SHA-256', filling));
      filling = new Uint8Array(chunkBytes);
      filled = 0;
    }
  }
  await Promise.all(underWay);
}

/** Different in every chunk, so that no layer below can tell two of them are the same. */
function chunk(index: number, chunkBytes: number): Uint8Array {
  const bytes = new Uint8Array(chunkBytes);
  for (let at = 0; at < chunkBytes; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  bytes[0] = index;
  return bytes;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function opfs(chunks: number, chunkBytes: number): Promise<Answer> {
  const root = await navigator.storage.getDirectory();
  const pool = Array.from({ length: BATCH_CHUNKS }, (_, index) => chunk(index, chunkBytes));
  const handle = await (await root.getFileHandle('measured', { create: true })).createSyncAccessHandle();
  const writeMs = await timed(async () => {
    for (let index = 0; index < chunks; index += 1) {
      handle.write(pool[index % BATCH_CHUNKS] ?? new Uint8Array(), { at: index * chunkBytes });
      if (index % BATCH_CHUNKS === BATCH_CHUNKS - 1) handle.flush();
    }
    handle.flush();
  });
  const readMs = await timed(async () => {
    for (let index = 0; index < chunks; index += 1) {
      handle.read(new Uint8Array(chunkBytes), { at: index * chunkBytes });
    }
  });
  handle.close();
  await root.removeEntry('measured');
  return { writeMs, readMs };
}

async function idb(chunks: number, chunkBytes: number): Promise<Answer> {
  const db = await openDB('measured', 1, { upgrade: (fresh) => void fresh.createObjectStore('chunks') });
  const pool = Array.from({ length: BATCH_CHUNKS }, (_, index) => chunk(index, chunkBytes));
  const writeMs = await timed(async () => {
    for (let first = 0; first < chunks; first += BATCH_CHUNKS) {
      const tx = db.transaction('chunks', 'readwrite', { durability: 'strict' });
      const puts = pool.slice(0, chunks - first).map((bytes, index) => tx.store.put(bytes, first + index));
      await Promise.all([...puts, tx.done]);
    }
  });
  const readMs = await timed(async () => {
    for (let first = 0; first < chunks; first += BATCH_CHUNKS) {
      const tx = db.transaction('chunks');
      const gets = pool.slice(0, chunks - first).map((_, index) => tx.store.get(first + index));
      await Promise.all([...gets, tx.done]);
    }
  });
  db.close();
  await deleteDB('measured');
  return { writeMs, readMs };
}
