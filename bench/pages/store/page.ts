// The page that bench/store.ts drives: one measurement for each call, over the file that is picked.
import { WorkerStore } from '../../../worker/store-worker.ts';
import { measurePass } from '../chunk-size/measure.ts';
import type { Answer, Task } from './parts.ts';

export type StorePart =
  /** `streams`: in each worker, over a part each. */
  | { readonly kind: 'hash'; readonly workers: number; readonly streams: number }
  /** What there is to reach: one digest of bytes in memory. */
  | { readonly kind: 'buffer' }
  | { readonly kind: 'data'; readonly place: 'opfs' | 'idb' }
  | { readonly kind: 'store' };

/** Figures by name. */
export type MeasureStore = (part: StorePart) => Promise<Record<string, number>>;

declare global {
  var measureStore: MeasureStore;
}

const CHUNK_BYTES = 256 * 1024;

const rate = (bytes: number, ms: number): number => bytes / 1000 / ms;

function startWorker(): Worker {
  return new Worker(new URL('./parts.ts', import.meta.url), { type: 'module' });
}

function ask(worker: Worker, task: Task): Promise<Answer> {
  return new Promise((resolve, reject) => {
    worker.addEventListener('message', (event: MessageEvent<Answer>) => resolve(event.data), { once: true });
    worker.addEventListener('error', (event) => reject(new Error(event.message)), { once: true });
    worker.postMessage(task);
  });
}

async function hashing(file: File, count: number, streams: number): Promise<Record<string, number>> {
  const workers = Array.from({ length: count }, startWorker);
  const chunks = Math.floor(file.size / CHUNK_BYTES / count);
  const part = (index: number): Blob => file.slice(index * chunks * CHUNK_BYTES, (index + 1) * chunks * CHUNK_BYTES);
  // They start before the clock does.
  const task = { kind: 'hash', chunkBytes: CHUNK_BYTES, streams } as const;
  await Promise.all(workers.map((worker) => ask(worker, { ...task, bytes: new Blob() })));
  const began = performance.now();
  await Promise.all(workers.map((worker, index) => ask(worker, { ...task, bytes: part(index) })));
  const ms = performance.now() - began;
  for (const worker of workers) worker.terminate();
  return { [`hash_${count}_workers_${streams}_streams_mbyte_per_s`]: rate(chunks * count * CHUNK_BYTES, ms) };
}

async function oneBuffer(file: File): Promise<Record<string, number>> {
  const worker = startWorker();
  const { ms = 0 } = await ask(worker, { kind: 'buffer', bytes: file });
  worker.terminate();
  return { buffer_mbyte_per_s: rate(file.size, ms) };
}

async function data(place: 'opfs' | 'idb', bytes: number): Promise<Record<string, number>> {
  const worker = startWorker();
  const chunks = Math.floor(bytes / CHUNK_BYTES);
  const { writeMs = 0, readMs = 0 } = await ask(worker, { kind: place, chunks, chunkBytes: CHUNK_BYTES });
  worker.terminate();
  return {
    [`${place}_write_mbyte_per_s`]: rate(chunks * CHUNK_BYTES, writeMs),
    [`${place}_read_mbyte_per_s`]: rate(chunks * CHUNK_BYTES, readMs),
  };
}

async function whole(file: File): Promise<Record<string, number>> {
  const store = new WorkerStore();
  const { bytes, offerMs, receiveMs, location } = await measurePass(store, file, CHUNK_BYTES);
  await store.remove('received');
  await store.forget(location);
  await store.close();
  return {
    store_offer_mbyte_per_s: rate(bytes, offerMs),
    store_receive_mbyte_per_s: rate(bytes, receiveMs),
  };
}

globalThis.measureStore = async (part) => {
  const file = document.querySelector<HTMLInputElement>('#source')?.files?.[0];
  if (file === undefined) throw new Error('no file is picked');
  if (part.kind === 'hash') return hashing(file, part.workers, part.streams);
  if (part.kind === 'buffer') return oneBuffer(file);
  return part.kind === 'data' ? data(part.place, file.size) : whole(file);
};
