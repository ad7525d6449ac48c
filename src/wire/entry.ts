// Entries of a log: what one device said, signed, and chained to what it said before. A chain is (author, chain id): one for
// each pool and, beside it, one for each circle of people who whisper. Layout and bounds only; hashing and signing are
// src/keys', what stands in a body is talk.ts.
import { Cursor } from './cursor.ts';
import { fromHex, toHex } from './bytes.ts';
import { codeName } from './codes.ts';

/** 32 hex digits each: the first 16 bytes of a SHA-256. */
export type DeviceId = string;
export type AccountId = string;
export type ChainId = string;
export type RoomId = string;

/** Names an entry for programs and people's links: `author/chain/seq`. */
export type EntryId = string;

/**
 * A hybrid logical time: milliseconds since 1970 times 1,024, and a count that keeps entries of one millisecond apart. A safe
 * integer until the year 2248. Entries are shown in the order of (created, author, seq), which is the same everywhere.
 */
export type Hlc = number;
export const HLC_PER_MS = 1024;

/** What an entry is; numbers are part of the protocol. Only `content` is sealed. */
export const ENTRY_KINDS = { profile: 1, epoch: 2, content: 3, retract: 4, vote: 5, leave: 6, revoke: 7 } as const;
export type EntryKind = keyof typeof ENTRY_KINDS;

export const ENTRY_VERSION = 1;
export const KEY_BYTES = 32;
export const ID_BYTES = 16;
export const SHA256_BYTES = 32;
export const SIGNATURE_BYTES = 64;
/**
 * `[version u8][kind u8][author's Ed25519 key 32][chain 16][seq u32][prev 32][created ms u48][created count u16][room 16]`
 * `[body bytes u32][body hash 32]`: what is signed, with a label before it.
 */
export const ENTRY_HEAD_BYTES: number = 1 + 1 + 32 + 16 + 4 + 32 + 6 + 2 + 16 + 4 + 32;
/** Of these, what says nothing of the body. */
export const HEAD_START_BYTES: number = ENTRY_HEAD_BYTES - 4 - 32;
/** Before the body on the wire and on disk. */
export const ENTRY_FIXED_BYTES: number = ENTRY_HEAD_BYTES + SIGNATURE_BYTES;
/** Of one body: 8,192 characters of text sealed, or an epoch's key for 256 devices. */
export const ENTRY_BODY_BYTES_MAX: number = 40 * 1024;
export const ENTRY_BYTES_MAX: number = ENTRY_FIXED_BYTES + ENTRY_BODY_BYTES_MAX;
/** Entries of one chain. */
export const SEQ_MAX = 0xffff_ffff;

export interface EntryHead {
  readonly kind: EntryKind;
  /** The author's Ed25519 key, 32 bytes. */
  readonly author: Uint8Array;
  readonly chain: ChainId;
  /** Counts the chain's entries from 1. */
  readonly seq: number;
  /** Hash of the entry before, 32 bytes; zeros for the first. */
  readonly prev: Uint8Array;
  readonly created: Hlc;
  /** Where it belongs: the chain's own id, or a zone of the pool. */
  readonly room: RoomId;
  readonly bodyBytes: number;
  /** SHA-256 of the body. */
  readonly bodyHash: Uint8Array;
}

/** A head before its body is known. */
export type HeadStart = Omit<EntryHead, 'bodyBytes' | 'bodyHash'>;

export interface Entry extends EntryHead {
  /** As they are signed, ENTRY_HEAD_BYTES. */
  readonly head: Uint8Array;
  readonly signature: Uint8Array;
  /** Undefined: it was retracted. */
  readonly body: Uint8Array | undefined;
}

/** `start`, if it was encoded already, is completed and becomes the result. */
export function encodeEntryHead(head: EntryHead, start: Uint8Array = encodeHeadStart(head)): Uint8Array {
  const to = new Cursor(start);
  to.at = HEAD_START_BYTES;
  to.putU32(head.bodyBytes);
  to.bytes.set(head.bodyHash, to.at);
  return to.bytes;
}

/** ENTRY_HEAD_BYTES, of which those of the body are zeros. */
export function encodeHeadStart(head: HeadStart): Uint8Array {
  const to = new Cursor(new Uint8Array(ENTRY_HEAD_BYTES));
  const put = (bytes: Uint8Array): void => {
    to.bytes.set(bytes, to.at);
    to.at += bytes.length;
  };
  to.putU8(ENTRY_VERSION);
  to.putU8(ENTRY_KINDS[head.kind]);
  put(head.author);
  put(fromHex(head.chain));
  to.putU32(head.seq);
  put(head.prev);
  to.putU48(Math.floor(head.created / HLC_PER_MS));
  to.putU16(head.created % HLC_PER_MS);
  put(fromHex(head.room));
  return to.bytes;
}

/** An entry's bytes: `[head][signature 64][body]`, with no body once it was retracted. */
export function encodeEntry({ head, signature, body }: Pick<Entry, 'head' | 'signature' | 'body'>): Uint8Array {
  const bytes = new Uint8Array(ENTRY_FIXED_BYTES + (body?.length ?? 0));
  bytes.set(head);
  bytes.set(signature, ENTRY_HEAD_BYTES);
  if (body !== undefined) bytes.set(body, ENTRY_FIXED_BYTES);
  return bytes;
}

/**
 * Undefined for anything malformed or out of bounds. The result shares memory with `bytes`. `bare`: one of any kind may come
 * without its body.
 */
export function decodeEntry(bytes: Uint8Array, bare = false): Entry | undefined {
  if (bytes.length < ENTRY_FIXED_BYTES || bytes.length > ENTRY_BYTES_MAX) return undefined;
  const from = new Cursor(bytes);
  const take = (length: number): Uint8Array => {
    from.at += length;
    return bytes.subarray(from.at - length, from.at);
  };
  if (from.u8() !== ENTRY_VERSION) return undefined;
  const kind = codeName(ENTRY_KINDS, from.u8());
  const author = take(KEY_BYTES);
  const chain = toHex(take(ID_BYTES));
  const seq = from.u32();
  const prev = take(SHA256_BYTES);
  const ms = from.u48();
  const count = from.u16();
  const room = toHex(take(ID_BYTES));
  const bodyBytes = from.u32();
  const bodyHash = take(SHA256_BYTES);
  const signature = take(SIGNATURE_BYTES);
  const rest = bytes.subarray(ENTRY_FIXED_BYTES);
  const whole = rest.length === bodyBytes;
  if (kind === undefined || seq === 0 || ms >= MS_MAX || count >= HLC_PER_MS) return undefined;
  // Only content can be retracted: the others hold what everybody must be able to check.
  if (!whole && (rest.length !== 0 || (kind !== 'content' && !bare))) return undefined;
  if (bodyBytes > ENTRY_BODY_BYTES_MAX || (seq === 1) !== prev.every((byte) => byte === 0)) return undefined;
  const head = bytes.subarray(0, ENTRY_HEAD_BYTES);
  const created = ms * HLC_PER_MS + count;
  const body = whole ? rest : undefined;
  return { kind, author, chain, seq, prev, created, room, bodyBytes, bodyHash, head, signature, body };
}

/** As a hybrid time stays a safe integer. */
const MS_MAX: number = 2 ** 43;

/** `author`: the id of the device, not its key. */
export const entryId = (author: DeviceId, chain: ChainId, seq: number): EntryId => `${author}/${chain}/${seq}`;

/** Undefined if it names no entry. */
export function parseEntryId(id: EntryId): { author: DeviceId; chain: ChainId; seq: number } | undefined {
  const match = /^([0-9a-f]{32})\/([0-9a-f]{32})\/([1-9]\d{0,9})$/.exec(id);
  const [, author, chain, seq] = match ?? [];
  if (author === undefined || chain === undefined || Number(seq) > SEQ_MAX) return undefined;
  return { author, chain, seq: Number(seq) };
}
