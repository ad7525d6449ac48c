// Datagrams: what one WebRTC message carries. Every version keeps the first ten bytes: [version u8][kind u8][session u64].
// Link control (connect, accepted, heartbeat, disconnect) is small and has layouts of its own; `data` carries frames.
import { PROTOCOL_VERSION } from './codes.ts';
import { Cursor, template, type Fields, type Template, type Values } from './template.ts';

const CONTROL = {
  connect: { kind: 1, fields: { session: 'u64', nonce: 'u64', messageCreditBytes: 'u48' } },
  accepted: { kind: 2, fields: { session: 'u64', nonce: 'u64', messageCreditBytes: 'u48' } },
  heartbeat: { kind: 3, fields: { session: 'u64', timeUs: 'u48' } },
  disconnect: { kind: 4, fields: { session: 'u64', code: 'u16' } },
} as const;
const DATA_KIND = 16;
const DATA = { session: 'u64', packet: 'u32', timeUs: 'u48' } as const;

const FRAMES = {
  /** Asks for an acknowledgement, nothing else. */
  ping: { type: 1, fields: {} },
  /** `ranges`: pairs first, last of packet numbers received, newest range first. `delayUs`: since the newest arrived. */
  ack: { type: 2, fields: { delayUs: 'u32', ranges: 'u32s8' } },
  /** The sum of message charges that may have been begun since the session began. */
  credit: { type: 3, fields: { messageBytes: 'u48' } },
  message: { type: 4, fields: { message: 'u32', total: 'u32', offset: 'u32', bytes: 'bytes16' } },
  /** `request` counts up from 0 and names the answer. */
  request: { type: 5, fields: { request: 'u32', transfer: 'u32', chunk: 'u32' } },
  chunk: { type: 6, fields: { request: 'u32', offset: 'u32', bytes: 'bytes16' } },
} as const;

export type FrameKind = keyof typeof FRAMES;
type ControlKind = keyof typeof CONTROL;
export type Frame = { [K in FrameKind]: { readonly kind: K } & Values<(typeof FRAMES)[K]['fields']> }[FrameKind];
export type Control = {
  [K in ControlKind]: { readonly kind: K } & Values<(typeof CONTROL)[K]['fields']>;
}[ControlKind];
export type Data = { readonly kind: 'data'; readonly frames: readonly Frame[] } & Values<typeof DATA>;
export type Datagram = Control | Data | { readonly kind: 'wrong-version'; readonly version: number };

/** One SCTP packet, in libdatachannel and in Chromium: a lost packet then costs one datagram (FACTS). */
export const DATAGRAM_BYTES_MIN = 1156;
/** What a receiver must take; four times the largest we send. */
export const DATAGRAM_BYTES_MAX = 65_535;
/** Ack ranges in one frame: more would crowd out data, and what is older has been repeated before. */
export const ACK_RANGES_MAX = 32;
/** Frames in one datagram: a full one holds about a hundred of the smallest useful kind. */
export const FRAMES_MAX = 256;

interface Compiled<K> {
  readonly name: K;
  readonly number: number;
  readonly layout: Template<Fields>;
}

const dataLayout = template(DATA);
const controlByName = new Map<ControlKind, Compiled<ControlKind>>();
const controlByNumber = new Map<number, Compiled<ControlKind>>();
for (const name of Object.keys(CONTROL) as ControlKind[]) {
  const entry = { name, number: CONTROL[name].kind, layout: template<Fields>(CONTROL[name].fields) };
  controlByName.set(name, entry);
  controlByNumber.set(entry.number, entry);
}
const frameByName = {} as Record<FrameKind, Compiled<FrameKind>>;
const frameByNumber: (Compiled<FrameKind> | undefined)[] = [];
for (const name of Object.keys(FRAMES) as FrameKind[]) {
  const entry = { name, number: FRAMES[name].type, layout: template<Fields>(FRAMES[name].fields) };
  frameByName[name] = entry;
  frameByNumber[entry.number] = entry;
}

export const DATA_HEADER_BYTES: number = 2 + dataLayout.fixedBytes;

/** Bytes a frame takes beside its `bytes` or `ranges`: type and fixed fields. */
export const frameBytes = (kind: FrameKind): number => 1 + frameByName[kind].layout.fixedBytes;

export function encodeControl(control: Control): Uint8Array {
  const entry = controlByName.get(control.kind);
  if (entry === undefined) throw new TypeError(`control.kind: expected a control datagram, got ${control.kind}`);
  const to = new Cursor(new Uint8Array(2 + entry.layout.fixedBytes));
  to.bytes[0] = PROTOCOL_VERSION;
  to.bytes[1] = entry.number;
  to.at = 2;
  entry.layout.write(to, control as unknown as Values<Fields>);
  return to.bytes;
}

/** Builds data datagrams in one buffer, used again and again: `finish` gives a view that holds until the next `begin`. */
export class DatagramWriter {
  readonly #to: Cursor = new Cursor(new Uint8Array(DATAGRAM_BYTES_MAX));
  #limit = 0;

  begin(limitBytes: number, session: bigint, packet: number, timeUs: number): void {
    this.#limit = limitBytes;
    this.#to.bytes[0] = PROTOCOL_VERSION;
    this.#to.bytes[1] = DATA_KIND;
    this.#to.at = 2;
    dataLayout.write(this.#to, { session, packet, timeUs });
  }

  /** Bytes that still fit. */
  get room(): number {
    return this.#limit - this.#to.at;
  }

  /** The caller has compared frameBytes (and its payload) with `room`. */
  add(frame: Frame): void {
    const { number, layout } = frameByName[frame.kind];
    this.#to.bytes[this.#to.at++] = number;
    layout.write(this.#to, frame as unknown as Values<Fields>);
  }

  finish(): Uint8Array {
    return this.#to.bytes.subarray(0, this.#to.at);
  }
}

/** The session a datagram of any version names; undefined if it is shorter than the ten invariant bytes. */
export function sessionOf(bytes: Uint8Array): bigint | undefined {
  if (bytes.length < 10) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset, 10).getBigUint64(2);
}

/**
 * Reads a datagram; undefined if it is malformed in any way: truncated, oversize, unknown kind or frame, bytes left
 * over in a control datagram, ack ranges out of order. Byte fields are views into `bytes`.
 */
export function decodeDatagram(bytes: Uint8Array): Datagram | undefined {
  if (bytes.length > DATAGRAM_BYTES_MAX || bytes.length < 10) return undefined;
  const version = bytes[0] ?? 0;
  if (version !== PROTOCOL_VERSION) return { kind: 'wrong-version', version };
  const from = new Cursor(bytes);
  from.at = 2;
  if (bytes[1] === DATA_KIND) {
    const header = dataLayout.read(from);
    const frames = header && decodeFrames(from);
    return frames && { kind: 'data', ...header, frames };
  }
  const control = controlByNumber.get(bytes[1] ?? 0);
  const values = control?.layout.read(from);
  if (control === undefined || values === undefined || from.left !== 0) return undefined;
  return { kind: control.name, ...values } as unknown as Control;
}

function decodeFrames(from: Cursor): Frame[] | undefined {
  const frames: Frame[] = [];
  while (from.left > 0) {
    const entry = frameByNumber[from.bytes[from.at++] ?? 0];
    if (entry === undefined || frames.length >= FRAMES_MAX) return undefined;
    const values = entry.layout.read(from) as Record<string, unknown> | undefined;
    if (values === undefined) return undefined;
    // The values object is ours and fresh: naming it is cheaper than copying it, a hundred thousand times a second.
    values['kind'] = entry.name;
    const frame = values as unknown as Frame;
    if (!wellFormed(frame)) return undefined;
    frames.push(frame);
  }
  return frames;
}

/** What a layout cannot say: orders and lengths that hold whatever the state of the link. */
function wellFormed(frame: Frame): boolean {
  switch (frame.kind) {
    case 'ack': {
      const { ranges } = frame;
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
    case 'message':
      return frame.bytes.length > 0 && frame.offset + frame.bytes.length <= frame.total;
    case 'chunk':
      return frame.bytes.length > 0;
    default:
      return true;
  }
}
