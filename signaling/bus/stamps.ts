// A clock that all nodes keep together: the one that is furthest ahead, as each of them last heard of it, and running. So what is
// done later has the greater stamp, whoever's wall clock is behind, and also where nodes cannot hear each other any more. Close to
// Kulkarni et al., Logical Physical Clocks (2014), whose clocks stand still while nothing is heard.

/** Stamps further ahead of the own wall clock than this are not believed, ms. */
const AHEAD_MAX_MS = 3_600_000;

export class Stamps {
  readonly #wallAtZeroMs: number;
  /** What the common clock says at 0 of the clock that is passed in. */
  #atZeroMs: number;
  #last = 0;

  /** What the wall clock says at 0 of the clock that is passed in, ms since 1970. */
  constructor(wallAtZeroMs: number) {
    this.#wallAtZeroMs = wallAtZeroMs;
    this.#atZeroMs = wallAtZeroMs;
  }

  /** For the others to follow: whole ms since 1970. */
  atMs(now: number): number {
    return Math.floor(now + this.#atZeroMs);
  }

  /** As `atMs`, or one more than the greatest known. */
  next(now: number): number {
    this.#last = Math.max(this.atMs(now), this.#last + 1);
    return this.#last;
  }

  /** One that somebody else has given, or an `atMs`. */
  observe(now: number, stamp: number): void {
    if (stamp > now + this.#wallAtZeroMs + AHEAD_MAX_MS) return;
    this.#atZeroMs = Math.max(this.#atZeroMs, stamp - now);
    this.#last = Math.max(this.#last, stamp);
  }
}
