// Which chunks of a received file are verified, and the SHA-256 of each: in memory whole (33 bytes for 256 KiB), on disk
// in groups, so that progress costs what changed and not what the file is long. Knows what is not on disk yet.
import { chunkCount, chunkLength, sameBytes } from '../src/share/chunks.ts';
import type { KeptPart } from '../src/io/store.ts';

/** Chunks a record holds: 64 MiB of file, 8 KiB of record. */
export const GROUP_CHUNKS = 256;

const BITMAP_BYTES = GROUP_CHUNKS / 8;
const DIGEST_BYTES = 32;

/** One group's part of the map; a copy. */
export interface ChunkGroup {
  readonly group: number;
  readonly bitmap: Uint8Array<ArrayBuffer>;
  readonly digests: Uint8Array<ArrayBuffer>;
}

export class ChunkMap {
  readonly #bytes: number;
  readonly #chunkBytes: number;
  readonly #chunks: number;
  readonly #bitmap: Uint8Array<ArrayBuffer>;
  readonly #digests: Uint8Array<ArrayBuffer>;
  readonly #dirty: Set<number> = new Set();
  #missing: number;
  #verifiedBytes = 0;

  /** Of a file of `bytes`, with nothing verified. */
  constructor(bytes: number, chunkBytes: number) {
    this.#bytes = bytes;
    this.#chunkBytes = chunkBytes;
    this.#chunks = chunkCount(bytes, chunkBytes);
    this.#missing = this.#chunks;
    const groups = Math.ceil(this.#chunks / GROUP_CHUNKS);
    this.#bitmap = new Uint8Array(groups * BITMAP_BYTES);
    this.#digests = new Uint8Array(groups * GROUP_CHUNKS * DIGEST_BYTES);
  }

  get missing(): number {
    return this.#missing;
  }

  get verifiedBytes(): number {
    return this.#verifiedBytes;
  }

  /** Whether something changed that `takeDirty` has not given out. */
  get dirty(): boolean {
    return this.#dirty.size > 0;
  }

  /** Where the last verified chunk ends, bytes. */
  get endBytes(): number {
    for (let byte = this.#bitmap.length - 1; byte >= 0; byte -= 1) {
      const bits = this.#bitmap[byte] ?? 0;
      if (bits !== 0) return Math.min(this.#bytes, (byte * 8 + 32 - Math.clz32(bits)) * this.#chunkBytes);
    }
    return 0;
  }

  has(chunk: number): boolean {
    return ((this.#bitmap[Math.floor(chunk / 8)] ?? 0) & (1 << (chunk % 8))) !== 0;
  }

  /** Whether `chunk` is verified to have just this SHA-256. */
  matches(chunk: number, sha256: Uint8Array): boolean {
    return this.has(chunk) && sameBytes(this.#digest(chunk), sha256);
  }

  set(chunk: number, sha256: Uint8Array): void {
    if (!Number.isInteger(chunk) || chunk < 0 || chunk >= this.#chunks) {
      throw new RangeError(`chunk: expected 0 to ${this.#chunks - 1}, got ${chunk}`);
    }
    if (!this.has(chunk)) this.#flip(chunk, 1);
    this.#digest(chunk).set(sha256);
    this.#dirty.add(Math.floor(chunk / GROUP_CHUNKS));
  }

  clear(chunk: number): void {
    if (!this.has(chunk)) return;
    this.#flip(chunk, -1);
    this.#digest(chunk).fill(0);
    this.#dirty.add(Math.floor(chunk / GROUP_CHUNKS));
  }

  /** Takes in what was on disk, of a file that is now `lengthBytes` long: what is said of bytes beyond is not believed. */
  load(groups: readonly ChunkGroup[], lengthBytes: number): void {
    for (const { group, bitmap, digests } of groups) {
      for (let index = 0; index < GROUP_CHUNKS; index += 1) {
        const chunk = group * GROUP_CHUNKS + index;
        if (((bitmap[index >> 3] ?? 0) & (1 << (index % 8))) === 0 || chunk >= this.#chunks) continue;
        this.set(chunk, digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES));
      }
      this.#dirty.delete(group);
    }
    for (let chunk = Math.floor(lengthBytes / this.#chunkBytes); chunk < this.#chunks; chunk += 1) {
      if (Math.min(this.#bytes, (chunk + 1) * this.#chunkBytes) > lengthBytes) this.clear(chunk);
    }
  }

  /** What changed since the last time, as copies. Whoever cannot write them gives them back to `restoreDirty`. */
  takeDirty(): ChunkGroup[] {
    const groups = [...this.#dirty].map((group) => ({
      group,
      // Copies, because the database would otherwise write all the memory they are views of.
      bitmap: this.#bitmap.slice(group * BITMAP_BYTES, (group + 1) * BITMAP_BYTES),
      digests: this.#digests.slice(group * GROUP_CHUNKS * DIGEST_BYTES, (group + 1) * GROUP_CHUNKS * DIGEST_BYTES),
    }));
    this.#dirty.clear();
    return groups;
  }

  restoreDirty(groups: readonly ChunkGroup[]): void {
    for (const { group } of groups) this.#dirty.add(group);
  }

  /** What another transfer is told; `lengthBytes` is what the file on disk is long. */
  keptPart(lengthBytes: number): KeptPart {
    return {
      bitmap: this.#bitmap.slice(0, Math.ceil(this.#chunks / 8)),
      sha256: this.#digests.slice(0, this.#chunks * DIGEST_BYTES),
      maybeChunks: Math.min(this.#chunks, chunkCount(lengthBytes, this.#chunkBytes)),
    };
  }

  #digest(chunk: number): Uint8Array {
    return this.#digests.subarray(chunk * DIGEST_BYTES, (chunk + 1) * DIGEST_BYTES);
  }

  #flip(chunk: number, by: 1 | -1): void {
    const byte = Math.floor(chunk / 8);
    this.#bitmap[byte] = (this.#bitmap[byte] ?? 0) ^ (1 << (chunk % 8));
    this.#missing -= by;
    this.#verifiedBytes += by * chunkLength(this.#bytes, this.#chunkBytes, chunk);
  }
}
