// How many lanes a link should have, by evidence. One association can be held back by loss that no queue causes: its own
// congestion window answers to every loss, and more associations share the losses. So: where packets are lost while there
// is more to send, bulk gets more lanes. Already the first bulk gets a second lane beside its own: what is small goes over
// that one, waits for no bulk in SCTP's own queue, and so shows whether the path is full. As long as it is not, more lanes
// are opened; once it is, fewer are tried, and kept if the path stays full.
import type { LinkOptions } from './options.ts';

export interface LaneEvidence {
  readonly lostPackets: number;
  readonly sentPackets: number;
  /** Round trip without a queue, ms. */
  readonly baseMs: number;
  /** Lanes that carry datagrams now, the first included. */
  readonly up: number;
  /** Whether there was more to send than could go. */
  readonly limited: boolean;
  /** With more than one lane: whether the path's own queue is what holds them back. */
  readonly full: boolean;
}

/** Lanes are multiplied and divided by these. */
const GROW = 4;
const SHRINK = 2;
/** Of the lanes asked for: one that finds no way holds up no judgement. */
const OPEN_ENOUGH = 0.75;

export class LaneCount {
  readonly #options: LinkOptions;
  #wanted = 1;
  #judgeAtMs = 0;
  #lostBefore = 0;
  #sentBefore = 0;
  #limited = false;
  /** Whether it was at any time of the interval. */
  #full = false;
  /** Since when the path was full, or was not, in every interval. */
  #emptySinceMs: number | undefined;
  #fullSinceMs: number | undefined;
  /** Fewer lanes are on trial; so many there were. */
  #shrunkFrom: number | undefined;
  #busyAtMs = 0;
  /** Not before this: opening after lanes failed to open, closing after closing failed. The waits double. */
  #openAtMs = 0;
  #closeAtMs = 0;
  #openHoldMs: number;
  #closeHoldMs: number;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#openHoldMs = options.laneHoldMs;
    this.#closeHoldMs = options.laneHoldMs;
  }

  /** Lanes to have now. To be asked whenever something happened; it looks only every few round trips. */
  judge(now: number, evidence: LaneEvidence): number {
    const { baseMs, up } = evidence;
    if (evidence.limited) {
      this.#limited = true;
      this.#busyAtMs = now;
    }
    if (evidence.full) this.#full = true;
    // What is lost on a near path is lost to a busy processor: no more lanes there.
    const near = baseMs < this.#options.windowNearRttMs;
    const least = Math.min(2, this.#options.lanesMax);
    if (!near && this.#wanted < least && evidence.limited && now >= this.#openAtMs) this.#wanted = least;
    if (now < this.#judgeAtMs) return this.#wanted;
    this.#judgeAtMs = now + Math.max(this.#options.laneJudgeMs, 4 * baseMs);
    const lost = evidence.lostPackets - this.#lostBefore;
    const sent = evidence.sentPackets - this.#sentBefore;
    this.#lostBefore = evidence.lostPackets;
    this.#sentBefore = evidence.sentPackets;
    if (now - this.#busyAtMs > this.#options.laneIdleMs) this.#wanted = 1;
    // An interval in which nothing waited says nothing; nor does one in which most lanes are still opening.
    else if (!near && this.#limited && up >= OPEN_ENOUGH * this.#wanted) {
      if (this.#wanted > least) this.#judgeMany(now, this.#full, least);
      else this.#judgeFew(now, lost > 0 && lost >= this.#options.laneLossRatio * sent, this.#full);
    }
    this.#limited = false;
    this.#full = false;
    return this.#wanted;
  }

  /** Lanes could not be opened, or broke: what there is will do for a while. */
  failed(now: number, up: number): void {
    this.#wanted = Math.max(1, up);
    this.#openAtMs = now + this.#openHoldMs;
    this.#openHoldMs = Math.min(this.#openHoldMs * 2, this.#options.laneHoldMsMax);
  }

  #judgeFew(now: number, losing: boolean, full: boolean): void {
    this.#shrunkFrom = undefined;
    if (full) this.#emptySinceMs = undefined;
    else this.#emptySinceMs ??= now;
    // A clean path may just not have been filled yet.
    const held = losing || now - (this.#emptySinceMs ?? now) >= this.#options.laneEmptyMs;
    if (held && !full && now >= this.#openAtMs) this.#wanted = Math.min(this.#options.lanesMax, this.#wanted * GROW);
  }

  #judgeMany(now: number, full: boolean, least: number): void {
    if (!full) {
      this.#fullSinceMs = undefined;
      if (this.#shrunkFrom !== undefined) {
        this.#wanted = this.#shrunkFrom;
        this.#shrunkFrom = undefined;
        this.#closeAtMs = now + this.#closeHoldMs;
        this.#closeHoldMs = Math.min(this.#closeHoldMs * 2, this.#options.laneHoldMsMax);
      } else if (now >= this.#openAtMs) this.#wanted = Math.min(this.#options.lanesMax, this.#wanted * GROW);
      return;
    }
    this.#fullSinceMs ??= now;
    if (now - this.#fullSinceMs < this.#options.laneFullMs || now < this.#closeAtMs) return;
    this.#shrunkFrom = this.#wanted;
    this.#fullSinceMs = undefined;
    this.#wanted = Math.max(least, Math.ceil(this.#wanted / SHRINK));
  }
}
