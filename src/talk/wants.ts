// Fetches what others have and this device lacks: pieces of chains, a few at a time of each peer, spread over all who have
// them; what does not come is asked of another.
import { lastOf, clip, firstOf, hasSeq, subtract, union, type Ranges } from './ranges.ts';
import type { Range } from '../wire/talk-envelope.ts';
import type { ChainKey } from './chains.ts';
import type { TalkContext } from './context.ts';
import type { Peer, Want } from './peers.ts';

export class Wants {
  readonly #context: TalkContext;
  /** Chains of which somebody may have more than is here, to be looked at. */
  readonly #open = new Set<ChainKey>();
  /** Those that wait for their author's push. What waits for a peer stands in its `later`. */
  readonly #pushed = new Set<ChainKey>();
  /** Out, or with the keeper. */
  readonly #asked = new Map<ChainKey, Want[]>();
  #nextId = 1;
  /** When something that waits now may be asked. */
  #againAtMs = Infinity;
  #troubleUntilMs = 0;

  constructor(context: TalkContext) {
    this.#context = context;
  }

  /** Somebody may have more of these. */
  look(keys: Iterable<ChainKey>): void {
    for (const key of keys) this.#open.add(key);
  }

  /** The disk refuses: nothing is fetched for a while. */
  trouble(): void {
    this.#troubleUntilMs = this.#context.now() + this.#context.options.troubleMs;
  }

  get troubled(): boolean {
    return this.#context.now() < this.#troubleUntilMs;
  }

  /** True while more of the chain is on its way, or could be asked for. */
  busy(key: ChainKey): boolean {
    if (this.#open.has(key) || this.#asked.has(key) || this.#pushed.has(key)) return true;
    return [...this.#context.peers.values()].some(({ later }) => later.has(key));
  }

  plan(): void {
    const { peers } = this.#context;
    const now = this.#context.now();
    if (!this.#context.opened()) return;
    if (this.troubled) {
      this.#againAtMs = this.#troubleUntilMs;
      return;
    }
    if (now >= this.#againAtMs) {
      this.look(this.#pushed);
      this.#pushed.clear();
    }
    this.#againAtMs = this.#pushed.size === 0 ? Infinity : this.#againAtMs;
    this.#planOpen();
    for (const peer of peers.values()) {
      for (const key of peer.later) {
        if (!this.#free(peer)) break;
        peer.later.delete(key);
        this.#planChain(key);
      }
      if (peer.later.size > 0 && peer.restUntilMs > now) {
        this.#againAtMs = Math.min(this.#againAtMs, peer.restUntilMs);
      }
    }
  }

  #planOpen(): void {
    for (const key of this.#open) {
      this.#open.delete(key);
      this.#planChain(key);
    }
  }

  #planChain(key: ChainKey): void {
    const { chains, peers, options } = this.#context;
    const chain = chains.get(key);
    if (chain?.forked === true) return;
    this.#lookAtContradictions(key, lastOf(chain?.ranges ?? []));
    const asked = this.#asked.get(key) ?? [];
    if (chain === undefined && asked.length > 0) return;
    let missing: Ranges = [];
    for (const peer of peers.values()) {
      const claimed = peer.claimed(key);
      if (claimed.length === 0 || !peers.heeded(peer)) continue;
      // Of a chain never seen only the newest piece: what it proves says where history begins, not what a peer claims.
      const floor = chain?.floor ?? Math.max(firstOf(claimed.slice(-1)), lastOf(claimed) - options.wantEntriesMax + 1);
      missing = union(missing, clip(claimed, floor, Infinity));
    }
    missing = subtract(missing, chain?.ranges ?? []);
    for (const want of asked) missing = subtract(missing, [want.range]);
    for (let piece = missing[0]; piece !== undefined; piece = missing[0]) {
      const went = this.#ask(key, piece);
      if (went !== undefined && chain === undefined) return;
      // What nobody can be asked for now may have a later part that somebody else has.
      missing = subtract(missing, [went ?? { first: piece.first, last: this.#endOfReach(key, piece) }]);
    }
  }

  /** Up to where the same peers have what they have of the beginning of `piece`. */
  #endOfReach(key: ChainKey, { first, last }: Range): number {
    let end = last;
    for (const peer of this.#context.peers.values()) {
      for (const range of peer.claimed(key)) {
        if (range.first > first) end = Math.min(end, range.first - 1);
        else if (range.last >= first) end = Math.min(end, range.last);
      }
    }
    return end;
  }

  /** Asks one who has its beginning for as much of `piece` as one want may hold. */
  #ask(key: ChainKey, piece: Range): Range | undefined {
    const { peers, options } = this.#context;
    let best: Peer | undefined;
    for (const peer of peers.values()) {
      if (!hasSeq(peer.claimed(key), piece.first)) continue;
      if (this.#waitsForPush(peer, key, piece.first)) continue;
      if (!this.#free(peer)) peer.later.add(key);
      else if (best === undefined || isBefore(peer, best)) best = peer;
    }
    const reach = best?.claimed(key).find(({ first, last }) => first <= piece.first && piece.first <= last);
    if (best === undefined || reach === undefined) return undefined;
    const last = Math.min(piece.last, reach.last, piece.first + options.wantEntriesMax - 1);
    return this.#send(best, key, { first: piece.first, last }) ? { first: piece.first, last } : undefined;
  }

  /** A head with our last number and another hash: one of the two was signed besides the other, or the peer lies. */
  #lookAtContradictions(key: ChainKey, seq: number): void {
    for (const peer of this.#context.peers.values()) {
      const claim = peer.claims.get(key);
      if (claim?.contradicts !== true || lastOf(claim.ranges) !== seq) continue;
      if (!this.#free(peer)) {
        peer.later.add(key);
        continue;
      }
      peer.claims.set(key, { ...claim, contradicts: false });
      this.#send(peer, key, { first: seq, last: seq });
    }
  }

  #send(peer: Peer, key: ChainKey, range: Range): boolean {
    const [author = '', chain = ''] = key.split('/');
    const id = this.#nextId;
    this.#nextId = (id % 0xffff_ffff) + 1;
    const sent = this.#context.links.send(peer.device, { kind: 'want', want: id, author, chain, range });
    if (sent === 'dropped') return false;
    peer.blocked = sent === 'blocked';
    const want: Want = { id, peer: peer.device, key, range, sentMs: this.#context.now(), taking: false };
    peer.wants.set(id, want);
    this.#asked.set(key, [...(this.#asked.get(key) ?? []), want]);
    return true;
  }

  #free(peer: Peer): boolean {
    const { options, peers } = this.#context;
    // After a failure one want at a time shows whether it gives again.
    const most = peer.failures > 0 ? 1 : options.wantsPerPeerMax;
    return peers.heeded(peer) && !peer.blocked && peer.wants.size < most && peer.restUntilMs <= this.#context.now();
  }

  /** Its author is here and has just written it: its own copy is on the way. */
  #waitsForPush(peer: Peer, key: ChainKey, seq: number): boolean {
    const author = this.#context.peers.get(key.split('/')[0] ?? '');
    const claim = peer.claims.get(key);
    if (author === undefined || author === peer || claim === undefined || hasSeq(author.claimed(key), seq))
      return false;
    const untilMs = claim.sinceMs + this.#context.options.pushGraceMs;
    if (untilMs <= this.#context.now()) return false;
    this.#againAtMs = Math.min(this.#againAtMs, untilMs);
    this.#pushed.add(key);
    return true;
  }

  /** An answer came; it is with the keeper until `finish`. Undefined: nobody asked, or it is too late. */
  answered(peer: Peer, id: number): Want | undefined {
    const want = peer.wants.get(id);
    if (want === undefined || want.taking) return undefined;
    peer.gaveAtMs = this.#context.now();
    want.taking = true;
    return want;
  }

  /**
   * What came of it is known. What did not come is not asked of that peer again before it says anew that it has it, or more of
   * the chain is here. `bad`: nothing was given, or what ought not to be.
   */
  finish(peer: Peer, want: Want, bad: boolean): void {
    this.#forget(peer, want);
    const chain = this.#context.chains.get(want.key);
    const held = clip(chain?.ranges ?? [], want.range.first, want.range.last);
    const first = held.length === 0 ? want.range.last + 1 : firstOf(held);
    if (first === want.range.first || chain?.forked === true) {
      peer.failures = 0;
      return;
    }
    peer.lacks(want.key, { first: want.range.first, last: first - 1 });
    if (bad) peer.failed(this.#context.now(), this.#context.options);
  }

  /** It is open again, whatever came: this device could not keep it. */
  forgo(peer: Peer, want: Want): void {
    this.#forget(peer, want);
  }

  #forget(peer: Peer, want: Want): void {
    peer.wants.delete(want.id);
    const rest = (this.#asked.get(want.key) ?? []).filter((other) => other !== want);
    if (rest.length === 0) this.#asked.delete(want.key);
    else this.#asked.set(want.key, rest);
    this.#open.add(want.key);
  }

  peerDown(peer: Peer): void {
    for (const want of peer.wants.values()) this.#forget(peer, want);
  }

  timeout(): void {
    const { peers, options } = this.#context;
    const now = this.#context.now();
    for (const peer of peers.values()) {
      if (this.#deadlineMs(peer) > now) continue;
      for (const want of peer.wants.values()) if (!want.taking) this.#forget(peer, want);
      peer.failed(now, options);
    }
  }

  /** A peer that answers one want has not forgotten the others. */
  #deadlineMs(peer: Peer): number {
    let sentMs = Infinity;
    for (const want of peer.wants.values()) if (!want.taking) sentMs = Math.min(sentMs, want.sentMs);
    return Math.max(sentMs, peer.gaveAtMs) + this.#context.options.wantMs;
  }

  get nextMs(): number {
    let nextMs = this.#againAtMs;
    for (const peer of this.#context.peers.values()) nextMs = Math.min(nextMs, this.#deadlineMs(peer));
    return nextMs;
  }
}

/** Whom to ask first: one that did not fail, and that has the least to answer. */
function isBefore(one: Peer, other: Peer): boolean {
  if (one.failures !== other.failures) return one.failures < other.failures;
  return one.wants.size < other.wants.size;
}
