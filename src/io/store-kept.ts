// What lies in the directory for received files under temporary names: unfinished ones, each locked by the process that is
// at it. Finds those that may be taken up again and removes those that nobody came back for. Node only.
import { chunkCount, chunkLength } from '../share/chunks.ts';
import { randomBytes } from 'node:crypto';
import { lstat, open, readFile, readdir, rename, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './final-name.ts';
import { readHeader, readJournal, type JournalHeader } from './store-journal.ts';
import { ChunkSet } from '../share/chunk-set.ts';
import type { KeptFile } from './store.ts';

/** Default for how long an unfinished file is kept that nobody touches, ms: longer than most absences. */
export const KEPT_MS: number = 30 * 24 * 60 * 60 * 1000;

/** What cannot be taken up again, because data or index is missing, is removed after so long, ms: another program may be at it. */
const BROKEN_KEPT_MS = 24 * 60 * 60 * 1000;

/** A lock that cannot be read is being written, for this long at most, ms. */
const LOCK_WRITTEN_MS = 10_000;

/** A lock of another machine, or of this one before it started anew, holds as long as the part was touched this lately, ms. */
const LOCK_QUIET_MS = 60_000;

/** Identifier in temporary names, bytes: never twice in one directory. */
const ID_BYTES = 9;
const TEMPORARY = /^\.rockpool-([\w-]{12})\.(?:part|have|lock|tree)$/u;

/** Where the parts of an unfinished file lie. */
export interface PartPaths {
  /** The data. */
  readonly part: string;
  /** The index of it: store-journal.ts. */
  readonly have: string;
  /** Says which process is at it. */
  readonly lock: string;
  /** A folder that is being unpacked. */
  readonly tree: string;
}

export function newPartPaths(directory: string): PartPaths {
  return pathsOf(directory, randomBytes(ID_BYTES).toString('base64url'));
}

/** All that lie in `directory`, whole or not. */
async function partsIn(directory: string): Promise<PartPaths[]> {
  const ids = (await readdir(directory)).flatMap((name) => TEMPORARY.exec(name)?.[1] ?? []);
  return [...new Set(ids)].map((id) => pathsOf(directory, id));
}

function pathsOf(directory: string, id: string): PartPaths {
  const path = join(directory, `.rockpool-${id}`);
  return { part: `${path}.part`, have: `${path}.have`, lock: `${path}.lock`, tree: `${path}.tree` };
}

/** When data or index was last written, ms since 1970; of what else there is, if there is neither. 0: nothing is there. */
async function touchedMs({ part, have, lock, tree }: PartPaths): Promise<number> {
  const times = await Promise.all([part, have, lock, tree].map((path) => modifiedMs(path)));
  return Math.max(...times.slice(0, 2)) || Math.max(...times);
}

async function modifiedMs(path: string): Promise<number> {
  return (await lstat(path).catch(() => undefined))?.mtimeMs ?? 0;
}

/** Makes this process the one that is at a part. False if another one is, or this one already. Rejects with Node's errors. */
export async function lockPart(paths: PartPaths): Promise<boolean> {
  if (await writeLock(paths.lock)) return true;
  if (await isLocked(paths)) return false;
  // Out of the way first, so that of two that find it stale only one removes it, and then a look at what that was.
  const aside: PartPaths = { ...paths, lock: `${paths.lock}-${randomBytes(ID_BYTES).toString('base64url')}` };
  try {
    await rename(paths.lock, aside.lock);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  if (await isLocked(aside)) {
    await rename(aside.lock, paths.lock);
    return false;
  }
  await rm(aside.lock, { force: true });
  return writeLock(paths.lock);
}

export async function unlockPart({ lock }: PartPaths): Promise<void> {
  await rm(lock, { force: true });
}

/** Removes all there is of a part that this process has locked, the lock last. Rejects with Node's errors. */
export async function removePart(paths: PartPaths): Promise<void> {
  await Promise.all([rm(paths.have, { force: true }), rm(paths.tree, { force: true, recursive: true })]);
  await rm(paths.part, { force: true });
  await unlockPart(paths);
}

/** Does not change while this process lives. */
let ourselves: Promise<LockHolder> | undefined;

async function writeLock(path: string): Promise<boolean> {
  ourselves ??= processOf(process.pid);
  const holder = await ourselves;
  try {
    const handle = await open(path, 'wx');
    try {
      await handle.writeFile(JSON.stringify(holder));
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function isLocked(paths: PartPaths): Promise<boolean> {
  const text = await readFile(paths.lock, 'utf8').catch(() => undefined);
  if (text === undefined) return false;
  const holder = parseLock(text);
  if (holder === undefined) return Date.now() - (await modifiedMs(paths.lock)) < LOCK_WRITTEN_MS;
  const now = await processOf(holder.pid);
  if (holder.boot !== now.boot) return Date.now() - (await touchedMs(paths)) < LOCK_QUIET_MS;
  // A process of the same number that started at another time is another one.
  return isAlive(holder.pid) && holder.started === now.started;
}

interface LockHolder {
  readonly pid: number;
  /** When the process started, in the system's own way of saying; empty where it does not say. */
  readonly started: string;
  /** Names this run of this machine; empty where it has no name. */
  readonly boot: string;
}

/** Linux tells of any process when it started (proc(5), `stat`, field 22); elsewhere the number has to do. */
async function processOf(pid: number): Promise<LockHolder> {
  const [stat, boot] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
  ]);
  // The name in field 2 may hold anything; the fields after it cannot hold a bracket.
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return { pid, started, boot: boot.trim() };
}

function parseLock(text: string): LockHolder | undefined {
  try {
    const { pid, started, boot }: Partial<Record<string, unknown>> = JSON.parse(text);
    if (typeof started !== 'string' || typeof boot !== 'string') return undefined;
    return typeof pid === 'number' && Number.isInteger(pid) && pid > 0 ? { pid, started, boot } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not ours to signal, but there.
    return codeOf(error) === 'EPERM';
  }
}

/** A part that this process has locked. */
export interface TakenPart {
  readonly paths: PartPaths;
  /** Its length. */
  readonly bytes: number;
  /** What it takes of the disk: it may have holes. */
  readonly diskBytes: number;
}

/** The unfinished files of one directory, whoever began them. */
export class KeptParts {
  readonly #directory: string;
  readonly #keptMs: number;
  /** Those that may be taken up, by data path; found at the first use, and then what this process lets go of. */
  #found: Promise<Map<string, { readonly paths: PartPaths; readonly header: JournalHeader }>> | undefined;

  constructor(directory: string, keptMs: number) {
    this.#directory = directory;
    this.#keptMs = keptMs;
  }

  /**
   * Locks a part of a file of this name, size, chunk size and kind, if there is one that nobody is at. The first call
   * looks through the directory, and removes what is too old. Rejects with Node's errors.
   */
  async take(header: JournalHeader): Promise<TakenPart | undefined> {
    this.#found ??= this.#sweep();
    const found = await this.#found;
    for (const { paths } of [...found.values()].filter((other) => isSameFile(other.header, header))) {
      if (!(await lockPart(paths))) continue;
      found.delete(paths.part);
      const stats = await lstat(paths.part).catch(() => undefined);
      const said = await readHeader(paths.have).catch(() => undefined);
      // A second name is the final one: it was finished the moment before a crash, and writing would change that file.
      if (stats?.isFile() !== true || stats.nlink > 1 || said === undefined || !isSameFile(said, header)) {
        await removePart(paths);
        continue;
      }
      if (stats.size > header.facts.bytes) await truncate(paths.part, header.facts.bytes);
      const bytes = Math.min(stats.size, header.facts.bytes);
      // Not every platform counts blocks, of 512 bytes each.
      return { paths, bytes, diskBytes: Math.min(bytes, stats.blocks > 0 ? stats.blocks * 512 : bytes) };
    }
    return undefined;
  }

  /** Unlocks a part for another take(). */
  async giveBack(paths: PartPaths, header: JournalHeader): Promise<void> {
    (await this.#found)?.set(paths.part, { paths, header });
    await unlockPart(paths);
  }

  /** All that can be taken up, and what is in use. Rejects with Node's errors. */
  async list(): Promise<KeptFile[]> {
    const kept: KeptFile[] = [];
    for (const paths of await this.#paths()) {
      const header = await readHeader(paths.have).catch(() => undefined);
      if (header === undefined || (await modifiedMs(paths.part)) === 0) continue;
      const { facts, chunkBytes } = header;
      const verified = new ChunkSet(chunkCount(facts.bytes, chunkBytes));
      let verifiedBytes = 0;
      const visit = (chunk: number, sha256: Uint8Array | undefined): void => {
        const length = chunkLength(facts.bytes, chunkBytes, chunk);
        if (sha256 === undefined) verifiedBytes -= verified.delete(chunk) ? length : 0;
        else verifiedBytes += verified.add(chunk) ? length : 0;
      };
      // Finished or discarded this moment, if it is gone.
      if ((await readJournal(paths.have, visit).catch(() => undefined)) === undefined) continue;
      const usedMs = await touchedMs(paths);
      kept.push({ location: paths.part, facts, verifiedBytes, finished: false, pinned: true, usedMs });
    }
    return kept;
  }

  /** Removes the part whose data lies at `location`. False if there is none, or somebody is at it. Rejects with Node's errors. */
  async forget(location: string): Promise<boolean> {
    const paths = (await this.#paths()).find(({ part }) => part === location);
    if (paths === undefined || !(await lockPart(paths))) return false;
    (await this.#found)?.delete(location);
    const wasThere = (await modifiedMs(paths.part)) > 0;
    await removePart(paths);
    return wasThere;
  }

  async #paths(): Promise<PartPaths[]> {
    try {
      return await partsIn(this.#directory);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  async #sweep(): Promise<Map<string, { readonly paths: PartPaths; readonly header: JournalHeader }>> {
    const found = new Map<string, { readonly paths: PartPaths; readonly header: JournalHeader }>();
    for (const paths of await this.#paths()) {
      const header = await readHeader(paths.have).catch(() => undefined);
      const whole = header !== undefined && (await modifiedMs(paths.part)) > 0;
      const ageMs = Date.now() - (await touchedMs(paths));
      if (ageMs > (whole ? this.#keptMs : BROKEN_KEPT_MS)) {
        // What cannot be removed now is swept another time; that is no reason to refuse a new file.
        if (await lockPart(paths).catch(() => false)) await removePart(paths).catch(() => undefined);
      } else if (whole) {
        found.set(paths.part, { paths, header });
      }
    }
    return found;
  }
}

/** Whether one is worth taking up for the other: what differs inside shows chunk by chunk. */
function isSameFile(a: JournalHeader, b: JournalHeader): boolean {
  return (
    a.facts.name === b.facts.name &&
    a.facts.bytes === b.facts.bytes &&
    a.chunkBytes === b.chunkBytes &&
    (a.facts.folder === undefined) === (b.facts.folder === undefined)
  );
}
