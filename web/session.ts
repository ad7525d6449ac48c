// Wires the real parts together: the client, WebRTC, the store in its worker. The only file of the app that names them.
import { PoolClient, type PoolClientFace } from '../src/client.ts';
import { browserTransport } from '../src/io/link-browser.ts';
import { WorkerStore, type Source } from '../worker/store-worker.ts';

export interface Session {
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

export interface SessionOptions {
  readonly name: string;
  readonly secret: Uint8Array;
}

/** Begins a session with the server this page came from. Joins nothing yet. */
export function openSession({ name, secret }: SessionOptions): Session {
  const server = new URL('ws', document.baseURI);
  server.protocol = server.protocol === 'https:' ? 'wss:' : 'ws:';
  server.hash = '';
  const store = new WorkerStore();
  const client = new PoolClient<Source>({
    server: server.href,
    name,
    device: 'browser',
    secret,
    platform: {
      transport: browserTransport,
      store,
      webSocket: (url) => new WebSocket(url),
      thumbnail: (key) => store.thumbnail(key),
    },
  });
  return { client, store, close: () => client.close() };
}
