// The reading half of the store on Node: files and folders that are offered, read where they lie, and received ones that
// are finished. Keeps what was hashed for the reads that follow, and few files open.
import { chunkLength } from '../share/chunks.ts';
import { createHash } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { failure } from './final-name.ts';
import { ChunkCache, HandlePool, hasChunks } from './store-parts.ts';
import { StoreError, type FileFacts, type StoreErrorCode } from './store.ts';
import { readFully, settled, type Slices } from './file-calls.ts';
import { TreeSource } from './tree-source.ts';

export interface OfferedLimits {
  /** Chunks kept between hash() and read(), bytes. */
  readonly cacheBytes: number;
  /** Files kept open. */
  readonly openFiles: number;
  /** Chunks of one hash() call that are read and hashed at a time; libuv has four threads for it. */
  readonly hashParallel: number;
}

/** A file as it was when it was offered, or finished. */
export interface OfferedFile {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  readonly mtimeNs: bigint;
  readonly chunkBytes: number;
}

interface OfferedTree {
  readonly name: string;
  readonly bytes: number;
  readonly chunkBytes: number;
  readonly tree: TreeSource;
  /** How the names of its handles begin; no key has a NUL in it. */
  readonly prefix: string;
}

type Offered = OfferedFile | OfferedTree;

/** Fills a buffer with a file's bytes from a position on. */
type Fill = (into: Uint8Array, position: number) => Promise<void>;

/** Buffers kept for the next reads. */
const SPARES_MAX = 32;

/** Buffers that go round: most chunks are of one size. */
export class Spares {
  readonly #spares: Uint8Array[] = [];

  give(bytes: Uint8Array | undefined): void {
    if (bytes !== undefined && this.#spares.length < SPARES_MAX) this.#spares.push(bytes);
  }

  /** With anything in it: all of it is to be written before anybody sees it. */
  take(length: number): Uint8Array {
    const spare = this.#spares.pop();
    return spare?.length === length ? spare : new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  }
}

export class OfferedFiles {
  readonly #limits: OfferedLimits;
  readonly #cache: ChunkCache;
  readonly #handles: HandlePool<FileHandle>;
  readonly #spares: Spares;
  readonly #slices: Slices;
  readonly #offered: Map<string, Offered> = new Map();
  #treesAdded = 0;
  #hashingBytes = 0;
  #hashingBytesPeak = 0;

  constructor(limits: OfferedLimits, spares: Spares, slices: Slices) {
    this.#limits = limits;
    this.#spares = spares;
    this.#slices = slices;
    this.#cache = new ChunkCache(limits.cacheBytes);
    this.#handles = new HandlePool(limits.openFiles, (handle: FileHandle) => handle.close());
  }

  get cachedBytes(): number {
    return this.#cache.bytes;
  }

  get hashingBytesPeak(): number {
    return this.#hashingBytesPeak;
  }

  get openFiles(): number {
    return this.#handles.size;
  }

  /** Takes a file or a directory; `isClosed` is asked once it is known to be readable. */
  async add(key: string, source: string, chunkBytes: number, isClosed: () => boolean): Promise<FileFacts> {
    const path = resolve(source);
    // Only the root of a file system has no name.
    const name = basename(path) || 'folder';
    const stats = await stat(path, { bigint: true }).catch((error: unknown) => {
      throw failure('unreadable', `${name} cannot be read`, error);
    });
    const modifiedMs = Number(stats.mtimeMs);
    if (stats.isDirectory()) {
      const tree = await TreeSource.open(path, { name, modifiedMs }, this.#slices);
      if (isClosed()) throw closedError('unreadable');
      await this.remove(key);
      this.#treesAdded += 1;
      const prefix = `${key}\0${this.#treesAdded}\0`;
      this.#offered.set(key, { name, bytes: tree.facts.bytes, chunkBytes, tree, prefix });
      return tree.facts;
    }
    if (!stats.isFile()) throw new StoreError('unreadable', `${name} is neither a file nor a folder`);
    if (isClosed()) throw closedError('unreadable');
    const offered = { path, name, bytes: Number(stats.size), mtimeNs: stats.mtimeNs, chunkBytes };
    await this.remove(key);
    // Opened right away, so that a file we may not read is refused now and not when somebody accepts it.
    await this.#withSource(key, offered, () => undefined);
    this.#offered.set(key, offered);
    return { name, bytes: offered.bytes, modifiedMs };
  }

  /** Reads a finished file from now on. */
  serve(key: string, file: OfferedFile): void {
    this.#offered.set(key, file);
  }

  /** Links, devices, pipes and sockets of an offered folder that are not in what is sent. */
  leftOut(key: string): number {
    const offered = this.#offered.get(key);
    return offered !== undefined && 'tree' in offered ? offered.tree.leftOut : 0;
  }

  async hash(key: string, first: number, count: number): Promise<Uint8Array> {
    const offered = this.#get(key);
    const { bytes, chunkBytes, name } = offered;
    if (!hasChunks(bytes, chunkBytes, first, count)) throw noSuchChunk(name);
    const hashes = new Uint8Array(count * 32);
    let next = 0;
    const worker = async (fill: Fill): Promise<void> => {
      while (next < count) {
        const index = next;
        next += 1;
        const length = chunkLength(bytes, chunkBytes, first + index);
        this.#hashingBytes += length;
        this.#hashingBytesPeak = Math.max(this.#hashingBytesPeak, this.#hashingBytes);
        try {
          const chunk = this.#spares.take(length);
          await fill(chunk, (first + index) * chunkBytes);
          hashes.set(sha256(chunk), index * 32);
          this.#cache.put(key, first + index, chunk);
        } catch (error) {
          next = count; // The others need not go on.
          throw error;
        } finally {
          this.#hashingBytes -= length;
        }
        await this.#slices.turn();
      }
    };
    await this.#withSource(key, offered, (fill) =>
      settled(Array.from({ length: this.#limits.hashParallel }, () => worker(fill))),
    );
    return hashes;
  }

  async read(key: string, chunk: number): Promise<Uint8Array> {
    const offered = this.#get(key);
    const { bytes, chunkBytes, name } = offered;
    if (!hasChunks(bytes, chunkBytes, chunk, 1)) throw noSuchChunk(name);
    const cached = this.#cache.take(key, chunk);
    if (cached !== undefined) return cached;
    return this.#withSource(key, offered, async (fill) => {
      const into = this.#spares.take(chunkLength(bytes, chunkBytes, chunk));
      await fill(into, chunk * chunkBytes);
      return into;
    });
  }

  async remove(key: string): Promise<void> {
    this.#offered.delete(key);
    this.#cache.forget(key);
    await Promise.all([this.#handles.drop(key), this.#handles.dropAll(`${key}\0`)]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#offered.keys()].map((key) => this.remove(key)));
    await this.#handles.dropAll();
  }

  #get(key: string): Offered {
    const offered = this.#offered.get(key);
    if (offered === undefined) throw new StoreError('unreadable', 'This file is not offered any more');
    return offered;
  }

  /** Does `work` with what fills buffers from the source, and makes sure that all of it came from what was offered. */
  async #withSource<T>(key: string, offered: Offered, work: (fill: Fill) => Promise<T> | T): Promise<T> {
    try {
      if ('tree' in offered) return await this.#withTree(key, offered, work);
      return await this.#handles.use(
        key,
        () => open(offered.path, constants.O_RDONLY),
        async (handle) => {
          const result = await work(async (into, position) => {
            if ((await readFully(handle, into, position)) < into.length) throw changed(offered.name);
          });
          if (!isUnchanged(offered, await handle.stat({ bigint: true }))) throw changed(offered.name);
          return result;
        },
      );
    } catch (error) {
      if (error instanceof StoreError && error.code === 'changed') this.#cache.forget(key);
      throw failure('unreadable', `${offered.name} cannot be read`, error);
    }
  }

  async #withTree<T>(key: string, offered: OfferedTree, work: (fill: Fill) => Promise<T> | T): Promise<T> {
    try {
      return await work((into, position) => offered.tree.read(position, into, this.#handles, offered.prefix));
    } finally {
      // Removed meanwhile: what was opened after that would stay open.
      if (this.#offered.get(key) !== offered) await this.#handles.dropAll(offered.prefix);
    }
  }
}

/**
 * On the spot: a chunk takes 0.15 ms, and WebCrypto would first copy it to hand it to a thread. A transfer keeps both
 * cores busy already, so what counts is the work, not where it is done.
 */
export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

function isUnchanged(offered: OfferedFile, now: BigIntStats): boolean {
  return now.mtimeNs === offered.mtimeNs && Number(now.size) === offered.bytes;
}

const changed = (name: string): StoreError => new StoreError('changed', `${name} was changed after it was offered`);
export const noSuchChunk = (name: string): StoreError => new StoreError('unreadable', `${name} has no such chunk`);
export const closedError = (code: StoreErrorCode): StoreError => new StoreError(code, 'The store is closed');
