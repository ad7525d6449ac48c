// Files that are their owner's alone. Node only.
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from './final-name.ts';

const FILE_MODE = 0o600;

/** At `path` all of it or nothing, on disk. `move`: how it gets its name. Rejects with the file system's error. */
export async function writePrivately(
  path: string,
  content: string | Uint8Array,
  move: (from: string, to: string) => Promise<void> = rename,
): Promise<void> {
  const temporary = `${path}-${randomBytes(9).toString('base64url')}`;
  try {
    const file = await open(temporary, 'wx', FILE_MODE);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await move(temporary, path);
    await syncDirectory(dirname(path));
  } finally {
    await rm(temporary, { force: true });
  }
}
