// Accounts and how their people get in: passkeys, recovery codes, and the sessions of browsers that did.
import { devicesOf } from './devices.ts';
import { DatabaseError } from './errors.ts';
import { checked, LIMITS, NEVER_MS, requireRoom } from './fields.ts';
import { banAmong, setBan } from './moderation.ts';
import type { AccountRow, BanRow, PasskeyRow, SessionRow, Subject, Tx } from './schema.ts';
import { hashToken } from './secrets.ts';

export async function addAccount(tx: Tx, account: AccountRow): Promise<void> {
  await tx.insertInto('accounts').values(checked(account)).execute();
}

export async function accountOf(tx: Tx, id: string): Promise<AccountRow | undefined> {
  return tx.selectFrom('accounts').selectAll().where('id', '=', checked({ id }).id).executeTakeFirst();
}

/** What is left out stays. False if there is no such account. */
export async function changeAccount(
  tx: Tx,
  id: string,
  change: Partial<Pick<AccountRow, 'name' | 'avatar' | 'tier'>>,
): Promise<boolean> {
  checked({ id, ...change });
  // An update of nothing is no SQL.
  if (Object.keys(change).length === 0) return (await accountOf(tx, id)) !== undefined;
  const changed = await tx.updateTable('accounts').set(change).where('id', '=', id).returning('id').executeTakeFirst();
  return changed !== undefined;
}

/** These are operators from now on, and no others. Resolves to those of them that are there. */
export async function setOperators(tx: Tx, ids: readonly string[]): Promise<string[]> {
  for (const id of ids) checked({ id });
  const former = tx.updateTable('accounts').set({ tier: 'user' }).where('tier', '=', 'operator');
  // A list of nothing is no SQL.
  await (ids.length === 0 ? former : former.where('id', 'not in', ids)).execute();
  if (ids.length === 0) return [];
  const chosen = tx.updateTable('accounts').set({ tier: 'operator' }).where('id', 'in', ids);
  return (await chosen.returning('id').execute()).map(({ id }) => id);
}

/**
 * With all that is the account's own: ways in, devices, memberships. Reports, strikes, bans and the audit stay, and devices that
 * were revoked, or banned with their account, are banned by themselves from then on. False if there is none; throws `last-owner` if it is the only owner of a pool, which is to be handed over or removed before.
 */
export async function removeAccount(tx: Tx, id: string): Promise<boolean> {
  const owned = await tx
    .selectFrom('memberships as mine')
    .select('mine.pool')
    .where('mine.account', '=', checked({ id }).id)
    .where('mine.role', '=', 'owner')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('memberships as others')
            .select('others.account')
            .whereRef('others.pool', '=', 'mine.pool')
            .where('others.role', '=', 'owner')
            .where('others.account', '<>', id),
        ),
      ),
    )
    .executeTakeFirst();
  if (owned !== undefined) throw new DatabaseError('last-owner', `${owned.pool} has no other owner`);
  await keepDevicesOut(tx, id);
  const removed = await tx.deleteFrom('accounts').where('id', '=', id).returning('id').executeTakeFirst();
  return removed !== undefined;
}

async function keepDevicesOut(tx: Tx, account: string): Promise<void> {
  // Also one that is over: it bans nobody under another name either.
  const ban = await banAmong(tx, [{ subjectKind: 'account', subject: account }], 0);
  for (const { id, revokedMs } of await devicesOf(tx, account)) {
    const kept: Omit<BanRow, keyof Subject> | undefined =
      revokedMs === null
        ? ban
        : { untilMs: NEVER_MS, reason: 'Revoked by its account', byAccount: null, createdMs: revokedMs };
    if (kept === undefined) continue;
    const device: Subject = { subjectKind: 'device', subject: id };
    const held = await banAmong(tx, [device], 0);
    if (held === undefined || held.untilMs < kept.untilMs) await setBan(tx, { ...kept, ...device });
  }
}

/** Throws `duplicate`, `missing` (the account) or `too-many`. */
export async function addPasskey(tx: Tx, passkey: PasskeyRow): Promise<void> {
  checked(passkey);
  const { count } = await tx
    .selectFrom('passkeys')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('account', '=', passkey.account)
    .executeTakeFirstOrThrow();
  requireRoom('passkeys of an account', count, LIMITS.passkeysPerAccount);
  await tx.insertInto('passkeys').values(passkey).execute();
}

export async function passkeyOf(tx: Tx, credentialId: string): Promise<PasskeyRow | undefined> {
  checked({ credentialId });
  return tx.selectFrom('passkeys').selectAll().where('credentialId', '=', credentialId).executeTakeFirst();
}

/** The oldest first. */
export async function passkeysOf(tx: Tx, account: string): Promise<PasskeyRow[]> {
  checked({ account });
  return tx.selectFrom('passkeys').selectAll().where('account', '=', account).orderBy('createdMs').execute();
}

/**
 * Keeps that somebody signed in with it. False if there is no such passkey, or if its counter did not go up (WebAuthn,
 * section 6.1.1): two are counting, so one is a copy. One that does not count says 0 each time.
 */
export async function recordPasskeyUse(
  tx: Tx,
  use: Pick<PasskeyRow, 'credentialId' | 'counter'> & { readonly usedMs: number },
): Promise<boolean> {
  const { credentialId, counter, usedMs } = checked(use);
  const used = await tx
    .updateTable('passkeys')
    .set({ counter, usedMs })
    .where('credentialId', '=', credentialId)
    .where((eb) => eb.or([eb('counter', '<', counter), eb.and([eb('counter', '=', 0), eb.lit(counter === 0)])]))
    .returning('credentialId')
    .executeTakeFirst();
  return used !== undefined;
}

/** False if the account has no such passkey. */
export async function renamePasskey(
  tx: Tx,
  named: Pick<PasskeyRow, 'account' | 'credentialId' | 'name'>,
): Promise<boolean> {
  const { account, credentialId, name } = checked(named);
  const renamed = await tx
    .updateTable('passkeys')
    .set({ name })
    .where('credentialId', '=', credentialId)
    .where('account', '=', account)
    .returning('credentialId')
    .executeTakeFirst();
  return renamed !== undefined;
}

/** False if the account has no such passkey. Whether it may be the last is the caller's to say. */
export async function removePasskey(tx: Tx, named: Pick<PasskeyRow, 'account' | 'credentialId'>): Promise<boolean> {
  const { account, credentialId } = checked(named);
  const removed = await tx
    .deleteFrom('passkeys')
    .where('credentialId', '=', credentialId)
    .where('account', '=', account)
    .returning('credentialId')
    .executeTakeFirst();
  return removed !== undefined;
}

/** `codes`: of at least 128 random bits each; only their hashes are kept. Those that were there before are void. */
export async function replaceRecoveryCodes(tx: Tx, account: string, codes: readonly string[]): Promise<void> {
  checked({ account });
  requireRoom('recovery codes of an account', codes.length - 1, LIMITS.recoveryCodesPerAccount);
  await tx.deleteFrom('recoveryCodes').where('account', '=', account).execute();
  for (const code of codes) {
    await tx
      .insertInto('recoveryCodes')
      .values({ account, codeHash: hashToken(code) })
      .execute();
  }
}

export async function countRecoveryCodes(tx: Tx, account: string): Promise<number> {
  checked({ account });
  const codes = await tx.selectFrom('recoveryCodes').select('codeHash').where('account', '=', account).execute();
  return codes.length;
}

/** Whose code it is; it is void from now on. Undefined if it is nobody's, or was used. */
export async function spendRecoveryCode(tx: Tx, code: string): Promise<string | undefined> {
  const used = await tx
    .deleteFrom('recoveryCodes')
    .where('codeHash', '=', hashToken(code))
    .returning('account')
    .executeTakeFirst();
  return used?.account;
}

/** `token`: a new one, of which only the hash is kept. If the account has too many sessions, its oldest end. */
export async function addSession(
  tx: Tx,
  { token, ...session }: Omit<SessionRow, 'tokenHash'> & { readonly token: string },
): Promise<void> {
  const { account } = checked(session);
  const others = await tx
    .selectFrom('sessions')
    .select('tokenHash')
    .where('account', '=', account)
    .orderBy('createdMs', 'desc')
    .orderBy('tokenHash')
    .execute();
  for (const { tokenHash } of others.slice(LIMITS.sessionsPerAccount - 1)) {
    await tx.deleteFrom('sessions').where('tokenHash', '=', tokenHash).execute();
  }
  await tx
    .insertInto('sessions')
    .values({ ...session, tokenHash: hashToken(token) })
    .execute();
}

/** Undefined if there is none, or it is over at `nowMs`. */
export async function sessionOf(tx: Tx, token: string, nowMs: number): Promise<SessionRow | undefined> {
  return tx
    .selectFrom('sessions')
    .selectAll()
    .where('tokenHash', '=', hashToken(token))
    .where('expiresMs', '>', nowMs)
    .executeTakeFirst();
}

export async function endSession(tx: Tx, token: string): Promise<void> {
  await tx.deleteFrom('sessions').where('tokenHash', '=', hashToken(token)).execute();
}

/** All of the account's. */
export async function endSessions(tx: Tx, account: string): Promise<void> {
  await tx.deleteFrom('sessions').where('account', '=', checked({ account }).account).execute();
}
