// Keys of epochs: made, wrapped for the devices that may read, and used to seal what is said. Wrapping is HPKE (RFC 9180) in
// base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM. What is sealed is committed to as well (message
// franking), so that a reader can show what one entry says to somebody who has no key (evidence.ts).
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes, fromHex, joined } from '../wire/bytes.ts';
import { HEAD_START_BYTES, KEY_BYTES, SHA256_BYTES } from '../wire/entry.ts';
import type { ChainId, DeviceId, RoomId } from '../wire/entry.ts';
import { WRAP_BYTES } from '../wire/talk.ts';
import { labeled, type DeviceKeys } from './identity.ts';

/** Fills an array with random bytes: `crypto.getRandomValues`, outside of tests. */
export type DrawBytes = (into: Uint8Array<ArrayBuffer>) => unknown;

export const NONCE_BYTES = 12;
/** Random, and sealed with what is said: without it nobody finds out what the commitment is to. */
export const OPENING_BYTES = 16;
/** Of a sealed body, bytes before its ciphertext: `[epoch u32][nonce 12][commitment 32]`. */
const CLEAR_BYTES: number = 4 + NONCE_BYTES + SHA256_BYTES;
const TAG_BYTES = 16;
/** What a sealed body has beyond what is said: those, the opening, and the tag at its end. */
export const SEALED_OVERHEAD_BYTES: number = CLEAR_BYTES + OPENING_BYTES + TAG_BYTES;

/** What a wrapped key is for; nothing else opens it. */
export interface WrapContext {
  /** Of whoever made the epoch: Ed25519 key, 32 bytes. */
  readonly author: Uint8Array;
  readonly chain: ChainId;
  readonly room: RoomId;
  /** Of the epoch, from 1. */
  readonly number: number;
  /** Whom it is wrapped for. */
  readonly device: DeviceId;
}

/** 32 bytes. */
export function newEpochKey(random: DrawBytes): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  random(key);
  return key;
}

/** WRAP_BYTES: `[encapsulated key 32][sealed key 32][tag 16]`. Rejects for a key that cannot be agreed with. */
export async function wrapKey(agreeKey: Uint8Array, context: WrapContext, key: Uint8Array): Promise<Uint8Array> {
  const recipientPublicKey = await SUITE.kem.deserializePublicKey(agreeKey);
  const { enc, ct } = await SUITE.seal({ recipientPublicKey, info: wrapInfo(context) }, key);
  return joined(new Uint8Array(enc), new Uint8Array(ct));
}

/** Undefined if it was not wrapped for this device and this context. */
export async function unwrapKey(
  keys: DeviceKeys,
  context: WrapContext,
  sealed: Uint8Array,
): Promise<Uint8Array | undefined> {
  if (sealed.length !== WRAP_BYTES) return undefined;
  const [enc, ct] = [sealed.slice(0, KEY_BYTES), sealed.slice(KEY_BYTES)];
  try {
    return new Uint8Array(await SUITE.open({ recipientKey: keys.agreeing, enc, info: wrapInfo(context) }, ct));
  } catch {
    return undefined; // no key to agree with, or the tag is wrong
  }
}

/**
 * `[epoch u32][nonce 12][commitment 32][sealed][tag 16]`: AES-256-GCM of `[opening 16][said]`, and the SHA-256 of the same. The
 * head up to its body's fields (encodeHeadStart of src/wire/entry.ts, or a whole one) and the epoch's number are
 * authenticated with it. Opening and nonce are drawn; an epoch's key seals far fewer bodies than would make a nonce repeat.
 */
export async function seal(
  key: Uint8Array,
  head: Uint8Array,
  number: number,
  said: Uint8Array,
  random: DrawBytes,
): Promise<Uint8Array> {
  const drawn = new Uint8Array(NONCE_BYTES + OPENING_BYTES);
  random(drawn);
  const nonce = drawn.slice(0, NONCE_BYTES);
  const epoch = u32(number);
  const franked = labeled(FRANK, drawn.subarray(NONCE_BYTES), said);
  const opened = franked.subarray(franked.length - OPENING_BYTES - said.length);
  const params = { name: 'AES-GCM', iv: nonce, additionalData: headInfo(head, epoch) };
  const sealing = imported.get(key) ?? (await importKey(key));
  const sealed = crypto.subtle.encrypt(params, sealing, opened);
  const commitment = sha256(franked); // while another thread encrypts
  return joined(epoch, nonce, commitment, new Uint8Array(await sealed));
}

/** The number of the epoch that a body is sealed with; undefined if it is too short to be sealed. */
export function epochOf(sealed: Uint8Array): number | undefined {
  if (sealed.length < SEALED_OVERHEAD_BYTES) return undefined;
  return new DataView(sealed.buffer, sealed.byteOffset).getUint32(0);
}

/**
 * `[opening 16][said]`, as `saidIn` reads it. Undefined if it was not sealed with this key and head, or is not what the body
 * commits to: nobody is to read what nobody could report.
 */
export async function open(key: Uint8Array, head: Uint8Array, sealed: Uint8Array): Promise<Uint8Array | undefined> {
  if (sealed.length < SEALED_OVERHEAD_BYTES) return undefined;
  const epoch = sealed.subarray(0, 4);
  const iv = sealed.slice(4, 4 + NONCE_BYTES);
  const opening = imported.get(key) ?? (await importKey(key));
  try {
    const params = { name: 'AES-GCM', iv, additionalData: headInfo(head, epoch) };
    const opened = new Uint8Array(await crypto.subtle.decrypt(params, opening, sealed.slice(CLEAR_BYTES)));
    return isCommitted(sealed, opened) ? opened : undefined;
  } catch {
    return undefined; // the tag is wrong
  }
}

/** Whether a sealed body commits to this: `[opening 16][said]`. */
export function isCommitted(sealed: Uint8Array, opened: Uint8Array): boolean {
  if (sealed.length !== CLEAR_BYTES + opened.length + TAG_BYTES) return false;
  return equalBytes(sealed.subarray(4 + NONCE_BYTES, CLEAR_BYTES), sha256(labeled(FRANK, opened)));
}

/** What is said in what was opened. Shares memory with it. */
export const saidIn = (opened: Uint8Array): Uint8Array => opened.subarray(OPENING_BYTES);

const FRANK = 'rockpool frank';

const SUITE = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});

/** Those of epochs that are in use: importing one takes as long as sealing a message. They go when the epoch's key goes. */
const imported = new WeakMap<Uint8Array, CryptoKey>();

async function importKey(key: Uint8Array): Promise<CryptoKey> {
  const aes = await crypto.subtle.importKey('raw', key.slice(), 'AES-GCM', false, ['encrypt', 'decrypt']);
  imported.set(key, aes);
  return aes;
}

/** `[label][0][author 32][chain 16][room 16][epoch u32][device 16]` */
function wrapInfo({ author, chain, room, number, device }: WrapContext): Uint8Array<ArrayBuffer> {
  return labeled('rockpool epoch key', author, fromHex(chain), fromHex(room), u32(number), fromHex(device));
}

/** A head's bytes up to the fields of its body, and the epoch's number. */
const headInfo = (head: Uint8Array, epoch: Uint8Array): Uint8Array<ArrayBuffer> =>
  labeled('rockpool content', head.subarray(0, HEAD_START_BYTES), epoch);

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
