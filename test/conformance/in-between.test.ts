// Two real clients and a server that ends their connections itself, certificates and all, and passes everything on: they find
// it out, and nothing of theirs gets through. The same two with an honest server meet.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { WebSocket as NodeWebSocket } from 'ws';
import { PoolClient, type PoolEvent } from '../../src/client.ts';
import { nodeTransport, shutdownTransports } from '../../src/io/link-node.ts';
import { FileStore } from '../../src/io/store-files.ts';
import { generateDeviceKeys } from '../../src/keys/identity.ts';
import { InBetween } from '../support/in-between.ts';

const LIMIT_MS = 60_000;

let directory: string;
let http: Server;
let between: InBetween;
const clients: PoolClient<string>[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rockpool-between-'));
  await writeFile(join(directory, 'secret.txt'), 'for friends only');
  http = createServer();
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  between.close();
  http.close();
  await rm(directory, { recursive: true });
});

afterAll(shutdownTransports);

interface Heard {
  readonly client: PoolClient<string>;
  readonly events: PoolEvent[];
}

/** Somebody in the pool, who offers a file to whoever is there. */
async function enter(name: string): Promise<Heard> {
  const address = http.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no address');
  const client = new PoolClient<string>({
    server: `ws://127.0.0.1:${address.port}/ws`,
    name,
    device: 'terminal',
    keys: await generateDeviceKeys(false),
    platform: {
      transport: nodeTransport,
      store: new FileStore({}),
      webSocket: (url) => new NodeWebSocket(url) as unknown as WebSocket,
    },
  });
  clients.push(client);
  const events: PoolEvent[] = [];
  client.subscribe((event) => events.push(event));
  await client.join('reef');
  await client.offer([join(directory, 'secret.txt')]);
  return { client, events };
}

const offered = ({ events }: Heard): number =>
  events.filter((event) => event.kind === 'offer' && !event.offer.own).length;
const codes = ({ events }: Heard): string[] =>
  events.flatMap((event) => (event.kind === 'unbound' ? [event.code] : []));

async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 20));
}

test(
  'two members whose connections the server ends itself find it out, and nothing passes',
  async () => {
    between = new InBetween(http, { honest: false });
    const both = [await enter('Mara'), await enter('Jo')];
    await until(() => both.every((one) => codes(one).length > 0));
    // It has a few more tries.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    expect(both.map(codes)).toEqual([['binding'], ['binding']]);
    expect(both.map(offered)).toEqual([0, 0]);
    for (const { client } of both) expect(client.peers).toMatchObject([{ path: 'connecting' }]);
    // It did pass on what it got: two hellos and two proofs at least.
    expect(between.carried).toBeGreaterThanOrEqual(4);
  },
  LIMIT_MS,
);

test(
  'the same two meet where the server passes their signals on, and see the same words',
  async () => {
    between = new InBetween(http, { honest: true });
    const both = [await enter('Mara'), await enter('Jo')];
    await until(() => both.every((one) => offered(one) === 1));
    expect(both.map(codes)).toEqual([[], []]);
    const [words, others] = both.map(({ client }) => client.peers[0]?.words);
    expect(words).toHaveLength(4);
    expect(words).toEqual(others);
    expect(between.carried).toBe(0);
  },
  LIMIT_MS,
);
