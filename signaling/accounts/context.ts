// What all routes of the accounts share, and the two questions they begin with: which page asks, and who is signed in there.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { clientAddress } from '../addresses.ts';
import type { Subject } from '../hooks.ts';
import type { Present } from '../hub-ports.ts';
import { originAllowed } from '../origin.ts';
import { addSession, sessionOf } from '../store/accounts.ts';
import type { Database } from '../store/database.ts';
import type { Tx } from '../store/schema.ts';
import { newToken } from '../store/secrets.ts';
import { ApiError } from './api-error.ts';
import type { Passphrases } from './passphrases.ts';
import type { Rates } from './rates.ts';
import type { TicketSigner } from './ticket-signer.ts';

export interface AccountsContext {
  readonly database: Database;
  /** Of pages that may ask; undefined: those of the host that a request names. */
  readonly origins: readonly string[] | undefined;
  readonly proxyHops: number;
  /** Whether people without an account may join what is not for the invited alone. */
  readonly guests: boolean;
  readonly rates: Rates;
  readonly passphrases: Passphrases;
  /** Whoever has a place in a pool right now. */
  readonly presentIn: (pool: string) => Promise<readonly Present[]>;
  readonly signer: TicketSigner;
  /** Ends sessions of devices that are in pools. */
  readonly revoke: (subject: Subject) => void;
  /** Ms since 1970. */
  readonly nowMs: () => number;
}

/** Who signed in, in this browser. */
export interface SignedIn {
  readonly account: string;
  readonly token: string;
}

/** A page that may ask, and the name its passkeys are kept under (WebAuthn's RP ID). */
export interface Page {
  readonly origin: string;
  readonly rpId: string;
}

/** How long a browser stays signed in, ms. */
const SESSION_MS = 30 * 24 * 3_600_000;

/** Throws `origin`. Only browsers sign in here, and all of them name the page with whatever they write. */
export function pageOf({ headers: { origin, host } }: FastifyRequest, { origins }: AccountsContext): Page {
  if (origin === undefined || !originAllowed(origin, host, origins)) throw new ApiError('origin');
  return { origin, rpId: new URL(origin).hostname };
}

export const addressOf = (request: FastifyRequest, { proxyHops }: AccountsContext): string =>
  clientAddress(request.raw, proxyHops);

/** Throws `too-fast` if this address tries too often. */
export function tollAttempt(request: FastifyRequest, context: AccountsContext): void {
  context.rates.take('attempt', addressOf(request, context));
}

/** Undefined if nobody is. */
export async function signedIn(request: FastifyRequest, context: AccountsContext): Promise<SignedIn | undefined> {
  const token = cookieOf(request);
  if (token === undefined) return undefined;
  const session = await context.database.transact((tx) => sessionOf(tx, token, context.nowMs()));
  return session && { account: session.account, token };
}

/** Rejects with `signed-out`, or `too-fast` if the account writes too often. */
export async function requireSignedIn(request: FastifyRequest, context: AccountsContext): Promise<SignedIn> {
  const who = await signedIn(request, context);
  if (who === undefined) throw new ApiError('signed-out');
  if (request.method !== 'GET') context.rates.take('write', who.account);
  return who;
}

/** In the transaction of what lets them in. The cookie is for `signIn` to set, once that is done. */
export async function newSession(tx: Tx, account: string, nowMs: number): Promise<string> {
  const token = newToken();
  await addSession(tx, { token, account, createdMs: nowMs, expiresMs: nowMs + SESSION_MS });
  return token;
}

export function setCookie(request: FastifyRequest, reply: FastifyReply, token: string): void {
  reply.header('set-cookie', cookie(request, token, SESSION_MS / 1000));
}

export function clearCookie(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('set-cookie', cookie(request, '', 0));
}

function cookie(request: FastifyRequest, value: string, maxAgeSeconds: number): string {
  const { name, secure } = cookieKind(request);
  const parts = [`${name}=${value}`, 'Path=/', 'HttpOnly', 'SameSite=Strict', `Max-Age=${maxAgeSeconds}`];
  return [...parts, ...(secure ? ['Secure'] : [])].join('; ');
}

function cookieOf(request: FastifyRequest): string | undefined {
  const wanted = `${cookieKind(request).name}=`;
  const found = (request.headers.cookie ?? '').split(/; */, COOKIES_MAX).find((part) => part.startsWith(wanted));
  const token = found?.slice(wanted.length);
  return token !== undefined && TOKEN.test(token) ? token : undefined;
}

/** Other applications of the host have theirs; Node bounds all headers together. */
const COOKIES_MAX = 100;
const TOKEN = /^[\w-]{43}$/;

/** Browsers use passkeys over HTTPS, and on this very machine, where not all of them take a `Secure` cookie over HTTP. */
function cookieKind({ headers: { host } }: FastifyRequest): { readonly name: string; readonly secure: boolean } {
  const local = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(host ?? '');
  return local ? { name: 'rockpool', secure: false } : { name: '__Host-rockpool', secure: true };
}

/** `value` as `schema` wants it. Throws `bad-request`, naming the field. */
export function parsed<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue?.path.join('.') ?? '';
  throw new ApiError('bad-request', `${place === '' ? 'body' : place}: ${issue?.message ?? 'not as expected'}`);
}
