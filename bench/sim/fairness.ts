// Several links over one bottleneck: how evenly they share it (Jain, Chiu and Hawe 1984).
import { VirtualClock } from '../../src/sim/clock.ts';
import type { LinkPair } from '../../src/sim/link-pair.ts';
import { Duplex, type PathOptions } from '../../src/sim/network.ts';
import { Random } from '../../src/sim/random.ts';
import type { SctpName } from '../../src/sim/sctp.ts';
import { Flow, pairOf } from './flow.ts';

/** Judged is what came in the last so many ms: by then the links should have found each other. */
const JUDGED_MS = 20_000;
const RUN_MS = 40_000;
/** Nobody starts at the very same moment: a round trip or so apart counts as together. */
const TOGETHER_MS = 20;

export interface FairnessSetup {
  readonly seed: number;
  readonly links: number;
  readonly path: Partial<PathOptions>;
  readonly sctp: SctpName | undefined;
  /** Between the start of one link and of the next, beside up to 20 ms by chance. */
  readonly staggerMs: number;
}

/** Jain's index of what each of the links moved in the last 20 of 40 s since the last one began: 1 / links to 1. */
export function fairness({ seed, links, path, sctp, staggerMs }: FairnessSetup): number {
  const clock = new VirtualClock();
  const random = new Random(seed);
  const bottleneck = new Duplex(clock, random.fork(), { toA: path, toB: path });
  const flows: Flow[] = [];
  for (let i = 0; i < links; i++) {
    const pair = pairOf({ seed: seed * 100 + i, clock, bottleneck, sctp });
    clock.after(i * staggerMs + random.between(0, TOGETHER_MS), () => {
      pair.openTransport();
      whenOpen(pair, () => flows.push(new Flow(pair, Infinity)));
    });
  }
  clock.advance((links - 1) * staggerMs + RUN_MS - JUDGED_MS);
  const before = flows.map(({ bytes }) => bytes);
  clock.advance(JUDGED_MS);
  if (flows.length < links) throw new Error(`${links - flows.length} of ${links} links did not open`);
  return jainIndex(flows.map(({ bytes }, i) => bytes - (before[i] ?? 0)));
}

function whenOpen(pair: LinkPair, action: () => void): void {
  const look = (): void => {
    if (pair.ends.every(({ link }) => link.state === 'open')) action();
    else pair.clock.after(1, look);
  };
  look();
}

/** (sum of x)^2 / (n * sum of x^2): 1 when all are equal, 1 / n when one has all. NaN when nobody has anything. */
export function jainIndex(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share * share, 0);
  return (sum * sum) / (shares.length * squares);
}
