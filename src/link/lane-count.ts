// How many lanes a link should have, by evidence. One association can be held back by loss that no queue causes: its own
// congestion window answers to every loss, and more associations share the losses. So: where packets are lost while there
// is more to send, bulk gets lanes of its own. From then on the first lane shows whether the path is full. As long as it is
// not, more lanes are opened; once it is, fewer are tried, and kept if the path stays full.
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
  /** Whether control was sent of late. */
  readonly control: boolean;
}

/** Lanes are multiplied and divided by these. */
const GROW = 4;
const SHRINK = 2;

export class LaneCount {
  readonly #options: LinkOptions;
  #wanted = 1;
  #judgeAtMs = 0;
  #lostBefore = 0;
  #sentBefore = 0;
  #limited = false;
  /** Intervals in a row in which the path was full. */
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
    const { baseMs, up, control } = evidence;
    if (evidence.limited) {
      this.#limited = true;
      this.#busyAtMs = now;
    }
    if (baseMs < this.#options.windowNearRttMs) return this.#wanted; // what is lost there is lost to a busy processor
    const least = Math.min(control ? 2 : 1, this.#options.lanesMax);
    if (this.#wanted < least && evidence.limited && now >= this.#openAtMs) this.#wanted = least;
    if (now < this.#judgeAtMs) return this.#wanted;
    this.#judgeAtMs = now + Math.max(this.#options.laneJudgeMs, 4 * baseMs);
    const lost = evidence.lostPackets - this.#lostBefore;
    const sent = evidence.sentPackets - this.#sentBefore;
    this.#lostBefore = evidence.lostPackets;
    this.#sentBefore = evidence.sentPackets;
    if (now - this.#busyAtMs > this.#options.laneIdleMs) this.#wanted = 1;
    // An interval in which nothing waited says nothing; nor does one in which lanes are still opening.
    else if (this.#limited && up >= this.#wanted) {
      if (this.#wanted <= least) this.#judgeFew(now, lost, sent, up > 1 && evidence.full);
      else this.#judgeMany(now, evidence.full, least);
    }
    this.#limited = false;
    return this.#wanted;
  }

  /** Lanes could not be opened, or broke: what there is will do for a while. */
  failed(now: number, up: number): void {
    this.#wanted = Math.max(1, up);
    this.#openAtMs = now + this.#openHoldMs;
    this.#openHoldMs = Math.min(this.#openHoldMs * 2, this.#options.laneHoldMsMax);
  }

  #judgeFew(now: number, lost: number, sent: number, full: boolean): void {
    this.#shrunkFrom = undefined;
    const losing = lost > 0 && lost >= this.#options.laneLossRatio * sent;
    if (losing && !full && now >= this.#openAtMs) this.#wanted = Math.min(this.#options.lanesMax, this.#wanted * GROW);
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
    // With one lane nothing shows whether the path is full: another trial comes only after a while.
    if (this.#wanted === 1) this.#openAtMs = now + this.#openHoldMs;
  }
}
