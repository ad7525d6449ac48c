// The host without its door and its window: the client with all that it remembers, what a window asks of it, and those windows.
import { join } from 'node:path';
import type { WebSocket } from 'ws';
import { appAddress, websocketAddress } from '../src/io/server-address.ts';
import { within } from '../src/io/waiting.ts';
import { ClientServer } from '../src/remote/client-server.ts';
import { HostError } from '../src/remote/host-face.ts';
import { wsChannel } from './channel-ws.ts';
import { DesktopHost } from './desktop-host.ts';
import { downloads } from './disk.ts';
import type { HostEvents } from './host-events.ts';
import { HostMemory } from './host-memory.ts';
import { HostedClient } from './hosted-client.ts';
import type { Wish } from './instance.ts';
import { Settings } from './settings.ts';
import { Watching } from './watching.ts';
import type { Window } from './window.ts';
import type { WindowMemory } from './window-memory.ts';

export interface HostSetup {
  readonly version: string;
  /** The data directory. */
  readonly data: string;
  /** The person's own folder. */
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  /** This device's name as long as the person has given it no other. */
  readonly name: string;
  readonly wish: Omit<Wish, 'link'>;
  readonly events: HostEvents;
  /** The one that is open. */
  readonly window: () => Window | undefined;
  readonly kept: WindowMemory;
}

/** Leaving says goodbye and waits for what was said last; past this nobody is waiting for it any more. */
const CLOSE_MS = 8_000;

export class Host {
  readonly #client: HostedClient;
  readonly #memory: HostMemory;
  readonly #settings: Settings;
  readonly #events: HostEvents;
  readonly #watching: Watching;
  readonly #face: DesktopHost;
  readonly #server: ClientServer;
  #pages = 0;

  /** Rejects with a DeviceKeysError, a StoreError, a HostError or the file system's error. */
  static async open(setup: HostSetup): Promise<Host> {
    const { data, home, env, name, wish, events } = setup;
    const [memory, settings] = await Promise.all([
      HostMemory.open(data, events),
      downloads(home, env).then((folder) => Settings.open(data, join(folder, 'Rockpool'))),
    ]);
    if (wish.into !== undefined) await settings.change({ into: wish.into });
    if (wish.name !== undefined) memory.stand({ name: wish.name });
    if (memory.standing.at !== undefined) memory.stand({ server: memory.standing.at.server });
    const { into } = settings.now;
    const host = new Host(setup, memory, settings, await HostedClient.open({ data, name, into, memory, events }));
    if (wish.server !== undefined) host.useServer(wish.server);
    return host;
  }

  private constructor(setup: HostSetup, memory: HostMemory, settings: Settings, client: HostedClient) {
    const { events } = setup;
    this.#client = client;
    this.#memory = memory;
    this.#settings = settings;
    this.#events = events;
    this.#watching = new Watching({ client, settings, memory, events });
    this.#face = new DesktopHost({ ...setup, client, settings, memory, watching: this.#watching });
    this.#server = new ClientServer(client, this.#face);
  }

  /** The server's app, for the next join; '' if none was named. */
  get server(): string {
    return appAddress(this.#memory.standing.server);
  }

  /** It goes on when its window is closed. */
  get background(): boolean {
    return this.#settings.now.background;
  }

  /** Every path that is, or was, on offer. */
  get offered(): ReadonlySet<string> {
    return this.#memory.own.paths;
  }

  attach(socket: WebSocket): void {
    this.#pages += 1;
    socket.once('close', () => {
      this.#pages -= 1;
      if (this.#pages === 0) this.#events.unheard();
    });
    this.#server.attach(wsChannel(socket));
  }

  /** Into the pool that this device was in when the last host ended, if nobody had left it. */
  rejoin(): void {
    const { at } = this.#memory.standing;
    if (at === undefined) return;
    // The person left it before it was joined, or the server does not let this device in: both are told elsewhere.
    void this.#server.join(at.pool).catch(() => undefined);
  }

  /** From the next join on. `server`: as people open it. */
  useServer(server: string): void {
    const address = websocketAddress(server);
    if (address === undefined) throw new HostError('refused', 'This is not an address of a server.');
    this.#memory.stand({ server: address });
  }

  /** What another start wants to be otherwise. */
  async follow({ server, name, into }: Wish): Promise<void> {
    if (name !== undefined) await this.#client.rename(name);
    if (into !== undefined) await this.#face.change({ into });
    if (server !== undefined) this.useServer(server);
  }

  /** `left`: the person has ended it; else this device is in its pool again at the next start. */
  async close(left: boolean): Promise<void> {
    const closing = this.#watching.close().then(() => (left ? this.#client.close() : this.#client.suspend()));
    await within(
      CLOSE_MS,
      closing.catch((error: unknown) => this.#events.trouble(error)),
    );
  }
}
