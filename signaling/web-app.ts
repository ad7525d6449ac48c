// The HTTP side of the server, all of it under one path: the app's files with their headers, how the server is, and the routes
// that others bring. Websockets are sockets.ts.
import { existsSync } from 'node:fs';
import { createServer as createTlsServer, type ServerOptions as TlsServerOptions } from 'node:https';
import { join, relative, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import Fastify, { LogController } from 'fastify';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyServerFactory,
} from 'fastify';
import { clientAddress, forwardedAddresses } from './addresses.ts';
import { plainHost } from './origin.ts';
import type { TlsKeeper } from './tls.ts';

export interface WebAppOptions {
  readonly webRoot: string | undefined;
  /** Empty, or begins with a slash and ends with none. */
  readonly basePath: string;
  /** Undefined: plain HTTP. */
  readonly tls: TlsKeeper | undefined;
  /** More routes, under the same path and with the same headers; a body longer than a KiB needs a `bodyLimit` of its own. */
  readonly routes: FastifyPluginAsync | undefined;
  /** How many proxies stand in front and write `X-Forwarded-For`. */
  readonly proxyHops: number;
  readonly logger: FastifyBaseLogger;
  /** From a connection, or a request's first byte, to the end of its headers, ms. */
  readonly headersMs: number;
  /** Whether new visitors are welcome: what GET /readyz answers. */
  readonly ready: () => boolean;
  /** What GET /health answers; plain data. */
  readonly health: () => object;
}

const TEXT = 'text/plain; charset=utf-8';
/** Bytes of a request body: no route takes one. */
const BODY_BYTES_MAX = 1024;
/** From a request's first byte to its last, ms: against those who send one byte a minute. */
const REQUEST_MS = 30_000;
/** What the build names by its content may be kept for a year; a new build gives it another name. */
const HASHED = /^assets\/.*-[\w-]{8}\.\w+(?:\.br|\.gz)?$/;

/**
 * What a page of ours may do: run and load only what this server serves, and connect only back to it. Safari and
 * older browsers do not count websockets as 'self', so the host is named for them.
 */
export function contentSecurityPolicy(hostHeader: string | undefined): string {
  const host = plainHost(hostHeader);
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "font-src 'self'",
    host === undefined ? "connect-src 'self'" : `connect-src 'self' ws://${host} wss://${host}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=(), serial=(), hid=()',
};

/** Gives an answer the headers that every answer has. */
function secure(reply: FastifyReply, hostHeader: string | undefined): FastifyReply {
  return reply.headers(SECURITY_HEADERS).header('content-security-policy', contentSecurityPolicy(hostHeader));
}

function sayBadRequest(reply: FastifyReply): void {
  reply.code(400).type(TEXT).send('Bad request\n');
}

/** The app, not yet listening. Throws if `webRoot` holds no built app. */
export function buildWebApp(options: WebAppOptions): FastifyInstance {
  const { webRoot, basePath, logger } = options;
  if (webRoot !== undefined && !existsSync(join(webRoot, 'index.html'))) {
    throw new Error(`webRoot: expected a built app with an index.html, got ${webRoot}; \`npm run build\` makes one`);
  }
  const app = newApp(options);
  app.addHook('onRequest', async (request, reply) => {
    secure(reply, request.headers.host);
  });
  app.setErrorHandler((error: { statusCode?: number; message: string }, _request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) logger.error({ error: error.message }, 'request failed');
    reply
      .code(status)
      .type(TEXT)
      .send(status >= 500 ? 'Internal error\n' : 'Bad request\n');
  });
  app.setNotFoundHandler((_request, reply) => reply.code(404).type(TEXT).send('Not found\n'));
  // Relative addresses in the page go by the slash at its end.
  if (basePath !== '') app.get(basePath, (_request, reply) => reply.redirect(`${basePath}/`, 308));
  app.register(
    async (scope) => {
      addStates(scope, options);
      if (options.routes !== undefined) await scope.register(options.routes);
      if (webRoot !== undefined) await addFiles(scope, webRoot);
    },
    { prefix: basePath },
  );
  return app;
}

function newApp({ logger, headersMs, tls }: WebAppOptions): FastifyInstance {
  const requestTimeout = Math.max(REQUEST_MS, headersMs);
  // Node looks for those that are late only so often.
  const http = { headersTimeout: headersMs, connectionsCheckingInterval: Math.ceil(headersMs / 4) };
  return Fastify({
    loggerInstance: logger,
    // Addresses and times of everyone who opens the page are nobody's business.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout,
    ...(tls === undefined ? { http } : { serverFactory: tlsFactory(tls, { ...http, requestTimeout }) }),
    // A stop waits for nobody's download; websockets have their own, graceful end.
    forceCloseConnections: true,
    // An address that cannot be read never gets to the hook.
    frameworkErrors: (_error, request, reply) => {
      sayBadRequest(secure(reply, request.headers.host));
    },
  });
}

/** Where the host is `localhost`, it listens on the first address of that only. */
function tlsFactory(tls: TlsKeeper, limits: TlsServerOptions & { headersTimeout: number }): FastifyServerFactory {
  return (handler) => {
    const server = createTlsServer({ ...tls.pair, ...limits, handshakeTimeout: limits.headersTimeout }, handler);
    tls.onRenewed = (pair) => server.setSecureContext(pair);
    return server;
  };
}

/** How the server is, for people, for whoever starts and stops it, and for `rockpool doctor`. */
function addStates(app: FastifyInstance, { ready, health, proxyHops }: WebAppOptions): void {
  const fresh = (reply: FastifyReply): FastifyReply => reply.header('cache-control', 'no-store');
  app.get('/health', (_request, reply) => fresh(reply).send(health()));
  app.get('/livez', (_request, reply) => fresh(reply).type(TEXT).send('Alive\n'));
  app.get('/readyz', (_request, reply) =>
    fresh(reply)
      .code(ready() ? 200 : 503)
      .type(TEXT)
      .send(ready() ? 'Ready\n' : 'Going\n'),
  );
  // Told to nobody but who asks: where the question seems to come from.
  app.get('/seen', (request, reply) =>
    fresh(reply).send({
      address: clientAddress(request.raw, proxyHops),
      forwarded: forwardedAddresses(request.raw).length,
      trusted: proxyHops,
    }),
  );
  app.get('/ws', (_request, reply) =>
    reply.code(426).header('upgrade', 'websocket').type(TEXT).send('A websocket is expected\n'),
  );
}

async function addFiles(app: FastifyInstance, webRoot: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: webRoot,
    preCompressed: true,
    dotfiles: 'ignore',
    cacheControl: false,
    setHeaders: (reply, path) => {
      const name = relative(webRoot, path).split(sep).join('/');
      reply.header('cache-control', HASHED.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}
