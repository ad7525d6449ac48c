// Two clocks and a path between them, all seeded: what a ClockSync is measured against.
import { ClockSync, type TimeSample, type Verdict } from '../../src/clock/clock-sync.ts';
import type { ClockOptions } from '../../src/clock/options.ts';
import { Random } from '../../src/sim/random.ts';

export interface PathShape {
  /** One-way delays without any queue, ms. */
  readonly outMs: number;
  readonly backMs: number;
  /** Mean of what queues add, each way, ms; drawn from a heavy tail. */
  readonly outJitterMs: number;
  readonly backJitterMs: number;
}

export const CALM: PathShape = { outMs: 20, backMs: 20, outJitterMs: 2, backJitterMs: 2 };

export class TwoClocks {
  readonly random: Random;
  readonly sync: ClockSync;
  path: PathShape;
  /** True time, ms. */
  nowMs = 1000;
  ownPpm: number;
  theirPpm: number;
  ownBaseMs: number;
  theirBaseMs: number;
  /** Stamps are cut to multiples of this. */
  grainMs = 0.1;

  constructor(seed: number, path: PathShape = CALM, options: Partial<ClockOptions> = {}) {
    this.random = new Random(seed);
    this.path = path;
    this.sync = new ClockSync(options);
    this.ownPpm = this.random.between(-100, 100);
    this.theirPpm = this.random.between(-100, 100);
    this.ownBaseMs = this.random.between(0, 1e6);
    this.theirBaseMs = this.random.between(1.6e12, 1.9e12);
  }

  own(trueMs: number = this.nowMs): number {
    return this.ownBaseMs + trueMs * (1 + this.ownPpm * 1e-6);
  }

  their(trueMs: number = this.nowMs): number {
    return this.theirBaseMs + trueMs * (1 + this.theirPpm * 1e-6);
  }

  get relativePpm(): number {
    return this.theirPpm - this.ownPpm;
  }

  /** How far off the estimate is now, ms. */
  get errorMs(): number {
    return Math.abs(this.sync.theirs(this.own()) - this.their());
  }

  /** One question and its answer; time passes by as long as they take. */
  sample(): TimeSample {
    const { outMs, backMs, outJitterMs, backJitterMs } = this.path;
    const t0 = this.#stamp(this.own());
    this.nowMs += outMs + this.#queue(outJitterMs);
    const t1 = this.#stamp(this.their());
    this.nowMs += this.random.between(0, 0.5);
    const t2 = this.#stamp(this.their());
    this.nowMs += backMs + this.#queue(backJitterMs);
    return { t0, t1, t2, t3: this.#stamp(this.own()) };
  }

  ask(): Verdict {
    return this.sync.add(this.sample());
  }

  /** Asks whenever the machine wants to, for `ms`; tells `look` after each answer. */
  run(ms: number, look: () => void = () => {}): void {
    const endMs = this.nowMs + ms;
    while (this.nowMs < endMs) {
      this.nowMs += Math.max(0, Math.min(this.sync.nextAskMs - this.own(), endMs - this.nowMs));
      if (this.nowMs >= endMs) return;
      this.sync.asked(this.own());
      this.ask();
      look();
    }
  }

  #queue(meanMs: number): number {
    // Mostly little, at times twenty times the mean.
    const exponential = -Math.log(1 - this.random.between(0, 0.999_999));
    return meanMs * exponential * (this.random.chance(0.05) ? 10 : 0.55);
  }

  #stamp(ms: number): number {
    return Math.floor(ms / this.grainMs) * this.grainMs;
  }
}
