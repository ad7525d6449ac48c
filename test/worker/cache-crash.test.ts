// The browser's cache after a crash at any instant: its real store runs over a simulated disk that records every write,
// flush and transaction, then a disk is made as a crash between any two of them could leave it, and what the next worker
// finds there must be true, whole and all there is.
import { afterEach, expect, test } from '@jest/globals';
import type { FileFacts, KeptPart } from '../../src/io/store.ts';
import { Random } from '../../src/sim/random.ts';
import type { CacheIndex } from '../../worker/cache-index.ts';
import { GROUP_CHUNKS } from '../../worker/chunk-map.ts';
import { indexOn, pass, simulate, startWorker, through, type SimulatedWorker } from './simulated/browser.ts';
import { Disk, crashed } from './simulated/disk.ts';
import { chunksOf, sha256Of } from './store-suite.ts';

const SCENARIOS = 26;
const CUTS = 20;
const MIB = 1024 * 1024;

/** A busy machine takes its time. */
const TIMEOUT_MS = 60_000;

/** More chunks than a record of the index holds. */
const CHUNK = 64;
const CHUNKS = 270;
const reef: FileFacts = { name: 'reef', bytes: CHUNKS * CHUNK - 10, modifiedMs: 0 };

/** Three of these fit beside what is left to the index, four do not. */
const LARGE_BYTES = 1.25 * MIB;
const LARGE_CHUNK = MIB / 2;
const large = (name: string): FileFacts => ({ name, bytes: LARGE_BYTES, modifiedMs: 0 });
const largeWhole = new Uint8Array(LARGE_BYTES).fill(7);
const largeChunks = chunksOf(largeWhole, LARGE_CHUNK);
const QUOTA_BYTES = 5.4 * MIB;

let restore: () => void = () => undefined;

afterEach(() => restore());

const bitOf = (bitmap: Uint8Array | undefined, chunk: number): boolean =>
  (((bitmap?.[chunk >> 3] ?? 0) >> (chunk & 7)) & 1) === 1;
const equal = (a: Uint8Array | undefined, b: Uint8Array): boolean => a !== undefined && Buffer.compare(a, b) === 0;

/** Receives chunks of `version` as the share machine does, in any order, until so many are there; what it wrote. */
async function pour(
  { received }: SimulatedWorker,
  key: string,
  kept: KeptPart | undefined,
  version: readonly Uint8Array[],
  until: number,
  random: Random,
): Promise<number[]> {
  const written: number[] = [];
  const one = async (chunk: number): Promise<void> => {
    const bytes = version[chunk] ?? new Uint8Array();
    const sha256 = sha256Of(bytes);
    if (bitOf(kept?.bitmap, chunk) && equal(kept?.sha256.subarray(chunk * 32, chunk * 32 + 32), sha256)) return;
    if (chunk < (kept?.maybeChunks ?? 0) && (await received.check(key, chunk, sha256))) return;
    written.push(chunk);
    if (!(await received.write(key, chunk, bytes.slice(), sha256))) throw new Error(`chunk ${chunk} was refused`);
  };
  const order = version.map((_, chunk) => ({ chunk, key: random.u32() })).sort((a, b) => a.key - b.key);
  for (let at = 0; at < until;) {
    const group = order.slice(at, Math.min(until, at + random.integer(1, 8)));
    at += group.length;
    // Two sources may have been asked for the same one.
    const twice = group.filter(() => random.chance(0.1));
    const writes = Promise.all([...group, ...twice].map(({ chunk }) => one(chunk)));
    if (random.chance(0.3)) pass(1000);
    await through(writes);
  }
  return written;
}

async function receiveLarge(worker: SimulatedWorker, name: string, random: Random): Promise<string> {
  await through(worker.received.create(name, large(name), LARGE_CHUNK));
  await pour(worker, name, undefined, largeChunks, largeChunks.length, random);
  const location = await through(worker.received.finish(name));
  await through(worker.received.remove(name));
  return location;
}

const namesIn = async (worker: SimulatedWorker): Promise<string[]> =>
  (await through(worker.cache.kept())).map(({ facts }) => facts.name).sort();

/** Three workers' lives, each ended in order; the log of the disk, and what `reef` was and became. */
async function scenario(random: Random): Promise<{ readonly disk: Disk; readonly newer: readonly Uint8Array[] }> {
  const disk = new Disk();
  disk.quotaBytes = QUOTA_BYTES;
  const older = chunksOf(random.bytes(reef.bytes), CHUNK);
  const newer = older.map((bytes) => (random.chance(0.2) ? random.bytes(bytes.length) : bytes));

  const first = await startWorker(disk, random, 2);
  const [saved, pinned] = [await receiveLarge(first, 'saved', random), await receiveLarge(first, 'pinned', random)];
  await through(Promise.all([first.cache.saved(saved), first.cache.saved(pinned), first.cache.pin(pinned, true)]));
  await through(first.received.create('a', reef, CHUNK));
  await pour(first, 'a', undefined, older, random.integer(0, CHUNKS), random);
  await receiveLarge(first, 'unsaved', random);
  await through(first.received.close());

  const second = await startWorker(disk, random, random.integer(1, 3));
  const kept = await through(second.received.create('b', reef, CHUNK));
  // The two beside each other: who is saved elsewhere makes way for `next`.
  const next = second.received.create('next', large('next'), LARGE_CHUNK);
  await pour(second, 'b', kept, newer, random.integer(1, CHUNKS), random);
  await through(next);
  expect(await namesIn(second)).toEqual(['next', 'pinned', 'reef', 'unsaved']);
  await pour(second, 'next', undefined, largeChunks, random.integer(0, 2), random);
  await through(random.chance(0.5) ? second.received.discard('next') : second.received.keep('next'));
  await through(second.received.close());

  const third = await startWorker(disk, random, random.integer(1, 3));
  const keptAgain = await through(third.received.create('c', reef, CHUNK));
  await pour(third, 'c', keptAgain, newer, CHUNKS, random);
  await through(third.received.finish('c'));
  await through(third.received.close());
  for (const { location, facts } of await through(third.cache.kept())) {
    if (facts.name === 'next' || location === pinned) await through(third.cache.forget(location));
  }
  return { disk, newer };
}

/** Holds all that the index says against what lies on `disk`. How many chunks it claims. */
async function expectTruth(index: CacheIndex, disk: Disk, reefWhole: Uint8Array): Promise<number> {
  const records = await through(index.all());
  const wrong: string[] = [];
  let claims = 0;
  for (const { location, facts, finished, chunkBytes } of records) {
    const { name, bytes } = facts;
    const content = disk.files.get(location)?.slice(0, Infinity) ?? new Uint8Array();
    if (content.length > bytes) wrong.push(`${name} takes ${content.length - bytes} bytes too many`);
    const groups = await through(index.groups(location));
    if (finished === 1) {
      if (!equal(content, name === 'reef' ? reefWhole : largeWhole)) wrong.push(`${name} is not what it was`);
      if (groups.length > 0) wrong.push(`${name} has groups of chunks that nobody asks for`);
    }
    for (const { group, bitmap, digests } of groups) {
      for (let place = 0; place < GROUP_CHUNKS; place += 1) {
        if (!bitOf(bitmap, place)) continue;
        claims += 1;
        const from = (group * GROUP_CHUNKS + place) * chunkBytes;
        const there = sha256Of(content.subarray(from, Math.min(bytes, from + chunkBytes)));
        if (!equal(there, digests.subarray(place * 32, place * 32 + 32))) wrong.push(`${name} lacks chunk at ${from}`);
      }
    }
  }
  expect(wrong).toEqual([]);
  const locations = records.map(({ location }) => location);
  expect(locations.sort()).toEqual([...disk.files.keys()].sort());
  expect(locations).toEqual(expect.arrayContaining(disk.table('chunks').map(({ key }) => [key].flat()[0])));
  return claims;
}

/** Locations of what is never to go, of a disk that no worker has seen since the crash. */
async function protectedOn(disk: Disk): Promise<string[]> {
  return (await through(indexOn(disk).all()))
    .filter(({ location, finished, saved, pinned }) => disk.files.has(location) && (finished === 0 || !saved || pinned))
    .map(({ location }) => location);
}

/** The next worker's life on what a crash left. How many chunks it was told of. */
async function expectWhole(disk: Disk, newer: readonly Uint8Array[], random: Random): Promise<number> {
  const reefWhole = Buffer.concat(newer);
  const stay = await protectedOn(disk);
  const worker = await startWorker(disk, random, 2);
  const claims = await expectTruth(worker.cache.index, disk, reefWhole);

  // All that may go goes for this, or it is refused.
  await through(worker.received.create('flood', large('flood'), LARGE_CHUNK).catch(() => undefined));
  await through(worker.received.discard('flood'));
  expect([...disk.files.keys()]).toEqual(expect.arrayContaining(stay));

  const lain = (await through(worker.cache.index.unfinished())).filter(({ facts }) => facts.name === 'reef');
  const lay = chunksOf(disk.files.get(lain[0]?.location ?? '')?.slice(0, reef.bytes) ?? new Uint8Array(), CHUNK);
  const kept = await through(worker.received.create('d', reef, CHUNK));
  // There was never more than one, and it is taken up.
  expect([lain.length, kept === undefined]).toEqual(kept === undefined ? [0, true] : [1, false]);
  const written = await pour(worker, 'd', kept, newer, CHUNKS, random);
  // Nothing is asked for again that lay there.
  expect(written.filter((chunk) => kept && equal(newer[chunk], lay[chunk] ?? new Uint8Array()))).toEqual([]);
  const location = await through(worker.received.finish('d'));
  const file = await through(worker.cache.file(location));
  expect(equal(new Uint8Array(await file.arrayBuffer()), reefWhole)).toBe(true);
  await through(worker.received.close());
  await expectTruth(worker.cache.index, disk, reefWhole);
  return claims;
}

test.each(Array.from({ length: SCENARIOS }, (_, seed) => seed))(
  `agrees with its index after each of ${CUTS} crashes (seed %d)`,
  async (seed) => {
    const random = new Random(seed);
    restore = simulate(random);
    const { disk, newer } = await scenario(random);
    let claims = 0;
    for (let cut = 0; cut < CUTS; cut += 1) {
      const after = random.integer(1, disk.log.length);
      const left = crashed(disk.log, after, random.chance(0.7), random);
      left.quotaBytes = QUOTA_BYTES;
      try {
        claims += await expectWhole(left, newer, random);
      } catch (error) {
        throw new Error(`seed ${seed}, cut ${cut}, after ${after} of ${disk.log.length} changes`, { cause: error });
      }
    }
    expect(claims).toBeGreaterThan(CUTS);
  },
  TIMEOUT_MS,
);
