import { describe, expect, test } from '@jest/globals';
import { LinkPair } from '../../src/sim/link-pair.ts';
import { payload, received, sorted, upTo } from './support.ts';

const CHUNK_BYTES = 64 * 1024;

describe('a session over a replaced transport', () => {
  test('keeps its id and says that it resumed', () => {
    const pair = new LinkPair();
    pair.connect();
    const session = pair.initiator.link.sessionId;
    pair.closeTransport();
    expect(pair.ends.map((end) => end.link.state)).toEqual(['detached', 'detached']);
    pair.connect();
    for (const end of pair.ends) {
      expect(end.link.sessionId).toBe(session);
      expect(end.outputs).toEqual([
        { kind: 'open', resumed: false },
        { kind: 'open', resumed: true },
      ]);
    }
  });

  test('loses and doubles no message that was under way, in either direction, over five replacements', () => {
    const pair = new LinkPair({ path: { delayMs: 30, lossRatio: 0.05, rateMbit: 5 }, seed: 3 });
    pair.connect();
    const total = 150;
    for (const i of upTo(total)) for (const end of pair.ends) end.send(payload(i, 20 + ((i * 977) % 6000)));
    for (let k = 0; k < 5; k++) {
      pair.run(60 + 17 * k);
      pair.closeTransport();
      pair.run(40);
      pair.connect();
    }
    pair.settle();
    for (const end of pair.ends) {
      expect(sorted(received(end))).toEqual(upTo(total));
      expect(end.all('reset')).toEqual([]);
    }
  });

  test('finishes the chunks that were under way, each once', () => {
    const pair = new LinkPair({ path: { delayMs: 20, rateMbit: 20 } });
    pair.connect();
    pair.acceptor.serve = (_, chunk) => payload(chunk, CHUNK_BYTES);
    for (const i of upTo(16)) expect(pair.initiator.request(1, i, CHUNK_BYTES)).toBe('ok');
    for (let k = 0; k < 3; k++) {
      pair.run(80);
      pair.closeTransport();
      pair.connect();
    }
    pair.settle();
    const chunks = pair.initiator.all('chunk');
    expect(sorted(chunks.map(({ chunk }) => chunk))).toEqual(upTo(16));
    for (const { chunk, bytes } of chunks) expect(Buffer.compare(bytes, payload(chunk, CHUNK_BYTES))).toBe(0);
    expect(sorted(pair.acceptor.all('chunk-delivered').map(({ chunk }) => chunk))).toEqual(upTo(16));
  });

  test('takes messages while it has no transport and delivers them over the next', () => {
    const pair = new LinkPair();
    pair.connect();
    pair.closeTransport();
    for (const i of upTo(3)) expect(pair.acceptor.send(payload(i, 100))).toBe('ok');
    pair.connect();
    pair.settle();
    expect(sorted(received(pair.initiator))).toEqual(upTo(3));
  });

  test('resumes when the transport is replaced without having been closed first', () => {
    const pair = new LinkPair();
    pair.connect();
    pair.initiator.send(payload(0, 5000));
    pair.network.cut();
    pair.openTransport();
    pair.settle();
    expect(received(pair.acceptor)).toEqual([0]);
    expect(pair.initiator.all('open').at(-1)).toEqual({ kind: 'open', resumed: true });
  });

  test('never uses a packet number twice, before and after', () => {
    const pair = new LinkPair({ path: { lossRatio: 0.1 } });
    pair.connect();
    for (const i of upTo(20)) pair.initiator.send(payload(i, 4000));
    pair.run(15);
    pair.closeTransport();
    pair.connect();
    pair.settle();
    const numbers = pair.initiator.said
      .filter(({ bytes }) => bytes[1] === 16)
      .map(({ bytes }) => new DataView(bytes.buffer).getUint32(11));
    expect(numbers.length).toBeGreaterThan(20);
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

describe('a session whose accepted never arrived', () => {
  test('goes on when the initiator, who cannot know it, connects anew: what was queued in it is not lost', () => {
    const pair = new LinkPair();
    pair.initiator.filter = () => undefined;
    pair.openTransport();
    pair.runUntil(() => pair.acceptor.link.state === 'open', 1000);
    for (const i of upTo(3)) pair.acceptor.send(payload(i, 3000));
    pair.run(200);
    pair.initiator.filter = (bytes) => bytes;
    pair.closeTransport();
    pair.connect();
    pair.settle();
    expect(sorted(received(pair.initiator))).toEqual(upTo(3));
    expect(pair.initiator.outputs[0]).toEqual({ kind: 'open', resumed: false });
    expect(pair.acceptor.outputs.map(({ kind }) => kind)).not.toContain('reset');
    expect(pair.acceptor.all('open')).toEqual([
      { kind: 'open', resumed: false },
      { kind: 'open', resumed: true },
    ]);
  });
});
