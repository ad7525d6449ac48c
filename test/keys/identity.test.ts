// Device keys: ids, signatures under labels, export and import. Vectors are those of RFC 8032, 7.1 and RFC 7748, 6.1.
import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, test } from '@jest/globals';
import { toHex } from '../../src/wire/bytes.ts';
import {
  LABELS,
  deviceIdOf,
  exportDeviceKeys,
  generateDeviceKeys,
  importDeviceKeys,
  isAgreeKey,
  isSignKey,
  labeled,
  sign,
  verify,
  type DeviceKeys,
} from '../../src/keys/identity.ts';
import { flipped, hex, utf8 } from './support.ts';

/** Secret key, public key, message and signature of tests 1 to 3. */
const RFC_8032: readonly (readonly [string, string, string, string])[] = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
];
/** Secret and public keys of Alice and Bob. */
const RFC_7748: readonly (readonly [string, string])[] = [
  [
    '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
    '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  ],
  [
    '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
    'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  ],
];
/** What stands before a raw private key in PKCS #8 (RFC 8410, 7). */
const PKCS8_ED25519 = '302e020100300506032b657004220420';
const PKCS8_X25519 = '302e020100300506032b656e04220420';

const fromRaw = (signing: string, agreeing: string): Promise<DeviceKeys> =>
  importDeviceKeys({ signing: hex(PKCS8_ED25519 + signing), agreeing: hex(PKCS8_X25519 + agreeing) });

describe('device keys', () => {
  test.each(RFC_8032)('from the secret key %s are those of RFC 8032', async (secret, known, message, signature) => {
    const keys = await fromRaw(secret, RFC_7748[0]?.[0] ?? '');
    expect(toHex(keys.signKey)).toBe(known);
    // The vector's own signature is over the bare message: whoever signs for us, and whoever checks, speaks that Ed25519.
    const bare = await crypto.subtle.sign('Ed25519', keys.signing, hex(message));
    expect(toHex(new Uint8Array(bare))).toBe(signature);
    expect(await verify(keys.signKey, LABELS.entry, hex(message), hex(signature))).toBe(false);
  });

  test.each(RFC_7748)('from the secret key %s are those of RFC 7748', async (secret, known) => {
    const keys = await fromRaw(RFC_8032[0]?.[0] ?? '', secret);
    expect(toHex(keys.agreeKey)).toBe(known);
  });

  test('have the id that follows from the signing key', async () => {
    const keys = await generateDeviceKeys(false);
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', keys.signKey.slice()));
    expect(keys.id).toBe(toHex(hash.subarray(0, 16)));
    expect(keys.id).toBe(deviceIdOf(keys.signKey));
  });

  test('are two keys that others take, and no two devices have the same', async () => {
    const [one, other] = await Promise.all([generateDeviceKeys(false), generateDeviceKeys(false)]);
    for (const keys of [one, other]) {
      expect([isSignKey(keys.signKey), isAgreeKey(keys.agreeKey)]).toEqual([true, true]);
    }
    expect(one.id).not.toBe(other.id);
    expect(toHex(one.agreeKey)).not.toBe(toHex(other.agreeKey));
  });

  test('that are not extractable stay where they are', async () => {
    await expect(exportDeviceKeys(await generateDeviceKeys(false))).rejects.toThrow(/extractable/);
  });

  test('come back from an export the same, and sign the same', async () => {
    const keys = await generateDeviceKeys(true);
    const again = await importDeviceKeys(await exportDeviceKeys(keys));
    expect([again.id, toHex(again.agreeKey)]).toEqual([keys.id, toHex(keys.agreeKey)]);
    const signature = await sign(again, LABELS.entry, utf8('hello'));
    expect(toHex(signature)).toBe(toHex(await sign(keys, LABELS.entry, utf8('hello'))));
    await expect(exportDeviceKeys(again)).rejects.toThrow(/extractable/);
  });

  test('are not imported from one of the other kind, or from one cut short', async () => {
    const { signing, agreeing } = await exportDeviceKeys(await generateDeviceKeys(true));
    await expect(importDeviceKeys({ signing: agreeing, agreeing: signing })).rejects.toThrow(/^Invalid key/);
    await expect(importDeviceKeys({ signing, agreeing: agreeing.slice(0, -1) })).rejects.toThrow(/^Invalid key/);
    await expect(importDeviceKeys({ signing: new Uint8Array(0), agreeing })).rejects.toThrow(/^Invalid key/);
  });
});

describe('a signature', () => {
  test('is over label, zero byte and bytes, as another implementation makes it', async () => {
    const [secret = '', known = ''] = RFC_8032[2] ?? [];
    const keys = await fromRaw(secret, RFC_7748[0]?.[0] ?? '');
    const message = Buffer.concat([Buffer.from('rockpool entry'), Buffer.of(0), Buffer.from('hello')]);
    const theirs = ed25519.sign(message, hex(secret));
    expect(toHex(await sign(keys, LABELS.entry, utf8('hello')))).toBe(toHex(theirs));
    expect(await verify(hex(known), LABELS.entry, utf8('hello'), theirs)).toBe(true);
    expect(Buffer.from(labeled(LABELS.entry, utf8('hello'))).equals(message)).toBe(true);
  });

  test('holds for its key, label and bytes only', async () => {
    const [one, other] = await Promise.all([generateDeviceKeys(false), generateDeviceKeys(false)]);
    const bytes = utf8('hello');
    const signature = await sign(one, LABELS.entry, bytes);
    expect(await verify(one.signKey, LABELS.entry, bytes, signature)).toBe(true);
    expect(await verify(other.signKey, LABELS.entry, bytes, signature)).toBe(false);
    expect(await verify(one.signKey, LABELS.certificate, bytes, signature)).toBe(false);
    expect(await verify(one.signKey, LABELS.entry, flipped(bytes), signature)).toBe(false);
    for (const at of [0, 31, 32, 63]) {
      expect(await verify(one.signKey, LABELS.entry, bytes, flipped(signature, at))).toBe(false);
    }
    for (const length of [0, 63]) {
      expect(await verify(one.signKey, LABELS.entry, bytes, signature.slice(0, length))).toBe(false);
    }
    expect(await verify(one.signKey, LABELS.entry, bytes, Buffer.concat([signature, Buffer.of(0)]))).toBe(false);
  });

  test('does not move between labels of which one begins with the other', async () => {
    const keys = await generateDeviceKeys(false);
    const signature = await sign(keys, 'rockpool entry', utf8('x'));
    expect(await verify(keys.signKey, 'rockpool entr', utf8('y\0x'), signature)).toBe(false);
    expect(new Set(Object.values(LABELS)).size).toBe(Object.values(LABELS).length);
    for (const label of Object.values(LABELS)) expect(label).not.toContain('\0');
  });

  test('holds however many other keys were looked at in between', async () => {
    const [keys, late] = await Promise.all([generateDeviceKeys(false), generateDeviceKeys(false)]);
    const signature = await sign(keys, LABELS.entry, utf8('x'));
    expect(await verify(keys.signKey, LABELS.entry, utf8('x'), signature)).toBe(true);
    const base = ed25519.Point.BASE;
    let point = base;
    for (let i = 0; i < 1100; i++, point = point.add(base)) {
      expect(await verify(point.toBytes(), LABELS.entry, utf8('x'), signature)).toBe(false);
    }
    expect(await verify(keys.signKey, LABELS.entry, utf8('x'), signature)).toBe(true);
    expect(await verify(late.signKey, LABELS.entry, utf8('x'), signature)).toBe(false);
  });

  test('whose S is not reduced is refused: it would be a second one for the same bytes', async () => {
    const keys = await generateDeviceKeys(false);
    const signature = await sign(keys, LABELS.entry, utf8('x'));
    const order = ed25519.Point.Fn.ORDER;
    const s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + order;
    const again = signature.slice();
    again.set(hex(s.toString(16).padStart(64, '0')).reverse(), 32);
    expect(await verify(keys.signKey, LABELS.entry, utf8('x'), again)).toBe(false);
  });
});
