// Unpacks a tar archive as it arrives into a sink that writes files and folders. Whatever could leave the target, is no
// plain file or folder, or exceeds a limit, is refused with the entry's name and the reason, before the sink hears of it.
import { extract } from 'tar-stream';
import type { Header } from 'tar-stream';
import { EntryGuard, ENTRIES_MAX, shownPath } from './entry-path.ts';
import { StoreError } from './store.ts';
import { TAR_BLOCK_BYTES, TAR_END_BYTES } from './tar-layout.ts';

/** What a sink is told of a file. `modifiedMs` since 1970. */
export interface UnpackedFile {
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly executable: boolean;
}

/** Where files and folders go. Paths are checked, relative and '/' separated. A rejection ends the unpacking. */
export interface TreeSink {
  /**
   * Makes a folder; its parent was announced before. A folder that the archive names only after what is in it comes twice:
   * first with the time of that, then with its own. Writing into it changes its time, so set times at the end.
   * `modifiedMs` since 1970.
   */
  directory(path: string, modifiedMs: number): Promise<void>;
  /**
   * Writes a file. `content` yields exactly `facts.bytes` bytes or throws `StoreError`; what is left unread is passed
   * over. Its pieces are views of what the archive yielded: do not change or transfer them.
   */
  file(path: string, facts: UnpackedFile, content: AsyncIterable<Uint8Array>): Promise<void>;
}

export interface UnpackLimits {
  /** Content of all files together, bytes: what the offer declares. Default: none. */
  readonly bytes: number;
  /** Files and folders, parents that the archive leaves out counted. Default 1,000,000. */
  readonly entries: number;
  /** Refuse as well what only Windows forbids (`EntryRules`). Default true. */
  readonly portable: boolean;
  /**
   * Files of up to 256 KiB that the sink is given at once; so many are held in memory then, and one larger file may be
   * written beside them. Default 1: one file after another, nothing held.
   */
  readonly filesAtOnce: number;
  /**
   * All lies in one directory, whose name is left out of the paths that the sink is given, as it is itself. What lies beside
   * it is refused. Default false.
   */
  readonly inOneFolder: boolean;
}

const UNPACK_LIMITS: UnpackLimits = {
  bytes: Number.MAX_SAFE_INTEGER,
  entries: ENTRIES_MAX,
  portable: true,
  filesAtOnce: 1,
  inOneFolder: false,
};

/** `directories` counts parents that the archive leaves out; `bytes` is content. */
export interface Unpacked {
  readonly files: number;
  readonly directories: number;
  readonly bytes: number;
}

/** Larger files are not held in memory to be written beside others: with them, one at a time is as fast. */
const HELD_FILE_BYTES_MAX = 262_144;

/** As far as a `Date` reaches, in either direction. */
const MODIFIED_MS_MAX = 8.64e15;

const OWNER_EXECUTES = 0o100;

/** What other entries are, for people; everything else is unknown. */
const REFUSED_TYPES: ReadonlyMap<string | null, string> = new Map([
  ['symlink', 'a symbolic link'],
  ['link', 'a hard link'],
  ['character-device', 'a device'],
  ['block-device', 'a device'],
  ['fifo', 'a named pipe'],
  ['contiguous-file', 'a contiguous file'],
]);

/**
 * Unpacks `archive` into `sink`, at the sink's pace. The archive's pieces must not be changed once they are yielded.
 * Rejects with `StoreError`: `store-failed` for an archive that is refused, damaged or cut short, otherwise what the
 * archive or the sink failed with. Neither is in use any more then; what the sink has written stays. Throws `RangeError`
 * for a `filesAtOnce` that is no count.
 */
export function unpackTar(
  archive: AsyncIterable<Uint8Array>,
  sink: TreeSink,
  limits: Partial<UnpackLimits> = {},
): Promise<Unpacked> {
  const all = { ...UNPACK_LIMITS, ...limits };
  if (!Number.isInteger(all.filesAtOnce) || all.filesAtOnce < 1) {
    throw new RangeError(`filesAtOnce: expected an integer from 1, got ${all.filesAtOnce}`);
  }
  return new Unpacking(sink, all).run(archive);
}

/** The parts of tar-stream's entry that are used here. */
type Entry = AsyncIterable<unknown> & { readonly header: Header; readonly offset: number };

interface CheckedEntry extends UnpackedFile {
  readonly path: string;
  readonly directory: boolean;
}

/** One archive on its way. */
class Unpacking {
  readonly #sink: TreeSink;
  readonly #limits: UnpackLimits;
  readonly #guard: EntryGuard;
  readonly #tar: ReturnType<typeof extract> = extract();
  /** The first one; it is what the caller hears. */
  #failure: StoreError | undefined;
  #files = 0;
  #bytes = 0;
  /** Where the last entry ends, and how much of the archive there was, with how many zeros at its end. */
  #entriesEnd = 0;
  #archiveBytes = 0;
  #zerosAtEnd = 0;
  #lastPath: string | undefined;
  /** What all lies in, if it is to. */
  #folder: string | undefined;
  /** Held files that are being written. */
  #running = 0;
  #onTar: () => void = () => {};
  #onWritten: () => void = () => {};

  constructor(sink: TreeSink, limits: UnpackLimits) {
    this.#sink = sink;
    this.#limits = limits;
    this.#guard = new EntryGuard({ portable: limits.portable, entries: limits.entries });
    this.#tar.on('drain', () => this.#onTar());
    this.#tar.on('close', () => this.#onTar());
  }

  async run(archive: AsyncIterable<Uint8Array>): Promise<Unpacked> {
    const fed = this.#feed(archive);
    try {
      for await (const entry of this.#tar) await this.#take(entry);
    } catch (error) {
      this.#fail(this.#damage(error));
    }
    await fed;
    while (this.#running > 0) await this.#written();
    const failure = this.#failure ?? this.#endProblem();
    if (failure) throw failure;
    return { files: this.#files, directories: this.#guard.entries - this.#files, bytes: this.#bytes };
  }

  async #feed(archive: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const piece of archive) {
        if (this.#tar.destroying) return;
        if (piece.length === 0) continue;
        this.#count(piece);
        if (!this.#tar.write(piece)) await new Promise<void>((resolve) => (this.#onTar = resolve));
      }
      this.#tar.end(undefined);
    } catch (error) {
      this.#fail(asStoreError(error, 'the archive could not be read'));
    }
  }

  #count(piece: Uint8Array): void {
    this.#archiveBytes += piece.length;
    let zeros = 0;
    while (zeros < piece.length && zeros < TAR_END_BYTES && piece[piece.length - 1 - zeros] === 0) zeros++;
    this.#zerosAtEnd = zeros === piece.length ? this.#zerosAtEnd + zeros : zeros;
  }

  async #take(entry: Entry): Promise<void> {
    const checked = this.#check(entry.header);
    const sink = (path: string): string => (this.#limits.inOneFolder ? path.slice(path.indexOf('/') + 1) : path);
    if (this.#limits.inOneFolder) this.#checkFolder(checked);
    this.#entriesEnd = entry.offset + TAR_BLOCK_BYTES + Math.ceil(checked.bytes / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
    this.#lastPath = checked.path;
    const { path, modifiedMs } = checked;
    for (const parent of this.#guard.impliedParents) {
      if (parent === this.#folder) continue;
      await this.#wrote(parent, () => this.#sink.directory(sink(parent), modifiedMs));
    }
    if (path === this.#folder) return;
    if (checked.directory) await this.#wrote(path, () => this.#sink.directory(sink(path), modifiedMs));
    else await this.#takeFile(entry, { ...checked, path: sink(path) });
  }

  #checkFolder({ path, directory }: CheckedEntry): void {
    const slash = path.indexOf('/');
    const first = slash < 0 ? path : path.slice(0, slash);
    this.#folder ??= first;
    if (first !== this.#folder || (slash < 0 && !directory)) {
      throw new StoreError('store-failed', `refused ${shownPath(path)}: it lies beside the folder`);
    }
  }

  /** Throws `StoreError` if the entry is refused; counts it otherwise. */
  #check(header: Header): CheckedEntry {
    const directory = header.type === 'directory';
    const path = directory && header.name.endsWith('/') ? header.name.slice(0, -1) : header.name;
    const refuse = (reason: string): StoreError =>
      new StoreError('store-failed', `refused ${shownPath(path)}: ${reason}`);
    const pax = paxOf(header);
    if (Object.keys(pax).some((key) => key.startsWith('GNU.sparse.'))) throw refuse('it is a sparse file');
    if (header.type !== 'file' && !directory) {
      throw refuse(`it is ${REFUSED_TYPES.get(header.type) ?? 'neither a file nor a folder'}`);
    }
    const bytes = header.size;
    if (!Number.isSafeInteger(bytes)) throw refuse('its size makes no sense');
    if (directory && bytes > 0) throw refuse('it is a folder with content of its own');
    const problem = this.#guard.add(path, directory);
    if (problem) throw new StoreError('store-failed', `refused ${problem.message}`);
    if (bytes > this.#limits.bytes - this.#bytes) throw refuse(`more than ${this.#limits.bytes} bytes in all`);
    this.#bytes += bytes;
    if (!directory) this.#files++;
    const executable = (header.mode & OWNER_EXECUTES) !== 0;
    return { path, directory, bytes, modifiedMs: modifiedMsOf(header, pax), executable };
  }

  async #takeFile(entry: Entry, { path, bytes, modifiedMs, executable }: CheckedEntry): Promise<void> {
    const facts = { bytes, modifiedMs, executable };
    const pieces = bytes === 0 ? undefined : entry[Symbol.asyncIterator]();
    if (this.#limits.filesAtOnce <= 1 || bytes > HELD_FILE_BYTES_MAX) {
      await this.#wrote(path, () => this.#sink.file(path, facts, this.#content(pieces)));
      const unread = this.#content(pieces);
      while ((await unread.next()).done !== true);
      return;
    }
    const held: Uint8Array[] = [];
    for await (const piece of this.#content(pieces)) held.push(piece);
    while (this.#running >= this.#limits.filesAtOnce) await this.#written();
    if (this.#failure) throw this.#failure;
    this.#running++;
    void this.#writeHeld(path, facts, held);
  }

  async #writeHeld(path: string, facts: UnpackedFile, held: readonly Uint8Array[]): Promise<void> {
    try {
      await this.#wrote(path, () => this.#sink.file(path, facts, replay(held)));
    } catch {
      // It is `#failure` already, and ends the loop over the entries.
    }
    this.#running--;
    this.#onWritten();
  }

  #written(): Promise<void> {
    return new Promise((resolve) => (this.#onWritten = resolve));
  }

  /** Ends where the entry does. Who stops early leaves the rest for another call; the entry's own iterator would end all. */
  async *#content(pieces: AsyncIterator<unknown> | undefined): AsyncGenerator<Uint8Array, void, undefined> {
    if (!pieces) return;
    try {
      for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) {
        if (next.value instanceof Uint8Array) yield next.value;
      }
    } catch (error) {
      // Nothing else can happen to a content: the rest of what ends it is `#failure` by now.
      throw this.#fail(this.#cutShort(error));
    }
  }

  async #wrote(path: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      throw this.#fail(asStoreError(error, `${shownPath(path)} could not be written`));
    }
  }

  /** Stops everything; `failure` counts if it is the first. */
  #fail(failure: StoreError): StoreError {
    this.#failure ??= failure;
    this.#tar.destroy(this.#failure);
    return this.#failure;
  }

  /** What tar-stream says, for people. */
  #damage(error: unknown): StoreError {
    if (error instanceof StoreError) return error;
    const reason = error instanceof Error ? error.message : String(error);
    return reason === 'Unexpected end of data' ? this.#cutShort(error) : this.#archiveError('is damaged', error);
  }

  #endProblem(): StoreError | undefined {
    const complete = this.#zerosAtEnd >= TAR_END_BYTES && this.#archiveBytes >= this.#entriesEnd + TAR_END_BYTES;
    return complete ? undefined : this.#cutShort();
  }

  #cutShort(cause?: unknown): StoreError {
    return this.#archiveError('is cut short', cause);
  }

  #archiveError(what: string, cause: unknown): StoreError {
    const where = this.#lastPath === undefined ? 'at its first entry' : `in or after ${shownPath(this.#lastPath)}`;
    return new StoreError('store-failed', `the archive ${what} ${where}`, { cause });
  }
}

async function* replay(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* pieces;
}

function asStoreError(error: unknown, what: string): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError('store-failed', `${what}: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}

/** The entry's extended header; empty without one. */
function paxOf(header: Header): { readonly mtime?: unknown } {
  return typeof header.pax === 'object' && header.pax !== null ? header.pax : {};
}

function modifiedMsOf(header: Header, pax: { readonly mtime?: unknown }): number {
  const precise = typeof pax.mtime === 'string' ? Math.round(Number(pax.mtime) * 1000) : Number.NaN;
  const ms = Number.isNaN(precise) ? header.mtime.getTime() : precise;
  return Number.isNaN(ms) ? 0 : Math.max(-MODIFIED_MS_MAX, Math.min(MODIFIED_MS_MAX, ms));
}
