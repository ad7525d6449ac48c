// The page's side of the store: the same Store that Node has, with the work done in a web worker (main.ts), and what only
// a browser needs: files to save, folders to unpack, thumbnails, the history. Bytes cross by transfer, never by copy.
import type { History, StoredOffers } from '../src/io/history.ts';
import type { FileFacts, KeptFile, KeptPart, Store } from '../src/io/store.ts';
import type { StoreFigures } from '../src/io/store-parts.ts';
import type { OfferHandle } from './database.ts';
import type { Source, StoreCall, StoreResults, UnpackProgress } from './messages.ts';
import { askToPersist } from './persistence.ts';
import { Requests } from './requests.ts';

export type { OfferHandle } from './database.ts';
export type { Source, UnpackProgress } from './messages.ts';

export class WorkerStore implements Store<Source> {
  readonly #requests: Requests<StoreCall, StoreResults, UnpackProgress> = new Requests(
    new Worker(new URL('./main.ts', import.meta.url), { type: 'module', name: 'rockpool-store' }),
  );

  async sizeOf(source: Source): Promise<number> {
    return source instanceof File ? source.size : Infinity;
  }

  add(key: string, source: Source, chunkBytes: number): Promise<FileFacts> {
    return this.#requests.ask({ kind: 'add', key, source, chunkBytes });
  }

  hash(key: string, first: number, count: number): Promise<Uint8Array> {
    return this.#requests.ask({ kind: 'hash', key, first, count });
  }

  read(key: string, chunk: number): Promise<Uint8Array> {
    return this.#requests.ask({ kind: 'read', key, chunk });
  }

  remove(key: string): Promise<void> {
    return this.#requests.ask({ kind: 'remove', key });
  }

  create(key: string, facts: FileFacts, chunkBytes: number): Promise<KeptPart | undefined> {
    askToPersist();
    return this.#requests.ask({ kind: 'create', key, facts, chunkBytes });
  }

  write(key: string, chunk: number, bytes: Uint8Array, sha256: Uint8Array): Promise<boolean> {
    const transfer = bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : [];
    // Copied, because it may well be a view of all the file's hashes.
    return this.#requests.ask({ kind: 'write', key, chunk, bytes, sha256: new Uint8Array(sha256) }, { transfer });
  }

  check(key: string, chunk: number, sha256: Uint8Array): Promise<boolean> {
    return this.#requests.ask({ kind: 'check', key, chunk, sha256: new Uint8Array(sha256) });
  }

  finish(key: string): Promise<string> {
    return this.#requests.ask({ kind: 'finish', key });
  }

  keep(key: string): Promise<void> {
    return this.#requests.ask({ kind: 'keep', key });
  }

  discard(key: string): Promise<void> {
    return this.#requests.ask({ kind: 'discard', key });
  }

  kept(): Promise<KeptFile[]> {
    return this.#requests.ask({ kind: 'kept' });
  }

  /** False as well for what is in use, in this tab or another: being received, or finished and not yet removed. */
  forget(location: string): Promise<boolean> {
    return this.#requests.ask({ kind: 'forget', location });
  }

  /**
   * The received file at `location` (what finish() resolved to), to be saved: backed by the disk, under the name it was
   * offered by. Valid as long as this page lives and it is not evicted. Rejects with `store-failed` if it is gone.
   */
  file(location: string): Promise<File> {
    return this.#requests.ask({ kind: 'file', location });
  }

  /** The same of a received folder: its tar archive, as `NAME.tar`. */
  archive(location: string): Promise<File> {
    return this.#requests.ask({ kind: 'archive', location });
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
    return this.#requests.ask({ kind: 'unpack', location, target: directory }, { progress });
  }

  /** Somebody has a copy of it elsewhere: it may be evicted when space is short. */
  saved(location: string): Promise<void> {
    return this.#requests.ask({ kind: 'saved', location });
  }

  /** Whether it is never to be evicted. */
  pin(location: string, on: boolean): Promise<void> {
    return this.#requests.ask({ kind: 'pin', location, on });
  }

  /** A small picture of an offered image: WebP, at most 160 px and 8 KiB. Undefined if there is none to be had. */
  thumbnail(key: string): Promise<Uint8Array | undefined> {
    return this.#requests.ask({ kind: 'thumbnail', key });
  }

  readonly history: History = {
    put: (record) => this.#requests.ask({ kind: 'putHistory', record }),
    list: (query, limit, beforeMs = Infinity) => this.#requests.ask({ kind: 'listHistory', query, limit, beforeMs }),
    remove: (ids) => this.#requests.ask({ kind: 'removeHistory', ids }),
    clear: () => this.#requests.ask({ kind: 'clearHistory' }),
  };

  readonly offers: StoredOffers<OfferHandle> = {
    put: (offer) => this.#requests.ask({ kind: 'putOffer', offer }),
    list: () => this.#requests.ask({ kind: 'listOffers' }),
    remove: (ids) => this.#requests.ask({ kind: 'removeOffers', ids }),
  };

  figures(): Promise<StoreFigures> {
    return this.#requests.ask({ kind: 'figures' });
  }

  close(): Promise<void> {
    return this.#requests.close({ kind: 'close' });
  }
}
