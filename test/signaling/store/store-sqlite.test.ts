// The server's database over embedded SQLite: what every database promises, and what only a file does.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { passkeysOf } from '../../../signaling/store/accounts.ts';
import { openDatabase, type Database } from '../../../signaling/store/database.ts';
import { NEVER_MS } from '../../../signaling/store/fields.ts';
import { takeLease } from '../../../signaling/store/leases.ts';
import { MIGRATIONS } from '../../../signaling/store/migrations.ts';
import { accountsSuite } from './accounts-suite.ts';
import { moderationSuite } from './moderation-suite.ts';
import { openingSuite } from './opening-suite.ts';
import { poolsSuite } from './pools-suite.ts';

// Where everybody tests at once, a disk takes its time.
jest.setTimeout(60_000);

const KILLS = 20;

let folder: string;
let database: Database;

const newDirectory = (): Promise<string> => mkdtemp(join(folder, 'data-'));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-store-'));
  database = await openDatabase({ dataDir: await newDirectory() });
});

afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});

openingSuite('SQLite', async () => ({ dataDir: await newDirectory() }));
accountsSuite('SQLite', () => database);
poolsSuite('SQLite', () => database);
moderationSuite('SQLite', () => database);

describe('the file', () => {
  test('is one process’s at a time, and alone in its directory once it is closed', async () => {
    const dataDir = await newDirectory();
    const first = await openDatabase({ dataDir });
    const refused = { name: 'DatabaseError', code: 'failed', message: expect.stringMatching(/in use/u) };
    await expect(openDatabase({ dataDir })).rejects.toMatchObject(refused);
    await first.close();
    expect(await readdir(dataDir)).toEqual(['rockpool.sqlite']);
  });

  test('forgets the leases of a process that was killed', async () => {
    const dataDir = await newDirectory();
    const killed = await openDatabase({ dataDir });
    const lease = { lease: 'migrations', holder: 'killed', nowMs: 1, untilMs: NEVER_MS };
    expect(await killed.transact((tx) => takeLease(tx, lease))).toBeDefined();
    await killed.close();
    const newer = [...MIGRATIONS, 'create table fish (name text primary key)'];
    const reopened = await openDatabase({ dataDir }, newer);
    expect(await reopened.transact((tx) => takeLease(tx, { ...lease, holder: 'next' }))).toBeDefined();
    await reopened.close();
  });

  test('that is no database is refused, and left as it is', async () => {
    const dataDir = await newDirectory();
    await writeFile(join(dataDir, 'rockpool.sqlite'), 'a letter, and no database at all. '.repeat(300));
    await expect(openDatabase({ dataDir })).rejects.toMatchObject({ name: 'DatabaseError', code: 'failed' });
    expect(await readdir(dataDir)).toEqual(['rockpool.sqlite']);
  });

  test(`loses nothing acknowledged and keeps no half of a transaction, ${KILLS} of ${KILLS} times its process is killed`, async () => {
    const dataDir = await newDirectory();
    const writer = await bundleWriter();
    const acknowledged: string[] = [];
    for (let kill = 0; kill < KILLS; kill += 1) {
      acknowledged.push(...(await writeUntilKilled(writer, dataDir, 1 + ((7 * kill) % KILLS))));
    }
    const reopened = await openDatabase({ dataDir });
    const kept = await reopened.transact((tx) => tx.selectFrom('accounts').select('id').execute());
    const ids = new Set(kept.map(({ id }) => id));
    expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
    const halves = await reopened.transact(async (tx) => {
      const found: string[] = [];
      for (const id of ids) if ((await passkeysOf(tx, id)).length !== 1) found.push(id);
      return found;
    });
    await reopened.close();
    expect(halves).toEqual([]);
    expect(acknowledged.length).toBeGreaterThan(KILLS);
  }, 240_000);
});

/** The writer as a program; its path. */
async function bundleWriter(): Promise<string> {
  const bundler = join(import.meta.dirname, '../../support/bundle-node.mjs');
  const program = await mkdtemp(join(folder, 'writer-'));
  await promisify(execFile)(process.execPath, [bundler, join(import.meta.dirname, 'writer.ts'), program]);
  return join(program, 'main.mjs');
}

/** Starts the writer, kills it once it has told of so many writes, and resolves to all that it told of. */
async function writeUntilKilled(writer: string, dataDir: string, writes: number): Promise<string[]> {
  const child = spawn(process.execPath, [writer, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  let lines = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    lines += chunk.toString('latin1').split('\n').length - 1;
    if (lines >= writes) child.kill('SIGKILL');
  });
  const told = await text(child.stdout);
  await closed;
  // One that ended by itself was not killed in the middle of anything.
  expect(child.signalCode).toBe('SIGKILL');
  return told.trimEnd().split('\n');
}
