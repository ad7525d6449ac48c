// The page's side of the store: the same Store that Node has, with the work done in a web worker (main.ts), and what only
// a browser needs: files to save, folders to unpack, thumbnails, the history. Bytes cross by transfer, never by copy.
import type { History, StoredOffers } from '../src/io/history.ts';
import { StoreError, type FileFacts, type KeptFile, type KeptPart, type Store } from '../src/io/store.ts';
import type { StoreFigures } from '../src/io/store-parts.ts';
import type { OfferHandle } from './database.ts';
import type { Source, StoreCall, StoreNews, StoreReply, StoreRequest } from './messages.ts';
import type { StoreResult, StoreResults, UnpackProgress } from './messages.ts';

export type { OfferHandle } from './database.ts';
export type { Source, UnpackProgress } from './messages.ts';

interface Pending {
  // A method, so that each call's own, narrower resolve fits: the worker answers a call only with that call's result.
  resolve(value: StoreResult): void;
  reject(error: StoreError): void;
  progress(so: UnpackProgress): void;
}

interface Extras {
  readonly transfer?: Transferable[];
  readonly progress?: (so: UnpackProgress) => void;
}

export class WorkerStore implements Store<Source> {
  readonly #worker: Worker;
  readonly #pending: Map<number, Pending> = new Map();
  #lastId = 0;
  #askedToPersist = false;
  /** Why nothing can be asked any more. */
  #ended: StoreError | undefined;

  constructor() {
    this.#worker = new Worker(new URL('./main.ts', import.meta.url), { type: 'module', name: 'rockpool-store' });
    this.#worker.addEventListener('message', (event: MessageEvent<StoreReply | StoreNews>) => {
      if ('progress' in event.data) this.#pending.get(event.data.id)?.progress(event.data.progress);
      else this.#settle(event.data);
    });
    this.#worker.addEventListener('error', (event) => {
      this.#end(new StoreError('store-failed', `The store's worker failed: ${event.message || 'it could not start'}`));
    });
    this.#worker.addEventListener('messageerror', () => {
      this.#end(new StoreError('store-failed', "The store's worker sent what cannot be read"));
    });
  }

  async sizeOf(source: Source): Promise<number> {
    return source instanceof File ? source.size : Infinity;
  }

  add(key: string, source: Source, chunkBytes: number): Promise<FileFacts> {
    return this.#call({ kind: 'add', key, source, chunkBytes });
  }

  hash(key: string, first: number, count: number): Promise<Uint8Array> {
    return this.#call({ kind: 'hash', key, first, count });
  }

  read(key: string, chunk: number): Promise<Uint8Array> {
    return this.#call({ kind: 'read', key, chunk });
  }

  remove(key: string): Promise<void> {
    return this.#call({ kind: 'remove', key });
  }

  create(key: string, facts: FileFacts, chunkBytes: number): Promise<KeptPart | undefined> {
    this.#askToPersist();
    return this.#call({ kind: 'create', key, facts, chunkBytes });
  }

  write(key: string, chunk: number, bytes: Uint8Array, sha256: Uint8Array): Promise<boolean> {
    const transfer = bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : [];
    // Copied, because it may well be a view of all the file's hashes.
    return this.#call({ kind: 'write', key, chunk, bytes, sha256: new Uint8Array(sha256) }, { transfer });
  }

  check(key: string, chunk: number, sha256: Uint8Array): Promise<boolean> {
    return this.#call({ kind: 'check', key, chunk, sha256: new Uint8Array(sha256) });
  }

  finish(key: string): Promise<string> {
    return this.#call({ kind: 'finish', key });
  }

  keep(key: string): Promise<void> {
    return this.#call({ kind: 'keep', key });
  }

  discard(key: string): Promise<void> {
    return this.#call({ kind: 'discard', key });
  }

  kept(): Promise<KeptFile[]> {
    return this.#call({ kind: 'kept' });
  }

  /** False as well for what is in use, in this tab or another: being received, or finished and not yet removed. */
  forget(location: string): Promise<boolean> {
    return this.#call({ kind: 'forget', location });
  }

  /**
   * The received file at `location` (what finish() resolved to), to be saved: backed by the disk, under the name it was
   * offered by. Valid as long as this page lives and it is not evicted. Rejects with `store-failed` if it is gone.
   */
  file(location: string): Promise<File> {
    return this.#call({ kind: 'file', location });
  }

  /** The same of a received folder: its tar archive, as `NAME.tar`. */
  archive(location: string): Promise<File> {
    return this.#call({ kind: 'archive', location });
  }

  /**
   * Writes a received folder into `directory`, under its own name or, if that is taken, a numbered one, which it
   * resolves to. Tells `progress` every 100 ms. Rejects with `store-failed` or `no-space`; nothing is left there then.
   */
  unpackTo(
    location: string,
    directory: FileSystemDirectoryHandle,
    progress: (so: UnpackProgress) => void = () => undefined,
  ): Promise<string> {
    return this.#call({ kind: 'unpack', location, target: directory }, { progress });
  }

  /** Somebody has a copy of it elsewhere: it may be evicted when space is short. */
  saved(location: string): Promise<void> {
    return this.#call({ kind: 'saved', location });
  }

  /** Whether it is never to be evicted. */
  pin(location: string, on: boolean): Promise<void> {
    return this.#call({ kind: 'pin', location, on });
  }

  /** A small picture of an offered image: WebP, at most 160 px and 8 KiB. Undefined if there is none to be had. */
  thumbnail(key: string): Promise<Uint8Array | undefined> {
    return this.#call({ kind: 'thumbnail', key });
  }

  readonly history: History = {
    put: (record) => this.#call({ kind: 'putHistory', record }),
    list: (query, limit, beforeMs = Infinity) => this.#call({ kind: 'listHistory', query, limit, beforeMs }),
    remove: (ids) => this.#call({ kind: 'removeHistory', ids }),
    clear: () => this.#call({ kind: 'clearHistory' }),
  };

  readonly offers: StoredOffers<OfferHandle> = {
    put: (offer) => this.#call({ kind: 'putOffer', offer }),
    list: () => this.#call({ kind: 'listOffers' }),
    remove: (ids) => this.#call({ kind: 'removeOffers', ids }),
  };

  figures(): Promise<StoreFigures> {
    return this.#call({ kind: 'figures' });
  }

  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    try {
      await this.#call({ kind: 'close' });
    } finally {
      this.#end(new StoreError('store-failed', 'The store is closed'));
    }
  }

  /** Asks the browser, once and from here, because a worker cannot, not to clear what is kept when its disk is full. */
  #askToPersist(): void {
    if (this.#askedToPersist) return;
    this.#askedToPersist = true;
    // Where it refuses, files are received all the same.
    navigator.storage?.persist().catch(() => undefined);
  }

  #call<Kind extends StoreCall['kind']>(
    call: Extract<StoreCall, { kind: Kind }> | (StoreCall & { kind: Kind }),
    { transfer = [], progress = () => undefined }: Extras = {},
  ): Promise<StoreResults[Kind]> {
    return new Promise<StoreResults[Kind]>((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended);
      this.#lastId += 1;
      const request: StoreRequest = { id: this.#lastId, call };
      try {
        this.#worker.postMessage(request, transfer);
      } catch (error) {
        return reject(new StoreError('store-failed', 'The bytes cannot be handed to the store', { cause: error }));
      }
      const settle = (value: StoreResults[Kind]): void => resolve(value);
      this.#pending.set(request.id, { resolve: settle, reject, progress });
    });
  }

  #settle(reply: StoreReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.ok) pending?.resolve(reply.value);
    else pending?.reject(new StoreError(reply.code, reply.message));
  }

  #end(error: StoreError): void {
    this.#ended ??= error;
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
