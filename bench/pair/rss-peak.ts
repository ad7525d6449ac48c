// The most memory this process had since it was last asked.

/** As often as a heap may grow and shrink again within. */
const SAMPLE_MS = 20;

/** Bytes. */
export interface RssReport {
  readonly now: number;
  readonly peak: number;
}

export class RssPeak {
  readonly #read: () => number;
  #peak = 0;

  /** `read`: bytes in use now. */
  constructor(read: () => number = () => process.memoryUsage.rss()) {
    this.#read = read;
    setInterval(() => this.#sample(), SAMPLE_MS).unref();
  }

  /** Since the last call, or since it was made. */
  take(): RssReport {
    const now = this.#sample();
    const peak = this.#peak;
    this.#peak = now;
    return { now, peak };
  }

  #sample(): number {
    const now = this.#read();
    this.#peak = Math.max(this.#peak, now);
    return now;
  }
}
