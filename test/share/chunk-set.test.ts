import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ChunkSet, hasBit } from '../../src/share/chunk-set.ts';
import { partsOf, partsOfSet } from '../../src/share/have.ts';
import { RateCap } from '../../src/share/rate-cap.ts';
import { HAVE_BYTES_MAX } from '../../src/wire/envelope.ts';

describe('a chunk set', () => {
  test('finds the lowest chunk that is missing, as a plain search does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.array(fc.nat(199)), fc.nat(199), (chunks, added, from) => {
        const set = new ChunkSet(chunks);
        for (const chunk of added) if (chunk < chunks) set.add(chunk);
        let expected = from;
        while (expected < chunks && set.has(expected)) expected++;
        expect(set.firstMissing(from)).toBe(Math.min(expected, chunks));
        expect(set.count + set.missing).toBe(chunks);
      }),
    );
  });

  test('made of a bitmap takes nothing beyond the chunks there are', () => {
    const set = new ChunkSet(3, Uint8Array.of(0xff, 0xff));
    expect(set.count).toBe(3);
    expect(set.has(3)).toBe(false);
    expect(() => set.add(3)).toThrow('expected 0 to 2, got 3');
  });
});

describe('what is told of chunks', () => {
  const told = (parts: Iterable<{ first: number; bitmap: Uint8Array }>): number[] =>
    [...parts].flatMap(({ first, bitmap }) => {
      expect(bitmap.length).toBeLessThanOrEqual(HAVE_BYTES_MAX);
      return Array.from({ length: bitmap.length * 8 }, (_, i) => i).flatMap((i) =>
        hasBit(bitmap, i) ? [first + i] : [],
      );
    });

  test('is exactly these chunks', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(200_000), { maxLength: 30 }), (chunks) => {
        expect(told(partsOf([...chunks]))).toEqual(chunks.toSorted((a, b) => a - b));
      }),
    );
  });

  test('is exactly the chunks of a set', () => {
    const set = new ChunkSet(150_000);
    for (const chunk of [0, 7, 65_535, 65_536, 149_999]) set.add(chunk);
    expect(told(partsOfSet(set))).toEqual([0, 7, 65_535, 65_536, 149_999]);
  });
});

describe('a limit on the rate', () => {
  test('lets through what it says, whatever the pieces', () => {
    const cap = new RateCap();
    cap.set(1000);
    let bytes = 0;
    for (let now = 0; now <= 10_000; now += 7) {
      if (!cap.free(now)) continue;
      cap.spend(600);
      bytes += 600;
    }
    expect(bytes).toBeGreaterThan(9_500);
    expect(bytes).toBeLessThan(11_500);
  });

  test('says when something may begin again', () => {
    const cap = new RateCap();
    cap.set(1000);
    cap.free(0);
    cap.spend(500);
    expect(cap.free(400)).toBe(false);
    expect(cap.free(cap.freeAtMs)).toBe(true);
    expect(cap.freeAtMs).toBe(Infinity);
  });
});
