// The files this device receives: each in a file of the cache, written in any order through a synchronous handle, the
// fastest way a browser has to a disk. A chunk counts as verified in the same breath as it is written.
import { chunkLength, sameBytes } from '../src/share/chunks.ts';
import { HandlePool, sha256, unshared } from '../src/io/store-parts.ts';
import { StoreError, type FileFacts, type KeptPart } from '../src/io/store.ts';
import { openFile } from './cache-directory.ts';
import type { Cache } from './cache.ts';
import { ChunkMap } from './chunk-map.ts';
import type { FileRecord } from './database.ts';
import { failure } from './failure.ts';
import { own, type Release } from './ownership.ts';
import { Progress, type Part } from './progress.ts';
import { readAt, roomFor, shorten, trim, writeAt } from './sync-file.ts';

/**
 * How long a kept part that somebody has in use is waited for, milliseconds: a page that is reloaded starts before the
 * browser has ended the one that it replaces.
 */
const HANDOVER_MS = 1_000;

interface Taken {
  readonly part: Part;
  readonly kept: KeptPart | undefined;
  readonly release: Release;
}

interface Receiving {
  readonly facts: FileFacts;
  readonly chunkBytes: number;
  readonly ready: Promise<Taken>;
  state: 'receiving' | 'finishing' | 'finished' | 'left';
  finishing: Promise<File> | undefined;
}

export class ReceivedFiles {
  readonly #cache: Cache;
  readonly #handles: HandlePool<FileSystemSyncAccessHandle>;
  readonly #progress: Progress;
  readonly #receiving: Map<string, Receiving> = new Map();
  /** Locations this worker has or is about to take: its own locks do not tell it from others. */
  readonly #taken: Set<string> = new Set();
  /** What is being put away, until it is. */
  readonly #leaving: Map<Receiving, Promise<void>> = new Map();

  constructor(cache: Cache, openFilesMax: number) {
    this.#cache = cache;
    this.#handles = new HandlePool(openFilesMax, (handle) => handle.close());
    this.#progress = new Progress(cache.index, this.#handles);
  }

  get openFiles(): number {
    return this.#handles.size;
  }

  has(key: string): boolean {
    return this.#receiving.has(key);
  }

  async create(key: string, facts: FileFacts, chunkBytes: number): Promise<KeptPart | undefined> {
    if (this.#receiving.has(key)) throw new StoreError('store-failed', `${facts.name} is already being received`);
    const ready = this.#take(facts, chunkBytes);
    const receiving: Receiving = { facts, chunkBytes, ready, state: 'receiving', finishing: undefined };
    this.#receiving.set(key, receiving);
    try {
      return (await ready).kept;
    } catch (error) {
      if (this.#receiving.get(key) === receiving) this.#receiving.delete(key);
      throw failure('store-failed', `${facts.name} cannot be stored`, error);
    }
  }

  async write(key: string, chunk: number, bytes: Uint8Array, expected: Uint8Array): Promise<boolean> {
    const receiving = this.#unfinished(key);
    const { facts, chunkBytes } = receiving;
    const { part } = await receiving.ready;
    const length = chunkLength(facts.bytes, chunkBytes, chunk);
    if (length === 0 || bytes.length !== length) return false;
    if (!sameBytes(await sha256(bytes), expected)) return false;
    if (part.chunks.matches(chunk, expected)) return true;
    const store = async (): Promise<void> => {
      if (receiving.state !== 'receiving') throw notReceiving();
      await this.#open(part, (open) => {
        // It may have come from two at once.
        if (part.chunks.matches(chunk, expected)) return;
        part.grownBytes = writeAt(open, unshared(bytes), chunk * chunkBytes, part.grownBytes, facts.bytes);
        part.chunks.set(chunk, expected);
        this.#progress.mark(part);
      });
    };
    try {
      await this.#retract(receiving, part, chunk);
      await this.#withRoom(receiving, part, store);
      return true;
    } catch (error) {
      throw failure('store-failed', `${facts.name} cannot be stored`, error);
    }
  }

  async check(key: string, chunk: number, expected: Uint8Array): Promise<boolean> {
    if (this.#receiving.get(key)?.finishing !== undefined) {
      return sameBytes(await sha256(await this.read(key, chunk)), expected);
    }
    const receiving = this.#unfinished(key);
    const { part } = await receiving.ready;
    const length = chunkLength(receiving.facts.bytes, receiving.chunkBytes, chunk);
    if (length === 0) return false;
    if (part.chunks.matches(chunk, expected)) return true;
    if (receiving.state !== 'receiving') throw notReceiving();
    try {
      const bytes = await this.#open(part, (open) => readAt(open, chunk * receiving.chunkBytes, length));
      if (bytes === undefined || !sameBytes(await sha256(bytes), expected)) return false;
      if (receiving.state !== 'receiving') throw notReceiving();
      part.chunks.set(chunk, expected);
      this.#progress.mark(part);
      return true;
    } catch (error) {
      throw failure('store-failed', `${receiving.facts.name} cannot be read back`, error);
    }
  }

  /** Only what is verified is given out. */
  async read(key: string, chunk: number): Promise<Uint8Array> {
    const receiving = this.#receiving.get(key);
    if (receiving === undefined) throw new StoreError('unreadable', 'This file is not here any more');
    const { facts, chunkBytes } = receiving;
    const { part } = await receiving.ready;
    const length = chunkLength(facts.bytes, chunkBytes, chunk);
    if (length === 0 || !part.chunks.has(chunk)) throw new StoreError('unreadable', `${facts.name} lacks this chunk`);
    const from = chunk * chunkBytes;
    try {
      // Through a snapshot once it is finished, which leaves the file to whoever else reads it.
      const file = await receiving.finishing?.catch(() => undefined);
      if (receiving.state === 'left') throw new StoreError('unreadable', `${facts.name} is not here any more`);
      const bytes =
        file === undefined
          ? await this.#open(part, (open) => readAt(open, from, length))
          : new Uint8Array(await file.slice(from, from + length).arrayBuffer());
      if (bytes?.length !== length) throw new StoreError('unreadable', `${facts.name} is shorter than it was`);
      return bytes;
    } catch (error) {
      throw failure('unreadable', `${facts.name} cannot be read back`, error);
    }
  }

  async finish(key: string): Promise<string> {
    const receiving = this.#unfinished(key);
    if (receiving.state !== 'receiving') throw notReceiving();
    receiving.state = 'finishing';
    receiving.finishing = this.#finish(receiving);
    try {
      await receiving.finishing;
      receiving.state = 'finished';
      return (await receiving.ready).part.location;
    } catch (error) {
      receiving.state = 'receiving';
      receiving.finishing = undefined;
      throw failure('store-failed', `${receiving.facts.name} cannot be finished`, error);
    }
  }

  /** Lets go of a finished file. What is being received stays. */
  async remove(key: string): Promise<void> {
    const receiving = this.#receiving.get(key);
    if (receiving?.state !== 'finished') return;
    this.#receiving.delete(key);
    const { part, release } = await receiving.ready;
    await this.#letGo(part.location, release);
  }

  async keep(key: string): Promise<void> {
    await this.#leave(key, (taken) => this.#settleKept(taken.part));
  }

  async discard(key: string): Promise<void> {
    await this.#leave(key, (taken) => this.#removePart(taken.part));
  }

  async close(): Promise<void> {
    const keys = [...this.#receiving.keys()];
    const results = await Promise.allSettled(
      keys.map(async (key) => {
        await this.keep(key);
        await this.remove(key);
      }),
    );
    await this.#handles.dropAll();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  #unfinished(key: string): Receiving {
    const receiving = this.#receiving.get(key);
    if (receiving === undefined || receiving.state === 'finished') throw notReceiving();
    return receiving;
  }

  #open<T>({ location, handle }: Part, work: (open: FileSystemSyncAccessHandle) => T): Promise<T> {
    return this.#handles.use(location, () => openFile(handle), work);
  }

  async #finish(receiving: Receiving): Promise<File> {
    const { part } = await receiving.ready;
    const { missing } = part.chunks;
    if (missing > 0) throw new StoreError('store-failed', `${receiving.facts.name} lacks ${missing} chunks`);
    await this.#progress.settle(part, { finished: 1 });
    await this.#progress.forget(part);
    await this.#handles.drop(part.location);
    return part.handle.getFile();
  }

  /** A part that nobody receives any more: `work` decides what becomes of it. Finished ones, and unknown ones, stay. */
  async #leave(key: string, work: (taken: Taken) => Promise<void>): Promise<void> {
    const receiving = this.#receiving.get(key);
    const finished = await receiving?.finishing?.catch(() => undefined);
    if (receiving === undefined || finished !== undefined || this.#receiving.get(key) !== receiving) return;
    this.#receiving.delete(key);
    receiving.state = 'left';
    const leaving = this.#putAway(receiving, work);
    this.#leaving.set(receiving, leaving);
    try {
      await leaving;
    } finally {
      this.#leaving.delete(receiving);
    }
  }

  async #putAway(receiving: Receiving, work: (taken: Taken) => Promise<void>): Promise<void> {
    const taken = await receiving.ready.catch(() => undefined);
    if (taken === undefined) return;
    try {
      // Waits for chunks that are just being written.
      await this.#handles.drop(taken.part.location);
      await work(taken);
    } catch (error) {
      throw failure('store-failed', `${receiving.facts.name} cannot be put away`, error);
    } finally {
      await this.#progress.forget(taken.part);
      await this.#letGo(taken.part.location, taken.release);
    }
  }

  async #settleKept(part: Part): Promise<void> {
    // Nothing to come back for.
    if (part.chunks.verifiedBytes === 0 && part.foundBytes === 0) return this.#removePart(part);
    await this.#open(part, (open) => trim(open, part));
    await this.#progress.settle(part);
  }

  async #removePart(part: Part): Promise<void> {
    await this.#progress.forget(part);
    await this.#handles.drop(part.location);
    await this.#cache.remove(part.location);
  }

  async #letGo(location: string, release: Release | undefined): Promise<void> {
    // Before the lock: the next who has it opens the file.
    await this.#handles.drop(location);
    await release?.();
    this.#taken.delete(location);
  }

  /** A chunk that is about to be replaced is no longer claimed, on disk, before the first byte of it changes. */
  async #retract(receiving: Receiving, part: Part, chunk: number): Promise<void> {
    if (part.chunks.has(chunk)) part.retracting.add(chunk);
    if (!part.retracting.has(chunk)) return;
    if (receiving.state !== 'receiving') throw notReceiving();
    part.chunks.clear(chunk);
    await this.#progress.settle(part, {}, true);
    part.retracting.delete(chunk);
  }

  /** Does `store`, making room once. If that does not help, at least the index of what is there shall fit. */
  async #withRoom(receiving: Receiving, part: Part, store: () => Promise<void>): Promise<void> {
    try {
      return await store();
    } catch (error) {
      if (failure('store-failed', '', error).code !== 'no-space') throw error;
    }
    try {
      const { facts } = receiving;
      await this.#reserve(facts, part.location, part.handle, store, () => receiving.state === 'receiving');
    } catch (error) {
      if (receiving.state === 'receiving') await this.#open(part, (open) => trim(open, part));
      if (receiving.state === 'receiving') await this.#progress.settle(part);
      throw error;
    }
  }

  #reserve(
    { name, bytes }: FileFacts,
    location: string,
    handle: FileSystemFileHandle,
    claim: () => Promise<void>,
    wantedStill: () => boolean = () => true,
  ): Promise<void> {
    const fit = async (wanted: number): Promise<number> => {
      // To open it now would keep whoever has it next from it.
      if (!wantedStill()) throw notReceiving();
      const [room, lengthBytes] = await this.#handles.use(
        location,
        () => openFile(handle),
        (open) => [roomFor(open, wanted), open.getSize()] as const,
      );
      if (room !== undefined) return room;
      const { quota = Infinity, usage = 0 } = await navigator.storage.estimate();
      return lengthBytes + quota - usage;
    };
    return this.#cache.space.reserve({ name, bytes, location, fit, claim });
  }

  async #take(facts: FileFacts, chunkBytes: number): Promise<Taken> {
    return (await this.#takeUp(facts, chunkBytes)) ?? this.#make(facts, chunkBytes);
  }

  async #make(facts: FileFacts, chunkBytes: number): Promise<Taken> {
    const directory = await this.#cache.directory;
    const location = crypto.randomUUID().replaceAll('-', '');
    const release = await own(location);
    if (release === undefined) throw new StoreError('store-failed', 'The browser gives no lock');
    this.#taken.add(location);
    try {
      const handle = await directory.getFileHandle(location, { create: true });
      const record = newRecord(location, facts, chunkBytes);
      // It is opened for this as well, while the first chunk is still on its way and not when it is here.
      await this.#reserve(facts, location, handle, () => this.#cache.index.put(record));
      const chunks = new ChunkMap(facts.bytes, chunkBytes);
      const part: Part = { location, handle, chunks, retracting: new Set(), grownBytes: 0, foundBytes: 0 };
      return { part, kept: undefined, release };
    } catch (error) {
      await this.#handles.drop(location);
      // What cannot be removed now is at the next start.
      await this.#cache.remove(location).catch(() => false);
      await this.#letGo(location, release);
      throw error;
    }
  }

  /** What an earlier transfer kept of this file, the fullest first, if nobody has it in use. */
  async #takeUp(facts: FileFacts, chunkBytes: number): Promise<Taken | undefined> {
    // What failed may be tried again at once.
    const leaving = [...this.#leaving].filter(([left]) => left.facts.name === facts.name);
    await Promise.allSettled(leaving.map(([, done]) => done));
    const records = (await this.#cache.index.named(facts.name))
      .filter((record) => isPartOf(record, facts, chunkBytes))
      .sort((a, b) => b.verifiedBytes - a.verifiedBytes);
    const deadline = performance.now() + HANDOVER_MS;
    for (const { location } of records) {
      if (this.#taken.has(location)) continue;
      this.#taken.add(location);
      const release = await own(location, deadline - performance.now());
      let part;
      try {
        part = release && (await this.#adopt(location, facts, chunkBytes));
      } finally {
        if (part === undefined) await this.#letGo(location, release);
      }
      if (release !== undefined && part !== undefined) {
        return { part, kept: part.chunks.keptPart(part.foundBytes), release };
      }
    }
    return undefined;
  }

  /** A kept part that is ours by now. Undefined if it is not what it was, or cannot be opened. */
  async #adopt(location: string, facts: FileFacts, chunkBytes: number): Promise<Part | undefined> {
    const { index } = this.#cache;
    const record = await index.get(location);
    if (record === undefined || !isPartOf(record, facts, chunkBytes)) return undefined;
    const handle = await (await this.#cache.directory).getFileHandle(location).catch(() => undefined);
    if (handle === undefined) return undefined;
    const foundBytes = await this.#handles.use(
      location,
      () => openFile(handle),
      (open) => {
        shorten(open, facts.bytes);
        return open.getSize();
      },
    );
    const chunks = new ChunkMap(facts.bytes, chunkBytes);
    chunks.load(await index.groups(location), foundBytes);
    const change = { facts, grownBytes: foundBytes, usedMs: Date.now() };
    await this.#reserve(facts, location, handle, () => index.save([{ location, change, groups: [] }]));
    return { location, handle, chunks, retracting: new Set(), grownBytes: foundBytes, foundBytes };
  }
}

function newRecord(location: string, facts: FileFacts, chunkBytes: number): FileRecord {
  const progress = { usedMs: Date.now(), verifiedBytes: 0, grownBytes: 0 };
  return { location, facts, chunkBytes, finished: 0, saved: false, pinned: false, ...progress };
}

/** Of the same name, size, chunk size and kind, and not finished. */
function isPartOf(record: FileRecord, facts: FileFacts, chunkBytes: number): boolean {
  const sameKind = (record.facts.folder === undefined) === (facts.folder === undefined);
  const sameSize = record.facts.bytes === facts.bytes && record.chunkBytes === chunkBytes;
  return record.finished === 0 && record.facts.name === facts.name && sameSize && sameKind;
}

const notReceiving = (): StoreError => new StoreError('store-failed', 'This file is not being received');
