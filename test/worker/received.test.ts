// The worker's store where calls meet: two at the same chunk, one that fails half way, one that comes while a file is put
// away. Over a simulated disk; what happens in a browser itself is the matter of the browser tests.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { FileFacts } from '../../src/io/store.ts';
import { Random } from '../../src/sim/random.ts';
import { pass, quiet, simulate, startWorker, through, type SimulatedWorker } from './simulated/browser.ts';
import { Disk, SimulatedException } from './simulated/disk.ts';
import { chunksOf, sha256Of } from './store-suite.ts';

const CHUNK = 64;
const MIB = 1024 * 1024;
const facts: FileFacts = { name: 'reef', bytes: 8 * CHUNK, modifiedMs: 0 };

let disk: Disk;
let worker: SimulatedWorker;
let older: Uint8Array[];
let newer: Uint8Array[];
let restore: () => void;

beforeEach(async () => {
  const random = new Random(1);
  restore = simulate(random);
  disk = new Disk();
  disk.quotaBytes = 4 * MIB;
  older = chunksOf(random.bytes(facts.bytes), CHUNK);
  newer = chunksOf(random.bytes(facts.bytes), CHUNK);
  worker = await startWorker(disk, random, 2);
});

afterEach(() => restore());

const full = (): Error => new SimulatedException('full', 'QuotaExceededError');

const write = (key: string, version: readonly Uint8Array[], chunk: number): Promise<boolean> => {
  const bytes = version[chunk] ?? new Uint8Array();
  return worker.received.write(key, chunk, bytes.slice(), sha256Of(bytes));
};

/** What is kept of the older version, all of it, is taken up as `b`. */
async function takeUp(): Promise<void> {
  await through(worker.received.create('a', facts, CHUNK));
  await through(Promise.all(older.map((_, chunk) => write('a', older, chunk))));
  await through(worker.received.keep('a'));
  await through(worker.received.create('b', facts, CHUNK));
}

/** Whether the index claimed chunk 3 of the only part at the moment when it was written anew. */
function claimedWhenWritten(from: number): boolean {
  let claimed = true;
  for (const event of disk.log.slice(from)) {
    if (event.kind === 'written' && event.at === 3 * CHUNK) return claimed;
    if (event.kind !== 'committed') continue;
    for (const { table, value } of event.changes) {
      const bitmap: unknown = table === 'chunks' ? Reflect.get(Object(value), 'bitmap') : undefined;
      if (ArrayBuffer.isView(bitmap)) claimed = (new DataView(bitmap.buffer, bitmap.byteOffset).getUint8(0) & 8) !== 0;
    }
  }
  throw new Error('it was not written');
}

test('a chunk that comes from two at once is replaced only when it is no longer claimed', async () => {
  await takeUp();
  const from = disk.log.length;
  expect(await through(Promise.all([write('b', newer, 3), write('b', newer, 3)]))).toEqual([true, true]);
  expect(claimedWhenWritten(from)).toBe(false);
  expect(disk.log.slice(from).filter(({ kind }) => kind === 'written')).toHaveLength(1);
});

test('a chunk whose claim could not be taken back is not replaced before it could', async () => {
  await takeUp();
  const from = disk.log.length;
  worker.database.failures.push(full());
  await expect(through(write('b', newer, 3))).rejects.toMatchObject({ code: 'no-space' });
  expect(await through(write('b', newer, 3))).toBe(true);
  expect(claimedWhenWritten(from)).toBe(false);
});

test('a file that is put away while room is made for it stays closed', async () => {
  await through(worker.received.create('a', { ...facts, bytes: 3 * MIB }, MIB));
  const bytes = new Uint8Array(MIB);
  expect(await through(worker.received.write('a', 0, bytes, sha256Of(bytes)))).toBe(true);
  disk.quotaBytes = disk.usedBytes;
  // Another tab decides on space for as long as this takes.
  let decide: () => void = () => undefined;
  void navigator.locks.request('rockpool-cache-space', () => new Promise<void>((decided) => (decide = decided)));
  await quiet();
  const second = worker.received.write('a', 2, bytes, sha256Of(bytes));
  const refused = second.catch((error: unknown) => error);
  await quiet();
  await through(worker.received.keep('a'));
  decide();
  expect(await through(refused)).toMatchObject({ code: 'store-failed' });
  expect([...worker.files.open]).toEqual([]);
});

test('a part that is just being put away is taken up, not begun anew', async () => {
  await through(worker.received.create('a', facts, CHUNK));
  await through(write('a', older, 0));
  const kept = worker.received.keep('a');
  // The page's next message, as early as can be.
  for (let tick = 0; tick < 4; tick += 1) await undefined;
  const again = await through(worker.received.create('b', facts, CHUNK));
  await through(kept);
  expect(again?.bitmap[0]).toBe(1);
  expect(await through(worker.cache.kept())).toHaveLength(1);
});

test('progress is on disk a second after it was made, by itself', async () => {
  await through(worker.received.create('a', facts, CHUNK));
  await through(write('a', older, 0));
  pass(999);
  await quiet();
  expect((await through(worker.cache.kept()))[0]?.verifiedBytes).toBe(0);
  pass(1);
  await quiet();
  expect((await through(worker.cache.kept()))[0]?.verifiedBytes).toBe(CHUNK);
});

test('a part that is longer than its file, as measuring room leaves it, is cut back when it is taken up', async () => {
  await through(worker.received.create('a', facts, CHUNK));
  await through(write('a', older, 0));
  await through(worker.received.keep('a'));
  for (const content of disk.files.values()) content.length = MIB;
  const kept = await through(worker.received.create('b', facts, CHUNK));
  expect(kept?.maybeChunks).toBe(8);
  expect(disk.usedBytes).toBe(facts.bytes);
});

test('what is said of a file that is gone is dropped', async () => {
  await through(worker.received.create('a', facts, CHUNK));
  await through(worker.received.discard('a'));
  await through(worker.cache.saved('gone'));
  expect(await through(worker.cache.kept())).toEqual([]);
});

test("a file that cannot be begun says why and is in nobody's way", async () => {
  // Looking for a part and for what others expect works, making the record and removing it does not.
  worker.database.failures.push(undefined, undefined, full(), new Error('broken'));
  await expect(through(worker.received.create('a', facts, CHUNK))).rejects.toMatchObject({ code: 'no-space' });
  expect((await through(navigator.locks.query())).held).toEqual([]);
});

test('a finished file is given out even where the disk is too full to note it', async () => {
  await through(worker.received.create('a', facts, CHUNK));
  await through(Promise.all(older.map((_, chunk) => write('a', older, chunk))));
  const location = await through(worker.received.finish('a'));
  worker.database.failures.push(undefined, full());
  expect((await through(worker.cache.file(location))).size).toBe(facts.bytes);
});
