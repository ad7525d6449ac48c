// What this device writes: whether it may, the entries that have to come before (who it is, a key for those who may read), and
// the entry itself, each signed and on the stage.
import { newEpochKey, seal, wrapKey, type DrawBytes } from '../keys/epoch.ts';
import { hashEntry, signEntry, whisperChain } from '../keys/entry.ts';
import type { DeviceKeys } from '../keys/identity.ts';
import { nextHlc } from '../talk/hlc.ts';
import { emptyRoom, isFounder, isSamePerson, sortedIds } from '../talk/projection.ts';
import { lastOf, union } from '../talk/ranges.ts';
import type { Draft } from '../talk/ports.ts';
import type { EntryFacts, MemberRecord, MessageRecord, RoomRecord } from '../talk/records.ts';
import { encodeEntry, encodeHeadStart, entryId, parseEntryId, HLC_PER_MS, SHA256_BYTES } from '../wire/entry.ts';
import type { AccountId, Entry, EntryKind, HeadStart, RoomId } from '../wire/entry.ts';
import { cleanName } from '../wire/signaling.ts';
import { ACCOUNTS_MAX, WRAPS_MAX, areShared, encodeClear, encodeContent, isEmoji, isText } from '../wire/talk.ts';
import type { Account, ClearBody, Content } from '../wire/talk.ts';
import { appliedOf, applyEntries, type ApplyTools } from './keeper-apply.ts';
import { chainKey, type Stage } from './keeper-stage.ts';
import type { EpochRecord } from './talk-store.ts';

/** An epoch's key serves for so long, ms. */
export const EPOCH_MS: number = 60 * 60 * 1000;
/** Whoever was not heard of for so long gets no key to the pool's own room, ms. */
export const ROSTER_MS: number = 30 * 24 * 60 * 60 * 1000;
/** A device says anew who it is after so long, ms: those who only hear of it keep it on their rosters. */
export const PROFILE_MS: number = 7 * 24 * 60 * 60 * 1000;

/** Who this device is at the moment. */
export interface Self {
  readonly name: string;
  readonly kind: string;
  readonly account: Account;
  readonly accountId: AccountId;
}

export interface WriteTools extends ApplyTools {
  readonly random: DrawBytes;
  readonly keys: DeviceKeys;
  readonly self: Self;
  /** What the newest profile on this device's chains says; undefined if there is none. */
  readonly told: Pick<Self, 'name' | 'kind' | 'accountId'> | undefined;
  /** Who is in a whisper that was opened and in which nothing was written yet. */
  readonly circle: (room: RoomId) => readonly AccountId[] | undefined;
}

/** Writes and applies; 'refused' if it is not to be. */
export async function writeDraft(
  stage: Stage,
  roomId: RoomId,
  draft: Draft,
  nowMs: number,
  tools: WriteTools,
): Promise<readonly Omit<EntryFacts, 'bytes'>[] | 'refused'> {
  const { known } = stage;
  const room = roomFor(stage, roomId, draft, tools);
  if (known.record.left || room === undefined || isMute(stage, room, draft)) return 'refused';
  const chain = room.kind === 'whisper' ? room.id : known.poolRoom;
  if (stage.chain(chainKey(known.self, chain))?.forked === true) return 'refused';
  const target = 'target' in draft ? draft.target : undefined;
  await stage.load(target === undefined ? [] : [target]);
  const message = target === undefined ? undefined : stage.message(target);
  if (!mayWrite(stage, room, draft, message, tools)) return 'refused';
  const roster = rosterOf(stage, room, nowMs);
  if (room.kind === 'whisper' && !coversAll(stage, room, roster)) return 'refused';
  if (stage.room(room.id) === undefined) stage.putRoom(room);
  const writer = new Writer(stage, room.id, chain, nowMs, tools);
  if (writer.isProfileDue(draft)) await writer.profile();
  switch (draft.kind) {
    case 'profile':
      break;
    case 'text':
    case 'files':
    case 'edit':
    case 'reaction':
      await writer.content(draft, roster);
      break;
    case 'zone':
      await writer.content({ ...draft, accounts: sortedIds([...draft.accounts, known.account]) }, roster);
      break;
    case 'retract':
      // Its edits first: each holds a text of its own.
      for (const seq of message?.trail?.edits ?? []) await writer.clear({ kind: 'retract', seq });
      await writer.clear({ kind: 'retract', seq: parseEntryId(draft.target)?.seq ?? 0, message: true });
      break;
    case 'vote':
    case 'revoke':
      await writer.clear(draft);
      break;
    case 'leave':
      await writer.clear(draft);
      stage.setRecord({ left: true });
      break;
  }
  await applyEntries(
    stage,
    writer.written.map(({ entry, content }) => appliedOf(entry, content)),
    tools,
  );
  return writer.written.map(({ entry, hash }) => {
    const { seq, kind, created } = entry;
    return { author: known.self, chain, seq, kind, created, hash };
  });
}

/** Undefined if there is no such room, or none that this person is in. */
function roomFor({ known }: Stage, id: RoomId, draft: Draft, tools: WriteTools): RoomRecord | undefined {
  const own: readonly Draft['kind'][] = ['zone', 'profile', 'leave', 'revoke'];
  if (own.includes(draft.kind)) return known.rooms.get(known.poolRoom);
  const circle = tools.circle(id);
  const room = known.rooms.get(id) ?? (circle === undefined ? undefined : emptyRoom(id, 'whisper', circle));
  if (room === undefined || room.kind === 'pool') return room;
  return room.accounts.includes(known.account) ? room : undefined;
}

/** A listener reads what is said in the pool's own room, and takes back what it said there before it was one. */
function isMute(stage: Stage, { kind: room }: RoomRecord, { kind }: Draft): boolean {
  const said: readonly Draft['kind'][] = ['text', 'files', 'edit', 'reaction', 'zone'];
  return room === 'pool' && stage.member(stage.known.self)?.role === 'listener' && said.includes(kind);
}

function mayWrite(
  stage: Stage,
  room: RoomRecord,
  draft: Draft,
  target: MessageRecord | undefined,
  { self, keys }: WriteTools,
): boolean {
  const there = target !== undefined && target.room === room.id && target.state !== 'retracted';
  switch (draft.kind) {
    case 'text':
      if (draft.replyTo !== undefined && parseEntryId(draft.replyTo) === undefined) return false;
      return isText(draft.text) && (draft.notify === 'everyone' || areAccounts(draft.notify));
    case 'files':
      return areShared(draft);
    case 'edit':
      if (target?.files !== undefined) return false;
      return there && target.state === 'here' && isText(draft.text) && stage.isOwn(target.author);
    case 'reaction':
      return there && isEmoji(draft.emoji);
    case 'vote':
      return there;
    case 'retract':
      return there && target.author === keys.id;
    case 'zone': {
      if (!isId(draft.zone)) return false;
      const founder = [self.accountId, keys.id].some((account) => isFounder(draft.zone, account));
      return founder && cleanName(draft.name) !== undefined && areAccounts([...draft.accounts, self.accountId]);
    }
    case 'revoke': {
      const [own, other] = [stage.member(keys.id), stage.member(draft.device)];
      return own !== undefined && other !== undefined && isSamePerson(own, other);
    }
    case 'profile':
    case 'leave':
      return true;
  }
}

const isId = (id: string): boolean => /^[0-9a-f]{32}$/.test(id);

const areAccounts = (ids: readonly AccountId[]): boolean => ids.length <= ACCOUNTS_MAX && ids.every(isId);

/** Devices that may read what is written in `room` now, this one among them; WRAPS_MAX at most, most lately met first. */
function rosterOf(stage: Stage, room: RoomRecord, nowMs: number): MemberRecord[] {
  const { self } = stage.known;
  const heardMs = ({ metMs, profile }: MemberRecord): number => Math.max(metMs, (profile?.created ?? 0) / HLC_PER_MS);
  const readers = stage.members().filter((member) => {
    if (member.device === self) return true;
    if (member.out || member.agreeKey === undefined) return false;
    if (room.kind !== 'pool') return room.accounts.includes(member.account) || room.accounts.includes(member.device);
    return heardMs(member) >= nowMs - ROSTER_MS;
  });
  const place = (member: MemberRecord): number => (member.device === self ? Infinity : heardMs(member));
  return readers.sort((a, b) => place(b) - place(a) || (a.device < b.device ? -1 : 1)).slice(0, WRAPS_MAX);
}

/** A whisper's first epoch shows who is in it: somebody of each account must be known. */
function coversAll(stage: Stage, room: RoomRecord, roster: readonly MemberRecord[]): boolean {
  if (stage.ownEpoch(room.id) !== undefined) return true;
  const accounts = sortedIds(roster.map((member) => accountIn(room, member)));
  return whisperChain(stage.known.pool, accounts) === room.id;
}

/** As which of a room's accounts a device reads there. */
const accountIn = (room: Pick<RoomRecord, 'accounts'>, { account, device }: MemberRecord): AccountId =>
  !room.accounts.includes(account) && room.accounts.includes(device) ? device : account;

class Writer {
  readonly written: { readonly entry: Entry; readonly hash: Uint8Array; readonly content?: Content }[] = [];
  readonly #stage: Stage;
  readonly #room: RoomId;
  readonly #chain: RoomId;
  readonly #nowMs: number;
  readonly #tools: WriteTools;

  constructor(stage: Stage, room: RoomId, chain: RoomId, nowMs: number, tools: WriteTools) {
    this.#stage = stage;
    this.#room = room;
    this.#chain = chain;
    this.#nowMs = nowMs;
    this.#tools = tools;
  }

  /** It opens each chain, and is written again when it is not true any more, or long ago. */
  isProfileDue(draft: Draft): boolean {
    const { self, told } = this.#tools;
    if (draft.kind === 'profile' || this.#last === 0 || told === undefined) return true;
    if (told.name !== self.name || told.kind !== self.kind || told.accountId !== self.accountId) return true;
    const created = this.#stage.member(this.#stage.known.self)?.profile?.created ?? 0;
    return created / HLC_PER_MS < this.#nowMs - PROFILE_MS;
  }

  async profile(): Promise<void> {
    const { self, keys } = this.#tools;
    const { name, kind: device, account } = self;
    await this.#clear('profile', { kind: 'profile', name, device, agreeKey: keys.agreeKey, account }, this.#chain);
  }

  clear(body: Exclude<ClearBody, { kind: 'profile' | 'epoch' }>): Promise<void> {
    return this.#clear(body.kind, body, this.#room);
  }

  /** Before it an epoch, where one is due. */
  async content(content: Content, roster: readonly MemberRecord[]): Promise<void> {
    const { random } = this.#tools;
    const epoch = this.#currentEpoch(roster) ?? (await this.#newEpoch(roster));
    if (epoch.key === undefined) throw new Error('epoch: expected a key of its own, got none');
    const head = this.#head('content', this.#room);
    const encoded = encodeHeadStart(head);
    const body = await seal(epoch.key, encoded, epoch.number, encodeContent(content), random);
    await this.#sign(head, body, encoded, content);
  }

  /** Undefined if it is too old, or for others than those who may read now. */
  #currentEpoch(roster: readonly MemberRecord[]): EpochRecord | undefined {
    const epoch = this.#stage.ownEpoch(this.#room);
    if (epoch?.key === undefined || this.#head('content', this.#room).created >= epoch.created + EPOCH_HLC)
      return undefined;
    const devices = sortedIds(roster.map(({ device }) => device));
    return devices.length === epoch.devices.length && devices.every((each, i) => each === epoch.devices[i])
      ? epoch
      : undefined;
  }

  async #newEpoch(roster: readonly MemberRecord[]): Promise<EpochRecord> {
    const { keys, random } = this.#tools;
    const room = this.#stage.room(this.#room) ?? emptyRoom(this.#room, 'pool', []);
    const number = (this.#stage.ownEpoch(this.#room)?.number ?? 0) + 1;
    const key = newEpochKey(random);
    const head = this.#head('epoch', this.#room);
    const wraps = await Promise.all(
      roster.map(async (member) => {
        const { device } = member;
        const context = { author: keys.signKey, chain: this.#chain, room: this.#room, number, device };
        const agreeKey = device === keys.id ? keys.agreeKey : (member.agreeKey ?? keys.agreeKey);
        return { device, account: accountIn(room, member), sealed: await wrapKey(agreeKey, context, key) };
      }),
    );
    await this.#sign(head, encodeClear({ kind: 'epoch', number, wraps }));
    const devices = sortedIds(wraps.map(({ device }) => device));
    const accounts = sortedIds(wraps.map(({ account }) => account));
    const { self } = this.#stage.known;
    const epoch = { author: self, room: this.#room, number, created: head.created, key, devices, accounts };
    this.#stage.putEpoch(epoch);
    return epoch;
  }

  #clear(kind: EntryKind, body: ClearBody, room: RoomId): Promise<void> {
    return this.#sign(this.#head(kind, room), encodeClear(body));
  }

  #head(kind: EntryKind, room: RoomId): HeadStart {
    const { keys } = this.#tools;
    const record = this.#stage.chain(chainKey(keys.id, this.#chain));
    const created = nextHlc(this.#nowMs, this.#stage.last);
    const prev = record?.hash ?? new Uint8Array(SHA256_BYTES);
    return { kind, author: keys.signKey, chain: this.#chain, seq: this.#last + 1, prev, created, room };
  }

  get #last(): number {
    return lastOf(this.#stage.chain(chainKey(this.#tools.keys.id, this.#chain))?.ranges ?? []);
  }

  async #sign(head: HeadStart, body: Uint8Array, encoded?: Uint8Array, content?: Content): Promise<void> {
    const { seq, chain } = head;
    const { id: author } = this.#tools.keys;
    const { known } = this.#stage;
    const entry = await signEntry(this.#tools.keys, head, body, encoded);
    const hash = hashEntry(entry);
    const key = chainKey(author, chain);
    const record = this.#stage.chain(key);
    const ranges = union(record?.ranges ?? [], [{ first: seq, last: seq }]);
    const room = this.#stage.room(chain);
    const audience = chain === known.poolRoom ? 'pool' : (room?.accounts ?? []);
    this.#stage.chains.set(key, { author, chain, audience, forked: false, ...record, ranges, hash });
    const id = entryId(author, chain, seq);
    this.#stage.entries.set(id, { author, chain, seq, bytes: encodeEntry(entry) });
    this.#stage.fresh(id);
    this.#stage.seen(entry.created);
    this.written.push(content === undefined ? { entry, hash } : { entry, hash, content });
  }
}

const EPOCH_HLC: number = EPOCH_MS * HLC_PER_MS;
