import { describe, expect, test } from '@jest/globals';
import { VirtualClock } from '../../src/sim/clock.ts';
import { Duplex, Path, Route, type PathOptions } from '../../src/sim/network.ts';
import { Random } from '../../src/sim/random.ts';

interface Arrival {
  readonly atMs: number;
  readonly index: number;
}

/** Sends `count` packets of `bytes`, one every `everyMs`, and returns what arrived when. */
function carry(
  options: Partial<PathOptions>,
  { count = 1000, bytes = 100, everyMs = 1, seed = 1 } = {},
): { readonly path: Path; readonly arrivals: Arrival[] } {
  const clock = new VirtualClock();
  const arrivals: Arrival[] = [];
  const path = new Path(clock, new Random(seed), options);
  for (let index = 0; index < count; index++) {
    clock.at(index * everyMs, () => path.send(bytes, () => arrivals.push({ atMs: clock.now, index })));
  }
  while (clock.step());
  return { path, arrivals };
}

const HARSH: Partial<PathOptions> = {
  delayMs: 20,
  jitterMs: 15,
  lossRatio: 0.1,
  burstLoss: { enterRatio: 0.01, leaveRatio: 0.2, lossRatio: 0.8 },
  reorderRatio: 0.1,
  reorderMs: 40,
  duplicateRatio: 0.05,
  rateMbit: 2,
  queueBytes: 20_000,
  blackouts: [{ fromMs: 200, toMs: 300 }],
};

describe('simulated path', () => {
  test('the same seed gives the same trace, to the last bit', () => {
    expect(carry(HARSH, { seed: 9 })).toEqual(carry(HARSH, { seed: 9 }));
  });

  test('another seed gives another trace', () => {
    expect(carry(HARSH, { seed: 9 }).arrivals).not.toEqual(carry(HARSH, { seed: 10 }).arrivals);
  });

  test('a clean path delivers everything once, in order, after its delay', () => {
    const { arrivals } = carry({ delayMs: 25 }, { count: 10 });
    expect(arrivals.map(({ atMs, index }) => [index, atMs])).toEqual(Array.from({ length: 10 }, (_, i) => [i, i + 25]));
  });

  test('jitter spreads the delay up to its bound and keeps the order', () => {
    const { arrivals } = carry({ delayMs: 5, jitterMs: 30 });
    const delays = arrivals.map(({ atMs, index }) => atMs - index);
    expect(Math.max(...delays)).toBeLessThan(35);
    expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(10);
    expect(arrivals.map(({ index }) => index)).toEqual(arrivals.map((_, i) => i));
  });

  test('random loss takes about its share', () => {
    const { arrivals } = carry({ lossRatio: 0.2 }, { count: 10_000 });
    expect(Math.abs(arrivals.length - 8000)).toBeLessThan(200);
  });

  test('what is lost at random takes no room in the queue', () => {
    const { path } = carry({ lossRatio: 0.5, rateMbit: 8, queueMs: 0 }, { bytes: 500, everyMs: 0.5 });
    // A packet takes the wire for as long as the time to the next one: without those lost, half of it stands idle.
    expect(path.counters.overflowed).toBe(0);
  });

  test('burst loss comes in runs much longer than random loss of the same share', () => {
    const longestGap = (options: Partial<PathOptions>): number => {
      const { arrivals } = carry(options, { count: 10_000 });
      return Math.max(...arrivals.map(({ index }, i) => index - (arrivals[i - 1]?.index ?? -1) - 1));
    };
    const bursts = longestGap({ burstLoss: { enterRatio: 0.005, leaveRatio: 0.05, lossRatio: 1 } });
    expect(bursts).toBeGreaterThan(3 * longestGap({ lossRatio: 0.09 }));
  });

  test('reordering holds some packets back while later ones pass', () => {
    const { path, arrivals } = carry({ reorderRatio: 0.1, reorderMs: 20 });
    const overtaken = arrivals.filter(({ index }, i) => index < (arrivals[i - 1]?.index ?? 0));
    expect(overtaken.length).toBeGreaterThan(50);
    expect(path.counters.reordered).toBeGreaterThan(50);
    expect(arrivals).toHaveLength(1000);
  });

  test('duplication delivers some packets twice', () => {
    const { path, arrivals } = carry({ duplicateRatio: 0.1 });
    expect(arrivals).toHaveLength(1000 + path.counters.duplicated);
    expect(Math.abs(path.counters.duplicated - 100)).toBeLessThan(30);
  });

  test('the rate bounds what comes through', () => {
    const { arrivals } = carry({ rateMbit: 4, queueBytes: 10_000_000 }, { bytes: 1249, everyMs: 0.1 });
    const seconds = ((arrivals.at(-1)?.atMs ?? 0) - (arrivals[0]?.atMs ?? 0)) / 1000;
    expect((999 * 1249 * 8) / seconds / 1e6).toBeCloseTo(4, 3);
  });

  test('a full queue drops the newest and never holds more than its bytes', () => {
    const { path, arrivals } = carry({ rateMbit: 1, queueBytes: 12_500 }, { count: 100, bytes: 1249, everyMs: 0 });
    expect(arrivals.map(({ index }) => index)).toEqual(Array.from({ length: 10 }, (_, i) => i));
    expect(path.counters.overflowed).toBe(90);
  });

  test('a queue measured in time takes a packet that waits up to that and drops one that would wait longer', () => {
    // 1,250 bytes take 10 ms: the packets wait 0, 10, 20, 30 ms ...
    const { arrivals } = carry({ rateMbit: 1, queueMs: 20 }, { count: 100, bytes: 1250, everyMs: 0 });
    expect(arrivals).toHaveLength(3);
  });

  test('a blackout loses what leaves in it and nothing else', () => {
    const { arrivals } = carry({ blackouts: [{ fromMs: 100, toMs: 200 }] }, { count: 300 });
    expect(arrivals.map(({ index }) => index)).toEqual(
      Array.from({ length: 300 }, (_, i) => i).filter((i) => i < 100 || i >= 200),
    );
  });

  test('a path darkened now carries nothing for that long, and the other direction all', () => {
    const clock = new VirtualClock();
    const { toA, toB } = new Duplex(clock, new Random(1), { toA: { delayMs: 0 }, toB: { delayMs: 0 } });
    const arrived: string[] = [];
    toB.darken(50);
    for (const ms of [0, 49, 50]) {
      clock.at(ms, () => {
        toA.send(100, () => arrived.push(`a ${ms}`));
        toB.send(100, () => arrived.push(`b ${ms}`));
      });
    }
    while (clock.step());
    expect(arrived.sort()).toEqual(['a 0', 'a 49', 'a 50', 'b 50']);
  });

  test('a cut path loses what is under way and carries what comes after', () => {
    const clock = new VirtualClock();
    const arrived: number[] = [];
    const path = new Path(clock, new Random(1), { reorderRatio: 0.5, duplicateRatio: 0.5 });
    for (let i = 0; i < 20; i++) path.send(100, () => arrived.push(1));
    path.cut();
    path.change({ reorderRatio: 0, duplicateRatio: 0 });
    path.send(100, () => arrived.push(2));
    while (clock.step());
    expect(arrived).toEqual([2]);
  });

  test('what is sent from inside an arrival arrives in its turn', () => {
    const clock = new VirtualClock();
    const path = new Path(clock, new Random(1), { delayMs: 5 });
    const arrivedMs: number[] = [];
    const relay = (left: number): void => {
      arrivedMs.push(clock.now);
      if (left > 0) path.send(100, () => relay(left - 1));
    };
    path.send(100, () => relay(2));
    path.send(100, () => arrivedMs.push(clock.now));
    while (clock.step());
    expect(arrivedMs).toEqual([5, 5, 10, 15]);
  });

  test('keeps the order of any number of packets under way at once', () => {
    const { arrivals } = carry({ delayMs: 1000 }, { count: 500 });
    expect(arrivals.map(({ index }) => index)).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });

  test('a clock that rings late loses nothing: all that is due comes at once', () => {
    let wake = (): void => {};
    const clock = {
      now: 0,
      at: (_: number, action: () => void): void => {
        wake = action;
      },
    };
    const path = new Path(clock, new Random(1), { delayMs: 10 });
    const arrived: number[] = [];
    for (const at of [0, 1, 50]) {
      clock.now = at;
      path.send(100, () => arrived.push(at));
    }
    wake();
    expect(arrived).toEqual([0, 1]);
    clock.now = 60;
    wake();
    expect(arrived).toEqual([0, 1, 50]);
  });

  test('several hops in a row add up their delays and each takes its toll', () => {
    const clock = new VirtualClock();
    const slow = new Path(clock, new Random(1), { delayMs: 5, rateMbit: 1 });
    const route = new Route(new Path(clock, new Random(2), { delayMs: 20 }), slow);
    let arrivedMs = 0;
    route.send(125, () => (arrivedMs = clock.now));
    while (clock.step());
    expect(arrivedMs).toBe(26);
    expect(route.delayMs).toBe(25);
    slow.darken(10);
    expect(route.dark).toBe(true);
  });

  test.each<[string, Partial<PathOptions>]>([
    ['delayMs', { delayMs: -1 }],
    ['jitterMs', { jitterMs: Infinity }],
    ['lossRatio', { lossRatio: 1.1 }],
    ['reorderRatio', { reorderRatio: Number.NaN }],
    ['duplicateRatio', { duplicateRatio: -0.1 }],
    ['rateMbit', { rateMbit: 0 }],
    ['queueBytes', { queueBytes: 0.5 }],
    ['queueMs', { queueMs: -1 }],
    ['burstLoss.leaveRatio', { burstLoss: { enterRatio: 0, leaveRatio: 2, lossRatio: 0 } }],
    ['blackouts', { blackouts: [{ fromMs: 5, toMs: 5 }] }],
  ])('an option out of range is refused by its name: %s', (name, options) => {
    expect(() => carry(options)).toThrow(new RegExp(`^${name.replace('.', '\\.')}: expected`));
  });
});
