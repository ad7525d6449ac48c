// Bodies of entries and the envelopes that carry logs: what is refused, and what is just within.
import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from '@jest/globals';
import { decodeEnvelope, encodeEnvelope, type Envelope } from '../../src/wire/envelope.ts';
import { ENTRY_BYTES_MAX, ENTRY_FIXED_BYTES, SEQ_MAX, entryId } from '../../src/wire/entry.ts';
import { ContentSchema, ProfileSchema } from '../../src/wire/gen/talk_pb.ts';
import { EnvelopeSchema } from '../../src/wire/gen/pool_pb.ts';
import {
  ACCOUNTS_MAX,
  CERTIFICATES_MAX,
  MESSAGE_TEXT_MAX,
  SHARED_NAMED_MAX,
  WRAPS_MAX,
  WRAP_BYTES,
  decodeClear,
  decodeContent,
  encodeClear,
  encodeContent,
  isEmoji,
  type Account,
  type ClearBody,
  type Content,
  type Wrap,
} from '../../src/wire/talk.ts';
import { ENTRIES_BYTES_MAX, ENTRIES_MAX, HEADS_MAX, HEAD_RANGES_MAX, type Head } from '../../src/wire/talk-envelope.ts';

const ID = '0a'.repeat(16);
const TARGET = entryId(ID, ID, 1);
const MEGABYTE = 1_000_000;
const filled = (length: number): Uint8Array => new Uint8Array(length).fill(1);
const many = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const idOf = (i: number): string => i.toString(16).padStart(32, '0');

function accountOf(certificates: number): Account {
  const one = { device: filled(32), createdMs: 0, signature: filled(64) };
  return { root: filled(32), certificates: many(certificates, () => one) };
}

const profile = (change: Partial<Extract<ClearBody, { kind: 'profile' }>> = {}): ClearBody => {
  return { kind: 'profile', name: 'Ada', device: 'browser', agreeKey: filled(32), account: accountOf(0), ...change };
};
const wrap = (i: number): Wrap => ({ device: idOf(i), account: ID, sealed: filled(WRAP_BYTES) });
const epoch = (number: number, wraps: readonly Wrap[]): ClearBody => ({ kind: 'epoch', number, wraps });

describe('a clear body', () => {
  const [short, long] = [filled(31), filled(33)];
  const certificate = { device: filled(32), createdMs: 0, signature: filled(64) };
  const showing = (change: Partial<typeof certificate>): ClearBody =>
    profile({ account: { root: filled(32), certificates: [{ ...certificate, ...change }] } });

  test.each<[string, ClearBody, ClearBody]>([
    ['a profile without a name', profile({ name: '' }), profile({ name: 'A' })],
    ['a profile with a name of nothing to see', profile({ name: '\u200b\u2066\u00ad' }), profile()],
    ['a profile with too long a name', profile({ name: 'x'.repeat(65) }), profile({ name: 'x'.repeat(64) })],
    ['a profile of a megabyte', profile({ name: 'x'.repeat(MEGABYTE) }), profile()],
    ['a profile of no device', profile({ device: 'Browser' }), profile({ device: 'terminal' })],
    ['a key cut short', profile({ agreeKey: short }), profile()],
    ['a key too long', profile({ agreeKey: long }), profile()],
    ['a root cut short', profile({ account: { root: short, certificates: [] } }), profile()],
    [
      'nine certificates',
      profile({ account: accountOf(CERTIFICATES_MAX + 1) }),
      profile({ account: accountOf(CERTIFICATES_MAX) }),
    ],
    ['a certificate for a key cut short', showing({ device: short }), showing({})],
    ['a certificate signed too short', showing({ signature: filled(63) }), showing({})],
    ['a certificate of no time', showing({ createdMs: Number.NaN }), showing({ createdMs: -1.5 })],
    ['epoch 0', epoch(0, []), epoch(1, [])],
    ['an epoch for too many', epoch(1, many(WRAPS_MAX + 1, wrap)), epoch(1, many(WRAPS_MAX, wrap))],
    ['an epoch for one device twice', epoch(1, [wrap(1), wrap(1)]), epoch(1, [wrap(1), wrap(2)])],
    [
      'a wrapped key cut short',
      epoch(1, [{ ...wrap(1), sealed: filled(WRAP_BYTES - 1) }]),
      epoch(1, [{ ...wrap(1), sealed: filled(WRAP_BYTES) }]),
    ],
    ['a wrap for half an id', epoch(1, [{ ...wrap(1), device: '0a'.repeat(8) }]), epoch(1, [wrap(1)])],
    ['a wrap for half an account', epoch(1, [{ ...wrap(1), account: '0a'.repeat(8) }]), epoch(1, [wrap(1)])],
    ['a retract of number 0', { kind: 'retract', seq: 0 }, { kind: 'retract', seq: SEQ_MAX }],
    ['a revoke of half an id', { kind: 'revoke', device: '0a'.repeat(8) }, { kind: 'revoke', device: ID }],
  ])('refuses %s, and takes what is just within', (_what, bad, good) => {
    expect(decodeClear(bad.kind, encodeClear(bad))).toBeUndefined();
    expect(decodeClear(good.kind, encodeClear(good))).toEqual(good);
  });

  test('needs what it cannot do without', () => {
    for (const kind of ['profile', 'epoch', 'retract', 'vote', 'revoke'] as const) {
      expect([kind, decodeClear(kind, new Uint8Array(0))]).toEqual([kind, undefined]);
    }
    expect(decodeClear('leave', new Uint8Array(0))).toEqual({ kind: 'leave' });
  });

  test('cut anywhere is none, or still one in bounds', () => {
    const bytes = encodeClear(epoch(1, many(3, wrap)));
    for (let length = 0; length < bytes.length; length++) {
      const body = decodeClear('epoch', bytes.subarray(0, length));
      expect([length, body === undefined || (body.kind === 'epoch' && body.wraps.length < 3)]).toEqual([length, true]);
    }
  });

  test('shows a name as it may be shown', () => {
    const raw = '  A\u202ed\u200ba \u2067\ud83d ';
    const read = decodeClear('profile', encodeClear(profile({ name: raw })));
    // The lone surrogate crosses as U+FFFD: UTF-8 has no way to write it.
    expect(read).toEqual(profile({ name: 'Ada \ufffd' }));
  });

  test('is not one with text that is no UTF-8', () => {
    const bytes = toBinary(ProfileSchema, create(ProfileSchema, { name: 'Ada', device: 'browser' }));
    const at = Buffer.from(bytes).indexOf('Ada');
    bytes.set([0xed, 0xa0, 0x80], at);
    expect(decodeClear('profile', bytes)).toBeUndefined();
  });
});

describe('content', () => {
  const said = (change: Partial<Extract<Content, { kind: 'text' }>> = {}): Content => {
    const plain = { text: 'x', replyTo: undefined, notify: [], important: false, announcement: false };
    return { kind: 'text', ...plain, ...change };
  };
  const zone = (change: Partial<Extract<Content, { kind: 'zone' }>> = {}): Content => {
    return { kind: 'zone', zone: ID, name: 'Crew', accounts: [], ...change };
  };
  const FILE = { name: 'a.txt', bytes: 4 };
  const files = (change: Partial<Extract<Content, { kind: 'files' }>> = {}): Content => {
    return { kind: 'files', files: [FILE], count: 1, bytes: 4, ...change };
  };
  const shared = (count: number): Content => files({ count, files: many(count, () => FILE) });
  const edit = (text: string): Content => ({ kind: 'edit', target: TARGET, text });
  const reaction = (emoji: string): Content => ({ kind: 'reaction', target: TARGET, emoji, removed: false });
  const [most, more] = [many(ACCOUNTS_MAX, idOf), many(ACCOUNTS_MAX + 1, idOf)];

  test.each<[string, Content, Content]>([
    ['no files', files({ files: [] }), files()],
    ['a file without a name', files({ files: [{ ...FILE, name: '' }] }), files()],
    [
      'too long a name',
      files({ files: [{ ...FILE, name: 'ü'.repeat(128) }] }),
      files({ files: [{ ...FILE, name: 'ü'.repeat(127) }] }),
    ],
    ['half a byte', files({ files: [{ ...FILE, bytes: 0.5 }] }), files({ files: [{ ...FILE, entries: 0 }] })],
    ['less than no bytes', files({ bytes: -1 }), files({ bytes: Number.MAX_SAFE_INTEGER })],
    ['more names than files', files({ count: 1, files: [FILE, FILE] }), files({ count: 2, files: [FILE, FILE] })],
    ['more names than are shown', shared(SHARED_NAMED_MAX + 1), shared(SHARED_NAMED_MAX)],
    ['more files than one offer has', files({ count: 501 }), files({ count: 500 })],
    ['no text', said({ text: '' }), said({ text: ' ' })],
    ['too much text', said({ text: 'x'.repeat(MESSAGE_TEXT_MAX + 1) }), said({ text: 'x'.repeat(MESSAGE_TEXT_MAX) })],
    ['a megabyte', said({ text: 'x'.repeat(MEGABYTE) }), said()],
    ['a call to too many', said({ notify: more }), said({ notify: most })],
    ['a call to half an id', said({ notify: ['0a'.repeat(8)] }), said({ notify: 'everyone' })],
    ['an edit to nothing', edit(''), edit('y')],
    ['an edit to too much', edit('x'.repeat(MESSAGE_TEXT_MAX + 1)), edit('x'.repeat(MESSAGE_TEXT_MAX))],
    ['a reaction of nothing', reaction(''), reaction('👍')],
    ['a reaction in words', reaction('yes'), reaction('🇩🇪')],
    ['a zone without a name', zone({ name: '\u200b' }), zone({ name: 'C' })],
    ['a zone of half an id', zone({ zone: '0a'.repeat(8) }), zone()],
    ['a zone for too many', zone({ accounts: more }), zone({ accounts: most })],
  ])('refuses %s, and takes what is just within', (_what, bad, good) => {
    expect(decodeContent(encodeContent(bad))).toBeUndefined();
    expect(decodeContent(encodeContent(good))).toEqual(good);
  });

  test("has a zone's name cleaned", () => {
    expect(decodeContent(encodeContent(zone({ name: '\u202eCr\u200bew\n' })))).toEqual(zone());
  });

  test.each<[string, Uint8Array<ArrayBuffer>, number]>([
    ['half an author', filled(8).slice(), 1],
    ['number 0', filled(16).slice(), 0],
  ])('refuses a target of %s, also where a reply may have none', (_what, author, seq) => {
    const target = { author, chain: filled(16).slice(), seq };
    const bodies = [
      { case: 'text', value: { text: 'x', replyTo: target } },
      { case: 'edit', value: { text: 'x', target } },
      { case: 'reaction', value: { emoji: '👍', target } },
    ] as const;
    for (const body of bodies) {
      expect(decodeContent(toBinary(ContentSchema, create(ContentSchema, { body })))).toBeUndefined();
    }
  });

  test('throws on a target that this device made up wrongly', () => {
    expect(() => encodeContent({ kind: 'edit', target: 'no id', text: 'x' })).toThrow(RangeError);
  });

  test('is none without a body, and the last of two counts', () => {
    expect(decodeContent(new Uint8Array(0))).toBeUndefined();
    const twice = Buffer.concat([encodeContent(said()), encodeContent(edit('y'))]);
    expect(decodeContent(twice)).toEqual(edit('y'));
  });
});

describe('an emoji', () => {
  const GOOD = ['👍', '👍🏽', '❤', '❤️', '❤️‍🔥', '🇩🇪', '1️⃣', '#⃣', '👩🏽‍🚀', '👩‍👩‍👧‍👦', '🏳️‍🌈', '🏴‍☠️', '👁️‍🗨️', '🧑🏻‍❤️‍💋‍🧑🏿', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '☺', '🦦'];
  const BAD = [
    '',
    ' ',
    'x',
    '1',
    '#',
    '12',
    '👍👍',
    '👍 ',
    ' 👍',
    '👍1',
    '❤#',
    '🇩',
    '🇩🇪🇫',
    '🇩🇪🇫🇷',
    '\u200d',
    '\ufe0f',
    '👍\u200d',
    '\u200d👍',
    '👍\u202e',
    '👍\u200b',
    '🏽',
    '\ud83d',
    '👍\ud83d',
    ':)',
    '水',
    'é',
    '👍\n',
    '👩‍'.repeat(20) + '👩',
  ];

  test.each(GOOD)('is %s', (emoji) => {
    expect(isEmoji(emoji)).toBe(true);
  });

  test.each(BAD)('is not %j', (text) => {
    expect(isEmoji(text)).toBe(false);
  });

  test('is looked for quickly, however it is drawn out', () => {
    expect(isEmoji('👩‍'.repeat(MEGABYTE))).toBe(false);
  });
});

describe('an envelope of the log', () => {
  const ranges = (count: number): Head['ranges'] => many(count, (i) => ({ first: 2 * i + 1, last: 2 * i + 1 }));
  const head = (change: Partial<Head> = {}): Head => {
    return { author: ID, chain: ID, ranges: ranges(1), hash: filled(32), ...change };
  };
  const heads = (...all: Head[]): Envelope => ({ kind: 'heads', heads: all });
  const want = (first: number, last: number, number = 1): Envelope => {
    return { kind: 'want', want: number, author: ID, chain: ID, range: { first, last } };
  };
  const entries = (...sizes: number[]): Envelope => ({ kind: 'entries', want: 0, entries: sizes.map(filled) });
  const at = (...pairs: readonly (readonly [number, number])[]): Envelope =>
    heads(head({ ranges: pairs.map(([first, last]) => ({ first, last })) }));
  const read = (created: number): Envelope => ({ kind: 'read', room: ID, created });
  const HALF = '0a'.repeat(8);

  test.each<[string, Envelope, Envelope]>([
    ['too many heads', heads(...many(HEADS_MAX + 1, () => head())), heads(...many(HEADS_MAX, () => head()))],
    ['heads of which one is bad', heads(head(), head({ hash: filled(31) })), heads(head(), head())],
    ['a head of half an author', heads(head({ author: HALF })), heads(head())],
    ['a head of half a chain', heads(head({ chain: HALF })), heads(head())],
    ['a head of no range', heads(head({ ranges: [] })), heads()],
    [
      'a head of too many ranges',
      heads(head({ ranges: ranges(HEAD_RANGES_MAX + 1) })),
      heads(head({ ranges: ranges(HEAD_RANGES_MAX) })),
    ],
    ['ranges from 0', at([0, 5]), at([1, 5])],
    ['a range that ends before it begins', at([5, 4]), at([5, 5])],
    ['ranges that fall', at([5, 6], [1, 2]), at([1, 2], [5, 6])],
    ['ranges that overlap', at([1, 5], [5, 6]), at([1, 4], [6, 6])],
    ['ranges that touch', at([1, 5], [6, 7]), at([1, 5], [7, 7])],
    ['a range twice', at([1, 5], [1, 5]), at([1, 5])],
    ['a range after the last number', at([1, SEQ_MAX], [1, 1]), at([1, SEQ_MAX])],
    ['a want of number 0', want(1, 1, 0), want(1, 1, 1)],
    ['a want from 0', want(0, 1), want(1, 1)],
    ['a want that ends before it begins', want(2, 1), want(2, SEQ_MAX)],
    ['a want of half an author', { ...want(1, 1), author: HALF } as Envelope, want(1, 1)],
    ['an entry too short', entries(ENTRY_FIXED_BYTES - 1), entries(ENTRY_FIXED_BYTES)],
    ['an entry too long', entries(ENTRY_BYTES_MAX + 1), entries(ENTRY_BYTES_MAX)],
    ['a good entry and an empty one', entries(ENTRY_FIXED_BYTES, 0), entries(ENTRY_FIXED_BYTES, ENTRY_FIXED_BYTES)],
    [
      'too many entries',
      entries(...many(ENTRIES_MAX + 1, () => ENTRY_FIXED_BYTES)),
      entries(...many(Math.floor(ENTRIES_BYTES_MAX / ENTRY_FIXED_BYTES), () => ENTRY_FIXED_BYTES)),
    ],
    [
      'entries of too many bytes',
      entries(ENTRIES_BYTES_MAX / 3, ENTRIES_BYTES_MAX / 3, ENTRIES_BYTES_MAX / 3 + 1),
      entries(ENTRIES_BYTES_MAX / 3, ENTRIES_BYTES_MAX / 3, ENTRIES_BYTES_MAX / 3),
    ],
    ['a megabyte of entries', entries(...many(25, () => ENTRY_BYTES_MAX)), entries()],
    ['somebody typing in half a room', { kind: 'typing', room: HALF }, { kind: 'typing', room: ID }],
    ['half a room read', { kind: 'read', room: HALF, created: 1 }, read(0)],
    ['a room read to no time', read(Number.NaN), read(1)],
    ['a room read to half a time', read(1.5), read(2)],
    ['a room read to before all time', read(-1), read(0)],
    ['a room read to the end of all time', read(2 ** 53), read(Number.MAX_SAFE_INTEGER)],
    ['a proof cut short', { kind: 'link-ask', proof: filled(31) }, { kind: 'link-ask', proof: filled(32) }],
    ['a proof too long', { kind: 'link-ask', proof: filled(33) }, { kind: 'link-ask', proof: filled(32) }],
    [
      'a grant of nine certificates',
      { kind: 'link-grant', account: accountOf(CERTIFICATES_MAX + 1) },
      { kind: 'link-grant', account: accountOf(CERTIFICATES_MAX) },
    ],
  ])('refuses %s, and takes what is just within', (_what, bad, good) => {
    expect(decodeEnvelope(encodeEnvelope(bad))).toBeUndefined();
    expect(decodeEnvelope(encodeEnvelope(good))).toEqual(good);
  });

  test('refuses half a range', () => {
    const one = { author: filled(16).slice(), chain: filled(16).slice(), hash: filled(32).slice(), ranges: [1, 2, 4] };
    const bytes = toBinary(
      EnvelopeSchema,
      create(EnvelopeSchema, { body: { case: 'heads', value: { heads: [one] } } }),
    );
    expect(decodeEnvelope(bytes)).toBeUndefined();
  });

  test('refuses more heads in two halves, which Protocol Buffers join', () => {
    const half = encodeEnvelope(heads(...many(HEADS_MAX / 2, () => head())));
    expect(decodeEnvelope(Buffer.concat([half, half]))).toMatchObject({ kind: 'heads' });
    expect(decodeEnvelope(Buffer.concat([half, half, half]))).toBeUndefined();
  });

  test('refuses a megabyte of ranges', () => {
    const all = many(MEGABYTE / 10, (i) => ({ first: 2 * i + 1, last: 2 * i + 1 }));
    expect(decodeEnvelope(encodeEnvelope(heads(head({ ranges: all }))))).toBeUndefined();
  });

  test('refuses a grant of nothing', () => {
    const bytes = toBinary(EnvelopeSchema, create(EnvelopeSchema, { body: { case: 'linkGrant', value: {} } }));
    expect(decodeEnvelope(bytes)).toBeUndefined();
  });
});
