// The device's keys in a real browser: one device for each tab that is open, the same one after a reload and another day.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { BrowserContext, Page } from 'playwright-core';
import { launchProfile } from '../support/chromium.ts';

const LIMIT_MS = 60_000;
const BUNDLE_BYTES_MAX = 4 * 1024 * 1024;

let server: Server;
let origin: string;
let profile: string;
let context: BrowserContext;

beforeAll(async () => {
  const bundle = join(import.meta.dirname, '../conformance/bundle.mjs');
  const page = join(import.meta.dirname, 'device-keys-page.ts');
  const { stdout: script } = await promisify(execFile)(process.execPath, [bundle, page], {
    maxBuffer: BUNDLE_BYTES_MAX,
  });
  server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><script>${script.replaceAll('</script', '<\\/script')}</script>`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no address');
  origin = `http://localhost:${address.port}/`;
}, LIMIT_MS);

beforeEach(async () => {
  profile = await mkdtemp(join(tmpdir(), 'rockpool-profile-'));
  context = await launchProfile(profile);
}, LIMIT_MS);

afterEach(async () => {
  await context.close();
  await rm(profile, { recursive: true, force: true });
}, LIMIT_MS);

afterAll(() => void server.close());

async function tab(): Promise<Page> {
  const page = await context.newPage();
  await page.goto(origin);
  return page;
}

type Held = Awaited<ReturnType<typeof globalThis.hold>>;
const hold = (page: Page, last?: number): Promise<Held> => page.evaluate((slot) => globalThis.hold(slot), last);

test(
  'are of another device in each tab that is open, and cannot be read out',
  async () => {
    const held = await Promise.all((await Promise.all([tab(), tab(), tab()])).map((page) => hold(page)));
    expect(held.map(({ slot }) => slot).sort()).toEqual([0, 1, 2]);
    expect(new Set(held.map(({ id }) => id)).size).toBe(3);
    for (const { extractable, signs } of held)
      expect({ extractable, signs }).toEqual({ extractable: false, signs: true });
  },
  LIMIT_MS,
);

test(
  'are the same after a reload, the first tab’s being closed before or not',
  async () => {
    const [first, second] = [await tab(), await tab()];
    await hold(first);
    const { id, slot } = await hold(second);
    await second.reload();
    expect(await hold(second, slot)).toMatchObject({ id, slot: 1 });
    await first.close();
    await second.reload();
    expect(await hold(second, slot)).toMatchObject({ id, slot: 1 });
  },
  LIMIT_MS,
);

test(
  'are of another device in a duplicated tab, which asks for the slot of the one it was made of',
  async () => {
    const { id, slot } = await hold(await tab());
    const copy = await hold(await tab(), slot);
    expect(copy.slot).toBe(1);
    expect(copy.id).not.toBe(id);
  },
  LIMIT_MS,
);

test(
  'are the same another day: a new tab takes the first slot that is free',
  async () => {
    const [first, second] = [await tab(), await tab()];
    const ids = [await hold(first), await hold(second)].map(({ id }) => id);
    await context.close();
    context = await launchProfile(profile);
    expect([await hold(await tab()), await hold(await tab())].map(({ id }) => id)).toEqual(ids);
  },
  LIMIT_MS,
);

test(
  'are for the visit where the browser keeps nothing',
  async () => {
    await context.addInitScript(() => {
      Object.defineProperty(globalThis, 'indexedDB', {
        get: () => {
          throw new DOMException('The operation is insecure.', 'SecurityError');
        },
      });
    });
    const page = await tab();
    const held = await hold(page);
    expect(held).toMatchObject({ slot: undefined, extractable: false, signs: true });
    await page.reload();
    expect((await hold(page)).id).not.toBe(held.id);
  },
  LIMIT_MS,
);
