// Things that are good once and for a while: challenges, nonces, codes. In memory: who meets another node, or a server that
// was restarted, begins again.

/** Of one kind at once; each has some 200 bytes. Past it the oldest is forgotten. */
const HELD_MAX = 10_000;

export class Expiring<T> {
  readonly #lifeMs: number;
  /** The oldest in front: all live equally long. */
  readonly #held = new Map<string, { readonly value: T; readonly untilMs: number }>();

  constructor(lifeMs: number) {
    this.#lifeMs = lifeMs;
  }

  /** Returns when it is over, ms. */
  add(key: string, value: T, nowMs: number): number {
    const untilMs = nowMs + this.#lifeMs;
    for (const [old, held] of this.#held) {
      if (held.untilMs > nowMs && this.#held.size < HELD_MAX) break;
      this.#held.delete(old);
    }
    this.#held.set(key, { value, untilMs });
    return untilMs;
  }

  /** Undefined if there is none, it was taken before, or it is over. */
  take(key: string, nowMs: number): T | undefined {
    const held = this.#held.get(key);
    this.#held.delete(key);
    return held !== undefined && held.untilMs > nowMs ? held.value : undefined;
  }
}
