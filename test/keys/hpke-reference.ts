// HPKE's base mode (RFC 9180) once more, over noble's primitives: what epoch.ts wraps must open here.
import { x25519 } from '@noble/curves/ed25519.js';
import { gcm } from '@noble/ciphers/aes.js';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from './support.ts';

/** AES-GCM by the length of its key, with its id in RFC 9180, 7.3. */
const AEAD_IDS = { 16: 1, 32: 2 } as const;

interface Recipient {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The first message of a context with DHKEM(X25519, HKDF-SHA256) and HKDF-SHA256. Throws if the tag is wrong. */
export function openBase(
  keyBytes: 16 | 32,
  recipient: Recipient,
  enc: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array {
  const kem = Buffer.concat([utf8('KEM'), u16(0x20)]);
  const suite = Buffer.concat([utf8('HPKE'), u16(0x20), u16(1), u16(AEAD_IDS[keyBytes])]);
  const dh = x25519.getSharedSecret(recipient.secretKey, enc);
  const eaePrk = labeledExtract(kem, NONE, 'eae_prk', dh);
  const shared = labeledExpand(kem, eaePrk, 'shared_secret', Buffer.concat([enc, recipient.publicKey]), 32);
  const pskIdHash = labeledExtract(suite, NONE, 'psk_id_hash', NONE);
  const infoHash = labeledExtract(suite, NONE, 'info_hash', info);
  const context = Buffer.concat([Buffer.of(0), pskIdHash, infoHash]);
  const secret = labeledExtract(suite, shared, 'secret', NONE);
  const key = labeledExpand(suite, secret, 'key', context, keyBytes);
  const nonce = labeledExpand(suite, secret, 'base_nonce', context, 12);
  return gcm(key, nonce, aad).decrypt(sealed);
}

const NONE = new Uint8Array(0);
const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff);

function labeledExtract(suite: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array {
  return extract(sha256, Buffer.concat([utf8('HPKE-v1'), suite, utf8(label), ikm]), salt);
}

function labeledExpand(suite: Uint8Array, prk: Uint8Array, label: string, info: Uint8Array, bytes: number): Uint8Array {
  return expand(sha256, prk, Buffer.concat([u16(bytes), utf8('HPKE-v1'), suite, utf8(label), info]), bytes);
}
