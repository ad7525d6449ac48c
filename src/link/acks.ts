// What one lane has received, and the acknowledgement it owes for it.
import { ACK_RANGES_MAX, frameBytes, type DatagramWriter } from '../wire/datagram.ts';
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
