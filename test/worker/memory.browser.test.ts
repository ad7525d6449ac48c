// What the worker remembers across restarts beside files: the history and stored offers, in Chromium on disk.
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { HistoryRecord } from '../../src/io/history.ts';
import { StoreBrowsers, StoreProfile } from './store-browsers.ts';

jest.setTimeout(60_000);

const profile = new StoreProfile(new StoreBrowsers(), 'all tests');
let page: Page;

beforeAll(() => void ({ page } = profile));

const record = (id: string, startedMs: number, more: Partial<HistoryRecord> = {}): HistoryRecord => ({
  id,
  direction: 'in',
  name: `${id}.txt`,
  bytes: 1,
  peerName: 'Mara',
  pool: 'tide',
  startedMs,
  ...more,
});

const put = (records: readonly HistoryRecord[]): Promise<void> =>
  page.evaluate(async (all) => {
    await workerStore.history.clear();
    await Promise.all(all.map((each) => workerStore.history.put(each)));
  }, records);

const list = async (query: string, limit: number, beforeMs?: number): Promise<string[]> => {
  const args = [query, limit, beforeMs ?? Infinity] as const;
  const found = await page.evaluate(([q, l, b]) => workerStore.history.list(q, l, b), args);
  return found.map(({ id }) => id);
};

describe('the history', () => {
  test('lists the newest first, page by page, and misses none that began together', async () => {
    await put([record('a', 10), record('b', 30), record('c', 20), record('d', 20), record('e', 5)]);
    expect(await list('', 1)).toEqual(['b']);
    const second = await list('', 1, 30);
    expect(second.toSorted()).toEqual(['c', 'd']);
    expect(await list('', 10, 20)).toEqual(['a', 'e']);
  });

  test('finds by name, peer and pool, whatever the case', async () => {
    await put([
      record('a', 1, { name: 'Reef.JPG' }),
      record('b', 2, { peerName: 'Reefer' }),
      record('c', 3, { pool: 'the reef' }),
      record('d', 4),
    ]);
    expect(await list('rEEf', 10)).toEqual(['c', 'b', 'a']);
    expect(await list('rEEf', 1)).toEqual(['c']);
    expect(await list('shark', 10)).toEqual([]);
  });

  test('replaces, removes, clears, and outlasts a reload', async () => {
    await put([record('a', 1), record('b', 2), record('c', 3)]);
    const ended = record('b', 2, { endedMs: 9, end: 'verified', location: 'x', entries: 3 });
    await page.evaluate((each) => workerStore.history.put(each), ended);
    await page.evaluate(() => workerStore.history.remove(['a', 'unknown']));
    await page.reload();
    expect(await page.evaluate(() => workerStore.history.list('', 10))).toEqual([record('c', 3), ended]);
    await page.evaluate(() => workerStore.history.clear());
    expect(await list('', 10)).toEqual([]);
  });

  test('drops the oldest past its bound', async () => {
    await put([]);
    const full = Array.from({ length: 10_150 }, (_, index) => record(`r${index}`, 1 + index));
    await page.evaluate(async (all) => {
      const db = await openRecords();
      const tx = db.transaction('history', 'readwrite');
      await Promise.all([...all.map((each) => tx.store.put(each)), tx.done]);
      db.close();
    }, full);
    await page.reload();
    const last = record('last', 20_000);
    await page.evaluate((each) => workerStore.history.put(each), last);
    const newest = [...full.slice(-9_999), last].map(({ id }) => id);
    expect(await list('', 20_000)).toEqual(newest.toReversed());
  });
});

describe('stored offers', () => {
  test('outlast a reload with their handles, newest first, until they are removed', async () => {
    await page.evaluate(async () => {
      const root = await navigator.storage.getDirectory();
      const handle = await root.getFileHandle('offered.txt', { create: true });
      const writable = await handle.createWritable();
      await writable.write('fish');
      await writable.close();
      const directory = await root.getDirectoryHandle('offered', { create: true });
      const offer = { name: 'offered', bytes: 4, modifiedMs: 1 };
      await workerStore.offers.put({ ...offer, id: 'a', handle, atMs: 1 });
      await workerStore.offers.put({ ...offer, id: 'b', handle: directory, atMs: 3 });
      await workerStore.offers.put({ ...offer, id: 'c', atMs: 2 });
    });
    await page.reload();
    const found = await page.evaluate(async () => {
      const offers = await workerStore.offers.list();
      const text = async (handle: FileSystemHandle | undefined): Promise<string | undefined> =>
        handle instanceof FileSystemFileHandle ? (await handle.getFile()).text() : handle?.kind;
      return Promise.all(offers.map(async ({ id, handle }) => [id, await text(handle)]));
    });
    expect(found).toEqual([
      ['b', 'directory'],
      ['c', undefined],
      ['a', 'fish'],
    ]);
    await page.evaluate(() => workerStore.offers.remove(['a', 'b', 'unknown']));
    expect((await page.evaluate(() => workerStore.offers.list())).map(({ id }) => id)).toEqual(['c']);
  });
});
