// A verified file against a bare data channel, over the same two ends in the same run: two Chromium browsers, and two
// Node processes. Ours is accept -> `verified` with the real client, store and signaling server; raw is a reliable
// ordered channel of 16 KiB messages whose receiver does nothing but count.
import { inTurn, mbitPerSecond, measureRounds, wholeOption } from './harness.ts';
import type { BenchmarkOptions, BenchmarkResult } from './harness.ts';
import { connectRaw, MIB, PATIENCE_MS, patiently, withPair, withPlace } from './pair/pair.ts';
import type { Pair, Place } from './pair/pair.ts';
import type { Seat } from './pages/pair/end.ts';

export const about: string = 'A verified file against a raw reliable channel: Chromium to Chromium and Node to Node';
/** Even, so that each contender goes first as often as second. */
export const rounds = 4;
export const defaults: Record<string, string> = { mib: '256', only: 'both' };

/**
 * Moved both ways of measuring before the clock runs, so that neither pays for compiling code, opening windows and
 * growing files for the first time.
 */
const WARM_UP_BYTES: number = 16 * MIB;

/** An end that moves less than this has failed: an error then, and not a wait without end. */
const SLOWEST_MBIT = 2;

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const bytes = wholeOption(options.values['mib']) * MIB;
  const only = options.values['only'] ?? 'both';
  return withPlace(only, WARM_UP_BYTES, bytes, (place, server) => measure(options, place, server, bytes));
}

async function measure(
  options: BenchmarkOptions,
  place: Place,
  server: string,
  bytes: number,
): Promise<BenchmarkResult> {
  const ratios = new Map<string, number[]>();
  const result = await measureRounds(options, async (round) => {
    const figures: Record<string, number> = {};
    for (const { name, pair } of place.kinds) {
      const seat = { server, pool: `loopback-${name}-${round}` };
      const [ours = NaN, raw = NaN] = await inTurn(round, [
        () => withPair(pair, (ends) => measureOurs(ends, seat, place, bytes)),
        () => withPair(pair, (ends) => measureRaw(ends, bytes)),
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
}

/** Megabits a second of a file that the receiver holds verified, from its `accept` on. */
async function measureOurs(
  { sender, receiver, files }: Pair,
  seat: Pick<Seat, 'server' | 'pool'>,
  { received: into, clear }: Place,
  bytes: number,
): Promise<number> {
  await sender.join({ ...seat, name: 'Sender', into });
  await receiver.join({ ...seat, name: 'Receiver', into });
  const move = async (file: string, size: number): Promise<number> => {
    await sender.offer(file);
    return (await within(size, receiver.receive(size))).ms;
  };
  try {
    await move(files.warm, WARM_UP_BYTES);
    return mbitPerSecond(bytes, await move(files.measured, bytes));
  } finally {
    await clear();
  }
}

/** Megabits a second through the bare channel, from the receiver's request to the last byte. */
async function measureRaw(ends: Pair, bytes: number): Promise<number> {
  await connectRaw(ends);
  const move = async (size: number): Promise<number> => {
    await ends.sender.rawSend(size);
    const { ms } = await within(size, ends.receiver.rawReceive({ bytes: size, withinMs: undefined }));
    return ms;
  };
  await move(WARM_UP_BYTES);
  return mbitPerSecond(bytes, await move(bytes));
}

function within<T>(bytes: number, work: Promise<T>): Promise<T> {
  return patiently(PATIENCE_MS + (bytes * 8) / 1000 / SLOWEST_MBIT, `${bytes} bytes`, work);
}
