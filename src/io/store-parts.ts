// What both stores are built of, over files and over a web worker: chunk arithmetic, the set of verified chunks, the
// cache between hashing and reading, and the bounded pool of open files. Knows neither Node nor the browser.

import { chunkCount } from '../share/chunks.ts';

/** Default for the cache between hash() and read(), bytes: 128 chunks of 256 KiB, far more than is ever under way. */
export const CACHE_BYTES_MAX: number = 32 * 1024 * 1024;

/** Default for files held open at once: a folder offered as 10,000 files must not run out of descriptors. */
export const OPEN_FILES_MAX = 64;

/** Counters of a store, for tests and for those who wonder where memory went. */
export interface StoreFigures {
  readonly cachedBytes: number;
  readonly cachedBytesMax: number;
  /** The most bytes that were ever being hashed at once, besides the cache. */
  readonly hashingBytesPeak: number;
  readonly openFiles: number;
}

/** True if chunks first .. first + count - 1 all exist. */
export function hasChunks(bytes: number, chunkBytes: number, first: number, count: number): boolean {
  const whole = Number.isSafeInteger(first) && Number.isSafeInteger(count) && first >= 0 && count >= 0;
  return whole && first + count <= chunkCount(bytes, chunkBytes);
}

/** The same bytes as WebCrypto and the file system take them: copied only if their memory is shared. */
export function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : new Uint8Array(bytes);
}

/** SHA-256 outside the calling thread, in browsers and on Node; many at once use all cores. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', unshared(bytes)));
}

/**
 * Chunks that were hashed and will soon be read, the least recently used dropped first. It keeps its own copy: several
 * receivers ask for the same chunk, and reading it again costs far more than copying it.
 */
export class ChunkCache {
  readonly bytesMax: number;
  readonly #chunks: Map<string, { readonly key: string; readonly bytes: Uint8Array }> = new Map();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes `bytes` over. */
  put(key: string, chunk: number, bytes: Uint8Array): void {
    if (bytes.length > this.bytesMax) return;
    this.#delete(`${chunk} ${key}`);
    for (const oldest of this.#chunks.keys()) {
      if (this.#bytes + bytes.length <= this.bytesMax) break;
      this.#delete(oldest);
    }
    this.#chunks.set(`${chunk} ${key}`, { key, bytes });
    this.#bytes += bytes.length;
  }

  /** Hands the bytes over: whoever asks next reads them anew. */
  take(key: string, chunk: number): Uint8Array | undefined {
    const id = `${chunk} ${key}`;
    const found = this.#chunks.get(id);
    this.#delete(id);
    return found?.bytes;
  }

  /** Drops every chunk of one file. */
  forget(key: string): void {
    for (const [id, entry] of this.#chunks) if (entry.key === key) this.#delete(id);
  }

  #delete(id: string): void {
    this.#bytes -= this.#chunks.get(id)?.bytes.length ?? 0;
    this.#chunks.delete(id);
  }
}

interface Opened<Handle> {
  readonly handle: Promise<Handle>;
  users: number;
  onIdle: (() => void) | undefined;
}

/** Keeps at most `openMax` files open beyond those in use this moment; the least recently used closes first. */
export class HandlePool<Handle> {
  readonly #openMax: number;
  readonly #close: (handle: Handle) => Promise<void> | void;
  readonly #opened: Map<string, Opened<Handle>> = new Map();

  constructor(openMax: number, close: (handle: Handle) => Promise<void> | void) {
    this.#openMax = openMax;
    this.#close = close;
  }

  get size(): number {
    return this.#opened.size;
  }

  /** Does `work` with the file called `name`, opening it if it is not open. Rejects as `open` or `work` does. */
  async use<T>(name: string, open: () => Promise<Handle>, work: (handle: Handle) => Promise<T> | T): Promise<T> {
    const known = this.#opened.get(name);
    const entry: Opened<Handle> = known ?? { handle: open(), users: 0, onIdle: undefined };
    entry.users += 1;
    // Set anew each time, so that the map is ordered by last use.
    this.#opened.delete(name);
    this.#opened.set(name, entry);
    try {
      return await work(await entry.handle);
    } finally {
      entry.users -= 1;
      if (entry.users === 0) entry.onIdle?.();
      const failed = await entry.handle.then(
        () => false,
        () => true,
      );
      if (failed && this.#opened.get(name) === entry) this.#opened.delete(name);
      await this.#shrink();
    }
  }

  /** Closes the file once nobody uses it any more. A file that is not open is no error. */
  async drop(name: string): Promise<void> {
    const entry = this.#opened.get(name);
    if (entry === undefined) return;
    this.#opened.delete(name);
    if (entry.users > 0) {
      await new Promise<void>((resolve) => {
        entry.onIdle = resolve;
      });
    }
    // One that never opened has nothing to close, and whoever opened it was told.
    const handle = await entry.handle.catch(() => undefined);
    if (handle !== undefined) await this.#close(handle);
  }

  /** Drops every file whose name begins with `prefix`. */
  async dropAll(prefix = ''): Promise<void> {
    const names = [...this.#opened.keys()].filter((name) => name.startsWith(prefix));
    await Promise.all(names.map((name) => this.drop(name)));
  }

  async #shrink(): Promise<void> {
    for (const [name, entry] of this.#opened) {
      if (this.#opened.size <= this.#openMax) return;
      if (entry.users === 0) await this.drop(name);
    }
  }
}
