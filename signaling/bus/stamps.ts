// A wall clock that all nodes keep together, so that what is done later, by whoever knows of the earlier, has the greater stamp:
// Kulkarni et al., Logical Physical Clocks (2014), in one number.

/** Stamps further ahead of the own wall clock than this are not believed, ms. */
const AHEAD_MAX_MS = 3_600_000;

export class Stamps {
  readonly #wallAtZeroMs: number;
  #last = 0;

  /** What the wall clock says at 0 of the clock that is passed in, ms since 1970. */
  constructor(wallAtZeroMs: number) {
    this.#wallAtZeroMs = wallAtZeroMs;
  }

  /** Whole ms since 1970, or one more than the greatest known. */
  next(now: number): number {
    this.#last = Math.max(Math.floor(now + this.#wallAtZeroMs), this.#last + 1);
    return this.#last;
  }

  /** One that somebody else has given. */
  observe(now: number, stamp: number): void {
    if (stamp <= now + this.#wallAtZeroMs + AHEAD_MAX_MS) this.#last = Math.max(this.#last, stamp);
  }
}
