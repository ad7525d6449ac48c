// Pools that accounts keep: who may come in, who belongs to them as what, and invitations. A pool whose code nobody keeps here is
// open to everybody, and is no business of these routes.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { accountOf } from '../store/accounts.ts';
import { devicesOf } from '../store/devices.ts';
import { LIMITS } from '../store/fields.ts';
import {
  addPool,
  changePool,
  changeRole,
  membersOf,
  membershipsOf,
  poolOf,
  removeMembership,
  removePool,
  roleOf,
} from '../store/pools.ts';
import type { Policy, Role, Tx } from '../store/schema.ts';
import { ApiError } from './api-error.ts';
import { addressOf, parsed, requireSignedIn, type AccountsContext } from './context.ts';
import { mayClaim } from './seats.ts';
import { ID, NAME, PASSPHRASE, POLICY, POOL, ROLE } from './shapes.ts';

const CREATE = z.strictObject({ code: POOL, title: NAME, policy: POLICY, passphrase: PASSPHRASE.optional() });
const CHANGE = z.strictObject({ title: NAME, policy: POLICY, passphrase: PASSPHRASE.optional() });
const ROLE_CHANGE = z.strictObject({ role: ROLE });
const ONE = z.strictObject({ pool: POOL });
const MEMBER = z.strictObject({ pool: POOL, account: ID });
const PAGE = z.strictObject({ after: ID.optional() });

export function poolRoutes(app: FastifyInstance, context: AccountsContext): void {
  const { database, nowMs, passphrases, presentIn, revoke } = context;

  app.get('/pools', async (request) => {
    const { account } = await requireSignedIn(request, context);
    const pools = await database.transact(async (tx) => {
      const found = [];
      for (const { pool, role, joinedMs } of await membershipsOf(tx, account)) {
        const row = await poolOf(tx, pool);
        if (row !== undefined) found.push({ code: pool, title: row.title, policy: row.policy, role, joinedMs });
      }
      return found;
    });
    return { pools };
  });

  app.post('/pools', async (request, reply) => {
    const { account } = await requireSignedIn(request, context);
    const { code, title, policy, passphrase } = parsed(CREATE, request.body);
    if (policy === 'passphrase' && passphrase === undefined) throw new ApiError('passphrase-needed');
    const passphraseHash = await hashed(policy, passphrase, addressOf(request, context));
    const present = await presentIn(code).catch(() => {
      throw new ApiError('busy');
    });
    await database.transact(async (tx) => {
      const devices = (await devicesOf(tx, account)).flatMap(({ id, revokedMs }) => (revokedMs === null ? [id] : []));
      if (!mayClaim(present, devices)) throw new ApiError('occupied');
      const createdMs = nowMs();
      await addPool(tx, { code, title, policy, passphraseHash, createdBy: account, listing: 'unlisted', createdMs });
    });
    return reply.code(201).send({ code });
  });

  app.get('/pools/:pool', async (request) => {
    const { account } = await requireSignedIn(request, context);
    const { pool: code } = parsed(ONE, request.params);
    const { after } = parsed(PAGE, request.query);
    return database.transact(async (tx) => {
      const role = await requireMember(tx, code, account);
      const pool = await poolOf(tx, code);
      const page = await membersOf(tx, code, after, LIMITS.page);
      const members = [];
      for (const { account: id, role: theirs, joinedMs } of page) {
        members.push({ account: id, name: (await accountOf(tx, id))?.name ?? '', role: theirs, joinedMs });
      }
      return { code, title: pool?.title, policy: pool?.policy, role, members };
    });
  });

  app.patch('/pools/:pool', async (request) => {
    const { account } = await requireSignedIn(request, context);
    const { pool: code } = parsed(ONE, request.params);
    const { title, policy, passphrase } = parsed(CHANGE, request.body);
    // Asked before the dear hash, and again with the change.
    await database.transact((tx) => requireOwner(tx, code, account));
    const fresh = await hashed(policy, passphrase, addressOf(request, context));
    await database.transact(async (tx) => {
      await requireOwner(tx, code, account);
      const kept = policy === 'passphrase' ? (await poolOf(tx, code))?.passphraseHash : null;
      const passphraseHash = fresh ?? kept ?? null;
      if (policy === 'passphrase' && passphraseHash === null) throw new ApiError('passphrase-needed');
      await changePool(tx, { code, title, policy, passphraseHash, listing: 'unlisted' });
    });
    return { code };
  });

  app.delete('/pools/:pool', async (request) => {
    const { account } = await requireSignedIn(request, context);
    const { pool: code } = parsed(ONE, request.params);
    await database.transact(async (tx) => {
      await requireOwner(tx, code, account);
      await removePool(tx, code);
    });
    return {};
  });

  app.put('/pools/:pool/members/:account', async (request) => {
    const { account } = await requireSignedIn(request, context);
    const { pool, account: member } = parsed(MEMBER, request.params);
    const { role } = parsed(ROLE_CHANGE, request.body);
    const before = await database.transact(async (tx) => {
      await requireOwner(tx, pool, account);
      const was = await roleOf(tx, { pool, account: member });
      if (!(await changeRole(tx, { pool, account: member, role }))) throw new ApiError('not-found');
      return was;
    });
    // Who is in asks anew, and comes back as what it is now.
    if (before !== role) revoke({ account: member, pool });
    return { role };
  });

  /** Oneself: leaving for good. */
  app.delete('/pools/:pool/members/:account', async (request) => {
    const { account } = await requireSignedIn(request, context);
    const { pool, account: member } = parsed(MEMBER, request.params);
    await database.transact(async (tx) => {
      if (member !== account) await requireOwner(tx, pool, account);
      if (!(await removeMembership(tx, { pool, account: member }))) throw new ApiError('not-found');
    });
    revoke({ account: member, pool });
    return {};
  });

  async function hashed(policy: Policy, passphrase: string | undefined, address: string): Promise<string | null> {
    if (policy !== 'passphrase' || passphrase === undefined) return null;
    context.rates.take('passphrase', address);
    return passphrases.hash(passphrase);
  }
}

/** Throws `not-found` also where there is such a pool: that is for its people to know. */
export async function requireMember(tx: Tx, pool: string, account: string): Promise<Role> {
  const role = await roleOf(tx, { pool, account });
  if (role === undefined) throw new ApiError('not-found');
  return role;
}

/** Throws `not-found` or `forbidden`. */
export async function requireOwner(tx: Tx, pool: string, account: string): Promise<void> {
  if ((await requireMember(tx, pool, account)) !== 'owner') throw new ApiError('forbidden');
}
