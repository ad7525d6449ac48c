// What one lane has received, the acknowledgement it owes for it, and when all that the lanes of a link owe is due.
import { ACK_RANGES_MAX, frameBytes, type DatagramWriter } from '../wire/datagram.ts';
import type { LinkOptions } from './options.ts';
import { RangeSet } from './ranges.ts';

/** Ranges of received packet numbers remembered; twice what one ack carries. */
const RECEIVED_RANGES_MAX = ACK_RANGES_MAX * 2;

export class Acks {
  readonly #lane: number;
  readonly #received = new RangeSet();
  #largest = -1;
  #largestAtMs = 0;
  /** Whether an ack-eliciting packet waits for its ack. */
  owed = false;

  constructor(lane: number) {
    this.#lane = lane;
  }

  /** False if the packet came before. */
  receive(now: number, packet: number): boolean {
    const fresh = this.#received.add(packet, packet + 1) > 0;
    this.#received.trim(RECEIVED_RANGES_MAX);
    if (packet > this.#largest) {
      this.#largest = packet;
      this.#largestAtMs = now;
    }
    return fresh;
  }

  /** Writes the ack that is owed; false if there is no room. */
  write(now: number, writer: DatagramWriter): boolean {
    const room = Math.floor((writer.room - frameBytes('ack')) / 8);
    if (room < 1) return false;
    const ranges = this.#received.newest(Math.min(ACK_RANGES_MAX, room));
    const delayUs = Math.min(0xffff_ffff, Math.max(0, Math.round((now - this.#largestAtMs) * 1000)));
    writer.add({ kind: 'ack', lane: this.#lane, delayUs, ranges });
    this.owed = false;
    return true;
  }
}

/** Acks wait a little, for company: they go with other frames, and one for many packets. */
export class AckDebt {
  readonly #options: LinkOptions;
  #packets = 0;
  #bytes = 0;
  /** When they are due, ms; Infinity if none is owed. */
  dueMs: number = Infinity;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** A packet of `bytes` asks for one; the link has received `received` packets so far. */
  owe(now: number, bytes: number, received: number): void {
    const { ackDelayMs, ackPackets, ackBytes } = this.#options;
    this.#packets++;
    this.#bytes += bytes;
    this.dueMs = Math.min(this.dueMs, now + ackDelayMs);
    // The first packets are acknowledged at once: until the window has opened, every round trip counts.
    const packets = Math.min(ackPackets, 1 + Math.floor(received / 16));
    if (this.#packets >= packets || this.#bytes >= ackBytes) this.dueMs = now;
  }

  /** Writes what `all` owe, as far as there is room. */
  write(now: number, all: Iterable<{ readonly acks: Acks }>, writer: DatagramWriter): void {
    if (this.#packets === 0) return;
    for (const { acks } of all) if (acks.owed && !acks.write(now, writer)) return;
    this.#packets = 0;
    this.#bytes = 0;
    this.dueMs = Infinity;
  }
}
