// A folder such as people have: empty folders, empty files, names of every kind. And what two folders differ in.
import { execFile } from 'node:child_process';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A day that is not today, so that a lost modification time shows. */
const MODIFIED = new Date('2021-03-04T05:06:08Z');

/** Makes a folder of `files` + 5 files at `path`. */
export async function makeTree(path: string, files: number): Promise<void> {
  await mkdir(join(path, 'nothing in here'), { recursive: true });
  await mkdir(join(path, 'pictures', 'also empty'), { recursive: true });
  const named: readonly (readonly [string, string | Uint8Array])[] = [
    ['zero.bin', ''],
    ['水 🐟 שלום مرحبا.txt', 'many scripts\n'],
    ['e\u0301 is not é.txt', 'two ways to write one letter\n'],
    [`${'a long name '.repeat(18)}.txt`, 'long\n'],
    ['pictures/deep/deeper/deepest.bin', new Uint8Array(700_001).map((_, at) => (at * 31) >> 3)],
    ...Array.from({ length: files }, (_, at) => [`notes/${at % 7}/note ${at}.txt`, `line ${at}\n`.repeat(at)] as const),
  ];
  for (const [name, content] of named) {
    const file = join(path, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    await utimes(file, MODIFIED, MODIFIED);
  }
}

/** Unpacks an archive with the system's tar into a new folder at `path`. */
export async function untar(archive: string, path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await run('tar', ['-xf', archive, '-C', path]);
}

/** What `diff -r` says of two folders: '' if it finds nothing. */
export async function difference(one: string, other: string): Promise<string> {
  const { stdout } = await run('diff', ['-r', one, other]).catch((error: { stdout: string }) => error);
  return stdout;
}
