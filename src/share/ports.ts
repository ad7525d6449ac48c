// What the share machine needs around it: links to peers, and a store. Both are plain data and synchronous calls.
import type { EndCode } from '../wire/codes.ts';
import type { EntryId } from '../wire/entry.ts';
import type { Envelope } from '../wire/envelope.ts';

/** What a link says when something is handed to it. */
export type LinkResult = 'ok' | 'blocked' | 'dropped';

/** The links, by peer id. The pool binds them; nothing here keeps a reference to one. */
export interface ShareLinks {
  /** `blocked`: it goes when the link has room, and so should whatever is no answer to anything. */
  send(peer: string, envelope: Envelope): LinkResult;
  /** `transfer`: the number that peer gave the file. */
  requestChunk(peer: string, transfer: number, chunk: number, bytes: number): LinkResult;
  sendChunk(peer: string, request: number, bytes: Uint8Array): LinkResult;
  /** Chunk bytes the link would take now. */
  chunkRoomBytes(peer: string): number;
  /** Smoothed round trip, ms. */
  rttMs(peer: string): number;
  /** A chunk of `length` bytes is done with; `spare`, its bytes, may be filled anew. */
  releaseChunk(peer: string, length: number, spare?: Uint8Array): void;
  /** Whatever was asked of this peer for this chunk is not wanted any more. */
  cancelChunk(peer: string, transfer: number, chunk: number): void;
  dropTransfer(peer: string, transfer: number, direction: 'in' | 'out'): void;
}

/** What an offer says of a folder: its bytes travel as one tar archive. */
export interface FolderFacts {
  /** Files and directories in it, the folder itself not counted. */
  readonly entries: number;
  /** Of all files in it together. */
  readonly contentBytes: number;
}

/** What an offer says of a file. `bytes` 0 .. 2^53-1: of the archive, if it is a folder. `modifiedMs` since 1970. */
export interface FileFacts {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly folder?: FolderFacts;
  /** Of one that is received: the log entry that told of the offer. What is kept of it goes once that was taken back. */
  readonly entry?: EntryId;
}

/** What an earlier transfer left of a file. */
export interface KeptPart {
  /** Chunks that are verified and on disk: chunk 0 in the lowest bit of byte 0. */
  readonly bitmap: Uint8Array;
  /** Their SHA-256, 32 bytes a chunk; those of other chunks are zeros. */
  readonly sha256: Uint8Array;
  /** Chunks below this may be on disk as well, unverified: `check` tells. */
  readonly maybeChunks: number;
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
  | { readonly op: 'create'; readonly key: string; readonly facts: FileFacts; readonly chunkBytes: number }
  | {
      readonly op: 'write';
      readonly key: string;
      readonly chunk: number;
      readonly bytes: Uint8Array;
      readonly sha256: Uint8Array;
    }
  | { readonly op: 'check'; readonly key: string; readonly chunk: number; readonly sha256: Uint8Array }
  | { readonly op: 'remove' | 'finish' | 'keep' | 'discard'; readonly key: string };

/** `value`: bytes of hash and read, whether a write or check matched, the location of a finished file, what create found. */
export type StoreResult =
  | { readonly ok: true; readonly value: Uint8Array | boolean | string | KeptPart | undefined }
  | { readonly ok: false; readonly code: EndCode };
