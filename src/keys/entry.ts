// Entries of a log, hashed, signed and checked, and the ids of the chains they belong to. Layout is src/wire/entry.ts'.
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes, fromHex, toHex } from '../wire/bytes.ts';
import {
  ENTRY_BODY_BYTES_MAX,
  ID_BYTES,
  encodeEntryHead,
  type AccountId,
  type ChainId,
  type Entry,
  type EntryHead,
  type HeadStart,
} from '../wire/entry.ts';
import { LABELS, labeled, sign, verify, type DeviceKeys } from './identity.ts';

/** 32 bytes: what the next entry's `prev` is. Covers the body through the head. */
export function hashEntry({ head, signature }: Pick<Entry, 'head' | 'signature'>): Uint8Array {
  return sha256(labeled('rockpool entry hash', head, signature));
}

/**
 * `encoded`: `start` as encodeHeadStart has it, if it was encoded already; it becomes the entry's. Throws a RangeError if
 * `start` is not this device's, or `body` is too long.
 */
export async function signEntry(
  keys: DeviceKeys,
  start: HeadStart,
  body: Uint8Array,
  encoded?: Uint8Array,
): Promise<Entry> {
  if (!equalBytes(start.author, keys.signKey)) {
    throw new RangeError(`author: expected ${toHex(keys.signKey)}, got ${toHex(start.author)}`);
  }
  if (body.length > ENTRY_BODY_BYTES_MAX) {
    throw new RangeError(`body: expected at most ${ENTRY_BODY_BYTES_MAX} bytes, got ${body.length}`);
  }
  const fields: EntryHead = { ...start, bodyBytes: body.length, bodyHash: sha256(body) };
  const head = encodeEntryHead(fields, encoded);
  return { ...fields, head, signature: await sign(keys, LABELS.entry, head), body };
}

/** Whether its author signed it, and its body, if it is there, is the one that was signed. */
export async function verifyEntry(entry: Entry): Promise<boolean> {
  return hasItsBody(entry) && verify(entry.author, LABELS.entry, entry.head, entry.signature);
}

/** The chain, and the room, of a pool. `pool`: its normalized code. */
export const poolChain = (pool: string): ChainId => chainId('rockpool pool', utf8.encode(pool));

/** The chain, and the room, of those who whisper in a pool; in any order, repeated or not. */
export function whisperChain(pool: string, accounts: readonly AccountId[]): ChainId {
  const circle = [...new Set(accounts)].sort().map((account) => fromHex(account));
  return chainId('rockpool whisper', utf8.encode(pool), Uint8Array.of(0), ...circle);
}

const utf8 = new TextEncoder();

function chainId(label: string, ...parts: readonly Uint8Array[]): ChainId {
  return toHex(sha256(labeled(label, ...parts)).subarray(0, ID_BYTES));
}

/** A retracted one has none, and none that could be wrong. */
const hasItsBody = ({ body, bodyBytes, bodyHash }: Entry): boolean =>
  body === undefined || (body.length === bodyBytes && equalBytes(sha256(body), bodyHash));
