// Times on the wire, and what acknowledgements say of the other end's clock.

const WRAP_US = 2 ** 48;

/** Milliseconds of any clock as the microseconds of a header, modulo 2^48. */
export function toTimeUs(ms: number): number {
  const us = Math.floor(ms * 1000) % WRAP_US;
  return us < 0 ? us + WRAP_US : us;
}

/** The milliseconds nearest to `nearMs` that `timeUs` may stand for. */
export function fromTimeUs(timeUs: number, nearMs: number): number {
  const wrapMs = WRAP_US / 1000;
  const ms = timeUs / 1000;
  return ms + Math.round((nearMs - ms) / wrapMs) * wrapMs;
}

/** Four timestamps of one exchange, ms: own send, their receive, their send, own receive. t1 and t2 on the pool's clock. */
export interface TimeSample {
  readonly t0: number;
  readonly t1: number;
  readonly t2: number;
  readonly t3: number;
}

/** Keeps the exchange with the least round trip until somebody takes it. */
export class TimeSampler {
  #best:
    { readonly sentMs: number; readonly timeUs: number; readonly delayMs: number; readonly atMs: number } | undefined;

  add(sentMs: number, timeUs: number, delayMs: number, atMs: number): void {
    const best = this.#best;
    if (best !== undefined && best.atMs - best.sentMs - best.delayMs <= atMs - sentMs - delayMs) return;
    this.#best = { sentMs, timeUs, delayMs, atMs };
  }

  /** `offsetMs`: the pool's clock less ours, roughly; it only says which wrap of the header's time is meant. */
  take(offsetMs: number): TimeSample | undefined {
    const best = this.#best;
    if (best === undefined) return undefined;
    this.#best = undefined;
    const t2 = fromTimeUs(best.timeUs, best.atMs + offsetMs);
    return { t0: best.sentMs, t1: t2 - best.delayMs, t2, t3: best.atMs };
  }
}
