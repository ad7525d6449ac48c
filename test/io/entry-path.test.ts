// Paths of a shared folder: what may be in one, on its own and beside others, and what people are told of the rest.
import path from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import {
  EntryGuard,
  entryProblem,
  shownPath,
  type EntryProblem,
  type EntryProblemCode,
} from '../../src/io/entry-path.ts';

// A busy machine is no failure.
jest.setTimeout(60_000);

const RUNS = { numRuns: 5_000 };

/** Strings rich in what paths are attacked with. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom('/', '/', '//', '\\', '..', '.', './', '../', ':', 'C:', '\0', ' ', '\n', '\u0085', '\u202e'),
      fc.constantFrom(
        'CON',
        'nul',
        'com1',
        'LPT¹',
        'a',
        'b',
        'é',
        'e\u0301',
        '\ud83d',
        '🐟',
        '.txt',
        '~',
        '*',
        '?',
        '|',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 10 },
  )
  .map((parts) => parts.join(''));

const code = (found: EntryProblem | undefined): EntryProblemCode | undefined => found?.code;

describe('a path on its own', () => {
  test.each<[string, EntryProblemCode]>([
    ['', 'empty'],
    ['/etc/passwd', 'absolute'],
    ['/', 'absolute'],
    ['//server/share', 'absolute'],
    ['C:/Windows', 'absolute'],
    ['c:evil', 'absolute'],
    ['C:', 'absolute'],
    ['a:b', 'absolute'],
    ['..', 'climbs'],
    ['../a', 'climbs'],
    ['a/../../b', 'climbs'],
    ['a/..', 'climbs'],
    ['.', 'climbs'],
    ['./a', 'climbs'],
    ['a/./b', 'climbs'],
    ['a//b', 'empty'],
    ['a/', 'empty'],
    ['a\\b', 'backslash'],
    ['..\\a', 'backslash'],
    ['\\\\server\\share', 'backslash'],
    ['a\0b', 'control'],
    ['a\nb', 'control'],
    ['a\u001b[2Jb', 'control'],
    ['a\u007f', 'control'],
    ['a\u0085b', 'control'],
    ['a/\ud83d/b', 'encoding'],
    ['x'.repeat(256), 'too-long'],
    [`a/${'é'.repeat(128)}`, 'too-long'],
    [`${'x'.repeat(100)}/`.repeat(41), 'too-long'],
    ['a/'.repeat(64) + 'a', 'too-deep'],
  ])('is refused everywhere: %j', (refused, expected) => {
    expect(code(entryProblem(refused))).toBe(expected);
    expect(code(entryProblem(refused, { portable: false }))).toBe(expected);
  });

  test.each<[string, EntryProblemCode]>([
    ['NUL', 'reserved'],
    ['a/con', 'reserved'],
    ['nul.txt', 'reserved'],
    ['Aux.tar.gz/b', 'reserved'],
    ['COM1', 'reserved'],
    ['lpt9.log', 'reserved'],
    ['COM¹', 'reserved'],
    ['conin$', 'reserved'],
    ['nul .txt', 'reserved'],
    ['a.', 'edge'],
    ['a /b', 'edge'],
    ['...', 'edge'],
    ['.. /a', 'edge'],
    ['a/b:stream', 'forbidden'],
    ['a/c:', 'forbidden'],
    ['what?', 'forbidden'],
    ['<a>', 'forbidden'],
    ['a|b', 'forbidden'],
    ['say "a"', 'forbidden'],
    ['*', 'forbidden'],
  ])('is refused where it is to be portable: %j', (refused, expected) => {
    expect(code(entryProblem(refused))).toBe(expected);
    expect(code(entryProblem(refused, { portable: false }))).toBeUndefined();
  });

  test.each([
    'a',
    'a/b/c.txt',
    '.bashrc',
    '.git/config',
    '..a',
    'a..b/..c',
    ' a',
    'con_',
    'console.log',
    'com10',
    'nuller/nul_',
    'x'.repeat(255),
    'é'.repeat(127),
    'e\u0301',
    '🐟/👩‍👩‍👧',
    'שלום/\u200fעולם',
    'naïve (copy) [1] {2} & co; $HOME `ls` ~ #%',
    'a/'.repeat(63) + 'a',
  ])('goes through: %j', (path) => {
    expect(entryProblem(path)).toBeUndefined();
  });

  test('is refused in one sentence, which names it', () => {
    expect(entryProblem('a/../b')).toEqual({ code: 'climbs', message: '"a/../b": ".." would lead out of the folder' });
    expect(entryProblem('a/NUL.txt')?.message).toBe('"a/NUL.txt": Windows reserves the name "NUL.txt"');
    expect(entryProblem('a:b/c', { portable: false })?.message).toBe('"a:b/c": the path names a drive');
    expect(entryProblem('dir/a:b')?.message).toBe('"dir/a:b": Windows forbids : in names');
  });

  test.each([true, false])('never leads elsewhere if it goes through (portable %p)', (portable) => {
    let through = 0;
    fc.assert(
      fc.property(hostile, (made) => {
        if (entryProblem(made, { portable })) return;
        through++;
        expect(path.posix.resolve('/target', made)).toBe(`/target/${made}`);
        if (portable) expect(path.win32.resolve('C:\\target', made)).toBe(`C:\\target\\${made.replaceAll('/', '\\')}`);
        else expect(path.win32.resolve('C:\\target', made).startsWith('C:\\target\\')).toBe(true);
        expect(Buffer.from(made).toString()).toBe(made);
      }),
      RUNS,
    );
    expect(through).toBeGreaterThan(RUNS.numRuns / 20);
  });

  test('costs little if it is absurdly long', () => {
    expect(code(entryProblem('/'.repeat(10_000_000)))).toBe('too-long');
    expect(code(entryProblem('a/'.repeat(5_000_000)))).toBe('too-long');
  });
});

describe('a path in a message', () => {
  test('shows what would disturb the line, and is short', () => {
    expect(shownPath('a\u001b[2J\u202egpj.exe\n')).toBe(String.raw`"a\u{1b}[2J\u{202e}gpj.exe\u{a}"`);
    expect(shownPath('é🐟'.repeat(1_000))).toBe(`"${'é🐟'.repeat(60)}…"`);
    expect(shownPath('x'.repeat(120))).toBe(`"${'x'.repeat(120)}"`);
  });
});

describe('a path beside others', () => {
  /** What the guard says of the last of `paths`; those before it must go through. A slash at the end marks a folder. */
  function last(paths: readonly string[], rules = {}): EntryProblem | undefined {
    const guard = new EntryGuard(rules);
    const [final, ...before] = paths.map((made) => [made.replace(/\/$/u, ''), made.endsWith('/')] as const).reverse();
    for (const [made, directory] of before.reverse()) expect(guard.add(made, directory)).toBeUndefined();
    return final && guard.add(...final);
  }

  test.each<[string[], EntryProblemCode]>([
    [['a', 'a'], 'twice'],
    [['a/', 'a/'], 'twice'],
    [['d/a', 'd/', 'd/'], 'twice'],
    [['a', 'A'], 'alike'],
    [['a', 'A/'], 'alike'],
    [['é', 'e\u0301'], 'alike'],
    [['É', 'e\u0301'], 'alike'],
    [['\u03b1\u0345\u0301', '\u1fb4'], 'alike'],
    [['straße', 'STRASSE'], 'alike'],
    [['ẞ', 'ß'], 'alike'],
    [['ΟΔΟΣ', 'οδοσ'], 'alike'],
    [['k', '\u212a'], 'alike'],
    [['\ufb01le', 'FILE'], 'alike'],
    [['d/a', 'D/b'], 'alike'],
    [['d/', 'D/b'], 'alike'],
    [['D/b', 'd/'], 'alike'],
    [['a/b/c/d', 'a/B/x/y'], 'alike'],
    [['d', 'D/b'], 'alike'],
    [['d', 'd/b'], 'file-and-folder'],
    [['d/b', 'd'], 'file-and-folder'],
    [['d/', 'd'], 'file-and-folder'],
    [['d', 'd/'], 'file-and-folder'],
    [['a/b/c', 'a/b/c/d/e'], 'file-and-folder'],
    [['a', '../a'], 'climbs'],
  ])('is refused: %j', (paths, expected) => {
    expect(code(last(paths))).toBe(expected);
    expect(code(last(paths, { portable: false }))).toBe(expected);
  });

  test.each([
    [['a', 'b']],
    [['d/', 'd/a', 'd/b/']],
    [['d/a', 'd/']],
    [['a/b/c', 'a/b/', 'a/']],
    [['d/a', 'e/a', 'a']],
    [['a', 'aa', 'a.b', 'a b']],
    [['i', 'ij']],
  ])('goes through: %j', (paths) => {
    expect(last(paths)).toBeUndefined();
  });

  test('is refused with both spellings', () => {
    expect(last(['Docs/a', 'docs/b'])?.message).toBe(
      '"docs/b": some systems take "docs" for "Docs", which is here too',
    );
  });

  test('is not remembered if it was refused', () => {
    const guard = new EntryGuard({ entries: 3 });
    expect(guard.add('a', false)).toBeUndefined();
    expect(code(guard.add('a/b/c', false))).toBe('file-and-folder');
    expect(code(guard.add('b/c/d', false))).toBe('too-many');
    expect(guard.entries).toBe(1);
    expect(guard.impliedParents).toEqual([]);
    expect(guard.add('B/c', false)).toBeUndefined();
    expect(guard.entries).toBe(3);
    // Known already: no further entry.
    expect(guard.add('B', true)).toBeUndefined();
    expect(code(guard.add('z', false))).toBe('too-many');
  });

  test('says which parents it brought, outermost first', () => {
    const guard = new EntryGuard();
    guard.add('a/b/c/d', false);
    expect(guard.impliedParents).toEqual(['a', 'a/b', 'a/b/c']);
    guard.add('a/b/x/é', false);
    expect(guard.impliedParents).toEqual(['a/b/x']);
    guard.add('a/b/x/y', true);
    expect(guard.impliedParents).toEqual([]);
    guard.add('new/file', false);
    guard.add('../refused', false);
    expect(guard.impliedParents).toEqual([]);
  });

  test('never meets another one on a system that folds case and normalizes', () => {
    const names = fc.constantFrom('a', 'A', 'é', 'E\u0301', 'e\u0301', 'ß', 'ss', 'SS', 'ı', 'ſ', 's');
    const paths = fc.array(names, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(fc.array(fc.tuple(paths, fc.boolean()), { maxLength: 12 }), (entries) => {
        const guard = new EntryGuard();
        const spelled = new Map<string, string>();
        for (const [made, directory] of entries) {
          if (guard.add(made, directory)) continue;
          for (let part = made; part !== '.'; part = path.posix.dirname(part)) {
            const key = part.normalize('NFD').toUpperCase();
            expect(spelled.get(key) ?? part).toBe(part);
            spelled.set(key, part);
          }
        }
        expect(guard.entries).toBe(spelled.size);
      }),
      RUNS,
    );
  });
});
