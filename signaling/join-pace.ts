// Admission control: how many joins a second the server takes on, and when those beyond come back. Pure: the caller passes
// the time. A join costs a signature check and a round of messages, so those who must wait are told before that is paid: a socket's
// first join is counted when it opens.
import { TokenBucket } from './token-bucket.ts';

/** Nobody is asked to come back sooner than this, ms. */
const RETRY_LEAST_MS = 500;
/** Nobody is asked to stay away longer than this, ms: past it a person would reload the page. */
const RETRY_MOST_MS = 60_000;
/** Of the rate, what is promised to those who were sent away: the rest is for newcomers, and for who comes a little early. */
const PROMISED = 0.8;

/** Times to come back, one after the other at a rate, so that who is sent away together does not return together. */
export class RetrySlots {
  readonly #everyMs: number;
  #nextAt = 0;

  constructor(perSecond: number) {
    this.#everyMs = 1000 / (perSecond * PROMISED);
  }

  /** In how many ms the next one is to come back: whole, from RETRY_LEAST_MS to RETRY_MOST_MS. */
  next(now: number): number {
    this.#nextAt = Math.max(this.#nextAt, now + RETRY_LEAST_MS) + this.#everyMs;
    if (this.#nextAt > now + RETRY_MOST_MS) this.#nextAt = now + RETRY_LEAST_MS;
    return Math.ceil(this.#nextAt - now);
  }
}

export class JoinPace {
  readonly #joins: TokenBucket;
  readonly #slots: RetrySlots;

  constructor(burst: number, perSecond: number, now: number) {
    this.#joins = new TokenBucket(burst, perSecond, now);
    this.#slots = new RetrySlots(perSecond);
  }

  /** 0: go on. Otherwise: come back in so many ms. */
  take(now: number): number {
    return this.#joins.take(now, 1) ? 0 : this.#slots.next(now);
  }
}
