// The browser's cache under what happens to it: workers killed in the middle of a write, pages reloaded, two tabs, space
// that runs out, and data and records that do not belong together. In Chromium with an ordinary profile, on disk.
import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { CDPSession, Page } from 'playwright-core';
import { contents, encode, limitSpace, remote, until } from './remote-store.ts';
import { StoreBrowsers, StoreProfile } from './store-browsers.ts';
import { sha256Of } from './store-suite.ts';

const CHUNK = 64 * 1024;
const MIB = 1024 * 1024;

jest.setTimeout(120_000);

const browsers = new StoreBrowsers();
const profile = new StoreProfile(browsers, 'each test');
let page: Page;
let devtools: CDPSession;

beforeEach(() => use(profile.page));

async function use(next: Page): Promise<void> {
  page = next;
  devtools = await page.context().newCDPSession(page);
}

/** Chunk `index` of every file here: bytes that follow from the number, so that the page can make them as well. */
const chunkOf = (index: number): Uint8Array =>
  new Uint8Array(CHUNK).fill(1 + (index % 251)).fill(index >> 8, CHUNK - 4);

const digestOf = (index: number): Uint8Array => sha256Of(chunkOf(index));

const facts = (name: string, chunks: number): { name: string; bytes: number; modifiedMs: number } => ({
  name,
  bytes: chunks * CHUNK,
  modifiedMs: 0,
});

const bitOf = (bitmap: Uint8Array, chunk: number): boolean => ((bitmap[chunk >> 3] ?? 0) & (1 << (chunk % 8))) !== 0;

/**
 * Writes chunks from .. to - 1 as fast as the store takes them, several at a time, until one is refused. Resolves to the
 * chunks that were stored and why the first was refused.
 */
function pour(key: string, from: number, to: number): Promise<{ stored: number[]; refused: string | undefined }> {
  return page.evaluate(
    async ([k, first, end, chunkBytes]) => {
      const stored: number[] = [];
      let refused: string | undefined;
      let next = first;
      const lane = async (): Promise<void> => {
        while (next < end && refused === undefined) {
          const index = next;
          next += 1;
          const bytes = new Uint8Array(chunkBytes).fill(1 + (index % 251)).fill(index >> 8, chunkBytes - 4);
          const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
          try {
            if (await workerStore.write(k, index, bytes, digest)) stored.push(index);
          } catch (error) {
            refused ??= error instanceof Error ? `${Object.entries(error).join()} ${error.message}` : String(error);
          }
        }
      };
      await Promise.all(Array.from({ length: 8 }, lane));
      return { stored, refused };
    },
    [key, from, to, CHUNK] as const,
  );
}

/** Receives a whole file and lets go of it. */
async function receiveWhole(name: string, chunks: number): Promise<string> {
  const store = remote(page);
  await store.create(name, facts(name, chunks), CHUNK);
  await pour(name, 0, chunks);
  const location = await store.finish(name);
  await store.remove(name);
  return location;
}

const digestOfFile = (location: string): Promise<string> =>
  page.evaluate(async (l) => {
    const bytes = await (await workerStore.file(l)).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }, location);

/** Waits until the index says so of the only part. */
async function verifiedOnDisk(atLeastBytes: number): Promise<void> {
  await until(async () => {
    const [kept] = await remote(page).kept();
    return (kept?.verifiedBytes ?? 0) >= atLeastBytes;
  });
}

describe('a worker killed in the middle of a write', () => {
  const CHUNKS = 600;

  test.each([
    ['the worker', async () => page.evaluate(() => storePage.kill()), async () => browsers.site.load(page)],
    ['the whole browser', () => profile.context.close(), () => profile.start().then(() => use(profile.page))],
  ])('leaves a part that is taken up with nothing lost and nothing claimed wrongly: %s', async (_what, kill, again) => {
    const store = remote(page);
    await store.create('a', facts('reef.bin', CHUNKS), CHUNK);
    const { stored } = await pour('a', 0, 200);
    await verifiedOnDisk(200 * CHUNK);
    // It dies with these under way.
    const poured = pour('a', 200, CHUNKS).catch(() => undefined);
    await page.waitForTimeout(20);
    await kill();
    await again();
    void poured;

    const kept = await remote(page).create('b', facts('reef.bin', CHUNKS), CHUNK);
    expect(kept).toBeDefined();
    const { bitmap = new Uint8Array(), sha256 = new Uint8Array(), maybeChunks = 0 } = kept ?? {};
    const claimed = Array.from({ length: CHUNKS }, (_, chunk) => chunk).filter((chunk) => bitOf(bitmap, chunk));
    expect(claimed).toEqual(expect.arrayContaining(stored));
    for (const chunk of claimed) {
      expect(Buffer.from(sha256.subarray(chunk * 32, chunk * 32 + 32)).equals(digestOf(chunk))).toBe(true);
      expect(Buffer.from(await remote(page).read('b', chunk)).equals(chunkOf(chunk))).toBe(true);
    }
    // What was written and not yet on record is found again; the rest is written anew.
    expect(maybeChunks).toBeGreaterThanOrEqual(claimed.length);
    const missing: number[] = [];
    for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
      if (bitOf(bitmap, chunk)) continue;
      if (chunk >= maybeChunks || !(await remote(page).check('b', chunk, digestOf(chunk)))) missing.push(chunk);
    }
    for (const chunk of missing) await pour('b', chunk, chunk + 1);
    const whole = createHash('sha256');
    for (let chunk = 0; chunk < CHUNKS; chunk += 1) whole.update(chunkOf(chunk));
    expect(await digestOfFile(await remote(page).finish('b'))).toBe(whole.digest('hex'));
  });

  test('never claims a chunk that was being replaced', async () => {
    const store = remote(page);
    await store.create('a', facts('reef.bin', 4), CHUNK);
    await pour('a', 0, 4);
    await store.keep('a');
    // A worker that has written nothing yet, so that its next batch is a second away.
    await browsers.site.load(page);
    await store.create('b', facts('reef.bin', 4), CHUNK);
    const newer = chunkOf(77);
    // In one breath, before progress goes to disk by itself.
    await page.evaluate(
      async ([bytes, digest]) => {
        await storePage.write('b', 2, bytes, digest);
        storePage.kill();
      },
      [encode(newer), encode(sha256Of(newer))] as const,
    );
    await browsers.site.load(page);
    const kept = await remote(page).create('c', facts('reef.bin', 4), CHUNK);
    const bitmap = kept?.bitmap[0];
    // Retracted at least; on record with its new hash if a second had passed.
    if (bitmap === 0b1111) {
      expect(Buffer.from(kept?.sha256.subarray(64, 96) ?? []).equals(sha256Of(newer))).toBe(true);
    } else {
      expect(bitmap).toBe(0b1011);
      expect(await remote(page).check('c', 2, sha256Of(newer))).toBe(true);
    }
  });
});

describe('a part', () => {
  test('is taken up by the page that replaces the one that received it, without any goodbye', async () => {
    await remote(page).create('a', facts('reef.bin', 40), CHUNK);
    await pour('a', 0, 30);
    await verifiedOnDisk(30 * CHUNK);
    await page.reload();
    const kept = await remote(page).create('b', facts('reef.bin', 40), CHUNK);
    expect(Array.from(kept?.bitmap ?? [])).toEqual([255, 255, 255, 0b111111, 0]);
  });

  test('is never in two tabs at once', async () => {
    const other = await browsers.site.open(profile.context);
    await remote(page).create('a', facts('reef.bin', 8), CHUNK);
    await pour('a', 0, 4);
    expect(await remote(other).create('b', facts('reef.bin', 8), CHUNK)).toBeUndefined();
    expect(await contents(page)).toHaveLength(2);
    await remote(other).discard('b');
    await remote(page).keep('a');
    const kept = await remote(other).create('c', facts('reef.bin', 8), CHUNK);
    expect(Array.from(kept?.bitmap ?? [])).toEqual([0b1111]);
    const [{ location } = { location: '' }] = await remote(page).kept();
    expect(await remote(page).forget(location)).toBe(false);
    expect(await contents(page)).toEqual([location]);
  });

  test('whose end is lost is believed only as far as it goes', async () => {
    await remote(page).create('a', facts('reef.bin', 8), CHUNK);
    await pour('a', 0, 8);
    await remote(page).keep('a');
    const [location = ''] = await contents(page);
    await page.evaluate(
      async ([name, length]) => {
        const parent = await (await navigator.storage.getDirectory()).getDirectoryHandle('rockpool');
        const file = await (await parent.getDirectoryHandle('cache')).getFileHandle(name);
        const writable = await file.createWritable({ keepExistingData: true });
        await writable.truncate(length);
        await writable.close();
      },
      [location, 5 * CHUNK + 1] as const,
    );
    const kept = await remote(page).create('b', facts('reef.bin', 8), CHUNK);
    expect(Array.from(kept?.bitmap ?? [])).toEqual([0b11111]);
    expect(kept?.maybeChunks).toBe(6);
  });

  test('without data, and data without a record, are gone after the next start', async () => {
    await remote(page).create('a', facts('whole.bin', 2), CHUNK);
    await pour('a', 0, 2);
    await remote(page).keep('a');
    await remote(page).create('b', facts('torn.bin', 2), CHUNK);
    await pour('b', 0, 2);
    await remote(page).keep('b');
    const torn = (await remote(page).kept()).find(({ facts: { name } }) => name === 'torn.bin')?.location ?? '';
    await page.evaluate(async (location) => {
      const parent = await (await navigator.storage.getDirectory()).getDirectoryHandle('rockpool');
      const cache = await parent.getDirectoryHandle('cache');
      await cache.removeEntry(location);
      await cache.getFileHandle('f'.repeat(32), { create: true });
    }, torn);
    expect(await contents(page)).toHaveLength(3);
    await browsers.site.load(page);
    await until(async () => (await contents(page)).length === 1);
    expect((await remote(page).kept()).map((kept) => kept.facts.name)).toEqual(['whole.bin']);
  });
});

describe('when space is short', () => {
  const names = async (): Promise<string[]> => (await remote(page).kept()).map((kept) => kept.facts.name).sort();

  test('files that were saved make way, the least recently used first, and nothing else', async () => {
    const store = remote(page);
    // Chromium sets space aside in powers of two: 8 MiB for one of these and its index.
    const chunks = (4 * MIB) / CHUNK;
    const [older = '', newer = '', pinned = ''] = [
      await receiveWhole('older', chunks),
      await receiveWhole('newer', chunks),
      await receiveWhole('pinned', chunks),
    ];
    await receiveWhole('unsaved', chunks);
    await store.create('unfinished', facts('unfinished', chunks), CHUNK);
    await pour('unfinished', 0, 1);
    await store.keep('unfinished');
    await store.create('serving', facts('serving', chunks), CHUNK);
    await pour('serving', 0, chunks);
    const serving = await store.finish('serving');
    await page.evaluate(
      async ([locations, kept]) => {
        for (const location of locations) await workerStore.saved(location);
        await workerStore.pin(kept, true);
        await workerStore.pin(locations[0] ?? '', false);
      },
      [[serving, newer, pinned, older], pinned] as const,
    );
    // Now `older` is the more recently used of the two.
    await page.evaluate((location) => workerStore.file(location), older);

    await limitSpace(page, devtools, 5 * MIB);
    await store.create('next', facts('next', chunks), CHUNK);
    expect(await names()).toEqual(['next', 'older', 'pinned', 'serving', 'unfinished', 'unsaved']);
    await store.discard('next');

    await limitSpace(page, devtools, 5 * MIB);
    const tooMuch = store.create('next', facts('next', 3 * chunks), CHUNK);
    await expect(tooMuch).rejects.toMatchObject({
      code: 'no-space',
      message: expect.stringMatching(/next: [1-9][0-9]* bytes are missing/u),
    });
    // In vain, nothing goes.
    expect(await names()).toEqual(['older', 'pinned', 'serving', 'unfinished', 'unsaved']);
    await store.create('next', facts('next', chunks), CHUNK);
    expect(await names()).toEqual(['next', 'pinned', 'serving', 'unfinished', 'unsaved']);
  });

  // With an ordinary profile Chromium sets aside what a file was measured to need, as long as it is open; here it only
  // fails to write.
  describe('in a private window', () => {
    beforeEach(async () => use(await browsers.open()));

    test('what all tabs still expect counts', async () => {
      const other = await browsers.site.open(page.context());
      // Chromium says that there are 10 GiB, and gives less.
      const large = { name: 'large', bytes: 6 * 1024 * MIB, modifiedMs: 0 };
      await remote(other).create('a', large, CHUNK);
      await expect(remote(page).create('b', large, CHUNK)).rejects.toMatchObject({ code: 'no-space' });
      await remote(other).discard('a');
      expect(await remote(page).create('b', large, CHUNK)).toBeUndefined();
    });

    test('in the middle of a write, what is verified stays and goes on later', async () => {
      const chunks = (64 * MIB) / CHUNK;
      const store = remote(page);
      await store.create('a', facts('big', chunks), CHUNK);
      await limitSpace(page, devtools, 12 * MIB);
      const { stored, refused } = await pour('a', 0, chunks);
      expect(refused).toMatch(/no-space/u);
      expect(stored.length).toBeGreaterThan(10);
      expect(stored.length).toBeLessThan(chunks);
      await store.keep('a');
      await limitSpace(page, devtools, undefined);
      await browsers.site.load(page);
      const kept = await remote(page).create('b', facts('big', chunks), CHUNK);
      const bitmap = kept?.bitmap ?? new Uint8Array();
      const claimed = Array.from({ length: chunks }, (_, chunk) => chunk).filter((chunk) => bitOf(bitmap, chunk));
      expect(claimed).toEqual(stored.toSorted((a, b) => a - b));
      expect((await pour('b', 0, chunks)).refused).toBeUndefined();
      const whole = createHash('sha256');
      for (let chunk = 0; chunk < chunks; chunk += 1) whole.update(chunkOf(chunk));
      expect(await digestOfFile(await remote(page).finish('b'))).toBe(whole.digest('hex'));
    });
  });
});
