// What the server's database fails with, by code; and which of SQLite's and PostgreSQL's errors are which.

/**
 * - `duplicate`: a key that exists once is there already. `missing`: it names an account, a pool or another thing that is not there.
 * - `too-many`: a bound of LIMITS. `last-owner`: the pool would be without an owner.
 * - `conflict`: others kept changing the same rows; nothing was done, and it may be tried again later.
 * - `unavailable`: the database cannot be reached, starts or stops, or took too long. What was about to be committed may have been.
 * - `no-space`: its disk is full. `newer-schema`: a newer version of the server has been here. `closed`: by `close`.
 * - `failed`: anything else; `cause` tells.
 */
export type DatabaseErrorCode =
  | 'duplicate'
  | 'missing'
  | 'too-many'
  | 'last-owner'
  | 'conflict'
  | 'unavailable'
  | 'no-space'
  | 'newer-schema'
  | 'closed'
  | 'failed';

export class DatabaseError extends Error {
  readonly code: DatabaseErrorCode;

  constructor(code: DatabaseErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'DatabaseError';
    this.code = code;
  }
}

/** Of a SQLSTATE (PostgreSQL, appendix A), by its first characters; the longest counts. CockroachDB's are the same. */
const STATES: Readonly<Record<string, DatabaseErrorCode>> = {
  '08': 'unavailable',
  '23503': 'missing',
  '23505': 'duplicate',
  '40001': 'conflict',
  '40003': 'unavailable',
  '40P01': 'conflict',
  // A table or an index that another node has made in the same moment.
  '42P07': 'duplicate',
  '42710': 'duplicate',
  '53': 'unavailable',
  '53100': 'no-space',
  '57014': 'unavailable',
  '57P': 'unavailable',
};

/** `error`: anything that `pg` rejects with. What carries no SQLSTATE is the connection's, but for a number that is out of range. */
export function postgresError(error: unknown): DatabaseError {
  const state = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  const known = [5, 3, 2].map((length) => STATES[state.slice(0, length)]).find((code) => code !== undefined);
  // Node's EPIPE has five characters as well, but no digit.
  const itself = /^(?=.*\d)[0-9A-Z]{5}$/.test(state) || error instanceof RangeError;
  const code = known ?? (itself ? 'failed' : 'unavailable');
  return new DatabaseError(code, `the database says: ${messageOf(error)}`, error);
}

/** `error`: what a statement on SQLite threw; it has no codes. `full`: its disk is. */
export function sqliteError(error: unknown, full: boolean): DatabaseError {
  const message = messageOf(error);
  const code = /UNIQUE constraint failed/.test(message)
    ? 'duplicate'
    : /FOREIGN KEY constraint failed/.test(message)
      ? 'missing'
      : full
        ? 'no-space'
        : 'failed';
  return new DatabaseError(code, `the database says: ${message}`, error);
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
