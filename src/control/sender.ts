// One stream on its way out: keeps the last frames, and builds for each peer a payload with as many clones as its path needs.
// When to poll, what a frame says and who the peers are is the caller's.
//
// Contract: `poll` once for every wake-up of the loop, with the sender's clock; if it says true, `payload` once for each
// peer with that peer's offsets (clones.ts).
import {
  checkShape,
  controlOptions,
  DOWN_FRAME_BYTES_MAX,
  ENTRIES_MAX,
  type ControlOptions,
  type StreamShape,
} from './options.ts';
import { ENTRY_HEAD_BYTES, encodePayload, GENERATIONS, payloadHeadBytes, type ControlEntry } from './payload.ts';
import { pollAt, pollTimeUs, STAMP_AHEAD_POLLS, STAMP_POLLS } from './stamp.ts';
import { noneSent, type SentStats } from './stats.ts';

export interface SenderSetup extends StreamShape {
  /** 0 to 15. One more than the last sender of the same stream and session had: its polls are then not taken for those. */
  readonly generation?: number;
  /** Longest frame, bytes; at most DOWN_FRAME_BYTES_MAX, which is also the default. */
  readonly frameBytesMax?: number;
  readonly options?: Partial<ControlOptions>;
}

interface Sampled {
  readonly poll: number;
  readonly bytes: Uint8Array;
}

/** A last frame goes again after these many polls, whatever was measured: nothing that follows would show its loss. */
const TAIL_OFFSETS: readonly number[] = [1, 3, 8];

export class ControlSender {
  readonly shape: StreamShape;
  readonly options: ControlOptions;
  readonly stats: SentStats = noneSent();
  readonly #hz: number;
  readonly #frameBytesMax: number;
  /** Polls after which a frame is past its deadline. */
  readonly #keptPolls: number;
  /** Within the deadline, oldest first; at most DEADLINE_POLLS_MAX. */
  readonly #history: Sampled[] = [];
  #generation: number;
  #poll = -1;
  /** The poll before: what fell due since then goes with this one. */
  #previous = -1;
  #fresh = false;
  #refreshed = 0;
  #refreshPoll = Infinity;
  #last: Uint8Array | undefined;

  constructor(setup: SenderSetup) {
    checkShape(setup);
    const { stream, hz, deadlineMs } = setup;
    this.shape = { stream, hz, deadlineMs };
    this.options = controlOptions(setup.options);
    this.#hz = hz;
    this.#frameBytesMax = Math.min(setup.frameBytesMax ?? DOWN_FRAME_BYTES_MAX, DOWN_FRAME_BYTES_MAX);
    this.#keptPolls = Math.floor((deadlineMs * hz) / 1000);
    this.#generation = (setup.generation ?? 0) % GENERATIONS;
  }

  get generation(): number {
    return this.#generation;
  }

  /** The number of the latest poll; -1 before the first. */
  get latest(): number {
    return this.#poll;
  }

  /** When the latest poll's frame is worth nothing any more, microseconds on the sender's clock. */
  get deadlineUs(): number {
    return pollTimeUs(this.#poll, this.#hz) + this.shape.deadlineMs * 1000;
  }

  /** Whether a poll at `timeUs` would be another than the latest. */
  due(timeUs: number): boolean {
    const poll = pollAt(timeUs, this.#hz);
    return poll > this.#poll || poll < this.#poll - this.#backPollsMax;
  }

  /**
   * One poll: `frame` as sampled now, or undefined if there is nothing new. `timeUs`: the clock that goes into datagram
   * headers, 0 to 2^48. True if this poll may have something to send. A poll that was already made is not made again, and
   * polls that a late timer missed stay out: the stamp goes with time. Takes the bytes over; more than
   * frameBytesMax of them throw a RangeError.
   */
  poll(timeUs: number, frame: Uint8Array | undefined): boolean {
    if (frame !== undefined && frame.length > this.#frameBytesMax) {
      throw new RangeError(`frame: expected at most ${this.#frameBytesMax} bytes, got ${frame.length}`);
    }
    if (!this.due(timeUs)) return false;
    const poll = pollAt(timeUs, this.#hz);
    if (poll < this.#poll) this.#startAnew(poll);
    this.#previous = this.#poll < 0 ? poll - 1 : this.#poll;
    this.#poll = poll;
    while ((this.#history[0]?.poll ?? poll) < poll - this.#keptPolls) this.#history.shift();
    const bytes = frame ?? this.#refresh();
    this.#fresh = bytes !== undefined;
    if (frame !== undefined) {
      this.#last = frame;
      this.#refreshed = 0;
      this.#refreshPoll = poll + this.#refreshPolls();
    }
    if (bytes !== undefined) this.#history.push({ poll, bytes });
    if (this.#history.length === 0) return false;
    if (bytes !== undefined) this.stats.polls++;
    return true;
  }

  /**
   * What goes to one peer with this poll: the newest frame and the clones that fell due since the poll before, as many as
   * fit, newest first. `offsets` from `cloneOffsets`. Undefined if there is nothing to tell this peer now.
   */
  payload(offsets: readonly number[]): Uint8Array | undefined {
    const { wideStamp, payloadBytesMax } = this.options;
    const entries: ControlEntry[] = [];
    let room = payloadBytesMax - payloadHeadBytes(wideStamp);
    for (let i = this.#history.length - 1; i >= 0 && entries.length < ENTRIES_MAX; i--) {
      const sampled = this.#history[i];
      if (sampled === undefined) break;
      const back = this.#poll - sampled.poll;
      const newest = i === this.#history.length - 1;
      if (back > 0) {
        const tail = newest && !this.#fresh && this.#due(sampled.poll, TAIL_OFFSETS);
        if (!tail && !this.#due(sampled.poll, offsets)) continue;
      }
      room -= ENTRY_HEAD_BYTES + sampled.bytes.length;
      if (room < 0) break;
      entries.push({ back, bytes: sampled.bytes });
    }
    if (entries.length === 0) return undefined;
    const bytes = encodePayload({
      stream: this.shape.stream,
      generation: this.#generation,
      stamp: this.#poll % STAMP_POLLS,
      hz: this.#hz,
      wide: wideStamp ? this.#poll % 2 ** 32 : undefined,
      entries,
    });
    this.stats.payloads++;
    this.stats.clones += entries.filter(({ back }) => back > 0).length;
    this.stats.bytes += bytes.length;
    return bytes;
  }

  /** Each offset of a frame falls due once: at the first poll that is made at or after it, however many were missed. */
  #due(sampledPoll: number, offsets: readonly number[]): boolean {
    for (const offset of offsets) {
      const at = sampledPoll + offset;
      if (at > this.#previous && at <= this.#poll) return true;
    }
    return false;
  }

  #refresh(): Uint8Array | undefined {
    if (this.#poll < this.#refreshPoll) return undefined;
    this.#refreshed++;
    this.#refreshPoll = this.#poll + this.#refreshPolls();
    return this.#last;
  }

  /** Doubles from time to time; Infinity once it was told often enough. */
  #refreshPolls(): number {
    if (this.#refreshed >= this.options.refreshes) return Infinity;
    return Math.max(1, Math.round((this.options.refreshMs * 2 ** this.#refreshed * this.#hz) / 1000));
  }

  /** As far as the clock may step back without new numbers: polls then pause until it has caught up. */
  get #backPollsMax(): number {
    return Math.min(STAMP_AHEAD_POLLS, this.#keptPolls);
  }

  /** The clock stepped back: numbers that were used would be used again for something else. */
  #startAnew(poll: number): void {
    this.#generation = (this.#generation + 1) % GENERATIONS;
    this.#history.length = 0;
    this.#poll = -1;
    if (this.#refreshPoll !== Infinity) this.#refreshPoll = poll;
  }
}
