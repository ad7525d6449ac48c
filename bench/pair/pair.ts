// Two ends of one kind that a benchmark measures against each other: two Chromium browsers or two Node processes, the
// files they move, and the two ways to move them. What an end can do: bench/pages/pair/end.ts.
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../../signaling/server.ts';
import { launchProfile } from '../../test/support/chromium.ts';
import { serveBenchPage, startEnd } from '../harness.ts';
import type { PairEnd, RawCandidate } from '../pages/pair/end.ts';

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
}

/** Everything a run needs on this machine; `close` removes it. */
export interface Place {
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
  await fill(files.warm, warmBytes);
  await fill(files.measured, measuredBytes);
  const pages = only === 'node' ? undefined : await serveBenchPage('pair');
  const kinds: Kind[] = [];
  if (pages !== undefined) kinds.push({ name: 'chromium', pair: () => pagePair(pages.address, files) });
  if (only !== 'chromium') kinds.push({ name: 'node', pair: () => processPair(files) });
  return {
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

/** `--mib` as a number. Throws RangeError. */
export function mibOption(given: string | undefined): number {
  const mib = Number(given);
  if (!Number.isInteger(mib) || mib < 1) throw new RangeError(`--mib: expected 1 or more, got ${given}`);
  return mib;
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
export async function connectRaw({ sender, receiver }: Pair, way: RawWay = STRAIGHT): Promise<void> {
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

/**
 * Two browsers with an ordinary profile each, as two people have. Not private windows: those keep what they receive in
 * memory, at five times the work for a byte.
 */
async function pagePair(address: string, files: PairFiles): Promise<Pair> {
  const directory = await mkdtemp(join(tmpdir(), 'rockpool-profiles-'));
  const profiles = [await launchProfile(join(directory, 'sender')), await launchProfile(join(directory, 'receiver'))];
  const pages = await Promise.all(profiles.map((profile) => profile.newPage()));
  const [sender, receiver] = pages.map((page) =>
    asEnd((question, argument) =>
      page.evaluate(([name, given]) => (pairEnd[name as keyof PairEnd] as (argument: unknown) => unknown)(given), [
        question,
        argument,
      ] as const),
    ),
  );
  for (const page of pages) await page.goto(address);
  await pages[0]?.setInputFiles('#warm', files.warm);
  await pages[0]?.setInputFiles('#measured', files.measured);
  if (sender === undefined || receiver === undefined) throw new Error('expected two pages');
  const close = async (): Promise<void> => {
    for (const profile of profiles) await profile.close();
    await rm(directory, { recursive: true, force: true });
  };
  return { sender, receiver, files: { warm: 'warm', measured: 'measured' }, close };
}

async function processPair(files: PairFiles): Promise<Pair> {
  const [first, second] = [startEnd('pair'), startEnd('pair')];
  const close = async (): Promise<void> => {
    await first.close();
    await second.close();
  };
  return { sender: asEnd(first.ask), receiver: asEnd(second.ask), files, close };
}

/** An end behind a way to ask it by name. */
function asEnd(ask: (question: string, argument?: unknown) => Promise<unknown>): PairEnd {
  const end: Record<keyof PairEnd, (argument?: unknown) => Promise<unknown>> = {
    join: (seat) => ask('join', seat),
    offer: (file) => ask('offer', file),
    receive: (bytes) => ask('receive', bytes),
    controlSend: () => ask('controlSend'),
    controlAges: () => ask('controlAges'),
    rawOffer: () => ask('rawOffer'),
    rawAnswer: (sdp) => ask('rawAnswer', sdp),
    rawAccept: (sdp) => ask('rawAccept', sdp),
    rawConnect: (candidates) => ask('rawConnect', candidates),
    rawSend: (bytes) => ask('rawSend', bytes),
    rawReceive: (order) => ask('rawReceive', order),
  };
  // Both ends of the way are ours: an answer is what PairEnd says.
  return end as PairEnd;
}

/** A file that no file system can keep smaller than it is. */
async function fill(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'w');
  for (let written = 0; written < bytes; written += MIB) await file.write(randomBytes(Math.min(MIB, bytes - written)));
  await file.close();
}
