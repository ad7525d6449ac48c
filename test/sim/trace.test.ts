import { describe, expect, test } from '@jest/globals';
import { Trace } from '../../src/sim/trace.ts';

type Note = [atMs: number, who: number, kind: string, size: number];

function hashOf(...notes: Note[]): number {
  const trace = new Trace();
  for (const note of notes) trace.note(...note);
  return trace.hash;
}

describe('the trace hash', () => {
  const base: Note = [12.5, 1, 'datagram', 1156];

  test('is the same for the same events', () => {
    expect(hashOf(base, [13, 0, 'open', 0])).toBe(hashOf(base, [13, 0, 'open', 0]));
  });

  test.each<[string, Note]>([
    ['moment', [12.500000000000002, 1, 'datagram', 1156]],
    ['end', [12.5, 0, 'datagram', 1156]],
    ['kind', [12.5, 1, 'datagrams', 1156]],
    ['size', [12.5, 1, 'datagram', 1157]],
  ])('differs when one event differs by its %s', (_, other) => {
    expect(hashOf(other)).not.toBe(hashOf(base));
    // And whatever comes after does not make up for it.
    const later = Array.from({ length: 50 }, (_unused, i): Note => [20 + i, 0, 'message', i]);
    expect(hashOf(other, ...later)).not.toBe(hashOf(base, ...later));
  });

  test('differs when two events change places', () => {
    expect(hashOf(base, [12.5, 0, 'open', 0])).not.toBe(hashOf([12.5, 0, 'open', 0], base));
  });

  test('is an integer of at most 53 bits, and spreads over them', () => {
    const hashes = Array.from({ length: 1000 }, (_, i) => hashOf([i, 0, 'datagram', 100]));
    expect(hashes.every(Number.isSafeInteger)).toBe(true);
    expect(new Set(hashes).size).toBe(1000);
    expect(hashes.filter((hash) => hash >= 2 ** 52).length).toBeGreaterThan(400);
    expect(hashes.filter((hash) => hash >= 2 ** 52).length).toBeLessThan(600);
  });
});
