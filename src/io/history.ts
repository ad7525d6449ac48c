// What a device remembers of its transfers and of what it offered, from one start to the next: the shapes of both
// stores. Where the records lie is each platform's business: the worker's database in browsers, files on Node.
import type { EntryId } from '../wire/entry.ts';

/** One transfer, in or out. Times are wall clock, ms since 1970. */
export interface HistoryRecord {
  /** Unique on this device; `put` with a known id replaces. */
  readonly id: string;
  readonly direction: 'in' | 'out';
  readonly name: string;
  readonly bytes: number;
  /** Only for a folder: files and directories in it. */
  readonly entries?: number;
  /** In: who offered. Out: who received. */
  readonly peerName: string;
  /** Name of the pool. */
  readonly pool: string;
  readonly startedMs: number;
  readonly endedMs?: number;
  /** How it ended; absent while it has not. `verified` is the one good end. */
  readonly end?: string;
  /** In and finished: where the store has it. */
  readonly location?: string;
}

/** Records kept, and a hundred more at times; the oldest go first. Ten a day for years, and a search through all of them takes milliseconds. */
export const HISTORY_RECORDS_MAX = 10_000;

/** Past transfers. Every call rejects with a StoreError `store-failed`, or `no-space` where it writes. */
export interface History {
  put(record: HistoryRecord): Promise<void>;
  /**
   * Newest first: records whose name, peer or pool contains `query` (case ignored, '' for all) and that began before
   * `beforeMs`. At most `limit`, and beyond that only those that began in the same millisecond as the last one, so that
   * asking on with that one's `startedMs` misses nothing.
   */
  list(query: string, limit: number, beforeMs?: number): Promise<HistoryRecord[]>;
  /** Ids that are not known are no error. */
  remove(ids: readonly string[]): Promise<void>;
  clear(): Promise<void>;
}

/** Something offered that may be offered again later. `Handle` is what the platform reads it from then. */
export interface StoredOffer<Handle> {
  readonly id: string;
  readonly name: string;
  /** Absent where the platform gives nothing that lasts, such as a plain file picker: it has to be picked again. */
  readonly handle?: Handle;
  readonly bytes: number;
  readonly modifiedMs: number;
  /** When it was offered; wall clock, ms since 1970. */
  readonly atMs: number;
  /** Ids of the devices that it is for alone; absent: everyone. */
  readonly to?: readonly string[];
  /** The entry of the conversation that told of it. */
  readonly entry?: EntryId;
}

/** Offers kept, and a hundred more at times; the oldest go first. More than anybody has open at a time. */
export const STORED_OFFERS_MAX = 1_000;

/** What this device offers, across restarts. Rejects as History does. */
export interface StoredOffers<Handle> {
  put(offer: StoredOffer<Handle>): Promise<void>;
  /** Newest first. */
  list(): Promise<StoredOffer<Handle>[]>;
  remove(ids: readonly string[]): Promise<void>;
}

/** Whether `record` is one that a search for `query` finds. */
export function matchesQuery(record: HistoryRecord, query: string): boolean {
  const wanted = query.toLowerCase();
  return [record.name, record.peerName, record.pool].some((text) => text.toLowerCase().includes(wanted));
}
