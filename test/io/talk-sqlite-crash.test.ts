// SqliteTalkStore after a crash at any write: the directory is copied as a killed process would leave it, in the middle of
// commits, and a new store must find there what was committed, whole, and nothing of what was not.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { SqliteTalkStore } from '../../src/io/talk-sqlite.ts';
import type { EntryRecord } from '../../src/io/talk-store.ts';
import { equalBytes } from '../../src/wire/bytes.ts';

const POOL = 'quiet-heron-cove-4821';
const [AUTHOR, CHAIN] = ['a'.repeat(32), 'c'.repeat(32)];
const BATCH = 20;
const BATCHES = 40;
/** Of a batch: some pages of the database each. */
const ENTRY_BYTES = 2_000;
/** Writes from one copy of the directory to the next: no divisor of what one commit takes. */
const WRITES_APART = 47;

let directory: string;
/** A process that has ended. */
const dead: number = spawnSync(process.execPath, ['--version']).pid;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rockpool-talk-'));
});

afterEach(async () => {
  jest.restoreAllMocks();
  await rm(directory, { recursive: true });
});

const bytesOf = (seq: number): Uint8Array => new Uint8Array(ENTRY_BYTES).fill(seq);

const batchOf = (number: number): EntryRecord[] =>
  Array.from({ length: BATCH }, (_, i) => number * BATCH + i + 1).map((seq) => ({
    author: AUTHOR,
    chain: CHAIN,
    seq,
    bytes: bytesOf(seq),
  }));

const all = { first: 1, last: 0xffff_ffff };

test('holds every batch that was committed and no part of another', async () => {
  const live = join(directory, 'live');
  const snapshots: { readonly folder: string; readonly committed: number }[] = [];
  let [writes, committed] = [0, 0];
  const { writeSync } = fs;
  const snap = (): void => {
    writes += 1;
    if (writes % WRITES_APART !== 0) return;
    const folder = join(directory, `${snapshots.length}`);
    fs.cpSync(live, folder, { recursive: true });
    snapshots.push({ folder, committed });
  };
  jest.spyOn(fs, 'writeSync').mockImplementation((...args: Parameters<typeof writeSync>) => {
    const written = writeSync(...args);
    snap();
    return written;
  });
  const store = await SqliteTalkStore.open(live);
  for (let number = 0; number < BATCHES; number += 1) {
    await store.commit(POOL, { entries: batchOf(number) });
    committed += 1;
  }
  await store.close();
  jest.restoreAllMocks();

  expect(snapshots.length).toBeGreaterThan(40);
  // Most of them lie within a commit, and some where the log went over into the database.
  const found: number[] = [];
  for (const { folder, committed: least } of snapshots) {
    expect(await readdir(folder)).toContain('talk.sqlite.lock');
    const lock = join(folder, 'talk.lock');
    await writeFile(lock, JSON.stringify({ ...JSON.parse(await readFile(lock, 'utf8')), pid: dead }));
    const again = await SqliteTalkStore.open(folder);
    const entries = await again.entries(POOL, AUTHOR, CHAIN, all, 1e9);
    await again.close();
    const whole = Math.floor(entries.length / BATCH);
    expect(whole).toBeGreaterThanOrEqual(least);
    expect(whole).toBeLessThanOrEqual(least + 1);
    expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: whole * BATCH }, (_, i) => i + 1));
    expect(entries.every(({ seq, bytes }) => equalBytes(bytes, bytesOf(seq)))).toBe(true);
    found.push(whole);
  }
  expect(new Set(found).size).toBeGreaterThan(20);
}, 60_000);

test('begins anew where a crash came before the new file was one', async () => {
  await mkdir(join(directory, 'talk.sqlite.lock'));
  await writeFile(join(directory, 'talk.sqlite'), new Uint8Array(4096));
  await writeFile(join(directory, 'talk.sqlite-journal'), new Uint8Array(512));
  const store = await SqliteTalkStore.open(directory);
  await store.commit(POOL, { entries: batchOf(1) });
  await store.close();
  expect(await readdir(directory)).toEqual(['talk.sqlite']);
});
