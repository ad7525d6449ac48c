// From what somebody says to the end of its session: real peers, one of whom reports what it reads, and an operator who judges it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { WebSocket as NodeWebSocket } from 'ws';
import type { RunningServer } from '../../../signaling/server.ts';
import { setOperators } from '../../../signaling/store/accounts.ts';
import { PoolClient } from '../../../src/client.ts';
import { nodeTransport, shutdownTransports } from '../../../src/io/link-node.ts';
import { FileStore } from '../../../src/io/store-files.ts';
import { MemoryTalkStore } from '../../../src/io/talk-memory.ts';
import { generateDeviceKeys, type DeviceKeys } from '../../../src/keys/identity.ts';
import { AccountsWorld, base64url, Browser } from '../accounts/world.ts';
import { startServer } from '../load-server.ts';

// Links take a moment where everybody tests at once.
jest.setTimeout(60_000);

const POOL = 'vile-heron-cove-4821';

let folder: string;
let world: AccountsWorld;
let server: RunningServer;
const clients: PoolClient<string>[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-reporting-'));
  const revoke = (subject: Parameters<RunningServer['revoke']>[0]): void => server.revoke(subject);
  world = await AccountsWorld.open(() => Promise.resolve({ dataDir: folder }), { revoke });
  server = await startServer({ closeMs: 200, hooks: world.accounts.hooks });
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await server.close();
  await world.close();
  await rm(folder, { recursive: true });
  shutdownTransports();
});

async function peer(name: string, keys: DeviceKeys): Promise<PoolClient<string>> {
  const client = new PoolClient<string>({
    server: `ws://127.0.0.1:${server.port}/ws`,
    name,
    device: 'terminal',
    keys,
    platform: {
      transport: nodeTransport,
      store: new FileStore({ into: folder }),
      webSocket: (url) => new NodeWebSocket(url) as unknown as WebSocket,
      talk: new MemoryTalkStore(),
    },
  });
  clients.push(client);
  await client.join(POOL);
  return client;
}

/** Asked again until there is something; the test's own limit ends it. */
async function found<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('what a peer reads can be reported, is shown to an operator as it was said, and ends the session of who said it', async () => {
  const [olga, browser] = [await Browser.registered(world, 'Olga'), await Browser.registered(world, 'Ben')];
  await world.database.transact((tx) => setOperators(tx, [olga.account]));
  const keys = await browser.bind();
  const eveKeys = await generateDeviceKeys(false);
  const [eve, ben] = await Promise.all([peer('Eve', eveKeys), peer('Ben', keys)]);
  await found(async () => (eve.talk.members.length === 2 && ben.talk.members.length === 2 ? true : undefined));
  await eve.say('something vile');
  const message = await found(async () => {
    const room = ben.talk.rooms.find(({ kind }) => kind === 'pool');
    const page = room === undefined ? [] : await ben.talk.page(room.id, 20);
    return page.find(({ text }) => text === 'something vile')?.id;
  });

  const { evidence: all, circle } = await ben.talk.evidence(message);
  const [evidence = new Uint8Array(0)] = all;
  const nonce = String((await browser.post('/reports/nonce')).body['nonce']);
  const signed = await ben.signReport({ nonce: Buffer.from(nonce, 'base64url'), offence: 'abuse', evidence });
  const sent = await browser.post('/reports', {
    nonce,
    signKey: base64url(signed.signKey),
    signature: base64url(signed.signature),
    pool: signed.pool,
    offence: 'abuse',
    circle,
    evidence: base64url(evidence),
  });
  expect(sent).toMatchObject({ status: 201, body: { times: 1 } });

  const path = `/moderation/reports/${String(sent.body['report'])}`;
  expect((await olga.get(path)).body).toMatchObject({
    target: { device: eveKeys.id, account: null },
    reporter: { device: keys.id, account: browser.account, name: 'Ben' },
    said: { kind: 'text', text: 'something vile' },
  });
  expect(server.figures().members).toBe(2);
  expect(await olga.post(path, { verdict: 'uphold', note: '' })).toMatchObject({ status: 200 });
  expect(server.figures().members).toBe(1);
  await found(async () => (ben.peers.length === 0 ? true : undefined));
});
