import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { Digests } from '../../src/share/digests.ts';
import { SUBTREE_CHUNKS, subtreeRoot, treeRoot } from '../../src/share/hash-tree.ts';
import { TreeCheck } from '../../src/share/tree-check.ts';

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

const hashes = (count: number): Buffer[] => Array.from({ length: count }, (_, i) => sha256(Buffer.from(`chunk ${i}`)));

/** MTH as RFC 6962, section 2.1 writes it: recursive, split at the largest power of two below the whole. */
function mth(entries: readonly Buffer[]): Buffer {
  const [first] = entries;
  if (first === undefined) return sha256(Buffer.alloc(0));
  if (entries.length === 1) return sha256(Buffer.of(0), first);
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  return sha256(Buffer.of(1), mth(entries.slice(0, k)), mth(entries.slice(k)));
}

function rootOf(entries: readonly Buffer[]): Uint8Array {
  const subtrees: Uint8Array[] = [];
  for (let at = 0; at < entries.length; at += SUBTREE_CHUNKS) {
    subtrees.push(subtreeRoot(Buffer.concat(entries.slice(at, at + SUBTREE_CHUNKS))));
  }
  return treeRoot(Buffer.concat(subtrees));
}

describe('the hash tree', () => {
  test.each([0, 1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 513, 700, 1025])(
    'of %i chunks is that of RFC 6962',
    (count) => {
      const entries = hashes(count);
      expect(Buffer.from(rootOf(entries)).toString('hex')).toBe(mth(entries).toString('hex'));
    },
  );

  test('has another root when two chunks change places, or one is left out', () => {
    const entries = hashes(300);
    const [a, b, ...rest] = entries;
    const roots = [entries, [b, a, ...rest], entries.slice(0, -1)].map((each) =>
      Buffer.from(rootOf(each as Buffer[])).toString('hex'),
    );
    expect(new Set(roots).size).toBe(3);
  });

  test('does not take a node for a chunk', () => {
    const [a, b] = hashes(2) as [Buffer, Buffer];
    expect(subtreeRoot(Buffer.concat([a, b]))).not.toEqual(subtreeRoot(sha256(Buffer.of(1), a, b)));
  });

  test('refuses what is no row of hashes', () => {
    expect(() => subtreeRoot(new Uint8Array(31))).toThrow(RangeError);
    expect(() => subtreeRoot(new Uint8Array())).toThrow(RangeError);
  });
});

describe('a tree that is told', () => {
  const CHUNKS = 600;
  const entries = hashes(CHUNKS);
  const subtrees = Buffer.concat(
    [0, 256, 512].map((at) => subtreeRoot(Buffer.concat(entries.slice(at, at + SUBTREE_CHUNKS)))),
  );
  const root = treeRoot(subtrees);
  const known = (count: number): Digests => {
    const digests = new Digests(CHUNKS);
    for (const [chunk, hash] of entries.slice(0, count).entries()) digests.set(chunk, hash);
    return digests;
  };

  test('agrees with its hashes, in whatever order they come', () => {
    const early = new TreeCheck(CHUNKS);
    expect(early.told(0, subtrees, root)).toBe(true);
    expect(early.agrees(known(100))).toBe(true);
    expect(early.agrees(known(CHUNKS))).toBe(true);
    const late = new TreeCheck(CHUNKS);
    expect(late.agrees(known(CHUNKS))).toBe(true);
    expect(late.told(0, subtrees, root)).toBe(true);
    expect(late.agrees(known(CHUNKS))).toBe(true);
  });

  test.each([
    ['a subtree that is not that of its chunks', 40, root],
    ['a root that is not that of its subtrees', -1, sha256(root)],
  ])('is caught with %s', (_, flipped, told) => {
    const bad = Buffer.from(subtrees);
    if (flipped >= 0) bad[flipped] = (bad[flipped] ?? 0) ^ 1;
    const check = new TreeCheck(CHUNKS);
    check.told(0, bad, told);
    expect(check.agrees(known(CHUNKS))).toBe(false);
  });

  test('is caught with more subtrees than the file has', () => {
    expect(new TreeCheck(CHUNKS).told(1, subtrees, undefined)).toBe(false);
  });
});
