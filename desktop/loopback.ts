// Where a window finds the app: on 127.0.0.1, for whoever was given a one-time token, and for nobody else. A page on another origin,
// another person of this machine and a name that was made to point here get an answer with nothing in it.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, relative, sep } from 'node:path';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { contentSecurityPolicy, SECURITY_HEADERS } from '../src/io/page-headers.ts';
import { HostError } from '../src/remote/host-face.ts';
import { REQUEST_BYTES_MAX } from '../src/remote/frames.ts';

export interface LoopbackOptions {
  /** The built app. */
  readonly webRoot: string;
  /** What pages keep, by key: written on each page for it to find. */
  readonly kept: () => Readonly<Record<string, string>>;
  /** Until it resolves, nothing is read of what a window says; if it rejects, windows are sent away. */
  readonly ready: Promise<unknown>;
  /** Only once `ready` is resolved. */
  readonly onSocket: (socket: WebSocket) => void;
  /** Takes the body of a request as a file of this name. Rejects with a HostError. */
  readonly takeUpload: (request: IncomingMessage, name: string) => Promise<{ readonly path: string }>;
}

export interface Loopback {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** An address that lets one page in, once, within TOKEN_MS. */
  entry(): string;
  /** What lets pages in until the host ends. */
  cookie(): { readonly name: string; readonly value: string };
  close(): Promise<void>;
}

/** What an address may be opened within, ms: a browser may have to start first. */
export const TOKEN_MS = 60_000;
const SECRET_BYTES = 32;
/** Addresses that are good at a time; the oldest go first. */
const TOKENS_MAX = 16;
/** Windows that are connected at a time. */
const WINDOWS_MAX = 16;
/** Connections of all kinds: a page opens six. */
const SOCKETS_MAX = 128;
/** For a request's headers, ms: whoever asks is on this machine. */
const HEADERS_MS = 10_000;
/** Of an address, letters: names are 255 bytes at most, and each may be written in three letters. */
const URL_LETTERS_MAX = 2048;

const PAGE_START = '<html ';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};

/**
 * What a token gets: a page that goes on to the app. A redirection would not do, since a cookie that is kept from other sites goes with
 * none that another site's page has begun, and a file that a browser was given is one. It keeps the fragment.
 */
const ENTER_SCRIPT = "location.replace('/' + location.hash);";
const ENTER_PAGE = `<!doctype html><title>Rockpool</title><script>${ENTER_SCRIPT}</script>\n`;
const ENTER_POLICY = `default-src 'none'; script-src 'sha256-${sha256(ENTER_SCRIPT).toString('base64')}'`;

/** Rejects if `webRoot` holds no built app, or nothing can be listened on. */
export async function openLoopback(options: LoopbackOptions): Promise<Loopback> {
  const files = await filesOf(options.webRoot);
  const page = await readFile(join(options.webRoot, 'index.html'), 'utf8');
  if (!page.includes(PAGE_START))
    throw new Error('webRoot: expected a built app whose index.html begins with <html lang>');
  const server = createServer({
    headersTimeout: HEADERS_MS,
    requestTimeout: 0,
    connectionsCheckingInterval: HEADERS_MS,
  });
  server.maxConnections = SOCKETS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return new Door(server, options, files, page);
}

class Door implements Loopback {
  readonly origin: string;
  readonly #options: LoopbackOptions;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  readonly #host: string;
  readonly #cookie: { readonly name: string; readonly value: string };
  /** By the SHA-256 of the token: until when it is good, by performance.now(). */
  readonly #tokens = new Map<string, number>();
  readonly #files: ReadonlySet<string>;
  readonly #page: string;

  constructor(server: Server, options: LoopbackOptions, files: ReadonlySet<string>, page: string) {
    const { port } = server.address() as AddressInfo;
    this.#host = `127.0.0.1:${port}`;
    this.origin = `http://${this.#host}`;
    // Cookies do not keep ports apart.
    this.#cookie = { name: `rockpool-${port}`, value: randomBytes(SECRET_BYTES).toString('base64url') };
    this.#options = options;
    this.#server = server;
    this.#files = files;
    this.#page = page;
    this.#sockets = new WebSocketServer({ noServer: true, maxPayload: REQUEST_BYTES_MAX, perMessageDeflate: false });
    server.on('request', (request, response) => void this.#answer(request, response));
    server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head));
  }

  entry(): string {
    const token = randomBytes(SECRET_BYTES).toString('base64url');
    this.#tokens.set(keyOf(token), performance.now() + TOKEN_MS);
    for (const oldest of [...this.#tokens.keys()].slice(0, -TOKENS_MAX)) this.#tokens.delete(oldest);
    return `${this.origin}/enter?token=${token}`;
  }

  cookie(): { readonly name: string; readonly value: string } {
    return this.#cookie;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    // Nothing of it is worth keeping: the next start has another port.
    const headers = { ...SECURITY_HEADERS, 'cache-control': 'no-store' };
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.setHeader('content-security-policy', contentSecurityPolicy(this.#host));
    if (request.headers.host !== this.#host || url.length > URL_LETTERS_MAX || !URL.canParse(url, this.origin)) {
      return refuse(response, 403);
    }
    const { pathname, searchParams } = new URL(url, this.origin);
    if (pathname === '/enter' && method === 'GET') return this.#enter(response, searchParams.get('token') ?? '');
    if (!this.#isLetIn(request)) return refuse(response, 403);
    const upload = /^\/upload\/([^/]+)$/u.exec(pathname)?.[1];
    if (upload !== undefined && method === 'PUT') return this.#upload(request, response, upload);
    if (method !== 'GET') return refuse(response, 404);
    if (pathname === '/') return void response.setHeader('content-type', typeOf('index.html')).end(this.#hosted());
    // Only what is in the folder has an answer, so no name leads out of it.
    const file = pathname.slice(1);
    if (!this.#files.has(file)) return refuse(response, 404);
    response.setHeader('content-type', typeOf(file));
    createReadStream(join(this.#options.webRoot, file))
      .on('error', () => response.destroy())
      .pipe(response);
  }

  /** The page, which is told that it is a window of a host. */
  #hosted(): string {
    const kept = JSON.stringify(this.#options.kept()).replaceAll('&', '&amp;').replaceAll('"', '&quot;');
    return this.#page.replace(PAGE_START, () => `${PAGE_START}data-host data-kept="${kept}" `);
  }

  #enter(response: ServerResponse, token: string): void {
    const key = keyOf(token);
    const until = this.#tokens.get(key) ?? 0;
    this.#tokens.delete(key);
    if (performance.now() >= until) return refuse(response, 403);
    const { name, value } = this.#cookie;
    response.setHeader('set-cookie', `${name}=${value}; Path=/; HttpOnly; SameSite=Strict`);
    response.setHeader('content-security-policy', ENTER_POLICY);
    response.setHeader('content-type', typeOf('index.html')).end(ENTER_PAGE);
  }

  /** From a page of ours, or opened by the person: with the cookie, and not begun by another site or port. */
  #isLetIn({ headers }: IncomingMessage): boolean {
    const from = headers['sec-fetch-site'];
    if (from !== undefined && from !== 'same-origin' && from !== 'none') return false;
    const { name, value } = this.#cookie;
    const given = (headers.cookie ?? '').split(/; */u).find((each) => each.startsWith(`${name}=`));
    return given !== undefined && timingSafeEqual(sha256(given.slice(name.length + 1)), sha256(value));
  }

  async #upload(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
    if (request.headers.origin !== this.origin) return refuse(response, 403);
    try {
      const { path } = await this.#options.takeUpload(request, decodeURIComponent(name));
      response.setHeader('content-type', typeOf('.json')).end(JSON.stringify({ path }));
    } catch (error) {
      const message = error instanceof HostError ? error.message : 'This file was not taken.';
      response.statusCode = error instanceof URIError ? 400 : 500;
      response.setHeader('content-type', typeOf('.json')).end(JSON.stringify({ message }));
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    const { headers, url } = request;
    const isOurs = headers.host === this.#host && headers.origin === this.origin && this.#isLetIn(request);
    if (!isOurs || url !== '/host' || this.#sockets.clients.size >= WINDOWS_MAX) {
      return void socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    }
    const isReady = await this.#options.ready.then(
      () => true,
      () => false,
    );
    if (!isReady) return void socket.destroy();
    if (socket.destroyed) return;
    this.#sockets.handleUpgrade(request, socket, head, this.#options.onSocket);
  }
}

function refuse(response: ServerResponse, status: 403 | 404): void {
  response.writeHead(status, { connection: 'close', 'content-length': 0 }).end();
}

/** Paths of all files below `folder`, with slashes; what was compressed beforehand is of no use on one machine. */
async function filesOf(folder: string): Promise<ReadonlySet<string>> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile() && !/\.(?:br|gz|html)$/u.test(entry.name));
  return new Set(files.map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/')));
}

const typeOf = (name: string): string => TYPES[extname(name) || name] ?? 'application/octet-stream';
const keyOf = (token: string): string => sha256(token).toString('base64');

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
