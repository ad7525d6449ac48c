// WorkerTalkStore in real Chromium against the contract of every TalkStore, and what only browsers have: a worker that ends
// whenever the page does, a quota, bytes that are views.
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { entryId } from '../../src/wire/entry.ts';
import { talkStoreSuite } from '../io/talk-store-suite.ts';
import { limitSpace } from './remote-store.ts';
import { remoteTalk } from './remote-talk.ts';
import { StoreBrowsers, StoreProfile } from './store-browsers.ts';

jest.setTimeout(60_000);

const POOL = 'quiet-heron-cove-4821';
const [AUTHOR, CHAIN] = ['a'.repeat(32), 'c'.repeat(32)];

const browsers = new StoreBrowsers();

describe('in Chromium', () => {
  // One page for the whole suite, as for the store of files.
  let page: Page;

  beforeAll(async () => {
    page = await (await (await browsers.browser()).newContext()).newPage();
  });

  talkStoreSuite('conversations over a worker', async () => {
    await browsers.site.load(page);
    const store = remoteTalk(page);
    return {
      store,
      reopen: async () => {
        await store.close();
        await page.evaluate(() => void talkPage.open());
        return store;
      },
      tearDown: () => page.evaluate(() => talkPage.wipe()),
    };
  });
});

describe('a page', () => {
  test('that closed its store is refused everything but to close it once more', async () => {
    const store = remoteTalk(await browsers.open());
    await store.pools();
    await store.close();
    await store.close();
    const refused = { name: 'StoreError', code: 'store-failed' };
    await expect(store.commit(POOL, {})).rejects.toMatchObject(refused);
    await expect(store.search('heron', 10)).rejects.toMatchObject(refused);
  });

  test('stores of bytes that are a view only those', async () => {
    const page = await browsers.open();
    const lengths = await page.evaluate(
      async ([pool, author, chain]) => {
        const store = talkPage.open();
        const bytes = new Uint8Array(1000).fill(7);
        await store.commit(pool, { entries: [{ author, chain, seq: 1, bytes: bytes.subarray(10, 20) }] });
        const record = await (await openTalkRecords()).get('entries', [pool, author, chain, 1]);
        return [record.bytes.length, record.bytes.buffer.byteLength, bytes.length];
      },
      [POOL, AUTHOR, CHAIN] as const,
    );
    expect(lengths).toEqual([10, 10, 1000]);
  });

  test('finds what version 1 kept, and its announcements', async () => {
    const page = await browsers.open();
    await page.evaluate(
      async ([pool, author, room]) => {
        const opening = indexedDB.open('rockpool-talk-test', 1);
        opening.onupgradeneeded = () => {
          const db = opening.result;
          db.createObjectStore('pools', { keyPath: 'pool' });
          for (const name of ['chains', 'members', 'rooms', 'entries', 'epochs', 'texts', 'waiting', 'proofs'])
            db.createObjectStore(name);
          const messages = db.createObjectStore('messages', { keyPath: ['pool', 'message.id'] });
          const place = ['message.created', 'message.author', 'seq'];
          messages.createIndex('room', ['pool', 'message.room', ...place]);
          messages.createIndex('here', ['here', 'pool', 'message.room', 'message.created']);
          messages.createIndex('saved', 'saved');
          // More than an upgrade looks at in one go; every hundredth announces something.
          for (let seq = 1; seq <= 1200; seq++) {
            const id = `${author}/${room}/${seq}`;
            const announcement = seq % 100 === 0;
            const message = { id, author, room, created: seq, state: 'here', text: 'herring', announcement };
            messages.put({ pool, seq, here: 1, message });
          }
        };
        await new Promise((resolve) => (opening.onsuccess = resolve));
        opening.result.close();
      },
      [POOL, AUTHOR, CHAIN] as const,
    );
    const store = remoteTalk(page);
    const seqs = (await store.announcements(POOL, CHAIN, 16)).map(({ created }) => created);
    expect(seqs).toEqual([1200, 1100, 1000, 900, 800, 700, 600, 500, 400, 300, 200, 100]);
    expect(await store.page(POOL, CHAIN, 9999)).toHaveLength(1200);
    expect(await store.unread(POOL, CHAIN, 0, [])).toBe(1200);
    expect((await store.load(POOL, AUTHOR)).due).toEqual([]);
    await page.evaluate(() => talkPage.wipe());
  });

  test('is told when there is no space, and goes on once there is', async () => {
    const page = await browsers.open();
    const session = await page.context().newCDPSession(page);
    const store = remoteTalk(page);
    const entry = (seq: number) => ({ author: AUTHOR, chain: CHAIN, seq, bytes: new Uint8Array(40_000).fill(seq) });
    // From the start: Chromium remembers for a while how much there was.
    await limitSpace(page, session, 1024 * 1024);
    await store.commit(POOL, { entries: [entry(1)] });
    const entries = Array.from({ length: 200 }, (_, i) => entry(i + 2));
    await expect(store.commit(POOL, { entries })).rejects.toMatchObject({ name: 'StoreError', code: 'no-space' });
    await limitSpace(page, session, undefined);
    expect(await store.entries(POOL, AUTHOR, CHAIN, { first: 1, last: 999 }, 1e9)).toEqual([entry(1)]);
    await store.commit(POOL, { entries: [entry(2)] });
    expect(await store.entries(POOL, AUTHOR, CHAIN, { first: 1, last: 999 }, 1e9)).toHaveLength(2);
  });

  test('shares what is kept with other tabs', async () => {
    const page = await browsers.open();
    const other = await browsers.site.open(page.context());
    await remoteTalk(page).commit(POOL, { pool: { pool: POOL, visitedMs: 1, unread: 0, left: false } });
    expect(await remoteTalk(other).pools()).toHaveLength(1);
    await remoteTalk(other).forget(POOL);
    expect(await remoteTalk(page).pools()).toEqual([]);
  });
});

describe('a browser that is killed while it commits', () => {
  const profile = new StoreProfile(browsers, 'each test');

  test('has after its next start every batch that was done, and no part of another', async () => {
    const { page } = profile;
    const done = await page.evaluate(
      async ([pool, author, chain]) => {
        const store = talkPage.open();
        let committed = 0;
        const batch = async (first: number): Promise<void> => {
          const bytes = new Uint8Array(500);
          const entries = Array.from({ length: 16 }, (_, i) => ({ author, chain, seq: first + i, bytes }));
          await store.commit(pool, { entries }).then(() => (committed += 1));
        };
        void (async () => {
          for (let first = 1; ; first += 16) await batch(first);
        })().catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        return committed;
      },
      [POOL, AUTHOR, CHAIN] as const,
    );
    expect(done).toBeGreaterThan(0);
    await page.evaluate(() => storePage.kill());
    await profile.context.close();
    await profile.start();
    const found = await remoteTalk(profile.page).entries(POOL, AUTHOR, CHAIN, { first: 1, last: 1e6 }, 1e9);
    expect(found.length % 16).toBe(0);
    expect(found.length).toBeGreaterThanOrEqual(16 * done);
    expect(found.map(({ seq }) => entryId(AUTHOR, CHAIN, seq)).at(-1)).toBe(entryId(AUTHOR, CHAIN, found.length));
  });
});
