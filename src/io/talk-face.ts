// What an app does with a conversation: the part of PoolClient's face that is about talk. Views are src/talk/views.ts'.
import type { AccountId, DeviceId, EntryId, Hlc, RoomId } from '../wire/entry.ts';
import type { MemberView, MessageView, RoomView } from '../talk/views.ts';
import type { Before, PoolRecord } from './talk-store.ts';

export interface SayOptions {
  /** Where: the pool's own room if not said. */
  readonly room?: RoomId;
  readonly replyTo?: EntryId;
  readonly notify?: 'everyone' | readonly AccountId[];
  /** Shows as confirmed once more than half of those who may read it have confirmed it. */
  readonly important?: boolean;
  /** Pinned for everyone. Only an owner's count. */
  readonly announcement?: boolean;
}

export interface FoundView {
  readonly pool: string;
  readonly message: MessageView;
}

/** An invitation for another device of the same person. It holds for INVITATION_MS and for one device. */
export interface LinkInvitation {
  /** Eight words with hyphens, to type. */
  readonly words: string;
  /** The same for the fragment of a link: `link=POOL/WORDS`. */
  readonly code: string;
  readonly untilMs: number;
}

/** What is known outside of any pool. Rejects with a StoreError. */
export interface TalkHistory {
  /** Pools this device has been in, last visited first. */
  pools(): Promise<PoolRecord[]>;
  /** Newest first: messages of all pools that contain all words of `query`; of `pool` only, if it is named. */
  search(query: string, limit: number, pool?: string, before?: Hlc): Promise<FoundView[]>;
  saved(limit: number, before?: Hlc): Promise<FoundView[]>;
  /** Everything kept of a pool's conversation, in pieces to be written one after the other. */
  export(pool: string, format: 'json' | 'markdown'): AsyncIterable<string>;
  /** Removes everything kept of a pool. Not while this device is in it. */
  forget(pool: string): Promise<void>;
}

/**
 * All of the pool this device is in; throws an Error outside of one. What a person writes rejects with a TalkError: `refused`
 * (no such room or message, or not theirs to do), `store-failed` or `left`. It resolves once it is on this device's disk.
 */
export interface TalkFace {
  /** This device's own id and its person's. */
  readonly self: { readonly device: DeviceId; readonly account: AccountId };
  readonly rooms: readonly RoomView[];
  /** Everyone known here, present or away. */
  readonly members: readonly MemberView[];
  /** `text`: 1 to MESSAGE_TEXT_MAX UTF-16 units of Markdown; another length throws a RangeError. */
  say(text: string, options?: SayOptions): Promise<EntryId>;
  edit(message: EntryId, text: string): Promise<void>;
  react(message: EntryId, emoji: string, on: boolean): Promise<void>;
  /** Asks every device that has it to remove it. It is a request: what others have read or copied stays with them. */
  retract(message: EntryId): Promise<void>;
  /** Confirms an important message, or takes note of an announcement. */
  confirm(message: EntryId): Promise<void>;
  /**
   * What proves to somebody who has no key here, as a server, what a message says as it stands and, if it was edited, what it
   * said first, or what a profile says (`MemberView.profile`); nothing else of the conversation. At least one. `circle`: who
   * whispers there, or nobody. Rejects with `refused` if it is this person's own, was taken back, or is not here to be read.
   */
  evidence(
    entry: EntryId,
  ): Promise<{ readonly evidence: readonly Uint8Array[]; readonly circle: readonly AccountId[] }>;
  /** Keeps it among the saved ones, on this device. */
  save(message: EntryId, on: boolean): Promise<void>;
  /** The newest announcements of a room, newest first, wherever they stand: ANNOUNCEMENTS_MAX at most. */
  announcements(room: RoomId): Promise<MessageView[]>;
  /** Takes note of an announcement, for this person on this device. */
  note(message: EntryId): Promise<void>;
  /** The whisper between this person and these others; nothing is sent yet. */
  whisper(accounts: readonly AccountId[]): Promise<RoomId>;
  /** A room inside the pool that only these accounts, and this one, can read. */
  createZone(name: string, accounts: readonly AccountId[]): Promise<RoomId>;
  changeZone(room: RoomId, name: string, accounts: readonly AccountId[]): Promise<void>;
  /** Tells those in the room that somebody writes; at most once in TYPING_MS is anything sent. */
  typing(room: RoomId): void;
  /** All of a room up to this message was read. */
  read(room: RoomId, created: Hlc): void;
  /** Messages, newest first; `before` the oldest that is known. */
  page(room: RoomId, limit: number, before?: Before): Promise<MessageView[]>;
  message(id: EntryId): Promise<MessageView | undefined>;
  /** Fetches older entries from devices here, as many as they give at once. Resolves to how many came. */
  more(): Promise<number>;
  /** Four words, the same on both screens if nobody is in between; undefined while there is no link. */
  words(device: DeviceId): readonly string[] | undefined;
  /** A person compared the words, or takes that back. */
  verify(device: DeviceId, on: boolean): Promise<void>;
  /** No new key is for this device from now on, or it may read again. */
  exclude(device: DeviceId, on: boolean): Promise<void>;
  /** Lets one more device join this person's. */
  inviteDevice(): Promise<LinkInvitation>;
  /** Becomes one of the devices of whoever made the invitation: its words, or its code. The other device is in this pool. Rejects with a TalkError `refused` or `absent`. */
  useInvitation(code: string): Promise<void>;
  /** A device of this person's that is not to be trusted any more. */
  revoke(device: DeviceId): Promise<void>;
  /** Leaves the pool for good: nothing said from now on can be read by this device. */
  quit(): Promise<void>;
}

export type TalkErrorCode = 'refused' | 'store-failed' | 'left' | 'absent';

export class TalkError extends Error {
  readonly code: TalkErrorCode;
  constructor(code: TalkErrorCode, message: string) {
    super(message);
    this.name = 'TalkError';
    this.code = code;
  }
}
