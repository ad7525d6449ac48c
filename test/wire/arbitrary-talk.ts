// Every entry, body and envelope of a conversation that the protocol allows, for tests that draw them at random; and what must
// hold of whatever a decoder lets through.
import fc from 'fast-check';
import {
  ENTRY_BODY_BYTES_MAX,
  ENTRY_BYTES_MAX,
  ENTRY_FIXED_BYTES,
  ENTRY_HEAD_BYTES,
  ENTRY_KINDS,
  HLC_PER_MS,
  SEQ_MAX,
  encodeEntryHead,
  entryId,
  parseEntryId,
  type Entry,
  type EntryId,
  type EntryKind,
} from '../../src/wire/entry.ts';
import {
  ACCOUNTS_MAX,
  CERTIFICATES_MAX,
  MESSAGE_TEXT_MAX,
  SHARED_NAMED_MAX,
  WRAPS_MAX,
  WRAP_BYTES,
  isEmoji,
  type Account,
  type ClearBody,
  type Content,
} from '../../src/wire/talk.ts';
import {
  ENTRIES_BYTES_MAX,
  ENTRIES_MAX,
  HEADS_MAX,
  HEAD_RANGES_MAX,
  type Range,
  type TalkEnvelope,
} from '../../src/wire/talk-envelope.ts';
import { FILES_PER_OFFER_MAX, FILE_NAME_BYTES_MAX } from '../../src/wire/offered.ts';
import { cleanName } from '../../src/wire/signaling.ts';
import { u32 } from './arbitrary.ts';

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const id = bytesOf(16).map((bytes) => Buffer.from(bytes).toString('hex'));
const key = bytesOf(32);
const seq = fc.integer({ min: 1, max: SEQ_MAX });
const ms = fc.integer({ min: 0, max: 2 ** 43 - 1 });
const hlc = fc
  .tuple(ms, fc.integer({ min: 0, max: HLC_PER_MS - 1 }))
  .map(([whole, count]) => whole * HLC_PER_MS + count);
const entryIds: fc.Arbitrary<EntryId> = fc.tuple(id, id, seq).map(([author, chain, of]) => entryId(author, chain, of));
const name = fc.constantFrom('Ada', '水 🐟', 'x');
const device = fc.constantFrom('browser', 'terminal', 'desktop');
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }).filter((value) => value.length > 0);
const emoji = fc.constantFrom('👍', '❤️', '👩🏽‍🚀', '🇩🇪', '👩‍👩‍👧‍👦');

const account: fc.Arbitrary<Account> = fc.record({
  root: key,
  certificates: fc.array(
    fc.record({ device: key, createdMs: fc.double({ noNaN: true, noDefaultInfinity: true }), signature: bytesOf(64) }),
    { maxLength: CERTIFICATES_MAX },
  ),
});

const kind = fc.constantFrom(...(Object.keys(ENTRY_KINDS) as EntryKind[]));

/** Well-formed; nobody signed it. */
export const entry: fc.Arbitrary<Entry> = fc
  .record({
    kind,
    author: key,
    chain: id,
    seq: fc.oneof(fc.constant(1), seq),
    prev: key.map((bytes) => bytes.fill(1, 0, 1)),
    created: hlc,
    room: id,
    bodyHash: key,
    signature: bytesOf(64),
    body: fc.uint8Array({ minLength: 1, maxLength: 60 }),
    retracted: fc.boolean(),
  })
  .map(({ signature, body, retracted, prev, ...start }) => {
    const bare = { ...start, prev: start.seq === 1 ? new Uint8Array(32) : prev, bodyBytes: body.length };
    const gone = retracted && start.kind === 'content';
    return { ...bare, head: encodeEntryHead(bare), signature, body: gone ? undefined : body };
  });

export const clearBody: fc.Arbitrary<ClearBody> = fc.oneof(
  fc.record({ kind: fc.constant('profile'), name, device, agreeKey: key, account } as const),
  fc.record({
    kind: fc.constant('epoch'),
    number: fc.integer({ min: 1, max: 0xffff_ffff }),
    wraps: fc.uniqueArray(fc.record({ device: id, account: id, sealed: bytesOf(WRAP_BYTES) }), {
      maxLength: 4,
      selector: (wrap) => wrap.device,
    }),
  } as const),
  fc.record({ kind: fc.constant('retract'), seq, message: fc.constant(true as const) } as const, {
    requiredKeys: ['kind', 'seq'],
  }),
  fc.record({ kind: fc.constant('vote'), target: entryIds } as const),
  fc.record({ kind: fc.constant('leave') } as const),
  fc.record({ kind: fc.constant('revoke'), device: id } as const),
);

const ids = fc.array(id, { maxLength: 4 });
const size = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const fileName = text.filter((value) => Buffer.byteLength(value) <= FILE_NAME_BYTES_MAX);
const sharedFile = fc.record({ name: fileName, bytes: size, entries: u32 }, { requiredKeys: ['name', 'bytes'] });

export const content: fc.Arbitrary<Content> = fc.oneof(
  fc.record({
    kind: fc.constant('text'),
    text,
    replyTo: fc.option(entryIds, { nil: undefined }),
    notify: fc.oneof(fc.constant('everyone' as const), ids),
    important: fc.boolean(),
    announcement: fc.boolean(),
  } as const),
  fc.record({ kind: fc.constant('edit'), target: entryIds, text } as const),
  fc.record({ kind: fc.constant('reaction'), target: entryIds, emoji, removed: fc.boolean() } as const),
  fc.record({ kind: fc.constant('zone'), zone: id, name, accounts: ids } as const),
  fc
    .record({
      files: fc.array(sharedFile, { minLength: 1, maxLength: SHARED_NAMED_MAX }),
      more: fc.nat(400),
      bytes: size,
    })
    .map(({ files, more, bytes }) => ({ kind: 'files', files, count: files.length + more, bytes }) as const),
);

/** Ascending, disjoint, with a number between any two. */
const ranges: fc.Arbitrary<Range[]> = fc
  .uniqueArray(fc.integer({ min: 1, max: 0x7fff_ffff }), { minLength: 2, maxLength: 12 })
  .map((numbers) => {
    const up = numbers.sort((a, b) => a - b).map((n) => n * 2);
    const result: Range[] = [];
    for (let i = 0; i + 1 < up.length; i += 2) result.push({ first: up[i] ?? 0, last: up[i + 1] ?? 0 });
    return result;
  });

const range = fc.tuple(seq, seq).map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));

export const talkEnvelope: fc.Arbitrary<TalkEnvelope> = fc.oneof(
  fc.record({
    kind: fc.constant('heads'),
    heads: fc.array(fc.record({ author: id, chain: id, ranges, hash: key }), { maxLength: 4 }),
  } as const),
  fc.record({ kind: fc.constant('want'), want: seq, author: id, chain: id, range } as const),
  fc.record({
    kind: fc.constant('entries'),
    want: u32,
    entries: fc.array(fc.uint8Array({ minLength: ENTRY_FIXED_BYTES, maxLength: 300 }), { maxLength: 3 }),
  } as const),
  fc.record({ kind: fc.constant('typing'), room: id } as const),
  fc.record({ kind: fc.constant('read'), room: id, created: hlc } as const),
  fc.record({ kind: fc.constant('link-ask'), proof: key } as const),
  fc.record({ kind: fc.constant('link-grant'), account } as const),
  fc.record({
    kind: fc.constant('fork'),
    author: id,
    chain: id,
    one: bytesOf(ENTRY_FIXED_BYTES),
    other: bytesOf(ENTRY_FIXED_BYTES),
  } as const),
);

const ID = /^[0-9a-f]{32}$/;
const isSeq = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= SEQ_MAX;
const areIds = (values: readonly string[]): boolean =>
  values.length <= ACCOUNTS_MAX && values.every((one) => ID.test(one));
const isTarget = (target: EntryId): boolean => parseEntryId(target) !== undefined;
const isSaid = (said: string): boolean => said.length >= 1 && said.length <= MESSAGE_TEXT_MAX && !/\p{Cs}/u.test(said);

const accountHolds = ({ root, certificates }: Account): boolean =>
  root.length === 32 &&
  certificates.length <= CERTIFICATES_MAX &&
  certificates.every(
    (one) => one.device.length === 32 && one.signature.length === 64 && Number.isFinite(one.createdMs),
  );

export function entryHolds(one: Entry): boolean {
  return (
    one.head.length === ENTRY_HEAD_BYTES &&
    Buffer.from(encodeEntryHead(one)).equals(one.head) &&
    one.kind in ENTRY_KINDS &&
    isSeq(one.seq) &&
    Number.isSafeInteger(one.created) &&
    one.bodyBytes <= ENTRY_BODY_BYTES_MAX &&
    (one.body === undefined ? one.kind === 'content' : one.body.length === one.bodyBytes)
  );
}

export function clearHolds(one: ClearBody): boolean {
  switch (one.kind) {
    case 'profile':
      return cleanName(one.name) === one.name && one.agreeKey.length === 32 && accountHolds(one.account);
    case 'epoch': {
      const fit = one.wraps.every((wrap) => wrap.sealed.length === WRAP_BYTES && areIds([wrap.device, wrap.account]));
      const distinct = new Set(one.wraps.map((wrap) => wrap.device)).size === one.wraps.length;
      return one.number >= 1 && one.wraps.length <= WRAPS_MAX && fit && distinct;
    }
    case 'retract':
      return isSeq(one.seq);
    case 'vote':
      return isTarget(one.target);
    case 'leave':
      return true;
    case 'revoke':
      return ID.test(one.device);
  }
}

export function contentHolds(one: Content): boolean {
  switch (one.kind) {
    case 'text': {
      const called = one.notify === 'everyone' || areIds(one.notify);
      return isSaid(one.text) && called && (one.replyTo === undefined || isTarget(one.replyTo));
    }
    case 'edit':
      return isSaid(one.text) && isTarget(one.target);
    case 'reaction':
      return isEmoji(one.emoji) && isTarget(one.target);
    case 'zone':
      return ID.test(one.zone) && cleanName(one.name) === one.name && areIds(one.accounts);
    case 'files': {
      const sizes = [one.bytes, ...one.files.map(({ bytes }) => bytes)];
      const named = one.files.every(({ name: each }) => each !== '' && Buffer.byteLength(each) <= FILE_NAME_BYTES_MAX);
      const counted = one.files.length >= 1 && one.files.length <= one.count && one.count <= FILES_PER_OFFER_MAX;
      return named && counted && sizes.every((each) => Number.isSafeInteger(each) && each >= 0);
    }
  }
}

export function talkHolds(one: TalkEnvelope): boolean {
  switch (one.kind) {
    case 'heads':
      return (
        one.heads.length <= HEADS_MAX &&
        one.heads.every((head) => areIds([head.author, head.chain]) && head.hash.length === 32 && inOrder(head.ranges))
      );
    case 'want':
      return isSeq(one.want) && areIds([one.author, one.chain]) && inOrder([one.range]);
    case 'entries': {
      const sizes = one.entries.map(({ length }) => length);
      const sized = sizes.every((size) => size >= ENTRY_FIXED_BYTES && size <= ENTRY_BYTES_MAX);
      return sized && sizes.length <= ENTRIES_MAX && sizes.reduce((sum, size) => sum + size, 0) <= ENTRIES_BYTES_MAX;
    }
    case 'typing':
      return ID.test(one.room);
    case 'read':
      return ID.test(one.room) && Number.isSafeInteger(one.created) && one.created >= 0;
    case 'link-ask':
      return one.proof.length === 32;
    case 'link-grant':
      return accountHolds(one.account);
    case 'fork': {
      const sizes = [one.one.length, one.other.length];
      return areIds([one.author, one.chain]) && sizes.every((size) => size === ENTRY_FIXED_BYTES);
    }
  }
}

function inOrder(all: readonly Range[]): boolean {
  const apart = all.every((one, i) => one.first > (all[i - 1]?.last ?? -1) + 1);
  return (
    all.length >= 1 &&
    all.length <= HEAD_RANGES_MAX &&
    apart &&
    all.every((one) => isSeq(one.first) && isSeq(one.last) && one.first <= one.last)
  );
}
