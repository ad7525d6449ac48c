// Gives a finished file or folder its final name in a directory, without ever replacing what is there, and turns what
// Node's file calls fail with into what a store fails with. Node only.
import { constants } from 'node:fs';
import { link, mkdir, open, rename, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { numberedFileName } from './file-name.ts';
import { StoreError, type StoreErrorCode } from './store.ts';

/** Names tried when one is taken: `name`, `name (2)`, `name (3)` ... */
const NAMES_TRIED_MAX = 10_000;

/**
 * Moves the file `path` to `name` in `directory`, or to the first numbered name that is free. Resolves to the whole
 * path; rejects with Node's errors.
 */
export function giveName(path: string, directory: string, name: string): Promise<string> {
  return firstFree(directory, name, (final) => moveWithoutReplacing(path, final));
}

/** The same for the directory `path`, which must be on the same file system. */
export function giveDirectoryName(path: string, directory: string, name: string): Promise<string> {
  return firstFree(directory, name, (final) => moveDirectoryWithoutReplacing(path, final));
}

async function firstFree(directory: string, name: string, move: (final: string) => Promise<void>): Promise<string> {
  for (let number = 1; number <= NAMES_TRIED_MAX; number += 1) {
    const final = join(directory, number === 1 ? name : numberedFileName(name, number));
    try {
      await move(final);
      await syncDirectory(directory);
      return final;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
  throw new Error(`${name} and ${NAMES_TRIED_MAX} names like it are taken`);
}

/** Rejects with EEXIST if there is something at `final`, however lately it came. */
export async function moveWithoutReplacing(path: string, final: string): Promise<void> {
  try {
    // rename() would replace; a second link and the removal of the first cannot.
    await link(path, final);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw error;
    // No hard links here (FAT, some network file systems): take the name with an empty file, then replace that.
    await (await open(final, 'wx')).close();
    try {
      return await rename(path, final);
    } catch (failed) {
      await unlink(final);
      throw failed;
    }
  }
  await unlink(path);
}

async function moveDirectoryWithoutReplacing(path: string, final: string): Promise<void> {
  // Takes the name: rename() would replace an empty directory of somebody else's, and then only replaces this one.
  await mkdir(final);
  try {
    return await rename(path, final);
  } catch (error) {
    // Not empty any more: somebody else took to it, and it is theirs.
    if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') throw nameTaken(error);
    await rmdir(final);
    if (codeOf(error) !== 'EPERM') throw error;
  }
  // Windows replaces no directory at all, so nothing is lost by trying where there is none.
  await rename(path, final);
}

const nameTaken = (cause: unknown): Error =>
  Object.assign(new Error('the name is taken', { cause }), { code: 'EEXIST' });

/** Makes the new name last through a power cut. Not every platform can, and the file itself is safe anyway. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY).catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** The code of an error of Node's, such as `ENOENT`; empty for any other. */
export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

/** `error` as a StoreError: what it is already, `no-space` if a disk or a quota is full, else `code`. */
export function failure(code: StoreErrorCode, message: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const cause = codeOf(error);
  const full = cause === 'ENOSPC' || cause === 'EDQUOT';
  return new StoreError(full ? 'no-space' : code, cause === '' ? message : `${message} (${cause})`, { cause: error });
}
