// How often one address or one account may ask.
import { TokenBucket } from '../token-bucket.ts';
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

/** Who is remembered, of each kind; past it who was silent longest begins anew. Each costs about 150 bytes. */
const KEYS_MAX = 20_000;

export class Rates {
  readonly #clockMs: () => number;
  readonly #buckets: Readonly<Record<RateKind, Map<string, TokenBucket>>> = {
    request: new Map(),
    attempt: new Map(),
    passphrase: new Map(),
    account: new Map(),
    report: new Map(),
    write: new Map(),
  };

  /** `clockMs`: never goes back. */
  constructor(clockMs: () => number = () => performance.now()) {
    this.#clockMs = clockMs;
  }

  /** Throws `too-fast`. */
  take(kind: RateKind, key: string): void {
    const nowMs = this.#clockMs();
    const [burst, perSecond] = RATES[kind];
    const buckets = this.#buckets[kind];
    const bucket = buckets.get(key) ?? new TokenBucket(burst, perSecond, nowMs);
    buckets.delete(key);
    buckets.set(key, bucket);
    const [oldest] = buckets.keys();
    if (buckets.size > KEYS_MAX && oldest !== undefined) buckets.delete(oldest);
    if (!bucket.take(nowMs, 1)) throw new ApiError('too-fast', undefined, Math.ceil(1 / perSecond));
  }
}
