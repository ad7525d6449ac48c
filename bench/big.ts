// Files that fit into no memory: 4 GiB from process to process, 1 GiB from page to page, and how soon the first chunk of 10 GiB
// is there. Goodput beside that of a smaller file in the same run; memory at its peak beyond what an end had before.
import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  mbitPerSecond,
  measureRounds,
  median,
  type BenchmarkOptions,
  type BenchmarkResult,
  wholeOption,
} from './harness.ts';
import { openPageEnd, openProcessEnd, type OpenEnd, type OpenPageEnd, type OpenProcessEnd } from './pair/ends.ts';
import { heapPeak, rendererPeak } from './pair/page-peak.ts';
import { fillFile, MIB, PATIENCE_MS, patiently, withPlace, type Place } from './pair/pair.ts';

export const about: string = 'Large files: memory at its peak, goodput, the longest task, the first chunk of 10 GiB';
export const rounds = 1;
/** `mib` 0: 4 GiB from Node to Node, 1 GiB from Chromium to Chromium. */
export const defaults: Record<string, string> = { mib: '0', only: 'both', 'small-mib': '256', 'first-tries': '5' };

const NODE_MIB = 4096;
const PAGE_MIB = 1024;
const WARM_UP_BYTES: number = 16 * MIB;
const FIRST_SMALL_BYTES: number = MIB;
const FIRST_LARGE_BYTES: number = 10 * 1024 * MIB;
/** As in loopback.ts. */
const SLOWEST_MBIT = 2;

/** What a benchmark of one kind of end needs. */
interface Setting<End extends OpenEnd> {
  readonly place: Place;
  readonly server: string;
  readonly name: 'node' | 'chromium';
  readonly open: (profile: string) => Promise<End>;
  readonly log: BenchmarkOptions['log'];
}

interface Ends<End extends OpenEnd> {
  readonly sender: End;
  readonly receiver: End;
  /** Offers a file at one end and receives it at the other; resolves to Mbit/s. */
  move(path: string, bytes: number): Promise<number>;
  /** Moves the file to warm up with. */
  warmUp(): Promise<unknown>;
}

/** Begins to watch ends, warms them up, and gives what stops after the large file and tells the figures. */
type Watch<End extends OpenEnd> = (ends: Ends<End>, log: BenchmarkOptions['log']) => Promise<() => Promise<Figures>>;

type Figures = Readonly<Record<string, number>>;

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const { values, log } = options;
  const only = values['only'] ?? 'both';
  const smallBytes = wholeOption(values['small-mib'], 'small-mib') * MIB;
  const tries = wholeOption(values['first-tries'], 'first-tries');
  const told = values['mib'] === '0' ? undefined : wholeOption(values['mib']);
  return withPlace(only, WARM_UP_BYTES, smallBytes, (place, server) =>
    measureRounds(options, async () => {
      const figures: Record<string, number> = {};
      const delays: number[] = [];
      const measure = async <End extends OpenEnd>(setting: Setting<End>, mib: number, watch: Watch<End>) => {
        Object.assign(figures, await measureLarge(setting, (told ?? mib) * MIB, smallBytes, watch));
        delays.push(await firstChunkDelay(setting, tries));
      };
      if (only !== 'chromium') {
        const open = (): Promise<OpenProcessEnd> => Promise.resolve(openProcessEnd());
        await measure({ place, server, name: 'node', open, log }, NODE_MIB, watchProcesses);
      }
      if (only !== 'node') {
        const open = (profile: string): Promise<OpenPageEnd> => openPageEnd(place.address, profile);
        await measure({ place, server, name: 'chromium', open, log }, PAGE_MIB, watchPages);
      }
      return { ...figures, first_chunk_delay_ms: Math.max(...delays) };
    }),
  );
}

async function measureLarge<End extends OpenEnd>(
  setting: Setting<End>,
  bytes: number,
  smallBytes: number,
  watch: Watch<End>,
): Promise<Figures> {
  const { place, name, log } = setting;
  const smallMbit = await withEnds(setting, 'small', async ({ move, warmUp }) => {
    await warmUp();
    return move(join(place.directory, 'measured'), smallBytes);
  });
  log(`  making ${bytes / MIB} MiB`);
  const large = join(place.directory, 'large');
  await fillFile(large, bytes);
  return withEnds(setting, 'large', async (ends) => {
    const stop = await watch(ends, log);
    const mbit = await ends.move(large, bytes);
    const watched = await stop();
    await rm(large);
    return {
      [`${name}_mbit`]: mbit,
      [`${name}_small_mbit`]: smallMbit,
      [`${name}_goodput_over_loopback`]: mbit / smallMbit,
      ...watched,
    };
  });
}

const watchProcesses: Watch<OpenProcessEnd> = async ({ sender, receiver, warmUp }) => {
  const processes = [sender.end, receiver.end];
  const before = await Promise.all(processes.map((end) => end.rssPeak()));
  await warmUp();
  return async () => {
    const peaks = await Promise.all(processes.map((end) => end.rssPeak()));
    const grown = peaks.map(({ peak }, index) => (peak - (before[index]?.now ?? NaN)) / MIB);
    const [senderMb = NaN, receiverMb = NaN] = grown;
    return {
      node_rss_growth_mb: Math.max(...grown),
      node_sender_rss_growth_mb: senderMb,
      node_receiver_rss_growth_mb: receiverMb,
    };
  };
};

const watchPages: Watch<OpenPageEnd> = async ({ sender, receiver, warmUp }, log) => {
  const pages = [sender, receiver];
  const heaps = await Promise.all(pages.map(heapPeak));
  const memories = await Promise.all(pages.map(rendererPeak));
  for (const { page } of pages) await page.evaluate(() => void longTasks.splice(0));
  await warmUp();
  const largeFromSeconds = await Promise.all(pages.map(({ page }) => page.evaluate(() => performance.now() / 1000)));
  return async () => {
    const [heapSender = NaN, heapReceiver = NaN] = await Promise.all(heaps.map((stop) => stop()));
    const rendererMb = await Promise.all(memories.map((stop) => stop()));
    const tasks = await Promise.all(pages.map(({ page }) => page.evaluate(() => longTasks)));
    for (const [index, who] of ['sender', 'receiver'].entries()) {
      const told = (tasks[index] ?? []).map(({ atMs, ms }) => `${ms.toFixed(0)} at ${(atMs / 1000).toFixed(1)} s`);
      log(
        `  long tasks of the ${who}: ${told.join(', ') || 'none'}; the file from ${largeFromSeconds[index]?.toFixed(1)} s on`,
      );
    }
    return {
      page_heap_growth_mb: Math.max(heapSender, heapReceiver),
      page_sender_heap_growth_mb: heapSender,
      page_receiver_heap_growth_mb: heapReceiver,
      page_process_growth_mb: Math.max(...rendererMb),
      longest_task_ms: Math.max(0, ...tasks.flat().map(({ ms }) => ms)),
    };
  };
};

/** How much longer the first chunk of a file of 10 GiB takes than that of one of 1 MiB, after acceptance, ms. */
async function firstChunkDelay<End extends OpenEnd>(setting: Setting<End>, tries: number): Promise<number> {
  const { directory } = setting.place;
  const paths = { small: join(directory, 'first-small'), large: join(directory, 'first-large') };
  await fillFile(paths.small, FIRST_SMALL_BYTES);
  // Sparse: what is in it does not matter to how soon its first chunk is there.
  await writeFile(paths.large, '');
  await truncate(paths.large, FIRST_LARGE_BYTES);
  return withEnds(setting, 'first', async ({ sender, receiver, warmUp }) => {
    await warmUp();
    const first = async (path: string): Promise<number> => {
      const receiving = receiver.end.firstChunk();
      await sender.end.offer(await sender.pick(path));
      return patiently(PATIENCE_MS, 'the first chunk', receiving);
    };
    const small: number[] = [];
    const large: number[] = [];
    for (let index = 0; index < tries; index += 1) {
      small.push(await first(paths.small));
      large.push(await first(paths.large));
    }
    const told = (ms: readonly number[]): string => ms.map((each) => each.toFixed(0)).join(' ');
    setting.log(`  ${setting.name}: first chunk of 1 MiB after ${told(small)} ms, of 10 GiB after ${told(large)} ms`);
    return median(large) - median(small);
  });
}

async function withEnds<End extends OpenEnd, T>(
  { place, server, name, open }: Setting<End>,
  what: string,
  measure: (ends: Ends<End>) => Promise<T>,
): Promise<T> {
  const seat = { server, pool: `big-${name}-${what}`, into: place.received };
  const profiles = join(place.directory, `profiles-${name}-${what}`);
  const [sender, receiver] = [await open(join(profiles, 'sender')), await open(join(profiles, 'receiver'))];
  try {
    await sender.end.join({ ...seat, name: 'Sender' });
    await receiver.end.join({ ...seat, name: 'Receiver' });
    await receiver.end.meet(1);
    const move = async (path: string, bytes: number): Promise<number> => {
      await sender.end.offer(await sender.pick(path));
      const limitMs = PATIENCE_MS + (bytes * 8) / 1000 / SLOWEST_MBIT;
      const { ms } = await patiently(limitMs, `${bytes} bytes`, receiver.end.receive(bytes));
      return mbitPerSecond(bytes, ms);
    };
    const warmUp = (): Promise<number> => move(join(place.directory, 'warm'), WARM_UP_BYTES);
    return await measure({ sender, receiver, move, warmUp });
  } finally {
    await sender.close();
    await receiver.close();
    await place.clear();
    await rm(profiles, { recursive: true, force: true });
  }
}
