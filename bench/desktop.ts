// The desktop app against what it is for: a file from host to host beside the same from page to page and beside a bare channel, what
// an idle host takes, how soon its window can be used, and how soon a large folder is on offer.
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PoolEvent } from '../src/client.ts';
import { inTurn, measureRounds, wholeOption, type BenchmarkOptions, type BenchmarkResult } from './harness.ts';
import { makeFiles } from './pair/folder-of-files.ts';
import { HostEnd } from './pair/host-end.ts';
import { moveOffered, moveRaw, WARM_UP_BYTES } from './pair/move.ts';
import { fillFile, MIB, PATIENCE_MS, patiently, withPair, withPlace, type Kind, type Place } from './pair/pair.ts';
import { startToUsable } from './pair/window-start.ts';
import { startScreen } from '../test/support/xvfb.ts';

export const about: string =
  'Hosts: goodput to Chromium and to a raw channel, idle memory, start, offering 100,000 files';
/** Even, so that each contender goes first as often as second. */
export const rounds = 2;
export const defaults: Record<string, string> = {
  only: 'all',
  mib: '1024',
  'page-mib': '256',
  starts: '5',
  'idle-s': '20',
  files: '100000',
};

/** Bytes of one of the many files: 1 to 4 KB. */
const FILE_BYTES_MIN = 1_000;
const FILE_BYTES_MAX = 4_000;

type Figures = Readonly<Record<string, number>>;

/** What every part needs. */
interface Setting {
  readonly place: Place;
  /** Of the websocket, and as people open it. */
  readonly server: string;
  readonly app: string;
  readonly values: BenchmarkOptions['values'];
  readonly log: BenchmarkOptions['log'];
}

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const { values, log } = options;
  const pageBytes = wholeOption(values['page-mib'], 'page-mib') * MIB;
  const only = values['only'] ?? 'all';
  const parts = Object.keys(PARTS).filter((name) => only === 'all' || only === name);
  if (parts.length === 0) throw new RangeError(`--only: expected ${Object.keys(PARTS).join(', ')} or all, got ${only}`);
  return withPlace('both', WARM_UP_BYTES, pageBytes, async (place, server) => {
    const app = server.replace(/^ws/u, 'http').replace(/\/ws$/u, '');
    const setting = { place, server, app, values, log };
    const measured: Record<string, number> = {};
    for (const name of parts) Object.assign(measured, await PARTS[name]?.(setting, options));
    return { rounds: options.rounds, figures: measured };
  });
}

const PARTS: Readonly<Record<string, (setting: Setting, options: BenchmarkOptions) => Promise<Figures>>> = {
  goodput: measureGoodput,
  start: measureStart,
  idle: measureIdle,
  folder: measureFolder,
};

async function measureGoodput({ place, server, app, values }: Setting, options: BenchmarkOptions): Promise<Figures> {
  const bytes = wholeOption(values['mib']) * MIB;
  const pageBytes = wholeOption(values['page-mib'], 'page-mib') * MIB;
  const files = { warm: join(place.directory, 'warm'), measured: join(place.directory, 'large') };
  await fillFile(files.measured, bytes);
  const kind = (name: Kind['name']): Kind['pair'] => {
    const found = place.kinds.find((each) => each.name === name);
    if (found === undefined) throw new Error(`no ${name} here`);
    return found.pair;
  };
  const { figures } = await measureRounds(options, async (round) => {
    const seat = { server, pool: `desktop-${round}`, into: place.received };
    const [hosts = NaN, chromium = NaN, raw = NaN] = await inTurn(round, [
      () =>
        withHosts(place, app, ['sender', 'receiver'], (sender, receiver) => {
          const movers = { sender: sender.end, receiver: receiver.end, files };
          return moveOffered(movers, { ...seat, pool: `${seat.pool}-hosts` }, bytes).finally(place.clear);
        }),
      () => withPair(kind('chromium'), (ends) => moveOffered(ends, { ...seat, pool: `${seat.pool}-pages` }, pageBytes)),
      () => withPair(kind('node'), (ends) => moveRaw(ends, bytes)),
    ]);
    return {
      host_mbit: hosts,
      chromium_mbit: chromium,
      raw_mbit: raw,
      host_over_chromium: hosts / chromium,
      host_over_raw: hosts / raw,
    };
  });
  await rm(files.measured);
  return figures;
}

/** The first start makes keys and a browser profile; those after it are what a person waits for. */
async function measureStart({ place, app, values, log }: Setting): Promise<Figures> {
  const starts = wholeOption(values['starts'], 'starts');
  const screen = await startScreen();
  try {
    const start = (): Promise<number> =>
      startToUsable({ display: screen.display, server: app, directory: join(place.directory, 'start') });
    const first = await start();
    log(`first start: ${first.toFixed(0)} ms`);
    const { figures } = await measureRounds({ rounds: starts, values, log }, async () => ({
      start_to_usable_ms: await start(),
    }));
    return { first_start_to_usable_ms: first, ...figures };
  } finally {
    await screen.stop();
  }
}

async function measureIdle({ place, app, values }: Setting): Promise<Figures> {
  const idleMs = wholeOption(values['idle-s'], 'idle-s') * 1000;
  return withHosts(place, app, ['idle'], async (host) => {
    await host.connection.client.join('desktop-idle');
    await new Promise((resolve) => setTimeout(resolve, idleMs));
    return { idle_rss_mb: (await host.rssBytes()) / 1e6 };
  });
}

async function measureFolder({ place, app, values, log }: Setting, options: BenchmarkOptions): Promise<Figures> {
  const files = wholeOption(values['files'], 'files');
  const folder = join(place.directory, 'many');
  log(`making ${files} files`);
  await makeFiles(folder, files, (index) => FILE_BYTES_MIN + (index % (FILE_BYTES_MAX - FILE_BYTES_MIN)));
  const { figures } = await measureRounds(options, (round) =>
    withHosts(place, app, ['folder'], async ({ connection: { client, host } }) => {
      await client.join(`desktop-folder-${round}`);
      const beganMs = performance.now();
      const [looked] = await host.look([folder]);
      const lookedMs = performance.now() - beganMs;
      if (looked?.folder?.files !== files) throw new Error(`expected ${files} files, got ${looked?.folder?.files}`);
      const offered = new Promise<void>((resolve) => {
        client.subscribe((event: PoolEvent) => {
          if (event.kind === 'offer' && event.offer.own) resolve();
        });
      });
      await client.offer([folder]);
      await patiently(PATIENCE_MS, 'the offer', offered);
      return { folder_offer_ms: performance.now() - beganMs, folder_look_ms: lookedMs };
    }),
  );
  await rm(folder, { recursive: true });
  return figures;
}

/** A host for each of `names`, new, in the order of the names, and gone afterwards. */
async function withHosts<T>(
  { directory, received }: Place,
  server: string,
  names: readonly string[],
  measure: (...hosts: HostEnd[]) => Promise<T>,
): Promise<T> {
  const data = await mkdtemp(join(directory, 'hosts-'));
  const hosts: HostEnd[] = [];
  try {
    for (const name of names) hosts.push(await HostEnd.open({ server, data: join(data, name), into: received }));
    return await measure(...hosts);
  } finally {
    for (const host of hosts) await host.close();
    await rm(data, { recursive: true });
  }
}
