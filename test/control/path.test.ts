import { describe, expect, test } from '@jest/globals';
import { cloneOffsets } from '../../src/control/clones.ts';
import { CONTROL_DEFAULTS } from '../../src/control/options.ts';
import { PathMeter, type LinkFigures } from '../../src/control/path.ts';
import { TransitFloor } from '../../src/control/transit.ts';

const figures = (over: Partial<LinkFigures> = {}): LinkFigures => ({
  packetsSent: 0,
  packetsLost: 0,
  lossRatio: 0,
  lossBurst: 1,
  lanes: 1,
  srttMs: 40,
  queueMs: 0,
  ...over,
});

describe('what a path is taken for', () => {
  test('is bad wireless before anything went over it', () => {
    const path = new PathMeter().measure(0, figures({ srttMs: 300 }));
    expect(path).toEqual({ lossRatio: 0.05, burstPackets: 3, packetsPerSecond: 0, oneWayMs: 50 });
  });

  test('is clean, and needs no clone, once some thousand packets have arrived', () => {
    const meter = new PathMeter();
    const plan = { ...CONTROL_DEFAULTS, hz: 360, deadlineMs: 100 };
    const counts = [0, 600, 1500, 4000].map(
      (packetsSent, i) => cloneOffsets(meter.measure(i * 250, figures({ packetsSent })), plan).length,
    );
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    expect([counts[0], counts.at(-1)]).toEqual([5, 0]);
  });

  test('is as bad as its last second, before the average knows', () => {
    const meter = new PathMeter();
    for (let i = 0; i <= 8; i++) meter.measure(i * 250, figures({ packetsSent: 100_000 + i * 90 }));
    const sent = 100_000 + 8 * 90;
    const worse = meter.measure(2250, figures({ packetsSent: sent + 90, packetsLost: 36, lossRatio: 0.002 }));
    expect(worse.lossRatio).toBeCloseTo(36 / (4 * 90), 5);
    let later = worse;
    for (let i = 10; i < 20; i++) {
      later = meter.measure(i * 250, figures({ packetsSent: sent + (i - 8) * 90, packetsLost: 36, lossRatio: 0.02 }));
    }
    expect(later.lossRatio).toBe(0.02);
  });

  test('is not judged by a handful of packets', () => {
    const meter = new PathMeter();
    meter.measure(0, figures({ packetsSent: 100_000 }));
    expect(meter.measure(500, figures({ packetsSent: 100_010, packetsLost: 1 })).lossRatio).toBeLessThan(0.001);
  });

  test('carries as many packets on a lane as there are lanes less', () => {
    const meter = new PathMeter();
    meter.measure(0, figures({ packetsSent: 100_000, lanes: 4 }));
    expect(meter.measure(500, figures({ packetsSent: 102_000, lanes: 4 })).packetsPerSecond).toBe(1000);
  });
});

describe('the transit of datagrams between clocks that nobody compared', () => {
  test('is what they took beyond the fastest of late', () => {
    const floor = new TransitFloor();
    expect([floor.transitMs(1000, 0), floor.transitMs(1030, 10), floor.transitMs(1015, 20)]).toEqual([0, 20, 0]);
    expect(floor.transitMs(1045, 30)).toBe(20);
  });

  test('forgets a fastest one that was never reached again within two windows', () => {
    const floor = new TransitFloor();
    floor.transitMs(1000, 0);
    let last = 0;
    for (let ms = 100; ms <= 12_000; ms += 100) last = floor.transitMs(1300 + ms, ms);
    expect(last).toBe(0);
  });

  test('is remembered over a silence, however long', () => {
    const floor = new TransitFloor();
    floor.transitMs(1000, 0);
    expect(floor.transitMs(61_300, 60_000)).toBe(300);
  });
});
