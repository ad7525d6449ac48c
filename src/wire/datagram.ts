// Datagrams: what one WebRTC message carries. Every version keeps the first ten bytes: [version u8][kind u8][session u64].
// Link control (connect, accepted, heartbeat, disconnect) is small and has layouts of its own; `data` carries frames. Before a
// link there is binding: what its two ends show each other (src/pool/binding.ts).
import { joined } from './bytes.ts';
import { PROTOCOL_VERSION } from './codes.ts';
import { KEY_BYTES, SHA256_BYTES, SIGNATURE_BYTES } from './entry.ts';
import { LANE_IDS, readFrames, writeFrame, type Frame } from './frames.ts';
import type { Seal } from './seal.ts';
import { Cursor, template, type Fields, type Template, type Values } from './template.ts';

export {
  ACK_RANGES_MAX,
  CONTROL_BYTES_MAX,
  FRAMES_MAX,
  frameBytes,
  LANE_IDS,
  LANES_MAX,
  type Frame,
  type FrameKind,
} from './frames.ts';

const CONTROL = {
  connect: { kind: 1, fields: { session: 'u64', nonce: 'u64', messageCreditBytes: 'u48' } },
  accepted: { kind: 2, fields: { session: 'u64', nonce: 'u64', messageCreditBytes: 'u48' } },
  heartbeat: { kind: 3, fields: { session: 'u64', timeUs: 'u48' } },
  disconnect: { kind: 4, fields: { session: 'u64', code: 'u16' } },
} as const;
const DATA_KIND = 16;
/** The same header in the clear; the frames are sealed, and the header is authenticated with them. */
const SEALED_KIND = 17;
/** `lane`: whose packet numbers. `timeUs`: when it was sent, on the pool's clock, modulo 2^48. */
export const DATA = { session: 'u64', lane: 'u8', packet: 'u32', timeUs: 'u48' } as const;

type ControlKind = keyof typeof CONTROL;
export type Control = {
  [K in ControlKind]: { readonly kind: K } & Values<(typeof CONTROL)[K]['fields']>;
}[ControlKind];
export type DataHeader = Values<typeof DATA>;
export type Data = { readonly kind: 'data'; readonly frames: readonly Frame[] } & DataHeader;
export type Datagram = Control | Data | { readonly kind: 'wrong-version'; readonly version: number };

/** One SCTP packet, in libdatachannel and in Chromium: a lost packet then costs one datagram (FACTS). */
export const DATAGRAM_BYTES_MIN = 1156;
/** What a receiver must take; four times the largest we send. */
export const DATAGRAM_BYTES_MAX = 65_535;

interface Compiled {
  readonly name: ControlKind;
  readonly number: number;
  readonly layout: Template<Fields>;
}

const controls: readonly Compiled[] = (Object.keys(CONTROL) as ControlKind[]).map((name) => {
  return { name, number: CONTROL[name].kind, layout: template<Fields>(CONTROL[name].fields) };
});

export const DATA_HEADER_BYTES: number = 2 + template(DATA).fixedBytes;

export function encodeControl(control: Control): Uint8Array {
  const entry = controls.find(({ name }) => name === control.kind);
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
  #seal: Seal | undefined;
  #header: DataHeader | undefined;

  /** `limitBytes`: of the whole datagram, 256 or more; with a seal its overhead is kept free. */
  begin(limitBytes: number, header: DataHeader, seal?: Seal): void {
    this.#limit = limitBytes - (seal?.overheadBytes ?? 0);
    this.#seal = seal;
    this.#header = header;
    this.#to.bytes[0] = PROTOCOL_VERSION;
    this.#to.bytes[1] = seal === undefined ? DATA_KIND : SEALED_KIND;
    this.#to.at = 2;
    writeHeader(this.#to, header);
  }

  /** Bytes that still fit. */
  get room(): number {
    return this.#limit - this.#to.at;
  }

  /** The caller has compared frameBytes (and its payload) with `room`. */
  add(frame: Frame): void {
    writeFrame(this.#to, frame);
  }

  finish(): Uint8Array {
    const bytes = this.#to.bytes.subarray(0, this.#to.at);
    if (this.#seal === undefined || this.#header === undefined) return bytes;
    const head = bytes.subarray(0, DATA_HEADER_BYTES);
    const sealed = this.#seal.seal(this.#header, head, bytes.subarray(DATA_HEADER_BYTES));
    this.#to.bytes.set(sealed, DATA_HEADER_BYTES);
    return this.#to.bytes.subarray(0, DATA_HEADER_BYTES + sealed.length);
  }
}

/** `bind-hello`: a promise of `share`, and the keys of a device. `bind-proof`: the share, and who signs for both. */
export type Bind =
  | {
      readonly kind: 'bind-hello';
      /** 32 bytes. */
      readonly commit: Uint8Array;
      /** Ed25519 and X25519 keys, 32 bytes each. */
      readonly signKey: Uint8Array;
      readonly agreeKey: Uint8Array;
    }
  | {
      readonly kind: 'bind-proof';
      /** 32 bytes. */
      readonly share: Uint8Array;
      /** 64 bytes. */
      readonly signature: Uint8Array;
    };

const HELLO_KIND = 5;
const PROOF_KIND = 6;
/** Of the version, the kind, and a session of zeros: there is none yet. */
const BIND_HEAD_BYTES = 10;
/** Of either kind. */
export const BIND_BYTES: number = BIND_HEAD_BYTES + 96;

/** Whether it is binding's to read, and never a link's. */
export const isBind = (bytes: Uint8Array): boolean => bytes[1] === HELLO_KIND || bytes[1] === PROOF_KIND;

export function encodeBind(bind: Bind): Uint8Array {
  const head = new Uint8Array(BIND_HEAD_BYTES);
  head[0] = PROTOCOL_VERSION;
  head[1] = bind.kind === 'bind-hello' ? HELLO_KIND : PROOF_KIND;
  return bind.kind === 'bind-hello'
    ? joined(head, bind.commit, bind.signKey, bind.agreeKey)
    : joined(head, bind.share, bind.signature);
}

/** Undefined if it is malformed in any way. The fields are copies. */
export function decodeBind(bytes: Uint8Array): Bind | undefined {
  if (bytes.length !== BIND_BYTES || bytes[0] !== PROTOCOL_VERSION || sessionOf(bytes) !== 0n) return undefined;
  let at = BIND_HEAD_BYTES;
  const take = (length: number): Uint8Array => bytes.slice(at, (at += length));
  if (bytes[1] === HELLO_KIND)
    return { kind: 'bind-hello', commit: take(SHA256_BYTES), signKey: take(KEY_BYTES), agreeKey: take(KEY_BYTES) };
  if (bytes[1] === PROOF_KIND)
    return { kind: 'bind-proof', share: take(SHA256_BYTES), signature: take(SIGNATURE_BYTES) };
  return undefined;
}

/** The session a datagram of any version names; undefined if it is shorter than the ten invariant bytes. */
export function sessionOf(bytes: Uint8Array): bigint | undefined {
  if (bytes.length < 10) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset, 10).getBigUint64(2);
}

/**
 * Reads a datagram; undefined if it is malformed in any way: truncated, oversize, unknown kind or frame, bytes left
 * over in a control datagram, ack ranges out of order, sealed by another key or not as `seal` says. Byte fields are views
 * into `bytes`, or into what the seal opened.
 */
export function decodeDatagram(bytes: Uint8Array, seal?: Seal): Datagram | undefined {
  if (bytes.length > DATAGRAM_BYTES_MAX || bytes.length < 10) return undefined;
  const version = bytes[0] ?? 0;
  if (version !== PROTOCOL_VERSION) return { kind: 'wrong-version', version };
  const from = new Cursor(bytes);
  from.at = 2;
  if (bytes[1] === DATA_KIND || bytes[1] === SEALED_KIND) {
    if ((bytes[1] === SEALED_KIND) !== (seal !== undefined)) return undefined;
    return decodeData(from, seal);
  }
  const control = controls.find(({ number }) => number === bytes[1]);
  const values = control?.layout.read(from);
  if (control === undefined || values === undefined || from.left !== 0) return undefined;
  return { kind: control.name, ...values } as unknown as Control;
}

function decodeData(from: Cursor, seal: Seal | undefined): Data | undefined {
  // In wire order, as in readFrame.
  const header: DataHeader = { session: from.u64(), lane: from.u8(), packet: from.u32(), timeUs: from.u48() };
  if (from.failed || header.lane >= LANE_IDS) return undefined;
  const clear = seal === undefined ? from : opened(seal, header, from.bytes);
  const frames = clear && readFrames(clear);
  if (frames === undefined) return undefined;
  return {
    kind: 'data',
    session: header.session,
    lane: header.lane,
    packet: header.packet,
    timeUs: header.timeUs,
    frames,
  };
}

function opened(seal: Seal, header: DataHeader, bytes: Uint8Array): Cursor | undefined {
  const body = seal.open(header, bytes.subarray(0, DATA_HEADER_BYTES), bytes.subarray(DATA_HEADER_BYTES));
  return body && new Cursor(body);
}

function writeHeader(to: Cursor, header: DataHeader): void {
  to.putU64(header.session);
  to.putU8(header.lane);
  to.putU32(header.packet);
  to.putU48(header.timeUs);
}
