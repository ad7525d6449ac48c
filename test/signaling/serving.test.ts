// A server put together from its settings: what stands beside it is there, announced, and goes with it.
import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { readSettings } from '../../signaling/options.ts';
import type { Serving } from '../../signaling/serving.ts';
import { probeStun } from '../../signaling/stun/probe.ts';
import { startStun } from '../../signaling/stun/stun-server.ts';
import { startServer } from './load-server.ts';
import { startServing } from './load-serving.ts';
import { idOf, RawClient } from './raw-client.ts';

const running: Serving[] = [];
const lines: string[] = [];
let webRoot: string;

beforeAll(async () => {
  webRoot = await mkdtemp(join(tmpdir(), 'rockpool-serving-'));
  await mkdir(join(webRoot, 'assets'));
  await writeFile(join(webRoot, 'index.html'), '<!doctype html><title>Rockpool</title>');
  await writeFile(join(webRoot, 'assets', 'index-Ab12_-9z.js'), 'export {};');
});
afterAll(() => rm(webRoot, { recursive: true }));
afterEach(async () => {
  await Promise.all(running.splice(0).map((serving) => serving.close()));
  lines.splice(0);
});

async function start(flags: Readonly<Record<string, string>>): Promise<Serving> {
  const settings = readSettings({ flags: { host: '127.0.0.1', port: '0', ...flags }, env: {}, readFile: () => '{}' });
  const serving = await startServing(settings, { webRoot, logTo: { write: (line) => void lines.push(line) } });
  running.push(serving);
  return serving;
}

/** A UDP or TCP port that nobody has, or had a moment ago. */
async function freePort(kind: 'udp' | 'tcp'): Promise<string> {
  if (kind === 'udp') {
    const stun = await startStun({ host: '127.0.0.1', port: 0 });
    await stun.close();
    return String(stun.port);
  }
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return String(typeof address === 'object' && address !== null ? address.port : 0);
}

test('STUN answers, and devices are told of it by the public name, and of TURN with a credential of their own', async () => {
  const stunPort = await freePort('udp');
  const turn = { 'turn-urls': 'turn:pool.example:3478', 'turn-secret': 'x'.repeat(32) };
  const flags = { 'stun-port': stunPort, 'stun-host': '127.0.0.1', 'public-url': 'https://pool.example/', ...turn };
  const serving = await start(flags);
  expect(serving.url).toBe('https://pool.example');
  expect(await probeStun({ host: '127.0.0.1', port: Number(stunPort) })).toMatchObject({ kind: 'seen' });
  const client = await RawClient.open(`http://127.0.0.1:${serving.port}`);
  client.join('a', 'blue');
  expect((await client.next('welcome')).iceServers).toEqual([
    { urls: [`stun:pool.example:${stunPort}`] },
    {
      urls: ['turn:pool.example:3478'],
      username: expect.stringMatching(/^\d+:[0-9a-f]{32}$/),
      credential: expect.any(String),
    },
  ]);
  client.socket.terminate();
});

test('a socket that asked STUN is known by the device that signals it, and no other is', async () => {
  const [stunPort, metricsPort] = [await freePort('udp'), await freePort('tcp')];
  const flags = { 'stun-port': stunPort, 'stun-host': '127.0.0.1', 'public-url': 'https://pool.example' };
  const { port, metricsUrl } = await start({ ...flags, 'metrics-port': metricsPort });
  const seen = await probeStun({ host: '127.0.0.1', port: Number(stunPort) });
  if (seen.kind !== 'seen' || metricsUrl === undefined) throw new Error('neither STUN nor metrics');
  const [a, b] = [
    await RawClient.join(`http://127.0.0.1:${port}`, 'a', 'blue'),
    await RawClient.join(`http://127.0.0.1:${port}`, 'b', 'blue'),
  ];
  const named = async (type: string, from: number): Promise<string | undefined> => {
    const candidate = `candidate:1 1 udp 1677729535 127.0.0.1 ${from} typ ${type} raddr 0.0.0.0 rport 0`;
    a.say({ kind: 'relay', peer: idOf('b'), attempt: 1, signal: { kind: 'candidate', candidate, mid: '0' } });
    await b.next('relayed');
    return /^rockpool_stun_sockets_named (\d+)$/m.exec(await (await fetch(metricsUrl)).text())?.[1];
  };
  const own = seen.seenAs.port;
  expect(await named('srflx', own === 1 ? 2 : 1)).toBe('0');
  expect(await named('host', own)).toBe('0');
  expect(await named('srflx', own)).toBe('1');
});

test('metrics have a port of their own, and tell what the server does', async () => {
  const serving = await start({ 'metrics-port': await freePort('tcp') });
  await RawClient.join(serving.url, 'a', 'blue');
  const page = await (await fetch(serving.metricsUrl ?? '')).text();
  expect(page).toMatch(/^rockpool_members 1$/m);
  expect((await fetch(`${serving.url}/metrics`)).status).toBe(404);
});

test('limits are those that were asked for', async () => {
  const serving = await start({ 'max-pool-members': '2' });
  const [, , third] = [
    await RawClient.join(serving.url, 'a', 'blue'),
    await RawClient.join(serving.url, 'b', 'blue'),
    await RawClient.open(serving.url),
  ];
  third.join('c', 'blue');
  expect(await third.closed).toBe(4003);
});

test('a drain sends everyone away with a time to come back, and then all is closed', async () => {
  const serving = await start({ 'drain-seconds': '1', 'metrics-port': await freePort('tcp') });
  const client = await RawClient.join(serving.url, 'a', 'blue');
  await serving.drain();
  expect(await client.closed).toBe(1012);
  expect(client.reason).toMatch(/^restarting \d+$/);
  await expect(fetch(`${serving.url}/health`)).rejects.toThrow('fetch failed');
  await expect(fetch(serving.metricsUrl ?? '')).rejects.toThrow('fetch failed');
});

test('what cannot be had in full is given up in full', async () => {
  const stunPort = await freePort('udp');
  const taken = await startServer();
  const flags = { 'stun-port': stunPort, 'stun-host': '127.0.0.1', 'public-url': 'https://pool.example' };
  await expect(start({ ...flags, port: String(taken.port) })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await taken.close();
  const again = await startStun({ host: '127.0.0.1', port: Number(stunPort) });
  await again.close();
});

test('nothing of anybody is logged, at any level', async () => {
  const serving = await start({ 'log-level': 'debug' });
  const client = await RawClient.join(serving.url, 'a', 'very-secret-pool');
  client.say({ kind: 'relay', peer: '0'.repeat(32), attempt: 1, signal: { kind: 'offer', sdp: 'v=0 secret' } });
  client.socket.send('no message');
  await client.closed;
  await serving.close();
  const text = lines.join('');
  expect(text).toContain('a minute');
  expect(text).not.toMatch(/secret|127\.0\.0\.1"|[0-9a-f]{32}/);
});

describe('under a base path', () => {
  test('everything is there, and nothing elsewhere', async () => {
    const serving = await start({ 'base-path': '/rockpool' });
    const origin = `http://127.0.0.1:${serving.port}`;
    expect(serving.url).toBe(`${origin}/rockpool`);
    const status = async (path: string): Promise<number> => (await fetch(origin + path, { redirect: 'manual' })).status;
    expect(await status('/rockpool/')).toBe(200);
    expect(await status('/rockpool/assets/index-Ab12_-9z.js')).toBe(200);
    for (const path of ['/health', '/livez', '/readyz', '/seen']) expect(await status(`/rockpool${path}`)).toBe(200);
    for (const path of ['/', '/health', '/assets/index-Ab12_-9z.js', '/rockpoolx/'])
      expect(await status(path)).toBe(404);
    await RawClient.join(serving.url, 'a', 'blue');
    await expect(RawClient.open(origin)).rejects.toThrow('404');
  });

  test('the page is found without its last slash, which its relative addresses need', async () => {
    const serving = await start({ 'base-path': '/rockpool' });
    const response = await fetch(serving.url, { redirect: 'manual' });
    expect(response.status).toBe(308);
    expect(response.headers.get('location')).toBe('/rockpool/');
  });
});

test('on :: it is reached over IPv6 and IPv4, and an IPv4 address counts as itself', async () => {
  const serving = await start({ host: '::' });
  expect(serving.url).toBe(`http://[::1]:${serving.port}`);
  await RawClient.join(serving.url, 'a', 'blue');
  const seen = await (await fetch(`http://127.0.0.1:${serving.port}/seen`)).json();
  expect(seen).toEqual({ address: '127.0.0.1', forwarded: 0, trusted: 0 });
});
