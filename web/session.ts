// Wires the real parts together: the client, WebRTC, the store in its worker. The only file of the app that names them. A window
// of the desktop has a session of its own (desktop/session.ts).
import { PoolClient, type DeviceKeys, type PoolClientFace } from '../src/client.ts';
import { holdDeviceKeys } from '../src/io/device-keys-browser.ts';
import { browserTransport } from '../src/io/link-browser.ts';
import { bringTicket } from './account/tickets.ts';
import type { HostedSession } from './desktop/session.ts';
import { keepAccount, ownAccount } from './own-account.ts';
import { settings } from './settings.ts';
import { loadSlot, saveSlot } from './storage.ts';
import { WorkerStore, type Source } from '../worker/store-worker.ts';
import { WorkerTalkStore } from '../worker/talk-worker.ts';

/** Screens know the difference by `host` alone. */
export type Session = BrowserSession | HostedSession;

export interface BrowserSession {
  readonly host?: undefined;
  /** Who this tab is. */
  readonly device: string;
  readonly client: PoolClientFace<Source>;
  /** What has arrived and what is remembered. The client's own calls of it are none of the app's business. */
  readonly store: AppStore;
  /** Leaves the pool and lets go of worker and sockets. */
  close(): Promise<void>;
}

export type AppStore = Pick<
  WorkerStore,
  'file' | 'archive' | 'unpackTo' | 'saved' | 'kept' | 'forget' | 'history' | 'offers'
>;

/** Asked for by the first session, so that a tab which only looks takes nobody's place. */
let held: Promise<DeviceKeys> | undefined;

/** Who this tab is, the same after a reload. */
async function holdKeys(): Promise<DeviceKeys> {
  const { keys, slot } = await holdDeviceKeys(loadSlot()).catch((error: unknown) => {
    const text = 'This browser cannot make the keys that devices know each other by. Open this page in a current one.';
    throw new Error(text, { cause: error });
  });
  saveSlot(slot);
  return keys;
}

/** Begins a session with the server this page came from. Joins nothing yet. Rejects with an Error that says what to do. */
export async function openSession(name: string): Promise<BrowserSession> {
  held ??= holdKeys();
  const keys = await held.catch((error: unknown) => {
    held = undefined;
    throw error;
  });
  const server = new URL('ws', document.baseURI);
  server.protocol = server.protocol === 'https:' ? 'wss:' : 'ws:';
  server.hash = '';
  const store = new WorkerStore();
  const client = new PoolClient<Source>({
    server: server.href,
    name,
    device: 'browser',
    keys,
    ticket: (pool) => bringTicket(pool, keys),
    relayOnly: settings.peek().relayOnly,
    account: ownAccount(keys.id),
    onAccount: (account) => keepAccount(keys.id, account),
    platform: {
      transport: browserTransport,
      store,
      // Who is only here for this visit keeps nothing.
      ...(loadSlot() === undefined ? {} : { talk: new WorkerTalkStore(keys.id) }),
      webSocket: (url) => new WebSocket(url),
      thumbnail: (key) => store.thumbnail(key),
    },
  });
  return { device: keys.id, client, store, close: () => client.close() };
}
