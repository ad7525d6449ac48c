// STUN messages against the vectors of RFC 5769, and whatever else a stranger may send.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addressText, socketAddress, socketName, sourceKey } from '../../../signaling/stun/socket-address.ts';
import {
  ATTRIBUTES,
  decodeErrorCode,
  decodeStun,
  decodeXorAddress,
  encodeErrorCode,
  encodeStun,
  encodeXorAddress,
  integrityHolds,
  longTermKey,
  METHODS,
  STUN_ATTRIBUTES_MAX,
  STUN_BYTES_MAX,
  type StunMessage,
} from '../../../signaling/stun/stun-message.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

/** RFC 5769, section 2: all of 2.1 to 2.3 with one transaction and one password. */
const TRANSACTION = hex('b7e7a701bc34d686fa87dfae');
const PASSWORD = ascii('VOkJxbRl1RmTxUk/WvJxBt');
const REQUEST = hex(`
  00010058 2112a442 b7e7a701bc34d686fa87dfae
  80220010 5354554e207465737420636c69656e74
  00240004 6e0001ff
  80290008 932ff9b151263b36
  00060009 6576746a3a68367659202020
  00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
  80280004 e57a3bcf`);
const RESPONSE_V4 = hex(`
  0101003c 2112a442 b7e7a701bc34d686fa87dfae
  8022000b 7465737420766563746f7220
  00200008 0001a147e112a643
  00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7
  80280004 c07d4c96`);
const RESPONSE_V6 = hex(`
  01010048 2112a442 b7e7a701bc34d686fa87dfae
  8022000b 7465737420766563746f7220
  00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9
  00080014 a382954e4be67bf11784c97c8292c275bfe3ed41
  80280004 c8fb0b4c`);
/** 2.4: long-term credentials, no FINGERPRINT. */
const LONG_TERM = hex(`
  00010060 2112a442 78ad3433c6ad72c029da412e
  00060012 e3839ee38388e383aae38383e382afe382b90000
  0015001c 662f2f3439396b39353464364f4c33346f4c39465354767936347341
  0014000b 6578616d706c652e6f726700
  00080014 f67024656dd64a3e02b8e0712e85c9a28ca89666`);

const valueOf = (message: StunMessage | undefined, type: number): Uint8Array => {
  const found = message?.attributes.find((attribute) => attribute.type === type);
  if (found === undefined) throw new Error(`no attribute ${type}`);
  return found.value;
};

/** A copy of `bytes` with the byte at `at` changed. */
const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));

describe('the vectors of RFC 5769', () => {
  test('2.1: the request reads as it was written, and its password holds', () => {
    const message = decodeStun(REQUEST);
    expect(message).toMatchObject({ kind: 'request', method: METHODS.binding, fingerprint: true });
    expect(message?.transaction).toEqual(TRANSACTION);
    expect(valueOf(message, ATTRIBUTES.software)).toEqual(ascii('STUN test client'));
    expect(valueOf(message, ATTRIBUTES.username)).toEqual(ascii('evtj:h6vY'));
    expect(valueOf(message, 0x0024)).toEqual(hex('6e0001ff'));
    expect(valueOf(message, 0x8029)).toEqual(hex('932ff9b151263b36'));
    expect(integrityHolds(REQUEST, PASSWORD)).toBe(true);
  });

  test.each([
    ['2.2', RESPONSE_V4, '192.0.2.1'],
    ['2.3', RESPONSE_V6, '2001:db8:1234:5678:11:2233:4455:6677'],
  ])('%s: the response tells the address, and its password holds', (_, bytes, address) => {
    const message = decodeStun(bytes);
    expect(message).toMatchObject({ kind: 'success', method: METHODS.binding, fingerprint: true });
    expect(valueOf(message, ATTRIBUTES.software)).toEqual(ascii('test vector'));
    const mapped = valueOf(message, ATTRIBUTES.xorMappedAddress);
    expect(decodeXorAddress(mapped, TRANSACTION)).toEqual({ address, port: 32853 });
    expect(encodeXorAddress({ address, port: 32853 }, TRANSACTION)).toEqual(mapped);
    expect(integrityHolds(bytes, PASSWORD)).toBe(true);
  });

  test('2.4: a long-term credential holds', () => {
    const message = decodeStun(LONG_TERM);
    expect(message).toMatchObject({ kind: 'request', fingerprint: false });
    const [name, realm] = [ATTRIBUTES.username, ATTRIBUTES.realm].map((type) =>
      new TextDecoder().decode(valueOf(message, type)),
    );
    expect([name, realm]).toEqual(['マトリックス', 'example.org']);
    expect(integrityHolds(LONG_TERM, longTermKey(name ?? '', realm ?? '', 'TheMatrIX'))).toBe(true);
  });

  test('one changed bit anywhere breaks the fingerprint, and without one the integrity', () => {
    for (let at = 0; at < REQUEST.length; at += 1) expect(decodeStun(flipped(REQUEST, at))?.fingerprint).not.toBe(true);
    const key = longTermKey('マトリックス', 'example.org', 'TheMatrIX');
    for (let at = 8; at < LONG_TERM.length; at += 1) {
      const changed = flipped(LONG_TERM, at);
      expect(decodeStun(changed) !== undefined && integrityHolds(changed, key)).toBe(false);
    }
  });

  test('another password does not hold, nor does any where there is no MESSAGE-INTEGRITY', () => {
    expect(integrityHolds(REQUEST, ascii('VOkJxbRl1RmTxUk/WvJxBu'))).toBe(false);
    const bare = { kind: 'request', method: METHODS.binding, transaction: TRANSACTION, attributes: [] } as const;
    expect(integrityHolds(encodeStun(bare), PASSWORD)).toBe(false);
  });
});

describe('what is written', () => {
  const attribute = fc.record({
    type: fc.integer({ min: 0, max: 0xffff }).filter((type) => type !== 0x0008 && type !== 0x8028),
    value: fc.uint8Array({ maxLength: 30 }),
  });
  const message = fc.record({
    kind: fc.constantFrom('request' as const, 'indication' as const, 'success' as const, 'error' as const),
    method: fc.integer({ min: 0, max: 0xfff }),
    transaction: fc.uint8Array({ minLength: 12, maxLength: 12 }),
    attributes: fc.array(attribute, { maxLength: 20 }),
  });

  test('reads back the same, sealed or not', () => {
    fc.assert(
      fc.property(message, fc.option(fc.uint8Array({ maxLength: 64 })), fc.boolean(), (written, key, fingerprint) => {
        const bytes = encodeStun(written, { ...(key !== null && { key }), fingerprint });
        expect(decodeStun(bytes)).toEqual({ ...written, fingerprint });
        expect(integrityHolds(bytes, key ?? new Uint8Array(1))).toBe(key !== null);
      }),
    );
  });

  test('any address of either family reads back as it is spelled canonically', () => {
    const text = fc.oneof(fc.ipV4(), fc.ipV6());
    const transaction = fc.uint8Array({ minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 65_535 }), transaction, (address, port, salt) => {
        const socket = socketAddress(address, port);
        expect(socket).not.toBe(undefined);
        if (socket !== undefined) expect(decodeXorAddress(encodeXorAddress(socket, salt), salt)).toEqual(socket);
      }),
    );
  });

  test('error codes keep number and reason', () => {
    expect(decodeErrorCode(encodeErrorCode(420))).toEqual({ code: 420, reason: '' });
    expect(decodeErrorCode(encodeErrorCode(400, 'Bad Request'))).toEqual({ code: 400, reason: 'Bad Request' });
    expect(decodeErrorCode(hex('000002ff'))).toBe(undefined);
    expect(decodeErrorCode(hex('0000'))).toBe(undefined);
  });

  test('a message too large for every path, or with a transaction of another length, is a mistake of the caller', () => {
    const plain = { kind: 'request', method: METHODS.binding, transaction: TRANSACTION, attributes: [] } as const;
    const value = new Uint8Array(STUN_BYTES_MAX);
    expect(() => encodeStun({ ...plain, attributes: [{ type: 0x8022, value }] })).toThrow(RangeError);
    expect(() => encodeStun({ ...plain, transaction: new Uint8Array(16) })).toThrow('transaction: expected 12 bytes');
  });
});

describe('what is not a STUN message', () => {
  test.each([
    ['nothing', ''],
    ['less than a header', '000100002112a442b7e7a701bc34d686fa87df'],
    ['another cookie, as RFC 3489 had none', '000100002112a443b7e7a701bc34d686fa87dfae'],
    ['the first two bits set, as RTP has them', '800100002112a442b7e7a701bc34d686fa87dfae'],
    ['a length beyond its end', '000100042112a442b7e7a701bc34d686fa87dfae'],
    ['a length short of its end', '000100002112a442b7e7a701bc34d686fa87dfae80220000'],
    ['an attribute beyond its end', '000100042112a442b7e7a701bc34d686fa87dfae80220001'],
    ['a length that is no multiple of 4', '000100052112a442b7e7a701bc34d686fa87dfae8022000161'],
    ['a MESSAGE-INTEGRITY of another length', '000100042112a442b7e7a701bc34d686fa87dfae00080000'],
    ['a FINGERPRINT of another length', '000100042112a442b7e7a701bc34d686fa87dfae80280000'],
  ])('%s is refused', (_, text) => {
    expect(decodeStun(hex(text))).toBe(undefined);
  });

  test('anything after a FINGERPRINT is refused', () => {
    const bytes = Uint8Array.from([...REQUEST, ...hex('80220000')]);
    new DataView(bytes.buffer).setUint16(2, bytes.length - 20);
    expect(decodeStun(bytes)).toBe(undefined);
  });

  test('what follows a MESSAGE-INTEGRITY is not believed', () => {
    const bytes = Uint8Array.from([...LONG_TERM, ...hex('00240004 6e0001ff')]);
    new DataView(bytes.buffer).setUint16(2, bytes.length - 20);
    expect(decodeStun(bytes)?.attributes.some(({ type }) => type === 0x0024)).toBe(false);
  });

  test('more attributes or bytes than anybody needs are refused', () => {
    const plain = { kind: 'request', method: METHODS.binding, transaction: TRANSACTION } as const;
    const many = (count: number): Uint8Array =>
      encodeStun({ ...plain, attributes: Array.from({ length: count }, () => ({ type: 0x8022, value: hex('') })) });
    expect(decodeStun(many(STUN_ATTRIBUTES_MAX))).not.toBe(undefined);
    expect(decodeStun(many(STUN_ATTRIBUTES_MAX + 1))).toBe(undefined);
    const large = new Uint8Array(STUN_BYTES_MAX + 4);
    large.set(REQUEST.subarray(0, 20));
    new DataView(large.buffer).setUint16(2, large.length - 20);
    new DataView(large.buffer).setUint16(22, large.length - 24);
    expect(decodeStun(large)).toBe(undefined);
  });

  test('random bytes, and vectors with random damage, never throw', () => {
    const damaged = fc
      .tuple(
        fc.constantFrom(REQUEST, RESPONSE_V4, RESPONSE_V6, LONG_TERM),
        fc.nat(200),
        fc.uint8Array({ maxLength: 8 }),
      )
      .map(([bytes, at, patch]) => Uint8Array.from([...bytes.subarray(0, at), ...patch, ...bytes.subarray(at + 4)]));
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 1300 })), (bytes) => {
        decodeStun(bytes);
        integrityHolds(bytes, PASSWORD);
        decodeXorAddress(bytes, TRANSACTION);
        decodeErrorCode(bytes);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a socket', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1:9', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1:9', '192.0.2.1'],
    ['2001:DB8:0:0:1::8', '[2001:db8::1:0:0:8]:9', '20010db800000000'],
    ['64:ff9b::192.0.2.1', '[64:ff9b::c000:201]:9', '0064ff9b00000000'],
    ['fe80::1%eth0', '[fe80::1]:9', 'fe80000000000000'],
    ['::', '[::]:9', '0000000000000000'],
  ])('%s has one name and one source', (address, name, source) => {
    const socket = socketAddress(address, 9);
    expect(socket && [socketName(socket), sourceKey(socket)]).toEqual([name, source]);
  });

  test.each([
    ['', 1],
    ['192.0.2', 1],
    ['example.org', 1],
    ['1:2:3', 1],
    ['192.0.2.1', 65_536],
    ['192.0.2.1', -1],
    ['192.0.2.1', 0.5],
  ])('%s with port %d is none', (address, port) => {
    expect(socketAddress(address, port)).toBe(undefined);
  });

  test('bytes become the shortest text', () => {
    expect(addressText(hex('20010db8000000000000000000000001'))).toBe('2001:db8::1');
    expect(addressText(hex('c0000201'))).toBe('192.0.2.1');
  });
});
