// How a device shows a server with accounts that it has its key, and wants to be this account's: a signature over what the server
// drew for that and nothing else.
import { fromHex, joined } from '../wire/bytes.ts';
import { LABELS, sign, verify, type DeviceKeys } from './identity.ts';

/** `nonce`: 32 bytes that the server drew. `account`: 32 hex digits. Resolves to 64 bytes. */
export function proveDevice(keys: DeviceKeys, nonce: Uint8Array, account: string): Promise<Uint8Array> {
  return sign(keys, LABELS.own, proofBytes(nonce, account));
}

export function isDeviceProof(
  signKey: Uint8Array,
  nonce: Uint8Array,
  account: string,
  signature: Uint8Array,
): Promise<boolean> {
  return verify(signKey, LABELS.own, proofBytes(nonce, account), signature);
}

/** `[nonce 32][account 16]` */
const proofBytes = (nonce: Uint8Array, account: string): Uint8Array => joined(nonce, fromHex(account));
