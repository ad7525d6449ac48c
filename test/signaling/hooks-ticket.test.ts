// The built-in session manager: tickets, each good once; bans that are pushed; guests where they are allowed.
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, type CryptoKey, type JSONWebKeySet } from 'jose';
import type { JoinAsked } from '../../signaling/hooks.ts';
import { BanList, ticketHooks, type TicketOptions } from '../../signaling/hooks-ticket.ts';
import { signTicket, TICKET_MS, TICKET_SKEW_MS, type Ticket } from '../../src/keys/ticket.ts';
import type { RunningServer } from '../../signaling/server.ts';
import { startServer } from './load-server.ts';
import { idOf, RawClient } from './raw-client.ts';

const audience = 'https://pool.example';
let keys: JSONWebKeySet;
let key: CryptoKey;
let tickets = 0;

beforeAll(async () => {
  const pair = await generateKeyPair('EdDSA');
  key = pair.privateKey;
  keys = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k1' }] };
});

const running: RunningServer[] = [];
const clients: RawClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate();
  await Promise.all(running.splice(0).map((server) => server.close()));
});

function ticketFor(letter: string, change: Partial<Ticket> = {}): Promise<string> {
  const issuedMs = Math.floor(Date.now() / 1000) * 1000;
  const device = idOf(letter);
  const ticket = { audience, pool: 'blue', device, account: letter, role: 'member', zones: [] } as const;
  return signTicket(key, 'k1', {
    ...ticket,
    id: `t${tickets++}`,
    issuedMs,
    expiresMs: issuedMs + TICKET_MS,
    ...change,
  });
}

const askedBy = (letter: string, ticket?: string): JoinAsked => ({
  pool: 'blue',
  device: idOf(letter),
  name: letter,
  kind: 'terminal',
  ticket,
  address: '192.0.2.1',
});

/** What the hooks say of a join. */
const verdictOf = (options: Partial<TicketOptions>, asked: JoinAsked) =>
  ticketHooks({ keys, audience, ...options }).authorize(asked, new AbortController().signal);

describe('under the real server', () => {
  async function start(options: Partial<TicketOptions> = {}): Promise<RunningServer> {
    const server = await startServer({ closeMs: 200, hooks: ticketHooks({ keys, audience, ...options }) });
    running.push(server);
    return server;
  }

  async function ask(server: RunningServer, letter: string, ticket?: string): Promise<RawClient> {
    const client = await RawClient.open(server.url);
    clients.push(client);
    client.join(letter, 'blue', ticket);
    return client;
  }

  test('a ticket lets its device in with its role, which the others see', async () => {
    const server = await start();
    const a = await ask(server, 'a', await ticketFor('a', { role: 'owner' }));
    expect(await a.next('welcome')).toMatchObject({ role: 'owner' });
    const b = await ask(server, 'b', await ticketFor('b', { role: 'listener' }));
    expect(await b.next('welcome')).toMatchObject({ role: 'listener', peers: [{ role: 'owner' }] });
    expect(await a.next('peer-joined')).toMatchObject({ peer: { role: 'listener' } });
  });

  test('who took another’s ticket is not let in, for it cannot sign as that device', async () => {
    const server = await start();
    const thief = await ask(server, 'b', await ticketFor('a'));
    expect(await thief.closed).toBe(4011);
  });

  test('no ticket, and a ticket that was used, are refused with `ticket`', async () => {
    const server = await start();
    expect(await (await ask(server, 'a')).closed).toBe(4011);
    const ticket = await ticketFor('a');
    await (await ask(server, 'a', ticket)).next('welcome');
    expect(await (await ask(server, 'a', ticket)).closed).toBe(4011);
  });
});

test('a ticket is good once, until it would have run out anywhere; then it has', async () => {
  let now = Date.now();
  const hooks = ticketHooks({ keys, audience, nowMs: () => now });
  const { signal } = new AbortController();
  const ticket = await ticketFor('a');
  const again = () => hooks.authorize(askedBy('a', ticket), signal);
  expect(await again()).toMatchObject({ kind: 'admitted', account: 'a', role: 'member' });
  for (let waited = 0; waited < 2 * TICKET_MS; waited += TICKET_MS / 4) {
    expect(await again()).toMatchObject({ kind: 'refused' });
    now += TICKET_MS / 4;
    await hooks.authorize(askedBy('a', await ticketFor('a', { issuedMs: 1000 * Math.floor(now / 1000) })), signal);
  }
  now = Date.now() + TICKET_MS + 2 * TICKET_SKEW_MS;
  expect(await again()).toEqual({ kind: 'refused', code: 'expired' });
});

describe('a ban', () => {
  test.each([
    ['account', { account: 'a' }],
    ['device', { device: idOf('a') }],
  ])(
    'of an %s, pushed at any time, refuses with `denied` whatever is brought, until it is lifted',
    async (_what, subject) => {
      const bans = new BanList();
      const { signal } = new AbortController();
      const hooks = ticketHooks({ keys, audience, bans, guests: {} });
      const answers = async () => [
        await hooks.authorize(askedBy('a', await ticketFor('a')), signal),
        await hooks.authorize(askedBy('b', await ticketFor('b')), signal),
      ];
      const admitted = expect.objectContaining({ kind: 'admitted' });
      expect(await answers()).toEqual([admitted, admitted]);
      bans.add(subject);
      expect(await answers()).toEqual([{ kind: 'refused', code: 'denied' }, admitted]);
      bans.replace([{ account: 'b' }]);
      expect(await answers()).toEqual([admitted, { kind: 'refused', code: 'denied' }]);
      bans.remove({ account: 'b' });
      expect(await answers()).toEqual([admitted, admitted]);
    },
  );

  test('of a device holds for it as a guest too', async () => {
    const bans = new BanList();
    bans.add({ device: idOf('a') });
    expect(await verdictOf({ bans, guests: {} }, askedBy('a'))).toEqual({ kind: 'refused', code: 'denied' });
    expect(await verdictOf({ bans, guests: {} }, askedBy('b'))).toMatchObject({ kind: 'admitted' });
  });
});

describe('a guest', () => {
  test('is let in where that is allowed, in the role that is', async () => {
    expect(await verdictOf({}, askedBy('a'))).toEqual({ kind: 'refused', code: 'ticket' });
    expect(await verdictOf({ guests: {} }, askedBy('a'))).toEqual({ kind: 'admitted', zones: [] });
    const listener = { kind: 'admitted', zones: [], role: 'listener' };
    expect(await verdictOf({ guests: { role: 'listener' } }, askedBy('a'))).toEqual(listener);
  });

  test('is not who brings a bad ticket', async () => {
    expect(await verdictOf({ guests: {} }, askedBy('a', 'bad'))).toEqual({ kind: 'refused', code: 'ticket' });
  });
});

test('a session lasts as long as was said, and no option is out of its range', async () => {
  const nowMs = Date.now();
  const verdict = await verdictOf({ sessionMs: 60_000, nowMs: () => nowMs }, askedBy('a', await ticketFor('a')));
  expect(verdict).toMatchObject({ untilMs: nowMs + 60_000 });
  expect(() => ticketHooks({ keys, audience, sessionMs: 59_999 })).toThrow(RangeError);
});
