// Relay and Relayed by hand: whatever bytes come, they are read as the library for Protocol Buffers reads them or not at all, and what
// is written is what it writes, byte for byte.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { readCarried, RELAY, RELAYED, writeCarried, type Carried } from '../../src/wire/carried.ts';
import { ClientMessageSchema, ServerMessageSchema } from '../../src/wire/gen/signaling_pb.ts';
import { mutated } from './fuzz-mutate.ts';

const CASES = 20_000;
const ID = '0123456789abcdef0123456789abcdef';

const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength }) },
    fc.string({ unit: 'binary', maxLength: 20 }),
  );
const attempt = fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, 0xffff_ffff));
const carried: fc.Arbitrary<Carried> = fc.record({
  peer: fc.oneof(fc.stringMatching(/^[0-9a-f]{32}$/), text(40)),
  signal: fc.record({
    attempt,
    body: fc.oneof(
      fc.record({ case: fc.constantFrom('offer' as const, 'answer' as const), value: text(400) }),
      fc.record({ case: fc.constant('candidate' as const), value: fc.record({ candidate: text(300), mid: text(5) }) }),
    ),
  }),
});

const wires = [
  {
    name: 'Relay',
    tag: RELAY,
    read: (bytes: Uint8Array): unknown => {
      const { body } = fromBinary(ClientMessageSchema, bytes, { readUnknownFields: false });
      return body.case === 'relay' ? body.value : undefined;
    },
    write: (value: Carried): Uint8Array =>
      toBinary(ClientMessageSchema, create(ClientMessageSchema, { body: { case: 'relay', value } })),
  },
  {
    name: 'Relayed',
    tag: RELAYED,
    read: (bytes: Uint8Array): unknown => {
      const { body } = fromBinary(ServerMessageSchema, bytes, { readUnknownFields: false });
      return body.case === 'relayed' ? body.value : undefined;
    },
    write: (value: Carried): Uint8Array =>
      toBinary(ServerMessageSchema, create(ServerMessageSchema, { body: { case: 'relayed', value } })),
  },
];

/** Of the library's value or ours, what counts; the library adds the names of its types. */
function plain(value: unknown): unknown {
  const { peer, signal } = value as Carried;
  const { attempt: count, body } = signal;
  if (body.case !== 'candidate') return { peer, count, case: body.case, value: body.value };
  return { peer, count, case: body.case, candidate: body.value.candidate, mid: body.value.mid };
}

/** Says whether it was read here. */
function agrees(bytes: Uint8Array, { tag, read }: (typeof wires)[number]): boolean {
  const ours = readCarried(bytes, tag);
  if (ours === undefined) return false;
  // A text that is no UTF-8 has U+FFFD in it here, which no signal may hold; there it throws.
  if (JSON.stringify(ours).includes('\ufffd')) return true;
  expect(plain(ours)).toEqual(plain(read(bytes)));
  return true;
}

const isAscii = ({ peer, signal: { body } }: Carried): boolean =>
  // eslint-disable-next-line no-control-regex
  /^[\x00-\x7f]*$/.test(peer + (body.case === 'candidate' ? body.value.candidate + body.value.mid : body.value));

describe.each(wires)('$name', (wire) => {
  test('is read from mutated bytes as the library reads it, or not at all', () => {
    let taken = 0;
    const seen = (bytes: Uint8Array): void => void (taken += Number(agrees(bytes, wire)));
    fc.assert(fc.property(mutated(carried.map(wire.write)), seen), { numRuns: CASES });
    // Otherwise nothing would have been compared.
    expect(taken).toBeGreaterThan(CASES / 20);
  });

  test('is read where the library has written it', () => {
    fc.assert(
      fc.property(
        carried.filter(
          ({ peer }) =>
            peer.length === 32 && isAscii({ peer, signal: { attempt: 0, body: { case: 'offer', value: '' } } }),
        ),
        (value) => {
          expect(readCarried(wire.write(value), wire.tag)).toEqual(value);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('is written as the library writes it, and left to it where it is not ASCII', () => {
    fc.assert(
      fc.property(carried, (value) => {
        const bytes = writeCarried(wire.tag, value);
        expect(bytes).toEqual(isAscii(value) ? wire.write(value) : undefined);
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([-1, 0.5, NaN, 2 ** 32])('with attempt %d is not written', (wrong) => {
    const value = { peer: ID, signal: { attempt: wrong, body: { case: 'offer', value: 'v=0' } } } as const;
    expect(writeCarried(wire.tag, value)).toBeUndefined();
  });
});

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const PEER = `0a20${Buffer.from(ID).toString('hex')}`;

test.each([
  ['an attempt of six bytes', `1a2f ${PEER} 120b 08818080808000 1203 763d30`],
  ['an attempt beyond 32 bits', `1a2e ${PEER} 120a 08ffffffff1f 1202 763d`],
  ['a second body', `1a2e ${PEER} 120a 1203763d30 1a03763d30`],
  ['an unknown field', `1a2b ${PEER} 1207 1203763d30 4801`],
  ['a candidate whose length runs on', `1a2b ${PEER} 1207 2205 0a80808001`],
  ['a candidate that is longer than its message', `1a2a ${PEER} 1206 2204 0a057878`],
  ['a peer after the signal', `1a29 1205 1203763d30 ${PEER}`],
  ['a byte behind it', `1a29 ${PEER} 1205 1203763d30 00`],
  ['a length that is short', `1a28 ${PEER} 1205 1203763d30`],
  ['nothing', ''],
])('%s is left to the library', (_what, bytes) => {
  expect(readCarried(hex(bytes), RELAY)).toBeUndefined();
});

test('a byte-order mark is no part of a signal that could be overlooked', () => {
  const read = readCarried(hex(`1a2c ${PEER} 1208 1206 efbbbf763d30`), RELAY);
  expect(read?.signal.body.value).toBe('\ufeffv=0');
});
