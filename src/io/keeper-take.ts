// Entries that others brought: decoded, bounded, and taken only where they are their author's, of this pool, and fit what is
// held of their chain.
import { accountOf } from '../keys/account.ts';
import { epochOf } from '../keys/epoch.ts';
import { hashEntry, verifyEntry, whisperChain } from '../keys/entry.ts';
import { deviceIdOf, isAgreeKey } from '../keys/identity.ts';
import { isFuture } from '../talk/hlc.ts';
import { sortedIds } from '../talk/projection.ts';
import { clip, lastOf, rangesCount, subtract, union } from '../talk/ranges.ts';
import type { ChainRecord, EntryFacts, Problem, ProblemCode } from '../talk/records.ts';
import { equalBytes } from '../wire/bytes.ts';
import { decodeEntry, encodeEntry, entryId, type DeviceId, type Entry } from '../wire/entry.ts';
import { decodeClear } from '../wire/talk.ts';
import { isForUs } from './keeper-apply.ts';
import { chainKey, type Stage } from './keeper-stage.ts';
import type { EntryRecord } from './talk-store.ts';

/** Chains of one pool, and those of them that one device may bring first: room for the largest pool, and no more for a flood. */
export const CHAINS_MAX = 4096;
export const CHAINS_PER_INTRODUCER_MAX = 256;
/** Pieces that a chain may lie in here: what would make more waits until some are joined. */
export const RANGES_MAX = 64;
/** Entries of a whisper's chain that are kept before one of them shows who is in it: what is fetched of it at first. */
export const UNPROVEN_ENTRIES_MAX = 512;
/** Entries of an author that wait for one of their own, and among which its retract is looked for: more than edits are kept. */
const RETRACTS_MAX = 1024;
/** Entries of a chain that are looked up at a time, bytes. */
const LOOK_UP_BYTES = 1024 * 1024;

export interface Taken {
  readonly entries: readonly Entry[];
  readonly facts: readonly Omit<EntryFacts, 'bytes'>[];
  readonly problems: readonly Problem[];
}

interface Read {
  readonly author: DeviceId;
  readonly entry: Entry;
}

/** Puts what is taken on the stage, ranges and bytes; nothing of it is applied yet. */
export async function takeEntries(
  stage: Stage,
  from: DeviceId,
  entries: readonly Uint8Array[],
  nowMs: number,
): Promise<Taken> {
  const problems: Problem[] = [];
  const problem = (code: ProblemCode, { author, entry }: Partial<Read> = {}): void => {
    problems.push({ code, author, chain: entry?.chain, seq: entry?.seq });
  };
  const groups = new Map<string, Read[]>();
  for (const bytes of entries) {
    const entry = decodeEntry(bytes);
    if (entry === undefined) {
      problem('malformed');
      continue;
    }
    const read = { author: deviceIdOf(entry.author), entry };
    const flaw = flawOf(stage, entry, nowMs);
    if (flaw !== undefined) {
      problem(flaw, read);
      continue;
    }
    const key = chainKey(read.author, entry.chain);
    const group = groups.get(key) ?? [];
    group.push(read);
    groups.set(key, group);
  }
  const taken: Entry[] = [];
  const facts: Omit<EntryFacts, 'bytes'>[] = [];
  for (const [key, group] of groups) {
    const record = stage.chain(key);
    if (record?.forked === true) continue;
    const [first] = group;
    const refusal = record === undefined ? refusalOf(stage, from, first) : undefined;
    if (refusal !== undefined || isAstray(stage, record, group)) {
      problem(refusal ?? 'astray', first);
      continue;
    }
    const accepted = await new Growth(stage, key, record, group, from, problem).accept();
    taken.push(...accepted.map(({ entry }) => entry));
    for (const { entry, author, hash } of accepted) {
      const { chain, seq, kind, created } = entry;
      facts.push({ author, chain, seq, kind, created, hash });
    }
  }
  return { entries: taken, facts, problems };
}

/** What is wrong with an entry whatever else is known; its signature is not looked at yet. */
function flawOf({ known }: Stage, { kind, chain, room, body, created }: Entry, nowMs: number): ProblemCode | undefined {
  if (isFuture(created, nowMs)) return 'future';
  if (chain !== known.poolRoom && room !== chain) return 'malformed';
  if (kind === 'content') return body !== undefined && epochOf(body) === undefined ? 'malformed' : undefined;
  return body === undefined || decodeClear(kind, body) === undefined ? 'malformed' : undefined;
}

/** The same of a profile: points and certificates take long to check, so only what is signed comes here. */
async function flawOfProfile({ kind, body, author }: Entry): Promise<ProblemCode | undefined> {
  const said = kind === 'profile' && body !== undefined ? decodeClear(kind, body) : undefined;
  if (said?.kind !== 'profile') return undefined;
  if (!isAgreeKey(said.agreeKey)) return 'malformed';
  return (await accountOf(said.account, author)) === undefined ? 'forged' : undefined;
}

/** Of a chain that is new here. */
function refusalOf(stage: Stage, from: DeviceId, first: Read | undefined): ProblemCode | undefined {
  if (first?.author === stage.known.self) return undefined;
  const { all, by } = stage.brought(from);
  return all >= CHAINS_MAX || by >= CHAINS_PER_INTRODUCER_MAX ? 'crowded' : undefined;
}

/** A whisper of others, or one that has not shown for too long whose it is. */
function isAstray(stage: Stage, record: ChainRecord | undefined, group: readonly Read[]): boolean {
  const chain = group[0]?.entry.chain ?? '';
  if (chain === stage.known.poolRoom || (record !== undefined && record.audience.length > 0)) return false;
  if (stage.room(chain)?.kind === 'whisper') return false;
  const circles = group.flatMap(({ entry }) => {
    const said = entry.kind === 'epoch' && entry.body !== undefined ? decodeClear('epoch', entry.body) : undefined;
    if (said?.kind !== 'epoch') return [];
    const accounts = sortedIds(said.wraps.map(({ account }) => account));
    return whisperChain(stage.known.pool, accounts) === chain ? [accounts] : [];
  });
  if (circles.length > 0) return !circles.some((accounts) => isForUs(stage, accounts));
  return rangesCount(record?.ranges ?? []) + group.length > UNPROVEN_ENTRIES_MAX;
}

type Accepted = Read & { readonly hash: Uint8Array };

/** One chain, and what of it was brought. */
class Growth {
  readonly #stage: Stage;
  readonly #key: string;
  readonly #record: ChainRecord | undefined;
  readonly #group: readonly Read[];
  readonly #from: DeviceId;
  readonly #problem: (code: ProblemCode, read: Read) => void;
  /** Entries that are held and beside which, or in whose place, something was brought. */
  readonly #held = new Map<number, Entry>();
  readonly #accepted: Accepted[] = [];

  constructor(
    stage: Stage,
    key: string,
    record: ChainRecord | undefined,
    group: readonly Read[],
    from: DeviceId,
    problem: (code: ProblemCode, read: Read) => void,
  ) {
    this.#stage = stage;
    this.#key = key;
    this.#record = record;
    this.#group = [...group].sort((a, b) => a.entry.seq - b.entry.seq);
    this.#from = from;
    this.#problem = problem;
  }

  async accept(): Promise<readonly Accepted[]> {
    await this.#lookUp();
    const fresh = await this.#retractedOrWhole(await this.#verified());
    for (const read of fresh) {
      const verdict = this.#add(read);
      if (verdict === 'fork') {
        this.#put(true);
        this.#problem('fork', read);
        return this.#accepted;
      }
      if (verdict === 'broken') this.#problem('broken', read);
    }
    if (this.#accepted.length === 0) return [];
    if (!this.#put(false)) {
      for (const read of this.#accepted.slice(0, 1)) this.#problem('crowded', read);
      return [];
    }
    return this.#accepted;
  }

  /** Reads what is held in the places of what came, and beside them. */
  async #lookUp(): Promise<void> {
    const ranges = this.#record?.ranges ?? [];
    const [first] = this.#group;
    if (first === undefined || ranges.length === 0) return;
    const { author, entry } = first;
    const beside = this.#group.map(({ entry: { seq } }) => ({ first: Math.max(1, seq - 1), last: seq + 1 }));
    const tip = this.#stage.known.tips.get(this.#key);
    if (tip !== undefined) this.#hold(tip);
    const known = tip === undefined ? [] : [{ first: tip.seq, last: tip.seq }];
    const here = union(beside, []).flatMap((range) => clip(ranges, range.first, range.last));
    const wanted = subtract(here, known);
    for (const { first, last } of wanted) {
      for (let at = first; at <= last;) {
        const range = { first: at, last };
        const found = await this.#stage.store.entries(
          this.#stage.known.pool,
          author,
          entry.chain,
          range,
          LOOK_UP_BYTES,
        );
        for (const each of found) this.#hold(each);
        const reached = found.at(-1)?.seq;
        if (reached === undefined) break;
        at = reached + 1;
      }
    }
  }

  #hold({ seq, bytes }: EntryRecord): void {
    const held = decodeEntry(bytes);
    if (held !== undefined) this.#held.set(seq, held);
  }

  /** What is not known yet and is its author's, ascending. */
  async #verified(): Promise<Read[]> {
    const fresh: Read[] = [];
    for (const read of this.#group) {
      const { entry } = read;
      const same = ({ head }: Entry): boolean => equalBytes(head, entry.head);
      const held = this.#held.get(entry.seq);
      if (held !== undefined && same(held)) continue;
      // Once without its body and once with it: the whole one counts.
      const twin = fresh.findLastIndex((other) => other.entry.seq === entry.seq && same(other.entry));
      if (twin < 0) fresh.push(read);
      else if (fresh[twin]?.entry.body === undefined) fresh[twin] = read;
    }
    // Each on its own, though the last of a row covers the rest by its hashes: whether one is taken must not depend on
    // what it came with.
    const valid = await Promise.all(fresh.map(({ entry }) => verifyEntry(entry)));
    const verified: Read[] = [];
    for (const [i, read] of fresh.entries()) {
      const flaw = valid[i] === true ? await flawOfProfile(read.entry) : 'forged';
      if (flaw === undefined) verified.push(read);
      else this.#problem(flaw, read);
    }
    return verified;
  }

  /** Without those whose body is missing though nothing says that it was retracted: whoever left it out may be alone in that. */
  async #retractedOrWhole(verified: readonly Read[]): Promise<Read[]> {
    const bare = verified.filter(({ entry }) => entry.body === undefined);
    if (bare.length === 0) return [...verified];
    const retracted = new Set(verified.map(({ entry }) => retractOf(entry)));
    const { store, known } = this.#stage;
    for (const { author, entry } of bare) {
      if (retracted.has(entry.seq)) continue;
      const { chain } = entry;
      // Of its own chain, where its retract stands: from the beginning of that on, and not what others wrote about it.
      const on = [entryId(author, chain, entry.seq)];
      for (const each of await store.waiting(known.pool, on, RETRACTS_MAX, { author, chain, seq: 0 })) {
        if (each.author !== author || each.chain !== chain) break;
        const [found] = await store.entries(known.pool, author, chain, { first: each.seq, last: each.seq }, 1);
        const waiting = found && decodeEntry(found.bytes);
        if (waiting !== undefined) retracted.add(retractOf(waiting));
      }
    }
    return verified.filter(({ entry }) => entry.body !== undefined || retracted.has(entry.seq));
  }

  #add(read: Read): 'accepted' | 'broken' | 'fork' {
    const { author, entry } = read;
    const before = this.#held.get(entry.seq - 1);
    const after = this.#held.get(entry.seq + 1);
    const inPlace = this.#held.get(entry.seq);
    const hash = hashEntry(entry);
    const fork = (one: Entry, other: Entry): 'fork' => {
      const { chain, seq } = one;
      this.#stage.proofs.push({ author, chain, seq, one: encodeEntry(one), other: encodeEntry(other) });
      return 'fork';
    };
    if (inPlace !== undefined) return fork(inPlace, entry);
    if (before !== undefined && !equalBytes(entry.prev, hashEntry(before))) return fork(before, entry);
    if (after !== undefined && !equalBytes(after.prev, hash)) return fork(entry, after);
    if (before !== undefined && before.created >= entry.created) return 'broken';
    if (after !== undefined && after.created <= entry.created) return 'broken';
    this.#held.set(entry.seq, entry);
    this.#accepted.push({ ...read, hash });
    return 'accepted';
  }

  /** False if the chain would lie in too many pieces. */
  #put(forked: boolean): boolean {
    const seqs = this.#accepted.map(({ entry: { seq } }) => ({ first: seq, last: seq }));
    const ranges = union(this.#record?.ranges ?? [], seqs);
    const [first] = this.#group;
    if (first === undefined || ranges.length === 0 || (ranges.length > RANGES_MAX && !forked)) return false;
    const { chain } = first.entry;
    const last = this.#accepted.find(({ entry }) => entry.seq === lastOf(ranges));
    const { poolRoom } = this.#stage.known;
    const room = this.#stage.room(chain);
    const base = this.#record ?? {
      author: first.author,
      chain,
      audience: chain === poolRoom ? ('pool' as const) : room?.kind === 'whisper' ? room.accounts : [],
      broughtBy: first.author === this.#stage.known.self ? undefined : this.#from,
      hash: new Uint8Array(0),
    };
    this.#stage.chains.set(this.#key, { ...base, ranges, hash: last?.hash ?? base.hash, forked });
    for (const { author, entry } of this.#accepted) {
      const id = entryId(author, chain, entry.seq);
      this.#stage.entries.set(id, { author, chain, seq: entry.seq, bytes: encodeEntry(entry) });
      this.#stage.seen(entry.created);
    }
    return true;
  }
}

/** The number of the entry that it retracts; undefined if it is no retract. */
function retractOf({ kind, body }: Entry): number | undefined {
  const said = kind === 'retract' && body !== undefined ? decodeClear(kind, body) : undefined;
  return said?.kind === 'retract' ? said.seq : undefined;
}
