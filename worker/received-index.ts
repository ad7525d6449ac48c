// What is known of received files, in IndexedDB: one record a file. Written in batches, because a write for every chunk
// would cost more than the chunk. What a crash loses is at most a second of progress, never a wrong claim.
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { FileFacts } from '../src/io/store.ts';

/** Progress is on disk at the latest this long after it was made, milliseconds. */
const FLUSH_MS = 1_000;

export interface ReceivedRecord {
  /** `session/file`, also the directory and the name in the origin private file system. */
  readonly location: string;
  readonly key: string;
  readonly facts: FileFacts;
  readonly chunkBytes: number;
  /** Chunks that are verified and stored: chunk 0 in the lowest bit of byte 0. */
  readonly verified: Uint8Array;
  readonly state: 'receiving' | 'finished';
}

interface Schema extends DBSchema {
  received: { key: string; value: ReceivedRecord };
}

export class ReceivedIndex {
  readonly #db: Promise<IDBPDatabase<Schema>>;
  readonly #dirty: Map<string, ReceivedRecord> = new Map();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.#db = openDB<Schema>('rockpool-store', 1, {
      upgrade: (db) => void db.createObjectStore('received', { keyPath: 'location' }),
    });
    // Whoever uses it next is told; this only keeps it from counting as unhandled until then.
    this.#db.catch(() => undefined);
  }

  /** Sees to it that `record` is written within a second. A later one of the same location replaces it. */
  mark(record: ReceivedRecord): void {
    this.#dirty.set(record.location, record);
    this.#timer ??= setTimeout(() => {
      // The records stay marked and go with the next batch; the one that finishes a file reports what is wrong.
      this.flush().catch(() => undefined);
    }, FLUSH_MS);
  }

  /** Writes what is marked, in one transaction. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const records = [...this.#dirty.values()];
    if (records.length === 0) return;
    const tx = (await this.#db).transaction('received', 'readwrite', { durability: 'relaxed' });
    await Promise.all([...records.map((record) => tx.store.put(record)), tx.done]);
    for (const record of records) {
      if (this.#dirty.get(record.location) === record) this.#dirty.delete(record.location);
    }
  }

  async get(location: string): Promise<ReceivedRecord | undefined> {
    return this.#dirty.get(location) ?? (await this.#db).get('received', location);
  }

  async delete(location: string): Promise<void> {
    this.#dirty.delete(location);
    await (await this.#db).delete('received', location);
  }

  /** Sessions that have records. */
  async sessions(): Promise<string[]> {
    const locations = await (await this.#db).getAllKeys('received');
    return [...new Set(locations.map((location) => location.slice(0, location.indexOf('/'))))];
  }

  async deleteSession(session: string): Promise<void> {
    await (await this.#db).delete('received', IDBKeyRange.bound(`${session}/`, `${session}/\uffff`));
  }
}
