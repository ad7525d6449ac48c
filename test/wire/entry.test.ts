// The layout of an entry and of its id: byte by byte, and what is refused.
import { describe, expect, test } from '@jest/globals';
import {
  ENTRY_BODY_BYTES_MAX,
  ENTRY_BYTES_MAX,
  ENTRY_FIXED_BYTES,
  ENTRY_HEAD_BYTES,
  ENTRY_KINDS,
  HLC_PER_MS,
  SEQ_MAX,
  decodeEntry,
  encodeEntry,
  encodeEntryHead,
  entryId,
  parseEntryId,
  type EntryHead,
} from '../../src/wire/entry.ts';

const filled = (value: number, length = 32): Uint8Array => new Uint8Array(length).fill(value);

const HEAD: EntryHead = {
  kind: 'content',
  author: filled(0xa1),
  chain: 'b2'.repeat(16),
  seq: 0x01020304,
  prev: filled(0xc3),
  created: 0x0203_0405_0607 * HLC_PER_MS + 0x0301,
  room: 'd4'.repeat(16),
  bodyBytes: 3,
  bodyHash: filled(0xe5),
};
const SIGNATURE = filled(0xf6, 64);
const BODY = Uint8Array.of(7, 8, 9);

const bytesOf = (change: Partial<EntryHead> = {}, body: Uint8Array | undefined = BODY): Uint8Array =>
  encodeEntry({ head: encodeEntryHead({ ...HEAD, ...change }), signature: SIGNATURE, body });

/** The first of its chain. */
const FIRST: Partial<EntryHead> = { seq: 1, prev: filled(0) };
const FIXED_ONLY = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, ENTRY_FIXED_BYTES);

function overwritten(at: number, value: number): Uint8Array {
  const bytes = bytesOf();
  bytes[at] = value;
  return bytes;
}

describe('an entry', () => {
  test('is laid out as it says', () => {
    const hex = [
      '01',
      '03',
      'a1'.repeat(32),
      'b2'.repeat(16),
      '01020304',
      'c3'.repeat(32),
      '020304050607',
      '0301',
      'd4'.repeat(16),
      '00000003',
      'e5'.repeat(32),
      'f6'.repeat(64),
      '070809',
    ].join('');
    expect(Buffer.from(bytesOf()).toString('hex')).toBe(hex);
    expect([ENTRY_HEAD_BYTES, ENTRY_FIXED_BYTES]).toEqual([146, 210]);
  });

  test('reads back as it was written, from anywhere in a buffer', () => {
    const within = Buffer.concat([filled(1, 5), bytesOf()]).subarray(5);
    expect(decodeEntry(within)).toEqual({
      ...HEAD,
      head: Buffer.from(encodeEntryHead(HEAD)),
      signature: Buffer.from(SIGNATURE),
      body: Buffer.from(BODY),
      author: Buffer.from(HEAD.author),
      prev: Buffer.from(HEAD.prev),
      bodyHash: Buffer.from(HEAD.bodyHash),
    });
  });

  test.each(Object.keys(ENTRY_KINDS))('may be of kind %s', (kind) => {
    const code = Object.entries(ENTRY_KINDS).find(([name]) => name === kind)?.[1] ?? 0;
    expect(decodeEntry(overwritten(1, code))?.kind).toBe(kind);
  });

  test('of content may lack its body, and no other', () => {
    const gone = decodeEntry(FIXED_ONLY(bytesOf()));
    expect(gone).toMatchObject({ body: undefined, bodyBytes: 3 });
    for (const kind of Object.keys(ENTRY_KINDS)) {
      const code = Object.entries(ENTRY_KINDS).find(([name]) => name === kind)?.[1] ?? 0;
      const bytes = FIXED_ONLY(overwritten(1, code));
      expect([kind, decodeEntry(bytes) !== undefined]).toEqual([kind, kind === 'content']);
    }
  });

  test('with a body of nothing has it', () => {
    expect(decodeEntry(bytesOf({ kind: 'leave', bodyBytes: 0 }, new Uint8Array(0)))?.body).toEqual(new Uint8Array(0));
  });

  test('cut anywhere is none, but where its body begins', () => {
    const bytes = bytesOf();
    for (let length = 0; length < bytes.length; length++) {
      const taken = decodeEntry(bytes.subarray(0, length)) !== undefined;
      expect([length, taken]).toEqual([length, length === ENTRY_FIXED_BYTES]);
    }
    expect(decodeEntry(Buffer.concat([bytes, filled(0, 1)]))).toBeUndefined();
  });

  test('takes the longest body and none longer', () => {
    const longest = bytesOf({ bodyBytes: ENTRY_BODY_BYTES_MAX }, filled(1, ENTRY_BODY_BYTES_MAX));
    expect(longest).toHaveLength(ENTRY_BYTES_MAX);
    expect(decodeEntry(longest)?.body).toHaveLength(ENTRY_BODY_BYTES_MAX);
    const longer = ENTRY_BODY_BYTES_MAX + 1;
    expect(decodeEntry(bytesOf({ bodyBytes: longer }, filled(1, longer)))).toBeUndefined();
    expect(decodeEntry(FIXED_ONLY(bytesOf({ bodyBytes: longer })))).toBeUndefined();
    expect(decodeEntry(filled(1, 1_000_000))).toBeUndefined();
  });

  test.each<[string, Uint8Array, Uint8Array]>([
    ['another version', overwritten(0, 2), overwritten(0, 1)],
    ['no kind', overwritten(1, 0), overwritten(1, 1)],
    ['an unknown kind', overwritten(1, 8), overwritten(1, 7)],
    ['number 0', bytesOf({ ...FIRST, seq: 0 }), bytesOf(FIRST)],
    ['something before the first', bytesOf({ seq: 1 }), bytesOf({ seq: 2 })],
    ['nothing before another', bytesOf({ prev: filled(0) }), bytesOf(FIRST)],
    ['a time past 2248', bytesOf({ created: 2 ** 43 * HLC_PER_MS }), bytesOf({ created: 2 ** 43 * HLC_PER_MS - 1 })],
    ['a count beyond a millisecond', overwritten(92, 4), overwritten(92, 3)],
    ['a body of another length', bytesOf({ bodyBytes: 2 }), bytesOf({ bodyBytes: 3 })],
  ])('with %s is none', (_what, bad, good) => {
    expect(decodeEntry(bad)).toBeUndefined();
    expect(decodeEntry(good)).toBeDefined();
  });

  test('keeps the last number and the last time', () => {
    const last = { seq: SEQ_MAX, created: Number.MAX_SAFE_INTEGER };
    expect(decodeEntry(bytesOf(last))).toMatchObject(last);
  });
});

describe('the id of an entry', () => {
  const [author, chain] = ['0a'.repeat(16), '0b'.repeat(16)];

  test('reads back', () => {
    expect(parseEntryId(entryId(author, chain, 7))).toEqual({ author, chain, seq: 7 });
    expect(parseEntryId(entryId(author, chain, SEQ_MAX))?.seq).toBe(SEQ_MAX);
  });

  test.each([
    '',
    entryId(author, chain, 0),
    entryId(author, chain, SEQ_MAX + 1),
    entryId(author, chain, 1.5),
    entryId(author, chain, -1),
    `${author}/${chain}/01`,
    `${author}/${chain}/1 `,
    `${author}/${chain}/1\n`,
    `${author}/${chain}/99999999999`,
    `${author}/${chain}`,
    `${author.toUpperCase()}/${chain}/1`,
    `${author.slice(1)}/${chain}/1`,
    `0${author}/${chain}/1`,
  ])('is not %j', (text) => {
    expect(parseEntryId(text)).toBeUndefined();
  });
});
