// The files and folders this device offers: cuts them into chunks and hashes them ahead, keeping what it read for the
// reads that follow.
import { chunkLength } from '../src/share/chunks.ts';
import { ChunkCache, hasChunks, sha256 } from '../src/io/store-parts.ts';
import { StoreError, type FileFacts } from '../src/io/store.ts';
import { FileContent, FolderContent, type Content } from './content.ts';
import type { Source } from './messages.ts';

/** Chunks hashed at a time. WebCrypto spreads them over the cores; more would only hold more memory. */
const HASHING_MAX = 8;

/**
 * Ranges of a file that are read at a time, each as a stream. One stream keeps a core waiting for the browser: four read
 * and hash half as much again, and more than two workers with one or two streams each (`npm run bench -- store`).
 */
const STREAMS_MAX = 4;

/** A shorter range is not worth a stream of its own, chunks. */
const STREAM_CHUNKS_MIN = 4;

interface Offered {
  readonly content: Content;
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

  async add(key: string, source: Source, chunkBytes: number): Promise<FileFacts> {
    const content = source instanceof File ? new FileContent(source) : new FolderContent(source);
    await content.probe();
    this.remove(key);
    this.#files.set(key, { content, chunkBytes });
    return content.facts;
  }

  async hash(key: string, first: number, count: number): Promise<Uint8Array> {
    const { content, chunkBytes } = this.#offered(key, first, count);
    const hashes = new Uint8Array(count * 32);
    const streams = Math.max(1, Math.min(STREAMS_MAX, Math.floor(count / STREAM_CHUNKS_MIN)));
    const begin = async (chunk: number, bytes: Uint8Array): Promise<void> => {
      this.#hashingBytes += bytes.length;
      this.#hashingBytesPeak = Math.max(this.#hashingBytesPeak, this.#hashingBytes);
      hashes.set(await sha256(bytes), (chunk - first) * 32);
      this.#hashingBytes -= bytes.length;
      // Unless it was withdrawn meanwhile.
      if (this.#files.get(key)?.content === content) this.cache.put(key, chunk, bytes);
    };
    const hashRange = async (from: number, to: number): Promise<void> => {
      const underWay: Promise<void>[] = [];
      let chunk = from;
      try {
        for await (const bytes of content.chunks(chunkBytes, from, to - from)) {
          if (underWay.length >= HASHING_MAX / streams) await underWay.shift();
          underWay.push(begin(chunk, bytes));
          chunk += 1;
        }
      } finally {
        await Promise.all(underWay);
      }
    };
    const bound = (stream: number): number => first + Math.floor((count * stream) / streams);
    const ranges = Array.from({ length: streams }, (_, stream) => hashRange(bound(stream), bound(stream + 1)));
    // All of them, so that nothing is put into the cache of a file after it was found to have changed.
    const results = await Promise.allSettled(ranges);
    for (const result of results) {
      if (result.status === 'fulfilled') continue;
      this.cache.forget(key);
      throw result.reason;
    }
    return hashes;
  }

  async read(key: string, chunk: number): Promise<Uint8Array> {
    const { content, chunkBytes } = this.#offered(key, chunk, 1);
    const cached = this.cache.take(key, chunk);
    if (cached !== undefined) return cached;
    const from = chunk * chunkBytes;
    try {
      return await content.read(from, from + chunkLength(content.facts.bytes, chunkBytes, chunk));
    } catch (error) {
      this.cache.forget(key);
      throw error;
    }
  }

  /** The file offered as `key`; undefined if that is a folder, or not offered. */
  file(key: string): File | undefined {
    const content = this.#files.get(key)?.content;
    return content instanceof FileContent ? content.file : undefined;
  }

  remove(key: string): void {
    this.#files.delete(key);
    this.cache.forget(key);
  }

  #offered(key: string, first: number, count: number): Offered {
    const offered = this.#files.get(key);
    if (offered === undefined) throw new StoreError('unreadable', 'This file is not offered any more');
    const { name, bytes } = offered.content.facts;
    if (!hasChunks(bytes, offered.chunkBytes, first, count)) {
      throw new StoreError('unreadable', `${name} has no such chunk`);
    }
    return offered;
  }
}
