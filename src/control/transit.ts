// How long datagrams were under way when the two clocks are not synchronized: measured against the fastest one of late.

/** The fastest of the last one to two of these counts, so a clock that is set or drifts is forgiven soon, ms. */
const WINDOW_MS = 5000;

export class TransitFloor {
  #startedMs = -Infinity;
  #current = Infinity;
  #previous = Infinity;

  /** What a datagram took longer than the fastest of late, ms; 0 or more. */
  transitMs(nowMs: number, sentMs: number): number {
    if (nowMs - this.#startedMs >= WINDOW_MS) {
      // After a silence of two windows the older one is no measure either, but it is the only one there is.
      this.#previous = Math.min(this.#current, this.#current === Infinity ? this.#previous : Infinity);
      this.#current = Infinity;
      this.#startedMs = nowMs;
    }
    const took = nowMs - sentMs;
    this.#current = Math.min(this.#current, took);
    return took - Math.min(this.#current, this.#previous);
  }

  reset(): void {
    this.#startedMs = -Infinity;
    this.#current = Infinity;
    this.#previous = Infinity;
  }
}
