// WorkerStore in real Chromium against the contract of every store, and what only browsers have: sessions that come
// and go, a worker that dies, files to save.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { StoreError, type Store } from '../../src/io/store.ts';
import { launchChromium } from '../support/chromium.ts';
import { serveStatic, type StaticServer } from '../support/static-server.ts';
import type { Outcome } from './page/page.ts';
import { factsOf, receive, sha256Of, storeSuite } from './store-suite.ts';

const CHUNK = 4096;
/** How often to look for the effect of a sweep before another is started. */
const LOOKS_PER_START = 50;

// Long before a slow or busy machine would fail for nothing.
jest.setTimeout(60_000);

let folder: string;
let server: StaticServer;
let browser: Browser;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-store-page-'));
  // In a process of its own: Vite's bundler is native and does not take the objects of a test's realm.
  const vite = join(import.meta.dirname, '../../node_modules/vite/bin/vite.js');
  const page = join(import.meta.dirname, 'page');
  await promisify(execFile)(process.execPath, [vite, 'build', page, '--outDir', folder, '--logLevel', 'error']);
  server = await serveStatic(folder);
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  await rm(folder, { recursive: true });
});

/** A page with a store of its own. */
async function openPage(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await load(page);
  return page;
}

async function load(page: Page): Promise<void> {
  await page.goto(`${server.origin}/`);
  // Its module ran before `load` fired, so `storePage` is there.
}

const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const decode = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

async function opened<T>(call: Promise<Outcome<T>>): Promise<T> {
  const outcome = await call;
  if (outcome.ok) return outcome.value;
  if (outcome.code === undefined) throw new Error(outcome.message);
  throw new StoreError(outcome.code, outcome.message);
}

/** The store of `page`, called from here. A source is a path that its file picker picks. */
function remote(page: Page): Store<string> {
  return {
    add: async (key, path, chunkBytes) => {
      await page.setInputFiles('#source', path);
      return opened(page.evaluate(([k, c]) => storePage.add(k, c), [key, chunkBytes] as const));
    },
    hash: async (key, first, count) =>
      decode(await opened(page.evaluate(([k, f, c]) => storePage.hash(k, f, c), [key, first, count] as const))),
    read: async (key, chunk) =>
      decode(await opened(page.evaluate(([k, c]) => storePage.read(k, c), [key, chunk] as const))),
    remove: (key) => opened(page.evaluate((k) => storePage.remove(k), key)),
    create: (key, facts, chunkBytes) =>
      opened(page.evaluate(([k, f, c]) => storePage.create(k, f, c), [key, facts, chunkBytes] as const)),
    write: (key, chunk, bytes, sha256) =>
      opened(
        page.evaluate(([k, c, b, s]) => storePage.write(k, c, b, s), [
          key,
          chunk,
          encode(bytes),
          encode(sha256),
        ] as const),
      ),
    finish: (key) => opened(page.evaluate((k) => storePage.finish(k), key)),
    discard: (key) => opened(page.evaluate((k) => storePage.discard(k), key)),
    close: () => opened(page.evaluate(() => storePage.close())),
  };
}

const saved = (
  page: Page,
  location: string,
): Promise<{ name: string; type: string; modifiedMs: number; bytes: string }> =>
  opened(page.evaluate((l) => storePage.file(l), location));

const contents = (page: Page): Promise<string[]> => page.evaluate(() => storePage.contents());

describe('in Chromium', () => {
  // One page for the whole suite, loaded anew for every test: opening a context each time would take most of the time.
  let page: Page;

  beforeAll(async () => {
    page = await (await browser.newContext()).newPage();
  });

  afterAll(() => page?.context().close());

  storeSuite('a store over a worker', async () => {
    await load(page);
    return {
      store: remote(page),
      load: async (location) => decode((await saved(page, location)).bytes),
      contents: () => contents(page),
      figures: () => opened(page.evaluate(() => storePage.figures())),
      tearDown: () => page.evaluate(() => storePage.wipe()),
    };
  });
});

describe('a received file', () => {
  test('is saved under the name it was offered by and never as something to show', async () => {
    const context = await browser.newContext();
    const page = await openPage(context);
    const store = remote(page);
    const facts = { name: '🐟 דג.html', bytes: 0, modifiedMs: 1_600_000_000_000 };
    await store.create('a', facts, CHUNK);
    const file = await saved(page, await store.finish('a'));
    expect(file).toEqual({ ...facts, bytes: '', type: 'application/octet-stream' });
    await context.close();
  });

  test('is not given out before it is finished', async () => {
    const context = await browser.newContext();
    const page = await openPage(context);
    const store = remote(page);
    const bytes = new Uint8Array(randomBytes(2 * CHUNK));
    await store.create('a', factsOf(bytes), CHUNK);
    await store.write('a', 0, bytes.slice(0, CHUNK), sha256Of(bytes.subarray(0, CHUNK)));
    const [location = ''] = await contents(page);
    await expect(saved(page, location)).rejects.toMatchObject({ code: 'store-failed' });
    await context.close();
  });
});

describe('an offered file', () => {
  test('that was removed after it was picked is refused', async () => {
    const context = await browser.newContext();
    const page = await openPage(context);
    const path = join(folder, 'gone.bin');
    await writeFile(path, randomBytes(10));
    await page.setInputFiles('#source', path);
    await rm(path);
    const added = opened(page.evaluate((chunk) => storePage.add('a', chunk), CHUNK));
    await expect(added).rejects.toMatchObject({ code: 'unreadable' });
    await context.close();
  });
});

describe('a session', () => {
  test('that is over is swept away by the next, files and records; one that lives is not', async () => {
    const context = await browser.newContext();
    const [dead, living] = [await openPage(context), await openPage(context)];
    await receive(remote(dead), 'a', randomBytes(10));
    const location = await receive(remote(living), 'a', randomBytes(10));
    expect(await contents(living)).toHaveLength(2);
    await dead.close();
    const next = await openPage(context);
    // A worker sweeps once, when it starts, and the browser may not yet have let go of the lock of the dead one then.
    for (let looks = 1; (await contents(next)).length > 1; looks += 1) {
      if (looks % LOOKS_PER_START === 0) await load(next);
    }
    expect(await contents(next)).toEqual([location]);
    expect((await saved(living, location)).name).toBe('fish.bin');
    await context.close();
  });
});

describe('a worker', () => {
  test('that cannot start fails every call and hangs none', async () => {
    const context = await browser.newContext();
    await context.route(/\/assets\/main-/u, (route) => route.abort());
    const page = await openPage(context);
    const store = remote(page);
    const facts = factsOf(new Uint8Array());
    await expect(store.create('a', facts, CHUNK)).rejects.toMatchObject({ code: 'store-failed' });
    await expect(store.finish('a')).rejects.toMatchObject({ code: 'store-failed' });
    await context.close();
  });
});
