// What a chunk size costs the store, in Chromium's worker and on Node: megabytes (10^6) a second of a file that is
// hashed and read (offer), and of one that is verified and written (receive). No network has a part in it.
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileStore } from '../src/io/store-files.ts';
import { inTurn, measureRounds, openBenchPage, type BenchmarkOptions, type BenchmarkResult } from './harness.ts';
import { measurePass, type PassTimes } from './pages/chunk-size/measure.ts';
import type { MeasureChunkSize } from './pages/chunk-size/page.ts';

export const about: string = 'The store alone: hash, read, verify and write with chunks of 64 KiB, 256 KiB and 1 MiB';
export const defaults: Record<string, string> = { mib: '128' };

const KIB_SIZES = [64, 256, 1024] as const;
const MIB = 1024 * 1024;

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const mib = Number(options.values['mib']);
  if (!Number.isInteger(mib) || mib < 1)
    throw new RangeError(`--mib: expected 1 or more, got ${options.values['mib']}`);
  const directory = await mkdtemp(join(tmpdir(), 'rockpool-chunk-size-'));
  const source = join(directory, 'source');
  await fill(source, mib);
  const { page, close } = await openBenchPage('chunk-size');
  const inPage: MeasureChunkSize = (chunkBytes) => page.evaluate((bytes) => measureChunkSize(bytes), chunkBytes);
  try {
    await page.setInputFiles('#source', source);
    // The first pass pays for starting workers and warming caches; nobody should be compared with it.
    await inPage(256 * 1024);
    return await measureRounds(options, async (round) => {
      const figures: Record<string, number> = {};
      const passes = KIB_SIZES.flatMap((kib) => [
        async (): Promise<void> => {
          note(figures, 'chromium', kib, await inPage(kib * 1024));
        },
        async (): Promise<void> => note(figures, 'node', kib, await onNode(source, directory, kib * 1024)),
      ]);
      await inTurn(round, passes);
      // In one order, whichever ran first.
      return Object.fromEntries(
        Object.entries(figures).sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })),
      );
    });
  } finally {
    await close();
    await rm(directory, { recursive: true });
  }
}

function note(figures: Record<string, number>, where: string, kib: number, times: PassTimes): void {
  figures[`${where}_offer_${kib}k_mbyte_per_s`] = times.bytes / 1000 / times.offerMs;
  figures[`${where}_receive_${kib}k_mbyte_per_s`] = times.bytes / 1000 / times.receiveMs;
}

async function onNode(source: string, directory: string, chunkBytes: number): Promise<PassTimes> {
  const store = new FileStore({ into: join(directory, 'received') });
  const { location, ...times } = await measurePass(store, source, chunkBytes);
  await store.close();
  await rm(location);
  return times;
}

/** A file of `mib` MiB that no file system can keep smaller than it is. */
async function fill(path: string, mib: number): Promise<void> {
  const file = await open(path, 'w');
  for (let written = 0; written < mib; written += 1) await file.write(randomBytes(MIB));
  await file.close();
}
