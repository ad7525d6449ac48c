// What is over leaves the database: nothing in it grows with time alone, but the audit and the reports.
import type { Tx } from './schema.ts';

/** A lease that nobody took for so long has no late holder any more, ms. */
const LEASE_FORGOTTEN_MS = 24 * 60 * 60 * 1000;

/** For any node to call now and then. What is over at `nowMs` counted no more before. */
export async function forgetExpired(tx: Tx, nowMs: number): Promise<void> {
  await tx.deleteFrom('pending').where('expiresMs', '<=', nowMs).execute();
  await tx.deleteFrom('sessions').where('expiresMs', '<=', nowMs).execute();
  await tx.deleteFrom('invitations').where('expiresMs', '<=', nowMs).execute();
  await tx.deleteFrom('strikes').where('expiresMs', '<=', nowMs).execute();
  await tx.deleteFrom('bans').where('untilMs', '<=', nowMs).execute();
  await tx
    .deleteFrom('leases')
    .where('untilMs', '<=', nowMs - LEASE_FORGOTTEN_MS)
    .execute();
}
