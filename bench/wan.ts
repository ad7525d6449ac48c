// A verified file against a bare data channel over emulated wide-area paths: like loopback.ts, but every packet of the
// pair, on all lanes, goes through one UDP relay (bench/relay) that has the path's delay, jitter, loss, rate and queue.
import { setTimeout as sleep } from 'node:timers/promises';
import { inTurn, mbitPerSecond, measureRounds, wholeOption } from './harness.ts';
import type { BenchmarkOptions, BenchmarkResult } from './harness.ts';
import type { RelayReport } from './ends/relay.ts';
import { CONTROL_DEADLINE_MS, type ControlAges } from './pages/pair/control.ts';
import type { PairEnd } from './pages/pair/end.ts';
import { connectRaw, MIB, PATIENCE_MS, patiently, withPair, withPlace } from './pair/pair.ts';
import type { Pair, Place, RawWay } from './pair/pair.ts';
import { relayedCandidates, takeCandidates } from './relay/candidates.ts';
import { withRelay, type OpenRelay } from './relay/open-relay.ts';
import { PATH_NAMES, PATHS, pathName, type PathName } from './relay/paths.ts';

export const about: string = 'A verified file and control frames over emulated paths, against a raw reliable channel';
export const rounds = 5;
/** `mib` 0: as much as the path's figures are quoted for. */
export const defaults: Record<string, string> = { path: 'broadband', mib: '0', only: 'both', seed: '1' };

/** What the figures of a path are quoted for: enough that the beginning is not most of it. */
const MIB_OF: Readonly<Record<PathName, number>> = {
  lan: 32,
  broadband: 32,
  lossy: 32,
  mobile: 32,
  far: 64,
  shallow: 32,
};

/**
 * Moved before the clock runs. Only where processors are the limit: on a slow path compiling code costs nothing that
 * shows, and how a link begins is part of what is measured.
 */
const WARM_UP_BYTES: Readonly<Record<PathName, number>> = {
  lan: 16 * MIB,
  broadband: 0,
  lossy: 0,
  mobile: 0,
  far: 0,
  shallow: 0,
};

/** The raw channel may be slower than anybody would wait for: what it moved until then is its figure. */
const RAW_MS = 20_000;

/** Control frames are measured alone for this long, before the file. */
const ALONE_MS = 3000;
const ASK_EVERY_MS = 50;

/** An end that moves less than this has failed: an error then, and not a wait without end. */
const SLOWEST_MBIT = 0.5;

/** What a contender's run over a path needs. */
interface Course {
  readonly path: PathName;
  readonly bytes: number;
  readonly warmBytes: number;
  readonly seed: number;
}

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const { path: asked = '', seed = '' } = options.values;
  const one = pathName(asked);
  if (one === undefined && asked !== 'all') {
    throw new RangeError(`--path: expected ${PATH_NAMES.join(', ')} or all, got ${asked}`);
  }
  if (!/^\d{1,6}$/.test(seed)) throw new RangeError(`--seed: expected 0 to 999999, got ${seed}`);
  const figures: Record<string, number> = {};
  for (const path of one === undefined ? PATH_NAMES : [one]) {
    if (one === undefined) options.log(`path ${path}`);
    const result = await runPath(options, path, Number(seed));
    const prefix = one === undefined ? `${path}_` : '';
    for (const [name, value] of Object.entries(result.figures)) figures[prefix + name] = value;
  }
  return { rounds: options.rounds, figures };
}

async function runPath(options: BenchmarkOptions, path: PathName, seed: number): Promise<BenchmarkResult> {
  const { mib } = options.values;
  const bytes = (mib === '0' ? MIB_OF[path] : wholeOption(mib)) * MIB;
  const course = { path, bytes, warmBytes: WARM_UP_BYTES[path], seed };
  const only = options.values['only'] ?? 'both';
  return withPlace(only, course.warmBytes, bytes, (place, server) => measure(options, place, server, course));
}

async function measure(
  options: BenchmarkOptions,
  place: Place,
  server: string,
  course: Course,
): Promise<BenchmarkResult> {
  const shares = new Map<string, number[]>();
  const { rateMbit } = PATHS[course.path];
  const result = await measureRounds(options, async (round) => {
    const figures: Record<string, number> = {};
    for (const { name, pair } of place.kinds) {
      const each = { ...course, seed: course.seed + round };
      const seat = { server, pool: `wan-${course.path}-${name}-${round}` };
      const [ours = {}, raw = {}] = await inTurn(round, [
        () =>
          withRelay({ a: PATHS[each.path], b: PATHS[each.path] }, each.seed, (relay) =>
            withPair(pair, (ends) => measureOurs(ends, seat, place, relay, each)),
          ),
        () =>
          withRelay({ a: PATHS[each.path], b: PATHS[each.path] }, each.seed, (relay) =>
            withPair(pair, (ends) => measureRaw(ends, relay, each)),
          ),
      ]);
      const { mbit = NaN, ...others } = ours;
      const { mbit: rawMbit = NaN } = raw;
      options.log(`  ${name}: ${mbit.toFixed(1)} Mbit/s, raw ${rawMbit.toFixed(1)}`);
      figures[`${name}_mbit`] = mbit;
      figures[`${name}_raw_mbit`] = rawMbit;
      figures[`${name}_ratio`] = mbit / rawMbit;
      figures[`${name}_share`] = mbit / rateMbit;
      for (const [other, value] of Object.entries(others)) figures[`${name}_${other}`] = value;
      shares.set(name, [...(shares.get(name) ?? []), mbit / rateMbit]);
    }
    return { ...figures, ...worstControl(figures) };
  });
  const spread = [...shares].flatMap(([name, each]) => [
    [`${name}_share_min`, Math.min(...each)],
    [`${name}_share_max`, Math.max(...each)],
  ]);
  return { rounds: result.rounds, figures: { ...result.figures, ...Object.fromEntries(spread) } };
}

/** `control_p95_ms` and its like: what holds for every kind of end. */
function worstControl(figures: Readonly<Record<string, number>>): Record<string, number> {
  const worst: Record<string, number> = {};
  for (const [name, value] of Object.entries(figures)) {
    const shared = /^(?:chromium|node)_(control_.*_ms)$/.exec(name)?.[1];
    if (shared !== undefined) worst[shared] = Math.max(worst[shared] ?? 0, value);
  }
  return worst;
}

/** A file that the receiver holds verified, from its `accept` on, with control frames beside it all the way. */
async function measureOurs(
  { sender, receiver, files }: Pair,
  seat: { readonly server: string; readonly pool: string },
  { received: into, clear }: Place,
  relay: OpenRelay,
  { bytes, warmBytes }: Course,
): Promise<Record<string, number>> {
  const { urls } = relay;
  await sender.join({ ...seat, name: 'Sender', into, relay: urls.a });
  await receiver.join({ ...seat, name: 'Receiver', into, relay: urls.b });
  const move = async (file: string, size: number): Promise<number> => {
    await sender.offer(file);
    return (await within(size, receiver.receive(size))).ms;
  };
  try {
    if (warmBytes > 0) await move(files.warm, warmBytes);
    await sender.controlSend();
    const alone = await controlAlone(receiver);
    await relay.report();
    const ms = await move(files.measured, bytes);
    const { cpuShare, lateP99Ms } = await checkedReport(relay, bytes);
    return {
      mbit: mbitPerSecond(bytes, ms),
      ...controlFigures('control', await receiver.controlAges()),
      ...controlFigures('control_alone', alone),
      relay_cpu_share: cpuShare,
      relay_late_p99_ms: lateP99Ms,
    };
  } finally {
    await clear();
  }
}

/** What surfaces in a while without a file, once the first frame has. */
async function controlAlone(receiver: PairEnd): Promise<ControlAges> {
  const first = async (): Promise<void> => {
    while ((await receiver.controlAges()).agesMs.length === 0) await sleep(ASK_EVERY_MS);
  };
  await patiently(PATIENCE_MS, 'a control frame', first());
  await sleep(ALONE_MS);
  return receiver.controlAges();
}

/** Frames that never surfaced count as old as any may be, and as not delivered. */
function controlFigures(prefix: string, { agesMs, missing }: ControlAges): Record<string, number> {
  const all = [...agesMs, ...new Array<number>(missing).fill(CONTROL_DEADLINE_MS)].sort((a, b) => a - b);
  if (all.length === 0) throw new Error(`${prefix}: no frame surfaced`);
  const at = (ratio: number): number => all[Math.ceil(all.length * ratio) - 1] ?? NaN;
  return {
    [`${prefix}_p50_ms`]: at(0.5),
    [`${prefix}_p95_ms`]: at(0.95),
    [`${prefix}_p99_ms`]: at(0.99),
    [`${prefix}_delivered_share`]: agesMs.length / all.length,
  };
}

/** The bare channel, from the receiver's request to the last byte or the end of its time. */
async function measureRaw(ends: Pair, relay: OpenRelay, course: Course): Promise<Record<string, number>> {
  await connectRaw(ends, rawWay(relay));
  const move = async (size: number): Promise<number> => {
    await ends.sender.rawSend(size);
    const { bytes, ms } = await within(size, ends.receiver.rawReceive({ bytes: size, withinMs: RAW_MS }));
    return mbitPerSecond(bytes, ms);
  };
  if (course.warmBytes > 0) await move(course.warmBytes);
  const mbit = await move(course.bytes);
  await checkedReport(relay, 1);
  return { mbit };
}

/** A figure of a path that was not taken would be worse than none. */
async function checkedReport(relay: OpenRelay, bytes: number): Promise<RelayReport> {
  const report = await relay.report();
  const { deliveredBytes = 0 } = report.from.a ?? {};
  if (deliveredBytes < bytes) throw new Error(`${bytes} bytes moved, but only ${deliveredBytes} through the relay`);
  return report;
}

function rawWay({ registrar }: OpenRelay): RawWay {
  return {
    fromSender: (candidates) => relayedCandidates(candidates, registrar('a')),
    fromReceiver: async (answer) => {
      const { sdp, candidates } = takeCandidates(answer);
      return { answer: sdp, late: await relayedCandidates(candidates, registrar('b')) };
    },
  };
}

function within<T>(bytes: number, work: Promise<T>): Promise<T> {
  return patiently(PATIENCE_MS + (bytes * 8) / 1000 / SLOWEST_MBIT, `${bytes} bytes`, work);
}
