// The HTTP side: the app's files, their compression and caching, the headers every page carries, and /health.
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunningServer } from '../../signaling/server.ts';
import { PROTOCOL_VERSION } from '../../src/wire/codes.ts';
import { contentSecurityPolicy } from '../../src/io/page-headers.ts';
import { startServer } from './load-server.ts';

const PAGE = '<!doctype html><title>Rockpool</title>';
const SCRIPT = 'export const answer = 42;'.repeat(50);
let webRoot: string;
let server: RunningServer;

beforeAll(async () => {
  webRoot = await mkdtemp(join(tmpdir(), 'rockpool-web-'));
  await mkdir(join(webRoot, 'assets'));
  await writeFile(join(webRoot, 'index.html'), PAGE);
  await writeFile(join(webRoot, '.secret'), 'no');
  await writeFile(join(webRoot, 'assets', 'index-Ab12_-9z.js'), SCRIPT);
  await writeFile(join(webRoot, 'assets', 'index-Ab12_-9z.js.br'), brotliCompressSync(SCRIPT));
  await writeFile(join(webRoot, 'assets', 'index-Ab12_-9z.js.gz'), gzipSync(SCRIPT));
  server = await startServer({ webRoot });
});

afterAll(async () => {
  await server.close();
  await rm(webRoot, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${server.url}${path}`, { headers });

test('the page is served at / and asked for anew each time', async () => {
  const response = await get('/');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(response.headers.get('cache-control')).toBe('no-cache');
  expect(await response.text()).toBe(PAGE);
});

test.each([
  ['br', 'br'],
  ['gzip', 'gzip'],
  ['gzip, br', 'br'],
  ['identity', null],
])('a hashed asset is kept for ever, and comes compressed for %s', async (accepted, sent) => {
  const response = await get('/assets/index-Ab12_-9z.js', { 'accept-encoding': accepted });
  expect(response.headers.get('content-encoding')).toBe(sent);
  expect(response.headers.get('content-type')).toMatch(/^(?:text|application)\/javascript/);
  expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(await response.text()).toBe(SCRIPT);
});

test.each(['/', '/assets/index-Ab12_-9z.js', '/health', '/nowhere', '/ws', '/%', '/..%2fpackage.json'])(
  '%s carries the strict headers',
  async (path) => {
    const { headers } = await get(path);
    const host = `127.0.0.1:${server.port}`;
    expect(headers.get('content-security-policy')).toBe(contentSecurityPolicy(host));
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('permissions-policy')).toContain('camera=()');
  },
);

test.each(['/nowhere', '/.secret', '/assets/', '/../package.json', '/..%2fpackage.json', '/index.html%00'])(
  '%s is not found',
  async (path) => {
    const { status } = await get(path);
    expect([400, 403, 404]).toContain(status);
  },
);

test('an address that cannot be read is refused, by the API in its own way', async () => {
  const [api, other] = [await get('/api/%'), await get('/assets/%')];
  expect([api.status, other.status]).toEqual([400, 400]);
  expect(await api.json()).toEqual({ code: 'bad-request', message: 'The address cannot be read.' });
  expect(await other.text()).toBe('Bad request\n');
  expect(api.headers.get('x-content-type-options')).toBe('nosniff');
});

test('/health tells how the server is, and nothing of anyone', async () => {
  const response = await get('/health');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.json()).toEqual({
    status: 'ok',
    protocol: PROTOCOL_VERSION,
    uptimeSeconds: expect.any(Number),
    sockets: 0,
    pools: 0,
    members: 0,
  });
});

test('/ws without an upgrade says what is expected', async () => {
  const response = await get('/ws');
  expect(response.status).toBe(426);
  expect(response.headers.get('upgrade')).toBe('websocket');
});

describe('the Content-Security-Policy', () => {
  test('allows this server only, and its websocket by name', () => {
    expect(contentSecurityPolicy('pool.example:8080').split('; ')).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' blob: data:",
      "font-src 'self'",
      "connect-src 'self' ws://pool.example:8080 wss://pool.example:8080",
      "worker-src 'self'",
      "manifest-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
  });

  test.each([undefined, '', 'x; script-src *', "x 'unsafe-inline'", '*', '*.example', '[::1]:80', 'x\u0000', 'a:b'])(
    'names no host that reads %j',
    (host) => {
      expect(contentSecurityPolicy(host)).toContain("; connect-src 'self'; ");
    },
  );
});
