import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cloneOffsets, type ClonePlan } from '../../src/control/clones.ts';
import { CONTROL_DEFAULTS } from '../../src/control/options.ts';
import { quality } from './support.ts';

const plan: ClonePlan = { ...CONTROL_DEFAULTS, hz: 360, deadlineMs: 100 };

describe('the number and spacing of clones', () => {
  test('is none on a clean path', () => {
    expect(cloneOffsets(quality(0), plan)).toEqual([]);
    expect(cloneOffsets(quality(0.00001), plan)).toEqual([]);
  });

  test('is one or two, close together, where losses are rare and independent', () => {
    expect(cloneOffsets(quality(0.004), plan)).toEqual([1]);
    expect(cloneOffsets(quality(0.02), plan)).toEqual([1, 2]);
  });

  test('is spread over several bursts where losses come in bursts of three', () => {
    expect(cloneOffsets(quality(0.05, 3), plan)).toEqual([1, 7, 14, 21, 25]);
  });

  test('fills a deadline that is too short for bursts to fade in', () => {
    expect(cloneOffsets(quality(0.05, 3), { ...plan, hz: 100 })).toEqual([1, 3, 4, 6, 7]);
    expect(cloneOffsets(quality(0.3, 3, 84), plan)).toEqual([1, 2]);
  });

  test('grows with loss and never past the most allowed', () => {
    const counts = [0, 0.001, 0.01, 0.05, 0.1, 0.2, 0.5].map((loss) => cloneOffsets(quality(loss), plan).length);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(counts.at(-1)).toBe(plan.clonesMax);
  });

  test('leaves out clones that could only arrive late', () => {
    expect(cloneOffsets(quality(0.05, 3, 89), plan)).toEqual([1]);
    expect(cloneOffsets(quality(0.05, 3, 95), plan)).toEqual([]);
    expect(cloneOffsets(quality(0.05, 3, 20), { ...plan, hz: 20 })).toEqual([1]);
  });

  test('takes a burst for shorter where other packets go between two polls', () => {
    const beside = { ...quality(0.05, 3), packetsPerSecond: 3600 };
    expect(cloneOffsets(beside, plan)).toEqual(cloneOffsets(quality(0.05), plan));
  });

  test('ascends within the deadline whatever was measured, nonsense included', () => {
    const any = fc.double();
    fc.assert(
      fc.property(any, any, any, any, fc.integer({ min: 1, max: 1000 }), (loss, burst, rate, delay, hz) => {
        const path = { lossRatio: loss, burstPackets: burst, packetsPerSecond: rate, oneWayMs: delay };
        const offsets = cloneOffsets(path, { ...plan, hz });
        expect(offsets.length).toBeLessThanOrEqual(plan.clonesMax);
        for (const [i, offset] of offsets.entries()) {
          expect(Number.isInteger(offset)).toBe(true);
          expect(offset).toBeGreaterThan(offsets[i - 1] ?? 0);
          expect((offset * 1000) / hz).toBeLessThanOrEqual(plan.deadlineMs);
        }
      }),
    );
  });
});
