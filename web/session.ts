// Wires the real parts together: the client, WebRTC, the store in its worker. The only file of the app that names them.
import { PoolClient, type PoolClientFace } from '../src/client.ts';
import { browserTransport } from '../src/io/link-browser.ts';
import { WorkerStore } from '../worker/store-worker.ts';

export interface Session {
  readonly client: PoolClientFace<File>;
  /** The finished file at `location` (of a verified transfer), backed by the disk. */
  file(location: string): Promise<File>;
  /** Leaves the pool and lets go of worker and sockets. */
  close(): Promise<void>;
}

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
  const client = new PoolClient<File>({
    server: server.href,
    name,
    device: 'browser',
    secret,
    platform: { transport: browserTransport, store, webSocket: (url) => new WebSocket(url) },
  });
  return { client, file: (location) => store.file(location), close: () => client.close() };
}
