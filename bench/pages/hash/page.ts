// The page that bench/hash.ts drives: hashes the file that is picked through the worker's store, as the share machine asks for
// it, or a buffer in memory with WebCrypto alone, or only reads the file. Each call gives milliseconds.
import { SHARE_DEFAULTS } from '../../../src/share/options.ts';
import { WorkerStore } from '../../../worker/store-worker.ts';

export type HashWay =
  /** Our store; `step`: chunks in one call, one call after the other. */
  | { readonly kind: 'store'; readonly step: number }
  /** One buffer in pieces of a chunk, `pieces` of them under way at a time. */
  | { readonly kind: 'buffer'; readonly pieces: number }
  /** One buffer in one call. */
  | { readonly kind: 'whole' }
  /** The file as the browser hands it out, in `streams` parts at a time, or in slices of a chunk; nothing is hashed. */
  | { readonly kind: 'read'; readonly slices: boolean; readonly atOnce: number };

export type MeasureHash = (way: HashWay) => Promise<number>;

declare global {
  var measureHash: MeasureHash;
  /** What the share machine asks the store for at a time, chunks. */
  var hashStepChunks: number;
}

const { chunkBytes } = SHARE_DEFAULTS;

globalThis.hashStepChunks = SHARE_DEFAULTS.hashStepChunks;
globalThis.measureHash = async (way) => {
  const file = document.querySelector<HTMLInputElement>('#source')?.files?.[0];
  if (file === undefined) throw new Error('no file is picked');
  if (way.kind === 'store') return throughStore(file, way.step);
  if (way.kind === 'read') return timed(() => (way.slices ? readSlices : readStreams)(file, way.atOnce));
  const buffer = new Uint8Array(await file.arrayBuffer());
  return way.kind === 'whole' ? timed(() => digest(buffer)) : timed(() => inPieces(buffer, way.pieces));
};

async function throughStore(file: File, step: number): Promise<number> {
  const store = new WorkerStore();
  const { bytes } = await store.add('measured', file, chunkBytes);
  const chunks = Math.ceil(bytes / chunkBytes);
  const ms = await timed(async () => {
    for (let first = 0; first < chunks; first += step) {
      await store.hash('measured', first, Math.min(step, chunks - first));
    }
  });
  await store.close();
  return ms;
}

async function inPieces(buffer: Uint8Array<ArrayBuffer>, pieces: number): Promise<void> {
  const underWay: Promise<unknown>[] = [];
  for (let at = 0; at < buffer.length; at += chunkBytes) {
    if (underWay.length >= pieces) await underWay.shift();
    underWay.push(digest(buffer.subarray(at, at + chunkBytes)));
  }
  await Promise.all(underWay);
}

async function readStreams(file: File, atOnce: number): Promise<void> {
  const partBytes = Math.ceil(file.size / atOnce);
  const read = async (index: number): Promise<void> => {
    const reader = file
      .slice(index * partBytes, (index + 1) * partBytes)
      .stream()
      .getReader();
    while (!(await reader.read()).done);
  };
  await Promise.all(Array.from({ length: atOnce }, (_, index) => read(index)));
}

async function readSlices(file: File, atOnce: number): Promise<void> {
  const underWay: Promise<unknown>[] = [];
  for (let at = 0; at < file.size; at += chunkBytes) {
    if (underWay.length >= atOnce) await underWay.shift();
    underWay.push(file.slice(at, at + chunkBytes).arrayBuffer());
  }
  await Promise.all(underWay);
}

const digest = (bytes: Uint8Array<ArrayBuffer>): Promise<unknown> => crypto.subtle.digest('SHA-256', bytes);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
