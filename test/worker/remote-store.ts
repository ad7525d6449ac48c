// What the tests of the worker's store share: the built page, and its store called from here.
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { StoreError, type Store } from '../../src/io/store.ts';
import { serveStatic } from '../support/static-server.ts';
import type { Outcome } from './page/page.ts';

export interface StoreSite {
  /** `http://localhost:PORT` */
  readonly origin: string;
  /** A directory for whatever a test needs; it goes with the site. */
  readonly folder: string;
  /** A page with a store of its own. */
  open(context: BrowserContext): Promise<Page>;
  /** The same page with a new store; the old one's worker ends as it does in a reload. */
  load(page: Page): Promise<void>;
  close(): Promise<void>;
}

export async function buildStoreSite(): Promise<StoreSite> {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-store-page-'));
  const built = join(folder, 'site');
  // In a process of its own: Vite's bundler is native and does not take the objects of a test's realm.
  const vite = join(import.meta.dirname, '../../node_modules/vite/bin/vite.js');
  const page = join(import.meta.dirname, 'page');
  await promisify(execFile)(process.execPath, [vite, 'build', page, '--outDir', built, '--logLevel', 'error']);
  const server = await serveStatic(built);
  // Its module ran before `load` fired, so `storePage` is there.
  const load = async (page: Page): Promise<void> => void (await page.goto(`${server.origin}/`));
  return {
    origin: server.origin,
    folder,
    load,
    open: async (context) => {
      const page = await context.newPage();
      await load(page);
      return page;
    },
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

export const encode = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
export const decode = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));

export async function opened<T>(call: Promise<Outcome<T>>): Promise<T> {
  const outcome = await call;
  if (outcome.ok) return outcome.value;
  if (outcome.code === undefined) throw new Error(outcome.message);
  throw new StoreError(outcome.code, outcome.message);
}

/** The store of `page`, called from here. A source is a path that its file picker picks. */
export function remote(page: Page): Store<string> {
  return {
    // What the page's store says is the browser's own word; here it is asked of the disk.
    sizeOf: (path) => Promise.resolve(statSync(path).isFile() ? statSync(path).size : Infinity),
    add: async (key, path, chunkBytes) => {
      if (statSync(path).isDirectory()) return addFolder(page, key, path, chunkBytes);
      await page.setInputFiles('#source', path);
      return opened(page.evaluate(([k, c]) => storePage.add(k, c), [key, chunkBytes] as const));
    },
    hash: async (key, first, count) =>
      decode(await opened(page.evaluate(([k, f, c]) => storePage.hash(k, f, c), [key, first, count] as const))),
    read: async (key, chunk) =>
      decode(await opened(page.evaluate(([k, c]) => storePage.read(k, c), [key, chunk] as const))),
    remove: (key) => opened(page.evaluate((k) => storePage.remove(k), key)),
    create: async (key, facts, chunkBytes) => {
      const args = [key, facts, chunkBytes] as const;
      const kept = await opened(page.evaluate(([k, f, c]) => storePage.create(k, f, c), args));
      return kept && { ...kept, bitmap: decode(kept.bitmap), sha256: decode(kept.sha256) };
    },
    write: (key, chunk, bytes, sha256) => {
      const args = [key, chunk, encode(bytes), encode(sha256)] as const;
      return opened(page.evaluate(([k, c, b, s]) => storePage.write(k, c, b, s), args));
    },
    check: (key, chunk, sha256) => {
      const args = [key, chunk, encode(sha256)] as const;
      return opened(page.evaluate(([k, c, s]) => storePage.check(k, c, s), args));
    },
    finish: (key) => opened(page.evaluate((k) => storePage.finish(k), key)),
    keep: (key) => opened(page.evaluate((k) => storePage.keep(k), key)),
    discard: (key) => opened(page.evaluate((k) => storePage.discard(k), key)),
    kept: () => opened(page.evaluate(() => storePage.kept())),
    forget: (location) => opened(page.evaluate((l) => storePage.forget(l), location)),
    close: () => opened(page.evaluate(() => storePage.close())),
  };
}

/** Offers the folder at `path`; pickers leave out empty directories, so those are named. */
export async function addFolder(
  page: Page,
  key: string,
  path: string,
  chunkBytes: number,
  directories: readonly string[] = [],
): ReturnType<Store<string>['add']> {
  await page.setInputFiles('#folder', path);
  const args = [key, chunkBytes, directories] as const;
  return opened(page.evaluate(([k, c, d]) => storePage.addFolder(k, c, d), args));
}

export interface Saved {
  readonly name: string;
  readonly type: string;
  readonly modifiedMs: number;
  readonly bytes: string;
}

export const saved = (page: Page, location: string): Promise<Saved> =>
  opened(page.evaluate((l) => storePage.file(l), location));

export const archived = (page: Page, location: string): Promise<Saved> =>
  opened(page.evaluate((l) => storePage.archive(l), location));

export const contents = (page: Page): Promise<string[]> => page.evaluate(() => storePage.contents());

/** How long something that happens by itself may take, and how often it is looked for, ms. */
const UNTIL_MS_MAX = 20_000;
const LOOK_MS = 50;

/** Resolves once `look` says so. */
export async function until(look: () => Promise<boolean>): Promise<void> {
  for (const began = performance.now(); !(await look());) {
    if (performance.now() - began > UNTIL_MS_MAX) throw new Error(`not within ${UNTIL_MS_MAX} ms: ${look.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Grants the origin `spareBytes` more than it uses now, or lifts the limit. */
export async function limitSpace(page: Page, session: CDPSession, spareBytes: number | undefined): Promise<void> {
  const origin = new URL(page.url()).origin;
  if (spareBytes === undefined) return void (await session.send('Storage.overrideQuotaForOrigin', { origin }));
  const usage = await page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + spareBytes });
}
