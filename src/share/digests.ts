// The SHA-256 of a file's chunks, as they become known. Memory follows what is known, in groups as large as a subtree.
import { HASH_BYTES } from '../wire/envelope.ts';
import { ChunkSet } from './chunk-set.ts';
import { SUBTREE_CHUNKS } from './hash-tree.ts';

export class Digests {
  readonly known: ChunkSet;
  readonly #groups = new Map<number, Uint8Array>();
  #end = 0;

  constructor(chunks: number) {
    this.known = new ChunkSet(chunks);
  }

  /** One above the highest chunk whose hash is known. */
  get end(): number {
    return this.#end;
  }

  /** Undefined while it is not known; else a view of 32 bytes. */
  get(chunk: number): Uint8Array | undefined {
    if (!this.known.has(chunk)) return undefined;
    const at = (chunk % SUBTREE_CHUNKS) * HASH_BYTES;
    return this.#groups.get(Math.floor(chunk / SUBTREE_CHUNKS))?.subarray(at, at + HASH_BYTES);
  }

  /** False if it was known already: a hash once told stands. The caller has checked that there is such a chunk. */
  set(chunk: number, sha256: Uint8Array): boolean {
    if (!this.known.add(chunk)) return false;
    const number = Math.floor(chunk / SUBTREE_CHUNKS);
    let group = this.#groups.get(number);
    if (group === undefined) {
      group = new Uint8Array(SUBTREE_CHUNKS * HASH_BYTES);
      this.#groups.set(number, group);
    }
    group.set(sha256, (chunk % SUBTREE_CHUNKS) * HASH_BYTES);
    this.#end = Math.max(this.#end, chunk + 1);
    return true;
  }

  /** Hashes of chunks first .. first + count - 1, in one piece. Throws a RangeError if one of them is not known. */
  range(first: number, count: number): Uint8Array {
    const all = new Uint8Array(count * HASH_BYTES);
    for (let i = 0; i < count; i++) {
      const sha256 = this.get(first + i);
      if (sha256 === undefined) throw new RangeError(`chunk: expected one whose hash is known, got ${first + i}`);
      all.set(sha256, i * HASH_BYTES);
    }
    return all;
  }
}
