// The real server over real sockets: joining, relaying, refusing, closing and stopping.
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { RunningServer, ServerOptions } from '../../signaling/server.ts';
import { CLIENT_FRAME_BYTES_MAX, encodeClient, type Signal } from '../../src/wire/signaling.ts';
import { startServer } from './load-server.ts';
import { idOf, joinOf, RawClient } from './raw-client.ts';

const running: RunningServer[] = [];
const clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate();
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function start(options: ServerOptions = {}): Promise<RunningServer> {
  const server = await startServer({ closeMs: 200, ...options });
  running.push(server);
  return server;
}

async function open(server: RunningServer, headers: Record<string, string> = {}): Promise<RawClient> {
  const client = await RawClient.open(server.url, { headers });
  clients.push(client);
  return client;
}

async function join(server: RunningServer, letter: string, pool: string): Promise<RawClient> {
  const client = await RawClient.join(server.url, letter, pool);
  clients.push(client);
  return client;
}

const memberOf = (letter: string, role = 'member') => ({ id: idOf(letter), name: letter, device: 'terminal', role });

describe('members', () => {
  test('meet: a welcome with the roster and the ICE servers for one, a peer-joined for the other', async () => {
    const iceServers = [{ urls: ['turn:localhost:3478'], username: 'u', credential: 'c' }];
    const server = await start({ iceServers });
    const a = await join(server, 'a', 'blue');
    const b = await open(server);
    b.join('b', 'blue');
    expect(await b.next('welcome')).toEqual({
      kind: 'welcome',
      self: idOf('b'),
      pool: 'blue',
      role: 'member',
      peers: [memberOf('a', 'owner')],
      iceServers,
    });
    expect((await a.next('peer-joined')).peer).toEqual(memberOf('b'));
  });

  test('may say things right behind a join, and all of it counts in its order', async () => {
    const server = await start();
    const a = await join(server, 'a', 'blue');
    const b = await open(server);
    const signal = { kind: 'offer', sdp: 'v=0' } as const;
    b.join('b', 'blue');
    b.say({ kind: 'relay', peer: idOf('a'), attempt: 1, signal });
    b.join('b', 'green');
    b.say({ kind: 'relay', peer: idOf('a'), attempt: 2, signal });
    b.join('b', 'blue');
    b.say({ kind: 'leave' });
    await a.next('peer-joined');
    expect(await a.next('relayed')).toMatchObject({ peer: idOf('b'), attempt: 1 });
    await a.next('peer-left');
    await a.next('peer-joined');
    await a.next('peer-left');
    expect(await a.settle()).toEqual([]);
    expect(server.figures()).toMatchObject({ joins: 4, relayed: 1, relaysDropped: 1 });
  });

  test('have their signals relayed, and only within their pool', async () => {
    const server = await start();
    const a = await join(server, 'a', 'blue');
    const b = await join(server, 'b', 'blue');
    const c = await join(server, 'c', 'green');
    const signal = { kind: 'candidate', candidate: 'candidate:1 1 udp 1 192.0.2.1 9 typ host', mid: '0' } as const;
    b.say({ kind: 'relay', peer: idOf('c'), attempt: 1, signal });
    b.say({ kind: 'relay', peer: idOf('a'), attempt: 4_000_000_000, signal });
    await a.next('peer-joined');
    expect(await a.next('relayed')).toEqual({
      kind: 'relayed',
      peer: idOf('b'),
      attempt: 4_000_000_000,
      signal,
    });
    expect(await c.settle()).toEqual([]);
    expect(server.figures()).toMatchObject({ relayed: 1, relaysDropped: 1 });
  });

  test('who move are shown in both rosters', async () => {
    const server = await start();
    const a = await join(server, 'a', 'blue');
    const b = await join(server, 'b', 'blue');
    const c = await join(server, 'c', 'green');
    await a.next('peer-joined');
    b.join('b', 'green');
    expect(await a.next('peer-left')).toEqual({ kind: 'peer-left', id: idOf('b'), lost: false });
    expect((await c.next('peer-joined')).peer).toEqual(memberOf('b'));
    expect((await b.next('welcome')).peers).toEqual([memberOf('c', 'owner')]);
  });

  test('whose connection breaks are told of as lost', async () => {
    const server = await start();
    const a = await join(server, 'a', 'blue');
    const b = await join(server, 'b', 'blue');
    await a.next('peer-joined');
    b.socket.terminate();
    expect(await a.next('peer-left')).toEqual({ kind: 'peer-left', id: idOf('b'), lost: true });
  });

  test('who come again through a new socket find the old one closed with `elsewhere`', async () => {
    const server = await start();
    const old = await join(server, 'a', 'blue');
    await join(server, 'a', 'blue');
    expect(await old.closed).toBe(4004);
  });
});

describe('a socket is closed', () => {
  test('with `malformed` for a text frame, even if its bytes are a message', async () => {
    const client = await open(await start());
    client.socket.send(encodeClient({ kind: 'leave' }), { binary: false });
    expect(await client.closed).toBe(4000);
  });

  test('with `malformed` for bytes that are no message', async () => {
    const client = await open(await start());
    client.socket.send(Uint8Array.of(255, 255, 255));
    expect(await client.closed).toBe(4000);
  });

  test('with 1009 for a frame over the limit, and not for one of the limit', async () => {
    const server = await start();
    const fits = await open(server);
    fits.socket.send(new Uint8Array(CLIENT_FRAME_BYTES_MAX));
    expect(await fits.closed).toBe(4000);
    const client = await open(server);
    client.socket.send(new Uint8Array(CLIENT_FRAME_BYTES_MAX + 1));
    expect(await client.closed).toBe(1009);
  });

  test('with `rate` for a flood, while others live on', async () => {
    const server = await start({ limits: { messagesBurst: 50, joinCostMessages: 1 } });
    const other = await join(server, 'b', 'blue');
    const client = await open(server);
    for (let t0Ms = 0; t0Ms < 100; t0Ms++) client.say({ kind: 'time', t0Ms });
    expect(await client.closed).toBe(4002);
    expect(await other.settle()).toEqual([]);
  });

  test('with `version` for a join of another version', async () => {
    const client = await open(await start());
    client.say({ ...joinOf('a', 'blue', client.nonce), version: 9 });
    expect(await client.closed).toBe(4001);
  });

  test('with `identity` for a join that somebody else signed', async () => {
    const server = await start();
    const client = await open(server);
    const { signature } = joinOf('b', 'blue', client.nonce);
    client.say({ ...joinOf('a', 'blue', client.nonce), signature });
    expect(await client.closed).toBe(4008);
    expect(server.figures()).toMatchObject({ members: 0, closed: { identity: 1 } });
  });

  test('with `identity` for a join that was signed for another socket', async () => {
    const server = await start();
    const [one, other] = [await open(server), await open(server)];
    expect(one.nonce).not.toEqual(other.nonce);
    one.say(joinOf('a', 'blue', other.nonce));
    expect(await one.closed).toBe(4008);
  });

  test.each([
    ['name', { name: 'Mallory' }],
    ['pool', { pool: 'green' }],
    ['kind of device', { device: 'browser' }],
  ])('with `identity` for a join whose %s was changed on the way', async (_what, change) => {
    const client = await open(await start());
    client.say({ ...joinOf('a', 'blue', client.nonce), ...change });
    expect(await client.closed).toBe(4008);
  });

  test('with `identity` for a key of small order, under which one signature is good for anything', async () => {
    const client = await open(await start());
    // The neutral element, and the signature R = neutral, s = 0: verifiers that are not strict take it for any message.
    const signKey = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
    const signature = Uint8Array.from({ length: 64 }, (_, i) => (i === 0 ? 1 : 0));
    client.say({ ...joinOf('a', 'blue', client.nonce), signKey, signature });
    expect(await client.closed).toBe(4008);
  });

  test('with `join-first` if it does not join', async () => {
    const client = await open(await start({ limits: { joinMs: 100 } }));
    expect(await client.closed).toBe(4006);
  });

  test('with `silent` if it answers nothing', async () => {
    const server = await start({ limits: { probeMs: 100, silentMs: 200 } });
    const mute = await RawClient.open(server.url, { autoPong: false });
    clients.push(mute);
    mute.join('a', 'blue');
    expect(await mute.closed).toBe(4007);
  });

  test('with `pool-full` and `server-full` where there is no room', async () => {
    const server = await start({ limits: { poolMembersMax: 2, socketsMax: 3 } });
    await join(server, 'a', 'blue');
    await join(server, 'b', 'blue');
    const third = await open(server);
    third.join('c', 'blue');
    expect(await third.closed).toBe(4003);
    await open(server);
    const fourth = await open(server);
    expect(await fourth.closed).toBe(4005);
  });

  test('without a word if it does not read what it is sent', async () => {
    const server = await start({
      bufferedBytesMax: 65_536,
      limits: { messagesBurst: 100_000, bytesBurst: 2 ** 30 },
    });
    const a = await join(server, 'a', 'blue');
    const b = await join(server, 'b', 'blue');
    b.socket.pause();
    await a.next('peer-joined');
    const signal: Signal = { kind: 'offer', sdp: 'v'.repeat(16_384) };
    const left = a.next('peer-left');
    const flood = setInterval(() => {
      for (let i = 0; i < 50; i++) a.say({ kind: 'relay', peer: idOf('b'), attempt: 1, signal });
    }, 5);
    expect(await left).toEqual({ kind: 'peer-left', id: idOf('b'), lost: true });
    clearInterval(flood);
    expect(await a.settle()).toEqual([]);
  });
});

describe('an answered probe', () => {
  test('keeps a socket that says nothing else', async () => {
    const server = await start({ limits: { probeMs: 100, silentMs: 200, sweepMs: 10 } });
    const a = await join(server, 'a', 'blue');
    const stillThere = await Promise.race([
      a.closed,
      new Promise((resolve) => {
        let pings = 0;
        a.socket.on('ping', () => ++pings === 5 && resolve('five probes'));
      }),
    ]);
    expect(stillThere).toBe('five probes');
  });
});

describe('Origin', () => {
  const status = (server: RunningServer, headers: Record<string, string>): Promise<string> =>
    open(server, headers).then(
      () => 'open',
      (error: Error) => error.message,
    );

  test('of the page this server serves may connect, and so may those who have none', async () => {
    const server = await start();
    expect(await status(server, { origin: server.url })).toBe('open');
    expect(await status(server, {})).toBe('open');
  });

  test.each(['https://evil.example', 'null', 'http://127.0.0.1:1', 'file://', ''])(
    '%j may not connect',
    async (origin) => {
      expect(await status(await start(), { origin })).toBe('Unexpected server response: 403');
    },
  );

  test('is compared with the host the request names, as behind a proxy', async () => {
    const server = await start();
    expect(await status(server, { origin: 'https://pool.example', host: 'pool.example' })).toBe('open');
    expect(await status(server, { origin: 'https://pool.example', host: 'pool.example:443' })).toBe('open');
    expect(await status(server, { origin: 'https://pool.example', host: 'pool.example:444' })).toMatch(/403/);
  });

  test('is held to the list where one is given', async () => {
    const server = await start({ allowedOrigins: ['https://pool.example'] });
    expect(await status(server, { origin: 'https://pool.example' })).toBe('open');
    expect(await status(server, { origin: server.url })).toMatch(/403/);
  });
});

test('a websocket is served nowhere but at /ws', async () => {
  const server = await start();
  await expect(RawClient.open(`${server.url}/other`)).rejects.toThrow('404');
});

test('localhost works, whichever address it stands for', async () => {
  const server = await start({ host: 'localhost' });
  expect(server.url).toBe(`http://localhost:${server.port}`);
  await join(server, 'a', 'blue');
});

describe('a stop', () => {
  test('closes every socket with 1001 and frees the port', async () => {
    const server = await start();
    const a = await join(server, 'a', 'blue');
    const b = await open(server);
    await server.close();
    expect(await Promise.all([a.closed, b.closed])).toEqual([1001, 1001]);
    const again = await start({ port: server.port });
    await join(again, 'a', 'blue');
  });

  test('waits only so long for a socket that does not say goodbye, or an HTTP client that holds on', async () => {
    const server = await start({ closeMs: 100 });
    const a = await join(server, 'a', 'blue');
    a.socket.pause();
    const idle = connect(server.port, '127.0.0.1');
    idle.on('error', () => {});
    await new Promise((resolve) => idle.once('connect', resolve));
    idle.write('GET /health HTTP/1.1\r\nHost: x\r\n');
    const startedAt = performance.now();
    await server.close();
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    idle.destroy();
  });

  test('asked for twice is one stop', async () => {
    const server = await start();
    await Promise.all([server.close(), server.close()]);
    await server.close();
  });
});

describe('options', () => {
  test.each<[string, ServerOptions, string]>([
    ['a port out of range', { port: 65_536 }, 'port: expected'],
    ['a limit out of range', { limits: { joinMs: 1 } }, 'joinMs: expected'],
    ['an origin with a path', { allowedOrigins: ['https://pool.example/'] }, 'allowedOrigins: expected'],
    ['ICE servers no client would take', { iceServers: [{ urls: ['https://x'] }] }, 'iceServers: expected'],
    ['a folder without the app', { webRoot: import.meta.dirname }, 'webRoot: expected'],
  ])('with %s are refused by name', async (_what, options, message) => {
    await expect(startServer(options)).rejects.toThrow(message);
  });
});
