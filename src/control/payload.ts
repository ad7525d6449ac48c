// The payload of the control frame's schemas 1 (up) and 2 (down): one poll's frame and clones of earlier ones.
//
//   [stream u8][flags u8][stamp u8][hz u16][count u8][if flags bit 0: poll u32] then count x [back u8][length u16][bytes]
//
// flags: bit 0 the wide stamp is there, bits 1 to 3 zero, bits 4 to 7 the generation. stamp: the poll's lowest byte. back:
// how many polls before that one the frame was sampled, ascending from entry to entry; 0 is the newest.
import { Cursor, template, type Template } from '../wire/template.ts';
import { DOWN_FRAME_BYTES_MAX, ENTRIES_MAX, HZ_MAX } from './options.ts';

export interface ControlEntry {
  /** 0 to 255 polls before the payload's own. */
  readonly back: number;
  /** 0 to DOWN_FRAME_BYTES_MAX bytes. When decoded: a view into the datagram. */
  readonly bytes: Uint8Array;
}

export interface ControlPayload {
  readonly stream: number;
  /** 0 to 15: raised when the sender's clock stepped back or its rate changed, so that poll numbers begin anew. */
  readonly generation: number;
  readonly stamp: number;
  readonly hz: number;
  /** The poll modulo 2^32, if the sender was asked for it. */
  readonly wide: number | undefined;
  /** 1 to ENTRIES_MAX. */
  readonly entries: readonly ControlEntry[];
}

const HEAD = { stream: 'u8', flags: 'u8', stamp: 'u8', hz: 'u16', count: 'u8' } as const;
const WIDE = { poll: 'u32' } as const;
const ENTRY = { back: 'u8', bytes: 'bytes16' } as const;
const head: Template<typeof HEAD> = template(HEAD);
const wideStamp: Template<typeof WIDE> = template(WIDE);
const entry: Template<typeof ENTRY> = template(ENTRY);

const WIDE_FLAG = 0x01;
const RESERVED_FLAGS = 0x0e;

export const GENERATIONS = 16;
/** Bytes before the first entry. */
export const payloadHeadBytes = (wide: boolean): number => head.fixedBytes + (wide ? wideStamp.fixedBytes : 0);
/** Bytes of an entry beside its frame's. */
export const ENTRY_HEAD_BYTES: number = entry.fixedBytes;

/** The caller has kept all bounds. */
export function encodePayload(payload: ControlPayload): Uint8Array {
  const { stream, generation, stamp, hz, wide, entries } = payload;
  const bytes = entries.reduce((sum, one) => sum + entry.fixedBytes + one.bytes.length, 0);
  const to = new Cursor(new Uint8Array(payloadHeadBytes(wide !== undefined) + bytes));
  const flags = (generation << 4) | (wide === undefined ? 0 : WIDE_FLAG);
  head.write(to, { stream, flags, stamp, hz, count: entries.length });
  if (wide !== undefined) wideStamp.write(to, { poll: wide });
  for (const one of entries) entry.write(to, one);
  return to.bytes;
}

/** Undefined if it is not, from the first byte to the last, what is written above. */
export function decodePayload(bytes: Uint8Array): ControlPayload | undefined {
  const from = new Cursor(bytes);
  const start = head.read(from);
  if (start === undefined) return undefined;
  const { stream, flags, stamp, hz, count } = start;
  if ((flags & RESERVED_FLAGS) !== 0 || hz < 1 || hz > HZ_MAX || count < 1 || count > ENTRIES_MAX) return undefined;
  let wide: number | undefined;
  if ((flags & WIDE_FLAG) !== 0) {
    wide = wideStamp.read(from)?.poll;
    if (wide === undefined) return undefined;
  }
  const entries: ControlEntry[] = [];
  let lastBack = -1;
  for (let i = 0; i < count; i++) {
    const one = entry.read(from);
    if (one === undefined || one.back <= lastBack || one.bytes.length > DOWN_FRAME_BYTES_MAX) return undefined;
    lastBack = one.back;
    entries.push(one);
  }
  return from.left > 0 ? undefined : { stream, generation: flags >> 4, stamp, hz, wide, entries };
}
