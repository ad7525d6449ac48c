// A set of chunks of one file, as a bitmap: chunk 0 in the lowest bit of byte 0.

export class ChunkSet {
  readonly bitmap: Uint8Array<ArrayBuffer>;
  readonly chunks: number;
  #count = 0;

  /** Empty, or what `bitmap` says of the chunks there are. */
  constructor(chunks: number, bitmap?: Uint8Array) {
    this.chunks = chunks;
    this.bitmap = new Uint8Array(Math.ceil(chunks / 8));
    if (bitmap !== undefined) for (let chunk = 0; chunk < chunks; chunk++) if (hasBit(bitmap, chunk)) this.add(chunk);
  }

  get count(): number {
    return this.#count;
  }

  get missing(): number {
    return this.chunks - this.#count;
  }

  has(chunk: number): boolean {
    return hasBit(this.bitmap, chunk);
  }

  /** False if it was there already. Throws a RangeError if there is no such chunk. */
  add(chunk: number): boolean {
    if (!Number.isInteger(chunk) || chunk < 0 || chunk >= this.chunks) {
      throw new RangeError(`chunk: expected 0 to ${this.chunks - 1}, got ${chunk}`);
    }
    if (this.has(chunk)) return false;
    const byte = chunk >>> 3;
    this.bitmap[byte] = (this.bitmap[byte] ?? 0) | (1 << (chunk & 7));
    this.#count += 1;
    return true;
  }

  /** False if it was not there. */
  delete(chunk: number): boolean {
    if (!this.has(chunk)) return false;
    const byte = chunk >>> 3;
    this.bitmap[byte] = (this.bitmap[byte] ?? 0) & ~(1 << (chunk & 7));
    this.#count -= 1;
    return true;
  }

  /** The lowest chunk from `from` on that is not in the set; the number of chunks if there is none. */
  firstMissing(from: number): number {
    let chunk = from;
    while (chunk < this.chunks && this.has(chunk)) {
      // Whole bytes at a time: a file of 100 GiB has 400,000 chunks.
      if ((chunk & 7) === 0 && this.bitmap[chunk >>> 3] === 0xff) chunk += 8;
      else chunk += 1;
    }
    return Math.min(chunk, this.chunks);
  }
}

export const hasBit = (bitmap: Uint8Array, chunk: number): boolean =>
  ((bitmap[chunk >>> 3] ?? 0) & (1 << (chunk & 7))) !== 0;
