// What the host does for its window beside being its client, as src/remote/host-face.ts says it: settings, the disk, what was sent and
// received, and what was offered.
import { isAbsolute, resolve } from 'node:path';
import { appAddress, websocketAddress } from '../src/io/server-address.ts';
import { StoreError } from '../src/io/store.ts';
import { parsePoolCode } from '../src/wire/pool-code.ts';
import { HostError } from '../src/remote/host-face.ts';
import type {
  HostAbout,
  HostEvent,
  HostFace,
  HostOffer,
  HostPath,
  HostSettings,
  Listing,
} from '../src/remote/host-face.ts';
import { listFolder, lookAtPaths, makeFolder, places, reveal } from './disk.ts';
import type { HostEvents } from './host-events.ts';
import type { HostMemory } from './host-memory.ts';
import type { HostedClient } from './hosted-client.ts';
import { readLink, readServer } from './links.ts';
import type { Settings } from './settings.ts';
import type { Watching } from './watching.ts';
import type { Window } from './window.ts';
import type { WindowMemory } from './window-memory.ts';

export interface DesktopHostParts {
  readonly version: string;
  /** The person's own folder. */
  readonly home: string;
  readonly env: NodeJS.ProcessEnv;
  readonly client: HostedClient;
  readonly settings: Settings;
  readonly memory: HostMemory;
  readonly events: HostEvents;
  readonly watching: Watching;
  readonly kept: WindowMemory;
  /** The one that is open. */
  readonly window: () => Window | undefined;
}

export class DesktopHost implements HostFace {
  readonly #parts: DesktopHostParts;
  readonly history: HostFace['history'];

  constructor(parts: DesktopHostParts) {
    this.#parts = parts;
    const { history } = parts.client;
    this.history = {
      list: (query, limit, beforeMs) => asHostError(history.list(query, limit, beforeMs)),
      remove: (ids) => asHostError(history.remove(ids)),
      clear: () => asHostError(history.clear()),
    };
  }

  async about(): Promise<HostAbout> {
    const { version, home, env, memory, events, window } = this.#parts;
    // A window that asks has begun to listen.
    events.heard();
    const { server, name = '', at } = memory.standing;
    return {
      version,
      server: appAddress(server),
      name,
      pool: at?.pool,
      places: await places(home, env),
      tellsDropped: window()?.dropped !== undefined,
    };
  }

  subscribe(listener: (event: HostEvent) => void): () => void {
    return this.#parts.events.subscribe(listener);
  }

  async useServer(server: string): Promise<void> {
    const address = readLink(server)?.server ?? readServer(server);
    const websocket = address === undefined ? undefined : websocketAddress(address);
    if (websocket === undefined) {
      throw new HostError('refused', 'This is not an address of a server. One looks like https://pool.example.');
    }
    this.#parts.memory.stand({ server: websocket });
  }

  async show(
    pool: string,
    { passphrase, invitation }: { readonly passphrase?: string; readonly invitation?: string },
  ): Promise<void> {
    if (parsePoolCode(pool) !== pool) throw new HostError('refused', 'There is no such pool.');
    const shown = { ...(passphrase !== undefined && { passphrase }), ...(invitation !== undefined && { invitation }) };
    this.#parts.client.show(pool, shown);
  }

  keep(key: string, text: string): Promise<void> {
    return asHostError(this.#parts.kept.keep(key, text));
  }

  async settings(): Promise<HostSettings> {
    return this.#parts.settings.now;
  }

  async change(changes: Partial<HostSettings>): Promise<void> {
    const { settings, client, events, watching } = this.#parts;
    const { into } = settings.now;
    await settings.change(changes);
    if (settings.now.into !== into) client.receiveInto(settings.now.into);
    events.tell({ kind: 'settings', settings: settings.now });
    await watching.adjust();
  }

  async list(folder: string, hidden: boolean): Promise<Listing> {
    return listFolder(folder === '' ? this.#parts.home : folder, hidden);
  }

  makeFolder(parent: string, name: string): Promise<string> {
    return makeFolder(parent, name);
  }

  look(paths: readonly string[]): Promise<readonly HostPath[]> {
    return lookAtPaths(paths);
  }

  async dropped(): Promise<readonly string[]> {
    const dropped = this.#parts.window()?.dropped;
    if (dropped === undefined) throw new HostError('not-here', 'This window does not tell where files lie.');
    return dropped();
  }

  async reveal(path: string): Promise<void> {
    if (!isAbsolute(path) || !(await this.#isOurs(resolve(path)))) {
      throw new HostError('refused', 'Only what was received or offered here can be shown.');
    }
    await reveal(path);
  }

  offers(): Promise<readonly HostOffer[]> {
    return this.#parts.memory.own.list();
  }

  /** Received or offered here. */
  async #isOurs(path: string): Promise<boolean> {
    const { client, memory } = this.#parts;
    if (memory.own.paths.has(path) || client.transfers.some(({ location }) => location === path)) return true;
    const records = await asHostError(client.history.list('', Infinity));
    return records.some(({ direction, location }) => direction === 'in' && location === path);
  }
}

/** What a store could not do, as a window is told. */
async function asHostError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof HostError) throw error;
    const message = error instanceof StoreError ? `${error.message}.` : 'That went wrong on the disk.';
    throw new HostError('store-failed', message, { cause: error });
  }
}
