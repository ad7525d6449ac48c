// The chooser's marks and cursor under keys and clicks.
import { describe, expect, test } from '@jest/globals';
import type { ListedPath } from '../../src/remote/host-face.ts';
import {
  beginMarks,
  clicked,
  markedPaths,
  pressed,
  type Marks,
  type Outcome,
  type Press,
} from '../../web/desktop/chooser-model.ts';

const entry = (name: string): ListedPath => ({
  path: `/home/mara/${name}`,
  name,
  kind: name.includes('.') ? 'file' : 'folder',
  bytes: 1,
  modifiedMs: 0,
});
const ENTRIES = ['photos', 'plans', 'a.txt', 'b.txt', 'better.md', 'Big.iso'].map(entry);
const begin = (several = true, from?: string): Marks => beginMarks(ENTRIES, several, from);
const names = (marks: Marks): readonly string[] => markedPaths(marks).map(({ name }) => name);

type Keys = string | Partial<Press>;

/** Presses one after the other, `stepMs` apart; a text is a key without more. */
function play(marks: Marks, keys: readonly Keys[], stepMs = 10): { readonly marks: Marks; readonly outcome: Outcome } {
  let now: { readonly marks: Marks; readonly outcome: Outcome } = { marks, outcome: { kind: 'ignored' } };
  keys.forEach((key, at) => {
    const press = { key: '', shift: false, ctrl: false, alt: false, ...(typeof key === 'string' ? { key } : key) };
    now = pressed(now.marks, press, 3, 1_000 + at * stepMs);
  });
  return now;
}

describe('arrows', () => {
  test('mark what they reach, and stay within the rows', () => {
    expect(names(play(begin(), ['ArrowDown']).marks)).toEqual(['photos']);
    expect(names(play(begin(), ['ArrowDown', 'ArrowDown', 'ArrowUp', 'ArrowUp', 'ArrowUp']).marks)).toEqual(['photos']);
    expect(names(play(begin(), ['End', 'ArrowDown']).marks)).toEqual(['Big.iso']);
    expect(names(play(begin(), ['Home', 'PageDown']).marks)).toEqual(['b.txt']);
    expect(names(play(begin(), ['ArrowUp']).marks)).toEqual(['Big.iso']);
  });

  test('with Shift mark a range, also a shrinking one', () => {
    const down = { key: 'ArrowDown', shift: true };
    const three = play(begin(), ['ArrowDown', down, down]).marks;
    expect(names(three)).toEqual(['photos', 'plans', 'a.txt']);
    expect(names(play(three, [{ key: 'ArrowUp', shift: true }]).marks)).toEqual(['photos', 'plans']);
  });

  test('with Ctrl only move, and Space then adds and takes away', () => {
    const ctrl = { key: 'ArrowDown', ctrl: true };
    const two = play(begin(), ['ArrowDown', ctrl, ctrl, ' ']).marks;
    expect(names(two)).toEqual(['photos', 'a.txt']);
    expect(names(play(two, [' ']).marks)).toEqual(['photos']);
  });

  test('mark one alone where several may not be', () => {
    const { marks } = play(begin(false), ['ArrowDown', { key: 'ArrowDown', shift: true }]);
    expect(names(marks)).toEqual(['plans']);
    expect(play(marks, [{ key: 'a', ctrl: true }]).outcome.kind).toBe('ignored');
  });

  test('do nothing in an empty folder', () => {
    const empty = beginMarks([], true);
    for (const key of ['ArrowDown', 'ArrowUp', 'End', 'PageDown', 'x', ' ']) {
      expect(play(empty, [key]).marks.marked.size).toBe(0);
    }
    expect(play(empty, ['Enter']).outcome.kind).toBe('ignored');
  });
});

describe('clicks', () => {
  const plain = { shift: false, ctrl: false };

  test('mark one, with Ctrl one more or fewer, with Shift a range', () => {
    const one = clicked(begin(), 1, plain);
    expect(names(one)).toEqual(['plans']);
    const two = clicked(one, 3, { shift: false, ctrl: true });
    expect(names(two)).toEqual(['plans', 'b.txt']);
    expect(names(clicked(two, 1, { shift: false, ctrl: true }))).toEqual(['b.txt']);
    expect(names(clicked(two, 5, { shift: true, ctrl: false }))).toEqual(['b.txt', 'better.md', 'Big.iso']);
    expect(names(clicked(two, 0, plain))).toEqual(['photos']);
  });

  test('mark one alone where several may not be', () => {
    const marks = clicked(clicked(begin(false), 1, plain), 3, { shift: true, ctrl: true });
    expect(names(marks)).toEqual(['b.txt']);
  });
});

describe('Enter', () => {
  test('opens a folder, and chooses a file', () => {
    expect(play(begin(), ['ArrowDown', 'Enter']).outcome).toEqual({ kind: 'open', path: '/home/mara/photos' });
    expect(play(begin(), ['End', 'Enter']).outcome).toEqual({ kind: 'choose' });
  });

  test('chooses several, also where the cursor is on a folder, and with Ctrl a folder alone', () => {
    const two = play(begin(), ['ArrowDown', { key: 'ArrowDown', shift: true }]).marks;
    expect(play(two, ['Enter']).outcome).toEqual({ kind: 'choose' });
    expect(play(begin(), ['ArrowDown', { key: 'Enter', ctrl: true }]).outcome).toEqual({ kind: 'choose' });
  });

  test('means nothing while nothing is marked', () => {
    expect(play(begin(), ['Enter']).outcome).toEqual({ kind: 'ignored' });
  });
});

describe('letters', () => {
  test('jump to the next name that begins with them, whatever their case', () => {
    expect(names(play(begin(), ['b', 'i']).marks)).toEqual(['Big.iso']);
    expect(names(play(begin(), ['P', 'l']).marks)).toEqual(['plans']);
  });

  test('the same again and again goes through all that begin with it, and around', () => {
    const one = ['b', 'b', 'b', 'b'].map((_key, at) =>
      names(
        play(
          begin(),
          Array.from({ length: at + 1 }, () => 'b'),
        ).marks,
      ),
    );
    expect(one).toEqual([['b.txt'], ['better.md'], ['Big.iso'], ['b.txt']]);
  });

  test('far apart begin a new name, and what no name begins with moves nothing', () => {
    expect(names(play(begin(), ['b', 'p'], 2_000).marks)).toEqual(['photos']);
    expect(names(play(begin(), ['b', 'z']).marks)).toEqual(['b.txt']);
  });

  test('a space belongs to the name that is being typed', () => {
    const marks = beginMarks(['a b.txt', 'a.txt'].map(entry), true);
    expect(names(play(marks, ['a', ' ', 'b']).marks)).toEqual(['a b.txt']);
  });

  test('are over with the next arrow: then a space marks', () => {
    const { marks } = play(begin(), ['p', { key: 'ArrowDown', ctrl: true }, ' ']);
    expect(names(marks)).toEqual(['photos', 'plans']);
  });
});

test('Backspace and Alt with Up go up, and coming from below the folder is marked', () => {
  expect(play(begin(), ['Backspace']).outcome).toEqual({ kind: 'up' });
  expect(play(begin(), [{ key: 'ArrowUp', alt: true }]).outcome).toEqual({ kind: 'up' });
  expect(names(begin(true, '/home/mara/plans'))).toEqual(['plans']);
  expect(names(begin(true, '/home/mara/gone'))).toEqual([]);
});

test('Ctrl and A marks everything, and other keys are left to the page', () => {
  expect(names(play(begin(), [{ key: 'a', ctrl: true }]).marks)).toHaveLength(ENTRIES.length);
  for (const key of ['Escape', 'Tab', 'F6', { key: 'c', ctrl: true }, { key: 'f', alt: true }]) {
    expect(play(begin(), [key]).outcome).toEqual({ kind: 'ignored' });
  }
});
