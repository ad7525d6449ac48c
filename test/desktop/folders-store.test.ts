// The host's store over several folders: the contract of what every store keeps, also when the folder changes in between, and
// where received files come to lie.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FoldersStore } from '../../desktop/folders-store.ts';
import { chunksOf, factsOf, keepingSuite, receive, sha256Of, type StoreSetup } from '../worker/store-suite.ts';

const CHUNK = 4096;

async function setUpStore(store: (home: string) => FoldersStore): Promise<StoreSetup> {
  const home = await mkdtemp(join(tmpdir(), 'rockpool-folders-'));
  const made = store(home);
  const namesIn = async (folder: string): Promise<string[]> => {
    const names = await readdir(join(home, folder)).catch(() => []);
    return [...new Set(names.map((name) => name.replace(/\.(?:part|have|lock)$/u, '')))];
  };
  return {
    store: made,
    load: (location) => readFile(location),
    contents: async () => (await Promise.all(['first', 'second'].map(namesIn))).flat(),
    figures: () => Promise.reject(new Error('not asked for')),
    tearDown: async () => {
      await made.close();
      await rm(home, { recursive: true });
    },
  };
}

/** Whoever lets go of a file finds the folder changed afterwards. */
class Restless extends FoldersStore {
  readonly #second: string;

  constructor(home: string) {
    super(join(home, 'first'));
    this.#second = join(home, 'second');
  }

  override async keep(key: string): Promise<void> {
    await super.keep(key);
    this.receiveInto(this.#second);
  }
}

keepingSuite('a store over one folder', () => setUpStore((home) => new FoldersStore(join(home, 'first'))));
keepingSuite('a store whose folder changes', () => setUpStore((home) => new Restless(home)));

describe('files', () => {
  const bytes = new Uint8Array(randomBytes(3 * CHUNK));
  const chunks = chunksOf(bytes, CHUNK);
  const facts = factsOf(bytes, 'fish');
  let home: string;
  let first: string;
  let second: string;
  let store: FoldersStore;

  const write = (key: string, index: number): Promise<boolean> => {
    const chunk = chunks[index]?.slice() ?? new Uint8Array();
    return store.write(key, index, chunk, sha256Of(chunk));
  };
  /** What another start of the program has, told of the folders before. */
  const startAgain = async (into: string): Promise<void> => {
    const earlier = store.folders;
    await store.close();
    store = new FoldersStore(into, earlier);
  };

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'rockpool-folders-'));
    first = join(home, 'first');
    second = join(home, 'second');
    store = new FoldersStore(first);
  });

  afterEach(async () => {
    await store.close();
    await rm(home, { recursive: true });
  });

  test('go to the folder of the moment in which they are begun', async () => {
    await store.create('a', facts, CHUNK);
    store.receiveInto(second);
    for (const index of [0, 1, 2]) await write('a', index);
    expect(await store.finish('a')).toBe(join(first, 'fish'));
    expect(await receive(store, 'b', bytes, 'fish')).toBe(join(second, 'fish'));
    expect(store.folders).toEqual([first, second]);
    store.receiveInto(first);
    expect(await receive(store, 'c', bytes, 'fish')).toBe(join(first, 'fish (2)'));
    expect((await store.kept()).map(({ location }) => dirname(location)).toSorted()).toEqual([first, first, second]);
  });

  test('that were begun before the folder changed go on where they are, also after a start', async () => {
    await store.create('a', facts, CHUNK);
    await write('a', 1);
    await startAgain(second);
    expect(await store.kept()).toEqual([expect.objectContaining({ finished: false, verifiedBytes: CHUNK })]);
    const kept = await store.create('b', facts, CHUNK);
    expect(Array.from(kept?.bitmap ?? [])).toEqual([0b010]);
    for (const index of [0, 2]) await write('b', index);
    expect(await store.finish('b')).toBe(join(first, 'fish'));
    expect(await readdir(second).catch(() => 'none')).toBe('none');
    expect(await readdir(first)).toEqual(['fish']);
  });

  test('begin anew where the person wants them if somebody is at what was begun', async () => {
    const other = new FoldersStore(first);
    await other.create('a', facts, CHUNK);
    store.receiveInto(second);
    expect(await store.create('b', facts, CHUNK)).toBeUndefined();
    for (const index of [0, 1, 2]) await write('b', index);
    expect(await store.finish('b')).toBe(join(second, 'fish'));
    expect((await readdir(first)).filter((name) => name.endsWith('.part'))).toHaveLength(1);
    await other.close();
  });

  test('are received although an earlier folder is none any more', async () => {
    await store.create('a', facts, CHUNK);
    await write('a', 0);
    await startAgain(second);
    await rm(first, { recursive: true });
    await writeFile(first, 'mine');
    expect(await store.kept()).toEqual([]);
    expect(await receive(store, 'b', bytes, 'fish')).toBe(join(second, 'fish'));
    expect(await readFile(first, 'utf8')).toBe('mine');
  });

  test('that are offered or were received are read from where they lie, until they are removed', async () => {
    const path = join(home, 'mine');
    await writeFile(path, bytes);
    expect(await store.add('own', path, CHUNK)).toMatchObject({ name: 'mine', bytes: bytes.length });
    await receive(store, 'theirs', bytes, 'fish');
    store.receiveInto(second);
    for (const key of ['own', 'theirs']) {
      expect(await store.read(key, 1)).toEqual(chunks[1]);
      await store.remove(key);
      await expect(store.read(key, 1)).rejects.toMatchObject({ code: 'unreadable' });
    }
  });

  test('that were kept in any of the folders are forgotten', async () => {
    await store.create('a', facts, CHUNK);
    await write('a', 0);
    await store.keep('a');
    store.receiveInto(second);
    const [{ location } = { location: '' }] = await store.kept();
    expect(await store.forget(location)).toBe(true);
    expect(await store.forget(location)).toBe(false);
    expect(await store.create('b', facts, CHUNK)).toBeUndefined();
    expect(await readdir(first)).toEqual([]);
  });
});
