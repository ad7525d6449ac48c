// Where file bytes live on Node: offered files are read where they lie; received ones grow under a temporary name in
// the target directory and get their final name when all of them is verified. A file is never in memory whole.
import { createHash, randomBytes } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { mkdir, open, stat, statfs, unlink, type FileHandle } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { safeFileName } from './file-name.ts';
import { codeOf, giveName } from './final-name.ts';
import { CACHE_BYTES_MAX, OPEN_FILES_MAX, ChunkCache, ChunkSet, HandlePool } from './store-parts.ts';
import { chunkCount, chunkLength, hasChunks, sameBytes, type StoreFigures } from './store-parts.ts';
import { StoreError, type FileFacts, type Store, type StoreErrorCode } from './store.ts';

/** What a FileStore may hold at once. */
export interface FileStoreLimits {
  /** Chunks kept between hash() and read(), bytes. */
  readonly cacheBytes: number;
  /** Files kept open. */
  readonly openFiles: number;
  /** Chunks of one hash() call that are read and hashed at a time; libuv has four threads for it. */
  readonly hashParallel: number;
}

export interface FileStoreOptions {
  /** Directory for received files; made if it is not there. Without it, create() rejects with `store-failed`. */
  readonly into?: string;
  readonly limits?: Partial<FileStoreLimits>;
}

/** Buffers kept for the next reads. */
const SPARES_MAX = 32;

/** A sender's clock may be ahead of ours by this much; a time beyond is not believed. */
const MODIFIED_AHEAD_MS_MAX = 24 * 60 * 60 * 1000;

/** Bytes after which a file that grows is flushed meanwhile, so that the disk does not hold up its end. */
const FLUSH_BYTES = 8 * 1024 * 1024;

interface Offered {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  readonly mtimeNs: bigint;
  readonly chunkBytes: number;
}

interface Received {
  readonly facts: FileFacts;
  readonly chunkBytes: number;
  /** The temporary name. */
  readonly path: string;
  /** Settles when the file is made; every other call waits for it. */
  readonly ready: Promise<ChunkSet>;
  storedBytes: number;
  unflushedBytes: number;
  /** The flush under way, or the one that failed. */
  flushing: Promise<void> | undefined;
  /** Set while, and after, finish() does its work; no chunk is taken any more. */
  finishing: Promise<string> | undefined;
}

export class FileStore implements Store<string> {
  readonly #into: string | undefined;
  readonly #limits: FileStoreLimits;
  readonly #cache: ChunkCache;
  readonly #sources: HandlePool<FileHandle>;
  readonly #targets: HandlePool<FileHandle>;
  /** Buffers to read into: most chunks are of one size. */
  readonly #spares: Uint8Array[] = [];
  readonly #offered: Map<string, Offered> = new Map();
  readonly #received: Map<string, Received> = new Map();
  #hashingBytes = 0;
  #hashingBytesPeak = 0;
  #closed = false;

  constructor({ into, limits }: FileStoreOptions = {}) {
    this.#into = into === undefined ? undefined : resolve(into);
    this.#limits = { cacheBytes: CACHE_BYTES_MAX, openFiles: OPEN_FILES_MAX, hashParallel: 4, ...limits };
    this.#cache = new ChunkCache(this.#limits.cacheBytes);
    const close = (handle: FileHandle): Promise<void> => handle.close();
    this.#sources = new HandlePool(this.#limits.openFiles, close);
    this.#targets = new HandlePool(this.#limits.openFiles, close);
  }

  figures(): StoreFigures {
    return {
      cachedBytes: this.#cache.bytes,
      cachedBytesMax: this.#cache.bytesMax,
      hashingBytesPeak: this.#hashingBytesPeak,
      openFiles: this.#sources.size + this.#targets.size,
    };
  }

  async add(key: string, source: string, chunkBytes: number): Promise<FileFacts> {
    const path = resolve(source);
    const name = basename(path);
    const stats = await stat(path, { bigint: true }).catch((error: unknown) => {
      throw failure('unreadable', `${name} cannot be read`, error);
    });
    if (!stats.isFile()) throw new StoreError('unreadable', `${name} is not a file`);
    if (this.#closed) throw closedError('unreadable');
    const offered = { path, name, bytes: Number(stats.size), mtimeNs: stats.mtimeNs, chunkBytes };
    await this.remove(key);
    // Opened right away, so that a file we may not read is refused now and not when somebody accepts it.
    await this.#withSource(key, offered, () => undefined);
    this.#offered.set(key, offered);
    return { name, bytes: offered.bytes, modifiedMs: Number(stats.mtimeMs) };
  }

  async hash(key: string, first: number, count: number): Promise<Uint8Array> {
    const offered = this.#offeredFile(key);
    if (!hasChunks(offered.bytes, offered.chunkBytes, first, count)) throw noSuchChunk(offered.name);
    const hashes = new Uint8Array(count * 32);
    let next = 0;
    const worker = async (handle: FileHandle): Promise<void> => {
      while (next < count) {
        const index = next;
        next += 1;
        const length = chunkLength(offered.bytes, offered.chunkBytes, first + index);
        this.#hashingBytes += length;
        this.#hashingBytesPeak = Math.max(this.#hashingBytesPeak, this.#hashingBytes);
        try {
          const bytes = await readChunk(handle, offered, first + index, this.#spares.pop());
          hashes.set(sha256(bytes), index * 32);
          this.#cache.put(key, first + index, bytes);
        } catch (error) {
          next = count; // The others need not go on.
          throw error;
        } finally {
          this.#hashingBytes -= length;
        }
      }
    };
    await this.#withSource(key, offered, async (handle) => {
      await allSettledOrThrow(Array.from({ length: this.#limits.hashParallel }, () => worker(handle)));
    });
    return hashes;
  }

  async read(key: string, chunk: number, spare?: Uint8Array): Promise<Uint8Array> {
    if (spare !== undefined && this.#spares.length < SPARES_MAX) this.#spares.push(spare);
    const offered = this.#offeredFile(key);
    if (!hasChunks(offered.bytes, offered.chunkBytes, chunk, 1)) throw noSuchChunk(offered.name);
    const cached = this.#cache.take(key, chunk);
    if (cached !== undefined) return cached;
    return this.#withSource(key, offered, (handle) => readChunk(handle, offered, chunk, this.#spares.pop()));
  }

  async remove(key: string): Promise<void> {
    this.#offered.delete(key);
    this.#cache.forget(key);
    await this.#sources.drop(key);
  }

  async create(key: string, facts: FileFacts, chunkBytes: number): Promise<void> {
    if (this.#closed) throw closedError('store-failed');
    if (this.#into === undefined) throw new StoreError('store-failed', 'No directory to receive into was given');
    if (this.#received.has(key)) throw new StoreError('store-failed', `${facts.name} is already being received`);
    const path = join(this.#into, `.rockpool-${randomBytes(9).toString('base64url')}.part`);
    const ready = this.#make(this.#into, path, facts, chunkBytes);
    const received: Received = {
      facts,
      chunkBytes,
      path,
      ready,
      storedBytes: 0,
      unflushedBytes: 0,
      flushing: undefined,
      finishing: undefined,
    };
    this.#received.set(key, received);
    try {
      await ready;
    } catch (error) {
      this.#received.delete(key);
      throw error;
    }
  }

  async write(key: string, chunk: number, bytes: Uint8Array, expected: Uint8Array): Promise<boolean> {
    const received = this.#receivedFile(key);
    const { facts, chunkBytes } = received;
    const verified = await received.ready;
    const length = chunkLength(facts.bytes, chunkBytes, chunk);
    if (length === 0 || bytes.length !== length) return false;
    if (!sameBytes(sha256(bytes), expected)) return false;
    if (verified.has(chunk)) return true;
    if (received.finishing !== undefined || this.#received.get(key) !== received) throw notReceiving();
    await this.#withTarget(received, async (handle) => {
      for (let written = 0; written < length;) {
        const { bytesWritten } = await handle.write(bytes, written, length - written, chunk * chunkBytes + written);
        written += bytesWritten;
      }
    });
    if (verified.add(chunk)) this.#account(received, length);
    return true;
  }

  async finish(key: string): Promise<string> {
    const received = this.#receivedFile(key);
    if (received.finishing !== undefined) throw notReceiving();
    received.finishing = this.#finish(received);
    try {
      const location = await received.finishing;
      this.#received.delete(key);
      return location;
    } catch (error) {
      received.finishing = undefined;
      throw error;
    }
  }

  async discard(key: string): Promise<void> {
    const received = this.#received.get(key);
    if (received === undefined) return;
    this.#received.delete(key);
    const made = await received.ready.catch(() => undefined);
    const finished = await received.finishing?.catch(() => undefined);
    if (made === undefined || finished !== undefined) return;
    await received.flushing?.catch(() => undefined);
    await this.#targets.drop(received.path);
    await unlink(received.path).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw failure('store-failed', `${received.facts.name} cannot be removed`, error);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#received.keys()].map((key) => this.discard(key)));
    await Promise.all([...this.#offered.keys()].map((key) => this.remove(key)));
    await Promise.all([this.#sources.dropAll(), this.#targets.dropAll()]);
  }

  #offeredFile(key: string): Offered {
    const offered = this.#offered.get(key);
    if (offered === undefined) throw new StoreError('unreadable', 'This file is not offered any more');
    return offered;
  }

  #receivedFile(key: string): Received {
    const received = this.#received.get(key);
    if (received === undefined) throw notReceiving();
    return received;
  }

  /** Does `work` with the open file, then makes sure that all it read came from the file as it was offered. */
  async #withSource<T>(key: string, offered: Offered, work: (handle: FileHandle) => Promise<T> | T): Promise<T> {
    try {
      return await this.#sources.use(
        key,
        () => open(offered.path, constants.O_RDONLY),
        async (handle) => {
          const result = await work(handle);
          if (!isUnchanged(offered, await handle.stat({ bigint: true }))) throw changed(offered.name);
          return result;
        },
      );
    } catch (error) {
      if (error instanceof StoreError && error.code === 'changed') this.#cache.forget(key);
      throw failure('unreadable', `${offered.name} cannot be read`, error);
    }
  }

  async #withTarget<T>({ path, facts }: Received, work: (handle: FileHandle) => Promise<T>): Promise<T> {
    try {
      return await this.#targets.use(path, () => open(path, constants.O_RDWR), work);
    } catch (error) {
      throw failure('store-failed', `${facts.name} cannot be stored`, error);
    }
  }

  #account(received: Received, length: number): void {
    received.storedBytes += length;
    received.unflushedBytes += length;
    if (received.unflushedBytes < FLUSH_BYTES || received.flushing !== undefined) return;
    received.unflushedBytes = 0;
    received.flushing = this.#withTarget(received, (handle) => handle.datasync());
    received.flushing.then(
      () => {
        received.flushing = undefined;
      },
      // Stays for finish() to report: the system tells of lost bytes only once.
      () => undefined,
    );
  }

  async #make(directory: string, path: string, facts: FileFacts, chunkBytes: number): Promise<ChunkSet> {
    try {
      await mkdir(directory, { recursive: true });
      const { bavail, bsize, blocks } = await statfs(directory);
      // Some network file systems do not say; the disk itself will then.
      const freeBytes = blocks === 0 ? Infinity : bavail * bsize - this.#promisedBytes(path);
      if (facts.bytes > freeBytes) {
        throw new StoreError('no-space', `Not enough space for ${facts.name}: ${facts.bytes} bytes, ${freeBytes} free`);
      }
      const verified = new ChunkSet(chunkCount(facts.bytes, chunkBytes));
      const handle = await open(path, 'wx');
      await handle.close();
      return verified;
    } catch (error) {
      throw failure('store-failed', `${facts.name} cannot be stored`, error);
    }
  }

  /** What the other files that are being received will still take. */
  #promisedBytes(exceptPath: string): number {
    let bytes = 0;
    for (const { path, facts, storedBytes } of this.#received.values()) {
      if (path !== exceptPath) bytes += facts.bytes - storedBytes;
    }
    return bytes;
  }

  async #finish(received: Received): Promise<string> {
    const { facts, path } = received;
    const { missing } = await received.ready;
    if (missing > 0) throw new StoreError('store-failed', `${facts.name} lacks ${missing} chunks`);
    await received.flushing;
    await this.#withTarget(received, async (handle) => {
      if (facts.modifiedMs > 0 && facts.modifiedMs <= Date.now() + MODIFIED_AHEAD_MS_MAX) {
        await handle.utimes(Date.now() / 1000, facts.modifiedMs / 1000);
      }
      await handle.sync();
    });
    try {
      await this.#targets.drop(path);
      return await giveName(path, this.#into ?? '', safeFileName(facts.name));
    } catch (error) {
      throw failure('store-failed', `${facts.name} cannot be given its name`, error);
    }
  }
}

async function readChunk(
  handle: FileHandle,
  offered: Offered,
  chunk: number,
  spare: Uint8Array | undefined,
): Promise<Uint8Array> {
  const length = chunkLength(offered.bytes, offered.chunkBytes, chunk);
  // A new one is not zeroed, because all of it is written before anybody sees it.
  const bytes = spare?.length === length ? spare : new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  for (let done = 0; done < length;) {
    const { bytesRead } = await handle.read(bytes, done, length - done, chunk * offered.chunkBytes + done);
    if (bytesRead === 0) throw changed(offered.name);
    done += bytesRead;
  }
  return bytes;
}

/**
 * On the spot: a chunk takes 0.15 ms, and WebCrypto would first copy it to hand it to a thread. A transfer keeps both
 * cores busy already, so what counts is the work, not where it is done.
 */
function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

function isUnchanged(offered: Offered, now: BigIntStats): boolean {
  return now.mtimeNs === offered.mtimeNs && Number(now.size) === offered.bytes;
}

/** Rejects with the first failure, but only when none of them is at work any more. */
async function allSettledOrThrow(works: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(works)) if (result.status === 'rejected') throw result.reason;
}

/** `error` as a StoreError: what it is already, `no-space` if a disk or a quota is full, else `code`. */
function failure(code: StoreErrorCode, message: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const cause = codeOf(error);
  const full = cause === 'ENOSPC' || cause === 'EDQUOT';
  return new StoreError(full ? 'no-space' : code, cause === '' ? message : `${message} (${cause})`, { cause: error });
}

const changed = (name: string): StoreError => new StoreError('changed', `${name} was changed after it was offered`);
const noSuchChunk = (name: string): StoreError => new StoreError('unreadable', `${name} has no such chunk`);
const notReceiving = (): StoreError => new StoreError('store-failed', 'This file is not being received');
const closedError = (code: StoreErrorCode): StoreError => new StoreError(code, 'The store is closed');
