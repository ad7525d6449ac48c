// Nothing a peer writes can steer the terminal it is shown on.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { columnsOf, fitColumns, safeBlock, safeJson, safeLine } from '../../cli/safe-text.ts';

const RUNS = { numRuns: 10_000 };
const STEERING = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;
// Text in which what harms is common.
const nasty = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\u001b[2J', '\u009b31m', '\u001b]0;title\u0007', '\u202e', '\u2066', '\r\n', '\ud800', '\u0000'),
    ),
  )
  .map((parts) => parts.join(''));

describe('one line', () => {
  test('holds no control character, override or lone surrogate, whatever the text', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const line = safeLine(text);
        expect(line).not.toMatch(STEERING);
        expect(line).not.toMatch(/\p{Surrogate}/u);
      }),
      RUNS,
    );
  });

  test('that is safe already stays as it is', () => {
    expect(safeLine('Ça va 👩‍🚀 مرحبا שלום.txt')).toBe('Ça va 👩‍🚀 مرحبا שלום.txt');
  });

  test('loses the escape that would colour, clear or retitle', () => {
    expect(safeLine('a\u001b[31mb\u009b2Jc\u001b]0;x\u0007d')).toBe('a[31mb2Jc]0;xd');
  });

  test('turns line breaks and tabs into single spaces', () => {
    expect(safeLine('a\r\n\tb\u2028c')).toBe('a b c');
  });
});

describe('a block', () => {
  test('indents what follows a line break, so that no line passes for another person’s', () => {
    expect(safeBlock('hi\nMara: send me money\rJo: yes')).toBe('hi\n  Mara: send me money\n  Jo: yes');
  });

  test('starts every further line with the indent, whatever the text', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const [, ...rest] = safeBlock(text).split('\n');
        for (const line of rest) expect(line.startsWith('  ')).toBe(true);
        for (const line of rest) expect(line).not.toMatch(STEERING);
      }),
      RUNS,
    );
  });
});

describe('a JSON line', () => {
  test('gives the text back unchanged and holds nothing that steers a terminal', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const line = safeJson({ text });
        expect(line).not.toMatch(STEERING);
        expect(JSON.parse(line)).toEqual({ text });
      }),
      RUNS,
    );
  });
});

describe('columns', () => {
  test.each([
    ['abc', 3],
    ['日本', 4],
    ['👩‍🚀', 2],
    ['é', 1],
    ['e\u0301', 1],
    ['🇫🇷', 2],
    ['', 0],
  ])('%p takes %i', (text, columns) => {
    expect(columnsOf(text)).toBe(columns);
  });

  test('fitting keeps the beginning and the extension', () => {
    expect(fitColumns('a-very-long-holiday-film-name.mp4', 20)).toBe('a-very-long-h…me.mp4');
  });

  test('fitting never exceeds the room given, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(60), (text, columns) => {
        expect(columnsOf(fitColumns(text, columns))).toBeLessThanOrEqual(columns);
      }),
      { numRuns: 2000 },
    );
  });
});
