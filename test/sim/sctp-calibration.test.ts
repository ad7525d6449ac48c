// The model against browsers over emulated paths (Chromium 156, medians of several rounds), within a factor of about 1.6
// either way: what an application would conclude from it should be what it would meet.
import { describe, expect, test } from '@jest/globals';
import type { PathOptions } from '../../src/sim/network.ts';
import { CHROMIUM } from '../../src/sim/sctp.ts';
import { reliableMbit, windowedMbit } from './sctp-support.ts';

const BROADBAND: Partial<PathOptions> = { delayMs: 25, rateMbit: 50, queueMs: 100 };
const SHALLOW: Partial<PathOptions> = { ...BROADBAND, queueMs: 20 };
const LOSSY: Partial<PathOptions> = { ...BROADBAND, lossRatio: 0.01 };
const FAR: Partial<PathOptions> = { delayMs: 75, lossRatio: 0.001, rateMbit: 100, queueMs: 100 };
const MOBILE: Partial<PathOptions> = { delayMs: 40, jitterMs: 10, lossRatio: 0.005, rateMbit: 20, queueMs: 200 };
const FACTOR = 1.65;

function median(of: (seed: number) => number): number {
  return [1, 2, 3].map(of).sort((a, b) => a - b)[1] ?? Number.NaN;
}

function expectNear(got: number, measured: number): void {
  expect(got).toBeGreaterThan(measured / FACTOR);
  expect(got).toBeLessThan(measured * FACTOR);
}

describe('the SCTP model moves what browsers moved', () => {
  test.each<[string, Partial<PathOptions>, number]>([
    ['broadband', BROADBAND, 42],
    ['shallow', SHALLOW, 34.6],
    ['lossy', LOSSY, 2.3],
    ['far', FAR, 3.8],
  ])('with a plain window on one lane: %s', (_, path, measured) => {
    expectNear(
      median((seed) => windowedMbit(path, 1, { seed })),
      measured,
    );
  });

  // The lanes that were measured had one window between them.
  test.each<[string, Partial<PathOptions>, number, number]>([
    ['lossy', LOSSY, 8, 17],
    ['lossy', LOSSY, 16, 23],
    ['lossy', LOSSY, 24, 34],
    ['far', FAR, 8, 12],
    ['far', FAR, 16, 25],
    ['far', FAR, 24, 24],
    ['mobile', MOBILE, 8, 10.6],
    ['mobile', MOBILE, 16, 15],
    ['mobile', MOBILE, 24, 14],
  ])('with a plain window over several lanes: %s, %i', (_, path, lanes, measured) => {
    const windowBytes = (480 * 1024) / lanes;
    expectNear(
      median((seed) => windowedMbit(path, lanes, { seed, windowBytes, ms: 8000 })),
      measured,
    );
  });

  test.each<[string, Partial<PathOptions>, number]>([
    ['broadband', BROADBAND, 3.8],
    ['shallow', SHALLOW, 11],
    ['lossy', LOSSY, 2.3],
    ['far', FAR, 2.7],
    ['mobile', MOBILE, 2.2],
  ])('with 16 MiB on a plain reliable channel: %s', (_, path, measured) => {
    expectNear(reliableMbit(path, 16), measured);
  });

  test('and why: an acknowledgement tells of twenty gaps, and an overrun queue leaves hundreds', () => {
    const untold = reliableMbit(BROADBAND, 16);
    expect(reliableMbit(BROADBAND, 16, { ...CHROMIUM, gapBlocksMax: 10_000 })).toBeGreaterThan(3 * untold);
  });
});
