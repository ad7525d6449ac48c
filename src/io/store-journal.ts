// The index of a file that is being received on Node: which chunks are on disk, and their SHA-256. It is a journal beside
// the data that may lag behind it and never leads it, so what it says after a crash is true. Knows nothing of names.
//
//   [header: one line of JSON, UTF-8, ended by \n]
//   ([chunk u32 BE][SHA-256, 32 bytes] ... [0xffffffff u32 BE][seal, 32 bytes]) ...
//
// A seal is the SHA-256 of the seal before it (for the first: of the header line) and of the records since. What no seal
// follows was never said. A record of zeros takes back what was said of its chunk.
import { chunkCount, chunkLength, sameBytes } from '../share/chunks.ts';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { ChunkSet } from '../share/chunk-set.ts';
import type { FileFacts } from './store.ts';
import { CHUNKS_MAX } from '../wire/envelope.ts';
import { readFully } from './file-calls.ts';

const VERSION = 1;
const HASH_BYTES = 32;
const RECORD_BYTES = 36;
const SEAL = 0xffff_ffff;

/** Records under one seal, so that whoever reads a journal knows how far to look for it. */
const SEALED_RECORDS_MAX = 4096;

/** Longest header, bytes: a name of 255 bytes of which JSON makes six each, and numbers. */
const HEADER_BYTES_MAX = 4096;

/** A journal is read in pieces of this length, bytes; several times what one seal may cover. */
const READ_BYTES = 1024 * 1024;

/** Defaults for how far the index may lag: 8 MiB are sent again in a moment, and a flush of as much is short. */
export const FLUSH_BYTES: number = 8 * 1024 * 1024;
export const FLUSH_MS = 1000;

const NOTHING: Uint8Array = new Uint8Array(HASH_BYTES);

/** What a journal's first line says. */
export interface JournalHeader {
  readonly facts: FileFacts;
  readonly chunkBytes: number;
}

/** Appends to a journal. Nobody else may meanwhile. */
export class Journal {
  readonly #path: string;
  #length: number;
  #seal: Uint8Array;

  private constructor(path: string, length: number, seal: Uint8Array) {
    this.#path = path;
    this.#length = length;
    this.#seal = seal;
  }

  /** Makes a new one. Rejects with Node's errors, EEXIST among them. */
  static async create(path: string, { facts, chunkBytes }: JournalHeader): Promise<Journal> {
    const line = Buffer.from(`${JSON.stringify({ version: VERSION, facts, chunkBytes })}\n`);
    if (line.length > HEADER_BYTES_MAX) throw new RangeError(`facts.name: expected 1 to 255 bytes, got more`);
    const handle = await open(path, 'wx');
    try {
      await writeFully(handle, line, 0);
    } finally {
      await handle.close();
    }
    return new Journal(path, line.length, hash(line));
  }

  /**
   * Goes on with one that is there and cuts off what no seal follows. `visit` is told each record in turn, `undefined` for
   * one that takes back. Resolves to undefined if this is no journal; rejects with Node's errors.
   */
  static async open(
    path: string,
    visit: (chunk: number, sha256: Uint8Array | undefined) => void,
  ): Promise<Journal | undefined> {
    const read = await readJournal(path, visit);
    if (read === undefined) return undefined;
    const handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW);
    try {
      await handle.truncate(read.length);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    return new Journal(path, read.length, read.seal);
  }

  /**
   * Appends records (36 bytes each), sealed. With `durably`, resolves once they last through a power cut. If it
   * rejects, none of them counts.
   */
  async append(records: Uint8Array, durably: boolean): Promise<void> {
    const parts: Uint8Array[] = [];
    let seal = this.#seal;
    for (let at = 0; at < records.length; at += SEALED_RECORDS_MAX * RECORD_BYTES) {
      const sealed = records.subarray(at, at + SEALED_RECORDS_MAX * RECORD_BYTES);
      seal = hash(seal, sealed);
      parts.push(sealed, recordOf(SEAL, seal));
    }
    const bytes = Buffer.concat(parts);
    const handle = await open(this.#path, constants.O_WRONLY | constants.O_NOFOLLOW);
    try {
      await writeFully(handle, bytes, this.#length);
      if (durably) await handle.datasync();
    } finally {
      await handle.close();
    }
    this.#length += bytes.length;
    this.#seal = seal;
  }
}

/** Reads a journal's first line only. Resolves to undefined if this is no journal; rejects with Node's errors. */
export async function readHeader(path: string): Promise<JournalHeader | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const start = Buffer.allocUnsafe(HEADER_BYTES_MAX);
    return headerOf(start.subarray(0, await readFully(handle, start, 0)))?.header;
  } finally {
    await handle.close();
  }
}

/** Reads a whole journal, and how long it is up to the last good seal, bytes. As `Journal.open`, but changes nothing. */
export async function readJournal(
  path: string,
  visit: (chunk: number, sha256: Uint8Array | undefined) => void,
): Promise<{ readonly header: JournalHeader; readonly length: number; readonly seal: Uint8Array } | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const window = Buffer.allocUnsafe(READ_BYTES);
    const first = headerOf(window.subarray(0, await readFully(handle, window.subarray(0, HEADER_BYTES_MAX), 0)));
    if (first === undefined) return undefined;
    const { header } = first;
    const chunks = chunkCount(header.facts.bytes, header.chunkBytes);
    let { length, seal } = first;
    for (;;) {
      const read = window.subarray(0, await readFully(handle, window, length));
      let at = 0;
      for (let end = sealIn(read, at); end !== undefined; end = sealIn(read, at)) {
        const next = hash(seal, read.subarray(at, end));
        if (!sameBytes(next, read.subarray(end + 4, end + RECORD_BYTES))) return { header, length, seal };
        for (let record = at; record < end; record += RECORD_BYTES) {
          const chunk = read.readUInt32BE(record);
          const sha256 = read.subarray(record + 4, record + RECORD_BYTES);
          if (chunk < chunks) visit(chunk, sameBytes(sha256, NOTHING) ? undefined : sha256);
        }
        seal = next;
        length += end + RECORD_BYTES - at;
        at = end + RECORD_BYTES;
      }
      if (at === 0) return { header, length, seal };
    }
  } finally {
    await handle.close();
  }
}

export interface PartIndexOptions {
  /** Bytes stored after which, and */
  readonly flushBytes: number;
  /** ms after which what is stored is flushed and entered. */
  readonly flushMs: number;
  /** Makes all that was written to the part last through a power cut. */
  readonly flushData: () => Promise<void>;
}

/** Which chunks of a part are stored, in memory and in the part's journal. */
export class PartIndex {
  readonly #journal: Journal;
  readonly #header: JournalHeader;
  readonly #options: PartIndexOptions;
  readonly #stored: ChunkSet;
  readonly #sha256: Uint8Array;
  /** What the journal says, or may say by now. */
  readonly #claimed: ChunkSet;
  /** Stored, and not in the journal yet. */
  readonly #pending: Set<number> = new Set();
  /** In the journal, and to be taken back. */
  readonly #withdrawn: Set<number> = new Set();
  #storedBytes = 0;
  #unflushedBytes = 0;
  /** The commit that has not begun; whoever needs one joins it. */
  #next: Promise<void> | undefined;
  /** The last commit, settled or not. */
  #last: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Why nothing can be claimed any more: the system tells of lost bytes only once. */
  #failed: { readonly error: unknown } | undefined;
  #closed = false;

  private constructor(
    journal: Journal,
    header: JournalHeader,
    options: PartIndexOptions,
    claimed: ChunkSet,
    sha256: Uint8Array,
  ) {
    this.#journal = journal;
    this.#header = header;
    this.#options = options;
    this.#claimed = claimed;
    this.#stored = new ChunkSet(chunkCount(header.facts.bytes, header.chunkBytes));
    this.#sha256 = sha256;
  }

  static async create(path: string, header: JournalHeader, options: PartIndexOptions): Promise<PartIndex> {
    const chunks = chunkCount(header.facts.bytes, header.chunkBytes);
    const journal = await Journal.create(path, header);
    return new PartIndex(journal, header, options, new ChunkSet(chunks), new Uint8Array(chunks * HASH_BYTES));
  }

  /**
   * Takes up the journal of a part of this size and chunk size that is `partBytes` long by now. Resolves to undefined if it
   * is none; rejects with Node's errors.
   */
  static async open(
    path: string,
    header: JournalHeader,
    partBytes: number,
    options: PartIndexOptions,
  ): Promise<PartIndex | undefined> {
    const chunks = chunkCount(header.facts.bytes, header.chunkBytes);
    const claimed = new ChunkSet(chunks);
    const sha256 = new Uint8Array(chunks * HASH_BYTES);
    const journal = await Journal.open(path, (chunk, digest) => {
      if (digest === undefined) claimed.delete(chunk);
      else claimed.add(chunk);
      sha256.set(digest ?? NOTHING, chunk * HASH_BYTES);
    });
    if (journal === undefined) return undefined;
    const index = new PartIndex(journal, header, options, claimed, sha256);
    for (let chunk = 0; chunk < chunks; chunk++) {
      if (!claimed.has(chunk)) continue;
      const digest = index.#digestOf(chunk);
      // Somebody cut the part short: the claim is withdrawn when the chunk is written again.
      if (chunk * header.chunkBytes + index.#lengthOf(chunk) <= partBytes) index.#enter(chunk, digest);
      else digest.fill(0);
    }
    return index;
  }

  get missing(): number {
    return this.#stored.missing;
  }

  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** A copy: chunk 0 in the lowest bit of byte 0. */
  get bitmap(): Uint8Array {
    return this.#stored.bitmap.slice();
  }

  /** A copy: 32 bytes a chunk, zeros where there is none. */
  get sha256(): Uint8Array {
    return this.#sha256.slice();
  }

  has(chunk: number): boolean {
    return this.#stored.has(chunk);
  }

  /** True if the chunk is stored and has this SHA-256. */
  holds(chunk: number, sha256: Uint8Array): boolean {
    return this.has(chunk) && sameBytes(this.#digestOf(chunk), sha256);
  }

  /**
   * Before anything is written to the chunk's place: what is not there any more must not be claimed. Resolves when nothing
   * on disk claims it; returns undefined if nothing does. Rejects with Node's errors; nothing may be written then.
   */
  release(chunk: number): Promise<void> | undefined {
    if (this.#stored.delete(chunk)) this.#storedBytes -= this.#lengthOf(chunk);
    this.#digestOf(chunk).fill(0);
    this.#pending.delete(chunk);
    if (!this.#claimed.has(chunk)) return undefined;
    this.#withdrawn.add(chunk);
    return this.flush();
  }

  /** The chunk is written, or found to be there. */
  note(chunk: number, sha256: Uint8Array): void {
    this.#enter(chunk, sha256);
    this.#pending.add(chunk);
    this.#unflushedBytes += this.#lengthOf(chunk);
    if (this.#unflushedBytes >= this.#options.flushBytes) this.#flushLater(0);
    else this.#flushLater(this.#options.flushMs);
  }

  /** Flushes the data and enters in the journal what is not there yet. Rejects with Node's errors. */
  flush(): Promise<void> {
    if (this.#next === undefined) {
      this.#next = this.#last.then(() => this.#commit());
      this.#last = this.#next.catch(() => undefined);
    }
    return this.#next;
  }

  /** Nothing more will be noted. Waits for what is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#last;
  }

  /** Throws what the data could not be flushed with. */
  expectFlushed(): void {
    if (this.#failed !== undefined) throw this.#failed.error;
  }

  #enter(chunk: number, sha256: Uint8Array): void {
    if (this.#stored.add(chunk)) this.#storedBytes += this.#lengthOf(chunk);
    this.#sha256.set(sha256, chunk * HASH_BYTES);
  }

  #flushLater(ms: number): void {
    if (this.#closed || this.#next !== undefined || this.#failed !== undefined) return;
    if (ms === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#flushUnasked();
    } else {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#flushUnasked();
      }, ms).unref();
    }
  }

  #flushUnasked(): void {
    // What the data failed with stays for finish(); what the journal failed with is tried again.
    this.flush().catch(() => this.#flushLater(this.#options.flushMs));
  }

  async #commit(): Promise<void> {
    this.#next = undefined;
    this.expectFlushed();
    const entered = [...this.#pending];
    const withdrawn = [...this.#withdrawn];
    if (entered.length === 0 && withdrawn.length === 0) return;
    this.#pending.clear();
    this.#withdrawn.clear();
    this.#unflushedBytes = 0;
    // Made now: whoever releases a chunk meanwhile withdraws it after this.
    const records = Buffer.concat([
      ...withdrawn.map((chunk) => recordOf(chunk, NOTHING)),
      ...entered.map((chunk) => recordOf(chunk, this.#digestOf(chunk))),
    ]);
    for (const chunk of entered) this.#claimed.add(chunk);
    if (entered.length > 0) {
      try {
        await this.#options.flushData();
      } catch (error) {
        this.#failed = { error };
        throw error;
      }
    }
    try {
      await this.#journal.append(records, withdrawn.length > 0);
    } catch (error) {
      for (const chunk of entered) if (this.has(chunk)) this.#pending.add(chunk);
      throw error;
    }
    for (const chunk of withdrawn) this.#claimed.delete(chunk);
    for (const chunk of entered) this.#claimed.add(chunk);
  }

  #digestOf(chunk: number): Uint8Array {
    return this.#sha256.subarray(chunk * HASH_BYTES, (chunk + 1) * HASH_BYTES);
  }

  #lengthOf(chunk: number): number {
    return chunkLength(this.#header.facts.bytes, this.#header.chunkBytes, chunk);
  }
}

function headerOf(
  start: Buffer,
): { readonly header: JournalHeader; readonly length: number; readonly seal: Uint8Array } | undefined {
  const end = start.indexOf('\n');
  if (end === -1) return undefined;
  const header = parseHeader(start.toString('utf8', 0, end));
  return header === undefined ? undefined : { header, length: end + 1, seal: hash(start.subarray(0, end + 1)) };
}

function parseHeader(line: string): JournalHeader | undefined {
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isRecord(said) || said['version'] !== VERSION) return undefined;
  const { facts, chunkBytes } = said;
  if (!isRecord(facts) || !isCount(chunkBytes) || chunkBytes === 0) return undefined;
  const { name, bytes, modifiedMs, folder, entry } = facts;
  if (typeof name !== 'string' || !isCount(bytes) || typeof modifiedMs !== 'number') return undefined;
  if (chunkCount(bytes, chunkBytes) > CHUNKS_MAX) return undefined;
  const plain = { name, bytes, modifiedMs, ...(typeof entry === 'string' ? { entry } : {}) };
  if (folder === undefined) return { facts: plain, chunkBytes };
  if (!isRecord(folder) || !isCount(folder['entries']) || !isCount(folder['contentBytes'])) return undefined;
  const { entries, contentBytes } = folder;
  return { facts: { ...plain, folder: { entries, contentBytes } }, chunkBytes };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** Where the first seal from `at` on stands; undefined if there is none within reach. */
function sealIn(bytes: Buffer, at: number): number | undefined {
  const end = Math.min(bytes.length, at + (SEALED_RECORDS_MAX + 1) * RECORD_BYTES);
  for (let record = at; record + RECORD_BYTES <= end; record += RECORD_BYTES) {
    if (bytes.readUInt32BE(record) === SEAL) return record;
  }
  return undefined;
}

function recordOf(chunk: number, sha256: Uint8Array): Uint8Array {
  const record = Buffer.allocUnsafe(RECORD_BYTES);
  record.writeUInt32BE(chunk);
  record.set(sha256, 4);
  return record;
}

function hash(...parts: readonly Uint8Array[]): Uint8Array {
  const sha256 = createHash('sha256');
  for (const part of parts) sha256.update(part);
  return sha256.digest();
}

async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
