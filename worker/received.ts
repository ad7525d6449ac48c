// The files this device receives: one file each in the session's directory, written in any order through a synchronous
// handle, the fastest way a browser has to a disk. They stay until the session is over; saving copies them elsewhere.
import { ChunkSet, HandlePool, chunkCount, chunkLength, sameBytes, sha256, unshared } from '../src/io/store-parts.ts';
import { StoreError, type FileFacts } from '../src/io/store.ts';
import { failure } from './failure.ts';
import { ReceivedIndex, type ReceivedRecord } from './received-index.ts';
import { openSession, sessionDirectory, sweepSessions, type Session } from './session.ts';

/**
 * The file is made longer than it has to be, by as much as it is long, within these bounds, bytes: a browser takes longer
 * to write past the end than within, by a quarter in a private window. Little at first, because the first chunk is waited
 * for; never the whole file at once, because a private window keeps it in memory.
 */
const GROW_BYTES_MIN = 1024 * 1024;
const GROW_BYTES_MAX = 32 * 1024 * 1024;

interface Made {
  readonly handle: FileSystemFileHandle;
  readonly location: string;
  readonly verified: ChunkSet;
}

interface Receiving {
  readonly facts: FileFacts;
  readonly chunkBytes: number;
  /** Name of the file in the session's directory. */
  readonly file: string;
  readonly ready: Promise<Made>;
  storedBytes: number;
  /** Length of the file so far. */
  grownBytes: number;
  finishing: Promise<string> | undefined;
}

export class ReceivedFiles {
  readonly #session: Promise<Session>;
  readonly #index: ReceivedIndex = new ReceivedIndex();
  readonly #handles: HandlePool<FileSystemSyncAccessHandle>;
  readonly #receiving: Map<string, Receiving> = new Map();
  #made = 0;

  constructor(openFilesMax: number) {
    this.#handles = new HandlePool(openFilesMax, (handle) => handle.close());
    this.#session = openSession();
    // Sending works without a place to receive into: only create() tells that there is none.
    this.#session.then(
      () => this.#sweep(),
      () => undefined,
    );
  }

  get openFiles(): number {
    return this.#handles.size;
  }

  async create(key: string, facts: FileFacts, chunkBytes: number): Promise<void> {
    if (this.#receiving.has(key)) throw new StoreError('store-failed', `${facts.name} is already being received`);
    this.#made += 1;
    const file = String(this.#made);
    const ready = this.#make(file, facts, chunkBytes);
    const receiving: Receiving = {
      facts,
      chunkBytes,
      file,
      ready,
      storedBytes: 0,
      grownBytes: 0,
      finishing: undefined,
    };
    this.#receiving.set(key, receiving);
    try {
      const { handle } = await ready;
      // Opened while the first chunk is still on its way, not when it is here.
      await this.#handles.use(
        file,
        () => handle.createSyncAccessHandle(),
        () => undefined,
      );
    } catch (error) {
      this.#receiving.delete(key);
      throw failure('store-failed', `${facts.name} cannot be stored`, error);
    }
  }

  async write(key: string, chunk: number, bytes: Uint8Array, expected: Uint8Array): Promise<boolean> {
    const receiving = this.#file(key);
    const { facts, chunkBytes, file } = receiving;
    const made = await receiving.ready;
    const { handle, verified } = made;
    const length = chunkLength(facts.bytes, chunkBytes, chunk);
    if (length === 0 || bytes.length !== length) return false;
    if (!sameBytes(await sha256(bytes), expected)) return false;
    if (verified.has(chunk)) return true;
    if (receiving.finishing !== undefined || this.#receiving.get(key) !== receiving) throw notReceiving();
    try {
      await this.#handles.use(
        file,
        () => handle.createSyncAccessHandle(),
        (open) => writeAt(open, receiving, unshared(bytes), chunk * chunkBytes),
      );
    } catch (error) {
      throw failure('store-failed', `${facts.name} cannot be stored`, error);
    }
    // It may have been discarded meanwhile, and then no record of it may appear any more.
    if (this.#receiving.get(key) === receiving && verified.add(chunk)) {
      receiving.storedBytes += length;
      this.#index.mark(recordOf(key, receiving, made, 'receiving'));
    }
    return true;
  }

  async finish(key: string): Promise<string> {
    const receiving = this.#file(key);
    if (receiving.finishing !== undefined) throw notReceiving();
    receiving.finishing = this.#finish(key, receiving);
    try {
      const location = await receiving.finishing;
      this.#receiving.delete(key);
      return location;
    } catch (error) {
      receiving.finishing = undefined;
      throw failure('store-failed', `${receiving.facts.name} cannot be finished`, error);
    }
  }

  async discard(key: string): Promise<void> {
    const receiving = this.#receiving.get(key);
    if (receiving === undefined) return;
    this.#receiving.delete(key);
    const made = await receiving.ready.catch(() => undefined);
    const finished = await receiving.finishing?.catch(() => undefined);
    if (made === undefined || finished !== undefined) return;
    try {
      await this.#handles.drop(receiving.file);
      await (await this.#session).directory.removeEntry(receiving.file);
      await this.#index.delete(made.location);
    } catch (error) {
      throw failure('store-failed', `${receiving.facts.name} cannot be removed`, error);
    }
  }

  /** A finished file, still on disk: reading it costs no memory. */
  async file(location: string): Promise<File> {
    try {
      const record = await this.#index.get(location);
      if (record?.state !== 'finished') throw new StoreError('store-failed', 'This file is not kept here');
      const [session = '', name = ''] = location.split('/');
      const file = await (await (await sessionDirectory(session)).getFileHandle(name)).getFile();
      // Never a type that a browser would show: what peers send is saved, not rendered on our origin.
      const options = { type: 'application/octet-stream', lastModified: record.facts.modifiedMs };
      return new File([file], record.facts.name, options);
    } catch (error) {
      throw failure('store-failed', 'The received file is no longer there', error);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#receiving.keys()].map((key) => this.discard(key)));
    await this.#handles.dropAll();
    await this.#index.flush();
  }

  #file(key: string): Receiving {
    const receiving = this.#receiving.get(key);
    if (receiving === undefined) throw notReceiving();
    return receiving;
  }

  async #make(file: string, facts: FileFacts, chunkBytes: number): Promise<Made> {
    const { name, directory } = await this.#session;
    const { quota = Infinity, usage = 0 } = await navigator.storage.estimate();
    const freeBytes = quota - usage - this.#promisedBytes(file);
    if (facts.bytes > freeBytes) {
      throw new StoreError('no-space', `Not enough space for ${facts.name}: ${facts.bytes} bytes, ${freeBytes} free`);
    }
    const verified = new ChunkSet(chunkCount(facts.bytes, chunkBytes));
    const handle = await directory.getFileHandle(file, { create: true });
    return { handle, location: `${name}/${file}`, verified };
  }

  /** What the other files that are being received will still take. */
  #promisedBytes(exceptFile: string): number {
    let bytes = 0;
    for (const { file, facts, storedBytes } of this.#receiving.values()) {
      if (file !== exceptFile) bytes += facts.bytes - storedBytes;
    }
    return bytes;
  }

  /** Not flushed to the disk: what a power cut loses was only here until somebody saves it. */
  async #finish(key: string, receiving: Receiving): Promise<string> {
    const made = await receiving.ready;
    if (made.verified.missing > 0) {
      throw new StoreError('store-failed', `${receiving.facts.name} lacks ${made.verified.missing} chunks`);
    }
    await this.#handles.drop(receiving.file);
    this.#index.mark(recordOf(key, receiving, made, 'finished'));
    await this.#index.flush();
    return made.location;
  }

  async #sweep(): Promise<void> {
    try {
      await sweepSessions(await this.#index.sessions(), (session) => this.#index.deleteSession(session));
    } catch (error) {
      // What is left lies there until the next start; it hinders nothing but the free space.
      console.warn('Leftovers of earlier sessions cannot be removed', error);
    }
  }
}

function recordOf(key: string, receiving: Receiving, made: Made, state: ReceivedRecord['state']): ReceivedRecord {
  const { facts, chunkBytes } = receiving;
  return { location: made.location, key, facts, chunkBytes, verified: made.verified.bitmap, state };
}

function writeAt(
  handle: FileSystemSyncAccessHandle,
  receiving: Receiving,
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
): void {
  const end = at + bytes.length;
  if (end > receiving.grownBytes) {
    const growBytes = Math.min(GROW_BYTES_MAX, Math.max(GROW_BYTES_MIN, end));
    const grownBytes = Math.min(receiving.facts.bytes, end + growBytes);
    handle.truncate(grownBytes);
    receiving.grownBytes = grownBytes;
  }
  for (let written = 0; written < bytes.length;) {
    const count = handle.write(bytes.subarray(written), { at: at + written });
    if (count === 0) throw new StoreError('no-space', 'The browser gives no more space');
    written += count;
  }
}

const notReceiving = (): StoreError => new StoreError('store-failed', 'This file is not being received');
