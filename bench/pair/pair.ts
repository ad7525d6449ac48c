// Two ends of one kind that a benchmark measures against each other: two Chromium browsers or two Node processes, the
// files they move, and the two ways to move them. What an end can do: bench/pages/pair/end.ts.
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../../signaling/server.ts';
import { serveBenchPage } from '../harness.ts';
import type { PairEnd, RawCandidate } from '../pages/pair/end.ts';
import { openPageEnd, openProcessEnd, type OpenEnd } from './ends.ts';

export const MIB: number = 1024 * 1024;

/** Two ends that no measurement has touched before: what one leaves behind, the next would pay for. */
export interface Pair {
  readonly sender: PairEnd;
  readonly receiver: PairEnd;
  /** The file to warm up with and the one to measure, as `offer` takes them. */
  readonly files: PairFiles;
  close(): Promise<void>;
}

export interface PairFiles {
  readonly warm: string;
  readonly measured: string;
}

export type KindName = 'chromium' | 'node';

export interface Kind {
  readonly name: KindName;
  readonly pair: () => Promise<Pair>;
  /** One end; a browser's has its profile in `profile`, whatever was there before. */
  readonly open: (profile: string) => Promise<OpenEnd>;
}

/** Everything a run needs on this machine; `close` removes it. */
export interface Place {
  /** For whatever else a benchmark needs; goes with the place. */
  readonly directory: string;
  /** Of the page, where there is one; empty otherwise. */
  readonly address: string;
  readonly kinds: readonly Kind[];
  /** Origins of the pages, for a server to allow. */
  readonly origins: readonly string[];
  /** Where Node ends may put what they receive; removed by `clear`. */
  readonly received: string;
  clear(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Calls `measure` with a place and the address of a signaling server for it, and takes both away again. `only` is
 * `chromium`, `node` or `both`; another one throws RangeError.
 */
export async function withPlace<T>(
  only: string,
  warmBytes: number,
  measuredBytes: number,
  measure: (place: Place, server: string) => Promise<T>,
): Promise<T> {
  const place = await preparePlace(only, warmBytes, measuredBytes);
  try {
    const server = await startServer({ allowedOrigins: place.origins });
    try {
      return await measure(place, `ws://127.0.0.1:${server.port}/ws`);
    } finally {
      await server.close();
    }
  } finally {
    await place.close();
  }
}

/** Makes the files and serves the pages. */
async function preparePlace(only: string, warmBytes: number, measuredBytes: number): Promise<Place> {
  if (!['both', 'chromium', 'node'].includes(only)) {
    throw new RangeError(`--only: expected chromium or node, got ${only}`);
  }
  const directory = await mkdtemp(join(tmpdir(), 'rockpool-bench-'));
  const received = join(directory, 'received');
  const files = { warm: join(directory, 'warm'), measured: join(directory, 'measured') };
  await fillFile(files.warm, warmBytes);
  await fillFile(files.measured, measuredBytes);
  const pages = only === 'node' ? undefined : await serveBenchPage('pair');
  const kinds: Kind[] = [];
  const add = (name: KindName, openOne: Kind['open']): void => {
    kinds.push({ name, open: openOne, pair: () => openPair(openOne, files) });
  };
  if (pages !== undefined) add('chromium', (profile) => openPageEnd(pages.address, profile));
  if (only !== 'chromium') add('node', () => Promise.resolve(openProcessEnd()));
  return {
    directory,
    address: pages?.address ?? '',
    kinds,
    origins: pages === undefined ? [] : [new URL(pages.address).origin],
    received,
    clear: () => rm(received, { recursive: true, force: true }),
    close: async () => {
      await pages?.close();
      await rm(directory, { recursive: true });
    },
  };
}

export async function withPair<T>(make: () => Promise<Pair>, measure: (pair: Pair) => Promise<T>): Promise<T> {
  const pair = await make();
  try {
    return await measure(pair);
  } finally {
    await pair.close();
  }
}

/** How candidates of the raw channel travel: as they are, unless something stands between the ends. */
export interface RawWay {
  /** The sender's description has none; its candidates come later. */
  fromSender(candidates: readonly RawCandidate[]): Promise<readonly RawCandidate[]>;
  /** The receiver's description holds its candidates; what comes back may hold others or none, and `late` the rest. */
  fromReceiver(answer: string): Promise<{ readonly answer: string; readonly late: readonly RawCandidate[] }>;
}

const STRAIGHT: RawWay = {
  fromSender: (candidates) => Promise.resolve(candidates),
  fromReceiver: (answer) => Promise.resolve({ answer, late: [] }),
};

/** Opens the bare channel between the two ends. */
export async function connectRaw(
  { sender, receiver }: Pick<Pair, 'sender' | 'receiver'>,
  way: RawWay = STRAIGHT,
): Promise<void> {
  const { answer, late } = await way.fromReceiver(await receiver.rawAnswer(await sender.rawOffer()));
  const candidates = await way.fromSender(await sender.rawAccept(answer));
  await patiently(
    PATIENCE_MS,
    'raw connection',
    Promise.all([sender.rawConnect(late), receiver.rawConnect(candidates)]),
  );
}

/** Longer than anything takes that moves nothing. */
export const PATIENCE_MS = 30_000;

/** `work`, or an error in words once it takes longer than any working end would. */
export async function patiently<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not done within ${Math.round(ms / 1000)} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Profiles, if ends have any, are new as well and go with the pair. */
async function openPair(open: Kind['open'], files: PairFiles): Promise<Pair> {
  const directory = await mkdtemp(join(tmpdir(), 'rockpool-profiles-'));
  const [sender, receiver] = [await open(join(directory, 'sender')), await open(join(directory, 'receiver'))];
  const close = async (): Promise<void> => {
    await sender.close();
    await receiver.close();
    await rm(directory, { recursive: true, force: true });
  };
  const picked = { warm: await sender.pick(files.warm, 'warm'), measured: await sender.pick(files.measured) };
  return { sender: sender.end, receiver: receiver.end, files: picked, close };
}

/** A file that no file system can keep smaller than it is. */
export async function fillFile(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'w');
  for (let written = 0; written < bytes; written += MIB) await file.write(randomBytes(Math.min(MIB, bytes - written)));
  await file.close();
}
