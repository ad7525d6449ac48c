// Kysely over a pool of connections to PostgreSQL or CockroachDB. bigint is read as number, as SQLite gives it; all that fails
// is a DatabaseError.
import {
  PostgresDialect,
  type Dialect,
  type PostgresCursor,
  type PostgresPoolClient,
  type PostgresQueryResult,
} from 'kysely';
import type { PoolConfig } from 'pg';
import { postgresError } from './errors.ts';

/** Connections of one node: PostgreSQL has a hundred unless it is told otherwise. */
const CONNECTIONS_MAX = 10;
/** How long a transaction waits for a connection, ms. */
const CONNECT_MS = 5_000;
/** How long one statement may take, and a transaction may pause between two, ms. */
const STATEMENT_MS = 10_000;
const IDLE_IN_TRANSACTION_MS = 10_000;

/** PostgreSQL's numbers for two of its types (`pg_type.dat`). */
const INT8 = 20;
const BYTEA = 17;

/**
 * `url`: `postgresql://user:password@host:port/database`, with libpq's parameters (`?sslmode=verify-full`). Connects
 * when it is first used. All rejections are DatabaseErrors.
 */
export async function postgresDialect(url: string): Promise<Dialect> {
  // Only who has such a database pays for it.
  const { default: pg } = await import('pg');
  const types: PoolConfig['types'] = {
    getTypeParser: (type: number, format?: 'text' | 'binary') => {
      if (type === INT8) return safeInteger;
      if (type === BYTEA) return bytesOf;
      return format === 'binary' ? pg.types.getTypeParser(type, 'binary') : pg.types.getTypeParser(type, 'text');
    },
  };
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'rockpool',
    max: CONNECTIONS_MAX,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    keepAlive: true,
    types,
  });
  // A connection that is lost while nobody uses it is replaced; one that is used fails its user's next statement as well.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => void client.on('error', () => undefined));
  return new PostgresDialect({
    pool: {
      connect: async () => new CodedClient(await coded(pool.connect())),
      end: () => coded(pool.end()),
    },
  });
}

class CodedClient implements PostgresPoolClient {
  readonly #client: PostgresPoolClient;

  constructor(client: PostgresPoolClient) {
    this.#client = client;
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(
    statement: string | PostgresCursor<R>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof statement !== 'string') return this.#client.query(statement);
    return coded(this.#client.query<R>(statement, parameters));
  }

  release(): void {
    this.#client.release();
  }
}

async function coded<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw postgresError(error);
  }
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  throw new RangeError(`expected an integer up to 2^53 in the database, got ${text}`);
}

/** `hex`: `\x` and two digits a byte. */
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.slice(2), 'hex'));
