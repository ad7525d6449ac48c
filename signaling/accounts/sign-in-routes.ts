// Ways in and out: a new account with its first passkey, a passkey, a recovery code, a code that a browser which is signed in
// shows to another, and signing out.
import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { wordBytes, wordsOf } from '../../src/keys/words.ts';
import {
  addAccount,
  addPasskey,
  countRecoveryCodes,
  endSession,
  passkeyOf,
  recordPasskeyUse,
  spendRecoveryCode,
} from '../store/accounts.ts';
import type { PasskeyRow } from '../store/schema.ts';
import { newId } from '../store/secrets.ts';
import { ApiError } from './api-error.ts';
import {
  addressOf,
  clearCookie,
  newSession,
  pageOf,
  parsed,
  requireSignedIn,
  setCookie,
  signedIn,
  tollAttempt,
  type AccountsContext,
} from './context.ts';
import { Expiring } from './expiring.ts';
import {
  ASSERTION,
  CEREMONY_MS,
  CREDENTIAL_BODY_BYTES_MAX,
  newPasskey,
  provenCounter,
  REGISTRATION,
  registrationOptions,
  signInOptions,
} from './passkeys.ts';
import { giveRecoveryCodes, newRecoveryCodes, typedRecoveryCode } from './recovery-codes.ts';
import { NAME, NOTHING, TYPED } from './shapes.ts';

/** A code that lets another browser in is good for so long, ms. */
const LINK_MS = 5 * 60_000;
/** 54 bits: nobody guesses them within five minutes. */
const LINK_WORDS = 6;
/** Of an account's id, which stands before the name that was asked for with it. */
const ID_CHARACTERS = 32;

const REGISTER_OPTIONS = z.strictObject({ name: NAME });
const REGISTER = z.strictObject({ response: REGISTRATION, passkeyName: NAME });
const SIGN_IN = z.strictObject({ response: ASSERTION });
const CODE = z.strictObject({ code: TYPED });

export function signInRoutes(app: FastifyInstance, context: AccountsContext): void {
  const { database, rates, nowMs } = context;
  const registering = new Expiring(database, { purpose: 'register', lifeMs: CEREMONY_MS });
  const signing = new Expiring(database, { purpose: 'sign-in', lifeMs: CEREMONY_MS });
  const links = new Expiring(database, { purpose: 'link', lifeMs: LINK_MS });
  const large = { bodyLimit: CREDENTIAL_BODY_BYTES_MAX };

  app.post('/register/options', async (request) => {
    tollAttempt(request, context);
    const { name } = parsed(REGISTER_OPTIONS, request.body);
    const account = newId();
    const options = await registrationOptions(pageOf(request, context), { account, name, passkeys: [] });
    await registering.add(options.challenge, `${account}${name}`, nowMs());
    return options;
  });

  app.post('/register', large, async (request, reply) => {
    tollAttempt(request, context);
    const { response, passkeyName } = parsed(REGISTER, request.body);
    let begun: string | undefined;
    const passkey = await newPasskey(pageOf(request, context), response, async (challenge) => {
      begun = await registering.take(challenge, nowMs());
      return begun !== undefined;
    });
    if (begun === undefined) throw new ApiError('challenge');
    rates.take('account', addressOf(request, context));
    const [account, name] = [begun.slice(0, ID_CHARACTERS), begun.slice(ID_CHARACTERS)];
    const createdMs = nowMs();
    const recoveryCodes = newRecoveryCodes();
    const token = await database.transact(async (tx) => {
      await addAccount(tx, { id: account, name, avatar: null, tier: 'user', createdMs });
      await addPasskey(tx, { ...passkey, account, name: passkeyName, createdMs, usedMs: null });
      await giveRecoveryCodes(tx, account, recoveryCodes);
      return newSession(tx, account, createdMs);
    });
    setCookie(request, reply, token);
    return reply.code(201).send({ account, recoveryCodes });
  });

  app.post('/sign-in/options', async (request) => {
    tollAttempt(request, context);
    parsed(NOTHING, request.body);
    const options = await signInOptions(pageOf(request, context));
    await signing.add(options.challenge, '', nowMs());
    return options;
  });

  app.post('/sign-in', large, async (request, reply) => {
    tollAttempt(request, context);
    const { response } = parsed(SIGN_IN, request.body);
    const page = pageOf(request, context);
    const passkey = await database.transact((tx) => passkeyOf(tx, response.id));
    if (passkey === undefined) throw new ApiError('passkey');
    const take = async (challenge: string): Promise<boolean> => (await signing.take(challenge, nowMs())) !== undefined;
    const counter = await provenCounter(page, response, passkey, take);
    const token = await usePasskey(passkey, counter);
    if (token === undefined) throw new ApiError('passkey');
    return letIn(request, reply, { account: passkey.account, token });
  });

  const usePasskey = ({ credentialId, account }: PasskeyRow, counter: number): Promise<string | undefined> =>
    database.transact(async (tx) => {
      const usedMs = nowMs();
      const used = await recordPasskeyUse(tx, { credentialId, counter, usedMs });
      return used ? newSession(tx, account, usedMs) : undefined;
    });

  app.post('/recover', async (request, reply) => {
    tollAttempt(request, context);
    const code = typedRecoveryCode(parsed(CODE, request.body).code);
    const recovered = await database.transact(async (tx) => {
      const account = await spendRecoveryCode(tx, code);
      if (account === undefined) return undefined;
      const token = await newSession(tx, account, nowMs());
      return { account, token, codesLeft: await countRecoveryCodes(tx, account) };
    });
    if (recovered === undefined) throw new ApiError('code');
    return letIn(request, reply, recovered);
  });

  app.post('/links', async (request) => {
    const { account } = await requireSignedIn(request, context);
    parsed(NOTHING, request.body);
    const code = wordsOf(randomBytes(wordBytes(LINK_WORDS)), LINK_WORDS).join('-');
    return { code, expiresMs: await links.add(code, account, nowMs()) };
  });

  app.post('/links/use', async (request, reply) => {
    tollAttempt(request, context);
    const { code } = parsed(CODE, request.body);
    const account = await links.take(
      code
        .trim()
        .toLowerCase()
        .replace(/[\s-]+/g, '-'),
      nowMs(),
    );
    if (account === undefined) throw new ApiError('code');
    // The account may have been removed since the code was shown.
    const token = await database.transact((tx) => newSession(tx, account, nowMs())).catch(asWrongCode);
    return letIn(request, reply, { account, token });
  });

  app.post('/sign-out', async (request, reply) => {
    parsed(NOTHING, request.body);
    const who = await signedIn(request, context);
    if (who !== undefined) await database.transact((tx) => endSession(tx, who.token));
    clearCookie(request, reply);
    return {};
  });
}

/** Answers with all but the token, which only the cookie carries. */
function letIn<T extends { readonly token: string }>(
  request: FastifyRequest,
  reply: FastifyReply,
  { token, ...told }: T,
): Omit<T, 'token'> {
  setCookie(request, reply, token);
  return told;
}

function asWrongCode(error: unknown): never {
  throw error instanceof Error && 'code' in error && error.code === 'missing' ? new ApiError('code') : error;
}
