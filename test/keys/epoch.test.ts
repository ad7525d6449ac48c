// Keys of epochs: wrapped as RFC 9180 has it, for one device and one purpose; and what is sealed with them and committed to.
import { createHash } from 'node:crypto';
import { x25519 } from '@noble/curves/ed25519.js';
import { gcm } from '@noble/ciphers/aes.js';
import { describe, expect, test } from '@jest/globals';
import { toHex } from '../../src/wire/bytes.ts';
import { HEAD_START_BYTES, encodeEntryHead, encodeHeadStart, type HeadStart } from '../../src/wire/entry.ts';
import { WRAP_BYTES } from '../../src/wire/talk.ts';
import {
  NONCE_BYTES,
  OPENING_BYTES,
  SEALED_OVERHEAD_BYTES,
  epochOf,
  isCommitted,
  newEpochKey,
  open,
  saidIn,
  seal,
  unwrapKey,
  wrapKey,
  type WrapContext,
} from '../../src/keys/epoch.ts';
import { exportDeviceKeys, generateDeviceKeys, type DeviceKeys } from '../../src/keys/identity.ts';
import { openBase } from './hpke-reference.ts';
import { CHAIN, device, firstHead, flipped, hex, utf8 } from './support.ts';

const KEY = new Uint8Array(32).map((_, i) => i);
/** What `seal` draws: nonce, opening. */
const DRAWN = new Uint8Array(NONCE_BYTES + OPENING_BYTES).map((_, i) => 100 + i);
const NONCE = DRAWN.slice(0, NONCE_BYTES);
const OPENING = DRAWN.slice(NONCE_BYTES);
const drawing = (into: Uint8Array): void => into.set(DRAWN);

const contextFor = (keys: DeviceKeys): WrapContext => {
  return { author: new Uint8Array(32).fill(5), chain: CHAIN, room: 'ab'.repeat(16), number: 3, device: keys.id };
};

describe('the reference', () => {
  test('opens the vector of RFC 9180, A.1.1', () => {
    const secretKey = hex('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8');
    const recipient = { secretKey, publicKey: x25519.getPublicKey(secretKey) };
    const enc = hex('37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431');
    const sealed = hex('f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a');
    const opened = openBase(16, recipient, enc, utf8('Ode on a Grecian Urn'), utf8('Count-0'), sealed);
    expect(toHex(recipient.publicKey)).toBe('3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d');
    expect(Buffer.from(opened).toString()).toBe('Beauty is truth, truth beauty');
  });
});

describe('a wrapped key', () => {
  test('is what another implementation of RFC 9180 opens, under the context as it is laid out', async () => {
    const keys = await generateDeviceKeys(true);
    const context = contextFor(keys);
    const wrapped = await wrapKey(keys.agreeKey, context, KEY);
    const { agreeing } = await exportDeviceKeys(keys);
    const recipient = { secretKey: agreeing.slice(16), publicKey: keys.agreeKey };
    const info = Buffer.concat([
      utf8('rockpool epoch key\0'),
      context.author,
      hex(context.chain),
      hex(context.room),
      Buffer.of(0, 0, 0, 3),
      hex(context.device),
    ]);
    const opened = openBase(32, recipient, wrapped.slice(0, 32), info, new Uint8Array(0), wrapped.slice(32));
    expect(toHex(opened)).toBe(toHex(KEY));
  });

  test('opens for its device, whose keys never leave WebCrypto, and is another each time', async () => {
    const keys = await device();
    expect(keys.agreeing.privateKey.extractable).toBe(false);
    const context = contextFor(keys);
    const [one, other] = await Promise.all([
      wrapKey(keys.agreeKey, context, KEY),
      wrapKey(keys.agreeKey, context, KEY),
    ]);
    expect(one).toHaveLength(WRAP_BYTES);
    expect(toHex(one)).not.toBe(toHex(other));
    expect(await unwrapKey(keys, context, one)).toEqual(KEY);
    expect(await unwrapKey(keys, context, other)).toEqual(KEY);
  });

  test('opens for nobody else', async () => {
    const [keys, other] = await Promise.all([device(), device()]);
    const context = contextFor(keys);
    expect(await unwrapKey(other, context, await wrapKey(keys.agreeKey, context, KEY))).toBeUndefined();
  });

  test('opens in no other context', async () => {
    const keys = await device();
    const context = contextFor(keys);
    const wrapped = await wrapKey(keys.agreeKey, context, KEY);
    const others: Partial<WrapContext>[] = [
      { author: new Uint8Array(32) },
      { chain: context.room },
      { room: context.chain },
      { number: 4 },
      { device: context.room },
    ];
    for (const change of others) {
      expect([change, await unwrapKey(keys, { ...context, ...change }, wrapped)]).toEqual([change, undefined]);
    }
  });

  test('that was changed, cut, lengthened or made up does not open', async () => {
    const keys = await device();
    const context = contextFor(keys);
    const wrapped = await wrapKey(keys.agreeKey, context, KEY);
    for (const at of [0, 31, 32, 63, 64, 79]) {
      expect([at, await unwrapKey(keys, context, flipped(wrapped, at))]).toEqual([at, undefined]);
    }
    for (const length of [0, 31, 32, 48, 79]) {
      expect(await unwrapKey(keys, context, wrapped.slice(0, length))).toBeUndefined();
    }
    expect(await unwrapKey(keys, context, Buffer.concat([wrapped, Buffer.of(0)]))).toBeUndefined();
    // An encapsulated key of low order: all agree on zero with it.
    expect(await unwrapKey(keys, context, new Uint8Array(WRAP_BYTES))).toBeUndefined();
  });

  test('is of 32 bytes that the caller drew', () => {
    expect(toHex(newEpochKey((into) => into.fill(9)))).toBe('09'.repeat(32));
  });
});

describe('what is sealed', () => {
  const text = utf8('hello');
  const opened = Uint8Array.from([...OPENING, ...text]);
  const commitment = createHash('sha256').update('rockpool frank\0').update(opened).digest();

  const start = async (): Promise<HeadStart> => firstHead(await generateDeviceKeys(false));
  const startBytes = async (): Promise<Uint8Array> => encodeHeadStart(await start());

  test('opens with its key and head, and tells its epoch', async () => {
    const fields = await start();
    const head = encodeHeadStart(fields);
    const sealed = await seal(KEY, head, 3, text, drawing);
    expect(sealed).toHaveLength(text.length + SEALED_OVERHEAD_BYTES);
    expect(epochOf(sealed)).toBe(3);
    expect(await open(KEY, head, sealed)).toEqual(opened);
    expect(saidIn(opened)).toEqual(text);
    expect(await open(KEY, encodeEntryHead({ ...fields, bodyBytes: 85, bodyHash: KEY }), sealed)).toEqual(opened);
    const nothing = await seal(KEY, head, 0xffff_ffff, new Uint8Array(0), drawing);
    expect(await open(KEY, head, nothing)).toEqual(OPENING);
    expect(epochOf(nothing)).toBe(0xffff_ffff);
  });

  test('is AES-256-GCM over the head up to its body, behind a hash of what is in it, laid out as it says', async () => {
    const head = await startBytes();
    const sealed = await seal(KEY, head, 3, text, drawing);
    const aad = Buffer.concat([utf8('rockpool content\0'), head.subarray(0, HEAD_START_BYTES), Buffer.of(0, 0, 0, 3)]);
    const expected = Buffer.concat([Buffer.of(0, 0, 0, 3), NONCE, commitment, gcm(KEY, NONCE, aad).encrypt(opened)]);
    expect(toHex(sealed)).toBe(toHex(expected));
  });

  test('opens only as what it commits to, whoever sealed it', async () => {
    const head = await startBytes();
    const aad = Buffer.concat([utf8('rockpool content\0'), head.subarray(0, HEAD_START_BYTES), Buffer.of(0, 0, 0, 3)]);
    const sealedAs = (committed: Uint8Array, plain: Uint8Array): Uint8Array =>
      Buffer.concat([Buffer.of(0, 0, 0, 3), NONCE, committed, gcm(KEY, NONCE, aad).encrypt(plain)]);
    expect(await open(KEY, head, sealedAs(commitment, opened))).toEqual(opened);
    const other = Uint8Array.from([...OPENING, ...utf8('jello')]);
    expect(await open(KEY, head, sealedAs(commitment, other))).toBeUndefined();
    for (let at = 0; at < commitment.length; at++) {
      expect([at, await open(KEY, head, sealedAs(flipped(commitment, at), opened))]).toEqual([at, undefined]);
    }
    // Without an opening there is nothing that it could be shown with.
    const bare = createHash('sha256').update('rockpool frank\0').digest();
    expect(await open(KEY, head, sealedAs(bare, new Uint8Array(0)))).toBeUndefined();
  });

  test('commits to one opening and one text, and tells neither', async () => {
    const sealed = await seal(KEY, await startBytes(), 3, text, drawing);
    expect(isCommitted(sealed, opened)).toBe(true);
    for (let at = 0; at < opened.length; at++)
      expect([at, isCommitted(sealed, flipped(opened, at))]).toEqual([at, false]);
    expect(isCommitted(sealed, opened.slice(0, -1))).toBe(false);
    expect(isCommitted(sealed.slice(0, -1), opened)).toBe(false);
    const again = await seal(KEY, await startBytes(), 3, text, (into) => into.fill(9));
    expect(isCommitted(again, opened)).toBe(false);
  });

  test('opens with no other key, and under no other head', async () => {
    const fields = await start();
    const head = encodeHeadStart(fields);
    const sealed = await seal(KEY, head, 3, text, drawing);
    const changes: Partial<HeadStart>[] = [
      { kind: 'vote' },
      { author: KEY },
      { chain: 'ab'.repeat(16) },
      { seq: 2 },
      { prev: KEY },
      { created: fields.created + 1 },
      { room: 'ab'.repeat(16) },
    ];
    expect(await open(flipped(KEY), head, sealed)).toBeUndefined();
    for (const change of changes) {
      expect([change, await open(KEY, encodeHeadStart({ ...fields, ...change }), sealed)]).toEqual([change, undefined]);
    }
  });

  test('opens in no part, and with no bit changed', async () => {
    const head = await startBytes();
    const sealed = await seal(KEY, head, 3, text, drawing);
    for (let at = 0; at < sealed.length; at++) {
      expect([at, await open(KEY, head, flipped(sealed, at))]).toEqual([at, undefined]);
      expect([at, await open(KEY, head, sealed.slice(0, at))]).toEqual([at, undefined]);
    }
    expect(epochOf(sealed.slice(0, SEALED_OVERHEAD_BYTES - 1))).toBeUndefined();
  });

  test('is found within a larger buffer, as a body on the wire is', async () => {
    const head = await startBytes();
    const sealed = await seal(KEY, head, 3, text, drawing);
    const within = Buffer.concat([KEY, sealed]).subarray(KEY.length);
    expect(epochOf(within)).toBe(3);
    expect(await open(KEY, head, within)).toEqual(opened);
  });
});
