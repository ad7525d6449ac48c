// Control streams over lossy paths, in simulation: two real link machines, the machines of the stream, an SCTP association
// between them. A round is a seed. Reports which share of the frames was surfaced within 100 ms of being sampled, with and
// without clones, how old they were, and what it cost; and whether anything stale came through after an outage.
import type { LinkOutput } from '../src/link/link.ts';
import { PoolControl, type ControlFrame, type ControlPeer } from '../src/pool/control.ts';
import { LinkPair } from '../src/sim/link-pair.ts';
import type { LinkEnd } from '../src/sim/link-pair.ts';
import type { PathOptions } from '../src/sim/network.ts';
import { measureRounds, type BenchmarkOptions, type BenchmarkResult } from './harness.ts';

export const about: string = 'Control streams at 100 and 360 Hz over loss, simulated: in-time share, latency, bytes';
export const rounds = 10;
export const defaults: Record<string, string> = { seconds: '20', sctp: 'chromium', 'first-seed': '1' };

const IN_TIME_MS = 100;
const ONE_WAY_MS = 20;
const FRAME_BYTES = 16;
const STREAM = 0;
/** As long as the outage that FACTS tells of. */
const BLACKOUT_MS = 2600;

interface Loss {
  readonly name: string;
  readonly ratio: number;
  /** Mean number of packets lost in a row; 1: each on its own. */
  readonly burst: number;
}

const LOSSES: readonly Loss[] = [
  { name: 'iid1', ratio: 0.01, burst: 1 },
  { name: 'iid5', ratio: 0.05, burst: 1 },
  { name: 'burst1', ratio: 0.01, burst: 3 },
  { name: 'burst5', ratio: 0.05, burst: 3 },
];
const RATES: readonly number[] = [100, 360];

interface RunSetup {
  readonly seed: number;
  readonly hz: number;
  readonly path: Partial<PathOptions>;
  readonly clones: boolean;
  readonly seconds: number;
  readonly sctp: 'chromium' | 'node' | undefined;
  /** At this moment, for BLACKOUT_MS. */
  readonly blackoutAtMs?: number;
}

interface Outcome {
  readonly sampled: number;
  /** True ages of what was surfaced, ms, ascending. */
  readonly agesMs: readonly number[];
  /** On the wire, headers and acknowledgements of both directions included, over the whole run. */
  readonly bytes: number;
}

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const seconds = Number(options.values['seconds']);
  const firstSeed = Number(options.values['first-seed']);
  if (!Number.isInteger(seconds) || seconds < 5 || seconds > 600) {
    throw new RangeError(`--seconds: expected 5 to 600, got ${options.values['seconds']}`);
  }
  const sctp = sctpOf(options.values['sctp']);
  let worst = 1;
  let stale = 0;
  const result = await measureRounds(options, async (round) => {
    const seed = firstSeed + round;
    const figures: Record<string, number> = {};
    for (const hz of RATES) {
      for (const loss of LOSSES) {
        const common = { seed, hz, path: lossy(loss), seconds, sctp };
        const cloned = play({ ...common, clones: true });
        const bare = play({ ...common, clones: false });
        const prefix = `hz${hz}_${loss.name}`;
        figures[`${prefix}_share`] = inTimeShare(cloned);
        figures[`${prefix}_bare_share`] = inTimeShare(bare);
        for (const [name, ratio] of [
          ['p50', 0.5],
          ['p95', 0.95],
          ['p99', 0.99],
        ] as const) {
          figures[`${prefix}_${name}_ms`] = percentile(cloned.agesMs, ratio);
        }
        figures[`${prefix}_kbyte_per_s`] = cloned.bytes / 1000 / seconds;
        figures[`${prefix}_bare_kbyte_per_s`] = bare.bytes / 1000 / seconds;
        if (hz === 360 && loss.name === 'burst5') figures['in_time_share'] = inTimeShare(cloned);
      }
      const blackedOut = play({
        seed,
        hz,
        path: { delayMs: ONE_WAY_MS },
        clones: true,
        seconds: 10,
        sctp,
        blackoutAtMs: 4000,
      });
      stale += blackedOut.agesMs.filter((ageMs) => ageMs > IN_TIME_MS).length;
    }
    worst = Math.min(worst, figures['in_time_share'] ?? 0);
    return figures;
  });
  const { in_time_share: share = 0, ...others } = result.figures;
  const figures = { in_time_share: share, in_time_share_worst: worst, stale_surfaced: stale, ...others };
  return { rounds: result.rounds, figures };
}

function sctpOf(word: string | undefined): RunSetup['sctp'] {
  if (word === 'chromium' || word === 'node') return word;
  if (word === 'none') return undefined;
  throw new RangeError(`--sctp: expected chromium, node or none, got ${word}`);
}

function lossy({ ratio, burst }: Loss): Partial<PathOptions> {
  if (burst === 1) return { delayMs: ONE_WAY_MS, lossRatio: ratio };
  const leaveRatio = 1 / burst;
  return {
    delayMs: ONE_WAY_MS,
    burstLoss: { enterRatio: (leaveRatio * ratio) / (1 - ratio), leaveRatio, lossRatio: 1 },
  };
}

/** A stream from the initiator to the acceptor. Both ends' clocks are right: what clocks cost is measured elsewhere. */
function play({ seed, hz, path, clones, seconds, sctp, blackoutAtMs }: RunSetup): Outcome {
  const pair = new LinkPair({ seed, path, sctp, keeps: false });
  const { clock } = pair;
  pair.connect();
  const agesMs: number[] = [];
  const streams = [pair.initiator, pair.acceptor].map((end) =>
    streamsOf(end, (frame) => agesMs.push(clock.now - sampledMs(frame))),
  );
  const [sender, receiver] = streams;
  if (sender === undefined || receiver === undefined) throw new Error('a pair has two ends');
  // A frame told anew would count as a stale one: it says when it was sampled first.
  const options = { refreshes: 0, ...(clones ? {} : { clonesMax: 0 }) };
  for (const stream of streams) stream.open({ stream: STREAM, hz, deadlineMs: IN_TIME_MS, options });
  pair.acceptor.onOutput = (output: LinkOutput) => {
    if (output.kind !== 'control') return;
    receiver.receive(clock.now, 'initiator', output.schema, output.bytes, output.sentUs);
  };
  let sampled = 0;
  const startMs = clock.now;
  const bytesBefore = bytesOf(pair);
  const untilMs = startMs + seconds * 1000;
  let dark = blackoutAtMs;
  for (let poll = Math.ceil((startMs * hz) / 1000); (poll * 1000) / hz < untilMs; poll++) {
    const atMs = (poll * 1000) / hz + 0.01;
    if (dark !== undefined && atMs >= startMs + dark) {
      pair.network.toA.darken(BLACKOUT_MS);
      pair.network.toB.darken(BLACKOUT_MS);
      dark = undefined;
    }
    clock.advance(Math.max(0, atMs - clock.now));
    const frame = new Uint8Array(FRAME_BYTES);
    new DataView(frame.buffer).setFloat64(0, clock.now);
    sampled++;
    sender.poll(clock.now, STREAM, 'up', frame);
    pair.initiator.drain();
  }
  // The loop of a stream goes on when nothing is new: the last frames' clones go out as any others.
  for (let poll = 0; poll < hz / 2; poll++) {
    clock.advance(1000 / hz);
    sender.poll(clock.now, STREAM, 'up', undefined);
    pair.initiator.drain();
  }
  const bytes = bytesOf(pair) - bytesBefore;
  clock.advance(5000);
  return { sampled, agesMs: agesMs.sort((a, b) => a - b), bytes };
}

function streamsOf(end: LinkEnd, emit: (frame: ControlFrame) => void): PoolControl {
  const id = end.role === 'initiator' ? 'acceptor' : 'initiator';
  const peer: ControlPeer = {
    id,
    get alive() {
      return end.link.state === 'open';
    },
    get link() {
      return end.link;
    },
  };
  return new PoolControl({
    peers: () => [peer],
    timeUs: (now) => Math.floor(now * 1000),
    transitMs: (_peer, now, sentUs) => now - sentUs / 1000,
    emit,
  });
}

/** What the sender wrote into the frame, so that no clock of the machines is trusted. */
function sampledMs({ bytes }: ControlFrame): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0);
}

function bytesOf(pair: LinkPair): number {
  return pair.network.toA.counters.sentBytes + pair.network.toB.counters.sentBytes;
}

function inTimeShare({ agesMs, sampled }: Outcome): number {
  return agesMs.filter((ageMs) => ageMs <= IN_TIME_MS).length / sampled;
}

function percentile(ascending: readonly number[], ratio: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * ratio))] ?? Infinity;
}
