import { describe, expect, test } from '@jest/globals';
import { VirtualClock } from '../../src/sim/clock.ts';
import { Path, PACKET_OVERHEAD_BYTES, PACKET_PAYLOAD_BYTES, type PathOptions } from '../../src/sim/network.ts';
import { Random } from '../../src/sim/random.ts';

interface Arrival {
  readonly atMs: number;
  readonly index: number;
  readonly bytes: number;
}

/** Sends `count` messages of `bytes` (4 or more), one every `everyMs`, and returns what arrived when. */
function carry(
  options: Partial<PathOptions>,
  { count = 1000, bytes = 100, everyMs = 1, seed = 1 } = {},
): { readonly path: Path; readonly arrivals: Arrival[] } {
  const clock = new VirtualClock();
  const arrivals: Arrival[] = [];
  const path = new Path(clock, new Random(seed), options, (message) => {
    const index = new DataView(message.buffer, message.byteOffset).getUint32(0);
    arrivals.push({ atMs: clock.now, index, bytes: message.byteLength });
  });
  for (let i = 0; i < count; i++) {
    clock.at(i * everyMs, () => {
      const message = new Uint8Array(bytes);
      new DataView(message.buffer).setUint32(0, i);
      path.send(message);
    });
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

  test('a message of three packets dies with any one of them', () => {
    const { arrivals } = carry({ lossRatio: 0.2 }, { count: 10_000, bytes: 2 * PACKET_PAYLOAD_BYTES + 1 });
    expect(Math.abs(arrivals.length - 10_000 * 0.8 ** 3)).toBeLessThan(200);
  });

  test('1,156 bytes are one packet on the wire and 1,157 are two', () => {
    const msFor = (bytes: number): number =>
      carry({ delayMs: 0, rateMbit: 8 / 1000 }, { count: 1, bytes }).arrivals[0]?.atMs ?? Number.NaN;
    expect(msFor(1156)).toBeCloseTo(1156 + PACKET_OVERHEAD_BYTES);
    expect(msFor(1157)).toBeCloseTo(1157 + 2 * PACKET_OVERHEAD_BYTES);
  });

  test('burst loss comes in runs much longer than random loss of the same share', () => {
    const longestGap = (options: Partial<PathOptions>): number => {
      const { arrivals } = carry(options, { count: 10_000 });
      return Math.max(...arrivals.map(({ index }, i) => index - (arrivals[i - 1]?.index ?? -1) - 1));
    };
    const bursts = longestGap({ burstLoss: { enterRatio: 0.005, leaveRatio: 0.05, lossRatio: 1 } });
    expect(bursts).toBeGreaterThan(3 * longestGap({ lossRatio: 0.09 }));
  });

  test('reordering holds some messages back while later ones pass', () => {
    const { path, arrivals } = carry({ reorderRatio: 0.1, reorderMs: 20 });
    const overtaken = arrivals.filter(({ index }, i) => index < (arrivals[i - 1]?.index ?? 0));
    expect(overtaken.length).toBeGreaterThan(50);
    expect(path.counters.reordered).toBeGreaterThan(50);
    expect(arrivals).toHaveLength(1000);
  });

  test('duplication delivers some messages twice', () => {
    const { path, arrivals } = carry({ duplicateRatio: 0.1 });
    expect(arrivals).toHaveLength(1000 + path.counters.duplicated);
    expect(Math.abs(path.counters.duplicated - 100)).toBeLessThan(30);
  });

  test('the rate bounds what comes through', () => {
    const { arrivals } = carry({ rateMbit: 4, queueBytes: 10_000_000 }, { bytes: 1156, everyMs: 0.1 });
    const seconds = ((arrivals.at(-1)?.atMs ?? 0) - (arrivals[0]?.atMs ?? 0)) / 1000;
    expect((999 * (1156 + PACKET_OVERHEAD_BYTES) * 8) / seconds / 1e6).toBeCloseTo(4, 3);
  });

  test('a full queue drops the newest and never holds more than its bytes', () => {
    const { path, arrivals } = carry({ rateMbit: 1, queueBytes: 12_500 }, { count: 100, bytes: 1156, everyMs: 0 });
    expect(arrivals.map(({ index }) => index)).toEqual(Array.from({ length: 10 }, (_, i) => i));
    expect(path.counters.overflowed).toBe(90);
  });

  test('a blackout loses what leaves in it and nothing else', () => {
    const { arrivals } = carry({ blackouts: [{ fromMs: 100, toMs: 200 }] }, { count: 300 });
    expect(arrivals.map(({ index }) => index)).toEqual(
      Array.from({ length: 300 }, (_, i) => i).filter((i) => i < 100 || i >= 200),
    );
  });

  test('a cut path loses what is under way and carries what comes after', () => {
    const clock = new VirtualClock();
    const arrived: number[] = [];
    const path = new Path(clock, new Random(1), {}, (message) => arrived.push(message[0] ?? -1));
    path.send(Uint8Array.of(1));
    path.cut();
    path.send(Uint8Array.of(2));
    while (clock.step());
    expect(arrived).toEqual([2]);
  });

  test('the bytes of a message are its own: the sender may reuse its buffer', () => {
    const clock = new VirtualClock();
    const arrived: Uint8Array[] = [];
    const path = new Path(clock, new Random(1), { duplicateRatio: 1 }, (message) => arrived.push(message));
    const buffer = Uint8Array.of(1, 2);
    path.send(buffer);
    buffer.fill(9);
    while (clock.step());
    arrived[0]?.fill(7);
    expect(arrived[1]).toEqual(Uint8Array.of(1, 2));
  });

  test.each<[string, Partial<PathOptions>]>([
    ['delayMs', { delayMs: -1 }],
    ['jitterMs', { jitterMs: Infinity }],
    ['lossRatio', { lossRatio: 1.1 }],
    ['reorderRatio', { reorderRatio: Number.NaN }],
    ['duplicateRatio', { duplicateRatio: -0.1 }],
    ['rateMbit', { rateMbit: 0 }],
    ['queueBytes', { queueBytes: 0.5 }],
    ['burstLoss.leaveRatio', { burstLoss: { enterRatio: 0, leaveRatio: 2, lossRatio: 0 } }],
    ['blackouts', { blackouts: [{ fromMs: 5, toMs: 5 }] }],
  ])('an option out of range is refused by its name: %s', (name, options) => {
    expect(() => carry(options)).toThrow(new RegExp(`^${name.replace('.', '\\.')}: expected`));
  });
});
