// Keys that are none: points of small order, under which one signature verifies anything or which agree on zero with everybody,
// and other ways to write a point than the one that counts.
import { EncapError } from '@hpke/core';
import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, test } from '@jest/globals';
import { LABELS, generateDeviceKeys, isAgreeKey, isSignKey, labeled, sign, verify } from '../../src/keys/identity.ts';
import { wrapKey } from '../../src/keys/epoch.ts';
import { certify, accountOf } from '../../src/keys/account.ts';
import { CHAIN, hex, utf8 } from './support.ts';

const P = 2n ** 255n - 19n;

/** The eight points of edwards25519 whose order divides 8, as RFC 8032 encodes them. */
const SMALL_ORDER: readonly string[] = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  '0000000000000000000000000000000000000000000000000000000000000000',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
];

/** The same points encoded otherwise: y not below p, or a sign for x = 0. */
const SMALL_ORDER_NOT_CANONICAL: readonly string[] = [
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
];

/** Coordinates u of order 1, 2, 4 and 8 on curve25519 and its twist (RFC 7748, 6.1), also not below p, and with bit 255, which X25519 ignores. */
const LOW_ORDER_U: readonly bigint[] = [
  0n,
  1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  P - 1n,
  P,
  P + 1n,
].flatMap((u) => [u, u + 2n ** 255n]);

/** 32 bytes, the lowest first. */
const littleEndian = (value: bigint): Uint8Array<ArrayBuffer> => hex(value.toString(16).padStart(64, '0')).reverse();

/** R = the neutral element, S = 0: holds for every message whose hash, times the key, is the neutral element. */
const ZERO_SIGNATURE = new Uint8Array(64).fill(1, 0, 1);

describe('a signing key of small order', () => {
  const all = [...SMALL_ORDER, ...SMALL_ORDER_NOT_CANONICAL];
  test.each(all)('%s verifies what nobody signed with bare WebCrypto, and nothing with ours', async (text) => {
    const key = await crypto.subtle.importKey('raw', hex(text), 'Ed25519', false, ['verify']);
    const messages = Array.from({ length: 256 }, (_, i) => utf8(`message ${i}`));
    const taken: Uint8Array[] = [];
    for (const message of messages) {
      const bytes = labeled(LABELS.entry, message);
      if (await crypto.subtle.verify('Ed25519', key, ZERO_SIGNATURE, bytes)) taken.push(message);
    }
    expect(taken.length).toBeGreaterThan(0);
    for (const message of taken) {
      expect(await verify(hex(text), LABELS.entry, message, ZERO_SIGNATURE)).toBe(false);
    }
  });

  test.each(all)('%s is no key', (text) => {
    expect(isSignKey(hex(text))).toBe(false);
  });

  test('is of small order by another measure: eight times it is the neutral element', () => {
    for (const text of all) {
      const point = ed25519.Point.fromBytes(hex(text), true);
      expect(point.double().double().double().is0()).toBe(true);
    }
    expect(new Set(SMALL_ORDER.map((text) => ed25519.Point.fromBytes(hex(text)).toHex())).size).toBe(8);
  });

  test.each(SMALL_ORDER)('%s is nobody, neither as root nor as a device', async (text) => {
    const keys = await generateDeviceKeys(false);
    expect(await accountOf({ root: hex(text), certificates: [] }, hex(text))).toBeUndefined();
    await expect(certify(keys, { root: keys.signKey, certificates: [] }, hex(text), 0)).rejects.toThrow(RangeError);
    const forged = { device: keys.signKey, createdMs: 0, signature: ZERO_SIGNATURE };
    expect(await accountOf({ root: hex(text), certificates: [forged] }, keys.signKey)).toBeUndefined();
  });
});

describe('a signing key', () => {
  test('with y beyond the prime is none, whichever point it were', () => {
    for (let y = P; y < 2n ** 255n; y++) {
      for (const signed of [y, y + 2n ** 255n]) expect(isSignKey(littleEndian(signed))).toBe(false);
    }
  });

  test('is as it was after it has verified, also where it lies in a Buffer', async () => {
    for (let count = 0; count < 8; count += 1) {
      const keys = await generateDeviceKeys(false);
      const key = Buffer.from(keys.signKey);
      const signature = await sign(keys, LABELS.entry, utf8('message'));
      expect(await verify(key, LABELS.entry, utf8('message'), signature)).toBe(true);
      expect(new Uint8Array(key)).toEqual(keys.signKey);
    }
  });

  test('that is on no point of the curve is none, and verifies nothing', async () => {
    expect(isSignKey(littleEndian(2n))).toBe(false);
    expect(await verify(littleEndian(2n), LABELS.entry, utf8('message'), ZERO_SIGNATURE)).toBe(false);
  });

  test('has 32 bytes', async () => {
    const { signKey, agreeKey } = await generateDeviceKeys(false);
    for (const length of [0, 31, 33]) {
      const [sign, agree] = [signKey, agreeKey].map((key) => Buffer.concat([key, Buffer.of(0)]).subarray(0, length));
      expect([sign, agree].map((key) => key?.length)).toEqual([length, length]);
      expect([isSignKey(sign ?? signKey), isAgreeKey(agree ?? agreeKey)]).toEqual([false, false]);
    }
  });
});

describe('a key to agree with', () => {
  test('of low order is none, in any encoding', () => {
    for (const u of LOW_ORDER_U) expect([u, isAgreeKey(littleEndian(u))]).toEqual([u, false]);
  });

  test('of low order is not wrapped for either', async () => {
    const context = { author: new Uint8Array(32), chain: CHAIN, room: CHAIN, number: 1, device: CHAIN };
    for (const u of LOW_ORDER_U) {
      await expect(wrapKey(littleEndian(u), context, new Uint8Array(32))).rejects.toThrow(EncapError);
    }
  });

  test('is on the curve and not on its twist', () => {
    expect(isAgreeKey(littleEndian(9n))).toBe(true);
    expect(isAgreeKey(littleEndian(2n))).toBe(false);
  });

  test('is written in one way', async () => {
    const { agreeKey } = await generateDeviceKeys(false);
    const high = agreeKey.slice();
    high[31] = (high[31] ?? 0) | 0x80;
    expect(isAgreeKey(agreeKey)).toBe(true);
    expect(isAgreeKey(high)).toBe(false);
    expect(isAgreeKey(littleEndian(9n + P))).toBe(false);
  });
});
