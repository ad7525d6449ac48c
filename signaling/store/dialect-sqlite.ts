// Kysely over a SqliteFile: one connection, which one transaction at a time has. Statements run on the spot, on the main thread.
import {
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from 'kysely';
import type { SqliteFile, Value } from '../../src/io/sqlite-file.ts';
import { sqliteError } from './errors.ts';

/** `file` is the dialect's from now on, and closed with it. All rejections are DatabaseErrors. */
export function sqliteDialect(file: SqliteFile): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(file),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class SqliteDriver implements Driver {
  readonly #connection: SqliteConnection;
  /** Settled when whoever asked last has released the connection. */
  #lastReleased: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  constructor(file: SqliteFile) {
    this.#connection = new SqliteConnection(file);
  }

  init(): Promise<void> {
    return this.#connection.perform((file) => file.exec('PRAGMA foreign_keys = ON'));
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#lastReleased;
    const { promise, resolve } = withResolver();
    this.#lastReleased = promise;
    await before;
    this.#release = resolve;
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#release();
  }

  // One at a time is as isolated as can be: there are no settings to follow.
  beginTransaction(): Promise<void> {
    return this.#connection.perform((file) => void file.run('BEGIN IMMEDIATE'));
  }

  commitTransaction(): Promise<void> {
    return this.#connection.perform((file) => void file.run('COMMIT'));
  }

  rollbackTransaction(): Promise<void> {
    return this.#connection.perform((file) => file.rollBack());
  }

  destroy(): Promise<void> {
    return this.#connection.perform((file) => file.close());
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #file: SqliteFile;

  constructor(file: SqliteFile) {
    this.#file = file;
  }

  async perform<T>(work: (file: SqliteFile) => T): Promise<Awaited<T>> {
    try {
      return await work(this.#file);
    } catch (error) {
      // Also lets go of the statement, which would fail once more; and only it can tell that the disk is full.
      throw sqliteError(error, (await this.#file.failed('a statement failed', error)).code === 'no-space');
    }
  }

  executeQuery<R>({ query, sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    return this.perform((file) => {
      const values = parameters.map(asValue);
      switch (query.kind) {
        case 'SelectQueryNode':
          return { rows: file.all(sql, ...values) as R[] };
        case 'InsertQueryNode':
        case 'UpdateQueryNode':
        case 'DeleteQueryNode':
          return query.returning === undefined
            ? { rows: [], numAffectedRows: BigInt(file.run(sql, ...values)) }
            : { rows: file.all(sql, ...values) as R[] };
        default:
          // What makes tables runs once, and has no values.
          file.exec(sql);
          return { rows: [] };
      }
    });
  }

  streamQuery(): never {
    throw new TypeError('streams are not supported: read a page at a time');
  }
}

function asValue(value: unknown): Value {
  if (value === null || typeof value === 'string' || typeof value === 'number' || value instanceof Uint8Array)
    return value;
  throw new TypeError(`expected text, a number, bytes or null for SQL, got ${typeof value}`);
}

function withResolver(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((fulfil) => (resolve = fulfil));
  return { promise, resolve };
}
