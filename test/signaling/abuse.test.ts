// The real server under people who mean ill, and how it goes away: addresses that take too much, requests that never end,
// joins that come too many at once; draining.
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { RunningServer, ServerOptions } from '../../signaling/server.ts';
import { startServer } from './load-server.ts';
import { idOf, RawClient } from './raw-client.ts';

const running: RunningServer[] = [];
const clients: RawClient[] = [];
const bare: Socket[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate();
  for (const socket of bare.splice(0)) socket.destroy();
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function start(options: ServerOptions = {}): Promise<RunningServer> {
  const server = await startServer({ closeMs: 200, ...options });
  running.push(server);
  return server;
}

/** From one of this machine's own addresses. */
async function open(
  server: RunningServer,
  localAddress: string,
  headers: Record<string, string> = {},
): Promise<RawClient> {
  const client = await RawClient.open(server.url, { localAddress, headers });
  clients.push(client);
  return client;
}

const opened = (server: RunningServer, localAddress: string, headers: Record<string, string> = {}): Promise<string> =>
  open(server, localAddress, headers).then(
    () => 'open',
    (error: Error) => error.message,
  );

/** A connection that says `text` and no more. Resolves with all that comes back once the server ends it. */
async function say(server: RunningServer, text: string, localAddress = '127.0.0.1'): Promise<string> {
  const socket = connect({ port: server.port, host: '127.0.0.1', localAddress });
  bare.push(socket);
  socket.on('error', () => {});
  socket.write(text);
  let answer = '';
  socket.on('data', (data: Buffer) => (answer += data.toString()));
  return new Promise((resolve) => socket.on('close', () => resolve(answer)));
}

describe('one address', () => {
  test('with all the websockets it may have gets no more, and another address does', async () => {
    const server = await start({ limits: { addressSocketsMax: 2 } });
    const first = await open(server, '127.0.0.1');
    await open(server, '127.0.0.1');
    expect(await opened(server, '127.0.0.1')).toMatch(/429/);
    expect(await opened(server, '127.0.0.2')).toBe('open');
    first.socket.terminate();
    await first.closed;
    // The server hears of that a little later.
    const again: string[] = [];
    while (again.length < 100 && again.at(-1) !== 'open') again.push(await opened(server, '127.0.0.1'));
    expect(again.at(-1)).toBe('open');
  });

  test('that opens and closes, or joins, again and again is slowed down, and another address is not', async () => {
    const server = await start({ limits: { addressBurst: 5, addressPerSecond: 1 } });
    const a = await open(server, '127.0.0.1');
    for (let i = 0; i < 5; i++) a.join('a', `pool-${i}`);
    expect(await a.closed).toBe(4009);
    expect(a.reason).toMatch(/^busy \d+$/);
    expect(await opened(server, '127.0.0.1')).toMatch(/429/);
    const b = await open(server, '127.0.0.2');
    b.join('b', 'blue');
    await b.next('welcome');
  });

  test('that asks for pages again and again is told to wait, and neither another one nor whoever watches the server is', async () => {
    const server = await start({ limits: { addressRequestsBurst: 3, addressRequestsPerSecond: 1 } });
    const ask = (path: string, from = '127.0.0.1'): Promise<string> =>
      say(server, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, from);
    const answers = [await ask('/health'), await ask('/seen'), await ask('/nowhere'), await ask('/health?x')];
    expect(answers.map((answer) => answer.slice(9, 12))).toEqual(['200', '200', '404', '429']);
    expect(answers[3]).toMatch(/\r\nretry-after: \d+\r\n/);
    expect(answers[3]).toMatch(/\r\ncontent-security-policy: /);
    expect(await ask('/api/about')).toMatch(/^HTTP\/1\.1 429[^]*"code":"too-fast"/);
    expect(await ask('/health', '127.0.0.2')).toMatch(/^HTTP\/1\.1 200/);
    expect(await ask('/livez')).toMatch(/^HTTP\/1\.1 200/);
    expect(await ask('/readyz?x')).toMatch(/^HTTP\/1\.1 200/);
  });

  test('that floods with forged joins, garbage and text leaves a pool from another unharmed', async () => {
    const server = await start();
    const [a, b] = [await open(server, '127.0.0.2'), await open(server, '127.0.0.2')];
    a.join('a', 'blue');
    await a.next('welcome');
    b.join('b', 'blue');
    await b.next('welcome');
    await a.next('peer-joined');
    const crowd = await Promise.all(Array.from({ length: 60 }, () => open(server, '127.0.0.1')));
    for (const [i, client] of crowd.entries()) {
      client.nonce = new Uint8Array(32);
      if (i % 3 === 0) client.join('a', 'blue');
      else client.socket.send(i % 3 === 1 ? Buffer.alloc(60_000, 255) : 'text');
    }
    const codes = await Promise.all(crowd.map(({ closed }) => closed));
    expect(new Set(codes)).toEqual(new Set([4000, 4008]));
    b.say({ kind: 'relay', peer: idOf('a'), attempt: 1, signal: { kind: 'offer', sdp: 'v=0' } });
    expect(await a.settle()).toMatchObject([{ kind: 'relayed' }]);
    expect(server.figures()).toMatchObject({ sockets: 2, members: 2 });
  });

  test('behind a proxy is whom the proxy names, and not what the client says', async () => {
    const server = await start({ proxyHops: 1, limits: { addressSocketsMax: 1 } });
    const named = (address: string) => opened(server, '127.0.0.1', { 'x-forwarded-for': `203.0.113.66, ${address}` });
    expect(await named('192.0.2.1')).toBe('open');
    expect(await named('192.0.2.2')).toBe('open');
    expect(await named('192.0.2.1')).toMatch(/429/);
    expect(await named('2001:db8::1')).toBe('open');
    expect(await named('2001:db8::2')).toMatch(/429/);
  });

  test('cannot get around its limit with a header where there is no proxy', async () => {
    const server = await start({ limits: { addressSocketsMax: 1 } });
    expect(await opened(server, '127.0.0.1', { 'x-forwarded-for': '192.0.2.1' })).toBe('open');
    expect(await opened(server, '127.0.0.1', { 'x-forwarded-for': '192.0.2.2' })).toMatch(/429/);
  });

  test('with too many connections that never become anything is cut off, and another address is served', async () => {
    const server = await start({ limits: { addressSocketsMax: 1 } });
    const idle = Array.from({ length: 129 }, () => {
      const socket = connect({ port: server.port, host: '127.0.0.1', localAddress: '127.0.0.1' });
      bare.push(socket);
      socket.on('error', () => {});
      return new Promise((resolve) => socket.once('connect', resolve));
    });
    await Promise.all(idle);
    expect(await say(server, 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toBe('');
    const answer = await say(server, 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '127.0.0.2');
    expect(answer).toMatch(/^HTTP\/1.1 200/);
  });
});

describe('a request that does not end', () => {
  test.each([
    ['says nothing at all', ''],
    ['stops in its first line', 'GET /he'],
    ['stops in its headers', 'GET /health HTTP/1.1\r\nHost: x\r\n'],
    [
      'stops in a websocket’s handshake',
      'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n',
    ],
  ])('and %s is ended', async (_what, text) => {
    const server = await start({ headersMs: 200 });
    expect(await say(server, text)).toMatch(/^(?:HTTP\/1.1 408|$)/);
  });

  test('and trickles in is ended as well', async () => {
    const server = await start({ headersMs: 200 });
    const socket = connect(server.port, '127.0.0.1');
    bare.push(socket);
    socket.on('error', () => {});
    socket.write('GET /health HTTP/1.1\r\nHost: x\r\n');
    const trickle = setInterval(() => socket.write('x-a: b\r\n'), 20);
    await new Promise((resolve) => socket.on('close', resolve));
    clearInterval(trickle);
  });

  test('after an upgrade that is none gives its address the place back', async () => {
    const server = await start({ limits: { addressSocketsMax: 1 } });
    const odd =
      'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 1\r\n\r\n';
    for (let i = 0; i < 3; i++) expect(await say(server, odd)).toMatch(/^HTTP\/1.1 400/);
    expect(await opened(server, '127.0.0.1')).toBe('open');
  });
});

test('joins beyond what the server takes on are asked back, and those who are in notice nothing', async () => {
  const server = await start({ limits: { joinsBurst: 3, joinsPerSecond: 1 } });
  const crowd = await Promise.all(Array.from({ length: 8 }, () => open(server, '127.0.0.1')));
  for (const [i, client] of crowd.slice(0, 3).entries()) client.join('abc'.charAt(i), 'blue');
  const sent = await Promise.all(crowd.slice(3).map(async (client) => [await client.closed, client.reason]));
  expect(sent.map(([code]) => code)).toEqual([4009, 4009, 4009, 4009, 4009]);
  const times = sent.map(([, reason]) => Number(/^busy (\d+)$/.exec(String(reason))?.[1]));
  expect(times.toSorted((a, b) => a - b)).toEqual(times);
  expect((times[4] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(4_000);
  for (const client of crowd.slice(0, 3)) await client.next('welcome');
  expect(server.figures()).toMatchObject({ members: 3, closed: { busy: 5 } });
});

describe('draining', () => {
  const ready = async (server: RunningServer): Promise<number> => (await fetch(`${server.url}/readyz`)).status;

  test('says so, closes every websocket with 1012 and a time of its own, and then is a stop', async () => {
    const server = await start({ limits: { sweepMs: 20 } });
    expect(await ready(server)).toBe(200);
    const all = await Promise.all(Array.from({ length: 6 }, () => open(server, '127.0.0.1')));
    for (const [i, client] of all.entries()) {
      client.join('abcdef'.charAt(i), 'blue');
      await client.next('welcome');
    }
    const drained = server.drain(200);
    expect(await ready(server)).toBe(503);
    const codes = await Promise.all(all.map(({ closed }) => closed));
    expect(codes).toEqual([1012, 1012, 1012, 1012, 1012, 1012]);
    const times = all.map(({ reason }) => Number(/^restarting (\d+)$/.exec(reason)?.[1]));
    expect(times.every((ms) => ms >= 500 && ms <= 60_000)).toBe(true);
    await drained;
    await expect(fetch(`${server.url}/readyz`)).rejects.toThrow('fetch failed');
  });

  test('waits for nobody who does not say goodbye', async () => {
    const server = await start({ closeMs: 50 });
    const a = await open(server, '127.0.0.1');
    a.socket.pause();
    await server.drain(10);
    a.socket.resume();
    await a.closed;
  });
});
