// Seeded randomness for simulations: the same seed gives the same numbers on every machine, for ever.
// The generator is sfc32 (Chris Doty-Humphrey, PractRand 0.94), its state filled by splitmix32. Not for secrets.

/** A stream of pseudo-random numbers. `seed` is an integer, 0 to 2^32 - 1; another one throws RangeError. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffff_ffff) {
      throw new RangeError(`seed: expected an integer from 0 to 4294967295, got ${seed}`);
    }
    const mix = splitmix32(seed);
    this.#a = mix();
    this.#b = mix();
    this.#c = mix();
    // sfc32's authors discard the first outputs, so that seeds which differ in one bit share nothing.
    for (let i = 0; i < 12; i++) this.u32();
  }

  /** An integer, 0 to 2^32 - 1. */
  u32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A number from 0 up to, but never, 1. */
  unit(): number {
    return this.u32() / 0x1_0000_0000;
  }

  /** An integer from 0 to `limit - 1`; `limit` is 1 to 2^32. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  /** An integer from `low` to `high`, both included. */
  integer(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** A number from `low` up to, but never, `high`. */
  between(low: number, high: number): number {
    return low + this.unit() * (high - low);
  }

  /** True with this probability. A ratio of 0 draws nothing, so options left at 0 do not shift the stream. */
  chance(ratio: number): boolean {
    return ratio > 0 && this.unit() < ratio;
  }

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i += 4) {
      const word = this.u32();
      for (let k = 0; k < 4 && i + k < count; k++) bytes[i + k] = word >>> (8 * k);
    }
    return bytes;
  }

  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('items: expected at least one item, got none');
    return item;
  }

  /** A stream of its own, so that what one part of a simulation draws does not move what another part gets. */
  fork(): Random {
    return new Random(this.u32());
  }
}

/** A seed for the part of a simulation that bears this name: what other parts there are does not move it. */
export function seedFor(seed: number, name: string): number {
  // FNV-1a (Fowler, Noll, Vo), begun with the seed.
  let hash = Math.imul(0x811c9dc5 ^ seed, 0x01000193);
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return z ^ (z >>> 15);
  };
}
