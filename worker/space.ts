// Room for received files within what the browser grants: files that are finished, saved elsewhere, not pinned and in
// use nowhere make way for new ones, the least recently used first. Everything else stays.
import { StoreError } from '../src/io/store.ts';
import type { CacheIndex } from './cache-index.ts';
import type { FileRecord } from './database.ts';
import { decidingOnSpace, locationsInUse, whileOwned } from './ownership.ts';

/** Left for the index beside the data, bytes: room for the records of 8 GiB. */
const INDEX_BYTES = 1024 * 1024;

/** True for what is neither wanted by somebody nor the only copy. */
export const isEvictable = ({ finished, saved, pinned }: FileRecord): boolean => finished === 1 && saved && !pinned;

export interface Reservation {
  /** What people call it. */
  readonly name: string;
  readonly bytes: number;
  readonly location: string;
  readonly fit: (bytes: number) => Promise<number>;
  readonly claim: () => Promise<void>;
}

export class CacheSpace {
  readonly #index: CacheIndex;
  readonly #remove: (location: string) => Promise<unknown>;

  /** `remove`: removes a file that is owned, and its records. */
  constructor(index: CacheIndex, remove: (location: string) => Promise<unknown>) {
    this.#index = index;
    this.#remove = remove;
  }

  /**
   * Makes sure that a file at `location` can grow to `bytes`, beside what all tabs still expect, then does `claim`, which
   * puts that on record. `fit` measures how long it could be, up to what it is asked for. Rejects with `no-space` if there
   * is no way; as a rule without having evicted anything.
   */
  reserve({ name, bytes, location, fit, claim }: Reservation): Promise<void> {
    return decidingOnSpace(async () => {
      const inUse = await locationsInUse();
      const wanted = bytes + INDEX_BYTES + (await this.#promisedBytes(inUse, location));
      const missing = wanted - (await fit(wanted));
      if (missing > 0) await this.#evict(name, missing, inUse, async () => wanted - (await fit(wanted)));
      await claim();
    });
  }

  /** What other files under way, in whatever tab, will still take. */
  async #promisedBytes(inUse: ReadonlySet<string>, except: string): Promise<number> {
    let bytes = 0;
    for (const { location, facts, grownBytes } of await this.#index.unfinished()) {
      if (location !== except && inUse.has(location)) bytes += Math.max(0, facts.bytes - grownBytes);
    }
    return bytes;
  }

  async #evict(
    name: string,
    missingBytes: number,
    inUse: ReadonlySet<string>,
    measure: () => Promise<number>,
  ): Promise<void> {
    const evictable = (await this.#index.finished())
      .filter((record) => isEvictable(record) && !inUse.has(record.location))
      .sort((a, b) => a.usedMs - b.usedMs);
    let missing = missingBytes;
    // In vain it would only cost somebody a file.
    const freeable = evictable.reduce((sum, { facts }) => sum + facts.bytes, 0);
    if (freeable < missing) throw noSpace(name, missing - freeable);
    for (const { location } of evictable) {
      if (missing <= 0) return;
      await whileOwned(location, async () => {
        // Somebody may have pinned it while we looked.
        const record = await this.#index.get(location);
        if (record === undefined || isEvictable(record)) await this.#remove(location);
      });
      missing = await measure();
    }
    if (missing > 0) throw noSpace(name, missing);
  }
}

const noSpace = (name: string, missing: number): StoreError =>
  new StoreError('no-space', `Not enough space for ${name}: ${missing} bytes are missing`);
