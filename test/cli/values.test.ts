// Rates and patterns as people type them.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { matchesPattern, parseRate } from '../../cli/values.ts';

describe('a rate', () => {
  test.each([
    ['500k', 500_000],
    ['2MB', 2_000_000],
    ['1.5 MB/s', 1_500_000],
    ['1G', 1_000_000_000],
    ['4096', 4096],
    ['64kB', 64_000],
  ])('%s is understood', (text, rate) => {
    expect(parseRate(text)).toBe(rate);
  });

  test.each(['', 'fast', '0', '-1k', '999', '2Mbit', '1e6', '2 T', '1k k', '0x10k'])('%p is none', (text) => {
    expect(parseRate(text)).toBeUndefined();
  });
});

describe('a pattern', () => {
  test.each([
    ['*.jpg', 'a.jpg', true],
    ['*.jpg', 'a.jpg.txt', false],
    ['*.jpg', 'a.JPG', false],
    ['a?c', 'abc', true],
    ['a?c', 'a🌊c', true],
    ['a?c', 'ac', false],
    ['*', '', true],
    ['', 'a', false],
    ['a*b*c', 'aXbYbZc', true],
    ['a.c', 'abc', false],
    ['[a]*', '[a] b', true],
    ['caf\u00e9', 'cafe\u0301', true],
  ])('%p and %p: %p', (pattern, name, fits) => {
    expect(matchesPattern(pattern, name)).toBe(fits);
  });

  test('agrees with a regular expression that says the same', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '.') });
    fc.assert(
      fc.property(letters, fc.string({ unit: fc.constantFrom('a', 'b', '.') }), (pattern, name) => {
        const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
        expect(matchesPattern(pattern, name)).toBe(new RegExp(`^${source}$`, 'u').test(name));
      }),
      { numRuns: 2000 },
    );
  });

  test('many stars and a long name take no time worth speaking of', () => {
    // A regular expression would still be at it tomorrow.
    expect(matchesPattern(`${'*a'.repeat(60)}b`, 'a'.repeat(255))).toBe(false);
  });
});
