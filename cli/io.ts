// What a command needs of the world: streams, the wish to stop, and makers of the parts that touch the network.
// Everything is passed in, so that tests run whole commands in one process without a terminal or a network.
import { isAbsolute, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { PoolClientFace } from '../src/client.ts';
import type { AccountProblem, Shown } from '../src/io/account-ticket.ts';
import type { DesktopEnd, DesktopOptions } from '../desktop/start.ts';
import type { LogWriter } from '../src/io/log-writer.ts';
import type { ServeSettings } from '../signaling/options.ts';
import type { Serving } from '../signaling/serving.ts';

/** The part of a writable stream the commands use. `isTTY` and `columns` as in node:tty. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export type StopSignal = 'SIGINT' | 'SIGTERM';

/** Exit codes, as shells know them. */
export const EXIT = { ok: 0, failed: 1, usage: 2, SIGINT: 130, SIGTERM: 143 } as const;

export interface OpenPoolOptions {
  /** `ws://` or `wss://`, path `/ws`. */
  readonly server: string;
  readonly name: string;
  /** All links go through the server's TURN server or not at all. */
  readonly relayOnly: boolean;
  /** The data directory: this device's keys and conversations are there. */
  readonly data: string;
  /** Where received files go; undefined for peers that receive none. */
  readonly into: string | undefined;
  /** What is shown at the door of a pool, where a server has doors. */
  readonly shown: Shown;
  /** The server gives no ticket, and the person can do something about it. */
  onRefused(problem: AccountProblem): void;
  /** An offered folder holds so many links, devices, pipes and sockets, which are not sent. */
  onLeftOut(path: string, count: number): void;
  /** This device was linked to another, and that cannot be kept: the next time it is its own again. */
  onAccountLost(error: unknown): void;
}

export interface Cli {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostname: string;
  /** The person's own folder. */
  readonly home: string;
  /** Aborted with a `StopSignal` as its reason when the person wants to stop. */
  readonly stop: AbortSignal;
  /** Rejects with the system's error if the file cannot be opened; `onError` hears of later ones, once. */
  openLog(path: string, onError: (error: Error) => void): Promise<LogWriter>;
  /** Rejects with a DeviceKeysError if it cannot have this device's keys, with a StoreError if not its conversations. */
  openPool(options: OpenPoolOptions): Promise<PoolClientFace<string>>;
  /** Runs the desktop app until it ends. Never rejects. */
  desktop(options: Omit<DesktopOptions, 'env' | 'home' | 'webRoot' | 'stop'>): Promise<DesktopEnd>;
  /** Rejects with the system's error if it cannot listen, with a TlsFilesError on bad TLS files. */
  serve(settings: ServeSettings): Promise<Serving>;
}

/** Resolves with the exit code once the person wants to stop. */
export function stopped(stop: AbortSignal): Promise<number> {
  const code = (): number => (stop.reason === 'SIGTERM' ? EXIT.SIGTERM : EXIT.SIGINT);
  if (stop.aborted) return Promise.resolve(code());
  return new Promise((resolve) => stop.addEventListener('abort', () => resolve(code()), { once: true }));
}

/** Where history and stored offers lie: `given`, or where the XDG base directory specification has such things. */
export function dataFolder({ env, home }: Pick<Cli, 'env' | 'home'>, given: string | undefined): string {
  if (given !== undefined) return resolve(given);
  const state = env['XDG_STATE_HOME'];
  // The specification takes only whole paths.
  const base = state !== undefined && isAbsolute(state) ? state : join(home, '.local', 'state');
  return join(base, 'rockpool');
}
