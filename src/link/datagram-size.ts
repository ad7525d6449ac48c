// How large a datagram may be: it follows observed loss. On a clean path larger ones save work on both ends; where
// packets are lost a large one dies with any of its fragments (FACTS), so it steps back to one SCTP packet.
import type { LinkOptions } from './options.ts';

/** A size that failed is not tried again for this many samples; doubles up to the maximum with each failure. */
const HOLD_SAMPLES_MIN = 4;
const HOLD_SAMPLES_MAX = 256;

export class DatagramSize {
  readonly #options: LinkOptions;
  #step = 0;
  #sent = 0;
  #lost = 0;
  #hold = 0;
  #nextHold = HOLD_SAMPLES_MIN;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#options.datagramSizes[this.#step] ?? 0;
  }

  /** What a lane that moves `rate` bytes a millisecond should use: the present size, or less if that takes too long. */
  at(rate: number): number {
    const { datagramSizes, datagramMs } = this.#options;
    let step = this.#step;
    while (step > 0 && (datagramSizes[step] ?? 0) > rate * datagramMs) step--;
    return datagramSizes[step] ?? 0;
  }

  /** The fate of one datagram; only those that used most of the present size say anything about it. */
  observe(bytes: number, lost: boolean): void {
    if (bytes * 2 < this.bytes || bytes > this.bytes) return;
    this.#sent++;
    if (lost) this.#lost++;
    if (this.#sent < this.#options.sizeSamplePackets) return;
    const loss = this.#lost / this.#sent;
    this.#sent = 0;
    this.#lost = 0;
    if (this.#hold > 0) this.#hold--;
    if (loss > this.#options.sizeLossHigh && this.#step > 0) {
      this.#step--;
      this.#hold = this.#nextHold;
      this.#nextHold = Math.min(this.#nextHold * 2, HOLD_SAMPLES_MAX);
    } else if (
      loss < this.#options.sizeLossLow &&
      this.#hold === 0 &&
      this.#step + 1 < this.#options.datagramSizes.length
    ) {
      this.#step++;
    }
  }
}
