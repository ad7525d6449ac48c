// Gives a finished file its final name in a directory, without ever replacing what is there. Node only.
import { constants } from 'node:fs';
import { link, open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { numberedFileName } from './file-name.ts';

/** Names tried when one is taken: `name`, `name (2)`, `name (3)` ... */
const NAMES_TRIED_MAX = 10_000;

/**
 * Moves the file `path` to `name` in `directory`, or to the first numbered name that is free. Resolves to the whole
 * path; rejects with Node's errors.
 */
export async function giveName(path: string, directory: string, name: string): Promise<string> {
  for (let number = 1; number <= NAMES_TRIED_MAX; number += 1) {
    const final = join(directory, number === 1 ? name : numberedFileName(name, number));
    try {
      await moveWithoutReplacing(path, final);
      await syncDirectory(directory);
      return final;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
  throw new Error(`${name} and ${NAMES_TRIED_MAX} names like it are taken`);
}

/** Rejects with EEXIST if there is something at `final`, however lately it came. */
async function moveWithoutReplacing(path: string, final: string): Promise<void> {
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

/** Makes the new name last through a power cut. Not every platform can, and the file itself is safe anyway. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, constants.O_RDONLY).catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** The code of an error of Node's, such as `ENOENT`; empty for any other. */
export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
