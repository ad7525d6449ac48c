// Packets in flight by number, in a ring of slots. Numbers only ascend, so the oldest and the newest bound a stretch of it.
// Not a Map: that makes a new table every few hundred packets, and the old ones, once the collector has moved them among the
// long-lived, keep all the packets they name alive with them. Half of the processor time of a link went there.
import type { SentPacket } from './recovery.ts';

/** A power of two; doubled when the numbers in flight span more. */
const SLOTS_MIN = 64;

export class PacketRing {
  #slots: (SentPacket | undefined)[] = empty(SLOTS_MIN);
  /** No packet below `oldest` or from `end` on is in flight. */
  oldest = 0;
  end = 0;
  size = 0;

  get(number: number): SentPacket | undefined {
    return number >= this.oldest && number < this.end ? this.#slots[this.#slot(number)] : undefined;
  }

  /** `packet.number` is above all that were added. */
  add(packet: SentPacket): void {
    if (this.size === 0) this.oldest = packet.number;
    this.end = packet.number + 1;
    while (this.end - this.oldest > this.#slots.length) this.#grow();
    this.#slots[this.#slot(packet.number)] = packet;
    this.size++;
  }

  delete(number: number): void {
    if (this.get(number) === undefined) return;
    this.#slots[this.#slot(number)] = undefined;
    this.size--;
    while (this.oldest < this.end && this.#slots[this.#slot(this.oldest)] === undefined) this.oldest++;
  }

  /** All of them, oldest first; the ring is empty afterwards. */
  drain(): SentPacket[] {
    const packets: SentPacket[] = [];
    for (let number = this.oldest; number < this.end; number++) {
      const packet = this.get(number);
      if (packet !== undefined) packets.push(packet);
    }
    this.#slots = empty(SLOTS_MIN);
    this.size = 0;
    this.oldest = this.end;
    return packets;
  }

  #slot(number: number): number {
    // Numbers reach 2^32-1, where `&` sees a negative one; the low bits are the same.
    return number & (this.#slots.length - 1);
  }

  #grow(): void {
    const slots = empty(this.#slots.length * 2);
    for (const packet of this.#slots) {
      if (packet !== undefined) slots[packet.number & (slots.length - 1)] = packet;
    }
    this.#slots = slots;
  }
}

const empty = (length: number): (SentPacket | undefined)[] => new Array<SentPacket | undefined>(length).fill(undefined);
