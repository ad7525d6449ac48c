// Whose device this is, once it was linked to another: certificates that anybody may see, kept for one device of this browser.
import { fromHex, toHex } from '../src/wire/bytes.ts';
import type { DeviceId } from '../src/wire/entry.ts';
import { CERTIFICATES_MAX, type Account } from '../src/wire/talk.ts';
import { loadAccount, saveAccount } from './storage.ts';

/** Undefined for a device that was never linked, or of which nothing sensible is kept. */
export function ownAccount(device: DeviceId): Account | undefined {
  return readOwnAccount(loadAccount(device));
}

export function keepAccount(device: DeviceId, { root, certificates }: Account): void {
  const kept = certificates.map((each) => [toHex(each.device), each.createdMs, toHex(each.signature)]);
  saveAccount(device, JSON.stringify([toHex(root), ...kept]));
}

/** What keepAccount wrote. Whether the signatures are right is for those to see whom it is shown to. */
export function readOwnAccount(text: string): Account | undefined {
  try {
    const [root, ...kept]: unknown[] = JSON.parse(text);
    const certificates = kept.map((each) => {
      const [device, createdMs, signature]: unknown[] = Array.isArray(each) ? each : [];
      return { device: bytesOf(device), createdMs: Number(createdMs), signature: bytesOf(signature) };
    });
    return certificates.length > CERTIFICATES_MAX ? undefined : { root: bytesOf(root), certificates };
  } catch {
    return undefined;
  }
}

function bytesOf(value: unknown): Uint8Array {
  if (typeof value !== 'string' || !/^(?:[0-9a-f]{2})+$/u.test(value)) throw new TypeError('expected hex digits');
  return fromHex(value);
}
