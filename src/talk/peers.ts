// What is known of each device here while its link stands, all of it bounded; nothing of it outlives the link.
import type { AccountId, ChainId, DeviceId, Hlc, RoomId } from '../wire/entry.ts';
import type { Range } from '../wire/talk-envelope.ts';
import type { ChainKey } from './chains.ts';
import type { TalkOptions } from './options.ts';
import type { MetDevice } from './ports.ts';
import { hasSeq, lastOf, subtract, union, type Ranges } from './ranges.ts';

/** What a peer says it has of a chain. */
export interface Claim {
  readonly ranges: Ranges;
  /** Of its last entry. */
  readonly hash: Uint8Array;
  /** When it last grew. */
  readonly sinceMs: number;
  /** Its last entry has the number of ours and another hash, and was not looked at yet. */
  readonly contradicts: boolean;
}

export interface Want {
  readonly id: number;
  readonly peer: DeviceId;
  readonly key: ChainKey;
  readonly range: Range;
  readonly sentMs: number;
  /** Its answer is with the keeper. */
  taking: boolean;
}

export interface Ask {
  readonly want: number;
  readonly author: DeviceId;
  readonly chain: ChainId;
  readonly range: Range;
}

/** After so many failures in a row a peer rests. */
const FAILURES_MAX = 3;

export class Peer {
  readonly met: MetDevice;
  readonly upAtMs: number;
  readonly claims: Map<ChainKey, Claim> = new Map();
  /** Chains it is to be told of, and since when. */
  readonly untold: Map<ChainKey, number> = new Map();
  tellAtMs: number = Infinity;
  /** Authors that do not reach it: what is new of theirs is told at once. */
  readonly relayed: Set<DeviceId> = new Set();
  /** Its link takes nothing more for now. */
  blocked = false;
  readonly wants: Map<number, Want> = new Map();
  /** Chains of which it has something, to be looked at once it may be asked for more. */
  readonly later: Set<ChainKey> = new Set();
  gaveAtMs = 0;
  failures = 0;
  restUntilMs = 0;
  /** Chains that are not to be had from it. */
  readonly refused: Set<ChainKey> = new Set();
  /** Logs of which it has, or was sent, the proof that they were signed twice; and those of which it is to get it. */
  readonly forks: Set<ChainKey> = new Set();
  readonly forksDue: Set<ChainKey> = new Set();
  strikes = 0;
  problems = 0;
  takingBytes = 0;
  readonly asks: Ask[] = [];
  giving = false;
  /** Rooms whose mark of reading it is to be told. */
  readonly unread: Set<RoomId> = new Set();
  readAtMs: number = Infinity;
  readonly readTo: Map<RoomId, Hlc> = new Map();
  /** Of each own chain, the last entry that arrived there with all before it, and its time. */
  readonly delivered: Map<ChainKey, { readonly seq: number; readonly created: Hlc }> = new Map();
  typedAtMs: number = -Infinity;
  vouches = 0;
  linkAskedAtMs: number = -Infinity;
  /** As it was when chains were last chosen for it. */
  account: AccountId;

  readonly #doubted = new Map<ChainKey, Ranges>();

  constructor(met: MetDevice, account: AccountId, now: number) {
    this.met = met;
    this.account = account;
    this.upAtMs = now;
  }

  get device(): DeviceId {
    return this.met.device;
  }

  claimed(key: ChainKey): Ranges {
    return this.claims.get(key)?.ranges ?? [];
  }

  /** It has these as well. `hash`: of the last of them. */
  has(key: ChainKey, range: Range, hash: Uint8Array, now: number): void {
    const before = this.claims.get(key);
    const ranges = union(before?.ranges ?? [], [range]);
    const newest = before === undefined || range.last >= lastOf(before.ranges);
    const sinceMs = before?.sinceMs ?? now;
    this.claims.set(key, { ranges, hash: newest ? hash : before.hash, sinceMs, contradicts: false });
  }

  /** It said anew what it has of a chain. */
  told(key: ChainKey): void {
    this.#doubted.delete(key);
  }

  /** What it says of itself is believed again where it did not come before: what else came may have made it fit. */
  believe(key: ChainKey): void {
    const doubted = this.#doubted.get(key);
    const claim = this.claims.get(key);
    if (doubted === undefined) return;
    this.#doubted.delete(key);
    if (claim !== undefined) this.claims.set(key, { ...claim, ranges: union(claim.ranges, doubted) });
  }

  /** It turned out not to give these, or not so that they could be kept. */
  lacks(key: ChainKey, range: Range): void {
    const before = this.claims.get(key);
    if (before === undefined) return;
    this.#doubted.set(key, union(this.#doubted.get(key) ?? [], [range]));
    this.claims.set(key, { ...before, ranges: subtract(before.ranges, [range]) });
  }

  refuse(key: ChainKey): void {
    this.#doubted.delete(key);
    this.refused.add(key);
    this.claims.delete(key);
  }

  failed(now: number, { wantMs, restMsMax }: TalkOptions): void {
    this.failures++;
    const over = Math.min(this.failures - FAILURES_MAX, 16);
    if (over >= 0) this.restUntilMs = now + Math.min(restMsMax, wantMs * 2 ** over);
  }
}

export class Peers {
  readonly #peers = new Map<DeviceId, Peer>();
  readonly #strikesMax: number;

  constructor({ strikesMax }: TalkOptions) {
    this.#strikesMax = strikesMax;
  }

  get(device: DeviceId): Peer | undefined {
    return this.#peers.get(device);
  }

  has(device: DeviceId): boolean {
    return this.#peers.has(device);
  }

  put(peer: Peer): void {
    this.#peers.set(peer.device, peer);
  }

  delete(device: DeviceId): void {
    this.#peers.delete(device);
  }

  values(): IterableIterator<Peer> {
    return this.#peers.values();
  }

  /** Listened to at all. */
  heeded(peer: Peer): boolean {
    return peer.strikes < this.#strikesMax;
  }

  /** What it claims is likely to come. */
  trusted(peer: Peer): boolean {
    return this.heeded(peer) && peer.failures < FAILURES_MAX;
  }

  /** What all who are trusted say they have of a chain. */
  claimed(key: ChainKey): Ranges {
    let all: Ranges = [];
    for (const peer of this.#peers.values()) {
      const claim = this.trusted(peer) ? peer.claims.get(key) : undefined;
      if (claim !== undefined) all = union(all, claim.ranges);
    }
    return all;
  }

  holders(key: ChainKey, seq: number): DeviceId[] {
    return [...this.#peers.values()].filter((peer) => hasSeq(peer.claimed(key), seq)).map(({ device }) => device);
  }
}
