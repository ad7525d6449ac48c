// An end that is a whole host, `rockpool desktop --window none` in a process of its own, driven as its window would drive it: over the
// websocket that a page of it has. What is measured of it is what a window sees.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { wsChannel } from '../../desktop/channel-ws.ts';
import { connectHost, type HostConnection } from '../../src/remote/connect.ts';
import { PoolHalf } from '../pages/pair/end.ts';
import type { Mover } from './move.ts';
import { PATIENCE_MS, patiently } from './pair.ts';

export interface HostEndOptions {
  /** As people open it. */
  readonly server: string;
  /** Its data directory; made if it is not there. */
  readonly data: string;
  readonly into: string;
}

export class HostEnd {
  readonly end: Mover;
  readonly connection: HostConnection;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, connection: HostConnection) {
    const pool = new PoolHalf(connection.client);
    this.end = {
      join: ({ pool: code }) => pool.join(code),
      offer: (path) => pool.offer(path),
      receive: (bytes) => pool.receive(bytes),
    };
    this.connection = connection;
    this.#child = child;
  }

  /** Starts a host and its window's connection. Rejects if it ends or says nothing in time. */
  static async open({ server, data, into }: HostEndOptions): Promise<HostEnd> {
    const words = ['desktop', '--window', 'none', '--server', server, '--data', data, '--into', into];
    const child = spawn(process.execPath, [join(process.cwd(), 'dist/node/rockpool.js'), ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    try {
      const entry = await patiently(PATIENCE_MS, 'a host', entryOf(child));
      return new HostEnd(child, await connectHost(wsChannel(await enter(entry))));
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  /** Resident memory of its process, bytes. Linux only. */
  async rssBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/mu.exec(status)?.[1]) * 1024;
  }

  async close(): Promise<void> {
    this.connection.close();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

/** The address that it prints for a window. */
async function entryOf({ stderr }: ChildProcess): Promise<string> {
  if (stderr === null) throw new Error('a host has an output');
  const said: string[] = [];
  for await (const line of createInterface(stderr)) {
    const entry = /^Open (http:\S+)$/u.exec(line)?.[1];
    // What it says later must be read all the same, or it waits to say it.
    if (entry !== undefined) return (stderr.resume(), entry);
    said.push(line);
  }
  throw new Error(`the host ended: ${said.join(' ')}`);
}

/** Goes in at `entry` as a browser does, and opens the page's socket. */
async function enter(entry: string): Promise<WebSocket> {
  const { origin } = new URL(entry);
  const [cookie = ''] = ((await fetch(entry)).headers.get('set-cookie') ?? '').split(';');
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/host`, { headers: { cookie, origin } });
  await once(socket, 'open');
  return socket;
}
