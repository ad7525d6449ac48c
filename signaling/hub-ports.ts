// What goes into the hub and what comes out of it (hub.ts). Sockets are numbers that the shell hands out and never uses
// twice; whose they are, and on which node, is the shell's business.
import type { SocketCode } from '../src/wire/codes.ts';
import type { Member, Role, ServerMessage, Signal } from '../src/wire/signaling.ts';

/** What a session manager lets a device in with. `untilMs`: when that ends; on the hub's clock here, in a Verdict since 1970. */
export interface Grant {
  /** Whose device it is; undefined: a guest's. */
  readonly account?: string;
  /** Undefined: `owner` for who comes first, `member` for everyone else. */
  readonly role?: Role;
  /** Narrower audiences within the pool that the device belongs to. The hub only passes them on to the hooks. */
  readonly zones: readonly string[];
  readonly untilMs?: number;
}

/**
 * Whose sessions to end: all devices of an account; those of them that are in `pool`, which may come back at once and are asked about
 * anew; one device by its id; or whoever comes from an address or its network, as moderation/address-subject.ts names them.
 */
export type Subject =
  { readonly account: string; readonly pool?: string } | { readonly device: string } | { readonly address: string };

/** What a client asks, decoded, bounded and checked; a join carries the id (32 hex digits) of the device that signed it. */
export type HubRequest =
  | {
      readonly kind: 'join';
      readonly version: number;
      readonly pool: string;
      readonly id: string;
      readonly name: string;
      readonly device: string;
      readonly grant: Grant;
      /** It has its place already, at another node's hub: the hooks know. */
      readonly again?: boolean;
      /** Whose pool it was there. */
      readonly owner?: string;
    }
  /** A join that is not to be: its device has not signed it, nobody admits it, or there are too many at once. */
  | { readonly kind: 'refused'; readonly code: SocketCode; readonly retryMs?: number }
  | { readonly kind: 'leave' }
  | { readonly kind: 'relay'; readonly peer: string; readonly attempt: number; readonly signal: Signal }
  | { readonly kind: 'time'; readonly t0Ms: number };

/** What is the pool's to answer, not the socket's. */
export type PoolRequest = Extract<HubRequest, { kind: 'join' | 'leave' | 'relay' }>;

export type HubInput =
  /**
   * `retryMs`: there is too much to do for one more; it is to come back then. `remote`: another hub watches the socket and charges
   * for it, so this one does neither.
   */
  | { readonly kind: 'opened'; readonly socket: number; readonly retryMs?: number; readonly remote?: boolean }
  /** One frame of `bytes` bytes; no request if it did not decode. `wallMs`: when it came, ms since 1970. */
  | {
      readonly kind: 'frame';
      readonly socket: number;
      readonly bytes: number;
      readonly wallMs: number;
      readonly request?: HubRequest;
    }
  /** A websocket ping or pong of `bytes` bytes. */
  | { readonly kind: 'alive'; readonly socket: number; readonly bytes: number }
  /** The socket is gone, by whosever will. */
  | { readonly kind: 'dropped'; readonly socket: number }
  /** Another hub ends the socket. */
  | { readonly kind: 'close'; readonly socket: number; readonly code: SocketCode; readonly retryMs?: number }
  /** The device has its place in `pool` at another hub now. */
  | { readonly kind: 'moved'; readonly device: string; readonly pool: string }
  /** Another hub kept a place for who is away, and this one does from now on, as long as for any other. `owner`: as in a join. */
  | { readonly kind: 'kept'; readonly seat: Seat; readonly owner?: string }
  /** A signal of `bytes` bytes that waited there for `device`. */
  | {
      readonly kind: 'held';
      readonly device: string;
      readonly pool: string;
      readonly message: Relayed;
      readonly bytes: number;
    }
  | { readonly kind: 'revoke'; readonly subject: Subject }
  | { readonly kind: 'tick' }
  /** Close everything over the next `overMs`, each socket with its own time to come back, and let nobody in any more. */
  | { readonly kind: 'drain'; readonly overMs: number }
  /** Close everything, and let nobody in any more. */
  | { readonly kind: 'stop' };

export type HubOutput =
  /** The same message to every socket listed. In a `timed` the shell puts the moment of sending for `t2Ms`. */
  | { readonly kind: 'send'; readonly sockets: readonly number[]; readonly message: ServerMessage }
  /** Send a websocket ping. */
  | { readonly kind: 'probe'; readonly socket: number }
  /** Close the socket; the hub has forgotten it and ignores whatever else comes from it. `retryMs`: when to come back. */
  | { readonly kind: 'close'; readonly socket: number; readonly code: SocketCode; readonly retryMs?: number }
  /** Only of a hub that `forwards`: another one is to hear what the socket asks. */
  | { readonly kind: 'forward'; readonly socket: number; readonly request: PoolRequest; readonly bytes: number }
  /** A device has got a place in a pool, or given it up; never for one that was only away for a while. */
  | { readonly kind: 'entered'; readonly seat: Seat }
  | { readonly kind: 'vacated'; readonly seat: Seat; readonly why: Vacated };

/** Whose place it was and in which pool, as the hooks are told. */
export interface Seat {
  readonly pool: string;
  readonly member: Member;
  readonly grant: Grant;
}

/** Of a member, for who asks about a pool. */
export type Present = Pick<Member, 'id' | 'role'>;

export type Relayed = Extract<ServerMessage, { kind: 'relayed' }>;

/** A place of who is away, whose pool it is, and what waits. */
export interface Absence {
  readonly seat: Seat;
  readonly owner: string | undefined;
  readonly held: readonly Relayed[];
}

/** It left or moved; it did not come back in time; its session was ended. */
export type Vacated = 'left' | 'lost' | 'ended';

/** What the hub has seen and holds: gauges first, then counts since it was made. */
export interface HubFigures {
  readonly sockets: number;
  /** With a member in them, or one who may come back. */
  readonly pools: number;
  /** Members with a socket. */
  readonly members: number;
  /** Members without one who may come back. */
  readonly away: number;
  /** Bytes of signals that wait for those. */
  readonly heldBytes: number;
  readonly frames: number;
  readonly bytes: number;
  readonly joins: number;
  /** Of these, by members who had been away. */
  readonly resumes: number;
  readonly relayed: number;
  /**
   * Relays to nobody in the sender's pool, from outside any pool, or too many to somebody away: late ones, or attempts to
   * reach across.
   */
  readonly relaysDropped: number;
  readonly closed: Readonly<Partial<Record<SocketCode, number>>>;
}
