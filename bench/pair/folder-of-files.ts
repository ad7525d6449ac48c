// A folder of many files for a benchmark, some of them in each folder within it.
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const FILES_PER_DIRECTORY = 1000;
/** Files written at a time. */
const WRITES_MAX = 64;

/** Makes `folder` with files of `bytesOf` their number each. Random bytes, so that no layer can make less of them. */
export async function makeFiles(folder: string, files: number, bytesOf: (index: number) => number): Promise<void> {
  for (let from = 0; from < files; from += FILES_PER_DIRECTORY) {
    const directory = join(folder, `d${String(from / FILES_PER_DIRECTORY).padStart(4, '0')}`);
    await mkdir(directory, { recursive: true });
    const until = Math.min(files, from + FILES_PER_DIRECTORY);
    for (let first = from; first < until; first += WRITES_MAX) {
      const batch = Array.from({ length: Math.min(WRITES_MAX, until - first) }, (_, index) =>
        writeFile(join(directory, `file-${first + index}.bin`), randomBytes(bytesOf(first + index))),
      );
      await Promise.all(batch);
    }
  }
}
