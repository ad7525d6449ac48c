// Session hooks under the real server: what they are asked and told, and that whatever they do harms nobody else.
import { afterEach, describe, expect, test } from '@jest/globals';
import { openHooks, type JoinAsked, type SessionHooks, type Subject, type Verdict } from '../../signaling/hooks.ts';
import type { RunningServer, ServerOptions } from '../../signaling/server.ts';
import { startServer } from './load-server.ts';
import { idOf, RawClient } from './raw-client.ts';

const running: RunningServer[] = [];
const clients: RawClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate();
  await Promise.all(running.splice(0).map((server) => server.close()));
});

async function start(hooks: Partial<SessionHooks>, options: ServerOptions = {}): Promise<RunningServer> {
  const server = await startServer({ closeMs: 200, hooks: { ...openHooks, ...hooks }, ...options });
  running.push(server);
  return server;
}

/** Opens and asks to join, whatever comes of it. */
async function ask(server: RunningServer, letter: string, pool: string, ticket?: string): Promise<RawClient> {
  const client = await RawClient.open(server.url);
  clients.push(client);
  client.join(letter, pool, ticket);
  return client;
}

const admit = (change: object = {}): Promise<Verdict> => Promise.resolve({ kind: 'admitted', zones: [], ...change });

/** Admits everybody but the device called `m`, of whom it does `what`. */
const exceptM =
  (what: (asked: JoinAsked) => Promise<Verdict>) =>
  (asked: JoinAsked): Promise<Verdict> =>
    asked.device === idOf('m') ? what(asked) : admit();

describe('authorize', () => {
  test('is asked who it is, where to, and with what', async () => {
    const asked: JoinAsked[] = [];
    const server = await start({ authorize: (question) => (asked.push(question), admit({ role: 'listener' })) });
    const a = await ask(server, 'a', 'blue', 'a-ticket');
    expect(await a.next('welcome')).toMatchObject({ role: 'listener' });
    const ticket = 'a-ticket';
    expect(asked).toEqual([
      { pool: 'blue', device: idOf('a'), name: 'a', kind: 'terminal', ticket, address: '127.0.0.1' },
    ]);
  });

  test('is not asked about a device that has not signed, nor again when one joins anew where it is', async () => {
    let asked = 0;
    const server = await start({ authorize: () => ((asked += 1), admit()) });
    const forger = await RawClient.open(server.url);
    clients.push(forger);
    forger.nonce = new Uint8Array(32);
    forger.join('a', 'blue');
    expect(await forger.closed).toBe(4008);
    expect(asked).toBe(0);
    const a = await ask(server, 'a', 'blue');
    for (let i = 0; i < 3; i++) {
      await a.next('welcome');
      a.join('a', 'blue');
    }
    await a.next('welcome');
    expect(asked).toBe(1);
    a.say({ kind: 'leave' });
    a.join('a', 'blue');
    await a.next('welcome');
    a.join('a', 'green');
    await a.next('welcome');
    expect(asked).toBe(3);
  });

  test.each<[number, string, Verdict]>([
    [4011, 'ticket', { kind: 'refused', code: 'ticket' }],
    [4012, 'expired', { kind: 'refused', code: 'expired' }],
    [4013, 'denied', { kind: 'refused', code: 'denied' }],
    [4009, 'busy 7000', { kind: 'refused', code: 'busy', retryMs: 7_000 }],
  ])('that refuses closes with %d, %s', async (code, reason, verdict) => {
    const server = await start({ authorize: exceptM(() => Promise.resolve(verdict)) });
    const [m, a] = [await ask(server, 'm', 'blue'), await ask(server, 'a', 'blue')];
    expect(await m.closed).toBe(code);
    expect(m.reason).toBe(reason);
    await a.next('welcome');
  });

  test.each<[string, (asked: JoinAsked) => Promise<Verdict>]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    ['never answers', () => new Promise(() => {})],
    ['says a time that is none', () => admit({ untilMs: Number.NaN })],
  ])('that %s refuses with `unavailable`, and nobody else waits', async (_what, authorize) => {
    const server = await start({ authorize: exceptM(authorize) }, { authorizeMs: 150 });
    const m = await ask(server, 'm', 'blue');
    const a = await ask(server, 'a', 'blue');
    await a.next('welcome');
    expect(await m.closed).toBe(4010);
    expect(await a.settle()).toEqual([]);
  });

  test('is told when nobody waits for its answer any more', async () => {
    let aborted: unknown;
    const authorize: SessionHooks['authorize'] = (_asked, signal) =>
      new Promise(() => signal.addEventListener('abort', () => (aborted = signal.aborted)));
    const server = await start({ authorize }, { authorizeMs: 50 });
    const a = await ask(server, 'a', 'blue');
    expect(await a.closed).toBe(4010);
    expect(aborted).toBe(true);
  });

  test('admits until a time, and then the device may ask again', async () => {
    const server = await start({ authorize: () => admit({ untilMs: Date.now() + 300 }) }, { limits: { sweepMs: 10 } });
    const a = await ask(server, 'a', 'blue');
    await a.next('welcome');
    expect(await a.closed).toBe(4012);
    await (await ask(server, 'a', 'blue')).next('welcome');
  });
});

describe('onJoin and onLeave', () => {
  test('are told of places taken and given up, and a mistake of theirs stays theirs', async () => {
    const told: string[] = [];
    const server = await start({
      authorize: () => admit({ account: 'ada', zones: ['staff'] }),
      onJoin: ({ pool, member, grant }) => {
        told.push(`${member.name} in ${pool} as ${grant.account} of ${grant.zones.join()}`);
        throw new Error('a mistake');
      },
      onLeave: ({ member }, why) => {
        told.push(`${member.name} ${why}`);
        throw new Error('a mistake');
      },
    });
    const [a, b] = [await ask(server, 'a', 'blue'), await ask(server, 'b', 'blue')];
    await a.next('welcome');
    await b.next('welcome');
    a.say({ kind: 'leave' });
    await a.settle();
    expect(told.sort()).toEqual(['a in blue as ada of staff', 'a left', 'b in blue as ada of staff']);
  });
});

describe('revoke', () => {
  test('closes every device of an account, and tells the others that they are gone', async () => {
    const server = await start({ authorize: ({ name }) => admit({ account: name === 'c' ? 'cy' : 'ada' }) });
    const all = [];
    for (const letter of ['a', 'b', 'c']) all.push(await ask(server, letter, letter === 'b' ? 'green' : 'blue'));
    const [a, b, c] = all;
    if (a === undefined || b === undefined || c === undefined) throw new Error('three were asked');
    for (const client of all) await client.next('welcome');
    server.revoke({ account: 'ada' });
    expect(await Promise.all([a.closed, b.closed])).toEqual([4014, 4014]);
    const told = await c.settle();
    expect(told.at(-1)).toEqual({ kind: 'peer-left', id: idOf('a'), lost: false });
    expect(server.figures()).toMatchObject({ members: 1, away: 0 });
  });

  test('of an account in one pool has its devices there asked anew, and leaves the others alone', async () => {
    const server = await start({ authorize: () => admit({ account: 'ada' }) });
    const [a, b] = [await ask(server, 'a', 'blue'), await ask(server, 'b', 'green')];
    for (const client of [a, b]) await client.next('welcome');
    server.revoke({ account: 'ada', pool: 'blue' });
    expect(await a.closed).toBe(4012);
    expect(await b.settle()).toEqual([]);
  });

  test('of an address closes whoever comes from there, in a pool or not, and nobody else', async () => {
    const server = await start({ authorize: () => admit({}) }, { proxyHops: 1 });
    const from = (address: string): Promise<RawClient> =>
      RawClient.open(server.url, { headers: { 'x-forwarded-for': address } });
    const [a, b, c] = [await from('192.0.2.7'), await from('192.0.2.200'), await from('192.0.3.7')];
    a.join('a', 'blue');
    c.join('c', 'blue');
    for (const client of [a, c]) await client.next('welcome');
    server.revoke({ address: '192.0.2.0/24' });
    expect(await Promise.all([a.closed, b.closed])).toEqual([4014, 4014]);
    expect((await c.settle()).at(-1)).toEqual({ kind: 'peer-left', id: idOf('a'), lost: false });
  });

  test.each<[Subject, number]>([
    [{ account: 'ada' }, 4014],
    [{ account: 'ada', pool: 'blue' }, 4012],
    [{ address: '127.0.0.1/32' }, 4014],
  ])('of %j comes before the answer to who asks just then', async (subject, code) => {
    let answer: (verdict: Verdict) => void = () => {};
    let asked: () => void = () => {};
    const question = new Promise<void>((resolve) => (asked = resolve));
    const server = await start({
      authorize: () => {
        asked();
        return new Promise((resolve) => (answer = resolve));
      },
    });
    const a = await ask(server, 'a', 'blue');
    await question;
    server.revoke(subject);
    answer({ kind: 'admitted', zones: [], account: 'ada' });
    expect(await a.closed).toBe(code);
    expect(server.figures()).toMatchObject({ joins: 0 });
  });
});
