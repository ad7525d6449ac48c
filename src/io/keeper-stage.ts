// What the keeper knows of a pool, and the stage on which one operation changes it: everything is read through the stage, and
// what was changed is written in one batch and only then known.
import { emptyRoom, doubleOf } from '../talk/projection.ts';
import type { ChainRecord, MemberRecord, MessageRecord, RoomRecord } from '../talk/records.ts';
import type { Changed } from '../talk/ports.ts';
import type { AccountId, ChainId, DeviceId, EntryId, Hlc, RoomId } from '../wire/entry.ts';
import type { EpochRecord, PoolRecord, ProofRecord, TalkBatch, TalkStore, WaitingRecord } from './talk-store.ts';

/** Keys of others' epochs that are remembered: those of the latest hour in the largest pools. */
export const EPOCHS_REMEMBERED = 512;

/** `author/chain` */
export const chainKey = (author: DeviceId, chain: ChainId): string => `${author}/${chain}`;
export const epochKey = (author: DeviceId, room: RoomId, number: number): string => `epoch/${author}/${room}/${number}`;

/** What an entry that cannot be applied waits for, beside epochs and the entries it is about. */
export const WAITS = {
  /** For whose device it is, or what the server says of it. */
  member: (device: DeviceId): string => `member/${device}`,
  /** For whom a zone names. */
  room: (room: RoomId): string => `room/${room}`,
  /** For who is in a whisper. */
  whisper: (author: DeviceId, chain: ChainId): string => `whisper/${author}/${chain}`,
} as const;

/** All that stays in memory: nothing of single entries. */
export interface Known {
  readonly pool: string;
  readonly poolRoom: RoomId;
  readonly self: DeviceId;
  account: AccountId;
  record: PoolRecord;
  readonly chains: Map<string, ChainRecord>;
  /** How many of them each device brought first. */
  readonly brought: Map<DeviceId, number>;
  readonly members: Map<DeviceId, MemberRecord>;
  readonly rooms: Map<RoomId, RoomRecord>;
  /** Own ones, the newest of each room. */
  readonly ownEpochs: Map<RoomId, EpochRecord>;
  /** As they were used last; EPOCHS_REMEMBERED at most. */
  readonly epochs: Map<string, EpochRecord>;
  /** The latest time that was seen: the next own entry comes after it. */
  last: Hlc;
}

export class Stage {
  readonly known: Known;
  readonly store: TalkStore;
  readonly chains: Map<string, ChainRecord> = new Map();
  /** New bytes of entries, by id. */
  readonly entries: Map<EntryId, { author: DeviceId; chain: ChainId; seq: number; bytes: Uint8Array }> = new Map();
  readonly proofs: ProofRecord[] = [];
  readonly #members = new Map<DeviceId, MemberRecord>();
  readonly #rooms = new Map<RoomId, RoomRecord>();
  readonly #epochs = new Map<string, EpochRecord>();
  readonly #messages = new Map<EntryId, MessageRecord>();
  /** As they are on disk, for this operation. */
  readonly #loaded = new Map<EntryId, MessageRecord | undefined>();
  readonly #waiting = new Map<string, Map<EntryId, WaitingRecord>>();
  readonly #arrived = new Set<string>();
  #news = new Set<string>();
  #record: PoolRecord | undefined;
  #last: Hlc;

  constructor(known: Known, store: TalkStore) {
    this.known = known;
    this.store = store;
    this.#last = known.last;
  }

  chain(key: string): ChainRecord | undefined {
    return this.chains.get(key) ?? this.known.chains.get(key);
  }

  /** How many chains there are, and how many of them `device` brought first. */
  brought(device: DeviceId): { readonly all: number; readonly by: number } {
    const fresh = [...this.chains].filter(([key]) => !this.known.chains.has(key));
    const by = fresh.filter(([, { broughtBy }]) => broughtBy === device).length;
    return { all: this.known.chains.size + fresh.length, by: (this.known.brought.get(device) ?? 0) + by };
  }

  member(device: DeviceId): MemberRecord | undefined {
    return this.#members.get(device) ?? this.known.members.get(device);
  }

  members(): MemberRecord[] {
    return [...new Map([...this.known.members, ...this.#members]).values()];
  }

  putMember(member: MemberRecord): void {
    const before = this.member(member.device);
    if (before === member) return;
    this.#members.set(member.device, member);
    if (before?.account !== member.account || before.role !== member.role) this.arrived(WAITS.member(member.device));
  }

  room(id: RoomId): RoomRecord | undefined {
    return this.#rooms.get(id) ?? this.known.rooms.get(id);
  }

  rooms(): RoomRecord[] {
    return [...new Map([...this.known.rooms, ...this.#rooms]).values()];
  }

  putRoom(room: RoomRecord): void {
    this.#rooms.set(room.id, room);
  }

  /** A device of this person's. */
  isOwn(device: DeviceId): boolean {
    return device === this.known.self || this.member(device)?.account === this.known.account;
  }

  async epoch(author: DeviceId, room: RoomId, number: number): Promise<EpochRecord | undefined> {
    const key = epochKey(author, room, number);
    const found =
      this.#epochs.get(key) ??
      this.known.epochs.get(key) ??
      (await this.store.epoch(this.known.pool, author, room, number));
    if (found !== undefined) remember(this.known.epochs, key, found, this.#epochs.has(key));
    return found;
  }

  putEpoch(epoch: EpochRecord): void {
    const key = epochKey(epoch.author, epoch.room, epoch.number);
    this.#epochs.set(key, epoch);
    this.arrived(key);
  }

  ownEpoch(room: RoomId): EpochRecord | undefined {
    const staged = [...this.#epochs.values()].findLast(
      (epoch) => epoch.author === this.known.self && epoch.room === room,
    );
    return staged ?? this.known.ownEpochs.get(room);
  }

  /** Before `message` is asked for any of these. */
  async load(ids: readonly EntryId[]): Promise<void> {
    const lacking = [...new Set(ids)].filter((id) => !this.#messages.has(id) && !this.#loaded.has(id));
    if (lacking.length === 0) return;
    for (const id of lacking) this.#loaded.set(id, undefined);
    for (const message of await this.store.messages(this.known.pool, lacking)) this.#loaded.set(message.id, message);
  }

  message(id: EntryId): MessageRecord | undefined {
    return this.#messages.get(id) ?? this.#loaded.get(id);
  }

  putMessage(message: MessageRecord): void {
    const before = this.message(message.id);
    if (before === message) return;
    this.#messages.set(message.id, message);
    this.#last = Math.max(this.#last, message.created);
    const room = this.room(message.room) ?? emptyRoom(message.room, 'zone', []);
    const unread = room.unread + Number(this.#isUnread(room, message)) - Number(this.#isUnread(room, before));
    const lastCreated = Math.max(room.lastCreated, message.created);
    if (unread !== room.unread || lastCreated !== room.lastCreated) this.putRoom({ ...room, unread, lastCreated });
  }

  #isUnread(room: RoomRecord, message: MessageRecord | undefined): boolean {
    return message?.state === 'here' && message.created > room.readTo && !this.isOwn(message.author);
  }

  seen(created: Hlc): void {
    this.#last = Math.max(this.#last, created);
  }

  get last(): Hlc {
    return this.#last;
  }

  setRecord(record: Partial<PoolRecord>): void {
    this.#record = { ...(this.#record ?? this.known.record), ...record };
  }

  wait(on: string, entry: { readonly author: DeviceId; readonly chain: ChainId; readonly seq: number }): void {
    const { author, chain, seq } = entry;
    const waiting = this.#waiting.get(on) ?? new Map<EntryId, WaitingRecord>();
    this.#waiting.set(on, waiting.set(`${author}/${chain}/${seq}`, { on, author, chain, seq }));
  }

  /** What waits for this can be applied. */
  arrived(on: string): void {
    this.#news.add(on);
  }

  /** All that waited for what has arrived since the last call, each once. */
  async woken(): Promise<WaitingRecord[]> {
    const news = [...this.#news];
    this.#news = new Set();
    if (news.length === 0) return [];
    const stored = await this.store.waiting(
      this.known.pool,
      news.filter((on) => !this.#arrived.has(on)),
    );
    for (const { on } of stored) this.#arrived.add(on);
    const staged = news.flatMap((on) => [...(this.#waiting.get(on)?.values() ?? [])]);
    for (const on of news) this.#waiting.delete(on);
    const all = [...stored, ...staged].map((each) => [`${each.author}/${each.chain}/${each.seq}`, each] as const);
    return [...new Map(all).values()];
  }

  /** Atomic; what changed is known from then on. Rejects with a StoreError, and nothing has changed then. */
  async commit(): Promise<Changed> {
    const { known } = this;
    this.#markDoubles();
    const unread = this.rooms().reduce((sum, room) => sum + room.unread, 0);
    if (unread !== known.record.unread) this.setRecord({ unread });
    const changed: Changed = {
      messages: [...this.#messages.values()],
      rooms: [...this.#rooms.values()],
      members: [...this.#members.values()],
    };
    const batch: TalkBatch = {
      ...changed,
      chains: [...this.chains.values()],
      entries: [...this.entries.values()],
      epochs: [...this.#epochs.values()],
      waiting: [...this.#waiting.values()].flatMap((each) => [...each.values()]),
      arrived: [...this.#arrived],
      proofs: this.proofs,
      ...(this.#record === undefined ? {} : { pool: this.#record }),
    };
    const filled = Object.values(batch).some((part) => !Array.isArray(part) || part.length > 0);
    if (filled) await this.store.commit(known.pool, batch);
    for (const [key, chain] of this.chains) {
      if (!known.chains.has(key)) countBrought(known.brought, chain);
      known.chains.set(key, chain);
    }
    for (const member of changed.members) known.members.set(member.device, member);
    for (const room of changed.rooms) known.rooms.set(room.id, room);
    for (const [key, epoch] of this.#epochs) {
      remember(known.epochs, key, epoch, false);
      const newest = known.ownEpochs.get(epoch.room)?.number ?? 0;
      if (epoch.author === known.self && epoch.number > newest) known.ownEpochs.set(epoch.room, epoch);
    }
    known.record = this.#record ?? known.record;
    known.last = this.#last;
    return changed;
  }

  /** Who bears whose name depends on all that bear it. */
  #markDoubles(): void {
    const names = new Set<string>();
    for (const member of this.#members.values()) {
      names.add(nameKey(member));
      const before = this.known.members.get(member.device);
      if (before !== undefined) names.add(nameKey(before));
    }
    if (names.size === 0) return;
    const byName = new Map<string, MemberRecord[]>();
    for (const member of this.members()) {
      const key = nameKey(member);
      if (!names.has(key)) continue;
      const same = byName.get(key) ?? [];
      same.push(member);
      byName.set(key, same);
    }
    for (const same of byName.values()) {
      for (const member of same) {
        const double = member.device === this.known.self ? undefined : doubleOf(member, same);
        if (double !== member.doubleOf) this.#members.set(member.device, { ...member, doubleOf: double });
      }
    }
  }
}

export function countBrought(brought: Map<DeviceId, number>, { broughtBy }: ChainRecord): void {
  if (broughtBy !== undefined) brought.set(broughtBy, (brought.get(broughtBy) ?? 0) + 1);
}

/** Names that look alike are one: whoever borrows a name would use another case, another kind of device, or what cannot be seen. */
const nameKey = ({ name }: MemberRecord): string =>
  name
    .normalize('NFKC')
    .replace(/[\p{Default_Ignorable_Code_Point}\s]/gu, '')
    .toLowerCase();

/** Least recently used goes first. `staged`: not yet on disk, so not to be remembered. */
function remember(epochs: Map<string, EpochRecord>, key: string, epoch: EpochRecord, staged: boolean): void {
  if (staged) return;
  epochs.delete(key);
  epochs.set(key, epoch);
  const [oldest] = epochs.keys();
  if (epochs.size > EPOCHS_REMEMBERED && oldest !== undefined) epochs.delete(oldest);
}
