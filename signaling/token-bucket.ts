// A token bucket: a rate that may be exceeded for a moment. Pure: the caller passes the time.

/** Holds up to `burst` tokens, full at first; `perSecond` come back each second. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perMs: number;
  #tokens: number;
  #countedAt: number;

  constructor(burst: number, perSecond: number, now: number) {
    this.#burst = burst;
    this.#perMs = perSecond / 1000;
    this.#tokens = burst;
    this.#countedAt = now;
  }

  /** Takes `count` tokens. False, and takes none, if there are fewer. `now` in ms, never going back. */
  take(now: number, count: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#countedAt) * this.#perMs);
    this.#countedAt = now;
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }
}
