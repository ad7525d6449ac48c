import { describe, expect, test } from '@jest/globals';
import { Random } from '../../src/sim/random.ts';

function draw(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.u32());
}

describe('seeded randomness', () => {
  test('the same seed gives the same numbers', () => {
    expect(draw(new Random(7), 100)).toEqual(draw(new Random(7), 100));
  });

  test('a pinned seed gives the numbers it gave on the day it was written', () => {
    expect(draw(new Random(1), 3)).toEqual([2420951833, 2513034076, 3847892949]);
  });

  test('seeds that differ in one bit share no number among the first hundred', () => {
    const first = new Set(draw(new Random(2), 100));
    expect(draw(new Random(3), 100).filter((n) => first.has(n))).toEqual([]);
  });

  test('unit numbers fill 0 to 1 evenly', () => {
    const random = new Random(4);
    const buckets = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const bucket = Math.floor(random.unit() * 10);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
    }
    for (const bucket of buckets) expect(Math.abs(bucket - 10_000)).toBeLessThan(400);
  });

  test('an integer range includes both its ends', () => {
    const random = new Random(5);
    const seen = new Set(Array.from({ length: 200 }, () => random.integer(3, 6)));
    expect([...seen].sort()).toEqual([3, 4, 5, 6]);
  });

  test('a fork does not depend on what its parent draws later', () => {
    const a = new Random(6);
    const b = new Random(6);
    const forkOfA = a.fork();
    const forkOfB = b.fork();
    draw(a, 50);
    expect(draw(forkOfA, 10)).toEqual(draw(forkOfB, 10));
  });

  test('bytes have the asked length, also when it is no multiple of four', () => {
    const random = new Random(8);
    expect([0, 1, 3, 4, 7].map((n) => random.bytes(n).byteLength)).toEqual([0, 1, 3, 4, 7]);
  });

  test.each([-1, 0.5, 2 ** 32, Number.NaN])('seed %p is refused by name', (seed) => {
    expect(() => new Random(seed)).toThrow(/^seed: expected an integer/);
  });
});
