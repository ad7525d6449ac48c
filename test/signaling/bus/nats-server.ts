// A real nats-server for tests, and a way to it that can be cut.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { FIRST_PAIR } from '../tls-pairs.ts';

/** Debian puts it where a user's PATH may not lead. */
const PROGRAMS = ['nats-server', '/usr/sbin/nats-server'];

const program: string | undefined = PROGRAMS.find((each) => spawnSync(each, ['--version']).status === 0);

/** Why no nats-server can be started here; undefined if one can. */
export const natsMissing: string | undefined = program === undefined ? 'nats-server is not installed' : undefined;

export interface RunningNats {
  readonly port: number;
  readonly pid: number;
  /** With `tls`: a file with the certificate that its clients are to trust. */
  readonly certificate?: string;
  close(): Promise<void>;
}

/** On a free port of 127.0.0.1. Resolves once it listens. */
export async function startNats(
  { tls = false }: { readonly tls?: boolean } = {},
  ...options: readonly string[]
): Promise<RunningNats> {
  const folder = tls ? await mkdtemp(join(tmpdir(), 'rockpool-nats-')) : undefined;
  const files = folder !== undefined && { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  if (files) {
    await writeFile(files.certificate, FIRST_PAIR.cert);
    await writeFile(files.key, FIRST_PAIR.key);
  }
  const secured = files ? ['--tls', '--tlscert', files.certificate, '--tlskey', files.key] : [];
  const child = spawn(program ?? 'nats-server', ['-a', '127.0.0.1', '-p', '-1', ...secured, ...options], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exit = once(child, 'close');
  let port = 0;
  for await (const line of createInterface({ input: child.stderr })) {
    port = Number(/client connections on 127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? port);
    if (line.includes('Server is ready')) break;
  }
  if (port === 0) throw new Error('nats-server ended before it listened');
  child.stderr.resume();
  return {
    port,
    pid: child.pid ?? 0,
    ...(files && { certificate: files.certificate }),
    close: async () => {
      child.kill('SIGKILL');
      await exit;
      if (folder !== undefined) await rm(folder, { recursive: true });
    },
  };
}

export interface Way {
  readonly port: number;
  /** Nothing goes through any more, and nobody is told. */
  cut(): void;
  mend(): void;
  close(): void;
}

/** A way to a port of 127.0.0.1. */
export async function startWay(to: number): Promise<Way> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((socket) => {
    const onward = connect(to, '127.0.0.1');
    for (const each of [socket, onward]) {
      sockets.add(each);
      each.on('error', () => {});
      each.on('close', () => {
        sockets.delete(each);
        if (!isCut) for (const other of [socket, onward]) other.destroy();
      });
    }
    socket.on('data', (data) => isCut || onward.write(data));
    onward.on('data', (data) => isCut || socket.write(data));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port');
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: address.port,
    cut: () => {
      isCut = true;
    },
    mend: () => {
      isCut = false;
      // What went in meanwhile is lost: a connection with a hole in it is none.
      breakAll();
    },
    close: () => {
      breakAll();
      server.close();
    },
  };
}
