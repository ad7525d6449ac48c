// What entries do to records, once they are known to be their author's and in their place. An entry that something else is
// missing for waits for that and is applied again when it arrives, so that order does not matter.
import { accountOf } from '../keys/account.ts';
import { epochOf, open, saidIn, unwrapKey } from '../keys/epoch.ts';
import { deviceIdOf, type DeviceKeys } from '../keys/identity.ts';
import { whisperChain } from '../keys/entry.ts';
import {
  definedZone,
  editedMessage,
  emptyRoom,
  filesMessage,
  isFounder,
  isSamePerson,
  profiledMember,
  reactedMessage,
  retractedMessage,
  sealedMessage,
  sortedIds,
  textMessage,
  unknownMember,
  votedMessage,
  type EntryPlace,
} from '../talk/projection.ts';
import { hasSeq } from '../talk/ranges.ts';
import { decodeEntry, encodeEntry, entryId, type DeviceId, type Entry } from '../wire/entry.ts';
import { decodeClear, decodeContent, type ClearBody, type Content } from '../wire/talk.ts';
import { WAITS, chainKey, epochKey, type Stage } from './keeper-stage.ts';
import type { EpochRecord } from './talk-store.ts';

/** Rooms of one pool: zones beyond that are not shown. */
export const ROOMS_MAX = 4096;

/** An entry to be applied. */
export interface Applied {
  readonly place: EntryPlace;
  readonly entry: Entry;
  /** What it says, if that is known already: this device has just written it. */
  readonly content?: Content;
}

export function appliedOf(entry: Entry, content?: Content): Applied {
  const author = deviceIdOf(entry.author);
  const { chain, seq, room, created } = entry;
  const place = { id: entryId(author, chain, seq), author, room, seq, created };
  return content === undefined ? { place, entry } : { place, entry, content };
}

export interface ApplyTools {
  readonly keys: DeviceKeys;
  readonly wallMs: () => number;
}

/** Applies `entries`, and then what waited for what they, or this stage before, brought, as far as the stage may go. */
export async function applyEntries(stage: Stage, entries: readonly Applied[], tools: ApplyTools): Promise<void> {
  if (entries.length > 0) await applyWave(stage, entries, tools);
  // Its retract need not wait any longer, whatever the entry itself may wait for.
  for (const { place, entry } of entries) if (entry.kind === 'content') stage.arrived(place.id);
  for (let woken = await stage.woken(); woken.length > 0; woken = await stage.woken()) {
    const found = await Promise.all(woken.map(({ author, chain, seq }) => readEntry(stage, author, chain, seq)));
    await applyWave(
      stage,
      found.flatMap((entry) => (entry === undefined ? [] : [appliedOf(entry)])),
      tools,
    );
  }
}

/** An entry that is held, as it stands on this stage. */
export async function readEntry(
  stage: Stage,
  author: DeviceId,
  chain: string,
  seq: number,
): Promise<Entry | undefined> {
  const staged = stage.entries.get(entryId(author, chain, seq));
  const stored =
    staged ?? (await stage.store.entries(stage.known.pool, author, chain, { first: seq, last: seq }, 1))[0];
  return stored === undefined ? undefined : decodeEntry(stored.bytes);
}

async function applyWave(stage: Stage, entries: readonly Applied[], tools: ApplyTools): Promise<void> {
  const clear = entries.map((each) => ({ ...each, body: clearBody(each.entry) }));
  for (const { place, entry, body } of clear) if (body?.kind === 'epoch') proveWhisper(stage, place, entry, body);
  const proven = clear.filter(({ place, entry }) => {
    const unproven = stage.chain(chainKey(place.author, entry.chain))?.audience.length === 0;
    if (unproven) stage.wait(WAITS.whisper(place.author, entry.chain), { ...place, chain: entry.chain });
    return !unproven;
  });
  for (const { place, entry } of proven) {
    if (stage.member(place.author) === undefined) stage.putMember(unknownMember(place.author, entry.author));
  }
  for (const { place, entry, body } of proven) {
    if (body?.kind === 'epoch') await applyEpoch(stage, place, entry, body, tools.keys);
    if (body?.kind === 'profile') await applyProfile(stage, place, entry, body, tools.wallMs());
  }
  const contents = proven.filter(({ entry }) => entry.kind === 'content');
  const done = new Set<string>();
  await applyContents(stage, [...contents, ...(await targetsOfRetracts(stage, proven, contents))], done);
  await stage.load(proven.flatMap(({ body }) => (body?.kind === 'vote' ? [body.target] : [])));
  for (const { place, entry, body } of proven) {
    if (body?.kind === 'vote') applyVote(stage, place, entry, body.target);
    if (body?.kind === 'retract') await applyRetract(stage, place, entry, body, done);
    if (body?.kind === 'leave') putOut(stage, place.author);
    if (body?.kind === 'revoke') applyRevoke(stage, place, entry, body.device);
  }
}

const clearBody = ({ kind, body }: Entry): ClearBody | undefined =>
  kind === 'content' || body === undefined ? undefined : decodeClear(kind, body);

/** A whisper's chain bears the hash of who is in it. Their names stand in its epochs. */
function proveWhisper(
  stage: Stage,
  { author }: EntryPlace,
  { chain }: Entry,
  { wraps }: Extract<ClearBody, { kind: 'epoch' }>,
): void {
  const key = chainKey(author, chain);
  const record = stage.chain(key);
  if (record?.audience.length !== 0) return;
  const accounts = sortedIds(wraps.map(({ account }) => account));
  if (whisperChain(stage.known.pool, accounts) !== chain || !isForUs(stage, accounts)) return;
  if (stage.room(chain) === undefined) stage.putRoom(emptyRoom(chain, 'whisper', accounts));
  // What others wrote in the same whisper is proven with it.
  for (const other of [...stage.known.chains.values(), ...stage.chains.values()]) {
    if (other.chain !== chain || other.audience.length !== 0) continue;
    const otherKey = chainKey(other.author, chain);
    stage.chains.set(otherKey, { ...(stage.chain(otherKey) ?? other), audience: accounts });
    stage.arrived(WAITS.whisper(other.author, chain));
  }
}

export const isForUs = ({ known }: Stage, accounts: readonly string[]): boolean =>
  accounts.includes(known.account) || accounts.includes(known.self);

async function applyEpoch(
  stage: Stage,
  { author, room, created }: EntryPlace,
  entry: Entry,
  { number, wraps }: Extract<ClearBody, { kind: 'epoch' }>,
  keys: DeviceKeys,
): Promise<void> {
  if ((await stage.epoch(author, room, number)) !== undefined) return;
  const wrap = wraps.find(({ device }) => device === keys.id);
  const context = { author: entry.author, chain: entry.chain, room, number, device: keys.id };
  const key = wrap === undefined ? undefined : await unwrapKey(keys, context, wrap.sealed);
  const devices = sortedIds(wraps.map(({ device }) => device));
  const accounts = sortedIds(wraps.map(({ account }) => account));
  stage.putEpoch({ author, room, number, created, key, devices, accounts });
}

async function applyProfile(
  stage: Stage,
  place: EntryPlace,
  { author: signKey }: Entry,
  body: Extract<ClearBody, { kind: 'profile' }>,
  wallMs: number,
): Promise<void> {
  const account = (await accountOf(body.account, signKey)) ?? place.author;
  const member = stage.member(place.author) ?? unknownMember(place.author, signKey);
  stage.putMember(profiledMember(member, place, body, account, wallMs));
}

type Opened = Applied & { readonly epoch: EpochRecord; readonly said: Content | 'sealed' | 'unknown' };

/** `done`: ids of those that were applied, and for which nothing is missing. */
async function applyContents(stage: Stage, contents: readonly Applied[], done: Set<string>): Promise<void> {
  const opened = await Promise.all(contents.map((each) => openContent(stage, each)));
  const here = opened.flatMap((each) => each ?? []);
  stage.expect(here.map(({ place }) => place.id));
  await stage.load(here.flatMap((each) => [each.place.id, ...targetOf(each.said)]));
  // Zones first: what is said in one is shown to those it names.
  const zonesFirst = [...here].sort((a, b) => Number(isZone(b.said)) - Number(isZone(a.said)));
  for (const each of zonesFirst) {
    if (!applyContent(stage, each)) continue;
    done.add(each.place.id);
    stage.arrived(each.place.id);
  }
}

const isZone = (said: Opened['said']): boolean => typeof said === 'object' && said.kind === 'zone';

const targetOf = (said: Opened['said']): string[] =>
  typeof said === 'object' && 'target' in said ? [said.target] : [];

/** Undefined: it waits for its epoch, or its body was retracted before it came. */
async function openContent(stage: Stage, applied: Applied): Promise<Opened | undefined> {
  const { place, entry } = applied;
  const number = entry.body === undefined ? undefined : epochOf(entry.body);
  if (entry.body === undefined || number === undefined) return undefined;
  const epoch = await stage.epoch(place.author, place.room, number);
  if (epoch === undefined) {
    stage.wait(epochKey(place.author, place.room, number), { ...place, chain: entry.chain });
    return undefined;
  }
  if (applied.content !== undefined) return { ...applied, epoch, said: applied.content };
  const opened = epoch.key === undefined ? undefined : await open(epoch.key, entry.head, entry.body);
  return { ...applied, epoch, said: opened === undefined ? 'sealed' : (decodeContent(saidIn(opened)) ?? 'unknown') };
}

/** False if it waits for something. */
function applyContent(stage: Stage, { place, entry, epoch, said }: Opened): boolean {
  const waits = (...on: string[]): false => {
    for (const each of on) stage.wait(each, { ...place, chain: entry.chain });
    return false;
  };
  if (!mayWrite(stage, place)) return waits(WAITS.room(place.room), WAITS.member(place.author));
  if (said === 'unknown') return true;
  if (said === 'sealed') {
    if (stage.message(place.id) === undefined) stage.putMessage(sealedMessage(place));
    return true;
  }
  const member = stage.member(place.author);
  switch (said.kind) {
    case 'text': {
      const known = stage.message(place.id);
      const owner = member?.role === 'owner';
      if (known === undefined) stage.putMessage(textMessage(place, said, epoch.accounts, owner));
      else if (known.state === 'here' && said.announcement && owner) stage.putMessage({ ...known, announcement: true });
      // Not `waits`: it is applied, and perhaps once more.
      if (said.announcement && !owner) stage.wait(WAITS.member(place.author), { ...place, chain: entry.chain });
      return true;
    }
    case 'files':
      if (stage.message(place.id) === undefined) stage.putMessage(filesMessage(place, said));
      return true;
    case 'edit':
    case 'reaction': {
      const target = stage.message(said.target);
      if (target === undefined) return waits(said.target);
      if (target.room !== place.room) return true;
      if (said.kind === 'reaction') stage.putMessage(reactedMessage(target, place, said));
      else if (isPersonOf(stage, place.author, target.author))
        stage.putMessage(editedMessage(target, place, said.text));
      else return waits(WAITS.member(place.author), WAITS.member(target.author));
      return true;
    }
    case 'zone': {
      if (place.room !== stage.known.poolRoom) return true;
      const account = member?.account ?? place.author;
      const founder = [place.author, account].find((each) => isFounder(said.zone, each));
      if (founder === undefined) return waits(WAITS.member(place.author));
      const before = stage.room(said.zone);
      if (before === undefined && stage.rooms().length >= ROOMS_MAX) return true;
      stage.putRoom(definedZone(before, place, said, founder));
      stage.arrived(WAITS.room(said.zone));
      return true;
    }
  }
}

/** In the pool's own room everyone; in others those it names or ever named. */
function mayWrite(stage: Stage, { author, room }: EntryPlace): boolean {
  if (room === stage.known.poolRoom) return true;
  const record = stage.room(room);
  const named = record?.definition?.named ?? record?.accounts ?? [];
  return named.includes(author) || named.includes(stage.member(author)?.account ?? author);
}

const isPersonOf = (stage: Stage, one: DeviceId, other: DeviceId): boolean => {
  const [a, b] = [stage.member(one), stage.member(other)];
  return one === other || (a !== undefined && b !== undefined && isSamePerson(a, b));
};

function applyVote(stage: Stage, place: EntryPlace, { chain }: Entry, target: string): void {
  const message = stage.message(target);
  if (message === undefined) stage.wait(target, { ...place, chain });
  else if (message.room === place.room) stage.putMessage(votedMessage(message, place.author));
}

/** Entries that are held and have no record, and that a retract in this wave names: whether they are applied is to be seen. */
async function targetsOfRetracts(
  stage: Stage,
  entries: readonly (Applied & { readonly body: ClearBody | undefined })[],
  contents: readonly Applied[],
): Promise<Applied[]> {
  const retracts = entries.flatMap(({ place, entry, body }) =>
    body?.kind === 'retract' ? [{ author: place.author, chain: entry.chain, seq: body.seq }] : [],
  );
  await stage.load(retracts.map(({ author, chain, seq }) => entryId(author, chain, seq)));
  const inWave = new Set(contents.map(({ place }) => place.id));
  const targets: Applied[] = [];
  for (const { author, chain, seq } of retracts) {
    const id = entryId(author, chain, seq);
    if (stage.message(id) !== undefined || inWave.has(id)) continue;
    if (!hasSeq(stage.chain(chainKey(author, chain))?.ranges ?? [], seq)) continue;
    const entry = await readEntry(stage, author, chain, seq);
    if (entry?.kind === 'content') targets.push(appliedOf(entry));
    inWave.add(id);
  }
  return targets;
}

async function applyRetract(
  stage: Stage,
  place: EntryPlace,
  { chain }: Entry,
  { seq, message: line }: Extract<ClearBody, { kind: 'retract' }>,
  done: ReadonlySet<string>,
): Promise<void> {
  const id = entryId(place.author, chain, seq);
  const entry = await readEntry(stage, place.author, chain, seq);
  if (entry === undefined) {
    stage.wait(id, { ...place, chain });
    return;
  }
  if (entry.kind !== 'content') return;
  const { place: target } = appliedOf(entry);
  const message = stage.message(id);
  if (message !== undefined && (line === true || message.state !== 'sealed')) {
    stage.putMessage(retractedMessage(message, place.seq));
  } else if (message !== undefined) {
    stage.removeMessage(message, place.seq);
  } else if (line !== true && entry.body !== undefined && !done.has(id)) {
    stage.wait(id, { ...place, chain });
    return;
  } else if (!mayWrite(stage, target)) {
    for (const on of [WAITS.room(target.room), WAITS.member(place.author)]) stage.wait(on, { ...place, chain });
  } else if (line === true) {
    // The same line as if it had been read before.
    stage.putMessage(retractedMessage(sealedMessage(target), place.seq));
    stage.arrived(id);
  } else {
    // Whoever could not read it had a line of it.
    stage.sawIn(target.room, target.created);
  }
  if (entry.body === undefined) return;
  const bytes = encodeEntry({ ...entry, body: undefined });
  stage.entries.set(id, { author: place.author, chain, seq, bytes });
}

function applyRevoke(stage: Stage, place: EntryPlace, { chain }: Entry, device: DeviceId): void {
  if (stage.member(device) !== undefined && isPersonOf(stage, place.author, device)) putOut(stage, device);
  else for (const each of [place.author, device]) stage.wait(WAITS.member(each), { ...place, chain });
}

function putOut(stage: Stage, device: DeviceId): void {
  const member = stage.member(device);
  if (member !== undefined && !member.out) stage.putMember({ ...member, out: true });
}
