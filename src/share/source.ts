// One peer that has chunks of a file this device receives: what it has, what was asked of it, how fast it delivers.
import { ChunkSet } from './chunk-set.ts';
import { Meter } from './meter.ts';
import type { ShareOptions } from './options.ts';

/** Rates of sources answer within a second, because requests follow them. */
const SMOOTHING_MS = 1000;
/** While a source begins, what is asked of it grows with what it delivers, ms. */
const START_MS = 1000;
/** Requests open at one source at most: what a link allows. */
const ASKED_MAX = 64;

export class Source {
  readonly peer: string;
  /** Its number for the file. */
  readonly handle: number;
  /** The device that offers the file, which has all of it. */
  readonly origin: boolean;
  /** What it says it has; the offering device: what it gave to anybody. */
  readonly told: ChunkSet;
  readonly meter: Meter;
  /** Chunks asked for, and when. */
  readonly asked: Map<number, number> = new Map();
  wrongChunks = 0;
  /** Smoothed, from asking to arrival, ms. */
  chunkMs = 0;
  #arrived = 0;

  constructor(now: number, peer: string, handle: number, origin: boolean, chunks: number) {
    this.peer = peer;
    this.handle = handle;
    this.origin = origin;
    this.told = new ChunkSet(chunks);
    this.meter = new Meter(now, SMOOTHING_MS);
  }

  hasChunk(chunk: number): boolean {
    return this.origin || this.told.has(chunk);
  }

  /** A chunk from it is verified. */
  arrived(now: number, chunk: number, bytes: number): void {
    const askedAtMs = this.asked.get(chunk);
    this.#arrived++;
    this.meter.doneBytes += bytes;
    if (askedAtMs === undefined) return;
    const ms = now - askedAtMs;
    this.chunkMs = this.chunkMs === 0 ? ms : this.chunkMs + (ms - this.chunkMs) / 8;
  }

  /**
   * Whether it may be asked for more: as much as it delivers in a round trip and requestAheadMs, and one. The only source
   * there is may soon be asked for as much as the link takes: nothing is asked of it that could come from elsewhere. Not at
   * once, because others may only be a moment behind.
   */
  wantsMore(now: number, rttMs: number, chunkBytes: number, options: ShareOptions, alone: boolean): boolean {
    const starting = now - this.meter.startedAtMs < START_MS || this.meter.bytesPerSecond === 0;
    const ahead = ((rttMs + options.requestAheadMs) / 1000) * (this.meter.bytesPerSecond / chunkBytes);
    const most = starting ? options.requestsStart + 2 * this.#arrived : alone ? ASKED_MAX : Math.ceil(ahead) + 1;
    return this.asked.size < Math.min(ASKED_MAX, most);
  }
}
