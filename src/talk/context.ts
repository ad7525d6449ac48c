// What the parts of the talk machine have in common: time, ports, what is known, and the ways out.
import type { AccountId, ChainId, DeviceId, RoomId } from '../wire/entry.ts';
import type { Chains, Reader } from './chains.ts';
import type { TalkOptions } from './options.ts';
import type { Peers } from './peers.ts';
import type { TalkLinks, TalkOp, TalkValues } from './ports.ts';
import type { MemberRecord, RoomRecord } from './records.ts';
import type { TalkEvent } from './views.ts';

export type TalkFailure = 'refused' | 'store-failed';

/** Methods, not functions: the keeper answers each operation with the value of its own kind, so one table can hold them all. */
export interface TalkReply<Value> {
  done(value: Value): void;
  failed?(code: TalkFailure): void;
}

export interface TalkContext {
  readonly options: TalkOptions;
  readonly links: TalkLinks;
  readonly self: DeviceId;
  readonly chains: Chains;
  readonly peers: Peers;
  readonly members: ReadonlyMap<DeviceId, MemberRecord>;
  readonly rooms: ReadonlyMap<RoomId, RoomRecord>;
  /** What is kept has been read. */
  opened(): boolean;
  /** Monotonic, ms: the time of the call that is being handled. */
  now(): number;
  /** The pool's clock at `now`, ms since 1970. */
  poolMs(): number;
  account(): AccountId;
  accountOf(device: DeviceId): AccountId;
  nameOf(device: DeviceId): string;
  /** True if this is a device of somebody in the room. */
  isIn(whose: Reader, room: RoomRecord): boolean;
  /** The chain in which a room's entries stand. */
  chainOf(room: RoomId): ChainId;
  /** A number for an operation that is asked for later. */
  reserve(): number;
  /** Asks the keeper; returns the operation's number. */
  keep<Op extends TalkOp['op']>(op: Extract<TalkOp, { op: Op }>, reply: TalkReply<TalkValues[Op]>, id?: number): number;
  emit(event: TalkEvent): void;
  /** The disk refused something that nobody waits for. Said once in a while. */
  troubled(): void;
}
