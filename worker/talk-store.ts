// Conversations in IndexedDB: the TalkStore of browsers, as it runs in its worker (talk-main.ts). What is read newest first is
// found by its place in an index and fetched in one go: a cursor would take a turn for every message.
import type { IDBPTransaction, StoreNames } from 'idb';
import { parseEntryId, type ChainId, type DeviceId, type EntryId, type Hlc, type RoomId } from '../src/wire/entry.ts';
import type { MessageRecord } from '../src/talk/records.ts';
import { searchText, searchWords, upTo } from '../src/io/talk-store.ts';
import type { Before, EntryRecord, EpochRecord, FoundMessage, PoolRecord } from '../src/io/talk-store.ts';
import type { ProofRecord, TalkBatch, TalkStore, Waiter, WaitingRecord } from '../src/io/talk-store.ts';
import type { Range } from '../src/wire/talk-envelope.ts';
import type { MessageRow, Place, TalkDatabase, TalkSchema } from './talk-database.ts';

/** Entries read at a time: one message's worth of small ones, and of the largest no more than a few megabytes. */
const ENTRIES_AT_ONCE = 64;

/** Messages a search has in memory: a few at first, so that it need not look at many to find common words. */
const LOOKED_AT_FIRST = 256;
const LOOKED_AT_MAX = 4_096;

/** `cursor.advance` takes no more. */
const ADVANCE_MAX = 0xffff_ffff;

const STORES: StoreNames<TalkSchema>[] = [
  'pools',
  'chains',
  'members',
  'rooms',
  'entries',
  'epochs',
  'messages',
  'texts',
  'waiting',
  'due',
  'proofs',
];

type Change = IDBPTransaction<TalkSchema, typeof STORES, 'readwrite'>;

/** Every key that begins with `parts`: an array comes after any string or number. */
const beginning = (...parts: readonly (string | number)[]): IDBKeyRange => IDBKeyRange.bound(parts, [...parts, []]);

/** Keys in `pool` from a time on and before another. */
const span = (pool: string, from: Hlc, below: Hlc): IDBKeyRange =>
  IDBKeyRange.bound([pool, from], [pool, below], false, true);

export class IdbTalkStore implements TalkStore {
  readonly #db: TalkDatabase;

  constructor(database: TalkDatabase) {
    this.#db = database;
  }

  async load(pool: string, author: DeviceId): ReturnType<TalkStore['load']> {
    const tx = (await this.#db).transaction(['pools', 'chains', 'members', 'rooms', 'epochs', 'due']);
    const newestEpochs = async (): Promise<EpochRecord[]> => {
      const found: EpochRecord[] = [];
      const epochs = tx.objectStore('epochs');
      let cursor = await epochs.openCursor(beginning(pool, author), 'prev');
      while (cursor !== null) {
        found.push(cursor.value);
        // Past all others of that room.
        const below = IDBKeyRange.bound([pool, author], [pool, author, cursor.value.room], false, true);
        cursor = await epochs.openCursor(below, 'prev');
      }
      return found;
    };
    const [chains, members, rooms, epochs, due, record] = await Promise.all([
      tx.objectStore('chains').getAll(beginning(pool)),
      tx.objectStore('members').getAll(beginning(pool)),
      tx.objectStore('rooms').getAll(beginning(pool)),
      newestEpochs(),
      tx.objectStore('due').getAll(beginning(pool)),
      tx.objectStore('pools').get(pool),
    ]);
    return { chains, members, rooms, epochs, due, pool: record };
  }

  async commit(pool: string, batch: TalkBatch): Promise<void> {
    await this.#change((tx) => {
      const [waiting, entries, proofs] = [
        tx.objectStore('waiting'),
        tx.objectStore('entries'),
        tx.objectStore('proofs'),
      ];
      return [
        ...(batch.chains ?? []).map((each) => tx.objectStore('chains').put(each, [pool, each.author, each.chain])),
        ...(batch.members ?? []).map((each) => tx.objectStore('members').put(each, [pool, each.device])),
        ...(batch.rooms ?? []).map((each) => tx.objectStore('rooms').put(each, [pool, each.id])),
        ...(batch.entries ?? []).map((each) => entries.put(each, [pool, each.author, each.chain, each.seq])),
        ...(batch.epochs ?? []).map((each) =>
          tx.objectStore('epochs').put(each, [pool, each.author, each.room, each.number]),
        ),
        ...(batch.messages ?? []).flatMap((message) => putMessage(tx, pool, message)),
        ...(batch.removed ?? []).map((id) => removeMessage(tx, pool, id)),
        ...(batch.woken ?? []).map((each) => waiting.delete([pool, each.on, each.author, each.chain, each.seq])),
        ...(batch.due ?? []).map((each) => tx.objectStore('due').put(each, [pool, each.on])),
        ...(batch.drained ?? []).map((on) => tx.objectStore('due').delete([pool, on])),
        ...(batch.waiting ?? []).map((each) => waiting.put(each, [pool, each.on, each.author, each.chain, each.seq])),
        ...(batch.proofs ?? []).map((each) => proofs.put(each, [pool, each.author, each.chain, each.seq])),
        batch.pool && tx.objectStore('pools').put({ ...batch.pool, pool }),
      ];
    });
  }

  async entries(
    pool: string,
    author: DeviceId,
    chain: ChainId,
    range: Range,
    bytesMax: number,
  ): Promise<EntryRecord[]> {
    const store = (await this.#db).transaction('entries').store;
    const found: EntryRecord[] = [];
    for (let [bytes, first] = [0, range.first]; first <= range.last;) {
      const within = IDBKeyRange.bound([pool, author, chain, first], [pool, author, chain, range.last]);
      const entries = await store.getAll(within, ENTRIES_AT_ONCE);
      for (const entry of entries) {
        bytes += entry.bytes.length;
        if (bytes > bytesMax && found.length > 0) return found;
        found.push(entry);
        first = entry.seq + 1;
      }
      if (entries.length < ENTRIES_AT_ONCE) break;
    }
    return found;
  }

  async epoch(pool: string, author: DeviceId, room: RoomId, number: number): Promise<EpochRecord | undefined> {
    return (await this.#db).get('epochs', [pool, author, room, number]);
  }

  async messages(pool: string, ids: readonly EntryId[]): Promise<MessageRecord[]> {
    const { store } = (await this.#db).transaction('messages');
    const rows = await Promise.all([...new Set(ids)].map((id) => store.get([pool, id])));
    return rows.flatMap((row) => row?.message ?? []);
  }

  async awaited(pool: string, on: readonly string[]): Promise<string[]> {
    const { store } = (await this.#db).transaction('waiting');
    const keys = await Promise.all([...new Set(on)].map((each) => store.getKey(beginning(pool, each))));
    return keys.flatMap((key) => (key === undefined ? [] : [key[1]]));
  }

  async waiting(pool: string, on: readonly string[], max: number = Infinity, after?: Waiter): Promise<WaitingRecord[]> {
    const { store } = (await this.#db).transaction('waiting');
    const found: WaitingRecord[] = [];
    for (const [i, each] of [...new Set(on)].entries()) {
      if (found.length >= max) break;
      const from = i > 0 || after === undefined ? [] : [after.author, after.chain, after.seq];
      const range = IDBKeyRange.bound([pool, each, ...from], [pool, each, []], true);
      found.push(...(await store.getAll(range, max === Infinity ? undefined : max - found.length)));
    }
    return found;
  }

  async proofs(pool: string): Promise<ProofRecord[]> {
    return (await this.#db).getAll('proofs', beginning(pool));
  }

  async page(pool: string, room: RoomId, limit: number, before?: Before): Promise<MessageRecord[]> {
    const index = (await this.#db).transaction('messages').store.index('room');
    const { author, seq } = (before?.id === undefined ? undefined : parseEntryId(before.id)) ?? {};
    const place = before === undefined ? [[]] : [before.created, ...(author === undefined ? [] : [author, seq])];
    const range = IDBKeyRange.bound([pool, room], [pool, room, ...place], false, true);
    const least = await lastBut(index, range, limit);
    const rows = await index.getAll(least === undefined ? range : IDBKeyRange.bound(least, range.upper, false, true));
    return rows.map(({ message }) => message).toReversed();
  }

  async announcements(pool: string, room: RoomId, limit: number): Promise<MessageRecord[]> {
    const index = (await this.#db).transaction('messages').store.index('pinned');
    const all = beginning(1, pool, room);
    const least = await lastBut(index, all, limit);
    const rows = await index.getAll(least === undefined ? all : IDBKeyRange.bound(least, all.upper));
    return rows.map(({ message }) => message).toReversed();
  }

  async unread(pool: string, room: RoomId, since: Hlc, devices: readonly DeviceId[]): Promise<number> {
    const index = (await this.#db).transaction('messages').store.index('here');
    // Of the key alone: an id begins with its author.
    const keys = await index.getAllKeys(IDBKeyRange.bound([1, pool, room, since], [1, pool, room, []], true));
    const own = new Set(devices);
    return keys.filter(([, id]) => !own.has(parseEntryId(id)?.author ?? '')).length;
  }

  async search(query: string, limit: number, pool?: string, before: Hlc = Infinity): Promise<FoundMessage[]> {
    const words = searchWords(query);
    if (words.length === 0) return [];
    let found: FoundMessage[] = [];
    for (const each of pool === undefined ? await this.#poolsWithTexts() : [pool]) {
      // Of the next pool only what is newer than what will do already.
      const least = found[limit - 1]?.message.created ?? 0;
      found.push(...(await this.#searchIn(each, words, limit, least, before)));
      found = upTo(
        limit,
        found.toSorted((a, b) => indexedDB.cmp(placeOf(b.message), placeOf(a.message))),
      );
    }
    return found;
  }

  async #searchIn(pool: string, words: string[], limit: number, least: Hlc, before: Hlc): Promise<FoundMessage[]> {
    const found: FoundMessage[] = [];
    for (let [below, lookedAt] = [before, LOOKED_AT_FIRST]; ; lookedAt = Math.min(2 * lookedAt, LOOKED_AT_MAX)) {
      const tx = (await this.#db).transaction(['texts', 'messages']);
      const [texts, messages] = [tx.objectStore('texts'), tx.objectStore('messages')];
      // Whole instants, so that none is cut in two.
      const [, from] = (await lastBut(texts, span(pool, least, below), lookedAt)) ?? [];
      const rows = await texts.getAll(span(pool, from ?? least, below));
      const matching = rows.filter(({ searched }) => words.every((word) => searched.includes(word)));
      const here = await Promise.all(matching.toReversed().map(({ id }) => messages.get([pool, id])));
      found.push(...here.flatMap((row) => (row === undefined ? [] : foundOf(row))));
      if (found.length >= limit || from === undefined) return found;
      below = from;
    }
  }

  async #poolsWithTexts(): Promise<string[]> {
    const texts = (await this.#db).transaction('texts').store;
    const pools: string[] = [];
    for (let after: string | undefined; ; after = pools.at(-1)) {
      const cursor = await texts.openKeyCursor(after === undefined ? null : IDBKeyRange.lowerBound([after, []]));
      if (cursor === null) return pools;
      pools.push(cursor.key[0]);
    }
  }

  async saved(limit: number, before: Hlc = Infinity): Promise<FoundMessage[]> {
    const index = (await this.#db).transaction('messages').store.index('saved');
    const range = IDBKeyRange.bound([], [before], false, true);
    const [from] = (await lastBut(index, range, limit)) ?? [];
    const rows = await index.getAll(from === undefined ? range : IDBKeyRange.bound([from], [before], false, true));
    return rows.map(foundOf).toReversed();
  }

  async pools(): Promise<PoolRecord[]> {
    return (await (await this.#db).getAll('pools')).toSorted((a, b) => b.visitedMs - a.visitedMs);
  }

  async forget(pool: string): Promise<void> {
    await this.#change((tx) =>
      STORES.map((name) => tx.objectStore(name).delete(name === 'pools' ? pool : beginning(pool))),
    );
  }

  async close(): Promise<void> {
    (await this.#db).close();
  }

  /** All that `work` asks for, on disk, or nothing of it. */
  async #change(work: (tx: Change) => readonly (Promise<unknown> | undefined)[]): Promise<void> {
    const tx = (await this.#db).transaction(STORES, 'readwrite', { durability: 'strict' });
    tx.done.catch(() => undefined);
    try {
      await Promise.all(work(tx));
      await tx.done;
    } catch (error) {
      // What was asked for before something could not be would be written otherwise.
      if (tx.error === null) tx.abort();
      throw error;
    }
  }
}

/** As much of an index as it takes. */
interface Backwards<Key> {
  openKeyCursor(range: IDBKeyRange, direction: 'prev'): Promise<KeyCursor<Key> | null>;
}

interface KeyCursor<Key> {
  readonly key: Key;
  advance(count: number): Promise<KeyCursor<Key> | null>;
}

/** The key of the so many-th from the end of `range`; undefined if there are not as many. */
async function lastBut<Key>(index: Backwards<Key>, range: IDBKeyRange, count: number): Promise<Key | undefined> {
  const last = await index.openKeyCursor(range, 'prev');
  const cursor = count > 1 ? await last?.advance(Math.min(count - 1, ADVANCE_MAX)) : last;
  return cursor?.key;
}

function placeOf({ id, created, author }: MessageRecord): Place {
  const { seq } = parseEntryId(id) ?? {};
  if (seq === undefined) throw new RangeError(`a message's id: expected author/chain/seq, got ${id}`);
  return [created, author, seq];
}

function putMessage(tx: Change, pool: string, message: MessageRecord): Promise<unknown>[] {
  const { id, state, saved, text, announcement } = message;
  const place = placeOf(message);
  const row: MessageRow = {
    pool,
    seq: place[2],
    message,
    ...(state === 'here' ? { here: 1 } : {}),
    ...(state === 'here' && announcement ? { pinned: 1 } : {}),
    ...(saved ? { saved: place } : {}),
  };
  // An entry's time is signed, so it stays where it is.
  // An entry's time is signed, so its text stays where it is.
  const texts = tx.objectStore('texts');
  const searched =
    text === '' ? texts.delete([pool, ...place]) : texts.put({ id, searched: searchText(text) }, [pool, ...place]);
  return [tx.objectStore('messages').put(row), searched];
}

async function removeMessage(tx: Change, pool: string, id: EntryId): Promise<void> {
  const messages = tx.objectStore('messages');
  const row = await messages.get([pool, id]);
  if (row === undefined) return;
  await Promise.all([messages.delete([pool, id]), tx.objectStore('texts').delete([pool, ...placeOf(row.message)])]);
}

const foundOf = ({ pool, message }: MessageRow): FoundMessage => ({ pool, message });
