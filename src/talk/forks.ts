// Logs that were signed twice: the proof goes once to each peer that may have the log, so that all who are here stop at it.
import type { ForkProof } from '../wire/talk-envelope.ts';
import { chainKey, mayHave, type ChainKey } from './chains.ts';
import type { TalkContext } from './context.ts';
import type { Intake } from './intake.ts';
import type { Peer } from './peers.ts';

export class Forks {
  readonly #context: TalkContext;
  readonly #intake: Intake;
  /** Options' forksMax of either. */
  readonly #proofs = new Map<ChainKey, ForkProof>();
  /** Of logs of which nothing is here yet. */
  readonly #early = new Map<ChainKey, { readonly proof: ForkProof; readonly from: Peer }>();

  constructor(context: TalkContext, intake: Intake) {
    this.#context = context;
    this.#intake = intake;
  }

  /** Proofs that the keeper has found right. */
  learn(proofs: readonly ForkProof[] = []): void {
    for (const proof of proofs) {
      const key = chainKey(proof.author, proof.chain);
      if (this.#proofs.size >= this.#context.options.forksMax) return;
      this.#proofs.set(key, proof);
      for (const peer of this.#context.peers.values()) peer.forksDue.add(key);
    }
  }

  /** Its link is new, or turned out to be another person's. */
  tellAll(peer: Peer): void {
    for (const key of this.#proofs.keys()) peer.forksDue.add(key);
  }

  tell(peer: Peer): void {
    for (const key of peer.forksDue) {
      const [proof, chain] = [this.#proofs.get(key), this.#context.chains.get(key)];
      if (peer.blocked) return;
      peer.forksDue.delete(key);
      if (proof === undefined || chain === undefined || peer.forks.has(key) || !mayHave(chain, peer)) continue;
      peer.forks.add(key);
      peer.blocked = this.#context.links.send(peer.device, { kind: 'fork', ...proof }) === 'blocked';
    }
  }

  /** One of each log and link counts. Returns the operation that looks at it. */
  heard(peer: Peer, { author, chain, one, other }: ForkProof): number | undefined {
    const key = chainKey(author, chain);
    const { options, peers, chains } = this.#context;
    if (peer.forks.has(key) || peer.forks.size >= options.forksMax || !peers.heeded(peer)) return undefined;
    peer.forks.add(key);
    const proof = { author, chain, one, other };
    if (chains.get(key) !== undefined) return this.#prove(peer, proof);
    if (this.#early.size < options.forksMax) {
      this.#early.set(key, { proof: { ...proof, one: one.slice(), other: other.slice() }, from: peer });
    }
    return undefined;
  }

  /** There may be something now of logs that others spoke of before. */
  look(): void {
    for (const [key, { proof, from }] of this.#early) {
      if (this.#context.chains.get(key) === undefined) continue;
      this.#early.delete(key);
      this.#prove(from, proof);
    }
  }

  #prove(peer: Peer, proof: ForkProof): number | undefined {
    if (this.#context.chains.get(chainKey(proof.author, proof.chain))?.forked === true) return undefined;
    return this.#context.keep(
      { op: 'prove', ...proof },
      {
        done: (value) => {
          this.#intake.proved(peer, value);
          this.learn(value.forks);
        },
        failed: () => this.#context.troubled(),
      },
    );
  }
}
