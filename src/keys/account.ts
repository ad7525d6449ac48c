// Accounts: which devices are one person's. The first device vouches for the next, and so on; and how a new one proves that
// it was invited.
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes, fromHex } from '../wire/bytes.ts';
import { KEY_BYTES, type AccountId, type DeviceId } from '../wire/entry.ts';
import { CERTIFICATES_MAX, type Account } from '../wire/talk.ts';
import type { DrawBytes } from './epoch.ts';
import { LABELS, deviceIdOf, isSignKey, labeled, sign, verify, type DeviceKeys } from './identity.ts';
import { isWord, wordBytes, wordsOf } from './words.ts';

/**
 * What another device is to show: `account`, this device's own, and a certificate more. Throws a RangeError if there are
 * CERTIFICATES_MAX already, or if the other's key is none.
 */
export async function certify(
  keys: DeviceKeys,
  account: Account,
  deviceSignKey: Uint8Array,
  createdMs: number,
): Promise<Account> {
  const { root, certificates } = account;
  if (certificates.length >= CERTIFICATES_MAX) {
    throw new RangeError(`certificates: expected fewer than ${CERTIFICATES_MAX}, got ${certificates.length}`);
  }
  if (!isSignKey(deviceSignKey)) throw new RangeError('deviceSignKey: expected an Ed25519 key, got something else');
  const signature = await sign(keys, LABELS.certificate, certificateBytes(root, deviceSignKey, createdMs));
  return { root, certificates: [...certificates, { device: deviceSignKey, createdMs, signature }] };
}

/** Whose device it is that has `signKey` and shows `account`; undefined if that does not say so. */
export async function accountOf(account: Account, signKey: Uint8Array): Promise<AccountId | undefined> {
  const { root, certificates } = account;
  if (certificates.length > CERTIFICATES_MAX) return undefined;
  let voucher = root;
  for (const { device, createdMs, signature } of certificates) {
    const bytes = certificateBytes(root, device, createdMs);
    if (!(await verify(voucher, LABELS.certificate, bytes, signature))) return undefined;
    voucher = device;
  }
  return equalBytes(voucher, signKey) && isSignKey(signKey) ? deviceIdOf(root) : undefined;
}

/** Words of an invitation: 72 bits, too many to try out, also for somebody who has a proof to try them on. */
export const INVITATION_WORDS = 8;

/** Eight words with hyphens between them. */
export function newInvitation(random: DrawBytes): string {
  const bits = new Uint8Array(wordBytes(INVITATION_WORDS));
  random(bits);
  return wordsOf(bits, INVITATION_WORDS).join('-');
}

/** The invitation in what a person typed, in any case, with spaces or hyphens; undefined if there is none. */
export function parseInvitation(text: string): string | undefined {
  const words = text
    .slice(0, 256)
    .trim()
    .toLowerCase()
    .split(/[\s-]+/);
  return words.length === INVITATION_WORDS && words.every(isWord) ? words.join('-') : undefined;
}

/** 32 bytes: shows `inviter` that `device` knows its invitation, and is of no use to any other device. */
export function invitationProof(code: string, inviter: DeviceId, device: DeviceId): Uint8Array {
  const message = labeled('rockpool invitation', fromHex(inviter), fromHex(device));
  return hmac(sha256, new TextEncoder().encode(code), message);
}

/** `[root 32][device 32][createdMs f64]` */
function certificateBytes(root: Uint8Array, device: Uint8Array, createdMs: number): Uint8Array {
  const bytes = new Uint8Array(2 * KEY_BYTES + 8);
  bytes.set(root);
  bytes.set(device, KEY_BYTES);
  new DataView(bytes.buffer).setFloat64(2 * KEY_BYTES, createdMs);
  return bytes;
}
