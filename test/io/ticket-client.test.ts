// PoolClient where the server wants tickets: a fresh one for each join, also when it comes back by itself.
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, type CryptoKey, type JSONWebKeySet } from 'jose';
import { WebSocket as NodeWebSocket } from 'ws';
import { ticketHooks } from '../../signaling/hooks-ticket.ts';
import type { RunningServer, ServerOptions } from '../../signaling/server.ts';
import { PoolClient, type PoolEvent } from '../../src/client.ts';
import { FileStore } from '../../src/io/store-files.ts';
import { generateDeviceKeys } from '../../src/keys/identity.ts';
import { signTicket, TICKET_MS } from '../../src/keys/ticket.ts';
import { startServer } from '../signaling/load-server.ts';

const audience = 'https://pool.example';
let keys: JSONWebKeySet;
let key: CryptoKey;
beforeAll(async () => {
  const pair = await generateKeyPair('EdDSA');
  key = pair.privateKey;
  keys = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1' }] };
});

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function start(options: ServerOptions = {}): Promise<RunningServer> {
  const server = await startServer({ closeMs: 200, hooks: ticketHooks({ keys, audience }), ...options });
  cleanups.push(() => server.close());
  return server;
}

/** A client that is given tickets, except where `fails` says so. */
async function clientOf(server: RunningServer, fails: (asked: number) => boolean = () => false) {
  const own = await generateDeviceKeys(false);
  let asked = 0;
  const ticket = async (pool: string): Promise<string> => {
    asked += 1;
    if (fails(asked)) throw new Error('nobody gives tickets just now');
    const issuedMs = Math.floor(Date.now() / 1000) * 1000;
    const what = {
      audience,
      pool,
      device: own.id,
      account: 'ada',
      role: 'member',
      zones: [],
      id: `t${asked}`,
    } as const;
    return signTicket(key, 'k1', { ...what, issuedMs, expiresMs: issuedMs + TICKET_MS });
  };
  const client = new PoolClient<string>({
    server: `ws://127.0.0.1:${server.port}/ws`,
    name: 'Ada',
    device: 'terminal',
    keys: own,
    ticket,
    platform: {
      store: new FileStore(),
      transport: () => {
        throw new Error('there is nobody to reach');
      },
      webSocket: (url) => new NodeWebSocket(url) as unknown as WebSocket,
    },
  });
  cleanups.push(() => client.close());
  const until = (wanted: (event: PoolEvent) => boolean): Promise<void> =>
    new Promise((resolve) => {
      const stop = client.subscribe((event) => {
        if (!wanted(event)) return;
        stop();
        resolve();
      });
    });
  return { client, until, asked: () => asked };
}

test('a restarted server is joined again with another ticket, and a new name takes none', async () => {
  const first = await start({ limits: { joinsPerSecond: 1_000 } });
  const { client, until, asked } = await clientOf(first);
  await client.join('blue');
  await client.rename('Ada Lovelace');
  const waiting = until((event) => event.kind === 'backhaul' && event.state === 'waiting');
  await Promise.all([waiting, first.drain(10)]);
  const second = await start({ port: first.port });
  while (second.figures().members === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(asked()).toBe(2);
});

test('a ticket that cannot be had is asked for again', async () => {
  const server = await start({ limits: { joinMs: 100, sweepMs: 10 } });
  const { client, asked } = await clientOf(server, (count) => count === 1);
  await client.join('blue');
  expect(asked()).toBe(2);
  expect(server.figures().closed).toEqual({ 'join-first': 1 });
});

test('who is refused is told why', async () => {
  const server = await start({ hooks: ticketHooks({ keys, audience: 'https://other.example' }) });
  const { client } = await clientOf(server);
  await expect(client.join('blue')).rejects.toThrow('ticket');
});
