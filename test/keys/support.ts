// What the tests of keys share: hex, devices with keys made for them, and an entry to sign.
import { fromHex } from '../../src/wire/bytes.ts';
import type { Entry, HeadStart } from '../../src/wire/entry.ts';
import { hashEntry, poolChain, signEntry } from '../../src/keys/entry.ts';
import { generateDeviceKeys, type DeviceKeys } from '../../src/keys/identity.ts';

/** Hex as RFCs print it, with blanks. */
export const hex = (text: string): Uint8Array<ArrayBuffer> => fromHex(text.replace(/\s/g, ''));

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A copy with one bit turned. */
export function flipped(bytes: Uint8Array, at = 0): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

/** With keys that never leave WebCrypto. */
export const device = (): Promise<DeviceKeys> => generateDeviceKeys(false);

export const CHAIN: string = poolChain('quiet-heron-cove-4821');

/** The first entry of a chain by this device. */
export function firstHead(keys: DeviceKeys): HeadStart {
  return {
    kind: 'content',
    author: keys.signKey,
    chain: CHAIN,
    seq: 1,
    prev: new Uint8Array(32),
    created: 1_700_000_000_000 * 1024,
    room: CHAIN,
  };
}

/** A chain of signed entries, each with a body of its own. */
export async function run(keys: DeviceKeys, length: number): Promise<Entry[]> {
  const first = firstHead(keys);
  const entries: Entry[] = [];
  for (let seq = 1; seq <= length; seq++) {
    const before = entries.at(-1);
    const prev = before === undefined ? first.prev : hashEntry(before);
    entries.push(await signEntry(keys, { ...first, seq, prev, created: first.created + seq }, utf8(`body ${seq}`)));
  }
  return entries;
}
