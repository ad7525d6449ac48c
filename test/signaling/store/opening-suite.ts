// How the database is opened, brought to a version and closed, and what a transaction is, as tests that run over SQLite and over
// PostgreSQL, each in a place of its own.
import { describe, expect, test } from '@jest/globals';
import { accountOf, addAccount, changeAccount } from '../../../signaling/store/accounts.ts';
import { openDatabase, type Database, type DatabasePlace } from '../../../signaling/store/database.ts';
import { MIGRATIONS } from '../../../signaling/store/migrations.ts';
import { accountRow } from './rows.ts';

/** `place`: a new one, empty. */
export function openingSuite(name: string, place: () => Promise<DatabasePlace>): void {
  const within = async <T>(
    where: DatabasePlace,
    steps: readonly string[],
    work: (database: Database) => Promise<T>,
  ): Promise<T> => {
    const database = await openDatabase(where, steps);
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  };
  const versionOf = (where: DatabasePlace, steps: readonly string[]): Promise<number> =>
    within(where, steps, (database) =>
      database.transact(async (tx) => (await tx.selectFrom('migrations').select('step').execute()).length),
    );

  describe(`a database in ${name}`, () => {
    test('keeps what was acknowledged when it is closed and opened again', async () => {
      const where = await place();
      const account = accountRow();
      await within(where, MIGRATIONS, (database) => database.transact((tx) => addAccount(tx, account)));
      const found = await within(where, MIGRATIONS, (database) => database.transact((tx) => accountOf(tx, account.id)));
      expect(found).toEqual(account);
      expect(await versionOf(where, MIGRATIONS)).toBe(MIGRATIONS.length);
    });

    test('is brought to a newer version with what is in it, and then refused by the older one', async () => {
      const where = await place();
      const account = accountRow();
      const newer = [...MIGRATIONS, 'create table fish (name text primary key)', "insert into fish values ('herring')"];
      await within(where, MIGRATIONS, (database) => database.transact((tx) => addAccount(tx, account)));
      expect(await versionOf(where, newer)).toBe(newer.length);
      await expect(openDatabase(where)).rejects.toMatchObject({ name: 'DatabaseError', code: 'newer-schema' });
      const found = await within(where, newer, (database) => database.transact((tx) => accountOf(tx, account.id)));
      expect(found).toEqual(account);
    });

    test('whose change failed stays at the step before it, and keeps nobody waiting', async () => {
      const where = await place();
      const steps = [...MIGRATIONS, 'create table fish (name text primary key)'];
      await expect(openDatabase(where, [...steps, 'create fish'])).rejects.toMatchObject({ code: 'failed' });
      expect(await versionOf(where, steps)).toBe(steps.length);
      const leases = await within(where, steps, (database) =>
        database.transact((tx) => tx.selectFrom('leases').selectAll().where('untilMs', '>', 0).execute()),
      );
      expect(leases).toEqual([]);
      const mended = [...steps, "insert into fish values ('herring')"];
      expect(await versionOf(where, mended)).toBe(mended.length);
    });

    test('keeps nothing of a transaction that threw, and goes on', async () => {
      await within(await place(), MIGRATIONS, async (database) => {
        const account = accountRow();
        const failing = database.transact(async (tx) => {
          await addAccount(tx, account);
          throw new Error('changed my mind');
        });
        await expect(failing).rejects.toThrow('changed my mind');
        expect(await database.transact((tx) => accountOf(tx, account.id))).toBeUndefined();
      });
    });

    test('lets no transaction see half of another, nor overwrite what it has not seen', async () => {
      await within(await place(), MIGRATIONS, async (database) => {
        const account = accountRow({ avatar: Uint8Array.of(0) });
        await database.transact((tx) => addAccount(tx, account));
        const grow = (): Promise<boolean> =>
          database.transact(async (tx) => {
            const avatar = (await accountOf(tx, account.id))?.avatar ?? new Uint8Array();
            return changeAccount(tx, account.id, { avatar: new Uint8Array(avatar.length + 1) });
          });
        await Promise.all(Array.from({ length: 10 }, grow));
        expect((await database.transact((tx) => accountOf(tx, account.id)))?.avatar).toHaveLength(11);
      });
    });

    test('that is closed finishes what it was at, and refuses the rest', async () => {
      const where = await place();
      const account = accountRow();
      const database = await openDatabase(where);
      const adding = database.transact((tx) => addAccount(tx, account));
      const closing = database.close();
      await expect(database.transact((tx) => accountOf(tx, account.id))).rejects.toMatchObject({ code: 'closed' });
      await adding;
      await closing;
      await database.close();
      const found = await within(where, MIGRATIONS, (again) => again.transact((tx) => accountOf(tx, account.id)));
      expect(found).toEqual(account);
    });
  });
}
