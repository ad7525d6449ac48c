// Devices and the profile: bound by their own signature, revoked for good; a name and a picture that are what they claim.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generateDeviceKeys } from '../../../src/keys/identity.ts';
import type { DatabasePlace } from '../../../signaling/store/database.ts';
import { AccountsWorld, Browser, refusal } from './world.ts';

/** `place`: a new one, empty. */
export function devicesSuite(name: string, place: () => Promise<DatabasePlace>): void {
  describe(`devices over ${name}`, () => {
    let world: AccountsWorld;
    beforeAll(async () => {
      world = await AccountsWorld.open(place);
    });
    afterAll(() => world.close());

    describe('a device', () => {
      test('is bound, listed and renamed', async () => {
        const ada = await Browser.registered(world);
        const { id } = await ada.bind();
        expect(await ada.ask('PATCH', `/devices/${id}`, { name: 'Blue laptop' })).toMatchObject({ status: 200 });
        const { devices } = (await ada.get('/devices')).body;
        const times = { createdMs: world.nowMs, seenMs: world.nowMs, revokedMs: null };
        expect(devices).toEqual([{ id, name: 'Blue laptop', type: 'browser', ...times }]);
      });

      test('needs a signature over this nonce, for this account, by this key, in time', async () => {
        const [ada, eve] = [await Browser.registered(world), await Browser.registered(world, 'Eve')];
        const [keys, others] = [await generateDeviceKeys(false), await generateDeviceKeys(false)];
        const proof = await ada.proof(keys);
        const otherKey = (await ada.proof(others))['signKey'];
        expect(await ada.post('/devices', { ...proof, signKey: otherKey })).toMatchObject(refusal(400, 'signature'));
        expect(await ada.post('/devices', proof)).toMatchObject(refusal(400, 'challenge'));
        expect(await eve.post('/devices', await ada.proof(keys))).toMatchObject(refusal(400, 'challenge'));
        // Signed for Eve's account, sent with Ada's nonce.
        const forEve = Object.assign(Object.create(ada) as Browser, { account: eve.account });
        expect(await ada.post('/devices', await forEve.proof(keys))).toMatchObject(refusal(400, 'signature'));
        const late = await ada.proof(keys);
        world.wait(60_000);
        expect(await ada.post('/devices', late)).toMatchObject(refusal(400, 'challenge'));
      });

      test('is one account’s', async () => {
        const [ada, eve] = [await Browser.registered(world), await Browser.registered(world, 'Eve')];
        const keys = await ada.bind();
        expect(await eve.post('/devices', await eve.proof(keys))).toMatchObject(refusal(409, 'duplicate'));
        expect(await eve.ask('DELETE', `/devices/${keys.id}`)).toMatchObject(refusal(404, 'not-found'));
        expect(await eve.ask('PATCH', `/devices/${keys.id}`, { name: 'x' })).toMatchObject(refusal(404, 'not-found'));
        expect(await ada.post('/devices', await ada.proof(keys))).toMatchObject({ status: 200 });
      });

      test('that was revoked is closed at once, gets no ticket and does not come back', async () => {
        const ada = await Browser.registered(world);
        const keys = await ada.bind();
        expect(await ada.ask('DELETE', `/devices/${keys.id}`)).toMatchObject({ status: 200 });
        expect(world.revoked).toContainEqual({ device: keys.id });
        expect(await ada.post('/devices', await ada.proof(keys))).toMatchObject(refusal(403, 'device-revoked'));
        const asked = { pool: 'blue', device: keys.id };
        expect(await ada.post('/ticket', asked)).toMatchObject(refusal(403, 'device-revoked'));
        expect(await new Browser(world).post('/ticket', asked)).toMatchObject(refusal(403, 'device-revoked'));
        expect(await ada.ask('DELETE', `/devices/${keys.id}`)).toMatchObject(refusal(404, 'not-found'));
      });
    });

    describe('the profile', () => {
      const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

      test('has a name that people can read', async () => {
        const ada = await Browser.registered(world);
        expect(await ada.ask('PATCH', '/me', { name: '  Ada L. ' })).toMatchObject({ status: 200 });
        expect((await ada.get('/me')).body['name']).toBe('Ada L.');
        for (const name of ['', '  ', 'a\0b', 'a\u202eb', 'x'.repeat(65), 7, null]) {
          expect(await ada.ask('PATCH', '/me', { name })).toMatchObject(refusal(400, 'bad-request'));
        }
      });

      test('has a picture, which is one', async () => {
        const ada = await Browser.registered(world);
        const put = (body: Uint8Array, type: string): ReturnType<Browser['ask']> =>
          ada.ask('PUT', '/me/avatar', body, { 'content-type': type });
        expect(await put(PNG, 'image/png')).toMatchObject({ status: 200 });
        const shown = await ada.get(`/accounts/${ada.account}/avatar`);
        expect(shown).toMatchObject({ status: 200, headers: { 'content-type': 'image/png' } });
        expect(await put(Buffer.from('<svg onload="alert(1)"/>'), 'image/png')).toMatchObject(
          refusal(400, 'bad-request'),
        );
        expect(await put(PNG, 'image/svg+xml')).toMatchObject(refusal(415, 'media-type'));
        const large = Buffer.concat([PNG, Buffer.alloc(32 * 1024)]);
        expect(await put(large, 'image/png')).toMatchObject(refusal(413, 'too-large'));
        expect(await ada.ask('DELETE', '/me/avatar')).toMatchObject({ status: 200 });
        expect(await ada.get(`/accounts/${ada.account}/avatar`)).toMatchObject(refusal(404, 'not-found'));
      });
    });
  });
}
