// What the tests of the keeper share: people with real keys and a store of their own, who meet, write, and bring each other
// entries in whatever order a test likes.
import { randomFillSync } from 'node:crypto';
import { expect } from '@jest/globals';
import { Keeper, type KeeperSetup } from '../../src/io/keeper.ts';
import { MemoryTalkStore } from '../../src/io/talk-memory.ts';
import { seal } from '../../src/keys/epoch.ts';
import { hashEntry, poolChain, signEntry } from '../../src/keys/entry.ts';
import { generateDeviceKeys, type DeviceKeys } from '../../src/keys/identity.ts';
import type { Draft, TalkOp, TalkValues } from '../../src/talk/ports.ts';
import type { ChainRecord, MemberRecord, MessageRecord, Role, RoomRecord } from '../../src/talk/records.ts';
import { HLC_PER_MS, decodeEntry, encodeEntry, encodeHeadStart } from '../../src/wire/entry.ts';
import type { Entry, EntryKind, RoomId } from '../../src/wire/entry.ts';
import { encodeClear, encodeContent } from '../../src/wire/talk.ts';
import type { Account, ClearBody, Content, SharedFiles } from '../../src/wire/talk.ts';

export const POOL = 'quiet-heron-cove-4821';
export const POOL_ROOM: RoomId = poolChain(POOL);
export const START_MS = 1_700_000_000_000;

/** Every record a device has of a pool, as tests compare them. */
export interface Kept {
  readonly messages: readonly MessageRecord[];
  readonly rooms: readonly RoomRecord[];
  readonly members: readonly MemberRecord[];
  readonly chains: readonly Omit<ChainRecord, 'broughtBy'>[];
}

export const filesOf = (name: string): SharedFiles => ({ files: [{ name, bytes: 5 }], count: 1, bytes: 5 });

export class Person {
  readonly keys: DeviceKeys;
  readonly store: MemoryTalkStore;
  readonly name: string;
  /** All that was written, as it was then. */
  readonly wrote: Uint8Array[] = [];
  keeper: Keeper;
  nowMs: number = START_MS;
  /** Of the next keeper: entries that waited and that one operation applies. */
  wokenMax: number | undefined;
  readonly #account: Account | undefined;

  constructor(keys: DeviceKeys, name: string, store: MemoryTalkStore = new MemoryTalkStore(), account?: Account) {
    this.keys = keys;
    this.name = name;
    this.store = store;
    this.#account = account;
    this.keeper = this.#newKeeper();
  }

  static async called(name: string): Promise<Person> {
    const person = new Person(await generateDeviceKeys(false), name);
    await person.perform({ op: 'open' });
    return person;
  }

  /** Another start of the program, over the same store. */
  async restart(): Promise<void> {
    this.keeper = this.#newKeeper();
    await this.perform({ op: 'open' });
  }

  #newKeeper(): Keeper {
    const { keys, name, store } = this;
    const setup: KeeperSetup = {
      pool: POOL,
      keys,
      name,
      kind: 'browser',
      account: this.#account,
      store,
      random: (into) => randomFillSync(into),
      wallMs: () => this.nowMs,
      ...(this.wokenMax === undefined ? {} : { wokenMax: this.wokenMax }),
    };
    return new Keeper(setup);
  }

  get id(): string {
    return this.keys.id;
  }

  /** Fails the test if it is refused. */
  async perform<Op extends TalkOp['op']>(op: Extract<TalkOp, { op: Op }>): Promise<TalkValues[Op]> {
    const result = await this.keeper.perform(op);
    expect(result).toMatchObject({ ok: true });
    if (!result.ok) throw new Error(result.code);
    return result.value as TalkValues[Op];
  }

  async write(draft: Draft, room: RoomId = POOL_ROOM): Promise<TalkValues['write']> {
    this.nowMs += 1000;
    const value = await this.perform({ op: 'write', room, draft, nowMs: this.nowMs });
    this.wrote.push(...value.entries.map(({ bytes }) => bytes));
    return value;
  }

  /** Returns the id of the message. */
  async say(text: string, room?: RoomId, over: Partial<Extract<Draft, { kind: 'text' }>> = {}): Promise<string> {
    const draft = { kind: 'text', text, notify: [], important: false, announcement: false, ...over } as const;
    const { entries, messages } = await this.write(draft, room);
    const last = entries.at(-1);
    expect(messages.at(-1)).toMatchObject({ text, state: 'here' });
    return `${this.id}/${last?.chain}/${last?.seq}`;
  }

  /** Tells of one file that is offered. Returns the id of that message. */
  async share(name: string, room?: RoomId): Promise<string> {
    const { messages } = await this.write({ kind: 'files', ...filesOf(name) }, room);
    return messages.at(-1)?.id ?? '';
  }

  async meets(...others: Person[]): Promise<void> {
    for (const other of others) {
      await this.#met(other);
      await other.#met(this);
    }
  }

  async metAs(other: Person, role: Role): Promise<TalkValues['met']> {
    const { id: device, keys, name } = other;
    const { signKey, agreeKey } = keys;
    return this.perform({ op: 'met', met: { device, signKey, agreeKey, name, kind: 'browser', role } });
  }

  #met(other: Person): Promise<TalkValues['met']> {
    return this.metAs(other, 'member');
  }

  take(entries: readonly Uint8Array[], from: string = 'f'.repeat(32)): Promise<TalkValues['take']> {
    return this.perform({ op: 'take', from, entries, nowMs: this.nowMs });
  }

  /** Applies what waited and was too much for the operations before. Returns how many more it took. */
  async wakeAll(): Promise<number> {
    for (let count = 0; ; count++) if ((await this.perform({ op: 'wake' })).due !== true) return count;
  }

  /** All entries of all chains that are kept here. */
  async entries(author?: string): Promise<Uint8Array[]> {
    const { chains } = await this.store.load(POOL, this.id);
    const all: Uint8Array[] = [];
    for (const { author: by, chain } of chains) {
      if (author !== undefined && by !== author) continue;
      const records = await this.store.entries(POOL, by, chain, { first: 1, last: 0xffff_ffff }, Infinity);
      all.push(...records.map(({ bytes }) => bytes));
    }
    return all;
  }

  message(id: string): Promise<MessageRecord | undefined> {
    return this.keeper.message(id);
  }

  async texts(room: RoomId = POOL_ROOM): Promise<string[]> {
    return (await this.keeper.page(room, 1000)).map(({ text, state }) => (state === 'here' ? text : state)).reverse();
  }

  async room(id: RoomId = POOL_ROOM): Promise<RoomRecord | undefined> {
    return (await this.store.load(POOL, this.id)).rooms.find((room) => room.id === id);
  }

  async member(device: string): Promise<MemberRecord | undefined> {
    return (await this.store.load(POOL, this.id)).members.find((member) => member.device === device);
  }

  async kept(): Promise<Kept> {
    const { chains, members, rooms } = await this.store.load(POOL, this.id);
    const sorted = <T>(list: readonly T[], key: (each: T) => string): T[] =>
      [...list].sort((a, b) => (key(a) < key(b) ? -1 : 1));
    const pages = await Promise.all(rooms.map(({ id }) => this.store.page(POOL, id, 10_000)));
    return {
      messages: sorted(pages.flat(), ({ id }) => id),
      rooms: sorted(rooms, ({ id }) => id),
      members: sorted(members, ({ device }) => device),
      chains: sorted(
        chains.map(({ author, chain, ranges, hash, audience, forked }) => {
          return { author, chain, ranges, hash, audience, forked };
        }),
        ({ author, chain }) => author + chain,
      ),
    };
  }
}

/** Content that this person's keeper would not write, sealed and signed by this person all the same. */
export async function smuggled(person: Person, content: Content, room: RoomId = POOL_ROOM): Promise<Uint8Array> {
  const { epochs } = await person.store.load(POOL, person.id);
  const epoch = epochs.find((each) => each.room === room);
  if (epoch?.key === undefined) throw new Error('nothing was written in that room yet');
  const head = { kind: 'content', room, ...(await nextOf(person)) } as const;
  const body = await seal(epoch.key, encodeHeadStart(head), epoch.number, encodeContent(content), randomFillSync);
  return slipped(person, await signEntry(person.keys, head, body));
}

/** The same in the clear. `chain`: that of the pool, or of a whisper. */
export async function smuggledClear(
  person: Person,
  body: Extract<ClearBody, { kind: 'retract' }>,
  chain: string = POOL_ROOM,
): Promise<Uint8Array> {
  const head = { kind: body.kind, room: chain, ...(await nextOf(person, chain)) } as const;
  return slipped(person, await signEntry(person.keys, head, encodeClear(body)));
}

async function nextOf(
  person: Person,
  chain: string = POOL_ROOM,
): Promise<Pick<Entry, 'author' | 'chain' | 'seq' | 'prev' | 'created'>> {
  const last = (await person.entries(person.id)).map(decoded).findLast((entry) => entry.chain === chain);
  if (last === undefined) throw new Error('nothing was written in that chain yet');
  const { keys } = person;
  return { author: keys.signKey, chain, seq: last.seq + 1, prev: hashEntry(last), created: last.created + 1 };
}

async function slipped(person: Person, entry: Entry): Promise<Uint8Array> {
  const bytes = encodeEntry(entry);
  await person.take([bytes]);
  person.wrote.push(bytes);
  return bytes;
}

export const people = (...names: string[]): Promise<Person[]> => Promise.all(names.map((name) => Person.called(name)));

export function decoded(bytes: Uint8Array | undefined): Entry {
  const entry = bytes && decodeEntry(bytes);
  if (entry === undefined) throw new Error('not an entry');
  return entry;
}

/** Entries of a chain as no keeper would write them: with whatever a test gives. */
export class Scribe {
  readonly keys: DeviceKeys;
  readonly chain: string;
  #last: Entry | undefined;

  constructor(keys: DeviceKeys, chain: string = POOL_ROOM, last?: Entry) {
    this.keys = keys;
    this.chain = chain;
    this.#last = last;
  }

  static profile(keys: DeviceKeys, name = 'Eve', agreeKey: Uint8Array = keys.agreeKey): Uint8Array {
    const account = { root: keys.signKey, certificates: [] };
    return encodeClear({ kind: 'profile', name, device: 'browser', agreeKey, account });
  }

  async write(
    kind: EntryKind,
    body: Uint8Array,
    over: Partial<Pick<Entry, 'room' | 'created' | 'seq' | 'prev'>> = {},
  ): Promise<Entry> {
    const before = this.#last;
    const entry = await signEntry(
      this.keys,
      {
        kind,
        author: this.keys.signKey,
        chain: this.chain,
        room: this.chain,
        seq: (before?.seq ?? 0) + 1,
        prev: before === undefined ? new Uint8Array(32) : hashEntry(before),
        created: (before?.created ?? START_MS * HLC_PER_MS) + 1,
        ...over,
      },
      body,
    );
    this.#last = entry;
    return entry;
  }

  async bytes(...args: Parameters<Scribe['write']>): Promise<Uint8Array> {
    return encodeEntry(await this.write(...args));
  }
}
