// Token buckets: a rate that may be exceeded for a moment, of one or of many. Pure: the caller passes the time.

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

/** A bucket for each of many, such as addresses. */
export class TokenBuckets {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #keysMax: number;
  /** Least recently asked for first. */
  readonly #buckets = new Map<string, TokenBucket>();

  /** `keysMax`: how many are remembered, about 200 bytes each; past it the one that was silent longest begins anew. */
  constructor(burst: number, perSecond: number, keysMax: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#keysMax = keysMax;
  }

  /** Takes one of `key`'s. False: there is none. `now` in ms, never going back. */
  take(now: number, key: string): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#burst, this.#perSecond, now);
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    const [oldest] = this.#buckets.size > this.#keysMax ? this.#buckets.keys() : [];
    if (oldest !== undefined) this.#buckets.delete(oldest);
    return bucket.take(now, 1);
  }
}
