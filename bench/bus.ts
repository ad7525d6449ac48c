// What it costs that a signal crosses from one node to another over a real nats-server: processor time of both nodes, next to that
// of one node alone for the same calls. Nodes are a process each; the callers are all in this one.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { natsMissing, startNats } from '../test/signaling/bus/nats-server.ts';
import { inTurn, measureRounds, wholeOption, type BenchmarkOptions, type BenchmarkResult } from './harness.ts';
import { Member } from './signaling/members.ts';

export const about: string = 'Many signaling nodes as one: processor time of a signal that crosses over one that stays';
export const defaults: Record<string, string> = { pairs: '200', seconds: '4' };

/** Code that has run for so long is compiled, and nodes have found each other. */
const WARM_UP_MS = 3_000;
/** Ticks of the kernel's accounting, which are the same on all Linux. */
const TICK_US = 10_000;
/** Fits each socket's 100 messages a second; what is measured is a signal's cost and not how many there are. */
const EVERY_MS = 50;

interface Measured {
  readonly nodesUs: number;
  /** Of nats-server, which is not ours. */
  readonly natsUs: number;
}

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  if (natsMissing !== undefined) throw new Error(natsMissing);
  const pairs = wholeOption(options.values['pairs'], 'pairs');
  const seconds = wholeOption(options.values['seconds'], 'seconds');
  return measureRounds(options, async (round) => {
    const [stays, crosses] = await inTurn(round, [() => measure(1, pairs, seconds), () => measure(2, pairs, seconds)]);
    if (stays === undefined || crosses === undefined) throw new Error('a contender gave no figure');
    return {
      bus_cost: crosses.nodesUs / stays.nodesUs,
      stays_us: stays.nodesUs,
      crosses_us: crosses.nodesUs,
      crosses_nats_us: crosses.natsUs,
    };
  });
}

/** One alone knows of no bus; with two, the ends of each pair are at one each. */
async function measure(nodes: 1 | 2, pairs: number, seconds: number): Promise<Measured> {
  const nats = nodes === 2 ? await startNats() : undefined;
  const bus = nats === undefined ? [] : [`nats://127.0.0.1:${nats.port}`];
  const servers = await Promise.all(Array.from({ length: nodes }, () => startNode(bus)));
  const ports = servers.map(({ port }) => port);
  const callers = Array.from({ length: pairs }, (_, pair) => new Pair(pair, ports));
  try {
    await pause(WARM_UP_MS);
    const cost = async (): Promise<Measured & { readonly signals: number }> => ({
      signals: callers.reduce((sum, { signals }) => sum + signals, 0),
      nodesUs: (await Promise.all(servers.map(({ pid }) => cpuUs(pid)))).reduce((sum, us) => sum + us, 0),
      natsUs: nats === undefined ? 0 : await cpuUs(nats.pid),
    });
    const before = await cost();
    await pause(seconds * 1000);
    const after = await cost();
    const signals = after.signals - before.signals;
    if (signals < (pairs * seconds * 1000) / EVERY_MS) throw new Error(`only ${signals} signals came through`);
    return {
      nodesUs: (after.nodesUs - before.nodesUs) / signals,
      natsUs: (after.natsUs - before.natsUs) / signals,
    };
  } finally {
    for (const pair of callers) pair.stop();
    await Promise.all(servers.map(({ kill }) => kill()));
    await nats?.close();
  }
}

/** Two devices in a pool of their own, each of which sends the other a candidate every so often. */
class Pair {
  signals = 0;
  readonly #members: readonly Member[];
  readonly #timer: NodeJS.Timeout;
  readonly #ids = ['', ''];

  constructor(pair: number, ports: readonly number[]) {
    this.#members = [0, 1].map((side) => {
      const port = ports[side % ports.length] ?? 0;
      return new Member(port, 2 * pair + side, `bus-${pair}`, (message) => {
        if (message.kind === 'welcome') this.#ids[side] = message.self;
        else if (message.kind === 'relayed') this.signals += 1;
      });
    });
    for (const member of this.#members) member.start();
    this.#timer = setInterval(() => this.#send(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const member of this.#members) member.stop();
  }

  #send(): void {
    for (const [side, member] of this.#members.entries())
      member.send({ kind: 'relay', peer: this.#ids[1 - side] ?? '', attempt: 1, signal: CANDIDATE });
  }
}

const CANDIDATE = {
  kind: 'candidate',
  candidate: 'candidate:842163049 1 udp 1677729535 203.0.113.77 46154 typ srflx raddr 192.168.1.17 rport 46154',
  mid: '0',
} as const;

async function startNode(bus: readonly string[]): Promise<{ port: number; pid: number; kill: () => Promise<void> }> {
  const program = join(process.cwd(), 'dist/bench/ends/bus-node.js');
  const child = spawn(process.execPath, [program, ...bus], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'close');
  const line: unknown[] = await once(createInterface({ input: child.stdout }), 'line');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exit;
  };
  return { port: Number(line[0]), pid: child.pid ?? 0, kill };
}

/** Processor time of all of a process's threads. The name in brackets may hold anything; then come 11 other fields. */
async function cpuUs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}
