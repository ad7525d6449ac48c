// One SQLite file that one process at a time has open: its lock, its schema, prepared statements and transactions, and what
// SQLite fails with as a StoreError. What stands in its tables is talk-sqlite.ts' and the server's. Node only.
//
// node-sqlite3-wasm's own file locking is a directory `FILE.lock` that is made at the start of every transaction, and its way of
// asking for a lock cannot tell its own from another's. Hence three things (all were tried): a process that was killed within a
// transaction leaves the directory, and the file is locked for good; a journal left by a crash is never rolled back, so that
// half a transaction stays; two processes get `database is locked` at random moments. So the lock here is a file that names the
// process, as for received files; whoever has it removes a directory that was left, and opens the file in exclusive mode with
// a write-ahead log, which is read back after a crash whatever the locks say.
import { createRequire } from 'node:module';
import { lstat, mkdir, rm, rmdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { BindValues, Database, QueryResult, Statement } from 'node-sqlite3-wasm';
import { codeOf, failure, syncDirectory } from './final-name.ts';
import { modifiedMs, releaseLock, takeLock } from './lock-file.ts';
import { StoreError } from './store.ts';

/** Nobody else's business. SQLite makes the file itself with mode 0600. */
const DIRECTORY_MODE = 0o700;

/** A database that never got past its first page has no table. */
const PAGE_BYTES = 4096;

/** SQLite only says that a write failed; with less than this free, bytes, that was why. */
const FULL_BYTES = 512 * 1024;

export type Row = QueryResult;

/** What may stand for a `?`. */
export type Value = Extract<BindValues, readonly unknown[]>[number];

export class SqliteFile {
  readonly #directory: string;
  readonly #lock: string;
  readonly #statements: Map<string, Statement> = new Map();
  #database: Database | undefined;

  private constructor(directory: string, lock: string, database: Database) {
    this.#directory = directory;
    this.#lock = lock;
    this.#database = database;
  }

  /**
   * Opens `NAME.sqlite` in `directory`, made if it is not there, and brings it to the newest of `migrations` (SQL; the file
   * says how many it has seen). Rejects with a StoreError, also if another process has it open or a newer version made it.
   */
  static async open(directory: string, name: string, migrations: readonly string[]): Promise<SqliteFile> {
    const path = join(directory, `${name}.sqlite`);
    const lock = join(directory, `${name}.lock`);
    const touchedMs = async (): Promise<number> => Math.max(await modifiedMs(path), await modifiedMs(`${path}-wal`));
    try {
      await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
      if (!(await takeLock(lock, touchedMs)))
        throw new StoreError('store-failed', `${path} is in use by another process`);
    } catch (error) {
      throw failure('store-failed', `${path} cannot be locked`, error);
    }
    let file: SqliteFile | undefined;
    try {
      await removeLeftovers(path);
      // As late as this, because it compiles a megabyte; and required, because its names are lost to an import.
      const sqlite: typeof import('node-sqlite3-wasm') = createRequire(import.meta.url)('node-sqlite3-wasm');
      file = new SqliteFile(directory, lock, new sqlite.Database(path));
      file.#prepare(path, migrations);
      await syncDirectory(directory);
      return file;
    } catch (error) {
      const reason = await (file?.failed(`${path} cannot be opened`, error) ??
        failure('store-failed', `${path} cannot be opened (${messageOf(error)})`, error));
      await (file?.close() ?? releaseLock(lock)).catch(() => undefined);
      throw reason;
    }
  }

  #prepare(path: string, migrations: readonly string[]): void {
    this.exec('PRAGMA locking_mode = EXCLUSIVE');
    this.exec('PRAGMA journal_mode = WAL');
    this.exec('PRAGMA synchronous = FULL');
    // What is deleted is overwritten: taken back is taken back.
    this.exec('PRAGMA secure_delete = ON');
    const seen = integer(this.all('PRAGMA user_version')[0], 'user_version');
    if (seen > migrations.length) throw new StoreError('store-failed', `${path} was made by a newer version`);
    for (const [index, sql] of migrations.entries()) {
      if (index < seen) continue;
      this.transaction(() => this.exec(`${sql}; PRAGMA user_version = ${index + 1}`));
    }
  }

  /** Statements that are used once. Throws SQLite's errors, as the next three do. */
  exec(sql: string): void {
    this.#opened().exec(sql);
  }

  /** The statement is prepared once and kept, so `sql` must not hold values. Rows that it inserted, changed or deleted. */
  run(sql: string, ...values: readonly Value[]): number {
    return this.#statement(sql).run([...values]).changes;
  }

  /** All rows at once: a statement that was left halfway would hold up the log. */
  all(sql: string, ...values: readonly Value[]): Row[] {
    return this.#statement(sql).all([...values]);
  }

  /** All that `work` does, or nothing of it. */
  transaction(work: () => void): void {
    this.run('BEGIN IMMEDIATE');
    try {
      work();
      this.run('COMMIT');
    } catch (error) {
      this.rollBack();
      throw error;
    }
  }

  /** Ends the transaction that is open, if SQLite has not done so itself. */
  rollBack(): void {
    const database = this.#opened();
    if (database.inTransaction) database.exec('ROLLBACK');
  }

  /** `error` as a StoreError with `message`, once something here threw it. */
  async failed(message: string, error: unknown): Promise<StoreError> {
    // A statement that failed says so once more when it is used next.
    this.#finalize();
    if (error instanceof StoreError) return error;
    const { bavail, bsize } = await statfs(this.#directory).catch(() => ({ bavail: Infinity, bsize: 1 }));
    const code = bavail * bsize < FULL_BYTES ? 'no-space' : 'store-failed';
    return new StoreError(code, `${message} (${messageOf(error)})`, { cause: error });
  }

  /** Rejects with SQLite's errors; closed it is in any case. */
  async close(): Promise<void> {
    const database = this.#database;
    if (database === undefined) return;
    this.#finalize();
    this.#database = undefined;
    try {
      database.close();
    } finally {
      await releaseLock(this.#lock);
    }
  }

  #opened(): Database {
    if (this.#database === undefined) throw new StoreError('store-failed', 'The store is closed');
    return this.#database;
  }

  #statement(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.#opened().prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }

  #finalize(): void {
    for (const statement of this.#statements.values()) {
      try {
        statement.finalize();
      } catch {
        // It repeats what its last use failed with, and is finalized all the same.
      }
    }
    this.#statements.clear();
  }
}

/** What a process that was killed has left of a file that this one has locked. Rejects with Node's errors. */
async function removeLeftovers(path: string): Promise<void> {
  await rmdir(`${path}.lock`).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
  });
  // There is a journal only while a new file is told to use a log: what it holds by then may be half a page.
  const journal = `${path}-journal`;
  const bytesOf = async (file: string): Promise<number | undefined> => (await lstat(file).catch(() => undefined))?.size;
  if ((await bytesOf(journal)) === undefined || ((await bytesOf(path)) ?? 0) > PAGE_BYTES) return;
  await rm(path, { force: true });
  await rm(journal);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

// Columns by name. The schema is strict, so another type is a mistake in a statement.

export function text(row: Row | undefined, column: string): string {
  const value = row?.[column];
  if (typeof value === 'string') return value;
  throw new TypeError(`column ${column}: expected text, got ${typeof value}`);
}

export function integer(row: Row | undefined, column: string): number {
  const value = row?.[column];
  if (typeof value === 'number') return value;
  throw new TypeError(`column ${column}: expected a safe integer, got ${typeof value}`);
}

export function blob(row: Row | undefined, column: string): Uint8Array {
  const value = row?.[column];
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`column ${column}: expected bytes, got ${typeof value}`);
}

export function blobOrNone(row: Row | undefined, column: string): Uint8Array | undefined {
  return row?.[column] === null ? undefined : blob(row, column);
}
