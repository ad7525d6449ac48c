// The worker's database: what is kept of received files, the history, and stored offers. One for all tabs.
import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { HistoryRecord, StoredOffer } from '../src/io/history.ts';
import type { FileFacts } from '../src/io/store.ts';

const NAME = 'rockpool-cache';

/** What held received files for the length of a session. */
const NAME_OF_SESSIONS = 'rockpool-store';

/** A received file or a part of one. Its bytes are the file `rockpool/cache/LOCATION` of the private file system. */
export interface FileRecord {
  /** 32 hex digits. */
  readonly location: string;
  readonly facts: FileFacts;
  readonly chunkBytes: number;
  /** 1 or 0, because an index takes no booleans. */
  readonly finished: 0 | 1;
  /** Somebody has a copy elsewhere. */
  readonly saved: boolean;
  readonly pinned: boolean;
  /** Wall clock, ms since 1970. */
  readonly usedMs: number;
  readonly verifiedBytes: number;
  /** Length of the file on disk, as far as it was grown ahead of what is written. */
  readonly grownBytes: number;
}

/** What is verified of 256 chunks in a row: only groups that changed are written. */
export interface GroupRecord {
  readonly location: string;
  readonly group: number;
  /** 32 bytes, the first chunk in the lowest bit of byte 0. */
  readonly bitmap: Uint8Array<ArrayBuffer>;
  /** 256 times 32 bytes; zeros for chunks that are not there. */
  readonly digests: Uint8Array<ArrayBuffer>;
}

export type OfferHandle = FileSystemFileHandle | FileSystemDirectoryHandle;

export interface Schema extends DBSchema {
  files: { key: string; value: FileRecord; indexes: { name: string; finished: number } };
  chunks: { key: [location: string, group: number]; value: GroupRecord };
  history: { key: string; value: HistoryRecord; indexes: { startedMs: number } };
  offers: { key: string; value: StoredOffer<OfferHandle>; indexes: { atMs: number } };
}

export type Database = Promise<IDBPDatabase<Schema>>;

/** Opens the database, made if it is not there. Rejects as IndexedDB does, where there is none. */
export function openDatabase(): Database {
  const database = openDB<Schema>(NAME, 1, {
    upgrade(db) {
      const files = db.createObjectStore('files', { keyPath: 'location' });
      files.createIndex('name', 'facts.name');
      files.createIndex('finished', 'finished');
      db.createObjectStore('chunks', { keyPath: ['location', 'group'] });
      db.createObjectStore('history', { keyPath: 'id' }).createIndex('startedMs', 'startedMs');
      db.createObjectStore('offers', { keyPath: 'id' }).createIndex('atMs', 'atMs');
    },
  });
  // Whoever uses it next is told; this only keeps it from counting as unhandled until then.
  database.catch(() => undefined);
  return database;
}

/** Removes the database of the version that kept files for a session only; waits for tabs that still run it. */
export async function removeSessionDatabase(): Promise<void> {
  await deleteDB(NAME_OF_SESSIONS);
}
