// The page's side of the store: the same Store that Node has, with the work done in a web worker (main.ts).
// Bytes cross by transfer, so no chunk is ever copied between the threads.
import { StoreError, type FileFacts, type Store } from '../src/io/store.ts';
import type { StoreFigures } from '../src/io/store-parts.ts';
import type { StoreCall, StoreReply, StoreRequest, StoreResult, StoreResults } from './messages.ts';

interface Pending {
  // A method, so that each call's own, narrower resolve fits: the worker answers a call only with that call's result.
  resolve(value: StoreResult): void;
  reject(error: StoreError): void;
}

export class WorkerStore implements Store<File> {
  readonly #worker: Worker;
  readonly #pending: Map<number, Pending> = new Map();
  #lastId = 0;
  /** Why nothing can be asked any more. */
  #ended: StoreError | undefined;

  constructor() {
    this.#worker = new Worker(new URL('./main.ts', import.meta.url), { type: 'module', name: 'rockpool-store' });
    this.#worker.addEventListener('message', (event: MessageEvent<StoreReply>) => this.#settle(event.data));
    this.#worker.addEventListener('error', (event) => {
      this.#end(new StoreError('store-failed', `The store's worker failed: ${event.message || 'it could not start'}`));
    });
    this.#worker.addEventListener('messageerror', () => {
      this.#end(new StoreError('store-failed', "The store's worker sent what cannot be read"));
    });
  }

  add(key: string, source: File, chunkBytes: number): Promise<FileFacts> {
    return this.#call({ kind: 'add', key, file: source, chunkBytes });
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

  create(key: string, facts: FileFacts, chunkBytes: number): Promise<void> {
    return this.#call({ kind: 'create', key, facts, chunkBytes });
  }

  write(key: string, chunk: number, bytes: Uint8Array, sha256: Uint8Array): Promise<boolean> {
    const transfer = bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : [];
    // Copied, because it may well be a view of all the file's hashes.
    return this.#call({ kind: 'write', key, chunk, bytes, sha256: new Uint8Array(sha256) }, transfer);
  }

  finish(key: string): Promise<string> {
    return this.#call({ kind: 'finish', key });
  }

  discard(key: string): Promise<void> {
    return this.#call({ kind: 'discard', key });
  }

  /**
   * The received file at `location` (what finish() resolved to), to be saved: backed by the disk, under the name it was
   * offered by. Valid as long as this page lives. Rejects with `store-failed` if it is gone.
   */
  file(location: string): Promise<File> {
    return this.#call({ kind: 'file', location });
  }

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

  #call<Kind extends StoreCall['kind']>(
    call: Extract<StoreCall, { kind: Kind }>,
    transfer: Transferable[] = [],
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
      this.#pending.set(request.id, { resolve: settle, reject });
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
