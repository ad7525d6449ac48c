// The host's store: received files go to the folder that the person has chosen, and what was begun in an earlier one goes on
// there. A FileStore for each of these folders, and one for all that is offered.
import { resolve } from 'node:path';
import { settled } from '../src/io/file-calls.ts';
import { FileStore } from '../src/io/store-files.ts';
import type { FileFacts, KeptFile, KeptPart, Store } from '../src/io/store.ts';

/** Earlier folders that are looked through for what was begun there; what lies in one before those begins anew. */
export const EARLIER_FOLDERS_MAX = 8;

/** Where a file is received, or was. */
interface Place {
  /** Settles when the file is created there; every other call waits for it. */
  readonly store: Promise<FileStore>;
  finished: boolean;
}

export class FoldersStore implements Store<string> {
  readonly #offers: FileStore = new FileStore();
  /** By path, the present one last. */
  readonly #folders: Map<string, FileStore> = new Map();
  readonly #received: Map<string, Place> = new Map();
  /** What lies unfinished in an earlier folder, as long as that is known. */
  readonly #begun: Map<FileStore, Promise<readonly KeptFile[]>> = new Map();
  #present: FileStore;

  /** `earlier`: the folders used before, oldest first. None is made before something is received into it. */
  constructor(into: string, earlier: readonly string[] = []) {
    for (const folder of earlier) this.#use(folder);
    this.#present = this.#use(into);
  }

  /** The present one last: what is to be remembered for the next start. */
  get folders(): readonly string[] {
    return [...this.#folders.keys()].slice(-1 - EARLIER_FOLDERS_MAX);
  }

  /** What is created from now on goes to `into`, unless it goes on with something that lies elsewhere. */
  receiveInto(into: string): void {
    this.#begun.delete(this.#present);
    this.#present = this.#use(into);
  }

  sizeOf(source: string): Promise<number> {
    return this.#offers.sizeOf(source);
  }

  add(key: string, source: string, chunkBytes: number): Promise<FileFacts> {
    return this.#offers.add(key, source, chunkBytes);
  }

  /** As FileStore's. */
  leftOut(key: string): number {
    return this.#offers.leftOut(key);
  }

  async hash(key: string, first: number, count: number): Promise<Uint8Array> {
    return (await this.#at(key)).hash(key, first, count);
  }

  async read(key: string, chunk: number, spare?: Uint8Array): Promise<Uint8Array> {
    return (await this.#at(key)).read(key, chunk, spare);
  }

  async remove(key: string): Promise<void> {
    const store = await this.#at(key);
    if (this.#received.get(key)?.finished === true) this.#received.delete(key);
    await store.remove(key);
  }

  async create(key: string, facts: FileFacts, chunkBytes: number): Promise<KeptPart | undefined> {
    const before = this.#received.get(key);
    // It says itself whether it is at it still.
    if (before?.finished === false) return (await before.store).create(key, facts, chunkBytes);
    const created = this.#create(before, key, facts, chunkBytes);
    const place: Place = { store: created.then(({ store }) => store), finished: false };
    // Told below; whoever else waits for it takes care of itself.
    place.store.catch(() => undefined);
    this.#received.set(key, place);
    try {
      return (await created).kept;
    } catch (error) {
      this.#forgetPlace(key, place);
      throw error;
    }
  }

  async write(key: string, chunk: number, bytes: Uint8Array, sha256: Uint8Array): Promise<boolean> {
    return (await this.#at(key)).write(key, chunk, bytes, sha256);
  }

  async check(key: string, chunk: number, sha256: Uint8Array): Promise<boolean> {
    return (await this.#at(key)).check(key, chunk, sha256);
  }

  async finish(key: string): Promise<string> {
    const store = await this.#at(key);
    const place = this.#received.get(key);
    if (place === undefined || place.finished) return store.finish(key);
    place.finished = true;
    try {
      return await store.finish(key);
    } catch (error) {
      place.finished = false;
      throw error;
    }
  }

  async keep(key: string): Promise<void> {
    await this.#letGo(key, async (store) => {
      await store.keep(key);
      this.#begun.delete(store);
    });
  }

  async discard(key: string): Promise<void> {
    await this.#letGo(key, (store) => store.discard(key));
  }

  async kept(): Promise<KeptFile[]> {
    const all = await Promise.all(
      // Of a disk that is not there now nothing can be told, and that is no reason to tell nothing of the others.
      [...this.#folders.values()].map((store) => (store === this.#present ? store.kept() : keptIn(store))),
    );
    return all.flat();
  }

  async forget(location: string): Promise<boolean> {
    for (const store of this.#folders.values()) {
      if (await store.forget(location)) {
        this.#begun.delete(store);
        return true;
      }
    }
    return false;
  }

  async close(): Promise<void> {
    await settled([this.#offers, ...this.#folders.values()].map((store) => store.close()));
  }

  #use(folder: string): FileStore {
    const path = resolve(folder);
    const store = this.#folders.get(path) ?? new FileStore({ into: path });
    this.#folders.delete(path);
    this.#folders.set(path, store);
    return store;
  }

  #at(key: string): Promise<FileStore> | FileStore {
    return this.#received.get(key)?.store ?? this.#offers;
  }

  async #letGo(key: string, how: (store: FileStore) => Promise<void>): Promise<void> {
    const place = this.#received.get(key);
    const store = await place?.store.catch(() => undefined);
    if (place === undefined || store === undefined) return;
    await how(store);
    if (!place.finished) this.#forgetPlace(key, place);
  }

  #forgetPlace(key: string, place: Place): void {
    if (this.#received.get(key) === place) this.#received.delete(key);
  }

  async #create(
    before: Place | undefined,
    key: string,
    facts: FileFacts,
    chunkBytes: number,
  ): Promise<{ readonly store: FileStore; readonly kept: KeptPart | undefined }> {
    const present = this.#present;
    // An earlier file of this key is not served any more.
    await (await before?.store)?.remove(key);
    for (const store of await this.#begunIn(present, facts)) {
      try {
        const kept = await store.create(key, facts, chunkBytes);
        if (kept !== undefined) return { store, kept };
        // Somebody else is at it: then it begins anew, and where the person wants it.
        await store.discard(key);
      } catch {
        // Its disk is full or gone. The file can still be had where the person wants it.
      }
    }
    return { store: present, kept: await present.create(key, facts, chunkBytes) };
  }

  /** The earlier folders in which this file may have been begun, the latest first. */
  async #begunIn(present: FileStore, { name, bytes, folder }: FileFacts): Promise<readonly FileStore[]> {
    const found: FileStore[] = [];
    for (const store of [...this.#folders.values()].toReversed()) {
      if (store === present) continue;
      const begun = this.#begun.get(store) ?? keptIn(store);
      this.#begun.set(store, begun);
      const isIt = ({ finished, facts }: KeptFile): boolean =>
        !finished &&
        facts.name === name &&
        facts.bytes === bytes &&
        (facts.folder === undefined) === (folder === undefined);
      if ((await begun).some(isIt)) found.push(store);
    }
    return found;
  }
}

const keptIn = (store: FileStore): Promise<KeptFile[]> => store.kept().catch(() => []);
