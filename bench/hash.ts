// Our hashing, through the worker's store and its file reader, against WebCrypto's own on one buffer in memory, in the same page of
// a Chromium with an ordinary profile. Megabytes (10^6) a second.
import { join } from 'node:path';
import { launchProfile } from '../test/support/chromium.ts';
import {
  inTurn,
  measureRounds,
  serveBenchPage,
  type BenchmarkOptions,
  type BenchmarkResult,
  wholeOption,
} from './harness.ts';
import type { HashWay } from './pages/hash/page.ts';
import { MIB, withPlace } from './pair/pair.ts';

export const about: string = "Hashing a file through the worker's store against WebCrypto on one buffer";
export const rounds = 5;
export const defaults: Record<string, string> = { mib: '64' };

/** Under way at a time where WebCrypto may use every processor: as many as the store has. */
const PIECES_PARALLEL = 8;
/** Parts of the file read at a time, as the store does; */
const READS_AT_ONCE = 4;
/** and more, in case that is what holds it back. */
const MORE_AT_ONCE = 16;

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const bytes = wholeOption(options.values['mib']) * MIB;
  return withPlace('node', 1, bytes, async ({ directory }) => {
    const { address, close } = await serveBenchPage('hash');
    const profile = await launchProfile(join(directory, 'profile'));
    try {
      const page = await profile.newPage();
      await page.goto(address);
      await page.setInputFiles('#source', join(directory, 'measured'));
      const rate = async (way: HashWay): Promise<number> =>
        bytes / 1000 / (await page.evaluate((asked) => measureHash(asked), way));
      const step = await page.evaluate(() => hashStepChunks);
      const ways: readonly HashWay[] = [
        { kind: 'store', step: bytes },
        { kind: 'store', step },
        { kind: 'buffer', pieces: 1 },
        { kind: 'buffer', pieces: PIECES_PARALLEL },
        { kind: 'whole' },
        { kind: 'read', slices: false, atOnce: READS_AT_ONCE },
        { kind: 'read', slices: true, atOnce: READS_AT_ONCE },
        { kind: 'read', slices: true, atOnce: MORE_AT_ONCE },
      ];
      // The first pass pays for starting workers and warming caches; nobody should be compared with it.
      for (const way of ways) await rate(way);
      return await measureRounds(options, async (round) => {
        const [store = NaN, steps = NaN, pieces = NaN, parallel = NaN, whole = NaN, ...reads] = await inTurn(
          round,
          ways.map((way) => () => rate(way)),
        );
        return {
          store_mbyte_per_s: store,
          store_steps_mbyte_per_s: steps,
          pieces_mbyte_per_s: pieces,
          pieces_parallel_mbyte_per_s: parallel,
          whole_mbyte_per_s: whole,
          read_streams_mbyte_per_s: reads[0] ?? NaN,
          read_slices_mbyte_per_s: reads[1] ?? NaN,
          read_more_slices_mbyte_per_s: reads[2] ?? NaN,
          hash_ratio: store / pieces,
          hash_ratio_steps: steps / pieces,
          hash_ratio_whole: store / whole,
          hash_ratio_parallel: store / parallel,
        };
      });
    } finally {
      await profile.close();
      await close();
    }
  });
}
