// The server's database: opens SQLite in the data directory or PostgreSQL at a URL, brings it to the newest schema, and runs
// transactions. The queries are in the files beside this one, as functions that take a transaction.
import { setTimeout as sleep } from 'node:timers/promises';
import { CamelCasePlugin, Kysely, sql, type Dialect } from 'kysely';
import { SqliteFile } from '../../src/io/sqlite-file.ts';
import { postgresDialect } from './dialect-postgres.ts';
import { sqliteDialect } from './dialect-sqlite.ts';
import { DatabaseError, messageOf } from './errors.ts';
import { holdLease, releaseLease, takeLease, type HeldLease } from './leases.ts';
import { FOUNDATION, MIGRATIONS } from './migrations.ts';
import type { Schema, Tx } from './schema.ts';
import { newId } from './secrets.ts';

/** `dataDir`: where `rockpool.sqlite` lies, or is made. `url`: of PostgreSQL or CockroachDB (`postgresql://...`). */
export type DatabasePlace = { readonly dataDir: string } | { readonly url: string };

export interface Database {
  /**
   * All that `work` writes, or nothing of it, as if nobody else were at the database meanwhile (SERIALIZABLE). Once it
   * resolves, what was written is on disk. Others who change the same rows make it run again, so `work` must do nothing
   * but ask the database, each time from the start, and let every error out: after one the transaction is void. Rejects
   * with a DatabaseError, or with what `work` throws.
   */
  transact<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Waits for what is under way; what comes later is refused. */
  close(): Promise<void>;
}

/** A transaction that met others this often gives up, after some two seconds. Its pauses are random, and at most so long, ms. */
const ATTEMPTS_MAX = 12;
const PAUSE_FIRST_MS = 8;
const PAUSE_MOST_MS = 500;

/**
 * Nodes that start at once: how long the one that changes the schema is waited for once it says no more (a step that takes
 * longer has the lease's row to itself), how long at all, and how often the others look, ms.
 */
const MIGRATION_LEASE_MS = 10_000;
const MIGRATION_WAIT_MS = 180_000;
const MIGRATION_LOOK_MS = 100;
const MIGRATION_LEASE = 'migrations';

/**
 * Opens it and makes or changes its tables as this version needs them. Rejects with a DatabaseError: `newer-schema` if a
 * newer version did so, `failed` if another process has the SQLite file, `unavailable` if there is no server at the URL.
 * `migrations`: for tests of other versions.
 */
export async function openDatabase(
  place: DatabasePlace,
  migrations: readonly string[] = MIGRATIONS,
): Promise<Database> {
  const alone = 'dataDir' in place;
  const database = new OpenDatabase(
    alone ? sqliteDialect(await openFile(place.dataDir)) : await postgresDialect(place.url),
  );
  try {
    await migrate(database, migrations, alone);
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function openFile(dataDir: string): Promise<SqliteFile> {
  try {
    // Its own count of versions stays at none: the one in `migrations` serves both databases.
    return await SqliteFile.open(dataDir, 'rockpool', []);
  } catch (error) {
    const full = error instanceof Error && 'code' in error && error.code === 'no-space';
    throw new DatabaseError(full ? 'no-space' : 'failed', messageOf(error), error);
  }
}

class OpenDatabase implements Database {
  readonly #kysely: Kysely<Schema>;
  readonly #underWay: Set<Promise<unknown>> = new Set();
  #closed: Promise<void> | undefined;

  constructor(dialect: Dialect) {
    this.#kysely = new Kysely<Schema>({ dialect, plugins: [new CamelCasePlugin()] });
  }

  async transact<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.#closed !== undefined) throw new DatabaseError('closed', 'the database is closed');
    const running = this.#run(work);
    this.#underWay.add(running);
    try {
      return await running;
    } finally {
      this.#underWay.delete(running);
    }
  }

  close(): Promise<void> {
    this.#closed ??= Promise.allSettled(this.#underWay).then(() => this.#kysely.destroy());
    return this.#closed;
  }

  async #run<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#kysely.transaction().setIsolationLevel('serializable').execute(work);
      } catch (error) {
        const again = error instanceof DatabaseError && error.code === 'conflict' && attempt < ATTEMPTS_MAX;
        if (!again) throw error;
      }
      // Full jitter: those who met do not meet again.
      await sleep(Math.random() * Math.min(PAUSE_MOST_MS, PAUSE_FIRST_MS * 2 ** (attempt - 1)));
    }
  }
}

/** Brings the schema to the last of `migrations`. One node at a time: the others wait. `alone`: there are no others. */
async function migrate(database: Database, migrations: readonly string[], alone: boolean): Promise<void> {
  for (const statement of FOUNDATION) await lay(database, statement);
  // Whoever held one was a process before this, which may have been killed.
  if (alone) await database.transact((tx) => tx.deleteFrom('leases').execute());
  const holder = newId();
  const deadlineMs = Date.now() + MIGRATION_WAIT_MS;
  while ((await stepsApplied(database, migrations.length)) < migrations.length) {
    const nowMs = Date.now();
    const taken = { lease: MIGRATION_LEASE, holder, untilMs: nowMs + MIGRATION_LEASE_MS };
    const fence = await database.transact((tx) => takeLease(tx, { ...taken, nowMs }));
    if (fence !== undefined) {
      const held = { lease: MIGRATION_LEASE, holder, fence };
      try {
        await runSteps(database, migrations, held);
      } finally {
        await database.transact((tx) => releaseLease(tx, held));
      }
    } else if (nowMs > deadlineMs) {
      throw new DatabaseError('unavailable', 'another node has been changing the schema for too long');
    } else {
      await sleep(MIGRATION_LOOK_MS);
    }
  }
}

async function lay(database: Database, statement: string): Promise<void> {
  const run = (): Promise<unknown> => database.transact((tx) => sql.raw(statement).execute(tx));
  try {
    await run();
  } catch (error) {
    // Another node made it between PostgreSQL's look and its making: now it is there.
    if (!(error instanceof DatabaseError) || error.code !== 'duplicate') throw error;
    await run();
  }
}

/** Stops halfway if another node took the lease. */
async function runSteps(database: Database, migrations: readonly string[], lease: HeldLease): Promise<void> {
  const first = await stepsApplied(database, migrations.length);
  for (const [index, statement] of migrations.entries()) {
    if (index < first) continue;
    const done = await database.transact(async (tx) => {
      const nowMs = Date.now();
      // Who was too slow lost the lease, and with it the right to change anything.
      if (!(await holdLease(tx, { ...lease, untilMs: nowMs + MIGRATION_LEASE_MS }))) return false;
      await sql.raw(statement).execute(tx);
      await tx
        .insertInto('migrations')
        .values({ step: index + 1, appliedMs: nowMs })
        .execute();
      return true;
    });
    if (!done) return;
  }
}

/** Rejects with `newer-schema` if it is more than `known`. */
async function stepsApplied(database: Database, known: number): Promise<number> {
  const applied = await database.transact((tx) =>
    tx.selectFrom('migrations').select('step').orderBy('step', 'desc').limit(1).executeTakeFirst(),
  );
  const last = applied?.step ?? 0;
  if (last > known) {
    const message = `the database is at version ${last}, and this server knows ${known}: it needs a newer one`;
    throw new DatabaseError('newer-schema', message);
  }
  return last;
}
