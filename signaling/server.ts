// The signaling server: the app's files, how it is, and the websocket on one port. Options, start and graceful stop; the
// rules of pools are hub.ts, websockets sockets.ts, files and headers web-app.ts, what stands beside it serving.ts.
// It never logs names, pools or what signals contain.
import type { Server } from 'node:http';
import type { FastifyPluginAsync } from 'fastify';
import { pino, type Logger } from 'pino';
import { PROTOCOL_VERSION } from '../src/wire/codes.ts';
import { decodeServer, encodeServer, type IceServer } from '../src/wire/signaling.ts';
import { clientAddress } from './addresses.ts';
import { ClusterDesk, type BusFigures } from './bus/bus.ts';
import { openHooks, type SessionHooks, type Subject } from './hooks.ts';
import { Hub, type HubFigures, type HubOptions } from './hub.ts';
import type { Present } from './hub-ports.ts';
import { hubLimits, requireInteger, type HubLimits } from './limits.ts';
import { requireOrigin } from './origin.ts';
import { Sockets } from './sockets.ts';
import { TlsKeeper, type TlsFiles } from './tls.ts';
import { buildWebApp } from './web-app.ts';

export interface ServerOptions {
  /**
   * Address to listen on. Default 127.0.0.1: reachable from this machine only, also as `localhost`. `0.0.0.0` opens it
   * to the network, where browsers want HTTPS in front of it before they let a page use WebCrypto.
   */
  readonly host?: string;
  /** 0 .. 65,535; 0, the default, lets the system choose. */
  readonly port?: number;
  /** Folder of the built app. Default none: only how the server is, `routes` and /ws are served. */
  readonly webRoot?: string;
  /** Under which everything is, such as `/rockpool`. Default none. */
  readonly basePath?: string;
  /** Default: plain HTTP. */
  readonly tls?: TlsFiles;
  /** More routes under the base path (web-app.ts). */
  readonly routes?: FastifyPluginAsync;
  /** Origins whose pages may connect, such as `https://example.org`. Default: the host that each request names. */
  readonly allowedOrigins?: readonly string[];
  /** Told to everyone who joins, or to a device by its id. Default none: no third party learns of anybody. */
  readonly iceServers?: readonly IceServer[] | ((device: string) => readonly IceServer[]);
  /** Who may join, and who hears of it. Default: anybody, and nobody. */
  readonly hooks?: SessionHooks;
  /** Hears which candidates a device signals. Default: nobody does. */
  readonly onCandidate?: (device: string, candidate: string) => void;
  /** How long `hooks.authorize` may take, ms, 10 .. 60,000. Default 3,000. */
  readonly authorizeMs?: number;
  /**
   * How many proxies stand in front and write `X-Forwarded-For`, 0 .. 10. Default 0: the header is anybody's word, and limits for
   * an address go by the connection's own.
   */
  readonly proxyHops?: number;
  /**
   * Where nodes speak to each other that are to act as one: `nats://` or `tls://`, then `user:password@` or `token@` if need be, and
   * HOST:PORT. Default none: one node on its own.
   */
  readonly bus?: { readonly url: string };
  readonly limits?: Partial<HubLimits>;
  /** From a connection, or a request's first byte, to the end of its headers, ms, 100 .. 60,000. Default 10,000. */
  readonly headersMs?: number;
  /** Bytes that may wait for one socket's reader before it is dropped, 65,536 .. 2^30. Default 1 MiB. */
  readonly bufferedBytesMax?: number;
  /** How long closing sockets may take over their goodbye, and a stop over all of them, ms, 10 .. 60,000. Default 2,000. */
  readonly closeMs?: number;
  /** Default: silent. */
  readonly logger?: Logger;
}

export interface RunningServer {
  /** Of the app, as a browser on this machine opens it; the websocket is at `/ws` under it. */
  readonly url: string;
  readonly port: number;
  /** What the hub holds and has counted. */
  figures(): HubFigures;
  /** Undefined without a bus. */
  readonly busFigures?: () => BusFigures;
  /** Reads the TLS files anew; without any it does nothing. Never rejects. */
  reloadTls(): Promise<void>;
  /** Whoever has a place in `pool`, at whichever node. Rejects with a BusError if the one that knows does not answer. */
  presentIn(pool: string): Promise<readonly Present[]>;
  /** Ends all sessions of an account or a device at once: those who were in a pool with it hear that it is gone. */
  revoke(subject: Subject): void;
  /**
   * For a restart: /readyz says so, every websocket is closed within `overMs` (ms, 10 .. 600,000, default 2,000) with 1012 and a time
   * to come back of its own, and then it is a `close`.
   */
  drain(overMs?: number): Promise<void>;
  /** Stops listening, closes every websocket with 1001, and resolves when all is closed: within about `closeMs`. */
  close(): Promise<void>;
}

/** Connections that wait to be taken on; Linux allows 4,096. Whoever finds no room tries again only after a second. */
const LISTEN_BACKLOG = 4096;
/** HTTP connections beside the websockets: pages being loaded. */
const HTTP_CONNECTIONS_MAX = 1024;
/** Of these from one address. */
const ADDRESS_HTTP_CONNECTIONS_MAX = 128;

/**
 * Rejects with a RangeError or TypeError on a bad option, with a TlsFilesError on bad TLS files, with a BusError if the bus is not
 * reached, and with the system's error if it cannot listen.
 */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 0, iceServers = [], bufferedBytesMax = 1024 * 1024, closeMs = 2_000 } = options;
  const { hooks = openHooks, authorizeMs = 3_000, proxyHops = 0, headersMs = 10_000, basePath = '' } = options;
  const limits = hubLimits(options.limits);
  requireInteger('port', port, 0, 65_535);
  requireInteger('bufferedBytesMax', bufferedBytesMax, 65_536, 2 ** 30);
  requireInteger('closeMs', closeMs, 10, 60_000);
  requireInteger('authorizeMs', authorizeMs, 10, 60_000);
  requireInteger('proxyHops', proxyHops, 0, 10);
  requireInteger('headersMs', headersMs, 100, 60_000);
  if (!/^(?:\/[\w-][\w.-]*)*$/.test(basePath)) throw new RangeError(`basePath: expected /NAME, got ${basePath}`);
  requireIceServers(typeof iceServers === 'function' ? iceServers('0'.repeat(32)) : iceServers);
  const allowedOrigins = options.allowedOrigins?.map(requireOrigin);
  const logger = options.logger ?? pino({ level: 'silent' });

  const told = { limits, iceServers: typeof iceServers === 'function' ? iceServers : () => iceServers };
  const tls = options.tls === undefined ? undefined : await TlsKeeper.open({ files: options.tls, logger });
  const cluster = options.bus && (await openCluster(options.bus.url, told, logger, () => tls?.close()));
  const hub = cluster ?? new Hub(told);
  const shell = { hub, limits, hooks, authorizeMs, proxyHops, logger, allowedOrigins, bufferedBytesMax, closeMs };
  const sockets = new Sockets({ ...shell, path: `${basePath}/ws`, onCandidate: options.onCandidate });
  let ready = true;
  const startedAt = performance.now();
  const app = buildWebApp({
    webRoot: options.webRoot,
    routes: options.routes,
    basePath,
    tls,
    proxyHops,
    limits,
    logger,
    headersMs,
    state: () => {
      if (!ready) return 'going';
      return cluster?.busFigures().connected === false ? 'alone' : 'ready';
    },
    health: () => {
      const { sockets: open, pools, members } = hub.figures();
      const uptimeSeconds = Math.round((performance.now() - startedAt) / 1000);
      const { connected, nodes } = cluster?.busFigures() ?? {};
      const bus = cluster !== undefined && { bus: { connected, nodes } };
      return { status: 'ok', protocol: PROTOCOL_VERSION, uptimeSeconds, sockets: open, pools, members, ...bus };
    },
  });
  app.server.maxConnections = limits.socketsMax + HTTP_CONNECTIONS_MAX;
  // Behind a proxy all connections are the proxy's, and it is for the proxy to bound them.
  if (proxyHops === 0) capConnections(app.server, limits.addressSocketsMax + ADDRESS_HTTP_CONNECTIONS_MAX);
  app.server.on('upgrade', (request, stream, head) => sockets.upgrade(request, stream, head));
  await cluster?.start(sockets);
  try {
    await app.listen({ host, port, backlog: LISTEN_BACKLOG });
  } catch (error) {
    tls?.close();
    await sockets.stop();
    await cluster?.close();
    throw error;
  }
  const address = app.server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    ready = false;
    // Begun first: from here on nobody new comes in, and it ends once the websockets have.
    const closed = app.close();
    await sockets.stop();
    await cluster?.close();
    await closed;
    tls?.close();
  };
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${urlHost(host)}:${bound}${basePath}`,
    port: bound,
    figures: () => hub.figures(),
    ...(cluster !== undefined && { busFigures: () => cluster.busFigures() }),
    presentIn: async (pool) => hub.presentIn(pool),
    reloadTls: async () => tls?.reload(),
    revoke: (subject) => sockets.revoke(subject),
    drain: async (overMs = 2_000) => {
      requireInteger('overMs', overMs, 10, 600_000);
      ready = false;
      await sockets.drain(overMs);
      await (closing ??= close());
    },
    close: () => (closing ??= close()),
  };
}

/** Rejects as connectNats does, after a call of `onFailure`. What only many nodes need is loaded only then. */
async function openCluster(url: string, told: HubOptions, logger: Logger, onFailure: () => void): Promise<ClusterDesk> {
  try {
    const { connectNats } = await import('./bus/nats.ts');
    return new ClusterDesk(await connectNats(url, logger), told);
  } catch (error) {
    onFailure();
    throw error;
  }
}

/** Cuts off whoever holds more than `most` connections, so that one address cannot take those of all. */
function capConnections(server: Server, most: number): void {
  const held = new Map<string, number>();
  server.on('connection', (socket) => {
    const address = clientAddress({ headers: {}, socket }, 0);
    const count = (held.get(address) ?? 0) + 1;
    if (count > most) {
      socket.destroy();
      return;
    }
    held.set(address, count);
    socket.once('close', () => {
      const left = (held.get(address) ?? 1) - 1;
      if (left === 0) held.delete(address);
      else held.set(address, left);
    });
  });
}

/** What a browser on this machine calls `host`. */
function urlHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

/** Throws a RangeError unless clients will take `iceServers`: asked of the very decoder they use. */
function requireIceServers(iceServers: readonly IceServer[]): void {
  const welcome = {
    kind: 'welcome',
    self: '0'.repeat(32),
    pool: 'check',
    role: 'owner',
    peers: [],
    iceServers,
  } as const;
  if (decodeServer(encodeServer(welcome)) !== undefined) return;
  throw new RangeError('iceServers: expected at most 8 with 1 to 4 stun: or turn: addresses each');
}
