// Files that fit into no memory: 4 GiB from process to process, 1 GiB from page to page, and how soon the first chunk of 10 GiB
// is there. Goodput beside that of a smaller file in the same run; memory at its peak beyond what an end had before.
import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  mbitPerSecond,
  measureRounds,
  median,
  type BenchmarkOptions,
  type BenchmarkResult,
  wholeOption,
} from './harness.ts';
import { openPageEnd, openProcessEnd, type OpenEnd, type OpenPageEnd, type OpenProcessEnd } from './pair/ends.ts';
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
const SAMPLE_MS = 100;
/** As in loopback.ts. */
const SLOWEST_MBIT = 2;

interface Seat {
  readonly server: string;
  readonly pool: string;
}

/** What a benchmark of one kind of end needs. */
interface Setting<End extends OpenEnd> {
  readonly place: Place;
  readonly server: string;
  readonly name: 'node' | 'chromium';
  readonly open: (profile: string) => Promise<End>;
}

interface Ends<End extends OpenEnd> {
  readonly sender: End;
  readonly receiver: End;
  /** Offers a file at one end and receives it at the other; resolves to Mbit/s. */
  move(path: string, bytes: number): Promise<number>;
}

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const { values, log } = options;
  const only = values['only'] ?? 'both';
  const smallBytes = wholeOption(values['small-mib'], 'small-mib') * MIB;
  const tries = wholeOption(values['first-tries'], 'first-tries');
  const told = values['mib'] === '0' ? undefined : wholeOption(values['mib']) * MIB;
  return withPlace(only, WARM_UP_BYTES, smallBytes, (place, server) =>
    measureRounds(options, async () => {
      const figures: Record<string, number> = {};
      const delays: number[] = [];
      if (only !== 'chromium') {
        const node: Setting<OpenProcessEnd> = { place, server, name: 'node', open: async () => openProcessEnd() };
        Object.assign(figures, await measureNode(node, told ?? NODE_MIB * MIB, smallBytes, log));
        delays.push(await firstChunkDelay(node, tries, log));
      }
      if (only !== 'node') {
        const open = (profile: string): Promise<OpenPageEnd> => openPageEnd(place.address, profile);
        const page: Setting<OpenPageEnd> = { place, server, name: 'chromium', open };
        Object.assign(figures, await measurePages(page, told ?? PAGE_MIB * MIB, smallBytes, log));
        delays.push(await firstChunkDelay(page, tries, log));
      }
      return { ...figures, first_chunk_delay_ms: Math.max(...delays) };
    }),
  );
}

async function measureNode(
  setting: Setting<OpenProcessEnd>,
  bytes: number,
  smallBytes: number,
  log: BenchmarkOptions['log'],
): Promise<Record<string, number>> {
  const { directory } = setting.place;
  const smallMbit = await measureSmall(setting, smallBytes);
  const large = await makeLarge(directory, bytes, log);
  return withEnds(setting, 'large', async ({ sender, receiver, move }) => {
    const processes = [sender.end, receiver.end];
    const before = await Promise.all(processes.map((end) => end.rssPeak()));
    await move(join(directory, 'warm'), WARM_UP_BYTES);
    const mbit = await move(large, bytes);
    const peaks = await Promise.all(processes.map((end) => end.rssPeak()));
    const grown = peaks.map(({ peak }, index) => (peak - (before[index]?.now ?? NaN)) / MIB);
    await rm(large);
    const [senderMb = NaN, receiverMb = NaN] = grown;
    return {
      node_mbit: mbit,
      node_small_mbit: smallMbit,
      node_goodput_over_loopback: mbit / smallMbit,
      node_rss_growth_mb: Math.max(...grown),
      node_sender_rss_growth_mb: senderMb,
      node_receiver_rss_growth_mb: receiverMb,
    };
  });
}

async function measurePages(
  setting: Setting<OpenPageEnd>,
  bytes: number,
  smallBytes: number,
  log: BenchmarkOptions['log'],
): Promise<Record<string, number>> {
  const { directory } = setting.place;
  const smallMbit = await measureSmall(setting, smallBytes);
  const large = await makeLarge(directory, bytes, log);
  return withEnds(setting, 'large', async ({ sender, receiver, move }) => {
    const pages = [sender, receiver];
    const heaps = await Promise.all(pages.map(heapPeak));
    const memories = await Promise.all(pages.map(rendererPeak));
    for (const { page } of pages) await page.evaluate(() => void longTasks.splice(0));
    await move(join(directory, 'warm'), WARM_UP_BYTES);
    const largeFromSeconds = await Promise.all(pages.map(({ page }) => page.evaluate(() => performance.now() / 1000)));
    const mbit = await move(large, bytes);
    const [heapSender = NaN, heapReceiver = NaN] = await Promise.all(heaps.map((stop) => stop()));
    const rendererMb = await Promise.all(memories.map((stop) => stop()));
    const tasks = await Promise.all(pages.map(({ page }) => page.evaluate(() => longTasks)));
    for (const [index, who] of ['sender', 'receiver'].entries()) {
      const told = (tasks[index] ?? []).map(({ atMs, ms }) => `${ms.toFixed(0)} at ${(atMs / 1000).toFixed(1)} s`);
      log(
        `  long tasks of the ${who}: ${told.join(', ') || 'none'}; the file from ${largeFromSeconds[index]?.toFixed(1)} s on`,
      );
    }
    await rm(large);
    return {
      chromium_mbit: mbit,
      chromium_small_mbit: smallMbit,
      chromium_goodput_over_loopback: mbit / smallMbit,
      page_heap_growth_mb: Math.max(heapSender, heapReceiver),
      page_sender_heap_growth_mb: heapSender,
      page_receiver_heap_growth_mb: heapReceiver,
      page_process_growth_mb: Math.max(...rendererMb),
      longest_task_ms: Math.max(0, ...tasks.flat().map(({ ms }) => ms)),
    };
  });
}

/** Mbit/s of the file that `loopback` moves. */
function measureSmall<End extends OpenEnd>(setting: Setting<End>, bytes: number): Promise<number> {
  const { directory } = setting.place;
  return withEnds(setting, 'small', async ({ move }) => {
    await move(join(directory, 'warm'), WARM_UP_BYTES);
    return move(join(directory, 'measured'), bytes);
  });
}

/** How much longer the first chunk of a file of 10 GiB takes than that of one of 1 MiB, after acceptance, ms. */
async function firstChunkDelay<End extends OpenEnd>(
  setting: Setting<End>,
  tries: number,
  log: BenchmarkOptions['log'],
): Promise<number> {
  const { directory } = setting.place;
  const paths = { small: join(directory, 'first-small'), large: join(directory, 'first-large') };
  await fillFile(paths.small, FIRST_SMALL_BYTES);
  // Sparse: what is in it does not matter to how soon its first chunk is there.
  await writeFile(paths.large, '');
  await truncate(paths.large, FIRST_LARGE_BYTES);
  return withEnds(setting, 'first', async ({ sender, receiver, move }) => {
    await move(join(directory, 'warm'), WARM_UP_BYTES);
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
    log(`  ${setting.name}: first chunk of 1 MiB after ${told(small)} ms, of 10 GiB after ${told(large)} ms`);
    return median(large) - median(small);
  });
}

async function withEnds<End extends OpenEnd, T>(
  { place, server, name, open }: Setting<End>,
  what: string,
  measure: (ends: Ends<End>) => Promise<T>,
): Promise<T> {
  const seat: Seat = { server, pool: `big-${name}-${what}` };
  const profiles = join(place.directory, `profiles-${name}-${what}`);
  const [sender, receiver] = [await open(join(profiles, 'sender')), await open(join(profiles, 'receiver'))];
  try {
    await sender.end.join({ ...seat, name: 'Sender', into: place.received });
    await receiver.end.join({ ...seat, name: 'Receiver', into: place.received });
    await receiver.end.meet(1);
    const move = async (path: string, bytes: number): Promise<number> => {
      await sender.end.offer(await sender.pick(path));
      const limitMs = PATIENCE_MS + (bytes * 8) / 1000 / SLOWEST_MBIT;
      const { ms } = await patiently(limitMs, `${bytes} bytes`, receiver.end.receive(bytes));
      return mbitPerSecond(bytes, ms);
    };
    return await measure({ sender, receiver, move });
  } finally {
    await sender.close();
    await receiver.close();
    await place.clear();
    await rm(profiles, { recursive: true, force: true });
  }
}

async function makeLarge(directory: string, bytes: number, log: BenchmarkOptions['log']): Promise<string> {
  log(`  making ${bytes / MIB} MiB`);
  const path = join(directory, 'large');
  await fillFile(path, bytes);
  return path;
}

/** Begins to watch the heap of the page's thread, array buffers included. What it gives stops, and tells the growth in MiB. */
async function heapPeak({ page, profile }: OpenPageEnd): Promise<() => Promise<number>> {
  const session = await profile.newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  return peakGrowth(async () => {
    // `backingStorageSize` is newer than the types: what array buffers hold.
    const usage: { readonly usedSize: number; readonly backingStorageSize?: number } =
      await session.send('Runtime.getHeapUsage');
    return usage.usedSize + (usage.backingStorageSize ?? 0);
  });
}

/** The same for all the memory of the browser's renderers that no file backs: page, store worker and what is native. */
async function rendererPeak({ processes }: OpenPageEnd): Promise<() => Promise<number>> {
  const ids = (await processes()).filter(({ type }) => type === 'renderer').map(({ id }) => id);
  return peakGrowth(async () => {
    const each = await Promise.all(ids.map(anonymousBytes));
    return each.reduce((sum, bytes) => sum + bytes, 0);
  });
}

/** 0 where the system does not tell (only Linux does), and for a process that is gone. */
async function anonymousBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

async function peakGrowth(bytes: () => Promise<number>): Promise<() => Promise<number>> {
  const before = await bytes();
  let peak = before;
  const watching = new AbortController();
  const watched = (async (): Promise<void> => {
    while (!watching.signal.aborted) {
      peak = Math.max(peak, await bytes());
      await sleep(SAMPLE_MS);
    }
  })();
  return async () => {
    watching.abort();
    await watched;
    return (peak - before) / MIB;
  };
}
