// WorkerStore in real Chromium against the contract of every store, and what only browsers have: files to save, a worker
// that cannot start, leftovers of an earlier version.
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { contents, decode, opened, remote, saved, until } from './remote-store.ts';
import { StoreBrowsers } from './store-browsers.ts';
import { factsOf, keepingSuite, sha256Of, storeSuite, type StoreSetup } from './store-suite.ts';

const CHUNK = 4096;

// Long before a slow or busy machine would fail for nothing.
jest.setTimeout(60_000);

const browsers = new StoreBrowsers();

describe('in Chromium', () => {
  // One page for the whole suite, loaded anew for every test: opening a context each time would take most of the time.
  let page: Page;

  beforeAll(async () => {
    page = await (await (await browsers.browser()).newContext()).newPage();
  });

  const setUp = async (): Promise<StoreSetup> => {
    await browsers.site.load(page);
    return {
      store: remote(page),
      load: async (location) => decode((await saved(page, location)).bytes),
      contents: () => contents(page),
      figures: () => opened(page.evaluate(() => storePage.figures())),
      tearDown: () => page.evaluate(() => storePage.wipe()),
    };
  };

  storeSuite('a store over a worker', setUp);
  keepingSuite('a store over a worker', setUp);
});

describe('a received file', () => {
  test('is saved under the name it was offered by and never as something to show', async () => {
    const page = await browsers.open();
    const store = remote(page);
    const facts = { name: '🐟 דג.html', bytes: 0, modifiedMs: 1_600_000_000_000 };
    await store.create('a', facts, CHUNK);
    const file = await saved(page, await store.finish('a'));
    expect(file).toEqual({ ...facts, bytes: '', type: 'application/octet-stream' });
  });

  test('is not given out before it is finished', async () => {
    const page = await browsers.open();
    const store = remote(page);
    const bytes = new Uint8Array(randomBytes(2 * CHUNK));
    await store.create('a', factsOf(bytes), CHUNK);
    await store.write('a', 0, bytes.slice(0, CHUNK), sha256Of(bytes.subarray(0, CHUNK)));
    const [location = ''] = await contents(page);
    await expect(saved(page, location)).rejects.toMatchObject({ code: 'store-failed' });
  });
});

describe('an offered file', () => {
  test('that was removed after it was picked is refused', async () => {
    const page = await browsers.open();
    const path = join(browsers.site.folder, 'gone.bin');
    await writeFile(path, randomBytes(10));
    await page.setInputFiles('#source', path);
    await rm(path);
    const added = opened(page.evaluate((chunk) => storePage.add('a', chunk), CHUNK));
    await expect(added).rejects.toMatchObject({ code: 'unreadable' });
  });
});

describe('what an earlier version left', () => {
  test('goes at the start: its database and the directories of its sessions', async () => {
    const page = await browsers.open();
    const plant = (): Promise<void> =>
      page.evaluate(async () => {
        const root = await navigator.storage.getDirectory();
        const parent = await root.getDirectoryHandle('rockpool', { create: true });
        await parent.getDirectoryHandle('0123456789abcdef'.repeat(2), { create: true });
        await new Promise((made) => {
          const request = indexedDB.open('rockpool-store', 1);
          request.addEventListener('success', () => {
            request.result.close();
            made(undefined);
          });
        });
      });
    const names = (): Promise<string[]> =>
      page.evaluate(async () => {
        const parent = await (await navigator.storage.getDirectory()).getDirectoryHandle('rockpool');
        const found: string[] = [];
        for await (const name of parent.keys()) found.push(name);
        for (const { name } of await indexedDB.databases()) found.push(name ?? '');
        return found;
      });
    // This page's own worker may still be tidying up: then it is planted again.
    await until(async () => {
      await plant();
      return (await names()).length === 4;
    });
    await browsers.site.load(page);
    await until(async () => (await names()).sort().join() === 'cache,rockpool-cache');
  });
});

describe('a worker', () => {
  test('that cannot start fails every call and hangs none', async () => {
    const context = await browsers.newContext();
    await context.route(/\/assets\/main-/u, (route) => route.abort());
    const page = await browsers.site.open(context);
    const store = remote(page);
    const facts = factsOf(new Uint8Array());
    await expect(store.create('a', facts, CHUNK)).rejects.toMatchObject({ code: 'store-failed' });
    await expect(store.finish('a')).rejects.toMatchObject({ code: 'store-failed' });
  });
});
