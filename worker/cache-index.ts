// What is known of received files, in the database: a record a file, and a record for every 256 chunks. Whoever writes
// progress has flushed the data it names before; here the writes are only made whole, in one transaction each.
import type { ChunkGroup } from './chunk-map.ts';
import type { Database, FileRecord } from './database.ts';

/** Progress of one file. */
export interface IndexUpdate {
  readonly location: string;
  readonly change: Partial<FileRecord>;
  readonly groups: readonly ChunkGroup[];
}

export class CacheIndex {
  readonly #db: Database;

  constructor(database: Database) {
    this.#db = database;
  }

  async put(record: FileRecord): Promise<void> {
    await (await this.#db).put('files', record);
  }

  async get(location: string): Promise<FileRecord | undefined> {
    return (await this.#db).get('files', location);
  }

  async all(): Promise<FileRecord[]> {
    return (await this.#db).getAll('files');
  }

  async named(name: string): Promise<FileRecord[]> {
    return (await this.#db).getAllFromIndex('files', 'name', name);
  }

  async finished(): Promise<FileRecord[]> {
    return (await this.#db).getAllFromIndex('files', 'finished', 1);
  }

  async unfinished(): Promise<FileRecord[]> {
    return (await this.#db).getAllFromIndex('files', 'finished', 0);
  }

  async groups(location: string): Promise<ChunkGroup[]> {
    return (await this.#db).getAll('chunks', groupsOf(location));
  }

  /**
   * Writes all of it or nothing. What is said of a file that has no record any more is dropped. `lasting`: before it
   * resolves it is safe from a power cut too, and not only from the browser's end.
   */
  async save(updates: readonly IndexUpdate[], lasting = false): Promise<void> {
    const options = { durability: lasting ? 'strict' : 'relaxed' } as const;
    const tx = (await this.#db).transaction(['files', 'chunks'], 'readwrite', options);
    const files = tx.objectStore('files');
    const chunks = tx.objectStore('chunks');
    const save = async ({ location, change, groups }: IndexUpdate): Promise<void> => {
      const record = await files.get(location);
      if (record === undefined) return;
      await Promise.all([
        files.put({ ...record, ...change }),
        ...groups.map((group) => chunks.put({ location, ...group })),
        // What is finished is never taken up again.
        change.finished === 1 ? chunks.delete(groupsOf(location)) : undefined,
      ]);
    };
    await Promise.all([...updates.map(save), tx.done]);
  }

  /** True if there was a record. */
  async delete(location: string): Promise<boolean> {
    const tx = (await this.#db).transaction(['files', 'chunks'], 'readwrite');
    const [known] = await Promise.all([
      tx.objectStore('files').count(location),
      tx.objectStore('files').delete(location),
      tx.objectStore('chunks').delete(groupsOf(location)),
      tx.done,
    ]);
    return known > 0;
  }
}

const groupsOf = (location: string): IDBKeyRange => IDBKeyRange.bound([location, 0], [location, Infinity]);
