// FileStore against the contract of every store, and what only files on Node have: names, times, other programs' files.
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FileStore } from '../../src/io/store-files.ts';
import { factsOf, receive, sha256Of, storeSuite } from '../worker/store-suite.ts';

const CHUNK = 1024;

storeSuite('a store over files', async () => {
  const into = await mkdtemp(join(tmpdir(), 'rockpool-into-'));
  const store = new FileStore({ into });
  return {
    store,
    load: (location) => readFile(location),
    contents: () => readdir(into),
    figures: async () => store.figures(),
    tearDown: async () => {
      await store.close();
      await rm(into, { recursive: true });
    },
  };
});

describe('files', () => {
  let home: string;
  let into: string;
  let store: FileStore;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'rockpool-files-'));
    into = join(home, 'received');
    store = new FileStore({ into });
  });

  afterEach(async () => {
    await store.close();
    await rm(home, { recursive: true });
  });

  test('grow under a hidden temporary name and get their own at the end', async () => {
    const bytes = new Uint8Array(randomBytes(CHUNK));
    await store.create('a', factsOf(bytes, 'fish.txt'), CHUNK);
    await store.write('a', 0, bytes, sha256Of(bytes));
    expect(await readdir(into)).toEqual([expect.stringMatching(/^\.rockpool-.+\.part$/)]);
    expect(await store.finish('a')).toBe(join(into, 'fish.txt'));
    expect(await readdir(into)).toEqual(['fish.txt']);
  });

  test('never replace one that is there', async () => {
    await mkdir(into);
    await writeFile(join(into, 'fish.txt'), 'mine');
    await writeFile(join(into, 'fish (2).txt'), 'mine too');
    const location = await receive(store, 'a', Buffer.from('theirs'), 'fish.txt');
    expect(basename(location)).toBe('fish (3).txt');
    expect(await readFile(join(into, 'fish.txt'), 'utf8')).toBe('mine');
    expect(await readFile(location, 'utf8')).toBe('theirs');
  });

  test('are not written through a link that somebody laid under their name', async () => {
    await mkdir(into);
    await writeFile(join(home, 'outside'), 'mine');
    await symlink(join(home, 'outside'), join(into, 'fish.txt'));
    const location = await receive(store, 'a', Buffer.from('theirs'), 'fish.txt');
    expect(basename(location)).toBe('fish (2).txt');
    expect(await readFile(join(home, 'outside'), 'utf8')).toBe('mine');
  });

  test('that finish at the same moment under one name are all kept', async () => {
    const files = Array.from({ length: 8 }, () => randomBytes(10));
    const locations = await Promise.all(files.map((bytes, index) => receive(store, `k${index}`, bytes, 'same.txt')));
    expect(new Set(locations).size).toBe(8);
    const loaded = await Promise.all(locations.map((location) => readFile(location)));
    expect(loaded.map((bytes, index) => files[index]?.equals(bytes))).toEqual(files.map(() => true));
  });

  test('stay in their directory, whatever a peer calls them', async () => {
    const location = await receive(store, 'a', Buffer.from('x'), '../../etc/.passwd');
    expect(location).toBe(join(into, 'passwd'));
  });

  test('keep the time they were modified', async () => {
    await store.create('a', { name: 'old', bytes: 0, modifiedMs: 1_600_000_000_000 }, CHUNK);
    expect((await stat(await store.finish('a'))).mtimeMs).toBe(1_600_000_000_000);
  });

  test.each([0, -5, Date.now() + 1e12, 2 ** 53 - 1])(
    'are not given a senseless time such as %d',
    async (modifiedMs) => {
      const before = Date.now();
      await store.create('a', { name: 'odd', bytes: 0, modifiedMs }, CHUNK);
      const { mtimeMs } = await stat(await store.finish('a'));
      expect(Math.abs(mtimeMs - before)).toBeLessThan(60_000);
    },
  );

  test('are refused where nothing can be read', async () => {
    await expect(store.add('a', join(home, 'absent'), CHUNK)).rejects.toMatchObject({ code: 'unreadable' });
    await expect(store.add('a', home, CHUNK)).rejects.toMatchObject({ code: 'unreadable', message: /is not a file/ });
  });

  test('are noticed to have changed also within one second and of one size', async () => {
    const path = join(home, 'source');
    await writeFile(path, randomBytes(CHUNK));
    await store.add('a', path, CHUNK);
    const { mtimeMs } = await stat(path);
    await writeFile(path, randomBytes(CHUNK));
    await utimes(path, mtimeMs / 1000, mtimeMs / 1000 + 0.01);
    await expect(store.read('a', 0)).rejects.toMatchObject({ code: 'changed' });
  });

  test('that were hashed are read from memory', async () => {
    const path = join(home, 'source');
    const bytes = randomBytes(CHUNK);
    await writeFile(path, bytes);
    await store.add('a', path, CHUNK);
    await store.hash('a', 0, 1);
    await rm(path);
    expect(bytes.equals(await store.read('a', 0))).toBe(true);
  });

  test('push the oldest out of the cache', async () => {
    const small = new FileStore({ limits: { cacheBytes: 2 * CHUNK } });
    const path = join(home, 'source');
    await writeFile(path, randomBytes(5 * CHUNK));
    await small.add('a', path, CHUNK);
    await small.hash('a', 0, 5);
    expect(small.figures().cachedBytes).toBe(2 * CHUNK);
    await small.close();
  });

  test('of many megabytes, flushed while they grow, arrive whole', async () => {
    const mib = 1024 * 1024;
    const bytes = new Uint8Array(randomBytes(mib));
    const sha256 = sha256Of(bytes);
    await store.create('a', { name: 'whale', bytes: 70 * mib, modifiedMs: 0 }, mib);
    await Promise.all(Array.from({ length: 70 }, (_, chunk) => store.write('a', chunk, bytes, sha256)));
    const location = await store.finish('a');
    const whole = await readFile(location);
    expect(whole).toHaveLength(70 * mib);
    expect(Array.from({ length: 70 }, (_, i) => whole.subarray(i * mib, (i + 1) * mib).equals(bytes))).not.toContain(
      false,
    );
    expect(store.figures().openFiles).toBe(0);
  });

  test('cannot be received without a directory', async () => {
    const nowhere = new FileStore();
    await expect(nowhere.create('a', factsOf(new Uint8Array()), CHUNK)).rejects.toMatchObject({ code: 'store-failed' });
  });

  test('cannot be received where a file stands in the way of the directory', async () => {
    await writeFile(into, '');
    await expect(store.create('a', factsOf(new Uint8Array()), CHUNK)).rejects.toMatchObject({ code: 'store-failed' });
    expect(dirname(into)).toBe(home);
  });

  test('leave none open behind', async () => {
    const path = join(home, 'source');
    await writeFile(path, randomBytes(CHUNK));
    await store.add('a', path, CHUNK);
    await store.create('b', factsOf(new Uint8Array(CHUNK)), CHUNK);
    await store.write('b', 0, new Uint8Array(CHUNK), sha256Of(new Uint8Array(CHUNK)));
    expect(store.figures().openFiles).toBe(2);
    await store.close();
    expect(store.figures().openFiles).toBe(0);
  });
});
