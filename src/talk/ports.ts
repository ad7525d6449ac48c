// What the talk machine needs around it: links to peers, and a keeper that hashes, signs, seals and stores. Machines are
// synchronous and keys are not, so that is work which is handed out and whose result comes back.
import type { AccountId, ChainId, DeviceId, EntryId, Hlc, RoomId } from '../wire/entry.ts';
import type { Account, Content } from '../wire/talk.ts';
import type { ForkProof, Range, TalkEnvelope } from '../wire/talk-envelope.ts';
import type { ChainRecord, EntryFacts, MemberRecord, MessageRecord, Problem, Role, RoomRecord } from './records.ts';

/** The links, by device id. The pool binds them. */
export interface TalkLinks {
  /** `blocked`: it goes when the link has room, and so should whatever is no answer to anything. */
  send(peer: DeviceId, envelope: TalkEnvelope): 'ok' | 'blocked' | 'dropped';
}

/** What a person has a device write. */
export type Draft =
  | Content
  /** Of an own entry: its body goes, everywhere it arrives. */
  | { readonly kind: 'retract'; readonly target: EntryId }
  | { readonly kind: 'vote'; readonly target: EntryId }
  /** Out of this pool for good. */
  | { readonly kind: 'leave' }
  | { readonly kind: 'revoke'; readonly device: DeviceId }
  /** Says anew who this device is: its name or its account has changed. */
  | { readonly kind: 'profile' };

/** Another device, once its link is bound to its keys. */
export interface MetDevice {
  readonly device: DeviceId;
  readonly signKey: Uint8Array;
  readonly agreeKey: Uint8Array;
  readonly name: string;
  readonly kind: string;
  readonly role: Role;
}

/** Work for the keeper. All of one pool; done one after the other, in this order. */
export type TalkOp =
  /** First of all: everything that is known of this pool. */
  | { readonly op: 'open' }
  /** Of this device itself only the role is taken. */
  | { readonly op: 'met'; readonly met: MetDevice }
  /**
   * Writes an entry, and before it a profile and an epoch where they are due. It is on disk when the result comes.
   * `nowMs`: the pool's time. Fails with `refused` if there is no such room or target, or it is not this device's to do.
   * A zone's id is zoneRoom(account, salt) of projection.ts; what defines it is written in the pool's own room whatever `room`
   * says, and so are profile, leave and revoke.
   */
  | { readonly op: 'write'; readonly room: RoomId; readonly draft: Draft; readonly nowMs: number }
  /**
   * Entries of any log in any order, brought by `from`. What is known already is passed over, and so is an entry without its
   * body as long as nothing here says that it was retracted: it is missing still.
   */
  | { readonly op: 'take'; readonly from: DeviceId; readonly entries: readonly Uint8Array[]; readonly nowMs: number }
  /** As many from the start of `range` as fit ENTRIES_BYTES_MAX. */
  | { readonly op: 'give'; readonly author: DeviceId; readonly chain: ChainId; readonly range: Range }
  /** Somebody says that a log was signed twice. */
  | ({ readonly op: 'prove' } & ForkProof)
  /** All of a room up to `created` was read here. */
  | { readonly op: 'read'; readonly room: RoomId; readonly created: Hlc }
  /** Keeps a message among the saved ones, or no longer. */
  | { readonly op: 'save'; readonly message: EntryId; readonly on: boolean }
  /** An announcement needs not stay in sight any longer. */
  | { readonly op: 'note'; readonly message: EntryId }
  /**
   * What proves to somebody without a key what a message of another person says as it stands here, or what their profile says.
   * Fails with `refused` if it is this person's own, was taken back, or cannot be read here.
   */
  | { readonly op: 'evidence'; readonly entry: EntryId }
  /** Applies some more of what waited for something that has arrived: to be asked for while results say that more is due. */
  | { readonly op: 'wake' }
  /** A person verified a device's words, wants it out, or takes either back. */
  | { readonly op: 'mark'; readonly device: DeviceId; readonly verified?: boolean; readonly out?: boolean }
  /** Another device proves that it knows this one's invitation to become one of this account: resolves to what it is to show. */
  | { readonly op: 'vouch'; readonly device: DeviceId; readonly proof: Uint8Array }
  /** What another device vouched for: this device is one of that account from now on. */
  | { readonly op: 'adopt'; readonly account: Account };

/** Records that are new or have changed. */
export interface Changed {
  readonly messages: readonly MessageRecord[];
  readonly rooms: readonly RoomRecord[];
  readonly members: readonly MemberRecord[];
  /** Entries that waited for something can be applied and were too many for one operation. */
  readonly due?: boolean;
}

/** Proofs that are new here, for others to see. */
interface Forks {
  readonly forks?: readonly ForkProof[];
}

export interface TalkValues {
  readonly open: Changed & Forks & { readonly chains: readonly ChainRecord[]; readonly account: AccountId };
  readonly met: Changed;
  readonly write: Changed & { readonly entries: readonly EntryFacts[]; readonly chains: readonly ChainRecord[] };
  readonly take: Changed &
    Forks & {
      /** What was new, in the order of each chain. */
      readonly entries: readonly EntryFacts[];
      /** As they stand now: of every chain that an entry was new of. */
      readonly chains: readonly ChainRecord[];
      readonly problems: readonly Problem[];
    };
  readonly give: readonly Uint8Array[];
  /** Nothing in `chains`: it was known, or there is nothing of that log here. */
  readonly prove: Changed & Forks & { readonly chains: readonly ChainRecord[]; readonly problems: readonly Problem[] };
  readonly read: Changed;
  readonly save: Changed;
  readonly note: Changed;
  /**
   * Each as src/keys/evidence.ts has it, for those of `circle`: a whisper's accounts, or nobody for the pool's log. What is shown
   * comes first; if that is an edit, then what was said first.
   */
  readonly evidence: { readonly evidence: readonly Uint8Array[]; readonly circle: readonly AccountId[] };
  readonly wake: Changed;
  readonly mark: Changed;
  readonly vouch: Account | undefined;
  /** The profile is to be written anew then. */
  readonly adopt: Changed & { readonly account: AccountId };
}

export type TalkResult =
  | { readonly ok: true; readonly value: TalkValues[TalkOp['op']] }
  | { readonly ok: false; readonly code: 'refused' | 'store-failed' };
