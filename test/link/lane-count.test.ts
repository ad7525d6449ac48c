// How many lanes a link wants, by evidence alone.
import { describe, expect, test } from '@jest/globals';
import { LaneCount, type LaneEvidence } from '../../src/link/lane-count.ts';
import { LINK_DEFAULTS } from '../../src/link/options.ts';

const FAR_MS = 50;
const NEAR_MS = 1;

/** Asks every 100 ms until `untilMs`, with as many lanes up as were wanted before; returns what is wanted then. */
function after(count: LaneCount, fromMs: number, untilMs: number, evidence: Partial<LaneEvidence>): number {
  let wanted = count.judge(fromMs, { ...BUSY, ...evidence });
  for (let now = fromMs + 100; now <= untilMs; now += 100) {
    wanted = count.judge(now, { ...BUSY, up: wanted, ...evidence });
  }
  return wanted;
}

const BUSY: LaneEvidence = { lostPackets: 0, sentPackets: 0, baseMs: FAR_MS, up: 1, limited: true, full: false };

describe('the number of lanes', () => {
  test('is two as soon as bulk waits, and one on a near path', () => {
    expect(new LaneCount(LINK_DEFAULTS).judge(0, BUSY)).toBe(2);
    expect(new LaneCount(LINK_DEFAULTS).judge(0, { ...BUSY, limited: false })).toBe(1);
    expect(after(new LaneCount(LINK_DEFAULTS), 0, 5000, { baseMs: NEAR_MS, lostPackets: 50 })).toBe(1);
  });

  test('stays two while the path is full, and grows when it stays empty', () => {
    const count = new LaneCount(LINK_DEFAULTS);
    expect(after(count, 0, 10_000, { full: true })).toBe(2);
    expect(after(count, 10_000, 10_000 + LINK_DEFAULTS.laneEmptyMs / 2, {})).toBe(2);
    expect(after(count, 10_100 + LINK_DEFAULTS.laneEmptyMs / 2, 20_000, {})).toBe(LINK_DEFAULTS.lanesMax);
  });

  test('falls to one when nothing waits any more, also where the path turned out to be near', () => {
    for (const baseMs of [FAR_MS, NEAR_MS]) {
      const count = new LaneCount(LINK_DEFAULTS);
      expect(after(count, 0, 1000, { full: true })).toBe(2);
      const idle = { baseMs, limited: false };
      expect(after(count, 1100, LINK_DEFAULTS.laneIdleMs, idle)).toBe(2);
      expect(after(count, LINK_DEFAULTS.laneIdleMs + 100, LINK_DEFAULTS.laneIdleMs + 2000, idle)).toBe(1);
    }
  });

  test('is what there is for a while when lanes could not be opened', () => {
    const count = new LaneCount(LINK_DEFAULTS);
    expect(after(count, 0, 1000, { full: true })).toBe(2);
    count.failed(1000, 1);
    expect(after(count, 1100, 1000 + LINK_DEFAULTS.laneHoldMs - 100, { full: true })).toBe(1);
    expect(after(count, 1000 + LINK_DEFAULTS.laneHoldMs, 1500 + LINK_DEFAULTS.laneHoldMs, { full: true })).toBe(2);
  });
});
