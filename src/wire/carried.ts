// Relay and Relayed read and written by hand, to the byte as the library for Protocol Buffers writes them: to pass signals on is most
// of what a server does, and the library takes several times as long. Whatever is valid in another form is left to the library; bounds
// are signaling.ts's.
import { Cursor } from './cursor.ts';

/** `(field << 3) | 2`, "length-delimited", of schema/signaling.proto: ClientMessage.relay and ServerMessage.relayed. */
export const RELAY = 0x1a;
export const RELAYED = 0x22;
/** Of Relay and Relayed. */
const PEER = 0x0a;
const SIGNAL = 0x12;
/** Of Signal; the attempt is a varint, `(field << 3) | 0`. */
const ATTEMPT = 0x08;
const BODY = { offer: 0x12, answer: 0x1a, candidate: 0x22 } as const;
/** Of Candidate. */
const CANDIDATE = 0x0a;
const MID = 0x12;

/** Of varints: no frame has more than 2^21 bytes, and no attempt more than 32 bits. */
const LENGTH_BYTES_MAX = 3;
const ATTEMPT_BYTES_MAX = 5;

/** What both carry, not yet bounded, in the shape that the library gives it. */
export interface Carried {
  readonly peer: string;
  readonly signal: CarriedSignal;
}

export interface CarriedSignal {
  /** u32. */
  readonly attempt: number;
  readonly body:
    | { readonly case: 'offer' | 'answer'; readonly value: string }
    | { readonly case: 'candidate'; readonly value: { readonly candidate: string; readonly mid: string } };
}

/** `tag`: RELAY or RELAYED. Undefined: it is no such message, or the library's to read. Never throws. */
export function readCarried(bytes: Uint8Array, tag: number): Carried | undefined {
  const cursor = new Cursor(bytes);
  if (!entersLast(cursor, tag)) return undefined;
  const peer = takeText(cursor, PEER);
  if (peer === undefined || !entersLast(cursor, SIGNAL)) return undefined;
  const attempt = takeAttempt(cursor);
  const kind = bodyOf(bytes[cursor.at]);
  if (attempt === undefined || kind === undefined) return undefined;
  if (kind !== 'candidate') {
    const value = takeText(cursor, BODY[kind]);
    return value !== undefined && cursor.left === 0
      ? { peer, signal: { attempt, body: { case: kind, value } } }
      : undefined;
  }
  if (!entersLast(cursor, BODY.candidate)) return undefined;
  const candidate = bytes[cursor.at] === CANDIDATE ? takeText(cursor, CANDIDATE) : '';
  const mid = bytes[cursor.at] === MID ? takeText(cursor, MID) : '';
  if (candidate === undefined || mid === undefined) return undefined;
  return cursor.left === 0 ? { peer, signal: { attempt, body: { case: kind, value: { candidate, mid } } } } : undefined;
}

/** `tag`: RELAY or RELAYED. Undefined: not all of it is ASCII, or not in the schema's range, which is the library's to deal with. */
export function writeCarried(tag: number, { peer, signal: { attempt, body } }: Carried): Uint8Array | undefined {
  if (!Number.isInteger(attempt) || attempt < 0 || attempt > 0xffff_ffff) return undefined;
  const valueBytes =
    body.case === 'candidate'
      ? textFieldBytes(body.value.candidate) + textFieldBytes(body.value.mid)
      : body.value.length;
  const attemptBytes = attempt === 0 ? 0 : headBytes(attempt);
  const signalBytes = attemptBytes + headBytes(valueBytes) + valueBytes;
  const contentBytes = textFieldBytes(peer) + headBytes(signalBytes) + signalBytes;
  const cursor = new Cursor(new Uint8Array(headBytes(contentBytes) + contentBytes));
  putHead(cursor, tag, contentBytes);
  let isAscii = putTextField(cursor, PEER, peer);
  putHead(cursor, SIGNAL, signalBytes);
  if (attempt !== 0) putHead(cursor, ATTEMPT, attempt);
  putHead(cursor, BODY[body.case], valueBytes);
  if (body.case === 'candidate') {
    isAscii &&= putTextField(cursor, CANDIDATE, body.value.candidate) && putTextField(cursor, MID, body.value.mid);
  } else isAscii &&= putText(cursor, body.value);
  return isAscii ? cursor.bytes : undefined;
}

/** A byte-order mark stays: it is nothing that a signal may hold. */
const fromUtf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Goes on to the content of the next field, if that is `tag` and reaches to the end. */
function entersLast(cursor: Cursor, tag: number): boolean {
  return takeLength(cursor, tag) === cursor.left;
}

/** The next field, if that is `tag` and whole. Undefined otherwise, wherever the cursor is then. */
function takeText(cursor: Cursor, tag: number): string | undefined {
  const length = takeLength(cursor, tag);
  if (length < 0 || length > cursor.left) return undefined;
  const from = cursor.at;
  cursor.at += length;
  return fromUtf8.decode(cursor.bytes.subarray(from, cursor.at));
}

/** Goes on to the content of the next field, if that is `tag`, and says how long it is; -1: it stays, or cannot be read here. */
function takeLength(cursor: Cursor, tag: number): number {
  if (cursor.bytes[cursor.at] !== tag) return -1;
  cursor.at += 1;
  return takeVarint(cursor, LENGTH_BYTES_MAX) ?? -1;
}

/** 0 if it is not there. Undefined: beyond 32 bits, which is the library's to judge. */
function takeAttempt(cursor: Cursor): number | undefined {
  if (cursor.bytes[cursor.at] !== ATTEMPT) return 0;
  cursor.at += 1;
  const attempt = takeVarint(cursor, ATTEMPT_BYTES_MAX);
  return attempt === undefined || attempt > 0xffff_ffff ? undefined : attempt;
}

/** Undefined: it is longer than `most` bytes, or has no end. */
function takeVarint(cursor: Cursor, most: number): number | undefined {
  let value = 0;
  let unit = 1;
  for (let index = 0; index < most; index += 1) {
    const byte = cursor.u8();
    value += (byte & 0x7f) * unit;
    if (byte < 0x80) return cursor.failed ? undefined : value;
    unit *= 0x80;
  }
  return undefined;
}

function bodyOf(tag: number | undefined): CarriedSignal['body']['case'] | undefined {
  switch (tag) {
    case BODY.offer:
      return 'offer';
    case BODY.answer:
      return 'answer';
    case BODY.candidate:
      return 'candidate';
    default:
      return undefined;
  }
}

/** Of a tag and the varint that follows it. */
function headBytes(value: number): number {
  return value < 0x80 ? 2 : value < 0x4000 ? 3 : value < 0x20_0000 ? 4 : value < 0x1000_0000 ? 5 : 6;
}

/** Of ASCII; an empty one is left out, which means the same. */
function textFieldBytes(text: string): number {
  return text === '' ? 0 : headBytes(text.length) + text.length;
}

function putHead(cursor: Cursor, tag: number, value: number): void {
  cursor.putU8(tag);
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) cursor.putU8((rest % 0x80) | 0x80);
  cursor.putU8(rest);
}

/** False: it is not ASCII. */
function putTextField(cursor: Cursor, tag: number, text: string): boolean {
  if (text === '') return true;
  putHead(cursor, tag, text.length);
  return putText(cursor, text);
}

/** False: it is not ASCII. */
function putText(cursor: Cursor, text: string): boolean {
  const { bytes, at } = cursor;
  let all = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    bytes[at + index] = code;
    all |= code;
  }
  cursor.at = at + text.length;
  return all < 0x80;
}
