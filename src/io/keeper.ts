// The keeper of one pool's conversation on one device: hashes, signs, seals, checks and stores for the talk machine, one
// operation after the other, and reads for the app. What is known is on disk before anybody hears of it.
import { accountOf, certify, invitationProof } from '../keys/account.ts';
import type { DrawBytes } from '../keys/epoch.ts';
import { poolChain, whisperChain } from '../keys/entry.ts';
import type { DeviceKeys } from '../keys/identity.ts';
import { emptyRoom, namedMember, sortedIds, unknownMember, zoneRoom } from '../talk/projection.ts';
import { lastOf } from '../talk/ranges.ts';
import type { Changed, MetDevice, TalkOp, TalkResult, TalkValues } from '../talk/ports.ts';
import type { EntryFacts, MessageRecord } from '../talk/records.ts';
import { equalBytes } from '../wire/bytes.ts';
import { decodeEntry, entryId, parseEntryId } from '../wire/entry.ts';
import type { AccountId, EntryId, Hlc, RoomId } from '../wire/entry.ts';
import { ENTRIES_BYTES_MAX, ENTRIES_MAX, type ForkProof } from '../wire/talk-envelope.ts';
import { CERTIFICATES_MAX, decodeClear, type Account } from '../wire/talk.ts';
import { appliedOf, applyEntries } from './keeper-apply.ts';
import { evidenceOf } from './keeper-evidence.ts';
import { forkOf, verdictOn } from './keeper-forks.ts';
import { Stage, chainKey, countBrought, type Known } from './keeper-stage.ts';
import { takeEntries } from './keeper-take.ts';
import { writeDraft, type Self } from './keeper-write.ts';
import { StoreError } from './store.ts';
import type { Before, ProofRecord, TalkStore } from './talk-store.ts';

/** Devices that are remembered without a log of theirs: more than meet in one pool in years. */
export const MEMBERS_MAX = 8192;
/** Announcements of a room that are kept in sight: more than anybody reads on entering. */
export const ANNOUNCEMENTS_MAX = 16;
/** Whispers that were opened and in which nothing was written yet. */
const CIRCLES_MAX = 1024;

export interface KeeperSetup {
  /** Normalized code. */
  readonly pool: string;
  readonly keys: DeviceKeys;
  /** A clean name (cleanName of src/wire/signaling.ts). */
  readonly name: string;
  /** browser | terminal | desktop */
  readonly kind: string;
  /** Whose device it is; without, what its newest profile in this pool says, and its own if there is none. */
  readonly account?: Account | undefined;
  readonly store: TalkStore;
  readonly random: DrawBytes;
  /** ms since 1970. */
  readonly wallMs: () => number;
  /** Entries that waited and that one operation applies; WOKEN_MAX if not said. */
  readonly wokenMax?: number;
}

type Told = Pick<Self, 'name' | 'kind' | 'accountId'>;

/** A mistake of ours surfaces as an uncaught error; the conversation goes on. */
function tellBug(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** How an operation ends that is not to be. */
class Refused extends Error {}

export class Keeper {
  readonly #setup: KeeperSetup;
  readonly #known: Known;
  readonly #circles = new Map<RoomId, readonly AccountId[]>();
  #self: Self;
  #told: Told | undefined;
  #invitation: { readonly code: string; readonly untilMs: number } | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(setup: KeeperSetup) {
    const { pool, keys, name, kind, wallMs } = setup;
    this.#setup = setup;
    this.#self = { name, kind, account: { root: keys.signKey, certificates: [] }, accountId: keys.id };
    this.#known = {
      pool,
      poolRoom: poolChain(pool),
      self: keys.id,
      account: keys.id,
      record: { pool, visitedMs: wallMs(), unread: 0, left: false },
      chains: new Map(),
      brought: new Map(),
      members: new Map(),
      rooms: new Map(),
      ownEpochs: new Map(),
      epochs: new Map(),
      tips: new Map(),
      due: new Map(),
      proofs: 0,
      last: 0,
    };
  }

  /** How this device shows whose it is. To be kept with its keys: it holds in every pool. */
  get account(): Account {
    return this.#self.account;
  }

  /** The room of everyone in the pool. */
  get poolRoom(): RoomId {
    return this.#known.poolRoom;
  }

  /** A clean name; the next write tells it, a `profile` at once. */
  rename(name: string): void {
    this.#self = { ...this.#self, name };
  }

  /** The whisper between this person and these others. To be called before something is written in a new one. */
  whisper(accounts: readonly AccountId[]): RoomId {
    const all = sortedIds([...accounts, this.#known.account]);
    const room = whisperChain(this.#known.pool, all);
    this.#circles.delete(room);
    this.#circles.set(room, all);
    const [oldest] = this.#circles.keys();
    if (this.#circles.size > CIRCLES_MAX && oldest !== undefined) this.#circles.delete(oldest);
    return room;
  }

  /** An id for a zone that this person founds. */
  newZone(): RoomId {
    const salt = new Uint8Array(8);
    this.#setup.random(salt);
    return zoneRoom(this.#known.account, salt);
  }

  /** Until then, wall clock, one device that knows `code` is vouched for. */
  invite(code: string, untilMs: number): void {
    this.#invitation = { code, untilMs };
  }

  /** Never rejects: what may fail is a result. Operations are done one after the other, in the order of the calls. */
  perform(op: TalkOp): Promise<TalkResult> {
    const result = this.#queue.then(async (): Promise<TalkResult> => {
      try {
        return { ok: true, value: await this.#perform(op) };
      } catch (error) {
        if (error instanceof Refused) return { ok: false, code: 'refused' };
        if (!(error instanceof StoreError)) tellBug(error);
        return { ok: false, code: 'store-failed' };
      }
    });
    this.#queue = result;
    return result;
  }

  /** Messages of a room, newest first. Rejects with a StoreError, as all that follow. */
  page(room: RoomId, limit: number, before?: Before): Promise<MessageRecord[]> {
    return this.#setup.store.page(this.#known.pool, room, limit, before);
  }

  async message(id: EntryId): Promise<MessageRecord | undefined> {
    return (await this.#setup.store.messages(this.#known.pool, [id]))[0];
  }

  /** The newest announcements of a room, newest first: ANNOUNCEMENTS_MAX at most. */
  announcements(room: RoomId): Promise<MessageRecord[]> {
    return this.#setup.store.announcements(this.#known.pool, room, ANNOUNCEMENTS_MAX);
  }

  /** Of every log that was signed twice. */
  proofs(): Promise<ProofRecord[]> {
    return this.#setup.store.proofs(this.#known.pool);
  }

  #perform(op: TalkOp): Promise<TalkValues[TalkOp['op']]> {
    switch (op.op) {
      case 'open':
        return this.#open();
      case 'met':
        return this.#met(op.met);
      case 'write':
        return this.#write(op);
      case 'take':
        return this.#take(op);
      case 'give':
        return this.#give(op);
      case 'prove':
        return this.#prove(op);
      case 'read':
        return this.#read(op.room, op.created);
      case 'save':
        return this.#change(op.message, ({ saved }) => (saved === op.on ? {} : { saved: op.on }));
      case 'note':
        return this.#change(op.message, ({ noted }) => (noted === true ? {} : { noted: true }));
      case 'evidence':
        return this.#evidence(op.entry);
      case 'wake':
        return this.#wake();
      case 'mark':
        return this.#mark(op);
      case 'vouch':
        return this.#vouch(op.device, op.proof);
      case 'adopt':
        return this.#adopt(op.account);
    }
  }

  async #open(): Promise<TalkValues['open']> {
    const { store, keys, account, wallMs } = this.#setup;
    const known = this.#known;
    const loaded = await store.load(known.pool, keys.id);
    for (const chain of loaded.chains) {
      known.chains.set(chainKey(chain.author, chain.chain), chain);
      countBrought(known.brought, chain);
    }
    for (const member of loaded.members) known.members.set(member.device, member);
    for (const room of loaded.rooms) known.rooms.set(room.id, room);
    for (const epoch of loaded.epochs) known.ownEpochs.set(epoch.room, epoch);
    known.due = new Map(loaded.due.map(({ on, after }) => [on, after]));
    known.record = loaded.pool ?? known.record;
    const proofs = await store.proofs(known.pool);
    known.proofs = proofs.length;
    const lasts = await Promise.all(
      loaded.chains
        .filter(({ author }) => author === keys.id)
        .map((each) => this.#entry(each.chain, lastOf(each.ranges))),
    );
    known.last = Math.max(
      0,
      ...lasts.map((entry) => entry?.created ?? 0),
      ...loaded.rooms.map((room) => room.lastCreated),
    );
    await this.#recall();
    if (account !== undefined) await this.#become(account);
    const stage = this.#stage();
    const own = stage.member(keys.id) ?? { ...unknownMember(keys.id, keys.signKey), metMs: wallMs() };
    const named = namedMember(own, this.#self.name, this.#self.kind, wallMs());
    stage.putMember({ ...named, agreeKey: keys.agreeKey, account: known.account });
    if (stage.room(known.poolRoom) === undefined) stage.putRoom(emptyRoom(known.poolRoom, 'pool', []));
    stage.setRecord({ visitedMs: wallMs() });
    const { due } = await stage.commit();
    return {
      messages: [],
      rooms: [...known.rooms.values()],
      members: [...known.members.values()],
      chains: [...known.chains.values()],
      account: known.account,
      forks: proofs.map(forkOf),
      ...(due === true ? { due } : {}),
    };
  }

  /** What this device's newest profile says, and whose device that makes it. */
  async #recall(): Promise<void> {
    const { keys } = this.#setup;
    const told = parseEntryId(this.#known.members.get(keys.id)?.profile?.entry ?? '');
    const entry = told === undefined ? undefined : await this.#entry(told.chain, told.seq);
    const body = entry?.body === undefined ? undefined : decodeClear('profile', entry.body);
    if (body?.kind !== 'profile') return;
    await this.#become(body.account);
    this.#told = { name: body.name, kind: body.device, accountId: this.#known.account };
  }

  /** False, and nothing changes, if `account` does not name this device. */
  async #become(account: Account): Promise<boolean> {
    const id = await accountOf(account, this.#setup.keys.signKey);
    if (id === undefined) return false;
    this.#self = { ...this.#self, account, accountId: id };
    this.#known.account = id;
    return true;
  }

  async #entry(chain: string, seq: number): Promise<ReturnType<typeof decodeEntry>> {
    const { store, keys, pool } = this.#setup;
    const [found] = await store.entries(pool, keys.id, chain, { first: seq, last: seq }, 1);
    return found === undefined ? undefined : decodeEntry(found.bytes);
  }

  async #met(met: MetDevice): Promise<TalkValues['met']> {
    const stage = this.#stage();
    const { keys, wallMs } = this.#setup;
    const before = stage.member(met.device);
    if (before === undefined && this.#known.members.size >= MEMBERS_MAX) throw new Refused();
    const member = before ?? unknownMember(met.device, met.signKey);
    if (met.device === keys.id) {
      stage.putMember({ ...member, role: met.role });
    } else {
      // What it signed counts more than what the server passed on.
      const told = member.profile === undefined ? { ...member, agreeKey: met.agreeKey.slice() } : member;
      const named = member.profile === undefined ? namedMember(told, met.name, met.kind, wallMs()) : told;
      stage.putMember({ ...named, role: met.role, metMs: wallMs() });
    }
    await applyEntries(stage, [], this.#setup);
    return stage.commit();
  }

  async #write({ room, draft, nowMs }: Extract<TalkOp, { op: 'write' }>): Promise<TalkValues['write']> {
    const stage = this.#stage();
    const { keys, random, wallMs } = this.#setup;
    const circle = (id: RoomId): readonly AccountId[] | undefined => this.#circles.get(id);
    const tools = { keys, random, wallMs, self: this.#self, told: this.#told, circle };
    const facts = await writeDraft(stage, room, draft, nowMs, tools);
    if (facts === 'refused') throw new Refused();
    const changed = await stage.commit();
    if (facts.some(({ kind }) => kind === 'profile')) {
      const { name, kind, accountId } = this.#self;
      this.#told = { name, kind, accountId };
    }
    return { ...changed, entries: withBytes(stage, facts), chains: [...stage.chains.values()] };
  }

  async #take({ from, entries, nowMs }: Extract<TalkOp, { op: 'take' }>): Promise<TalkValues['take']> {
    const stage = this.#stage();
    const owned = this.#ownDevices();
    const taken = await takeEntries(stage, from, entries, nowMs);
    await applyEntries(
      stage,
      taken.entries.map((entry) => appliedOf(entry)),
      this.#setup,
    );
    const changed = await this.#commitCounting(stage, owned);
    const { problems } = taken;
    return {
      ...changed,
      entries: withBytes(stage, taken.facts),
      chains: [...stage.chains.values()],
      problems,
      forks: stage.proofs.map(forkOf),
    };
  }

  async #prove(proof: ForkProof): Promise<TalkValues['prove']> {
    const stage = this.#stage();
    const key = chainKey(proof.author, proof.chain);
    const record = stage.chain(key);
    if (record === undefined || record.forked) return { ...(await stage.commit()), chains: [], problems: [] };
    const verdict = await verdictOn(proof);
    if (verdict.code === 'fork') {
      stage.chains.set(key, { ...record, forked: true });
      stage.proofs.push({ ...proof, seq: verdict.seq });
    }
    const { author, chain } = proof;
    const problems = [{ code: verdict.code, author, chain, seq: verdict.seq }];
    return {
      ...(await stage.commit()),
      chains: [...stage.chains.values()],
      problems,
      forks: stage.proofs.map(forkOf),
    };
  }

  async #give({ author, chain, range }: Extract<TalkOp, { op: 'give' }>): Promise<TalkValues['give']> {
    const entries = await this.#setup.store.entries(this.#known.pool, author, chain, range, ENTRIES_BYTES_MAX);
    return entries.slice(0, ENTRIES_MAX).map(({ bytes }) => bytes);
  }

  async #read(id: RoomId, created: Hlc): Promise<TalkValues['read']> {
    const stage = this.#stage();
    const room = stage.room(id);
    if (room === undefined) throw new Refused();
    if (created > room.readTo) {
      const unread = await this.#unread(id, created);
      stage.putRoom({ ...room, readTo: created, unread });
    }
    return stage.commit();
  }

  /** What a person keeps of a message for themselves. */
  async #change(
    id: EntryId,
    change: (message: MessageRecord) => Pick<Partial<MessageRecord>, 'saved' | 'noted'>,
  ): Promise<Changed> {
    const stage = this.#stage();
    await stage.load([id]);
    const message = stage.message(id);
    if (message === undefined) throw new Refused();
    const changes = change(message);
    stage.putMessage(Object.keys(changes).length === 0 ? message : { ...message, ...changes });
    return stage.commit();
  }

  async #evidence(entry: EntryId): Promise<TalkValues['evidence']> {
    const found = await evidenceOf(this.#stage(), entry);
    if (found === undefined) throw new Refused();
    return found;
  }

  async #wake(): Promise<TalkValues['wake']> {
    const stage = this.#stage();
    const owned = this.#ownDevices();
    await applyEntries(stage, [], this.#setup);
    return this.#commitCounting(stage, owned);
  }

  async #mark({ device, verified, out }: Extract<TalkOp, { op: 'mark' }>): Promise<TalkValues['mark']> {
    const stage = this.#stage();
    const member = stage.member(device);
    if (member === undefined || device === this.#known.self) throw new Refused();
    const verifiedMs = verified ? this.#setup.wallMs() : undefined;
    stage.putMember({
      ...member,
      ...(verified === undefined ? {} : { verifiedMs }),
      ...(out === undefined ? {} : { out }),
    });
    return stage.commit();
  }

  async #vouch(device: string, proof: Uint8Array): Promise<TalkValues['vouch']> {
    const { keys, wallMs } = this.#setup;
    const invitation = this.#invitation;
    const signKey = this.#known.members.get(device)?.signKey;
    if (invitation === undefined || signKey === undefined || invitation.untilMs <= wallMs()) return undefined;
    if (!equalBytes(proof, invitationProof(invitation.code, keys.id, device))) return undefined;
    if (this.#self.account.certificates.length >= CERTIFICATES_MAX) return undefined;
    this.#invitation = undefined;
    return certify(keys, this.#self.account, signKey, wallMs());
  }

  async #adopt(account: Account): Promise<TalkValues['adopt']> {
    const owned = this.#ownDevices();
    const before = this.#self;
    if (!(await this.#become(account))) throw new Refused();
    try {
      const stage = this.#stage();
      const member = stage.member(this.#known.self);
      if (member !== undefined) stage.putMember({ ...member, account: this.#known.account });
      await applyEntries(stage, [], this.#setup);
      return { ...(await this.#commitCounting(stage, owned)), account: this.#known.account };
    } catch (error) {
      this.#self = before;
      this.#known.account = before.accountId;
      throw error;
    }
  }

  /** Whose messages count as unread follows from which devices are this person's; that changes seldom. */
  async #commitCounting(stage: Stage, before: string): Promise<TalkValues['met']> {
    const changed = await stage.commit();
    if (this.#ownDevices() === before) return changed;
    const recount = this.#stage();
    for (const room of recount.rooms()) {
      const unread = await this.#unread(room.id, room.readTo);
      if (unread !== room.unread) recount.putRoom({ ...room, unread });
    }
    const { rooms } = await recount.commit();
    return { ...changed, rooms: [...new Map([...changed.rooms, ...rooms].map((room) => [room.id, room])).values()] };
  }

  #unread(room: RoomId, since: Hlc): Promise<number> {
    return this.#setup.store.unread(this.#known.pool, room, since, this.#ownDevices().split(' '));
  }

  #ownDevices(): string {
    const own = [...this.#known.members.values()].filter(({ account }) => account === this.#known.account);
    return sortedIds([this.#known.self, ...own.map(({ device }) => device)]).join(' ');
  }

  #stage(): Stage {
    return new Stage(this.#known, this.#setup.store, this.#setup.wokenMax);
  }
}

/** As they stand now: what was taken back in the same batch has lost its body. */
function withBytes(stage: Stage, facts: readonly Omit<EntryFacts, 'bytes'>[]): EntryFacts[] {
  return facts.map((each) => {
    const { author, chain, seq } = each;
    return { ...each, bytes: stage.entries.get(entryId(author, chain, seq))?.bytes ?? new Uint8Array(0) };
  });
}
