// How a device shows a server with accounts that it has its key, and wants to be this account's: a signature over what that server
// drew for it, and whose it is: one key may be known at many servers, and none of them is to bind it at another.
import { fromHex, joined } from '../wire/bytes.ts';
import { LABELS, sign, verify, type DeviceKeys } from './identity.ts';

export interface DeviceClaim {
  /** 32 bytes that the server drew. */
  readonly nonce: Uint8Array;
  /** 32 hex digits. */
  readonly account: string;
  /** Of the server's pages, such as `https://pool.example`. */
  readonly origin: string;
}

/** Resolves to 64 bytes. */
export function proveDevice(keys: DeviceKeys, claim: DeviceClaim): Promise<Uint8Array> {
  return sign(keys, LABELS.own, claimBytes(claim));
}

export function isDeviceProof(signKey: Uint8Array, claim: DeviceClaim, signature: Uint8Array): Promise<boolean> {
  return verify(signKey, LABELS.own, claimBytes(claim), signature);
}

/** `[nonce 32][account 16][origin]` */
const claimBytes = ({ nonce, account, origin }: DeviceClaim): Uint8Array =>
  joined(nonce, fromHex(account), new TextEncoder().encode(origin));
