// What the page and the store's worker say to each other: one request, one reply, matched by id. Types only.
import type { FileFacts, StoreErrorCode } from '../src/io/store.ts';
import type { StoreFigures } from '../src/io/store-parts.ts';

/** A call of the store. `bytes` of `write` are transferred, and so are the bytes in the replies to `hash` and `read`. */
export type StoreCall =
  | { readonly kind: 'add'; readonly key: string; readonly file: File; readonly chunkBytes: number }
  | { readonly kind: 'hash'; readonly key: string; readonly first: number; readonly count: number }
  | { readonly kind: 'read'; readonly key: string; readonly chunk: number }
  | { readonly kind: 'remove'; readonly key: string }
  | { readonly kind: 'create'; readonly key: string; readonly facts: FileFacts; readonly chunkBytes: number }
  | {
      readonly kind: 'write';
      readonly key: string;
      readonly chunk: number;
      readonly bytes: Uint8Array;
      readonly sha256: Uint8Array;
    }
  | { readonly kind: 'finish'; readonly key: string }
  | { readonly kind: 'discard'; readonly key: string }
  | { readonly kind: 'file'; readonly location: string }
  | { readonly kind: 'figures' }
  | { readonly kind: 'close' };

/** What each call resolves to. */
export interface StoreResults {
  readonly add: FileFacts;
  readonly hash: Uint8Array;
  readonly read: Uint8Array;
  readonly remove: undefined;
  readonly create: undefined;
  readonly write: boolean;
  readonly finish: string;
  readonly discard: undefined;
  readonly file: File;
  readonly figures: StoreFigures;
  readonly close: undefined;
}

export type StoreResult = StoreResults[keyof StoreResults];

/** Page to worker. */
export interface StoreRequest {
  readonly id: number;
  readonly call: StoreCall;
}

/** Worker to page, exactly one for each request, in any order. */
export type StoreReply =
  | { readonly id: number; readonly ok: true; readonly value: StoreResult }
  | { readonly id: number; readonly ok: false; readonly code: StoreErrorCode; readonly message: string };
