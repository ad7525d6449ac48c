// What arrives in fragments: messages within the credit given, and the chunks that were asked for.
// Whatever order, overlap or repetition fragments come in, each message and chunk comes out exactly once.
import type { LinkCode } from '../wire/codes.ts';
import { RangeSet } from './ranges.ts';
import type { LinkOptions } from './options.ts';

/** Message numbers may run ahead of the oldest unfinished one by this many; honest peers stay within their credit. */
const MESSAGES_AHEAD_MAX = 65_536;

/** Buffers kept for the next chunks: allocating them anew keeps the collector busy. */
const SPARES_MAX = 8;

class Assembly {
  readonly bytes: Uint8Array;
  readonly #have: RangeSet = new RangeSet();
  #missing: number;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#missing = bytes.length;
  }

  /** True once, when the last missing byte arrives. The caller has checked the bounds. */
  add(offset: number, bytes: Uint8Array): boolean {
    const fresh = this.#have.add(offset, offset + bytes.length);
    if (fresh === 0) return false;
    this.bytes.set(bytes, offset);
    this.#missing -= fresh;
    return this.#missing === 0;
  }
}

/** Bytes when one is complete, a code when the peer broke the rules, undefined when more is to come. */
export type Arrival = Uint8Array | LinkCode | undefined;

export class MessageReceiver {
  readonly #options: LinkOptions;
  readonly #partial = new Map<number, Assembly>();
  readonly #done: RangeSet = new RangeSet();
  #chargedBytes = 0;
  #releasedBytes = 0;
  /** Received, whole or in part, and not yet released. */
  get heldBytes(): number {
    return this.#chargedBytes - this.#releasedBytes;
  }
  /** The sum of charges the peer may begin. */
  get creditBytes(): number {
    return this.#releasedBytes + this.#options.messageReceiveBytesMax;
  }

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  add(message: number, total: number, offset: number, bytes: Uint8Array): Arrival {
    if (this.#done.has(message)) return undefined;
    let assembly = this.#partial.get(message);
    if (assembly === undefined) {
      if (total > this.#options.messageBytesMax) return 'too-large';
      const charged = this.#chargedBytes + total + this.#options.messageChargeBytes;
      if (charged > this.creditBytes || message > this.#done.floor + MESSAGES_AHEAD_MAX) return 'flow-control';
      this.#chargedBytes = charged;
      assembly = new Assembly(new Uint8Array(total));
      this.#partial.set(message, assembly);
    }
    if (assembly.bytes.length !== total) return 'malformed';
    if (!assembly.add(offset, bytes)) return undefined;
    this.#partial.delete(message);
    this.#done.add(message, message + 1);
    return assembly.bytes;
  }

  /** The application is done with a message of `bytes`: its charge becomes new credit. */
  release(bytes: number): void {
    this.#releasedBytes += bytes + this.#options.messageChargeBytes;
  }
}

export interface WantedChunk {
  readonly transfer: number;
  readonly chunk: number;
  readonly bytes: number;
}

interface Wanted extends WantedChunk {
  /** Made when the first fragment arrives. */
  assembly: Assembly | undefined;
}

export class ChunkReceiver {
  readonly #wanted = new Map<number, Wanted>();
  /** Requests that were dropped, until the peer knows. */
  readonly cancelled: Set<number> = new Set();
  readonly #spares: Uint8Array[] = [];
  #next = 0;
  /** Requested and not yet complete, plus complete and not yet released. */
  heldBytes = 0;

  get openRequests(): number {
    return this.#wanted.size;
  }

  /** Registers a request; returns its number. */
  want(transfer: number, chunk: number, bytes: number): number {
    this.#wanted.set(this.#next, { transfer, chunk, bytes, assembly: undefined });
    this.heldBytes += bytes;
    return this.#next++;
  }

  wanted(request: number): WantedChunk | undefined {
    return this.#wanted.get(request);
  }

  /** The chunk when it is complete; its bytes stay held until `release`. */
  add(request: number, offset: number, bytes: Uint8Array): (WantedChunk & { data: Uint8Array }) | LinkCode | undefined {
    const wanted = this.#wanted.get(request);
    if (wanted === undefined) return request < this.#next ? undefined : 'flow-control';
    if (offset + bytes.length > wanted.bytes) return 'malformed';
    wanted.assembly ??= new Assembly(this.#take(wanted.bytes));
    if (!wanted.assembly.add(offset, bytes)) return undefined;
    this.#wanted.delete(request);
    return { transfer: wanted.transfer, chunk: wanted.chunk, bytes: wanted.bytes, data: wanted.assembly.bytes };
  }

  release(length: number, spare?: Uint8Array): void {
    // A chunk of an earlier session may be released in this one.
    this.heldBytes = Math.max(0, this.heldBytes - length);
    // One that was transferred to a worker has no bytes any more.
    if (spare?.length === length && this.#spares.length < SPARES_MAX) this.#spares.push(spare);
  }

  /** Chunks are nearly all of one size, so a spare one fits or is of no use. Every byte of it will be written. */
  #take(length: number): Uint8Array {
    const spare = this.#spares.pop();
    return spare?.length === length ? spare : new Uint8Array(length);
  }

  /** Stops waiting for one transfer, or one chunk of it; what still comes of it is ignored. The requests that are void now. */
  drop(transfer: number, chunk?: number): number[] {
    const dropped: number[] = [];
    for (const [request, wanted] of this.#wanted) {
      if (wanted.transfer !== transfer || (chunk !== undefined && wanted.chunk !== chunk)) continue;
      this.#wanted.delete(request);
      this.heldBytes -= wanted.bytes;
      this.cancelled.add(request);
      dropped.push(request);
    }
    return dropped;
  }
}
