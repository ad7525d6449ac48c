// How often one address or one account may ask.
import { TokenBuckets } from '../token-bucket.ts';
import { ApiError } from './api-error.ts';

/** At once, and then a second. A school may be behind one address. */
const RATES = {
  /** Any request of an address: everyone there comes back for a ticket after a restart. */
  request: [600, 40],
  /** What cannot be guessed, and costs a signature or a look: passkeys, codes of 54 bits and more. */
  attempt: [200, 1],
  /** Passphrases, which people chose; one that was right before counts no more. */
  passphrase: [100, 0.05],
  /** New accounts of an address. */
  account: [50, 0.02],
  /** Reports of an address: a whole class may tell of one. Each costs two signatures and up to 80 KB on disk. */
  report: [50, 0.05],
  /** Whatever an account writes. */
  write: [100, 5],
} as const;

export type RateKind = keyof typeof RATES;

/** Addresses or accounts that are remembered, of each kind. */
const KEYS_MAX = 20_000;

export class Rates {
  readonly #clockMs: () => number;
  readonly #buckets: ReadonlyMap<string, TokenBuckets> = new Map(
    Object.entries(RATES).map(([kind, [burst, perSecond]]) => [kind, new TokenBuckets(burst, perSecond, KEYS_MAX)]),
  );

  /** `clockMs`: never goes back. */
  constructor(clockMs: () => number = () => performance.now()) {
    this.#clockMs = clockMs;
  }

  /** Throws `too-fast`. */
  take(kind: RateKind, key: string): void {
    if (this.#buckets.get(kind)?.take(this.#clockMs(), key) === true) return;
    throw new ApiError('too-fast', undefined, Math.ceil(1 / RATES[kind][1]));
  }
}
