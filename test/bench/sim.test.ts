// What bench/sim.ts counts: an index that is wrong, or a frame that is not missed, would flatter every figure.
import { describe, expect, test } from '@jest/globals';
import { run, defaults } from '../../bench/sim.ts';
import { fairness, jainIndex } from '../../bench/sim/fairness.ts';
import { CHUNK_BYTES, Flow, pairOf, percentile, sctpOption } from '../../bench/sim/flow.ts';

const PATH = { delayMs: 10, rateMbit: 50, queueMs: 100 };

describe('jainIndex', () => {
  test.each([
    [[5, 5, 5, 5], 1],
    [[7, 0, 0, 0], 0.25],
    [[1, 2], 0.9],
  ])('of %j is %p', (shares, index) => {
    expect(jainIndex(shares)).toBeCloseTo(index, 12);
  });

  test('of links that moved nothing is no number, and no perfect one', () => {
    expect(jainIndex([0, 0])).toBeNaN();
  });
});

test('percentile takes a value that is there, and NaN when none is', () => {
  const ascending = Array.from({ length: 100 }, (_, i) => i);
  expect([0, 0.5, 0.95, 1].map((ratio) => percentile(ascending, ratio))).toEqual([0, 50, 95, 99]);
  expect(percentile([], 0.95)).toBeNaN();
});

describe('a flow', () => {
  test('moves its chunks once, at no more than the rate of the path', () => {
    const pair = pairOf({ seed: 1, path: PATH, sctp: 'chromium' });
    pair.connect();
    const fromMs = pair.clock.now;
    const flow = new Flow(pair, 12);
    const mbit = flow.run(fromMs, 60_000);
    expect(flow.bytes).toBe(12 * CHUNK_BYTES);
    expect(flow.doneAtMs).toBeLessThan(60_000);
    expect(mbit).toBeCloseTo((12 * CHUNK_BYTES * 8) / 1000 / ((flow.doneAtMs ?? NaN) - fromMs), 9);
    expect(mbit).toBeGreaterThan(10);
    expect(mbit).toBeLessThan(50);
  });

  test('that does not end in time counts what arrived until then', () => {
    const pair = pairOf({ seed: 1, path: PATH, sctp: undefined });
    pair.connect();
    const flow = new Flow(pair, Infinity);
    const mbit = flow.run(pair.clock.now, 2000);
    expect(flow.doneAtMs).toBeUndefined();
    expect(mbit).toBeCloseTo((flow.bytes * 8) / 1000 / 2000, 1);
  });

  test('counts control frames that never surfaced as old as they may get', () => {
    const ages = (lossRatio: number): readonly number[] => {
      const pair = pairOf({ seed: 3, path: { ...PATH, lossRatio }, sctp: undefined });
      pair.connect();
      const flow = new Flow(pair, 8);
      flow.startControl();
      flow.run(pair.clock.now, 60_000);
      return flow.finishControl();
    };
    expect(ages(0).length).toBeGreaterThan(10);
    expect(ages(0).at(-1)).toBeLessThan(200);
    expect(ages(0.3).at(-1)).toBe(2400);
  });
});

test('fairness measures every link: two that begin together share a bottleneck', () => {
  const index = fairness({ seed: 1, links: 2, path: { ...PATH, rateMbit: 10 }, sctp: undefined, staggerMs: 0 });
  expect(index).toBeGreaterThan(0.7);
  expect(index).toBeLessThanOrEqual(1);
});

describe('the benchmark', () => {
  const told = (values: Record<string, string>): Promise<unknown> =>
    run({ rounds: 2, values: { ...defaults, ...values }, log: () => undefined });

  test('gives the same figures again for the same seeds', async () => {
    const one = await told({ only: 'share', mib: '2' });
    expect(Object.keys((one as { figures: object }).figures)).toEqual([
      'worst_share',
      'median_share',
      'control_p95_ms',
    ]);
    expect(await told({ only: 'share', mib: '2' })).toEqual(one);
    expect(await told({ only: 'share', mib: '2', 'first-seed': '5' })).not.toEqual(one);
  });

  test.each([
    [{ path: 'moon' }, '--path: expected lan'],
    [{ only: 'moon' }, '--only: expected share'],
    [{ sctp: 'moon' }, '--sctp: expected chromium'],
    [{ mib: '-1' }, '--mib: expected 0 to 4096, got -1'],
    [{ 'jain-seeds': '0' }, '--jain-seeds: expected 1 to 100, got 0'],
  ])('refuses %j', async (values, message) => {
    await expect(told(values)).rejects.toThrow(message);
  });

  test('has no SCTP where none is asked for', () => {
    expect(sctpOption('none')).toBeUndefined();
  });
});
