// The backhaul with the real server: joining, and joining again by itself after the server was restarted.
import { afterEach, expect, test } from '@jest/globals';
import { WebSocket as NodeWebSocket } from 'ws';
import type { RunningServer } from '../../signaling/server.ts';
import { Backhaul, type BackhaulEvent } from '../../src/io/backhaul.ts';
import { startServer } from './load-server.ts';
import { idOf, joinOf } from './raw-client.ts';

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function start(port = 0): Promise<RunningServer> {
  const server = await startServer({ port, closeMs: 200 });
  cleanups.push(() => server.close());
  return server;
}

/** A device that joins whenever its backhaul is challenged, as the pool does. */
class Device {
  readonly backhaul: Backhaul;
  readonly seen: BackhaulEvent[] = [];
  #wake: () => void = () => {};

  constructor(url: string, letter: string, pool: string) {
    this.backhaul = new Backhaul({
      url: `${url.replace('http', 'ws')}/ws`,
      webSocket: (address) => new NodeWebSocket(address) as unknown as WebSocket,
      onEvent: (event) => {
        if (event.kind === 'message' && event.message.kind === 'challenge')
          this.backhaul.send(joinOf(letter, pool, event.message.nonce));
        this.seen.push(event);
        this.#wake();
      },
      limits: { retryBaseMs: 10, retryMaxMs: 50 },
    });
    cleanups.push(() => this.backhaul.stop());
    this.backhaul.start();
  }

  /** The first event not yet taken that `matches`; those before it are taken too. */
  async until<E extends BackhaulEvent>(matches: (event: BackhaulEvent) => event is E): Promise<E> {
    for (;;) {
      for (let event = this.seen.shift(); event !== undefined; event = this.seen.shift()) {
        if (matches(event)) return event;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

type MessageEvent = Extract<BackhaulEvent, { kind: 'message' }>;
const isWelcome = (event: BackhaulEvent): event is MessageEvent =>
  event.kind === 'message' && event.message.kind === 'welcome';
const isPeerJoined = (event: BackhaulEvent): event is MessageEvent =>
  event.kind === 'message' && event.message.kind === 'peer-joined';
const isWaiting = (event: BackhaulEvent): event is Extract<BackhaulEvent, { kind: 'waiting' }> =>
  event.kind === 'waiting';
const isRefused = (event: BackhaulEvent): event is Extract<BackhaulEvent, { kind: 'refused' }> =>
  event.kind === 'refused';

test('a restarted server is joined again without anyone asking, and both see each other again', async () => {
  const first = await start();
  const a = new Device(first.url, 'a', 'blue');
  await a.until(isWelcome);
  const b = new Device(first.url, 'b', 'blue');
  await b.until(isWelcome);
  await first.close();
  expect(await a.until(isWaiting)).toMatchObject({ reason: 'going-away' });
  await b.until(isWaiting);

  const second = await start(first.port);
  const [forA, forB] = await Promise.all([a.until(isWelcome), b.until(isWelcome)]);
  const rosters = [forA, forB].map(({ message }) => (message.kind === 'welcome' ? message.peers.length : -1));
  // Whoever came second found the first in its welcome; the first was told.
  expect(rosters.sort()).toEqual([0, 1]);
  const told = forA.message.kind === 'welcome' && forA.message.peers.length === 0 ? a : b;
  const { message } = await told.until(isPeerJoined);
  expect(message).toMatchObject({ peer: { id: told === a ? idOf('b') : idOf('a') } });
  expect(second.figures()).toMatchObject({ members: 2, pools: 1 });
});

test('a server that is not there yet is joined when it comes', async () => {
  const first = await start();
  await first.close();
  const a = new Device(first.url, 'a', 'blue');
  await a.until(isWaiting);
  await start(first.port);
  await a.until(isWelcome);
});

test('the same device joining elsewhere ends the first for good', async () => {
  const server = await start();
  const first = new Device(server.url, 'a', 'blue');
  await first.until(isWelcome);
  const second = new Device(server.url, 'a', 'green');
  await second.until(isWelcome);
  expect(await first.until(isRefused)).toEqual({ kind: 'refused', code: 'elsewhere', reason: 'elsewhere' });
  expect(server.figures()).toMatchObject({ members: 1, pools: 1, closed: { elsewhere: 1 } });
});
