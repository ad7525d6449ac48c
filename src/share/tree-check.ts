// Whether a device's chunk hashes agree with the hash tree it told. What is announced as a subtree's root stands for it
// afterwards: a device that tells others of other chunks can be shown to have done so.
import { sameBytes } from './chunks.ts';
import { HASH_BYTES } from '../wire/envelope.ts';
import type { Digests } from './digests.ts';
import { SUBTREE_CHUNKS, subtreeRoot, treeRoot } from './hash-tree.ts';

export class TreeCheck {
  readonly #chunks: number;
  /** By number: roots told and not yet compared, and those that were. */
  readonly #open = new Map<number, Uint8Array>();
  readonly #right = new Map<number, Uint8Array>();
  #root: Uint8Array | undefined;

  constructor(chunks: number) {
    this.#chunks = chunks;
  }

  /** Takes roots of subtrees `first` on, 32 bytes each, and the whole file's. False if there are no such subtrees. */
  told(first: number, subtrees: Uint8Array, root: Uint8Array | undefined): boolean {
    const count = subtrees.length / HASH_BYTES;
    if (first + count > this.#subtrees) return false;
    for (let i = 0; i < count; i++) {
      const told = subtrees.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES);
      if (!this.#right.has(first + i)) this.#open.set(first + i, told);
    }
    this.#root ??= root?.slice();
    return true;
  }

  /** Compares what can be compared by now. False if the device contradicts itself. */
  agrees(digests: Digests): boolean {
    for (const [subtree, told] of this.#open) {
      const first = subtree * SUBTREE_CHUNKS;
      const count = Math.min(SUBTREE_CHUNKS, this.#chunks - first);
      if (digests.known.firstMissing(first) < first + count) continue;
      if (!sameBytes(subtreeRoot(digests.range(first, count)), told)) return false;
      this.#open.delete(subtree);
      this.#right.set(subtree, told);
    }
    return this.#root === undefined || this.#right.size < this.#subtrees || sameBytes(this.#root, this.#fold());
  }

  get #subtrees(): number {
    return Math.ceil(this.#chunks / SUBTREE_CHUNKS);
  }

  #fold(): Uint8Array {
    const all = new Uint8Array(this.#subtrees * HASH_BYTES);
    for (const [subtree, root] of this.#right) all.set(root, subtree * HASH_BYTES);
    return treeRoot(all);
  }
}
