// A server's accounts and its moderation over embedded SQLite.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, jest } from '@jest/globals';
import type { DatabasePlace } from '../../../signaling/store/database.ts';
import { operatorsSuite } from '../moderation/operators-suite.ts';
import { reportsSuite } from '../moderation/reports-suite.ts';
import { devicesSuite } from './devices-suite.ts';
import { guardsSuite } from './guards-suite.ts';
import { poolsSuite } from './pools-suite.ts';
import { signInSuite } from './sign-in-suite.ts';

// Where everybody tests at once, a disk and scrypt take their time.
jest.setTimeout(60_000);

let folder: string;
const place = async (): Promise<DatabasePlace> => ({ dataDir: await mkdtemp(join(folder, 'data-')) });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-accounts-'));
});
afterAll(() => rm(folder, { recursive: true }));

signInSuite('SQLite', place);
devicesSuite('SQLite', place);
poolsSuite('SQLite', place);
guardsSuite('SQLite', place);
reportsSuite('SQLite', place);
operatorsSuite('SQLite', place);
