// What the browser's store is built on, measured in Chromium with an ordinary profile: hashing in one worker or several,
// and chunk data in the origin private file system or in IndexedDB; then the store itself. Megabytes (10^6) a second.
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchProfile } from '../test/support/chromium.ts';
import { inTurn, measureRounds, serveBenchPage, type BenchmarkOptions, type BenchmarkResult } from './harness.ts';
import type { MeasureStore, StorePart } from './pages/store/page.ts';

export const about: string = "What the browser's store is built on: hashing in workers, OPFS against IndexedDB";
export const defaults: Record<string, string> = { mib: '256' };

const MIB = 1024 * 1024;

const PARTS: readonly StorePart[] = [
  { kind: 'buffer' },
  { kind: 'hash', workers: 1, streams: 1 },
  { kind: 'hash', workers: 1, streams: 2 },
  { kind: 'hash', workers: 1, streams: 4 },
  { kind: 'hash', workers: 2, streams: 1 },
  { kind: 'hash', workers: 2, streams: 2 },
  { kind: 'data', place: 'opfs' },
  { kind: 'data', place: 'idb' },
  { kind: 'store' },
];

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const mib = Number(options.values['mib']);
  if (!Number.isInteger(mib) || mib < 8)
    throw new RangeError(`--mib: expected 8 or more, got ${options.values['mib']}`);
  const directory = await mkdtemp(join(tmpdir(), 'rockpool-store-'));
  const source = join(directory, 'source');
  await fill(source, mib);
  const { address, close } = await serveBenchPage('store');
  const context = await launchProfile(join(directory, 'profile'));
  try {
    const page = await context.newPage();
    await page.goto(address);
    await page.setInputFiles('#source', source);
    const measure: MeasureStore = (part) => page.evaluate((asked) => measureStore(asked), part);
    // The first pass pays for starting workers and warming caches; nobody should be compared with it.
    await measure({ kind: 'hash', workers: 1, streams: 1 });
    return await measureRounds(options, async (round) => {
      const measured = await inTurn(
        round,
        PARTS.map((part) => () => measure(part)),
      );
      return Object.assign({}, ...measured);
    });
  } finally {
    await context.close();
    await close();
    await rm(directory, { recursive: true });
  }
}

/** A file of `mib` MiB that no file system can keep smaller than it is. */
async function fill(path: string, mib: number): Promise<void> {
  const file = await open(path, 'w');
  for (let written = 0; written < mib; written += 1) await file.write(randomBytes(MIB));
  await file.close();
}
