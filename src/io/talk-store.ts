// Where conversations are kept, as the keeper sees it. Implemented over IndexedDB in the worker (worker/talk-store.ts), over
// SQLite on Node (talk-sqlite.ts) and in memory (talk-memory.ts); one suite runs over all three.
import type { AccountId, ChainId, DeviceId, EntryId, Hlc, RoomId } from '../wire/entry.ts';
import type { ChainRecord, MemberRecord, MessageRecord, RoomRecord } from '../talk/records.ts';
import type { Range } from '../wire/talk-envelope.ts';

/** An entry as it crosses the wire; without its body once that was retracted. */
export interface EntryRecord {
  readonly author: DeviceId;
  readonly chain: ChainId;
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/** One epoch of one author in one room. */
export interface EpochRecord {
  readonly author: DeviceId;
  readonly room: RoomId;
  /** Counts from 1. */
  readonly number: number;
  readonly created: Hlc;
  /** 32 bytes; undefined if this device is not among its readers. */
  readonly key: Uint8Array | undefined;
  /** Who may read, sorted. */
  readonly devices: readonly DeviceId[];
  /** Of those devices, without repetition, sorted. */
  readonly accounts: readonly AccountId[];
}

/** An entry that cannot be applied before something else arrives. */
export interface WaitingRecord {
  /** What it waits for, at most 128 characters: the id of an entry, or `epoch/AUTHOR/ROOM/NUMBER` and the like. */
  readonly on: string;
  readonly author: DeviceId;
  readonly chain: ChainId;
  readonly seq: number;
}

/** Who of those that wait for one thing: they are in the order (author, chain, seq). */
export type Waiter = Pick<WaitingRecord, 'author' | 'chain' | 'seq'>;

/** Something that has arrived, and for which more waited than was applied at once. */
export interface DueRecord {
  readonly on: string;
  /** Those up to here were applied; undefined: none. */
  readonly after: Waiter | undefined;
}

/** Two entries of one number, both signed; or an entry and the one after it, which follows another. */
export interface ProofRecord {
  readonly author: DeviceId;
  readonly chain: ChainId;
  readonly seq: number;
  readonly one: Uint8Array;
  readonly other: Uint8Array;
}

/** A pool this device has been in. */
export interface PoolRecord {
  /** Normalized code. */
  readonly pool: string;
  /** Last there, wall clock, ms since 1970. */
  readonly visitedMs: number;
  /** Messages of others that were not read here, all rooms together. */
  readonly unread: number;
  /** The device left it for good. */
  readonly left: boolean;
}

/** What is written together: all of it or, after a crash, nothing. What is put replaces what has the same key. */
export interface TalkBatch {
  readonly chains?: readonly ChainRecord[];
  readonly members?: readonly MemberRecord[];
  readonly rooms?: readonly RoomRecord[];
  readonly entries?: readonly EntryRecord[];
  readonly epochs?: readonly EpochRecord[];
  readonly messages?: readonly MessageRecord[];
  /** Messages that turned out to be none. */
  readonly removed?: readonly EntryId[];
  readonly waiting?: readonly WaitingRecord[];
  /** These wait no longer: they go before `waiting` is put. */
  readonly woken?: readonly WaitingRecord[];
  readonly due?: readonly DueRecord[];
  /** Of these nothing is due any more. */
  readonly drained?: readonly string[];
  readonly proofs?: readonly ProofRecord[];
  readonly pool?: PoolRecord;
}

/** Where a page of messages goes on: at what comes before this, in the order (created, author, seq). */
export interface Before {
  readonly created: Hlc;
  /** Without, everything of that very time is left out as well. */
  readonly id?: EntryId;
}

export interface FoundMessage {
  readonly pool: string;
  readonly message: MessageRecord;
}

/** Every call rejects with a StoreError `store-failed`, or `no-space` where it writes. */
export interface TalkStore {
  /** The small things of one pool, all of them. `epochs`: the newest of `author` in each room. */
  load(
    pool: string,
    author: DeviceId,
  ): Promise<{
    readonly chains: readonly ChainRecord[];
    readonly members: readonly MemberRecord[];
    readonly rooms: readonly RoomRecord[];
    readonly epochs: readonly EpochRecord[];
    readonly due: readonly DueRecord[];
    readonly pool: PoolRecord | undefined;
  }>;
  /** Atomic, and on disk when it resolves. */
  commit(pool: string, batch: TalkBatch): Promise<void>;
  /** Of one chain, ascending: those within `range`, as many as fit `bytesMax`, the first in any case. */
  entries(pool: string, author: DeviceId, chain: ChainId, range: Range, bytesMax: number): Promise<EntryRecord[]>;
  epoch(pool: string, author: DeviceId, room: RoomId, number: number): Promise<EpochRecord | undefined>;
  /** Those of `ids` that are there, in any order. */
  messages(pool: string, ids: readonly EntryId[]): Promise<MessageRecord[]>;
  /** Those of `on` that something waits for, in any order. */
  awaited(pool: string, on: readonly string[]): Promise<string[]>;
  /** What waits on any of these: of each in the order (author, chain, seq), of the first what comes after `after`; `max` at most. */
  waiting(pool: string, on: readonly string[], max?: number, after?: Waiter): Promise<WaitingRecord[]>;
  proofs(pool: string): Promise<ProofRecord[]>;

  /** Messages of a room, newest first. */
  page(pool: string, room: RoomId, limit: number, before?: Before): Promise<MessageRecord[]>;
  /** The newest announcements of a room that are `here`, newest first. */
  announcements(pool: string, room: RoomId, limit: number): Promise<MessageRecord[]>;
  /** How many messages of others than `devices` that are `here` came after `since`. */
  unread(pool: string, room: RoomId, since: Hlc, devices: readonly DeviceId[]): Promise<number>;
  /**
   * Newest first: messages whose text contains all words of `query` (searchText), in `pool` or, without, everywhere. A query
   * without words finds nothing. At most `limit`, and beyond that only those of the last one's very time, so that asking on
   * with that one's `created` misses nothing.
   */
  search(query: string, limit: number, pool?: string, before?: Hlc): Promise<FoundMessage[]>;
  /** Saved ones, newest first; `limit` as in `search`. */
  saved(limit: number, before?: Hlc): Promise<FoundMessage[]>;
  /** Last visited first. */
  pools(): Promise<PoolRecord[]>;
  /** Every trace of a pool. */
  forget(pool: string): Promise<void>;
  close(): Promise<void>;
}

/** A text as searches compare it: case, width and the way accents are put together do not count. Holds no NUL. */
export const searchText = (text: string): string => text.normalize('NFKC').toLowerCase().replaceAll('\0', ' ');

/** What a query looks for, as searchText has it. */
export const searchWords = (query: string): string[] =>
  searchText(query)
    .split(/\s+/u)
    .filter((word) => word !== '');

/** Of what was found, newest first: the first `limit`, and those of the last one's very time. */
export function upTo(limit: number, found: readonly FoundMessage[]): FoundMessage[] {
  const last = found[limit - 1]?.message.created ?? 0;
  return found.filter(({ message }) => message.created >= last);
}
