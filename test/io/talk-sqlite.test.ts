// SqliteTalkStore against the contract of every TalkStore, and what only it has: a file that one process has at a time, its
// versions, a disk that is full.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { MIGRATIONS } from '../../src/io/talk-sqlite-schema.ts';
import { sealedMessage } from '../../src/talk/projection.ts';
import type { MessageRecord } from '../../src/talk/records.ts';
import { entryId } from '../../src/wire/entry.ts';
import { talkStoreSuite } from './talk-store-suite.ts';

/** What statfs says of a disk while it is full. */
let full = false;
const real = await import('node:fs/promises');
jest.unstable_mockModule('node:fs/promises', () => ({
  ...real,
  statfs: async (path: string) => ({ ...(await real.statfs(path)), ...(full ? { bavail: 0 } : {}) }),
}));
const { SqliteTalkStore } = await import('../../src/io/talk-sqlite.ts');
const { SqliteFile } = await import('../../src/io/sqlite-file.ts');
type SqliteTalkStore = Awaited<ReturnType<typeof SqliteTalkStore.open>>;

talkStoreSuite('conversations in SQLite', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rockpool-talk-'));
  let store = await SqliteTalkStore.open(directory);
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await SqliteTalkStore.open(directory);
      return store;
    },
    tearDown: async () => {
      await store.close();
      await rm(directory, { recursive: true });
    },
  };
});

describe('a directory of conversations', () => {
  const POOL = 'quiet-heron-cove-4821';
  const refused = (message: RegExp): unknown =>
    expect.objectContaining({ name: 'StoreError', code: 'store-failed', message: expect.stringMatching(message) });
  const visited = (
    visitedMs: number,
  ): { pool: { pool: string; visitedMs: number; unread: number; left: boolean } } => ({
    pool: { pool: POOL, visitedMs, unread: 0, left: false },
  });

  let directory: string;
  const opened: SqliteTalkStore[] = [];

  const open = async (): Promise<SqliteTalkStore> => {
    const store = await SqliteTalkStore.open(directory);
    opened.push(store);
    return store;
  };

  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'rockpool-talk-')), 'ünder way');
  });

  afterEach(async () => {
    full = false;
    jest.restoreAllMocks();
    for (const store of opened.splice(0)) await store.close();
    await rm(join(directory, '..'), { recursive: true });
  });

  test('is made, for this person only, and holds one file once it is closed', async () => {
    const store = await open();
    await store.commit(POOL, visited(1));
    const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);
    expect(await modeOf(directory)).toBe('700');
    expect(await modeOf(join(directory, 'talk.sqlite'))).toBe('600');
    expect(await modeOf(join(directory, 'talk.sqlite-wal'))).toBe('600');
    await store.close();
    expect(await readdir(directory)).toEqual(['talk.sqlite']);
  });

  test('is refused while it is open, and given once it is closed', async () => {
    const store = await open();
    await expect(SqliteTalkStore.open(directory)).rejects.toEqual(refused(/in use by another process/u));
    await store.commit(POOL, visited(1));
    await store.close();
    expect(await (await open()).pools()).toHaveLength(1);
  });

  test('is given though a process that was killed has locked it in both ways', async () => {
    await (await open()).close();
    const dead = spawnSync(process.execPath, ['--version']).pid;
    const store = await open();
    const lock = await readFile(join(directory, 'talk.lock'), 'utf8');
    await store.close();
    await writeFile(join(directory, 'talk.lock'), JSON.stringify({ ...JSON.parse(lock), pid: dead }));
    await mkdir(join(directory, 'talk.sqlite.lock'));
    await (await open()).commit(POOL, visited(1));
  });

  test('is refused, and left as it is, if it holds something else', async () => {
    await mkdir(directory);
    await writeFile(join(directory, 'talk.sqlite'), 'a letter, and no database at all. '.repeat(300));
    await expect(open()).rejects.toEqual(refused(/not a database/u));
    expect(await readdir(directory)).toEqual(['talk.sqlite']);
    expect((await stat(join(directory, 'talk.sqlite'))).size).toBe(34 * 300);
  });

  test('is refused where none can be made', async () => {
    await writeFile(directory, '');
    await expect(open()).rejects.toEqual(refused(/cannot be locked/u));
  });

  test('that is closed takes and gives nothing', async () => {
    const store = await open();
    await store.close();
    await store.close();
    await expect(store.commit(POOL, visited(1))).rejects.toEqual(refused(/closed/u));
    await expect(store.search('heron', 10)).rejects.toEqual(refused(/closed/u));
    await expect(store.forget(POOL)).rejects.toEqual(refused(/closed/u));
  });

  test.each([
    ['no-space', true],
    ['store-failed', false],
  ])('says %s when a write fails and the disk is full: %s; what was there stays', async (code, isFull) => {
    const store = await open();
    await store.commit(POOL, visited(1));
    jest.spyOn(fs, 'writeSync').mockImplementation(() => {
      throw new Error('the disk refuses');
    });
    full = isFull;
    const failing = store.commit(POOL, visited(2));
    await expect(failing).rejects.toMatchObject({
      name: 'StoreError',
      code,
      message: expect.stringMatching(/stored/u),
    });
    jest.restoreAllMocks();
    expect(await store.pools()).toEqual([visited(1).pool]);
    await store.commit(POOL, visited(3));
    expect(await store.pools()).toEqual([visited(3).pool]);
  });

  test('keeps no copy of what was taken back or forgotten', async () => {
    const store = await open();
    const entry = { author: 'a'.repeat(32), chain: 'c'.repeat(32), seq: 1 };
    const bytes = new Uint8Array(Buffer.from('SECRETS '.repeat(100)));
    const holds = async (): Promise<boolean> => {
      const names = (await readdir(directory, { withFileTypes: true })).filter((found) => found.isFile());
      const texts = await Promise.all(names.map(({ name }) => readFile(join(directory, name), 'latin1')));
      return texts.some((each) => each.includes('SECRETS'));
    };
    await store.commit(POOL, {
      entries: [
        { ...entry, bytes },
        { ...entry, seq: 2, bytes },
      ],
    });
    expect(await holds()).toBe(true);
    await store.commit(POOL, { entries: [{ ...entry, bytes: bytes.subarray(0, 3) }] });
    await store.forget(POOL);
    expect(await holds()).toBe(false);
  });

  test('of the first version keeps all that is in it, and gives its announcements', async () => {
    const file = await SqliteFile.open(directory, 'talk', MIGRATIONS.slice(0, 1));
    const author = 'a'.repeat(32);
    const at = (seq: number, over: Partial<MessageRecord>): MessageRecord => {
      const id = entryId(author, author, seq);
      return {
        ...sealedMessage({ id, author, room: author, seq, created: seq }),
        state: 'here',
        text: 'herring',
        ...over,
      };
    };
    const announced = [at(1, { announcement: true }), at(2, {}), at(3, { announcement: true, state: 'retracted' })];
    for (const [i, message] of announced.entries()) {
      const { id, room, created, state, text } = message;
      const values = [
        POOL,
        id,
        room,
        created,
        author,
        i + 1,
        state === 'here' ? 1 : 0,
        0,
        text,
        JSON.stringify(message),
      ];
      file.run('INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', ...values);
    }
    file.run('INSERT INTO waiting VALUES (?, ?, ?, ?, ?)', POOL, 'x', author, author, 9);
    await file.close();
    const store = await open();
    expect(await store.announcements(POOL, author, 9)).toEqual([announced[0]]);
    expect(await store.page(POOL, author, 9)).toEqual(announced.toReversed());
    expect(await store.waiting(POOL, ['x'])).toEqual([{ on: 'x', author, chain: author, seq: 9 }]);
    expect(await store.search('herring', 9)).toHaveLength(3);
    await store.commit(POOL, { messages: [at(4, { announcement: true })] });
    expect(await store.announcements(POOL, author, 9)).toHaveLength(2);
  });

  test('is brought to the newest version, once, and refused by an older one', async () => {
    const versions = ['CREATE TABLE fish (name TEXT)', "INSERT INTO fish VALUES ('herring')"];
    const at = (count: number): ReturnType<typeof SqliteFile.open> =>
      SqliteFile.open(directory, 'fish', versions.slice(0, count));
    await (await at(1)).close();
    await (await at(2)).close();
    const file = await at(2);
    expect(file.all('SELECT name FROM fish')).toEqual([{ name: 'herring' }]);
    await file.close();
    await expect(at(1)).rejects.toEqual(refused(/newer version/u));
    const broken = SqliteFile.open(directory, 'fish', [...versions, 'DROP TABLE fish; CREATE TABLE']);
    await expect(broken).rejects.toEqual(refused(/cannot be opened/u));
    const again = await at(2);
    expect(again.all('SELECT name FROM fish')).toEqual([{ name: 'herring' }]);
    await again.close();
  });
});
