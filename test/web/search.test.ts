import { describe, expect, test } from '@jest/globals';
import type { Person } from '../../web/people.ts';
import { holds, nearby, snippetOf, typedPool, wordsIn } from '../../web/search.ts';

const person = (name: string, own = false): Person => ({ account: name, name, own, here: true, devices: [] });
const around = {
  rooms: [],
  people: [person('Mara', true), person('Jo Lind'), person('Ana')],
  pools: ['quiet-heron-1', 'tide'],
};

const keys = (query: string): readonly string[] => nearby(around, wordsIn(query)).map(({ key }) => key);
const marked = (text: string, query: string): string =>
  snippetOf(text, wordsIn(query))
    .map((piece) => (piece.match ? `[${piece.text}]` : piece.text))
    .join('');

describe('what is near', () => {
  test('holds all words, in any order and case, and never oneself', () => {
    expect(keys('')).toEqual(['person-Jo Lind', 'person-Ana', 'pool-quiet-heron-1', 'pool-tide']);
    expect(keys('LIND jo')).toEqual(['person-Jo Lind']);
    expect(keys('mara')).toEqual([]);
    expect(keys('heron')).toEqual(['pool-quiet-heron-1']);
  });

  test('does not take the width or the making of a letter for another letter', () => {
    expect(holds('Cafe\u0301', ['café'])).toBe(true);
    expect(holds('ｗｉｄｅ', wordsIn('wide'))).toBe(true);
  });
});

describe('a typed pool', () => {
  test('is offered for a link or for what cannot be a word', () => {
    expect(typedPool('brave-otter-cove-1234', [])).toMatchObject([{ pool: 'brave-otter-cove-1234', known: false }]);
    expect(typedPool('https://pool.example/#otters', [])).toMatchObject([{ pool: 'otters' }]);
    expect(typedPool('the', [])).toEqual([]);
    expect(typedPool('brave-otter-cove-1234', ['brave-otter-cove-1234'])).toEqual([]);
  });
});

describe('a snippet', () => {
  test('marks every place of every word', () => {
    expect(marked('The folder of the lighthouse', 'the folder')).toBe('[The] [folder] of [the] lighthouse');
  });

  test('begins near the first match and says what it leaves out', () => {
    const text = `${'before '.repeat(50)}lighthouse${' after'.repeat(50)}`;
    const shown = marked(text, 'light');
    expect(shown).toMatch(/^… (?:before ){1,8}\[light\]house after/);
    expect(shown).toMatch(/ …$/);
    expect(shown.length).toBeLessThan(200);
  });

  test('of a text without the words is its beginning', () => {
    expect(marked('one\n\ntwo', 'three')).toBe('one two');
    expect(marked('one', '')).toBe('one');
  });
});
