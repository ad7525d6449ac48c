// One stream as it comes in from one peer: which poll each frame is of, how old it is, and whether it was surfaced before.
// Nothing here throws on what a peer sends, and nothing a peer sends makes it hold more than one turn of the stamp.
//
// Invariants: (1) of each poll of a generation at most one frame is surfaced; (2) none older than the deadline; (3) what
// was surfaced stands, whatever later copies say.
import type { ControlPayload } from './payload.ts';
import { GENERATIONS } from './payload.ts';
import { pollTimeUs, STAMP_POLLS, unwrapStamp } from './stamp.ts';
import { noneReceived, type ControlCode, type ReceivedStats } from './stats.ts';
import { TransitFloor } from './transit.ts';

export interface ReceivedFrame {
  /** Its number on the sender's clock: poll / hz seconds. */
  readonly poll: number;
  /** How long ago it was sampled, ms; 0 or more and within the deadline. */
  readonly ageMs: number;
  /** Brought by a clone: the datagram of its own poll was lost or is slower. */
  readonly clone: boolean;
  /** No later poll was surfaced before it. */
  readonly newest: boolean;
  /** A view into the datagram: read it, or copy it, before the next call. */
  readonly bytes: Uint8Array;
}

export interface Arrival {
  readonly payload: ControlPayload;
  /** The datagram's header time: the sender's clock in microseconds, modulo 2^48. */
  readonly sentUs: number;
  /** The receiver's monotonic clock, ms. */
  readonly nowMs: number;
  /** How long the datagram was under way by synchronized clocks, ms; undefined if they are not, and the fastest counts as 0. */
  readonly transitMs: number | undefined;
}

/** A datagram from further in the future than synchronized clocks can be wrong: one of them stepped, ms. */
const FUTURE_MS_MAX = 1000;

/** What became of a poll; 0 in the table below means nothing is known. */
const SURFACED = 1;
const LATE = 2;

export class ControlReceiver {
  readonly stats: ReceivedStats = noneReceived();
  readonly #deadlineMs: number;
  readonly #floor = new TransitFloor();
  #generation: number | undefined;
  #hz = 0;
  #newest = -1;
  /** By the poll's lowest byte, for one turn behind the newest: what became of it, which poll it was, and a hash of it. */
  readonly #fates: Uint8Array = new Uint8Array(STAMP_POLLS);
  readonly #polls: Float64Array = new Float64Array(STAMP_POLLS);
  readonly #hashes: Uint32Array = new Uint32Array(STAMP_POLLS);

  /** `deadlineMs`: above 0. */
  constructor(setup: { readonly deadlineMs: number }) {
    this.#deadlineMs = setup.deadlineMs;
  }

  /** Frames to surface, oldest first. */
  receive(arrival: Arrival): ReceivedFrame[] {
    const { payload, sentUs, nowMs } = arrival;
    if (!this.#adopt(payload)) return [];
    const { hz, stamp, wide, entries } = payload;
    const newest = unwrapStamp(stamp, sentUs, hz);
    if (wide !== undefined && wide !== newest % 2 ** 32) return this.#refuse('stamp-mismatch');
    const transitMs = this.#transit(nowMs, sentUs, arrival.transitMs);
    const surfaced: ReceivedFrame[] = [];
    for (let i = entries.length - 1; i >= 0; i--) {
      const entry = entries[i];
      if (entry === undefined) continue;
      const poll = newest - entry.back;
      if (poll < 0) {
        this.#refuse('old-generation');
        continue;
      }
      const ageMs = transitMs + Math.max(0, (sentUs - pollTimeUs(poll, hz)) / 1000);
      if (!this.#admit(poll, entry.bytes, ageMs)) continue;
      const clone = entry.back > 0;
      if (clone) this.stats.recovered++;
      this.stats.surfaced++;
      surfaced.push({ poll, ageMs, clone, newest: poll > this.#newest, bytes: entry.bytes });
      this.#newest = Math.max(this.#newest, poll);
    }
    return surfaced;
  }

  /** Counts what was dropped before or after this machine saw it. */
  refuse(code: ControlCode): void {
    this.#refuse(code);
  }

  /** Whether a payload is of the generation that runs now, which it may begin. */
  #adopt({ generation, hz }: ControlPayload): boolean {
    if (generation !== this.#generation) {
      const ahead = (generation - (this.#generation ?? generation - 1) + GENERATIONS) % GENERATIONS;
      if (ahead >= GENERATIONS / 2) {
        this.#refuse('old-generation');
        return false;
      }
      if (this.#generation !== undefined) this.stats.timeJumps++;
      this.#generation = generation;
      this.#hz = hz;
      this.#newest = -1;
      this.#fates.fill(0);
      this.#floor.reset();
      return true;
    }
    if (hz === this.#hz) return true;
    this.#refuse('rate-changed');
    return false;
  }

  #transit(nowMs: number, sentUs: number, transitMs: number | undefined): number {
    const fallbackMs = this.#floor.transitMs(nowMs, sentUs / 1000);
    if (transitMs === undefined || !Number.isFinite(transitMs)) return fallbackMs;
    if (transitMs >= -FUTURE_MS_MAX) return Math.max(0, transitMs);
    this.stats.timeJumps++;
    return fallbackMs;
  }

  /** Notes a frame. True if it is to be surfaced. */
  #admit(poll: number, bytes: Uint8Array, ageMs: number): boolean {
    const slot = poll % STAMP_POLLS;
    const known = this.#fates[slot] ?? 0;
    const tracked = this.#polls[slot] ?? 0;
    // The table's turn is over for it: nobody knows any more whether it was surfaced.
    if (known !== 0 && tracked > poll) {
      this.stats.late++;
      return false;
    }
    if (known !== 0 && tracked === poll) {
      if (known === LATE) return false;
      if (this.#hashes[slot] === hash(bytes)) this.stats.duplicates++;
      else this.#refuse('contradiction');
      return false;
    }
    const late = ageMs > this.#deadlineMs;
    this.#fates[slot] = late ? LATE : SURFACED;
    this.#polls[slot] = poll;
    this.#hashes[slot] = hash(bytes);
    if (late) this.stats.late++;
    return !late;
  }

  #refuse(code: ControlCode): ReceivedFrame[] {
    this.stats.refused[code]++;
    return [];
  }
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo). It finds mistakes; whoever makes two frames collide only fools itself. */
function hash(bytes: Uint8Array): number {
  let sum = 0x811c9dc5;
  for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum >>> 0;
}
