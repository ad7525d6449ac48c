// A keeper of logs without keys, for tests that are about who fetches what of whom: its signatures are hashes, bodies are
// plain, and every entry is a line of text in the pool's room. Thousands of entries cost it nothing. What keys, rooms and
// records are about is tested with the real keeper.
import { createHash } from 'node:crypto';
import { holes, union, type Ranges } from '../../src/talk/ranges.ts';
import { nextHlc } from '../../src/talk/hlc.ts';
import type { Changed, TalkOp, TalkResult } from '../../src/talk/ports.ts';
import type { ChainRecord, EntryFacts, Problem } from '../../src/talk/records.ts';
import { equalBytes, toHex } from '../../src/wire/bytes.ts';
import { decodeEntry, encodeEntry, encodeEntryHead, type DeviceId, type Entry } from '../../src/wire/entry.ts';
import { ENTRIES_BYTES_MAX, ENTRIES_MAX, type Range } from '../../src/wire/talk-envelope.ts';

export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return Uint8Array.from(hash.digest());
};

export const POOL_ROOM: string = '00'.repeat(16);
const ZEROS = new Uint8Array(32);
const NOTHING: Changed = { messages: [], rooms: [], members: [] };

interface Log {
  record: ChainRecord;
  readonly entries: Map<number, Entry>;
}

const signatureOf = (head: Uint8Array): Uint8Array => Uint8Array.from([...sha256(head), ...sha256(head, head)]);
const hashOf = ({ head, signature }: Pick<Entry, 'head' | 'signature'>): Uint8Array => sha256(head, signature);
export const idOf = (key: Uint8Array): DeviceId => toHex(sha256(key).subarray(0, 16));

export class LogKeeper {
  readonly key: Uint8Array;
  readonly logs: Map<string, Log> = new Map();
  /** Every operation fails, as on a disk that is full. */
  full = false;
  /** Operations by kind, ever. */
  readonly counted: Map<string, number> = new Map();

  constructor(key: Uint8Array) {
    this.key = key;
  }

  get self(): DeviceId {
    return idOf(this.key);
  }

  /** As a restored backup would have it. */
  copy(): LogKeeper {
    const copy = new LogKeeper(this.key);
    for (const [key, { record, entries }] of this.logs) copy.logs.set(key, { record, entries: new Map(entries) });
    return copy;
  }

  perform(op: TalkOp): Promise<TalkResult> {
    this.counted.set(op.op, (this.counted.get(op.op) ?? 0) + 1);
    return Promise.resolve(this.full ? { ok: false, code: 'store-failed' } : this.#perform(op));
  }

  #perform(op: TalkOp): TalkResult {
    switch (op.op) {
      case 'open': {
        const chains = [...this.logs.values()].map(({ record }) => record);
        const room = { id: POOL_ROOM, kind: 'pool', name: '', accounts: [], founder: undefined } as const;
        const rooms = [{ ...room, readTo: 0, unread: 0, lastCreated: 0 }];
        return { ok: true, value: { ...NOTHING, rooms, chains, account: this.self } };
      }
      case 'write': {
        const text = op.draft.kind === 'text' ? op.draft.text : op.draft.kind;
        const facts = this.write(text, op.nowMs);
        return { ok: true, value: { ...NOTHING, entries: [facts], chains: this.#records([facts]) } };
      }
      case 'take':
        return this.#take(op.entries);
      case 'give': {
        const log = this.logs.get(`${op.author}/${op.chain}`);
        return { ok: true, value: log === undefined ? [] : this.give(log, op.range) };
      }
      default:
        return { ok: true, value: NOTHING };
    }
  }

  write(text: string, nowMs: number): EntryFacts {
    const { self } = this;
    const log = this.logs.get(`${self}/${POOL_ROOM}`);
    const before = log?.entries.get(log.record.ranges.at(-1)?.last ?? 0);
    const body = new TextEncoder().encode(text);
    const fields = {
      kind: 'content',
      author: this.key,
      chain: POOL_ROOM,
      seq: (before?.seq ?? 0) + 1,
      prev: before === undefined ? ZEROS : hashOf(before),
      created: nextHlc(nowMs, before?.created ?? 0),
      room: POOL_ROOM,
      bodyBytes: body.length,
      bodyHash: sha256(body),
    } as const;
    const head = encodeEntryHead(fields);
    return this.#keep({ ...fields, head, signature: signatureOf(head), body });
  }

  #take(all: readonly Uint8Array[]): TalkResult {
    const entries: EntryFacts[] = [];
    const problems: Problem[] = [];
    for (const bytes of all) {
      const entry = decodeEntry(bytes.slice());
      if (entry === undefined) {
        problems.push({ code: 'malformed', author: undefined, chain: undefined, seq: undefined });
        continue;
      }
      const author = idOf(entry.author);
      const { chain, seq } = entry;
      const log = this.logs.get(`${author}/${chain}`);
      const held = log?.entries.get(seq);
      if (!equalBytes(entry.signature, signatureOf(entry.head))) {
        problems.push({ code: 'forged', author, chain, seq });
      } else if (held !== undefined) {
        if (equalBytes(held.head, entry.head) || log === undefined || log.record.forked) continue;
        log.record = { ...log.record, forked: true };
        problems.push({ code: 'fork', author, chain, seq });
      } else if (log?.record.forked !== true) entries.push(this.#keep(entry));
    }
    return { ok: true, value: { ...NOTHING, entries, chains: this.#records(entries, problems), problems } };
  }

  #records(
    facts: readonly { author?: string | undefined; chain?: string | undefined }[],
    problems: readonly Problem[] = [],
  ): ChainRecord[] {
    const keys = new Set([...facts, ...problems].map(({ author, chain }) => `${author}/${chain}`));
    return [...keys].flatMap((key) => this.logs.get(key)?.record ?? []);
  }

  give({ entries }: Log, range: Range): Uint8Array[] {
    const given: Uint8Array[] = [];
    let bytes = 0;
    for (let seq = range.first; seq <= range.last && given.length < ENTRIES_MAX; seq++) {
      const entry = entries.get(seq);
      if (entry === undefined) break;
      const encoded = encodeEntry(entry);
      bytes += encoded.length;
      if (bytes > ENTRIES_BYTES_MAX) break;
      given.push(encoded);
    }
    return given;
  }

  #keep(entry: Entry): EntryFacts {
    const author = idOf(entry.author);
    const { chain, seq, kind, created } = entry;
    const key = `${author}/${chain}`;
    const log = this.logs.get(key);
    const ranges = union(log?.record.ranges ?? [], [{ first: seq, last: seq }]);
    const entries = (log?.entries ?? new Map<number, Entry>()).set(seq, entry);
    const last = entries.get(ranges.at(-1)?.last ?? 0) ?? entry;
    const record: ChainRecord = { author, chain, ranges, hash: hashOf(last), audience: 'pool', forked: false };
    this.logs.set(key, { record, entries });
    return { author, chain, seq, kind, created, hash: hashOf(entry), bytes: encodeEntry(entry) };
  }

  /** What is held of everything, as one line each. */
  get held(): string[] {
    const ranges = (of: Ranges): string => of.map(({ first, last }) => `${first}-${last}`).join(' ');
    return [...this.logs].map(([key, { record }]) => `${key} ${ranges(record.ranges)}`).sort();
  }

  get missing(): number {
    return [...this.logs.values()].flatMap(({ record }) => holes(record.ranges)).length;
  }
}
