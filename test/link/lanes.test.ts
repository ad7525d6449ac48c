// Further lanes: opened where loss and not the path is the limit, of use there, closed again, and never relied upon.
import { describe, expect, test } from '@jest/globals';
import { LinkPair, type LinkPairOptions } from '../../src/sim/link-pair.ts';
import { decodeDatagram } from '../../src/wire/datagram.ts';
import { payload, upTo } from './support.ts';

const CHUNK_BYTES = 64 * 1024;
const LOSSY = { delayMs: 25, rateMbit: 50, queueMs: 100, lossRatio: 0.01 };

function dataLane(bytes: Uint8Array): number | undefined {
  const datagram = decodeDatagram(bytes);
  return datagram?.kind === 'data' ? datagram.lane : undefined;
}

interface Fetch {
  readonly pair: LinkPair;
  readonly got: Set<number>;
  again: boolean;
}

/** A pair whose initiator fetches `chunks` chunks. */
function fetching(chunks: number, options: LinkPairOptions): Fetch {
  const pair = new LinkPair({ sctp: 'chromium', ...options });
  pair.connect();
  pair.acceptor.serve = (_, chunk) => payload(chunk, CHUNK_BYTES);
  const got = new Set<number>();
  let next = 0;
  const ask = (): void => {
    while (next < chunks && pair.initiator.link.requestChunk(pair.initiator.now, 1, next, CHUNK_BYTES) === 'ok') next++;
  };
  const fetch = { pair, got, again: false };
  pair.initiator.onOutput = (output) => {
    if (output.kind !== 'chunk') return;
    fetch.again ||= got.has(output.chunk);
    got.add(output.chunk);
    ask();
    pair.initiator.drain();
  };
  ask();
  pair.initiator.drain();
  return fetch;
}

function secondsFor(chunks: number, options: LinkPairOptions): number {
  const { pair, got } = fetching(chunks, options);
  const fromMs = pair.clock.now;
  pair.runUntil(() => got.size === chunks, 600_000);
  return (pair.clock.now - fromMs) / 1000;
}

describe('further lanes', () => {
  test('are no more than two on a clean path', () => {
    const { pair, got } = fetching(100, { path: { delayMs: 25, rateMbit: 50, queueMs: 100 } });
    pair.runUntil(() => got.size === 100, 60_000);
    expect(pair.acceptor.all('lane-wanted')).toHaveLength(1);
    expect(pair.initiator.all('lane-wanted')).toEqual([]);
  });

  test('make a path that loses 1% at least four times as fast', () => {
    const one = secondsFor(200, { seed: 3, path: LOSSY, keeps: false, link: { lanesMax: 1 } });
    const many = secondsFor(200, { seed: 3, path: LOSSY, keeps: false });
    expect(one / many).toBeGreaterThan(4);
  });

  test('are sixteen at most, the first included', () => {
    const { pair, got } = fetching(300, { path: LOSSY });
    let most = 0;
    pair.runUntil(() => {
      most = Math.max(most, pair.acceptor.lanes.length, pair.initiator.lanes.length);
      return got.size === 300;
    }, 60_000);
    expect(most).toBeGreaterThan(8);
    expect(most).toBeLessThanOrEqual(16);
  });

  test('close when there is nothing to send for long', () => {
    const { pair, got } = fetching(200, { path: LOSSY });
    pair.runUntil(() => got.size === 200, 60_000);
    expect(pair.acceptor.lanes.length).toBeGreaterThan(1);
    pair.acceptor.link.probe(pair.acceptor.now);
    for (const _ of upTo(40)) {
      pair.acceptor.send(payload(1, 100));
      pair.run(1000);
    }
    expect(pair.acceptor.lanes).toEqual([0]);
  });

  test('deliver every chunk exactly once, also when lanes break in the middle', () => {
    const chunks = 120;
    const fetch = fetching(chunks, { seed: 6, path: LOSSY });
    const { pair, got } = fetch;
    pair.runUntil(() => pair.acceptor.lanes.length > 4, 60_000);
    // Their transports close at one end only: what was in flight there goes over the others.
    for (const lane of pair.acceptor.lanes.slice(1, 4)) pair.acceptor.handle({ kind: 'transport-closed', lane });
    pair.runUntil(() => got.size === chunks, 120_000);
    expect(fetch.again).toBe(false);
  });

  test('leave one alone that limps: what it holds goes over the others', () => {
    const { pair, got } = fetching(150, { seed: 9, path: LOSSY });
    pair.runUntil(() => pair.acceptor.lanes.length > 4, 60_000);
    // As SCTP does after a burst of losses: it lets go of what it holds, in order, a packet every half a second.
    const held: Uint8Array[] = [];
    let nextMs = 0;
    pair.initiator.filter = (bytes) => {
      if (dataLane(bytes) !== 0) return bytes;
      held.push(bytes.slice());
      if (pair.clock.now < nextMs) return undefined;
      nextMs = pair.clock.now + 450;
      return held.shift();
    };
    const limpsFromMs = pair.clock.now;
    const before = got.size;
    pair.runUntil(() => got.size === 150, 120_000);
    const mbit = ((150 - before) * CHUNK_BYTES * 8) / 1000 / (pair.clock.now - limpsFromMs);
    expect(mbit).toBeGreaterThan(10);
  });

  test('go with the first, and the session goes on over the next transport', () => {
    const fetch = fetching(120, { seed: 7, path: LOSSY });
    const { pair, got } = fetch;
    pair.runUntil(() => pair.acceptor.lanes.length > 4, 60_000);
    pair.closeTransport();
    pair.connect();
    pair.runUntil(() => got.size === 120, 120_000);
    expect(pair.initiator.all('open').at(-1)).toMatchObject({ resumed: true });
    expect(fetch.again).toBe(false);
  });

  test('leave control free while bulk flows: its latency stays near that of the path', () => {
    const { pair } = fetching(2000, { seed: 8, path: LOSSY, keeps: false });
    pair.runUntil(() => pair.acceptor.lanes.length > 8, 60_000);
    pair.run(3000);
    const latencies: number[] = [];
    const before = pair.initiator.onOutput;
    pair.initiator.onOutput = (output) => {
      if (output.kind === 'control') {
        latencies.push(pair.clock.now - new DataView(output.bytes.buffer, output.bytes.byteOffset).getFloat64(0));
      }
      before(output);
    };
    for (const _ of upTo(300)) {
      const bytes = new Uint8Array(16);
      new DataView(bytes.buffer).setFloat64(0, pair.clock.now);
      pair.acceptor.link.sendControl(pair.acceptor.now, 300, bytes, pair.acceptor.now + 1000);
      pair.acceptor.drain();
      pair.run(10);
    }
    const sorted = latencies.toSorted((a, b) => a - b);
    expect(latencies.length).toBeGreaterThan(280);
    expect(sorted[Math.floor(sorted.length * 0.95)]).toBeLessThan(25 + 25);
  });
});
