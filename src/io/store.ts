// Where file bytes live, as the driver sees it. Implemented over a web worker (worker/) and over files (store-files.ts).
// Nothing here is ever given or asked for a whole file. Every call may run beside others, on the same file too.

/** What an offer says of a file. `bytes` 0 .. 2^53-1, `modifiedMs` since 1970. */
export interface FileFacts {
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

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

/**
 * `Source` is what the platform reads an offered file from: a `File` in browsers, a path on Node.
 * `key` names one offered or one received file; keys of the two kinds never meet. Chunk `i` is bytes
 * `i * chunkBytes` up to `min(bytes, (i + 1) * chunkBytes)`; a file of 0 bytes has no chunks.
 */
export interface Store<Source> {
  /** Takes a file to read from. Rejects with `unreadable`. */
  add(key: string, source: Source, chunkBytes: number): Promise<FileFacts>;
  /**
   * SHA-256 of chunks first .. first + count - 1, 32 bytes each, hashed in parallel. Keeps the bytes in a bounded
   * cache, so that the reads that follow need not touch the disk again. Rejects with `unreadable` or `changed`.
   */
  hash(key: string, first: number, count: number): Promise<Uint8Array>;
  /**
   * One chunk's bytes, owned by the caller. `spare`: those of an earlier call, which the store may fill anew.
   * Rejects with `unreadable` or `changed` (size or modification time).
   */
  read(key: string, chunk: number, spare?: Uint8Array): Promise<Uint8Array>;
  /** Forgets an offered file. */
  remove(key: string): Promise<void>;

  /** Makes room for a file to receive, under a temporary name. Rejects with `no-space` or `store-failed`. */
  create(key: string, facts: FileFacts, chunkBytes: number): Promise<void>;
  /**
   * Hashes `bytes` and stores them if the SHA-256 equals `sha256` (32 bytes). False, and nothing is stored, if not.
   * Takes `bytes` over until it resolves (its buffer may be transferred; the store keeps no reference). Rejects with `no-space` or `store-failed`.
   */
  write(key: string, chunk: number, bytes: Uint8Array, sha256: Uint8Array): Promise<boolean>;
  /** All chunks are there: gives the file its final name. Resolves to where it is. Rejects with `store-failed`. */
  finish(key: string): Promise<string>;
  /** Removes a file that was not finished, and every trace of it. */
  discard(key: string): Promise<void>;
  close(): Promise<void>;
}
