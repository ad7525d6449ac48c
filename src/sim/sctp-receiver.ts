// The receiving end of one SCTP direction: which parts are there, when to say so (RFC 9260 6.2), what to skip (RFC 3758),
// and messages put together.
import { Alarm, type VirtualClock } from './clock.ts';
import type { Message, Parts } from './sctp-parts.ts';
import type { SctpProfile } from './sctp.ts';

/** Packets between acknowledgements. */
const SACK_PACKETS = 2;

/** An acknowledgement. */
export interface Sack {
  /** All up to here are there or skipped. */
  readonly cumulative: number;
  /** First and last numbers of runs that are there beyond: [first, last, first, last ...]. */
  readonly blocks: readonly number[];
  /** Bytes that may be on the way. */
  readonly windowBytes: number;
}

const NO_BLOCKS: readonly number[] = [];

export class Receiver {
  readonly #parts: Parts;
  readonly #profile: SctpProfile;
  readonly #reliable: boolean;
  readonly #receive: (message: Uint8Array) => void;
  readonly #say: (sack: Sack) => void;
  readonly #clock: VirtualClock;
  readonly #sackLater: Alarm;
  #cumulative = 0;
  /** All runs beyond, in order, not only those that fit an acknowledgement. */
  readonly #blocks: number[] = [];
  #heldBytes = 0;
  #unsaidPackets = 0;
  #seen = false;
  #nextOrder = 0;
  /** Of a reliable channel: whole messages that came before their turn. */
  readonly #early = new Map<number, Uint8Array>();

  /** `say` sends an acknowledgement on its way. */
  constructor(
    clock: VirtualClock,
    parts: Parts,
    profile: SctpProfile,
    reliable: boolean,
    receive: (message: Uint8Array) => void,
    say: (sack: Sack) => void,
  ) {
    this.#clock = clock;
    this.#parts = parts;
    this.#profile = profile;
    this.#reliable = reliable;
    this.#receive = receive;
    this.#say = say;
    this.#sackLater = new Alarm(clock, () => this.#sack());
  }

  /** A packet with `count` parts from `first` on. */
  onPacket(first: number, count: number): void {
    const whole: Message[] = [];
    let known = false;
    for (let number = first; number < first + count; number++) {
      if (!this.#add(number)) {
        known = true;
        continue;
      }
      const message = this.#parts.messageOf(number);
      if (message === undefined) continue;
      const payload = this.#parts.payloadOf(number);
      message.missingBytes -= payload;
      if (!message.abandoned) this.#heldBytes += payload;
      if (message.missingBytes === 0) whole.push(message);
    }
    // The first packet, gaps and packets that were there already are told at once.
    const atOnce = !this.#seen || known || this.#blocks.length > 0;
    this.#seen = true;
    if (++this.#unsaidPackets >= SACK_PACKETS || atOnce) this.#sack();
    else this.#sackLater.set(this.#clock.now + this.#profile.sackDelayMs);
    for (const message of whole) this.#complete(message);
  }

  /** Everything up to `point` is there or never comes. */
  onSkip(point: number): void {
    if (point > this.#cumulative) {
      this.#cumulative = point;
      let passed = 0;
      while (passed < this.#blocks.length && (this.#blocks[passed] ?? 0) <= this.#cumulative + 1) {
        this.#cumulative = Math.max(this.#cumulative, this.#blocks[passed + 1] ?? 0);
        passed += 2;
      }
      this.#blocks.splice(0, passed);
    }
    this.#sack();
  }

  /** The acknowledgement that is owed, if one is: it goes along with a packet that goes that way anyway. */
  takeSack(): Sack | undefined {
    return this.#unsaidPackets > 0 ? this.#next() : undefined;
  }

  /** A message was given up: what is held of it is not any more. */
  onAbandoned(message: Message): void {
    this.#heldBytes -= message.bytes.length - message.missingBytes;
  }

  close(): void {
    this.#sackLater.clear();
  }

  #sack(): void {
    this.#say(this.#next());
  }

  #next(): Sack {
    this.#unsaidPackets = 0;
    this.#sackLater.clear();
    const { gapBlocksMax, receiveWindowBytes } = this.#profile;
    return {
      cumulative: this.#cumulative,
      blocks: this.#blocks.length === 0 ? NO_BLOCKS : this.#blocks.slice(0, 2 * gapBlocksMax),
      windowBytes: Math.max(0, receiveWindowBytes - this.#heldBytes),
    };
  }

  /** False if it was there or skipped already. */
  #add(number: number): boolean {
    const blocks = this.#blocks;
    if (number <= this.#cumulative) return false;
    if (number === this.#cumulative + 1) {
      this.#cumulative = number;
      if (blocks[0] === number + 1) {
        this.#cumulative = blocks[1] ?? number;
        blocks.splice(0, 2);
      }
      return true;
    }
    // The first run that ends just before it or later; mostly there is none, or it is the last.
    const at = this.#runFrom(number - 1);
    const first = blocks[at];
    const last = blocks[at + 1];
    if (first === undefined || last === undefined || number < first - 1) {
      blocks.splice(at, 0, number, number);
      return true;
    }
    if (number === first - 1) {
      blocks[at] = number;
      return true;
    }
    if (number <= last) return false;
    if (blocks[at + 2] === number + 1) blocks.splice(at + 1, 2);
    else blocks[at + 1] = number;
    return true;
  }

  /** Where the first run stands that ends at `number` or later. */
  #runFrom(number: number): number {
    let low = 0;
    let high = this.#blocks.length / 2;
    if (high > 0 && (this.#blocks[2 * high - 1] ?? 0) < number) return 2 * high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#blocks[2 * middle + 1] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return 2 * low;
  }

  #complete(message: Message): void {
    if (!this.#reliable) {
      if (!message.abandoned) this.#heldBytes -= message.bytes.length;
      return this.#receive(message.bytes);
    }
    this.#early.set(message.order, message.bytes);
    for (;;) {
      const bytes = this.#early.get(this.#nextOrder);
      if (bytes === undefined) return;
      this.#early.delete(this.#nextOrder++);
      this.#heldBytes -= bytes.length;
      this.#receive(bytes);
    }
  }
}
