// What the database promises of pools, memberships and invitations, as tests that run over SQLite and over PostgreSQL.
import { describe, expect, test } from '@jest/globals';
import { accountOf, removeAccount } from '../../../signaling/store/accounts.ts';
import type { Database } from '../../../signaling/store/database.ts';
import { LIMITS } from '../../../signaling/store/fields.ts';
import {
  addInvitation,
  addMembership,
  addPool,
  changePool,
  changeRole,
  invitationsTo,
  listedPools,
  membershipsOf,
  membersOf,
  poolOf,
  removeInvitation,
  removeMembership,
  removePool,
  roleOf,
  acceptInvitation,
} from '../../../signaling/store/pools.ts';
import type { Role } from '../../../signaling/store/schema.ts';
import { hashPassphrase, hashToken, newId, newToken } from '../../../signaling/store/secrets.ts';
import { anAccount, aPool, HOUR_MS, NOW_MS, poolRow, SQL_TEXT, UNFIT_TEXTS } from './rows.ts';

/** `database`: opened before the tests run. */
export function poolsSuite(name: string, database: () => Database): void {
  const transact: Database['transact'] = (work) => database().transact(work);

  /** A pool with an invitation for so many. */
  const inviting = async (usesLeft: number): Promise<{ pool: string; owner: string; token: string }> => {
    const token = newToken();
    const { pool, people } = await transact((tx) => aPool(tx));
    const [owner = ''] = people;
    const role: Role = 'listener';
    const times = { createdMs: NOW_MS, expiresMs: NOW_MS + HOUR_MS };
    await transact((tx) => addInvitation(tx, { token, pool, role, createdBy: owner, usesLeft, ...times }));
    return { pool, owner, token };
  };

  describe(`pools in ${name}`, () => {
    test('come back as they were put, and belong to who made them', async () => {
      const account = await transact(anAccount);
      const passphraseHash = await hashPassphrase('correct horse');
      const pool = poolRow(account, { title: SQL_TEXT, policy: 'passphrase', passphraseHash });
      await transact((tx) => addPool(tx, pool));
      const { code } = pool;
      expect(await transact((tx) => poolOf(tx, code))).toEqual(pool);
      expect(await transact((tx) => membershipsOf(tx, account))).toEqual([
        { pool: code, account, role: 'owner', joinedMs: NOW_MS },
      ]);
      const open = { code, title: 'Cove', policy: 'open', passphraseHash: null, listing: 'unlisted' } as const;
      expect(await transact((tx) => changePool(tx, open))).toBe(true);
      expect(await transact((tx) => poolOf(tx, code))).toEqual({ ...pool, ...open });
      await expect(transact((tx) => addPool(tx, poolRow(account, { code })))).rejects.toMatchObject({
        code: 'duplicate',
      });
      expect(await transact((tx) => removePool(tx, code))).toBe(true);
      expect(await transact((tx) => membershipsOf(tx, account))).toEqual([]);
      expect(await transact((tx) => removePool(tx, code))).toBe(false);
      expect(await transact((tx) => changePool(tx, open))).toBe(false);
    });

    test('have a passphrase if, and only if, their policy says so', async () => {
      const account = await transact(anAccount);
      const passphraseHash = `scrypt$15$8$1$${'a'.repeat(22)}$${'b'.repeat(43)}`;
      for (const over of [
        { policy: 'passphrase' },
        { passphraseHash },
        { policy: 'passphrase', passphraseHash: 'x' },
      ] as const) {
        const adding = transact((tx) => addPool(tx, poolRow(account, over)));
        await expect(adding).rejects.toMatchObject({ code: 'bad-field', field: 'passphraseHash' });
      }
    });

    test.each(UNFIT_TEXTS.map((text) => [JSON.stringify(text).slice(0, 20), text]))(
      'take no %s for a code or a title',
      async (_shown, text) => {
        const account = await transact(anAccount);
        const refused = { code: 'bad-field' };
        await expect(transact((tx) => addPool(tx, poolRow(account, { code: text })))).rejects.toMatchObject(refused);
        await expect(transact((tx) => addPool(tx, poolRow(account, { title: text })))).rejects.toMatchObject(refused);
        await expect(transact((tx) => membersOf(tx, text, undefined, 1))).rejects.toMatchObject(refused);
        expect(await transact((tx) => acceptInvitation(tx, { token: text, account, nowMs: NOW_MS }))).toBeUndefined();
      },
    );

    test('are found page by page if they are listed', async () => {
      const account = await transact(anAccount);
      const listed = ['a', 'b', 'c'].map((letter) => `listed-${newId()}-${letter}`);
      await transact(async (tx) => {
        for (const code of listed) await addPool(tx, poolRow(account, { code, listing: 'listed' }));
        await addPool(tx, poolRow(account));
      });
      const found: string[] = [];
      for (let after: string | undefined; ; after = found.at(-1)) {
        const page = await transact((tx) => listedPools(tx, after, 2));
        if (page.length === 0) break;
        found.push(...page.map(({ code }) => code));
      }
      expect(found.toSorted()).toEqual(listed.toSorted());
      await expect(transact((tx) => listedPools(tx, undefined, LIMITS.page + 1))).rejects.toThrow(RangeError);
    });
  });

  describe(`memberships in ${name}`, () => {
    test('are of accounts and pools that are there, once each', async () => {
      const { pool, people } = await transact((tx) => aPool(tx, 'member'));
      const [, account = ''] = people;
      const membership = { pool, account, role: 'listener', joinedMs: NOW_MS } as const;
      await expect(transact((tx) => addMembership(tx, membership))).rejects.toMatchObject({ code: 'duplicate' });
      const strange = transact((tx) => addMembership(tx, { ...membership, account: newId() }));
      await expect(strange).rejects.toMatchObject({ code: 'missing' });
      const nowhere = transact((tx) => addMembership(tx, { ...membership, pool: `cove-${newId()}` }));
      await expect(nowhere).rejects.toMatchObject({ code: 'missing' });
      expect(await transact((tx) => roleOf(tx, { pool, account }))).toBe('member');
      expect(await transact((tx) => roleOf(tx, { pool, account: newId() }))).toBeUndefined();
      const all = await transact((tx) => membersOf(tx, pool, undefined, 10));
      expect(all.map((each) => each.account)).toEqual(people.toSorted());
      expect(await transact((tx) => membersOf(tx, pool, all[0]?.account, 10))).toEqual(all.slice(1));
    });

    test('change and end, but for the last owner’s', async () => {
      const { pool, people } = await transact((tx) => aPool(tx, 'member'));
      const [owner = '', other = ''] = people;
      const refused = { name: 'DatabaseError', code: 'last-owner' };
      const change = (account: string, role: Role): Promise<boolean> =>
        transact((tx) => changeRole(tx, { pool, account, role }));
      const remove = (account: string): Promise<boolean> => transact((tx) => removeMembership(tx, { pool, account }));
      await expect(change(owner, 'member')).rejects.toMatchObject(refused);
      await expect(remove(owner)).rejects.toMatchObject(refused);
      await expect(transact((tx) => removeAccount(tx, owner))).rejects.toMatchObject(refused);
      expect(await change(other, 'owner')).toBe(true);
      expect(await change(owner, 'listener')).toBe(true);
      expect(await remove(owner)).toBe(true);
      expect(await remove(owner)).toBe(false);
      expect(await change(owner, 'owner')).toBe(false);
      expect(await transact((tx) => removeAccount(tx, owner))).toBe(true);
      expect(await transact((tx) => poolOf(tx, pool))).toMatchObject({ createdBy: null });
    });

    test('of two owners who leave at once, one stays, however they leave', async () => {
      for (let round = 0; round < 8; round += 1) {
        const { pool, people } = await transact((tx) => aPool(tx, 'owner'));
        const [one = '', other = ''] = people;
        const outcomes = await Promise.allSettled([
          transact((tx) => removeMembership(tx, { pool, account: one })),
          transact((tx) =>
            round % 2 === 0 ? removeMembership(tx, { pool, account: other }) : removeAccount(tx, other),
          ),
        ]);
        expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
        expect(await transact((tx) => membersOf(tx, pool, undefined, 10))).toMatchObject([{ role: 'owner' }]);
      }
    });
  });

  describe(`invitations in ${name}`, () => {
    test('make members, until they are over, withdrawn or used up', async () => {
      const { pool, owner, token } = await inviting(2);
      const [one, two, three] = await transact(async (tx) => [
        await anAccount(tx),
        await anAccount(tx),
        await anAccount(tx),
      ]);
      const use = (account: string | undefined, nowMs: number = NOW_MS): ReturnType<typeof acceptInvitation> =>
        transact((tx) => acceptInvitation(tx, { token, account: account ?? '', nowMs }));
      expect(await use(one, NOW_MS + HOUR_MS)).toBeUndefined();
      expect(await use(one)).toEqual({ pool, role: 'listener' });
      expect(await use(one)).toEqual({ pool, role: 'listener' });
      expect(await use(owner)).toEqual({ pool, role: 'owner' });
      await expect(use(newId())).rejects.toMatchObject({ code: 'missing' });
      expect(await transact((tx) => invitationsTo(tx, pool))).toMatchObject([
        { tokenHash: hashToken(token), usesLeft: 1 },
      ]);
      expect(await use(two)).toEqual({ pool, role: 'listener' });
      expect(await use(three)).toBeUndefined();
      const other = await inviting(1);
      const named = { pool: other.pool, tokenHash: hashToken(other.token) };
      expect(await transact((tx) => removeInvitation(tx, { ...named, pool }))).toBe(false);
      expect(await transact((tx) => removeInvitation(tx, named))).toBe(true);
      const late = transact((tx) => acceptInvitation(tx, { token: other.token, account: three ?? '', nowMs: NOW_MS }));
      expect(await late).toBeUndefined();
    });

    test('used by many at once let in as many as they say, and no use goes below none', async () => {
      const { pool, token } = await inviting(5);
      const accounts = await transact(async (tx) => {
        const ids: string[] = [];
        for (let i = 0; i < 12; i += 1) ids.push(await anAccount(tx));
        return ids;
      });
      const used = await Promise.all(
        accounts.map((account) => transact((tx) => acceptInvitation(tx, { token, account, nowMs: NOW_MS }))),
      );
      expect(used.filter((membership) => membership !== undefined)).toHaveLength(5);
      expect(await transact((tx) => invitationsTo(tx, pool))).toMatchObject([{ usesLeft: 0 }]);
      expect(await transact((tx) => membersOf(tx, pool, undefined, 20))).toHaveLength(6);
    });

    test('outlive who made them', async () => {
      const { pool, owner, token } = await inviting(1);
      const heir = await transact(anAccount);
      await transact((tx) => addMembership(tx, { pool, account: heir, role: 'owner', joinedMs: NOW_MS }));
      await transact((tx) => removeAccount(tx, owner));
      expect(await transact((tx) => accountOf(tx, owner))).toBeUndefined();
      const account = await transact(anAccount);
      expect(await transact((tx) => acceptInvitation(tx, { token, account, nowMs: NOW_MS }))).toMatchObject({ pool });
    });
  });
}
