// Hybrid logical time (Kulkarni et al., 2014): close to the clock, and later than whatever was seen before.
import { HLC_PER_MS, type Hlc } from '../wire/entry.ts';

/** How far ahead of the pool's clock an entry may say it was written, ms; twice the worst clock that is put up with. */
export const FUTURE_MS_MAX = 120_000;

/** The time of the next entry: `nowMs` or, if that is not later than `last`, just after `last`. */
export function nextHlc(nowMs: number, last: Hlc): Hlc {
  return Math.max(Math.floor(nowMs) * HLC_PER_MS, last + 1);
}

export const isFuture = (created: Hlc, nowMs: number): boolean => created > (nowMs + FUTURE_MS_MAX) * HLC_PER_MS;
