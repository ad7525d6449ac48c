// Control streams and datagrams of several windows of one host: the client has each stream once.
import { afterEach, expect, jest, test } from '@jest/globals';
import type { ControlStream, ControlStreamOptions, Datagrams } from '../../src/client.ts';
import { ClientServer } from '../../src/remote/client-server.ts';
import { connectHost, type HostConnection } from '../../src/remote/connect.ts';
import type { SchemaRegistry } from '../../src/wire/registry.ts';
import { SchemaRegistry as Registry, templateSchema } from '../../src/wire/registry.ts';
import { FakePool, MARA } from '../cli/support.ts';
import { ChannelPair } from './channel-pair.ts';
import { hostThat } from './host.ts';
import { SETUP, until } from './stage.ts';

jest.setTimeout(60_000);

const PING = templateSchema(300, 'ping', { count: 'u32' });
const OPTIONS = { stream: 7, up: PING, down: PING, hz: 200, deadlineMs: 1000 } as const;
const INFO = { poll: 5, ageMs: 1, clone: false, newest: true };

/** A pool whose streams the test plays. */
class StreamPool extends FakePool {
  /** What was opened, as the client takes it. */
  readonly opened: ControlStreamOptions<Uint8Array, Uint8Array>[] = [];
  readonly updates: number[] = [];
  readonly sent: unknown[] = [];
  stopped = 0;
  bring: (schema: number, bytes: Uint8Array) => void = () => undefined;

  override control<_Up, Down>(options?: ControlStreamOptions<_Up, Down>): ControlStream<Down> {
    this.opened.push(options as unknown as ControlStreamOptions<Uint8Array, Uint8Array>);
    return {
      update: (value) => void this.updates.push(countOf(value as Uint8Array)),
      stats: undefined,
      stop: () => {
        this.stopped++;
      },
    };
  }
  override datagrams<D extends { readonly name: string; readonly value: unknown }>(
    registry?: SchemaRegistry<D>,
    listener?: (peer: string, datagram: D) => void,
  ): Datagrams {
    this.bring = (schema, bytes) => {
      const decoded = registry?.decode(schema, bytes);
      if (decoded?.kind === 'decoded') listener?.(MARA.id, decoded);
    };
    return {
      send: (schema, value, options) => {
        this.sent.push([schema.id, registry?.encode(schema, value), options]);
        return 'ok';
      },
      stop: () => undefined,
    };
  }
}

const countOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
const bytesOf = (count: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, count);
  return bytes;
};

const open = new Set<ChannelPair>();
afterEach(() => {
  for (const pair of open) pair.host.close();
  open.clear();
});

async function stage(): Promise<{ pool: StreamPool; windows: readonly (HostConnection & { pair: ChannelPair })[] }> {
  const pool = new StreamPool(SETUP);
  pool.peers = [MARA];
  const serving = new ClientServer(pool, hostThat({}));
  const window = async (): Promise<HostConnection & { pair: ChannelPair }> => {
    const pair = new ChannelPair();
    open.add(pair);
    serving.attach(pair.host);
    const connection = await connectHost(pair.window);
    await connection.client.join('reef');
    return { ...connection, pair };
  };
  return { pool, windows: [await window(), await window()] };
}

test('a stream that two windows have is open once, as long as one of them has it', async () => {
  const { pool, windows } = await stage();
  const surfaced: [number, string, number][] = [];
  const streams = windows.map(({ client }, at) =>
    client.control({
      ...OPTIONS,
      onFrame: (peer, { count }) => surfaced.push([at, peer, count]),
      onUpdate: (_peer, { count }) => surfaced.push([at, 'update', count]),
    }),
  );
  await until(() => pool.opened.length > 0);
  await windows[1]?.client.settled();
  pool.opened[0]?.onFrame?.(MARA.id, bytesOf(42), INFO);
  pool.opened[0]?.onUpdate?.(MARA.id, bytesOf(43), INFO);
  await until(() => surfaced.length === 4);
  expect(surfaced).toEqual(
    expect.arrayContaining([
      [0, MARA.id, 42],
      [1, MARA.id, 42],
      [0, 'update', 43],
      [1, 'update', 43],
    ]),
  );
  expect(pool.opened).toHaveLength(1);
  expect(pool.opened[0]).toMatchObject({ stream: 7, hz: 200, deadlineMs: 1000 });
  streams[0]?.stop();
  await windows[0]?.client.settled();
  expect(pool.stopped).toBe(0);
  windows[1]?.close();
  await until(() => pool.stopped === 1);
});

test('what a window samples is taken once, by the next poll', async () => {
  const { pool, windows } = await stage();
  let count = 0;
  const stream = windows[0]?.client.control({ ...OPTIONS, source: () => (count < 3 ? { count: ++count } : undefined) });
  const { source } = await until(() => pool.opened[0]);
  if (typeof source !== 'function') throw new Error('expected a source to ask');
  const taken: number[] = [];
  await until(() => {
    const bytes = source();
    if (bytes !== undefined) taken.push(countOf(bytes));
    return taken.at(-1) === 3;
  });
  expect([...new Set(taken)]).toEqual(taken);
  expect(source()).toBeUndefined();
  stream?.update({ count: 9 });
  await until(() => pool.updates.includes(9));
});

test('datagrams reach the windows that listen, by their own schemas', async () => {
  const { pool, windows } = await stage();
  const [one, other] = windows;
  const heard: unknown[] = [];
  const sending = one?.client.datagrams(new Registry().add(PING), (peer, { name, value }) =>
    heard.push([peer, name, value]),
  );
  await one?.client.settled();
  pool.bring(300, bytesOf(7));
  pool.bring(301, bytesOf(8));
  pool.bring(300, new Uint8Array(3));
  await until(() => heard.length > 0);
  await one?.client.settled();
  expect(heard).toEqual([[MARA.id, 'ping', { count: 7 }]]);
  expect(sending?.send(PING, { count: 5 }, { deadlineMs: 100, to: MARA.id })).toBe('ok');
  await until(() => pool.sent.length === 1);
  expect(pool.sent).toEqual([[300, { kind: 'encoded', bytes: bytesOf(5) }, { deadlineMs: 100, to: MARA.id }]]);
  if (one !== undefined) one.pair.window.bufferedBytes = 100_000;
  expect(sending?.send(PING, { count: 6 }, { deadlineMs: 100 })).toBe('blocked');
  expect(other?.pair.messages.length).toBeLessThan(10);
});
