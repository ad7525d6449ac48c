// Reports of what links count: only while somebody asks, in time, and summing up to what was counted.
import { describe, expect, test } from '@jest/globals';
import { STATS_BOUNDS_MS } from '../../src/pool/stats.ts';
import { TwoPools } from './two-pools.ts';

function talking(): { scene: TwoPools; say: (times: number) => void } {
  const scene = new TwoPools(11);
  scene.run(2000);
  const say = (times: number): void => {
    for (let i = 0; i < times; i++) {
      scene.devices[0].say('x'.repeat(500));
      scene.run(100);
    }
  };
  return { scene, say };
}

describe('statistics', () => {
  test('come once a second while they are wanted, and not otherwise', () => {
    const { scene, say } = talking();
    const [a, b] = scene.devices;
    say(20);
    expect(a.stats).toEqual([]);
    a.act((pool, now) => pool.watchStats(now, 1000));
    say(100);
    expect(a.stats).toHaveLength(10);
    expect(b.stats).toEqual([]);
    a.act((pool, now) => pool.watchStats(now, 0));
    say(20);
    expect(a.stats).toHaveLength(10);
  });

  test('say when, on the pool’s clock, and for how long', () => {
    const { scene, say } = talking();
    const [a] = scene.devices;
    a.act((pool, now) => pool.watchStats(now, 1000));
    say(31);
    const { stats } = a;
    expect(stats).toHaveLength(3);
    for (const { seconds } of stats) expect(seconds).toBeCloseTo(1, 2);
    expect(Math.abs((stats.at(-1)?.atMs ?? 0) - scene.serverMs)).toBeLessThan(200);
    expect(stats.at(-1)?.clock).toMatchObject({ refused: 0, steps: 0 });
  });

  test('have rates that sum up to what the link counted', () => {
    const { scene, say } = talking();
    const [a, b] = scene.devices;
    for (const device of [a, b]) device.act((pool, now) => pool.watchStats(now, 1000));
    const before = a.events.length;
    say(51);
    expect(before).toBeGreaterThan(0);
    const reports = a.stats.map(({ seconds, links }) => ({ seconds, link: links[0] }));
    const first = reports[0]?.link?.total;
    const last = reports.at(-1)?.link?.total;
    const sum = (of: 'sentBytesPerSecond' | 'ackedBytesPerSecond' | 'packetsReceivedPerSecond'): number =>
      reports.slice(1).reduce((total, { seconds, link }) => total + seconds * (link?.rates[of] ?? 0), 0);
    expect(sum('sentBytesPerSecond')).toBeCloseTo((last?.bytesSent ?? 0) - (first?.bytesSent ?? 0), 3);
    expect(sum('packetsReceivedPerSecond')).toBeCloseTo(
      (last?.packetsReceived ?? 0) - (first?.packetsReceived ?? 0),
      3,
    );
    // Ten messages a second of 500 characters and the head of a log's entry, and little beside them.
    expect(sum('ackedBytesPerSecond') / 4).toBeGreaterThan(7000);
    expect(sum('ackedBytesPerSecond') / 4).toBeLessThan(8000);
    expect(b.stats.at(-1)?.links[0]?.rates.receivedBytesPerSecond).toBeGreaterThan(5000);
  });

  test('have histograms of this second’s round trips, whose buckets the report bounds', () => {
    const { scene, say } = talking();
    const [a] = scene.devices;
    a.act((pool, now) => pool.watchStats(now, 1000));
    say(31);
    const report = a.stats.at(-1);
    const link = report?.links[0];
    expect(report?.boundsMs).toBe(STATS_BOUNDS_MS);
    expect(link?.rttCounts).toHaveLength(STATS_BOUNDS_MS.length + 1);
    // Twice twenty milliseconds and some jitter: between 32 and 64.
    const bucket = STATS_BOUNDS_MS.indexOf(64);
    const counted = link?.rttCounts.reduce((sum, count) => sum + count, 0) ?? 0;
    expect(counted).toBeGreaterThan(5);
    expect(counted).toBeLessThan(20);
    expect(link?.rttCounts[bucket]).toBe(counted);
    expect(link?.total.rttHistogram[bucket]).toBeGreaterThan(counted);
    expect(link?.queueCounts.reduce((sum, count) => sum + count, 0)).toBe(counted);
  });

  test('are plain data: JSON gives them back', () => {
    const { scene, say } = talking();
    const [a] = scene.devices;
    a.act((pool, now) => pool.watchStats(now, 1000));
    say(21);
    const report = a.stats.at(-1);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test('begin anew when a machine slept: one report, not a heap of them', () => {
    const { scene, say } = talking();
    const [a] = scene.devices;
    a.act((pool, now) => pool.watchStats(now, 1000));
    say(11);
    const before = a.stats.length;
    scene.nowMs += 60_000;
    a.act((pool, now) => pool.handle(now, { kind: 'timeout' }));
    expect(a.stats.length - before).toBe(1);
    expect(a.stats.at(-1)?.seconds).toBeGreaterThan(59);
    a.act((pool, now) => pool.handle(now, { kind: 'timeout' }));
    expect(a.stats.length - before).toBe(1);
  });

  test('come once more before leaving, for the part of a second that is left, and end', () => {
    const { scene, say } = talking();
    const [a] = scene.devices;
    a.act((pool, now) => pool.watchStats(now, 1000));
    say(14);
    a.act((pool, now) => pool.leave(now, 'left'));
    expect(a.stats).toHaveLength(2);
    expect(a.stats[1]?.seconds).toBeCloseTo(0.4, 1);
    expect(a.stats[1]?.links).toHaveLength(1);
    expect(a.pool.nextTimeout()).toBeUndefined();
  });

  test('do not come before leaving where nobody wanted any', () => {
    const { scene, say } = talking();
    const [a] = scene.devices;
    say(5);
    a.act((pool, now) => pool.leave(now, 'left'));
    expect(a.stats).toEqual([]);
  });

  test('are gone with a peer that left', () => {
    const { scene, say } = talking();
    const [a, b] = scene.devices;
    a.act((pool, now) => pool.watchStats(now, 1000));
    say(11);
    expect(a.stats.at(-1)?.links).toHaveLength(1);
    b.act((pool, now) => pool.leave(now, 'left'));
    scene.run(3000);
    expect(a.stats.at(-1)?.links).toEqual([]);
  });

  test.each([1, 99, -1, Number.NaN, Infinity, 3_600_001])('every %d ms are refused', (everyMs) => {
    const [a] = new TwoPools(1).devices;
    expect(() => a.act((pool, now) => pool.watchStats(now, everyMs))).toThrow(
      new RangeError(`everyMs: expected 0, or 100 to 3600000, got ${everyMs}`),
    );
  });
});
