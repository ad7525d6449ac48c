// Ways in: passkeys, recovery codes and codes for another browser, each also wrong, late, twice and somebody else's.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SoftPasskey } from './soft-passkey.ts';
import type { DatabasePlace } from '../../../signaling/store/database.ts';
import { AccountsWorld, Browser, ORIGIN, refusal } from './world.ts';

/** `place`: a new one, empty. */
export function signInSuite(name: string, place: () => Promise<DatabasePlace>): void {
  describe(`ways in over ${name}`, () => {
    let world: AccountsWorld;
    beforeAll(async () => {
      world = await AccountsWorld.open(place);
    });
    afterAll(() => world.close());

    const MINUTE_MS = 60_000;

    describe('an account', () => {
      test('is made with a passkey, and its recovery codes are shown this once', async () => {
        const ada = await Browser.registered(world);
        expect(new Set(ada.codes).size).toBe(10);
        for (const code of ada.codes) expect(code).toMatch(/^(?:[0-9a-hjkmnp-tv-z]{4}-){6}[0-9a-hjkmnp-tv-z]{4}$/u);
        const { status, body } = await ada.get('/me');
        expect(status).toBe(200);
        expect(body).toEqual({
          id: ada.account,
          name: 'Ada',
          tier: 'user',
          createdMs: world.nowMs,
          hasAvatar: false,
          passkeys: [{ id: ada.passkey.id, name: 'Laptop', createdMs: world.nowMs, usedMs: null }],
          recoveryCodesLeft: 10,
        });
      });

      test('has a cookie that no script and no other site gets at', async () => {
        const ada = await Browser.registered(world);
        const { headers } = await ada.signIn();
        expect(headers['set-cookie']).toEqual([
          expect.stringMatching(
            /^__Host-rockpool=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=2592000; Secure$/,
          ),
        ]);
      });

      test.each([
        ['another challenge', { challenge: 'A'.repeat(43) }, 'challenge', 400],
        ['another origin', { origin: 'https://evil.example' }, 'passkey', 401],
        ['another site’s name', { rpId: 'evil.example' }, 'passkey', 401],
        ['nobody verified', { unverified: true }, 'passkey', 401],
        ['the other ceremony', { type: 'webauthn.get' }, 'passkey', 401],
      ])('is not made by an answer with %s', async (_what, over, code, status) => {
        const eve = new Browser(world);
        const { challenge } = (await eve.post('/register/options', { name: 'Eve' })).body;
        const response = eve.passkey.register(String(challenge), over);
        expect(await eve.post('/register', { response, passkeyName: 'x' })).toMatchObject(refusal(status, code));
        expect(eve.cookie).toBe('');
      });

      test('is made once with one answer, and not by one that took six minutes', async () => {
        const ada = new Browser(world);
        const { challenge } = (await ada.post('/register/options', { name: 'Ada' })).body;
        const registration = { response: ada.passkey.register(String(challenge)), passkeyName: 'x' };
        expect(await ada.post('/register', registration)).toMatchObject({ status: 201 });
        expect(await ada.post('/register', registration)).toMatchObject(refusal(400, 'challenge'));
        const late = (await ada.post('/register/options', { name: 'Ada' })).body['challenge'];
        world.wait(6 * MINUTE_MS);
        const second = { response: new SoftPasskey(ORIGIN).register(String(late)), passkeyName: 'x' };
        expect(await ada.post('/register', second)).toMatchObject(refusal(400, 'challenge'));
      });
    });

    describe('a passkey', () => {
      test('signs in after signing out, which ended the session', async () => {
        const ada = await Browser.registered(world);
        const old = ada.cookie;
        await ada.post('/sign-out');
        expect(ada.cookie).toBe('');
        ada.cookie = old;
        expect(await ada.get('/me')).toMatchObject(refusal(401, 'signed-out'));
        ada.cookie = '';
        expect(await ada.signIn()).toMatchObject({ status: 200, body: { account: ada.account } });
        expect(await ada.get('/me')).toMatchObject({ status: 200 });
      });

      test.each([
        ['a challenge of nobody’s', { challenge: 'A'.repeat(43) }, 'challenge', 400],
        ['another origin', { origin: 'https://evil.example' }, 'passkey', 401],
        ['another site’s name', { rpId: 'evil.example' }, 'passkey', 401],
        ['nobody verified', { unverified: true }, 'passkey', 401],
        ['the other ceremony', { type: 'webauthn.create' }, 'passkey', 401],
      ])('does not sign in with %s', async (_what, over, code, status) => {
        const ada = await Browser.registered(world);
        ada.cookie = '';
        expect(await ada.signIn(over)).toMatchObject(refusal(status, code));
        expect(ada.cookie).toBe('');
      });

      test('that nobody registered is told the same as one that signs wrongly', async () => {
        const ada = await Browser.registered(world);
        const stranger = await ada.signIn({}, new SoftPasskey(ORIGIN));
        const forger = new SoftPasskey(ORIGIN);
        Object.assign(forger, { id: ada.passkey.id });
        const forged = await ada.signIn({}, forger);
        expect(stranger).toMatchObject(refusal(401, 'passkey'));
        expect(forged.body).toEqual(stranger.body);
      });

      test('whose counter goes back is a copy, and refused', async () => {
        const ada = await Browser.registered(world);
        expect(await ada.signIn({ counter: 7 })).toMatchObject({ status: 200 });
        expect(await ada.signIn({ counter: 6 })).toMatchObject(refusal(401, 'passkey'));
      });

      test('answers a challenge once', async () => {
        const ada = await Browser.registered(world);
        const { challenge } = (await ada.post('/sign-in/options')).body;
        const response = ada.passkey.use(String(challenge));
        expect(await ada.post('/sign-in', { response })).toMatchObject({ status: 200 });
        expect(await ada.post('/sign-in', { response })).toMatchObject(refusal(400, 'challenge'));
      });

      test('can be one of several, and goes unless nothing else lets anybody in', async () => {
        const ada = await Browser.registered(world);
        const second = new SoftPasskey(ORIGIN);
        const { challenge } = (await ada.post('/passkeys/options')).body;
        const added = { response: second.register(String(challenge)), name: 'Phone' };
        expect(await ada.post('/passkeys', added)).toMatchObject({ status: 201 });
        expect(await ada.ask('DELETE', `/passkeys/${ada.passkey.id}`)).toMatchObject({ status: 200 });
        expect(await ada.signIn()).toMatchObject(refusal(401, 'passkey'));
        for (const code of ada.codes) await new Browser(world).post('/recover', { code });
        expect(await ada.ask('DELETE', `/passkeys/${second.id}`)).toMatchObject(refusal(409, 'last-passkey'));
        expect(await ada.signIn({}, second)).toMatchObject({ status: 200 });
      });

      test('is added to nobody else’s account with a challenge that is not theirs', async () => {
        const [ada, eve] = [await Browser.registered(world), await Browser.registered(world, 'Eve')];
        const { challenge } = (await ada.post('/passkeys/options')).body;
        const added = { response: new SoftPasskey(ORIGIN).register(String(challenge)), name: 'Phone' };
        expect(await eve.post('/passkeys', added)).toMatchObject(refusal(400, 'challenge'));
        expect(await eve.ask('DELETE', `/passkeys/${ada.passkey.id}`)).toMatchObject(refusal(404, 'not-found'));
      });
    });

    describe('a recovery code', () => {
      test('signs in once, however it is typed, and lets a new passkey be added', async () => {
        const { codes, account } = await Browser.registered(world);
        const code = ` ${codes[0]?.toUpperCase().replaceAll('0', 'O').replaceAll('1', 'l').replaceAll('-', ' ')}`;
        const other = new Browser(world);
        expect(await other.post('/recover', { code })).toMatchObject({ status: 200, body: { account, codesLeft: 9 } });
        const { challenge } = (await other.post('/passkeys/options')).body;
        const added = { response: other.passkey.register(String(challenge)), name: 'New' };
        expect(await other.post('/passkeys', added)).toMatchObject({ status: 201 });
        expect(await other.signIn()).toMatchObject({ status: 200 });
        expect(await new Browser(world).post('/recover', { code })).toMatchObject(refusal(401, 'code'));
      });

      test('is void once there are new ones', async () => {
        const ada = await Browser.registered(world);
        const fresh = (await ada.post('/recovery-codes')).body['recoveryCodes'] as string[];
        expect(await new Browser(world).post('/recover', { code: ada.codes[1] })).toMatchObject(refusal(401, 'code'));
        expect(await new Browser(world).post('/recover', { code: fresh[1] })).toMatchObject({ status: 200 });
      });
    });

    describe('a code for another browser', () => {
      test('signs it in, once', async () => {
        const ada = await Browser.registered(world);
        const { code, expiresMs } = (await ada.post('/links')).body;
        expect(code).toMatch(/^[a-z]+(?:-[a-z]+){5}$/u);
        expect(expiresMs).toBe(world.nowMs + 5 * MINUTE_MS);
        const phone = new Browser(world);
        const typed = String(code).toUpperCase().replaceAll('-', '  ');
        expect(await phone.post('/links/use', { code: typed })).toMatchObject({ body: { account: ada.account } });
        expect(await phone.get('/me')).toMatchObject({ status: 200 });
        expect(await new Browser(world).post('/links/use', { code })).toMatchObject(refusal(401, 'code'));
      });

      test('is over after five minutes, and gone with its account', async () => {
        const ada = await Browser.registered(world);
        const { code } = (await ada.post('/links')).body;
        world.wait(5 * MINUTE_MS);
        expect(await new Browser(world).post('/links/use', { code })).toMatchObject(refusal(401, 'code'));
        const again = (await ada.post('/links')).body['code'];
        expect(await ada.ask('DELETE', '/me')).toMatchObject({ status: 200 });
        expect(world.revoked).toContainEqual({ account: ada.account });
        expect(await new Browser(world).post('/links/use', { code: again })).toMatchObject(refusal(401, 'code'));
        expect(await ada.signIn()).toMatchObject(refusal(401, 'passkey'));
      });
    });

    test('a session ends after thirty days', async () => {
      const ada = await Browser.registered(world);
      world.wait(30 * 24 * 60 * MINUTE_MS - 1);
      expect(await ada.get('/me')).toMatchObject({ status: 200 });
      world.wait(1);
      expect(await ada.get('/me')).toMatchObject(refusal(401, 'signed-out'));
    });
  });
}
