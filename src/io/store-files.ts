// Where file bytes live on Node: offered files are read where they lie; received ones grow under a temporary name in
// the target directory, with an index that outlives a crash, and get their final name when all of them is verified. A
// folder arrives as an archive and is unpacked at the end. Nothing is ever in memory whole.
import { chunkCount, chunkLength, sameBytes } from '../share/chunks.ts';
import { constants } from 'node:fs';
import { mkdir, open, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { CHUNKS_MAX } from '../wire/envelope.ts';
import { safeFileName } from './file-name.ts';
import { failure, giveDirectoryName, giveName } from './final-name.ts';
import { FLUSH_BYTES, FLUSH_MS, PartIndex } from './store-journal.ts';
import type { JournalHeader, PartIndexOptions } from './store-journal.ts';
import { KEPT_MS, KeptParts, lockPart, newPartPaths, removePart, unlockPart } from './store-kept.ts';
import type { PartPaths, TakenPart } from './store-kept.ts';
import { OfferedFiles, Spares, closedError, noSuchChunk, sha256, type OfferedLimits } from './store-offered.ts';
import { CACHE_BYTES_MAX, OPEN_FILES_MAX, HandlePool } from './store-parts.ts';
import type { StoreFigures } from './store-parts.ts';
import { StoreError, type FileFacts, type KeptFile, type KeptPart, type Store } from './store.ts';
import { Slices, readFully } from './file-calls.ts';
import { believableSeconds, unpackTree } from './tree-target.ts';

/** What a FileStore may hold at once, and for how long. */
export interface FileStoreLimits extends OfferedLimits {
  /** Received bytes after which, and */
  readonly flushBytes: number;
  /** ms after which what was received is flushed and entered in the index. */
  readonly flushMs: number;
  /** An unfinished file that nobody touched for so long, ms, is removed. */
  readonly keptMs: number;
}

export interface FileStoreOptions {
  /** Directory for received files; made if it is not there. Without it, create() rejects with `store-failed`. */
  readonly into?: string;
  readonly limits?: Partial<FileStoreLimits>;
}

/** Pieces in which an archive is read to unpack it, bytes. */
const ARCHIVE_READ_BYTES = 1024 * 1024;

/** Finished files that kept() tells of; older ones lie in the directory all the same. */
const FINISHED_MAX = 1000;

/** Where a received file grows. */
interface Part {
  readonly paths: PartPaths;
  readonly index: PartIndex;
  /** Length of what an earlier transfer left; undefined if there was none. */
  readonly takenBytes: number | undefined;
  /** Bytes of the disk it takes in the end, without what was there at the beginning. */
  readonly neededBytes: number;
  /** Verified bytes that were there at the beginning. */
  readonly storedBytesBefore: number;
}

interface Received extends JournalHeader {
  readonly header: JournalHeader;
  /** Settles when the part is made or found; every other call waits for it. */
  readonly ready: Promise<Part>;
  /** Once it is ready. */
  part: Part | undefined;
  /** Set while, and after, finish() does its work; no chunk is taken any more. */
  finishing: Promise<string> | undefined;
}

/** Names that only Windows forbids are refused there; elsewhere a source tree may well have them. */
const UNPACK_LIMITS = { inOneFolder: true, portable: process.platform === 'win32' } as const;

export class FileStore implements Store<string> {
  readonly #into: string | undefined;
  readonly #kept: KeptParts | undefined;
  readonly #limits: FileStoreLimits;
  readonly #spares: Spares = new Spares();
  readonly #slices: Slices = new Slices();
  readonly #offered: OfferedFiles;
  readonly #targets: HandlePool<FileHandle>;
  readonly #received: Map<string, Received> = new Map();
  /** Archives of unpacked folders, which go on being served, by key. */
  readonly #archives: Map<string, PartPaths> = new Map();
  /** Finished by this process, by location. */
  readonly #finished: Map<string, KeptFile> = new Map();
  #closed = false;

  constructor({ into, limits }: FileStoreOptions = {}) {
    this.#into = into === undefined ? undefined : resolve(into);
    this.#limits = {
      cacheBytes: CACHE_BYTES_MAX,
      openFiles: OPEN_FILES_MAX,
      hashParallel: 4,
      flushBytes: FLUSH_BYTES,
      flushMs: FLUSH_MS,
      keptMs: KEPT_MS,
      ...limits,
    };
    this.#kept = this.#into === undefined ? undefined : new KeptParts(this.#into, this.#limits.keptMs);
    this.#offered = new OfferedFiles(this.#limits, this.#spares, this.#slices);
    this.#targets = new HandlePool(this.#limits.openFiles, (handle: FileHandle) => handle.close());
  }

  figures(): StoreFigures {
    return {
      cachedBytes: this.#offered.cachedBytes,
      cachedBytesMax: this.#limits.cacheBytes,
      hashingBytesPeak: this.#offered.hashingBytesPeak,
      openFiles: this.#offered.openFiles + this.#targets.size,
    };
  }

  async sizeOf(source: string): Promise<number> {
    const stats = await stat(resolve(source)).catch((error: unknown) => {
      throw failure('unreadable', `${basename(source)} cannot be read`, error);
    });
    return stats.isFile() ? stats.size : Infinity;
  }

  add(key: string, source: string, chunkBytes: number): Promise<FileFacts> {
    return this.#offered.add(key, source, chunkBytes, () => this.#closed);
  }

  /** Links, devices, pipes and sockets in an offered folder: they are not sent. */
  leftOut(key: string): number {
    return this.#offered.leftOut(key);
  }

  hash(key: string, first: number, count: number): Promise<Uint8Array> {
    return this.#offered.hash(key, first, count);
  }

  async read(key: string, chunk: number, spare?: Uint8Array): Promise<Uint8Array> {
    this.#spares.give(spare);
    const received = this.#received.get(key);
    if (received === undefined) return this.#offered.read(key, chunk);
    const { index, paths } = await received.ready;
    const { name } = received.facts;
    if (!index.has(chunk)) throw noSuchChunk(name);
    try {
      return await this.#withTarget(paths.part, name, (handle) => this.#readChunk(handle, received, chunk));
    } catch (error) {
      // It got its final name meanwhile.
      const location = await received.finishing?.catch(() => undefined);
      if (location !== undefined) return this.#offered.read(key, chunk);
      throw failure('unreadable', `${name} cannot be read`, error);
    }
  }

  async remove(key: string): Promise<void> {
    await this.#offered.remove(key);
    await this.#dropArchive(key);
  }

  async create(key: string, facts: FileFacts, chunkBytes: number): Promise<KeptPart | undefined> {
    if (this.#closed) throw closedError('store-failed');
    if (this.#received.has(key)) throw new StoreError('store-failed', `${facts.name} is already being received`);
    const header = { facts, chunkBytes };
    // An earlier file of this key is not served any more.
    const ready = this.remove(key).then(() => this.#make(header));
    const received: Received = { facts, chunkBytes, header, ready, part: undefined, finishing: undefined };
    this.#received.set(key, received);
    try {
      const part = await ready;
      received.part = part;
      if (part.takenBytes === undefined) return undefined;
      const { bitmap, sha256 } = part.index;
      const whole = part.takenBytes >= facts.bytes;
      const maybeChunks = whole ? chunkCount(facts.bytes, chunkBytes) : Math.floor(part.takenBytes / chunkBytes);
      return { bitmap, sha256, maybeChunks };
    } catch (error) {
      if (this.#received.get(key) === received) this.#received.delete(key);
      throw error;
    }
  }

  async write(key: string, chunk: number, bytes: Uint8Array, expected: Uint8Array): Promise<boolean> {
    const received = this.#receivedFile(key);
    const { facts, chunkBytes } = received;
    const part = await received.ready;
    const length = chunkLength(facts.bytes, chunkBytes, chunk);
    if (length === 0 || bytes.length !== length) return false;
    if (!sameBytes(sha256(bytes), expected)) return false;
    if (part.index.holds(chunk, expected)) return true;
    this.#expectTaking(key, received);
    await this.#withTarget(part.paths.part, facts.name, async (handle) => {
      await part.index.release(chunk);
      for (let written = 0; written < length;) {
        const { bytesWritten } = await handle.write(bytes, written, length - written, chunk * chunkBytes + written);
        written += bytesWritten;
      }
      part.index.note(chunk, expected);
    });
    return true;
  }

  async check(key: string, chunk: number, expected: Uint8Array): Promise<boolean> {
    if (this.#received.get(key)?.finishing !== undefined || !this.#received.has(key)) {
      return sameBytes(sha256(await this.read(key, chunk)), expected);
    }
    const received = this.#receivedFile(key);
    const { facts, chunkBytes } = received;
    const { index, paths } = await received.ready;
    const length = chunkLength(facts.bytes, chunkBytes, chunk);
    if (length === 0) return false;
    this.#expectTaking(key, received);
    return this.#withTarget(paths.part, facts.name, async (handle) => {
      const bytes = this.#spares.take(length);
      const there = (await readFully(handle, bytes, chunk * chunkBytes)) === length;
      const actual = sha256(bytes);
      this.#spares.give(bytes);
      // The index is wrong: somebody else wrote there, or the disk forgot.
      if (index.has(chunk) && !(there && index.holds(chunk, actual))) await index.release(chunk);
      if (!there || !sameBytes(actual, expected)) return false;
      if (!index.has(chunk)) index.note(chunk, expected);
      return true;
    });
  }

  async finish(key: string): Promise<string> {
    const received = this.#receivedFile(key);
    if (received.finishing !== undefined) throw notReceiving();
    received.finishing = this.#finish(key, received);
    try {
      return await received.finishing;
    } catch (error) {
      received.finishing = undefined;
      throw error;
    }
  }

  async keep(key: string): Promise<void> {
    const received = this.#received.get(key);
    const part = await this.#letGo(key);
    if (received === undefined || part === undefined) return;
    const { paths, index } = part;
    try {
      // First to wait for the last write, then for the flush after it.
      await this.#targets.drop(paths.part);
      await index.flush();
    } catch (error) {
      throw failure('store-failed', `${received.facts.name} cannot be kept`, error);
    } finally {
      await index.close();
      await this.#targets.drop(paths.part);
      // Nothing came of it: then there is nothing to keep.
      if (index.storedBytes === 0 && part.takenBytes === undefined) await removePart(paths);
      else await this.#kept?.giveBack(paths, received);
    }
  }

  async discard(key: string): Promise<void> {
    const part = await this.#letGo(key);
    if (part === undefined) return;
    await part.index.close();
    await this.#targets.drop(part.paths.part);
    await removePart(part.paths).catch((error: unknown) => {
      throw failure('store-failed', 'What was received cannot be removed', error);
    });
  }

  async kept(): Promise<KeptFile[]> {
    try {
      return [...((await this.#kept?.list()) ?? []), ...this.#finished.values()];
    } catch (error) {
      throw failure('store-failed', 'The directory for received files cannot be read', error);
    }
  }

  async forget(location: string): Promise<boolean> {
    if (this.#finished.delete(location)) return true;
    try {
      return (await this.#kept?.forget(location)) ?? false;
    } catch (error) {
      throw failure('store-failed', `${location} cannot be removed`, error);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const kept = await Promise.allSettled([...this.#received.keys()].map((key) => this.keep(key)));
    await Promise.all([...this.#archives.keys()].map((key) => this.#dropArchive(key)));
    await Promise.all([this.#offered.close(), this.#targets.dropAll()]);
    for (const result of kept) if (result.status === 'rejected') throw result.reason;
  }

  #receivedFile(key: string): Received {
    const received = this.#received.get(key);
    if (received === undefined) throw notReceiving();
    return received;
  }

  #expectTaking(key: string, received: Received): void {
    if (received.finishing !== undefined || this.#received.get(key) !== received) throw notReceiving();
  }

  /** Takes no more calls for a file. Resolves to its part, unless there is none or it is finished. */
  async #letGo(key: string): Promise<Part | undefined> {
    const received = this.#received.get(key);
    if (received === undefined) return undefined;
    // A finish under way may still fail.
    const finished = await received.finishing?.catch(() => undefined);
    if (finished !== undefined || this.#received.get(key) !== received) return undefined;
    this.#received.delete(key);
    return received.ready.catch(() => undefined);
  }

  async #withTarget<T>(path: string, name: string, work: (handle: FileHandle) => Promise<T>): Promise<T> {
    try {
      return await this.#targets.use(path, () => open(path, constants.O_RDWR | constants.O_NOFOLLOW), work);
    } catch (error) {
      throw failure('store-failed', `${name} cannot be stored`, error);
    }
  }

  async #make(header: JournalHeader): Promise<Part> {
    const { facts } = header;
    const into = this.#into;
    const kept = this.#kept;
    if (into === undefined || kept === undefined) {
      throw new StoreError('store-failed', 'No directory to receive into was given');
    }
    try {
      await mkdir(into, { recursive: true });
      const taken = await kept.take(header);
      const neededBytes = Math.max(0, diskBytes(facts) - (taken?.diskBytes ?? 0));
      try {
        await this.#expectSpace(into, header, neededBytes);
      } catch (error) {
        if (taken !== undefined) await kept.giveBack(taken.paths, header);
        throw error;
      }
      if (chunkCount(facts.bytes, header.chunkBytes) > CHUNKS_MAX) {
        throw new StoreError('store-failed', `${facts.name} has more than ${CHUNKS_MAX} chunks`);
      }
      return (taken && (await this.#takeUp(header, taken, neededBytes))) ?? (await this.#begin(header, into));
    } catch (error) {
      throw failure('store-failed', `${facts.name} cannot be stored`, error);
    }
  }

  async #takeUp(header: JournalHeader, taken: TakenPart, neededBytes: number): Promise<Part | undefined> {
    const { paths, bytes: takenBytes } = taken;
    const index = await PartIndex.open(paths.have, header, takenBytes, this.#indexOptions(paths, header));
    if (index !== undefined) return { paths, index, takenBytes, neededBytes, storedBytesBefore: index.storedBytes };
    await removePart(paths);
    return undefined;
  }

  async #begin(header: JournalHeader, into: string): Promise<Part> {
    const paths = newPartPaths(into);
    try {
      await lockPart(paths);
      const index = await PartIndex.create(paths.have, header, this.#indexOptions(paths, header));
      await (await open(paths.part, 'wx')).close();
      const neededBytes = diskBytes(header.facts);
      return { paths, index, takenBytes: undefined, neededBytes, storedBytesBefore: 0 };
    } catch (error) {
      await removePart(paths);
      throw error;
    }
  }

  #indexOptions({ part }: PartPaths, { facts }: JournalHeader): PartIndexOptions {
    const { flushBytes, flushMs } = this.#limits;
    const flushData = (): Promise<void> => this.#withTarget(part, facts.name, (handle) => handle.datasync());
    return { flushBytes, flushMs, flushData };
  }

  async #expectSpace(directory: string, header: JournalHeader, neededBytes: number): Promise<void> {
    const { bavail, bsize, blocks } = await statfs(directory);
    // Some network file systems do not say; the disk itself will then.
    const freeBytes = blocks === 0 ? Infinity : bavail * bsize - this.#promisedBytes(header);
    if (neededBytes <= freeBytes) return;
    const { name } = header.facts;
    throw new StoreError('no-space', `Not enough space for ${name}: ${neededBytes} bytes, ${freeBytes} free`);
  }

  /** What the other files that are being received will still take. */
  #promisedBytes(except: JournalHeader): number {
    let bytes = 0;
    for (const { facts, part, header } of this.#received.values()) {
      if (header === except) continue;
      const arrivedBytes = part === undefined ? 0 : part.index.storedBytes - part.storedBytesBefore;
      bytes += Math.max(0, (part?.neededBytes ?? diskBytes(facts)) - arrivedBytes);
    }
    return bytes;
  }

  async #finish(key: string, received: Received): Promise<string> {
    const { facts, chunkBytes } = received;
    const { index, paths } = await received.ready;
    if (index.missing > 0) throw new StoreError('store-failed', `${facts.name} lacks ${index.missing} chunks`);
    await index.close();
    index.expectFlushed();
    const mtimeNs = await this.#withTarget(paths.part, facts.name, async (handle) => {
      const seconds = believableSeconds(facts.modifiedMs);
      if (seconds !== undefined) await handle.utimes(Date.now() / 1000, seconds);
      await handle.sync();
      return (await handle.stat({ bigint: true })).mtimeNs;
    });
    const location = await this.#place(received, paths);
    // The file is where it belongs; what cannot be removed now is swept another time.
    await rm(paths.have, { force: true }).catch(() => undefined);
    const folder = facts.folder !== undefined;
    if (folder) this.#archives.set(key, paths);
    else await unlockPart(paths).catch(() => undefined);
    const path = folder ? paths.part : location;
    this.#offered.serve(key, { path, name: facts.name, bytes: facts.bytes, mtimeNs, chunkBytes });
    this.#received.delete(key);
    this.#remember(location, facts);
    await this.#targets.drop(paths.part);
    return location;
  }

  /** Gives a whole file its final name, or unpacks the folder it holds under one. */
  async #place({ facts }: Received, paths: PartPaths): Promise<string> {
    const into = this.#into ?? '';
    const name = safeFileName(facts.name);
    try {
      await this.#targets.drop(paths.part);
      if (facts.folder === undefined) return await giveName(paths.part, into, name);
      // Of an attempt that a crash ended.
      await rm(paths.tree, { recursive: true, force: true });
      const archive = await open(paths.part, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        const { contentBytes, entries } = facts.folder;
        await unpackTree(
          archive.createReadStream({ autoClose: false, highWaterMark: ARCHIVE_READ_BYTES }),
          paths.tree,
          this.#slices,
          { limits: { ...UNPACK_LIMITS, bytes: contentBytes, entries: entries + 1 }, modifiedMs: facts.modifiedMs },
        );
      } finally {
        await archive.close();
      }
      return await giveDirectoryName(paths.tree, into, name);
    } catch (error) {
      throw failure('store-failed', `${facts.name} cannot be given its name`, error);
    }
  }

  #remember(location: string, facts: FileFacts): void {
    const { bytes: verifiedBytes } = facts;
    this.#finished.set(location, { location, facts, verifiedBytes, finished: true, pinned: false, usedMs: Date.now() });
    if (this.#finished.size <= FINISHED_MAX) return;
    for (const oldest of this.#finished.keys()) {
      this.#finished.delete(oldest);
      return;
    }
  }

  async #dropArchive(key: string): Promise<void> {
    const paths = this.#archives.get(key);
    this.#archives.delete(key);
    if (paths !== undefined) await removePart(paths);
  }

  async #readChunk(handle: FileHandle, { facts, chunkBytes }: JournalHeader, chunk: number): Promise<Uint8Array> {
    const bytes = this.#spares.take(chunkLength(facts.bytes, chunkBytes, chunk));
    if ((await readFully(handle, bytes, chunk * chunkBytes)) === bytes.length) return bytes;
    throw new StoreError('changed', `${facts.name} was cut short while it was received`);
  }
}

/** What a file takes of the disk in the end: a folder lies there twice, as an archive and unpacked. */
const diskBytes = ({ bytes, folder }: FileFacts): number => bytes + (folder?.contentBytes ?? 0);

const notReceiving = (): StoreError => new StoreError('store-failed', 'This file is not being received');
