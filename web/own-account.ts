// Whose device this is, once it was linked to another: certificates that anybody may see, kept for one device of this browser.
import { fromHex, toHex } from '../src/wire/bytes.ts';
import type { DeviceId } from '../src/wire/entry.ts';
import { decodeAccount, encodeAccount, type Account } from '../src/wire/talk.ts';
import { loadAccount, saveAccount } from './storage.ts';

/** Undefined for a device that was never linked, or of which nothing sensible is kept. */
export const ownAccount = (device: DeviceId): Account | undefined => decodeAccount(fromHex(loadAccount(device)));

export function keepAccount(device: DeviceId, account: Account): void {
  saveAccount(device, toHex(encodeAccount(account)));
}
