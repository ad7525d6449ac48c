// STUN messages (RFC 8489): bytes <-> values, bounded. What to answer is stun-responder.ts.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { addressBytes, addressText, type SocketAddress } from './socket-address.ts';

/** In the order of the class's two bits (section 5). */
const CLASSES = ['request', 'indication', 'success', 'error'] as const;
export type StunClass = (typeof CLASSES)[number];

/** Binding from RFC 8489, the others from TURN (RFC 8656). */
export const METHODS = { binding: 0x001, allocate: 0x003, refresh: 0x004, createPermission: 0x008 } as const;

export const ATTRIBUTES = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  lifetime: 0x000d,
  xorPeerAddress: 0x0012,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  requestedTransport: 0x0019,
  messageIntegritySha256: 0x001c,
  xorMappedAddress: 0x0020,
  software: 0x8022,
  fingerprint: 0x8028,
} as const;

export interface StunAttribute {
  readonly type: number;
  /** Without its padding. */
  readonly value: Uint8Array;
}

export interface StunMessage {
  readonly kind: StunClass;
  /** 12 bits. */
  readonly method: number;
  /** 12 bytes. */
  readonly transaction: Uint8Array;
  /** Without MESSAGE-INTEGRITY and FINGERPRINT, which belong to the bytes, and without what they say is to be ignored. */
  readonly attributes: readonly StunAttribute[];
}

export interface DecodedStun extends StunMessage {
  /** It ended with a FINGERPRINT, and that was right. */
  readonly fingerprint: boolean;
}

/** What fits the smallest path that IPv6 allows, less the headers of IP and UDP: RFC 8489, section 6.1. */
export const STUN_BYTES_MAX: number = 1280 - 40 - 8;
/** A dozen are in use at most, and each costs an object. */
export const STUN_ATTRIBUTES_MAX = 32;

const HEADER_BYTES = 20;
const TRANSACTION_BYTES = 12;
const COOKIE = 0x2112a442;
const COOKIE_BYTES = Uint8Array.of(0x21, 0x12, 0xa4, 0x42);
const INTEGRITY_BYTES = 20;
const FINGERPRINT_XOR = 0x5354554e;

/**
 * `[class and method u16][length u16][cookie u32][transaction 12]` and attributes `[type u16][length u16][value, padded to 4]`,
 * big-endian. Undefined for anything that is not exactly one such message, or whose FINGERPRINT is wrong.
 */
export function decodeStun(bytes: Uint8Array): DecodedStun | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || bytes.length > STUN_BYTES_MAX || bytes.length % 4 !== 0) return undefined;
  const type = view.getUint16(0);
  if (type > 0x3fff || view.getUint16(2) !== bytes.length - HEADER_BYTES || view.getUint32(4) !== COOKIE)
    return undefined;
  const attributes: StunAttribute[] = [];
  let [count, sealed, fingerprint] = [0, false, false];
  for (let at = HEADER_BYTES; at < bytes.length;) {
    const attribute = view.getUint16(at);
    const length = view.getUint16(at + 2);
    const end = at + 4 + padded(length);
    // Nothing may follow a FINGERPRINT.
    if (end > bytes.length || fingerprint || ++count > STUN_ATTRIBUTES_MAX) return undefined;
    if (attribute === ATTRIBUTES.fingerprint) {
      if (length !== 4 || view.getUint32(at + 4) !== fingerprintOf(bytes.subarray(0, at))) return undefined;
      fingerprint = true;
    } else if (attribute === ATTRIBUTES.messageIntegrity) {
      if (length !== INTEGRITY_BYTES) return undefined;
      sealed = true;
    } else if (!sealed) {
      // What follows a MESSAGE-INTEGRITY could be anybody's: section 14.5.
      attributes.push({ type: attribute, value: bytes.slice(at + 4, at + 4 + length) });
    }
    at = end;
  }
  // Bits 4 and 8 of the type are the class, the others the method.
  const kind = CLASSES[((type >> 7) & 2) | ((type >> 4) & 1)] ?? 'request';
  const method = ((type >> 2) & 0xf80) | ((type >> 1) & 0x70) | (type & 0xf);
  return { kind, method, transaction: bytes.slice(8, HEADER_BYTES), attributes, fingerprint };
}

/** Ends with a MESSAGE-INTEGRITY by `key`, if there is one, and a FINGERPRINT, if that is asked for. */
export function encodeStun(
  { kind, method, transaction, attributes }: StunMessage,
  { key, fingerprint = false }: { readonly key?: Uint8Array; readonly fingerprint?: boolean } = {},
): Uint8Array {
  if (transaction.length !== TRANSACTION_BYTES)
    throw new RangeError(`transaction: expected ${TRANSACTION_BYTES} bytes, got ${transaction.length}`);
  const bodyBytes = attributes.reduce((sum, { value }) => sum + 4 + padded(value.length), 0);
  const integrityAt = HEADER_BYTES + bodyBytes;
  const fingerprintAt = integrityAt + (key === undefined ? 0 : 4 + INTEGRITY_BYTES);
  const bytes = new Uint8Array(fingerprintAt + (fingerprint ? 8 : 0));
  if (bytes.length > STUN_BYTES_MAX)
    throw new RangeError(`attributes: expected at most ${STUN_BYTES_MAX} bytes in all, got ${bytes.length}`);
  const view = new DataView(bytes.buffer);
  const classBits = CLASSES.indexOf(kind);
  const methodBits = ((method & 0xf80) << 2) | ((method & 0x70) << 1) | (method & 0xf);
  view.setUint16(0, methodBits | ((classBits & 2) << 7) | ((classBits & 1) << 4));
  view.setUint16(2, bytes.length - HEADER_BYTES);
  view.setUint32(4, COOKIE);
  bytes.set(transaction, 8);
  let at = HEADER_BYTES;
  const put = (type: number, value: Uint8Array): void => {
    view.setUint16(at, type);
    view.setUint16(at + 2, value.length);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  };
  for (const { type, value } of attributes) put(type, value);
  if (key !== undefined) put(ATTRIBUTES.messageIntegrity, integrityOf(bytes.subarray(0, at), key));
  if (fingerprint) {
    const sum = fingerprintOf(bytes.subarray(0, at));
    put(ATTRIBUTES.fingerprint, Uint8Array.of(sum >>> 24, (sum >>> 16) & 0xff, (sum >>> 8) & 0xff, sum & 0xff));
  }
  return bytes;
}

/**
 * True if `bytes`, a message that decodes, carries a MESSAGE-INTEGRITY by `key`: the password itself (short-term), or
 * `longTermKey`.
 */
export function integrityHolds(bytes: Uint8Array, key: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = HEADER_BYTES; at + 4 <= bytes.length; at += 4 + padded(view.getUint16(at + 2))) {
    if (view.getUint16(at) !== ATTRIBUTES.messageIntegrity) continue;
    const given = bytes.subarray(at + 4, at + 4 + INTEGRITY_BYTES);
    return given.length === INTEGRITY_BYTES && timingSafeEqual(given, integrityOf(bytes.subarray(0, at), key));
  }
  return false;
}

/** Key of TURN's long-term credentials: section 9.2.2. The three must be prepared already (SASLprep), as ASCII is. */
export function longTermKey(username: string, realm: string, password: string): Uint8Array {
  return createHash('md5').update(`${username}:${realm}:${password}`).digest();
}

/** Value of an XOR-MAPPED-ADDRESS and its kin: `[0 u8][family u8][port u16][address 4 or 16]`, xored (section 14.2). */
export function encodeXorAddress({ address, port }: SocketAddress, transaction: Uint8Array): Uint8Array {
  const bytes = addressBytes(address);
  const mask = [...COOKIE_BYTES, ...transaction];
  return Uint8Array.from([
    0,
    bytes.length === 4 ? 1 : 2,
    (port >> 8) ^ 0x21,
    (port & 0xff) ^ 0x12,
    ...bytes.map((byte, index) => byte ^ (mask[index] ?? 0)),
  ]);
}

/** Undefined if the value is not one of either family. */
export function decodeXorAddress(value: Uint8Array, transaction: Uint8Array): SocketAddress | undefined {
  const [, family, high = 0, low = 0] = value;
  if (!((family === 1 && value.length === 8) || (family === 2 && value.length === 20))) return undefined;
  const mask = [...COOKIE_BYTES, ...transaction];
  const address = addressText(value.slice(4).map((byte, index) => byte ^ (mask[index] ?? 0)));
  return { address, port: ((high ^ 0x21) << 8) | (low ^ 0x12) };
}

/** Value of an ERROR-CODE, `code` 300 .. 699: `[0 u16][hundreds u8][rest u8][reason]`. */
export function encodeErrorCode(code: number, reason = ''): Uint8Array {
  return Uint8Array.from([0, 0, Math.floor(code / 100), code % 100, ...new TextEncoder().encode(reason)]);
}

export function decodeErrorCode(value: Uint8Array): { readonly code: number; readonly reason: string } | undefined {
  const [, , hundreds = 0, rest = 0] = value;
  if (value.length < 4 || (hundreds & 7) < 3 || rest > 99) return undefined;
  return { code: (hundreds & 7) * 100 + rest, reason: new TextDecoder().decode(value.subarray(4)) };
}

/** Value of UNKNOWN-ATTRIBUTES: a u16 for each. */
export function encodeUnknownAttributes(types: readonly number[]): Uint8Array {
  return Uint8Array.from(types.flatMap((type) => [type >> 8, type & 0xff]));
}

/** A receiver that does not know such an attribute may not act on the message: types below 0x8000. */
export function mustBeKnown(type: number): boolean {
  return type < 0x8000;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

/** Over what stands before it, with the length that the message has once it is there. */
function integrityOf(before: Uint8Array, key: Uint8Array): Uint8Array {
  return createHmac('sha1', key)
    .update(withLength(before, 4 + INTEGRITY_BYTES))
    .digest();
}

function fingerprintOf(before: Uint8Array): number {
  return (crc32(withLength(before, 8)) ^ FINGERPRINT_XOR) >>> 0;
}

function withLength(before: Uint8Array, more: number): Uint8Array {
  const copy = before.slice();
  new DataView(copy.buffer).setUint16(2, before.length - HEADER_BYTES + more);
  return copy;
}
