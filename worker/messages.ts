// What the page and the store's worker say to each other: one request, one reply, matched by id, and news between them
// for calls that take long. The worker of conversations (talk-messages.ts) is spoken to in the same way. Types only.
import type { FileTree } from '../src/io/file-tree.ts';
import type { HistoryRecord, StoredOffer } from '../src/io/history.ts';
import type { FileFacts, KeptFile, KeptPart, StoreErrorCode } from '../src/io/store.ts';
import type { StoreFigures } from '../src/io/store-parts.ts';
import type { OfferHandle } from './database.ts';

/** What is offered. All the files of a tree cross in one message. */
export type Source = File | FileTree;

/** What of a folder is unpacked so far. */
export interface UnpackProgress {
  readonly files: number;
  /** Of content. */
  readonly bytes: number;
}

/** A call of the store. `bytes` of `write` are transferred, and so are the bytes in the replies. */
export type StoreCall =
  | { readonly kind: 'add'; readonly key: string; readonly source: Source; readonly chunkBytes: number }
  | { readonly kind: 'hash'; readonly key: string; readonly first: number; readonly count: number }
  | { readonly kind: 'read'; readonly key: string; readonly chunk: number }
  | { readonly kind: 'create'; readonly key: string; readonly facts: FileFacts; readonly chunkBytes: number }
  | {
      readonly kind: 'write';
      readonly key: string;
      readonly chunk: number;
      readonly bytes: Uint8Array;
      readonly sha256: Uint8Array;
    }
  | { readonly kind: 'check'; readonly key: string; readonly chunk: number; readonly sha256: Uint8Array }
  | { readonly kind: 'remove' | 'finish' | 'keep' | 'discard' | 'thumbnail'; readonly key: string }
  | { readonly kind: 'kept' | 'figures' | 'close' }
  | { readonly kind: 'forget' | 'file' | 'archive' | 'saved'; readonly location: string }
  | { readonly kind: 'pin'; readonly location: string; readonly on: boolean }
  | { readonly kind: 'unpack'; readonly location: string; readonly target: FileSystemDirectoryHandle }
  | { readonly kind: 'putHistory'; readonly record: HistoryRecord }
  | { readonly kind: 'listHistory'; readonly query: string; readonly limit: number; readonly beforeMs: number }
  | { readonly kind: 'removeHistory' | 'removeOffers'; readonly ids: readonly string[] }
  | { readonly kind: 'clearHistory' | 'listOffers' }
  | { readonly kind: 'putOffer'; readonly offer: StoredOffer<OfferHandle> };

/** What each call resolves to. */
export interface StoreResults {
  readonly add: FileFacts;
  readonly hash: Uint8Array;
  readonly read: Uint8Array;
  readonly create: KeptPart | undefined;
  readonly write: boolean;
  readonly check: boolean;
  readonly remove: undefined;
  readonly finish: string;
  readonly keep: undefined;
  readonly discard: undefined;
  readonly thumbnail: Uint8Array | undefined;
  readonly kept: KeptFile[];
  readonly figures: StoreFigures;
  readonly close: undefined;
  readonly forget: boolean;
  readonly file: File;
  readonly archive: File;
  readonly saved: undefined;
  readonly pin: undefined;
  readonly unpack: string;
  readonly putHistory: undefined;
  readonly listHistory: HistoryRecord[];
  readonly removeHistory: undefined;
  readonly clearHistory: undefined;
  readonly putOffer: undefined;
  readonly listOffers: StoredOffer<OfferHandle>[];
  readonly removeOffers: undefined;
}

export type StoreResult = StoreResults[keyof StoreResults];

/** Page to worker. */
export interface Request<Call> {
  readonly id: number;
  readonly call: Call;
}

/** Worker to page, exactly one for each request, in any order. */
export type Reply<Result> =
  | { readonly id: number; readonly ok: true; readonly value: Result }
  | { readonly id: number; readonly ok: false; readonly code: StoreErrorCode; readonly message: string };

/** Worker to page, any number of times before the reply to an `unpack`. */
export interface StoreNews {
  readonly id: number;
  readonly progress: UnpackProgress;
}
