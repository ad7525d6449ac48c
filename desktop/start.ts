// One run of the desktop app from its start to its end: the host and its window begin side by side, the host outlives its window
// where it is to, and whatever ends it, what was received is kept.
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import type { WebSocket } from 'ws';
import { deferred, timer, type Deferred, type Timer } from '../src/io/waiting.ts';
import type { Host } from './host.ts';
import { HostEvents } from './host-events.ts';
import { claimInstance, type Answer, type Wish } from './instance.ts';
import { readLink, wholeLink } from './links.ts';
import type { Loopback } from './loopback.ts';
import { Uploads } from './uploads.ts';
import type { Window, WindowKind } from './window.ts';
import { WindowMemory } from './window-memory.ts';

export interface DesktopOptions {
  /** The data directory. */
  readonly data: string;
  /** The person's own folder. */
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  /** The built app. */
  readonly webRoot: string;
  /** This device's name as long as the person has given it no other. */
  readonly name: string;
  readonly wish: Wish;
  /** No window at the start, and it goes on without one. */
  readonly background: boolean;
  /** Undefined: the best there is. */
  readonly window: WindowKind | 'none' | undefined;
  /** Aborted when it is to end. */
  readonly stop: AbortSignal;
  /** A line for whoever started it. */
  readonly tell: (text: string) => void;
}

export type DesktopEnd =
  /** Another host of this data directory runs and has taken the wish. */
  | { readonly kind: 'handed-over'; readonly answer: Answer }
  /** The person closed its window. */
  | { readonly kind: 'closed' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly message: string };

/** A browser's tab does not tell that it was closed: once no page has been connected for so long, ms, it was. */
const TAB_GONE_MS = 30_000;

/**
 * How much of a WebAssembly function runs before V8 compiles it once more and better, bytes; its own 1,800,000 are through while SQLite
 * opens its files. That takes a core for two seconds just then, and 35 MB for good, of a host that may do nothing for days.
 */
const WASM_TIERING_BUDGET = 1_800_000_000;

/** Resolves once it has ended, with everything let go of. Never rejects. */
export async function startDesktop(options: DesktopOptions): Promise<DesktopEnd> {
  const { data, env, wish } = options;
  setFlagsFromString(`--wasm-tiering-budget=${WASM_TIERING_BUDGET}`);
  const first = deferred<Run>();
  try {
    const onWish = async (next: Wish): Promise<Answer> => (await first.promise).follow(next);
    const claimed = await claimInstance({ data, env, wish, onWish });
    if (claimed.kind === 'handed-over') return claimed;
    try {
      const run = new Run(options);
      first.resolve(run);
      return await run.end();
    } finally {
      await claimed.instance.release();
    }
  } catch (error) {
    return { kind: 'failed', message: messageOf(error) };
  }
}

class Run {
  readonly #options: DesktopOptions;
  readonly #events = new HostEvents();
  readonly #over: Deferred<DesktopEnd> = deferred();
  readonly #kept: Promise<WindowMemory>;
  readonly #door: Promise<Loopback>;
  readonly #host: Promise<Host>;
  /** Once it is open. */
  #opened: { readonly door?: Loopback; readonly host?: Host } = {};
  #window: Window | undefined;
  #opening: Promise<void> = Promise.resolve();
  #loading: Promise<unknown> = Promise.resolve();
  #pages = 0;
  #tabGone: Timer | undefined;

  constructor(options: DesktopOptions) {
    this.#options = options;
    const { wish, window, background } = options;
    const led = wish.link === undefined ? undefined : readLink(wish.link);
    this.#kept = WindowMemory.open(options.data);
    this.#kept.catch(() => undefined);
    // A browser takes longest to start: its code is loaded first.
    if (window !== 'none' && !background) void this.#openWindow(led?.fragment ?? '', window);
    this.#door = this.#openDoor();
    // Told where they are waited for.
    this.#door.catch(() => undefined);
    this.#host = this.#openHost({ ...wish, server: wish.server ?? led?.server });
    this.#host.catch(() => undefined);
  }

  /** Resolves once it is over and everything is let go of. Never rejects. */
  async end(): Promise<DesktopEnd> {
    const { stop, background, window } = this.#options;
    const stopping = (): void => this.#over.resolve({ kind: 'stopped' });
    stop.addEventListener('abort', stopping);
    if (stop.aborted) stopping();
    let end: DesktopEnd;
    try {
      const [door, host] = await Promise.all([this.#door, this.#host]);
      host.rejoin();
      if (window === 'none') this.#tellEntry(door);
      else if (background) this.#options.tell('Rockpool runs in the background. “rockpool desktop” opens its window.');
      end = await this.#over.promise;
    } catch (error) {
      end = { kind: 'failed', message: messageOf(error) };
    }
    stop.removeEventListener('abort', stopping);
    await this.#close(end.kind === 'closed');
    return end;
  }

  /** What another start wants. Never rejects. */
  async follow(wish: Wish): Promise<Answer> {
    try {
      const led = wish.link === undefined ? undefined : readLink(wish.link);
      if (wish.link !== undefined && led === undefined) return { done: false, text: 'This is not a link of a pool.' };
      const [door, host] = await Promise.all([this.#door, this.#host]);
      await host.follow(wish);
      const { window } = this.#options;
      const fragment = led?.fragment ?? '';
      const server = wish.server ?? led?.server;
      if (window !== 'none') await this.#opening;
      // A window that is open decides itself whether to go there.
      if (this.#window !== undefined && this.#window.kind !== 'browser' && led !== undefined) {
        this.#events.tell({ kind: 'link', link: wholeLink({ ...led, server }, host.server) });
        await this.#window.focus();
        return { done: true };
      }
      if (server !== undefined) host.useServer(server);
      if (window === 'none') return { done: true, text: `Open ${door.entry()}${fragment}` };
      if (this.#window === undefined) await this.#openWindow(fragment, window);
      else if (led === undefined) await this.#window.focus();
      else await this.#window.show(fragment);
      return { done: true };
    } catch (error) {
      return { done: false, text: messageOf(error) };
    }
  }

  async #openDoor(): Promise<Loopback> {
    const { data, webRoot } = this.#options;
    const { openLoopback } = await this.#load(() => import('./loopback.ts'));
    const uploads = new Uploads(join(data, 'uploads'));
    const kept = await this.#kept;
    const door = await openLoopback({
      webRoot,
      kept: () => kept.texts,
      ready: this.#host,
      onSocket: (socket) => this.#attach(socket),
      takeUpload: (request, name) => uploads.take(request, name),
    });
    this.#opened = { ...this.#opened, door };
    void this.#host.then(({ offered }) => uploads.sweep(offered)).catch(() => undefined);
    return door;
  }

  async #openHost(wish: Wish): Promise<Host> {
    const { version, data, home, env, name } = this.#options;
    const { Host: HostClass } = await this.#load(() => import('./host.ts'));
    const [events, kept] = [this.#events, await this.#kept];
    const window = (): Window | undefined => this.#window;
    const host = await HostClass.open({ version, data, home, env, name, wish, events, window, kept });
    this.#opened = { ...this.#opened, host };
    return host;
  }

  /** One after the other: when two were loaded at once, Node 20 has been seen to give one of them a CommonJS module that had not run. */
  #load<Module>(load: () => Promise<Module>): Promise<Module> {
    const loaded = this.#loading.then(load);
    this.#loading = loaded.catch(() => undefined);
    return loaded;
  }

  #openWindow(fragment: string, kind: WindowKind | undefined): Promise<void> {
    this.#opening = this.#tryWindow(fragment, kind).catch((error: unknown) => {
      // Somebody waits for it: without a window there is nothing to do here, unless it is to go on without one.
      if (!this.#lasts) this.#over.resolve({ kind: 'failed', message: messageOf(error) });
      throw error;
    });
    this.#opening.catch(() => undefined);
    return this.#opening;
  }

  async #tryWindow(fragment: string, kind: WindowKind | undefined): Promise<void> {
    const { openWindow } = await this.#load(() => import('./windows/open.ts'));
    const door = (): Loopback => {
      if (this.#opened.door === undefined) throw new Error('origin: expected to be waited for');
      return this.#opened.door;
    };
    const window = await openWindow(
      {
        origin: Promise.resolve().then(async () => `${(await this.#door).origin}/`),
        cookie: () => door().cookie(),
        entry: () => door().entry(),
        folder: join(this.#options.data, 'window'),
        fragment,
      },
      kind,
    );
    this.#window = window;
    void window.closed.then(() => {
      this.#window = undefined;
      this.#closed();
    });
  }

  #attach(socket: WebSocket): void {
    const { host } = this.#opened;
    if (host === undefined) return socket.terminate();
    this.#pages += 1;
    this.#tabGone?.cancel();
    socket.once('close', () => {
      this.#pages -= 1;
      if (this.#pages === 0 && this.#window?.kind === 'browser') void this.#awaitTab();
    });
    host.attach(socket);
  }

  async #awaitTab(): Promise<void> {
    this.#tabGone = timer(TAB_GONE_MS);
    await this.#tabGone.done;
    await this.#window?.close();
    this.#window = undefined;
    this.#closed();
  }

  #closed(): void {
    if (!this.#lasts) this.#over.resolve({ kind: 'closed' });
  }

  /** It goes on without a window. */
  get #lasts(): boolean {
    return this.#options.background || this.#opened.host?.background === true;
  }

  #tellEntry(door: Loopback): void {
    const { tell, wish } = this.#options;
    const fragment = wish.link === undefined ? '' : (readLink(wish.link)?.fragment ?? '');
    tell(`Open ${door.entry()}${fragment}`);
    tell('It lets one page in, within a minute. “rockpool desktop” prints another.');
  }

  async #close(left: boolean): Promise<void> {
    this.#tabGone?.cancel();
    await this.#opening.catch(() => undefined);
    const [door, host] = await Promise.all([this.#door.catch(() => undefined), this.#host.catch(() => undefined)]);
    await Promise.all([this.#window?.close(), host?.close(left)]);
    await door?.close();
    // Its threads must end before the process does; nothing else has loaded it.
    if (host !== undefined) (await import('../src/io/link-node.ts')).shutdownTransports();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
