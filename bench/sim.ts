// The link in simulation: two real link machines and SCTP associations between them on a virtual clock, so that every figure
// but `time_ratio` follows from the seeds alone. What is measured of one link, of several, and of whole pools is in bench/sim.
import type { LinkPair } from '../src/sim/link-pair.ts';
import type { SctpName } from '../src/sim/sctp.ts';
import { median, type BenchmarkOptions, type BenchmarkResult } from './harness.ts';
import { PATH_NAMES, PATHS, pathName, type PathName, type WanPath } from './relay/paths.ts';
import { fairness } from './sim/fairness.ts';
import { CHUNK_BYTES, Flow, pairOf, percentile, sctpOption } from './sim/flow.ts';
import { timeRatio } from './sim/pace.ts';

export const about: string =
  'The link simulated: share of a path, fairness, overhead, control latency, and simulated over wall time';
/** Seeds of what one link does. */
export const rounds = 10;
/** `path` none: 100 Mbit/s with 20 ms, and the other parts; `mib` 0: 32, or what a path's figures are quoted for. */
export const defaults: Record<string, string> = {
  path: 'none',
  only: 'all',
  sctp: 'chromium',
  mib: '0',
  'first-seed': '1',
  'jain-seeds': '3',
};

const PARTS = ['share', 'jain', 'overhead', 'time'] as const;
type Part = (typeof PARTS)[number];

const FAST: WanPath = { delayMs: 10, jitterMs: 0, lossRatio: 0, rateMbit: 100, queueMs: 100 };
const LINKS = 4;
const STAGGER_MS = 2000;
const MIB = 1024 * 1024;
const MIB_DEFAULT = 32;
/** A long path needs more, or the beginning is most of it. */
const MIB_OF: Partial<Readonly<Record<PathName, number>>> = { far: 64 };
/** A flow that has not ended by then is judged by what it moved. */
const FLOW_MS_MAX = 120_000;
const TIME_BYTES = 64 * MIB;
/** Compiles what the clock of `time_ratio` should not see being compiled. */
const WARM_UP_BYTES = 8 * MIB;
/** The wall clock sees whatever else the machine does: more seeds than this would not make it see less. */
const TIME_ROUNDS_MAX = 5;

interface Setup {
  readonly path: WanPath;
  readonly sctp: SctpName | undefined;
  readonly chunks: number;
  readonly seeds: readonly number[];
  readonly log: BenchmarkOptions['log'];
}

export async function run({ rounds: count, values, log }: BenchmarkOptions): Promise<BenchmarkResult> {
  const sctp = sctpOption(values['sctp']);
  const firstSeed = wholeOption(values, 'first-seed', 0, 1_000_000);
  const seedsOf = (many: number): number[] => Array.from({ length: many }, (_, i) => firstSeed + i);
  const fewSeeds = seedsOf(Math.min(count, wholeOption(values, 'jain-seeds', 1, 100)));
  const path = pathOption(values['path']);
  const parts = path === undefined ? partsOption(values['only']) : (['share'] as const);
  const mib = wholeOption(values, 'mib', 0, 4096) || (path && MIB_OF[path]) || MIB_DEFAULT;
  const setup: Setup = {
    path: path === undefined ? FAST : PATHS[path],
    sctp,
    chunks: (mib * MIB) / CHUNK_BYTES,
    seeds: seedsOf(count),
    log,
  };
  const figures: Record<string, number> = {};
  for (const part of parts) {
    switch (part) {
      case 'share':
        Object.assign(figures, measureShare(setup));
        break;
      case 'jain':
        figures['jain'] = worstJain({ ...setup, seeds: fewSeeds }, 0);
        figures['jain_staggered'] = worstJain({ ...setup, seeds: fewSeeds }, STAGGER_MS);
        break;
      case 'overhead':
        figures['overhead'] = worstOverhead(setup);
        break;
      case 'time':
        figures['time_ratio'] = medianTimeRatio({ ...setup, seeds: seedsOf(Math.min(count, TIME_ROUNDS_MAX)) });
    }
  }
  return { rounds: count, figures };
}

/** A file over one path, control frames beside it. */
function measureShare({ path, sctp, chunks, seeds, log }: Setup): Record<string, number> {
  const shares: number[] = [];
  const controlP95Ms: number[] = [];
  for (const seed of seeds) {
    const pair = connected(seed, path, sctp);
    const fromMs = pair.clock.now;
    const flow = new Flow(pair, chunks);
    flow.startControl();
    const share = flow.run(fromMs, FLOW_MS_MAX) / path.rateMbit;
    const p95Ms = percentile(flow.finishControl(), 0.95);
    log(`seed ${seed}: share ${share.toFixed(3)}, control p95 ${p95Ms.toFixed(1)} ms`);
    shares.push(share);
    controlP95Ms.push(p95Ms);
  }
  return {
    worst_share: Math.min(...shares),
    median_share: median(shares),
    control_p95_ms: Math.max(...controlP95Ms),
  };
}

function worstJain({ path, sctp, seeds, log }: Setup, staggerMs: number): number {
  const indices = seeds.map((seed) => {
    const index = fairness({ seed, links: LINKS, path, sctp, staggerMs });
    log(`seed ${seed}: ${LINKS} links ${staggerMs} ms apart, jain ${index.toFixed(3)}`);
    return index;
  });
  return Math.min(...indices);
}

/** Datagram bytes of the sender that the path's loss leaves, over bytes of the file. */
function worstOverhead({ sctp, chunks, seeds, log }: Setup): number {
  let worst = 0;
  for (const [name, path] of Object.entries({ lossless: FAST, lossy: PATHS.lossy })) {
    for (const seed of seeds) {
      const pair = connected(seed, path, sctp);
      const flow = new Flow(pair, chunks);
      flow.run(pair.clock.now, FLOW_MS_MAX);
      const overhead = (pair.acceptor.link.stats.bytesSent * (1 - path.lossRatio)) / flow.bytes;
      log(`seed ${seed}: overhead ${name} ${overhead.toFixed(4)}`);
      worst = Math.max(worst, overhead);
    }
  }
  return worst;
}

function medianTimeRatio({ sctp, seeds, log }: Setup): number {
  timeRatio({ seed: 0, sctp, bytes: WARM_UP_BYTES });
  const ratios = seeds.map((seed) => {
    const ratio = timeRatio({ seed, sctp, bytes: TIME_BYTES });
    log(`seed ${seed}: ${ratio.toFixed(1)} times as fast as life`);
    return ratio;
  });
  return median(ratios);
}

function connected(seed: number, path: WanPath, sctp: SctpName | undefined): LinkPair {
  const pair = pairOf({ seed, path, sctp });
  pair.connect();
  return pair;
}

function wholeOption(values: BenchmarkOptions['values'], name: string, min: number, max: number): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`--${name}: expected ${min} to ${max}, got ${values[name]}`);
}

function pathOption(word = 'none'): PathName | undefined {
  const path = pathName(word);
  if (path !== undefined || word === 'none') return path;
  throw new RangeError(`--path: expected ${PATH_NAMES.join(', ')} or none, got ${word}`);
}

function partsOption(word = 'all'): readonly Part[] {
  const part = PARTS.find((known) => known === word);
  if (part !== undefined) return [part];
  if (word === 'all') return PARTS;
  throw new RangeError(`--only: expected ${PARTS.join(', ')} or all, got ${word}`);
}
