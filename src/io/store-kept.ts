// What lies in the directory for received files under temporary names: unfinished ones, each locked by the process that is
// at it. Finds those that may be taken up again and removes those that nobody came back for. Node only.
import { chunkCount, chunkLength } from '../share/chunks.ts';
import { randomBytes } from 'node:crypto';
import { lstat, readdir, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './final-name.ts';
import { modifiedMs, releaseLock, takeLock } from './lock-file.ts';
import { readHeader, readJournal, type JournalHeader } from './store-journal.ts';
import { ChunkSet } from '../share/chunk-set.ts';
import type { KeptFile } from './store.ts';

/** Default for how long an unfinished file is kept that nobody touches, ms: longer than most absences. */
export const KEPT_MS: number = 30 * 24 * 60 * 60 * 1000;

/** What cannot be taken up again, because data or index is missing, is removed after so long, ms: another program may be at it. */
const BROKEN_KEPT_MS = 24 * 60 * 60 * 1000;

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

/** Makes this process the one that is at a part. False if another one is, or this one already. Rejects with Node's errors. */
export function lockPart(paths: PartPaths): Promise<boolean> {
  return takeLock(paths.lock, (lock) => touchedMs({ ...paths, lock }));
}

export function unlockPart({ lock }: PartPaths): Promise<void> {
  return releaseLock(lock);
}

/** Removes all there is of a part that this process has locked, the lock last. Rejects with Node's errors. */
export async function removePart(paths: PartPaths): Promise<void> {
  await Promise.all([rm(paths.have, { force: true }), rm(paths.tree, { force: true, recursive: true })]);
  await rm(paths.part, { force: true });
  await unlockPart(paths);
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
