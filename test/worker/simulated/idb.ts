// The package `idb` over a simulated disk, as far as the worker uses it for received files. Transactions run one after the
// other and are whole; as in a browser, one is committed as soon as nothing is asked of it any more.
import { SimulatedException, type Change, type Disk, type Key } from './disk.ts';
import type { Pause } from './opfs.ts';

interface Table {
  readonly keyPath: string | readonly string[];
  readonly indexes: Map<string, string>;
}

export interface Upgrading {
  createObjectStore(
    name: string,
    options: { readonly keyPath: string | readonly string[] },
  ): { createIndex(name: string, path: string): void };
}

export interface KeyRange {
  readonly lower: Key;
  readonly upper: Key;
}

export class SimulatedDatabase {
  readonly #disk: Disk;
  readonly #pause: Pause;
  readonly #tables: Map<string, Table> = new Map();
  /** Settles when the last transaction is through. */
  #last: Promise<unknown> = Promise.resolve();
  /** What the transactions to come fail with, in order; undefined: that one does not. */
  readonly failures: (Error | undefined)[] = [];

  constructor(disk: Disk, pause: Pause, upgrade: (db: Upgrading) => void) {
    this.#disk = disk;
    this.#pause = pause;
    upgrade({
      createObjectStore: (name, { keyPath }) => {
        const indexes = new Map<string, string>();
        this.#tables.set(name, { keyPath, indexes });
        return { createIndex: (index, path) => void indexes.set(index, path) };
      },
    });
  }

  transaction(_tables: unknown, _mode: unknown, { durability }: { readonly durability?: string } = {}): Transaction {
    const before = this.#last;
    const start = async (): Promise<void> => {
      await before;
      await this.#pause();
    };
    const transaction = new Transaction(this.#disk, this.#tables, start(), durability === 'strict', this.failures);
    this.#last = transaction.done.catch(() => undefined);
    return transaction;
  }

  put(table: string, value: unknown): Promise<void> {
    return this.#once((transaction) => transaction.objectStore(table).put(value));
  }

  get(table: string, key: Key): Promise<unknown> {
    return this.#once((transaction) => transaction.objectStore(table).get(key));
  }

  getAll(table: string, range?: KeyRange): Promise<unknown[]> {
    return this.#once((transaction) => transaction.objectStore(table).getAll(range));
  }

  async getAllFromIndex(table: string, index: string, key: Key): Promise<unknown[]> {
    const path = this.#tables.get(table)?.indexes.get(index);
    if (path === undefined) throw new SimulatedException(index, 'NotFoundError');
    return (await this.getAll(table)).filter((value) => compare(keyAt(value, path), key) === 0);
  }

  async #once<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const transaction = this.transaction([], 'readwrite');
    const [result] = await Promise.all([work(transaction), transaction.done]);
    return result;
  }
}

export class Transaction {
  readonly done: Promise<void>;
  readonly #disk: Disk;
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #started: Promise<void>;
  readonly #changes: Change[] = [];
  #asked = 0;
  #over = false;

  constructor(
    disk: Disk,
    tables: ReadonlyMap<string, Table>,
    started: Promise<void>,
    strict: boolean,
    failures: (Error | undefined)[],
  ) {
    this.#disk = disk;
    this.#tables = tables;
    this.#started = started;
    this.done = this.#run(strict, failures);
  }

  objectStore(name: string): ObjectStore {
    const table = this.#tables.get(name);
    if (table === undefined) throw new SimulatedException(name, 'NotFoundError');
    const rows = (range?: KeyRange): Change[] =>
      this.#rows(name).filter(({ key }) => range === undefined || isIn(key, range));
    return {
      get: (key) => this.#ask(() => structuredClone(rows({ lower: key, upper: key })[0]?.value)),
      getAll: (range) => this.#ask(() => rows(range).map(({ value }) => structuredClone(value))),
      count: (key) => this.#ask(() => rows({ lower: key, upper: key }).length),
      put: (value) => {
        const key = keyOf(value, table.keyPath);
        const change = { table: name, key, value: structuredClone(value) };
        return this.#ask(() => void this.#changes.push(change));
      },
      delete: (key) =>
        this.#ask(() => {
          const range = isRange(key) ? key : { lower: key, upper: key };
          for (const row of rows(range)) this.#changes.push({ ...row, value: undefined });
        }),
    };
  }

  async #run(strict: boolean, failures: (Error | undefined)[]): Promise<void> {
    await this.#started;
    // As long as an answer is followed by another question.
    do await turn();
    while (this.#asked > 0);
    this.#over = true;
    const failed = failures.shift();
    if (failed !== undefined) throw failed;
    this.#disk.commit(strict, this.#changes);
  }

  /** In the order of their keys, as they are within this transaction. */
  #rows(table: string): Change[] {
    const rows = new Map(this.#disk.table(table).map((row) => [JSON.stringify(row.key), row]));
    for (const change of this.#changes) {
      if (change.table === table) rows.set(JSON.stringify(change.key), change);
    }
    return [...rows.values()].filter(({ value }) => value !== undefined).sort((a, b) => compare(a.key, b.key));
  }

  async #ask<T>(answer: () => T): Promise<T> {
    if (this.#over) throw new SimulatedException('It is over', 'TransactionInactiveError');
    this.#asked += 1;
    await this.#started;
    await turn();
    this.#asked -= 1;
    return answer();
  }
}

interface ObjectStore {
  get(key: Key): Promise<unknown>;
  getAll(range?: KeyRange): Promise<unknown[]>;
  count(key: Key): Promise<number>;
  put(value: unknown): Promise<void>;
  delete(key: Key | KeyRange): Promise<void>;
}

/** Until all that follows from what has happened has happened. */
export const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const isRange = (key: Key | KeyRange): key is KeyRange => typeof key === 'object' && 'lower' in key;

const isIn = (key: Key, { lower, upper }: KeyRange): boolean => compare(key, lower) >= 0 && compare(key, upper) <= 0;

function keyOf(value: unknown, path: string | readonly string[]): Key {
  return typeof path === 'string' ? keyAt(value, path) : path.map((part) => keyAt(value, part));
}

function keyAt(value: unknown, path: string): Key {
  let found: unknown = value;
  for (const part of path.split('.')) {
    found = typeof found === 'object' && found !== null ? Reflect.get(found, part) : undefined;
  }
  if (typeof found !== 'string' && typeof found !== 'number') throw new SimulatedException(path, 'DataError');
  return found;
}

function compare(a: Key, b: Key): number {
  if (typeof a === 'object' && typeof b === 'object') {
    for (const [index, part] of a.entries()) {
      const other = b[index];
      const order = other === undefined ? 1 : compare(part, other);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }
  return a < b ? -1 : Number(a > b);
}
