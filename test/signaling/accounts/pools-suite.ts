// Pools, roles, invitations and tickets: who may do what, who comes in as what, and what those are told who may not.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { BusError } from '../../../signaling/bus/bus.ts';
import type { JoinAsked, Verdict } from '../../../signaling/hooks.ts';
import { newId, newToken } from '../../../signaling/store/secrets.ts';
import type { DatabasePlace } from '../../../signaling/store/database.ts';
import { AccountsWorld, Browser, refusal, type Answer } from './world.ts';

/** `place`: a new one, empty. */
export function poolsSuite(name: string, place: () => Promise<DatabasePlace>): void {
  describe(`pools over ${name}`, () => {
    let world: AccountsWorld;
    beforeAll(async () => {
      world = await AccountsWorld.open(place);
    });
    afterAll(() => world.close());

    const HOUR_MS = 3_600_000;
    let pools = 0;

    interface Kept {
      readonly ada: Browser;
      readonly pool: string;
    }

    /** A pool of Ada's, with one device of hers. */
    async function aPool(
      policy: string,
      passphrase?: string,
      on: AccountsWorld = world,
    ): Promise<Kept & { device: string }> {
      const ada = await Browser.registered(on);
      const { id: device } = await ada.bind();
      pools += 1;
      const pool = `cove-${pools}`;
      const made = { code: pool, title: 'Cove', policy, ...(passphrase !== undefined && { passphrase }) };
      expect(await ada.post('/pools', made)).toMatchObject({ status: 201 });
      return { ada, pool, device };
    }

    async function invited({ ada, pool }: Kept, name: string, role = 'member'): Promise<Browser> {
      const { token } = (await ada.post(`/pools/${pool}/invitations`, { role })).body;
      const browser = await Browser.registered(world, name);
      expect(await browser.post('/invitations/accept', { token })).toMatchObject({ body: { pool, role } });
      return browser;
    }

    const ask = (browser: Browser, pool: string, device: string, more: object = {}): Promise<Answer> =>
      browser.post('/ticket', { pool, device, ...more });

    const join = (pool: string, device: string, ticket?: unknown, on: AccountsWorld = world): Promise<Verdict> => {
      const asked: JoinAsked = {
        pool,
        device,
        name: 'x',
        kind: 'browser',
        ticket: typeof ticket === 'string' ? ticket : undefined,
        address: '',
      };
      return on.accounts.hooks.authorize(asked, new AbortController().signal);
    };

    describe('a pool', () => {
      test('is its maker’s, and nobody else’s twice', async () => {
        const { ada, pool } = await aPool('invited');
        const { body } = await ada.get('/pools');
        expect(body).toEqual({
          pools: [{ code: pool, title: 'Cove', policy: 'invited', role: 'owner', joinedMs: world.nowMs }],
        });
        const eve = await Browser.registered(world, 'Eve');
        const again = { code: pool, title: 'Mine', policy: 'open' };
        expect(await eve.post('/pools', again)).toMatchObject(refusal(409, 'duplicate'));
        expect(await eve.get(`/pools/${pool}`)).toMatchObject(refusal(404, 'not-found'));
      });

      test('that others are in is not taken from them', async () => {
        const [ada, eve] = [await Browser.registered(world), await Browser.registered(world, 'Eve')];
        const { id } = await ada.bind();
        world.present.set('lively', [{ id, role: 'owner' }]);
        const made = { code: 'lively', title: 'x', policy: 'invited' };
        expect(await eve.post('/pools', made)).toMatchObject(refusal(409, 'occupied'));
        expect(await ada.post('/pools', made)).toMatchObject({ status: 201 });
        expect(await eve.post('/pools', { ...made, code: 'lively-2' })).toMatchObject({ status: 201 });
      });

      test('of which nobody can say who is in it is nobody’s yet', async () => {
        const presentIn = (): Promise<never> => Promise.reject(new BusError('the bus is not reached'));
        const alone = await AccountsWorld.open(place, { presentIn });
        const eve = await Browser.registered(alone, 'Eve');
        const made = { code: 'lively', title: 'x', policy: 'invited' };
        expect(await eve.post('/pools', made)).toMatchObject(refusal(503, 'busy'));
        expect(await eve.get('/pools/lively')).toMatchObject(refusal(404, 'not-found'));
        await alone.close();
      });

      test('is an owner’s to change; a member sees it, a stranger does not know of it', async () => {
        const kept = await aPool('invited');
        const { ada, pool } = kept;
        const bob = await invited(kept, 'Bob', 'listener');
        const eve = await Browser.registered(world, 'Eve');
        expect((await bob.get(`/pools/${pool}`)).body).toMatchObject({
          role: 'listener',
          members: expect.arrayContaining([
            expect.objectContaining({ account: ada.account, name: 'Ada', role: 'owner' }),
          ]),
        });
        const change = { title: 'Mine', policy: 'open' };
        const role = { role: 'owner' };
        for (const [who, answer] of [
          [bob, refusal(403, 'forbidden')],
          [eve, refusal(404, 'not-found')],
        ] as const) {
          expect(await who.ask('PATCH', `/pools/${pool}`, change)).toMatchObject(answer);
          expect(await who.ask('DELETE', `/pools/${pool}`)).toMatchObject(answer);
          expect(await who.ask('PUT', `/pools/${pool}/members/${bob.account}`, role)).toMatchObject(answer);
          expect(await who.ask('DELETE', `/pools/${pool}/members/${ada.account}`)).toMatchObject(answer);
          expect(await who.get(`/pools/${pool}/invitations`)).toMatchObject(answer);
          expect(await who.post(`/pools/${pool}/invitations`, {})).toMatchObject(answer);
        }
        expect(await ada.ask('DELETE', `/pools/${pool}/members/${ada.account}`)).toMatchObject(
          refusal(409, 'last-owner'),
        );
        expect(await ada.ask('PUT', `/pools/${pool}/members/${bob.account}`, role)).toMatchObject({ status: 200 });
        expect(await ada.ask('DELETE', `/pools/${pool}/members/${ada.account}`)).toMatchObject({ status: 200 });
        expect(await bob.ask('PATCH', `/pools/${pool}`, change)).toMatchObject({ status: 200 });
        expect(await bob.ask('DELETE', `/pools/${pool}`)).toMatchObject({ status: 200 });
        expect((await bob.get('/pools')).body).toEqual({ pools: [] });
      });
    });

    describe('an invitation', () => {
      test('has so many uses, and an end', async () => {
        const { ada, pool } = await aPool('invited');
        const { token } = (await ada.post(`/pools/${pool}/invitations`, { uses: 1, hours: 1 })).body;
        const [bob, eve] = [await Browser.registered(world, 'Bob'), await Browser.registered(world, 'Eve')];
        expect(await bob.post('/invitations/accept', { token })).toMatchObject({ status: 200 });
        expect(await eve.post('/invitations/accept', { token })).toMatchObject(refusal(403, 'invitation'));
        const late = (await ada.post(`/pools/${pool}/invitations`, { hours: 1 })).body['token'];
        world.wait(HOUR_MS);
        expect(await eve.post('/invitations/accept', { token: late })).toMatchObject(refusal(403, 'invitation'));
        expect(await eve.post('/invitations/accept', { token: newToken() })).toMatchObject(refusal(403, 'invitation'));
      });

      test('is taken back, and makes no owners', async () => {
        const { ada, pool } = await aPool('invited');
        const { token } = (await ada.post(`/pools/${pool}/invitations`)).body;
        const [{ id }] = (await ada.get(`/pools/${pool}/invitations`)).body['invitations'] as [{ id: string }];
        expect(await ada.ask('DELETE', `/pools/${pool}/invitations/${id}`)).toMatchObject({ status: 200 });
        const eve = await Browser.registered(world, 'Eve');
        expect(await eve.post('/invitations/accept', { token })).toMatchObject(refusal(403, 'invitation'));
        const wrong = await ada.post(`/pools/${pool}/invitations`, { role: 'owner' });
        expect(wrong).toMatchObject(refusal(400, 'bad-request'));
      });

      test('that comes with a request for a ticket makes a member on the way', async () => {
        const { ada, pool } = await aPool('invited');
        const { token } = (await ada.post(`/pools/${pool}/invitations`, { role: 'listener' })).body;
        const bob = await Browser.registered(world, 'Bob');
        const { id } = await bob.bind();
        expect(await ask(bob, pool, id)).toMatchObject(refusal(403, 'not-invited'));
        expect(await ask(bob, 'cove-other', id, { invitation: token })).toMatchObject(refusal(403, 'invitation'));
        const { ticket } = (await ask(bob, pool, id, { invitation: token })).body;
        expect(await join(pool, id, ticket)).toMatchObject({
          kind: 'admitted',
          role: 'listener',
          account: bob.account,
        });
        expect(await ask(bob, pool, id)).toMatchObject({ status: 200 });
        expect(await ask(bob, pool, id, { invitation: token })).toMatchObject({ status: 200 });
      });
    });

    describe('a pool for the invited', () => {
      test('lets members in with a ticket, as what they are, once each', async () => {
        const { ada, pool, device } = await aPool('invited');
        const { ticket } = (await ask(ada, pool, device)).body;
        const admitted = { kind: 'admitted', role: 'owner', account: ada.account };
        expect(await join(pool, device, ticket)).toMatchObject(admitted);
        expect(await join(pool, device, ticket)).toEqual({ kind: 'refused', code: 'ticket' });
        const [other, late, elsewhere] = [newId(), ...(await Promise.all([0, 1].map(() => ask(ada, pool, device))))];
        expect(await join(pool, other, elsewhere?.body['ticket'])).toEqual({ kind: 'refused', code: 'ticket' });
        expect(await join('cove-0', device, elsewhere?.body['ticket'])).toEqual({ kind: 'refused', code: 'ticket' });
        world.wait(66_000);
        expect(await join(pool, device, late?.body['ticket'])).toEqual({ kind: 'refused', code: 'expired' });
      });

      test('lets nobody else in', async () => {
        const { pool } = await aPool('invited');
        const guest = new Browser(world);
        expect(await ask(guest, pool, newId())).toMatchObject(refusal(401, 'signed-out'));
        expect(await join(pool, newId())).toEqual({ kind: 'refused', code: 'ticket' });
        expect(await join(pool, newId(), 'no.ticket.atall')).toEqual({ kind: 'refused', code: 'ticket' });
      });

      test('knows an account by its own devices alone', async () => {
        const { ada, pool } = await aPool('invited');
        expect(await ask(ada, pool, newId())).toMatchObject(refusal(409, 'device-unknown'));
      });

      test('goes by what somebody is when he joins, whatever his ticket says', async () => {
        const kept = await aPool('invited');
        const { ada, pool } = kept;
        const bob = await invited(kept, 'Bob', 'listener');
        const { id } = await bob.bind();
        const member = `/pools/${pool}/members/${bob.account}`;
        await ada.ask('PUT', member, { role: 'owner' });
        const [asOwner, another, last] = await Promise.all([0, 1, 2].map(() => ask(bob, pool, id)));
        await ada.ask('PUT', member, { role: 'listener' });
        expect(await join(pool, id, asOwner?.body['ticket'])).toMatchObject({ kind: 'admitted', role: 'listener' });
        await ada.ask('DELETE', member);
        expect(await join(pool, id, another?.body['ticket'])).toEqual({ kind: 'refused', code: 'expired' });
        await ada.ask('PATCH', `/pools/${pool}`, { title: 'Cove', policy: 'open' });
        expect(await join(pool, id, last?.body['ticket'])).toMatchObject({ kind: 'admitted', role: 'member' });
      });

      test('lets in no guest with a ticket from when it had a passphrase', async () => {
        const { ada, pool } = await aPool('passphrase', 'fjord');
        const id = newId();
        const { ticket } = (await ask(new Browser(world), pool, id, { passphrase: 'fjord' })).body;
        await ada.ask('PATCH', `/pools/${pool}`, { title: 'Cove', policy: 'invited' });
        expect(await join(pool, id, ticket)).toEqual({ kind: 'refused', code: 'expired' });
      });

      test('refuses a ticket that is younger than its device’s end', async () => {
        const { ada, pool, device } = await aPool('invited');
        const { ticket } = (await ask(ada, pool, device)).body;
        await ada.ask('DELETE', `/devices/${device}`);
        expect(await join(pool, device, ticket)).toEqual({ kind: 'refused', code: 'denied' });
      });
    });

    describe('a pool with a passphrase', () => {
      test('asks guests for it, and whoever has it is a member', async () => {
        const { ada, pool, device } = await aPool('passphrase', 'fjord näht');
        const guest = new Browser(world);
        const id = newId();
        expect(await ask(guest, pool, id)).toMatchObject(refusal(403, 'passphrase-needed'));
        expect(await ask(guest, pool, id, { passphrase: 'fjord' })).toMatchObject(refusal(403, 'passphrase-wrong'));
        for (let i = 0; i < 2; i++) {
          const { ticket } = (await ask(guest, pool, id, { passphrase: 'fjord na\u0308ht' })).body;
          const verdict = await join(pool, id, ticket);
          expect(verdict).toMatchObject({ kind: 'admitted', role: 'member' });
          expect(verdict).not.toHaveProperty('account');
        }
        expect(await join(pool, id)).toEqual({ kind: 'refused', code: 'ticket' });
        const { ticket } = (await ask(ada, pool, device)).body;
        expect(await join(pool, device, ticket)).toMatchObject({ kind: 'admitted', role: 'owner' });
      });

      test('has one, and the old one is worth nothing once there is another', async () => {
        const { ada, pool } = await aPool('passphrase', 'first');
        const change = { title: 'Cove', policy: 'passphrase' };
        const guest = new Browser(world);
        expect(await ada.ask('PATCH', `/pools/${pool}`, change)).toMatchObject({ status: 200 });
        expect(await ask(guest, pool, newId(), { passphrase: 'first' })).toMatchObject({ status: 200 });
        await ada.ask('PATCH', `/pools/${pool}`, { ...change, passphrase: 'second' });
        expect(await ask(guest, pool, newId(), { passphrase: 'first' })).toMatchObject(
          refusal(403, 'passphrase-wrong'),
        );
        const without = { code: 'cove-without', title: 'x', policy: 'passphrase' };
        expect(await ada.post('/pools', without)).toMatchObject(refusal(403, 'passphrase-needed'));
      });
    });

    describe('guests', () => {
      test('come into open pools without a ticket: as members of one that somebody keeps', async () => {
        const { pool } = await aPool('open');
        const guest = new Browser(world);
        expect((await ask(guest, pool, newId())).body).toEqual({ ticket: null });
        expect((await ask(guest, 'nobodys', newId())).body).toEqual({ ticket: null });
        expect(await join(pool, newId())).toEqual({ kind: 'admitted', zones: [], role: 'member' });
        expect(await join('nobodys', newId())).toEqual({ kind: 'admitted', zones: [] });
      });

      test('stay outside where the operator says so; accounts own what nobody keeps by coming first', async () => {
        const strict = await AccountsWorld.open(place, { guests: false });
        try {
          const { ada, device } = await aPool('open', undefined, strict);
          const guest = new Browser(strict);
          expect(await ask(guest, 'nobodys', newId())).toMatchObject(refusal(401, 'signed-out'));
          expect(await join('nobodys', newId(), undefined, strict)).toEqual({ kind: 'refused', code: 'ticket' });
          const { ticket } = (await ask(ada, 'nobodys', device)).body;
          const verdict = await join('nobodys', device, ticket, strict);
          expect(verdict).toMatchObject({ kind: 'admitted', account: ada.account });
          expect(verdict).not.toHaveProperty('role');
        } finally {
          await strict.close();
        }
      });
    });
  });
}
