// Where file bytes live, as the driver sees it. Implemented over a web worker (worker/) and over files (store-files.ts).
// Nothing here is ever given or asked for a whole file. Every call may run beside others, on the same file too.
import type { FileFacts, KeptPart } from '../share/ports.ts';

export type { FileFacts, KeptPart } from '../share/ports.ts';

export type StoreErrorCode = 'unreadable' | 'changed' | 'no-space' | 'store-failed';

/** Every failure of a Store: `code` for programs, `message` for people. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}

/** A received file, or a part of one, that is kept from one start of the program to the next. */
export interface KeptFile {
  /** Names it in this store; what `finish` resolved to once it is finished. */
  readonly location: string;
  readonly facts: FileFacts;
  readonly verifiedBytes: number;
  readonly finished: boolean;
  /** Never evicted: unfinished, or finished and not yet saved by anybody, or pinned. */
  readonly pinned: boolean;
  /** Wall clock, ms since 1970. */
  readonly usedMs: number;
}

/**
 * `Source` is what the platform reads an offered file or folder from: a `File` or a tree of them in browsers, a path on Node.
 * `key` names one offered or one received file; keys of the two kinds never meet. Chunk `i` is bytes
 * `i * chunkBytes` up to `min(bytes, (i + 1) * chunkBytes)`; a file of 0 bytes has no chunks. A folder is one file: the
 * bytes of its tar archive, made as they are asked for.
 */
export interface Store<Source> {
  /** Bytes of a file; Infinity for what would have to be looked through. Rejects with `unreadable`. */
  sizeOf(source: Source): Promise<number>;
  /** Takes a file or folder to read from. Rejects with `unreadable`. */
  add(key: string, source: Source, chunkBytes: number): Promise<FileFacts>;
  /**
   * SHA-256 of chunks first .. first + count - 1, 32 bytes each, hashed in parallel. Keeps the bytes in a bounded
   * cache, so that the reads that follow need not touch the disk again. Rejects with `unreadable` or `changed`.
   */
  hash(key: string, first: number, count: number): Promise<Uint8Array>;
  /**
   * One chunk's bytes, owned by the caller: of an offered file, or of a received one, finished or not, that has the chunk.
   * `spare`: bytes of an earlier call, which the store may fill anew. Rejects with `unreadable` or `changed` (size or
   * modification time).
   */
  read(key: string, chunk: number, spare?: Uint8Array): Promise<Uint8Array>;
  /** Forgets an offered file, or a received one that was finished: it is read no more. What is on disk stays. */
  remove(key: string): Promise<void>;

  /**
   * Makes room for a file to receive, under a temporary name, or takes up what an earlier transfer kept of the same name,
   * size, chunk size and kind, if nobody else is at it: resolves to that, or to undefined. Evicts what may go if space
   * is short. Rejects with `no-space` or `store-failed`.
   */
  create(key: string, facts: FileFacts, chunkBytes: number): Promise<KeptPart | undefined>;
  /**
   * Hashes `bytes` and stores them if the SHA-256 equals `sha256` (32 bytes). False, and nothing is stored, if not.
   * Takes `bytes` over until it resolves (its buffer may be transferred; the store keeps no reference). Rejects with `no-space` or `store-failed`.
   */
  write(key: string, chunk: number, bytes: Uint8Array, sha256: Uint8Array): Promise<boolean>;
  /**
   * Whether what lies on disk for this chunk has this SHA-256. Of an unfinished file (it may have been written before a crash)
   * it counts as written then; a finished one is read back.
   */
  check(key: string, chunk: number, sha256: Uint8Array): Promise<boolean>;
  /**
   * All chunks are there: gives the file its final name, or unpacks the folder where the platform can. Resolves to where
   * it is. `read` goes on. Rejects with `store-failed` or `no-space`; the chunks are kept then.
   */
  finish(key: string): Promise<string>;
  /** Lets go of a file that was not finished and keeps what is verified of it for another `create`, however late. */
  keep(key: string): Promise<void>;
  /** Removes a file that was not finished, and every trace of it. */
  discard(key: string): Promise<void>;

  /** What is kept, of all times. */
  kept(): Promise<KeptFile[]>;
  /** Removes something kept that is not in use. True if it was there. On Node a finished file itself stays. */
  forget(location: string): Promise<boolean>;
  /** Closes everything; keeps what is unfinished. */
  close(): Promise<void>;
}
