// What this device writes: once those who have just come are met and what others still have of its own chain is here, and then pushed to everyone here who may have it.
import type { DeviceId, RoomId } from '../wire/entry.ts';
import { ENTRIES_BYTES_MAX } from '../wire/talk-envelope.ts';
import type { Book } from './book.ts';
import { chainKey, mayHave, type Chain } from './chains.ts';
import type { TalkContext } from './context.ts';
import type { Heads } from './heads.ts';
import type { Intake } from './intake.ts';
import type { Peer } from './peers.ts';
import type { Draft, TalkValues } from './ports.ts';
import { lastOf, hasSeq } from './ranges.ts';
import type { EntryFacts } from './records.ts';

interface Held {
  readonly id: number;
  readonly room: RoomId;
  readonly draft: Draft;
  readonly untilMs: number;
}

export class Writing {
  readonly #context: TalkContext;
  readonly #book: Book;
  readonly #heads: Heads;
  readonly #intake: Intake;
  /** A person's own: as many as they write. */
  readonly #held: Held[] = [];
  /** Devices that are here and not met yet, and until when they are waited for. */
  readonly #expected = new Map<DeviceId, number>();

  constructor(context: TalkContext, book: Book, heads: Heads, intake: Intake) {
    this.#context = context;
    this.#book = book;
    this.#heads = heads;
    this.#intake = intake;
  }

  /** Returns the number of the operation, whose result tells what came of it. */
  write(room: RoomId, draft: Draft): number {
    const id = this.#context.reserve();
    this.#held.push({ id, room, draft, untilMs: this.#context.now() + this.#context.options.ownChainMs });
    this.pump();
    return id;
  }

  expect(device: DeviceId): void {
    this.#expected.set(device, this.#context.now() + this.#context.options.meetMs);
  }

  /** It was met, or is gone. */
  expectNot(device: DeviceId): void {
    this.#expected.delete(device);
  }

  get nextMs(): number {
    const [first] = this.#held;
    return first === undefined ? Infinity : Math.min(first.untilMs, ...this.#expected.values());
  }

  /** Somebody is here who would not be among those that may read what is written now. */
  #isMeeting(): boolean {
    for (const [device, untilMs] of this.#expected) if (this.#context.now() >= untilMs) this.#expected.delete(device);
    return this.#expected.size > 0;
  }

  /** Writes what may be written now, in the order in which it was asked for. */
  pump(): void {
    for (let next = this.#held[0]; next !== undefined; next = this.#held[0]) {
      if (this.#context.now() < next.untilMs && (this.#isMeeting() || this.#isBehind(next.room))) return;
      this.#held.shift();
      const { id, room, draft } = next;
      const done = (value: TalkValues['write']): void => this.#written(value);
      this.#context.keep({ op: 'write', room, draft, nowMs: this.#context.poolMs() }, { done }, id);
    }
  }

  /** Others have more of our own chain than this disk, as after a restored backup: to write now would fork it. */
  #isBehind(room: RoomId): boolean {
    const { chains, peers, self } = this.#context;
    const key = chainKey(self, this.#context.chainOf(room));
    const chain = chains.get(key);
    if (chain?.forked === true) return false;
    return lastOf(peers.claimed(key)) > lastOf(chain?.ranges ?? []);
  }

  #written(value: TalkValues['write']): void {
    this.#intake.grown(value.chains, value.entries);
    this.#book.apply(value, value.entries);
    for (const record of value.chains) {
      const chain = this.#context.chains.get(chainKey(record.author, record.chain));
      if (chain === undefined) continue;
      const entries = value.entries.filter((entry) => entry.chain === chain.chain && entry.author === chain.author);
      for (const peer of this.#context.peers.values()) {
        if (mayHave(chain, peer) && !this.#push(peer, chain, entries)) this.#heads.tellNow(peer, chain);
      }
      this.#heads.grown(chain);
    }
  }

  /** False if not all of it went out: the peer is to be told that it is here. */
  #push(peer: Peer, chain: Chain, entries: readonly EntryFacts[]): boolean {
    const lacking = entries.filter(({ seq }) => !hasSeq(peer.claimed(chain.key), seq));
    for (let at = 0; at < lacking.length;) {
      if (peer.blocked) return false;
      const some: Uint8Array[] = [];
      let bytes = 0;
      for (; at < lacking.length; at++) {
        const entry = lacking[at]?.bytes ?? new Uint8Array(0);
        if (some.length > 0 && bytes + entry.length > ENTRIES_BYTES_MAX) break;
        some.push(entry);
        bytes += entry.length;
      }
      const sent = this.#context.links.send(peer.device, { kind: 'entries', want: 0, entries: some });
      if (sent === 'dropped') return false;
      peer.blocked = sent === 'blocked';
    }
    return true;
  }
}
