// A server's accounts and its moderation over a real PostgreSQL.
import { afterAll, beforeAll, describe, jest } from '@jest/globals';
import type { DatabasePlace } from '../../../signaling/store/database.ts';
import { findPostgres, startPostgres, type Postgres } from '../../support/postgres.ts';
import { operatorsSuite } from '../moderation/operators-suite.ts';
import { reportsSuite } from '../moderation/reports-suite.ts';
import { devicesSuite } from './devices-suite.ts';
import { guardsSuite } from './guards-suite.ts';
import { nodesSuite } from './nodes-suite.ts';
import { poolsSuite } from './pools-suite.ts';
import { signInSuite } from './sign-in-suite.ts';

// Where everybody tests at once, a disk and scrypt take their time.
jest.setTimeout(60_000);

const bin = findPostgres();
if (bin === undefined) {
  console.log('No PostgreSQL found (Debian, Ubuntu: apt-get install postgresql): its tests are skipped.');
}

(bin === undefined ? describe.skip : describe)('over PostgreSQL', () => {
  let postgres: Postgres;
  let created = 0;
  const place = async (): Promise<DatabasePlace> => ({ url: await postgres.create(`world${(created += 1)}`) });

  beforeAll(async () => {
    postgres = await startPostgres(bin ?? '');
  });
  afterAll(() => postgres.stop());

  signInSuite('PostgreSQL', place);
  devicesSuite('PostgreSQL', place);
  poolsSuite('PostgreSQL', place);
  guardsSuite('PostgreSQL', place);
  nodesSuite('PostgreSQL', place);
  reportsSuite('PostgreSQL', place);
  operatorsSuite('PostgreSQL', place);
});
