// Entries that peers bring: handed to the keeper within bounds, and what came of it spread to the other parts.
import { chainKey } from './chains.ts';
import type { Book } from './book.ts';
import type { TalkContext } from './context.ts';
import type { Counts } from './counts.ts';
import type { Heads } from './heads.ts';
import type { Peer, Want } from './peers.ts';
import type { TalkValues } from './ports.ts';
import type { ChainRecord, EntryFacts, Problem } from './records.ts';
import type { Times } from './times.ts';
import type { Wants } from './wants.ts';

export interface IntakeParts {
  readonly book: Book;
  readonly heads: Heads;
  readonly wants: Wants;
  readonly counts: Counts;
  readonly times: Times;
  /** Proofs of logs that were signed twice, as they are found. */
  readonly forked: (proofs: TalkValues['take']['forks']) => void;
}

export class Intake {
  readonly #context: TalkContext;
  readonly #parts: IntakeParts;

  constructor(context: TalkContext, parts: IntakeParts) {
    this.#context = context;
    this.#parts = parts;
  }

  /** Returns the operation that holds their bytes; undefined if they were dropped. */
  entries(peer: Peer, id: number, entries: readonly Uint8Array[]): number | undefined {
    const { options, peers } = this.#context;
    if (!peers.heeded(peer)) return undefined;
    const want = this.#parts.wants.answered(peer, id);
    if (entries.length === 0) {
      if (want !== undefined) this.#finish(peer, want, true);
      return undefined;
    }
    const bytes = entries.reduce((sum, entry) => sum + entry.length, 0);
    // What was asked for is bounded by the wants; the rest must not pile up before the keeper.
    if (want === undefined && peer.takingBytes + bytes > options.takeBytesMax) return undefined;
    if (want === undefined) peer.takingBytes += bytes;
    const release = (): void => {
      if (want === undefined) peer.takingBytes -= bytes;
    };
    return this.#context.keep(
      { op: 'take', from: peer.device, entries, nowMs: this.#context.poolMs() },
      {
        done: (value) => {
          release();
          this.#taken(peer, value, want);
        },
        failed: () => {
          release();
          this.#refused(peer, want);
        },
      },
    );
  }

  #taken(peer: Peer, value: TalkValues['take'], want: Want | undefined): void {
    const { book, heads, counts } = this.#parts;
    this.grown(value.chains, value.entries);
    const now = this.#context.now();
    for (const { author, chain: id, seq, hash } of value.entries) {
      const key = chainKey(author, id);
      peer.has(key, { first: seq, last: seq }, hash, now);
      const chain = this.#context.chains.get(key);
      // It came by itself, from its author.
      if (want === undefined && chain !== undefined && author === peer.device) chain.pushed = { seq, atMs: now };
    }
    counts.took(value.entries);
    book.apply(value, value.entries);
    for (const record of value.chains) {
      const chain = this.#context.chains.get(chainKey(record.author, record.chain));
      if (chain !== undefined) heads.grown(chain);
    }
    this.#parts.forked(value.forks);
    for (const problem of value.problems) this.#problem(peer, problem);
    if (want !== undefined) this.#finish(peer, want, value.problems.length > 0);
  }

  /** A peer's proof that a log was signed twice was looked at. */
  proved(peer: Peer, value: TalkValues['prove']): void {
    this.grown(value.chains, []);
    this.#parts.book.apply(value);
    for (const problem of value.problems) this.#problem(peer, problem);
  }

  /** Chains that stand otherwise than before. */
  grown(records: readonly ChainRecord[], entries: readonly EntryFacts[]): void {
    const { wants, counts, times } = this.#parts;
    const keys = this.#context.chains.changed(records, this.#context.options.historyFirst);
    for (const peer of this.#context.peers.values()) for (const key of keys) peer.believe(key);
    wants.look(keys);
    times.learn(entries);
    counts.touch();
  }

  #finish(peer: Peer, want: Want, bad: boolean): void {
    this.#parts.wants.finish(peer, want, bad);
    this.#parts.counts.touch();
  }

  /** The disk refused: it is tried again later. */
  #refused(peer: Peer, want: Want | undefined): void {
    const { wants } = this.#parts;
    if (want !== undefined) wants.forgo(peer, want);
    wants.trouble();
    this.#context.troubled();
  }

  #problem(peer: Peer, problem: Problem): void {
    const { code, author, chain } = problem;
    const key = author === undefined || chain === undefined ? undefined : chainKey(author, chain);
    switch (code) {
      case 'malformed':
      case 'forged':
        // Nobody passes such a thing on in good faith: whoever keeps its log has checked it.
        peer.strikes++;
        break;
      case 'astray':
      case 'crowded':
        if (key !== undefined) peer.refuse(key);
        break;
      case 'fork':
      case 'future':
      case 'broken':
      case 'store-failed':
        break; // it is the author's doing, or this device's: whoever brought it did right
    }
    if (peer.problems++ >= this.#context.options.problemsMax) return;
    this.#context.emit({ kind: 'problem', problem, from: peer.device, name: this.#context.nameOf(peer.device) });
  }
}
