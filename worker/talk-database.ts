// The database of a device's conversations, apart from that of files, so that neither waits for the other.
import { openDB, type DBSchema, type IDBPDatabase, type IDBPObjectStore, type StoreNames } from 'idb';
import type { ChainId, DeviceId, EntryId, Hlc, RoomId } from '../src/wire/entry.ts';
import type { ChainRecord, MemberRecord, MessageRecord, RoomRecord } from '../src/talk/records.ts';
import type {
  DueRecord,
  EntryRecord,
  EpochRecord,
  PoolRecord,
  ProofRecord,
  WaitingRecord,
} from '../src/io/talk-store.ts';

/** Order of messages everywhere. */
export type Place = [created: Hlc, author: DeviceId, seq: number];

export interface MessageRow {
  readonly pool: string;
  readonly seq: number;
  /** Only of a message that is here, and of a saved one: an index leaves out what has no key. */
  readonly here?: 1;
  /** Only of an announcement that is here. */
  readonly pinned?: 1;
  readonly saved?: Place;
  readonly message: MessageRecord;
}

/** What searches look through, apart from all else of a message: a tenth of its size. */
export interface TextRow {
  readonly id: EntryId;
  /** As searches compare it; there is none of an empty one. */
  readonly searched: string;
}

/** Keys begin with the pool; but for `pools` and `messages` they stand beside the record. */
export interface TalkSchema extends DBSchema {
  pools: { key: string; value: PoolRecord };
  chains: { key: [pool: string, DeviceId, ChainId]; value: ChainRecord };
  members: { key: [pool: string, DeviceId]; value: MemberRecord };
  rooms: { key: [pool: string, RoomId]; value: RoomRecord };
  entries: { key: [pool: string, DeviceId, ChainId, seq: number]; value: EntryRecord };
  epochs: { key: [pool: string, DeviceId, RoomId, number: number]; value: EpochRecord };
  waiting: { key: [pool: string, on: string, DeviceId, ChainId, seq: number]; value: WaitingRecord };
  due: { key: [pool: string, on: string]; value: DueRecord };
  proofs: { key: [pool: string, DeviceId, ChainId, seq: number]; value: ProofRecord };
  messages: {
    key: [pool: string, EntryId];
    value: MessageRow;
    indexes: {
      room: [pool: string, RoomId, ...Place];
      here: [1, pool: string, RoomId, created: Hlc];
      saved: Place;
      pinned: [1, pool: string, RoomId, ...Place];
    };
  };
  texts: { key: [pool: string, ...Place]; value: TextRow };
}

export type TalkDatabase = Promise<IDBPDatabase<TalkSchema>>;

/** Opens the database, made if it is not there, or brought to this version. Rejects as IndexedDB does, where there is none. */
export function openTalkDatabase(name: string): TalkDatabase {
  const database = openDB<TalkSchema>(name, 2, {
    async upgrade(db, before, _, tx) {
      const place = ['message.created', 'message.author', 'seq'];
      if (before < 1) {
        db.createObjectStore('pools', { keyPath: 'pool' });
        for (const name of ['chains', 'members', 'rooms', 'entries', 'epochs', 'texts', 'waiting', 'proofs'] as const)
          db.createObjectStore(name);
        const messages = db.createObjectStore('messages', { keyPath: ['pool', 'message.id'] });
        messages.createIndex('room', ['pool', 'message.room', ...place]);
        messages.createIndex('here', ['here', 'pool', 'message.room', 'message.created']);
        messages.createIndex('saved', 'saved');
      }
      if (before < 2) {
        db.createObjectStore('due');
        const messages = tx.objectStore('messages');
        messages.createIndex('pinned', ['pinned', 'pool', 'message.room', ...place]);
        await pinAnnouncements(messages);
      }
    },
  });
  // Whoever uses it next is told; this only keeps it from counting as unhandled until then.
  database.catch(() => undefined);
  return database;
}

/** Messages that an upgrade has in memory. */
const UPGRADED_AT_ONCE = 512;

type Messages = IDBPObjectStore<TalkSchema, ArrayLike<StoreNames<TalkSchema>>, 'messages', 'versionchange'>;

/** Version 1 did not mark them. */
async function pinAnnouncements(messages: Messages): Promise<void> {
  for (let after: IDBKeyRange | null = null; ;) {
    const rows: readonly MessageRow[] = await messages.getAll(after, UPGRADED_AT_ONCE);
    for (const row of rows) {
      if (row.message.announcement && row.message.state === 'here') await messages.put({ ...row, pinned: 1 });
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    after = IDBKeyRange.lowerBound([last.pool, last.message.id], true);
  }
}
