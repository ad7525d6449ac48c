// What is not here: what nobody has is said to be missing until somebody brings it, and what is older is fetched by a press.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { WebSocket as NodeWebSocket } from 'ws';
import { PoolClient } from '../../src/client.ts';
import { nodeTransport } from '../../src/io/link-node.ts';
import { FileStore } from '../../src/io/store-files.ts';
import { MemoryTalkStore } from '../../src/io/talk-memory.ts';
import type { EntryRecord } from '../../src/io/talk-store.ts';
import { generateDeviceKeys } from '../../src/keys/identity.ts';
import type { DeviceKeys } from '../../src/client.ts';
import { LIMIT_MS, type World, withWorld } from './support/world.ts';

let world: World;
withWorld((opened) => (world = opened));

/** Keeps everything, and gives none of these numbers away: as a device that leaves before it was asked. */
class WithholdingStore extends MemoryTalkStore {
  withheld: readonly number[] = [];

  override async entries(...args: Parameters<MemoryTalkStore['entries']>): Promise<EntryRecord[]> {
    const found = await super.entries(...args);
    return found.filter(({ seq }) => !this.withheld.includes(seq));
  }
}

/** More than come by themselves. */
const SAID = 620;

interface Device {
  readonly client: PoolClient<string>;
  readonly talk: WithholdingStore;
}

const ends: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(ends.map((end) => end())));

/** A device of a process's own, with what it kept. */
async function device(
  name: string,
  keys: DeviceKeys,
  talk: WithholdingStore = new WithholdingStore(),
): Promise<Device> {
  const into = await mkdtemp(join(tmpdir(), 'rockpool-gaps-'));
  const client = new PoolClient<string>({
    server: `${world.url.replace('http', 'ws')}/ws`,
    name,
    device: 'terminal',
    keys,
    platform: {
      transport: nodeTransport,
      store: new FileStore({ into }),
      webSocket: (url) => new NodeWebSocket(url) as unknown as WebSocket,
      talk,
    },
  });
  ends.push(async () => {
    await client.close();
    await rm(into, { recursive: true, force: true });
  });
  return { client, talk };
}

/** Waits until the page called `name` reads `text`, for a device that is no page. */
async function heard({ client }: Device, text: string): Promise<void> {
  await until(async () => {
    const room = client.talk.rooms.find(({ kind }) => kind === 'pool');
    if (room === undefined) return false;
    const page = await client.talk.page(room.id, 20);
    return page.some((message) => message.text === text);
  });
}

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop -- asked again until it is so; the test's own limit ends it
  while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 50));
}

test(
  'messages that nobody here has are said to be missing, and are there once somebody brings them',
  async () => {
    const pool = world.freshPool();
    const jo = await world.member('Jo', pool);
    const [maraKeys, tomKeys] = [await generateDeviceKeys(false), await generateDeviceKeys(false)];
    const mara = await device('Mara', maraKeys);
    const tom = await device('Tom', tomKeys);
    // All three meet, so that what is said from now on is for all of them.
    await Promise.all([mara.client.join(pool), tom.client.join(pool)]);
    await Promise.all([jo.sees('Mara'), jo.sees('Tom')]);
    await until(() => mara.client.talk.members.length === 3);
    await mara.client.say('one');
    await Promise.all([jo.hears('one'), heard(tom, 'one')]);

    // Jo is away while Mara goes on; Tom hears it, and leaves.
    const context = jo.page.context();
    await jo.page.goto('about:blank');
    await until(() => mara.client.peers.length === 1);
    for (const text of ['two', 'three', 'four']) await mara.client.say(text);
    await heard(tom, 'four');
    const before = (await mara.talk.load(pool, maraKeys.id)).chains.find(({ author }) => author === maraKeys.id);
    const last = before?.ranges.at(-1)?.last ?? 0;
    await tom.client.leave();
    mara.talk.withheld = [last - 2, last - 1, last];

    // Jo is back, Mara says one thing more, and leaves before she gave the rest.
    await jo.page.goto(`${world.url}/#${pool}`);
    await jo.message.waitFor();
    await jo.sees('Mara');
    await mara.client.say('five');
    await jo.hears('five');
    await mara.client.leave();
    const missing = jo.conversation.getByText('3 messages from Mara may be missing. Nobody here has them.');
    await missing.waitFor();
    expect(await jo.conversation.getByText('three', { exact: true }).count()).toBe(0);

    await tom.client.join(pool);
    await jo.hears('three');
    await missing.waitFor({ state: 'hidden' });
    await context.close();
  },
  LIMIT_MS,
);

test(
  'of a long conversation the newest part comes by itself, and the rest by a press',
  async () => {
    const pool = world.freshPool();
    const mara = await device('Mara', await generateDeviceKeys(false));
    await mara.client.join(pool);
    const saying = Array.from({ length: SAID }, (_, at) => mara.client.say(`tide ${at}`));
    await Promise.all(saying);
    const jo = await world.member('Jo', pool);
    await jo.sees('Mara');
    const log = jo.conversation;
    await log.getByText(/^Devices here have \d+ older entries\.$/u).waitFor();
    const more = log.getByRole('button', { name: 'Get more from devices' });
    await more.click();
    await more.waitFor({ state: 'hidden' });
    // What was said before Jo came is not for Jo to read, and now Jo's device knows all of it.
    await log
      .getByText(/sealed messages: the key/u)
      .last()
      .waitFor();
    await mara.client.say('for you too');
    await jo.hears('for you too');
  },
  LIMIT_MS,
);
