// The relay in a process of its own, so that its work is no end's: ends register their addresses over HTTP (pages can do
// nothing else), the benchmark opens it and reads its counters over IPC.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setPriority } from 'node:os';
import { Random } from '../../src/sim/random.ts';
import { serveEnd } from '../harness.ts';
import type { Address } from '../relay/candidates.ts';
import type { WanPath } from '../relay/paths.ts';
import { RealClock, TIMER_LATE_MS } from '../relay/real-clock.ts';
import { Relay, SIDES, type RelayCounters, type Side } from '../relay/relay.ts';

/** Below this one-way delay a timer's lateness would be most of the path. */
const SPIN_DELAY_MS = 2;

/** A network does not wait for its users' processors. */
const PRIORITY = -10;

export interface RelayOpening {
  /** The way up of each side that there is. */
  readonly uplinks: Readonly<Partial<Record<Side, WanPath>>>;
  readonly seed: number;
}

/** URLs for `registrarAt`. */
export type RelayUrls = Readonly<Record<Side, string>>;

export interface RelayReport extends RelayCounters {
  /** How much later than the model says packets left, ms. */
  readonly lateP50Ms: number;
  readonly lateP99Ms: number;
  /** Processor time since the last report or the opening, as a share of one processor. */
  readonly cpuShare: number;
}

let relay: Relay | undefined;
let clock: RealClock | undefined;
let sinceMs = 0;
let sinceCpu = process.cpuUsage();

const answers = {
  async open({ uplinks, seed }: RelayOpening): Promise<RelayUrls> {
    const ways = Object.entries(uplinks);
    const spins = ways.some(([, path]) => path.delayMs < SPIN_DELAY_MS);
    const early = ways.map(([side, path]) => [side, { ...path, delayMs: path.delayMs - TIMER_LATE_MS }]);
    clock = new RealClock(spins ? SPIN_DELAY_MS : 0);
    relay = new Relay(clock, new Random(seed), spins ? uplinks : Object.fromEntries(early));
    const server = createServer((request, response) => void answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo; // A listening TCP server's address is always an AddressInfo.
    sinceMs = performance.now();
    sinceCpu = process.cpuUsage();
    const url = (side: Side): string => `http://127.0.0.1:${port}/?side=${side}`;
    return { a: url('a'), b: url('b'), c: url('c'), d: url('d') };
  },
  register: ({ side, own }: { side: Side; own: Address }) => there(relay).register(side, own),
  report(): RelayReport {
    const { user, system } = process.cpuUsage(sinceCpu);
    const ms = performance.now() - sinceMs;
    sinceCpu = process.cpuUsage();
    sinceMs += ms;
    const ahead = there(clock).spins ? 0 : TIMER_LATE_MS;
    return {
      ...there(relay).counters(),
      lateP50Ms: there(clock).latePercentile(0.5) - ahead,
      lateP99Ms: there(clock).latePercentile(0.99) - ahead,
      cpuShare: (user + system) / 1000 / ms,
    };
  },
};
try {
  setPriority(PRIORITY);
} catch {
  // Only root may; without it the relay waits its turn like the ends, and its report shows what that costs.
}
// Both ends of the way are ours: an argument is what bench/wan.ts gives.
serveEnd(answers as unknown as Parameters<typeof serveEnd>[0]);

/** `GET /?side=a&address=192.0.2.1&port=5000` -> the address that stands for it, or null. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('access-control-allow-origin', '*'); // Pages come from another port.
  const { searchParams: asked } = new URL(request.url ?? '/', 'http://localhost');
  const side = SIDES.find((known) => known === asked.get('side')) ?? 'a';
  try {
    const own = { address: asked.get('address') ?? '', port: Number(asked.get('port')) };
    const found = await there(relay).register(side, own);
    response.setHeader('content-type', 'application/json').end(JSON.stringify(found ?? null));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
}

function there<T>(opened: T | undefined): T {
  if (opened === undefined) throw new Error('asked out of order');
  return opened;
}
