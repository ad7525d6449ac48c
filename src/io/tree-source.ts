// A folder as something to read from: the bytes of its tar archive, made of the files where they lie whenever they are
// asked for. Walks the folder once; afterwards notices every file that is not what it was then. Node only.
import { closeSync, constants, fstatSync, lstatSync, opendirSync, openSync, readSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { DEPTH_MAX, ENTRIES_MAX, PATH_BYTES_MAX } from './entry-path.ts';
import { SMALL_BYTES, readFully, settled, type Slices } from './file-calls.ts';
import { safeFileName } from './file-name.ts';
import { codeOf, failure } from './final-name.ts';
import type { HandlePool } from './store-parts.ts';
import { StoreError, type FileFacts } from './store.ts';
import { TarLayout, type TreeEntry } from './tar-layout.ts';

/** What a folder may be like. */
export interface TreeLimits {
  /** Files and directories: some 200 bytes of memory each. */
  readonly entriesMax: number;
  /** Components of a path; few programs can delete what is deeper than they can name. */
  readonly depthMax: number;
  /** A path relative to the folder, UTF-8 bytes: what Linux takes at once. */
  readonly pathBytesMax: number;
}

export const TREE_LIMITS: TreeLimits = {
  entriesMax: ENTRIES_MAX,
  depthMax: DEPTH_MAX,
  pathBytesMax: PATH_BYTES_MAX,
};

/** Entries looked at in one go. */
const GROUP = 64;

/** Files of one chunk read at a time, where that happens off the main thread. */
const READ_PARALLEL = 8;

/** Whatever is in a file's place by now, opening it must neither follow a link nor wait for a pipe's other end. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What reading fails with if nothing, a link, a directory, a socket or a pipe is in a file's place. */
const REPLACED: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'ENXIO', 'ESPIPE', 'EAGAIN']);

interface Walked {
  readonly entries: readonly TreeEntry[];
  /** Modification time of each entry, ns since 1970. */
  readonly mtimesNs: BigInt64Array;
  readonly contentBytes: number;
  readonly leftOut: number;
}

/** What a folder holds, without what it would take to read it. */
export interface TreeFigures {
  readonly files: number;
  /** Paths of those within it, relative, '/' separated. */
  readonly folders: readonly string[];
  /** Of all files in it, bytes. */
  readonly contentBytes: number;
  /** Links, devices, pipes and sockets: they are not sent. */
  readonly leftOut: number;
  /** The latest time of anything in it, whole ms since 1970; 0 where there is nothing. */
  readonly modifiedMs: number;
}

/** Walks the directory `root` as `TreeSource.open` does, and fails as that would. */
export async function lookAtTree(root: string, name: string, slices: Slices): Promise<TreeFigures> {
  const { entries, contentBytes, leftOut } = await walk(root, name, slices, TREE_LIMITS);
  const folders: string[] = [];
  let modifiedMs = 0;
  for (const entry of entries) {
    if (entry.directory) folders.push(entry.path);
    modifiedMs = Math.max(modifiedMs, entry.modifiedMs);
  }
  return { files: entries.length - folders.length, folders, contentBytes, leftOut, modifiedMs };
}

export class TreeSource {
  readonly facts: FileFacts;
  /** Links, devices, pipes and sockets that are in the folder and not in the archive. */
  readonly leftOut: number;
  readonly #root: string;
  readonly #walked: Walked;
  readonly #layout: TarLayout;
  readonly #slices: Slices;

  private constructor(root: string, facts: Omit<FileFacts, 'bytes'>, walked: Walked, slices: Slices) {
    this.#root = root;
    this.#walked = walked;
    this.#slices = slices;
    // As tar would have it: who unpacks it elsewhere gets one folder.
    this.#layout = new TarLayout(walked.entries, { name: safeFileName(facts.name), modifiedMs: facts.modifiedMs });
    const folder = { entries: walked.entries.length, contentBytes: walked.contentBytes };
    this.facts = { ...facts, bytes: this.#layout.bytes, folder };
    this.leftOut = walked.leftOut;
  }

  /**
   * Walks the directory `root` (absolute), entries of each directory in the order of their names, so that the same folder
   * gives the same bytes again. Rejects with `unreadable`, naming the first entry that cannot be read or the limit.
   */
  static async open(
    root: string,
    facts: Omit<FileFacts, 'bytes'>,
    slices: Slices,
    limits: TreeLimits = TREE_LIMITS,
  ): Promise<TreeSource> {
    return new TreeSource(root, facts, await walk(root, facts.name, slices, limits), slices);
  }

  /**
   * Fills `into` with the archive's bytes from `from` on. `handles` keeps large files open between calls, under names
   * that begin with `prefix`. Rejects with `unreadable` or `changed`, naming the entry.
   */
  async read(from: number, into: Uint8Array, handles: HandlePool<FileHandle>, prefix: string): Promise<void> {
    const reading: Promise<void>[] = [];
    let at = 0;
    for (const piece of this.#layout.pieces(from, from + into.length)) {
      if (piece.kind === 'bytes') {
        into.set(piece.bytes, at);
        at += piece.bytes.length;
        continue;
      }
      const target = into.subarray(at, at + piece.length);
      at += piece.length;
      if (piece.kind === 'zeros') {
        target.fill(0);
      } else if ((this.#walked.entries[piece.entry]?.bytes ?? 0) <= SMALL_BYTES && !this.#slices.slow) {
        this.#slices.sync(() => this.#readNow(piece.entry, piece.offset, target));
        await this.#slices.turn();
      } else {
        const read = this.#readOff(piece.entry, piece.offset, target, handles, prefix);
        // Whoever waits for it below is told; until then nobody is.
        read.catch(() => undefined);
        reading.push(read);
        if (reading.length === READ_PARALLEL) await settled(reading.splice(0));
      }
    }
    await settled(reading);
  }

  #readNow(entry: number, offset: number, into: Uint8Array): void {
    try {
      const file = openSync(this.#pathOf(entry), READ_FLAGS);
      try {
        let done = 0;
        for (let count = -1; done < into.length && count !== 0; done += count) {
          count = readSync(file, into, done, into.length - done, offset + done);
        }
        this.#expectUnchanged(entry, fstatSync(file, { bigint: true }), done === into.length);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw this.#failure(entry, error);
    }
  }

  async #readOff(
    entry: number,
    offset: number,
    into: Uint8Array,
    handles: HandlePool<FileHandle>,
    prefix: string,
  ): Promise<void> {
    try {
      await handles.use(
        `${prefix}${entry}`,
        () => open(this.#pathOf(entry), READ_FLAGS),
        async (handle) => {
          const done = await readFully(handle, into, offset);
          this.#expectUnchanged(entry, await handle.stat({ bigint: true }), done === into.length);
        },
      );
    } catch (error) {
      throw this.#failure(entry, error);
    }
  }

  #pathOf(entry: number): string {
    return `${this.#root}/${this.#walked.entries[entry]?.path ?? ''}`;
  }

  #expectUnchanged(entry: number, now: BigIntStats, whole: boolean): void {
    const same =
      now.mtimeNs === this.#walked.mtimesNs[entry] && Number(now.size) === this.#walked.entries[entry]?.bytes;
    if (!same || !whole || !now.isFile()) throw this.#changed(entry);
  }

  #failure(entry: number, error: unknown): StoreError {
    if (REPLACED.has(codeOf(error))) return this.#changed(entry);
    return failure('unreadable', `${this.#nameOf(entry)} cannot be read`, error);
  }

  #changed(entry: number): StoreError {
    return new StoreError('changed', `${this.#nameOf(entry)} was changed after it was offered`);
  }

  #nameOf(entry: number): string {
    return `${this.facts.name}/${this.#walked.entries[entry]?.path ?? ''}`;
  }
}

async function walk(root: string, rootName: string, slices: Slices, limits: TreeLimits): Promise<Walked> {
  const entries: TreeEntry[] = [];
  const mtimesNs: bigint[] = [];
  let contentBytes = 0;
  let leftOut = 0;

  const visit = async (prefix: string, depth: number): Promise<void> => {
    const names = await namesIn(`${root}/${prefix}`, `${rootName}/${prefix}`, slices, limits.entriesMax);
    for (let first = 0; first < names.length; first += GROUP) {
      const paths = names.slice(first, first + GROUP).map((name) => prefix + name);
      const stats = await lookAt(root, rootName, paths, slices);
      for (const [index, found] of stats.entries()) {
        const path = paths[index] ?? '';
        const directory = found.isDirectory();
        if (!directory && !found.isFile()) {
          leftOut += 1;
          continue;
        }
        if (entries.length === limits.entriesMax) throw tooMuch(rootName, `more than ${limits.entriesMax} entries`);
        if (depth > limits.depthMax) throw tooMuch(`${rootName}/${path}`, `more than ${limits.depthMax} levels`);
        if (Buffer.byteLength(path) > limits.pathBytesMax) {
          throw tooMuch(`${rootName}/${path.slice(0, 64)}…`, `a path of more than ${limits.pathBytesMax} bytes`);
        }
        const bytes = directory ? 0 : Number(found.size);
        contentBytes += bytes;
        const modifiedMs = Number(found.mtimeMs);
        entries.push({ path, directory, bytes, modifiedMs, executable: !directory && (found.mode & 0o111n) !== 0n });
        mtimesNs.push(found.mtimeNs);
        if (directory) await visit(`${path}/`, depth + 1);
      }
      await slices.turn();
    }
  };

  await visit('', 1);
  return { entries, mtimesNs: BigInt64Array.from(mtimesNs), contentBytes, leftOut };
}

/** Names in a directory, sorted by their UTF-16 units. */
async function namesIn(path: string, shown: string, slices: Slices, namesMax: number): Promise<string[]> {
  const names: string[] = [];
  try {
    const directory = opendirSync(path, { bufferSize: 1024 });
    try {
      for (let found = directory.readSync(); found !== null; found = directory.readSync()) {
        names.push(found.name);
        if (names.length > namesMax) throw tooMuch(shown, `more than ${namesMax} entries`);
        if (names.length % GROUP === 0) await slices.turn();
      }
    } finally {
      directory.closeSync();
    }
  } catch (error) {
    throw failure('unreadable', `${shown} cannot be read`, error);
  }
  return names.sort();
}

async function lookAt(
  root: string,
  rootName: string,
  paths: readonly string[],
  slices: Slices,
): Promise<readonly BigIntStats[]> {
  const unreadable = (path: string, error: unknown): StoreError =>
    failure('unreadable', `${rootName}/${path} cannot be read`, error);
  if (slices.slow) {
    return Promise.all(
      paths.map(async (path) => {
        try {
          const stats = await lstat(`${root}/${path}`, { bigint: true });
          if (stats.isFile()) await (await open(`${root}/${path}`, READ_FLAGS)).close();
          return stats;
        } catch (error) {
          throw unreadable(path, error);
        }
      }),
    );
  }
  return slices.sync(() =>
    paths.map((path) => {
      try {
        const stats = lstatSync(`${root}/${path}`, { bigint: true });
        // Only opening it shows that it can be read; asking for permission does not see everything.
        if (stats.isFile()) closeSync(openSync(`${root}/${path}`, READ_FLAGS));
        return stats;
      } catch (error) {
        throw unreadable(path, error);
      }
    }),
  );
}

const tooMuch = (what: string, limit: string): StoreError => new StoreError('unreadable', `${what} has ${limit}`);
