// What operators see and do, and that nobody else does.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { KyselyPlugin } from 'kysely';
import { openAccounts } from '../../../signaling/accounts/accounts.ts';
import type { JoinAsked, Verdict } from '../../../signaling/hooks.ts';
import { accountOf, setOperators } from '../../../signaling/store/accounts.ts';
import type { DatabasePlace } from '../../../signaling/store/database.ts';
import type { AuditRow } from '../../../signaling/store/schema.ts';
import { newId } from '../../../signaling/store/secrets.ts';
import { generateDeviceKeys, type DeviceKeys } from '../../../src/keys/identity.ts';
import { AccountsWorld, Browser, refusal, type Answer, type Method } from '../accounts/world.ts';
import { SQL_TEXT } from '../store/rows.ts';
import { called, DAY_MS, guest, POOL, report, reportedBy, said, text, witness, type Witness } from './said.ts';

const HOUR_MS = 3_600_000;

/** `place`: a new one, empty. */
export function operatorsSuite(name: string, place: () => Promise<DatabasePlace>): void {
  describe(`operators over ${name}`, () => {
    let world: AccountsWorld;
    let olga: Browser;
    let crowd: Witness[];
    let eve: Witness;
    beforeAll(async () => {
      world = await AccountsWorld.open(place, { proxyHops: 1 });
      olga = await Browser.registered(world, 'Olga');
      crowd = await Promise.all(Array.from({ length: 3 }, () => witness(world)));
      eve = await witness(world, 'Eve');
      await world.database.transact((tx) => setOperators(tx, [olga.account]));
      world.wait(DAY_MS);
    });
    afterAll(() => world.close());

    const first = (): Witness => crowd[0] ?? none();
    const vile = (keys: DeviceKeys = eve.keys): Promise<Uint8Array> => said(keys, text('vile'), world.nowMs);
    const reported = async (evidence: Uint8Array, who: Witness = first()): Promise<string> =>
      String((await report(who, evidence)).body['report']);
    const judge = (id: string, verdict: string, note = ''): Promise<Answer> =>
      olga.post(`/moderation/reports/${id}`, { verdict, note });
    const join = (device: string, address = ''): Promise<Verdict> => {
      const asked: JoinAsked = { pool: 'blue', device, name: 'x', kind: 'browser', ticket: undefined, address };
      return world.accounts.hooks.authorize(asked, new AbortController().signal);
    };
    /** One who has not written as much as an account may. */
    const freshOperator = async (): Promise<Browser> => {
      const otto = await Browser.registered(world, 'Otto');
      await world.database.transact((tx) => setOperators(tx, [olga.account, otto.account]));
      return otto;
    };
    const DENIED = { kind: 'refused', code: 'denied' };
    const audited = async (target: string): Promise<AuditRow[]> => {
      const entries = (await olga.get('/moderation/audit')).body['entries'] as AuditRow[];
      return entries.filter((entry) => entry.target === target);
    };

    test('are named by the server’s options, and nobody else is one', async () => {
      const [ada, bob] = [await Browser.registered(world), await Browser.registered(world)];
      const { database } = world;
      const troubles: string[] = [];
      const named = async (...operators: readonly string[]): Promise<void> => {
        const onTrouble = (problem: string): void => void troubles.push(problem);
        (await openAccounts({ database, revoke: () => {}, presentIn: async () => [], operators, onTrouble })).close();
      };
      await named(ada.account, newId());
      expect(troubles).toEqual([expect.stringMatching(/^operators: there is no account [0-9a-f]{32}$/)]);
      expect(await ada.get('/moderation/audit')).toMatchObject({ status: 200 });
      expect((await ada.get('/me')).body).toMatchObject({ tier: 'operator' });
      await named(bob.account, olga.account);
      expect(await ada.get('/moderation/audit')).toMatchObject(refusal(403, 'operator'));
      expect((await database.transact((tx) => accountOf(tx, ada.account)))?.tier).toBe('user');
      await named(olga.account);
    });

    test('alone see and do anything', async () => {
      const id = await reported(await vile());
      const all: readonly (readonly [Method, string, object?])[] = [
        ['GET', '/moderation/reports'],
        ['GET', `/moderation/reports/${id}`],
        ['POST', `/moderation/reports/${id}`, { verdict: 'uphold', note: '' }],
        ['GET', '/moderation/bans'],
        ['PUT', '/moderation/bans', { kind: 'device', subject: newId(), hours: 1, reason: 'x' }],
        ['DELETE', `/moderation/bans/device/${newId()}`],
        ['POST', '/moderation/kick', { kind: 'device', subject: newId(), reason: 'x' }],
        ['GET', '/moderation/audit'],
      ];
      for (const [method, path, body] of all) {
        const plain = await first().browser.ask(method, path, body);
        expect({ path, ...plain }).toMatchObject(refusal(403, 'operator'));
        const stranger = await new Browser(world).ask(method, path, body);
        expect({ path, ...stranger }).toMatchObject(refusal(401, 'signed-out'));
        if (method === 'GET') continue;
        const elsewhere = await olga.ask(method, path, body, { origin: 'https://evil.example' });
        expect({ path, ...elsewhere }).toMatchObject(refusal(403, 'origin'));
      }
      expect((await olga.get('/moderation/audit')).body).toEqual({ entries: [], next: null });
      expect(world.revoked).toEqual([]);
    });

    test('see what is proven, who said it, and who told of it', async () => {
      const files = { kind: 'files', files: [{ name: 'a.exe', bytes: 7 }], count: 2, bytes: 9 } as const;
      const reaction = { kind: 'reaction', target: `${newId()}/${newId()}/1`, emoji: '👍', removed: false } as const;
      const target = { device: eve.keys.id, account: eve.browser.account, name: 'Eve' };
      const standing = { strikes: [], score: 1, ban: null };
      for (const [evidence, shown] of [
        [await said(eve.keys, text('two\nlines'), world.nowMs - 7), { kind: 'text', text: 'two\nlines' }],
        [await said(eve.keys, files, world.nowMs - 7), { kind: 'files', names: ['a.exe'], count: 2, bytes: 9 }],
        [await said(eve.keys, reaction, world.nowMs - 7), { kind: 'other', what: 'reaction 👍' }],
        [await called(eve.keys, SQL_TEXT, world.nowMs - 7), { kind: 'name', name: SQL_TEXT }],
      ] as const) {
        const id = await reported(evidence);
        expect((await olga.get(`/moderation/reports/${id}`)).body).toEqual({
          id,
          offence: 'abuse',
          pool: POOL,
          createdMs: world.nowMs,
          times: 1,
          state: 'open',
          reporters: 1,
          target,
          reporter: { device: first().keys.id, account: first().browser.account, name: 'Ada' },
          said: shown,
          saidMs: world.nowMs - 7,
          standing,
        });
      }
    });

    test('of a page the server counts what was told of one person once', async () => {
      const [by, target] = [await guest(world), await generateDeviceKeys(false)];
      for (let i = 0; i < 4; i++) await report(by, await vile(target));
      const { database } = world;
      const transact = database.transact.bind(database);
      let asked = 0;
      const counting: KyselyPlugin = {
        transformQuery: ({ node }) => {
          asked += 1;
          return node;
        },
        transformResult: async ({ result }) => result,
      };
      const queriesOf = async (): Promise<number> => {
        asked = 0;
        expect(await olga.get('/moderation/reports')).toMatchObject({ status: 200 });
        return asked;
      };
      database.transact = (work) => transact((tx) => work(tx.withPlugin(counting)));
      try {
        const before = await queriesOf();
        for (let i = 0; i < 4; i++) await report(by, await vile(target));
        expect(before).toBeGreaterThan(3);
        expect(await queriesOf()).toBe(before);
      } finally {
        database.transact = transact;
      }
    });

    test('read the list page by page, the oldest first', async () => {
      const stranger = await generateDeviceKeys(false);
      const by = await guest(world);
      for (let i = 0; i < 52; i++) {
        if (i % 4 === 0) world.wait(1);
        await report(by, await vile(stranger));
      }
      const found: Record<string, unknown>[] = [];
      for (let next: unknown = ''; next !== null;) {
        const { body } = await olga.get(`/moderation/reports?state=open${next === '' ? '' : `&after=${String(next)}`}`);
        found.push(...(body['reports'] as Record<string, unknown>[]));
        next = body['next'];
      }
      const ofStranger = found.filter(({ target }) => (target as { device: string }).device === stranger.id);
      expect(ofStranger).toHaveLength(52);
      expect(ofStranger[0]).toMatchObject({
        target: { account: null, name: null },
        reporters: 1,
        reporter: { device: by.keys.id, account: null, name: null },
      });
      expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
      const times = found.map(({ createdMs }) => Number(createdMs));
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect((await olga.get('/moderation/reports?state=upheld')).body).toEqual({ reports: [], next: null });
    });

    test('uphold: a strike at once, for an entry once; three are a ban', async () => {
      const target = await witness(world, 'Mallory');
      const { account } = target.browser;
      const evidence = await vile(target.keys);
      const [id, other] = [await reported(evidence), await reported(evidence, crowd[1])];
      const strike = { reason: SQL_TEXT, createdMs: world.nowMs, expiresMs: world.nowMs + 90 * DAY_MS };
      const judged = await judge(id, 'uphold', SQL_TEXT);
      expect(judged).toMatchObject({ status: 200, body: { standing: { strikes: [strike], score: 0, ban: null } } });
      expect(world.revoked).toContainEqual({ account });
      expect((await olga.get(`/moderation/reports/${other}`)).body).toMatchObject({ state: 'upheld' });
      expect(await judge(other, 'uphold')).toMatchObject(refusal(409, 'duplicate'));
      const again = await judge(await reported(evidence, crowd[2]), 'uphold');
      expect(again.body).toMatchObject({ standing: { strikes: [strike] } });
      await judge(await reported(await vile(target.keys)), 'uphold');
      const last = await judge(await reported(await vile(target.keys)), 'uphold');
      expect(last.body).toMatchObject({
        standing: {
          strikes: [{}, {}, {}],
          ban: { kind: 'account', subject: account, by: null, untilMs: world.nowMs + 7 * DAY_MS },
        },
      });
      expect(await join(target.keys.id)).toEqual(DENIED);
      const acts = (await audited(account)).map(({ who, what, detail }) => [what, who, detail]);
      expect(acts.toSorted()).toEqual(
        [
          ['strike', olga.account, SQL_TEXT],
          ['strike', olga.account, 'abuse'],
          ['strike', olga.account, 'abuse'],
          ['ban', 'server', expect.stringMatching(/^3 strikes, until 20/)],
        ].toSorted(),
      );
      expect(await audited(id)).toMatchObject([{ who: olga.account, what: 'uphold', detail: SQL_TEXT }]);
    });

    test('judge what was signed: two entries under one number are two', async () => {
      const [by, target] = [await guest(world), await generateDeviceKeys(false)];
      const [kind, vile] = await Promise.all(
        ['kind', 'vile'].map((words) => said(target, text(words), world.nowMs, { seq: 7 })),
      );
      const [harmless, abusive] = [await reported(kind ?? none(), by), await reported(vile ?? none(), by)];
      expect(harmless).not.toBe(abusive);
      await judge(harmless, 'dismiss');
      expect((await olga.get(`/moderation/reports/${abusive}`)).body).toMatchObject({ state: 'open' });
      expect((await judge(abusive, 'uphold')).body).toMatchObject({ standing: { strikes: [{}] } });
    });

    test('strike for no entry that the server has struck for', async () => {
      const target = await generateDeviceKeys(false);
      const [evidence, more] = [await vile(target), await vile(target)];
      const early = await reported(more);
      world.wait(1);
      const [id = ''] = await Promise.all(crowd.map((each) => reported(evidence, each)));
      expect((await olga.get(`/moderation/reports/${id}`)).body).toMatchObject({ standing: { strikes: [{}] } });
      expect((await judge(id, 'uphold')).body).toMatchObject({
        standing: { strikes: [{ reason: 'Reported by several people' }] },
      });
      expect((await judge(early, 'uphold')).body).toMatchObject({ standing: { strikes: [{}, {}] } });
    });

    test('whose ban holds longer than that of the strikes keep it', async () => {
      const target = await witness(world, 'Mallory');
      const ban = { kind: 'account', subject: target.browser.account };
      await olga.ask('PUT', '/moderation/bans', { ...ban, hours: null, reason: 'x' });
      const entries = await Promise.all([0, 1, 2].map(() => vile(target.keys)));
      const answers = [];
      for (const entry of entries) answers.push(await judge(await reported(entry), 'uphold'));
      const kept = { strikes: [{}, {}, {}], ban: { ...ban, untilMs: null, by: olga.account } };
      expect(answers.at(-1)?.body).toMatchObject({ standing: kept });
      expect((await audited(ban.subject)).filter(({ what }) => what === 'ban')).toMatchObject([{ who: olga.account }]);
    });

    test('whose ban was lifted begin anew', async () => {
      const target = await witness(world, 'Mallory');
      const { account } = target.browser;
      const strike = async (): Promise<Answer> => {
        world.wait(1);
        return judge(await reported(await vile(target.keys)), 'uphold');
      };
      const banned = (days: number): object => {
        return { body: { standing: { ban: { subject: account, untilMs: world.nowMs + days * DAY_MS } } } };
      };
      for (let i = 0; i < 2; i++) await strike();
      expect(await strike()).toMatchObject(banned(7));
      world.wait(1);
      await olga.ask('DELETE', `/moderation/bans/account/${account}`);
      for (let i = 0; i < 2; i++) expect(await strike()).toMatchObject({ body: { standing: { ban: null } } });
      expect(await strike()).toMatchObject(banned(7));
      expect(await strike()).toMatchObject(banned(30));
    });

    test('dismiss: it does not count, and nor does who was dismissed too often', async () => {
      const target = await generateDeviceKeys(false);
      const liars = await Promise.all([0, 1].map(() => witness(world)));
      world.wait(DAY_MS);
      for (const liar of liars) {
        const answer = await judge(await reported(await vile(target), liar), 'dismiss');
        expect(answer.body).toEqual({ standing: { strikes: [], score: 0, ban: null } });
      }
      await reportedBy([...liars, ...crowd.slice(0, 2)], target);
      const last = await reported(await vile(target), crowd[1]);
      const { standing } = (await olga.get(`/moderation/reports/${last}`)).body;
      expect(standing).toEqual({ strikes: [], score: 2, ban: null });
    });

    test('ban an account, a device or an address, for a while or for ever, and lift it, which forgets the strikes', async () => {
      const target = await witness(world, 'Trent');
      const { account } = target.browser;
      await judge(await reported(await vile(target.keys)), 'uphold');
      const put = (kind: string, subject: string, hours: number | null): Promise<Answer> =>
        olga.ask('PUT', '/moderation/bans', { kind, subject, hours, reason: SQL_TEXT });
      expect(await put('account', account, 2)).toMatchObject({ status: 200, body: {} });
      expect(await join(target.keys.id)).toEqual(DENIED);
      world.wait(2 * HOUR_MS);
      expect(await join(target.keys.id)).toMatchObject({ kind: 'admitted' });
      await put('account', account, null);
      const stranger = newId();
      await put('device', stranger, 1);
      await put('address', '192.0.2.7/24', 1);
      await put('address', '2001:db8:7:1::5', 1);
      expect(await join(stranger)).toEqual(DENIED);
      expect(await join(newId(), '192.0.2.200')).toEqual(DENIED);
      expect(await join(newId(), '192.0.3.200')).toMatchObject({ kind: 'admitted' });
      expect(await join(newId(), '20010db800070001')).toEqual(DENIED);
      expect(await join(newId(), '20010db800070002')).toMatchObject({ kind: 'admitted' });
      expect(world.revoked).toEqual(
        expect.arrayContaining([{ account }, { device: stranger }, { address: '192.0.2.0/24' }]),
      );
      const listed = (await olga.get('/moderation/bans')).body['bans'] as Record<string, unknown>[];
      const shown = { reason: SQL_TEXT, by: olga.account, createdMs: world.nowMs };
      const untilMs = world.nowMs + HOUR_MS;
      expect(listed).toEqual(
        expect.arrayContaining([
          { kind: 'account', subject: account, untilMs: null, ...shown },
          { kind: 'device', subject: stranger, untilMs, ...shown },
          { kind: 'address', subject: '192.0.2.0/24', untilMs, ...shown },
          { kind: 'address', subject: '2001:db8:7:1::/64', untilMs, ...shown },
        ]),
      );
      const rest = await olga.get('/moderation/bans?after=address:2001:db8:7:1::/64');
      expect(rest.body['bans']).toEqual(listed.filter(({ kind }) => kind === 'device'));

      const lift = (kind: string, subject: string): Promise<Answer> =>
        olga.ask('DELETE', `/moderation/bans/${kind}/${encodeURIComponent(subject)}`);
      for (const { kind, subject } of listed) {
        expect(await lift(String(kind), String(subject))).toMatchObject({ status: 200 });
        expect(await lift(String(kind), String(subject))).toMatchObject(refusal(404, 'not-found'));
      }
      expect(await join(target.keys.id, '192.0.2.200')).toMatchObject({ kind: 'admitted' });
      const acts = (await audited(account)).map(({ what }) => what);
      expect(acts.toSorted()).toEqual(['ban', 'ban', 'strike', 'unban']);
      world.wait(1);
      const id = await reported(await vile(target.keys));
      expect((await olga.get(`/moderation/reports/${id}`)).body).toMatchObject({
        standing: { strikes: [], score: 1, ban: null },
      });
    });

    test('kick: the session ends, and nothing else', async () => {
      const { keys, browser } = await witness(world);
      for (const [kind, subject] of [
        ['device', keys.id],
        ['account', browser.account],
      ] as const) {
        expect(await olga.post('/moderation/kick', { kind, subject, reason: SQL_TEXT })).toMatchObject({ status: 200 });
        expect(world.revoked.at(-1)).toEqual({ [kind]: subject });
        expect(await audited(subject)).toMatchObject([{ who: olga.account, what: 'kick', detail: SQL_TEXT }]);
      }
      expect(await join(keys.id)).toMatchObject({ kind: 'admitted' });
    });

    test('read the audit backwards, page by page', async () => {
      const subject = newId();
      const otto = await freshOperator();
      for (let i = 0; i < 60; i++) {
        if (i % 7 === 0) world.wait(1);
        await otto.post('/moderation/kick', { kind: 'device', subject, reason: String(i) });
      }
      const found: { target: string; atMs: number }[] = [];
      for (let next: unknown = ''; next !== null;) {
        const { body } = await olga.get(`/moderation/audit${next === '' ? '' : `?before=${String(next)}`}`);
        found.push(...(body['entries'] as { target: string; atMs: number }[]));
        next = body['next'];
      }
      expect(found.filter(({ target }) => target === subject)).toHaveLength(60);
      const times = found.map(({ atMs }) => atMs);
      expect(times).toEqual(times.toSorted((a, b) => b - a));
    });

    test('are told what was malformed', async () => {
      const otto = await freshOperator();
      const id = await reported(await vile());
      const ban = { kind: 'device', subject: newId(), hours: 1, reason: 'x' };
      const sql = encodeURIComponent(SQL_TEXT);
      const wrong: readonly (readonly [Method, string, object?])[] = [
        ...['state=closed', 'after=1', `after=${sql}`, 'more=1', 'state=open&state=open'].map(
          (query) => ['GET', `/moderation/reports?${query}`] as const,
        ),
        ['GET', `/moderation/reports/${sql}`],
        ['POST', `/moderation/reports/${sql}`, { verdict: 'uphold', note: '' }],
        ...[{ verdict: SQL_TEXT }, { note: 'two\nlines' }, { note: 'x'.repeat(513) }, { note: null }, { more: 1 }].map(
          (over) => ['POST', `/moderation/reports/${id}`, { verdict: 'dismiss', note: '', ...over }] as const,
        ),
        ...['after=device', `after=${sql}`, 'after=pool:x'].map(
          (query) => ['GET', `/moderation/bans?${query}`] as const,
        ),
        ...[
          { kind: 'pool' },
          { kind: 'address' },
          { kind: 'address', subject: '10.0.0.0/8' },
          { subject: SQL_TEXT },
          { hours: 0 },
          { hours: 87_601 },
          { hours: 1.5 },
          { hours: undefined },
          { reason: '' },
          { reason: 'a\0b' },
          { reason: 'ä'.repeat(257) },
          { byAccount: newId() },
        ].map((over) => ['PUT', '/moderation/bans', { ...ban, ...over }] as const),
        ['DELETE', `/moderation/bans/device/${sql}`],
        ['DELETE', `/moderation/bans/${sql}/${newId()}`],
        ['POST', '/moderation/kick', { kind: 'address', subject: '192.0.2.1', reason: 'x' }],
        ['POST', '/moderation/kick', { kind: 'device', subject: SQL_TEXT, reason: 'x' }],
        ['GET', `/moderation/audit?before=${sql}`],
      ];
      for (const [method, path, body] of wrong) {
        const answer = await otto.ask(method, path, body);
        expect({ path, asked: body, ...answer }).toMatchObject(refusal(400, 'bad-request'));
      }
      expect(await otto.get(`/moderation/reports/${newId()}`)).toMatchObject(refusal(404, 'not-found'));
      const large = { kind: 'device', subject: newId(), reason: 'x'.repeat(5000) };
      expect(await otto.post('/moderation/kick', large)).toMatchObject(refusal(413, 'too-large'));
      expect((await otto.get(`/moderation/reports/${id}`)).body).toMatchObject({ state: 'open' });
    });
  });
}

function none(): never {
  throw new Error('there is nobody');
}
