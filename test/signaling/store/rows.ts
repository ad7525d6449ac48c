// Rows for the tests of the database: each new one has ids of its own, so that tests share one database.
import type { AccountRow, DeviceRow, PasskeyRow, PoolRow, Role, Tx } from '../../../signaling/store/schema.ts';
import { addAccount } from '../../../signaling/store/accounts.ts';
import type { NewReport } from '../../../signaling/store/moderation.ts';
import { addMembership, addPool } from '../../../signaling/store/pools.ts';
import { newId, newToken } from '../../../signaling/store/secrets.ts';

export const NOW_MS = 1_790_000_000_000;
export const HOUR_MS = 3_600_000;

/** What no text field may be. */
export const UNFIT_TEXTS: readonly string[] = ['', 'a\0b', 'a\u001bb', 'a\ud800b', 'x'.repeat(100_000)];

/** What a text field may well be, if it takes more than ids and words. */
export const SQL_TEXT = `Robert'); DROP TABLE accounts;-- " \\ $1 ? :a %s`;

export const accountRow = (over: Partial<AccountRow> = {}): AccountRow => {
  return { id: newId(), name: 'Ada', avatar: null, tier: 'user', createdMs: NOW_MS, ...over };
};

export const passkeyRow = (account: string, over: Partial<PasskeyRow> = {}): PasskeyRow => ({
  credentialId: newToken(),
  account,
  publicKey: Uint8Array.of(0, 1, 128, 255),
  counter: 0,
  transports: 'internal,hybrid',
  name: 'Laptop',
  createdMs: NOW_MS,
  usedMs: null,
  ...over,
});

export const deviceRow = (account: string, over: Partial<DeviceRow> = {}): Omit<DeviceRow, 'revokedMs'> => ({
  id: newId(),
  account,
  signKey: newToken(),
  name: 'Laptop',
  type: 'browser',
  createdMs: NOW_MS,
  seenMs: NOW_MS,
  ...over,
});

export const poolRow = (createdBy: string, over: Partial<PoolRow> = {}): PoolRow & { readonly createdBy: string } => ({
  code: `cove-${newId()}`,
  title: 'Quiet cove',
  policy: 'open',
  passphraseHash: null,
  listing: 'unlisted',
  createdMs: NOW_MS,
  ...over,
  createdBy,
});

export const reportRow = (over: Partial<NewReport> = {}): NewReport => ({
  id: newId(),
  reporterAccount: null,
  reporterDevice: newId(),
  targetAccount: null,
  targetDevice: newId(),
  pool: 'quiet-heron-cove-4821',
  entry: newId() + newId(),
  circle: Uint8Array.of(),
  offence: 'spam',
  evidence: Uint8Array.of(1, 2, 3),
  createdMs: NOW_MS,
  ...over,
});

/** A new account's id. */
export async function anAccount(tx: Tx): Promise<string> {
  const account = accountRow();
  await addAccount(tx, account);
  return account.id;
}

/** A new pool's code and its people: its owner, and one more for each of `roles`. */
export async function aPool(tx: Tx, ...roles: readonly Role[]): Promise<{ pool: string; people: string[] }> {
  const owner = await anAccount(tx);
  const pool = poolRow(owner);
  await addPool(tx, pool);
  const people = [owner];
  for (const role of roles) {
    const account = await anAccount(tx);
    await addMembership(tx, { pool: pool.code, account, role, joinedMs: NOW_MS });
    people.push(account);
  }
  return { pool: pool.code, people };
}
