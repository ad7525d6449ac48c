// What the keeper knows of a pool, and the stage on which one operation changes it: everything is read through the stage, and
// what was changed is written in one batch and only then known.
import { emptyRoom, doubleOf, retractedMessage } from '../talk/projection.ts';
import { lastOf } from '../talk/ranges.ts';
import type { ChainRecord, MemberRecord, MessageRecord, RoomRecord } from '../talk/records.ts';
import type { Changed } from '../talk/ports.ts';
import type { AccountId, ChainId, DeviceId, EntryId, Hlc, RoomId } from '../wire/entry.ts';
import type {
  DueRecord,
  EntryRecord,
  EpochRecord,
  PoolRecord,
  ProofRecord,
  TalkBatch,
  TalkStore,
} from './talk-store.ts';
import type { Waiter, WaitingRecord } from './talk-store.ts';

/** Keys of others' epochs that are remembered: those of the latest hour in the largest pools. */
export const EPOCHS_REMEMBERED = 512;

/** Last entries that are remembered: of everybody who says something in the largest pool, 2 MB at most. */
const TIPS_REMEMBERED = 256;
const TIP_BYTES_MAX = 8192;

/** Entries that waited and that one operation applies: as many as one message brings. */
export const WOKEN_MAX = 512;

/** Logs of one pool of which the proof is kept that they were signed twice; more are stopped at as well. */
export const PROOFS_MAX = 64;

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
  /** The last entry of chains that grew, latest last; TIPS_REMEMBERED at most: the next one is checked against it. */
  readonly tips: Map<string, EntryRecord>;
  /** How many are kept. */
  proofs: number;
  /** What has arrived and more waits for than was applied, and how far that went. */
  due: ReadonlyMap<string, Waiter | undefined>;
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
  readonly #removed = new Set<EntryId>();
  readonly #waiting = new Map<string, Map<EntryId, WaitingRecord>>();
  /** What came to wait on this stage for what has arrived on it since. */
  readonly #ready = new Map<EntryId, WaitingRecord>();
  readonly #woken = new Map<string, WaitingRecord>();
  /** Whether anything on disk waits for it, as far as that was looked up. */
  readonly #awaited = new Map<string, Promise<boolean>>();
  readonly #due: Map<string, Waiter | undefined>;
  readonly #news = new Set<string>();
  #wakesLeft: number;
  #record: PoolRecord | undefined;
  #last: Hlc;

  /** `wokenMax`: entries that waited before and that are applied here. */
  constructor(known: Known, store: TalkStore, wokenMax: number = WOKEN_MAX) {
    this.known = known;
    this.store = store;
    this.#due = new Map(known.due);
    this.#wakesLeft = wokenMax;
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
    if (this.#removed.has(id)) return undefined;
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

  /** It turned out to be none. Until it is read anew it stands as taken back where somebody looks at it. */
  removeMessage(message: MessageRecord, retractSeq: number): void {
    this.putMessage(retractedMessage(message, retractSeq));
    this.#removed.add(message.id);
  }

  /** Something stood in a room at that time. */
  sawIn(id: RoomId, created: Hlc): void {
    const room = this.room(id);
    if (room !== undefined && room.lastCreated < created) this.putRoom({ ...room, lastCreated: created });
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
    for (const [id, each] of this.#waiting.get(on) ?? []) this.#ready.set(id, each);
    this.#waiting.delete(on);
  }

  /** What waited for something that has arrived, each once, as far as this operation may go; none: that was all. */
  async woken(): Promise<WaitingRecord[]> {
    await this.#sortNews();
    const found = new Map(this.#ready);
    this.#ready.clear();
    for (const [on, after] of this.#due) {
      const max = this.#wakesLeft;
      if (max === 0) break;
      const stored = await this.store.waiting(this.known.pool, [on], max, after);
      this.#wakesLeft -= stored.length;
      if (stored.length < max) this.#due.delete(on);
      else this.#due.set(on, stored.at(-1));
      for (const each of stored) {
        const id = `${each.author}/${each.chain}/${each.seq}`;
        // On disk it waits until this is committed.
        if (this.#woken.has(`${on} ${id}`)) continue;
        this.#woken.set(`${on} ${id}`, each);
        found.set(id, each);
      }
    }
    return [...found.values()];
  }

  /** Entries that are about to be applied: whether anything waits for them is looked up beside what else is read. */
  expect(ids: readonly EntryId[]): void {
    const unknown = ids.filter((id) => !this.#awaited.has(id));
    if (unknown.length > 0) this.#lookUp(unknown);
  }

  /** An entry that was made just now: there is nothing on disk that speaks of it. */
  fresh(id: EntryId): void {
    this.#loaded.set(id, undefined);
    this.#awaited.set(id, Promise.resolve(false));
  }

  #lookUp(on: readonly string[]): void {
    const awaited = this.store.awaited(this.known.pool, on).then((found) => new Set(found));
    for (const each of on) {
      const is = awaited.then((found) => found.has(each));
      // Whoever asks is told.
      is.catch(() => undefined);
      this.#awaited.set(each, is);
    }
  }

  /** What has arrived, and somebody waits for, is due from its beginning on. */
  async #sortNews(): Promise<void> {
    const news = [...this.#news];
    this.#news.clear();
    this.expect(news);
    for (const on of news) {
      this.#due.delete(on);
      if (await this.#awaited.get(on)) this.#due.set(on, undefined);
    }
  }

  /** What of `due` is to be put on disk, and what goes there. */
  #dueChanges(): { readonly due: DueRecord[]; readonly drained: string[] } {
    const before = this.known.due;
    const changed = [...this.#due].filter(([on, after]) => !before.has(on) || before.get(on) !== after);
    const drained = [...before.keys()].filter((on) => !this.#due.has(on));
    return { due: changed.map(([on, after]) => ({ on, after: after && placeOf(after) })), drained };
  }

  /** Atomic; what changed is known from then on. Rejects with a StoreError, and nothing has changed then. */
  async commit(): Promise<Changed> {
    const { known } = this;
    await this.#sortNews();
    this.#markDoubles();
    const unread = this.rooms().reduce((sum, room) => sum + room.unread, 0);
    if (unread !== known.record.unread) this.setRecord({ unread });
    const changed: Changed = {
      messages: [...this.#messages.values()],
      rooms: [...this.#rooms.values()],
      members: [...this.#members.values()],
      ...(this.#due.size > 0 ? { due: true } : {}),
    };
    const proofs = this.proofs.slice(0, PROOFS_MAX - known.proofs);
    const batch: TalkBatch = {
      members: changed.members,
      rooms: changed.rooms,
      messages: changed.messages.filter(({ id }) => !this.#removed.has(id)),
      removed: [...this.#removed],
      woken: [...this.#woken.values()],
      ...this.#dueChanges(),
      chains: [...this.chains.values()],
      entries: [...this.entries.values()],
      epochs: [...this.#epochs.values()],
      waiting: [...this.#waiting.values()].flatMap((each) => [...each.values()]),
      proofs,
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
    for (const entry of this.entries.values()) this.#rememberTip(entry);
    known.due = this.#due;
    known.proofs += proofs.length;
    known.record = this.#record ?? known.record;
    known.last = this.#last;
    return changed;
  }

  #rememberTip(entry: EntryRecord): void {
    const { tips, chains } = this.known;
    const key = chainKey(entry.author, entry.chain);
    if (entry.seq !== lastOf(chains.get(key)?.ranges ?? [])) return;
    tips.delete(key);
    if (entry.bytes.length <= TIP_BYTES_MAX) tips.set(key, entry);
    const [oldest] = tips.keys();
    if (tips.size > TIPS_REMEMBERED && oldest !== undefined) tips.delete(oldest);
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

const placeOf = ({ author, chain, seq }: Waiter): Waiter => ({ author, chain, seq });

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
