import { describe, expect, test } from '@jest/globals';
import { LinkPair } from '../../src/sim/link-pair.ts';
import { payload, upTo } from './support.ts';

const RTT_MS = 100;
const WINDOW_MIN = 64 * 1024;
const WINDOW_MAX = 400 * 1024;
const DATAGRAM = 1156;
const CHUNK_BYTES = 64 * 1024;
const link = { windowBytesMin: WINDOW_MIN, windowBytesMax: WINDOW_MAX, datagramSizes: [DATAGRAM] };

/** A pair whose acceptor has more to send than any window takes. */
function saturated(options: ConstructorParameters<typeof LinkPair>[0] = {}): LinkPair {
  const pair = new LinkPair({ path: { delayMs: RTT_MS / 2 }, link, ...options });
  pair.connect();
  pair.acceptor.serve = () => payload(1, CHUNK_BYTES);
  let next = 0;
  const ask = (): void => {
    while (pair.initiator.link.requestChunk(pair.clock.now, 1, next, CHUNK_BYTES) === 'ok') next++;
  };
  pair.initiator.onOutput = (output) => {
    if (output.kind === 'chunk') ask();
  };
  ask();
  pair.initiator.drain();
  return pair;
}

/** Bytes that the acceptor said from `fromMs` up to, not at, `toMs`. */
function saidBetween(pair: LinkPair, fromMs: number, toMs: number): number {
  return pair.acceptor.said
    .filter(({ atMs }) => atMs >= fromMs && atMs < toMs)
    .reduce((sum, { bytes }) => sum + bytes.length, 0);
}

describe('the window', () => {
  test('holds windowBytesMin in flight at the start, until something is acknowledged', () => {
    const pair = saturated();
    pair.initiator.filter = () => undefined;
    pair.network.toA.change({ lossRatio: 1 });
    const fromMs = pair.clock.now;
    pair.run(RTT_MS * 0.9);
    const inFlight = saidBetween(pair, fromMs, pair.clock.now);
    expect(inFlight).toBeGreaterThan(WINDOW_MIN - DATAGRAM);
    expect(inFlight).toBeLessThanOrEqual(WINDOW_MIN);
  });

  test('doubles every round trip in slow start, and stops at windowBytesMax', () => {
    const pair = saturated();
    pair.run(RTT_MS * 12);
    const startMs = pair.acceptor.said.find(({ bytes }) => bytes.length > 1000)?.atMs ?? Number.NaN;
    // A little is lost to the delay of acknowledgements; what counts is that it doubles and where it ends.
    const rounds = upTo(10).map((i) => saidBetween(pair, startMs + i * RTT_MS - 5, startMs + (i + 1) * RTT_MS - 5));
    for (const [i, limit] of [1, 2, 4].entries()) {
      expect(rounds[i]).toBeLessThan(WINDOW_MIN * limit * 1.1);
      expect(rounds[i]).toBeGreaterThan(WINDOW_MIN * limit * 0.8);
    }
    for (const round of rounds) expect(round).toBeLessThan(WINDOW_MAX * 1.1);
    expect(rounds.at(-1)).toBeGreaterThan(WINDOW_MAX * 0.85);
  });

  test('does not shrink on loss', () => {
    const pair = saturated({ seed: 4, path: { delayMs: RTT_MS / 2, lossRatio: 0.03 } });
    pair.run(RTT_MS * 20);
    expect(saidBetween(pair, RTT_MS * 15, RTT_MS * 20)).toBeGreaterThan(5 * WINDOW_MAX * 0.75);
  });

  test('begins again at windowBytesMin after an outage', () => {
    const pair = saturated();
    pair.run(RTT_MS * 10);
    const outageMs = pair.clock.now;
    pair.network.toA.change({ blackouts: [{ fromMs: outageMs, toMs: outageMs + 2500 }] });
    pair.run(2500);
    const asBefore = pair.initiator.all('chunk').length;
    pair.runUntil(() => pair.initiator.all('chunk').length > asBefore, 5000);
    // Silence, then probes only, then one small window: find the first burst after the outage.
    const burstMs = pair.acceptor.said.find(
      ({ atMs }, i, all) => atMs > outageMs + 2500 && (all[i + 5]?.atMs ?? Infinity) - atMs < 1,
    )?.atMs;
    expect(burstMs).toBeDefined();
    const first = saidBetween(pair, burstMs ?? 0, (burstMs ?? 0) + RTT_MS * 0.9);
    expect(first).toBeLessThan(WINDOW_MIN * 1.5);
  });

  test('keeps control free: a message overtakes two megabytes of chunks that wait', () => {
    const pair = saturated({ path: { delayMs: RTT_MS / 2, rateMbit: 20 } });
    pair.run(RTT_MS * 5);
    const sentMs = pair.clock.now;
    pair.acceptor.send(payload(7, 200));
    pair.runUntil(() => pair.initiator.all('message').length === 1, 5000);
    // One window's worth at 20 Mbit/s, the path, and nothing of the rest.
    expect(pair.clock.now - sentMs).toBeLessThan((WINDOW_MAX * 8) / 20_000 + RTT_MS);
  });
});
