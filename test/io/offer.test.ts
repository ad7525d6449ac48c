// What PoolClient leaves in its store when an offer cannot be made: nothing. A real server, a real store, and nobody else.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { WebSocket as NodeWebSocket } from 'ws';
import { generateDeviceKeys } from '../../src/keys/identity.ts';
import { PoolClient } from '../../src/client.ts';
import { FileStore } from '../../src/io/store-files.ts';
import { startServer } from '../signaling/load-server.ts';

/** What is no file and no folder. */
const DEVICE = '/dev/null';

let server: Awaited<ReturnType<typeof startServer>>;
let folder: string;
let file: string;

beforeAll(async () => {
  server = await startServer({ port: 0, closeMs: 200 });
  folder = await mkdtemp(join(tmpdir(), 'rockpool-offer-'));
  file = join(folder, 'fish.bin');
  await writeFile(file, randomBytes(100));
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** Notes what was added, and adds only when it may. */
class NotingStore extends FileStore {
  readonly keys: string[] = [];
  /** Resolved with the way to let it go on when a file is about to be added; undefined: it is not held up. */
  held: ((goOn: () => void) => void) | undefined;
  onRefused: () => void = () => undefined;

  override async add(...args: Parameters<FileStore['add']>): ReturnType<FileStore['add']> {
    if (args[1] !== DEVICE) await new Promise<void>((goOn) => (this.held ?? ((now) => now()))(goOn));
    const facts = await super.add(...args).catch((error: unknown) => {
      this.onRefused();
      throw error;
    });
    this.keys.push(args[0]);
    return facts;
  }

  async holds(key: string): Promise<boolean> {
    return this.hash(key, 0, 1).then(
      () => true,
      () => false,
    );
  }
}

let store: NotingStore;
let client: PoolClient<string>;

beforeEach(async () => {
  store = new NotingStore();
  client = new PoolClient<string>({
    server: `ws://127.0.0.1:${server.port}/ws`,
    name: 'Mara',
    device: 'terminal',
    keys: await generateDeviceKeys(false),
    platform: {
      store,
      transport: () => {
        throw new Error('there is nobody to reach');
      },
      webSocket: (url) => new NodeWebSocket(url) as unknown as WebSocket,
    },
  });
  await client.join('reef');
});

afterEach(async () => {
  await client.leave();
  await store.close();
});

const stillThere = async (): Promise<boolean[]> => Promise.all(store.keys.map((key) => store.holds(key)));

test('what can be offered is kept to be read', async () => {
  await client.offer([file, folder]);
  expect(await stillThere()).toEqual([true, true]);
});

test('with one source that cannot be read, none of the others stays, however late it was added', async () => {
  const held = new Promise<() => void>((resolve) => (store.held = resolve));
  // As soon as whoever offered has heard of it.
  store.onRefused = () => void held.then((goOn) => setImmediate(goOn));
  const offered = client.offer([file, DEVICE]).catch((error: unknown) => error);
  expect(await offered).toMatchObject({ code: 'unreadable' });
  expect(await stillThere()).toEqual([false]);
});

test('what was meant for one pool is not offered in another', async () => {
  const held = new Promise<() => void>((resolve) => (store.held = resolve));
  const offered = client.offer([file]).catch((error: unknown) => String(error));
  const goOn = await held;
  await client.leave();
  await client.join('kelp');
  goOn();
  expect(await offered).toMatch(/left the pool/u);
  expect(client.offers).toEqual([]);
  expect(await stillThere()).toEqual([false]);
});
