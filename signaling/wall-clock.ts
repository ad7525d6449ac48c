// The server's wall clock as pools take it for theirs: as fine as the monotonic clock and as even, and where the machine's
// own wall clock is stepped, it follows.

/** Further apart than this, the wall clock was stepped or the machine slept; `Date.now` is only good to 1 ms. */
const STEP_MS = 20;

export class WallClock {
  readonly #wallMs: () => number;
  readonly #monotonicMs: () => number;
  #offsetMs: number;

  constructor(wallMs: () => number = Date.now, monotonicMs: () => number = () => performance.now()) {
    this.#wallMs = wallMs;
    this.#monotonicMs = monotonicMs;
    this.#offsetMs = wallMs() - monotonicMs();
  }

  /** Ms since 1970, to a fraction. Goes back only when the machine's wall clock was set back. */
  nowMs(): number {
    const monotonicMs = this.#monotonicMs();
    const wallMs = this.#wallMs();
    if (Math.abs(wallMs - monotonicMs - this.#offsetMs) > STEP_MS) this.#offsetMs = wallMs - monotonicMs;
    return monotonicMs + this.#offsetMs;
  }
}
