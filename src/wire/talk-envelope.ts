// The envelopes by which logs are brought together (schema/pool.proto, 11 to 18), as plain unions. Part of envelope.ts.
import type { MessageInitShape } from '@bufbuild/protobuf';
import { fromHex, toHex } from './bytes.ts';
import {
  ENTRY_BYTES_MAX,
  ENTRY_FIXED_BYTES,
  ID_BYTES,
  SHA256_BYTES,
  type ChainId,
  type DeviceId,
  type Hlc,
  type RoomId,
} from './entry.ts';
import type { Envelope as WireEnvelope, EnvelopeSchema } from './gen/pool_pb.ts';
import { readAccount, wireAccount, type Account } from './talk.ts';

/** Sequence numbers, both ends included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

export interface Head {
  /** The device that writes the chain. */
  readonly author: DeviceId;
  readonly chain: ChainId;
  /** 1 to HEAD_RANGES_MAX, ascending, disjoint, not adjacent. */
  readonly ranges: readonly Range[];
  /** Of the last entry there is, 32 bytes. */
  readonly hash: Uint8Array;
}

/** Two entries that one device signed for one place of its log: two of one number, or one and a next that follows another. */
export interface ForkProof {
  readonly author: DeviceId;
  readonly chain: ChainId;
  /** Heads and signatures, ENTRY_FIXED_BYTES each. */
  readonly one: Uint8Array;
  readonly other: Uint8Array;
}

export type TalkEnvelope =
  | { readonly kind: 'heads'; readonly heads: readonly Head[] }
  | {
      readonly kind: 'want';
      /** 1 to 2^32-1; comes back with the answer. */
      readonly want: number;
      readonly author: DeviceId;
      readonly chain: ChainId;
      readonly range: Range;
    }
  /** `want`: what it answers; 0 if nobody asked. Entries as entry.ts lays them out, together at most ENTRIES_BYTES_MAX. */
  | { readonly kind: 'entries'; readonly want: number; readonly entries: readonly Uint8Array[] }
  | { readonly kind: 'typing'; readonly room: RoomId }
  | { readonly kind: 'read'; readonly room: RoomId; readonly created: Hlc }
  /** `proof`: 32 bytes. */
  | { readonly kind: 'link-ask'; readonly proof: Uint8Array }
  | { readonly kind: 'link-grant'; readonly account: Account }
  | ({ readonly kind: 'fork' } & ForkProof);

const TALK_KINDS = new Set(['heads', 'want', 'entries', 'typing', 'read', 'link-ask', 'link-grant', 'fork']);

export const isTalk = <E extends { readonly kind: string }>(envelope: E): envelope is Extract<E, TalkEnvelope> =>
  TALK_KINDS.has(envelope.kind);

/** Heads in one message; more take several. */
export const HEADS_MAX = 256;
/** Ranges told of one chain: what lies in further pieces is asked for again. */
export const HEAD_RANGES_MAX = 32;
/** Entries in one message, by bytes and by number: room for two of the largest, far below a link's own limit. */
export const ENTRIES_BYTES_MAX: number = 96 * 1024;
export const ENTRIES_MAX = 512;
const PROOF_BYTES = 32;

type Body = NonNullable<MessageInitShape<typeof EnvelopeSchema>['body']>;

export function talkBody(envelope: TalkEnvelope): Body {
  switch (envelope.kind) {
    case 'heads': {
      const heads = envelope.heads.map(({ author, chain, ranges, hash }) => ({
        author: fromHex(author),
        chain: fromHex(chain),
        ranges: ranges.flatMap(({ first, last }) => [first, last]),
        hash: Uint8Array.from(hash),
      }));
      return { case: 'heads', value: { heads } };
    }
    case 'want': {
      const { want, author, chain, range } = envelope;
      return { case: 'want', value: { want, author: fromHex(author), chain: fromHex(chain), ...range } };
    }
    case 'entries': {
      const entries = envelope.entries.map((entry) => Uint8Array.from(entry));
      return { case: 'entries', value: { want: envelope.want, entries } };
    }
    case 'typing':
      return { case: 'typing', value: { room: fromHex(envelope.room) } };
    case 'read':
      return { case: 'read', value: { room: fromHex(envelope.room), created: envelope.created } };
    case 'link-ask':
      return { case: 'linkAsk', value: { proof: Uint8Array.from(envelope.proof) } };
    case 'link-grant':
      return { case: 'linkGrant', value: { account: wireAccount(envelope.account) } };
    case 'fork': {
      const { author, chain, one, other } = envelope;
      const heads = { one: Uint8Array.from(one), other: Uint8Array.from(other) };
      return { case: 'fork', value: { author: fromHex(author), chain: fromHex(chain), ...heads } };
    }
  }
}

/** Undefined for anything out of bounds, and for other kinds. */
export function readTalk(body: WireEnvelope['body']): TalkEnvelope | undefined {
  switch (body.case) {
    case 'heads': {
      const heads = body.value.heads.flatMap((head) => readHead(head) ?? []);
      const whole = body.value.heads.length <= HEADS_MAX && heads.length === body.value.heads.length;
      return whole ? { kind: 'heads', heads } : undefined;
    }
    case 'want': {
      const { want, author, chain, first, last } = body.value;
      if (want === 0 || first === 0 || last < first) return undefined;
      if (author.length !== ID_BYTES || chain.length !== ID_BYTES) return undefined;
      return { kind: 'want', want, author: toHex(author), chain: toHex(chain), range: { first, last } };
    }
    case 'entries': {
      const { want, entries } = body.value;
      const bytes = entries.reduce((sum, entry) => sum + entry.length, 0);
      if (entries.length > ENTRIES_MAX || bytes > ENTRIES_BYTES_MAX) return undefined;
      const sized = entries.every(({ length }) => length >= ENTRY_FIXED_BYTES && length <= ENTRY_BYTES_MAX);
      return sized ? { kind: 'entries', want, entries } : undefined;
    }
    case 'typing':
      return body.value.room.length === ID_BYTES ? { kind: 'typing', room: toHex(body.value.room) } : undefined;
    case 'read': {
      const { room, created } = body.value;
      const fits = room.length === ID_BYTES && Number.isSafeInteger(created) && created >= 0;
      return fits ? { kind: 'read', room: toHex(room), created } : undefined;
    }
    case 'linkAsk':
      return body.value.proof.length === PROOF_BYTES ? { kind: 'link-ask', proof: body.value.proof } : undefined;
    case 'linkGrant': {
      const account = readAccount(body.value.account);
      return account === undefined ? undefined : { kind: 'link-grant', account };
    }
    case 'fork': {
      const { author, chain, one, other } = body.value;
      const sized = one.length === ENTRY_FIXED_BYTES && other.length === ENTRY_FIXED_BYTES;
      if (author.length !== ID_BYTES || chain.length !== ID_BYTES || !sized) return undefined;
      return { kind: 'fork', author: toHex(author), chain: toHex(chain), one, other };
    }
    default:
      return undefined;
  }
}

function readHead(head: {
  author: Uint8Array;
  chain: Uint8Array;
  ranges: readonly number[];
  hash: Uint8Array;
}): Head | undefined {
  const { author, chain, ranges: pairs, hash } = head;
  if (author.length !== ID_BYTES || chain.length !== ID_BYTES || hash.length !== SHA256_BYTES) return undefined;
  if (pairs.length === 0 || pairs.length % 2 !== 0 || pairs.length / 2 > HEAD_RANGES_MAX) return undefined;
  const ranges: Range[] = [];
  // Not adjacent: the last of one and the first of the next leave a gap between them.
  for (let i = 0, least = 1; i < pairs.length; i += 2) {
    const [first = 0, last = 0] = pairs.slice(i, i + 2);
    if (first < least || last < first) return undefined;
    ranges.push({ first, last });
    least = last + 2;
  }
  return { author: toHex(author), chain: toHex(chain), ranges, hash };
}
