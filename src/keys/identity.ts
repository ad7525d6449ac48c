// Who a device is: its keys, the id that follows from them, and what it signs. Async and pure on WebCrypto, which runs in
// browsers, workers and Node; where keys are kept is the store's business.
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { joined, toHex } from '../wire/bytes.ts';
import { ID_BYTES, KEY_BYTES, type DeviceId } from '../wire/entry.ts';

/** A device's own keys. Survives structured cloning, so IndexedDB may keep it as it is. */
export interface DeviceKeys {
  readonly id: DeviceId;
  /** Ed25519 public key, 32 bytes. */
  readonly signKey: Uint8Array;
  /** X25519 public key, 32 bytes. */
  readonly agreeKey: Uint8Array;
  /** Ed25519 private key. */
  readonly signing: CryptoKey;
  /** X25519. */
  readonly agreeing: CryptoKeyPair;
}

/** Private keys as PKCS #8 (RFC 8410), for a file that only its owner may read. */
export interface ExportedKeys {
  readonly signing: Uint8Array;
  readonly agreeing: Uint8Array;
}

/** What stands before everything that is signed or hashed, so that nothing is ever taken for something else. */
export const LABELS = {
  /** Signed: a head (src/wire/entry.ts). */
  entry: 'rockpool entry',
  /** Signed: account.ts. */
  certificate: 'rockpool certificate',
  /** Signed: binding.ts. */
  binding: 'rockpool binding',
  /** Signed: joinBytes (src/wire/signaling.ts). */
  join: 'rockpool join',
  /** Signed: device-proof.ts. */
  own: 'rockpool own device',
  /** Signed: report.ts. */
  report: 'rockpool report',
} as const;

/** `extractable`: the private keys may be exported later on. */
export async function generateDeviceKeys(extractable: boolean): Promise<DeviceKeys> {
  const [sign, agreeing] = await Promise.all([
    crypto.subtle.generateKey('Ed25519', extractable, ['sign', 'verify']),
    generateAgreeing(extractable),
  ]);
  return deviceKeys(sign.privateKey, sign.publicKey, agreeing);
}

/** Rejects unless the keys were made extractable. */
export async function exportDeviceKeys(keys: DeviceKeys): Promise<ExportedKeys> {
  const [signing, agreeing] = await Promise.all([
    crypto.subtle.exportKey('pkcs8', keys.signing),
    crypto.subtle.exportKey('pkcs8', keys.agreeing.privateKey),
  ]);
  return { signing: new Uint8Array(signing), agreeing: new Uint8Array(agreeing) };
}

/** The result is not extractable. Rejects if either is no private key of its kind. */
export async function importDeviceKeys(exported: ExportedKeys): Promise<DeviceKeys> {
  const [sign, agreeing] = await Promise.all([
    importPair('Ed25519', exported.signing, ['sign'], ['verify']),
    importPair('X25519', exported.agreeing, ['deriveBits'], []),
  ]);
  return deviceKeys(sign.privateKey, sign.publicKey, agreeing);
}

/** 32 hex digits: the first 16 bytes of SHA-256(signKey). Whoever shows another key has another id. */
export const deviceIdOf = (signKey: Uint8Array): DeviceId => toHex(sha256(signKey).subarray(0, ID_BYTES));

/**
 * Whether it may stand for a device: 32 bytes that encode a point of edwards25519 in the one way RFC 8032 allows, not of
 * small order. WebCrypto takes small-order keys, under which one signature verifies anything.
 */
export function isSignKey(bytes: Uint8Array): boolean {
  if (bytes.length !== KEY_BYTES) return false;
  try {
    return !ed25519.Point.fromBytes(bytes, STRICT).isSmallOrder();
  } catch {
    return false; // no point, or not its canonical encoding
  }
}

/**
 * Whether it may be agreed with: 32 bytes that encode a point of curve25519 (not of its twist) canonically, not of small
 * order. Checked on edwards25519, where it is the point of y = (u - 1) / (u + 1) (RFC 7748, 4.1).
 */
export function isAgreeKey(bytes: Uint8Array): boolean {
  if (bytes.length !== KEY_BYTES) return false;
  const { Fp } = ed25519.Point;
  try {
    const u = Fp.fromBytes(bytes);
    const y = Fp.mul(Fp.sub(u, Fp.ONE), Fp.inv(Fp.add(u, Fp.ONE)));
    return isSignKey(Fp.toBytes(y));
  } catch {
    return false; // not below the field's prime, or the one u that has no y
  }
}

/** 64 bytes: signs `[label][0][bytes]`. `label`: one of LABELS. */
export async function sign(keys: DeviceKeys, label: string, bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.sign('Ed25519', keys.signing, labeled(label, bytes)));
}

/** Whether the holder of `signKey` signed `bytes` under `label`. False for every key that isSignKey refuses. */
export async function verify(
  signKey: Uint8Array,
  label: string,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const key = await verifyingKey(signKey);
  if (key === undefined) return false;
  return crypto.subtle.verify('Ed25519', key, signature.slice(), labeled(label, bytes));
}

/** `[label][0][part]...`. Whoever passes several parts sees to it that their bounds are clear. */
export function labeled(label: string, ...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return joined(prefixOf(label), ...parts);
}

/** `[label][0]`, made once for each: labels are constants. */
function prefixOf(label: string): Uint8Array {
  const known = prefixes.get(label);
  if (known !== undefined) return known;
  const prefix = joined(utf8.encode(label), ZERO);
  prefixes.set(label, prefix);
  return prefix;
}

const STRICT = false; // ZIP 215 takes encodings that RFC 8032 does not
const ZERO = Uint8Array.of(0);
const utf8 = new TextEncoder();
const prefixes = new Map<string, Uint8Array>();

/** Keys that were checked and imported: the devices of the largest pools, a few times over. */
const VERIFYING_MAX = 1024;
const verifying = new Map<string, Promise<CryptoKey | undefined>>();

/** y of the eight points of small order, whatever the sign of x, in hex as encoded: 0, 1, -1, and two whose double has y = 0. */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

/**
 * As isSignKey, but for whether it is on the curve at all: every verification begins with that (RFC 8032, 5.1.7), and fails.
 * To compute it beforehand would take as long again.
 */
export function mayVerify(signKey: Uint8Array): boolean {
  if (signKey.length !== KEY_BYTES) return false;
  // A copy, also of Node's Buffer, whose slice is none.
  const y = new Uint8Array(signKey);
  y[KEY_BYTES - 1] = (y[KEY_BYTES - 1] ?? 0) & 0x7f;
  const beyondPrime =
    y[KEY_BYTES - 1] === 0x7f && y.subarray(1, -1).every((byte) => byte === 0xff) && (y[0] ?? 0) >= 0xed;
  return !beyondPrime && !SMALL_ORDER_Y.has(toHex(y));
}

/** Imported once for each key. */
function verifyingKey(signKey: Uint8Array): Promise<CryptoKey | undefined> {
  const name = toHex(signKey);
  const known = verifying.get(name);
  if (known !== undefined) return known;
  const imported = mayVerify(signKey)
    ? // Some implementations find out here that it is no point.
      crypto.subtle.importKey('raw', signKey.slice(), 'Ed25519', false, ['verify']).catch(() => undefined)
    : Promise.resolve(undefined);
  verifying.set(name, imported);
  const [oldest] = verifying.keys();
  if (verifying.size > VERIFYING_MAX && oldest !== undefined) verifying.delete(oldest);
  return imported;
}

async function generateAgreeing(extractable: boolean): Promise<CryptoKeyPair> {
  const pair = await crypto.subtle.generateKey('X25519', extractable, ['deriveBits']);
  if ('publicKey' in pair) return pair;
  throw new TypeError('X25519: expected a pair of keys');
}

async function importPair(
  name: 'Ed25519' | 'X25519',
  pkcs8: Uint8Array,
  privateUse: KeyUsage[],
  publicUse: KeyUsage[],
): Promise<CryptoKeyPair> {
  const bytes = pkcs8.slice();
  // WebCrypto tells a public key only of a private key that it may export.
  const open = await crypto.subtle.importKey('pkcs8', bytes, name, true, privateUse);
  const { kty = '', crv = '', x = '' } = await crypto.subtle.exportKey('jwk', open);
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.importKey('pkcs8', bytes, name, false, privateUse),
    crypto.subtle.importKey('jwk', { kty, crv, x }, name, true, publicUse),
  ]);
  return { privateKey, publicKey };
}

async function deviceKeys(signing: CryptoKey, signPublic: CryptoKey, agreeing: CryptoKeyPair): Promise<DeviceKeys> {
  const [signKey, agreeKey] = await Promise.all([
    crypto.subtle.exportKey('raw', signPublic),
    crypto.subtle.exportKey('raw', agreeing.publicKey),
  ]);
  const key = new Uint8Array(signKey);
  return { id: deviceIdOf(key), signKey: key, agreeKey: new Uint8Array(agreeKey), signing, agreeing };
}
