// The envelope decoder against random and mutated bytes. Protocol Buffers are not canonical, so what is accepted must
// keep the bounds and, encoded again, read back the same.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { END_CODES, type EndCode } from '../../src/wire/codes.ts';
import {
  CHUNK_BYTES_MAX,
  CHUNK_BYTES_MIN,
  CHUNKS_MAX,
  HAVE_BYTES_MAX,
  SUBTREES_MAX,
  THUMBNAIL_BYTES_MAX,
  decodeEnvelope,
  encodeEnvelope,
  HASH_BYTES,
  HASHES_MAX,
  type Envelope,
  type OfferedFile,
} from '../../src/wire/envelope.ts';
import { SEQ_MAX } from '../../src/wire/entry.ts';
import { LANE_IDS } from '../../src/wire/frames.ts';
import { FILES_PER_OFFER_MAX, FILE_NAME_BYTES_MAX } from '../../src/wire/offered.ts';
import { talkEnvelope, talkHolds } from './arbitrary-talk.ts';
import { mutated } from './fuzz-mutate.ts';

const CASES = 10_000;

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const time = fc.oneof(fc.integer({ min: 0, max: 8.64e15 }), fc.double({ min: -8.64e15, max: 8.64e15, noNaN: true }));
// Well-formed UTF-16, for a lone surrogate cannot be encoded and never comes from one.
const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'grapheme', minLength: 1, maxLength }).filter((value) => value.length <= maxLength);
const code = fc.constantFrom(...(Object.keys(END_CODES) as EndCode[]));

const hashes = (min: number, max: number): fc.Arbitrary<Uint8Array> =>
  fc.integer({ min, max }).chain((n) => fc.uint8Array({ minLength: 32 * n, maxLength: 32 * n }));

const folder = fc.record({ entries: u32, contentBytes: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }) });

const chain = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex'));

const file = (chunkBytes: number): fc.Arbitrary<OfferedFile> =>
  fc
    .record({
      transfer: u32,
      name: text(60),
      bytes: fc.integer({ min: 0, max: chunkBytes * CHUNKS_MAX }),
      modifiedMs: time,
    })
    .chain((plain) =>
      fc.option(folder, { nil: undefined }).map((of) => (of === undefined ? plain : { ...plain, folder: of })),
    );

const envelope: fc.Arbitrary<Envelope> = fc.oneof(
  fc.integer({ min: CHUNK_BYTES_MIN, max: CHUNK_BYTES_MAX }).chain((chunkBytes) =>
    fc.record({
      kind: fc.constant('offer'),
      offer: u32,
      chunkBytes: fc.constant(chunkBytes),
      files: fc.uniqueArray(file(chunkBytes), { minLength: 1, maxLength: 5, selector: ({ transfer }) => transfer }),
      private: fc.boolean(),
      entry: fc.option(fc.record({ chain, seq: fc.integer({ min: 1, max: SEQ_MAX }) }), { nil: undefined }),
    } as const),
  ),
  fc.record({
    kind: fc.constant('answer'),
    offer: u32,
    accept: fc.boolean(),
    transfers: fc.array(u32, { maxLength: 4 }),
    attempt: u32,
  } as const),
  fc.record({
    kind: fc.constant('tree'),
    transfer: u32,
    first: u32,
    subtrees: hashes(0, 3),
    root: fc.option(hashes(1, 1), { nil: undefined }),
  } as const),
  fc.record({
    kind: fc.constant('have'),
    origin: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((id) => Buffer.from(id).toString('hex')),
    transfer: u32,
    handle: u32,
    first: u32,
    bitmap: fc.uint8Array({ maxLength: 40 }),
    all: fc.boolean(),
  } as const),
  fc.record({
    kind: fc.constant('thumbnail'),
    transfer: u32,
    image: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  } as const),
  fc.record({ kind: fc.constant('hashes'), transfer: u32, first: u32, sha256: hashes(1, 4) } as const),
  fc.record({ kind: fc.constant('ended'), transfer: u32, code } as const),
  fc.record({
    kind: fc.constant('lane'),
    lane: fc.integer({ min: 1, max: LANE_IDS - 1 }),
    attempt: u32,
    signal: fc.oneof(
      fc.record({ kind: fc.constantFrom('offer', 'answer'), sdp: fc.constant('v=0\r\n') } as const),
      fc.record({
        kind: fc.constant('candidate'),
        candidate: fc.constant('candidate:1'),
        mid: fc.constant('0'),
      } as const),
    ),
  } as const),
  talkEnvelope,
);

/** Throws if an accepted envelope is out of the bounds its type promises. */
function keepsBounds(one: Envelope): void {
  const holds = ((): boolean => {
    switch (one.kind) {
      case 'lane':
        return one.lane > 0 && one.lane < LANE_IDS;
      case 'offer':
        return (
          one.chunkBytes >= CHUNK_BYTES_MIN &&
          one.chunkBytes <= CHUNK_BYTES_MAX &&
          one.files.length >= 1 &&
          one.files.length <= FILES_PER_OFFER_MAX &&
          one.files.every(
            ({ name, bytes, modifiedMs }) =>
              name.length > 0 &&
              Buffer.byteLength(name) <= FILE_NAME_BYTES_MAX &&
              Number.isSafeInteger(bytes) &&
              bytes >= 0 &&
              Math.ceil(bytes / one.chunkBytes) <= CHUNKS_MAX &&
              Math.abs(modifiedMs) <= 8.64e15,
          )
        );
      case 'answer':
        return typeof one.accept === 'boolean' && one.transfers.length <= FILES_PER_OFFER_MAX;
      case 'tree':
        return (
          one.subtrees.length <= HASH_BYTES * SUBTREES_MAX &&
          one.subtrees.length % HASH_BYTES === 0 &&
          (one.root === undefined || one.root.length === HASH_BYTES)
        );
      case 'have':
        return /^[0-9a-f]{32}$/.test(one.origin) && one.bitmap.length <= HAVE_BYTES_MAX;
      case 'thumbnail':
        return one.image.length > 0 && one.image.length <= THUMBNAIL_BYTES_MAX;
      case 'hashes':
        return (
          one.sha256.length >= HASH_BYTES &&
          one.sha256.length <= HASH_BYTES * HASHES_MAX &&
          one.sha256.length % HASH_BYTES === 0
        );
      case 'ended':
        return one.code in END_CODES;
      default:
        return talkHolds(one);
    }
  })();
  if (!holds) throw new Error(`out of bounds: ${JSON.stringify(one)}`);
}

function decodesOrRefuses(bytes: Uint8Array): void {
  const one = decodeEnvelope(bytes);
  if (one === undefined) return;
  keepsBounds(one);
  const again = decodeEnvelope(encodeEnvelope(one));
  expect(again).toEqual(one);
}

/** Of a field with a length: one byte up to field 15, two after that. */
const tag = (field: number): number[] => (field < 16 ? [field * 8 + 2] : [((field * 8 + 2) & 0x7f) | 0x80, field >> 4]);

/** Random bytes nearly never make a field: half of these begin as one of the bodies, with its length right. */
const randomBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .tuple(fc.integer({ min: 1, max: 17 }), fc.uint8Array({ maxLength: 120 }))
    .map(([field, rest]) => Uint8Array.of(...tag(field), rest.length, ...rest)),
);

describe('the envelope decoder', () => {
  test('never throws on random bytes, and keeps the bounds in what it accepts', () => {
    fc.assert(fc.property(randomBytes, decodesOrRefuses), { numRuns: 2 * CASES });
  });

  test('never throws on mutated envelopes, and keeps the bounds in what it accepts', () => {
    fc.assert(fc.property(mutated(envelope.map(encodeEnvelope)), decodesOrRefuses), { numRuns: CASES });
  });

  test('reads back every envelope as it was written', () => {
    fc.assert(
      fc.property(envelope, (one) => expect(decodeEnvelope(encodeEnvelope(one))).toEqual(one)),
      { numRuns: CASES },
    );
  });

  const offer = (
    change: Partial<Extract<Envelope, { kind: 'offer' }>>,
    fileChange: Partial<OfferedFile> = {},
  ): Envelope => {
    const one = { transfer: 1, name: 'a', bytes: 1, modifiedMs: 0, ...fileChange };
    return { kind: 'offer', offer: 1, chunkBytes: CHUNK_BYTES_MIN, files: [one], private: false, ...change };
  };

  const told = (digits: string, seq: number): Envelope => offer({ entry: { chain: digits.repeat(16), seq } });

  test.each<[string, Envelope, Envelope]>([
    ['chunks that are too small', offer({ chunkBytes: CHUNK_BYTES_MIN - 1 }), offer({ chunkBytes: CHUNK_BYTES_MIN })],
    ['chunks that are too large', offer({ chunkBytes: CHUNK_BYTES_MAX + 1 }), offer({ chunkBytes: CHUNK_BYTES_MAX })],
    ['an offer of nothing', offer({ files: [] }), offer({})],
    ['a file of negative size', offer({}, { bytes: -1 }), offer({}, { bytes: 0 })],
    ['a file of half a byte', offer({}, { bytes: 0.5 }), offer({}, { bytes: 1 })],
    [
      'a file of more chunks than may be',
      offer({}, { bytes: CHUNK_BYTES_MIN * CHUNKS_MAX + 1 }),
      offer({}, { bytes: CHUNK_BYTES_MIN * CHUNKS_MAX }),
    ],
    ['an entry of no number', told('ab', 0), told('ab', 1)],
    ['an entry of half a chain', told('a', 1), told('ab', SEQ_MAX)],
    ['a file without a name', offer({}, { name: '' }), offer({}, { name: 'a' })],
    ['a name of too many bytes', offer({}, { name: '水'.repeat(86) }), offer({}, { name: '水'.repeat(85) })],
    [
      'hashes cut short',
      { kind: 'hashes', transfer: 1, first: 0, sha256: new Uint8Array(31) },
      { kind: 'hashes', transfer: 1, first: 0, sha256: new Uint8Array(32) },
    ],
    [
      'too many hashes',
      { kind: 'hashes', transfer: 1, first: 0, sha256: new Uint8Array(32 * (HASHES_MAX + 1)) },
      { kind: 'hashes', transfer: 1, first: 0, sha256: new Uint8Array(32 * HASHES_MAX) },
    ],
  ])('refuses %s, and takes what is just within', (_, bad, good) => {
    expect(decodeEnvelope(encodeEnvelope(bad))).toBeUndefined();
    expect(decodeEnvelope(encodeEnvelope(good))).toEqual(good);
  });

  test('refuses two files of one number', () => {
    const one: OfferedFile = { transfer: 1, name: 'a', bytes: 1, modifiedMs: 0 };
    expect(decodeEnvelope(encodeEnvelope(offer({ files: [one, { ...one, name: 'b' }] })))).toBeUndefined();
  });

  test('refuses more files than an offer may hold, and takes as many', () => {
    const files = (count: number): OfferedFile[] =>
      Array.from({ length: count }, (_, transfer) => ({ transfer, name: 'a', bytes: 1, modifiedMs: 0 }));
    expect(decodeEnvelope(encodeEnvelope(offer({ files: files(FILES_PER_OFFER_MAX + 1) })))).toBeUndefined();
    expect(decodeEnvelope(encodeEnvelope(offer({ files: files(FILES_PER_OFFER_MAX) })))?.kind).toBe('offer');
  });
});
