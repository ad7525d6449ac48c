// What the benchmarks of sharing count: a swarm that is measured wrongly, or a chunk that is counted twice, would flatter.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { WatchedStore } from '../../bench/pages/pair/watched-store.ts';
import { RssPeak } from '../../bench/pair/rss-peak.ts';
import { swarm, type SwarmSetup } from '../../bench/sim/swarm.ts';
import { FileStore } from '../../src/io/store-files.ts';
import { sha256 } from '../sim/hub-rendezvous.ts';

const SETUP: SwarmSetup = {
  seed: 1,
  receivers: 1,
  chunks: 20,
  chunkBytes: 64 * 1024,
  upMbit: 20,
  sctp: undefined,
  leaving: 0,
};

describe('a simulated swarm', () => {
  test('of one receiver takes the bound and the headers, and one copy', () => {
    const { timeOverBound, seederOverFile, ms } = swarm(SETUP);
    expect(seederOverFile).toBe(1);
    expect(timeOverBound).toBeGreaterThan(1.05);
    expect(ms).toBeCloseTo(timeOverBound * ((20 * 64 * 1024 * 8) / 1000 / 20), 6);
  });

  test('of several takes less of the seeder than a copy each, and gives the same again for the same seed', () => {
    const three = swarm({ ...SETUP, receivers: 3 });
    expect(three.seederOverFile).toBeGreaterThanOrEqual(1);
    expect(three.seederOverFile).toBeLessThan(2.5);
    expect(swarm({ ...SETUP, receivers: 3 })).toEqual(three);
    expect(swarm({ ...SETUP, receivers: 3, seed: 2 })).not.toEqual(three);
  });

  test('ends without those who leave', () => {
    const { timeOverBound } = swarm({ ...SETUP, receivers: 3, leaving: 0.34 });
    expect(timeOverBound).toBeGreaterThan(1);
  });
});

describe('a watched store', () => {
  const CHUNK_BYTES = 1024;
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rockpool-watched-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  test('tells the bytes of each verified chunk once, and none of a wrong one', async () => {
    const told: number[] = [];
    const store = new WatchedStore(new FileStore({ into: directory }), (bytes) => told.push(bytes));
    const facts = { name: 'file', bytes: CHUNK_BYTES + 100, modifiedMs: 0 };
    await store.create('in/0', facts, CHUNK_BYTES);
    const [first, last] = [new Uint8Array(CHUNK_BYTES).fill(1), new Uint8Array(100).fill(2)];
    expect(await store.write('in/0', 0, first.slice(), sha256(last))).toBe(false);
    expect(told).toEqual([]);
    expect(await store.write('in/0', 0, first.slice(), sha256(first))).toBe(true);
    expect(await store.write('in/0', 0, first.slice(), sha256(first))).toBe(true);
    expect(await store.check('in/0', 0, sha256(first))).toBe(true);
    expect(told).toEqual([CHUNK_BYTES]);
    expect(await store.write('in/0', 1, last.slice(), sha256(last))).toBe(true);
    expect(told).toEqual([CHUNK_BYTES, CHUNK_BYTES + 100]);
    await store.close();
  });
});

test('RssPeak remembers what was there and is there no more, until it is asked', () => {
  let bytes = 100;
  const rss = new RssPeak(() => bytes);
  expect(rss.take()).toEqual({ now: 100, peak: 100 });
  bytes = 300;
  expect(rss.take()).toEqual({ now: 300, peak: 300 });
  bytes = 120;
  expect(rss.take()).toEqual({ now: 120, peak: 300 });
  expect(rss.take()).toEqual({ now: 120, peak: 120 });
});
