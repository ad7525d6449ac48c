// RangeSet against the plainest model there is: a Set of integers.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RangeSet } from '../../src/link/ranges.ts';

const LIMIT = 64;
const range = fc
  .tuple(fc.nat(LIMIT - 1), fc.integer({ min: 1, max: 12 }))
  .map(([start, length]): [number, number] => [start, Math.min(LIMIT, start + length)]);

function addAll(ranges: readonly [number, number][]): { set: RangeSet; model: Set<number>; fresh: number[] } {
  const set = new RangeSet();
  const model = new Set<number>();
  const fresh = ranges.map(([start, end]) => {
    const added = set.add(start, end);
    const before = model.size;
    for (let i = start; i < end; i++) model.add(i);
    expect(added).toBe(model.size - before);
    return added;
  });
  return { set, model, fresh };
}

/** The model as pairs first, last, newest range first. */
function pairsOf(model: ReadonlySet<number>): number[] {
  const pairs: number[] = [];
  for (let value = LIMIT; value >= 0; value--) {
    if (!model.has(value)) continue;
    const last = value;
    while (model.has(value - 1)) value--;
    pairs.push(value, last);
  }
  return pairs;
}

describe('a set of ranges', () => {
  test('holds what was added, counts what was new, and keeps its ranges apart, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 40 }), (ranges) => {
        const { set, model } = addAll(ranges);
        for (let i = 0; i <= LIMIT; i++) expect(set.has(i)).toBe(model.has(i));
        expect(set.newest(LIMIT)).toEqual(pairsOf(model));
        expect(set.count).toBe(pairsOf(model).length / 2);
      }),
      { numRuns: 2000 },
    );
  });

  test('its floor is the first number missing', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 40 }), (ranges) => {
        const { set, model } = addAll(ranges);
        let floor = 0;
        while (model.has(floor)) floor++;
        expect(set.floor).toBe(floor);
      }),
      { numRuns: 2000 },
    );
  });

  test('trimming forgets the oldest ranges and no other', () => {
    const { set } = addAll([
      [0, 1],
      [2, 3],
      [4, 6],
      [8, 9],
    ]);
    set.trim(2);
    expect(set.newest(10)).toEqual([8, 8, 4, 5]);
  });

  test('newest gives no more ranges than asked for', () => {
    const { set } = addAll([
      [0, 1],
      [2, 3],
      [4, 6],
    ]);
    expect(set.newest(2)).toEqual([4, 5, 2, 2]);
  });
});
