// Hostile names and planted links against the host's store: whatever a file or folder is called, and whatever lies in the target
// folder already, nothing is written outside of it and nothing is replaced. Paths within an archive are test/io's.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FoldersStore } from '../../desktop/folders-store.ts';
import { safeFileName } from '../../src/io/file-name.ts';
import type { FileFacts } from '../../src/io/store.ts';
import { sha256Of } from '../worker/store-suite.ts';

const CHUNK = 4096;

let home: string;
/** Where received files go. */
let into: string;
/** What is offered. */
let fish: string;
let sea: string;
/** What is nobody's business. */
let outside: string;
let store: FoldersStore;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'rockpool-names-'));
  [into = '', fish = '', sea = '', outside = ''] = ['a/b/into', 'fish', 'sea', 'outside'].map((name) =>
    join(home, name),
  );
  await mkdir(into, { recursive: true });
  await mkdir(outside);
  await writeFile(join(outside, 'mine'), 'mine');
  await writeFile(fish, 'theirs');
  await utimes(fish, 1_600_000_000, 1_600_000_000);
  await mkdir(join(sea, 'deep'), { recursive: true });
  await writeFile(join(sea, 'deep/crab'), 'theirs');
  await utimes(join(sea, 'deep/crab'), 1_600_000_000, 1_600_000_000);
  store = new FoldersStore(into);
});

afterEach(async () => {
  await store.close();
  await rm(home, { recursive: true });
});

/** Offers what lies at `path` and receives it as if it had been offered as `name`; `planting` happens before the first byte comes. */
async function transfer(
  path: string,
  name: string,
  planting: () => Promise<unknown> = async () => {},
): Promise<string> {
  const facts: FileFacts = { ...(await store.add('offered', path, CHUNK)), name };
  await store.create('received', facts, CHUNK);
  await planting();
  for (let chunk = 0; chunk * CHUNK < facts.bytes; chunk += 1) {
    const bytes = await store.read('offered', chunk);
    expect(await store.write('received', chunk, bytes, sha256Of(bytes))).toBe(true);
  }
  const location = await store.finish('received');
  await store.remove('received');
  return location;
}

/** All that lies in the home, but for what is in the target folder. */
async function elsewhere(): Promise<unknown> {
  const entries = await readdir(home, { recursive: true, withFileTypes: true });
  const others = entries
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.startsWith(`${into}/`));
  return Promise.all(
    others.toSorted().map(async (path) => {
      const facts = await lstat(path);
      return [path, facts.isFile() ? await readFile(path, 'utf8') : 'folder', facts.isFile() ? facts.mtimeMs : 0];
    }),
  );
}

const NAMES = [
  '../../x',
  '/etc/x',
  '..',
  '.',
  '',
  'CON',
  'nul.txt',
  'a\0b',
  'C:\\x',
  '\\\\server\\share\\x',
  '.bashrc',
  '-rf',
  'x\u202egpj.exe',
  'x'.repeat(255),
  'é'.repeat(300),
  '🐟'.repeat(100),
  'lone \ud800 half',
];

describe.each(NAMES)('what is called %j', (name) => {
  test.each(['file', 'folder'])('and is a %s comes to lie in the target folder, beside what is there', async (kind) => {
    const safe = safeFileName(name);
    await writeFile(join(into, safe), 'mine');
    const before = await elsewhere();
    const location = await transfer(kind === 'file' ? fish : sea, name);
    expect(await elsewhere()).toEqual(before);
    expect(dirname(location)).toBe(into);
    expect(await readFile(join(into, safe), 'utf8')).toBe('mine');
    expect((await readdir(into)).map((found) => join(into, found)).toSorted()).toEqual(
      [join(into, safe), location].toSorted(),
    );
    expect(await readFile(kind === 'file' ? location : join(location, 'deep/crab'), 'utf8')).toBe('theirs');
  });
});

describe('a link in the target folder', () => {
  test.each(['mine', '', 'absent'])('under the name of what comes, to outside/%s, is left as it is', async (target) => {
    const to = join(outside, target);
    for (const name of ['fish', 'sea']) await symlink(to, join(into, name));
    const before = await elsewhere();
    expect(await transfer(fish, 'fish')).toBe(join(into, 'fish (2)'));
    expect(await transfer(sea, 'sea')).toBe(join(into, 'sea (2)'));
    expect(await elsewhere()).toEqual(before);
    for (const name of ['fish', 'sea']) expect(await readlink(join(into, name))).toBe(to);
  });

  /** Lays a link to `target` where the store keeps `extension` of what it receives, in place of what may be there. */
  async function plant(extension: string, target: string): Promise<void> {
    const part = (await readdir(into)).find((name) => name.endsWith('.part')) ?? '';
    const path = join(into, part.replace(/part$/u, extension));
    await rm(path, { force: true });
    await symlink(target, path);
  }

  test('where a folder is to be unpacked is not followed', async () => {
    const before = await elsewhere();
    const location = await transfer(sea, 'sea', () => plant('tree', outside));
    expect((await lstat(location)).isSymbolicLink()).toBe(false);
    expect(await readdir(location)).toEqual(['deep']);
    expect(await elsewhere()).toEqual(before);
  });

  test.each(['part', 'have'])('in place of a .%s is not written through', async (extension) => {
    const before = await elsewhere();
    const bytes = randomBytes(2 * CHUNK);
    await writeFile(join(home, 'large'), bytes);
    await store.add('offered', join(home, 'large'), CHUNK);
    await store.create('received', { name: 'large', bytes: bytes.length, modifiedMs: 0 }, CHUNK);
    await plant(extension, join(outside, 'mine'));
    const chunk = new Uint8Array(bytes.subarray(0, CHUNK));
    const wrote = store.write('received', 0, chunk, sha256Of(chunk));
    const failing = extension === 'part' ? wrote : wrote.then(() => store.keep('received'));
    await expect(failing).rejects.toMatchObject({ name: 'StoreError', code: 'store-failed' });
    await rm(join(home, 'large'));
    expect(await elsewhere()).toEqual(before);
  });
});

test('an ordinary tree arrives as it was: `diff -r` finds nothing, and times are the same', async () => {
  await mkdir(join(sea, 'nothing/here'), { recursive: true });
  for (const [index, name] of ['a b.txt', 'שלום 🐟', 'run.sh', 'x'.repeat(200), 'a:b', 'CON', '.hidden'].entries()) {
    const path = join(sea, 'deep', name);
    await writeFile(path, randomBytes(index * 5_000), { mode: name === 'run.sh' ? 0o755 : 0o644 });
    await utimes(path, 1_500_000_000 + index, 1_500_000_000 + index);
  }
  for (const path of ['nothing/here', 'nothing', 'deep', ''])
    await utimes(join(sea, path), 1_400_000_000, 1_400_000_000);
  const location = await transfer(sea, 'sea');
  expect(execFileSync('diff', ['-r', sea, location], { encoding: 'utf8' })).toBe('');
  const times = (root: string): string[] =>
    execFileSync('find', ['.', '-printf', '%p %T@ %m\n'], { cwd: root, encoding: 'utf8' }).split('\n').toSorted();
  expect(times(location)).toEqual(times(sea));
  expect((await stat(await transfer(fish, 'fish'))).mtimeMs).toBe(1_600_000_000_000);
});
