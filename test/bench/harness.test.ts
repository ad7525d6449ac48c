// The arithmetic of benchmarks: a wrong median would quietly bend every figure we publish.

import { describe, expect, test } from '@jest/globals';
import { inTurn, mbitPerSecond, measureRounds, median, wholeOption } from '../../bench/harness.ts';

const quiet = { values: {}, log: () => undefined };

describe('median', () => {
  test('is the middle value whatever the order', () => {
    expect(median([10, 9, 100])).toBe(10);
  });

  test('of an even count is the mean of the middle two', () => {
    expect(median([4, 1, 3, 100])).toBe(3.5);
  });

  test('of nothing is refused', () => {
    expect(() => median([])).toThrow(RangeError);
  });
});

test('mbitPerSecond counts bits, in millions, by the second', () => {
  expect(mbitPerSecond(1_000_000, 2000)).toBe(4);
});

describe('measureRounds', () => {
  test('measures every round once and gives the median of each figure', async () => {
    const times = [3, 1, 2];
    const result = await measureRounds({ ...quiet, rounds: 3 }, async (round) => ({
      a_ms: times[round] ?? NaN,
      b: round,
    }));
    expect(result).toEqual({ rounds: 3, figures: { a_ms: 2, b: 1 } });
  });

  test('takes the median of the ratios, not the ratio of the medians', async () => {
    const pairs = [
      { ours: 1, raw: 2 },
      { ours: 10, raw: 10 },
      { ours: 4, raw: 16 },
    ];
    const { figures } = await measureRounds({ ...quiet, rounds: 3 }, async (round) => {
      const { ours, raw } = pairs[round] ?? { ours: NaN, raw: NaN };
      return { ours, raw, ratio: ours / raw };
    });
    expect(figures).toEqual({ ours: 4, raw: 10, ratio: 0.5 });
  });
});

describe('inTurn', () => {
  test.each([
    [0, ['a', 'b', 'c']],
    [1, ['c', 'b', 'a']],
    [2, ['a', 'b', 'c']],
  ])('in round %i runs %j and gives the results in the given order', async (round, expected) => {
    const ran: string[] = [];
    const contenders = ['a', 'b', 'c'].map((name) => async () => {
      ran.push(name);
      return name;
    });
    expect(await inTurn(round, contenders)).toEqual(['a', 'b', 'c']);
    expect(ran).toEqual(expected);
  });
});

describe('wholeOption', () => {
  test('is the number that was given', () => {
    expect(wholeOption('64')).toBe(64);
  });

  test.each([undefined, '', '0', '-1', '1.5', 'x', 'Infinity'])('refuses %p and names the option', (given) => {
    expect(() => wholeOption(given, 'kills')).toThrow(`--kills: expected 1 or more, got ${given}`);
  });
});
