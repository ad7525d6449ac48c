// One's own account: name and picture, passkeys, recovery codes, and its removal.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import {
  accountOf,
  addPasskey,
  changeAccount,
  countRecoveryCodes,
  passkeysOf,
  removeAccount,
  removePasskey,
  renamePasskey,
} from '../store/accounts.ts';
import type { AccountRow } from '../store/schema.ts';
import { ApiError } from './api-error.ts';
import { clearCookie, pageOf, parsed, requireSignedIn, type AccountsContext } from './context.ts';
import { Expiring } from './expiring.ts';
import { CEREMONY_MS, CREDENTIAL_BODY_BYTES_MAX, newPasskey, REGISTRATION, registrationOptions } from './passkeys.ts';
import { giveRecoveryCodes, newRecoveryCodes } from './recovery-codes.ts';
import { CREDENTIAL, ID, NAME, NOTHING } from './shapes.ts';

/** Bytes of a picture: what the database takes. */
const AVATAR_BYTES_MAX = 32 * 1024;

const NAMED = z.strictObject({ name: NAME });
const ADD_PASSKEY = z.strictObject({ response: REGISTRATION, name: NAME });
const ONE_PASSKEY = z.strictObject({ credential: CREDENTIAL });
const ONE_ACCOUNT = z.strictObject({ account: ID });

export function ownRoutes(app: FastifyInstance, context: AccountsContext): void {
  const { database, nowMs, revoke } = context;
  const adding = new Expiring(database, { purpose: 'add-passkey', lifeMs: CEREMONY_MS });

  app.get('/me', async (request) => {
    const { account } = await requireSignedIn(request, context);
    return database.transact(async (tx) => {
      const { id, name, avatar, tier, createdMs } = existing(await accountOf(tx, account));
      const passkeys = (await passkeysOf(tx, account)).map((passkey) => {
        return { id: passkey.credentialId, name: passkey.name, createdMs: passkey.createdMs, usedMs: passkey.usedMs };
      });
      const recoveryCodesLeft = await countRecoveryCodes(tx, account);
      return { id, name, tier, createdMs, hasAvatar: avatar !== null, passkeys, recoveryCodesLeft };
    });
  });

  app.patch('/me', async (request) => {
    const { account } = await requireSignedIn(request, context);
    const { name } = parsed(NAMED, request.body);
    await database.transact((tx) => changeAccount(tx, account, { name }));
    return { name };
  });

  app.delete('/me', async (request, reply) => {
    const { account } = await requireSignedIn(request, context);
    await database.transact((tx) => removeAccount(tx, account));
    revoke({ account });
    clearCookie(request, reply);
    return {};
  });

  app.put('/me/avatar', { bodyLimit: AVATAR_BYTES_MAX }, async (request) => {
    const { account } = await requireSignedIn(request, context);
    const avatar = request.body;
    if (!(avatar instanceof Uint8Array) || pictureType(avatar) === undefined) {
      throw new ApiError('bad-request', 'body: expected a PNG or WebP picture');
    }
    await database.transact((tx) => changeAccount(tx, account, { avatar }));
    return {};
  });

  app.delete('/me/avatar', async (request) => {
    const { account } = await requireSignedIn(request, context);
    await database.transact((tx) => changeAccount(tx, account, { avatar: null }));
    return {};
  });

  app.get('/accounts/:account/avatar', async (request, reply) => {
    await requireSignedIn(request, context);
    const { account } = parsed(ONE_ACCOUNT, request.params);
    const avatar = (await database.transact((tx) => accountOf(tx, account)))?.avatar;
    const type = avatar ? pictureType(avatar) : undefined;
    if (!avatar || type === undefined) throw new ApiError('not-found');
    return reply.type(type).send(Buffer.from(avatar));
  });

  app.post('/passkeys/options', async (request) => {
    const { account } = await requireSignedIn(request, context);
    parsed(NOTHING, request.body);
    const page = pageOf(request, context);
    const own = await database.transact(async (tx) => ({
      name: existing(await accountOf(tx, account)).name,
      passkeys: await passkeysOf(tx, account),
    }));
    const options = await registrationOptions(page, { account, ...own });
    await adding.add(options.challenge, account, nowMs());
    return options;
  });

  app.post('/passkeys', { bodyLimit: CREDENTIAL_BODY_BYTES_MAX }, async (request, reply) => {
    const { account } = await requireSignedIn(request, context);
    const { response, name } = parsed(ADD_PASSKEY, request.body);
    const mine = async (challenge: string): Promise<boolean> => (await adding.take(challenge, nowMs())) === account;
    const passkey = await newPasskey(pageOf(request, context), response, mine);
    const createdMs = nowMs();
    await database.transact((tx) => addPasskey(tx, { ...passkey, account, name, createdMs, usedMs: null }));
    return reply.code(201).send({ credentialId: passkey.credentialId });
  });

  app.patch('/passkeys/:credential', async (request) => {
    const { account } = await requireSignedIn(request, context);
    const { credential: credentialId } = parsed(ONE_PASSKEY, request.params);
    const { name } = parsed(NAMED, request.body);
    if (!(await database.transact((tx) => renamePasskey(tx, { account, credentialId, name })))) {
      throw new ApiError('not-found');
    }
    return { name };
  });

  app.delete('/passkeys/:credential', async (request) => {
    const { account } = await requireSignedIn(request, context);
    const { credential: credentialId } = parsed(ONE_PASSKEY, request.params);
    await database.transact(async (tx) => {
      if (!(await removePasskey(tx, { account, credentialId }))) throw new ApiError('not-found');
      const ways = (await passkeysOf(tx, account)).length + (await countRecoveryCodes(tx, account));
      if (ways === 0) throw new ApiError('last-passkey');
    });
    return {};
  });

  app.post('/recovery-codes', async (request) => {
    const { account } = await requireSignedIn(request, context);
    parsed(NOTHING, request.body);
    const recoveryCodes = newRecoveryCodes();
    await database.transact((tx) => giveRecoveryCodes(tx, account, recoveryCodes));
    return { recoveryCodes };
  });
}

/** A session ends with its account, but a moment later. */
function existing(account: AccountRow | undefined): AccountRow {
  if (account === undefined) throw new ApiError('signed-out');
  return account;
}

/** By its first bytes, whatever it was called: what is sent out again is one of these two. */
function pictureType(bytes: Uint8Array): 'image/png' | 'image/webp' | undefined {
  const start = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (start.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  return start.startsWith('RIFF') && start.endsWith('WEBP') ? 'image/webp' : undefined;
}
