// The files this device offers: reads them in slices and hashes them. The browser itself refuses to read a file whose
// size or modification time is not what it was when it was picked.
import { ChunkCache, chunkLength, hasChunks, sha256 } from '../src/io/store-parts.ts';
import { StoreError, type FileFacts } from '../src/io/store.ts';
import { failure } from './failure.ts';

/** Chunks hashed at a time. WebCrypto spreads them over the cores; more would only hold more memory. */
const HASHING_MAX = 8;

interface Offered {
  readonly file: File;
  readonly chunkBytes: number;
}

export class OfferedFiles {
  readonly cache: ChunkCache;
  readonly #files: Map<string, Offered> = new Map();
  #hashingBytes = 0;
  #hashingBytesPeak = 0;

  constructor(cacheBytesMax: number) {
    this.cache = new ChunkCache(cacheBytesMax);
  }

  get hashingBytesPeak(): number {
    return this.#hashingBytesPeak;
  }

  async add(key: string, file: File, chunkBytes: number): Promise<FileFacts> {
    try {
      // Directories and files that are gone look like files until they are read. Not by a slice: one of an empty file
      // is not read at all.
      const reader = file.stream().getReader();
      await reader.read();
      await reader.cancel();
    } catch (error) {
      throw failure('unreadable', `${file.name} cannot be read`, error);
    }
    this.remove(key);
    this.#files.set(key, { file, chunkBytes });
    return { name: file.name, bytes: file.size, modifiedMs: file.lastModified };
  }

  /** Reads the range as one stream, which costs a third less than a slice for every chunk. */
  async hash(key: string, first: number, count: number): Promise<Uint8Array> {
    const { file, chunkBytes } = this.#offered(key, first, count);
    const hashes = new Uint8Array(count * 32);
    const underWay: Promise<void>[] = [];
    const begin = async (chunk: number, bytes: Uint8Array): Promise<void> => {
      this.#hashingBytes += bytes.length;
      this.#hashingBytesPeak = Math.max(this.#hashingBytesPeak, this.#hashingBytes);
      hashes.set(await sha256(bytes), (chunk - first) * 32);
      this.#hashingBytes -= bytes.length;
      this.cache.put(key, chunk, bytes);
    };
    try {
      for await (const [index, bytes] of chunksOf(file, chunkBytes, first, count)) {
        if (underWay.length >= HASHING_MAX) await underWay.shift();
        underWay.push(begin(index, bytes));
      }
      await Promise.all(underWay);
    } catch (error) {
      throw this.#unreadable(key, file, error);
    }
    return hashes;
  }

  async read(key: string, chunk: number): Promise<Uint8Array> {
    const { file, chunkBytes } = this.#offered(key, chunk, 1);
    const cached = this.cache.take(key, chunk);
    if (cached !== undefined) return cached;
    try {
      const slice = file.slice(chunk * chunkBytes, chunk * chunkBytes + chunkLength(file.size, chunkBytes, chunk));
      return new Uint8Array(await slice.arrayBuffer());
    } catch (error) {
      throw this.#unreadable(key, file, error);
    }
  }

  remove(key: string): void {
    this.#files.delete(key);
    this.cache.forget(key);
  }

  #offered(key: string, first: number, count: number): Offered {
    const offered = this.#files.get(key);
    if (offered === undefined) throw new StoreError('unreadable', 'This file is not offered any more');
    if (!hasChunks(offered.file.size, offered.chunkBytes, first, count)) {
      throw new StoreError('unreadable', `${offered.file.name} has no such chunk`);
    }
    return offered;
  }

  /** It could be read when it was added: a browser that now refuses says that it changed, moved or is gone. */
  #unreadable(key: string, file: File, error: unknown): StoreError {
    this.cache.forget(key);
    return failure('changed', `${file.name} was changed, moved or removed after it was offered`, error);
  }
}

/** Chunks first .. first + count - 1 with their bytes, each in memory of its own. */
async function* chunksOf(
  file: File,
  chunkBytes: number,
  first: number,
  count: number,
): AsyncGenerator<readonly [chunk: number, bytes: Uint8Array]> {
  const end = Math.min(file.size, (first + count) * chunkBytes);
  let chunk = first;
  let filling = new Uint8Array(chunkLength(file.size, chunkBytes, chunk));
  let filled = 0;
  for await (const piece of file.slice(first * chunkBytes, end).stream()) {
    for (let used = 0; used < piece.length;) {
      const taken = piece.subarray(used, used + filling.length - filled);
      filling.set(taken, filled);
      used += taken.length;
      filled += taken.length;
      if (filled < filling.length) continue;
      yield [chunk, filling];
      chunk += 1;
      filling = new Uint8Array(chunk < first + count ? chunkLength(file.size, chunkBytes, chunk) : 0);
      filled = 0;
    }
  }
  if (chunk !== first + count) throw new StoreError('changed', `${file.name} is shorter than it was`);
}
