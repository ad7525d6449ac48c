// Every decoder of the link against random and mutated bytes. The layouts are canonical, so whatever is accepted
// must re-encode to the very bytes it came from: a decoder that skips or misreads anything is caught by that.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PROTOCOL_VERSION } from '../../src/wire/codes.ts';
import {
  DATAGRAM_BYTES_MAX,
  DatagramWriter,
  decodeDatagram,
  encodeControl,
  FRAMES_MAX,
  sessionOf,
  type Datagram,
  type Frame,
} from '../../src/wire/datagram.ts';
import { control, data } from './arbitrary.ts';
import { mutated } from './fuzz-mutate.ts';

const CASES = 10_000;

function encode(datagram: Exclude<Datagram, { kind: 'wrong-version' }>): Uint8Array {
  if (datagram.kind !== 'data') return encodeControl(datagram);
  const writer = new DatagramWriter();
  writer.begin(DATAGRAM_BYTES_MAX, datagram);
  for (const one of datagram.frames) writer.add(one);
  return writer.finish().slice();
}

const valid: fc.Arbitrary<Uint8Array> = fc.oneof(control, data).map(encode);

/** Decodes, and if anything was accepted, checks that it says exactly what the bytes say. */
function decodesOrRefuses(bytes: Uint8Array): void {
  const before = bytes.slice();
  const datagram = decodeDatagram(bytes);
  if (datagram === undefined) return;
  if (datagram.kind === 'wrong-version') {
    expect(datagram.version).toBe(bytes[0]);
    expect(datagram.version).not.toBe(PROTOCOL_VERSION);
    return;
  }
  expect(Buffer.compare(encode(datagram), before)).toBe(0);
  expect(sessionOf(bytes)).toBe(datagram.session);
}

/** Random bytes alone would nearly all die at the version: half of them get past it, and to a known kind. */
const randomBytes = fc.oneof(
  fc.uint8Array({ maxLength: 256 }),
  fc.tuple(fc.constantFrom(1, 2, 3, 4, 16, 17), fc.uint8Array({ maxLength: 256 })).map(([kind, rest]) => {
    return Uint8Array.of(PROTOCOL_VERSION, kind, ...rest);
  }),
  // And some reach the frames.
  fc.tuple(fc.integer({ min: 1, max: 7 }), fc.uint8Array({ maxLength: 256 })).map(([type, rest]) => {
    return Uint8Array.of(
      ...encode({ kind: 'data', session: 1n, lane: 0, packet: 1, timeUs: 1, frames: [] }),
      type,
      ...rest,
    );
  }),
);

describe('the datagram decoder', () => {
  test('never throws on random bytes, and reads what it accepts to the last byte', () => {
    fc.assert(fc.property(randomBytes, decodesOrRefuses), { numRuns: 2 * CASES });
  });

  test('never throws on mutated datagrams, and reads what it accepts to the last byte', () => {
    fc.assert(fc.property(mutated(valid), decodesOrRefuses), { numRuns: 2 * CASES });
  });

  test('reads back every link-control datagram as it was written', () => {
    fc.assert(
      fc.property(control, (one) => expect(decodeDatagram(encode(one))).toEqual(one)),
      { numRuns: CASES },
    );
  });

  test('never throws on mutated link control', () => {
    fc.assert(fc.property(mutated(control.map(encode)), decodesOrRefuses), { numRuns: CASES });
  });

  test('reads back every data datagram as it was written', () => {
    fc.assert(
      fc.property(data, (one) => expect(decodeDatagram(encode(one))).toEqual(one)),
      { numRuns: CASES },
    );
  });

  test('refuses every truncation of link control', () => {
    fc.assert(
      fc.property(control, fc.nat(40), (one, cut) => {
        const bytes = encode(one);
        expect(decodeDatagram(bytes.subarray(0, cut % bytes.length))).toBeUndefined();
      }),
      { numRuns: CASES },
    );
  });

  test('refuses link control with a byte too many', () => {
    fc.assert(
      fc.property(control, (one) => {
        expect(decodeDatagram(Uint8Array.of(...encode(one), 0))).toBeUndefined();
      }),
    );
  });

  test('refuses a datagram over its limit and takes one at its limit', () => {
    const header = encode({ kind: 'data', session: 1n, lane: 0, packet: 1, timeUs: 1, frames: [] });
    const overhead = encode({
      kind: 'data',
      session: 1n,
      lane: 0,
      packet: 1,
      timeUs: 1,
      frames: [{ kind: 'chunk', request: 0, offset: 0, bytes: Uint8Array.of(0) }],
    });
    const filled = (total: number): Uint8Array => {
      const bytes = new Uint8Array(total);
      bytes.set(overhead);
      const length = total - overhead.length + 1;
      new DataView(bytes.buffer).setUint16(overhead.length - 3, length);
      return bytes;
    };
    expect(header.length).toBeLessThan(overhead.length);
    expect(decodeDatagram(filled(DATAGRAM_BYTES_MAX))?.kind).toBe('data');
    expect(decodeDatagram(filled(DATAGRAM_BYTES_MAX + 1))).toBeUndefined();
  });

  test('refuses one frame more than a datagram may hold', () => {
    const pings = (count: number): Uint8Array =>
      encode({
        kind: 'data',
        session: 1n,
        lane: 0,
        packet: 1,
        timeUs: 1,
        frames: Array.from({ length: count }, () => ({ kind: 'ping' })),
      });
    expect(decodeDatagram(pings(FRAMES_MAX))?.kind).toBe('data');
    expect(decodeDatagram(pings(FRAMES_MAX + 1))).toBeUndefined();
  });

  test.each<[string, Frame]>([
    ['ack ranges that rise', { kind: 'ack', lane: 3, delayUs: 0, ranges: [1, 2, 5, 6] }],
    ['ack ranges that touch', { kind: 'ack', lane: 3, delayUs: 0, ranges: [5, 6, 3, 4] }],
    ['an ack range that ends before it begins', { kind: 'ack', lane: 3, delayUs: 0, ranges: [6, 5] }],
    ['half an ack range', { kind: 'ack', lane: 3, delayUs: 0, ranges: [5] }],
    ['no ack range', { kind: 'ack', lane: 3, delayUs: 0, ranges: [] }],
    ['an empty message fragment', { kind: 'message', message: 0, total: 1, offset: 0, bytes: new Uint8Array(0) }],
    [
      'a message fragment past its total',
      { kind: 'message', message: 0, total: 1, offset: 1, bytes: new Uint8Array(1) },
    ],
    ['an empty chunk fragment', { kind: 'chunk', request: 0, offset: 0, bytes: new Uint8Array(0) }],
  ])('refuses %s', (_, one) => {
    expect(
      decodeDatagram(encode({ kind: 'data', session: 1n, lane: 0, packet: 1, timeUs: 1, frames: [one] })),
    ).toBeUndefined();
  });
});
