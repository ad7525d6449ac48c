// One clock as seen from another: offset and skew from questions with four timestamps (RFC 5905, 8), the smallest round
// trip of each stretch of time, and a fit over those. A machine: the caller brings the samples and the time.
// Steps of either clock are recognised and followed; what cannot be true is refused and counted. Times are in ms.
import { TIME_MS_MAX } from '../wire/signaling.ts';
import { fitted, type Fit, type Sample } from './fit.ts';
import { clockOptions, type ClockOptions } from './options.ts';

/** One question and its answer, ms: sent and received on the own clock, received and sent on theirs. */
export interface TimeSample {
  /** Own clock: the question left. */
  readonly t0: number;
  /** Their clock: it arrived. */
  readonly t1: number;
  /** Their clock: the answer left. */
  readonly t2: number;
  /** Own clock: it arrived. */
  readonly t3: number;
}

/** taken: it counts. doubted: it fits no steady clock; a few that agree make a step. stepped: the past is forgotten. */
export type Verdict = 'taken' | 'doubted' | 'stepped' | 'refused';

export class ClockSync {
  readonly options: ClockOptions;
  /** The best sample of each slot, in order of arrival. At most `slotsMax`. */
  #slots: Sample[] = [];
  #fit: Fit | undefined;
  /** Samples that contradict the fit and agree with one another. Fewer than `stepSamples`. */
  #doubted: Sample[] = [];
  /** How far off the newest of them was. */
  #doubtMs = 0;
  #newestAtMs = 0;
  #askAtMs = -Infinity;
  #burstLeft: number;
  #taken = 0;
  #refused = 0;
  #steps = 0;

  /** Throws a RangeError on an option out of its range. */
  constructor(options: Partial<ClockOptions> = {}) {
    this.options = clockOptions(options);
    this.#burstLeft = this.options.burstAsks;
  }

  /** Whether there has been a sample. Until then both clocks count as one. */
  get synced(): boolean {
    return this.#fit !== undefined;
  }

  /** What their clock shows when the own one shows `ownMs`. */
  theirs(ownMs: number): number {
    const fit = this.#fit;
    return fit === undefined ? ownMs : ownMs + fit.offsetMs + fit.skew * (ownMs - fit.atMs);
  }

  /** The inverse of `theirs`. */
  own(theirMs: number): number {
    const fit = this.#fit;
    return fit === undefined ? theirMs : fit.atMs + (theirMs - fit.offsetMs - fit.atMs) / (1 + fit.skew);
  }

  /** Their clock minus the own one, at the newest sample. */
  get offsetMs(): number {
    return this.theirs(this.#newestAtMs) - this.#newestAtMs;
  }

  /** How much faster their clock runs, in millionths. */
  get skewPpm(): number {
    return (this.#fit?.skew ?? 0) * 1e6;
  }

  /** The smallest round trip in the window; undefined before the first sample. */
  get rttMs(): number | undefined {
    return this.#fit?.rttMs;
  }

  /** How far `theirs` may be off at the newest sample; Infinity before there is one. */
  get uncertaintyMs(): number {
    return this.uncertaintyAtMs(this.#newestAtMs);
  }

  /**
   * How far `theirs(ownMs)` may be off: half of the smallest round trip, for it may all have been in one direction, and what
   * jitter and the time since could do. While a step is in doubt, at least as much as that step.
   */
  uncertaintyAtMs(ownMs: number): number {
    const fit = this.#fit;
    if (fit === undefined) return Infinity;
    const steadyMs = fit.rttMs / 2 + fit.jitterMs + fit.skewError * Math.abs(ownMs - fit.atMs);
    return this.#doubted.length > 0 ? Math.max(steadyMs, this.#doubtMs + fit.rttMs / 2) : steadyMs;
  }

  /** What became of the samples so far. */
  get counts(): { readonly taken: number; readonly refused: number; readonly steps: number } {
    return { taken: this.#taken, refused: this.#refused, steps: this.#steps };
  }

  /** When the next question should go, on the own clock; -Infinity: at once. */
  get nextAskMs(): number {
    return this.#askAtMs;
  }

  /** A question has gone. */
  asked(ownMs: number): void {
    const { burstMs, askEveryMs } = this.options;
    this.#askAtMs = ownMs + (this.#burstLeft > 1 ? burstMs : askEveryMs);
    this.#burstLeft = Math.max(0, this.#burstLeft - 1);
  }

  /** Asks a few times in quick succession: after a break, when either clock may have been moved. */
  quicken(): void {
    this.#burstLeft = this.options.burstAsks;
    this.#askAtMs = -Infinity;
  }

  /** Takes one answer. Never throws: what cannot be true is refused. */
  add(sample: TimeSample): Verdict {
    const digested = this.#digest(sample);
    if (digested === undefined) {
      this.#refused++;
      return 'refused';
    }
    // Whoever asked: an answer is an answer, and the next question may wait. Also undoes an own clock that went back.
    if (this.#burstLeft === 0) this.#askAtMs = sample.t3 + this.options.askEveryMs;
    if (this.#fit !== undefined && !this.#plausible(digested, this.#fit)) return this.#doubt(digested);
    this.#doubted = [];
    this.#keep(digested);
    return 'taken';
  }

  #digest({ t0, t1, t2, t3 }: TimeSample): Sample | undefined {
    const { rttMsMax, holdMsMax, resolutionMs } = this.options;
    for (const time of [t0, t1, t2, t3]) if (!(Math.abs(time) <= TIME_MS_MAX)) return undefined;
    const holdMs = t2 - t1;
    const rttMs = t3 - t0 - holdMs;
    if (t3 < t0 || holdMs < 0 || holdMs > holdMsMax || rttMs > rttMsMax) return undefined;
    // Faster than light by no more than the stamps' grain and the two clocks' rates explain: that is a quick answer.
    if (rttMs < -2 * resolutionMs - holdMs * this.options.skewPpmMax * 1e-6) return undefined;
    return { atMs: (t0 + t3) / 2, offsetMs: (t1 + t2 - t0 - t3) / 2, rttMs: Math.max(0, rttMs) };
  }

  /** Two samples of steady clocks differ by no more than half of what they differ in round trips, and a drift. */
  #plausible(sample: Sample, fit: Fit): boolean {
    const delayMs = Math.abs(sample.rttMs - fit.rttMs) / 2;
    const driftMs = fit.skewError * Math.abs(sample.atMs - fit.atMs);
    return this.#residualMs(sample) <= delayMs + fit.jitterMs + driftMs + this.options.stepMs;
  }

  #residualMs({ atMs, offsetMs }: Sample): number {
    return Math.abs(this.theirs(atMs) - atMs - offsetMs);
  }

  #doubt(sample: Sample): Verdict {
    const { stepMs, stepSamples, skewPpmMax } = this.options;
    const agrees = (other: Sample): boolean => {
      const driftMs = skewPpmMax * 1e-6 * Math.abs(sample.atMs - other.atMs);
      const apartMs = Math.abs(sample.offsetMs - other.offsetMs);
      return apartMs <= Math.abs(sample.rttMs - other.rttMs) / 2 + driftMs + stepMs;
    };
    this.#doubtMs = this.#residualMs(sample);
    this.#doubted = [...this.#doubted.filter(agrees), sample];
    if (this.#doubted.length < stepSamples) {
      if (this.#burstLeft === 0) this.quicken();
      return 'doubted';
    }
    const since = this.#doubted;
    this.#doubted = [];
    this.#slots = [];
    this.#steps++;
    for (const each of since) this.#keep(each);
    return 'stepped';
  }

  #keep(sample: Sample): void {
    const { slotMs, slotsMax } = this.options;
    const last = this.#slots.at(-1);
    const sameSlot = last !== undefined && Math.floor(last.atMs / slotMs) === Math.floor(sample.atMs / slotMs);
    if (!sameSlot) this.#slots.push(sample);
    else if (sample.rttMs <= last.rttMs) this.#slots[this.#slots.length - 1] = sample;
    const sinceMs = sample.atMs - slotMs * slotsMax;
    while (this.#slots.length > slotsMax || (this.#slots[0] ?? sample).atMs < sinceMs) this.#slots.shift();
    this.#taken++;
    this.#newestAtMs = sample.atMs;
    this.#fit = fitted(this.#slots, this.options);
  }
}
