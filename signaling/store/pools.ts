// Pools that outlive their members' visits, who belongs to them as what, and the invitations by which others come to. A pool always
// has an owner.
import { DatabaseError } from './errors.ts';
import { checked, FieldError, LIMITS, requireRoom } from './fields.ts';
import type { InvitationRow, MembershipRow, PoolRow, Role, Tx } from './schema.ts';
import { hashToken } from './secrets.ts';

/** Its creator is its owner. Throws `duplicate` (the code), `missing` (the account) or `too-many` (its pools). */
export async function addPool(tx: Tx, pool: PoolRow & { readonly createdBy: string }): Promise<void> {
  await tx.insertInto('pools').values(checkedPool(pool)).execute();
  await addMembership(tx, { pool: pool.code, account: pool.createdBy, role: 'owner', joinedMs: pool.createdMs });
}

export async function poolOf(tx: Tx, code: string): Promise<PoolRow | undefined> {
  return tx.selectFrom('pools').selectAll().where('code', '=', checked({ code }).code).executeTakeFirst();
}

/** False if there is no such pool. */
export async function changePool(
  tx: Tx,
  pool: Pick<PoolRow, 'code' | 'title' | 'policy' | 'passphraseHash' | 'listing'>,
): Promise<boolean> {
  const { code, ...change } = checkedPool(pool);
  const changed = await tx
    .updateTable('pools')
    .set(change)
    .where('code', '=', code)
    .returning('code')
    .executeTakeFirst();
  return changed !== undefined;
}

/** With its memberships and invitations. False if there is none. */
export async function removePool(tx: Tx, code: string): Promise<boolean> {
  const removed = await tx
    .deleteFrom('pools')
    .where('code', '=', checked({ code }).code)
    .returning('code')
    .executeTakeFirst();
  return removed !== undefined;
}

/** A page of those that everybody may find, by code. `after`: the last code of the page before. */
export async function listedPools(tx: Tx, after: string | undefined, limit: number): Promise<PoolRow[]> {
  checked({ limit });
  let page = tx.selectFrom('pools').selectAll().where('listing', '=', 'listed').orderBy('code').limit(limit);
  if (after !== undefined) page = page.where('code', '>', checked({ code: after }).code);
  return page.execute();
}

/** What the account belongs to, the latest first. */
export async function membershipsOf(tx: Tx, account: string): Promise<MembershipRow[]> {
  checked({ account });
  const mine = tx.selectFrom('memberships').selectAll().where('account', '=', account);
  return mine.orderBy('joinedMs', 'desc').orderBy('pool').execute();
}

/** A page of a pool's, by account. `after`: the last account of the page before. */
export async function membersOf(
  tx: Tx,
  pool: string,
  after: string | undefined,
  limit: number,
): Promise<MembershipRow[]> {
  checked({ pool, limit });
  let page = tx.selectFrom('memberships').selectAll().where('pool', '=', pool).orderBy('account').limit(limit);
  if (after !== undefined) page = page.where('account', '>', checked({ account: after }).account);
  return page.execute();
}

/** Undefined if the account does not belong to it. */
export async function roleOf(tx: Tx, membership: Pick<MembershipRow, 'pool' | 'account'>): Promise<Role | undefined> {
  const { pool, account } = checked(membership);
  const found = await tx
    .selectFrom('memberships')
    .select('role')
    .where('pool', '=', pool)
    .where('account', '=', account)
    .executeTakeFirst();
  return found?.role;
}

/** Throws `duplicate` if the account belongs to it, `missing` (either) or `too-many` (the account's pools). */
export async function addMembership(tx: Tx, membership: MembershipRow): Promise<void> {
  checked(membership);
  const { count } = await tx
    .selectFrom('memberships')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('account', '=', membership.account)
    .executeTakeFirstOrThrow();
  requireRoom('pools of an account', count, LIMITS.poolsPerAccount);
  await tx.insertInto('memberships').values(membership).execute();
}

/** False if the account does not belong to it. Throws `last-owner`. */
export async function changeRole(tx: Tx, membership: Omit<MembershipRow, 'joinedMs'>): Promise<boolean> {
  const { pool, account, role } = checked(membership);
  if (role !== 'owner') await requireOtherOwner(tx, membership);
  const changed = await tx
    .updateTable('memberships')
    .set({ role })
    .where('pool', '=', pool)
    .where('account', '=', account)
    .returning('role')
    .executeTakeFirst();
  return changed !== undefined;
}

/** False if the account does not belong to it. Throws `last-owner`. */
export async function removeMembership(tx: Tx, membership: Pick<MembershipRow, 'pool' | 'account'>): Promise<boolean> {
  const { pool, account } = checked(membership);
  await requireOtherOwner(tx, membership);
  const removed = await tx
    .deleteFrom('memberships')
    .where('pool', '=', pool)
    .where('account', '=', account)
    .returning('role')
    .executeTakeFirst();
  return removed !== undefined;
}

/** `token`: a new one, of which only the hash is kept. Throws `missing` (the pool) or `too-many`. */
export async function addInvitation(
  tx: Tx,
  { token, ...invitation }: Omit<InvitationRow, 'tokenHash'> & { readonly token: string },
): Promise<void> {
  checked(invitation);
  const { count } = await tx
    .selectFrom('invitations')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('pool', '=', invitation.pool)
    .executeTakeFirstOrThrow();
  requireRoom('invitations to a pool', count, LIMITS.invitationsPerPool);
  await tx
    .insertInto('invitations')
    .values({ ...invitation, tokenHash: hashToken(token) })
    .execute();
}

/** Also those that are used up or over, as long as `forgetExpired` has left them; the latest first. */
export async function invitationsTo(tx: Tx, pool: string): Promise<InvitationRow[]> {
  checked({ pool });
  const all = tx.selectFrom('invitations').selectAll().where('pool', '=', pool);
  return all.orderBy('createdMs', 'desc').orderBy('tokenHash').execute();
}

/** False if the pool has no such invitation. */
export async function removeInvitation(
  tx: Tx,
  invitation: Pick<InvitationRow, 'pool' | 'tokenHash'>,
): Promise<boolean> {
  const { pool, tokenHash } = checked(invitation);
  const removed = await tx
    .deleteFrom('invitations')
    .where('tokenHash', '=', tokenHash)
    .where('pool', '=', pool)
    .returning('pool')
    .executeTakeFirst();
  return removed !== undefined;
}

/**
 * Makes the account a member by an invitation, which has one use less then. Who belongs to the pool stays what he is, and
 * uses nothing. Undefined if there is no such invitation, or it is used up or over at `nowMs`. Throws `missing` (the
 * account) or `too-many` (its pools).
 */
export async function acceptInvitation(
  tx: Tx,
  { token, account, nowMs }: { readonly token: string; readonly account: string; readonly nowMs: number },
): Promise<Pick<MembershipRow, 'pool' | 'role'> | undefined> {
  const invitation = await tx
    .selectFrom('invitations')
    .selectAll()
    .where('tokenHash', '=', hashToken(token))
    .where('usesLeft', '>', 0)
    .where('expiresMs', '>', nowMs)
    .executeTakeFirst();
  if (invitation === undefined) return undefined;
  const { pool, role, tokenHash } = invitation;
  const already = await roleOf(tx, { pool, account });
  if (already !== undefined) return { pool, role: already };
  await tx
    .updateTable('invitations')
    .set((eb) => ({ usesLeft: eb('usesLeft', '-', 1) }))
    .where('tokenHash', '=', tokenHash)
    .execute();
  await addMembership(tx, { pool, account, role, joinedMs: nowMs });
  return { pool, role };
}

function checkedPool<T extends Pick<PoolRow, 'code' | 'title' | 'policy' | 'passphraseHash' | 'listing'>>(pool: T): T {
  const { policy, passphraseHash } = pool;
  if ((policy === 'passphrase') !== (passphraseHash !== null)) {
    throw new FieldError('passphraseHash', 'one with the policy `passphrase` and none with others', policy);
  }
  checked<Partial<PoolRow>>(pool);
  return pool;
}

/** Throws `last-owner` if the account is the pool's only owner. */
async function requireOtherOwner(tx: Tx, { pool, account }: Pick<MembershipRow, 'pool' | 'account'>): Promise<void> {
  const owners = await tx
    .selectFrom('memberships')
    .select('account')
    .where('pool', '=', pool)
    .where('role', '=', 'owner')
    .limit(2)
    .execute();
  if (owners.length === 1 && owners[0]?.account === account) {
    throw new DatabaseError('last-owner', `${pool} has no other owner`);
  }
}
