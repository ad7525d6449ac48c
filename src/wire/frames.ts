// Frames: what a data datagram carries behind its header. Their layouts are declared as data; because frames are read and
// written tens of thousands of times a second, the readers and writers are written out below, one object literal and one
// line of setters each, where V8 sees fixed shapes. A test holds them to the declarations (test/wire/frames.test.ts).
import { template, type Cursor, type Values } from './template.ts';

/** `[type u8]` and then the fields in this order. */
export const FRAMES = {
  /** Asks for an acknowledgement, nothing else. */
  ping: { type: 1, fields: {} },
  /** `ranges`: pairs first, last of packet numbers received on `lane`, newest first. `delayUs`: since the newest arrived. */
  ack: { type: 2, fields: { lane: 'u8', delayUs: 'u32', ranges: 'u32s8' } },
  /** The sum of message charges that may have been begun since the session began. */
  credit: { type: 3, fields: { messageBytes: 'u48' } },
  message: { type: 4, fields: { message: 'u32', total: 'u32', offset: 'u32', bytes: 'bytes16' } },
  /** `request` counts up from 0 and names the answer. */
  request: { type: 5, fields: { request: 'u32', transfer: 'u32', chunk: 'u32' } },
  chunk: { type: 6, fields: { request: 'u32', offset: 'u32', bytes: 'bytes16' } },
  /** The request's answer is not wanted any more; a request of this number that comes later is void. */
  cancel: { type: 8, fields: { request: 'u32' } },
  /** Sent once and never again: what it says grows stale. `schema` names the builder that reads `bytes` (registry.ts). */
  control: { type: 7, fields: { schema: 'u16', bytes: 'bytes16' } },
} as const;

export type FrameKind = keyof typeof FRAMES;
export type Frame = { [K in FrameKind]: { readonly kind: K } & Values<(typeof FRAMES)[K]['fields']> }[FrameKind];

/** Lanes of one link, the first included. */
export const LANES_MAX = 16;
/** Lane numbers: 0 is the first transport; of the others the initiator names the even ones, the acceptor the odd. */
export const LANE_IDS = 32;
/** Ack ranges in one frame: more would crowd out data, and what is older has been repeated before. */
export const ACK_RANGES_MAX = 32;
/** Frames in one datagram: a full one holds about a hundred of the smallest useful kind. */
export const FRAMES_MAX = 256;

/**
 * Payload of a control frame: what fits a datagram of one packet beside its header and an ack. It cannot be split, and must
 * not die with the fragments of a larger one.
 */
export const CONTROL_BYTES_MAX = 1024;

/** Bytes a frame takes beside its `bytes` or `ranges`: type and fixed fields. */
export const frameBytes = (kind: FrameKind): number => OVERHEAD_BYTES[kind];

/** Writes one frame. The caller has compared its bytes with the room there is. */
export function writeFrame(to: Cursor, frame: Frame): void {
  to.putU8(FRAMES[frame.kind].type);
  switch (frame.kind) {
    case 'ping':
      return;
    case 'ack':
      return (to.putU8(frame.lane), to.putU32(frame.delayUs), to.putU32s8(frame.ranges));
    case 'credit':
      return to.putU48(frame.messageBytes);
    case 'message':
      to.putU32(frame.message);
      to.putU32(frame.total);
      to.putU32(frame.offset);
      return to.putBytes16(frame.bytes);
    case 'request':
      return (to.putU32(frame.request), to.putU32(frame.transfer), to.putU32(frame.chunk));
    case 'chunk':
      return (to.putU32(frame.request), to.putU32(frame.offset), to.putBytes16(frame.bytes));
    case 'cancel':
      return to.putU32(frame.request);
    case 'control':
      return (to.putU16(frame.schema), to.putBytes16(frame.bytes));
  }
}

/** Reads frames up to the end; undefined if that does not work out, or if one says what none may say. */
export function readFrames(from: Cursor): Frame[] | undefined {
  const frames: Frame[] = [];
  while (from.left > 0) {
    const frame = readFrame(from);
    if (frame === undefined || from.failed || frames.length >= FRAMES_MAX || !wellFormed(frame)) return undefined;
    frames.push(frame);
  }
  return frames;
}

const PING: Frame = { kind: 'ping' };

/** An object literal's properties are evaluated in the order they stand in, which is the order on the wire. */
function readFrame(from: Cursor): Frame | undefined {
  switch (from.u8()) {
    case FRAMES.ping.type:
      return PING;
    case FRAMES.ack.type:
      return { kind: 'ack', lane: from.u8(), delayUs: from.u32(), ranges: from.u32s8() };
    case FRAMES.credit.type:
      return { kind: 'credit', messageBytes: from.u48() };
    case FRAMES.message.type:
      return { kind: 'message', message: from.u32(), total: from.u32(), offset: from.u32(), bytes: from.bytes16() };
    case FRAMES.request.type:
      return { kind: 'request', request: from.u32(), transfer: from.u32(), chunk: from.u32() };
    case FRAMES.chunk.type:
      return { kind: 'chunk', request: from.u32(), offset: from.u32(), bytes: from.bytes16() };
    case FRAMES.cancel.type:
      return { kind: 'cancel', request: from.u32() };
    case FRAMES.control.type:
      return { kind: 'control', schema: from.u16(), bytes: from.bytes16() };
    default:
      return undefined;
  }
}

/** What a layout cannot say: orders and lengths that hold whatever the state of the link. */
function wellFormed(frame: Frame): boolean {
  switch (frame.kind) {
    case 'ack':
      return frame.lane < LANE_IDS && rangesFall(frame.ranges);
    case 'message':
      return frame.bytes.length > 0 && frame.offset + frame.bytes.length <= frame.total;
    case 'chunk':
      return frame.bytes.length > 0;
    default:
      return true;
  }
}

function rangesFall(ranges: readonly number[]): boolean {
  if (ranges.length === 0 || ranges.length % 2 !== 0 || ranges.length > ACK_RANGES_MAX * 2) return false;
  let above = 0x1_0000_0001;
  for (let i = 0; i < ranges.length; i += 2) {
    const first = ranges[i] ?? 0;
    const last = ranges[i + 1] ?? 0;
    if (first > last || last + 1 >= above) return false;
    above = first;
  }
  return true;
}

const kinds = Object.keys(FRAMES) as FrameKind[];
const OVERHEAD_BYTES = Object.fromEntries(
  kinds.map((kind) => [kind, 1 + template(FRAMES[kind].fields).fixedBytes]),
) as Record<FrameKind, number>;
