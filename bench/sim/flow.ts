// Chunks from one simulated link end to the other, pulled as fast as the receiver may ask, and control frames beside them.
import type { ClockError } from '../../src/sim/clock.ts';
import { LinkPair, type LinkPairOptions } from '../../src/sim/link-pair.ts';
import { Random, seedFor } from '../../src/sim/random.ts';
import type { SctpName } from '../../src/sim/sctp.ts';

export const CHUNK_BYTES = 262_144;
const TRANSFER = 1;
/** An application's own schema: the machines do nothing with it but carry it. */
const CONTROL_SCHEMA = 256;
const CONTROL_EVERY_MS = 10;
const CONTROL_BYTES = 32;
/** As long as a frame of `wan` may take: one that never surfaced counts as that old. */
const CONTROL_DEADLINE_MS = 2400;

/** What `--sctp` says: the model of an implementation, or undefined for the bare path. Throws a RangeError on others. */
export function sctpOption(word: string | undefined): SctpName | undefined {
  if (word === 'chromium' || word === 'node') return word;
  if (word === 'none') return undefined;
  throw new RangeError(`--sctp: expected chromium, node or none, got ${word}`);
}

/** Quartz is this good, parts per million. */
const SKEW_PPM = 100;
const CLOCK_OFFSET_MS_MAX = 1_000_000;

/**
 * Two ends that have said nothing yet, each with a clock of its own: on a path without loss or jitter it is these that make
 * one seed another run than the next.
 */
export function pairOf(options: LinkPairOptions & { readonly seed: number }): LinkPair {
  const random = new Random(seedFor(options.seed, 'clocks'));
  const clockError = (): ClockError => ({
    offsetMs: random.between(0, CLOCK_OFFSET_MS_MAX),
    skewPpm: random.between(-SKEW_PPM, SKEW_PPM),
  });
  return new LinkPair({ initiatorClock: clockError(), acceptorClock: clockError(), keeps: false, ...options });
}

/** A transfer from the acceptor to the initiator, begun when it is made. The link must be open. */
export class Flow {
  /** Of whole chunks that arrived. */
  bytes = 0;
  /** When the last chunk arrived, ms. */
  doneAtMs: number | undefined;
  readonly #pair: LinkPair;
  readonly #chunks: number;
  #asked = 0;
  #controlSent = 0;
  #controlAgesMs: number[] = [];
  #controlOn = false;

  /** `chunks`: how many there are; Infinity for a flow that never ends. */
  constructor(pair: LinkPair, chunks: number) {
    this.#pair = pair;
    this.#chunks = chunks;
    const data = new Uint8Array(CHUNK_BYTES);
    pair.acceptor.serve = () => data;
    pair.initiator.onOutput = (output) => {
      if (output.kind === 'chunk') this.#onChunk(output.bytes.length);
      else if (output.kind === 'control') this.#controlAgesMs.push(pair.clock.now - sampledMs(output.bytes));
      else if (output.kind === 'closed') throw new Error(`the link closed: ${output.code}`);
    };
    this.#ask();
    pair.initiator.drain();
  }

  /** Sends a control frame the way of the chunks every 10 ms, the first after up to 10 ms, until they are all there. */
  startControl(): void {
    this.#controlOn = true;
    const { clock, random } = this.#pair;
    clock.after(random.between(0, CONTROL_EVERY_MS), () => this.#sendControl());
  }

  /** Runs until all chunks are there, or for `limitMs`. Returns the goodput in Mbit/s since `fromMs`. */
  run(fromMs: number, limitMs: number): number {
    const { clock } = this.#pair;
    const untilMs = clock.now + limitMs;
    while (this.doneAtMs === undefined && clock.now < untilMs && clock.step());
    return (this.bytes * 8) / 1000 / ((this.doneAtMs ?? clock.now) - fromMs);
  }

  /** Ages of all control frames when they surfaced, ms, ascending; waits for those that are still under way. */
  finishControl(): readonly number[] {
    this.#controlOn = false;
    this.#pair.run(2 * CONTROL_DEADLINE_MS);
    const missing = this.#controlSent - this.#controlAgesMs.length;
    const never = new Array<number>(Math.max(0, missing)).fill(CONTROL_DEADLINE_MS);
    return [...this.#controlAgesMs, ...never].sort((a, b) => a - b);
  }

  #onChunk(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes === this.#chunks * CHUNK_BYTES) this.doneAtMs = this.#pair.clock.now;
    this.#ask();
  }

  #ask(): void {
    const { initiator } = this.#pair;
    while (
      this.#asked < this.#chunks &&
      initiator.link.requestChunk(initiator.now, TRANSFER, this.#asked, CHUNK_BYTES) === 'ok'
    ) {
      this.#asked++;
    }
  }

  #sendControl(): void {
    if (!this.#controlOn || this.doneAtMs !== undefined) return;
    const { acceptor, clock } = this.#pair;
    const frame = new Uint8Array(CONTROL_BYTES);
    new DataView(frame.buffer).setFloat64(0, clock.now);
    this.#controlSent++;
    acceptor.sendControl(CONTROL_SCHEMA, frame, acceptor.now + CONTROL_DEADLINE_MS);
    clock.after(CONTROL_EVERY_MS, () => this.#sendControl());
  }
}

/** What the sender wrote into the frame. */
function sampledMs(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0);
}

/** The value below which `ratio` (0 to 1) of the `ascending` values lie; NaN if there are none. */
export function percentile(ascending: readonly number[], ratio: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * ratio))] ?? NaN;
}
