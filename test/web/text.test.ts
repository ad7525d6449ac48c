// What is made of words: sentences for every code, device names and pool codes.

import { describe, expect, test } from '@jest/globals';
import { END_CODES, SOCKET_CODES, type EndCode } from '../../src/wire/codes.ts';
import { freshDeviceName, freshPoolCode } from '../../src/wire/fresh-names.ts';
import { parsePoolCode } from '../../src/wire/pool-code.ts';
import { poolWords } from '../../src/wire/words.ts';
import { initials } from '../../web/names.ts';
import { endSentence, leaveSentence, toneOf } from '../../web/sentences.ts';

describe('the end of a transfer', () => {
  const codes = Object.keys(END_CODES) as EndCode[];
  const ended = (end: EndCode, direction: 'in' | 'out'): string =>
    endSentence({ direction, peerName: 'Mara', bytes: 100, doneBytes: 61, end });

  test.each(codes)('by %s has a sentence on both sides', (code) => {
    expect(ended(code, 'in')).toMatch(/^[A-Z].*\w/);
    expect(ended(code, 'out')).toMatch(/^[A-Z].*\w/);
  });

  test('because someone left says who, and how far it came', () => {
    expect(ended('peer-left', 'in')).toContain('Mara left. 61%');
  });

  test('is called verified for nothing but a verified file', () => {
    const others = codes.filter((code) => code !== 'verified');
    expect(others.filter((code) => /verified/i.test(ended(code, 'in') + ended(code, 'out')))).toEqual([]);
  });

  test('is calm when a person chose it, and a failure when not', () => {
    expect(toneOf({ state: 'ended', end: 'declined' })).toBe('calm');
    expect(toneOf({ state: 'ended', end: 'corrupt' })).toBe('failed');
    expect(toneOf({ state: 'ended', end: 'verified' })).toBe('done');
  });
});

test('every reason of the server has a sentence, and an unknown one keeps its words', () => {
  for (const code of Object.keys(SOCKET_CODES)) expect(leaveSentence(code)).toMatch(/^[A-Z].+\.$/);
  expect(leaveSentence('pool-full')).toContain('full');
  expect(leaveSentence('out of cheese')).toBe('Out of cheese.');
  expect(leaveSentence('constructor')).toBe('Constructor.');
});

describe('names', () => {
  const counting = (from: number) => (into: Uint32Array) => into.forEach((_, at) => (into[at] = from + at));

  test('of new pools are codes that can be joined', () => {
    for (let from = 0; from < 600; from += 1) {
      const code = freshPoolCode(counting(from));
      expect(code).toMatch(/^[a-z]+-[a-z]+-[a-z]+-\d{4}$/);
      expect(parsePoolCode(code)).toBe(code);
    }
  });

  test('of new pools come from 512 different words', () => {
    expect(new Set(poolWords).size).toBe(512);
  });

  test('of devices are two capitalized words', () => {
    expect(freshDeviceName(counting(7))).toMatch(/^[A-Z][a-z]+ [A-Z][a-z]+$/);
  });

  test('become initials whatever they are written in', () => {
    expect(initials('Quiet Heron')).toBe('QH');
    expect(initials('  mara ')).toBe('M');
    expect(initials('🌊 wave')).toBe('🌊W');
    expect(initials('')).toBe('?');
  });
});
