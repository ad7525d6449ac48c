// A real coturn for tests, started with the configuration that Rockpool writes.
import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { coturnConfig, turnServers, type CoturnOptions } from '../../signaling/turn.ts';
import type { IceServer } from '../../src/wire/signaling.ts';
import { probeStun } from '../../signaling/stun/probe.ts';

export const SECRET = 'a-secret-of-the-tests-and-of-nobody-else';

/** Why no coturn can be started here; undefined if one can. */
export function coturnMissing(): string | undefined {
  const { status } = spawnSync('turnserver', ['--version'], { stdio: 'ignore' });
  return status === null ? 'coturn (turnserver) is not installed' : undefined;
}

export interface RunningCoturn {
  readonly port: number;
  /** For a device, with a credential that expires in `ttlSeconds`. */
  iceServer(device: string, ttlSeconds?: number): IceServer;
  close(): Promise<void>;
}

/** On a free port of `address`. Resolves once it answers. Rejects with its log if it ends before that. */
export async function startCoturn(address: string, options: Partial<CoturnOptions>): Promise<RunningCoturn> {
  const port = await freePort(address);
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-coturn-'));
  const config = join(folder, 'turnserver.conf');
  await writeFile(
    config,
    coturnConfig({ realm: 'rockpool.test', secret: SECRET, listen: [address], port, ...options }),
  );
  // Its user database is made where it is told to; as packaged that is a place of the system's own.
  const own = ['-c', config, '--userdb', join(folder, 'turndb'), '--pidfile', join(folder, 'pid')];
  const child = spawn('turnserver', own, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (log += text));
  let ended = false;
  const exit = new Promise<void>((resolve) => {
    child.once('close', () => {
      ended = true;
      resolve();
    });
  });
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exit;
    await rm(folder, { recursive: true, force: true });
  };
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- until it is there
    const { kind } = await probeStun({ host: address, port, patienceMs: 400 });
    if (kind === 'seen') break;
    if (ended) {
      // oxlint-disable-next-line no-await-in-loop -- once
      await close();
      throw new Error(`coturn ended:\n${log}`);
    }
  }
  return {
    port,
    iceServer: (device, ttlSeconds = 600) =>
      turnServers({ urls: [`turn:${address}:${port}`], secret: SECRET, ttlSeconds, nowMs: Date.now(), device }),
    close,
  };
}

async function freePort(address: string): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
