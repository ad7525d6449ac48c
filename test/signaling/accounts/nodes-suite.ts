// Two nodes at one database: what a browser begins at one it ends at the other, and nothing is good twice.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DatabasePlace } from '../../../signaling/store/database.ts';
import { AccountsWorld, Browser, refusal } from './world.ts';

/** `place`: a new one, empty, that several may use at once. */
export function nodesSuite(name: string, place: () => Promise<DatabasePlace>): void {
  describe(`two nodes over ${name}`, () => {
    let first: AccountsWorld;
    let second: AccountsWorld;
    beforeAll(async () => {
      const shared = await place();
      first = await AccountsWorld.open(async () => shared);
      second = await AccountsWorld.open(async () => shared);
    });
    afterAll(async () => {
      await second.close();
      await first.close();
    });

    test('end what the other began: an account, a sign-in, a device', async () => {
      const ada = await Browser.registered(first);
      const there = new Browser(second);
      const { challenge } = (await ada.post('/sign-in/options')).body;
      const response = ada.passkey.use(String(challenge));
      expect(await there.post('/sign-in', { response })).toMatchObject({ body: { account: ada.account } });
      expect(await ada.post('/sign-in', { response })).toMatchObject(refusal(400, 'challenge'));
      there.account = ada.account;
      const proof = await ada.proof(await there.bind());
      expect(await there.post('/devices', proof)).toMatchObject({ status: 200 });
      expect(await ada.post('/devices', proof)).toMatchObject(refusal(400, 'challenge'));
    });

    test('take the code for another browser once, whichever is asked first', async () => {
      const ada = await Browser.registered(first);
      const { code } = (await ada.post('/links')).body;
      const answers = await Promise.all([first, second].map((node) => new Browser(node).post('/links/use', { code })));
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
    });
  });
}
