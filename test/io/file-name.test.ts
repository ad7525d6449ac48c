// Names from peers: where they may point, what they may look like, how long they may be.
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FILE_NAME_BYTES_MAX, numberedFileName, safeFileName } from '../../src/io/file-name.ts';

const RUNS = { numRuns: 3_000 };
const utf8Bytes = (text: string): number => new TextEncoder().encode(text).length;

/** Strings rich in what names are attacked with. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '/',
        '\\',
        '..',
        '.',
        ':',
        '\0',
        ' ',
        '\n',
        '\u202e',
        '\u2066',
        'CON',
        'nul',
        'com1',
        'LPT¹',
        'a',
      ),
      fc.constantFrom(
        '\ud83d',
        '\udc1f',
        '🐟',
        '👩‍👩‍👧',
        'ש',
        'é',
        'x'.repeat(120),
        ' '.repeat(240),
        '.txt',
        '~',
        '*',
        '"',
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

describe('a name from a peer', () => {
  test.each([
    ['../../etc/passwd', 'passwd'],
    ['/etc/shadow', 'shadow'],
    ['C:\\Windows\\system32\\evil.dll', 'evil.dll'],
    ['photos/', 'photos'],
    ['a/..', 'a'],
    ['', 'file'],
    ['.', 'file'],
    ['..', 'file'],
    ['/', 'file'],
    ['\u202e \u0000', 'file'],
  ])('that is a path keeps its last component: %j is %j', (name, safe) => {
    expect(safeFileName(name)).toBe(safe);
  });

  test.each([
    ['.bashrc', 'bashrc'],
    ['...hidden.txt', 'hidden.txt'],
    ['.rockpool-x.part', 'rockpool-x.part'],
  ])('is never hidden: %j is %j', (name, safe) => {
    expect(safeFileName(name)).toBe(safe);
  });

  test.each([
    ['CON', '_CON'],
    ['nul.txt', '_nul.txt'],
    ['com1 .log', '_com1 .log'],
    ['LPT³.tar.gz', '_LPT³.tar.gz'],
    ['console.log', 'console.log'],
    ['name.txt:stream', 'name.txt_stream'],
    ['what? <really> "this|that" *', 'what_ _really_ _this_that_ _'],
    ['trailing. . .', 'trailing'],
  ])('means no device and no stream on Windows: %j is %j', (name, safe) => {
    expect(safeFileName(name)).toBe(safe);
  });

  test('loses the characters that reorder or hide text', () => {
    expect(safeFileName('photo\u202egpj.exe\u2028\u200b')).toBe('photogpj.exe');
  });

  test.each(['🐟 sea bass.png', 'קובץ חדש.txt', 'ملف.pdf', '👩‍👩‍👧 family photo (2).jpg', 'naïve résumé.doc', '魚.tar.gz'])(
    'keeps letters of every script, emoji and spaces: %j',
    (name) => {
      expect(safeFileName(name)).toBe(name);
    },
  );

  test('that is too long is cut in whole code points and keeps its extension', () => {
    const safe = safeFileName(`${'🐟'.repeat(100)}.jpeg`);
    expect(safe).toBe(`${'🐟'.repeat(62)}.jpeg`);
    expect(utf8Bytes(safe)).toBe(253);
  });

  test('whose extension is absurd is cut like any other', () => {
    expect(safeFileName(`a.${'x'.repeat(400)}`)).toBe(`a.${'x'.repeat(253)}`);
  });

  test('that cutting turns into a device is renamed all the same', () => {
    expect(safeFileName(`CON${' '.repeat(300)}x.txt`)).toBe('_CON.txt');
  });

  test('stays directly inside its directory, whatever it is', () => {
    fc.assert(
      fc.property(hostile, (name) => {
        const safe = safeFileName(name);
        expect(safe).not.toMatch(/[/\\\0-\x1f\x7f:]/u);
        expect(['', '.', '..']).not.toContain(safe);
        for (const system of [path.posix, path.win32]) {
          const directory = system.resolve('/some/dir');
          expect(system.dirname(system.resolve(directory, safe))).toBe(directory);
          expect(system.basename(system.resolve(directory, safe))).toBe(safe);
        }
      }),
      RUNS,
    );
  });

  test('is at most 255 bytes of UTF-8 without broken characters, whatever it is', () => {
    fc.assert(
      fc.property(hostile, (name) => {
        const safe = safeFileName(name);
        expect(utf8Bytes(safe)).toBeLessThanOrEqual(FILE_NAME_BYTES_MAX);
        expect(safe).not.toMatch(/\p{Surrogate}/u);
      }),
      RUNS,
    );
  });

  test('that was made safe stays as it is', () => {
    fc.assert(
      fc.property(hostile, (name) => {
        const safe = safeFileName(name);
        expect(safeFileName(safe)).toBe(safe);
      }),
      RUNS,
    );
  });
});

describe('a name that is taken', () => {
  test('gets its number before the extension', () => {
    expect(numberedFileName('fish.tar', 2)).toBe('fish (2).tar');
    expect(numberedFileName('README', 3)).toBe('README (3)');
  });

  test('gets its number within 255 bytes', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 2, max: 9_999 }), (name, number) => {
        const numbered = numberedFileName(safeFileName(name), number);
        expect(utf8Bytes(numbered)).toBeLessThanOrEqual(FILE_NAME_BYTES_MAX);
        expect(numbered).toContain(` (${number})`);
        expect(safeFileName(numbered)).toBe(numbered);
      }),
      RUNS,
    );
  });
});
