// A verified file against a bare data channel, over the same two ends in the same run: two Chromium browsers, and two
// Node processes. Ours is accept -> `verified` with the real client, store and signaling server; raw is a reliable
// ordered channel of 16 KiB messages whose receiver does nothing but count.
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../signaling/server.ts';
import { launchProfile } from '../test/support/chromium.ts';
import { inTurn, mbitPerSecond, measureRounds, serveBenchPage, startEnd } from './harness.ts';
import type { BenchmarkOptions, BenchmarkResult } from './harness.ts';
import type { LoopbackEnd, Seat } from './pages/loopback/end.ts';

export const about: string = 'A verified file against a raw reliable channel: Chromium to Chromium and Node to Node';
/** Even, so that each contender goes first as often as second. */
export const rounds = 4;
export const defaults: Record<string, string> = { mib: '256', only: 'both' };

const MIB = 1024 * 1024;
/**
 * Moved both ways of measuring before the clock runs, so that neither pays for compiling code, opening windows and
 * growing files for the first time.
 */
const WARM_UP_BYTES = 16 * MIB;

/** An end that moves less than this has failed: an error then, and not a wait without end. */
const SLOWEST_MBIT = 2;
const PATIENCE_MS = 30_000;

/** Two ends that no measurement has touched before: what one leaves behind, the next would pay for. */
interface Pair {
  readonly sender: LoopbackEnd;
  readonly receiver: LoopbackEnd;
  /** The file to warm up with and the one to measure, as `offer` takes them. */
  readonly files: { readonly warm: string; readonly measured: string };
  close(): Promise<void>;
}

interface Kind {
  readonly name: 'chromium' | 'node';
  readonly pair: () => Promise<Pair>;
}

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const mib = Number(options.values['mib']);
  if (!Number.isInteger(mib) || mib < 1) {
    throw new RangeError(`--mib: expected 1 or more, got ${options.values['mib']}`);
  }
  const { only = 'both' } = options.values;
  if (!['both', 'chromium', 'node'].includes(only)) {
    throw new RangeError(`--only: expected chromium or node, got ${only}`);
  }
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const directory = await mkdtemp(join(tmpdir(), 'rockpool-loopback-'));
    closers.push(() => rm(directory, { recursive: true }));
    const files = { warm: join(directory, 'warm'), measured: join(directory, 'measured') };
    await fill(files.warm, WARM_UP_BYTES);
    await fill(files.measured, mib * MIB);

    const kinds: Kind[] = [];
    const origins: string[] = [];
    if (only !== 'node') {
      const pages = await serveBenchPage('loopback');
      closers.push(() => pages.close());
      origins.push(new URL(pages.address).origin);
      kinds.push({ name: 'chromium', pair: () => pagePair(pages.address, files) });
    }
    if (only !== 'chromium') kinds.push({ name: 'node', pair: () => processPair(files) });
    const server = await startServer({ allowedOrigins: origins });
    closers.push(() => server.close());

    const ratios = new Map<string, number[]>();
    const result = await measureRounds(options, async (round) => {
      const figures: Record<string, number> = {};
      for (const { name, pair } of kinds) {
        const seat = { server: `ws://127.0.0.1:${server.port}/ws`, pool: `loopback-${name}-${round}` };
        const [ours = NaN, raw = NaN] = await inTurn(round, [
          () => withPair(pair, (ends) => measureOurs(ends, seat, join(directory, 'received'), mib * MIB)),
          () => withPair(pair, (ends) => measureRaw(ends, mib * MIB)),
        ]);
        figures[`${name}_mbit`] = ours;
        figures[`${name}_raw_mbit`] = raw;
        figures[`${name}_ratio`] = ours / raw;
        ratios.set(name, [...(ratios.get(name) ?? []), ours / raw]);
      }
      return figures;
    });
    const spread = [...ratios].flatMap(([name, each]) => [
      [`${name}_ratio_min`, Math.min(...each)],
      [`${name}_ratio_max`, Math.max(...each)],
    ]);
    return { rounds: result.rounds, figures: { ...result.figures, ...Object.fromEntries(spread) } };
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

/** Megabits a second of a file that the receiver holds verified, from its `accept` on. */
async function measureOurs(
  { sender, receiver, files }: Pair,
  seat: Pick<Seat, 'server' | 'pool'>,
  into: string,
  bytes: number,
): Promise<number> {
  await sender.join({ ...seat, name: 'Sender', into });
  await receiver.join({ ...seat, name: 'Receiver', into });
  const move = async (file: string, size: number): Promise<number> => {
    await sender.offer(file);
    return within(size, receiver.receive(size));
  };
  try {
    await move(files.warm, WARM_UP_BYTES);
    return mbitPerSecond(bytes, await move(files.measured, bytes));
  } finally {
    await rm(into, { recursive: true, force: true });
  }
}

/** Megabits a second through the bare channel, from the receiver's request to the last byte. */
async function measureRaw({ sender, receiver }: Pair, bytes: number): Promise<number> {
  const answer = await receiver.rawAnswer(await sender.rawOffer());
  const candidates = await sender.rawAccept(answer);
  await within(0, Promise.all([sender.rawConnect([]), receiver.rawConnect(candidates)]));
  const move = async (size: number): Promise<number> => {
    await sender.rawSend(size);
    return within(size, receiver.rawReceive(size));
  };
  await move(WARM_UP_BYTES);
  return mbitPerSecond(bytes, await move(bytes));
}

async function withPair<T>(make: () => Promise<Pair>, measure: (pair: Pair) => Promise<T>): Promise<T> {
  const pair = await make();
  try {
    return await measure(pair);
  } finally {
    await pair.close();
  }
}

/**
 * Two browsers with an ordinary profile each, as two people have. Not private windows: those keep what they receive in
 * memory, at five times the work for a byte.
 */
async function pagePair(address: string, files: Pair['files']): Promise<Pair> {
  const directory = await mkdtemp(join(tmpdir(), 'rockpool-profiles-'));
  const profiles = [await launchProfile(join(directory, 'sender')), await launchProfile(join(directory, 'receiver'))];
  const pages = await Promise.all(profiles.map((profile) => profile.newPage()));
  const [sender, receiver] = pages.map((page) =>
    asEnd((question, argument) =>
      page.evaluate(([name, given]) => (loopback[name as keyof LoopbackEnd] as (argument: unknown) => unknown)(given), [
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

async function processPair(files: Pair['files']): Promise<Pair> {
  const [first, second] = [startEnd('loopback'), startEnd('loopback')];
  const close = async (): Promise<void> => {
    await first.close();
    await second.close();
  };
  return { sender: asEnd(first.ask), receiver: asEnd(second.ask), files, close };
}

/** An end behind a way to ask it by name. */
function asEnd(ask: (question: string, argument?: unknown) => Promise<unknown>): LoopbackEnd {
  const end: Record<keyof LoopbackEnd, (argument?: unknown) => Promise<unknown>> = {
    join: (seat) => ask('join', seat),
    offer: (file) => ask('offer', file),
    receive: (bytes) => ask('receive', bytes),
    rawOffer: () => ask('rawOffer'),
    rawAnswer: (sdp) => ask('rawAnswer', sdp),
    rawAccept: (sdp) => ask('rawAccept', sdp),
    rawConnect: (candidates) => ask('rawConnect', candidates),
    rawSend: (bytes) => ask('rawSend', bytes),
    rawReceive: (bytes) => ask('rawReceive', bytes),
  };
  // Both ends of the way are ours: an answer is what LoopbackEnd says.
  return end as LoopbackEnd;
}

/** `work`, or an error once moving `bytes` takes longer than any working end would. */
async function within<T>(bytes: number, work: Promise<T>): Promise<T> {
  const ms = PATIENCE_MS + (bytes * 8) / 1000 / SLOWEST_MBIT;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${bytes} bytes did not arrive within ${Math.round(ms / 1000)} s`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** A file that no file system can keep smaller than it is. */
async function fill(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'w');
  for (let written = 0; written < bytes; written += MIB) await file.write(randomBytes(MIB));
  await file.close();
}
