// What crosses between a window and its host: messages of one or several frames, each a MessagePack value, and the bounds of
// both. Whoever reads a message has its frames as `unknown`: what they must be is said by serve-calls.ts (host) and wire.ts (window).
import { decodeMulti, encode } from '@msgpack/msgpack';
import type { ControlFrame, ControlStats } from '../pool/control.ts';
import type { MemberView, PeerId, PeerView, PoolEvent, RoomView } from '../pool/views.ts';
import type { TalkFace } from '../io/talk-face.ts';
import type { ErrorRecord } from './errors.ts';
import type { HostEvent } from './host-face.ts';
import type { ListChange } from './lists.ts';

/** Of a window's message: an offer of 500 paths of 4 KiB, or evidence, twice over. */
export const REQUEST_BYTES_MAX: number = 4 * 1024 * 1024;
/** Of a host's message: 5,000 lines of a chooser or a thousand long messages, several times over. */
export const ANSWER_BYTES_MAX: number = 8 * 1024 * 1024;
/** Frames share a message up to this: what a window can read without missing a picture of its animation. */
export const MESSAGE_FILL_BYTES: number = 256 * 1024;

/** What a window says. Arguments that are left out in between are nil. */
export type ToHost =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly args: readonly unknown[] }
  | { readonly kind: 'tell'; readonly name: string; readonly args: readonly unknown[] };

/** What a host says. */
export type ToWindow =
  | { readonly kind: 'result'; readonly id: number; readonly value?: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: ErrorRecord }
  | { readonly kind: 'state'; readonly state: StateChange }
  /** Another pool begins: offers and transfers of the last one are no more. */
  | { readonly kind: 'cleared' }
  /** Pictures of offers come once, before the offer; see `picture`. */
  | { readonly kind: 'event'; readonly event: PoolEvent }
  | { readonly kind: 'picture'; readonly offer: string; readonly number: number; readonly image: Uint8Array }
  | { readonly kind: 'host'; readonly event: HostEvent }
  | { readonly kind: 'control'; readonly frame: ControlFrame }
  | { readonly kind: 'datagram'; readonly peer: PeerId; readonly schema: number; readonly bytes: Uint8Array };

/** What is not as it was told last; the first one tells all. */
export interface StateChange {
  /** The pool's clock minus Date.now(), ms. */
  readonly offsetMs?: number;
  /** `none`: in no pool. With it the lists begin anew. */
  readonly self?: TalkFace['self'] | 'none';
  readonly peers?: ListChange<PeerView>;
  readonly rooms?: ListChange<RoomView>;
  readonly members?: ListChange<MemberView>;
  /** By stream, those that this window has open. */
  readonly control?: readonly (readonly [stream: number, stats: ControlStats | undefined])[];
}

/** One frame, to be sent alone or joined to others. Properties that are undefined are left out. */
export function encodeFrame(frame: ToHost | ToWindow): Uint8Array {
  return encode(frame, { ignoreUndefined: true });
}

/** The frames of a message; undefined if it is larger than `bytesMax` or no such thing. Never throws. */
export function decodeFrames(message: Uint8Array, bytesMax: number): unknown[] | undefined {
  if (message.length > bytesMax || !isHonest(message)) return undefined;
  try {
    return [...decodeMulti(message)];
  } catch {
    return undefined;
  }
}

/** Bytes after a head from 0xc0 to 0xdf (MessagePack specification, formats), without what a length there adds. */
const FIXED_BYTES: readonly number[] = [
  [0, 0, 0, 0], // nil, never used, false, true
  [1, 2, 4], // bin
  [2, 3, 5], // ext, with its type
  [4, 8], // float
  [1, 2, 4, 8], // uint
  [1, 2, 4, 8], // int
  [2, 3, 5, 9, 17], // fixext
  [1, 2, 4], // str
  [2, 4], // array
  [2, 4], // map
].flat();

/**
 * Each element of an array or a map takes a byte at least. The decoder makes room for as many as a head announces, so a message
 * that announces more than it has bytes, all its heads together, would cost memory without end.
 */
function isHonest(message: Uint8Array): boolean {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let announced = 0;
  let at = 0;
  while (at < message.length) {
    const head = view.getUint8(at++);
    if (head < 0x80 || head >= 0xe0) continue;
    if (head < 0xc0) {
      if (head < 0x90) announced += 2 * (head & 0x0f);
      else if (head < 0xa0) announced += head & 0x0f;
      else at += head & 0x1f;
      continue;
    }
    const fixed = FIXED_BYTES[head - 0xc0] ?? 0;
    if (at + fixed > message.length) return false;
    const size = (bytes: number): number => {
      if (bytes === 1) return view.getUint8(at);
      return bytes === 2 ? view.getUint16(at) : view.getUint32(at);
    };
    if (head >= 0xde) announced += 2 * size(fixed);
    else if (head >= 0xdc) announced += size(fixed);
    else if (head >= 0xd9 || (head >= 0xc4 && head <= 0xc6)) at += size(fixed);
    else if (head >= 0xc7 && head <= 0xc9) at += size(fixed - 1);
    at += fixed;
  }
  return at === message.length && announced <= message.length;
}
