// High-water marks, in bytes, for each class and each side: what is said at the mark, and that the link lives on past it.
import { describe, expect, test } from '@jest/globals';
import { LinkPair, type LinkEnd } from '../../src/sim/link-pair.ts';
import { CONTROL_BYTES_MAX } from '../../src/wire/frames.ts';
import { framesSaid, payload, received, sorted, upTo } from './support.ts';

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

/** An application's own. */
const SCHEMA = 256;

/** Like `payload`, and cheap: floods are made of these. */
function numbered(index: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, index);
  return bytes;
}

/** The numbers of the control frames that `end` heard, each checked to the last byte; kept as they surface. */
function controlHeard(end: LinkEnd, made: typeof payload = payload): number[] {
  const heard: number[] = [];
  end.onOutput = (output) => {
    if (output.kind !== 'control') return;
    const index = new DataView(output.bytes.buffer, output.bytes.byteOffset).getUint32(0);
    if (Buffer.compare(output.bytes, made(index, output.bytes.length)) !== 0) throw new Error(`${index}: bytes differ`);
    heard.push(index);
  };
  return heard;
}

describe('control, sending side', () => {
  const link = { controlSendBytesMax: 10_000 };

  test('past the mark the oldest is dropped and counted, and the newest goes out in order', () => {
    const pair = new LinkPair({ link });
    pair.connect();
    const heard = controlHeard(pair.acceptor);
    const { link: sender, now } = pair.initiator;
    for (const i of upTo(30)) {
      expect(sender.sendControl(now, SCHEMA, payload(i, 1000), now + 1000)).toBe('ok');
      expect(sender.heldBytes.control).toBe(Math.min(10_000, (i + 1) * 1000));
    }
    expect(sender.stats.drops['control-overflow']).toBe(20);
    pair.initiator.drain();
    expect(sender.heldBytes.control).toBe(0);
    pair.run(500);
    expect(heard).toEqual(upTo(10).map((i) => 20 + i));
    expect(sender.stats.controlSent).toBe(10);
    expect(pair.acceptor.link.stats.controlReceived).toBe(10);
    expect(sender.stats.drops).toMatchObject({ 'control-overflow': 20, 'control-late': 0 });
  });

  test('a large one pushes out as many small ones as it takes, and no more', () => {
    const pair = new LinkPair({ link: { controlSendBytesMax: 1200 } });
    pair.connect();
    const heard = controlHeard(pair.acceptor);
    const { link: sender, now } = pair.initiator;
    for (const i of upTo(12)) sender.sendControl(now, SCHEMA, payload(i, 100), now + 1000);
    expect(sender.stats.drops['control-overflow']).toBe(0);
    sender.sendControl(now, SCHEMA, payload(12, CONTROL_BYTES_MAX), now + 1000);
    expect(sender.heldBytes.control).toBe(CONTROL_BYTES_MAX + 100);
    expect(sender.stats.drops['control-overflow']).toBe(11);
    pair.initiator.drain();
    pair.run(500);
    expect(heard).toEqual([11, 12]);
  });

  test('what has to wait past its deadline is dropped as late, and what is behind it goes', () => {
    const pair = new LinkPair({ link: { ...link, controlBurstBytes: 1000, controlBytesPerSecond: 1000 } });
    pair.connect();
    const heard = controlHeard(pair.acceptor);
    const { link: sender, now } = pair.initiator;
    for (const i of upTo(4)) sender.sendControl(now, SCHEMA, payload(i, 1000), now + (i === 3 ? 5000 : 500));
    pair.initiator.drain();
    expect(sender.heldBytes.control).toBe(3000);
    pair.run(5000);
    // Whatever is left of the budget lets one go, which may overdraw it: the third would have to wait for a second.
    expect(heard).toEqual([0, 1, 3]);
    expect(sender.stats.drops).toMatchObject({ 'control-late': 1, 'control-overflow': 0 });
    expect(sender.heldBytes.control).toBe(0);
  });

  test('a source beyond its budget loses its own frames alone: messages, chunks and acknowledgements go on', () => {
    const budget = { ...link, controlBurstBytes: 4000, controlBytesPerSecond: 20_000 };
    const pair = new LinkPair({ link: budget, path: { delayMs: 20, rateMbit: 10, queueMs: 100 } });
    pair.connect();
    const heard = controlHeard(pair.acceptor);
    pair.initiator.serve = (_, chunk) => payload(chunk, 100_000);
    for (const chunk of upTo(10)) pair.acceptor.request(1, chunk, 100_000);
    for (const end of pair.ends) for (const i of upTo(20)) end.send(payload(i, 5000));
    let said = 0;
    for (const untilMs = pair.clock.now + 3000; pair.clock.now < untilMs; pair.run(1)) {
      pair.initiator.sendControl(SCHEMA, payload(said++, 500), pair.initiator.now + 1000);
      expect(pair.initiator.link.heldBytes.control).toBeLessThanOrEqual(10_000);
    }
    pair.settle();
    pair.run(1000);
    const { stats } = pair.initiator.link;
    expect(stats.drops['control-overflow']).toBeGreaterThan(said / 2);
    expect(stats.controlSent + stats.drops['control-overflow'] + stats.drops['control-late']).toBe(said);
    expect(stats.controlSent * 500).toBeLessThanOrEqual(4000 + 4 * 20_000);
    expect(heard).toEqual(sorted(heard));
    expect(heard.at(-1)).toBe(said - 1);
    expect(sorted(pair.acceptor.all('chunk').map(({ chunk }) => chunk))).toEqual(upTo(10));
    for (const end of pair.ends) expect(sorted(received(end))).toEqual(upTo(20));
  });

  test('without a transport there is nobody to take it: it is dropped at once and nothing waits', () => {
    const pair = new LinkPair({ link });
    pair.connect();
    pair.closeTransport();
    expect(pair.initiator.sendControl(SCHEMA, payload(0, 10), 1e9)).toBe('dropped');
    expect(pair.initiator.link.heldBytes.control).toBe(0);
  });
});

describe('control, receiving side', () => {
  /** An initiator without shame: it keeps no budget, and says `bytesPerMs` of control for `ms`. */
  function flooded(rateMbit: number): { pair: LinkPair; flood: (ms: number, bytesPerMs: number) => number } {
    const pair = new LinkPair({
      path: { delayMs: 20, rateMbit, queueMs: 100 },
      initiatorLink: { controlBytesPerSecond: 1e9, controlBurstBytes: 1e9, controlSendBytesMax: 1e9 },
    });
    pair.connect();
    pair.acceptor.serve = (_, chunk) => payload(chunk, 50_000);
    let said = 0;
    const flood = (ms: number, bytesPerMs: number): number => {
      for (const untilMs = pair.clock.now + ms; pair.clock.now < untilMs; pair.run(1)) {
        const { link, now } = pair.initiator;
        for (let bytes = 0; bytes < bytesPerMs; bytes += 1000) {
          link.sendControl(now, SCHEMA, numbered(said++, 1000), now + 1000);
        }
        pair.initiator.drain();
        expect(pair.acceptor.link.heldBytes.control).toBe(0);
        expect(pair.acceptor.link.heldBytes.messagesIn).toBeLessThan(200_000);
      }
      return said;
    };
    return { pair, flood };
  }

  test('a flood is handed on as it comes and none of it is held', () => {
    const { pair, flood } = flooded(100);
    const heard = controlHeard(pair.acceptor, numbered);
    const said = flood(2000, 4000);
    pair.run(200);
    expect(heard).toEqual(upTo(said));
    expect(pair.acceptor.link.stats.controlReceived).toBe(said);
  });

  test('a flood leaves link control, acknowledgements and messages of both ends what they need', () => {
    const { pair, flood } = flooded(50);
    controlHeard(pair.acceptor, numbered);
    for (const chunk of upTo(8)) pair.initiator.request(1, chunk, 50_000);
    for (const end of pair.ends) for (const i of upTo(20)) end.send(payload(i, 5000));
    // Longer than idleMs, at four fifths of the path.
    flood(7000, 5000);
    expect(pair.ends.map(({ link }) => link.state)).toEqual(['open', 'open']);
    for (const end of pair.ends) expect(sorted(received(end))).toEqual(upTo(20));
    expect(sorted(pair.initiator.all('chunk').map(({ chunk }) => chunk))).toEqual(upTo(8));
    expect(framesSaid(pair.acceptor, 'ack').length).toBeGreaterThan(500);
    for (const { link } of pair.ends) expect(link.heldBytes).toMatchObject({ messagesOut: 0, chunksOut: 0 });
  });

  test('a flood that is more than the path takes ends nothing, and what the receiver has to say still arrives', () => {
    const { pair, flood } = flooded(10);
    const heard = controlHeard(pair.acceptor, numbered);
    for (const i of upTo(20)) pair.acceptor.send(payload(i, 5000));
    flood(10_000, 3000);
    expect(pair.ends.map(({ link }) => link.state)).toEqual(['open', 'open']);
    expect(pair.ends.flatMap((end) => [...end.all('lost'), ...end.all('closed')])).toEqual([]);
    expect(sorted(received(pair.initiator))).toEqual(upTo(20));
    expect(heard.length).toBeGreaterThan(1000);
    expect(new Set(heard).size).toBe(heard.length);
    pair.run(3000);
    pair.acceptor.send(payload(20, 5000));
    pair.initiator.send(payload(0, 5000));
    pair.settle();
    expect(received(pair.acceptor)).toEqual([0]);
    expect(received(pair.initiator)).toContain(20);
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
