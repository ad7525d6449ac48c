// Challenges, nonces and codes of one kind, each good once and for a while, at every node of the database.
import type { Database } from '../store/database.ts';
import { addPending, takePending } from '../store/pending.ts';
import { TokenBucket } from '../token-bucket.ts';
import { ApiError } from './api-error.ts';

/** Of one kind within its life, from this node; each has some 200 bytes, and what is over leaves the database every hour. */
const HELD_MAX = 10_000;

export interface ExpiringOptions {
  /** A word, of no other kind. */
  readonly purpose: string;
  readonly lifeMs: number;
}

export class Expiring {
  readonly #database: Database;
  readonly #purpose: string;
  readonly #lifeMs: number;
  readonly #room: TokenBucket;

  constructor(database: Database, { purpose, lifeMs }: ExpiringOptions) {
    this.#database = database;
    this.#purpose = purpose;
    this.#lifeMs = lifeMs;
    this.#room = new TokenBucket(HELD_MAX, (HELD_MAX * 1000) / lifeMs, performance.now());
  }

  /** Resolves to when it is over, ms. Rejects with `busy` if there are too many. */
  async add(token: string, value: string, nowMs: number): Promise<number> {
    if (!this.#room.take(performance.now(), 1)) throw new ApiError('busy');
    const row = { token, purpose: this.#purpose, value, expiresMs: nowMs + this.#lifeMs };
    await this.#database.transact((tx) => addPending(tx, row));
    return row.expiresMs;
  }

  /** Resolves to its value, or undefined if there is none, it was taken before, or it is over. */
  take(token: string, nowMs: number): Promise<string | undefined> {
    return this.#database.transact((tx) => takePending(tx, { token, purpose: this.#purpose, nowMs }));
  }
}
