// What the two ends of a link sign and show each other, so that nobody is in between. When, and over what, is
// src/pool/binding.ts'.
import { sha256 } from '@noble/hashes/sha2.js';
import { fromHex, joined } from '../wire/bytes.ts';
import type { DeviceId } from '../wire/entry.ts';
import { labeled } from './identity.ts';
import { wordBytes, wordsOf } from './words.ts';

/** Random, of one link: who has told its hash cannot choose it any more. */
export const SHARE_BYTES = 32;

/** One end, as both see it. */
export interface BindingEnd {
  readonly id: DeviceId;
  /** X25519 key, 32 bytes. */
  readonly agreeKey: Uint8Array;
  /** Of its share, 32 bytes. */
  readonly commit: Uint8Array;
  /** SHA-256 of its DTLS certificate, 32 bytes. */
  readonly fingerprint: Uint8Array;
}

/** 32 bytes: goes out before the share does. */
export const commitTo = (share: Uint8Array): Uint8Array => sha256(labeled('rockpool share', share));

/**
 * What `signer` signs under LABELS.binding:
 * `[signer u8: 0 initiator, 1 acceptor][ids 2 x 16][commits 2 x 32][X25519 keys 2 x 32][fingerprints 2 x 32][pool]`,
 * the initiator's first. The Ed25519 keys follow from the ids.
 */
export function bindingBytes(
  pool: string,
  initiator: BindingEnd,
  acceptor: BindingEnd,
  signer: 'initiator' | 'acceptor',
): Uint8Array {
  const ends = [initiator, acceptor];
  return joined(
    Uint8Array.of(signer === 'initiator' ? 0 : 1),
    ...ends.map(({ id }) => fromHex(id)),
    ...ends.map(({ commit }) => commit),
    ...ends.map(({ agreeKey }) => agreeKey),
    ...ends.map(({ fingerprint }) => fingerprint),
    new TextEncoder().encode(pool),
  );
}

/** One end, as the words show it. */
export interface WordEnd {
  readonly id: DeviceId;
  /** Ed25519 and X25519 keys, 32 bytes each. */
  readonly signKey: Uint8Array;
  readonly agreeKey: Uint8Array;
  readonly share: Uint8Array;
}

/** Words that two people compare: 36 bits, which somebody in between has one try at, for it had to commit first. */
export const CODE_WORDS = 4;

/** Four words, the same whichever end is named first. */
export function wordCode(one: WordEnd, other: WordEnd): readonly string[] {
  const ends = one.id < other.id ? [one, other] : [other, one];
  const parts = ends.flatMap(({ id, signKey, agreeKey }) => [fromHex(id), signKey, agreeKey]);
  const hash = sha256(labeled('rockpool words', ...parts, ...ends.map(({ share }) => share)));
  return wordsOf(hash.subarray(0, wordBytes(CODE_WORDS)), CODE_WORDS);
}
