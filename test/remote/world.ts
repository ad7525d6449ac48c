// Clients in one process over real WebRTC, and hosts with windows: a client behind a real websocket on loopback.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket as NodeWebSocket, WebSocketServer } from 'ws';
import { wsChannel } from '../../desktop/channel-ws.ts';
import type { RunningServer } from '../../signaling/server.ts';
import { PoolClient, type PoolClientFace } from '../../src/client.ts';
import { nodeTransport, shutdownTransports } from '../../src/io/link-node.ts';
import { FileStore } from '../../src/io/store-files.ts';
import { generateDeviceKeys } from '../../src/keys/identity.ts';
import { socketChannel } from '../../src/remote/channel-socket.ts';
import { ClientServer } from '../../src/remote/client-server.ts';
import { connectHost, type HostConnection } from '../../src/remote/connect.ts';
import { startServer } from '../signaling/load-server.ts';
import { hostThat } from './host.ts';

/** A host whose client is real, and a way to open windows onto it. */
export interface Host {
  readonly client: PoolClient<string>;
  window(): Promise<HostConnection>;
}

export class World {
  readonly folder: string;
  readonly #server: RunningServer;
  readonly #closing: (() => Promise<unknown> | void)[] = [];
  #devices = 0;

  private constructor(folder: string, server: RunningServer) {
    this.folder = folder;
    this.#server = server;
  }

  static async open(): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), 'rockpool-remote-'));
    return new World(folder, await startServer({ port: 0, closeMs: 200 }));
  }

  /** A device that keeps what it receives in a folder of its own. */
  async device(name: string): Promise<PoolClient<string>> {
    const into = join(this.folder, `device-${this.#devices++}`);
    const client = new PoolClient<string>({
      server: () => `ws://127.0.0.1:${this.#server.port}/ws`,
      name,
      device: 'desktop',
      keys: await generateDeviceKeys(false),
      platform: {
        transport: nodeTransport,
        store: new FileStore({ into }),
        webSocket: (url) => new NodeWebSocket(url) as unknown as WebSocket,
      },
    });
    this.#closing.push(() => client.close());
    return client;
  }

  async host(name: string): Promise<Host> {
    const client = await this.device(name);
    const serving = new ClientServer(client, hostThat({}));
    const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await new Promise((resolve) => sockets.once('listening', resolve));
    sockets.on('connection', (socket) => serving.attach(wsChannel(socket)));
    this.#closing.push(() => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    });
    const address = sockets.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const window = (): Promise<HostConnection> => {
      // What the channel uses of a socket, `ws` shares with the browser's class.
      return connectHost(socketChannel(new NodeWebSocket(`ws://127.0.0.1:${port}`) as unknown as WebSocket));
    };
    return { client, window };
  }

  async close(): Promise<void> {
    await Promise.all(this.#closing.map((close) => close()));
    await this.#server.close();
    shutdownTransports();
    await rm(this.folder, { recursive: true });
  }
}

/** Where a client of either kind comes from: the suite runs over both. */
export const SUBJECTS: readonly (readonly [string, (world: World, name: string) => Promise<PoolClientFace<string>>])[] =
  [
    ['in this process', (world, name) => world.device(name)],
    ['behind a host', async (world, name) => (await (await world.host(name)).window()).client],
  ];
