// What the accounts' API answers when it does not do what was asked: a code for programs, a sentence for people, a status.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DatabaseError, messageOf, type DatabaseErrorCode } from '../store/errors.ts';
import { FieldError } from '../store/fields.ts';

/** Every code, its HTTP status, and what it says if nothing more exact is known. PROTOCOL.md lists them. */
const CODES = {
  'bad-request': [400, 'The request is not as it should be.'],
  challenge: [400, 'That took too long, or was used before. Begin again.'],
  signature: [400, 'The signature is not this device’s.'],
  evidence: [400, 'That does not prove what somebody said in this pool.'],
  own: [400, 'That is your own.'],
  'signed-out': [401, 'Sign in first.'],
  passkey: [401, 'This passkey does not sign anybody in here.'],
  code: [401, 'This code is wrong, was used, or is over.'],
  origin: [403, 'Only pages of this server may ask for that.'],
  forbidden: [403, 'Only an owner of this pool may do that.'],
  operator: [403, 'Only an operator of this server may do that.'],
  'device-revoked': [403, 'This device was revoked.'],
  'not-invited': [403, 'This pool is for those who were invited.'],
  invitation: [403, 'This invitation is wrong, used up, or over.'],
  'passphrase-needed': [403, 'This pool wants a passphrase.'],
  'passphrase-wrong': [403, 'That is not the passphrase.'],
  'not-found': [404, 'There is no such thing.'],
  duplicate: [409, 'That is there already.'],
  'too-many': [409, 'There is no room for more of these.'],
  'last-owner': [409, 'A pool must keep an owner: make somebody else one first, or remove the pool.'],
  'last-passkey': [409, 'Without it and without recovery codes nobody could sign in any more.'],
  'device-unknown': [409, 'This device is not bound to your account.'],
  occupied: [409, 'Others are in this pool. Only who owns it there can make it theirs.'],
  'too-large': [413, 'That is too much at once.'],
  'media-type': [415, 'That is not a type that is understood here.'],
  'too-fast': [429, 'Too many attempts. Wait a little.'],
  failed: [500, 'Something failed here. Try again later.'],
  busy: [503, 'Too much is going on. Try again in a moment.'],
} as const;

export type ApiCode = keyof typeof CODES;

export const API_CODES: Readonly<Record<ApiCode, readonly [status: number, message: string]>> = CODES;

export class ApiError extends Error {
  readonly code: ApiCode;
  /** When to come back, s; only with `too-fast` and `busy`. */
  readonly retrySeconds: number | undefined;

  constructor(code: ApiCode, message: string = API_CODES[code][1], retrySeconds?: number) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.retrySeconds = retrySeconds;
  }
}

const OF_DATABASE: Readonly<Record<DatabaseErrorCode, ApiCode>> = {
  duplicate: 'duplicate',
  missing: 'not-found',
  'too-many': 'too-many',
  'last-owner': 'last-owner',
  conflict: 'busy',
  unavailable: 'busy',
  closed: 'busy',
  'no-space': 'failed',
  'newer-schema': 'failed',
  failed: 'failed',
};

/** Of Fastify's own, by status. */
const OF_STATUS: Readonly<Record<number, ApiCode>> = { 413: 'too-large', 415: 'media-type' };

/** What `error` is to whoever asked. What is ours to mend is logged, and told to nobody. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = apiErrorOf(error);
  const [status] = API_CODES[known.code];
  if (status >= 500) request.log.error({ error: messageOf(error) }, 'request failed');
  if (known.retrySeconds !== undefined) reply.header('retry-after', known.retrySeconds);
  return reply.code(status).send({ code: known.code, message: known.message });
}

function apiErrorOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof FieldError) return new ApiError('bad-request', error.message);
  if (error instanceof DatabaseError) return new ApiError(OF_DATABASE[error.code]);
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  return new ApiError(OF_STATUS[status] ?? (status >= 500 ? 'failed' : 'bad-request'));
}
