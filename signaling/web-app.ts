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
import { contentSecurityPolicy, SECURITY_HEADERS } from '../src/io/page-headers.ts';
import { clientAddress, forwardedAddresses } from './addresses.ts';
import type { HubLimits } from './limits.ts';
import type { TlsKeeper } from './tls.ts';
import { TokenBuckets } from './token-bucket.ts';

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
  readonly limits: Pick<HubLimits, 'addressRequestsBurst' | 'addressRequestsPerSecond'>;
  readonly logger: FastifyBaseLogger;
  /** From a connection, or a request's first byte, to the end of its headers, ms. */
  readonly headersMs: number;
  /** What GET /readyz answers. */
  readonly state: () => keyof typeof STATES;
  /** What GET /health answers; plain data. */
  readonly health: () => object;
}

/** Whether new visitors are welcome. A node that is cut off from the others is of more use than none, and all may be at once. */
const STATES = {
  ready: [200, 'Ready\n'],
  alone: [200, 'Ready, but without the other nodes: the bus is not reached\n'],
  going: [503, 'Going\n'],
} as const;

const TEXT = 'text/plain; charset=utf-8';
/** Addresses whose rate is kept. */
const ADDRESSES_MAX = 20_000;
/** When an address that asked too often is to come back, s. */
const RETRY_SECONDS = 5;
/** Bytes of a request body: no route takes one. */
const BODY_BYTES_MAX = 1024;
/** From a request's first byte to its last, ms: against those who send one byte a minute. */
const REQUEST_MS = 30_000;
/** What the build names by its content may be kept for a year; a new build gives it another name. */
const HASHED = /^assets\/.*-[\w-]{8}\.\w+(?:\.br|\.gz)?$/;

/** Gives an answer the headers that every answer has. */
function secure(reply: FastifyReply, hostHeader: string | undefined): FastifyReply {
  return reply.headers(SECURITY_HEADERS).header('content-security-policy', contentSecurityPolicy(hostHeader));
}

function sayBadRequest(reply: FastifyReply): void {
  reply.code(400).type(TEXT).send('Bad request\n');
}

function sayTooFast(reply: FastifyReply, isApi: boolean): FastifyReply {
  reply.code(429).header('retry-after', RETRY_SECONDS);
  if (isApi) return reply.send({ code: 'too-fast', message: 'Too many requests. Wait a little.' });
  return reply.type(TEXT).send('Too many requests\n');
}

/** Whoever asks the API for what cannot be read is told so as for any other mistake there. */
function sayBadAddress(reply: FastifyReply): void {
  reply.code(400).send({ code: 'bad-request', message: 'The address cannot be read.' });
}

/** The app, not yet listening. Throws if `webRoot` holds no built app. */
export function buildWebApp(options: WebAppOptions): FastifyInstance {
  const { webRoot, basePath, logger } = options;
  if (webRoot !== undefined && !existsSync(join(webRoot, 'index.html'))) {
    throw new Error(`webRoot: expected a built app with an index.html, got ${webRoot}; \`npm run build\` makes one`);
  }
  const app = newApp(options);
  const { addressRequestsBurst, addressRequestsPerSecond } = options.limits;
  const requests = new TokenBuckets(addressRequestsBurst, addressRequestsPerSecond, ADDRESSES_MAX);
  app.addHook('onRequest', async (request, reply) => {
    secure(reply, request.headers.host);
    const [path] = request.url.split('?', 1);
    // Whoever starts and stops the server asks for these, and may be behind the address of a crowd.
    if (path === `${basePath}/livez` || path === `${basePath}/readyz`) return undefined;
    if (requests.take(performance.now(), clientAddress(request.raw, options.proxyHops))) return undefined;
    return sayTooFast(reply, request.url.startsWith(`${basePath}/api/`));
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

function newApp({ basePath, logger, headersMs, tls }: WebAppOptions): FastifyInstance {
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
      const say = request.url.startsWith(`${basePath}/api/`) ? sayBadAddress : sayBadRequest;
      say(secure(reply, request.headers.host));
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
function addStates(app: FastifyInstance, { state, health, proxyHops }: WebAppOptions): void {
  const fresh = (reply: FastifyReply): FastifyReply => reply.header('cache-control', 'no-store');
  app.get('/health', (_request, reply) => fresh(reply).send(health()));
  app.get('/livez', (_request, reply) => fresh(reply).type(TEXT).send('Alive\n'));
  app.get('/readyz', (_request, reply) => {
    const [code, words] = STATES[state()];
    return fresh(reply).code(code).type(TEXT).send(words);
  });
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
