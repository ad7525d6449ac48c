// What a session gives out, and what it answers to whoever hands it something.
import type { LaneOutput } from './lanes.ts';

export type SessionOutput =
  | LaneOutput
  /** One message, whole, once, in no particular order. Call `releaseMessage` when done with it. */
  | { readonly kind: 'message'; readonly bytes: Uint8Array }
  /** The peer wants a chunk: answer with `sendChunk`. */
  | { readonly kind: 'chunk-request'; readonly request: number; readonly transfer: number; readonly chunk: number }
  /** It does not want it any more. */
  | { readonly kind: 'chunk-cancelled'; readonly request: number }
  /** A chunk that was requested, whole, once. Call `releaseChunk` when done with it. */
  | { readonly kind: 'chunk'; readonly transfer: number; readonly chunk: number; readonly bytes: Uint8Array }
  /** A chunk of ours arrived; its bytes are free again. */
  | { readonly kind: 'chunk-delivered'; readonly transfer: number; readonly chunk: number; readonly bytes: Uint8Array }
  /** Control, at most once. `bytes` hold until the next call; `sentUs`: the sender's pool clock, modulo 2^48. */
  | { readonly kind: 'control'; readonly schema: number; readonly bytes: Uint8Array; readonly sentUs: number }
  /** After `blocked`: that queue has sunk to half its mark. */
  | { readonly kind: 'room'; readonly for: 'message' | 'chunk' };

/** ok: taken. blocked: the mark is reached, `room` will say when to go on. dropped: too large, or nobody to take it. */
export type SendResult = 'ok' | 'blocked' | 'dropped';
