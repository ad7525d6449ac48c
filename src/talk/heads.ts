// Who has what: tells peers what is here, soon where it matters and late where it hardly does, and keeps what they tell.
import { HEADS_MAX, HEAD_RANGES_MAX, type Head, type TalkEnvelope } from '../wire/talk-envelope.ts';
import { equalBytes } from '../wire/bytes.ts';
import { chainKey, mayHave, type Chain, type ChainKey } from './chains.ts';
import type { TalkContext } from './context.ts';
import type { Peer } from './peers.ts';
import { covers, lastOf } from './ranges.ts';

export class Heads {
  readonly #context: TalkContext;

  constructor(context: TalkContext) {
    this.#context = context;
  }

  /** All that it may have: its link is new, or turned out to be another person's. */
  tellAll(peer: Peer): void {
    for (const chain of this.#context.chains.values()) this.#owe(peer, chain, -Infinity);
  }

  /** A chain is new or has grown. */
  grown(chain: Chain): void {
    for (const peer of this.#context.peers.values()) this.#owe(peer, chain, this.#context.now());
  }

  /** This peer could not be sent an entry of ours: it hears of it as soon as its link has room. */
  tellNow(peer: Peer, chain: Chain): void {
    this.#owe(peer, chain, -Infinity);
  }

  /** What was to wait because its author would tell it need not wait any longer. */
  hurry(): void {
    for (const peer of this.#context.peers.values()) if (peer.untold.size > 0) peer.tellAtMs = this.#context.now();
  }

  #owe(peer: Peer, chain: Chain, sinceMs: number): void {
    peer.untold.set(chain.key, Math.min(sinceMs, peer.untold.get(chain.key) ?? Infinity));
    peer.tellAtMs = Math.min(peer.tellAtMs, Math.max(sinceMs + this.#delayMs(peer, chain), this.#context.now()));
  }

  #delayMs(peer: Peer, chain: Chain): number {
    const { options, peers, self } = this.#context;
    if (peer.device === chain.author || peer.relayed.has(chain.author)) return options.tellMs;
    if (covers(peer.claimed(chain.key), chain.ranges)) return options.tellIdleMs;
    if (chain.author === self) return options.tellSlowMs;
    // Of two that have it from the author one tells the other, and has told it by the time the other would.
    return peers.has(chain.author) ? options.tellSlowMs * (self < peer.device ? 1 : 2) : options.tellMs;
  }

  /** Tells what is due. */
  tell(peer: Peer): void {
    const { chains, links, self } = this.#context;
    const now = this.#context.now();
    if (now < peer.tellAtMs || peer.blocked || !this.#context.opened()) return;
    let nextMs = Infinity;
    const due: Chain[] = [];
    for (const [key, sinceMs] of peer.untold) {
      const chain = chains.get(key);
      if (chain === undefined || !mayHave(chain, peer)) {
        peer.untold.delete(key);
        continue;
      }
      // Whoever has all of our own chain has it from us, directly or not: there is nothing to tell.
      if (chain.author === self && sinceMs > -Infinity && covers(peer.claimed(key), chain.ranges)) {
        peer.untold.delete(key);
        continue;
      }
      const atMs = sinceMs + this.#delayMs(peer, chain);
      if (atMs <= now) due.push(chain);
      else nextMs = Math.min(nextMs, atMs);
    }
    peer.tellAtMs = nextMs;
    for (let at = 0; at < due.length; at += HEADS_MAX) {
      if (peer.blocked) {
        peer.tellAtMs = now;
        return;
      }
      const some = due.slice(at, at + HEADS_MAX);
      const envelope: TalkEnvelope = { kind: 'heads', heads: some.map((chain) => headOf(chain)) };
      const sent = links.send(peer.device, envelope);
      if (sent === 'dropped') return;
      for (const { key } of some) peer.untold.delete(key);
      peer.blocked = sent === 'blocked';
    }
  }

  /** Returns the chains that are news. */
  heard(peer: Peer, heads: readonly Head[]): ChainKey[] {
    const { chains, options } = this.#context;
    const now = this.#context.now();
    const news: ChainKey[] = [];
    for (const { author, chain, ranges, hash } of heads) {
      const key = chainKey(author, chain);
      const ours = chains.get(key);
      const before = peer.claims.get(key);
      if (peer.refused.has(key)) continue;
      // What is known here is bounded by the keeper, so twice the limit is the most that is remembered.
      if (ours === undefined && before === undefined && peer.claims.size >= options.headsMax) continue;
      const grew = before === undefined || !covers(before.ranges, ranges);
      const same = before !== undefined && equalBytes(before.hash, hash);
      const contradicts = lastOf(ranges) === lastOf(ours?.ranges ?? []) && !equalBytes(hash, ours?.hash ?? hash);
      peer.claims.set(key, {
        ranges,
        hash,
        sinceMs: grew ? now : before.sinceMs,
        contradicts: contradicts && !same && ours?.forked === false,
      });
      peer.told(key);
      news.push(key);
    }
    return news;
  }
}

function headOf({ author, chain, ranges, hash }: Chain): Head {
  return { author, chain, ranges: ranges.slice(-HEAD_RANGES_MAX), hash };
}
