// What moderation does to those who are connected: strikes, bans, kicks and changes of roles at a real server, whose sessions end and
// who comes back.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import type { RunningServer } from '../../../signaling/server.ts';
import { setOperators } from '../../../signaling/store/accounts.ts';
import { exportDeviceKeys, generateDeviceKeys, importDeviceKeys, type DeviceKeys } from '../../../src/keys/identity.ts';
import { AccountsWorld, Browser } from '../accounts/world.ts';
import { startServer } from '../load-server.ts';
import { idOf, privateKeyOf, RawClient } from '../raw-client.ts';
import { DAY_MS, reportedBy, witness, type Witness } from './said.ts';

// Where everybody tests at once, a disk takes its time.
jest.setTimeout(60_000);

let folder: string;
let world: AccountsWorld;
let server: RunningServer;
let olga: Browser;
let crowd: Witness[];
const clients: RawClient[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-moderated-'));
  const over = { proxyHops: 1, revoke: (subject: Parameters<RunningServer['revoke']>[0]) => server.revoke(subject) };
  world = await AccountsWorld.open(() => Promise.resolve({ dataDir: folder }), over);
  server = await startServer({ closeMs: 200, hooks: world.accounts.hooks });
  olga = await Browser.registered(world, 'Olga');
  crowd = await Promise.all([0, 1, 2].map(() => witness(world)));
  await world.database.transact((tx) => setOperators(tx, [olga.account]));
  world.wait(DAY_MS);
});
afterEach(() => {
  for (const client of clients.splice(0)) client.socket.terminate();
});
afterAll(async () => {
  await server.close();
  await world.close();
  await rm(folder, { recursive: true });
});

/** The keys of the device that RawClient calls `letter`. */
async function keysOf(letter: string): Promise<DeviceKeys> {
  const { agreeing } = await exportDeviceKeys(await generateDeviceKeys(true));
  return importDeviceKeys({ signing: privateKeyOf(letter), agreeing });
}

/** What comes of a join: a role, or the code it is closed with. */
async function comesIn(
  letter: string,
  pool: string,
  ticket?: unknown,
): Promise<{ client: RawClient; outcome: string | number }> {
  const client = await RawClient.open(server.url);
  clients.push(client);
  client.join(letter, pool, typeof ticket === 'string' ? ticket : undefined);
  const welcomed = client.next('welcome').then(({ role }) => role);
  return { client, outcome: await Promise.race([welcomed, client.closed]) };
}

const lift = async (kind: string, subject: string): Promise<void> => {
  const path = `/moderation/bans/${kind}/${encodeURIComponent(subject)}`;
  expect(await olga.ask('DELETE', path)).toMatchObject({ status: 200 });
};

test('three strikes, each of which ends the session, are a ban; lifted, it lets in again', async () => {
  const keys = await keysOf('e');
  for (let strike = 0; strike < 3; strike++) {
    const { client, outcome } = await comesIn('e', 'struck');
    expect(outcome).toBe('owner');
    await reportedBy(crowd, keys);
    expect(await client.closed).toBe(4014);
    world.wait(1);
  }
  expect((await comesIn('e', 'struck')).outcome).toBe(4013);
  await lift('device', idOf('e'));
  expect((await comesIn('e', 'struck')).outcome).toBe('owner');
});

test('a banned address is left by all of its devices, and nobody comes in from there', async () => {
  const [a, b] = [await comesIn('a', 'from-there'), await comesIn('b', 'from-there')];
  expect([a.outcome, b.outcome]).toEqual(['owner', 'member']);
  const ban = { kind: 'address', subject: '127.0.0.1/24', hours: 1, reason: 'x' };
  expect(await olga.ask('PUT', '/moderation/bans', ban)).toMatchObject({ status: 200 });
  expect(await Promise.all([a.client.closed, b.client.closed])).toEqual([4014, 4014]);
  expect((await comesIn('c', 'from-there')).outcome).toBe(4013);
  await lift('address', '127.0.0.0/24');
  expect((await comesIn('c', 'from-there')).outcome).toBe('owner');
});

test('who is kicked is out, and may join again', async () => {
  const bob = await Browser.registered(world, 'Bob');
  await bob.bind(await keysOf('d'));
  for (const [letter, subject] of [
    ['a', { kind: 'device', subject: idOf('a') }],
    // By its account, though it came without a ticket.
    ['d', { kind: 'account', subject: bob.account }],
  ] as const) {
    const { client, outcome } = await comesIn(letter, `kicked-${letter}`);
    expect(outcome).toBe('owner');
    expect(await olga.post('/moderation/kick', { ...subject, reason: 'x' })).toMatchObject({ status: 200 });
    expect(await client.closed).toBe(4014);
    expect((await comesIn(letter, `kicked-${letter}`)).outcome).toBe('owner');
  }
});

test('a member whose role changes asks anew at once and has it; one who is removed does not come back', async () => {
  const { browser: ada } = crowd[0] ?? none();
  expect(await ada.post('/pools', { code: 'blue', title: 'Blue', policy: 'invited' })).toMatchObject({ status: 201 });
  const { token } = (await ada.post('/pools/blue/invitations', {})).body;
  const bob = await Browser.registered(world, 'Bob');
  await bob.post('/invitations/accept', { token });
  const { id: device } = await bob.bind(await keysOf('b'));
  const member = `/pools/blue/members/${bob.account}`;
  const ticket = async (): Promise<unknown> => (await bob.post('/ticket', { pool: 'blue', device })).body['ticket'];

  const before = await comesIn('b', 'blue', await ticket());
  expect(before.outcome).toBe('member');
  await ada.ask('PUT', member, { role: 'listener' });
  expect(await before.client.closed).toBe(4012);
  const after = await comesIn('b', 'blue', await ticket());
  expect(after.outcome).toBe('listener');
  // Nothing changes, so nobody is asked.
  await ada.ask('PUT', member, { role: 'listener' });
  expect(await after.client.settle()).toEqual([]);
  await ada.ask('DELETE', member);
  expect(await after.client.closed).toBe(4012);
  expect((await comesIn('b', 'blue', await ticket())).outcome).toBe(4011);
});

function none(): never {
  throw new Error('there is nobody');
}
