// The hash tree over a file's chunks: Merkle's, as RFC 6962, section 2.1 has it, over SHA-256, with the chunks' own hashes in
// place of the entries. leaf = SHA-256(0x00 || SHA-256(chunk)); node = SHA-256(0x01 || left || right), a left side being the
// largest power of two that is less than the whole. No chunk can be taken for a node, because both are prefixed.
import { sha256 } from '@noble/hashes/sha2.js';
import { HASH_BYTES } from '../wire/envelope.ts';

/** Chunks under one subtree, a power of two: 64 MiB of 256 KiB chunks. Its root can be told before the file is hashed whole. */
export const SUBTREE_CHUNKS = 256;

/** Root over chunk hashes, 32 bytes each, at least one: of a subtree, or of a file that has no more than one. */
export function subtreeRoot(hashes: Uint8Array): Uint8Array {
  return fold(split(hashes).map((hash) => sha256(prefixed(0, hash))));
}

/** Root of a file from those of its subtrees, in order, 32 bytes each. Of a file without chunks: SHA-256 of nothing. */
export function treeRoot(subtrees: Uint8Array): Uint8Array {
  return subtrees.length === 0 ? sha256(new Uint8Array()) : fold(split(subtrees));
}

/**
 * Neighbours are joined level by level; one that is left over rises as it is. That is the tree of RFC 6962: the left side
 * of every node is a full power of two.
 */
function fold(level: readonly Uint8Array[]): Uint8Array {
  let nodes = level;
  while (nodes.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < nodes.length; i += 2) {
      const [left, right] = [nodes[i], nodes[i + 1]];
      if (left !== undefined) above.push(right === undefined ? left : sha256(prefixed(1, left, right)));
    }
    nodes = above;
  }
  const [root] = nodes;
  if (root === undefined) throw new RangeError('hashes: expected at least one, got none');
  return root;
}

function prefixed(prefix: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(1 + parts.length * HASH_BYTES);
  bytes[0] = prefix;
  for (const [i, part] of parts.entries()) bytes.set(part, 1 + i * HASH_BYTES);
  return bytes;
}

function split(hashes: Uint8Array): Uint8Array[] {
  if (hashes.length % HASH_BYTES !== 0)
    throw new RangeError(`hashes: expected 32 bytes each, got ${hashes.length} in all`);
  return Array.from({ length: hashes.length / HASH_BYTES }, (_, i) =>
    hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}
