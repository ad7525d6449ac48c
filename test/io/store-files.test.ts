// FileStore against the contract of every store, and what only files on Node have: names, times, other programs' files.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, statfs } from 'node:fs/promises';
import { symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FileStore } from '../../src/io/store-files.ts';
import type { KeptPart } from '../../src/io/store.ts';
import { factsOf, keepingSuite, receive, sha256Of, storeSuite, type StoreSetup } from '../worker/store-suite.ts';

const CHUNK = 1024;

/** Received files in a directory; an unfinished one, with its index and lock, counts once. */
async function receivedIn(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).map((name) => name.replace(/^(\.rockpool-.+)\.(?:part|have|lock)$/u, '$1'));
  return [...new Set(names)];
}

async function setUpStore(): Promise<StoreSetup> {
  const into = await mkdtemp(join(tmpdir(), 'rockpool-into-'));
  const store = new FileStore({ into });
  return {
    store,
    load: (location) => readFile(location),
    contents: () => receivedIn(into),
    figures: async () => store.figures(),
    tearDown: async () => {
      await store.close();
      await rm(into, { recursive: true });
    },
  };
}

storeSuite('a store over files', setUpStore);
keepingSuite('a store over files', setUpStore);

/** Which process it is, as a lock says. */
async function lockOf(pid: number): Promise<{ readonly pid: number; readonly started: string; readonly boot: string }> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
  return { pid, started: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '', boot: boot.trim() };
}

describe('a part', () => {
  const bytes = new Uint8Array(randomBytes(3 * CHUNK));
  const facts = { name: 'fish', bytes: bytes.length, modifiedMs: 0 };
  let into: string;
  let part: string;

  /** The path of one of its files. */
  const file = (extension: string): string => join(into, part.replace(/part$/, extension));
  const claimed = (kept: KeptPart | undefined): number[] => Array.from(kept?.bitmap ?? []);

  async function write(store: FileStore, chunks: readonly number[]): Promise<void> {
    for (const chunk of chunks) {
      const own = bytes.slice(chunk * CHUNK, (chunk + 1) * CHUNK);
      expect(await store.write('a', chunk, own, sha256Of(own))).toBe(true);
    }
  }

  /** Does something with a store of its own, as another run of the program does. */
  async function run<T>(work: (store: FileStore) => Promise<T>): Promise<T> {
    const store = new FileStore({ into });
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  }

  /** What another run finds of the file; it leaves all as it is. */
  const found = (): Promise<KeptPart | undefined> => run((store) => store.create('a', facts, CHUNK));

  async function age(days: number): Promise<void> {
    const seconds = Date.now() / 1000 - days * 24 * 60 * 60;
    for (const name of await readdir(into)) await utimes(join(into, name), seconds, seconds);
  }

  beforeEach(async () => {
    into = await mkdtemp(join(tmpdir(), 'rockpool-parts-'));
    await run(async (store) => {
      await store.create('a', facts, CHUNK);
      await write(store, [0, 2]);
    });
    part = (await readdir(into)).find((name) => name.endsWith('.part')) ?? '';
  });

  afterEach(() => rm(into, { recursive: true }));

  test('is taken up by another run, which finishes it', async () => {
    const location = await run(async (store) => {
      const kept = await store.create('a', { ...facts, modifiedMs: 1_600_000_000_000 }, CHUNK);
      expect(claimed(kept)).toEqual([0b101]);
      await write(store, [1]);
      return store.finish('a');
    });
    expect(await readdir(into)).toEqual(['fish']);
    expect((await readFile(location)).equals(bytes)).toBe(true);
    expect((await stat(location)).mtimeMs).toBe(1_600_000_000_000);
  });

  test('is left alone while another process is at it, and taken up once that is gone', async () => {
    const other = spawn('sleep', ['60']);
    await once(other, 'spawn');
    await writeFile(file('lock'), JSON.stringify(await lockOf(other.pid ?? 0)));
    expect(await found()).toBeUndefined();
    expect(await run((store) => store.forget(file('part')))).toBe(false);
    other.kill();
    await once(other, 'exit');
    expect(claimed(await found())).toEqual([0b101]);
  });

  test('is taken up if only the number of the process that was at it lives on', async () => {
    await writeFile(file('lock'), JSON.stringify({ ...(await lockOf(process.pid)), started: '1' }));
    expect(claimed(await found())).toEqual([0b101]);
  });

  test('of before the machine started anew is taken up when it is quiet', async () => {
    await writeFile(file('lock'), JSON.stringify({ ...(await lockOf(process.pid)), boot: 'another' }));
    expect(await found()).toBeUndefined();
    await age(0.01);
    expect(claimed(await found())).toEqual([0b101]);
  });

  test('whose lock was torn by a crash is taken up a little later', async () => {
    await writeFile(file('lock'), '{"pi');
    expect(await found()).toBeUndefined();
    await age(0.01);
    expect(claimed(await found())).toEqual([0b101]);
    expect((await readdir(into)).filter((name) => name.includes('lock'))).toEqual([]);
  });

  test('that nobody touched for a month is removed by whoever receives next', async () => {
    await age(29);
    const other = { name: 'other', bytes: 1, modifiedMs: 0 };
    await run((store) => store.create('b', other, CHUNK));
    expect(await readdir(into)).toHaveLength(2);
    await age(31);
    await run((store) => store.create('b', other, CHUNK));
    expect(await readdir(into)).toEqual([]);
  });

  test.each(['part', 'have'])('without its .%s is not taken up, and removed after a day', async (extension) => {
    await rm(file(extension));
    expect(await found()).toBeUndefined();
    expect(await readdir(into)).toHaveLength(1);
    await age(2);
    expect(await found()).toBeUndefined();
    expect(await readdir(into)).toEqual([]);
  });

  test('whose index cannot be read is not taken up', async () => {
    await writeFile(file('have'), randomBytes(1000));
    expect(await found()).toBeUndefined();
    expect(await run((store) => store.kept())).toEqual([]);
  });

  test('that has its final name already is never written to again', async () => {
    await link(file('part'), join(into, 'fish'));
    expect(await found()).toBeUndefined();
    expect(await readdir(into)).toEqual(['fish']);
  });

  test('that was cut short claims only what is left', async () => {
    await truncate(file('part'), 3 * CHUNK - 1);
    const kept = await found();
    expect(claimed(kept)).toEqual([0b001]);
    expect(kept?.maybeChunks).toBe(2);
  });

  test('that somebody made longer gets its length back', async () => {
    await truncate(file('part'), 5 * CHUNK);
    const location = await run(async (store) => {
      await store.create('a', facts, CHUNK);
      await write(store, [1]);
      return store.finish('a');
    });
    expect((await readFile(location)).equals(bytes)).toBe(true);
  });

  test('that somebody wrote to is found out by a check', async () => {
    const theirs = randomBytes(CHUNK);
    await writeFile(file('part'), theirs, { flag: 'r+' });
    await run(async (store) => {
      await store.create('a', facts, CHUNK);
      expect(await store.check('a', 0, sha256Of(bytes.subarray(0, CHUNK)))).toBe(false);
      await expect(store.read('a', 0)).rejects.toMatchObject({ code: 'unreadable' });
    });
    expect(claimed(await found())).toEqual([0b100]);
  });

  test('counts a chunk that a check finds', async () => {
    await run(async (store) => {
      expect((await store.create('a', facts, CHUNK))?.maybeChunks).toBe(3);
      await writeFile(file('part'), bytes, { flag: 'r+' });
      expect(await store.check('a', 1, sha256Of(bytes.subarray(CHUNK, 2 * CHUNK)))).toBe(true);
    });
    expect(claimed(await found())).toEqual([0b111]);
  });

  test('that cannot be removed by another name is not', async () => {
    await writeFile(join(into, 'mine'), '');
    await run(async (store) => {
      expect(await store.forget(join(into, 'mine'))).toBe(false);
      expect(await store.forget(join(into, '..', part))).toBe(false);
    });
    expect(await readdir(into)).toContain('mine');
  });
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
    expect((await readdir(into)).toSorted()).toEqual([
      expect.stringMatching(/^\.rockpool-.+\.have$/),
      expect.stringMatching(/^\.rockpool-.+\.lock$/),
      expect.stringMatching(/^\.rockpool-.+\.part$/),
    ]);
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
    await expect(store.add('a', '/dev/null', CHUNK)).rejects.toMatchObject({
      code: 'unreadable',
      message: 'null is neither a file nor a folder',
    });
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

  test('that are received are given the space that others still need no second time', async () => {
    await mkdir(into);
    const { bavail, bsize } = await statfs(into);
    const facts = { name: 'whale', bytes: Math.floor(bavail * bsize * 0.6), modifiedMs: 0 };
    await store.create('a', facts, 1024 * 1024);
    await expect(store.create('b', facts, 1024 * 1024)).rejects.toMatchObject({ code: 'no-space' });
    await store.discard('a');
    await store.create('b', facts, 1024 * 1024);
  });

  test('that were received are told of, and forgotten without being removed', async () => {
    const location = await receive(store, 'a', Buffer.from('fish'), 'fish.txt');
    const facts = factsOf(Buffer.from('fish'), 'fish.txt');
    const usedMs: unknown = expect.any(Number);
    expect(await store.kept()).toEqual([{ location, facts, verifiedBytes: 4, finished: true, pinned: false, usedMs }]);
    expect(await store.forget(location)).toBe(true);
    expect(await store.kept()).toEqual([]);
    expect(await readdir(into)).toEqual(['fish.txt']);
  });

  test('that were received and then changed are served no more', async () => {
    const location = await receive(store, 'a', randomBytes(10), 'fish.txt');
    expect(await store.read('a', 0)).toHaveLength(10);
    await writeFile(location, randomBytes(10));
    await expect(store.read('a', 0)).rejects.toMatchObject({ code: 'changed' });
  });

  test('are read while they get their final name', async () => {
    // Keeps none open, so that every read looks for the file anew.
    const forgetful = new FileStore({ into, limits: { openFiles: 0 } });
    const bytes = new Uint8Array(randomBytes(CHUNK));
    for (let round = 0; round < 20; round += 1) {
      await forgetful.create('a', factsOf(bytes), CHUNK);
      await forgetful.write('a', 0, bytes, sha256Of(bytes));
      const progress = { finished: false };
      const finish = forgetful.finish('a').finally(() => {
        progress.finished = true;
      });
      while (!progress.finished) expect(Buffer.from(await forgetful.read('a', 0)).equals(bytes)).toBe(true);
      await finish;
    }
    await forgetful.close();
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
