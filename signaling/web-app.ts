// The HTTP side of the server: the app's files with their headers, and /health. Websockets are sockets.ts.
import { existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import fastifyStatic from '@fastify/static';
import Fastify, { LogController } from 'fastify';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply } from 'fastify';
import { plainHost } from './origin.ts';

export interface WebAppOptions {
  readonly webRoot: string | undefined;
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
export function buildWebApp({ webRoot, logger, headersMs, ready, health }: WebAppOptions): FastifyInstance {
  if (webRoot !== undefined && !existsSync(join(webRoot, 'index.html'))) {
    throw new Error(`webRoot: expected a built app with an index.html, got ${webRoot}; \`npm run build\` makes one`);
  }
  const app: FastifyInstance = Fastify({
    loggerInstance: logger,
    // Addresses and times of everyone who opens the page are nobody's business.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: Math.max(REQUEST_MS, headersMs),
    // Node looks for those that are late only so often.
    http: { headersTimeout: headersMs, connectionsCheckingInterval: Math.ceil(headersMs / 4) },
    // A stop waits for nobody's download; websockets have their own, graceful end.
    forceCloseConnections: true,
    // An address that cannot be read never gets to the hook below.
    frameworkErrors: (_error, request, reply) => {
      sayBadRequest(secure(reply, request.headers.host));
    },
  });

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
  app.get('/health', (_request, reply) => reply.header('cache-control', 'no-store').send(health()));
  app.get('/readyz', (_request, reply) =>
    reply
      .code(ready() ? 200 : 503)
      .header('cache-control', 'no-store')
      .type(TEXT)
      .send(ready() ? 'Ready\n' : 'Going\n'),
  );
  app.get('/ws', (_request, reply) =>
    reply.code(426).header('upgrade', 'websocket').type(TEXT).send('A websocket is expected\n'),
  );

  if (webRoot !== undefined) {
    app.register(fastifyStatic, {
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
  return app;
}
