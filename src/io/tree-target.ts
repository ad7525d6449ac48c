// A new directory that an archive is unpacked into. Every name is made within a directory that is held open or checked
// again, never through a link, so that nothing lands elsewhere even if somebody lays links in it meanwhile. Node only.
import { closeSync, constants, existsSync, fstatSync, futimesSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { realpathSync, utimesSync, writeSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { codeOf, failure } from './final-name.ts';
import { StoreError } from './store.ts';
import { unpackTar, type TreeSink, type UnpackLimits } from './tar-unpack.ts';
import { SMALL_BYTES, type Slices } from './file-calls.ts';

/** A sender's clock may be ahead of ours by this much; a time beyond is not believed. */
const MODIFIED_AHEAD_MS_MAX = 24 * 60 * 60 * 1000;

/** Linux names what lies in an open directory, wherever that is by now: what openat(2) does, which Node has not. */
const OPEN_DIRECTORIES = '/proc/self/fd';

const DIRECTORY_FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const FILE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

export interface UnpackOptions {
  readonly limits?: Partial<UnpackLimits>;
  /** Of the directory itself. */
  readonly modifiedMs?: number;
  /** Hold directories open by descriptor; else their real path is looked at each time. Default: where it works. */
  readonly byDescriptor?: boolean;
}

/** A time to give to a file, s since 1970; undefined for one that nobody would believe. */
export function believableSeconds(modifiedMs: number): number | undefined {
  return modifiedMs > 0 && modifiedMs <= Date.now() + MODIFIED_AHEAD_MS_MAX ? modifiedMs / 1000 : undefined;
}

/**
 * Unpacks `archive` into the directory `path`, which it makes; its parent must be there. Rejects with `store-failed`, naming
 * the entry, or `no-space`; nothing is left of it then.
 */
export async function unpackTree(
  archive: AsyncIterable<Uint8Array>,
  path: string,
  slices: Slices,
  { limits, modifiedMs = 0, byDescriptor = existsSync(OPEN_DIRECTORIES) }: UnpackOptions = {},
): Promise<void> {
  try {
    mkdirSync(path);
  } catch (error) {
    throw failure('store-failed', 'The folder cannot be unpacked', error);
  }
  try {
    const target = new TreeTarget(byDescriptor ? new HeldDirectories(path) : new CheckedDirectories(path), slices);
    try {
      await unpackTar(archive, target, limits);
      await target.finish(modifiedMs);
    } finally {
      target.close();
    }
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    throw failure('store-failed', 'The folder cannot be unpacked', error);
  }
}

/** One directory at a time, to make names in. */
interface Directories {
  /** Goes to a directory that is there. Throws Node's errors, or StoreError if it is none or not in its place. */
  enter(names: readonly string[]): void;
  /** A path for `name` in it. */
  pathOf(name: string): string;
  /** Throws a StoreError if what pathOf gave may have been elsewhere. */
  verify(): void;
  /** Throws a StoreError if the root is not where it was made. */
  verifyRoot(): void;
  setModified(seconds: number): void;
  close(): void;
}

class TreeTarget implements TreeSink {
  readonly #directories: Directories;
  readonly #slices: Slices;
  /** Set at the end, because whatever is made in a directory changes its time. */
  readonly #modified: Map<string, number> = new Map();

  constructor(directories: Directories, slices: Slices) {
    this.#directories = directories;
    this.#slices = slices;
  }

  async directory(path: string, modifiedMs: number): Promise<void> {
    await this.#make(path, (place) => {
      try {
        mkdirSync(place);
      } catch (error) {
        // Announced twice; whether it is a directory shows when it is entered.
        if (codeOf(error) !== 'EEXIST') throw error;
      }
      this.#directories.verify();
    });
    this.#modified.set(path, modifiedMs);
  }

  async file(
    path: string,
    facts: { readonly bytes: number; readonly modifiedMs: number; readonly executable: boolean },
    content: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const mode = facts.executable ? 0o777 : 0o666;
    const seconds = believableSeconds(facts.modifiedMs);
    if (facts.bytes > SMALL_BYTES || this.#slices.slow) return this.#large(path, mode, seconds, content);
    const pieces: Uint8Array[] = [];
    for await (const piece of content) pieces.push(piece);
    await this.#make(path, (place) => {
      const file = openSync(place, FILE_FLAGS, mode);
      try {
        this.#directories.verify();
        for (const piece of pieces) {
          for (let done = 0; done < piece.length;) done += writeSync(file, piece, done);
        }
        if (seconds !== undefined) futimesSync(file, Date.now() / 1000, seconds);
      } finally {
        closeSync(file);
      }
    });
  }

  async finish(modifiedMs: number): Promise<void> {
    for (const [path, directoryMs] of this.#modified) {
      await this.#during(path, () => this.#setModified(path.split('/'), directoryMs));
    }
    await this.#during('', () => {
      this.#setModified([], modifiedMs);
      this.#directories.verifyRoot();
    });
  }

  close(): void {
    this.#directories.close();
  }

  async #large(
    path: string,
    mode: number,
    seconds: number | undefined,
    content: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    try {
      const { names, name } = split(path);
      this.#directories.enter(names);
      const handle = await open(this.#directories.pathOf(name), FILE_FLAGS, mode);
      try {
        this.#directories.verify();
        for await (const piece of content) {
          for (let done = 0; done < piece.length;) done += (await handle.write(piece, done)).bytesWritten;
        }
        if (seconds !== undefined) await handle.utimes(Date.now() / 1000, seconds);
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw failure('store-failed', `${path} cannot be unpacked`, error);
    }
  }

  #make(path: string, work: (place: string) => void): Promise<void> {
    return this.#during(path, () => {
      const { names, name } = split(path);
      this.#directories.enter(names);
      work(this.#directories.pathOf(name));
    });
  }

  async #during(path: string, work: () => void): Promise<void> {
    try {
      this.#slices.sync(work);
    } catch (error) {
      throw failure('store-failed', `${path} cannot be unpacked`, error);
    }
    await this.#slices.turn();
  }

  #setModified(names: readonly string[], modifiedMs: number): void {
    const seconds = believableSeconds(modifiedMs);
    if (seconds === undefined) return;
    this.#directories.enter(names);
    this.#directories.setModified(seconds);
  }
}

/** Holds the directory and those above it open: what is made in them is made in these and no others. */
class HeldDirectories implements Directories {
  readonly #root: string;
  readonly #held: { readonly name: string; readonly descriptor: number }[];
  #top: number;

  constructor(root: string) {
    this.#root = root;
    this.#top = openSync(root, DIRECTORY_FLAGS);
    this.#held = [{ name: '', descriptor: this.#top }];
  }

  enter(names: readonly string[]): void {
    let same = 0;
    while (same < names.length && this.#held[same + 1]?.name === names[same]) same += 1;
    for (const { descriptor } of this.#held.splice(same + 1)) closeSync(descriptor);
    this.#top = this.#held.at(-1)?.descriptor ?? this.#top;
    for (const name of names.slice(same)) {
      this.#top = openSync(this.pathOf(name), DIRECTORY_FLAGS);
      this.#held.push({ name, descriptor: this.#top });
    }
  }

  pathOf(name: string): string {
    return `${OPEN_DIRECTORIES}/${this.#top}/${name}`;
  }

  verify(): void {
    // Opened within a descriptor: it cannot have been elsewhere.
  }

  verifyRoot(): void {
    this.enter([]);
    const [held, named] = [fstatSync(this.#top), lstatSync(this.#root)];
    if (held.ino !== named.ino || held.dev !== named.dev) throw moved(this.#root);
  }

  setModified(seconds: number): void {
    futimesSync(this.#top, Date.now() / 1000, seconds);
  }

  close(): void {
    for (const { descriptor } of this.#held.splice(0)) closeSync(descriptor);
  }
}

/**
 * Where there are no such names (anything but Linux): a directory must be at its real path when it is entered and after a
 * name was made in it. Who wins a race against both gets an empty file somewhere, and no byte of content.
 */
class CheckedDirectories implements Directories {
  readonly #root: string;
  #path: string;

  constructor(root: string) {
    this.#root = realpathSync(root);
    this.#path = this.#root;
  }

  enter(names: readonly string[]): void {
    this.#path = [this.#root, ...names].join(sep);
    this.verify();
  }

  pathOf(name: string): string {
    return join(this.#path, name);
  }

  verify(): void {
    if (realpathSync(this.#path) !== this.#path) throw moved(this.#path);
  }

  verifyRoot(): void {
    this.enter([]);
  }

  setModified(seconds: number): void {
    utimesSync(this.#path, Date.now() / 1000, seconds);
  }

  close(): void {
    // Nothing is held.
  }
}

function split(path: string): { readonly names: readonly string[]; readonly name: string } {
  const names = path.split('/');
  const name = names.pop() ?? '';
  return { names, name };
}

const moved = (path: string): StoreError =>
  new StoreError('store-failed', `${path} was moved while it was being written`);
