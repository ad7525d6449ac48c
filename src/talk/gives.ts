// Answers what others want, one piece at a time for each and only while its link has room.
import type { TalkEnvelope } from '../wire/talk-envelope.ts';
import { chainKey, mayHave } from './chains.ts';
import type { TalkContext } from './context.ts';
import type { Heads } from './heads.ts';
import type { Peer } from './peers.ts';

export class Gives {
  readonly #context: TalkContext;
  readonly #heads: Heads;

  constructor(context: TalkContext, heads: Heads) {
    this.#context = context;
    this.#heads = heads;
  }

  wanted(peer: Peer, ask: Extract<TalkEnvelope, { kind: 'want' }>): void {
    if (peer.asks.length >= this.#context.options.asksPerPeerMax) return;
    peer.asks.push(ask);
    this.#notice(peer, ask);
    this.pump(peer);
  }

  /** Whoever asks for what its author, who is here, has just pushed, is not reached by the author. */
  #notice(peer: Peer, { author, chain: id, range }: Extract<TalkEnvelope, { kind: 'want' }>): void {
    const chain = this.#context.chains.get(chainKey(author, id));
    const pushed = chain?.pushed;
    if (chain === undefined || pushed === undefined || pushed.atMs <= peer.upAtMs || author === peer.device) return;
    if (range.first > pushed.seq || range.last < pushed.seq) return;
    peer.relayed.add(author);
    this.#heads.hurry();
  }

  pump(peer: Peer): void {
    if (peer.giving || peer.blocked || !this.#context.opened()) return;
    const ask = peer.asks.shift();
    if (ask === undefined) return;
    const { author, chain: id, range, want } = ask;
    const chain = this.#context.chains.get(chainKey(author, id));
    // It is told at once that there is nothing to wait for.
    if (chain === undefined || !mayHave(chain, peer)) return this.#answer(peer, want, []);
    peer.giving = true;
    const after = (send: () => void): void => {
      peer.giving = false;
      if (this.#context.peers.get(peer.device) === peer) send();
    };
    this.#context.keep(
      { op: 'give', author, chain: id, range },
      {
        done: (entries) => after(() => this.#answer(peer, want, entries)),
        failed: () => after(() => this.pump(peer)),
      },
    );
  }

  #answer(peer: Peer, want: number, entries: readonly Uint8Array[]): void {
    peer.blocked = this.#context.links.send(peer.device, { kind: 'entries', want, entries }) === 'blocked';
    this.pump(peer);
  }
}
