import { describe, expect, test } from '@jest/globals';
import { VirtualClock } from '../../src/sim/clock.ts';
import { LinkPair, type LinkPairOptions } from '../../src/sim/link-pair.ts';
import { Duplex, type PathOptions } from '../../src/sim/network.ts';
import { Random } from '../../src/sim/random.ts';

const CHUNK_BYTES = 128 * 1024;
const LOSSY: Partial<PathOptions> = { delayMs: 25, rateMbit: 50, queueMs: 100, lossRatio: 0.01 };

/** Makes the acceptor send chunks without end; returns how many bytes have arrived. */
function flow(pair: LinkPair): () => number {
  const chunk = new Uint8Array(CHUNK_BYTES);
  let bytes = 0;
  let next = 0;
  const ask = (): void => {
    while (pair.initiator.request(1, next, CHUNK_BYTES) === 'ok') next++;
  };
  pair.acceptor.serve = () => chunk.slice();
  pair.initiator.onOutput = (output) => {
    if (output.kind !== 'chunk') return;
    bytes += output.bytes.length;
    ask();
  };
  ask();
  return () => bytes;
}

function connected(options: LinkPairOptions): LinkPair {
  const pair = new LinkPair(options);
  pair.connect();
  return pair;
}

describe('two links', () => {
  test.each(['chromium', 'node', undefined] as const)('talk over %s', (sctp) => {
    const pair = connected({ sctp, path: { delayMs: 20, rateMbit: 20 } });
    for (let i = 0; i < 20; i++) pair.initiator.send(new Uint8Array(20_000).fill(i));
    pair.settle();
    expect(pair.acceptor.all('message').map(({ bytes }) => bytes[0])).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test('go on after their association was replaced', () => {
    const pair = connected({ sctp: 'chromium', path: LOSSY });
    const arrived = flow(pair);
    pair.run(1000);
    pair.closeTransport();
    const before = arrived();
    pair.run(500);
    expect(arrived()).toBe(before);
    pair.connect();
    pair.run(4000);
    expect(arrived()).toBeGreaterThan(before + 2 * CHUNK_BYTES);
  });

  test('of one seed leave the same trace, and of another a different one', () => {
    const traceOf = (seed: number): number => {
      const pair = connected({ seed, sctp: 'chromium', path: LOSSY, keeps: false });
      flow(pair);
      pair.run(3000);
      return pair.traceHash;
    };
    expect(traceOf(1)).toBe(traceOf(1));
    expect(traceOf(1)).not.toBe(traceOf(2));
  });

  test('keep nothing of a long run if told so', () => {
    const pair = connected({ keeps: false });
    pair.initiator.send(new Uint8Array(10));
    pair.settle();
    expect([pair.acceptor.outputs, pair.initiator.said]).toEqual([[], []]);
  });

  test('cut off in one direction only: one end hears, and neither is heard', () => {
    const pair = connected({ path: { delayMs: 10 } });
    pair.network.toA.darken(60_000);
    const fromMs = pair.clock.now;
    pair.run(3000);
    expect(pair.acceptor.link.heardAtMs).toBeGreaterThan(fromMs + 1000);
    expect(pair.initiator.link.heardAtMs).toBeLessThan(fromMs + 100);
  });
});

describe('lanes', () => {
  test('open at both ends when they are wanted, after four trips, and share the path', () => {
    const pair = connected({ sctp: 'chromium', path: LOSSY, keeps: true });
    flow(pair);
    pair.runUntil(() => pair.acceptor.all('lane-wanted').length > 0, 30_000);
    const { lane } = pair.acceptor.all('lane-wanted')[0] ?? { lane: Number.NaN };
    const wantedMs = pair.clock.now;
    pair.runUntil(() => pair.initiator.lanes.includes(lane), 1000);
    expect(pair.clock.now - wantedMs).toBeCloseTo(4 * 25, 6);
    expect(pair.acceptor.lanes).toContain(lane);
    const before = pair.carrier(lane);
    expect(before).toBeDefined();
    expect(before).not.toBe(pair.carrier(0));
    pair.run(3000);
    const counted = pair.network.toA.counters;
    expect(pair.acceptor.said.filter((said) => said.lane === lane).length).toBeGreaterThan(50);
    expect(counted.sent).toBeGreaterThan(1000);
  });

  test('wait for a dark path', () => {
    const pair = connected({ sctp: 'chromium', path: LOSSY });
    flow(pair);
    pair.runUntil(() => pair.acceptor.all('lane-wanted').length > 0, 30_000);
    pair.network.toA.darken(700);
    pair.run(700);
    expect(pair.initiator.lanes).toEqual([0]);
    pair.runUntil(() => pair.initiator.lanes.length > 1, 1000);
  });

  test('that break are gone at both ends, and the link goes on', () => {
    const pair = connected({ sctp: 'node', path: LOSSY });
    const arrived = flow(pair);
    pair.runUntil(() => pair.initiator.lanes.length > 2, 30_000);
    const lane = pair.initiator.lanes.at(-1) ?? Number.NaN;
    pair.closeLane(lane);
    expect([...pair.initiator.lanes, ...pair.acceptor.lanes]).not.toContain(lane);
    const before = arrived();
    pair.run(4000);
    expect(arrived()).toBeGreaterThan(before + 2 * CHUNK_BYTES);
  });

  test('end with the transport they began on', () => {
    const pair = connected({ sctp: 'chromium', path: LOSSY });
    flow(pair);
    pair.runUntil(() => pair.initiator.lanes.length > 1, 30_000);
    pair.closeTransport();
    pair.run(1000);
    expect([pair.initiator.lanes, pair.acceptor.lanes]).toEqual([[], []]);
    expect(pair.carrier(0)).toBeUndefined();
  });
});

describe('pairs that share a bottleneck', () => {
  test('have its rate between them, and none of them all of it', () => {
    const clock = new VirtualClock();
    const path: Partial<PathOptions> = { delayMs: 20, rateMbit: 20, queueMs: 100 };
    const bottleneck = new Duplex(clock, new Random(9), { toA: path, toB: path });
    const pairs = [1, 2].map((seed) => connected({ seed, clock, bottleneck, sctp: 'chromium', keeps: false }));
    const arrived = pairs.map(flow);
    clock.run(20_000);
    const mbit = arrived.map((bytes) => (bytes() * 8) / 20_000 / 1000);
    expect(mbit.reduce((a, b) => a + b)).toBeLessThan(20);
    expect(mbit.reduce((a, b) => a + b)).toBeGreaterThan(12);
    for (const one of mbit) expect(one).toBeGreaterThan(3);
    expect(bottleneck.toA.counters.sentBytes).toBeGreaterThan(arrived.reduce((sum, bytes) => sum + bytes(), 0));
  });

  test('come to it over paths of their own', () => {
    const clock = new VirtualClock();
    const bottleneck = new Duplex(clock, new Random(9), { toA: { delayMs: 5 }, toB: { delayMs: 5 } });
    const pair = new LinkPair({ clock, bottleneck, path: { delayMs: 30 } });
    pair.openTransport();
    pair.runUntil(() => pair.initiator.link.state === 'open', 1000);
    expect(clock.now).toBeCloseTo(2 * 35, 6);
  });
});

describe('ends with clocks of their own', () => {
  test('carry on as if they had the same', () => {
    const pair = connected({
      sctp: 'chromium',
      path: { delayMs: 20, rateMbit: 20 },
      initiatorClock: { offsetMs: 1_000_000, skewPpm: 200 },
      acceptorClock: { offsetMs: -5000, skewPpm: -200 },
    });
    const arrived = flow(pair);
    pair.run(60_000);
    expect(pair.initiator.now - pair.acceptor.now).toBeGreaterThan(1_005_000);
    expect(arrived()).toBeGreaterThan(60 * CHUNK_BYTES);
    expect(pair.ends.flatMap((end) => [...end.all('lost'), ...end.all('closed')])).toEqual([]);
  });

  test('jump ahead without harm', () => {
    const pair = connected({ path: { delayMs: 20 } });
    for (const ms of [300, 3000, 60_000]) {
      pair.initiator.jumpClock(ms);
      pair.run(4000);
    }
    expect(pair.ends.map(({ link }) => link.state)).toEqual(['open', 'open']);
    expect(pair.ends.flatMap((end) => end.all('lost'))).toEqual([]);
  });
});
