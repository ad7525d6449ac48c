// The history and the stored offers, in the worker's database.
import { HISTORY_RECORDS_MAX, STORED_OFFERS_MAX, matchesQuery } from '../src/io/history.ts';
import type { History, HistoryRecord, StoredOffer, StoredOffers } from '../src/io/history.ts';
import type { Database, OfferHandle } from './database.ts';

/** Counting takes milliseconds, so it is done at the first of so many. */
const PUTS_PER_PRUNE = 100;

export class HistoryStore implements History {
  readonly #db: Database;
  #puts = 0;

  constructor(database: Database) {
    this.#db = database;
  }

  async put(record: HistoryRecord): Promise<void> {
    const db = await this.#db;
    await db.put('history', record);
    this.#puts += 1;
    if (this.#puts % PUTS_PER_PRUNE !== 1) return;
    const excess = (await db.count('history')) - HISTORY_RECORDS_MAX;
    if (excess > 0) await this.remove(await db.getAllKeysFromIndex('history', 'startedMs', null, excess));
  }

  async list(query: string, limit: number, beforeMs: number = Infinity): Promise<HistoryRecord[]> {
    const found: HistoryRecord[] = [];
    const index = (await this.#db).transaction('history').store.index('startedMs');
    for await (const { value } of index.iterate(IDBKeyRange.upperBound(beforeMs, true), 'prev')) {
      if (found.length >= limit && value.startedMs !== found.at(-1)?.startedMs) break;
      if (matchesQuery(value, query)) found.push(value);
    }
    return found;
  }

  async remove(ids: readonly string[]): Promise<void> {
    const tx = (await this.#db).transaction('history', 'readwrite');
    await Promise.all([...ids.map((id) => tx.store.delete(id)), tx.done]);
  }

  async clear(): Promise<void> {
    await (await this.#db).clear('history');
  }
}

export class OfferStore implements StoredOffers<OfferHandle> {
  readonly #db: Database;
  #puts = 0;

  constructor(database: Database) {
    this.#db = database;
  }

  async put(offer: StoredOffer<OfferHandle>): Promise<void> {
    const db = await this.#db;
    await db.put('offers', offer);
    this.#puts += 1;
    if (this.#puts % PUTS_PER_PRUNE !== 1) return;
    const excess = (await db.count('offers')) - STORED_OFFERS_MAX;
    if (excess > 0) await this.remove(await db.getAllKeysFromIndex('offers', 'atMs', null, excess));
  }

  async list(): Promise<StoredOffer<OfferHandle>[]> {
    return (await (await this.#db).getAllFromIndex('offers', 'atMs')).toReversed();
  }

  async remove(ids: readonly string[]): Promise<void> {
    const tx = (await this.#db).transaction('offers', 'readwrite');
    await Promise.all([...ids.map((id) => tx.store.delete(id)), tx.done]);
  }
}
