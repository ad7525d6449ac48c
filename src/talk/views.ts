// What the talk machine tells those who show a conversation: plain data, safe to keep, safe to print.
import type { AccountId, DeviceId, EntryId, Hlc, RoomId } from '../wire/entry.ts';
import { HLC_PER_MS } from '../wire/entry.ts';
import type { MemberRecord, MessageRecord, Problem, Role, RoomRecord } from './records.ts';

/** A device of somebody in this pool, here or away. */
export interface MemberView {
  readonly device: DeviceId;
  readonly name: string;
  readonly kind: string;
  readonly account: AccountId;
  readonly own: boolean;
  readonly role: Role;
  readonly verified: boolean;
  readonly out: boolean;
  /** It bears the name of another device that was known before. */
  readonly doubleOf: DeviceId | undefined;
  /** Wall clock, ms since 1970; 0 for one that was never met. */
  readonly metMs: number;
  /** The entry that its name stands in, signed; undefined while only the server or a link told it. */
  readonly profile: EntryId | undefined;
}

export interface RoomView {
  readonly id: RoomId;
  readonly kind: RoomRecord['kind'];
  readonly name: string;
  /** Who is in it; empty for the pool's own, where everyone is. */
  readonly accounts: readonly AccountId[];
  /** This device may read and write there. */
  readonly open: boolean;
  /** This device's person may change who is in it. */
  readonly founder: boolean;
  readonly readTo: Hlc;
  readonly unread: number;
  readonly lastCreated: Hlc;
}

export interface MessageView {
  readonly id: EntryId;
  readonly room: RoomId;
  /** The device that wrote it, its person, and its name. */
  readonly from: DeviceId;
  readonly account: AccountId;
  readonly name: string;
  /** Written by a device of this person. */
  readonly own: boolean;
  readonly state: MessageRecord['state'];
  /** Markdown as it was typed; empty unless `here`. */
  readonly text: string;
  /** Files that were offered with it; `text` is their names then. Whether they still are: the offer whose `entry` it is. */
  readonly files?: MessageRecord['files'];
  /** Its place in the conversation. */
  readonly created: Hlc;
  /** ms since 1970. */
  readonly sentMs: number;
  readonly editedMs: number | undefined;
  readonly replyTo: EntryId | undefined;
  /** In the order they were first given. */
  readonly reactions: readonly { readonly emoji: string; readonly accounts: readonly AccountId[] }[];
  /** Calls for this person's attention: by name, or with everyone. */
  readonly callsMe: boolean;
  readonly notify: MessageRecord['notify'];
  readonly announcement: boolean;
  /** Of an important one: accounts that confirmed it, of how many; confirmed at more than half. Undefined for others. */
  readonly vote: { readonly by: readonly AccountId[]; readonly of: number; readonly confirmed: boolean } | undefined;
  readonly saved: boolean;
  /** Of an announcement: this person has taken note of it. */
  readonly noted: boolean;
  /** Of one that was taken back: the devices here that have been told, this one left out. */
  readonly retractedBy: readonly DeviceId[];
}

/** How far a device here has what this device wrote, and how far its person has read a room. */
export interface ReceiptView {
  readonly device: DeviceId;
  readonly room: RoomId;
  /** Own messages up to this time have arrived there; 0: none. */
  readonly deliveredTo: Hlc;
  readonly readTo: Hlc;
}

/** How long `typing` shows, ms: one that goes on is told anew before that. */
export const TYPING_SHOWN_MS = 5000;

/** Entries that are known to exist and that nobody here has. */
export interface GapView {
  readonly author: DeviceId;
  readonly name: string;
  /** In the pool's own conversation, or in a whisper. */
  readonly room: RoomId;
  readonly count: number;
  /** Of the entry after the gap: where a marker belongs. */
  readonly before: Hlc;
}

export type TalkEvent =
  /** New, or changed in any way. */
  | { readonly kind: 'message'; readonly message: MessageView; readonly fresh: boolean }
  | { readonly kind: 'room'; readonly room: RoomView }
  | { readonly kind: 'member'; readonly member: MemberView }
  | { readonly kind: 'typing'; readonly room: RoomId; readonly device: DeviceId; readonly name: string }
  | { readonly kind: 'receipt'; readonly receipt: ReceiptView }
  /** All the gaps there are now. */
  | { readonly kind: 'gaps'; readonly gaps: readonly GapView[] }
  /** How many older entries devices here have beyond what is kept here: `more` fetches them. */
  | { readonly kind: 'older'; readonly entries: number }
  /** What `more` asked for has come, as far as it does: so many entries. */
  | { readonly kind: 'more'; readonly entries: number }
  /** This device is that person's from now on. */
  | { readonly kind: 'account'; readonly account: AccountId }
  | { readonly kind: 'problem'; readonly problem: Problem; readonly from: DeviceId; readonly name: string };

/** Whom the views are for, and what is known of others. */
export interface Viewer {
  readonly self: DeviceId;
  readonly account: AccountId;
  readonly members: ReadonlyMap<DeviceId, MemberRecord>;
  /** Devices that have an entry: who has been told of a retract. */
  readonly holders: (author: DeviceId, chain: string, seq: number) => readonly DeviceId[];
}

export const hlcMs = (created: Hlc): number => Math.floor(created / HLC_PER_MS);
