// What a device keeps of a conversation, as plain data: safe to clone, to store and to print. The keeper (src/io/keeper.ts)
// derives it from the logs; whatever order entries came in, the same entries give the same records.
import type { AccountId, ChainId, DeviceId, EntryId, EntryKind, Hlc, RoomId } from '../wire/entry.ts';
import type { Role } from '../wire/signaling.ts';
import type { SharedFiles } from '../wire/talk.ts';
import type { Range } from '../wire/talk-envelope.ts';

/** What is there of one log. */
export interface ChainRecord {
  readonly author: DeviceId;
  readonly chain: ChainId;
  /** Ascending, disjoint, not adjacent; never empty. */
  readonly ranges: readonly Range[];
  /** Of the last entry there is: its hash, 32 bytes. */
  readonly hash: Uint8Array;
  /** Who may have it: everyone in the pool, or these accounts (a whisper). */
  readonly audience: 'pool' | readonly AccountId[];
  /** Two entries with one number were signed: nothing more is taken from that chain. */
  readonly forked: boolean;
  /** The device that brought its first entry; undefined if that was written here. */
  readonly broughtBy?: DeviceId | undefined;
}

export type { Role } from '../wire/signaling.ts';

/** A device that was met, or that was heard of from one that was. */
export interface MemberRecord {
  readonly device: DeviceId;
  /** Ed25519 and X25519 keys; the latter undefined until it is known. */
  readonly signKey: Uint8Array;
  readonly agreeKey: Uint8Array | undefined;
  readonly name: string;
  /** browser | terminal | desktop */
  readonly kind: string;
  /** Of the person whose device it is: its own id until certificates say otherwise. */
  readonly account: AccountId;
  /** What the server said of it, once; an owner's announcements count. */
  readonly role: Role;
  /** Wall clock, ms since 1970: when a link to it last stood. 0: never, others told of it. */
  readonly metMs: number;
  /** Two people compared the words, then. */
  readonly verifiedMs: number | undefined;
  /** It left for good, or was revoked, or this device's owner wants it out: no new key is for it. */
  readonly out: boolean;
  /** Another device, by this id, bore that name here before: the key has changed, or somebody borrows the name. */
  readonly doubleOf: DeviceId | undefined;
  /** Wall clock, ms since 1970: since when it is known here by that name and kind. */
  readonly namedMs?: number | undefined;
  /** The newest of its profiles: name, kind, agreeKey and account are what that says. Undefined: none has come. */
  readonly profile?: { readonly entry: EntryId; readonly created: Hlc } | undefined;
}

export interface RoomRecord {
  readonly id: RoomId;
  readonly kind: 'pool' | 'zone' | 'whisper';
  /** Of a zone; else empty. */
  readonly name: string;
  /** Who is in it; empty for the pool's own, where everyone is. */
  readonly accounts: readonly AccountId[];
  /** Who may change a zone. */
  readonly founder: AccountId | undefined;
  /** All up to here was read on this device. */
  readonly readTo: Hlc;
  /** Messages of others after that. */
  readonly unread: number;
  /** Of the last message; 0: none. */
  readonly lastCreated: Hlc;
  /** Of a zone: what the next definition is weighed against. */
  readonly definition?: ZoneDefinition | undefined;
}

export interface ZoneDefinition {
  /** Of the entry whose name and accounts count: the newest of the founder's. */
  readonly created: Hlc;
  readonly author: DeviceId;
  /** Everyone whom any of the founder's definitions named, sorted: what they write there is shown. */
  readonly named: readonly AccountId[];
}

export interface ReactionRecord {
  readonly emoji: string;
  readonly device: DeviceId;
}

/** One message, with everything applied to it that has arrived so far. */
export interface MessageRecord {
  readonly id: EntryId;
  readonly author: DeviceId;
  readonly room: RoomId;
  readonly created: Hlc;
  /** here: to be read. sealed: its key is for others, or has not arrived. retracted: taken back; text is empty then. */
  readonly state: 'here' | 'sealed' | 'retracted';
  readonly text: string;
  /** It tells of files that are offered, or were: what they are. `text` is their names then, one a line. */
  readonly files?: SharedFiles | undefined;
  /** When the text that stands here was written, if it was edited. */
  readonly edited: Hlc | undefined;
  readonly replyTo: EntryId | undefined;
  readonly notify: 'everyone' | readonly AccountId[];
  readonly important: boolean;
  readonly announcement: boolean;
  readonly reactions: readonly ReactionRecord[];
  /** Devices that confirmed it, sorted; several may be one person's. */
  readonly votes: readonly DeviceId[];
  /** Accounts in the author's epoch when it was written: those who may vote. Empty unless it asks for votes. */
  readonly electorate: readonly AccountId[];
  /** Of its retract, if there is one: who has that has been told to remove it. */
  readonly retractSeq: number | undefined;
  readonly saved: boolean;
  /** Of an announcement: this person has taken note of it, on this device. */
  readonly noted?: boolean | undefined;
  /** What later entries are weighed against, so that their order does not matter. Nothing to show. */
  readonly trail?: MessageTrail | undefined;
}

export interface MessageTrail {
  /** The edit whose text stands; undefined: none was made. */
  readonly edit: EntryId | undefined;
  /** Edits of the message by its own author, by seq, ascending: they are retracted with it. */
  readonly edits: readonly number[];
  /** The newest of each device's word on each emoji, taken back or not. */
  readonly reactions: readonly {
    readonly emoji: string;
    readonly device: DeviceId;
    readonly created: Hlc;
    readonly removed: boolean;
  }[];
}

/** An entry that was written here or taken in, as the machine passes it on. */
export interface EntryFacts {
  readonly author: DeviceId;
  readonly chain: ChainId;
  readonly seq: number;
  readonly kind: EntryKind;
  readonly created: Hlc;
  readonly hash: Uint8Array;
  /** As it crosses the wire. */
  readonly bytes: Uint8Array;
}

/** Why something that arrived was not taken. A code for programs; the app has the words. */
export type ProblemCode =
  /** Its bytes make no sense, or break a bound. */
  | 'malformed'
  /** The signature is not the author's. */
  | 'forged'
  /** Two entries of one number: both are kept as proof. */
  | 'fork'
  /** It says it was written far in the future. */
  | 'future'
  /** Written before what it follows, or it follows something else. */
  | 'broken'
  /** Of another pool, or of a whisper that is none of this device's business. */
  | 'astray'
  /** More logs than one device may bring. */
  | 'crowded'
  /** The disk refused. */
  | 'store-failed';

export interface Problem {
  readonly code: ProblemCode;
  /** Whose log; undefined if it could not be read. */
  readonly author: DeviceId | undefined;
  readonly chain: ChainId | undefined;
  readonly seq: number | undefined;
}
