// The decoders of entries and their bodies against random and mutated bytes: they never throw, keep their bounds, and read back
// what they let through.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ENTRY_HEAD_BYTES, decodeEntry, encodeEntry, encodeEntryHead } from '../../src/wire/entry.ts';
import { decodeClear, decodeContent, encodeClear, encodeContent, type ClearBody } from '../../src/wire/talk.ts';
import { clearBody, clearHolds, content, contentHolds, entry, entryHolds } from './arbitrary-talk.ts';
import { mutated } from './fuzz-mutate.ts';

const CASES = 4_000;

/** Random bytes nearly never make a field: half of these begin as one of the first fields, with its length right. */
const randomBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.uint8Array({ maxLength: 120 }))
    .map(([field, rest]) => Uint8Array.of(field * 8 + 2, rest.length, ...rest)),
);

const KINDS: readonly ClearBody['kind'][] = ['profile', 'epoch', 'retract', 'vote', 'leave', 'revoke'];

function entryOrNone(bytes: Uint8Array): void {
  const one = decodeEntry(bytes);
  if (one === undefined) return;
  expect(entryHolds(one)).toBe(true);
  expect(Buffer.from(encodeEntry(one)).equals(bytes)).toBe(true);
}

function clearOrNone(bytes: Uint8Array): void {
  for (const kind of KINDS) {
    const one = decodeClear(kind, bytes);
    if (one === undefined) continue;
    expect([one.kind, clearHolds(one)]).toEqual([kind, true]);
    expect(decodeClear(kind, encodeClear(one))).toEqual(one);
  }
}

function contentOrNone(bytes: Uint8Array): void {
  const one = decodeContent(bytes);
  if (one === undefined) return;
  expect(contentHolds(one)).toBe(true);
  expect(decodeContent(encodeContent(one))).toEqual(one);
}

describe('the decoder of entries', () => {
  test('reads back every entry as it was written, in one way only', () => {
    fc.assert(
      fc.property(entry, (one) => {
        const decoded = decodeEntry(encodeEntry(one));
        expect(decoded).toEqual(one);
        expect(encodeEntryHead(one)).toHaveLength(ENTRY_HEAD_BYTES);
      }),
      { numRuns: CASES },
    );
  });

  test('never throws on random or mutated bytes, and keeps the bounds in what it accepts', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), entryOrNone), { numRuns: CASES });
    fc.assert(fc.property(mutated(entry.map(encodeEntry)), entryOrNone), { numRuns: CASES });
  });
});

describe('the decoder of clear bodies', () => {
  test('reads back every body as it was written', () => {
    fc.assert(
      fc.property(clearBody, (one) => expect(decodeClear(one.kind, encodeClear(one))).toEqual(one)),
      { numRuns: CASES },
    );
  });

  test('never throws on random or mutated bytes, and keeps the bounds in what it accepts', () => {
    fc.assert(fc.property(randomBytes, clearOrNone), { numRuns: CASES });
    fc.assert(fc.property(mutated(clearBody.map(encodeClear)), clearOrNone), { numRuns: CASES });
  });
});

describe('the decoder of content', () => {
  test('reads back everything as it was written', () => {
    fc.assert(
      fc.property(content, (one) => expect(decodeContent(encodeContent(one))).toEqual(one)),
      { numRuns: CASES },
    );
  });

  test('never throws on random or mutated bytes, and keeps the bounds in what it accepts', () => {
    fc.assert(fc.property(randomBytes, contentOrNone), { numRuns: CASES });
    fc.assert(fc.property(mutated(content.map(encodeContent)), contentOrNone), { numRuns: CASES });
  });
});
