// How far a transfer is and how fast it goes. Rates are smoothed over about two seconds, so that figures stay readable.

const SMOOTHING_MS = 2000;

export class Meter {
  readonly startedAtMs: number;
  readonly #smoothingMs: number;
  #endedAtMs: number | undefined;
  #sampledAtMs: number;
  #sampledBytes = 0;
  #skippedBytes = 0;
  doneBytes = 0;
  bytesPerSecond = 0;

  constructor(nowMs: number, smoothingMs: number = SMOOTHING_MS) {
    this.startedAtMs = nowMs;
    this.#sampledAtMs = nowMs;
    this.#smoothingMs = smoothingMs;
  }

  /** Done without having been moved: it counts as progress and not as speed. */
  skip(bytes: number): void {
    this.doneBytes += bytes;
    this.#sampledBytes += bytes;
    this.#skippedBytes += bytes;
  }

  sample(nowMs: number): void {
    const passedMs = nowMs - this.#sampledAtMs;
    if (passedMs <= 0) return;
    const rate = ((this.doneBytes - this.#sampledBytes) * 1000) / passedMs;
    const weight = this.bytesPerSecond === 0 ? 1 : 1 - Math.exp(-passedMs / this.#smoothingMs);
    this.bytesPerSecond += (rate - this.bytesPerSecond) * weight;
    this.#sampledAtMs = nowMs;
    this.#sampledBytes = this.doneBytes;
  }

  /** Freezes the clock; the rate becomes the average of the whole. */
  end(nowMs: number): void {
    this.#endedAtMs = nowMs;
    const seconds = this.seconds(nowMs);
    this.bytesPerSecond = seconds > 0 ? (this.doneBytes - this.#skippedBytes) / seconds : 0;
  }

  seconds(nowMs: number): number {
    return Math.max(0, (this.#endedAtMs ?? nowMs) - this.startedAtMs) / 1000;
  }
}
