// What the STUN server answers, to whom and how often, and what it remembers of who asked.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PeerIndex } from '../../../signaling/stun/peer-index.ts';
import {
  ATTRIBUTES,
  decodeErrorCode,
  decodeStun,
  decodeXorAddress,
  encodeStun,
  METHODS,
  STUN_BYTES_MAX,
  type StunAttribute,
  type StunClass,
} from '../../../signaling/stun/stun-message.ts';
import { ANSWER_EXTRA_BYTES_MAX, StunResponder } from '../../../signaling/stun/stun-responder.ts';

const TRANSACTION = new Uint8Array(12).map((_, index) => index + 1);
const SOURCE = { address: '198.51.100.7', port: 4711 };

const question = (
  attributes: readonly StunAttribute[] = [],
  { kind = 'request', method = METHODS.binding }: { kind?: StunClass; method?: number } = {},
): Uint8Array => encodeStun({ kind, method, transaction: TRANSACTION, attributes });

const empty = (type: number): StunAttribute => ({ type, value: new Uint8Array() });

/** Questions from `address` that are answered at `now`, of `count`. */
function answered(responder: StunResponder, now: number, address: string, count: number): number {
  const asked = Array.from({ length: count }, () => responder.answer(now, question(), { address, port: 1 }));
  return asked.filter((answer) => answer !== undefined).length;
}

describe('an answer', () => {
  test.each([
    ['IPv4', '198.51.100.7', 12],
    ['IPv6', '2001:db8::7', 24],
  ])('tells an asker over %s where it asked from, in that many bytes more', (_, address, extra) => {
    const answer = new StunResponder(0).answer(0, question(), { address, port: 4711 });
    const message = answer && decodeStun(answer);
    expect(message).toMatchObject({ kind: 'success', transaction: TRANSACTION, fingerprint: false });
    expect(message?.attributes.map(({ type }) => type)).toEqual([ATTRIBUTES.xorMappedAddress]);
    expect(message?.attributes.map(({ value }) => decodeXorAddress(value, TRANSACTION))).toEqual([
      { address, port: 4711 },
    ]);
    expect((answer?.length ?? 0) - question().length).toBe(extra);
  });

  test('has a FINGERPRINT if the question had one', () => {
    const plain = { kind: 'request', method: METHODS.binding, transaction: TRANSACTION, attributes: [] } as const;
    const answer = new StunResponder(0).answer(0, encodeStun(plain, { fingerprint: true }), SOURCE);
    expect(answer && decodeStun(answer)?.fingerprint).toBe(true);
  });

  test('to a question with what must be understood and is not names that, with 420', () => {
    const responder = new StunResponder(0);
    const asked = question([empty(0x0003), empty(0x8022), empty(ATTRIBUTES.username), empty(0x0024)]);
    const answer = responder.answer(0, asked, SOURCE);
    const message = answer && decodeStun(answer);
    expect(message?.kind).toBe('error');
    const [error, unknown] = message?.attributes ?? [];
    expect(error && decodeErrorCode(error.value)).toEqual({ code: 420, reason: '' });
    expect(unknown).toEqual({ type: ATTRIBUTES.unknownAttributes, value: Uint8Array.of(0, 3, 0, 0x24) });
    expect(responder.figures(0)).toMatchObject({ refused: 1, answered: 0, sockets: 0 });
  });

  test('is never longer than its question by more than its bound, whatever is asked', () => {
    const attribute = fc.record({
      type: fc.integer({ min: 0, max: 0xffff }).filter((type) => type !== 0x0008 && type !== 0x8028),
      value: fc.uint8Array({ maxLength: 12 }),
    });
    const source = fc.record({
      address: fc.constantFrom('198.51.100.7', '2001:db8::7'),
      port: fc.integer({ min: 1, max: 65_535 }),
    });
    const responder = new StunResponder(0);
    let now = 0;
    fc.assert(
      fc.property(fc.array(attribute, { maxLength: 32 }), source, (attributes, from) => {
        const asked = question(attributes);
        const answer = responder.answer((now += 1000), asked, from);
        expect(answer).not.toBe(undefined);
        expect((answer?.length ?? 0) - asked.length).toBeLessThanOrEqual(ANSWER_EXTRA_BYTES_MAX);
      }),
    );
  });
});

describe('silence', () => {
  test.each([
    ['an indication', question([], { kind: 'indication' })],
    ['an answer, or two servers would talk to each other for ever', question([], { kind: 'success' })],
    ['an error', question([], { kind: 'error' })],
    ['a request of TURN', question([], { method: METHODS.allocate })],
    ['a truncated request', question().subarray(0, 19)],
    ['a request with bytes after it', Uint8Array.from([...question(), 0, 0, 0, 0])],
    ['too long a datagram', new Uint8Array(STUN_BYTES_MAX + 4)],
    ['an empty datagram', new Uint8Array()],
  ])('is the answer to %s', (_, bytes) => {
    const responder = new StunResponder(0);
    expect(responder.answer(0, bytes, SOURCE)).toBe(undefined);
    expect(responder.figures(0)).toMatchObject({ ignored: 1, answered: 0, sockets: 0 });
  });

  test('is the answer to port 0', () => {
    expect(new StunResponder(0).answer(0, question(), { ...SOURCE, port: 0 })).toBe(undefined);
  });

  test('is the answer to nearly all random bytes, and never a throw', () => {
    const responder = new StunResponder(0);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1300 }), (bytes) => {
        expect(responder.answer(0, bytes, SOURCE)).toBe(undefined);
      }),
    );
  });
});

describe('rates', () => {
  test('one source gets no more than its share, another is unharmed, and with time it may ask again', () => {
    const responder = new StunResponder(0);
    const burst = answered(responder, 0, '198.51.100.7', 1000);
    expect(burst).toBeLessThan(1000);
    expect(answered(responder, 0, '198.51.100.8', 100)).toBe(100);
    expect(answered(responder, 1000, '198.51.100.7', 1000)).toBe(60);
    expect(responder.figures(1000).limited).toBe(1000 - burst + 940);
  });

  test('addresses of one IPv6 household share one rate', () => {
    const responder = new StunResponder(0);
    const burst = answered(responder, 0, '2001:db8::1', 1000);
    expect(answered(responder, 0, '2001:db8::2', 100)).toBe(0);
    expect(answered(responder, 0, '2001:db8:0:1::1', 1000)).toBe(burst);
  });

  test('from ever new addresses no more comes than the rate of all', () => {
    const responder = new StunResponder(0);
    let told = 0;
    for (let n = 0; n < 20_000; n += 1) told += answered(responder, 0, `10.0.${n >> 8}.${n & 255}`, 1);
    expect(told).toBe(5_000);
    expect(responder.figures(0).sockets).toBe(5_000);
  });
});

describe('the index of peers', () => {
  test('names the sockets that asked, after the peer that signals one as its own', () => {
    const responder = new StunResponder(0);
    responder.answer(0, question(), SOURCE);
    responder.answer(0, question(), { address: '2001:db8::7', port: 1 });
    const { index } = responder;
    expect(index.claim(10, 'jo', '198.51.100.7:4711')).toBe(true);
    expect(index.claim(10, 'jo', '[2001:db8::7]:1')).toBe(true);
    expect(index.socketsOf(20, 'jo')).toEqual(['198.51.100.7:4711', '[2001:db8::7]:1']);
    expect(index.figures(20)).toEqual({ sockets: 2, named: 2 });
  });

  test('believes in no socket that never asked, and in none that is another peer’s already', () => {
    const index = new PeerIndex();
    expect(index.claim(0, 'jo', '198.51.100.7:4711')).toBe(false);
    index.saw(0, '198.51.100.7:4711');
    expect(index.claim(0, 'jo', '198.51.100.7:4711')).toBe(true);
    expect(index.claim(0, 'mara', '198.51.100.7:4711')).toBe(false);
    expect(index.claim(0, 'jo', '198.51.100.7:4711')).toBe(true);
    expect(index.socketsOf(0, 'mara')).toEqual([]);
  });

  test('forgets a socket a minute after it asked last, and its peer with it', () => {
    const index = new PeerIndex();
    index.saw(0, 'a');
    index.saw(0, 'b');
    index.claim(0, 'jo', 'a');
    index.claim(0, 'jo', 'b');
    index.saw(30_000, 'a');
    expect(index.socketsOf(59_999, 'jo')).toEqual(['b', 'a']);
    expect(index.socketsOf(60_000, 'jo')).toEqual(['a']);
    expect(index.claim(90_000, 'jo', 'a')).toBe(false);
    expect(index.figures(90_000)).toEqual({ sockets: 0, named: 0 });
  });

  test('keeps so many sockets and no more: the one that asked longest ago goes', () => {
    const index = new PeerIndex();
    for (let n = 0; n < 10_000; n += 1) index.saw(0, `s${n}`);
    index.saw(1, 's0');
    index.saw(1, 'new');
    expect(index.figures(1).sockets).toBe(10_000);
    expect([index.claim(1, 'jo', 's0'), index.claim(1, 'jo', 's1')]).toEqual([true, false]);
  });
});
