// Runs the one suite of clients over both: a PoolClient, and a RemoteClient whose host has one.
import { jest } from '@jest/globals';
import { clientSuite } from './client-suite.ts';
import { SUBJECTS } from './world.ts';

// Links take a moment where everybody tests at once.
jest.setTimeout(60_000);

for (const [what, open] of SUBJECTS) clientSuite(what, open);
