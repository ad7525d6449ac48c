// The contract of a Store, as tests that every implementation passes: over files (test/io) and over a worker in Chromium.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, open, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FileFacts, Store, StoreErrorCode } from '../../src/io/store.ts';
import { OPEN_FILES_MAX, type StoreFigures } from '../../src/io/store-parts.ts';

/** One store, made for one test. Sources are paths; the browser's store gets them through a file picker. */
export interface StoreSetup {
  readonly store: Store<string>;
  /** A finished file's bytes. */
  readonly load: (location: string) => Promise<Uint8Array>;
  /** Names of all the store holds of received files. */
  readonly contents: () => Promise<readonly string[]>;
  readonly figures: () => Promise<StoreFigures>;
  readonly tearDown: () => Promise<void>;
}

const CHUNK = 4096;
const BIG_BYTES = 300 * 1024 * 1024;
const BIG_CHUNK = 256 * 1024;

export const sha256Of = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

export const chunksOf = (bytes: Uint8Array, chunkBytes: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(bytes.length / chunkBytes) }, (_, index) =>
    bytes.slice(index * chunkBytes, (index + 1) * chunkBytes),
  );

export const factsOf = (bytes: Uint8Array, name = 'fish.bin'): FileFacts => ({
  name,
  bytes: bytes.length,
  modifiedMs: 0,
});

/** Creates, writes every chunk and finishes. The caller's bytes stay its own. */
export async function receive(store: Store<string>, key: string, bytes: Uint8Array, name?: string): Promise<string> {
  await store.create(key, factsOf(bytes, name), CHUNK);
  for (const [index, chunk] of chunksOf(bytes, CHUNK).entries()) await store.write(key, index, chunk, sha256Of(chunk));
  return store.finish(key);
}

const rejection = (code: StoreErrorCode): unknown => expect.objectContaining({ name: 'StoreError', code });

export function storeSuite(title: string, setUp: () => Promise<StoreSetup>): void {
  describe(title, () => {
    let setup: StoreSetup;
    let store: Store<string>;
    let directory: string;

    beforeEach(async () => {
      setup = await setUp();
      store = setup.store;
      directory = await mkdtemp(join(tmpdir(), 'rockpool-sources-'));
    });

    afterEach(async () => {
      await setup.tearDown();
      await rm(directory, { recursive: true });
    });

    async function source(bytes: Uint8Array, name = 'fish.bin'): Promise<string> {
      const path = join(directory, name);
      await writeFile(path, bytes);
      return path;
    }

    describe('offering', () => {
      test('tells name, size and modification time', async () => {
        const path = await source(randomBytes(10), '🐟 דג.txt');
        await utimes(path, 1_700_000_000, 1_700_000_000);
        const facts = await store.add('a', path, CHUNK);
        expect(facts).toEqual({ name: '🐟 דג.txt', bytes: 10, modifiedMs: 1_700_000_000_000 });
      });

      test.each([
        ['one byte', 1],
        ['one chunk exactly', CHUNK],
        ['several chunks exactly', 5 * CHUNK],
        ['several chunks and a short tail', 5 * CHUNK + 17],
      ])('hashes and reads every chunk of %s', async (_what, length) => {
        const bytes = randomBytes(length);
        const chunks = chunksOf(bytes, CHUNK);
        await store.add('a', await source(bytes), CHUNK);
        const unhashed = await Promise.all(chunks.map((_, index) => store.read('a', index)));
        const hashes = await store.hash('a', 0, chunks.length);
        const hashed = await Promise.all(chunks.map((_, index) => store.read('a', index)));
        expect(Buffer.concat(unhashed).equals(bytes)).toBe(true);
        expect(Buffer.concat(hashed).equals(bytes)).toBe(true);
        expect(Buffer.concat(chunks.map(sha256Of)).equals(hashes)).toBe(true);
      });

      test('hashes any range, also several at once', async () => {
        const bytes = randomBytes(9 * CHUNK + 1);
        await store.add('a', await source(bytes), CHUNK);
        const expected = chunksOf(bytes, CHUNK).map(sha256Of);
        const [middle, tail, none] = await Promise.all([
          store.hash('a', 2, 3),
          store.hash('a', 8, 2),
          store.hash('a', 10, 0),
        ]);
        expect(Buffer.concat(expected.slice(2, 5)).equals(middle)).toBe(true);
        expect(Buffer.concat(expected.slice(8)).equals(tail)).toBe(true);
        expect(none).toHaveLength(0);
      });

      test('gives every reader of a chunk all of it', async () => {
        const bytes = randomBytes(CHUNK);
        await store.add('a', await source(bytes), CHUNK);
        await store.hash('a', 0, 1);
        const reads = await Promise.all([store.read('a', 0), store.read('a', 0), store.read('a', 0)]);
        expect(reads.map((read) => Buffer.from(read).equals(bytes))).toEqual([true, true, true]);
      });

      test('knows no chunk of an empty file', async () => {
        const facts = await store.add('a', await source(new Uint8Array()), CHUNK);
        expect(facts.bytes).toBe(0);
        expect(await store.hash('a', 0, 0)).toHaveLength(0);
        await expect(store.read('a', 0)).rejects.toEqual(rejection('unreadable'));
      });

      test.each([
        [2, 1],
        [1, 2],
        [-1, 1],
        [0.5, 1],
      ])('refuses chunks that are not there: from %d, %d of 2', async (first, count) => {
        await store.add('a', await source(randomBytes(CHUNK + 1)), CHUNK);
        await expect(store.hash('a', first, count)).rejects.toEqual(rejection('unreadable'));
      });

      test('notices that the file changed', async () => {
        const path = await source(randomBytes(3 * CHUNK));
        await store.add('a', path, CHUNK);
        await writeFile(path, randomBytes(3 * CHUNK));
        const { mtimeMs } = await stat(path);
        await utimes(path, mtimeMs / 1000 + 5, mtimeMs / 1000 + 5);
        await expect(store.hash('a', 0, 3)).rejects.toEqual(rejection('changed'));
        await expect(store.read('a', 1)).rejects.toEqual(rejection('changed'));
      });

      test('notices that the file became shorter', async () => {
        const path = await source(randomBytes(3 * CHUNK));
        await store.add('a', path, CHUNK);
        await writeFile(path, randomBytes(CHUNK));
        await expect(store.hash('a', 0, 3)).rejects.toEqual(rejection('changed'));
        await expect(store.read('a', 2)).rejects.toEqual(rejection('changed'));
      });

      test('forgets a removed file, and one it never had', async () => {
        await store.add('a', await source(randomBytes(CHUNK)), CHUNK);
        await store.hash('a', 0, 1);
        await store.remove('a');
        await store.remove('b');
        await expect(store.read('a', 0)).rejects.toEqual(rejection('unreadable'));
        expect((await setup.figures()).cachedBytes).toBe(0);
      });

      test('hashes 300 MB in little memory', async () => {
        const path = join(directory, 'big');
        const file = await open(path, 'w');
        await file.truncate(BIG_BYTES);
        await file.close();
        const count = BIG_BYTES / BIG_CHUNK;
        await store.add('a', path, BIG_CHUNK);
        const hashes = await store.hash('a', 0, count);
        const figures = await setup.figures();
        const zeros = sha256Of(new Uint8Array(BIG_CHUNK));
        expect(hashes).toHaveLength(count * 32);
        expect(Buffer.from(hashes.subarray(-32)).equals(zeros)).toBe(true);
        expect(figures.cachedBytesMax).toBeLessThanOrEqual(32 * 1024 * 1024);
        expect(figures.cachedBytes).toBeLessThanOrEqual(figures.cachedBytesMax);
        expect(figures.cachedBytes).toBeGreaterThan(0);
        expect(figures.hashingBytesPeak).toBeLessThanOrEqual(8 * BIG_CHUNK);
      });
    });

    describe('receiving', () => {
      test('takes an empty file', async () => {
        const location = await receive(store, 'a', new Uint8Array());
        expect(await setup.load(location)).toHaveLength(0);
      });

      test.each([1, CHUNK, 4 * CHUNK, 4 * CHUNK + 1])('puts %d bytes together, whatever the order', async (length) => {
        const bytes = randomBytes(length);
        await store.create('a', factsOf(bytes), CHUNK);
        const chunks = [...chunksOf(bytes, CHUNK).entries()].toReversed();
        const stored = await Promise.all(
          chunks.map(([index, chunk]) => store.write('a', index, chunk, sha256Of(chunk))),
        );
        expect(stored).toEqual(chunks.map(() => true));
        expect(Buffer.from(await setup.load(await store.finish('a'))).equals(bytes)).toBe(true);
      });

      test('stores nothing whose hash is wrong', async () => {
        const bytes = randomBytes(2 * CHUNK);
        const [first = bytes, second = bytes] = chunksOf(bytes, CHUNK);
        await store.create('a', factsOf(bytes), CHUNK);
        expect(await store.write('a', 0, first.slice(), sha256Of(second))).toBe(false);
        expect(await store.write('a', 1, second.slice(), sha256Of(second))).toBe(true);
        await expect(store.finish('a')).rejects.toEqual(rejection('store-failed'));
        expect(await store.write('a', 0, first.slice(), sha256Of(first))).toBe(true);
        expect(Buffer.from(await setup.load(await store.finish('a'))).equals(bytes)).toBe(true);
      });

      test('does not let a wrong chunk replace a right one', async () => {
        const bytes = randomBytes(CHUNK);
        const wrong = randomBytes(CHUNK);
        await store.create('a', factsOf(bytes), CHUNK);
        expect(await store.write('a', 0, new Uint8Array(bytes), sha256Of(bytes))).toBe(true);
        expect(await store.write('a', 0, new Uint8Array(wrong), sha256Of(bytes))).toBe(false);
        expect(await store.write('a', 0, new Uint8Array(bytes), sha256Of(bytes))).toBe(true);
        expect(Buffer.from(await setup.load(await store.finish('a'))).equals(bytes)).toBe(true);
      });

      test.each([
        ['short', 0, CHUNK - 1],
        ['long', 0, CHUNK + 1],
        ['empty', 0, 0],
        ['long for the tail', 1, CHUNK],
        ['far out', 2, 1],
        ['negative', -1, CHUNK],
      ])('refuses a chunk that is %s', async (_what, chunk, length) => {
        const bytes = new Uint8Array(randomBytes(length));
        await store.create('a', { name: 'fish', bytes: CHUNK + 1, modifiedMs: 0 }, CHUNK);
        expect(await store.write('a', chunk, bytes, sha256Of(bytes))).toBe(false);
      });

      test('keeps files apart that arrive at the same time', async () => {
        const files = Array.from({ length: 3 }, () => randomBytes(3 * CHUNK + 5));
        const locations = await Promise.all(
          files.map((bytes, index) => receive(store, `k${index}`, bytes, `f${index}`)),
        );
        const loaded = await Promise.all(locations.map((location) => setup.load(location)));
        expect(loaded.map((bytes, index) => files[index]?.equals(bytes))).toEqual([true, true, true]);
      });

      test('keeps both of two files that have one name', async () => {
        const [first, second] = [randomBytes(10), randomBytes(20)];
        const places = [await receive(store, 'a', first, 'same.txt'), await receive(store, 'b', second, 'same.txt')];
        expect(places[0]).not.toBe(places[1]);
        expect(Buffer.from(await setup.load(places[0] ?? '')).equals(first)).toBe(true);
        expect(Buffer.from(await setup.load(places[1] ?? '')).equals(second)).toBe(true);
      });

      test('refuses a second file of the same key', async () => {
        await store.create('a', factsOf(randomBytes(1)), CHUNK);
        await expect(store.create('a', factsOf(randomBytes(1)), CHUNK)).rejects.toEqual(rejection('store-failed'));
      });

      test('refuses what there is no space for', async () => {
        const facts = { name: 'sea', bytes: 2 ** 52, modifiedMs: 0 };
        await expect(store.create('a', facts, CHUNK)).rejects.toEqual(rejection('no-space'));
        expect(await setup.contents()).toEqual([]);
      });

      test('leaves nothing of a discarded file, and its key is free again', async () => {
        const bytes = new Uint8Array(randomBytes(CHUNK));
        await store.create('a', { name: 'fish', bytes: 3 * CHUNK, modifiedMs: 0 }, CHUNK);
        await store.write('a', 1, bytes.slice(), sha256Of(bytes));
        expect(await setup.contents()).toHaveLength(1);
        await store.discard('a');
        expect(await setup.contents()).toEqual([]);
        expect((await setup.figures()).openFiles).toBe(0);
        await expect(store.write('a', 0, bytes.slice(), sha256Of(bytes))).rejects.toEqual(rejection('store-failed'));
        await receive(store, 'a', bytes);
      });

      test('leaves only the finished file when another is discarded', async () => {
        const bytes = new Uint8Array(randomBytes(CHUNK));
        await store.create('a', { name: 'fish', bytes: 3 * CHUNK, modifiedMs: 0 }, CHUNK);
        await store.write('a', 1, bytes.slice(), sha256Of(bytes));
        await receive(store, 'b', randomBytes(5));
        await store.discard('a');
        expect(await setup.contents()).toHaveLength(1);
      });

      test('leaves nothing of a file that is discarded while chunks are on their way', async () => {
        const bytes = randomBytes(8 * CHUNK);
        const created = store.create('a', factsOf(bytes), CHUNK);
        const writes = chunksOf(bytes, CHUNK).map((chunk, index) => store.write('a', index, chunk, sha256Of(chunk)));
        const discarded = store.discard('a');
        await Promise.allSettled([created, ...writes]);
        await discarded;
        expect(await setup.contents()).toEqual([]);
      });

      test('discards neither a finished file nor one it never knew', async () => {
        const bytes = randomBytes(5);
        const location = await receive(store, 'a', bytes);
        await store.discard('a');
        await store.discard('b');
        expect(Buffer.from(await setup.load(location)).equals(bytes)).toBe(true);
      });

      test('takes no further calls for a finished file', async () => {
        await receive(store, 'a', randomBytes(5));
        await expect(store.finish('a')).rejects.toEqual(rejection('store-failed'));
      });

      test('leaves nothing unfinished when it closes, and does nothing more', async () => {
        await store.create('a', factsOf(randomBytes(CHUNK)), CHUNK);
        await store.close();
        expect(await setup.contents()).toEqual([]);
        await expect(store.create('b', factsOf(randomBytes(1)), CHUNK)).rejects.toEqual(rejection('store-failed'));
      });

      test('receives more files at once than it holds open', async () => {
        const bytes = new Uint8Array(randomBytes(2 * CHUNK));
        const keys = Array.from({ length: OPEN_FILES_MAX + 10 }, (_, index) => `k${index}`);
        await Promise.all(keys.map((key) => store.create(key, factsOf(bytes, key), CHUNK)));
        for (const [index, chunk] of chunksOf(bytes, CHUNK).entries()) {
          await Promise.all(keys.map((key) => store.write(key, index, chunk.slice(), sha256Of(chunk))));
          expect((await setup.figures()).openFiles).toBeLessThanOrEqual(OPEN_FILES_MAX);
        }
        const locations = await Promise.all(keys.map((key) => store.finish(key)));
        expect((await setup.figures()).openFiles).toBe(0);
        expect(Buffer.from(await setup.load(locations[0] ?? '')).equals(bytes)).toBe(true);
      });
    });
  });
}

/** What every store keeps of unfinished files, within one run of it. `CHUNK` is the size of all chunks here. */
export function keepingSuite(title: string, setUp: () => Promise<StoreSetup>): void {
  describe(`${title}, keeping`, () => {
    let setup: StoreSetup;
    let store: Store<string>;
    const bytes = new Uint8Array(randomBytes(3 * CHUNK + 17));
    const chunks = chunksOf(bytes, CHUNK);
    const chunkAt = (index: number): Uint8Array => chunks[index]?.slice() ?? new Uint8Array();
    const writeChunk = (key: string, index: number): Promise<boolean> =>
      store.write(key, index, chunkAt(index), sha256Of(chunkAt(index)));

    beforeEach(async () => {
      setup = await setUp();
      store = setup.store;
    });

    afterEach(() => setup.tearDown());

    /** Leaves chunks 1 and 3 of the file behind. */
    async function keepTwoChunks(): Promise<void> {
      expect(await store.create('a', factsOf(bytes), CHUNK)).toBeUndefined();
      await writeChunk('a', 1);
      await writeChunk('a', 3);
      await store.keep('a');
    }

    test('takes up what was kept, with the hash of every chunk', async () => {
      await keepTwoChunks();
      const kept = await store.create('b', factsOf(bytes), CHUNK);
      expect(Array.from(kept?.bitmap ?? [])).toEqual([0b1010]);
      const none = new Uint8Array(32);
      const digests = [none, sha256Of(chunkAt(1)), none, sha256Of(chunkAt(3))];
      expect(Buffer.concat(digests).equals(kept?.sha256 ?? none)).toBe(true);
      expect(kept?.maybeChunks).toBe(4);
      await writeChunk('b', 0);
      await writeChunk('b', 2);
      expect(Buffer.from(await setup.load(await store.finish('b'))).equals(bytes)).toBe(true);
    });

    test.each([
      ['name', { name: 'other.bin' }, CHUNK],
      ['size', { bytes: bytes.length - 1 }, CHUNK],
      ['kind', { folder: { entries: 1, contentBytes: 1 } }, CHUNK],
      ['chunk size', {}, 2 * CHUNK],
    ])('does not take up what has another %s', async (_what, difference, chunkBytes) => {
      await keepTwoChunks();
      expect(await store.create('b', { ...factsOf(bytes), ...difference }, chunkBytes)).toBeUndefined();
    });

    test('gives a kept part to one transfer only', async () => {
      await keepTwoChunks();
      const both = await Promise.all(['b', 'c'].map((key) => store.create(key, factsOf(bytes), CHUNK)));
      expect(both.filter((kept) => kept !== undefined)).toHaveLength(1);
    });

    test('takes up nothing of a file that was discarded or finished', async () => {
      await keepTwoChunks();
      await store.create('b', factsOf(bytes), CHUNK);
      await store.discard('b');
      expect(await store.create('c', factsOf(bytes), CHUNK)).toBeUndefined();
      for (const index of chunks.keys()) await writeChunk('c', index);
      await store.finish('c');
      expect(await store.create('d', factsOf(bytes), CHUNK)).toBeUndefined();
    });

    test('reads chunks it has verified, and no others, while receiving and after', async () => {
      await keepTwoChunks();
      await store.create('b', factsOf(bytes), CHUNK);
      expect(Buffer.from(await store.read('b', 1)).equals(chunkAt(1))).toBe(true);
      await expect(store.read('b', 0)).rejects.toEqual(rejection('unreadable'));
      await writeChunk('b', 0);
      expect(Buffer.from(await store.read('b', 0)).equals(chunkAt(0))).toBe(true);
      await writeChunk('b', 2);
      await store.finish('b');
      const read = await Promise.all([...chunks.keys()].map((index) => store.read('b', index)));
      expect(Buffer.concat(read).equals(bytes)).toBe(true);
      await store.remove('b');
      await expect(store.read('b', 0)).rejects.toEqual(rejection('unreadable'));
    });

    test('replaces a kept chunk by one of another hash', async () => {
      await keepTwoChunks();
      await store.create('b', factsOf(bytes), CHUNK);
      const newer = new Uint8Array(randomBytes(CHUNK));
      expect(await store.write('b', 1, newer.slice(), sha256Of(newer))).toBe(true);
      expect(Buffer.from(await store.read('b', 1)).equals(newer)).toBe(true);
      await store.keep('b');
      const kept = await store.create('c', factsOf(bytes), CHUNK);
      expect(Buffer.from(kept?.sha256.subarray(32, 64) ?? []).equals(sha256Of(newer))).toBe(true);
    });

    test('checks what lies on disk', async () => {
      await keepTwoChunks();
      await store.create('b', factsOf(bytes), CHUNK);
      expect(await store.check('b', 1, sha256Of(chunkAt(1)))).toBe(true);
      expect(await store.check('b', 1, sha256Of(chunkAt(2)))).toBe(false);
      expect(await store.check('b', 2, sha256Of(chunkAt(2)))).toBe(false);
      expect(await store.check('b', 4, sha256Of(chunkAt(2)))).toBe(false);
    });

    test('tells what is kept, and forgets it only when nobody is at it', async () => {
      await keepTwoChunks();
      const [kept] = await store.kept();
      const verifiedBytes = CHUNK + 17;
      expect(kept).toMatchObject({ facts: factsOf(bytes), verifiedBytes, finished: false, pinned: true });
      const location = kept?.location ?? '';
      await store.create('b', factsOf(bytes), CHUNK);
      expect(await store.forget(location)).toBe(false);
      await store.keep('b');
      expect(await store.forget(location)).toBe(true);
      expect(await store.forget(location)).toBe(false);
      expect(await store.kept()).toEqual([]);
      expect(await setup.contents()).toEqual([]);
    });

    test('keeps nothing of a file of which it has nothing', async () => {
      await store.create('a', factsOf(bytes), CHUNK);
      await store.keep('a');
      expect(await setup.contents()).toEqual([]);
    });

    test('keeps what is verified when it closes', async () => {
      await store.create('a', factsOf(bytes), CHUNK);
      await writeChunk('a', 0);
      await store.close();
      expect(await setup.contents()).toHaveLength(1);
    });

    test('neither keeps nor discards a file that is finished', async () => {
      for (const key of ['a', 'b']) {
        await store.create(key, factsOf(bytes), CHUNK);
        for (const index of chunks.keys()) await writeChunk(key, index);
        const location = await store.finish(key);
        await (key === 'a' ? store.keep(key) : store.discard(key));
        expect(Buffer.from(await setup.load(location)).equals(bytes)).toBe(true);
        expect(Buffer.from(await store.read(key, 0)).equals(chunkAt(0))).toBe(true);
      }
    });
  });
}
