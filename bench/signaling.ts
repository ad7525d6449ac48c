// The signaling server as `rockpool serve` runs it, next to a bare `ws` server and PeerJS's on the same work: memory of idle
// sockets, joins, signals a second of its processor time, everyone coming back after a restart, and how soon it starts.
// Server and clients are a process each; the sockets are real ones on loopback.
import { setTimeout as pause } from 'node:timers/promises';
import type { Back, ServerAsked, SignalingClients } from './ends/signaling-clients.ts';
import {
  inTurn,
  measureRounds,
  startEnd,
  wholeOption,
  type BenchmarkOptions,
  type BenchmarkResult,
} from './harness.ts';
import { freePort, startContender, type Contender, type ServerProcess } from './signaling/server-process.ts';

export const about: string =
  'The signaling server: idle memory, joins, signals routed, a storm after a restart, the start';
export const defaults: Record<string, string> = {
  only: 'start,route,storm',
  sockets: '10000',
  callers: '1000',
  seconds: '4',
};

const PARTS = ['start', 'route', 'storm'] as const;
type Part = (typeof PARTS)[number];
type Figures = Readonly<Record<string, number>>;

const START_TIMES = 5;
/** What a server does first is slower: its code is not compiled yet. */
const WARM_UP_MS = 2_000;
/** Idle sockets are looked at so long after the last one came: some rounds of pings and questions for the time. */
const SETTLE_MS = 12_000;
/** Longer than any storm may take before it has failed. */
const STORM_MOST_MS = 60_000;

export async function run(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const { values, log } = options;
  const [sockets, callers, seconds] = (['sockets', 'callers', 'seconds'] as const).map((name) =>
    wholeOption(values[name], name),
  ) as [number, number, number];
  const parts = partsOf(values['only'] ?? '');
  return measureRounds(options, async (round) => ({
    ...(parts.includes('start') && { start_ms: await start() }),
    ...(parts.includes('route') && (await route(round, callers, seconds))),
    ...(parts.includes('storm') && (await idleAndStorm(round, sockets, log))),
  }));
}

function partsOf(only: string): Part[] {
  return only.split(',').map((name) => {
    const part = PARTS.find((each) => each === name);
    if (part === undefined) throw new RangeError(`--only: expected some of ${PARTS.join(',')}, got ${only}`);
    return part;
  });
}

/** The quickest of some: what is left is the server's own. */
async function start(): Promise<number> {
  let quickest = Infinity;
  for (let time = 0; time < START_TIMES; time += 1) {
    const server = await startContender('rockpool', await freePort());
    quickest = Math.min(quickest, server.startMs);
    await server.kill();
  }
  return quickest;
}

async function route(round: number, callers: number, seconds: number): Promise<Figures> {
  const contenders = (['rockpool', 'ws', 'peerjs'] as const).map(
    (contender) => () => signalsPerCpuSecond(contender, callers, seconds),
  );
  const [ours = NaN, bare = NaN, peerjs = NaN] = await inTurn(round, contenders);
  return {
    route_per_cpu_s: ours,
    ws_route_per_cpu_s: bare,
    peerjs_route_per_cpu_s: peerjs,
    route_ratio: ours / bare,
    peerjs_route_ratio: peerjs / bare,
  };
}

async function signalsPerCpuSecond(contender: Contender, callers: number, seconds: number): Promise<number> {
  return withBoth(contender, async (server, clients) => {
    await clients.call({ contender, port: server.port, count: callers });
    await pause(WARM_UP_MS);
    const [cpuBefore, before] = [await server.cpuMs(), await clients.signals()];
    await pause(seconds * 1000);
    const [cpuAfter, after] = [await server.cpuMs(), await clients.signals()];
    return ((after - before) / (cpuAfter - cpuBefore)) * 1000;
  });
}

/** Ours with everybody joined and idle; then it is killed and started again. The others only with idle sockets. */
async function idleAndStorm(round: number, count: number, log: BenchmarkOptions['log']): Promise<Figures> {
  const bareKib = (contender: Contender) => (): Promise<{ kib: number; figures: Figures }> =>
    withBoth(contender, async (server, clients) => {
      await clients.open({ contender, port: server.port, count });
      await pause(SETTLE_MS);
      return { kib: await server.rssKib(), figures: {} };
    });
  const ours = (): Promise<{ kib: number; figures: Figures }> =>
    withBoth('rockpool', async (server, clients) => {
      const [cpuBefore, beganAt] = [await server.cpuMs(), performance.now()];
      await clients.open({ contender: 'rockpool', port: server.port, count });
      const [joinMs, cpuMs] = [performance.now() - beganAt, (await server.cpuMs()) - cpuBefore];
      await pause(SETTLE_MS);
      const kib = await server.rssKib();
      const joins = { joins_per_s: (count / joinMs) * 1000, joins_per_cpu_s: (count / cpuMs) * 1000 };
      return { kib, figures: { ...joins, ...(await storm(server, clients, count, log)) } };
    });
  const [own, bare, peerjs] = await inTurn(round, [ours, bareKib('ws'), bareKib('peerjs')]);
  if (own === undefined || bare === undefined || peerjs === undefined) throw new Error('a contender gave no figure');
  return {
    kb_per_socket: (own.kib - bare.kib) / count,
    ws_kb_per_socket: bare.kib / count,
    peerjs_kb_per_socket: (peerjs.kib - bare.kib) / count,
    ...own.figures,
  };
}

async function storm(
  server: ServerProcess,
  clients: SignalingClientsEnd,
  count: number,
  log: BenchmarkOptions['log'],
): Promise<Figures> {
  const back = clients.back({ sinceMs: Date.now(), mostMs: STORM_MOST_MS });
  await server.kill();
  const again = await startContender('rockpool', server.port);
  try {
    const { welcomedAtMs, tries, waits, cpuMs } = await back;
    if (welcomedAtMs.length < count) throw new Error(`only ${welcomedAtMs.length} of ${count} came back`);
    const tookMs = welcomedAtMs.map((atMs) => atMs - again.listeningAtMs).sort((a, b) => a - b);
    const share = (of: number): number => tookMs[Math.ceil(of * count) - 1] ?? NaN;
    log(`storm: ${JSON.stringify(waits)}, down for ${Math.round(again.startMs)} ms`);
    return {
      storm_join_p50_ms: share(0.5),
      storm_join_p99_ms: share(0.99),
      storm_join_max_ms: share(1),
      storm_tries: tries,
      storm_server_cpu_ms: await again.cpuMs(),
      storm_clients_cpu_ms: cpuMs,
    };
  } finally {
    await again.kill();
  }
}

/** The clients, asked over IPC. */
type SignalingClientsEnd = Omit<SignalingClients, 'signals'> & { signals(): Promise<number> };

/** Starts a server and clients, and ends both. */
async function withBoth<T>(
  contender: Contender,
  measure: (server: ServerProcess, clients: SignalingClientsEnd) => Promise<T>,
): Promise<T> {
  const server = await startContender(contender, await freePort());
  const { ask, close } = startEnd('signaling-clients');
  try {
    // Both ends of the way are ours: an answer is what SignalingClients says.
    return await measure(server, {
      open: async (asked: ServerAsked) => void (await ask('open', asked)),
      back: async (asked) => (await ask('back', asked)) as Back,
      call: async (asked) => void (await ask('call', asked)),
      signals: async () => (await ask('signals')) as number,
    });
  } finally {
    await close();
    await server.kill();
  }
}
