// How one entry changes a record. Pure, and so made that the order in which entries come does not matter: what is newest or
// least wins, sets only grow, and a retract is final. Who may say what is the keeper's to decide (src/io/keeper-apply.ts).
import { sha256 } from '@noble/hashes/sha2.js';
import { fromHex, joined, toHex } from '../wire/bytes.ts';
import type { AccountId, DeviceId, EntryId, Hlc, RoomId } from '../wire/entry.ts';
import type { ClearBody, Content } from '../wire/talk.ts';
import type { MemberRecord, MessageRecord, MessageTrail, RoomRecord } from './records.ts';

/** What is known of an entry beside what it says. */
export interface EntryPlace {
  readonly id: EntryId;
  readonly author: DeviceId;
  readonly room: RoomId;
  readonly seq: number;
  readonly created: Hlc;
}

/** Edits that are retracted with their message, reactions and votes that are kept of one: far more than people make. */
export const EDITS_MAX = 256;
export const REACTIONS_MAX = 512;
export const VOTES_MAX = 1024;
/** Accounts that a zone's definitions named, all of them together. */
export const NAMED_MAX = 1024;

/** One whose key is for others. */
export const sealedMessage = (place: EntryPlace): MessageRecord => blank(place, 'sealed');

/** `electorate`: accounts of the author's epoch. `owner`: what the server said of the author. */
export function textMessage(
  place: EntryPlace,
  { text, replyTo, notify, important, announcement }: Extract<Content, { kind: 'text' }>,
  electorate: readonly AccountId[],
  owner: boolean,
): MessageRecord {
  const asksForVotes = important || announcement;
  return {
    ...blank(place, 'here'),
    text,
    replyTo,
    notify,
    important,
    announcement: announcement && owner,
    electorate: asksForVotes ? electorate : [],
  };
}

export function filesMessage(
  place: EntryPlace,
  { files, count, bytes }: Extract<Content, { kind: 'files' }>,
): MessageRecord {
  const text = files.map(({ name }) => name).join('\n');
  return { ...blank(place, 'here'), text, files: { files, count, bytes } };
}

/** By a device of the author's person. The newest text stands; what was shared is what it was. */
export function editedMessage(message: MessageRecord, by: EntryPlace, text: string): MessageRecord {
  if (message.state !== 'here' || message.files !== undefined) return message;
  const before = trailOf(message);
  const { edited = 0 } = message;
  const newer = by.created > edited || (by.created === edited && by.id > (before.edit ?? ''));
  const own = by.author === message.author && !before.edits.includes(by.seq);
  const edits = own ? [...before.edits, by.seq].sort((a, b) => a - b).slice(-EDITS_MAX) : before.edits;
  const trail: MessageTrail = { ...before, edits, ...(newer ? { edit: by.id } : {}) };
  return newer ? { ...message, text, edited: by.created, trail } : { ...message, trail };
}

/** The newest word of each device on each emoji counts. */
export function reactedMessage(
  message: MessageRecord,
  by: EntryPlace,
  { emoji, removed }: { readonly emoji: string; readonly removed: boolean },
): MessageRecord {
  if (message.state === 'retracted') return message;
  const before = trailOf(message);
  const word = { emoji, device: by.author, created: by.created, removed };
  const same = before.reactions.find((each) => each.emoji === emoji && each.device === by.author);
  if (same !== undefined && same.created >= word.created) return message;
  const words = [...before.reactions.filter((each) => each !== same), word].sort(
    (a, b) => a.created - b.created || ordered(a.device, b.device) || ordered(a.emoji, b.emoji),
  );
  const kept = words.slice(-REACTIONS_MAX);
  const reactions = kept.filter((each) => !each.removed).map(({ emoji, device }) => ({ emoji, device }));
  return { ...message, reactions, trail: { ...before, reactions: kept } };
}

export function votedMessage(message: MessageRecord, device: DeviceId): MessageRecord {
  if (message.state === 'retracted' || message.votes.includes(device)) return message;
  return { ...message, votes: [...message.votes, device].sort(ordered).slice(0, VOTES_MAX) };
}

/** Nothing of it is left but that it was said, and whether it is saved. */
export function retractedMessage(message: MessageRecord, retractSeq: number): MessageRecord {
  const seq = Math.min(retractSeq, message.retractSeq ?? retractSeq);
  return { ...blank(message, 'retracted'), retractSeq: seq, saved: message.saved };
}

/** By a device of the founder's person (isFounder). `zone`: as it is known, if it is. */
export function definedZone(
  zone: RoomRecord | undefined,
  by: EntryPlace,
  { zone: id, name, accounts }: Extract<Content, { kind: 'zone' }>,
  founder: AccountId,
): RoomRecord {
  const before = zone?.definition;
  const newer =
    before === undefined || by.created > before.created || (by.created === before.created && by.author > before.author);
  const named = [...new Set([...(before?.named ?? []), ...accounts])].sort(ordered).slice(0, NAMED_MAX);
  const base = zone ?? { ...emptyRoom(id, 'zone', accounts), founder };
  return newer
    ? { ...base, name, accounts: sortedIds(accounts), definition: { created: by.created, author: by.author, named } }
    : { ...base, definition: { ...before, named } };
}

/** A room that nothing was said in yet. */
export const emptyRoom = (id: RoomId, kind: RoomRecord['kind'], accounts: readonly AccountId[]): RoomRecord => ({
  id,
  kind,
  name: '',
  accounts: sortedIds(accounts),
  founder: undefined,
  readTo: 0,
  unread: 0,
  lastCreated: 0,
});

/** A device of which nothing but its key is known. */
export const unknownMember = (device: DeviceId, signKey: Uint8Array): MemberRecord => ({
  device,
  signKey: signKey.slice(),
  agreeKey: undefined,
  name: '',
  kind: '',
  account: device,
  role: 'member',
  metMs: 0,
  verifiedMs: undefined,
  out: false,
  doubleOf: undefined,
});

/** The newest profile counts. `account`: what its certificates prove. */
export function profiledMember(
  member: MemberRecord,
  by: EntryPlace,
  { name, device: kind, agreeKey }: Extract<ClearBody, { kind: 'profile' }>,
  account: AccountId,
  wallMs: number,
): MemberRecord {
  const { profile } = member;
  const older =
    profile !== undefined &&
    (by.created < profile.created || (by.created === profile.created && by.id <= profile.entry));
  if (older) return member;
  const known = { ...member, agreeKey: agreeKey.slice(), account, profile: { entry: by.id, created: by.created } };
  return namedMember(known, name, kind, wallMs);
}

export function namedMember(member: MemberRecord, name: string, kind: string, wallMs: number): MemberRecord {
  if (member.name === name) return member.kind === kind ? member : { ...member, kind };
  return { ...member, name, kind, namedMs: wallMs };
}

/**
 * Whom `member` doubles: a device of somebody else that was met, and that bore the name before. `others`: all that bear it or
 * one that looks like it.
 */
export function doubleOf(member: MemberRecord, others: readonly MemberRecord[]): DeviceId | undefined {
  const doubled = others.filter((other) => {
    const comparable = other.device !== member.device && other.metMs > 0 && other.name !== '';
    return comparable && !isSamePerson(member, other) && isBefore(other, member);
  });
  return doubled.sort((a, b) => (isBefore(a, b) ? -1 : 1))[0]?.device;
}

/** A root's account is its own id, also before its profile is there. */
export const isSamePerson = (
  a: Pick<MemberRecord, 'device' | 'account'>,
  b: Pick<MemberRecord, 'device' | 'account'>,
): boolean => a.account === b.account || a.account === b.device || b.account === a.device || a.device === b.device;

const SALT_BYTES = 8;

/**
 * The id of a zone: `[salt 8][first 8 bytes of SHA-256(label, salt, founder)]`. It names who may change the zone, so that nobody
 * becomes its founder by writing an older definition of it. `salt`: 8 random bytes.
 */
export function zoneRoom(founder: AccountId, salt: Uint8Array): RoomId {
  if (salt.length !== SALT_BYTES) throw new RangeError(`salt: expected ${SALT_BYTES} bytes, got ${salt.length}`);
  const hash = sha256(joined(ZONE_LABEL, salt, fromHex(founder)));
  return toHex(joined(salt, hash.subarray(0, SALT_BYTES)));
}

export function isFounder(zone: RoomId, account: AccountId): boolean {
  return zoneRoom(account, fromHex(zone).subarray(0, SALT_BYTES)) === zone;
}

/** Sorted, each once. */
export const sortedIds = (ids: readonly string[]): string[] => [...new Set(ids)].sort(ordered);

const ZONE_LABEL: Uint8Array = Uint8Array.from('rockpool zone\0', (character) => character.charCodeAt(0));

const ordered = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

/** Known under its name before `other`; of two since the same moment, whichever was met, then the lesser id. */
function isBefore(one: MemberRecord, other: MemberRecord): boolean {
  const [since, otherSince] = [one.namedMs ?? 0, other.namedMs ?? 0];
  if (since !== otherSince) return since < otherSince;
  if (one.metMs > 0 !== other.metMs > 0) return one.metMs > 0;
  return one.device < other.device;
}

const trailOf = ({ trail }: MessageRecord): MessageTrail => trail ?? { edit: undefined, edits: [], reactions: [] };

const blank = (
  { id, author, room, created }: Pick<EntryPlace, 'id' | 'author' | 'room' | 'created'>,
  state: MessageRecord['state'],
): MessageRecord => ({
  id,
  author,
  room,
  created,
  state,
  text: '',
  edited: undefined,
  replyTo: undefined,
  notify: [],
  important: false,
  announcement: false,
  reactions: [],
  votes: [],
  electorate: [],
  retractSeq: undefined,
  saved: false,
});
