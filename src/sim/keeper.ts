// A keeper in memory for simulated pools: it keeps every log and shows the texts in it, and neither signs nor seals. What keys
// do to a conversation is simulated apart, with the real keeper (test/talk); here they would only cost time.
import type { TalkOp, TalkResult, TalkValues } from '../talk/ports.ts';
import type { ChainRecord, EntryFacts, MessageRecord } from '../talk/records.ts';
import { nextHlc } from '../talk/hlc.ts';
import { sealedMessage } from '../talk/projection.ts';
import { fromHex, joined, toHex } from '../wire/bytes.ts';
import {
  SIGNATURE_BYTES,
  decodeEntry,
  encodeEntry,
  encodeEntryHead,
  entryId,
  type DeviceId,
  type Entry,
  type Hlc,
} from '../wire/entry.ts';
import { ENTRIES_BYTES_MAX, type Range } from '../wire/talk-envelope.ts';
import { decodeContent, encodeContent } from '../wire/talk.ts';

interface Log {
  readonly author: DeviceId;
  readonly entries: Map<number, { readonly entry: Entry; readonly hash: Uint8Array }>;
}

type Sha256 = (bytes: Uint8Array) => Uint8Array;

const NOTHING = { messages: [], rooms: [], members: [] } as const;

export class SimKeeper {
  readonly #self: DeviceId;
  readonly #sha256: Sha256;
  /** The pool's chain and room. */
  readonly room: string;
  readonly #logs = new Map<DeviceId, Log>();
  #last: Hlc = 0;

  constructor(self: DeviceId, pool: string, sha256: Sha256) {
    this.#self = self;
    this.#sha256 = sha256;
    this.room = toHex(sha256(new TextEncoder().encode(pool)).subarray(0, 16));
  }

  perform(op: TalkOp): TalkResult {
    const value = this.#value(op);
    return value === undefined ? { ok: false, code: 'refused' } : { ok: true, value };
  }

  #value(op: TalkOp): TalkValues[TalkOp['op']] | undefined {
    switch (op.op) {
      case 'open': {
        const chains = [...this.#logs.values()].map((log) => recordOf(log, this.room));
        return { ...NOTHING, rooms: [ROOM(this.room)], chains, account: this.#self };
      }
      case 'met': {
        const { device, signKey, agreeKey, name, kind, role } = op.met;
        const known = { account: device, metMs: 1, verifiedMs: undefined, out: false, doubleOf: undefined };
        return { ...NOTHING, members: [{ device, signKey, agreeKey, name, kind, role, ...known }] };
      }
      case 'write':
        return op.draft.kind === 'text' ? this.#write(encodeContent(op.draft), op.nowMs) : undefined;
      case 'take':
        return this.#take(op.entries);
      case 'give':
        return this.#give(op.author, op.range);
      case 'vouch':
      case 'evidence':
        return undefined;
      default:
        return { ...NOTHING, account: this.#self };
    }
  }

  #write(body: Uint8Array, nowMs: number): TalkValues['write'] {
    const log = this.#log(this.#self);
    const seq = log.entries.size + 1;
    this.#last = nextHlc(nowMs, this.#last);
    const head = encodeEntryHead({
      kind: 'content',
      // Whoever reads it only needs an author's id.
      author: joined(fromHex(this.#self), new Uint8Array(16)),
      chain: this.room,
      seq,
      prev: log.entries.get(seq - 1)?.hash ?? new Uint8Array(32),
      created: this.#last,
      room: this.room,
      bodyBytes: body.length,
      bodyHash: this.#sha256(body),
    });
    const bytes = encodeEntry({ head, signature: new Uint8Array(SIGNATURE_BYTES), body });
    const { entries, chains, messages } = this.#take([bytes]);
    return { ...NOTHING, entries, chains, messages };
  }

  #take(given: readonly Uint8Array[]): TalkValues['take'] {
    const entries: EntryFacts[] = [];
    const messages: MessageRecord[] = [];
    const touched = new Set<Log>();
    for (const bytes of given) {
      const entry = decodeEntry(bytes.slice());
      if (entry === undefined) continue;
      const author = toHex(entry.author.subarray(0, 16));
      const log = this.#log(author);
      if (log.entries.has(entry.seq)) continue;
      const hash = this.#sha256(entry.head);
      log.entries.set(entry.seq, { entry, hash });
      touched.add(log);
      const { chain, seq, kind, created } = entry;
      entries.push({ author, chain, seq, kind, created, hash, bytes });
      const message = messageOf(author, entry);
      if (message !== undefined) messages.push(message);
    }
    const chains = [...touched].map((log) => recordOf(log, this.room));
    return { ...NOTHING, entries, chains, messages, problems: [] };
  }

  #give(author: DeviceId, { first, last }: Range): Uint8Array[] {
    const given: Uint8Array[] = [];
    let bytes = 0;
    for (let seq = first; seq <= last; seq++) {
      const entry = this.#logs.get(author)?.entries.get(seq)?.entry;
      if (entry === undefined) break;
      given.push(encodeEntry(entry));
      bytes += given.at(-1)?.length ?? 0;
      if (bytes > ENTRIES_BYTES_MAX) return given.slice(0, -1);
    }
    return given;
  }

  #log(author: DeviceId): Log {
    const log = this.#logs.get(author) ?? { author, entries: new Map() };
    this.#logs.set(author, log);
    return log;
  }
}

const ROOM = (id: string): TalkValues['open']['rooms'][number] => {
  return { id, kind: 'pool', name: '', accounts: [], founder: undefined, readTo: 0, unread: 0, lastCreated: 0 };
};

function recordOf({ author, entries }: Log, chain: string): ChainRecord {
  const ranges: { first: number; last: number }[] = [];
  for (const seq of [...entries.keys()].toSorted((a, b) => a - b)) {
    const open = ranges.at(-1);
    if (open !== undefined && seq === open.last + 1) open.last = seq;
    else ranges.push({ first: seq, last: seq });
  }
  const hash = entries.get(ranges.at(-1)?.last ?? 0)?.hash ?? new Uint8Array(32);
  return { author, chain, ranges, hash, audience: 'pool', forked: false };
}

function messageOf(author: DeviceId, { chain, seq, created, room, body }: Entry): MessageRecord | undefined {
  const content = body === undefined ? undefined : decodeContent(body);
  if (content?.kind !== 'text') return undefined;
  const { text, replyTo, notify, important, announcement } = content;
  const place = { id: entryId(author, chain, seq), author, room, seq, created };
  return { ...sealedMessage(place), state: 'here', text, replyTo, notify, important, announcement };
}
