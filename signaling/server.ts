// The signaling server: the app's files, /health and the websocket on one port. Options, start and graceful stop;
// the rules of pools are hub.ts, websockets sockets.ts, files and headers web-app.ts.
// It never logs names, pools or what signals contain.
import { pino, type Logger } from 'pino';
import { PROTOCOL_VERSION } from '../src/wire/codes.ts';
import { decodeServer, encodeServer, type IceServer } from '../src/wire/signaling.ts';
import { Hub, type HubFigures } from './hub.ts';
import { HUB_DEFAULTS, requireInteger, type HubLimits } from './limits.ts';
import { requireOrigin } from './origin.ts';
import { Sockets } from './sockets.ts';
import { buildWebApp } from './web-app.ts';

export interface ServerOptions {
  /**
   * Address to listen on. Default 127.0.0.1: reachable from this machine only, also as `localhost`. `0.0.0.0` opens it
   * to the network, where browsers want HTTPS in front of it before they let a page use WebCrypto.
   */
  readonly host?: string;
  /** 0 .. 65,535; 0, the default, lets the system choose. */
  readonly port?: number;
  /** Folder of the built app. Default none: only /health and /ws are served. */
  readonly webRoot?: string;
  /** Origins whose pages may connect, such as `https://example.org`. Default: the host that each request names. */
  readonly allowedOrigins?: readonly string[];
  /** Told to everyone who joins. Default none: no third party learns of anybody. */
  readonly iceServers?: readonly IceServer[];
  readonly limits?: Partial<HubLimits>;
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
  /** Stops listening, closes every websocket with 1001, and resolves when all is closed: within about `closeMs`. */
  close(): Promise<void>;
}

/** HTTP connections beside the websockets: pages being loaded. */
const HTTP_CONNECTIONS_MAX = 1024;

/** Rejects with a RangeError or TypeError on a bad option, and with the system's error if it cannot listen. */
export async function startServer(options: ServerOptions = {}): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 0, iceServers = [], bufferedBytesMax = 1024 * 1024, closeMs = 2_000 } = options;
  requireInteger('port', port, 0, 65_535);
  requireInteger('bufferedBytesMax', bufferedBytesMax, 65_536, 2 ** 30);
  requireInteger('closeMs', closeMs, 10, 60_000);
  requireIceServers(iceServers);
  const allowedOrigins = options.allowedOrigins?.map(requireOrigin);
  const logger = options.logger ?? pino({ level: 'silent' });

  const hub = new Hub({ iceServers, ...(options.limits && { limits: options.limits }) });
  const sockets = new Sockets({ hub, logger, allowedOrigins, bufferedBytesMax, closeMs });
  const startedAt = performance.now();
  const app = buildWebApp({
    webRoot: options.webRoot,
    logger,
    health: () => {
      const { sockets: open, pools, members } = hub.figures();
      const uptimeSeconds = Math.round((performance.now() - startedAt) / 1000);
      return { status: 'ok', protocol: PROTOCOL_VERSION, uptimeSeconds, sockets: open, pools, members };
    },
  });
  app.server.maxConnections = (options.limits?.socketsMax ?? HUB_DEFAULTS.socketsMax) + HTTP_CONNECTIONS_MAX;
  app.server.on('upgrade', (request, stream, head) => sockets.upgrade(request, stream, head));
  await app.listen({ host, port });
  const address = app.server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;

  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    // Begun first: from here on nobody new comes in, and it ends once the websockets have.
    const closed = app.close();
    await sockets.stop();
    await closed;
  };
  return {
    url: `http://${urlHost(host)}:${bound}`,
    port: bound,
    figures: () => hub.figures(),
    close: () => (closing ??= close()),
  };
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
