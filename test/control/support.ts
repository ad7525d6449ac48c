// What the tests of control streams share: a sender and a receiver with a simulated path between them, polled by the clock,
// and a check that what came out is what went in.
import { cloneOffsets, type PathQuality } from '../../src/control/clones.ts';
import { CONTROL_DEFAULTS, type ControlOptions } from '../../src/control/options.ts';
import { decodePayload } from '../../src/control/payload.ts';
import { ControlReceiver, type ReceivedFrame } from '../../src/control/receiver.ts';
import { ControlSender } from '../../src/control/sender.ts';
import { VirtualClock } from '../../src/sim/clock.ts';
import { Path, type PathOptions } from '../../src/sim/network.ts';
import { Random } from '../../src/sim/random.ts';

export const STREAM = 3;

export interface RunOptions {
  readonly seed?: number;
  readonly hz?: number;
  readonly deadlineMs?: number;
  readonly path?: Partial<PathOptions>;
  /** What the sender believes of the path; undefined: clones at no offset. */
  readonly quality?: PathQuality | undefined;
  readonly control?: Partial<ControlOptions>;
  /** Sender's clock minus receiver's, ms. */
  readonly skewMs?: number;
  /** Whether the receiver knows that difference. */
  readonly synchronized?: boolean;
}

export interface Surfaced extends ReceivedFrame {
  readonly atMs: number;
  readonly copy: Uint8Array;
}

/** A stream from one end to another. The loop of a real sender is played by `run`, late or not as told. */
export class Stream {
  readonly clock: VirtualClock = new VirtualClock(1_000_000);
  readonly random: Random;
  readonly path: Path;
  readonly sender: ControlSender;
  readonly receiver: ControlReceiver;
  readonly surfaced: Surfaced[] = [];
  /** By poll: what was sampled. */
  readonly sampled: Map<number, Uint8Array> = new Map<number, Uint8Array>();
  /** Changes a datagram on its way in, or loses it. */
  filter: (bytes: Uint8Array) => Uint8Array | undefined = (bytes) => bytes;
  skewMs: number;
  readonly #offsets: readonly number[];
  readonly #synchronized: boolean;
  readonly #hz: number;

  constructor(options: RunOptions = {}) {
    const { seed = 1, hz = 100, deadlineMs = 100, quality, control = {}, skewMs = 0, synchronized = true } = options;
    this.random = new Random(seed);
    this.skewMs = skewMs;
    this.#synchronized = synchronized;
    this.#hz = hz;
    this.sender = new ControlSender({ stream: STREAM, hz, deadlineMs, options: control });
    this.receiver = new ControlReceiver({ deadlineMs });
    this.#offsets =
      quality === undefined ? [] : cloneOffsets(quality, { ...CONTROL_DEFAULTS, ...control, hz, deadlineMs });
    this.path = new Path(this.clock, this.random.fork(), options.path ?? {});
  }

  get senderUs(): number {
    return Math.floor((this.clock.now + this.skewMs) * 1000);
  }

  /** Polls once at the present moment with `frame`, and sends what the machine wants sent. */
  poll(frame: Uint8Array | undefined): boolean {
    if (!this.sender.poll(this.senderUs, frame)) return false;
    if (frame !== undefined) this.sampled.set(this.sender.latest, frame.slice());
    const payload = this.sender.payload(this.#offsets);
    if (payload === undefined) return false;
    // The header that a link would put before it: the sender's time.
    const datagram = new Uint8Array(8 + payload.length);
    new DataView(datagram.buffer).setFloat64(0, this.senderUs);
    datagram.set(payload, 8);
    this.path.send(datagram.length, () => this.#arrive(datagram.slice()));
    return true;
  }

  /** Polls at every boundary for `ms`; a frame is 1 to 40 random bytes. `lateMs` makes each timer late by up to that. */
  run(ms: number, lateMs = 0): this {
    const untilMs = this.clock.now + ms;
    const periodMs = 1000 / this.#hz;
    let next = Math.ceil((this.clock.now + this.skewMs) / periodMs);
    for (;;) {
      const dueMs = next * periodMs - this.skewMs + 0.001;
      const atMs = Math.max(this.clock.now, dueMs + (lateMs > 0 ? this.random.between(0, lateMs) : 0));
      if (atMs >= untilMs) break;
      this.clock.advance(atMs - this.clock.now);
      this.poll(this.random.bytes(this.random.integer(1, 40)));
      next = Math.floor((this.clock.now + this.skewMs) / periodMs) + 1;
    }
    this.clock.advance(untilMs - this.clock.now);
    return this;
  }

  /** Polls at every boundary for `ms` with nothing new. Returns how many datagrams went out. */
  idle(ms: number): number {
    const periodMs = 1000 / this.#hz;
    const before = this.path.counters.sent;
    const polls = Math.floor(ms / periodMs);
    for (let i = 0; i < polls; i++) {
      this.clock.advance(periodMs);
      this.poll(undefined);
    }
    return this.path.counters.sent - before;
  }

  /** Lets what is under way arrive. */
  settle(ms = 1000): this {
    this.clock.advance(ms);
    return this;
  }

  /** What is wrong with what was surfaced: twice, late, or not what was sampled. Empty is well. */
  problems(deadlineMs = 100): string[] {
    const seen = new Set<number>();
    return this.surfaced.flatMap(({ poll, copy, atMs, ageMs }) => {
      const found: string[] = [];
      const trueAgeMs = atMs + this.skewMs - (poll / this.#hz) * 1000;
      if (seen.has(poll)) found.push(`poll ${poll}: surfaced twice`);
      seen.add(poll);
      if (trueAgeMs > deadlineMs + 0.01) found.push(`poll ${poll}: surfaced at ${trueAgeMs} ms`);
      if (this.#synchronized && Math.abs(trueAgeMs - ageMs) > 0.01) found.push(`poll ${poll}: said to be ${ageMs} old`);
      const sampled = this.sampled.get(poll);
      if (sampled === undefined || Buffer.compare(sampled, copy) !== 0) found.push(`poll ${poll}: other bytes`);
      return found;
    });
  }

  #arrive(datagram: Uint8Array): void {
    const sentUs = new DataView(datagram.buffer, datagram.byteOffset).getFloat64(0);
    const bytes = this.filter(datagram.subarray(8));
    const payload = bytes === undefined ? undefined : decodePayload(bytes);
    if (payload === undefined) return;
    const nowMs = this.clock.now;
    const transitMs = this.#synchronized ? nowMs + this.skewMs - sentUs / 1000 : undefined;
    for (const frame of this.receiver.receive({ payload, sentUs, nowMs, transitMs })) {
      this.surfaced.push({ ...frame, atMs: nowMs, copy: frame.bytes.slice() });
    }
  }
}

/** Bursty loss of `ratio` whose bursts last `burst` packets on average. */
export function bursty(ratio: number, burst: number): Partial<PathOptions> {
  const leaveRatio = 1 / burst;
  return { burstLoss: { enterRatio: (leaveRatio * ratio) / (1 - ratio), leaveRatio, lossRatio: 1 } };
}

export function quality(
  lossRatio: number,
  burstPackets: number = 1 / (1 - lossRatio),
  oneWayMs: number = 20,
): PathQuality {
  return { lossRatio, burstPackets, packetsPerSecond: 0, oneWayMs };
}
