// How near a ClockSync comes, whether it knows how near, and what it makes of steps and of nonsense.
import { describe, expect, test } from '@jest/globals';
import { ClockSync, type TimeSample } from '../../src/clock/clock-sync.ts';
import { CLOCK_DEFAULTS, clockOptions } from '../../src/clock/options.ts';
import { TIME_MS_MAX } from '../../src/wire/signaling.ts';
import { CALM, TwoClocks, type PathShape } from './two-clocks.ts';

const SEEDS = Array.from({ length: 200 }, (_, seed) => seed);

function pathOf(seed: number): PathShape {
  const out = 1 + ((seed * 37) % 120);
  const back = 1 + ((seed * 53) % 120);
  return { outMs: out, backMs: back, outJitterMs: (seed % 7) * 4, backJitterMs: (seed % 5) * 2 };
}

describe('over two hundred seeds of jitter that differs by direction, and drifts of up to 100 ppm each', () => {
  test('the error is never beyond what is said of it, and that is little more than half of the round trip', () => {
    for (const seed of SEEDS) {
      const path = pathOf(seed);
      const clocks = new TwoClocks(seed, path);
      const look = (): void => {
        const boundMs = clocks.sync.uncertaintyAtMs(clocks.own());
        if (clocks.errorMs > boundMs) throw new Error(`seed ${seed}: ${clocks.errorMs} beyond ${boundMs}`);
      };
      clocks.run(300_000, look);
      expect(clocks.sync.counts).toMatchObject({ refused: 0, steps: 0 });
      const baseMs = (path.outMs + path.backMs) / 2;
      expect(clocks.sync.uncertaintyAtMs(clocks.own())).toBeLessThan(baseMs + 5 + path.outJitterMs);
      // It also holds a while after the last answer.
      clocks.nowMs += 60_000;
      look();
    }
  });

  test('beside the asymmetry that nobody can see, the error is a few milliseconds', () => {
    const errors = SEEDS.map((seed) => {
      const path = pathOf(seed);
      const clocks = new TwoClocks(seed, path);
      clocks.run(300_000);
      const hiddenMs = (path.outMs - path.backMs) / 2;
      return Math.abs(clocks.sync.theirs(clocks.own()) - clocks.their() - hiddenMs);
    }).sort((a, b) => a - b);
    expect(errors[100]).toBeLessThan(0.6);
    expect(errors[190]).toBeLessThan(2.5);
    expect(errors[199]).toBeLessThan(6);
  });

  test('skew is found to a few millionths within five minutes', () => {
    const errors = SEEDS.map((seed) => {
      const clocks = new TwoClocks(seed, { ...CALM, outJitterMs: seed % 4, backJitterMs: seed % 3 });
      clocks.run(300_000);
      return Math.abs(clocks.sync.skewPpm - clocks.relativePpm);
    }).sort((a, b) => a - b);
    expect(errors[100]).toBeLessThan(1.5);
    expect(errors[199]).toBeLessThan(12);
  });

  test('the first answer already gives the time to half of its round trip', () => {
    for (const seed of SEEDS) {
      const clocks = new TwoClocks(seed, pathOf(seed));
      expect(clocks.sync.synced).toBe(false);
      expect(clocks.ask()).toBe('taken');
      expect(clocks.sync.synced).toBe(true);
      expect(clocks.errorMs).toBeLessThanOrEqual(clocks.sync.uncertaintyMs);
    }
  });
});

describe('a fit', () => {
  test('turns both ways: own(theirs(t)) is t', () => {
    const clocks = new TwoClocks(1);
    clocks.run(120_000);
    for (const ownMs of [0, clocks.own(), clocks.own() + 1e7]) {
      expect(clocks.sync.own(clocks.sync.theirs(ownMs))).toBeCloseTo(ownMs, 2);
    }
  });

  test('before any sample takes both clocks for one, and claims no accuracy', () => {
    const sync = new ClockSync();
    expect(sync.theirs(5)).toBe(5);
    expect(sync.own(5)).toBe(5);
    expect(sync.offsetMs).toBe(0);
    expect(sync.skewPpm).toBe(0);
    expect(sync.rttMs).toBeUndefined();
    expect(sync.uncertaintyMs).toBe(Infinity);
  });

  test('does not follow an answer that was delayed in one direction', () => {
    const clocks = new TwoClocks(2, { ...CALM, outJitterMs: 0, backJitterMs: 0 });
    clocks.run(60_000);
    const before = clocks.sync.offsetMs;
    const late = clocks.sample();
    expect(clocks.sync.add({ ...late, t1: late.t1 + 800, t2: late.t2 + 800, t3: late.t3 + 800 })).toBe('taken');
    expect(Math.abs(clocks.sync.offsetMs - before)).toBeLessThan(0.5);
  });

  test('follows a new route, longer or shorter, without taking it for a step', () => {
    for (const seed of SEEDS.slice(0, 40)) {
      const clocks = new TwoClocks(seed, CALM);
      clocks.run(120_000);
      clocks.path = seed % 2 === 0 ? { ...CALM, outMs: 120 } : { ...CALM, outMs: 3, backMs: 5 };
      clocks.run(900_000, () => {
        if (clocks.errorMs > clocks.sync.uncertaintyAtMs(clocks.own())) throw new Error(`seed ${seed}`);
      });
      expect(clocks.sync.counts.steps).toBe(0);
      expect(clocks.sync.rttMs).toBeGreaterThan(seed % 2 === 0 ? 139 : 7);
    }
  });
});

describe('a step', () => {
  test.each([
    ['their clock forward by an hour', 'theirBaseMs', 3_600_000],
    ['their clock back by an hour', 'theirBaseMs', -3_600_000],
    ['their clock forward by a third of a second', 'theirBaseMs', 300],
    ['the own clock forward, as after sleep', 'ownBaseMs', 40_000_000],
    ['the own clock back', 'ownBaseMs', -900_000],
  ] as const)('of %s is doubted, then followed, within seconds and once', (_what, which, byMs) => {
    for (const seed of SEEDS.slice(0, 60)) {
      const clocks = new TwoClocks(seed, { ...CALM, outJitterMs: seed % 9, backJitterMs: seed % 4 });
      clocks.run(100_000);
      clocks[which] += byMs;
      expect(clocks.ask()).toBe('doubted');
      expect(clocks.sync.uncertaintyAtMs(clocks.own())).toBeGreaterThan(Math.abs(byMs) * 0.9 - 200);
      const sinceMs = clocks.nowMs;
      while (clocks.sync.counts.steps === 0) {
        clocks.nowMs += Math.max(0, clocks.sync.nextAskMs - clocks.own());
        clocks.sync.asked(clocks.own());
        clocks.ask();
        if (clocks.nowMs - sinceMs > 8_000) throw new Error(`seed ${seed}: not followed`);
      }
      expect(clocks.errorMs).toBeLessThanOrEqual(clocks.sync.uncertaintyAtMs(clocks.own()));
      clocks.run(60_000, () => {
        if (clocks.errorMs > clocks.sync.uncertaintyAtMs(clocks.own())) throw new Error(`seed ${seed}`);
      });
      expect(clocks.sync.counts.steps).toBe(1);
    }
  });

  test('is not made of single odd answers, nor of odd answers that contradict one another', () => {
    const clocks = new TwoClocks(3, CALM);
    clocks.run(60_000);
    const before = clocks.sync.offsetMs;
    for (let i = 1; i <= 50; i++) {
      const odd = clocks.sample();
      const byMs = 1000 * i;
      expect(clocks.sync.add({ ...odd, t1: odd.t1 + byMs, t2: odd.t2 + byMs })).toBe('doubted');
    }
    expect(clocks.ask()).toBe('taken');
    for (let i = 1; i <= 50; i++) {
      const odd = clocks.sample();
      expect(clocks.sync.add({ ...odd, t1: odd.t1 + 700, t2: odd.t2 + 700 })).toBe('doubted');
      expect(clocks.ask()).toBe('taken');
    }
    expect(clocks.sync.counts.steps).toBe(0);
    expect(Math.abs(clocks.sync.offsetMs - before)).toBeLessThan(2);
  });
});

describe('nonsense is refused, counted, and changes nothing', () => {
  const good: TimeSample = { t0: 1000, t1: 5010, t2: 5011, t3: 1021 };
  test.each<[string, Partial<TimeSample>]>([
    ['a round trip below nothing', { t1: 5000, t2: 5040 }],
    ['an answer before its question, own clock', { t3: 999 }],
    ['an answer before its question, their clock', { t2: 5009 }],
    ['no number, t0', { t0: Number.NaN }],
    ['no number, t1', { t1: Number.NaN }],
    ['no number, t2', { t2: Number.NaN }],
    ['no number, t3', { t3: Number.NaN }],
    ['infinity', { t1: Infinity, t2: Infinity }],
    ['less than infinity', { t1: -Infinity, t2: -Infinity }],
    ['a time beyond all times', { t1: TIME_MS_MAX + 1, t2: TIME_MS_MAX + 1 }],
    ['a round trip of eleven seconds', { t0: 1000 - 11_000 }],
    ['an answer held for eleven seconds', { t2: 5010 + 11_000, t3: 1021 + 11_000 }],
    ['1e308', { t1: 1e308, t2: 1e308 }],
  ])('%s', (_what, change) => {
    const sync = new ClockSync();
    expect(sync.add(good)).toBe('taken');
    const before = [sync.offsetMs, sync.skewPpm, sync.uncertaintyMs, sync.nextAskMs];
    expect(sync.add({ ...good, ...change })).toBe('refused');
    expect([sync.offsetMs, sync.skewPpm, sync.uncertaintyMs, sync.nextAskMs]).toEqual(before);
    expect(sync.counts).toEqual({ taken: 1, refused: 1, steps: 0 });
  });

  test('a stamp cut to its grain is no nonsense', () => {
    const sync = new ClockSync();
    expect(sync.add({ t0: 10.1, t1: 50, t2: 50.2, t3: 10.1 })).toBe('taken');
    expect(sync.rttMs).toBe(0);
  });

  test('whatever comes, nothing throws and every answer stays a number', () => {
    const odd = [0, -1, 1, 1e-300, 1e15, TIME_MS_MAX, -TIME_MS_MAX, Number.NaN, Infinity, Number.MAX_VALUE];
    const sync = new ClockSync();
    for (const t0 of odd) {
      for (const t1 of odd) {
        for (const t3 of odd) {
          sync.add({ t0, t1, t2: t1, t3 });
          for (const value of [sync.theirs(5), sync.own(5), sync.offsetMs, sync.skewPpm]) {
            expect(Number.isFinite(value)).toBe(true);
          }
        }
      }
    }
  });
});

describe('questions', () => {
  test('come in a quick burst at first and then now and then', () => {
    const sync = new ClockSync();
    const { burstAsks, burstMs, askEveryMs } = CLOCK_DEFAULTS;
    expect(sync.nextAskMs).toBe(-Infinity);
    const asks = [0];
    for (let i = 0; i < burstAsks + 2; i++) {
      const now = asks.at(-1) ?? 0;
      sync.asked(now);
      asks.push(sync.nextAskMs);
    }
    const gaps = asks.slice(1).map((ask, i) => ask - (asks[i] ?? 0));
    expect(gaps.slice(0, burstAsks - 1)).toEqual(Array.from({ length: burstAsks - 1 }, () => burstMs));
    expect(gaps.slice(burstAsks - 1)).toEqual([askEveryMs, askEveryMs, askEveryMs]);
  });

  test('wait when somebody else got an answer', () => {
    const sync = new ClockSync({ burstAsks: 1 });
    sync.asked(0);
    sync.add({ t0: 3000, t1: 1, t2: 1, t3: 3010 });
    expect(sync.nextAskMs).toBe(3010 + CLOCK_DEFAULTS.askEveryMs);
  });

  test('come quickly again when a step is in doubt, and never faster than the burst for long', () => {
    const clocks = new TwoClocks(4);
    clocks.run(60_000);
    let asks = 0;
    const sinceMs = clocks.nowMs;
    // A server whose clock runs wild.
    while (clocks.nowMs - sinceMs < 60_000) {
      clocks.theirBaseMs += clocks.random.between(-1e6, 1e6);
      clocks.nowMs += Math.max(0, clocks.sync.nextAskMs - clocks.own());
      clocks.sync.asked(clocks.own());
      clocks.ask();
      asks++;
    }
    expect(asks / 60).toBeGreaterThan(1);
    expect(asks / 60).toBeLessThan(12);
  });
});

describe('options', () => {
  test.each([
    [{ slotMs: 0 }, 'slotMs: expected above 0, got 0'],
    [{ askEveryMs: Number.NaN }, 'askEveryMs: expected above 0, got NaN'],
    [{ slotsMax: 1.5 }, 'slotsMax: expected an integer from 1 to 1000, got 1.5'],
    [{ stepSamples: 1001 }, 'stepSamples: expected an integer from 1 to 1000, got 1001'],
  ])('%j are refused', (given, message) => {
    expect(() => clockOptions(given)).toThrow(new RangeError(message));
  });
});
