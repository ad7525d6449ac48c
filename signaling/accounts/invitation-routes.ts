// Invitations to pools: made by owners for so long and so many, accepted by whoever has an account.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { acceptInvitation, addInvitation, invitationsTo, removeInvitation } from '../store/pools.ts';
import { newToken } from '../store/secrets.ts';
import { ApiError } from './api-error.ts';
import { parsed, requireSignedIn, tollAttempt, type AccountsContext } from './context.ts';
import { requireOwner } from './pool-routes.ts';
import { POOL, TOKEN } from './shapes.ts';

const HOUR_MS = 3_600_000;

const CREATE = z.strictObject({
  role: z.enum(['member', 'listener']).default('member'),
  /** How many may accept it. */
  uses: z.number().int().min(1).max(1_000).default(1),
  /** At most 90 days. */
  hours: z.number().int().min(1).max(2_160).default(168),
});
const ACCEPT = z.strictObject({ token: TOKEN });
const OF_POOL = z.strictObject({ pool: POOL });
const ONE = z.strictObject({ pool: POOL, invitation: TOKEN });

export function invitationRoutes(app: FastifyInstance, context: AccountsContext): void {
  const { database, nowMs } = context;

  app.get('/pools/:pool/invitations', async (request) => {
    const { account } = await requireSignedIn(request, context);
    const { pool } = parsed(OF_POOL, request.params);
    const rows = await database.transact(async (tx) => {
      await requireOwner(tx, pool, account);
      return invitationsTo(tx, pool);
    });
    const invitations = rows
      .filter(({ expiresMs, usesLeft }) => expiresMs > nowMs() && usesLeft > 0)
      .map(({ tokenHash, role, createdMs, expiresMs, usesLeft }) => {
        return { id: tokenHash, role, createdMs, expiresMs, usesLeft };
      });
    return { invitations };
  });

  app.post('/pools/:pool/invitations', async (request, reply) => {
    const { account } = await requireSignedIn(request, context);
    const { pool } = parsed(OF_POOL, request.params);
    const { role, uses, hours } = parsed(CREATE, request.body);
    const token = newToken();
    const createdMs = nowMs();
    const expiresMs = createdMs + hours * HOUR_MS;
    await database.transact(async (tx) => {
      await requireOwner(tx, pool, account);
      await addInvitation(tx, { token, pool, role, createdBy: account, createdMs, expiresMs, usesLeft: uses });
    });
    return reply.code(201).send({ token, expiresMs });
  });

  app.delete('/pools/:pool/invitations/:invitation', async (request) => {
    const { account } = await requireSignedIn(request, context);
    const { pool, invitation: tokenHash } = parsed(ONE, request.params);
    await database.transact(async (tx) => {
      await requireOwner(tx, pool, account);
      if (!(await removeInvitation(tx, { pool, tokenHash }))) throw new ApiError('not-found');
    });
    return {};
  });

  app.post('/invitations/accept', async (request) => {
    const { account } = await requireSignedIn(request, context);
    tollAttempt(request, context);
    const { token } = parsed(ACCEPT, request.body);
    const accepted = await database.transact((tx) => acceptInvitation(tx, { token, account, nowMs: nowMs() }));
    if (accepted === undefined) throw new ApiError('invitation');
    return accepted;
  });
}
