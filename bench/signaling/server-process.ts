// A server in a process of its own, and what the system says of it: Linux, for it is read from /proc.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Who is measured: `rockpool serve` as it is, a `ws` server that only passes messages on, PeerJS's server. */
export type Contender = 'rockpool' | 'ws' | 'peerjs';

export interface ServerProcess {
  readonly port: number;
  /** From the call of spawn until it said that it listens. */
  readonly startMs: number;
  /** When that was, ms since 1970. */
  readonly listeningAtMs: number;
  /** Processor time of all its threads so far, ms, to 10 ms. */
  cpuMs(): Promise<number>;
  /** Resident memory, KiB. */
  rssKib(): Promise<number>;
  /** SIGKILL; resolves once it is gone. */
  kill(): Promise<void>;
}

/** Ticks of the kernel's accounting, which are the same on all Linux. */
const TICK_MS = 10;
const START_MOST_MS = 30_000;

/** Rejects if it ends, or says nothing, before it listens on 127.0.0.1:`port`. */
export async function startContender(contender: Contender, port: number): Promise<ServerProcess> {
  const calledAt = performance.now();
  const child = spawn(process.execPath, command(contender, port), { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  const signal = AbortSignal.timeout(START_MOST_MS);
  let listening = false;
  for await (const line of createInterface({ input: child.stdout, signal })) {
    if (!line.includes('"listening"')) continue;
    listening = true;
    break;
  }
  const startMs = performance.now() - calledAt;
  const listeningAtMs = Date.now();
  if (!listening) {
    child.kill('SIGKILL');
    throw new Error(`${contender} does not listen on port ${port}`);
  }
  // Whatever else it says must not fill the pipe.
  child.stdout.resume();
  const { pid } = child;
  return {
    port,
    startMs,
    listeningAtMs,
    cpuMs: async () => {
      // The name in brackets may hold anything; utime and stime are the 14th and 15th field.
      const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    },
    rssKib: async () => Number(/^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]),
    kill: () => {
      child.kill('SIGKILL');
      return exited;
    },
  };
}

/** A port that was free a moment ago: what is killed is to come back at the same one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port');
  return address.port;
}

function command(contender: Contender, port: number): string[] {
  if (contender === 'rockpool')
    return [join(process.cwd(), 'dist/node/rockpool.js'), 'serve', '--port', String(port), '--json'];
  return [join(process.cwd(), 'dist/bench/ends/signaling-server.js'), contender, String(port)];
}
