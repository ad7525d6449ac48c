// What a reader shows of one entry to somebody who has no key: the entry as its author signed it, and what was sealed in it.
// The body commits to that (epoch.ts), so it proves who wrote what, and tells nothing else of the epoch.
import { sha256 } from '@noble/hashes/sha2.js';
import { toHex, u32Of } from '../wire/bytes.ts';
import {
  ENTRY_BODY_BYTES_MAX,
  ENTRY_BYTES_MAX,
  ENTRY_FIXED_BYTES,
  HLC_PER_MS,
  decodeEntry,
  entryId,
  type AccountId,
  type ChainId,
  type DeviceId,
  type Entry,
  type EntryId,
} from '../wire/entry.ts';
import { decodeClear, decodeContent, type Content } from '../wire/talk.ts';
import { OPENING_BYTES, SEALED_OVERHEAD_BYTES, isCommitted, saidIn } from './epoch.ts';
import { poolChain, verifyEntry, whisperChain } from './entry.ts';
import { deviceIdOf } from './identity.ts';

export interface Evidence {
  /** An entry as it goes over the wire, with its body. */
  readonly entry: Uint8Array;
  /** Of a content entry: what was sealed, `[opening 16][Content]`. Of a profile: empty. */
  readonly opened: Uint8Array;
}

/** Who wrote what, and when, as evidence proves it. */
export interface Proven {
  readonly device: DeviceId;
  /** Ed25519 key, 32 bytes. */
  readonly signKey: Uint8Array;
  readonly entry: EntryId;
  /** SHA-256 of what was signed, in hex: an author may sign two entries of one id. */
  readonly head: string;
  readonly chain: ChainId;
  /** As its author says, ms since 1970. */
  readonly createdMs: number;
  readonly said:
    { readonly kind: 'content'; readonly content: Content } | { readonly kind: 'profile'; readonly name: string };
}

/** Of what encodeEvidence gives: the largest entry, and what is sealed in the largest body. */
export const EVIDENCE_BYTES_MAX: number =
  4 + ENTRY_BYTES_MAX + ENTRY_BODY_BYTES_MAX - SEALED_OVERHEAD_BYTES + OPENING_BYTES;

/** `[entry bytes u32][entry][opened]` */
export function encodeEvidence({ entry, opened }: Evidence): Uint8Array {
  const bytes = new Uint8Array(4 + entry.length + opened.length);
  new DataView(bytes.buffer).setUint32(0, entry.length);
  bytes.set(entry, 4);
  bytes.set(opened, 4 + entry.length);
  return bytes;
}

/** Undefined for anything out of bounds. The result shares memory with `bytes`. */
export function decodeEvidence(bytes: Uint8Array): Evidence | undefined {
  if (bytes.length < 4 + ENTRY_FIXED_BYTES || bytes.length > EVIDENCE_BYTES_MAX) return undefined;
  const end = 4 + u32Of(bytes);
  if (end > bytes.length) return undefined;
  return { entry: bytes.subarray(4, end), opened: bytes.subarray(end) };
}

/**
 * `pool`: a normalized code. `circle`: accounts of the whisper it stood in; empty: the pool's own chain, where its zones are
 * too. Undefined if it proves nothing there.
 */
export async function checkEvidence(
  { entry: bytes, opened }: Evidence,
  pool: string,
  circle: readonly AccountId[],
): Promise<Proven | undefined> {
  const entry = decodeEntry(bytes);
  const said = entry && saidBy(entry, opened);
  const chain = circle.length === 0 ? poolChain(pool) : whisperChain(pool, circle);
  if (entry === undefined || said === undefined || entry.chain !== chain) return undefined;
  if (!(await verifyEntry(entry))) return undefined;
  const { author: signKey, seq, created, head } = entry;
  const device = deviceIdOf(signKey);
  const createdMs = Math.floor(created / HLC_PER_MS);
  return { device, signKey, entry: entryId(device, chain, seq), head: toHex(sha256(head)), chain, createdMs, said };
}

/** Undefined if it was taken back, says something else than `opened` does, or is of a kind that nobody reads. */
function saidBy({ kind, body }: Entry, opened: Uint8Array): Proven['said'] | undefined {
  if (body === undefined) return undefined;
  if (kind === 'content') {
    const content = isCommitted(body, opened) ? decodeContent(saidIn(opened)) : undefined;
    return content && { kind, content };
  }
  const clear = kind === 'profile' && opened.length === 0 ? decodeClear(kind, body) : undefined;
  return clear?.kind === 'profile' ? { kind: clear.kind, name: clear.name } : undefined;
}
