// What operators and those who report read, and what goes to a server as it takes it.
import { describe, expect, test } from '@jest/globals';
import { OFFENCES } from '../../src/client.ts';
import type { Party, Standing } from '../../web/account/moderation.ts';
import {
  actWords,
  countWords,
  offenceNames,
  partyName,
  reasonWords,
  standingSentence,
  verdictSentence,
} from '../../web/account/moderation-words.ts';
import { fromBase64url, toBase64url } from '../../src/wire/base64url.ts';
import { middleOf } from '../../web/account/picture.ts';

const jo: Party = { device: '0123456789abcdef0123456789abcdef', account: null, name: null };
const clean: Standing = { strikes: [], score: 0, ban: null };
const strike = { id: '1', reason: 'spam', createdMs: 0, expiresMs: 1 };

test('every offence has words of its own', () => {
  expect(new Set(OFFENCES.map((offence) => offenceNames[offence])).size).toBe(OFFENCES.length);
  expect(Object.keys(offenceNames).toSorted()).toEqual(OFFENCES.toSorted());
});

test('a reason is what an operator wrote, or the offence in words', () => {
  expect(reasonWords('abuse')).toBe('Abuse or threats');
  expect(reasonWords('Kept shouting')).toBe('Kept shouting');
  expect(reasonWords('constructor')).toBe('constructor');
});

test('who has no account goes by the start of the device’s id', () => {
  expect(partyName(jo)).toBe('Device 01234567');
  expect(partyName({ ...jo, account: jo.device, name: 'Jo' })).toBe('Jo');
});

test('how many reported somebody, and how often this one was sent', () => {
  expect(countWords({ reporters: 1, times: 1 })).toBe('1 person reported them');
  expect(countWords({ reporters: 3, times: 2 })).toBe('3 people reported them, this one 2 times');
});

describe('what is held against somebody', () => {
  test('is nothing, strikes, what reports weigh, or a ban', () => {
    expect(standingSentence(clean)).toBe('Nothing counts against them.');
    expect(standingSentence({ ...clean, strikes: [strike] })).toBe('1 strike counts against them.');
    expect(standingSentence({ ...clean, strikes: [strike, strike], score: 1.46 })).toBe(
      '2 strikes count against them. Open reports weigh 1.5; at 3 that is a strike.',
    );
    expect(standingSentence({ ...clean, ban: { untilMs: null, reason: '' } })).toBe(
      'Nothing counts against them. Banned for ever.',
    );
  });

  test('is told with the verdict that it came of', () => {
    expect(verdictSentence('dismiss', jo, clean)).toBe('Dismissed: it counts for nothing.');
    expect(verdictSentence('uphold', jo, { ...clean, strikes: [strike] })).toBe(
      'Upheld: 1 strike counts against Device 01234567 now.',
    );
    expect(verdictSentence('uphold', jo, { ...clean, ban: { untilMs: null, reason: '' } })).toBe(
      'Upheld. Device 01234567 is banned for ever.',
    );
  });
});

test('an act of the audit that this page does not know keeps its word', () => {
  expect(actWords('uphold')).toBe('Upheld report');
  expect(actWords('toString')).toBe('toString');
});

test('a picture is cut to the largest square in its middle', () => {
  expect(middleOf(300, 201)).toEqual({ x: 49, y: 0, side: 201 });
  expect(middleOf(2, 5)).toEqual({ x: 0, y: 1, side: 2 });
});

test('bytes go to the server in base64url and come back, however many', () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => (at * 7) % 256);
  expect(toBase64url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
  expect(fromBase64url(toBase64url(bytes))).toEqual(bytes);
});
