// High-water marks, in bytes, for each class and each side: what is said at the mark, and that the link lives on past it.
import { describe, expect, test } from '@jest/globals';
import { LinkPair } from '../../src/sim/link-pair.ts';
import { payload, received, sorted, upTo } from './support.ts';

const MIB = 1024 * 1024;

describe('messages, sending side', () => {
  const link = { messageSendBytesMax: 100_000, messageBytesMax: 20_000 };

  test('send says ok up to the mark, blocked past it, and room when half has gone', () => {
    const pair = new LinkPair({ link });
    pair.connect();
    pair.network.change({ blackouts: [{ fromMs: 0, toMs: pair.clock.now + 1000 }] });
    expect(upTo(5).map((i) => pair.initiator.send(payload(i, 20_000)))).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
    expect(pair.initiator.link.heldBytes.messagesOut).toBe(100_000);
    expect(pair.initiator.send(payload(5, 4))).toBe('blocked');
    expect(pair.initiator.all('room')).toEqual([]);
    pair.runUntil(() => pair.initiator.all('room').length > 0, 10_000);
    expect(pair.initiator.link.heldBytes.messagesOut).toBeLessThanOrEqual(50_000);
    expect(pair.initiator.send(payload(6, 4))).toBe('ok');
    pair.settle();
    expect(sorted(received(pair.acceptor))).toEqual([0, 1, 2, 3, 4, 6]);
    expect(pair.initiator.all('room')).toEqual([{ kind: 'room', for: 'message' }]);
  });

  test('room is not said to someone who was never blocked', () => {
    const pair = new LinkPair({ link });
    pair.connect();
    for (const i of upTo(5)) pair.initiator.send(payload(i, 20_000));
    pair.settle();
    expect(pair.initiator.all('room')).toEqual([]);
  });

  test('a message at the limit goes, one byte more or none at all is dropped', () => {
    const pair = new LinkPair({ link });
    pair.connect();
    expect(pair.initiator.send(payload(0, 20_000))).toBe('ok');
    expect(pair.initiator.send(payload(1, 20_001))).toBe('dropped');
    expect(pair.initiator.send(new Uint8Array(0))).toBe('dropped');
    pair.settle();
    expect(received(pair.acceptor)).toEqual([0]);
  });

  test('the mark holds while there is no transport', () => {
    const pair = new LinkPair({ link });
    expect(upTo(6).map((i) => pair.acceptor.send(payload(i, 20_000)))).toEqual([
      'ok',
      'ok',
      'ok',
      'ok',
      'ok',
      'blocked',
    ]);
  });
});

describe('messages, receiving side', () => {
  const link = { messageReceiveBytesMax: 50_000, messageBytesMax: 10_000 };

  function stuffed(): LinkPair {
    const pair = new LinkPair({ link, path: { delayMs: 20, lossRatio: 0.05 }, seed: 2 });
    pair.acceptor.releases = false;
    pair.connect();
    for (const i of upTo(30)) pair.initiator.send(payload(i, 9000));
    return pair;
  }

  test('holds no more than the mark, however much the peer has to say', () => {
    const pair = stuffed();
    for (const _ of upTo(400)) {
      pair.run(10);
      expect(pair.acceptor.link.heldBytes.messagesIn).toBeLessThanOrEqual(50_000);
    }
    expect(pair.acceptor.all('message').length).toBe(5);
  });

  test('past the mark still takes acknowledgements and heartbeats: the link lives and the other way flows', () => {
    const pair = stuffed();
    pair.run(5000);
    for (const i of upTo(20)) pair.acceptor.send(payload(i, 5000));
    pair.run(60_000);
    expect(sorted(received(pair.initiator))).toEqual(upTo(20));
    expect(pair.acceptor.link.heldBytes.messagesOut).toBe(0);
    expect(pair.ends.map((end) => end.link.state)).toEqual(['open', 'open']);
    expect(pair.acceptor.all('message').length).toBe(5);
  });

  test('goes on as the application releases, and loses nothing', () => {
    const pair = stuffed();
    pair.run(5000);
    let released = 0;
    for (let round = 0; round < 60 && released < 30; round++) {
      const arrived = pair.acceptor.all('message');
      for (const { bytes } of arrived.slice(released)) pair.acceptor.link.releaseMessage(pair.clock.now, bytes.length);
      released = arrived.length;
      pair.acceptor.drain();
      pair.run(1000);
    }
    expect(sorted(received(pair.acceptor))).toEqual(upTo(30));
    expect(pair.acceptor.link.heldBytes.messagesIn).toBe(0);
  });

  test('the charge for each message bounds how many tiny ones are held', () => {
    const pair = new LinkPair({ link: { ...link, messageChargeBytes: 64 } });
    pair.acceptor.releases = false;
    pair.connect();
    for (const i of upTo(2000)) pair.initiator.send(payload(i, 4));
    pair.run(10_000);
    expect(pair.acceptor.all('message').length).toBe(Math.floor(50_000 / 68));
  });
});

describe('chunks, sending side', () => {
  test('send says ok up to the mark, blocked past it, and room when half has gone', () => {
    const pair = new LinkPair({ link: { chunkSendBytesMax: MIB, chunkBytesMax: MIB / 4 }, path: { rateMbit: 20 } });
    pair.connect();
    for (const i of upTo(6)) expect(pair.initiator.request(1, i, MIB / 4)).toBe('ok');
    pair.run(30);
    const requests = pair.acceptor.all('chunk-request');
    const answer = (i: number): string =>
      pair.acceptor.link.sendChunk(pair.clock.now, requests[i]?.request ?? -1, payload(i, MIB / 4));
    expect(upTo(5).map(answer)).toEqual(['ok', 'ok', 'ok', 'ok', 'blocked']);
    expect(pair.acceptor.link.chunkRoomBytes).toBe(0);
    pair.acceptor.drain();
    pair.runUntil(() => pair.acceptor.all('room').length > 0, 10_000);
    expect(pair.acceptor.all('room')).toEqual([{ kind: 'room', for: 'chunk' }]);
    expect(pair.acceptor.link.heldBytes.chunksOut).toBeLessThanOrEqual(MIB / 2);
    expect([4, 5].map(answer)).toEqual(['ok', 'ok']);
    pair.acceptor.drain();
    pair.settle();
    expect(sorted(pair.initiator.all('chunk').map(({ chunk }) => chunk))).toEqual(upTo(6));
  });

  test('what was read while there was room is taken when there is none any more', () => {
    const pair = new LinkPair({ link: { chunkAheadBytes: MIB / 4, chunkBytesMax: MIB / 4 }, path: { rateMbit: 20 } });
    pair.connect();
    for (const i of upTo(3)) pair.initiator.request(1, i, MIB / 4);
    pair.run(30);
    const { link } = pair.acceptor;
    for (const { request, chunk } of pair.acceptor.all('chunk-request')) {
      expect(link.sendChunk(pair.clock.now, request, payload(chunk, MIB / 4))).toBe('ok');
    }
    expect(link.chunkRoomBytes).toBeLessThan(0);
    pair.acceptor.drain();
    pair.runUntil(() => pair.initiator.all('chunk').length === 3, 10_000);
  });

  test('an answer nobody asked for, or given twice, is dropped', () => {
    const pair = new LinkPair();
    pair.connect();
    expect(pair.acceptor.link.sendChunk(pair.clock.now, 0, payload(0, 10))).toBe('dropped');
    pair.initiator.request(1, 0, 10);
    pair.run(30);
    expect(pair.acceptor.link.sendChunk(pair.clock.now, 0, payload(0, 10))).toBe('ok');
    expect(pair.acceptor.link.sendChunk(pair.clock.now, 0, payload(0, 10))).toBe('dropped');
  });
});

describe('chunks, receiving side', () => {
  const link = { chunkReceiveBytesMax: MIB, chunkBytesMax: MIB / 4 };

  test('a request past the mark is blocked, and ok again when a chunk was released', () => {
    const pair = new LinkPair({ link });
    pair.initiator.releases = false;
    pair.acceptor.serve = (_, chunk) => payload(chunk, MIB / 4);
    pair.connect();
    expect(upTo(5).map((i) => pair.initiator.request(1, i, MIB / 4))).toEqual(['ok', 'ok', 'ok', 'ok', 'blocked']);
    pair.runUntil(() => pair.initiator.all('chunk').length === 4, 10_000);
    expect(pair.initiator.request(1, 4, MIB / 4)).toBe('blocked');
    pair.initiator.link.releaseChunk(pair.clock.now, MIB / 4);
    expect(pair.initiator.request(1, 4, MIB / 4)).toBe('ok');
    expect(pair.initiator.link.heldBytes.chunksIn).toBe(MIB);
  });

  test('at the mark still takes acknowledgements and heartbeats: the link lives and messages flow', () => {
    const pair = new LinkPair({ link });
    pair.initiator.releases = false;
    pair.acceptor.serve = (_, chunk) => payload(chunk, MIB / 4);
    pair.connect();
    for (const i of upTo(4)) pair.initiator.request(1, i, MIB / 4);
    pair.run(30_000);
    for (const end of pair.ends) for (const i of upTo(5)) end.send(payload(i, 5000));
    pair.run(30_000);
    for (const end of pair.ends) {
      expect(sorted(received(end))).toEqual(upTo(5));
      expect(end.link.state).toBe('open');
    }
  });

  test('a chunk larger than chunkBytesMax, or of nothing, cannot be asked for', () => {
    const pair = new LinkPair({ link });
    pair.connect();
    expect(pair.initiator.request(1, 0, MIB / 4 + 1)).toBe('dropped');
    expect(pair.initiator.request(1, 0, 0)).toBe('dropped');
  });

  test('the number of open requests is bounded too', () => {
    const pair = new LinkPair({ link: { requestsMax: 40 } });
    pair.connect();
    const answers = upTo(12).map((i) => pair.initiator.request(1, i, 10));
    expect(answers).toEqual([...new Array<string>(10).fill('ok'), 'blocked', 'blocked']);
  });
});

describe('a transfer that is dropped', () => {
  test('frees what was asked of it, and late chunks of it are ignored', () => {
    const pair = new LinkPair({ path: { delayMs: 20, rateMbit: 10 } });
    pair.acceptor.serve = (_, chunk) => payload(chunk, 100_000);
    pair.connect();
    for (const i of upTo(8)) pair.initiator.request(1, i, 100_000);
    pair.initiator.request(2, 0, 100_000);
    pair.run(100);
    pair.initiator.link.dropTransfer(pair.clock.now, 1, 'in');
    const before = pair.initiator.all('chunk').length;
    expect(pair.initiator.link.heldBytes.chunksIn).toBe(100_000);
    pair.settle();
    pair.run(500);
    expect(
      pair.initiator
        .all('chunk')
        .slice(before)
        .map(({ transfer }) => transfer),
    ).toEqual([2]);
    expect(pair.initiator.link.heldBytes.chunksIn).toBe(0);
  });

  test('is sent no further by the end that drops it', () => {
    const pair = new LinkPair({ path: { delayMs: 20, rateMbit: 10 } });
    pair.acceptor.serve = (_, chunk) => payload(chunk, 100_000);
    pair.connect();
    for (const i of upTo(8)) pair.initiator.request(1, i, 100_000);
    pair.run(100);
    pair.acceptor.link.dropTransfer(pair.clock.now, 1, 'out');
    expect(pair.acceptor.link.heldBytes.chunksOut).toBe(0);
    const fromMs = pair.clock.now;
    pair.run(3000);
    const bytes = pair.acceptor.said
      .filter(({ atMs }) => atMs > fromMs)
      .reduce((sum, one) => sum + one.bytes.length, 0);
    expect(bytes).toBeLessThan(5000);
  });

  test('while all of it is in flight is not told as delivered when its acknowledgement comes', () => {
    const pair = new LinkPair({ path: { delayMs: 20 } });
    pair.connect();
    pair.acceptor.serve = (_, chunk) => payload(chunk, 1000);
    pair.initiator.request(1, 0, 1000);
    pair.run(30);
    pair.acceptor.link.dropTransfer(pair.clock.now, 1, 'out');
    pair.run(500);
    expect(pair.initiator.all('chunk')).toHaveLength(1);
    expect(pair.acceptor.all('chunk-delivered')).toEqual([]);
    expect(pair.acceptor.link.heldBytes.chunksOut).toBe(0);
  });

  test('whose request was lost leaves no gap that ends the link later', () => {
    const pair = new LinkPair({ path: { delayMs: 1 } });
    pair.connect();
    pair.acceptor.serve = () => Uint8Array.of(1);
    pair.acceptor.filter = () => undefined;
    pair.initiator.request(1, 0, 1);
    pair.run(2);
    pair.initiator.link.dropTransfer(pair.clock.now, 1, 'in');
    pair.acceptor.filter = (bytes) => bytes;
    let next = 0;
    let chunks = 0;
    pair.initiator.onOutput = (output) => {
      if (output.kind === 'chunk') chunks++;
      while (pair.initiator.link.requestChunk(pair.clock.now, 2, next, 1) === 'ok') next++;
    };
    pair.initiator.request(2, next++, 1);
    pair.runUntil(() => chunks >= 66_000 || pair.initiator.link.state === 'closed', 600_000);
    expect(pair.initiator.all('closed')).toEqual([]);
  });

  test('whose request was lost is probed for with a ping, so that the loss is noticed', () => {
    const pair = new LinkPair({ path: { delayMs: 10 } });
    pair.connect();
    pair.acceptor.filter = () => undefined;
    pair.initiator.request(1, 0, 1);
    pair.run(15);
    pair.acceptor.filter = (bytes) => bytes;
    pair.initiator.link.dropTransfer(pair.clock.now, 1, 'in');
    pair.run(5000);
    expect(pair.acceptor.link.stats.packetsReceived).toBeLessThan(5);
    expect(pair.initiator.link.stats.packetsLost).toBe(1);
  });
});
