// The bus over a real nats-server: who is let in, who hears whom, and what a server with `--bus` says of it.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { connect } from '@nats-io/transport-node';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { pino } from 'pino';
import { BusError, type Bus } from '../../../signaling/bus/bus.ts';
import { BUS_VERSION } from '../../../signaling/bus/messages.ts';
import { connectNats } from '../../../signaling/bus/nats.ts';
import { readSettings } from '../../../signaling/options.ts';
import { PROTOCOL_VERSION } from '../../../src/wire/codes.ts';
import { startServer } from '../load-server.ts';
import { startServing } from '../load-serving.ts';
import { idOf, RawClient } from '../raw-client.ts';
import { natsMissing, startNats, type RunningNats } from './nats-server.ts';

jest.setTimeout(30_000);

const logger = pino({ level: 'silent' });
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

const opened = <T extends { close(): Promise<void> }>(one: T): T => {
  open.push(one);
  return one;
};
const start = async (...given: Parameters<typeof startNats>): Promise<RunningNats> => opened(await startNats(...given));
const join = async (url: string): Promise<Bus> => opened(await connectNats(url, logger));

describe('a bus', () => {
  test.each(['', 'localhost:4222', 'http://127.0.0.1:4222', 'nats://'])('is not at %p', async (url) => {
    await expect(connectNats(url, logger)).rejects.toThrow(RangeError);
  });

  test('where nobody answers is an error at once', async () => {
    await expect(connectNats('nats://127.0.0.1:1', logger)).rejects.toThrow(BusError);
  });
});

(natsMissing === undefined ? describe : describe.skip)('a bus over NATS', () => {
  test('lets in who has the password, and does not repeat it', async () => {
    const { port } = await start({}, '--user', 'someone', '--pass', 'p@ss word');
    expect((await join(`nats://someone:p%40ss%20word@127.0.0.1:${port}`)).connected).toBe(true);
    const refused = connectNats(`nats://someone:wrong-one@127.0.0.1:${port}`, logger);
    await expect(refused).rejects.toThrow(expect.not.stringContaining('wrong-one'));
    await expect(connectNats(`nats://127.0.0.1:${port}`, logger)).rejects.toThrow(BusError);
  });

  test('lets in who has the token', async () => {
    const { port } = await start({}, '--auth', 'tok-en');
    expect((await join(`nats://tok-en@127.0.0.1:${port}`)).connected).toBe(true);
    await expect(connectNats(`nats://tok-on@127.0.0.1:${port}`, logger)).rejects.toThrow(BusError);
  });

  test('is not spoken to over TLS that leads to nobody known, nor without TLS where it was asked for', async () => {
    const secured = await start({ tls: true });
    await expect(connectNats(`tls://127.0.0.1:${secured.port}`, logger)).rejects.toThrow(/self-signed/);
    const plain = await start();
    await expect(connectNats(`tls://127.0.0.1:${plain.port}`, logger)).rejects.toThrow(/tls/i);
  });

  test('carries nothing between nodes of different versions', async () => {
    const { port } = await start();
    const bus = await join(`nats://127.0.0.1:${port}`);
    const heard: string[] = [];
    const done = new Promise<void>((resolve) => {
      bus.subscribe('a', (bytes) => {
        heard.push(Buffer.from(bytes).toString());
        if (heard.length === 2) resolve();
      });
    });
    const other = await connect({ servers: `127.0.0.1:${port}` });
    const versions = [
      [BUS_VERSION - 1, PROTOCOL_VERSION],
      [BUS_VERSION, PROTOCOL_VERSION + 1],
      [BUS_VERSION, PROTOCOL_VERSION],
    ];
    for (const version of versions)
      for (const to of ['all', 'node.a']) other.publish(['rockpool', ...version, to].join('.'), version.join());
    await done;
    await other.close();
    expect(heard).toEqual([`${BUS_VERSION},${PROTOCOL_VERSION}`, `${BUS_VERSION},${PROTOCOL_VERSION}`]);
  });

  test('tells a server who is in a pool that another has', async () => {
    const { port } = await start();
    const bus = { url: `nats://127.0.0.1:${port}` };
    const servers = (await Promise.all([startServer({ bus }), startServer({ bus })])).map(opened);
    const pools = ['ash-pool', 'birch-pool', 'cedar-pool', 'elm-pool'];
    const clients = await Promise.all(
      pools.map((pool, i) => RawClient.join(servers[i % 2]?.url ?? '', 'abcd'[i] ?? '', pool)),
    );
    for (const server of servers)
      for (const [i, pool] of pools.entries())
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        expect(await server.presentIn(pool)).toEqual([{ id: idOf('abcd'[i] ?? ''), role: 'owner' }]);
    for (const { socket } of clients) socket.terminate();
  });

  test('that is gone leaves nobody to say that a pool is empty', async () => {
    const nats = await start();
    const server = opened(await startServer({ bus: { url: `nats://127.0.0.1:${nats.port}` } }));
    expect(await server.presentIn('ash-pool')).toEqual([]);
    await nats.close();
    for (const end = performance.now() + 10_000; server.busFigures?.().connected && performance.now() < end;)
      // oxlint-disable-next-line no-await-in-loop -- until it is noticed
      await new Promise((resolve) => void setTimeout(resolve, 10));
    await expect(server.presentIn('ash-pool')).rejects.toThrow(BusError);
  });

  test('is what two servers with --bus are linked by, as their metrics and /health say', async () => {
    const { port } = await start();
    const metricsPort = await freePort();
    const flags = { host: '127.0.0.1', port: '0', bus: `nats://127.0.0.1:${port}` };
    const serve = async (more: Readonly<Record<string, string>>): Promise<string> => {
      const settings = readSettings({ flags: { ...flags, ...more }, env: {}, readFile: () => '{}' });
      return opened(await startServing(settings, { logTo: { write: () => {} } })).url;
    };
    const [first, second] = [await serve({ 'metrics-port': metricsPort }), await serve({})];
    expect(await (await fetch(`${second}/health`)).json()).toMatchObject({ bus: { connected: true, nodes: 1 } });
    expect(await (await fetch(`${first}/readyz`)).text()).toBe('Ready\n');
    const page = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    expect(page).toMatch(/^rockpool_bus_connected 1$/m);
    expect(page).toMatch(/^rockpool_bus_nodes 1$/m);
    expect(page).toMatch(/^rockpool_bus_links_broken_total 0$/m);
  });
});

/** A TCP port that nobody had a moment ago. */
async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return String(typeof address === 'object' && address !== null ? address.port : 0);
}
