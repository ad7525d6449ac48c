// The delay-target window of one lane, over the simulator's SCTP: it fills the path and keeps the queue short.
import { describe, expect, test } from '@jest/globals';
import { LINK_DEFAULTS } from '../../src/link/options.ts';
import { VirtualClock } from '../../src/sim/clock.ts';
import { LinkPair, type LinkPairOptions } from '../../src/sim/link-pair.ts';
import { Duplex } from '../../src/sim/network.ts';
import { Random } from '../../src/sim/random.ts';
import { payload, upTo } from './support.ts';

const CHUNK_BYTES = 64 * 1024;
const MBIT_BYTES_PER_MS = 125;

/** A pair whose acceptor has more to send than any window takes. */
function saturated(options: LinkPairOptions = {}): LinkPair {
  const pair = new LinkPair({ sctp: 'chromium', keeps: false, ...options });
  pair.connect();
  const chunk = payload(1, CHUNK_BYTES);
  pair.acceptor.serve = () => chunk;
  let next = 0;
  const ask = (): void => {
    while (pair.initiator.link.requestChunk(pair.initiator.now, 1, next, CHUNK_BYTES) === 'ok') next++;
  };
  pair.initiator.onOutput = (output) => {
    if (output.kind !== 'chunk') return;
    ask();
    pair.initiator.drain();
  };
  ask();
  pair.initiator.drain();
  return pair;
}

const arrivedBytes = (pair: LinkPair): number => pair.acceptor.link.stats.bytesAcked;

/** Bytes a millisecond over the next `ms`, as a share of `mbit`. */
function share(pair: LinkPair, ms: number, mbit: number): number {
  const before = arrivedBytes(pair);
  pair.run(ms);
  return (arrivedBytes(pair) - before) / ms / (mbit * MBIT_BYTES_PER_MS);
}

describe('the window', () => {
  test('begins with windowBytesStart in flight, until something is acknowledged', () => {
    const pair = saturated({ path: { delayMs: 50 }, sctp: undefined, keeps: true });
    const fromMs = pair.clock.now;
    pair.run(149);
    const said = pair.acceptor.said.filter(({ atMs, bytes }) => atMs > fromMs + 40 && bytes.length > 500);
    const bytes = said.reduce((sum, one) => sum + one.bytes.length, 0);
    expect(bytes).toBeGreaterThan(LINK_DEFAULTS.windowBytesStart * 0.8);
    expect(bytes).toBeLessThanOrEqual(LINK_DEFAULTS.windowBytesStart);
  });

  test.each([
    ['2 Mbit/s, 50 ms', 2, 25, 0.75],
    ['20 Mbit/s, 20 ms', 20, 10, 0.8],
    ['50 Mbit/s, 50 ms', 50, 25, 0.85],
    ['100 Mbit/s, 20 ms', 100, 10, 0.85],
    ['1000 Mbit/s, 1 ms', 1000, 0.5, 0.85],
  ])('fills a path of %s', (_, rateMbit, delayMs, least) => {
    for (const seed of upTo(rateMbit > 100 ? 2 : 5)) {
      const pair = saturated({ seed, path: { delayMs, rateMbit, queueMs: 200 } });
      pair.run(Math.max(3000, 40 * delayMs));
      expect(share(pair, 3000, rateMbit)).toBeGreaterThan(least);
    }
  });

  test('keeps the queue of a deep buffer near its target', () => {
    const pair = saturated({ path: { delayMs: 25, rateMbit: 50, queueMs: 1000 } });
    pair.run(3000);
    const queues = upTo(100).map(() => {
      pair.run(30);
      return pair.acceptor.link.stats.srttMs - 50;
    });
    const sorted = queues.toSorted((a, b) => a - b);
    expect(sorted[50]).toBeLessThan(LINK_DEFAULTS.targetDelayMs * 2);
    expect(sorted[95]).toBeLessThan(25);
  });

  test('does not shrink on loss where SCTP does not: a bare path that loses 3%', () => {
    const path = { delayMs: 25, rateMbit: 50, queueMs: 200, lossRatio: 0.03 };
    const pair = saturated({ seed: 4, path, sctp: undefined, link: { lanesMax: 1 } });
    pair.run(3000);
    expect(share(pair, 3000, 50)).toBeGreaterThan(0.75);
  });

  test('begins anew after an outage, and is back in speed soon', () => {
    const pair = saturated({ path: { delayMs: 25, rateMbit: 50, queueMs: 200 } });
    pair.run(3000);
    const outageMs = pair.clock.now;
    pair.network.toA.change({ blackouts: [{ fromMs: outageMs, toMs: outageMs + 2000 }] });
    pair.run(2000);
    const { windowBytes, lanes } = pair.acceptor.link.stats;
    expect(windowBytes).toBeLessThanOrEqual(lanes * LINK_DEFAULTS.windowBytesStart);
    pair.run(6000);
    expect(share(pair, 3000, 50)).toBeGreaterThan(0.7);
  });

  test('finds a longer route', () => {
    const pair = saturated({ path: { delayMs: 20, rateMbit: 50, queueMs: 100 } });
    pair.run(3000);
    pair.network.toA.change({ delayMs: 60 });
    pair.network.toB.change({ delayMs: 60 });
    pair.run(10_000);
    expect(share(pair, 3000, 50)).toBeGreaterThan(0.7);
  });

  test('does not care about a step of the other end’s clock', () => {
    const pair = saturated({ path: { delayMs: 25, rateMbit: 50, queueMs: 100 } });
    pair.run(3000);
    pair.initiator.jumpClock(400);
    expect(share(pair, 3000, 50)).toBeGreaterThan(0.8);
  });

  test('keeps control free: a message overtakes megabytes of chunks that wait', () => {
    const pair = saturated({ path: { delayMs: 50, rateMbit: 20, queueMs: 1000 } });
    pair.run(3000);
    const sentMs = pair.clock.now;
    let arrivedMs: number | undefined;
    const before = pair.initiator.onOutput;
    pair.initiator.onOutput = (output) => {
      if (output.kind === 'message') arrivedMs = pair.clock.now;
      before(output);
    };
    pair.acceptor.send(payload(7, 200));
    pair.runUntil(() => arrivedMs !== undefined, 5000);
    expect((arrivedMs ?? Infinity) - sentMs).toBeLessThan(50 + 60);
  });

  test('shares a bottleneck evenly with three others', () => {
    for (const seed of upTo(3)) {
      const clock = new VirtualClock();
      const path = { delayMs: 10, rateMbit: 100, queueMs: 100 };
      const bottleneck = new Duplex(clock, new Random(seed), { toA: path, toB: path });
      const pairs = upTo(4).map((i) => saturated({ seed: seed * 10 + i, clock, bottleneck }));
      clock.advance(5000);
      const before = pairs.map(arrivedBytes);
      clock.advance(10_000);
      const rates = pairs.map((pair, i) => arrivedBytes(pair) - (before[i] ?? 0));
      const sum = rates.reduce((a, b) => a + b, 0);
      const jain = sum ** 2 / (4 * rates.reduce((a, b) => a + b * b, 0));
      expect(jain).toBeGreaterThan(0.9);
      expect(sum / 10_000 / (100 * MBIT_BYTES_PER_MS)).toBeGreaterThan(0.85);
    }
  });
});
