// The doctor before real servers, behind proxies that forget one thing each: what it finds, and how it says to mend it.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { networkInterfaces, tmpdir } from 'node:os';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { checkIce } from '../../signaling/doctor/check-ice.ts';
import { checkReachable, checkSecure } from '../../signaling/doctor/check-web.ts';
import { examine } from '../../signaling/doctor/examine.ts';
import type { CheckName, Finding } from '../../signaling/doctor/findings.ts';
import type { ServerOptions } from '../../signaling/server.ts';
import { startStun } from '../../signaling/stun/stun-server.ts';
import { run } from '../../cli/run.ts';
import { makeStage } from '../cli/support.ts';
import { coturnMissing, startCoturn } from './coturn.ts';
import { startServer } from './load-server.ts';
import { startProxy, type ProxyManners } from './reverse-proxy.ts';
import { FIRST_PAIR } from './tls-pairs.ts';

let webRoot: string;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  webRoot = await mkdtemp(join(tmpdir(), 'rockpool-doctor-'));
  await writeFile(join(webRoot, 'index.html'), '<!doctype html><title>Rockpool</title>');
  await writeFile(join(webRoot, 'cert.pem'), FIRST_PAIR.cert);
  await writeFile(join(webRoot, 'key.pem'), FIRST_PAIR.key);
});
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});
afterAll(() => rm(webRoot, { recursive: true }));

async function start(options: ServerOptions = {}): Promise<{ readonly url: string; readonly port: number }> {
  const server = await startServer({ webRoot, closeMs: 200, ...options });
  open.push(server);
  return server;
}

/** The address of a proxy before a server. */
async function proxied(manners: Omit<ProxyManners, 'port'>, options: ServerOptions = {}): Promise<string> {
  const { port } = await start(options);
  const proxy = await startProxy({ port, ...manners });
  open.push(proxy);
  return proxy.url;
}

async function findingsAt(url: string): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of examine(url)) findings.push(finding);
  return findings;
}

async function findingAt(url: string, check: CheckName): Promise<Finding | undefined> {
  return (await findingsAt(url)).find((finding) => finding.check === check);
}

const verdicts = (findings: readonly Finding[]): Record<string, string> =>
  Object.fromEntries(findings.map(({ check, verdict }) => [check, verdict]));

const ALL_WELL = { reachable: 'ok', secure: 'ok', app: 'ok', forwarded: 'ok', websocket: 'ok', join: 'ok' };

describe('all is well', () => {
  test('without a proxy; that nothing helps devices of different networks is a hint', async () => {
    const { url } = await start();
    expect(verdicts(await findingsAt(url))).toEqual({ ...ALL_WELL, stun: 'hint', turn: 'hint' });
  });

  test('behind a proxy that does what it should, with a STUN server', async () => {
    const stun = await startStun({ host: '127.0.0.1', port: 0 });
    open.push(stun);
    const iceServers = [{ urls: [`stun:127.0.0.1:${stun.port}`] }];
    const url = await proxied({}, { proxyHops: 1, iceServers });
    expect(verdicts(await findingsAt(url))).toEqual({ ...ALL_WELL, stun: 'ok', turn: 'hint' });
  });

  test('under a base path', async () => {
    const { url } = await start({ basePath: '/rockpool' });
    expect(verdicts(await findingsAt(url))).toMatchObject(ALL_WELL);
  });

  test('the doctor is gone from the pool when it is done', async () => {
    const server = await startServer({ webRoot });
    open.push(server);
    await findingsAt(server.url);
    expect(server.figures()).toMatchObject({ joins: 1, members: 0, away: 0 });
  });
});

describe('the websocket', () => {
  test('that the proxy does not pass on', async () => {
    const found = await findingAt(await proxied({ upgrades: false }), 'websocket');
    expect(found).toMatchObject({ verdict: 'broken', mend: expect.stringContaining('proxy_http_version 1.1') });
  });

  test('that the server refuses, for the proxy names another host', async () => {
    const url = await proxied({ host: false });
    const found = await findingAt(url, 'websocket');
    expect(found).toMatchObject({ verdict: 'broken', mend: expect.stringContaining(`--allowed-origins ${url}`) });
  });

  test('through which only those who are let in may join', async () => {
    const { url } = await start({
      hooks: {
        authorize: () => Promise.resolve({ kind: 'refused', code: 'denied' }),
        onJoin: () => {},
        onLeave: () => {},
      },
    });
    const findings = await findingsAt(url);
    expect(verdicts(findings)).toEqual({ ...ALL_WELL, join: 'skipped' });
  });

  test('for which there are too many already', async () => {
    const { url } = await start({ limits: { addressSocketsMax: 1, addressBurst: 1, addressPerSecond: 1 } });
    await findingsAt(url);
    const found = await findingAt(url, 'websocket');
    expect(found).toMatchObject({ verdict: 'broken', mend: expect.stringContaining('--trust-proxy') });
  });
});

describe('the addresses of visitors', () => {
  test.each<[string, Omit<ProxyManners, 'port'>, number, string]>([
    ['told and not believed', {}, 0, 'Start it with --trust-proxy 1.'],
    ['expected and not told', { forwarded: 'drop' }, 1, 'Let the proxy write X-Forwarded-For'],
    ['expected of more proxies than there are', {}, 2, 'Start it with --trust-proxy 1'],
    ['whatever visitors claim', { forwarded: 'believe' }, 1, 'let the outermost one add to X-Forwarded-For'],
  ])('%s', async (_, manners, proxyHops, mend) => {
    const found = await findingAt(await proxied(manners, { proxyHops }), 'forwarded');
    expect(found).toMatchObject({ verdict: 'broken', mend: expect.stringContaining(mend) });
  });
});

describe('what is not there at all', () => {
  test('nobody listens', async () => {
    const server = await startServer();
    await server.close();
    const findings = await findingsAt(server.url);
    expect(verdicts(findings)).toEqual({ reachable: 'broken', secure: 'ok' });
    expect(findings[0]).toMatchObject({ mend: expect.stringContaining('Start the server') });
  });

  test('the proxy is there, and Rockpool is not', async () => {
    const server = await startServer();
    await server.close();
    const proxy = await startProxy({ port: server.port });
    open.push(proxy);
    expect(await checkReachable(proxy.url)).toMatchObject({
      words: expect.stringContaining('does not reach Rockpool'),
    });
  });

  test('somebody else answers', async () => {
    const other = createServer((_, response) => response.end('{"status":"fine"}')).listen(0, '127.0.0.1');
    await once(other, 'listening');
    open.push({ close: async () => void other.close() });
    const address = other.address();
    const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    expect(await checkReachable(url)).toMatchObject({ words: '/health is answered (200), but not by Rockpool.' });
  });

  test('the path is another one', async () => {
    const { url } = await start({ basePath: '/rockpool' });
    const found = await checkReachable(url.replace('/rockpool', ''));
    expect(found).toMatchObject({ verdict: 'broken', mend: expect.stringContaining('--base-path') });
  });

  test('the name is nobody’s', async () => {
    expect(await checkReachable('http://nobody.invalid')).toMatchObject({
      verdict: 'broken',
      mend: expect.stringContaining('DNS'),
    });
  });

  test('the certificate is known to nobody', async () => {
    const tls = { certificate: join(webRoot, 'cert.pem'), key: join(webRoot, 'key.pem') };
    const { url, port } = await start({ tls });
    expect(await checkReachable(url)).toMatchObject({ mend: expect.stringContaining('fullchain.pem') });
    expect(await checkReachable(`http://127.0.0.1:${port}`)).toMatchObject({
      mend: expect.stringContaining('use https://'),
    });
  });
});

test.each([
  ['https://pool.example', 'ok'],
  ['http://localhost:8080', 'ok'],
  ['http://[::1]:8080', 'ok'],
  ['http://127.0.0.1', 'ok'],
  ['http://192.168.1.5:8080', 'broken'],
  ['http://pool.example', 'broken'],
  ['http://localhost.example', 'broken'],
])('browsers count %s as secure: %s', (url, verdict) => {
  expect(checkSecure(url)).toMatchObject({ verdict });
});

describe('STUN and TURN', () => {
  test('whose name is nobody’s, and what the doctor does not know', async () => {
    const found = await checkIce([{ urls: ['stun:nobody.invalid:3478', 'stuns:127.0.0.1:5349'] }]);
    expect(found).toMatchObject([
      { check: 'stun', verdict: 'broken', mend: expect.stringContaining('DNS') },
      { check: 'stun', verdict: 'skipped' },
      { check: 'turn', verdict: 'hint' },
    ]);
  });

  test('over TCP, where nobody listens', async () => {
    const server = await startServer();
    await server.close();
    const [found] = await checkIce([
      { urls: [`turn:127.0.0.1:${server.port}?transport=tcp`], username: 'u', credential: 'c' },
    ]);
    expect(found).toMatchObject({ verdict: 'broken', mend: expect.stringContaining(`TCP port ${server.port}`) });
  });

  const own = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  const missing = coturnMissing() ?? (own === undefined ? 'this machine has no IPv4 address but loopback' : undefined);
  if (missing !== undefined) process.stderr.write(`Skipped, because ${missing}: the doctor before a real coturn.\n`);

  (missing === undefined ? test : test.skip)('of a real coturn: relays, refuses, and what it relays into', async () => {
    const address = own ?? '';
    const coturn = await startCoturn(address, { relayPorts: [35_000, 35_049] });
    open.push(coturn);
    const server = coturn.iceServer('a');
    expect(await checkIce([server])).toMatchObject([{ check: 'turn', verdict: 'ok' }]);
    expect(await checkIce([{ ...server, credential: 'wrong' }])).toMatchObject([
      { verdict: 'broken', mend: expect.stringContaining('secrets') },
    ]);
    const [tcp] = await checkIce([{ ...server, urls: [`turn:${address}:${coturn.port}?transport=tcp`] }]);
    expect(tcp).toMatchObject({ verdict: 'ok' });
  });
});

describe('`rockpool doctor`', () => {
  test('shows each finding, and is a success if nothing is broken', async () => {
    const { url } = await start();
    const { cli, stdout } = makeStage();
    expect(await run(['doctor', `${url}/`], cli)).toBe(0);
    expect(stdout.text).toContain('ok       websocket  Websockets get through.\n');
    expect(stdout.text).toMatch(/^hint {5}turn {7}No TURN server.*\n {20}Run coturn/m);
  });

  test('gives them as JSON, and fails if something is broken', async () => {
    const url = await proxied({ upgrades: false });
    const { cli, stdout } = makeStage();
    expect(await run(['doctor', url, '--json'], cli)).toBe(1);
    expect(stdout.events.map(({ event }) => event)).toEqual([...Array<string>(5).fill('finding'), 'examined']);
    expect(stdout.events.at(-1)).toEqual({ event: 'examined', url, sound: false });
  });
});
