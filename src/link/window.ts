// How much one lane may have in flight. It answers to delay, never to loss: SCTP underneath already answers to loss, and
// what we give it beyond its own window only waits there, where it shows as delay like any other queue.
//
// Once a round trip, W moves to W * (base + target) / RTT, the window for which the queue is worth `target`: all the way down
// and half the way up. RTT is the least of the round, so that a busy event loop is not taken for a queue; base is the least
// of the path (path-delay.ts).
import type { LinkOptions } from './options.ts';

/** Samples that a round needs before it says anything; and of which slow start takes the least. */
const SAMPLES_MIN = 4;
/** How much of the way to a larger window one round goes; to a smaller one it goes all the way. */
const STEP = 0.5;
/** Bounds of one round's change. */
const SHRINK_MAX = 0.4;
const GROW_MAX = 1.5;
/**
 * Of what arrives in a path's round trip: more in flight waits for SCTP's own window, where no sample of the least shows
 * it, since what SCTP lets go in one burst has hardly waited.
 */
const AHEAD_MAX = 2;
/** A queue of less than this part of the target for so many rounds: the path is far from full, grow by so much a round. */
const QUIET_PART = 0.25;
const QUIET_ROUNDS = 2;
const QUIET_GROW = 1.25;
/** A queue of so many targets, for so many rounds, that shrinking does not move: is it one at all? */
const STUBBORN_TARGETS = 2;
const STUBBORN_ROUNDS = 6;

/** Below so many bytes a millisecond (8 Mbit/s) a near path may really be slow, and gets no windowBytesNear. */
const NEAR_RATE_MIN = 1024;

/** Where a path's delay is known from, and how much queue to leave there, ms. */
export interface WindowPath {
  readonly baseMs: number;
  readonly targetMs: number;
  /** What is left with hardly anything in flight is no queue: the path is longer than it was. */
  raise(rttMs: number): void;
}

export class DelayWindow {
  readonly #options: LinkOptions;
  readonly #path: WindowPath;
  readonly #least: number;
  bytes: number;
  /** What arrived in the last round, bytes a millisecond. */
  rate = 0;
  /** RTT above base in the last round, ms. */
  queueMs = 0;
  #slowStart = true;
  #roundStartMs: number | undefined;
  #roundBytes = 0;
  #roundRttMs = Infinity;
  #samples = 0;
  readonly #recent: number[] = [];
  #limited = false;
  /**
   * For one round less than the window. Half: the queue drains, and base can be seen by whoever came while it stood.
   * Empty: what is left of the delay then is base.
   */
  #drain: 'none' | 'half' | 'empty' = 'none';
  #drainAtMs: number | undefined;
  #stubbornRounds = 0;
  #quietRounds = 0;
  /** The window was just shrunk: what comes back in the round after was sent before, and says the same once more. */
  #held = false;

  /** `least`: bytes that the window never falls below. */
  constructor(options: LinkOptions, path: WindowPath, least: number = options.windowBytesMin) {
    this.#least = least;
    this.#options = options;
    this.#path = path;
    this.bytes = options.windowBytesStart;
  }

  /** What may be in flight now. */
  get limitBytes(): number {
    if (this.#drain === 'none') return this.bytes;
    return Math.max(this.#options.windowBytesMin, this.#drain === 'half' ? this.bytes / 2 : 0);
  }

  get slowStart(): boolean {
    return this.#slowStart;
  }

  /** There was more to send than the window took. */
  noteLimited(): void {
    this.#limited = true;
  }

  /** `bytes` have arrived. In slow start the window grows by as much, as SCTP's own does. */
  acked(bytes: number): void {
    this.#roundBytes += bytes;
    if (this.#slowStart && this.#limited) this.bytes = this.#bounded(this.bytes + bytes);
  }

  /** A round-trip sample; in slow start a queue ends it at once. */
  sample(rttMs: number): void {
    this.#samples++;
    this.#roundRttMs = Math.min(this.#roundRttMs, rttMs);
    if (!this.#slowStart) return;
    this.#recent.push(rttMs);
    if (this.#recent.length > SAMPLES_MIN) this.#recent.shift();
    if (this.#recent.length < SAMPLES_MIN) return;
    // In the manner of HyStart (RFC 9406): the least of the latest samples, so that one late one does not end it.
    const least = Math.min(...this.#recent);
    const { baseMs, targetMs } = this.#path;
    if (least - baseMs < Math.max(targetMs / 2, this.#options.granularityMs)) return;
    this.#slowStart = false;
    this.bytes = this.#bounded((this.bytes * (baseMs + targetMs)) / least);
  }

  /** A round trip has passed since the last call. */
  round(nowMs: number): void {
    const startMs = this.#roundStartMs;
    if (startMs !== undefined && (this.#samples < SAMPLES_MIN || nowMs <= startMs)) return;
    if (startMs !== undefined) this.#judge(nowMs, nowMs - startMs);
    this.#roundStartMs = nowMs;
    this.#roundBytes = 0;
    this.#roundRttMs = Infinity;
    this.#samples = 0;
    this.#limited = false;
  }

  /** Nothing was heard for long, or the transport is new: begin anew, gently. */
  restart(bytes: number = this.#options.windowBytesStart, slowStart = true): void {
    this.bytes = bytes;
    this.#slowStart = slowStart;
    this.#drain = 'none';
    this.#stubbornRounds = 0;
    this.#quietRounds = 0;
    this.#recent.length = 0;
    this.#roundStartMs = undefined;
    this.#drainAtMs = undefined;
    this.rate = 0;
  }

  #judge(nowMs: number, elapsedMs: number): void {
    this.rate = this.#roundBytes / elapsedMs;
    const { baseMs, targetMs } = this.#path;
    this.queueMs = Math.max(0, this.#roundRttMs - baseMs);
    if (this.#slowStart) return;
    const drained = this.#drain;
    this.#drain = 'none';
    if (drained === 'empty') {
      this.#path.raise(this.#roundRttMs);
      this.#slowStart = true;
      this.#recent.length = 0;
    }
    const held = this.#held;
    this.#held = false;
    if (drained !== 'none' || held) return;
    this.#quietRounds = this.#limited && this.queueMs < QUIET_PART * targetMs ? this.#quietRounds + 1 : 0;
    const factor = (baseMs + targetMs) / this.#roundRttMs;
    if (factor < 1) {
      this.bytes = this.#bounded(this.bytes * Math.max(SHRINK_MAX, factor));
      this.#held = true;
    } else if (this.#limited) {
      const least = this.#quietRounds >= QUIET_ROUNDS ? QUIET_GROW : 1;
      this.bytes = this.#bounded(this.bytes * Math.min(GROW_MAX, Math.max(least, 1 + STEP * (factor - 1))));
    }
    if (this.#limited) this.bytes = Math.min(this.bytes, this.#bounded(AHEAD_MAX * this.rate * (baseMs + targetMs)));
    this.#stubbornRounds = this.queueMs > STUBBORN_TARGETS * targetMs ? this.#stubbornRounds + 1 : 0;
    this.#drainAtMs ??= nowMs + this.#options.drainEveryMs;
    if (this.#stubbornRounds >= STUBBORN_ROUNDS) this.#drain = 'empty';
    else if (nowMs >= this.#drainAtMs && this.#limited) this.#drain = 'half';
    if (this.#drain === 'none') return;
    this.#stubbornRounds = 0;
    this.#drainAtMs = nowMs + this.#options.drainEveryMs;
  }

  #bounded(bytes: number): number {
    // On a near path the delay is that of two busy processes: less in flight only leaves them waiting for each other.
    const near = this.#path.baseMs < this.#options.windowNearRttMs && this.rate > NEAR_RATE_MIN;
    const least = near ? this.#options.windowBytesNear : this.#least;
    return Math.min(this.#options.windowBytesMax, Math.max(least, bytes));
  }
}
