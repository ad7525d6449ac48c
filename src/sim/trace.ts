// A rolling hash over what happened in a simulation and when. Two runs of one seed must end with the same; if they do not,
// something reached past the clock and the dice it was given.

const PRIME = 0x01000193;

/** FNV-1a (Fowler, Noll, Vo) on 32-bit words, twice with different starts, together 53 bits. */
export class Trace {
  #low = 0x811c9dc5;
  #high = 0x9747b28c;
  readonly #time = new Float64Array(1);
  readonly #words: Uint32Array = new Uint32Array(this.#time.buffer);
  readonly #kinds = new Map<string, number>();

  /** Notes that `kind` happened at `atMs` to `who`; `size`: its bytes, or 0. */
  note(atMs: number, who: number, kind: string, size: number): void {
    this.#time[0] = atMs;
    this.#mix(this.#words[0] ?? 0);
    this.#mix(this.#words[1] ?? 0);
    this.#mix(who);
    this.#mix(this.#kindHash(kind));
    this.#mix(size);
  }

  /** 0 to 2^53 - 1. */
  get hash(): number {
    return (this.#high & 0x1f_ffff) * 0x1_0000_0000 + (this.#low >>> 0);
  }

  #mix(word: number): void {
    this.#low = Math.imul(this.#low ^ word, PRIME);
    // Multiplication carries upwards only: the rotation lets the upper bits of a word matter to the lower ones too.
    const high = Math.imul(this.#high ^ word, PRIME);
    this.#high = (high << 13) | (high >>> 19);
  }

  #kindHash(kind: string): number {
    const known = this.#kinds.get(kind);
    if (known !== undefined) return known;
    let hash = 0x811c9dc5;
    for (let i = 0; i < kind.length; i++) hash = Math.imul(hash ^ kind.charCodeAt(i), PRIME);
    this.#kinds.set(kind, hash);
    return hash;
  }
}
