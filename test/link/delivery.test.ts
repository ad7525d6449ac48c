// Exactly once, over paths that lose, reorder, double and fall silent. Every run prints its seed when it fails.
import { describe, expect, test } from '@jest/globals';
import { LinkPair } from '../../src/sim/link-pair.ts';
import type { PathOptions } from '../../src/sim/network.ts';
import { Random } from '../../src/sim/random.ts';
import { dataSaid, framesSaid, payload, received, sorted, upTo } from './support.ts';

const CHUNK_BYTES = 32 * 1024;

function hostile(random: Random): Partial<PathOptions> {
  return {
    delayMs: random.between(1, 120),
    jitterMs: random.between(0, 40),
    lossRatio: random.between(0, 0.2),
    burstLoss: random.chance(0.3) ? { enterRatio: 0.005, leaveRatio: 0.2, lossRatio: 0.9 } : undefined,
    reorderRatio: random.between(0, 0.3),
    reorderMs: random.between(1, 150),
    duplicateRatio: random.between(0, 0.2),
    rateMbit: random.pick([2, 10, 50, Infinity]),
    queueBytes: random.pick([20_000, 60_000, 250_000]),
    blackouts: upTo(random.integer(0, 3)).map((i) => {
      const fromMs = 300 + i * 6000 + random.between(0, 2000);
      return { fromMs, toMs: fromMs + random.between(50, 2500) };
    }),
  };
}

/** Messages both ways and chunks both ways, all at once, until all of it has arrived. */
function exchange(pair: LinkPair, messages: number, chunks: number): void {
  pair.connect();
  for (const end of pair.ends) {
    end.serve = (transfer, chunk) => payload(transfer * 1000 + chunk, CHUNK_BYTES);
    const wanted = upTo(chunks);
    const ask = (): void => {
      for (let next = wanted[0]; next !== undefined; next = wanted[0]) {
        if (end.link.requestChunk(pair.clock.now, 7, next, CHUNK_BYTES) !== 'ok') return;
        wanted.shift();
      }
    };
    end.onOutput = (output) => {
      if (output.kind === 'chunk') ask();
    };
    ask();
    for (const i of upTo(messages)) expect(end.send(payload(i, 4 + ((i * 7919) % 9000)))).toBe('ok');
  }
  const all = (): boolean =>
    pair.ends.every((end) => end.all('message').length >= messages && end.all('chunk').length >= chunks);
  pair.runUntil(all, 240_000);
  // Late copies must not surface either.
  pair.settle(240_000);
  pair.run(2000);
}

function check(pair: LinkPair, messages: number, chunks: number): void {
  for (const end of pair.ends) {
    expect(sorted(received(end))).toEqual(upTo(messages));
    const arrived = end.all('chunk');
    expect(sorted(arrived.map(({ chunk }) => chunk))).toEqual(upTo(chunks));
    for (const { transfer, chunk, bytes } of arrived) {
      expect(Buffer.compare(bytes, payload(transfer * 1000 + chunk, CHUNK_BYTES))).toBe(0);
    }
    expect(sorted(end.all('chunk-delivered').map(({ chunk }) => chunk))).toEqual(upTo(chunks));
    expect(end.all('closed')).toEqual([]);
    expect(end.link.heldBytes).toMatchObject({ messagesOut: 0, messagesIn: 0, chunksOut: 0, chunksIn: 0 });
  }
}

describe('delivery over an unreliable channel', () => {
  test.each(upTo(40))('every message and chunk arrives exactly once over a hostile path, seed %i', (seed) => {
    const random = new Random(seed);
    const pair = new LinkPair({ seed, toInitiator: hostile(random), toAcceptor: hostile(random) });
    exchange(pair, 40, 12);
    check(pair, 40, 12);
  });

  test('the same seed makes the same run, datagram for datagram', () => {
    const run = (): { atMs: number; bytes: Uint8Array }[] => {
      const random = new Random(77);
      const pair = new LinkPair({ seed: 77, toInitiator: hostile(random), toAcceptor: hostile(random) });
      exchange(pair, 20, 4);
      return [...pair.initiator.said, ...pair.acceptor.said];
    };
    expect(run()).toEqual(run());
  });

  test('a clean path repeats nothing', () => {
    const pair = new LinkPair({ path: { delayMs: 20 } });
    exchange(pair, 30, 8);
    check(pair, 30, 8);
    for (const end of pair.ends) {
      expect(end.link.stats.packetsLost).toBe(0);
      const bytes = framesSaid(end, 'message').reduce((sum, frame) => sum + frame.bytes.length, 0);
      expect(bytes).toBe(upTo(30).reduce((sum, i) => sum + 4 + ((i * 7919) % 9000), 0));
    }
  });

  test('a packet number is never used twice in a lane, and each is above the last', () => {
    const random = new Random(5);
    const pair = new LinkPair({ seed: 5, toInitiator: hostile(random), toAcceptor: hostile(random) });
    exchange(pair, 40, 8);
    for (const end of pair.ends) {
      const byLane = new Map<number, ReturnType<typeof dataSaid>>();
      for (const data of dataSaid(end)) byLane.set(data.lane, [...(byLane.get(data.lane) ?? []), data]);
      expect(byLane.get(0)?.length).toBeGreaterThan(20);
      for (const data of byLane.values()) expect(data.map(({ packet }) => packet)).toEqual(upTo(data.length));
    }
  });

  test('one lost message holds up no other', () => {
    const pair = new LinkPair({ path: { delayMs: 50 } });
    pair.connect();
    let swallowed = false;
    pair.acceptor.filter = (bytes) => {
      if (swallowed || bytes[1] !== 16) return bytes;
      swallowed = true;
      return undefined;
    };
    for (const i of upTo(6)) pair.initiator.send(payload(i, 1000));
    pair.run(60);
    expect(sorted(received(pair.acceptor))).toEqual([1, 2, 3, 4, 5]);
    pair.settle();
    expect(sorted(received(pair.acceptor))).toEqual(upTo(6));
  });

  test('the last packet of all is repeated by the probe timeout when it is lost', () => {
    const pair = new LinkPair({ path: { delayMs: 20 } });
    pair.connect();
    pair.initiator.send(payload(0, 100));
    pair.settle();
    let lost = 0;
    pair.acceptor.filter = (bytes) => (bytes[1] === 16 && lost++ < 4 ? undefined : bytes);
    const sentMs = pair.clock.now;
    pair.initiator.send(payload(1, 100));
    pair.runUntil(() => pair.acceptor.all('message').length === 2, 10_000);
    expect(lost).toBeGreaterThanOrEqual(4);
    expect(pair.clock.now - sentMs).toBeLessThan(2000);
  });

  test('a probe doubles its pause each time it is not answered', () => {
    const pair = new LinkPair({
      path: { delayMs: 20 },
      link: { idleMs: 60_000, heartbeatMs: 30_000, lateTickMs: 1e6 },
    });
    pair.connect();
    pair.initiator.send(payload(0, 100));
    pair.settle();
    pair.network.change({ lossRatio: 1 });
    const fromMs = pair.clock.now;
    pair.initiator.send(payload(1, 100));
    pair.run(5000);
    const times = [...new Set(pair.initiator.said.filter(({ atMs }) => atMs >= fromMs).map(({ atMs }) => atMs))];
    const pauses = times.slice(1).map((atMs, i) => atMs - (times[i] ?? 0));
    expect(pauses.length).toBeGreaterThan(3);
    for (const [i, pause] of pauses.slice(1, 4).entries()) expect(pause / (pauses[i] ?? 1)).toBeCloseTo(2, 1);
  });

  test('round-trip time is measured: it settles within a fifth of the path', () => {
    const pair = new LinkPair({ path: { delayMs: 80 } });
    exchange(pair, 60, 4);
    for (const end of pair.ends) {
      expect(end.link.stats.srttMs).toBeGreaterThan(160 * 0.95);
      expect(end.link.stats.srttMs).toBeLessThan(160 * 1.2);
    }
  });

  test('a thousand tiny messages over a lossy path do not run out of credit', () => {
    const pair = new LinkPair({
      seed: 9,
      path: { lossRatio: 0.2, delayMs: 10 },
      link: { messageReceiveBytesMax: 16_384, messageBytesMax: 4096 },
    });
    pair.connect();
    for (const i of upTo(1000)) expect(pair.initiator.send(payload(i, 60))).toBe('ok');
    pair.settle(120_000);
    expect(sorted(received(pair.acceptor))).toEqual(upTo(1000));
  });

  test('two thousand tiny chunks over a lossy path break no rule of either end', () => {
    const pair = new LinkPair({ seed: 11, path: { lossRatio: 0.2, delayMs: 30, reorderRatio: 0.2, reorderMs: 60 } });
    pair.connect();
    pair.acceptor.serve = (_, chunk) => payload(chunk, 40);
    const wanted = upTo(2000);
    const ask = (): void => {
      while (wanted[0] !== undefined && pair.initiator.link.requestChunk(pair.clock.now, 1, wanted[0], 40) === 'ok') {
        wanted.shift();
      }
    };
    pair.initiator.onOutput = ask;
    ask();
    pair.initiator.drain();
    pair.runUntil(() => pair.initiator.all('chunk').length === 2000, 240_000);
    expect(sorted(pair.initiator.all('chunk').map(({ chunk }) => chunk))).toEqual(upTo(2000));
  });
});
