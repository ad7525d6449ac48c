// A browser around the worker's store: its disk in memory, one worker at a time, time that moves only when told to, and
// a seeded order in which what other processes do comes back. The store itself is the real one.
import { createHash } from 'node:crypto';
import { jest } from '@jest/globals';
import type { Random } from '../../../src/sim/random.ts';
import type { Cache } from '../../../worker/cache.ts';
import type { CacheIndex } from '../../../worker/cache-index.ts';
import type { ReceivedFiles } from '../../../worker/received.ts';
import { SimulatedException, type Disk } from './disk.ts';
import { SimulatedDatabase, turn, type KeyRange, type Upgrading } from './idb.ts';
import { Parent, SimulatedFiles, type Pause } from './opfs.ts';

/** Turns after which something that waits must be waiting for time to pass. */
const TURNS_MAX = 100;
const STEP_MS = 50;

/** What a worker is born into; a new one for every worker. */
let born: { readonly disk: Disk; readonly pause: Pause } | undefined;
let database: SimulatedDatabase | undefined;

jest.unstable_mockModule('idb', () => ({
  openDB: async (_name: string, _version: number, { upgrade }: { upgrade: (db: Upgrading) => void }) => {
    if (born === undefined) throw new Error('no worker');
    database = new SimulatedDatabase(born.disk, born.pause, upgrade);
    return database;
  },
  deleteDB: async () => undefined,
}));

const cacheModule = await import('../../../worker/cache.ts');
const indexModule = await import('../../../worker/cache-index.ts');
const databaseModule = await import('../../../worker/database.ts');
const receivedModule = await import('../../../worker/received.ts');

/** One worker's store. */
export interface SimulatedWorker {
  readonly cache: Cache;
  readonly received: ReceivedFiles;
  readonly files: SimulatedFiles;
  readonly database: SimulatedDatabase;
}

/** What the database on `disk` says, as no worker has tidied it up yet. */
export function indexOn(disk: Disk): CacheIndex {
  born = { disk, pause: turn };
  return new indexModule.CacheIndex(databaseModule.openDatabase());
}

/** Starts a worker on `disk`, whose last one has ended, and waits until it has tidied up. */
export async function startWorker(disk: Disk, random: Random, openFilesMax: number): Promise<SimulatedWorker> {
  const pause: Pause = async () => {
    for (let turns = random.below(3); turns > 0; turns -= 1) await turn();
  };
  const files = new SimulatedFiles(disk, pause);
  born = { disk, pause };
  Object.defineProperty(globalThis, 'navigator', {
    configurable: true,
    value: {
      storage: {
        getDirectory: async () => new Parent('rockpool', new Parent('cache', files)),
        estimate: async () => ({ quota: disk.quotaBytes, usage: disk.usedBytes }),
      },
      locks: new Locks(pause),
    },
  });
  const cache = new cacheModule.Cache(databaseModule.openDatabase());
  const received = new receivedModule.ReceivedFiles(cache, openFilesMax);
  await quiet();
  if (database === undefined) throw new Error('the worker opened no database');
  return { cache, received, files, database };
}

/** Puts simulated time, hashing and names in the place of the real ones, until the way back is called. */
export function simulate(random: Random): () => void {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'clearImmediate', 'nextTick', 'queueMicrotask', 'hrtime'] });
  const digest = jest.spyOn(crypto.subtle, 'digest').mockImplementation(async (_algorithm, data) => {
    const bytes = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data;
    // The same numbers, in an order that follows from the seed.
    const sum = createHash('sha256').update(new Uint8Array(bytes)).digest();
    if (random.chance(0.5)) await turn();
    return new Uint8Array(sum).buffer;
  });
  const uuid = jest.spyOn(crypto, 'randomUUID').mockImplementation(() => {
    const hex = Buffer.from(random.bytes(16)).toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  });
  const range = { bound: (lower: KeyRange['lower'], upper: KeyRange['upper']): KeyRange => ({ lower, upper }) };
  Object.defineProperty(globalThis, 'IDBKeyRange', { configurable: true, value: range });
  Object.defineProperty(globalThis, 'DOMException', { configurable: true, value: SimulatedException });
  return () => {
    digest.mockRestore();
    uuid.mockRestore();
    jest.useRealTimers();
  };
}

/** Waits for `work`, letting time pass where nothing else goes on. */
export async function through<T>(work: Promise<T>): Promise<T> {
  const state = { settled: false };
  const end = (): void => void (state.settled = true);
  work.then(end, end);
  for (let turns = 1; !state.settled; turns += 1) {
    await turn();
    if (turns % TURNS_MAX === 0) pass(STEP_MS);
    if (turns > 1000 * TURNS_MAX) throw new Error('it never settles');
  }
  return work;
}

/** Lets time pass, whatever is under way. */
export function pass(ms: number): void {
  jest.advanceTimersByTime(ms);
}

/** Until nothing goes on but what waits for time to pass. */
export async function quiet(): Promise<void> {
  for (let turns = 0; turns < TURNS_MAX; turns += 1) await turn();
}

interface LockOptions {
  readonly ifAvailable?: boolean;
}

/** `navigator.locks` with one tab, which waits for itself as long as it takes. */
class Locks {
  readonly #pause: Pause;
  readonly #held: Map<string, Promise<unknown>> = new Map();

  constructor(pause: Pause) {
    this.#pause = pause;
  }

  async request<T>(name: string, ...rest: [...([] | [LockOptions]), (lock: unknown) => Promise<T>]): Promise<T> {
    const [options, work] = rest.length === 1 ? [{}, rest[0]] : rest;
    await this.#pause();
    if (options.ifAvailable === true && this.#held.has(name)) return work(null);
    while (this.#held.has(name)) await this.#held.get(name);
    const working = work({ name });
    const held = working.then(
      () => undefined,
      () => undefined,
    );
    this.#held.set(name, held);
    await held;
    this.#held.delete(name);
    return working;
  }

  async query(): Promise<{ readonly held: readonly { readonly name: string }[] }> {
    await this.#pause();
    return { held: [...this.#held.keys()].map((name) => ({ name })) };
  }
}
