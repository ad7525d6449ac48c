// How Node's file calls are made beside everything else that runs: on the spot where that is quick and a turn of the event
// loop is young, off the main thread where a disk is slow, and whole where Node may do less than it was asked to. Node only.
import type { FileHandle } from 'node:fs/promises';

/**
 * Up to this size, bytes, a file is opened, read and closed on the spot: that takes 20 microseconds if it is in memory,
 * and a round through libuv's threads for each call five times as long.
 */
export const SMALL_BYTES: number = 64 * 1024;

/** How long file calls may keep the event loop from turning, ms: control streams run at 100 Hz beside them. */
const SLICE_MS = 8;

/** Calls that took longer than this waited for a disk, ms, and not only for another program; from memory they take under one. */
const SLOW_MS = 15;

/** How long after slow calls the next ones are made off the main thread, ms. */
const SLOW_FOR_MS = 250;

/** Lets the event loop turn between synchronous file calls, and tells when those take too long to be made at all. */
export class Slices {
  #startedMs: number | undefined;
  #slowUntilMs = 0;

  /** True for a while after a slow call: make the next ones off the main thread. */
  get slow(): boolean {
    return performance.now() < this.#slowUntilMs;
  }

  /** Does synchronous file calls and notes how long they take. */
  sync<T>(work: () => T): T {
    const startMs = performance.now();
    this.#begin(startMs);
    try {
      return work();
    } finally {
      const endMs = performance.now();
      if (endMs - startMs > SLOW_MS) this.#slowUntilMs = endMs + SLOW_FOR_MS;
    }
  }

  /** What to wait for before the next calls; nothing as long as this turn of the event loop is young. */
  turn(): Promise<void> | undefined {
    const nowMs = performance.now();
    if (nowMs - this.#begin(nowMs) < SLICE_MS) return undefined;
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  /** When this turn of the event loop began to be used, ms. */
  #begin(nowMs: number): number {
    if (this.#startedMs === undefined) {
      this.#startedMs = nowMs;
      setImmediate(() => {
        this.#startedMs = undefined;
      });
    }
    return this.#startedMs;
  }
}

/** Reads until `into` is full or the file ends; resolves to the bytes read. */
export async function readFully(handle: FileHandle, into: Uint8Array, position: number): Promise<number> {
  for (let done = 0; done < into.length;) {
    const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) return done;
    done += bytesRead;
  }
  return into.length;
}

/** Rejects with the first failure, but only when none of them is at work any more. */
export async function settled(works: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(works)) if (result.status === 'rejected') throw result.reason;
}
