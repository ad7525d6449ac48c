import { describe, expect, test } from '@jest/globals';
import { Duplex, type PathOptions } from '../../src/sim/network.ts';
import { VirtualClock } from '../../src/sim/clock.ts';
import { Random } from '../../src/sim/random.ts';
import { Association, CHROMIUM, NODE, openCarrier } from '../../src/sim/sctp.ts';
import { Channel, numbered, numberOf } from './sctp-support.ts';

const MESSAGE = 1156;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('the congestion window', () => {
  test('lets about ten packets go at first, whatever was handed over', () => {
    const channel = new Channel({ delayMs: 50 });
    channel.send(100, MESSAGE);
    channel.clock.run(99);
    expect(channel.arrived).toHaveLength(10);
  });

  test('grows by half each round trip in slow start, because every second packet is acknowledged', () => {
    const channel = new Channel({ delayMs: 50 });
    channel.send(500, MESSAGE);
    const arrivedBy = upTo(5).map((round) => {
      channel.clock.run(99 + 100 * round);
      return channel.arrived.length;
    });
    const rounds = arrivedBy.map((count, i) => count - (arrivedBy[i - 1] ?? 0));
    for (const [i, count] of rounds.entries()) {
      if (i > 0) expect(count / (rounds[i - 1] ?? Number.NaN)).toBeCloseTo(1.5, 0);
    }
  });

  test('does not grow while it is not used up', () => {
    const channel = new Channel({ delayMs: 50 });
    for (let i = 0; i < 200; i++) channel.clock.at(i * 50, () => channel.send(2, MESSAGE));
    channel.clock.run(20_000);
    expect(channel.arrived).toHaveLength(400);
    expect(channel.association.toB.windowBytes).toBe(10 * CHROMIUM.mtuBytes);
  });

  test('halves once for all that is lost within one recovery, though nothing is ever repeated', () => {
    const channel = new Channel({ delayMs: 50 });
    channel.send(500, MESSAGE);
    channel.clock.run(590);
    channel.network.toB.change({ lossRatio: 0.2 });
    channel.clock.run(610);
    channel.network.toB.change({ lossRatio: 0 });
    let most = 0;
    while (channel.clock.now < 800) {
      most = Math.max(most, channel.association.toB.windowBytes);
      channel.clock.step();
    }
    const { recoveries, resent, abandoned, timeouts } = channel.association.toB.counters;
    expect({ recoveries, resent, timeouts }).toEqual({ recoveries: 1, resent: 0, timeouts: 0 });
    expect(abandoned).toBeGreaterThan(3);
    expect(channel.association.toB.windowBytes / most).toBeCloseTo(0.5, 1);
    channel.clock.run(5000);
    // A message may have been cut in two, and both halves abandoned.
    expect(channel.arrived.length).toBeLessThan(500);
    expect(channel.arrived.length).toBeGreaterThanOrEqual(500 - abandoned);
  });

  test('is one packet after a timeout, and comes back', () => {
    const channel = new Channel({ delayMs: 20 });
    channel.send(200, MESSAGE);
    channel.clock.run(200);
    channel.network.toB.darken(300);
    for (let i = 0; i < 400; i++) channel.clock.after(i, () => channel.send(1, MESSAGE));
    let least = Infinity;
    for (let i = 0; i < 2000; i++) {
      channel.clock.advance(1);
      least = Math.min(least, channel.association.toB.windowBytes);
    }
    expect(channel.association.toB.counters.timeouts).toBeGreaterThan(0);
    expect(least).toBe(CHROMIUM.mtuBytes);
    expect(channel.association.toB.windowBytes).toBeGreaterThan(4 * CHROMIUM.mtuBytes);
  });

  test.each([
    ['chromium', CHROMIUM, 400],
    ['node', NODE, 200],
  ])('a lost last packet costs %s its least timeout', (_, profile, timeoutMs) => {
    const channel = new Channel({ delayMs: 5 }, { profile });
    // The first packet is acknowledged alone: then pairs are, at once.
    for (let i = 0; i < 20; i++) channel.clock.at(i * 30, () => channel.send(i === 0 ? 1 : 2, MESSAGE));
    channel.clock.run(600);
    channel.network.toB.change({ lossRatio: 1 });
    channel.send(1, MESSAGE);
    channel.network.toB.change({ lossRatio: 0 });
    channel.clock.run(600 + timeoutMs - 1);
    expect(channel.association.toB.counters.timeouts).toBe(0);
    channel.clock.run(600 + timeoutMs + 1);
    expect(channel.association.toB.counters.timeouts).toBe(1);
  });

  test('three small packets after the last spare it the timeout', () => {
    const channel = new Channel({ delayMs: 5 });
    channel.network.toB.change({ lossRatio: 1 });
    channel.send(1, MESSAGE);
    channel.network.toB.change({ lossRatio: 0 });
    channel.send(3, 20);
    channel.clock.run(5000);
    expect(channel.association.toB.counters).toMatchObject({ abandoned: 1, recoveries: 1, timeouts: 0 });
  });
});

describe('messages', () => {
  test('arrive whole, with their own bytes, whatever their length', () => {
    const channel = new Channel({ delayMs: 5, rateMbit: 20, queueBytes: 1_000_000 });
    const lengths = [4, 100, 1156, 1157, 1160, 1161, 16_384, 65_535];
    for (const [i, length] of lengths.entries()) channel.association.toB.send(numbered(i, length));
    channel.clock.run(5000);
    expect(channel.arrived.map(({ bytes }) => bytes.length)).toEqual(lengths);
    for (const [i, { bytes }] of channel.arrived.entries()) expect(bytes).toEqual(numbered(i, lengths[i] ?? 0));
  });

  test('are a copy: the sender may use its buffer again', () => {
    const channel = new Channel();
    const bytes = numbered(7, 10);
    channel.association.toB.send(bytes);
    bytes.fill(0);
    channel.clock.run(100);
    expect(channel.numbers).toEqual([7]);
  });

  test('die with any one of their packets, and free the way for those behind', () => {
    const channel = new Channel({ delayMs: 10, lossRatio: 0.05 });
    for (let i = 0; i < 300; i++) channel.clock.at(i * 20, () => channel.association.toB.send(numbered(i, 8000)));
    channel.clock.run(60_000);
    const share = channel.arrived.length / 300;
    expect(share).toBeGreaterThan(0.95 ** 7 - 0.1);
    expect(share).toBeLessThan(0.95 ** 7 + 0.1);
    expect(channel.association.toB.outstandingBytes).toBe(0);
  });

  test('never arrive twice, though packets do', () => {
    const channel = new Channel({ delayMs: 10, duplicateRatio: 0.5, reorderMs: 5 });
    channel.send(100, 500);
    channel.clock.run(10_000);
    expect(channel.numbers).toEqual(upTo(100));
  });

  test('that are small share packets once they have to wait', () => {
    const channel = new Channel({ delayMs: 50 });
    channel.send(1000, 100);
    channel.clock.run(10_000);
    expect(channel.arrived).toHaveLength(1000);
    expect(channel.network.toB.counters.sent).toBeLessThan(300);
  });

  test('of one packet are cut in two by Chromium when the window has room for a part, and never by Node', () => {
    const packetsOf = (profile: typeof CHROMIUM): number => {
      const channel = new Channel({ delayMs: 50, lossRatio: 0.02 }, { profile });
      channel.send(2000, MESSAGE);
      channel.clock.run(60_000);
      return channel.association.toB.counters.sent;
    };
    expect(packetsOf(CHROMIUM)).toBeGreaterThan(2200);
    expect(packetsOf(NODE)).toBe(2000);
  });

  test('queue through an outage and come out late, all of them but a few', () => {
    const channel = new Channel({ delayMs: 20 });
    for (let i = 0; i < 1000; i++) channel.clock.at(i * 5, () => channel.association.toB.send(numbered(i, 60)));
    channel.clock.at(1000, () => channel.network.toB.darken(2600));
    channel.clock.at(1000, () => channel.network.toA.darken(2600));
    channel.clock.run(10_000);
    const late = channel.arrived.filter(({ atMs, bytes }) => atMs - numberOf(bytes) * 5 > 100);
    // 520 were said during the outage; FACTS counted 521 late ones in a browser.
    expect(late.length).toBeGreaterThan(400);
    expect(late.length).toBeLessThan(700);
  });

  test('are refused when the send buffer is full', () => {
    const channel = new Channel({ delayMs: 50 }, { profile: { ...CHROMIUM, sendBufferBytes: 100_000 } });
    let taken = 0;
    while (channel.association.toB.send(numbered(taken, MESSAGE))) taken++;
    expect(taken).toBe(10 + Math.floor(100_000 / MESSAGE));
    channel.clock.run(1000);
    expect(channel.association.toB.send(numbered(0, MESSAGE))).toBe(true);
  });

  test('wait hidden in Node: its buffered amount leaves a mebibyte out', () => {
    const buffered = (profile: typeof CHROMIUM): number => {
      const channel = new Channel({ delayMs: 50 }, { profile });
      channel.send(1000, MESSAGE);
      return channel.association.toB.bufferedBytes;
    };
    expect(buffered(CHROMIUM)).toBeGreaterThan(1_100_000);
    expect(buffered(NODE)).toBeLessThan(100_000);
  });
});

describe('acknowledgements', () => {
  test('go out for every second packet, and with what is sent the other way', () => {
    const alone = new Channel({ delayMs: 20 });
    for (let i = 0; i < 100; i++) alone.clock.at(i * 10, () => alone.send(2, 500));
    alone.clock.run(3000);
    // The very first is told at once.
    expect(alone.network.toA.counters.sent).toBe(101);
    const talking = new Channel({ delayMs: 20 });
    for (let i = 0; i < 100; i++) {
      talking.clock.at(i * 10, () => talking.send(1, 500));
      talking.clock.at(i * 10 + 5, () => talking.association.toA.send(numbered(i, 500)));
    }
    talking.clock.run(3000);
    expect(talking.network.toA.counters.sent).toBeLessThan(110);
  });

  test.each([
    ['chromium', CHROMIUM, 200],
    ['node', NODE, 20],
  ])('of a packet without company wait as long as %s lets them', (_, profile, delayMs) => {
    const channel = new Channel({ delayMs: 10 }, { profile });
    channel.send(2, 100);
    channel.clock.run(1000);
    const before = channel.network.toA.counters.sent;
    channel.send(1, 100);
    channel.clock.run(1000 + 10 + delayMs - 1);
    expect(channel.network.toA.counters.sent).toBe(before);
    channel.clock.run(1000 + 10 + delayMs + 1);
    expect(channel.network.toA.counters.sent).toBe(before + 1);
  });
});

describe('an association', () => {
  test('shares a path with others evenly', () => {
    const clock = new VirtualClock();
    const path: Partial<PathOptions> = { delayMs: 20, rateMbit: 10, queueMs: 50 };
    const network = new Duplex(clock, new Random(3), { toA: path, toB: path });
    const bytes = [0, 0, 0, 0];
    for (const i of upTo(4)) {
      const receivers = {
        toA: (): void => {},
        toB: (message: Uint8Array): void => {
          bytes[i] = (bytes[i] ?? 0) + message.length;
        },
      };
      const { toB } = new Association(clock, network, { profile: NODE }, receivers);
      const fill = (): void => {
        while (toB.queuedBytes < 50_000) toB.send(numbered(0, MESSAGE));
        clock.after(10, fill);
      };
      fill();
    }
    clock.run(60_000);
    const sum = bytes.reduce((a, b) => a + b);
    expect((sum * 8) / 60_000 / 1000).toBeGreaterThan(8);
    expect(sum ** 2 / (4 * bytes.reduce((a, b) => a + b * b, 0))).toBeGreaterThan(0.9);
  });

  test('stopped at one end says nothing more, and what is on the path still arrives', () => {
    const channel = new Channel({ delayMs: 50 });
    channel.send(100, MESSAGE);
    channel.association.toB.stop();
    expect(channel.association.toB.send(numbered(0, 4))).toBe(false);
    channel.clock.run(60_000);
    expect(channel.arrived).toHaveLength(10);
  });

  test('closed delivers nothing more, and nothing is left to happen', () => {
    const channel = new Channel({ delayMs: 50 });
    channel.send(100, MESSAGE);
    channel.association.toA.send(numbered(1, 4));
    channel.association.close();
    channel.clock.run(60_000);
    expect(channel.arrived).toEqual([]);
    expect(channel.back).toEqual([]);
    expect(channel.clock.nextMs).toBeUndefined();
  });

  test('does the same for the same seed', () => {
    const run = (seed: number): unknown => {
      const channel = new Channel({ delayMs: 10, jitterMs: 20, lossRatio: 0.05, reorderRatio: 0.05 }, {}, seed);
      channel.send(500, 3000);
      channel.clock.run(20_000);
      return [channel.arrived.map(({ atMs }) => atMs), channel.association.toB.counters];
    };
    expect(run(5)).toEqual(run(5));
    expect(run(5)).not.toEqual(run(6));
  });

  test('is what a carrier with a name is, and one without is the bare path', () => {
    const clock = new VirtualClock();
    const network = new Duplex(clock, new Random(1), { toA: {}, toB: {} });
    const receivers = { toA: (): void => {}, toB: (): void => {} };
    expect(openCarrier(clock, network, 'node', receivers)).toBeInstanceOf(Association);
    expect(openCarrier(clock, network, undefined, receivers)).not.toBeInstanceOf(Association);
  });
});

describe('over hostile paths', () => {
  const seeds = upTo(40).map((i) => i + 1);
  const hostile = (random: Random): Partial<PathOptions> => ({
    delayMs: random.between(1, 80),
    jitterMs: random.between(0, 20),
    lossRatio: random.between(0, 0.2),
    burstLoss: random.chance(0.3) ? { enterRatio: 0.01, leaveRatio: 0.3, lossRatio: 0.9 } : undefined,
    reorderRatio: random.between(0, 0.2),
    reorderMs: random.between(1, 60),
    duplicateRatio: random.between(0, 0.1),
    rateMbit: random.pick([2, 20, Infinity]),
    queueMs: random.between(5, 200),
    blackouts: random.chance(0.3) ? [{ fromMs: 500, toMs: 500 + random.between(10, 3000) }] : [],
  });

  test.each(seeds)('what arrives was sent, once, and nothing is left outstanding: seed %i', (seed) => {
    const random = new Random(seed);
    const channel = new Channel(hostile(random), { profile: random.pick([CHROMIUM, NODE]) }, seed);
    const lengths = upTo(300).map(() => random.pick([4, 60, 500, MESSAGE, 1161, 5000, 40_000]));
    for (const [i, length] of lengths.entries()) {
      channel.clock.at(random.between(0, 3000), () => channel.association.toB.send(numbered(i, length)));
      if (random.chance(0.3))
        channel.clock.at(random.between(0, 3000), () => channel.association.toA.send(numbered(i, 50)));
    }
    channel.clock.run(1_000_000);
    expect(new Set(channel.numbers).size).toBe(channel.arrived.length);
    for (const { bytes } of channel.arrived) {
      const number = numberOf(bytes);
      expect(Buffer.compare(bytes, numbered(number, lengths[number] ?? 0))).toBe(0);
    }
    expect(channel.arrived.length).toBeGreaterThan(50);
    const { toB } = channel.association;
    expect([toB.outstandingBytes, toB.queuedBytes]).toEqual([0, 0]);
    expect(channel.clock.nextMs).toBeUndefined();
  });

  test.each(seeds)('a reliable channel delivers all, in order: seed %i', (seed) => {
    const random = new Random(seed);
    const profile = random.pick([CHROMIUM, NODE]);
    const channel = new Channel(hostile(random), { profile, reliable: true }, seed);
    const lengths = upTo(100).map(() => random.pick([4, 500, MESSAGE, 5000, 20_000]));
    for (const [i, length] of lengths.entries())
      channel.clock.at(i * 20, () => channel.association.toB.send(numbered(i, length)));
    channel.clock.run(50_000_000);
    expect(channel.numbers).toEqual(upTo(100));
  });
});
