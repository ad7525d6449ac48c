// One pass of a file through a store with a given chunk size, timed on both sides; the same for browser and Node.
import type { Store } from '../../../src/io/store.ts';

/** Bytes hashed, read and written in turn: about what a transfer has under way. */
const WINDOW_BYTES = 8 * 1024 * 1024;

export interface PassTimes {
  readonly bytes: number;
  /** Hashing and reading, as the sender does. */
  readonly offerMs: number;
  /** Verifying and storing, as the receiver does, with the finish. */
  readonly receiveMs: number;
}

/** Copies `source` within `store` chunk by chunk. Throws if a chunk is not stored. */
export async function measurePass<Source>(
  store: Store<Source>,
  source: Source,
  chunkBytes: number,
): Promise<PassTimes & { readonly location: string }> {
  let offerMs = 0;
  let receiveMs = 0;
  const facts = await store.add('offered', source, chunkBytes);
  const chunks = Math.ceil(facts.bytes / chunkBytes);
  await store.create('received', facts, chunkBytes);
  for (let first = 0; first < chunks; first += WINDOW_BYTES / chunkBytes) {
    const count = Math.min(WINDOW_BYTES / chunkBytes, chunks - first);
    const began = performance.now();
    const hashes = await store.hash('offered', first, count);
    const read = await Promise.all(Array.from({ length: count }, (_, index) => store.read('offered', first + index)));
    const between = performance.now();
    const stored = await Promise.all(
      read.map((bytes, index) =>
        store.write('received', first + index, bytes, hashes.subarray(index * 32, index * 32 + 32)),
      ),
    );
    if (stored.includes(false)) throw new Error(`a chunk from ${first} on was not stored`);
    offerMs += between - began;
    receiveMs += performance.now() - between;
  }
  const began = performance.now();
  const location = await store.finish('received');
  receiveMs += performance.now() - began;
  await store.remove('offered');
  return { bytes: facts.bytes, offerMs, receiveMs, location };
}
