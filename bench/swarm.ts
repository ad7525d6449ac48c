// One sends, N receive, everybody serves what they have: simulated with equal uplinks, and in Chromium with the sender's uplink
// limited by the UDP relay. How long it takes over what one copy through the sender's uplink takes.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { measureRounds, type BenchmarkOptions, type BenchmarkResult, wholeOption } from './harness.ts';
import type { OpenEnd } from './pair/ends.ts';
import { MIB, PATIENCE_MS, patiently, withPlace, type Kind, type Place } from './pair/pair.ts';
import { withRelay } from './relay/open-relay.ts';
import type { WanPath } from './relay/paths.ts';
import { SIDES } from './relay/relay.ts';
import { swarm, type SwarmResult, type SwarmSetup } from './sim/swarm.ts';

export const about: string =
  'One sends to N that serve each other: time and bytes over one copy, simulated and in Chromium';
/** A round is a seed of the simulation. */
export const rounds = 1;
export const defaults: Record<string, string> = {
  only: 'both',
  receivers: '1,3,8,32',
  chunks: '1000',
  'chunks-most': '250',
  'chunk-kib': '64',
  mib: '8',
  ends: 'chromium',
  'first-seed': '1',
};

const UP_MBIT = 20;
const LEAVING_RATIO = 0.2;
/** Whose churn is measured. */
const CHURN_RECEIVERS = 8;
/** More members than this run without SCTP, */
const SCTP_RECEIVERS_MAX = 3;
/** and more than this with `chunks-most`: what a simulation takes grows with their square. */
const CHUNKS_RECEIVERS_MAX = 8;

const REAL_RECEIVERS = 3;
const NEAR: WanPath = { delayMs: 5, jitterMs: 0, lossRatio: 0, rateMbit: Infinity, queueMs: 60 };
const NARROW: WanPath = { ...NEAR, rateMbit: UP_MBIT };
/** A tenth of the line: an error below that, and not a wait without end. */
const SLOWEST_MBIT = 2;

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const { values, log } = options;
  const only = values['only'] ?? 'both';
  if (!['both', 'sim', 'real'].includes(only)) throw new RangeError(`--only: expected sim or real, got ${only}`);
  const ends = values['ends'] ?? '';
  if (!['chromium', 'node'].includes(ends)) throw new RangeError(`--ends: expected chromium or node, got ${ends}`);
  const plan: Plan = {
    receivers: (values['receivers'] ?? '').split(',').map((word) => wholeOption(word, 'receivers')),
    chunks: wholeOption(values['chunks'], 'chunks'),
    chunkBytes: wholeOption(values['chunk-kib'], 'chunk-kib') * 1024,
    chunksMost: wholeOption(values['chunks-most'], 'chunks-most'),
    log,
  };
  const firstSeed = wholeOption(values['first-seed'], 'first-seed');
  const bytes = wholeOption(values['mib']) * MIB;
  const simulated = (round: number): Record<string, number> =>
    only === 'real' ? {} : simulate(plan, firstSeed + round);
  if (only === 'sim') return measureRounds(options, async (round) => simulated(round));
  return withPlace(ends, 1, bytes, (place, server) =>
    measureRounds(options, async (round) => ({
      ...simulated(round),
      ...(await measureReal(place, server, bytes, round, log)),
    })),
  );
}

interface Plan {
  readonly receivers: readonly number[];
  readonly chunks: number;
  readonly chunksMost: number;
  readonly chunkBytes: number;
  readonly log: BenchmarkOptions['log'];
}

function simulate(plan: Plan, seed: number): Record<string, number> {
  const figures: Record<string, number> = {};
  const singles = new Map<string, number>();
  /** One receiver, everything else alike: once for each kind of line and size. */
  const single = (setup: SwarmSetup): number => {
    const key = `${setup.sctp ?? 'none'} ${setup.chunks}`;
    const known = singles.get(key) ?? timed(plan, { ...setup, receivers: 1, leaving: 0 }).timeOverBound;
    singles.set(key, known);
    return known;
  };
  for (const receivers of plan.receivers) {
    const setup: SwarmSetup = {
      seed,
      receivers,
      chunks: receivers > CHUNKS_RECEIVERS_MAX ? plan.chunksMost : plan.chunks,
      chunkBytes: plan.chunkBytes,
      upMbit: UP_MBIT,
      sctp: receivers > SCTP_RECEIVERS_MAX ? undefined : 'chromium',
      leaving: 0,
    };
    const { timeOverBound, seederOverFile } = timed(plan, setup);
    const name = `sim${receivers}`;
    figures[`${name}_time_over_bound`] = timeOverBound;
    figures[`${name}_time_over_single`] = timeOverBound / single(setup);
    figures[`${name}_seeder_bytes_over_f`] = seederOverFile;
    figures[`${name}_chunks`] = setup.chunks;
    if (receivers !== CHURN_RECEIVERS) continue;
    const churn = timed(plan, { ...setup, leaving: LEAVING_RATIO });
    figures[`${name}_churn_time_over_bound`] = churn.timeOverBound;
    figures[`${name}_churn_time_over_single`] = churn.timeOverBound / single(setup);
  }
  return figures;
}

function timed({ log }: Plan, setup: SwarmSetup): SwarmResult {
  const beganMs = performance.now();
  const result = swarm(setup);
  const { receivers, chunks, sctp = 'none', leaving } = setup;
  const took = `${((performance.now() - beganMs) / 1000).toFixed(0)} s for ${(result.ms / 1000).toFixed(0)} s`;
  const told = `${result.timeOverBound.toFixed(3)} of F/u, ${result.seederOverFile.toFixed(3)} F from the seeder`;
  log(`  1 -> ${receivers}, ${chunks} chunks, sctp ${sctp}, ${leaving} leave: ${told} (${took})`);
  return result;
}

/** The same file to one and to three over the same limited uplink. */
async function measureReal(
  place: Place,
  server: string,
  bytes: number,
  round: number,
  log: BenchmarkOptions['log'],
): Promise<Record<string, number>> {
  const [kind] = place.kinds;
  if (kind === undefined) throw new Error('a place has a kind of end');
  const one = await toReceivers(kind, place, { server, pool: `swarm-1-${round}` }, bytes, 1, log);
  const three = await toReceivers(kind, place, { server, pool: `swarm-3-${round}` }, bytes, REAL_RECEIVERS, log);
  const name = `real${REAL_RECEIVERS}`;
  const boundMs = (bytes * 8) / 1000 / UP_MBIT;
  return {
    real1_time_over_bound: one.ms / boundMs,
    [`${name}_time_over_bound`]: three.ms / boundMs,
    [`${name}_time_over_single`]: three.ms / one.ms,
    // With all headers, so that one receiver takes more than 1 as well.
    real1_seeder_bytes_over_f: one.sentBytes / bytes,
    [`${name}_seeder_bytes_over_f`]: three.sentBytes / bytes,
  };
}

async function toReceivers(
  kind: Kind,
  { directory, received: into }: Place,
  seat: { readonly server: string; readonly pool: string },
  bytes: number,
  receivers: number,
  log: BenchmarkOptions['log'],
): Promise<{ readonly ms: number; readonly sentBytes: number }> {
  const [, ...sides] = SIDES.slice(0, receivers + 1);
  const profiles = join(directory, 'profiles');
  const uplinks = { a: NARROW, ...Object.fromEntries(sides.map((side) => [side, NEAR])) };
  const open: OpenEnd[] = [];
  const openEnd = async (name: string): Promise<OpenEnd> => {
    const end = await kind.open(join(profiles, name));
    open.push(end);
    return end;
  };
  try {
    return await withRelay(uplinks, 1, async ({ urls, report }) => {
      const sender = await openEnd('a');
      await sender.end.join({ ...seat, name: 'a', into, relay: urls.a });
      const ends: OpenEnd[] = [];
      for (const side of sides) {
        const receiver = await openEnd(side);
        await receiver.end.join({ ...seat, name: side, into, relay: urls[side] });
        ends.push(receiver);
      }
      const all = Promise.all([sender, ...ends].map(({ end }) => end.meet(receivers)));
      await patiently(PATIENCE_MS, 'everybody meeting', all);
      const before = (await report()).from.a?.sentBytes ?? 0;
      const receiving = Promise.all(ends.map(({ end }) => end.receive(bytes)));
      await sender.end.offer(await sender.pick(join(directory, 'measured')));
      const receipts = await patiently(PATIENCE_MS + (bytes * 8) / 1000 / SLOWEST_MBIT, 'the file', receiving);
      const told = await report();
      const sentBytes = (told.from.a?.sentBytes ?? 0) - before;
      const seconds = receipts.map(({ ms }) => (ms / 1000).toFixed(1)).join(', ');
      const carried = Object.entries(told.from).map(([side, { deliveredBytes, overflowed }]) => {
        return `${side} ${(deliveredBytes / MIB).toFixed(1)} MiB (${overflowed} packets dropped)`;
      });
      log(
        `  real 1 -> ${receivers}: ${seconds} s; sent ${carried.join(', ')}; relay late ${told.lateP99Ms.toFixed(1)} ms`,
      );
      return { ms: Math.max(...receipts.map(({ ms }) => ms)), sentBytes };
    });
  } finally {
    for (const end of open) await end.close();
    await rm(profiles, { recursive: true, force: true });
  }
}
