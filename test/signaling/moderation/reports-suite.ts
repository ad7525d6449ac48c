// Reports as they are sent: what is taken, what proves nothing, and how those that count become strikes and bans.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { JoinAsked, Verdict } from '../../../signaling/hooks.ts';
import type { DatabasePlace } from '../../../signaling/store/database.ts';
import { auditOf, strikesOf } from '../../../signaling/store/moderation.ts';
import type { AuditRow, Person } from '../../../signaling/store/schema.ts';
import { generateDeviceKeys, type DeviceKeys } from '../../../src/keys/identity.ts';
import { EVIDENCE_BYTES_MAX } from '../../../src/keys/evidence.ts';
import { AccountsWorld, base64url, Browser, refusal } from '../accounts/world.ts';
import { SQL_TEXT } from '../store/rows.ts';
import { DAY_MS, guest, POOL, report, reportBody, reportedBy, said, text, witness, type Witness } from './said.ts';

const CIRCLE = ['0a'.repeat(16), '0b'.repeat(16)];

/** `place`: a new one, empty. */
export function reportsSuite(name: string, place: () => Promise<DatabasePlace>): void {
  describe(`reports over ${name}`, () => {
    let world: AccountsWorld;
    /** Accounts that are old enough. */
    let crowd: Witness[];
    let eve: DeviceKeys;
    beforeAll(async () => {
      world = await AccountsWorld.open(place, { proxyHops: 1 });
      crowd = await Promise.all(Array.from({ length: 4 }, () => witness(world)));
      eve = await generateDeviceKeys(false);
      world.wait(DAY_MS);
    });
    afterAll(() => world.close());

    const ofEve = (where = {}): Promise<Uint8Array> => said(eve, text('vile'), world.nowMs, where);
    const first = (): Witness => crowd[0] ?? none();
    const device = (): Person => ({ subjectKind: 'device', subject: eve.id });
    const acts = (target: string): Promise<AuditRow[]> => world.database.transact((tx) => auditOf(tx, target));
    const strikes = async (person: Person): Promise<number> =>
      (await world.database.transact((tx) => strikesOf(tx, person, world.nowMs))).length;
    const kept = async (): Promise<unknown> =>
      world.database.transact((tx) => tx.selectFrom('reports').select(['id', 'times']).orderBy('id').execute());
    const join = (id: string): Promise<Verdict> => {
      const asked: JoinAsked = { pool: 'blue', device: id, name: 'x', kind: 'browser', ticket: undefined, address: '' };
      return world.accounts.hooks.authorize(asked, new AbortController().signal);
    };

    test('are taken once from each; the same again only counts up', async () => {
      const [evidence, other] = [await ofEve(), await guest(world)];
      const answer = await report(first(), evidence);
      expect(answer).toMatchObject({
        status: 201,
        body: { report: expect.stringMatching(/^[0-9a-f]{32}$/), times: 1 },
      });
      expect(await report(first(), evidence)).toMatchObject({ status: 201, body: { ...answer.body, times: 2 } });
      expect(await report(other, evidence)).toMatchObject({ status: 201, body: { times: 1 } });
    });

    test('of a whisper name its circle', async () => {
      const evidence = await ofEve({ circle: CIRCLE });
      const body = await reportBody(first(), evidence, { circle: CIRCLE.toReversed() });
      expect(await first().browser.post('/reports', body)).toMatchObject({ status: 201 });
    });

    describe('change nothing', () => {
      const refused = async (body: unknown, status: number, code: string): Promise<void> => {
        const before = await kept();
        expect(await first().browser.ask('POST', '/reports', body)).toMatchObject(refusal(status, code));
        expect(await kept()).toEqual(before);
      };

      test('with a nonce that was never given, was used, or is over', async () => {
        const body = await reportBody(first(), await ofEve());
        await refused({ ...body, nonce: 'A'.repeat(43) }, 400, 'challenge');
        expect(await first().browser.post('/reports', body)).toMatchObject({ status: 201 });
        await refused(body, 400, 'challenge');
        const late = await reportBody(first(), await ofEve());
        world.wait(60_000);
        await refused(late, 400, 'challenge');
      });

      test('unless this device signed just this', async () => {
        const [evidence, another] = [await ofEve(), await ofEve()];
        const stranger = await guest(world);
        for (const over of [
          { pool: 'another-pool' },
          { offence: 'spam' },
          { evidence: base64url(another) },
          { signKey: base64url(stranger.keys.signKey) },
          { nonce: (await first().browser.post('/reports/nonce')).body['nonce'] },
        ]) {
          await refused({ ...(await reportBody(first(), evidence)), ...over }, 400, 'signature');
        }
      });

      test('without evidence that holds in this pool', async () => {
        const whole = await ofEve();
        const turned = whole.map((byte, index) => (index === whole.length - 1 ? byte ^ 1 : byte));
        for (const evidence of [
          Uint8Array.of(1, 2, 3),
          whole.subarray(0, -1),
          turned,
          await ofEve({ pool: 'somebody-elses' }),
          await ofEve({ circle: CIRCLE }),
          await said(eve, text('vile'), world.nowMs - 30 * DAY_MS - 1),
        ]) {
          await refused(await reportBody(first(), evidence), 400, 'evidence');
        }
        const elsewhere = await reportBody(first(), await ofEve({ circle: CIRCLE }), { circle: CIRCLE.slice(1) });
        await refused(elsewhere, 400, 'evidence');
      });

      test('of one’s own', async () => {
        const { browser, keys } = first();
        await refused(await reportBody(first(), await said(keys, text('x'), world.nowMs)), 400, 'own');
        const second = await browser.bind();
        await refused(await reportBody(first(), await said(second, text('x'), world.nowMs)), 400, 'own');
      });

      test('that are malformed, in any field', async () => {
        const body = await reportBody(first(), await ofEve());
        for (const field of Object.keys(body)) {
          await refused({ ...body, [field]: undefined }, 400, 'bad-request');
          await refused({ ...body, [field]: SQL_TEXT }, 400, 'bad-request');
          await refused({ ...body, [field]: 7 }, 400, 'bad-request');
        }
        for (const over of [
          { more: 1 },
          { pool: 'Blue' },
          { circle: [SQL_TEXT] },
          { circle: Array.from({ length: 257 }, () => CIRCLE[0]) },
          { evidence: '' },
          { evidence: 'A'.repeat(Math.ceil((EVIDENCE_BYTES_MAX * 4) / 3) + 1) },
        ]) {
          await refused({ ...body, ...over }, 400, 'bad-request');
        }
        await refused('{"nonce":', 400, 'bad-request');
        await refused({ ...body, evidence: 'A'.repeat(200_000) }, 413, 'too-large');
      });

      test('of another site’s page', async () => {
        for (const path of ['/reports', '/reports/nonce']) {
          const answer = await first().browser.ask('POST', path, {}, { origin: 'https://evil.example' });
          expect(answer).toMatchObject(refusal(403, 'origin'));
        }
      });
    });

    describe('that count', () => {
      test('are of three people, and then a strike, which ends the session; guests and young accounts do not', async () => {
        eve = await generateDeviceKeys(false);
        const [others, young] = [await Promise.all([0, 1, 2].map(() => guest(world))), await witness(world)];
        await reportedBy([...others, young, ...crowd.slice(0, 2)], eve);
        // Signed in, with a device that is not the account's.
        await reportedBy([{ ...(await guest(world)), browser: crowd[2]?.browser ?? none() }], eve);
        expect(await strikes(device())).toBe(0);
        await reportedBy(crowd.slice(2, 3), eve);
        expect(await strikes(device())).toBe(1);
        expect(world.revoked).toContainEqual({ device: eve.id });
        expect(await acts(eve.id)).toMatchObject([{ who: 'server', what: 'strike', atMs: world.nowMs }]);
        expect(await join(eve.id)).toMatchObject({ kind: 'admitted' });
      });

      test('do so once: what was told of before the strike is done with, whoever tells of it', async () => {
        eve = await generateDeviceKeys(false);
        const evidence = await ofEve();
        for (const each of crowd.slice(0, 3)) await report(each, evidence);
        expect(await strikes(device())).toBe(1);
        world.wait(1);
        const late = await Promise.all([0, 1, 2].map(() => witness(world)));
        world.wait(DAY_MS);
        for (const each of late) expect(await report(each, evidence)).toMatchObject({ status: 201 });
        expect(await strikes(device())).toBe(1);
        await reportedBy(crowd.slice(0, 3), eve);
        expect(await strikes(device())).toBe(2);
      });

      test('sent at once are one strike', async () => {
        eve = await generateDeviceKeys(false);
        const bodies = await Promise.all(crowd.map(async (each) => reportBody(each, await ofEve())));
        const answers = await Promise.all(crowd.map(({ browser }, index) => browser.post('/reports', bodies[index])));
        expect(answers.map(({ status }) => status)).toEqual(crowd.map(() => 201));
        expect(await strikes(device())).toBe(1);
      });

      test('fade', async () => {
        eve = await generateDeviceKeys(false);
        await reportedBy(crowd.slice(0, 2), eve);
        world.wait(DAY_MS);
        await reportedBy(crowd.slice(2, 3), eve);
        expect(await strikes(device())).toBe(0);
        await reportedBy(crowd.slice(3), eve);
        expect(await strikes(device())).toBe(1);
      });

      test('three times are a ban of a week, then of a month, then of a year, on the account and its devices', async () => {
        const target = await witness(world, 'Eve');
        const { account } = target.browser;
        const [person, second]: [Person, DeviceKeys] = [
          { subjectKind: 'account', subject: account },
          await target.browser.bind(),
        ];
        for (const days of [0, 0, 7, 30, 365]) {
          // Nobody stays signed in for longer than a month.
          for (const { browser } of crowd) await browser.signIn();
          await reportedBy(crowd.slice(0, 3), target.keys);
          const allowed = days === 0;
          for (const { id } of [target.keys, second]) expect((await join(id)).kind === 'admitted').toBe(allowed);
          if (allowed) world.wait(1);
          else {
            expect(await join(second.id)).toEqual({ kind: 'refused', code: 'denied' });
            if (days === 365) break;
            world.wait(days * DAY_MS - 1);
            expect(await join(second.id)).toEqual({ kind: 'refused', code: 'denied' });
            world.wait(1);
            expect(await join(second.id)).toMatchObject({ kind: 'admitted' });
          }
        }
        expect(await strikes(person)).toBe(5);
        expect((await acts(account)).filter(({ what }) => what === 'ban')).toHaveLength(3);
        expect(world.revoked).toContainEqual({ account });
      });
    });

    test('of one address are so many, and no more', async () => {
      const flooded = await AccountsWorld.open(place);
      try {
        const browser = new Browser(flooded);
        const answers = [];
        for (let i = 0; i < 51; i++) answers.push(await browser.post('/reports', { pool: POOL }));
        expect(answers.at(-2)).toMatchObject(refusal(400, 'bad-request'));
        expect(answers.at(-1)).toMatchObject(refusal(429, 'too-fast'));
      } finally {
        await flooded.close();
      }
    });
  });
}

function none(): never {
  throw new Error('there is nobody');
}
