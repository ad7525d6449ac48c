// A limit on bytes a second that a person set: what is begun is paid for afterwards, so that no piece is too large for it.

/** What may be saved up while nothing moves, ms. */
const SAVED_MS = 200;

export class RateCap {
  #bytesPerSecond: number | undefined;
  #balance = 0;
  #atMs = 0;

  /** Undefined: no limit. Throws as `checkRate`. */
  set(bytesPerSecond: number | undefined): void {
    checkRate(bytesPerSecond);
    this.#bytesPerSecond = bytesPerSecond;
    this.#balance = 0;
  }

  /** Whether something may begin now. */
  free(now: number): boolean {
    this.#earn(now);
    return this.#bytesPerSecond === undefined || this.#balance >= 0;
  }

  spend(bytes: number): void {
    if (this.#bytesPerSecond !== undefined) this.#balance -= bytes;
  }

  /** When something may begin again, if it may not now. */
  get freeAtMs(): number {
    return this.#bytesPerSecond === undefined || this.#balance >= 0
      ? Infinity
      : this.#atMs - (this.#balance / this.#bytesPerSecond) * 1000 + 1;
  }

  #earn(now: number): void {
    const rate = this.#bytesPerSecond ?? 0;
    this.#balance = Math.min((rate * SAVED_MS) / 1000, this.#balance + (rate * (now - this.#atMs)) / 1000);
    this.#atMs = now;
  }
}

/** Throws a RangeError on a rate that is not above 0; undefined is none. */
export function checkRate(bytesPerSecond: number | undefined): void {
  if (bytesPerSecond === undefined || bytesPerSecond > 0) return;
  throw new RangeError(`bytesPerSecond: expected above 0, got ${bytesPerSecond}`);
}
