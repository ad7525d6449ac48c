// A folder whose content is offered as it comes: each file and folder directly in it is one offer, made once it has been still
// for a while, made anew when it has changed, and withdrawn when it is gone. What to do with an offer is the caller's.
import { watch, type FSWatcher } from 'node:fs';
import { lstat, opendir, realpath } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { Slices } from '../src/io/file-calls.ts';
import { HostError, type HostPath } from '../src/remote/host-face.ts';
import { lookAt } from './disk.ts';

/** Files and folders of one watched folder that are offered: others take 64 offers of one device, and some are made by hand. */
export const ENTRIES_MAX = 50;

/** Folders within them that are watched; systems allow some 8,000 for all programs of a person. */
export const WATCHES_MAX = 4_000;

/** An entry whose content did not change for so long, ms, is whole. */
const STILL_MS = 2_000;

/** How long after the first sign of a new entry it is looked at for the first time, ms. */
const SOON_MS = 250;

/** How often it is asked which entries are due, ms, as long as any will be. */
const TICK_MS = 100;

/** One watch for all below a folder: elsewhere that is a watch for each file of it. */
const RECURSIVE: boolean = process.platform === 'darwin' || process.platform === 'win32';

/** Hidden files, downloads under way, what editors and office programs put beside a file that is open, and what systems put anywhere. */
const PASSED_OVER =
  /^[.]|^~\$|^#.*#$|~$|\.(?:part|partial|crdownload|opdownload|download|tmp|temp|sw[a-z])$|^(?:thumbs\.db|desktop\.ini)$/iu;

/** What an offer was made of: another size, or another latest time of anything in it, and it is another version. */
type Version = Pick<HostPath, 'bytes' | 'modifiedMs'>;

/** An offer that stands when the watch begins, of an earlier start. */
export interface WatchedOffer extends Version {
  readonly id: string;
  readonly path: string;
}

export interface WatchOptions {
  readonly folder: string;
  /** Where received files go: they are not offered again. */
  readonly into: string;
  /** All that is on offer, wherever it lies. */
  readonly offered: readonly WatchedOffer[];
  /** Offers what lies at `path` and resolves to the offer's id. */
  readonly offer: (path: string) => Promise<string>;
  readonly withdraw: (id: string) => Promise<void>;
  /** A line for the person. */
  readonly onTrouble: (text: string) => void;
  /** Default STILL_MS. */
  readonly stillMs?: number;
}

/** A file or folder directly in the watched one. */
interface Entry {
  /** When to look at it, by `performance.now()`; undefined while nothing happens to it. */
  dueMs: number | undefined;
  seen: Version | undefined;
  offered: (Version & { readonly id: string }) | undefined;
  /** Of the folders it consists of, by path. */
  readonly watches: Map<string, FSWatcher>;
}

/** Rejects with a HostError `refused` if what is received into `into` would lie in `folder`. Both may not be there yet. */
export async function requireNotReceived(folder: string, into: string): Promise<void> {
  const [outer = '', inner = ''] = await Promise.all(
    [folder, into].map((path) => realpath(path).catch(() => resolve(path))),
  );
  const way = relative(outer, inner);
  if (way === '..' || way.startsWith(`..${sep}`) || resolve(outer, way) !== inner) return;
  throw new HostError('refused', 'Received files go to this folder. Choose another one to share.');
}

export class FolderWatch {
  readonly #options: WatchOptions;
  readonly #folder: string;
  readonly #stillMs: number;
  readonly #slices: Slices = new Slices();
  readonly #entries: Map<string, Entry> = new Map();
  /** What the person was told already. */
  readonly #told: Set<string> = new Set();
  #root: FSWatcher | undefined;
  #watches = 0;
  /** There are more entries than may be. */
  #full = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #working: Promise<void> = Promise.resolve();
  #stopped = false;

  private constructor(options: WatchOptions) {
    this.#options = options;
    this.#folder = resolve(options.folder);
    this.#stillMs = options.stillMs ?? STILL_MS;
  }

  /** Rejects with a HostError: `refused` if received files go there, `unreadable` if it cannot be watched. */
  static async start(options: WatchOptions): Promise<FolderWatch> {
    await requireNotReceived(options.folder, options.into);
    const started = new FolderWatch(options);
    await started.#start();
    return started;
  }

  /** Nothing is offered or withdrawn any more once it resolves. What is on offer stays. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#root?.close();
    for (const entry of this.#entries.values()) this.#unwatch(entry);
    await this.#working;
  }

  async #start(): Promise<void> {
    try {
      // Before it is read, so that nothing comes unseen in between.
      this.#root = watch(this.#folder, { recursive: RECURSIVE }, (_event, name) => this.#onEvent(name));
      this.#root.on('error', () => this.#onEvent(null));
      for (const { path, ...offered } of this.#options.offered) {
        if (resolve(path, '..') === this.#folder) this.#entry(basename(path)).offered = offered;
      }
      await this.#scan();
    } catch (error) {
      this.#root?.close();
      throw new HostError('unreadable', `${basename(this.#folder)} cannot be watched.`, { cause: error });
    }
  }

  /** Takes notice of all that lies in the folder. Rejects with Node's errors. */
  async #scan(): Promise<void> {
    this.#full = false;
    for (const entry of this.#entries.values()) this.#due(entry, 0);
    for await (const { name } of await opendir(this.#folder, { bufferSize: 1024 })) {
      if (this.#entries.has(name)) continue;
      this.#touch(name, 0);
      if (this.#full) return;
    }
  }

  /** Something happened to `path` in the folder (to its first component, that is), or nobody knows to what. */
  #onEvent(path: string | null): void {
    if (this.#stopped) return;
    const [name = ''] = (path ?? '').split(sep);
    if (name === '') for (const entry of this.#entries.values()) this.#due(entry, this.#stillMs);
    else this.#touch(name, SOON_MS);
  }

  #touch(name: string, soonMs: number): void {
    if (PASSED_OVER.test(name)) return;
    const known = this.#entries.get(name);
    if (known === undefined && this.#entries.size >= ENTRIES_MAX) {
      this.#full = true;
      this.#tell(
        `${basename(this.#folder)} has more than ${ENTRIES_MAX} files and folders. The others are not offered.`,
      );
      return;
    }
    const entry = known ?? this.#entry(name);
    this.#due(entry, entry.seen === undefined ? soonMs : this.#stillMs);
  }

  #entry(name: string): Entry {
    const entry: Entry = { dueMs: undefined, seen: undefined, offered: undefined, watches: new Map() };
    this.#entries.set(name, entry);
    return entry;
  }

  #due(entry: Entry, inMs: number): void {
    entry.dueMs = performance.now() + inMs;
    this.#arm();
  }

  #arm(): void {
    if (this.#stopped || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      // One after the other: what is offered at once would only wait for the disk at once.
      this.#working = this.#work().finally(() => {
        this.#timer = undefined;
        if ([...this.#entries.values()].some(({ dueMs }) => dueMs !== undefined)) this.#arm();
      });
    }, TICK_MS);
  }

  async #work(): Promise<void> {
    for (const [name, entry] of this.#entries) {
      if (this.#stopped) return;
      if (entry.dueMs === undefined || entry.dueMs > performance.now()) continue;
      entry.dueMs = undefined;
      try {
        await this.#look(name, entry);
      } catch (error) {
        this.#tell(error instanceof Error ? error.message : String(error));
      }
    }
  }

  /** Rejects with what the person is to be told. */
  async #look(name: string, entry: Entry): Promise<void> {
    const path = join(this.#folder, name);
    const facts = await lstat(path).catch(() => undefined);
    // Links are passed over: what they point to is not watched, and may be what was received.
    if (facts === undefined || facts.isSymbolicLink()) return this.#gone(name, entry);
    const { found, folders } = await lookAt(path, this.#slices);
    if (this.#stopped) return;
    if (found.folder !== undefined && !RECURSIVE) this.#watchAll(name, entry, ['', ...folders]);
    // Something happened meanwhile.
    if (entry.dueMs !== undefined) return;
    const { offered, seen } = entry;
    const { bytes, modifiedMs } = found;
    entry.seen = { bytes, modifiedMs };
    if (offered !== undefined && isSame(offered, found)) return;
    if (offered !== undefined) {
      entry.offered = undefined;
      await this.#options.withdraw(offered.id);
    }
    // Watched from now on: had anything happened in between, it would have been looked at anew.
    if (seen === undefined || !isSame(seen, found)) return this.#due(entry, this.#stillMs);
    entry.offered = { id: await this.#options.offer(path), bytes, modifiedMs };
  }

  async #gone(name: string, entry: Entry): Promise<void> {
    this.#unwatch(entry);
    this.#entries.delete(name);
    if (entry.offered !== undefined) await this.#options.withdraw(entry.offered.id);
    if ((await lstat(this.#folder).catch(() => undefined)) === undefined) {
      // The system tells of the folder, and not of what is in it.
      for (const other of this.#entries.values()) this.#due(other, 0);
      throw new Error(`${basename(this.#folder)} is not there any more. Nothing in it is offered.`);
    }
    if (this.#full) await this.#scan();
  }

  /** Watches these folders of an entry, relative to it, and no others. */
  #watchAll(name: string, entry: Entry, folders: readonly string[]): void {
    const wanted = new Set(folders);
    for (const folder of entry.watches.keys()) if (!wanted.has(folder)) this.#unwatchOne(entry, folder);
    for (const folder of folders) {
      if (entry.watches.has(folder)) continue;
      if (this.#watches >= WATCHES_MAX) return this.#tell(`Changes deep inside ${name} may go unnoticed.`);
      try {
        const watcher = watch(join(this.#folder, name, folder), (event, within) => {
          // A folder that was replaced is another one.
          if (event === 'rename') this.#unwatchOne(entry, folder === '' ? String(within) : `${folder}/${within}`);
          this.#onEvent(name);
        });
        watcher.on('error', () => this.#unwatchOne(entry, folder));
        entry.watches.set(folder, watcher);
        this.#watches += 1;
      } catch {
        // Gone again, of which the folder above tells; or the system allows no more.
        return this.#tell(`Changes deep inside ${name} may go unnoticed.`);
      }
    }
  }

  #unwatch(entry: Entry): void {
    for (const folder of entry.watches.keys()) this.#unwatchOne(entry, folder);
  }

  #unwatchOne(entry: Entry, folder: string): void {
    const watcher = entry.watches.get(folder);
    if (watcher === undefined) return;
    entry.watches.delete(folder);
    this.#watches -= 1;
    watcher.close();
  }

  #tell(text: string): void {
    if (this.#told.has(text) || this.#stopped) return;
    this.#told.add(text);
    this.#options.onTrouble(text);
  }
}

/** Times by whole ms: some that know an offer keep no more of them. */
const isSame = (one: Version, other: Version): boolean =>
  one.bytes === other.bytes && Math.trunc(one.modifiedMs) === Math.trunc(other.modifiedMs);
