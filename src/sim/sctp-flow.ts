// One direction of an SCTP association: a sender at one end, a receiver at the other, and the packets between them.
import { PACKET_OVERHEAD_BYTES, type Way } from './carrier.ts';
import type { VirtualClock } from './clock.ts';
import type { Hop } from './network.ts';
import { PART_HEADER_BYTES, Parts } from './sctp-parts.ts';
import { Receiver, type Sack } from './sctp-receiver.ts';
import { Sender, type SenderCounters } from './sctp-sender.ts';
import type { SctpProfile } from './sctp.ts';

/** IPv4, UDP, DTLS and the SCTP header: what every packet weighs. */
const PACKET_HEADER_BYTES = PACKET_OVERHEAD_BYTES - PART_HEADER_BYTES;
const SACK_HEADER_BYTES = 16;
const GAP_BLOCK_BYTES = 4;
const FORWARD_TSN_BYTES = 8;

export class Flow implements Way {
  /** The other direction: an acknowledgement that its receiver, at our sender's end, owes goes along with our packets. */
  partner: Flow | undefined;
  readonly #forth: Hop;
  readonly #back: Hop;
  readonly #hiddenBytes: number;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  /** The sending end is gone. */
  #stopped = false;
  /** Both are. */
  #closed = false;

  /** `forth` carries data and FORWARD-TSN, `back` acknowledgements. */
  constructor(
    clock: VirtualClock,
    forth: Hop,
    back: Hop,
    profile: SctpProfile,
    reliable: boolean,
    receive: (message: Uint8Array) => void,
  ) {
    this.#forth = forth;
    this.#back = back;
    this.#hiddenBytes = profile.hiddenBytes;
    const parts = new Parts();
    this.#receiver = new Receiver(clock, parts, profile, reliable, receive, (sack) => this.#sendSack(sack));
    this.#sender = new Sender(clock, parts, profile, reliable, {
      packet: (first, count, chunkBytes) => this.#sendPacket(first, count, chunkBytes),
      skip: (point) => this.#sendSkip(point),
      abandoned: (message) => this.#receiver.onAbandoned(message),
    });
  }

  get counters(): Readonly<SenderCounters> {
    return this.#sender.counters;
  }

  get bufferedBytes(): number {
    return Math.max(0, this.#sender.queuedBytes - this.#hiddenBytes);
  }

  /** Bytes that wait for the congestion window, those that `bufferedBytes` hides included. */
  get queuedBytes(): number {
    return this.#sender.queuedBytes;
  }

  /** The congestion window, bytes of chunks. */
  get windowBytes(): number {
    return this.#sender.windowBytes;
  }

  /** Of those, on the way and not known to be lost. */
  get outstandingBytes(): number {
    return this.#sender.outstandingBytes;
  }

  send(message: Uint8Array): boolean {
    return !this.#stopped && message.length > 0 && this.#sender.send(message.slice());
  }

  stop(): void {
    this.#stopped = true;
    this.#sender.close();
  }

  close(): void {
    this.stop();
    this.#closed = true;
    this.#receiver.close();
  }

  #sendPacket(first: number, count: number, chunkBytes: number): void {
    const { partner } = this;
    const sack = partner?.takeSack();
    if (partner === undefined || sack === undefined) {
      this.#forth.send(PACKET_HEADER_BYTES + chunkBytes, () => this.#onPacket(first, count));
      return;
    }
    this.#forth.send(PACKET_HEADER_BYTES + chunkBytes + sackBytes(sack), () => {
      partner.onSack(sack);
      this.#onPacket(first, count);
    });
  }

  #sendSkip(point: number): void {
    this.#forth.send(PACKET_HEADER_BYTES + FORWARD_TSN_BYTES, () => {
      if (!this.#closed) this.#receiver.onSkip(point);
    });
  }

  #sendSack(sack: Sack): void {
    this.#back.send(PACKET_HEADER_BYTES + sackBytes(sack), () => this.onSack(sack));
  }

  #onPacket(first: number, count: number): void {
    if (!this.#closed) this.#receiver.onPacket(first, count);
  }

  /** An acknowledgement has reached the sender. */
  onSack(sack: Sack): void {
    if (!this.#stopped) this.#sender.onSack(sack);
  }

  /** What this direction's receiver owes, to go along with a packet of the other direction. */
  takeSack(): Sack | undefined {
    return this.#closed ? undefined : this.#receiver.takeSack();
  }
}

function sackBytes(sack: Sack): number {
  return SACK_HEADER_BYTES + (GAP_BLOCK_BYTES * sack.blocks.length) / 2;
}
