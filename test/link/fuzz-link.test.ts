// The whole machine against whatever a peer may send, in any order and any state: it never throws, never holds more than
// its marks, and never answers a datagram with a flood.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeControl, type Control, type Frame } from '../../src/wire/datagram.ts';
import type { LinkOptions } from '../../src/link/options.ts';
import { LinkPair } from '../../src/sim/link-pair.ts';
import { mutated } from '../wire/fuzz-mutate.ts';
import { dataOf, Lone, payload, received, sorted, upTo } from './support.ts';

const MARK_BYTES = 20_000;
const options: Partial<LinkOptions> = {
  messageReceiveBytesMax: MARK_BYTES,
  messageBytesMax: 8000,
  messageSendBytesMax: MARK_BYTES,
  chunkBytesMax: 5000,
  chunkSendBytesMax: MARK_BYTES,
  chunkReceiveBytesMax: MARK_BYTES,
};

/** Datagrams one input may be answered with: a window of the smallest pieces is far below it. */
const ANSWERS_MAX = 200;

// Small numbers, so that they often meet what the machine knows.
const small = fc.oneof({ weight: 6, arbitrary: fc.nat(6) }, { weight: 1, arbitrary: fc.nat(0xffff_ffff) });
const bytes = fc.uint8Array({ minLength: 1, maxLength: 40 });
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.constant<Frame>({ kind: 'ping' }),
  fc
    .tuple(small, small)
    .map(([a, b]): Frame => ({ kind: 'ack', lane: 0, delayUs: a, ranges: [Math.min(a, b), Math.max(a, b)] })),
  small.map((messageBytes): Frame => ({ kind: 'credit', messageBytes })),
  fc.record({ kind: fc.constant('message'), message: small, total: small, offset: small, bytes } as const),
  fc.record({ kind: fc.constant('request'), request: small, transfer: small, chunk: small } as const),
  fc.record({ kind: fc.constant('chunk'), request: small, offset: small, bytes } as const),
);

type Step = (lone: Lone) => number;

/** 0 is no session, 1 the link's own, 2 a stranger's. */
const whose = fc.constantFrom(0, 1, 1, 1, 1, 2);
const sessionFor = (lone: Lone, who: number): bigint => (who === 1 ? lone.link.sessionId : who === 0 ? 0n : 4711n);
const nonce = fc.constantFrom(0n, 7n, 8n);

const datagram = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(whose, small, fc.array(frame, { maxLength: 4 })).map(
      ([who, packet, frames]) =>
        (lone: Lone): Uint8Array =>
          dataOf(sessionFor(lone, who), packet, frames),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(whose, fc.constantFrom('connect', 'accepted', 'heartbeat', 'disconnect'), nonce, small, fc.nat(10))
      .map(([who, kind, value, messageCreditBytes, code]) => (lone: Lone): Uint8Array => {
        const session = sessionFor(lone, who);
        const controls: Record<string, Control> = {
          connect: { kind: 'connect', session, nonce: value, messageCreditBytes },
          accepted: { kind: 'accepted', session, nonce: value, messageCreditBytes },
          heartbeat: { kind: 'heartbeat', session, timeUs: 0 },
          disconnect: { kind: 'disconnect', session, code },
        };
        return encodeControl(controls[kind] ?? { kind: 'heartbeat', session, timeUs: 0 });
      }),
  },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: datagram.map(
      (make): Step =>
        (lone) =>
          lone.hear(make(lone)).length,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 60 }).map(
      (noise): Step =>
        (lone) =>
          lone.hear(noise).length,
    ),
  },
  {
    weight: 2,
    arbitrary: fc.nat(3000).map(
      (ms): Step =>
        (lone) =>
          lone.tick(lone.now + ms).length,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('transport-open', 'transport-closed').map((kind): Step => (lone) => {
      lone.link.handle(lone.now, { kind });
      return lone.drain().length;
    }),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.nat(3), small).map(([what, value]): Step => (lone) => {
      if (what === 0) lone.link.sendMessage(lone.now, payload(1, 1 + (value % 9000)));
      if (what === 1) lone.link.requestChunk(lone.now, value, value, 1 + (value % 6000));
      if (what === 2) lone.link.sendChunk(lone.now, value, payload(1, 1 + (value % 6000)));
      if (what === 3) lone.link.dropTransfer(lone.now, value, value % 2 === 0 ? 'in' : 'out');
      return lone.drain().length;
    }),
  },
);

/** Plain comparisons: a million calls of `expect` would take most of the time. */
function staysInBounds(lone: Lone, answers: number): void {
  for (const [name, bytes] of Object.entries(lone.link.heldBytes)) {
    if (bytes < 0 || bytes > MARK_BYTES)
      throw new Error(`${name}: expected 0 to ${MARK_BYTES} bytes held, got ${bytes}`);
  }
  if (answers > ANSWERS_MAX) throw new Error(`expected at most ${ANSWERS_MAX} answers, got ${answers}`);
}

describe('the link machine', () => {
  test.each(['initiator', 'acceptor'] as const)(
    'never throws as %s and keeps its marks, whatever comes in any order',
    (role) => {
      fc.assert(
        fc.property(fc.boolean(), fc.array(step, { minLength: 1, maxLength: 30 }), (open, steps) => {
          const lone = new Lone(role, options);
          if (open) lone.open();
          for (const one of steps) staysInBounds(lone, one(lone));
        }),
        { numRuns: 10_000 },
      );
    },
  );

  test('never throws on mutated datagrams of its own session', () => {
    const session = new Lone('acceptor').open().link.sessionId;
    const valid = fc
      .tuple(small, fc.array(frame, { maxLength: 6 }))
      .map(([packet, frames]) => dataOf(session, packet, frames));
    fc.assert(
      fc.property(fc.array(mutated(valid), { minLength: 1, maxLength: 6 }), (datagrams) => {
        const lone = new Lone('acceptor', options).open();
        for (const one of datagrams) staysInBounds(lone, lone.hear(one).length);
      }),
      { numRuns: 10_000 },
    );
  });

  test('a flood of strange datagrams from the network does not disturb an exchange', () => {
    const pair = new LinkPair({ seed: 6, path: { rateMbit: 20 } });
    pair.connect();
    for (const end of pair.ends) for (const i of upTo(30)) end.send(payload(i, 4000));
    for (let k = 0; k < 200; k++) {
      for (const end of pair.ends) {
        for (let n = 0; n < 20; n++) {
          const noise = pair.random.bytes(10 + pair.random.below(1500));
          // Never by chance a malformed datagram of the link's own session.
          noise.set([1, 16, 1, 2, 3, 4, 5, 6, 7, pair.random.below(256)]);
          end.receive(noise);
        }
      }
      pair.run(2);
    }
    pair.settle();
    for (const end of pair.ends) expect(sorted(received(end))).toEqual(upTo(30));
  });
});
