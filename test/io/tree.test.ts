// Folders on Node: read as an archive where they lie, and unpacked again, with real files, links and pipes.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pack } from 'tar-stream';
import { FileStore } from '../../src/io/store-files.ts';
import { Slices } from '../../src/io/file-calls.ts';
import { TREE_LIMITS, TreeSource, type TreeLimits } from '../../src/io/tree-source.ts';
import { unpackTree } from '../../src/io/tree-target.ts';
import type { FileFacts } from '../../src/io/store.ts';
import { sha256Of } from '../worker/store-suite.ts';

const CHUNK = 16 * 1024;

let home: string;
let into: string;
let sea: string;
let store: FileStore;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'rockpool-tree-'));
  into = join(home, 'received');
  sea = join(home, 'sea');
  await mkdir(sea);
  store = new FileStore({ into });
});

afterEach(async () => {
  await store.close();
  await rm(home, { recursive: true });
});

async function put(path: string, bytes: string | Uint8Array = '', seconds = 1_600_000_000): Promise<void> {
  const whole = join(sea, path);
  await mkdir(dirname(whole), { recursive: true });
  await writeFile(whole, bytes);
  await utimes(whole, seconds, seconds);
}

/** What lies below a directory: for each name its kind, mode, time in whole seconds and content. */
async function listing(root: string): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const { mode, mtimeMs } = await stat(path);
    const content = entry.isFile() ? Buffer.from(sha256Of(await readFile(path))).toString('hex') : 'directory';
    found[path.slice(root.length + 1)] = [content, (mode & 0o100) !== 0, Math.floor(mtimeMs / 1000)];
  }
  return found;
}

const chunksIn = ({ bytes }: FileFacts): number[] => Array.from({ length: Math.ceil(bytes / CHUNK) }, (_, i) => i);

async function readAll(from: FileStore, key: string, facts: FileFacts): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for (const chunk of chunksIn(facts)) chunks.push(await from.read(key, chunk));
  return Buffer.concat(chunks);
}

/** Sends what is offered as `from` to the same store. */
async function transfer(from: string, to: string, facts: FileFacts): Promise<string> {
  await store.create(to, facts, CHUNK);
  for (const chunk of chunksIn(facts)) {
    const bytes = await store.read(from, chunk);
    expect(await store.write(to, chunk, bytes, sha256Of(bytes))).toBe(true);
  }
  return store.finish(to);
}

describe('a folder', () => {
  test('arrives as it is: names, contents, times, what may be run, and empty folders', async () => {
    await put('empty.txt');
    await put('a b/שלום 🐟.txt', 'fish');
    await put(`${'deep/'.repeat(20)}${'n'.repeat(200)}`, 'x');
    await put('big.bin', randomBytes(300_000), 1_500_000_000);
    await put('exactly', randomBytes(512));
    await put('run.sh', '#!/bin/sh\n');
    await chmod(join(sea, 'run.sh'), 0o755);
    await mkdir(join(sea, 'nothing/in/here'), { recursive: true });
    await utimes(join(sea, 'nothing/in'), 1_400_000_000, 1_400_000_000);
    await utimes(sea, 1_300_000_000, 1_300_000_000);
    const facts = await store.add('a', sea, CHUNK);
    expect(facts).toMatchObject({ name: 'sea', folder: { entries: 30, contentBytes: 300_527 } });
    const location = await transfer('a', 'b', facts);
    expect(location).toBe(join(into, 'sea'));
    expect(await listing(location)).toEqual(await listing(sea));
    expect((await stat(location)).mtimeMs).toBe(1_300_000_000_000);
  });

  test('that is empty arrives', async () => {
    const facts = await store.add('a', sea, CHUNK);
    expect(facts.folder).toEqual({ entries: 0, contentBytes: 0 });
    expect(await readdir(await transfer('a', 'b', facts))).toEqual([]);
  });

  test('is a tar archive, the same one each time, and is hashed as it is read', async () => {
    for (let number = 0; number < 300; number += 1) await put(`d${number % 7}/f${number}`, randomBytes(number * 3));
    await put('big.bin', randomBytes(200_000));
    const facts = await store.add('a', sea, CHUNK);
    await store.add('again', sea, CHUNK);
    const bytes = await readAll(store, 'a', facts);
    expect(bytes.equals(await readAll(store, 'again', facts))).toBe(true);
    const hashes = await store.hash('a', 0, chunksIn(facts).length);
    const expected = chunksIn(facts).map((i) => sha256Of(bytes.subarray(i * CHUNK, (i + 1) * CHUNK)));
    expect(Buffer.concat(expected).equals(hashes)).toBe(true);
    const names = execFileSync('tar', ['-t'], { input: bytes, encoding: 'utf8' }).split('\n');
    expect(names).toHaveLength(1 + 300 + 7 + 1 + 1);
    const top = names.filter((name) => /^sea\/[^/]+$/u.test(name));
    expect(top).toEqual(['sea/big.bin', ...['d0', 'd1', 'd2', 'd3', 'd4', 'd5', 'd6'].map((name) => `sea/${name}`)]);
  });

  test('leaves out links and pipes, and says how many', async () => {
    await put('fish');
    await symlink('fish', join(sea, 'link'));
    await symlink('/etc', join(sea, 'elsewhere'));
    execFileSync('mkfifo', [join(sea, 'pipe')]);
    const facts = await store.add('a', sea, CHUNK);
    expect(facts.folder?.entries).toBe(1);
    expect(store.leftOut('a')).toBe(3);
    expect(await readdir(await transfer('a', 'b', facts))).toEqual(['fish']);
  });

  const changes: readonly (readonly [what: string, change: (path: string) => Promise<unknown>])[] = [
    ['written anew', (path) => writeFile(path, randomBytes(70_000))],
    ['longer', (path) => writeFile(path, 'x', { flag: 'a' })],
    ['shorter', (path) => writeFile(path, 'x')],
    ['gone', (path) => rm(path)],
    [
      'a link now',
      async (path) => {
        await rename(path, join(home, 'moved'));
        await symlink(join(home, 'moved'), path);
      },
    ],
    [
      'a pipe now',
      async (path) => {
        await rm(path);
        execFileSync('mkfifo', [path]);
      },
    ],
    [
      'in a folder that is a file now',
      (path) => rm(dirname(path), { recursive: true }).then(() => writeFile(dirname(path), '')),
    ],
  ];

  test.each(changes.flatMap(([what, change]) => [70_000, 1_000].map((size) => [size, what, change] as const)))(
    'is noticed to have changed when a file of %d bytes in it is %s',
    async (size, _what, change) => {
      await put('d/fish', randomBytes(size));
      const facts = await store.add('a', sea, CHUNK);
      await change(join(sea, 'd/fish'));
      const expected = { code: 'changed', message: 'sea/d/fish was changed after it was offered' };
      await expect(store.hash('a', 0, chunksIn(facts).length)).rejects.toMatchObject(expected);
      await expect(store.read('a', 0)).rejects.toMatchObject(expected);
      await store.remove('a');
      expect(store.figures()).toMatchObject({ openFiles: 0, cachedBytes: 0 });
    },
  );

  const limits: readonly (readonly [what: string, limits: Partial<TreeLimits>])[] = [
    ['more than 3 entries', { entriesMax: 3 }],
    ['more than 2 levels', { depthMax: 2 }],
    ['a path of more than 4 bytes', { pathBytesMax: 4 }],
  ];

  test.each(limits)('of %s is refused', async (what, given) => {
    await put('a/b/c');
    await put('d');
    const open = TreeSource.open(sea, { name: 'sea', modifiedMs: 0 }, new Slices(), { ...TREE_LIMITS, ...given });
    await expect(open).rejects.toMatchObject({ code: 'unreadable', message: expect.stringContaining(what) });
    await TreeSource.open(sea, { name: 'sea', modifiedMs: 0 }, new Slices(), { ...TREE_LIMITS, entriesMax: 4 });
  });

  test.each(['d/secret', 'd'])('is refused if %s in it cannot be read', async (path) => {
    await put('d/secret', 'x');
    await chmod(join(sea, path), 0);
    await chmod(home, 0o755);
    // Nothing stops the superuser, so that is given up for a moment.
    const superuser = process.geteuid?.() === 0;
    if (superuser) process.seteuid?.(65_534);
    try {
      await expect(store.add('a', sea, CHUNK)).rejects.toMatchObject({
        code: 'unreadable',
        message: expect.stringMatching(new RegExp(`^sea/${path}/? cannot be read \\(EACCES\\)$`)),
      });
    } finally {
      if (superuser) process.seteuid?.(0);
      await chmod(join(sea, path), 0o755);
    }
  });

  test('is read the same where the disk is slow', async () => {
    for (let number = 0; number < 100; number += 1) await put(`f${number}`, randomBytes(900));
    const facts = await store.add('a', sea, CHUNK);
    const slices = new Slices();
    const endMs = performance.now() + 30;
    slices.sync(() => {
      while (performance.now() < endMs);
    });
    expect(slices.slow).toBe(true);
    const source = await TreeSource.open(sea, { name: 'sea', modifiedMs: facts.modifiedMs }, slices);
    const { HandlePool } = await import('../../src/io/store-parts.ts');
    const handles = new HandlePool(4, (handle: import('node:fs/promises').FileHandle) => handle.close());
    const bytes = new Uint8Array(facts.bytes);
    await source.read(0, bytes, handles, '');
    expect(handles.size).toBeGreaterThan(0);
    await handles.dropAll();
    expect((await readAll(store, 'a', facts)).equals(bytes)).toBe(true);
  });
});

describe('a folder that was received', () => {
  test('never replaces one that is there, not even an empty one', async () => {
    await mkdir(join(into, 'sea'), { recursive: true });
    await put('fish', 'theirs');
    const facts = await store.add('a', sea, CHUNK);
    expect(await transfer('a', 'b', facts)).toBe(join(into, 'sea (2)'));
    expect(await readdir(join(into, 'sea'))).toEqual([]);
  });

  test('goes on being served, until it is removed', async () => {
    await put('fish', randomBytes(50_000));
    const facts = await store.add('a', sea, CHUNK);
    await transfer('a', 'b', facts);
    expect((await readAll(store, 'b', facts)).equals(await readAll(store, 'a', facts))).toBe(true);
    await store.remove('b');
    await expect(store.read('b', 0)).rejects.toMatchObject({ code: 'unreadable' });
    expect(await readdir(into)).toEqual(['sea']);
  });

  test('leaves only the folder when the store closes, and is taken up by nobody', async () => {
    await put('fish');
    const facts = await store.add('a', sea, CHUNK);
    await transfer('a', 'b', facts);
    expect(await store.create('c', facts, CHUNK)).toBeUndefined();
    expect(await store.kept()).toEqual([
      expect.objectContaining({ finished: false, verifiedBytes: 0 }),
      expect.objectContaining({ finished: true, location: join(into, 'sea') }),
    ]);
    await store.close();
    expect(await readdir(into)).toEqual(['sea']);
  });

  test('is refused, with its chunks kept, if there is anything in it that must not be', async () => {
    const archive = await packed([{ name: 'sea/fine' }, { name: 'sea/../evil' }]);
    const facts = { name: 'sea', bytes: archive.length, modifiedMs: 0, folder: { entries: 9, contentBytes: 9 } };
    await store.create('a', facts, archive.length);
    await store.write('a', 0, archive, sha256Of(archive));
    await expect(store.finish('a')).rejects.toMatchObject({
      code: 'store-failed',
      message: expect.stringContaining('../evil'),
    });
    expect((await readdir(into)).some((name) => !/\.(part|have|lock)$/.test(name))).toBe(false);
    expect(await readdir(home)).not.toContain('evil');
    expect(Buffer.from(await store.read('a', 0)).equals(archive)).toBe(true);
  });

  test('is refused if more is in it than was said', async () => {
    const archive = await packed([{ name: 'sea/a' }, { name: 'sea/b' }]);
    const facts = { name: 'sea', bytes: archive.length, modifiedMs: 0, folder: { entries: 1, contentBytes: 2 } };
    await store.create('a', facts, archive.length);
    await store.write('a', 0, archive, sha256Of(archive));
    await expect(store.finish('a')).rejects.toMatchObject({ code: 'store-failed' });
  });
});

interface Planned {
  readonly name: string;
  readonly type?: 'directory';
}

/** An archive of files with one byte each, and of directories. */
async function packed(headers: readonly Planned[]): Promise<Uint8Array> {
  const archive = pack();
  for (const header of headers) archive.entry({ ...header }, header.type === 'directory' ? '' : 'x');
  archive.finalize();
  const parts: Uint8Array[] = [];
  for await (const part of archive) if (part instanceof Uint8Array) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

describe.each([true, false])('unpacking, with directories held open: %s', (byDescriptor) => {
  let outside: string;
  let tree: string;

  beforeEach(async () => {
    outside = join(home, 'outside');
    tree = join(home, 'tree');
    await mkdir(outside);
    await writeFile(join(outside, 'mine'), 'mine');
  });

  /** Unpacks, and does `meanwhile` when all up to byte `at` was unpacked. */
  async function unpack(headers: readonly Planned[], at: number, meanwhile: () => Promise<unknown>): Promise<void> {
    const archive = await packed(headers);
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield archive.subarray(0, at);
      // The next piece is asked for when what there was is dealt with, and a few turns later it is on the disk.
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
      await meanwhile();
      yield archive.subarray(at);
    }
    await unpackTree(pieces(), tree, new Slices(), { byDescriptor });
  }

  const untouched = async (): Promise<void> => {
    expect(await readdir(outside)).toEqual(['mine']);
    expect(await readFile(join(outside, 'mine'), 'utf8')).toBe('mine');
  };

  const plain: readonly Planned[] = [
    { name: 'd', type: 'directory' },
    { name: 'd/first' },
    { name: 'd/mine' },
    { name: 'e', type: 'directory' },
    { name: 'e/last' },
  ];

  test('writes what the archive says', async () => {
    await unpack(plain, 512, () => Promise.resolve());
    expect(Object.keys(await listing(tree)).toSorted()).toEqual(['d', 'd/first', 'd/mine', 'e', 'e/last']);
  });

  test('writes nothing through a link in place of a directory', async () => {
    await unpack(plain, 1536, async () => {
      await rename(join(tree, 'd'), join(tree, 'was-d'));
      await symlink(outside, join(tree, 'd'));
    }).catch((error: unknown) => expect(error).toMatchObject({ code: 'store-failed' }));
    await untouched();
  });

  test('refuses to go back into a directory that is a link by then', async () => {
    const back = [...plain, { name: 'd/again' }];
    const unpacked = unpack(back, 4 * 512 + 3 * 512, async () => {
      await rename(join(tree, 'd'), join(tree, 'was-d'));
      await symlink(outside, join(tree, 'd'));
    });
    await expect(unpacked).rejects.toMatchObject({ code: 'store-failed', message: expect.stringMatching(/d/) });
    await untouched();
    expect(await readdir(home)).not.toContain('tree');
  });

  test('writes nothing through a link in place of a file', async () => {
    const unpacked = unpack(plain, 1536, () => symlink(join(outside, 'mine'), join(tree, 'd/mine')));
    await expect(unpacked).rejects.toMatchObject({
      code: 'store-failed',
      message: expect.stringContaining('d/mine cannot be unpacked (EEXIST)'),
    });
    await untouched();
    expect(await readdir(home)).not.toContain('tree');
  });

  test('makes no directory through a link', async () => {
    const unpacked = unpack(plain, 3 * 512 + 2 * 512, () => symlink(outside, join(tree, 'e')));
    await expect(unpacked).rejects.toMatchObject({ code: 'store-failed' });
    await untouched();
  });

  test('does not take a directory that is there for its own', async () => {
    await mkdir(tree);
    await writeFile(join(tree, 'theirs'), '');
    await expect(unpack(plain, 0, () => Promise.resolve())).rejects.toMatchObject({ code: 'store-failed' });
    expect(await readdir(tree)).toEqual(['theirs']);
  });
});
