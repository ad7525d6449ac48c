// Who gets a ticket for which pool, and as what. The device needs no proof here: a ticket is good for the one device it names,
// which proves itself when it joins.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { changeDevice, deviceOf } from '../store/devices.ts';
import { acceptInvitation, poolOf, roleOf } from '../store/pools.ts';
import type { DeviceRow, PoolRow, Role } from '../store/schema.ts';
import { ApiError } from './api-error.ts';
import { addressOf, parsed, signedIn, type AccountsContext } from './context.ts';
import { ID, PASSPHRASE, POOL, TOKEN } from './shapes.ts';

const ASK = z.strictObject({
  pool: POOL,
  device: ID,
  passphrase: PASSPHRASE.optional(),
  invitation: TOKEN.optional(),
});

/** A device is noted as seen at most this often, ms: each time is a write. */
const SEEN_MS = 3_600_000;

export function ticketRoutes(app: FastifyInstance, context: AccountsContext): void {
  const { database, nowMs, signer, guests, passphrases, rates } = context;

  /** `ticket: null`: none is needed there. */
  app.post('/ticket', async (request) => {
    const asked = parsed(ASK, request.body);
    const { pool: code, device: id } = asked;
    const account = (await signedIn(request, context))?.account;
    const { pool, device, role } = await database.transact(async (tx) => {
      const device = await deviceOf(tx, id);
      requireUsable(device, account);
      let role = account === undefined ? undefined : await roleOf(tx, { pool: code, account });
      // Who belongs to it comes back with an invitation that is used up by now.
      if (account !== undefined && role === undefined && asked.invitation !== undefined) {
        const accepted = await acceptInvitation(tx, { token: asked.invitation, account, nowMs: nowMs() });
        if (accepted?.pool !== code) throw new ApiError('invitation');
        role = accepted.role;
      }
      return { pool: await poolOf(tx, code), device, role };
    });
    if (account === undefined && !guests) throw new ApiError('signed-out');
    if (device !== undefined && account !== undefined && nowMs() - device.seenMs > SEEN_MS) {
      await database.transact((tx) => changeDevice(tx, { account, id, seenMs: nowMs() }));
    }
    if (account === undefined && (pool === undefined || pool.policy === 'open')) return { ticket: null };
    const toll = (): void => rates.take('passphrase', addressOf(request, context));
    const granted = role ?? (await roleOfVisitor(pool, account, asked.passphrase, toll));
    return { ticket: await signer.sign({ pool: code, device: id, account, role: granted }, nowMs()) };
  });

  /** As what somebody comes in who does not belong to the pool. Rejects with what is missing. */
  async function roleOfVisitor(
    pool: PoolRow | undefined,
    account: string | undefined,
    passphrase: string | undefined,
    toll: () => void,
  ): Promise<Role> {
    // Of a pool that nobody keeps the hooks forget the role: who comes first is its owner.
    if (pool === undefined) return 'member';
    switch (pool.policy) {
      case 'open':
        return 'member';
      case 'invited':
        throw new ApiError(account === undefined ? 'signed-out' : 'not-invited');
      case 'passphrase': {
        if (passphrase === undefined) throw new ApiError('passphrase-needed');
        const { passphraseHash } = pool;
        if (passphraseHash === null || !(await passphrases.isRight(passphrase, passphraseHash, toll))) {
          throw new ApiError('passphrase-wrong');
        }
        return 'member';
      }
    }
  }
}

/** Throws `device-revoked`; also `device-unknown` if it is not bound to the account of who is signed in. */
function requireUsable(device: DeviceRow | undefined, account: string | undefined): void {
  if (device !== undefined && device.revokedMs !== null) throw new ApiError('device-revoked');
  if (account !== undefined && device?.account !== account) throw new ApiError('device-unknown');
}
