// What all lanes of a link know together about the path's delay: the least round trip seen, which is the path without a
// queue, and how much queue the link may keep there.
import type { LinkOptions } from './options.ts';

/** Bytes a millisecond in one megabit a second. */
const MBIT = 125;

export class PathDelay {
  readonly #options: LinkOptions;
  /** Infinity until the first sample. */
  baseMs: number = Infinity;
  /** What all lanes together move, bytes a millisecond. */
  rate = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  sample(rttMs: number): void {
    this.baseMs = Math.min(this.baseMs, rttMs);
  }

  /** The least of late is more than base, and sending less did not change it: the path is longer than it was. */
  raise(rttMs: number): void {
    this.baseMs = rttMs;
  }

  /** A new transport may take another path. */
  forget(): void {
    this.baseMs = Infinity;
  }

  /**
   * The queue to keep, ms: the less the faster the link is, by the square root (as Swift scales it, Kumar et al. 2020).
   * Of links that share a bottleneck and see one queue, the slower ones then want more of it than the faster: they grow
   * until all are equal.
   */
  get targetMs(): number {
    const { targetDelayMs, targetDelayMsMin, targetDelayMsMax, targetDelayMsNear, windowNearRttMs } = this.#options;
    const scaled = targetDelayMs * Math.sqrt(50 / Math.max(this.rate / MBIT, 0.1));
    // What delays there is busy processors: a link that gave way to that would starve beside one that is fast.
    if (this.baseMs < windowNearRttMs) return Math.min(targetDelayMsNear, Math.max(targetDelayMs, 2 * scaled));
    return Math.min(targetDelayMsMax, Math.max(targetDelayMsMin, scaled));
  }
}
