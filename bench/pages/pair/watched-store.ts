// A store that tells how much of received files it holds verified, to the byte and at once: progress events of a client come
// a few times a second, which is too coarse for what a kill costs.
import { chunkLength } from '../../../src/share/chunks.ts';
import type { FileFacts, KeptPart } from '../../../src/share/ports.ts';
import type { KeptFile, Store } from '../../../src/io/store.ts';

/** Bytes verified of one file, counted on from what an earlier transfer had left. */
export type Told = (verifiedBytes: number) => void;

interface Counted {
  readonly facts: FileFacts;
  readonly chunkBytes: number;
  readonly held: Set<number>;
  bytes: number;
}

export class WatchedStore<Source> implements Store<Source> {
  readonly #store: Store<Source>;
  readonly #told: Told;
  readonly #files = new Map<string, Counted>();

  constructor(store: Store<Source>, told: Told) {
    this.#store = store;
    this.#told = told;
  }

  async create(key: string, facts: FileFacts, chunkBytes: number): Promise<KeptPart | undefined> {
    const kept = await this.#store.create(key, facts, chunkBytes);
    this.#files.set(key, { facts, chunkBytes, held: new Set(), bytes: 0 });
    return kept;
  }

  async write(key: string, chunk: number, bytes: Uint8Array, sha256: Uint8Array): Promise<boolean> {
    const right = await this.#store.write(key, chunk, bytes, sha256);
    if (right) this.#count(key, chunk);
    return right;
  }

  async check(key: string, chunk: number, sha256: Uint8Array): Promise<boolean> {
    const right = await this.#store.check(key, chunk, sha256);
    if (right) this.#count(key, chunk);
    return right;
  }

  sizeOf(source: Source): Promise<number> {
    return this.#store.sizeOf(source);
  }

  add(key: string, source: Source, chunkBytes: number): Promise<FileFacts> {
    return this.#store.add(key, source, chunkBytes);
  }

  hash(key: string, first: number, count: number): Promise<Uint8Array> {
    return this.#store.hash(key, first, count);
  }

  read(key: string, chunk: number, spare?: Uint8Array): Promise<Uint8Array> {
    return this.#store.read(key, chunk, spare);
  }

  remove(key: string): Promise<void> {
    return this.#store.remove(key);
  }

  finish(key: string): Promise<string> {
    return this.#store.finish(key);
  }

  keep(key: string): Promise<void> {
    return this.#store.keep(key);
  }

  discard(key: string): Promise<void> {
    return this.#store.discard(key);
  }

  kept(): Promise<KeptFile[]> {
    return this.#store.kept();
  }

  forget(location: string): Promise<boolean> {
    return this.#store.forget(location);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #count(key: string, chunk: number): void {
    const file = this.#files.get(key);
    if (file === undefined || file.held.has(chunk)) return;
    file.held.add(chunk);
    file.bytes += chunkLength(file.facts.bytes, file.chunkBytes, chunk);
    this.#told(file.bytes);
  }
}
