// Conversations on disk: one database for each device slot, in `device-N` of the data directory. Whoever is that device has it open;
// to read what is kept beside that, its files are copied as they are at a moment, and the copy is read.
import { constants } from 'node:fs';
import { copyFile, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { deviceIn, talkFolder } from '../src/io/device-keys-files.ts';
import { StoreError } from '../src/io/store.ts';
import { SqliteTalkStore } from '../src/io/talk-sqlite.ts';
import type { DeviceId } from '../src/wire/entry.ts';
import { codeOf } from './errors.ts';

/** Its log holds what is not in the file itself yet. */
const FILES = ['talk.sqlite', 'talk.sqlite-wal'] as const;
const COPY_PREFIX = 'reading-';
/** A copy that lies there for so long was left by a process that was killed, ms. */
const COPY_MS = 60 * 60 * 1000;
/** Copies that are tried while somebody writes, and how long in between, ms. */
const TRIES = 50;
const BETWEEN_MS = 100;

export interface KeptTalk {
  readonly slot: number;
  /** Whose conversations they are; empty if its keys are gone. */
  readonly device: DeviceId;
  readonly store: SqliteTalkStore;
}

/** What every device of the data directory has kept, as it is now. Rejects with a StoreError, or the file system's error. */
export async function withKeptTalk<T>(data: string, read: (kept: readonly KeptTalk[]) => Promise<T>): Promise<T> {
  const copies: string[] = [];
  const kept: KeptTalk[] = [];
  try {
    for (const slot of await slotsIn(data)) {
      const folder = talkFolder(data, slot);
      const copy = await copyOf(folder);
      if (copy === undefined) continue;
      copies.push(copy);
      kept.push({ slot, device: (await deviceIn(data, slot)) ?? '', store: await SqliteTalkStore.open(copy) });
    }
    return await read(kept);
  } finally {
    await Promise.allSettled(kept.map(({ store }) => store.close()));
    await Promise.allSettled(copies.map((copy) => rm(copy, { recursive: true, force: true })));
  }
}

async function slotsIn(data: string): Promise<number[]> {
  const names = await readdir(data).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  const slots = names.flatMap((name) => /^device-(\d{1,3})$/u.exec(name)?.[1] ?? []);
  return slots.map(Number).toSorted((a, b) => a - b);
}

/** Undefined if nothing is kept there. The copy is as private as the folder it is made in. */
async function copyOf(folder: string): Promise<string | undefined> {
  await sweep(folder);
  const copy = await mkdtemp(join(folder, COPY_PREFIX));
  try {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const before = await stateOf(folder);
      if (before === undefined) break;
      for (const file of FILES) await copyIfThere(join(folder, file), join(copy, file));
      // What did not change meanwhile is what a crash at that moment would have left: SQLite reads that.
      if ((await stateOf(folder)) === before) return copy;
      await setTimeout(BETWEEN_MS);
    }
  } catch (error) {
    await rm(copy, { recursive: true, force: true });
    throw error;
  }
  await rm(copy, { recursive: true, force: true });
  if ((await stateOf(folder)) === undefined) return undefined;
  throw new StoreError('store-failed', `${folder} is being written to all the time`);
}

/** Removes copies that were left behind: they hold what may have been taken back since. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(COPY_PREFIX)) continue;
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
    if (mtimeMs < Date.now() - COPY_MS) await rm(path, { recursive: true, force: true });
  }
}

/** Changes with every write; undefined if there is no database. */
async function stateOf(folder: string): Promise<string | undefined> {
  const facts = await Promise.all(
    FILES.map((file) => stat(join(folder, file), { bigint: true }).catch(() => undefined)),
  );
  if (facts[0] === undefined) return undefined;
  return facts.map((each) => (each === undefined ? '' : `${each.ino} ${each.size} ${each.mtimeNs}`)).join(' ');
}

async function copyIfThere(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    // A log of an earlier try belongs to an earlier file.
    await rm(to, { force: true });
  }
}
