// How sets of chunks are told: bitmaps from a byte's beginning on, as many as they need.
import { HAVE_BYTES_MAX } from '../wire/envelope.ts';
import type { ChunkSet } from './chunk-set.ts';

export interface HavePart {
  readonly first: number;
  readonly bitmap: Uint8Array;
}

/** These chunks; sorts them. */
export function* partsOf(chunks: number[]): Generator<HavePart> {
  chunks.sort((a, b) => a - b);
  for (let at = 0; at < chunks.length;) {
    const first = (chunks[at] ?? 0) & ~7;
    let end = at;
    while (end < chunks.length && (chunks[end] ?? 0) < first + HAVE_BYTES_MAX * 8) end++;
    const bitmap = new Uint8Array(Math.floor(((chunks[end - 1] ?? 0) - first) / 8) + 1);
    for (; at < end; at++) {
      const place = (chunks[at] ?? 0) - first;
      bitmap[place >>> 3] = (bitmap[place >>> 3] ?? 0) | (1 << (place & 7));
    }
    yield { first, bitmap };
  }
}

/** All chunks of a set. */
export function* partsOfSet({ bitmap }: ChunkSet): Generator<HavePart> {
  for (let at = 0; at < bitmap.length; at += HAVE_BYTES_MAX) {
    const part = bitmap.subarray(at, at + HAVE_BYTES_MAX);
    if (part.some((byte) => byte !== 0)) yield { first: at * 8, bitmap: part };
  }
}
