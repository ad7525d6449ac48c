// What may stand in each field of the database, in one place: whatever is written or looked for passes here first, so that no
// database sees a zero, a lone surrogate or more than it was made for. And how many rows one of anything may have.
import { EVIDENCE_BYTES_MAX } from '../../src/keys/evidence.ts';
import { ID_BYTES } from '../../src/wire/entry.ts';
import { parsePoolCode } from '../../src/wire/pool-code.ts';
import { cleanName } from '../../src/wire/signaling.ts';
import { ACCOUNTS_MAX } from '../../src/wire/talk.ts';
import { DatabaseError } from './errors.ts';
import type { Schema } from './schema.ts';

export const TIERS = ['guest', 'user', 'operator'] as const;
export const ROLES = ['owner', 'member', 'listener'] as const;
export const POLICIES = ['open', 'invited', 'passphrase'] as const;
export const LISTINGS = ['listed', 'unlisted'] as const;
export const SUBJECT_KINDS = ['account', 'device', 'address'] as const;
export const REPORT_STATES = ['open', 'upheld', 'dismissed'] as const;

/** Larger than any time that passes: of what never ends, ms since 1970. */
export const NEVER_MS: number = Number.MAX_SAFE_INTEGER;

/** How many rows there may be. What one person or one pool has is shown as one list, so these are lists' lengths, too. */
export const LIMITS = {
  passkeysPerAccount: 16,
  recoveryCodesPerAccount: 16,
  /** The oldest makes room. */
  sessionsPerAccount: 64,
  devicesPerAccount: 64,
  /** With those that were revoked: they are remembered. */
  devicesEverPerAccount: 256,
  poolsPerAccount: 256,
  invitationsPerPool: 256,
  openReportsPerDevice: 64,
  openReportsPerAccount: 256,
  /** Of everybody, some 400 MB at most; and how many of these may be guests', so that they keep nobody else out. */
  openReports: 10_000,
  openReportsOfGuests: 2_000,
  /** The latest of one person's, of which the score is made. */
  countedReports: 1_000,
  /** Rows of one page of a longer list. */
  page: 200,
} as const;

/** A field that holds something else than it may. `field` is its name in the schema. */
export class FieldError extends RangeError {
  readonly code = 'bad-field';
  readonly field: string;

  constructor(field: string, expected: string, got: string) {
    super(`${field}: expected ${expected}, got ${got}`);
    this.name = 'FieldError';
    this.field = field;
  }
}

/** `is`: of a text that holds no control character. Bounds are both inclusive; `bytes` are UTF-8's where it is text. */
type Rule =
  | { readonly kind: 'text'; readonly expected: string; readonly is: (text: string) => boolean }
  | { readonly kind: 'integer'; readonly least: number; readonly most: number }
  | { readonly kind: 'bytes'; readonly least: number; readonly most: number };

const text = (expected: string, is: (text: string) => boolean): Rule => ({ kind: 'text', expected, is });
const like = (pattern: RegExp, expected: string): Rule => text(expected, (value) => pattern.test(value));
const oneOf = (words: readonly string[]): Rule => text(words.join(' | '), (value) => words.includes(value));
const integer = (least: number, most: number): Rule => ({ kind: 'integer', least, most });
const bytes = (least: number, most: number): Rule => ({ kind: 'bytes', least, most });

const ID = like(/^[0-9a-f]{32}$/, '32 hex digits');
const HASH = like(/^[\w-]{43}$/, 'a SHA-256 in base64url');
const TIME = integer(0, NEVER_MS);
const NAME = text('a clean name of 1 to 64 characters', (value) => cleanName(value) === value);
const WORD = like(/^[a-z][a-z0-9.-]{0,31}$/, 'a word of at most 32 characters');
const NOTE = text('at most 512 bytes of text', (value) => Buffer.byteLength(value) <= 512);
const POOL = text('a pool code', (value) => parsePoolCode(value) === value);
/** An account, a device, a pool's code, or an address with its prefix length. */
const SUBJECT = like(/^[\x21-\x7e]{1,64}$/, '1 to 64 ASCII characters without blanks');

/** Every column but the migrations' own, and what lists are asked with. */
type Field = ColumnOf<Schema[Exclude<keyof Schema, 'migrations'>]> | 'limit';
type ColumnOf<Row> = Row extends unknown ? keyof Row : never;

const FIELDS: Readonly<Record<Field, Rule>> = {
  account: ID,
  atMs: TIME,
  avatar: bytes(1, 32 * 1024),
  byAccount: ID,
  circle: bytes(0, ACCOUNTS_MAX * ID_BYTES),
  code: POOL,
  codeHash: HASH,
  counter: integer(0, 2 ** 32 - 1),
  createdBy: ID,
  createdMs: TIME,
  // WebAuthn allows 1,023 bytes.
  credentialId: like(/^[\w-]{16,1364}$/, 'base64url of 12 to 1,023 bytes'),
  detail: NOTE,
  entry: like(/^[0-9a-f]{64}$/, 'a SHA-256 in hex'),
  evidence: bytes(1, EVIDENCE_BYTES_MAX),
  expiresMs: TIME,
  fence: TIME,
  holder: SUBJECT,
  id: ID,
  joinedMs: TIME,
  kid: like(/^[\w-]{1,64}$/, '1 to 64 characters of base64url'),
  lease: SUBJECT,
  limit: integer(1, LIMITS.page),
  listing: oneOf(LISTINGS),
  name: NAME,
  offence: WORD,
  passphraseHash: like(/^scrypt(?:\$[\w-]{1,86}){5}$/, 'what hashPassphrase gives'),
  points: integer(1, 1_000),
  policy: oneOf(POLICIES),
  pool: POOL,
  privateKey: bytes(1, 256),
  // Keys of more than 4 KiB are none that WebAuthn names today.
  publicKey: bytes(1, 4096),
  purpose: WORD,
  reason: NOTE,
  reporterAccount: ID,
  reporterDevice: ID,
  retiredMs: TIME,
  revokedMs: TIME,
  role: oneOf(ROLES),
  seenMs: TIME,
  signKey: like(/^[\w-]{43}$/, '32 bytes in base64url'),
  state: oneOf(REPORT_STATES),
  struckMs: TIME,
  subject: SUBJECT,
  subjectKind: oneOf(SUBJECT_KINDS),
  target: SUBJECT,
  targetAccount: ID,
  targetDevice: ID,
  tier: oneOf(TIERS),
  times: integer(1, 2 ** 32 - 1),
  title: NAME,
  tokenHash: HASH,
  transports: like(/^(?:[a-z-]{1,16}(?:,[a-z-]{1,16}){0,7})?$/, 'at most 8 words with commas between them'),
  type: WORD,
  untilMs: TIME,
  usedMs: TIME,
  usesLeft: integer(0, 1_000_000),
  value: NOTE,
  what: WORD,
  who: SUBJECT,
};

/** `null` where the schema allows none. */
type Value = string | number | Uint8Array | null;

/** `values` as they are. Throws a FieldError for the first that its field may not hold. */
export function checked<T extends { readonly [K in keyof T]: K extends Field ? Value : never }>(values: T): T {
  for (const [field, value] of Object.entries<Value>(values)) {
    if (value !== null) check(field, value, FIELDS[asField(field)]);
  }
  return values;
}

/** Throws `too-many` if there is no room for one more. `most`: a bound of LIMITS. */
export function requireRoom(what: string, count: number, most: number): void {
  if (count >= most) throw new DatabaseError('too-many', `${what}: at most ${most}`);
}

function check(field: string, value: string | number | Uint8Array, rule: Rule): void {
  switch (rule.kind) {
    case 'text':
      if (typeof value !== 'string') throw new FieldError(field, rule.expected, typeof value);
      if (value.length > LONGEST || UNFIT.test(value) || !rule.is(value)) {
        throw new FieldError(
          field,
          rule.expected,
          `${JSON.stringify(value.slice(0, 32))} (${value.length} characters)`,
        );
      }
      return;
    case 'integer':
      if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < rule.least || value > rule.most) {
        throw new FieldError(field, `an integer from ${rule.least} to ${rule.most}`, String(value).slice(0, 32));
      }
      return;
    case 'bytes':
      if (!(value instanceof Uint8Array) || value.length < rule.least || value.length > rule.most) {
        const got = value instanceof Uint8Array ? `${value.length}` : typeof value;
        throw new FieldError(field, `${rule.least} to ${rule.most} bytes`, got);
      }
  }
}

/** No text is longer, in UTF-16 units: looked at before any pattern. */
const LONGEST = 2048;
/** Controls and lone surrogates: PostgreSQL refuses a zero, SQLite ends a text at it, and neither keeps half a character. */
const UNFIT = /[\p{Cc}\p{Cs}]/u;

function asField(field: string): Field {
  if (Object.hasOwn(FIELDS, field)) return field as Field;
  throw new TypeError(`expected a field of the schema, got ${field}`);
}
