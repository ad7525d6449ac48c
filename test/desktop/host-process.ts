// A real `rockpool desktop --window none` in a process of its own, and a window of it in this one: what it shows comes over the real
// door, as to a page.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import type { PoolEvent } from '../../src/client.ts';
import { socketChannel } from '../../src/remote/channel-socket.ts';
import { connectHost, type HostConnection } from '../../src/remote/connect.ts';
import type { HostEvent } from '../../src/remote/host-face.ts';
import { ROCKPOOL } from '../cli/terminal.ts';

const PATIENCE_MS = 20_000;

export class HostProcess {
  /** What it told on stderr. */
  readonly lines: string[] = [];
  readonly exit: Promise<number | string | null>;
  readonly #child: ChildProcess;
  readonly #heard = new Set<() => void>();

  /** `words`: after `rockpool desktop`. `env`: beside this process's own. */
  constructor(words: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, [ROCKPOOL, 'desktop', ...words], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    createInterface({ input: this.#child.stderr ?? process.stdin }).on('line', (line) => {
      this.lines.push(line);
      for (const heard of this.#heard) heard();
    });
    this.exit = new Promise((resolve) => this.#child.once('close', (code, signal) => resolve(code ?? signal)));
  }

  /** Starts one without a window in `folder`, for the server at `server`. */
  static start(folder: string, server: string, ...words: readonly string[]): HostProcess {
    const places = ['--data', join(folder, 'data'), '--into', join(folder, 'in'), '--server', server];
    return new HostProcess(['--window', 'none', ...places, ...words]);
  }

  /** Opens the address that it prints, as a window. */
  async window(): Promise<HostWindow> {
    const line = await until('an address', () => this.lines.find((each) => each.startsWith('Open ')), this.#heard);
    return HostWindow.open(line.slice('Open '.length));
  }

  stop(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): void {
    this.#child.kill(signal);
  }
}

export class HostWindow {
  readonly client: HostConnection['client'];
  readonly host: HostConnection['host'];
  readonly events: PoolEvent[] = [];
  readonly told: HostEvent[] = [];
  readonly #connection: HostConnection;
  readonly #heard = new Set<() => void>();

  private constructor(connection: HostConnection) {
    this.#connection = connection;
    this.client = connection.client;
    this.host = connection.host;
    const hear = (): void => {
      for (const heard of this.#heard) heard();
    };
    this.client.subscribe((event) => {
      this.events.push(event);
      hear();
    });
    this.host.subscribe((event) => {
      this.told.push(event);
      hear();
    });
  }

  static async open(entry: string): Promise<HostWindow> {
    const response = await fetch(entry);
    const [cookie = ''] = response.headers.getSetCookie()[0]?.split(';') ?? [];
    const { origin } = new URL(entry);
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/host`, { headers: { cookie, origin } });
    return new HostWindow(await connectHost(socketChannel(socket as unknown as globalThis.WebSocket)));
  }

  /** Resolves to what `find` finds in what has happened, or will. */
  until<T>(what: string, find: () => T | undefined): Promise<T> {
    return until(what, find, this.#heard);
  }

  close(): void {
    this.#connection.close();
  }
}

function until<T>(what: string, find: () => T | undefined, heard: Set<() => void>): Promise<T> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      heard.delete(look);
      reject(new Error(`not within ${PATIENCE_MS} ms: ${what}`));
    }, PATIENCE_MS);
    const look = (): void => {
      const found = find();
      if (found === undefined) return;
      clearTimeout(limit);
      heard.delete(look);
      resolve(found);
    };
    heard.add(look);
    look();
  });
}
