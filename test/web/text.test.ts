// What is made of words: links in messages, sentences for every code, device names and pool codes.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { END_CODES, SOCKET_CODES, type EndCode } from '../../src/wire/codes.ts';
import { freshDeviceName, freshPoolCode } from '../../src/wire/fresh-names.ts';
import { parsePoolCode } from '../../src/wire/pool-code.ts';
import { poolWords } from '../../src/wire/words.ts';
import { linkify } from '../../web/linkify.ts';
import { initials } from '../../web/names.ts';
import { endSentence, leaveSentence, toneOf } from '../../web/sentences.ts';

describe('links in a message', () => {
  const links = (text: string): string[] => linkify(text).flatMap((piece) => (piece.kind === 'link' ? piece.text : []));

  test('leave out the punctuation of the sentence around them', () => {
    expect(links('See https://a.example/x?y=1#z, then (http://b.example/w).')).toEqual([
      'https://a.example/x?y=1#z',
      'http://b.example/w',
    ]);
    expect(links('https://a.example/Pool_(water)')).toEqual(['https://a.example/Pool_(water)']);
  });

  test('are only ever http and https', () => {
    expect(links('ftp://a.example data:text/html,x file:///etc/passwd mailto:a@b xhttps://a.example')).toEqual([]);
  });

  test('never change a character of the text', () => {
    const part = fc.oneof(fc.string(), fc.constantFrom('https://', 'http://a.b/', ')', '<b>', ' '));
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const text = parts.join('');
        expect(
          linkify(text)
            .map((piece) => piece.text)
            .join(''),
        ).toBe(text);
      }),
    );
  });

  test('beyond fifty stay plain text', () => {
    expect(links('https://a.example/ '.repeat(80))).toHaveLength(50);
  });
});

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
