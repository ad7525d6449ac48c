// The devices of an account: bound by a signature of their own, listed, renamed, and revoked, after which a device joins no pool
// of this server under these keys.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { deviceIdOf } from '../../src/keys/identity.ts';
import { isDeviceProof } from '../../src/keys/device-proof.ts';
import { addDevice, changeDevice, deviceOf, devicesOf } from '../store/devices.ts';
import type { DeviceRow } from '../store/schema.ts';
import { newToken } from '../store/secrets.ts';
import { ApiError } from './api-error.ts';
import { pageOf, parsed, requireSignedIn, tollAttempt, type AccountsContext } from './context.ts';
import { Expiring } from './expiring.ts';
import { bytesOf, ID, NAME, NOTHING, SIGNATURE, TOKEN } from './shapes.ts';

/** A device answers at once, ms. */
const NONCE_MS = 60_000;

const BIND = z.strictObject({
  nonce: TOKEN,
  signKey: TOKEN,
  signature: SIGNATURE,
  name: NAME,
  type: z.enum(['browser', 'terminal', 'desktop']),
});
const NAMED = z.strictObject({ name: NAME });
const ONE = z.strictObject({ device: ID });

export function deviceRoutes(app: FastifyInstance, context: AccountsContext): void {
  const { database, nowMs, revoke } = context;
  const nonces = new Expiring(database, { purpose: 'device', lifeMs: NONCE_MS });

  app.get('/devices', async (request) => {
    const { account } = await requireSignedIn(request, context);
    const devices = await database.transact((tx) => devicesOf(tx, account));
    return { devices: devices.map(({ account: _own, signKey: _key, ...shown }) => shown) };
  });

  app.post('/devices/nonce', async (request) => {
    const { account } = await requireSignedIn(request, context);
    parsed(NOTHING, request.body);
    const nonce = newToken();
    await nonces.add(nonce, account, nowMs());
    return { nonce };
  });

  app.post('/devices', async (request, reply) => {
    const { account } = await requireSignedIn(request, context);
    tollAttempt(request, context);
    const { nonce, signature, signKey, name, type } = parsed(BIND, request.body);
    if ((await nonces.take(nonce, nowMs())) !== account) throw new ApiError('challenge');
    const key = bytesOf(signKey);
    const claim = { nonce: bytesOf(nonce), account, origin: pageOf(request, context).origin };
    if (!(await isDeviceProof(key, claim, bytesOf(signature)))) throw new ApiError('signature');
    const id = deviceIdOf(key);
    const seenMs = nowMs();
    const device = { id, account, signKey, name, type, createdMs: seenMs, seenMs };
    const isNew = await database.transact(async (tx) => {
      const known = await deviceOf(tx, id);
      if (known === undefined) {
        await addDevice(tx, device);
        return true;
      }
      requireOwn(known, account);
      await changeDevice(tx, { account, id, name });
      return false;
    });
    return reply.code(isNew ? 201 : 200).send({ device: id });
  });

  app.patch('/devices/:device', async (request) => {
    const { account } = await requireSignedIn(request, context);
    const { device: id } = parsed(ONE, request.params);
    const { name } = parsed(NAMED, request.body);
    if (!(await database.transact((tx) => changeDevice(tx, { account, id, name })))) throw new ApiError('not-found');
    return { name };
  });

  app.delete('/devices/:device', async (request) => {
    const { account } = await requireSignedIn(request, context);
    const { device: id } = parsed(ONE, request.params);
    const revokedMs = nowMs();
    if (!(await database.transact((tx) => changeDevice(tx, { account, id, revokedMs })))) {
      throw new ApiError('not-found');
    }
    // Written first: whoever asks to join from now on finds it revoked.
    revoke({ device: id });
    return {};
  });
}

/** Whoever has the key may hand a device over only by revoking nothing and asking nobody: so it stays whose it was. */
function requireOwn({ account, revokedMs }: DeviceRow, mine: string): void {
  if (revokedMs !== null) throw new ApiError('device-revoked');
  if (account !== mine) throw new ApiError('duplicate', 'This device is bound to another account.');
}
