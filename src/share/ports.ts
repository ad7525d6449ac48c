// What the share machine needs around it: links to peers, and a store. Both are plain data and synchronous calls.
import type { EndCode } from '../wire/codes.ts';
import type { Envelope } from '../wire/envelope.ts';

/** What a link says when something is handed to it. */
export type LinkResult = 'ok' | 'blocked' | 'dropped';

/** The links, by peer id. The pool binds them; nothing here keeps a reference to one. */
export interface ShareLinks {
  send(peer: string, envelope: Envelope): void;
  requestChunk(peer: string, transfer: number, chunk: number, bytes: number): LinkResult;
  sendChunk(peer: string, request: number, bytes: Uint8Array): LinkResult;
  /** Chunk bytes the link would take now. */
  chunkRoomBytes(peer: string): number;
  /** A chunk of `length` bytes is done with; `spare`, its bytes, may be filled anew. */
  releaseChunk(peer: string, length: number, spare?: Uint8Array): void;
  dropTransfer(peer: string, transfer: number, direction: 'in' | 'out'): void;
}

export interface FileFacts {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** Work for the store (src/io/store.ts says what each does). `id` comes back with the result. */
export type StoreOp =
  | { readonly op: 'hash'; readonly key: string; readonly first: number; readonly count: number }
  | {
      readonly op: 'read';
      readonly key: string;
      readonly chunk: number;
      readonly spare?: Uint8Array | undefined;
    }
  | { readonly op: 'remove'; readonly key: string }
  | { readonly op: 'create'; readonly key: string; readonly facts: FileFacts; readonly chunkBytes: number }
  | {
      readonly op: 'write';
      readonly key: string;
      readonly chunk: number;
      readonly bytes: Uint8Array;
      readonly sha256: Uint8Array;
    }
  | { readonly op: 'finish'; readonly key: string }
  | { readonly op: 'discard'; readonly key: string };

/** `value`: bytes of hash and read, whether a write matched, the location of a finished file; nothing otherwise. */
export type StoreResult =
  | { readonly ok: true; readonly value: Uint8Array | boolean | string | undefined }
  | { readonly ok: false; readonly code: EndCode };

export const chunkCount = (bytes: number, chunkBytes: number): number => Math.ceil(bytes / chunkBytes);

/** Bytes of chunk `index`: all are chunkBytes long but the last. */
export const chunkLength = (bytes: number, chunkBytes: number, index: number): number =>
  Math.min(chunkBytes, bytes - index * chunkBytes);
