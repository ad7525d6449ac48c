// What stands before every route: other sites, wrong shapes, too much, too often, and texts that look like SQL.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SQL_TEXT } from '../store/rows.ts';
import type { DatabasePlace } from '../../../signaling/store/database.ts';
import { AccountsWorld, Browser, ORIGIN, refusal, type Method } from './world.ts';

/** `place`: a new one, empty. */
export function guardsSuite(name: string, place: () => Promise<DatabasePlace>): void {
  describe(`guards over ${name}`, () => {
    let world: AccountsWorld;
    let ada: Browser;
    beforeAll(async () => {
      world = await AccountsWorld.open(place);
      ada = await Browser.registered(world);
    });
    afterAll(() => world.close());

    const ID = '0'.repeat(32);
    const TOKEN = 'A'.repeat(43);

    /** All that write, each with a body that would do. */
    const WRITES: readonly (readonly [Method, string, object?])[] = [
      ['POST', '/register/options', { name: 'x' }],
      ['POST', '/register', {}],
      ['POST', '/sign-in/options'],
      ['POST', '/sign-in', {}],
      ['POST', '/recover', { code: 'x' }],
      ['POST', '/links'],
      ['POST', '/links/use', { code: 'x' }],
      ['POST', '/sign-out'],
      ['PATCH', '/me', { name: 'x' }],
      ['DELETE', '/me'],
      ['PUT', '/me/avatar'],
      ['DELETE', '/me/avatar'],
      ['POST', '/passkeys/options'],
      ['POST', '/passkeys', {}],
      ['PATCH', `/passkeys/${TOKEN}`, { name: 'x' }],
      ['DELETE', `/passkeys/${TOKEN}`],
      ['POST', '/recovery-codes'],
      ['POST', '/devices/nonce'],
      ['POST', '/devices', {}],
      ['PATCH', `/devices/${ID}`, { name: 'x' }],
      ['DELETE', `/devices/${ID}`],
      ['POST', '/pools', { code: 'guarded', title: 'x', policy: 'open' }],
      ['PATCH', '/pools/guarded', { title: 'x', policy: 'open' }],
      ['DELETE', '/pools/guarded'],
      ['PUT', `/pools/guarded/members/${ID}`, { role: 'owner' }],
      ['DELETE', `/pools/guarded/members/${ID}`],
      ['POST', '/pools/guarded/invitations', {}],
      ['DELETE', `/pools/guarded/invitations/${TOKEN}`],
      ['POST', '/invitations/accept', { token: TOKEN }],
      ['POST', '/ticket', { pool: 'guarded', device: ID }],
      ['POST', '/reports/nonce'],
      ['POST', '/reports', {}],
      ['POST', `/moderation/reports/${ID}`, { verdict: 'uphold', note: '' }],
      ['PUT', '/moderation/bans', { kind: 'device', subject: ID, hours: 1, reason: 'x' }],
      ['DELETE', `/moderation/bans/device/${ID}`],
      ['POST', '/moderation/kick', { kind: 'device', subject: ID, reason: 'x' }],
    ];
    /** Those that nobody needs to be signed in for. */
    const PUBLIC = /^\/(?:register|sign-in|sign-out|recover$|links\/use|ticket|reports)/u;

    describe('another site', () => {
      test.each([
        ['of another host', 'https://evil.example'],
        ['of a host that ends alike', 'https://evil-pool.example'],
        ['of another port', 'https://pool.example:8443'],
        ['that hides who it is', 'null'],
        ['that is none', 'pool.example'],
      ])('%s writes nothing', async (_what, origin) => {
        for (const [method, path, body] of WRITES) {
          const answer = await ada.ask(method, path, body, { origin });
          expect({ path, ...answer }).toMatchObject({ path, ...refusal(403, 'origin') });
        }
        expect(await ada.get('/me')).toMatchObject({ status: 200 });
      });

      test('does not pass by headers that name us', async () => {
        const headers = {
          origin: 'https://evil.example',
          'x-forwarded-host': 'evil.example',
          forwarded: 'host=evil.example',
        };
        expect(await ada.ask('PATCH', '/me', { name: 'x' }, headers)).toMatchObject(refusal(403, 'origin'));
      });

      test('is refused also when it says nothing of itself', async () => {
        const { cookie } = ada;
        const headers = { host: 'pool.example', cookie, 'content-type': 'application/json' };
        const answer = await world.ask({ method: 'PATCH', path: '/api/me', headers, body: '{"name":"x"}' });
        expect(answer).toMatchObject(refusal(403, 'origin'));
      });

      test('is told nothing by a cookie of another name or shape', async () => {
        const [name, token = ''] = ada.cookie.split('=');
        expect(name).toBe('__Host-rockpool');
        for (const cookie of [`rockpool=${token}`, `${name}=${token}x`, `x=${name}=${token}`, `${name}=' OR 1=1`]) {
          expect(await ada.ask('GET', '/me', undefined, { cookie })).toMatchObject(refusal(401, 'signed-out'));
        }
      });
    });

    test('nobody writes who is not signed in', async () => {
      const stranger = new Browser(world);
      const own = WRITES.filter(([, path]) => !PUBLIC.test(path));
      expect(own.length).toBeGreaterThan(20);
      for (const [method, path, body] of own) {
        expect({ path, ...(await stranger.ask(method, path, body)) }).toMatchObject(refusal(401, 'signed-out'));
      }
      for (const path of ['/me', '/devices', '/pools', '/pools/guarded', '/pools/guarded/invitations']) {
        expect({ path, ...(await stranger.get(path)) }).toMatchObject(refusal(401, 'signed-out'));
      }
    });

    describe('a request', () => {
      test.each([
        ['half of JSON', '{"name":', 400, 'bad-request'],
        ['no object', '"name"', 400, 'bad-request'],
        ['a field too many', '{"name":"x","tier":"operator"}', 400, 'bad-request'],
        ['a prototype', '{"name":"x","__proto__":{"tier":"operator"}}', 400, 'bad-request'],
        ['5 KB', JSON.stringify({ name: 'x'.repeat(5000) }), 413, 'too-large'],
      ])('of %s is refused', async (_what, body, status, code) => {
        expect(await ada.ask('PATCH', '/me', body)).toMatchObject(refusal(status, code));
      });

      test('of another type is refused: a form of another site could send it', async () => {
        for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
          const answer = await ada.ask('PATCH', '/me', '{"name":"x"}', { 'content-type': type });
          expect(answer).toMatchObject(refusal(415, 'media-type'));
        }
      });

      test.each([
        '/nowhere',
        '/me/../me/nothing',
        '/devices/..%2f..%2fme',
        '//me',
        '/pools/%00',
        '/pools/A%20B',
        '/me;x',
      ])('for %s finds nothing', async (path) => {
        const { status, body } = await ada.get(path);
        expect([400, 404]).toContain(status);
        expect(body).toEqual({ code: status === 404 ? 'not-found' : 'bad-request', message: expect.any(String) });
      });

      test('says in its answer that it is not to be kept', async () => {
        expect((await ada.get('/me')).headers['cache-control']).toBe('no-store');
      });
    });

    test('SQL in any text is text, or no such text', async () => {
      const eve = await Browser.registered(world, SQL_TEXT);
      expect((await eve.get('/me')).body['name']).toBe(SQL_TEXT);
      const pool = { code: 'sql-pool', title: SQL_TEXT, policy: 'passphrase', passphrase: SQL_TEXT };
      expect(await eve.post('/pools', pool)).toMatchObject({ status: 201 });
      const device = await eve.bind(undefined, SQL_TEXT);
      const asked = { pool: 'sql-pool', device: device.id };
      const guest = new Browser(world);
      expect(await guest.post('/ticket', { ...asked, passphrase: SQL_TEXT })).toMatchObject({ status: 200 });
      for (const [path, body] of [
        ['/ticket', { ...asked, pool: SQL_TEXT }],
        ['/ticket', { ...asked, device: SQL_TEXT }],
        ['/ticket', { ...asked, invitation: SQL_TEXT }],
        ['/invitations/accept', { token: SQL_TEXT }],
        ['/pools', { ...pool, code: SQL_TEXT }],
        ['/pools', { ...pool, policy: SQL_TEXT }],
      ] as const) {
        expect(await eve.post(path, body)).toMatchObject(refusal(400, 'bad-request'));
      }
      expect(await guest.post('/recover', { code: SQL_TEXT })).toMatchObject(refusal(401, 'code'));
      expect(await guest.post('/links/use', { code: SQL_TEXT })).toMatchObject(refusal(401, 'code'));
      expect(await eve.get(`/pools/${encodeURIComponent(SQL_TEXT)}`)).toMatchObject(refusal(400, 'bad-request'));
      expect(await eve.ask('DELETE', `/devices/${encodeURIComponent(SQL_TEXT)}`)).toMatchObject(
        refusal(400, 'bad-request'),
      );
      expect(await ada.get('/me')).toMatchObject({ status: 200 });
    });

    test('whoever asks too often waits, and harms no other address', async () => {
      const flooded = await AccountsWorld.open(place, { proxyHops: 1 });
      try {
        const [eve, bob] = [new Browser(flooded), new Browser(flooded)];
        const guess = (browser: Browser, address: string): ReturnType<Browser['ask']> =>
          browser.ask('POST', '/links/use', { code: 'amber-bison' }, { 'x-forwarded-for': address, origin: ORIGIN });
        const answers = [];
        for (let i = 0; i < 210; i++) answers.push(await guess(eve, '192.0.2.1'));
        expect(answers[0]).toMatchObject(refusal(401, 'code'));
        expect(answers.at(-1)).toMatchObject(refusal(429, 'too-fast'));
        expect(answers.at(-1)?.headers['retry-after']).toBe('1');
        expect(await guess(bob, '192.0.2.2')).toMatchObject(refusal(401, 'code'));
      } finally {
        await flooded.close();
      }
    });
  });
}
