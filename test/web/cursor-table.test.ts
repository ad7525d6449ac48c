// Whose cursor is on screen: it comes with the first frame, moves without the list changing, and goes in good time.

import { beforeEach, describe, expect, test } from '@jest/globals';
import { UNIT } from '../../src/io/control-frames.ts';
import { CursorTable, CURSORS_MAX, STILL_MS } from '../../web/cursor-table.ts';

let table: CursorTable;
const shown = (): string[] => table.shown.value.map(({ peer }) => peer);
const at = (x: number, y: number, inside = 1) => ({ x: x * UNIT, y: y * UNIT, buttons: 0, inside });

beforeEach(() => {
  table = new CursorTable();
});

describe('a cursor', () => {
  test('appears where the first frame says, in parts of the conversation', () => {
    table.hear(0, 'mara', at(1, 0));
    expect(shown()).toEqual(['mara']);
    expect(table.shown.value[0]?.spot.value).toEqual({ x: 1, y: 0 });
  });

  test('moves without the list changing', () => {
    table.hear(0, 'mara', at(0, 0));
    const before = table.shown.value;
    table.hear(16, 'mara', at(0, 1));
    expect(table.shown.value).toBe(before);
    expect(before[0]?.spot.value).toEqual({ x: 0, y: 1 });
  });

  test('goes when its pointer leaves, and comes back with it', () => {
    table.hear(0, 'mara', at(0, 0));
    table.hear(16, 'mara', at(0, 0, 0));
    expect(shown()).toEqual([]);
    table.hear(32, 'mara', at(1, 1));
    expect(shown()).toEqual(['mara']);
  });

  test('whose first frame says that it left is not shown', () => {
    table.hear(0, 'mara', at(0, 0, 0));
    expect(shown()).toEqual([]);
  });

  test('goes once it was not heard of for three seconds, and not before', () => {
    table.hear(0, 'mara', at(0, 0));
    table.hear(1000, 'jo', at(0, 0));
    table.expire(STILL_MS - 1);
    expect(shown()).toEqual(['mara', 'jo']);
    table.expire(STILL_MS);
    expect(shown()).toEqual(['jo']);
    table.hear(STILL_MS + 1, 'jo', at(0, 0));
    table.expire(1000 + STILL_MS);
    expect(shown()).toEqual(['jo']);
  });

  test('goes with the person it belongs to', () => {
    table.hear(0, 'mara', at(0, 0));
    table.hear(0, 'jo', at(0, 0));
    table.keepOnly(new Set(['jo', 'tom']));
    expect(shown()).toEqual(['jo']);
  });
});

test('of too many cursors the first ones stay, and the next takes the place of one that leaves', () => {
  for (let peer = 0; peer <= CURSORS_MAX; peer += 1) table.hear(0, `${peer}`, at(0, 0));
  expect(shown()).toHaveLength(CURSORS_MAX);
  expect(shown()).not.toContain(`${CURSORS_MAX}`);
  table.hear(1, '0', at(0, 0, 0));
  table.hear(2, `${CURSORS_MAX}`, at(0, 0));
  expect(shown()).toContain(`${CURSORS_MAX}`);
});
