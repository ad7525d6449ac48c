// Conversations in memory: the TalkStore of tests, of private windows, and of embedders that bring none. What is read is the
// store's own: all of it is read-only by type.
import type { ChainRecord, MemberRecord, MessageRecord, RoomRecord } from '../talk/records.ts';
import { parseEntryId, type ChainId, type DeviceId, type EntryId, type Hlc, type RoomId } from '../wire/entry.ts';
import type { Range } from '../wire/talk-envelope.ts';
import { StoreError } from './store.ts';
import { searchText, searchWords } from './talk-store.ts';
import type { Before, DueRecord, EntryRecord, EpochRecord, FoundMessage, PoolRecord } from './talk-store.ts';
import type { ProofRecord, TalkBatch, TalkStore, Waiter, WaitingRecord } from './talk-store.ts';

interface Pool {
  record: PoolRecord | undefined;
  readonly chains: Map<string, ChainRecord>;
  readonly members: Map<DeviceId, MemberRecord>;
  readonly rooms: Map<RoomId, RoomRecord>;
  /** By chain, then by number. */
  readonly entries: Map<string, Map<number, EntryRecord>>;
  readonly epochs: Map<string, EpochRecord>;
  readonly messages: Map<EntryId, MessageRecord>;
  /** Of each room, in the order (created, author, seq). */
  readonly inOrder: Map<RoomId, MessageRecord[]>;
  /** By what they wait for, in the order (author, chain, seq). */
  readonly waiting: Map<string, readonly WaitingRecord[]>;
  readonly due: Map<string, DueRecord>;
  readonly proofs: Map<string, ProofRecord>;
}

const emptyPool = (): Pool => ({
  record: undefined,
  chains: new Map(),
  members: new Map(),
  rooms: new Map(),
  entries: new Map(),
  epochs: new Map(),
  messages: new Map(),
  inOrder: new Map(),
  waiting: new Map(),
  due: new Map(),
  proofs: new Map(),
});

export class MemoryTalkStore implements TalkStore {
  readonly #pools = new Map<string, Pool>();

  async load(pool: string, author: DeviceId): ReturnType<TalkStore['load']> {
    const { record, chains, members, rooms, epochs, due } = this.#pool(pool);
    const newest = new Map<RoomId, EpochRecord>();
    for (const epoch of epochs.values()) {
      if (epoch.author === author && epoch.number > (newest.get(epoch.room)?.number ?? 0))
        newest.set(epoch.room, epoch);
    }
    return {
      chains: [...chains.values()],
      members: [...members.values()],
      rooms: [...rooms.values()],
      epochs: [...newest.values()],
      due: [...due.values()],
      pool: record,
    };
  }

  async commit(name: string, batch: TalkBatch): Promise<void> {
    let entries: EntryRecord[];
    try {
      // What may fail comes first. The bytes are copied, for they may be a small part of something large.
      entries = (batch.entries ?? []).map((entry) => ({ ...entry, bytes: entry.bytes.slice() }));
      for (const { id } of batch.messages ?? []) placeOf(id);
    } catch (error) {
      throw new StoreError('store-failed', 'The batch cannot be kept.', { cause: error });
    }
    const pool = this.#pools.get(name) ?? emptyPool();
    this.#pools.set(name, pool);
    for (const each of batch.chains ?? []) pool.chains.set(`${each.author}/${each.chain}`, each);
    for (const each of batch.members ?? []) pool.members.set(each.device, each);
    for (const each of batch.rooms ?? []) pool.rooms.set(each.id, each);
    for (const each of entries) within(pool.entries, `${each.author}/${each.chain}`).set(each.seq, each);
    for (const each of batch.epochs ?? []) pool.epochs.set(`${each.author}/${each.room}/${each.number}`, each);
    for (const each of batch.messages ?? []) putMessage(pool, each);
    for (const id of batch.removed ?? []) removeMessage(pool, id);
    changeWaiting(pool, batch);
    for (const each of batch.due ?? []) pool.due.set(each.on, each);
    for (const on of batch.drained ?? []) pool.due.delete(on);
    for (const each of batch.proofs ?? []) pool.proofs.set(`${each.author}/${each.chain}/${each.seq}`, each);
    if (batch.pool !== undefined) pool.record = batch.pool;
  }

  async entries(
    pool: string,
    author: DeviceId,
    chain: ChainId,
    range: Range,
    bytesMax: number,
  ): Promise<EntryRecord[]> {
    const held = this.#pool(pool).entries.get(`${author}/${chain}`) ?? new Map<number, EntryRecord>();
    const inRange = (seq: number): boolean => range.first <= seq && seq <= range.last;
    const seqs =
      range.last - range.first < held.size
        ? Array.from({ length: range.last - range.first + 1 }, (_, i) => range.first + i)
        : [...held.keys()].filter(inRange).sort((a, b) => a - b);
    const found: EntryRecord[] = [];
    let bytes = 0;
    for (const entry of seqs.map((seq) => held.get(seq))) {
      if (entry === undefined) continue;
      bytes += entry.bytes.length;
      if (bytes > bytesMax && found.length > 0) break;
      found.push(entry);
    }
    return found;
  }

  async epoch(pool: string, author: DeviceId, room: RoomId, number: number): Promise<EpochRecord | undefined> {
    return this.#pool(pool).epochs.get(`${author}/${room}/${number}`);
  }

  async messages(pool: string, ids: readonly EntryId[]): Promise<MessageRecord[]> {
    const { messages } = this.#pool(pool);
    return [...new Set(ids)].flatMap((id) => messages.get(id) ?? []);
  }

  async awaited(pool: string, on: readonly string[]): Promise<string[]> {
    const { waiting } = this.#pool(pool);
    return [...new Set(on)].filter((each) => waiting.has(each));
  }

  async waiting(pool: string, on: readonly string[], max: number = Infinity, after?: Waiter): Promise<WaitingRecord[]> {
    const { waiting } = this.#pool(pool);
    const found: WaitingRecord[] = [];
    for (const [i, each] of [...new Set(on)].entries()) {
      const all = waiting.get(each) ?? [];
      const from = i > 0 || after === undefined ? 0 : all.findIndex((one) => compareWaiters(one, after) > 0);
      if (from >= 0) found.push(...all.slice(from, from + max - found.length));
    }
    return found;
  }

  async proofs(pool: string): Promise<ProofRecord[]> {
    return [...this.#pool(pool).proofs.values()];
  }

  async page(pool: string, room: RoomId, limit: number, before?: Before): Promise<MessageRecord[]> {
    const messages = this.#pool(pool).inOrder.get(room) ?? [];
    const end = before === undefined ? messages.length : countBefore(messages, before);
    return messages.slice(Math.max(0, end - limit), end).reverse();
  }

  async announcements(pool: string, room: RoomId, limit: number): Promise<MessageRecord[]> {
    const messages = this.#pool(pool).inOrder.get(room) ?? [];
    return messages
      .filter(({ announcement, state }) => announcement && state === 'here')
      .slice(-limit)
      .reverse();
  }

  async unread(pool: string, room: RoomId, since: Hlc, devices: readonly DeviceId[]): Promise<number> {
    const messages = this.#pool(pool).inOrder.get(room) ?? [];
    const later = messages.slice(countBefore(messages, { created: since + 1 }));
    return later.filter(({ state, author }) => state === 'here' && !devices.includes(author)).length;
  }

  async search(query: string, limit: number, pool?: string, before: Hlc = Infinity): Promise<FoundMessage[]> {
    const words = searchWords(query);
    if (words.length === 0) return [];
    return this.#newest(limit, before, pool, ({ text }) => {
      const searched = searchText(text);
      return words.every((word) => searched.includes(word));
    });
  }

  async saved(limit: number, before: Hlc = Infinity): Promise<FoundMessage[]> {
    return this.#newest(limit, before, undefined, ({ saved }) => saved);
  }

  async pools(): Promise<PoolRecord[]> {
    return [...this.#pools.values()].flatMap(({ record }) => record ?? []).sort((a, b) => b.visitedMs - a.visitedMs);
  }

  async forget(pool: string): Promise<void> {
    this.#pools.delete(pool);
  }

  async close(): Promise<void> {}

  #pool(name: string): Pool {
    return this.#pools.get(name) ?? emptyPool();
  }

  #newest(
    limit: number,
    before: Hlc,
    only: string | undefined,
    wanted: (message: MessageRecord) => boolean,
  ): FoundMessage[] {
    const found: FoundMessage[] = [];
    for (const [pool, { messages }] of this.#pools) {
      if (only !== undefined && pool !== only) continue;
      for (const message of messages.values()) {
        if (message.created < before && wanted(message)) found.push({ pool, message });
      }
    }
    found.sort((a, b) => -compare(placeOfMessage(a.message), placeOfMessage(b.message)));
    const least = found[limit - 1]?.message.created ?? 0;
    return found.filter(({ message }) => message.created >= least);
  }
}

function within<Key, Value>(maps: Map<string, Map<Key, Value>>, name: string): Map<Key, Value> {
  const map = maps.get(name) ?? new Map<Key, Value>();
  maps.set(name, map);
  return map;
}

function putMessage(pool: Pool, message: MessageRecord): void {
  const known = pool.messages.has(message.id);
  pool.messages.set(message.id, message);
  const messages = pool.inOrder.get(message.room) ?? [];
  pool.inOrder.set(message.room, messages);
  messages.splice(countBefore(messages, message), known ? 1 : 0, message);
}

function removeMessage(pool: Pool, id: EntryId): void {
  const message = pool.messages.get(id);
  if (message === undefined) return;
  pool.messages.delete(id);
  const messages = pool.inOrder.get(message.room) ?? [];
  messages.splice(countBefore(messages, message), 1);
}

function changeWaiting(pool: Pool, { woken = [], waiting = [] }: TalkBatch): void {
  const changed = new Map<string, Map<string, WaitingRecord>>();
  const of = ({ author, chain, seq }: Waiter): string => `${author}/${chain}/${seq}`;
  const whole = (on: string): Map<string, WaitingRecord> => {
    const known = changed.get(on) ?? new Map((pool.waiting.get(on) ?? []).map((each) => [of(each), each]));
    changed.set(on, known);
    return known;
  };
  for (const each of woken) whole(each.on).delete(of(each));
  for (const each of waiting) whole(each.on).set(of(each), each);
  for (const [on, all] of changed) {
    if (all.size === 0) pool.waiting.delete(on);
    else pool.waiting.set(on, [...all.values()].sort(compareWaiters));
  }
}

const ordered = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

const compareWaiters = (one: Waiter, other: Waiter): number =>
  ordered(one.author, other.author) || ordered(one.chain, other.chain) || one.seq - other.seq;

/** Where a message stands: (created, author, seq). */
type Place = readonly [created: Hlc, author: DeviceId, seq: number];

function placeOf(id: EntryId, created: Hlc = 0): Place {
  const parsed = parseEntryId(id);
  if (parsed === undefined) throw new RangeError(`a message's id: expected author/chain/seq, got ${id}`);
  return [created, parsed.author, parsed.seq];
}

const placeOfMessage = ({ id, created }: MessageRecord): Place => placeOf(id, created);

function compare([created, author, seq]: Place, [otherCreated, otherAuthor, otherSeq]: Place): number {
  if (created !== otherCreated) return created - otherCreated;
  if (author !== otherAuthor) return author < otherAuthor ? -1 : 1;
  return seq - otherSeq;
}

/** Ids are read only where times are the same: that takes longer than all the rest. */
const isBefore = (message: MessageRecord, place: Place): boolean =>
  message.created === place[0] ? compare(placeOfMessage(message), place) < 0 : message.created < place[0];

/** How many of `messages` come before. They are in order. */
function countBefore(messages: readonly MessageRecord[], { created, id }: Before): number {
  const place: Place = id === undefined ? [created, '', 0] : placeOf(id, created);
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const message = messages[middle];
    if (message !== undefined && isBefore(message, place)) low = middle + 1;
    else high = middle;
  }
  return low;
}
