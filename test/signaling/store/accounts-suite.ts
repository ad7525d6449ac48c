// What the database promises of accounts, ways in and devices, as tests that run over SQLite and over PostgreSQL.
import { describe, expect, test } from '@jest/globals';
import {
  accountOf,
  addAccount,
  addPasskey,
  addSession,
  changeAccount,
  countRecoveryCodes,
  endSession,
  endSessions,
  passkeyOf,
  passkeysOf,
  removeAccount,
  removePasskey,
  renamePasskey,
  setOperators,
  replaceRecoveryCodes,
  sessionOf,
  recordPasskeyUse,
  spendRecoveryCode,
} from '../../../signaling/store/accounts.ts';
import type { Database } from '../../../signaling/store/database.ts';
import { addDevice, changeDevice, deviceOf, devicesOf } from '../../../signaling/store/devices.ts';
import { LIMITS, NEVER_MS } from '../../../signaling/store/fields.ts';
import { banAmong, setBan } from '../../../signaling/store/moderation.ts';
import type { AccountRow, BanRow } from '../../../signaling/store/schema.ts';
import { newId, newToken } from '../../../signaling/store/secrets.ts';
import { accountRow, anAccount, deviceRow, HOUR_MS, NOW_MS, passkeyRow, SQL_TEXT, UNFIT_TEXTS } from './rows.ts';

/** `database`: opened before the tests run. */
export function accountsSuite(name: string, database: () => Database): void {
  const transact: Database['transact'] = (work) => database().transact(work);

  describe(`accounts in ${name}`, () => {
    test('come back as they were put, and change only in what is changed', async () => {
      const account = accountRow({ name: 'Zoë 海 🐟', avatar: Uint8Array.of(0, 255, 92, 39), createdMs: 2 ** 53 - 1 });
      await transact((tx) => addAccount(tx, account));
      expect(await transact((tx) => accountOf(tx, account.id))).toStrictEqual(account);
      expect(await transact((tx) => changeAccount(tx, account.id, { name: 'Zoe' }))).toBe(true);
      expect(await transact((tx) => changeAccount(tx, account.id, {}))).toBe(true);
      expect(await transact((tx) => accountOf(tx, account.id))).toEqual({ ...account, name: 'Zoe' });
      expect(await transact((tx) => changeAccount(tx, account.id, { avatar: null, tier: 'guest' }))).toBe(true);
      expect(await transact((tx) => accountOf(tx, account.id))).toEqual({
        ...account,
        name: 'Zoe',
        avatar: null,
        tier: 'guest',
      });
      expect(await transact((tx) => changeAccount(tx, newId(), { name: 'Nobody' }))).toBe(false);
      expect(await transact((tx) => accountOf(tx, newId()))).toBeUndefined();
    });

    test('are operators’ while they are named, and nobody else’s', async () => {
      const [one, other] = [await transact(anAccount), await transact(anAccount)];
      const tiers = async (): Promise<(string | undefined)[]> => {
        return [
          (await transact((tx) => accountOf(tx, one)))?.tier,
          (await transact((tx) => accountOf(tx, other)))?.tier,
        ];
      };
      expect(await transact((tx) => setOperators(tx, [one, newId()]))).toEqual([one]);
      expect(await tiers()).toEqual(['operator', 'user']);
      expect(await transact((tx) => setOperators(tx, [other]))).toEqual([other]);
      expect(await tiers()).toEqual(['user', 'operator']);
      expect(await transact((tx) => setOperators(tx, []))).toEqual([]);
      expect(await tiers()).toEqual(['user', 'user']);
      await expect(transact((tx) => setOperators(tx, [SQL_TEXT]))).rejects.toMatchObject({ code: 'bad-field' });
    });

    test('are there once, and the second of an id changes nothing', async () => {
      const account = accountRow();
      await transact((tx) => addAccount(tx, account));
      const again = transact(async (tx) => {
        await changeAccount(tx, account.id, { name: 'Changed' });
        await addAccount(tx, { ...account, name: 'Eve' });
      });
      await expect(again).rejects.toMatchObject({ name: 'DatabaseError', code: 'duplicate' });
      expect(await transact((tx) => accountOf(tx, account.id))).toEqual(account);
    });

    test('keep SQL as the text that it is', async () => {
      const account = accountRow({ name: SQL_TEXT });
      await transact((tx) => addAccount(tx, account));
      expect(await transact((tx) => accountOf(tx, account.id))).toEqual(account);
    });

    test.each(UNFIT_TEXTS.map((text) => [JSON.stringify(text).slice(0, 20), text]))(
      'take no %s for a name or an id',
      async (_shown, text) => {
        const refused = { name: 'FieldError', code: 'bad-field' };
        const account = accountRow();
        await expect(transact((tx) => addAccount(tx, { ...account, name: text }))).rejects.toMatchObject(refused);
        await expect(transact((tx) => addAccount(tx, { ...account, id: text }))).rejects.toMatchObject(refused);
        await expect(transact((tx) => accountOf(tx, text))).rejects.toMatchObject(refused);
        await expect(transact((tx) => changeAccount(tx, account.id, { name: text }))).rejects.toMatchObject(refused);
        expect(await transact((tx) => sessionOf(tx, text, NOW_MS))).toBeUndefined();
        expect(await transact((tx) => spendRecoveryCode(tx, text))).toBeUndefined();
        expect(await transact((tx) => accountOf(tx, account.id))).toBeUndefined();
      },
    );

    test.each<[string, Partial<AccountRow>]>([
      ['too large a picture', { avatar: new Uint8Array(32 * 1024 + 1) }],
      ['an empty picture', { avatar: new Uint8Array() }],
      ['half a millisecond', { createdMs: 0.5 }],
      ['a time beyond 2^53', { createdMs: 2 ** 53 }],
      ['a time before 1970', { createdMs: -1 }],
      ['no time', { createdMs: NaN }],
    ])('take no %s', async (_what, over) => {
      const adding = transact((tx) => addAccount(tx, accountRow(over)));
      await expect(adding).rejects.toThrow(RangeError);
      await expect(adding).rejects.toMatchObject({ code: 'bad-field', field: Object.keys(over)[0] });
    });

    test('that are removed take all of their own with them', async () => {
      const code = newToken();
      const token = newToken();
      const account = await transact(anAccount);
      const passkey = passkeyRow(account);
      const device = deviceRow(account);
      await transact(async (tx) => {
        await addPasskey(tx, passkey);
        await addDevice(tx, device);
        await replaceRecoveryCodes(tx, account, [code]);
        await addSession(tx, { token, account, createdMs: NOW_MS, expiresMs: NOW_MS + HOUR_MS });
      });
      expect(await transact((tx) => removeAccount(tx, account))).toBe(true);
      expect(await transact((tx) => removeAccount(tx, account))).toBe(false);
      await transact(async (tx) => {
        expect(await passkeyOf(tx, passkey.credentialId)).toBeUndefined();
        expect(await deviceOf(tx, device.id)).toBeUndefined();
        expect(await sessionOf(tx, token, NOW_MS)).toBeUndefined();
        expect(await spendRecoveryCode(tx, code)).toBeUndefined();
      });
    });
  });

  describe(`devices of a removed account in ${name}`, () => {
    const bansOf = async (device: string): Promise<BanRow | undefined> =>
      transact((tx) => banAmong(tx, [{ subjectKind: 'device', subject: device }], NOW_MS));

    test('are not let in again if they were revoked, and may come back if they were not', async () => {
      const account = await transact(anAccount);
      const [kept, revoked] = [deviceRow(account), deviceRow(account)];
      await transact(async (tx) => {
        for (const device of [kept, revoked]) await addDevice(tx, device);
        await changeDevice(tx, { account, id: revoked.id, revokedMs: NOW_MS - 1 });
        await removeAccount(tx, account);
      });
      expect(await bansOf(revoked.id)).toMatchObject({ untilMs: NEVER_MS, byAccount: null, createdMs: NOW_MS - 1 });
      expect(await bansOf(kept.id)).toBeUndefined();
    });

    test('are banned for as long as it was, or as they were', async () => {
      const account = await transact(anAccount);
      const [one, other] = [deviceRow(account), deviceRow(account)];
      const ban = { untilMs: NOW_MS + 2, reason: SQL_TEXT, byAccount: newId(), createdMs: NOW_MS };
      const longer: BanRow = { ...ban, subjectKind: 'device', subject: other.id, untilMs: NOW_MS + 3 };
      await transact(async (tx) => {
        for (const device of [one, other]) await addDevice(tx, device);
        await setBan(tx, { ...ban, subjectKind: 'account', subject: account });
        await setBan(tx, longer);
        await removeAccount(tx, account);
      });
      expect(await bansOf(one.id)).toEqual({ ...ban, subjectKind: 'device', subject: one.id });
      expect(await bansOf(other.id)).toEqual(longer);
    });
  });

  describe(`passkeys in ${name}`, () => {
    test('belong to an account that is there, and are bounded', async () => {
      await expect(transact((tx) => addPasskey(tx, passkeyRow(newId())))).rejects.toMatchObject({ code: 'missing' });
      const account = await transact(anAccount);
      const rows = Array.from({ length: LIMITS.passkeysPerAccount }, (_, i) => passkeyRow(account, { createdMs: i }));
      for (const row of rows) await transact((tx) => addPasskey(tx, row));
      expect(await transact((tx) => passkeysOf(tx, account))).toEqual(rows);
      await expect(transact((tx) => addPasskey(tx, passkeyRow(account)))).rejects.toMatchObject({ code: 'too-many' });
    });

    test('that count must count up; one that does not count never has to', async () => {
      const account = await transact(anAccount);
      const { credentialId } = passkeyRow(account);
      await transact((tx) => addPasskey(tx, passkeyRow(account, { credentialId })));
      const use = (counter: number): Promise<boolean> =>
        transact((tx) => recordPasskeyUse(tx, { credentialId, counter, usedMs: NOW_MS + counter }));
      expect([await use(0), await use(0), await use(7), await use(7), await use(6), await use(0)]).toEqual([
        true,
        true,
        true,
        false,
        false,
        false,
      ]);
      expect(await transact((tx) => passkeyOf(tx, credentialId))).toMatchObject({ counter: 7, usedMs: NOW_MS + 7 });
      expect(await use(2 ** 32 - 1)).toBe(true);
    });

    test('are renamed and removed by their own account alone', async () => {
      const [account, other] = [await transact(anAccount), await transact(anAccount)];
      const { credentialId } = passkeyRow(account);
      await transact((tx) => addPasskey(tx, passkeyRow(account, { credentialId })));
      expect(await transact((tx) => renamePasskey(tx, { account: other, credentialId, name: 'Eve' }))).toBe(false);
      expect(await transact((tx) => removePasskey(tx, { account: other, credentialId }))).toBe(false);
      expect(await transact((tx) => renamePasskey(tx, { account, credentialId, name: 'Phone' }))).toBe(true);
      expect(await transact((tx) => passkeyOf(tx, credentialId))).toMatchObject({ name: 'Phone' });
      expect(await transact((tx) => removePasskey(tx, { account, credentialId }))).toBe(true);
      expect(await transact((tx) => passkeyOf(tx, credentialId))).toBeUndefined();
    });
  });

  describe(`recovery codes in ${name}`, () => {
    test('work once, for their account, and not after they were replaced', async () => {
      const account = await transact(anAccount);
      const [first, second, third] = [newToken(), newToken(), newToken()];
      await transact((tx) => replaceRecoveryCodes(tx, account, [first, second]));
      expect(await transact((tx) => spendRecoveryCode(tx, first))).toBe(account);
      expect(await transact((tx) => spendRecoveryCode(tx, first))).toBeUndefined();
      expect(await transact((tx) => countRecoveryCodes(tx, account))).toBe(1);
      await transact((tx) => replaceRecoveryCodes(tx, account, [third]));
      expect(await transact((tx) => spendRecoveryCode(tx, second))).toBeUndefined();
      expect(await transact((tx) => spendRecoveryCode(tx, third))).toBe(account);
      const many = Array.from({ length: LIMITS.recoveryCodesPerAccount + 1 }, newToken);
      const replacing = transact((tx) => replaceRecoveryCodes(tx, account, many));
      await expect(replacing).rejects.toMatchObject({ code: 'too-many' });
    });

    test('used at once let in one', async () => {
      const account = await transact(anAccount);
      const code = newToken();
      await transact((tx) => replaceRecoveryCodes(tx, account, [code]));
      const users = await Promise.all(Array.from({ length: 8 }, () => transact((tx) => spendRecoveryCode(tx, code))));
      expect(users.filter((user) => user === account)).toHaveLength(1);
    });
  });

  describe(`sessions in ${name}`, () => {
    test('hold until their time, or until they are ended', async () => {
      const account = await transact(anAccount);
      const [first, second] = [newToken(), newToken()];
      const session = { account, createdMs: NOW_MS, expiresMs: NOW_MS + HOUR_MS };
      for (const token of [first, second]) await transact((tx) => addSession(tx, { ...session, token }));
      expect(await transact((tx) => sessionOf(tx, first, NOW_MS + HOUR_MS - 1))).toMatchObject(session);
      expect(await transact((tx) => sessionOf(tx, first, NOW_MS + HOUR_MS))).toBeUndefined();
      await transact((tx) => endSession(tx, first));
      expect(await transact((tx) => sessionOf(tx, first, NOW_MS))).toBeUndefined();
      expect(await transact((tx) => sessionOf(tx, second, NOW_MS))).toMatchObject({ account });
      await transact((tx) => endSessions(tx, account));
      expect(await transact((tx) => sessionOf(tx, second, NOW_MS))).toBeUndefined();
    });

    test('are bounded: the oldest makes room', async () => {
      const account = await transact(anAccount);
      const tokens = Array.from({ length: LIMITS.sessionsPerAccount + 1 }, newToken);
      await transact(async (tx) => {
        for (const [createdMs, token] of tokens.entries()) {
          await addSession(tx, { token, account, createdMs, expiresMs: NOW_MS });
        }
      });
      const alive = await transact(async (tx) => {
        const found = [];
        for (const token of tokens) found.push((await sessionOf(tx, token, 0)) !== undefined);
        return found;
      });
      expect(alive).toEqual(tokens.map((_, index) => index > 0));
    });
  });

  describe(`devices in ${name}`, () => {
    test('are listed, renamed, seen and revoked by their own account, and stay revoked', async () => {
      const [account, other] = [await transact(anAccount), await transact(anAccount)];
      const device = deviceRow(account);
      await transact((tx) => addDevice(tx, device));
      const { id } = device;
      expect(await transact((tx) => changeDevice(tx, { account: other, id, name: 'Eve' }))).toBe(false);
      expect(await transact((tx) => changeDevice(tx, { account, id, name: 'Phone' }))).toBe(true);
      expect(await transact((tx) => changeDevice(tx, { account, id, seenMs: NOW_MS + 5 }))).toBe(true);
      const seen = { ...device, name: 'Phone', seenMs: NOW_MS + 5, revokedMs: null };
      expect(await transact((tx) => devicesOf(tx, account))).toEqual([seen]);
      expect(await transact((tx) => changeDevice(tx, { account, id, revokedMs: NOW_MS + 9 }))).toBe(true);
      expect(await transact((tx) => changeDevice(tx, { account, id, seenMs: NOW_MS + 10 }))).toBe(false);
      expect(await transact((tx) => deviceOf(tx, id))).toEqual({ ...seen, revokedMs: NOW_MS + 9 });
      for (const owner of [account, other]) {
        const again = transact((tx) => addDevice(tx, { ...device, account: owner }));
        await expect(again).rejects.toMatchObject({ code: 'duplicate' });
      }
    });

    test('are bounded, also when many are added at once', async () => {
      const account = await transact(anAccount);
      const rows = Array.from({ length: LIMITS.devicesPerAccount + 6 }, () => deviceRow(account));
      await transact(async (tx) => {
        for (const row of rows.slice(0, LIMITS.devicesPerAccount - 2)) await addDevice(tx, row);
      });
      const adding = rows.slice(-8).map((row) => transact((tx) => addDevice(tx, row)));
      const outcomes = await Promise.allSettled(adding);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
      expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual(
        Array.from({ length: 6 }, () => ({
          status: 'rejected',
          reason: expect.objectContaining({ code: 'too-many' }),
        })),
      );
      expect(await transact((tx) => devicesOf(tx, account))).toHaveLength(LIMITS.devicesPerAccount);
    });

    test('that were revoked make room, but not for ever', async () => {
      const account = await transact(anAccount);
      const rows = Array.from({ length: LIMITS.devicesEverPerAccount }, () => deviceRow(account));
      await transact(async (tx) => {
        for (const row of rows) {
          await addDevice(tx, row);
          await changeDevice(tx, { account, id: row.id, revokedMs: NOW_MS });
        }
      });
      await expect(transact((tx) => addDevice(tx, deviceRow(account)))).rejects.toMatchObject({ code: 'too-many' });
      expect(await transact((tx) => devicesOf(tx, account))).toHaveLength(LIMITS.devicesEverPerAccount);
    });
  });
}
