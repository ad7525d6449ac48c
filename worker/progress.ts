// Carries what was verified to the disk: flushes the data, then writes the index entries that name it. Never the other
// way round, so whatever a crash cuts off, the index claims nothing that is not there. In batches, one after the other.
import type { HandlePool } from '../src/io/store-parts.ts';
import { openFile } from './cache-directory.ts';
import type { CacheIndex, IndexUpdate } from './cache-index.ts';
import type { ChunkMap } from './chunk-map.ts';
import type { FileRecord } from './database.ts';

/** Progress is on disk at the latest this long after it was made, milliseconds: what a crash may cost. */
const FLUSH_MS = 1_000;

/** A file that grows. */
export interface Part {
  readonly location: string;
  readonly handle: FileSystemFileHandle;
  readonly chunks: ChunkMap;
  /** Chunks that are to be replaced and that the index on disk may still claim. */
  readonly retracting: Set<number>;
  /** Length of the file so far. */
  grownBytes: number;
  /** Up to here there may be bytes that an earlier transfer wrote and nobody has checked. */
  readonly foundBytes: number;
}

export class Progress {
  readonly #index: CacheIndex;
  readonly #handles: HandlePool<FileSystemSyncAccessHandle>;
  readonly #marked: Set<Part> = new Set();
  #scheduled = false;
  /** Settles, never rejects, when the last batch is through. */
  #last: Promise<void> = Promise.resolve();

  constructor(index: CacheIndex, handles: HandlePool<FileSystemSyncAccessHandle>) {
    this.#index = index;
    this.#handles = handles;
  }

  /** Sees to it that the part's progress is on disk within a second. */
  mark(part: Part): void {
    this.#marked.add(part);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setTimeout(() => {
      this.#scheduled = false;
      const parts = [...this.#marked];
      this.#marked.clear();
      this.#enqueue(parts, {}, false).catch(() => {
        // What could not be written goes with the next batch; whoever finishes or keeps the file is told.
        for (const part of parts) if (part.chunks.dirty) this.mark(part);
      });
    }, FLUSH_MS);
  }

  /** Writes the part's progress now, with `change` of its record. Rejects as flushing or the database does. */
  async settle(part: Part, change: Partial<FileRecord> = {}, lasting = false): Promise<void> {
    this.#marked.delete(part);
    await this.#enqueue([part], change, lasting);
  }

  /** Nothing more is written of this part once it resolves. */
  async forget(part: Part): Promise<void> {
    this.#marked.delete(part);
    await this.#last;
    this.#marked.delete(part);
  }

  #enqueue(parts: readonly Part[], change: Partial<FileRecord>, lasting: boolean): Promise<void> {
    const written = this.#last.then(() => this.#write(parts, change, lasting));
    this.#last = written.catch(() => undefined);
    return written;
  }

  async #write(parts: readonly Part[], change: Partial<FileRecord>, lasting: boolean): Promise<void> {
    const flushed = await Promise.allSettled(parts.map((part) => this.#flush(part, change)));
    const updates = flushed.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    try {
      await this.#index.save(
        updates.map(({ update }) => update),
        lasting,
      );
    } catch (error) {
      for (const { part, update } of updates) part.chunks.restoreDirty(update.groups);
      throw error;
    }
    for (const result of flushed) if (result.status === 'rejected') throw result.reason;
  }

  async #flush(part: Part, change: Partial<FileRecord>): Promise<{ part: Part; update: IndexUpdate }> {
    const { location, handle, chunks } = part;
    return this.#handles.use(
      location,
      () => openFile(handle),
      (open) => {
        open.flush();
        // On the spot: what is verified from here on is not flushed.
        const { verifiedBytes } = chunks;
        const progress = { verifiedBytes, grownBytes: part.grownBytes, usedMs: Date.now(), ...change };
        return { part, update: { location, change: progress, groups: chunks.takeDirty() } };
      },
    );
  }
}
