// They broke it: what ends a link with a code, what is merely ignored, and that the peer is told.
import { describe, expect, test } from '@jest/globals';
import { LINK_CODES, type LinkCode } from '../../src/wire/codes.ts';
import { DATAGRAM_BYTES_MAX, type Frame } from '../../src/wire/datagram.ts';
import type { LinkOptions } from '../../src/link/options.ts';
import { dataOf, Lone, payload, upTo } from './support.ts';

const options: Partial<LinkOptions> = {
  messageReceiveBytesMax: 10_000,
  messageBytesMax: 4000,
  messageChargeBytes: 64,
  requestsMax: 40,
};

const piece = (message: number, total: number, offset: number, length: number): Frame => {
  return { kind: 'message', message, total, offset, bytes: new Uint8Array(length) };
};

/** Expects that hearing `frames` ends an open link with `code` and tells the peer so. */
function endsWith(code: LinkCode, frames: Frame[], lone: Lone = new Lone('acceptor', options).open()): void {
  const session = lone.link.sessionId;
  const answers = lone.hearFrames(1_000_000, ...frames);
  expect(lone.outputs.at(-1)).toEqual({ kind: 'closed', code, byPeer: false });
  expect(answers.at(-1)).toEqual({ kind: 'disconnect', session, code: LINK_CODES[code] });
  expect(lone.link.state).toBe('closed');
}

describe('a peer that breaks the rules', () => {
  test('by sending more message bytes than its credit ends with flow-control', () => {
    endsWith(
      'flow-control',
      upTo(3).map((i) => piece(i, 4000, 0, 1)),
    );
  });

  test('by sending more tiny messages than its credit ends with flow-control', () => {
    const frames = upTo(154).map((i) => piece(i, 1, 0, 1));
    const lone = new Lone('acceptor', options).open();
    lone.hearFrames(0, ...frames.slice(0, 153));
    expect(lone.link.state).toBe('open');
    endsWith('flow-control', frames.slice(153), lone);
  });

  test('by numbering messages far ahead ends with flow-control', () => {
    endsWith('flow-control', [piece(0xffff_ffff, 1, 0, 1)]);
  });

  test('by sending a message over the limit ends with too-large', () => {
    endsWith('too-large', [piece(0, 4001, 0, 1)]);
  });

  test("by changing a message's length midway ends with malformed", () => {
    endsWith('malformed', [piece(0, 100, 0, 1), piece(0, 101, 1, 1)]);
  });

  test('by sending a chunk nobody asked for ends with flow-control', () => {
    endsWith('flow-control', [{ kind: 'chunk', request: 0, offset: 0, bytes: new Uint8Array(1) }]);
  });

  test('by sending past the end of a chunk ends with malformed', () => {
    const lone = new Lone('acceptor', options).open();
    lone.link.requestChunk(lone.now, 1, 0, 10);
    lone.drain();
    endsWith('malformed', [{ kind: 'chunk', request: 0, offset: 5, bytes: new Uint8Array(6) }], lone);
  });

  test('by asking for more than requestsMax at once ends with flow-control', () => {
    const frames = upTo(41).map((request): Frame => ({ kind: 'request', request, transfer: 1, chunk: request }));
    const lone = new Lone('acceptor', options).open();
    lone.hearFrames(0, ...frames.slice(0, 40));
    expect(lone.link.state).toBe('open');
    endsWith('flow-control', frames.slice(40), lone);
  });

  test('by acknowledging what was never sent ends with malformed', () => {
    endsWith('malformed', [{ kind: 'ack', lane: 0, delayUs: 0, ranges: [0, 0] }]);
  });

  test.each<[string, (session: bigint) => Uint8Array]>([
    ['cut short', (session) => dataOf(session, 1, [{ kind: 'credit', messageBytes: 1 }]).subarray(0, -1)],
    [
      'too long',
      (session) => {
        const bytes = new Uint8Array(DATAGRAM_BYTES_MAX + 1);
        bytes.set(dataOf(session, 1, []));
        return bytes;
      },
    ],
    [
      'of an unknown kind',
      (session) => {
        const bytes = dataOf(session, 1, []);
        bytes[1] = 99;
        return bytes;
      },
    ],
    ['with an unknown frame', (session) => Uint8Array.of(...dataOf(session, 1, []), 200)],
    ['of nine bytes', () => new Uint8Array(9)],
    ['of no bytes', () => new Uint8Array(0)],
  ])('by sending a datagram %s ends with malformed', (_, make) => {
    const lone = new Lone('acceptor', options).open();
    const session = lone.link.sessionId;
    const answers = lone.hear(make(session));
    expect(lone.outputs.at(-1)).toEqual({ kind: 'closed', code: 'malformed', byPeer: false });
    expect(answers).toEqual([{ kind: 'disconnect', session, code: LINK_CODES.malformed }]);
  });

  test('has its code told to the other end, which ends too', () => {
    for (const [code, number] of Object.entries(LINK_CODES)) {
      if (code === 'unknown-session') continue;
      const lone = new Lone('initiator').open();
      expect(lone.hear({ kind: 'disconnect', session: lone.link.sessionId, code: number })).toEqual([]);
      expect(lone.outputs.at(-1)).toEqual({ kind: 'closed', code, byPeer: true });
    }
  });

  test('a code we do not know ends the link as malformed', () => {
    const lone = new Lone('initiator').open();
    lone.hear({ kind: 'disconnect', session: lone.link.sessionId, code: 60_000 });
    expect(lone.outputs.at(-1)).toEqual({ kind: 'closed', code: 'malformed', byPeer: true });
  });
});

describe('a peer that is only odd', () => {
  test('rubbish of another session changes nothing', () => {
    const lone = new Lone('acceptor', options).open();
    const rubbish = dataOf(99n, 1, []);
    rubbish[1] = 77;
    lone.hear(rubbish);
    lone.hear(Uint8Array.of(...dataOf(99n, 1, []), 200));
    expect(lone.link.state).toBe('open');
  });

  test('a message that comes again after it was complete does not come out again', () => {
    const lone = new Lone('acceptor', options).open();
    for (const packet of [0, 1, 2]) lone.hearFrames(packet, piece(0, 4, 0, 4));
    expect(lone.outputs.filter(({ kind }) => kind === 'message')).toHaveLength(1);
  });

  test('fragments in any order, overlapping and repeated, make the message once', () => {
    const lone = new Lone('acceptor', options).open();
    const whole = payload(3, 100);
    const spans: [number, number][] = [
      [60, 100],
      [0, 10],
      [5, 40],
      [60, 80],
      [39, 61],
      [0, 100],
    ];
    for (const [packet, [from, to]] of spans.entries()) {
      lone.hearFrames(packet, {
        kind: 'message',
        message: 0,
        total: 100,
        offset: from,
        bytes: whole.subarray(from, to),
      });
    }
    const messages = lone.outputs.filter((output) => output.kind === 'message');
    expect(messages).toEqual([{ kind: 'message', bytes: whole }]);
  });

  test('the same packet number twice is taken once and acknowledged twice', () => {
    const lone = new Lone('acceptor', options).open();
    const frame: Frame = { kind: 'request', request: 0, transfer: 1, chunk: 0 };
    const first = [...lone.hearFrames(0, frame), ...lone.tick(lone.now + 50)];
    const second = [...lone.hearFrames(0, frame), ...lone.tick(lone.now + 50)];
    expect(lone.outputs.filter(({ kind }) => kind === 'chunk-request')).toHaveLength(1);
    expect([...first, ...second].map((one) => one.kind === 'data' && one.frames[0]?.kind)).toEqual(['ack', 'ack']);
    expect(lone.link.stats.drops.duplicate).toBe(1);
  });

  test('a request that is asked twice, in two packets, is put to the application once', () => {
    const lone = new Lone('acceptor', options).open();
    for (const packet of [0, 1]) lone.hearFrames(packet, { kind: 'request', request: 0, transfer: 1, chunk: 0 });
    expect(lone.outputs.filter(({ kind }) => kind === 'chunk-request')).toHaveLength(1);
  });

  test('acknowledgements alone are not acknowledged', () => {
    const lone = new Lone('acceptor', options).open();
    lone.link.sendMessage(lone.now, payload(0, 10));
    lone.drain();
    for (const packet of upTo(20))
      expect(lone.hearFrames(packet, { kind: 'ack', lane: 0, delayUs: 0, ranges: [0, 0] })).toEqual([]);
    expect(lone.tick(lone.now + 100)).toEqual([]);
  });
});
