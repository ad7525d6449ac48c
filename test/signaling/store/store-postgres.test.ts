// The server's database over a real PostgreSQL: what every database promises, and what only a server does.
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { sql } from 'kysely';
import { accountOf, addAccount } from '../../../signaling/store/accounts.ts';
import { openDatabase, type Database } from '../../../signaling/store/database.ts';
import { MIGRATIONS } from '../../../signaling/store/migrations.ts';
import { findPostgres, startPostgres, type Postgres } from '../../support/postgres.ts';
import { accountsSuite } from './accounts-suite.ts';
import { moderationSuite } from './moderation-suite.ts';
import { openingSuite } from './opening-suite.ts';
import { poolsSuite } from './pools-suite.ts';
import { accountRow } from './rows.ts';

// Where everybody tests at once, a disk takes its time.
jest.setTimeout(60_000);

const KILLS = 20;
/** Who write at once while the server is killed. */
const WRITERS = 3;

const bin = findPostgres();
if (bin === undefined) {
  console.log('No PostgreSQL found (Debian, Ubuntu: apt-get install postgresql): its tests are skipped.');
}

(bin === undefined ? describe.skip : describe)('over PostgreSQL', () => {
  let postgres: Postgres;
  let url: string;
  let database: Database;
  let created = 0;

  const newUrl = (): Promise<string> => postgres.create(`pool${(created += 1)}`);

  beforeAll(async () => {
    postgres = await startPostgres(bin ?? '');
    url = await newUrl();
    database = await openDatabase({ url });
  });

  afterAll(async () => {
    await database.close();
    await postgres.stop();
  });

  openingSuite('PostgreSQL', async () => ({ url: await newUrl() }));
  accountsSuite('PostgreSQL', () => database);
  poolsSuite('PostgreSQL', () => database);
  moderationSuite('PostgreSQL', () => database);

  describe('the server', () => {
    test('is given its tables once by nodes that start at once, however long that takes', async () => {
      const shared = await newUrl();
      // Longer than a transaction that meets others goes on trying: who waits must not meet who works.
      const steps = [...MIGRATIONS, ...Array.from({ length: 12 }, () => 'select pg_sleep(0.25)')];
      const nodes = await Promise.all(Array.from({ length: 4 }, () => openDatabase({ url: shared }, steps)));
      const account = accountRow();
      await nodes[0]?.transact((tx) => addAccount(tx, account));
      for (const node of nodes) {
        expect(await node.transact((tx) => accountOf(tx, account.id))).toEqual(account);
        const applied = await node.transact((tx) => tx.selectFrom('migrations').select('step').execute());
        expect(applied).toHaveLength(steps.length);
      }
      await Promise.all(nodes.map((node) => node.close()));
    });

    test('that takes back a transaction each time is not asked for ever', async () => {
      let attempts = 0;
      const endless = database.transact(async (tx) => {
        attempts += 1;
        await sql`do $$ begin raise exception 'restart transaction' using errcode = '40001'; end $$`.execute(tx);
      });
      await expect(endless).rejects.toMatchObject({ name: 'DatabaseError', code: 'conflict' });
      expect(attempts).toBeGreaterThan(5);
      expect(attempts).toBeLessThan(20);
    });

    test('that ends a connection, in use or not, harms nothing but what used it', async () => {
      const ended = database.transact((tx) => sql`select pg_terminate_backend(pg_backend_pid())`.execute(tx));
      await expect(ended).rejects.toMatchObject({ name: 'DatabaseError', code: 'unavailable' });
      const others = sql`select pg_terminate_backend(pid) from pg_stat_activity
        where pid <> pg_backend_pid() and backend_type = 'client backend'`;
      await database.transact((tx) => others.execute(tx));
      const account = accountRow();
      await database.transact((tx) => addAccount(tx, account));
      expect(await database.transact((tx) => accountOf(tx, account.id))).toEqual(account);
    });

    test('that has a number beyond 2^53 is not misread', async () => {
      const reading = database.transact((tx) => sql`select 9007199254740993::bigint`.execute(tx));
      await expect(reading).rejects.toMatchObject({ name: 'DatabaseError', code: 'failed' });
    });

    test('that is not there is said to be so', async () => {
      const nowhere = url.replace('rockpool-pg-', 'rockpool-none-');
      await expect(openDatabase({ url: nowhere })).rejects.toMatchObject({
        name: 'DatabaseError',
        code: 'unavailable',
      });
      const strange = url.replace(/\/pool1$/, '/nothing');
      await expect(openDatabase({ url: strange })).rejects.toMatchObject({ name: 'DatabaseError', code: 'failed' });
    });

    test(`loses nothing acknowledged, ${KILLS} of ${KILLS} times it is killed, and nobody has to open it again`, async () => {
      const acknowledged: string[] = [];
      const writeTo = async (count: number, reached: () => void): Promise<void> => {
        for (;;) {
          const account = accountRow();
          await database.transact((tx) => addAccount(tx, account));
          if (acknowledged.push(account.id) === count) reached();
        }
      };
      for (let kill = 0; kill < KILLS; kill += 1) {
        const count = acknowledged.length + 1 + ((7 * kill) % KILLS);
        let outcomes: Promise<PromiseSettledResult<void>[]> = Promise.resolve([]);
        await new Promise<void>((reached) => {
          outcomes = Promise.allSettled(Array.from({ length: WRITERS }, () => writeTo(count, reached)));
        });
        await postgres.crash();
        expect(await outcomes).toEqual(
          Array.from({ length: WRITERS }, () => ({
            status: 'rejected',
            reason: expect.objectContaining({ code: 'unavailable' }),
          })),
        );
      }
      const kept = await database.transact((tx) => tx.selectFrom('accounts').select('id').execute());
      const ids = new Set(kept.map(({ id }) => id));
      expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
    }, 240_000);
  });
});
