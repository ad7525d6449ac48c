// Conversations in a SQLite file, `talk.sqlite`: the TalkStore of Node. Columns hold keys, bytes and what is searched; the rest of
// a record is JSON, with its bytes in columns of their own. One process has it open at a time (sqlite-file.ts). SQLite runs
// on the spot, so a search looks at so many messages at once and lets others run in between. Node only.
import { setImmediate } from 'node:timers/promises';
import type { ChainRecord, MemberRecord, MessageRecord, RoomRecord } from '../talk/records.ts';
import { parseEntryId, type ChainId, type DeviceId, type EntryId, type Hlc, type RoomId } from '../wire/entry.ts';
import type { Range } from '../wire/talk-envelope.ts';
import { SqliteFile, blob, blobOrNone, integer, text, type Row } from './sqlite-file.ts';
import { MIGRATIONS } from './talk-sqlite-schema.ts';
import { searchText, searchWords, upTo } from './talk-store.ts';
import type { Before, DueRecord, EntryRecord, EpochRecord, FoundMessage, PoolRecord } from './talk-store.ts';
import type { ProofRecord, TalkBatch, TalkStore, Waiter, WaitingRecord } from './talk-store.ts';

/** Entries read at a time: one message's worth of small ones, and of the largest no more than a few megabytes. */
const ENTRIES_AT_ONCE = 64;

/** Messages a search looks at before others run: a few at first, so that it need not look at many to find common words. */
const LOOKED_AT_FIRST = 512;
const LOOKED_AT_MAX = 8_192;

/** Later than anything, and more than anything. */
const ALL = Number.MAX_SAFE_INTEGER;

const TABLES_OF_POOL = [
  'pools',
  'chains',
  'members',
  'rooms',
  'entries',
  'epochs',
  'messages',
  'waiting',
  'due',
  'proofs',
];

export class SqliteTalkStore implements TalkStore {
  readonly #file: SqliteFile;

  private constructor(file: SqliteFile) {
    this.#file = file;
  }

  /**
   * Opens what is kept in `directory`, made if it is not there. Rejects with `store-failed`, also while another process, or
   * this one already, has it open.
   */
  static async open(directory: string): Promise<SqliteTalkStore> {
    return new SqliteTalkStore(await SqliteFile.open(directory, 'talk', MIGRATIONS));
  }

  load(pool: string, author: DeviceId): ReturnType<TalkStore['load']> {
    return this.#reading((file) => ({
      chains: file.all('SELECT hash, record FROM chains WHERE pool = ?', pool).map(chainOf),
      members: file.all('SELECT sign_key, agree_key, record FROM members WHERE pool = ?', pool).map(memberOf),
      rooms: file.all('SELECT record FROM rooms WHERE pool = ?', pool).map(roomOf),
      epochs: file
        .all(
          `SELECT key, record FROM (SELECT room, max(number) AS number FROM epochs WHERE pool = ?1 AND author = ?2 GROUP BY room)
           JOIN epochs USING (room, number) WHERE pool = ?1 AND author = ?2`,
          pool,
          author,
        )
        .map(epochOf),
      due: file.all('SELECT awaited, author, chain, seq FROM due WHERE pool = ?', pool).map(dueOf),
      pool: file.all('SELECT * FROM pools WHERE pool = ?', pool).map(poolOf)[0],
    }));
  }

  async commit(pool: string, batch: TalkBatch): Promise<void> {
    try {
      this.#file.transaction(() => this.#put(pool, batch));
    } catch (error) {
      throw await this.#file.failed('The conversation cannot be stored', error);
    }
  }

  #put(pool: string, batch: TalkBatch): void {
    const file = this.#file;
    for (const { hash, ...rest } of batch.chains ?? []) {
      const { author, chain } = rest;
      file.run('REPLACE INTO chains VALUES (?, ?, ?, ?, ?)', pool, author, chain, hash, JSON.stringify(rest));
    }
    for (const { signKey, agreeKey, ...rest } of batch.members ?? []) {
      const values = [pool, rest.device, signKey, agreeKey ?? null, JSON.stringify(rest)];
      file.run('REPLACE INTO members VALUES (?, ?, ?, ?, ?)', ...values);
    }
    for (const room of batch.rooms ?? [])
      file.run('REPLACE INTO rooms VALUES (?, ?, ?)', pool, room.id, JSON.stringify(room));
    for (const { author, chain, seq, bytes } of batch.entries ?? [])
      file.run('REPLACE INTO entries VALUES (?, ?, ?, ?, ?)', pool, author, chain, seq, bytes);
    for (const { key, ...rest } of batch.epochs ?? []) {
      const values = [pool, rest.author, rest.room, rest.number, key ?? null, JSON.stringify(rest)];
      file.run('REPLACE INTO epochs VALUES (?, ?, ?, ?, ?, ?)', ...values);
    }
    for (const message of batch.messages ?? []) this.#putMessage(pool, message);
    for (const id of batch.removed ?? []) file.run('DELETE FROM messages WHERE pool = ? AND id = ?', pool, id);
    for (const { on, author, chain, seq } of batch.woken ?? []) {
      const sql = 'DELETE FROM waiting WHERE pool = ? AND awaited = ? AND author = ? AND chain = ? AND seq = ?';
      file.run(sql, pool, on, author, chain, seq);
    }
    for (const { on, after } of batch.due ?? []) {
      const cursor = [after?.author ?? null, after?.chain ?? null, after?.seq ?? null];
      file.run('REPLACE INTO due VALUES (?, ?, ?, ?, ?)', pool, on, ...cursor);
    }
    for (const on of batch.drained ?? []) file.run('DELETE FROM due WHERE pool = ? AND awaited = ?', pool, on);
    for (const { on, author, chain, seq } of batch.waiting ?? [])
      file.run('REPLACE INTO waiting VALUES (?, ?, ?, ?, ?)', pool, on, author, chain, seq);
    for (const { author, chain, seq, one, other } of batch.proofs ?? [])
      file.run('REPLACE INTO proofs VALUES (?, ?, ?, ?, ?, ?)', pool, author, chain, seq, one, other);
    if (batch.pool !== undefined) {
      const { visitedMs, unread, left } = batch.pool;
      file.run('REPLACE INTO pools VALUES (?, ?, ?, ?)', pool, visitedMs, unread, left ? 1 : 0);
    }
  }

  #putMessage(pool: string, message: MessageRecord): void {
    const { id, room, created, author, state, saved, announcement } = message;
    const [here, kept] = [state === 'here' ? 1 : 0, saved ? 1 : 0];
    const pinned = announcement ? here : 0;
    // Updated where it is: a reaction changes none of the indexes.
    this.#file.run(
      `INSERT INTO messages (pool, id, room, created, author, seq, here, saved, pinned, searched, record)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (pool, id) DO UPDATE SET room = excluded.room, created = excluded.created, author = excluded.author,
       seq = excluded.seq, here = excluded.here, saved = excluded.saved, pinned = excluded.pinned, searched = excluded.searched,
       record = excluded.record`,
      pool,
      id,
      room,
      created,
      author,
      seqOf(id),
      here,
      kept,
      pinned,
      searchText(message.text),
      JSON.stringify(message),
    );
  }

  entries(pool: string, author: DeviceId, chain: ChainId, range: Range, bytesMax: number): Promise<EntryRecord[]> {
    return this.#reading((file) => {
      const found: EntryRecord[] = [];
      for (let [bytes, first] = [0, range.first]; ;) {
        const rows = file.all(
          `SELECT seq, bytes FROM entries WHERE pool = ? AND author = ? AND chain = ? AND seq BETWEEN ? AND ?
           ORDER BY seq LIMIT ${ENTRIES_AT_ONCE}`,
          pool,
          author,
          chain,
          first,
          range.last,
        );
        for (const row of rows) {
          const entry = { author, chain, seq: integer(row, 'seq'), bytes: blob(row, 'bytes') };
          bytes += entry.bytes.length;
          if (bytes > bytesMax && found.length > 0) return found;
          found.push(entry);
          first = entry.seq + 1;
        }
        if (rows.length < ENTRIES_AT_ONCE) return found;
      }
    });
  }

  epoch(pool: string, author: DeviceId, room: RoomId, number: number): Promise<EpochRecord | undefined> {
    const sql = 'SELECT key, record FROM epochs WHERE pool = ? AND author = ? AND room = ? AND number = ?';
    return this.#reading((file) => file.all(sql, pool, author, room, number).map(epochOf)[0]);
  }

  messages(pool: string, ids: readonly EntryId[]): Promise<MessageRecord[]> {
    const sql = 'SELECT record FROM messages WHERE pool = ? AND id IN (SELECT value FROM json_each(?))';
    return this.#reading((file) => file.all(sql, pool, JSON.stringify(ids)).map(messageOf));
  }

  awaited(pool: string, on: readonly string[]): Promise<string[]> {
    const sql = `SELECT DISTINCT value FROM json_each(?2)
      WHERE EXISTS (SELECT 1 FROM waiting WHERE pool = ?1 AND awaited = value)`;
    return this.#reading((file) => file.all(sql, pool, JSON.stringify(on)).map((row) => text(row, 'value')));
  }

  waiting(pool: string, on: readonly string[], max: number = ALL, after?: Waiter): Promise<WaitingRecord[]> {
    const sql = `SELECT awaited, author, chain, seq FROM waiting
      WHERE pool = ? AND awaited = ? AND (author, chain, seq) > (?, ?, ?) ORDER BY author, chain, seq LIMIT ?`;
    return this.#reading((file) => {
      const found: WaitingRecord[] = [];
      for (const [i, each] of [...new Set(on)].entries()) {
        const { author, chain, seq } = (i === 0 ? after : undefined) ?? FIRST_WAITER;
        for (const row of file.all(sql, pool, each, author, chain, seq, max - found.length))
          found.push({ on: text(row, 'awaited'), ...placeOf(row) });
      }
      return found;
    });
  }

  proofs(pool: string): Promise<ProofRecord[]> {
    return this.#reading((file) =>
      file
        .all('SELECT author, chain, seq, one, other FROM proofs WHERE pool = ?', pool)
        .map((row) => ({ ...placeOf(row), one: blob(row, 'one'), other: blob(row, 'other') })),
    );
  }

  page(pool: string, room: RoomId, limit: number, before?: Before): Promise<MessageRecord[]> {
    const { author = '', seq = 0 } = (before?.id === undefined ? undefined : parseEntryId(before.id)) ?? {};
    return this.#reading((file) =>
      file
        .all(
          `SELECT record FROM messages WHERE pool = ? AND room = ? AND (created, author, seq) < (?, ?, ?)
           ORDER BY created DESC, author DESC, seq DESC LIMIT ?`,
          pool,
          room,
          before?.created ?? ALL,
          author,
          seq,
          Math.min(limit, ALL),
        )
        .map(messageOf),
    );
  }

  announcements(pool: string, room: RoomId, limit: number): Promise<MessageRecord[]> {
    const sql = `SELECT record FROM messages WHERE pool = ? AND room = ? AND pinned = 1
      ORDER BY created DESC, author DESC, seq DESC LIMIT ?`;
    return this.#reading((file) => file.all(sql, pool, room, limit).map(messageOf));
  }

  unread(pool: string, room: RoomId, since: Hlc, devices: readonly DeviceId[]): Promise<number> {
    const sql = `SELECT count(*) AS count FROM messages WHERE pool = ? AND room = ? AND created > ? AND here = 1
      AND author NOT IN (SELECT value FROM json_each(?))`;
    return this.#reading((file) => integer(file.all(sql, pool, room, since, JSON.stringify(devices))[0], 'count'));
  }

  async search(query: string, limit: number, pool?: string, before: Hlc = ALL): Promise<FoundMessage[]> {
    // The longest word is the rarest, as a rule.
    const [rarest, ...others] = searchWords(query).toSorted((a, b) => b.length - a.length);
    if (rarest === undefined) return [];
    const found: FoundMessage[] = [];
    for (let [below, lookedAt] = [before, LOOKED_AT_FIRST]; ; lookedAt = Math.min(4 * lookedAt, LOOKED_AT_MAX)) {
      const from = await this.#reading((file) => {
        // Whole instants, so that none is cut in two.
        const least = integer(file.all(NTH_BEFORE, below, lookedAt)[0], 'created');
        for (const row of file.all(CONTAINING, below, least, pool ?? null, rarest)) {
          if (others.every((word) => text(row, 'searched').includes(word))) found.push(foundOf(row));
        }
        return least;
      });
      if (found.length >= limit || from === 0) return upTo(limit, found);
      below = from;
      await setImmediate();
    }
  }

  saved(limit: number, before: Hlc = ALL): Promise<FoundMessage[]> {
    return this.#reading((file) =>
      file
        .all(
          `SELECT pool, record FROM messages WHERE saved = 1 AND created < ?1 AND created >= coalesce(
             (SELECT created FROM messages WHERE saved = 1 AND created < ?1 ORDER BY created DESC LIMIT 1 OFFSET ?2 - 1), 0)
           ORDER BY created DESC, author DESC, seq DESC`,
          before,
          Math.min(limit, ALL),
        )
        .map(foundOf),
    );
  }

  pools(): Promise<PoolRecord[]> {
    return this.#reading((file) => file.all('SELECT * FROM pools ORDER BY visited_ms DESC').map(poolOf));
  }

  async forget(pool: string): Promise<void> {
    try {
      this.#file.transaction(() => {
        for (const table of TABLES_OF_POOL) this.#file.run(`DELETE FROM ${table} WHERE pool = ?`, pool);
      });
      // What the log still holds of it goes too.
      this.#file.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch (error) {
      throw await this.#file.failed('The conversation cannot be removed', error);
    }
  }

  async close(): Promise<void> {
    try {
      await this.#file.close();
    } catch (error) {
      throw await this.#file.failed('The conversations cannot be closed', error);
    }
  }

  async #reading<T>(read: (file: SqliteFile) => T): Promise<T> {
    try {
      return read(this.#file);
    } catch (error) {
      throw await this.#file.failed('The conversations cannot be read', error);
    }
  }
}

/** When the so many-th message before a time was written; 0: there are not as many. */
const NTH_BEFORE = `SELECT coalesce((SELECT created FROM messages WHERE created < ?1 ORDER BY created DESC LIMIT 1 OFFSET ?2), 0)
  AS created`;

const CONTAINING = `SELECT pool, searched, record FROM messages WHERE created < ?1 AND created >= ?2
  AND (?3 IS NULL OR pool = ?3) AND instr(searched, ?4) > 0 ORDER BY created DESC, author DESC, seq DESC`;

/** Before anyone. */
const FIRST_WAITER: Waiter = { author: '', chain: '', seq: 0 };

function seqOf(id: EntryId): number {
  const { seq } = parseEntryId(id) ?? {};
  if (seq === undefined) throw new RangeError(`a message's id: expected author/chain/seq, got ${id}`);
  return seq;
}

const placeOf = (row: Row): { author: DeviceId; chain: ChainId; seq: number } => ({
  author: text(row, 'author'),
  chain: text(row, 'chain'),
  seq: integer(row, 'seq'),
});

// JSON leaves out what is undefined; a record names it.

function chainOf(row: Row): ChainRecord {
  const rest: Omit<ChainRecord, 'hash'> = JSON.parse(text(row, 'record'));
  return { ...rest, hash: blob(row, 'hash') };
}

function memberOf(row: Row): MemberRecord {
  const rest: Omit<MemberRecord, 'signKey' | 'agreeKey'> = JSON.parse(text(row, 'record'));
  const { verifiedMs, doubleOf } = rest;
  return { ...rest, signKey: blob(row, 'sign_key'), agreeKey: blobOrNone(row, 'agree_key'), verifiedMs, doubleOf };
}

function roomOf(row: Row): RoomRecord {
  const room: RoomRecord = JSON.parse(text(row, 'record'));
  return { ...room, founder: room.founder };
}

function epochOf(row: Row): EpochRecord {
  const rest: Omit<EpochRecord, 'key'> = JSON.parse(text(row, 'record'));
  return { ...rest, key: blobOrNone(row, 'key') };
}

function dueOf(row: Row): DueRecord {
  const on = text(row, 'awaited');
  return { on, after: row['author'] === null ? undefined : placeOf(row) };
}

function messageOf(row: Row): MessageRecord {
  const message: MessageRecord = JSON.parse(text(row, 'record'));
  const { edited, replyTo, retractSeq } = message;
  return { ...message, edited, replyTo, retractSeq };
}

const foundOf = (row: Row): FoundMessage => ({ pool: text(row, 'pool'), message: messageOf(row) });

const poolOf = (row: Row): PoolRecord => ({
  pool: text(row, 'pool'),
  visitedMs: integer(row, 'visited_ms'),
  unread: integer(row, 'unread'),
  left: integer(row, 'gone') === 1,
});
