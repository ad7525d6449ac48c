// What stands in the bodies of a log's entries, as plain unions, and their encoding (schema/talk.proto). Decoding bounds every
// field once; everything past it may trust the types.
import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { fromHex, toHex } from './bytes.ts';
import {
  ID_BYTES,
  KEY_BYTES,
  SEQ_MAX,
  SIGNATURE_BYTES,
  entryId,
  parseEntryId,
  type AccountId,
  type DeviceId,
  type EntryId,
  type RoomId,
} from './entry.ts';
import {
  AccountSchema,
  ContentSchema,
  EpochSchema,
  LeaveSchema,
  ProfileSchema,
  RetractSchema,
  RevokeSchema,
  VoteSchema,
  type Account as WireAccount,
  type Content as WireContent,
  type EntryId as WireEntryId,
} from './gen/talk_pb.ts';
import { FILES_PER_OFFER_MAX, isOfferedName, isOfferedSize } from './offered.ts';
import { cleanName, isDevice } from './signaling.ts';

/** One device vouched for by the one before it. */
export interface Certificate {
  /** Ed25519 key, 32 bytes. */
  readonly device: Uint8Array;
  readonly createdMs: number;
  readonly signature: Uint8Array;
}

/** How a device shows whose it is: `root` is the key of the person's first device; no certificates: it is the root itself. */
export interface Account {
  readonly root: Uint8Array;
  readonly certificates: readonly Certificate[];
}

export interface Wrap {
  readonly device: DeviceId;
  readonly account: AccountId;
  /** WRAP_BYTES: the epoch's key, sealed for this device. */
  readonly sealed: Uint8Array;
}

/** Bodies that everybody may read. */
export type ClearBody =
  | {
      readonly kind: 'profile';
      readonly name: string;
      readonly device: string;
      /** X25519 key, 32 bytes. */
      readonly agreeKey: Uint8Array;
      readonly account: Account;
    }
  | { readonly kind: 'epoch'; readonly number: number; readonly wraps: readonly Wrap[] }
  /** `message`: it is a message of its own, and not an edit of one. */
  | { readonly kind: 'retract'; readonly seq: number; readonly message?: true }
  | { readonly kind: 'vote'; readonly target: EntryId }
  | { readonly kind: 'leave' }
  | { readonly kind: 'revoke'; readonly device: DeviceId };

/** What is sealed for a room. */
export type Content =
  | {
      readonly kind: 'text';
      /** 1 to MESSAGE_TEXT_MAX UTF-16 units. Markdown, as people write it. */
      readonly text: string;
      readonly replyTo?: EntryId | undefined;
      /** Whom to call: everyone, or these accounts; empty for nobody. */
      readonly notify: 'everyone' | readonly AccountId[];
      /** Asks for the word of a majority. */
      readonly important: boolean;
      readonly announcement: boolean;
    }
  | { readonly kind: 'edit'; readonly target: EntryId; readonly text: string }
  | { readonly kind: 'reaction'; readonly target: EntryId; readonly emoji: string; readonly removed: boolean }
  | { readonly kind: 'zone'; readonly zone: RoomId; readonly name: string; readonly accounts: readonly AccountId[] }
  | ({ readonly kind: 'files' } & SharedFiles);

/** What an offer is of, in short. */
export interface SharedFiles {
  /** The first of them, SHARED_NAMED_MAX at most. */
  readonly files: readonly SharedFile[];
  /** How many there are: 1 to FILES_PER_OFFER_MAX. */
  readonly count: number;
  /** Of all of them together. */
  readonly bytes: number;
}

export interface SharedFile {
  /** 1 to FILE_NAME_BYTES_MAX bytes of UTF-8. Not yet safe as a path. */
  readonly name: string;
  /** 0 to 2^53-1; of a folder: of what is in it. */
  readonly bytes: number;
  /** Only of a folder: files and folders in it. */
  readonly entries?: number;
}

/** Characters (UTF-16 units) of one message: a long page. */
export const MESSAGE_TEXT_MAX = 8192;
/** UTF-16 units of a reaction: the longest family of emoji has 25. */
export const EMOJI_MAX = 32;
/** Devices that one epoch may be read by: the largest pool. */
export const WRAPS_MAX = 256;
/** Files that are named where somebody shares more: what a person reads, and far from the bound of a body. */
export const SHARED_NAMED_MAX = 16;
/** `[encapsulated key 32][sealed key 32][tag 16]` */
export const WRAP_BYTES = 80;
/** Accounts of a zone, and of a message's call. */
export const ACCOUNTS_MAX = 256;
/** Devices that vouch for one another in a row. */
export const CERTIFICATES_MAX = 8;

/** The body of an entry of the same kind. What this device made itself is in bounds. */
export function encodeClear(body: ClearBody): Uint8Array {
  switch (body.kind) {
    case 'profile': {
      const { name, device, agreeKey, account } = body;
      const value = { name, device, agreeKey: Uint8Array.from(agreeKey), account: wireAccount(account) };
      return toBinary(ProfileSchema, create(ProfileSchema, value));
    }
    case 'epoch': {
      const wraps = body.wraps.map(({ device, account, sealed }) => {
        return { device: fromHex(device), account: fromHex(account), sealed: Uint8Array.from(sealed) };
      });
      return toBinary(EpochSchema, create(EpochSchema, { number: body.number, wraps }));
    }
    case 'retract':
      return toBinary(RetractSchema, create(RetractSchema, { seq: body.seq, message: body.message === true }));
    case 'vote':
      return toBinary(VoteSchema, create(VoteSchema, { target: wireEntryId(body.target) }));
    case 'leave':
      return toBinary(LeaveSchema, create(LeaveSchema));
    case 'revoke':
      return toBinary(RevokeSchema, create(RevokeSchema, { device: fromHex(body.device) }));
  }
}

/** Undefined for anything malformed or out of bounds. */
export function decodeClear(kind: ClearBody['kind'], bytes: Uint8Array): ClearBody | undefined {
  try {
    return boundedClear(kind, bytes);
  } catch {
    return undefined; // fromBinary throws on malformed bytes: that is its whole error channel
  }
}

function boundedClear(kind: ClearBody['kind'], bytes: Uint8Array): ClearBody | undefined {
  switch (kind) {
    case 'profile': {
      const { name, device, agreeKey, account } = fromBinary(ProfileSchema, bytes, READ);
      const clean = cleanName(name);
      const whose = readAccount(account);
      if (clean === undefined || whose === undefined || !isDevice(device) || agreeKey.length !== KEY_BYTES)
        return undefined;
      return { kind, name: clean, device, agreeKey, account: whose };
    }
    case 'epoch': {
      const { number, wraps } = fromBinary(EpochSchema, bytes, READ);
      if (number === 0 || wraps.length > WRAPS_MAX) return undefined;
      const fits = wraps.every(
        (wrap) =>
          wrap.device.length === ID_BYTES && wrap.account.length === ID_BYTES && wrap.sealed.length === WRAP_BYTES,
      );
      if (!fits) return undefined;
      const read = wraps.map(({ device, account, sealed }) => {
        return { device: toHex(device), account: toHex(account), sealed };
      });
      return new Set(read.map(({ device }) => device)).size === read.length ? { kind, number, wraps: read } : undefined;
    }
    case 'retract': {
      const { seq, message } = fromBinary(RetractSchema, bytes, READ);
      return seq === 0 ? undefined : { kind, seq, ...(message ? { message } : {}) };
    }
    case 'vote': {
      const target = readEntryId(fromBinary(VoteSchema, bytes, READ).target);
      return target === undefined ? undefined : { kind, target };
    }
    case 'leave':
      fromBinary(LeaveSchema, bytes, READ);
      return { kind };
    case 'revoke': {
      const { device } = fromBinary(RevokeSchema, bytes, READ);
      return device.length === ID_BYTES ? { kind, device: toHex(device) } : undefined;
    }
  }
}

/** To be sealed. What this device made itself is in bounds. */
export function encodeContent(content: Content): Uint8Array {
  return toBinary(ContentSchema, create(ContentSchema, { body: contentBody(content) }));
}

function contentBody(content: Content): NonNullable<MessageInitShape<typeof ContentSchema>['body']> {
  switch (content.kind) {
    case 'text': {
      const { text, replyTo, notify, important, announcement } = content;
      const value = {
        text,
        important,
        announcement,
        notifyAll: notify === 'everyone',
        notify: notify === 'everyone' ? [] : notify.map((account) => fromHex(account)),
        ...(replyTo === undefined ? {} : { replyTo: wireEntryId(replyTo) }),
      };
      return { case: 'text', value };
    }
    case 'edit':
      return { case: 'edit', value: { target: wireEntryId(content.target), text: content.text } };
    case 'reaction': {
      const { target, emoji, removed } = content;
      return { case: 'reaction', value: { target: wireEntryId(target), emoji, removed } };
    }
    case 'zone': {
      const { zone, name, accounts } = content;
      return { case: 'zone', value: { zone: fromHex(zone), name, accounts: accounts.map((id) => fromHex(id)) } };
    }
    case 'files': {
      const { files, count, bytes } = content;
      return { case: 'files', value: { files: [...files], count, bytes } };
    }
  }
}

/** What was opened; undefined for anything malformed or out of bounds. */
export function decodeContent(bytes: Uint8Array): Content | undefined {
  try {
    return boundedContent(fromBinary(ContentSchema, bytes, READ).body);
  } catch {
    return undefined; // as above
  }
}

function boundedContent(body: WireContent['body']): Content | undefined {
  switch (body.case) {
    case 'text': {
      const { text, replyTo, notifyAll, notify, important, announcement } = body.value;
      const accounts = readIds(notify);
      if (!isText(text) || accounts === undefined) return undefined;
      const target = replyTo === undefined ? undefined : readEntryId(replyTo);
      if (replyTo !== undefined && target === undefined) return undefined;
      return {
        kind: 'text',
        text,
        replyTo: target,
        notify: notifyAll ? 'everyone' : accounts,
        important,
        announcement,
      };
    }
    case 'edit': {
      const target = readEntryId(body.value.target);
      return target !== undefined && isText(body.value.text)
        ? { kind: 'edit', target, text: body.value.text }
        : undefined;
    }
    case 'reaction': {
      const { emoji, removed } = body.value;
      const target = readEntryId(body.value.target);
      return target !== undefined && isEmoji(emoji) ? { kind: 'reaction', target, emoji, removed } : undefined;
    }
    case 'zone': {
      const { zone, name, accounts } = body.value;
      const clean = cleanName(name);
      const ids = readIds(accounts);
      if (zone.length !== ID_BYTES || clean === undefined || ids === undefined) return undefined;
      return { kind: 'zone', zone: toHex(zone), name: clean, accounts: ids };
    }
    case 'files': {
      const { count, bytes } = body.value;
      const files = body.value.files.map(({ name, bytes: size, entries }) => {
        return { name, bytes: size, ...(entries === undefined ? {} : { entries }) };
      });
      const shared = { files, count, bytes };
      return areShared(shared) ? { kind: 'files', ...shared } : undefined;
    }
    case undefined:
      return undefined;
  }
}

/** Whether `text` may be said: 1 to MESSAGE_TEXT_MAX UTF-16 units. */
export const isText = (text: string): boolean => text.length > 0 && text.length <= MESSAGE_TEXT_MAX;

export function areShared({ files, count, bytes }: SharedFiles): boolean {
  const fits = files.length > 0 && files.length <= Math.min(count, SHARED_NAMED_MAX) && count <= FILES_PER_OFFER_MAX;
  return fits && isOfferedSize(bytes) && files.every((file) => isOfferedName(file.name) && isOfferedSize(file.bytes));
}

/**
 * Whether it may stand as a reaction: one emoji, as Unicode builds them (UTS #51, 1.4.9). Not whether it is among those there
 * are: that changes with every version of Unicode, and all devices are to agree.
 */
export const isEmoji = (emoji: string): boolean => emoji.length <= EMOJI_MAX && EMOJI.test(emoji);

const ONE = String.raw`\p{Extended_Pictographic}(?:\ufe0f|\p{Emoji_Modifier})?(?:[\u{e0020}-\u{e007e}]+\u{e007f})?`;
/** A flag, a keycap, or pictures joined to one. */
const EMOJI = new RegExp(String.raw`^(?:\p{Regional_Indicator}{2}|[0-9#*]\ufe0f?\u20e3|${ONE}(?:\u200d${ONE})*)$`, 'u');

export function wireAccount({ root, certificates }: Account): MessageInitShape<typeof AccountSchema> {
  return {
    root: Uint8Array.from(root),
    certificates: certificates.map(({ device, createdMs, signature }) => {
      return { device: Uint8Array.from(device), createdMs, signature: Uint8Array.from(signature) };
    }),
  };
}

/** As a device keeps it: an `Account` of schema/talk.proto. */
export const encodeAccount = (account: Account): Uint8Array =>
  toBinary(AccountSchema, create(AccountSchema, wireAccount(account)));

/** Undefined for anything malformed or out of bounds. Whether the signatures hold is src/keys/account.ts' to say. */
export function decodeAccount(bytes: Uint8Array): Account | undefined {
  try {
    return readAccount(fromBinary(AccountSchema, bytes, READ));
  } catch {
    return undefined;
  }
}

/** Bounds only: whether the signatures hold is src/keys/account.ts' to say. */
export function readAccount(account: WireAccount | undefined): Account | undefined {
  if (account?.root.length !== KEY_BYTES || account.certificates.length > CERTIFICATES_MAX) return undefined;
  const fit = account.certificates.every(
    ({ device, createdMs, signature }) =>
      device.length === KEY_BYTES && Number.isFinite(createdMs) && signature.length === SIGNATURE_BYTES,
  );
  if (!fit) return undefined;
  const certificates = account.certificates.map(({ device, createdMs, signature }) => ({
    device,
    createdMs,
    signature,
  }));
  return { root: account.root, certificates };
}

function wireEntryId(id: EntryId): { author: Uint8Array<ArrayBuffer>; chain: Uint8Array<ArrayBuffer>; seq: number } {
  const parsed = parseEntryId(id);
  if (parsed === undefined) throw new RangeError(`id: expected author/chain/seq, got ${id}`);
  return { author: fromHex(parsed.author), chain: fromHex(parsed.chain), seq: parsed.seq };
}

function readEntryId(id: WireEntryId | undefined): EntryId | undefined {
  if (id?.author.length !== ID_BYTES || id.chain.length !== ID_BYTES || id.seq === 0 || id.seq > SEQ_MAX)
    return undefined;
  return entryId(toHex(id.author), toHex(id.chain), id.seq);
}

function readIds(ids: readonly Uint8Array[]): string[] | undefined {
  if (ids.length > ACCOUNTS_MAX || !ids.every((id) => id.length === ID_BYTES)) return undefined;
  return ids.map((id) => toHex(id));
}

/** Unknown fields are skipped, not kept. */
const READ = { readUnknownFields: false, recursionLimit: 8 } as const;
