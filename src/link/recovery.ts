// Loss recovery of one lane, in the manner of RFC 9002: what is in flight, what has arrived, what was lost, when to probe.
// How much may be in flight is the window's business (window.ts); which lane repeats what was lost is the session's.
import type { Lane } from './lane.ts';
import type { LinkOptions } from './options.ts';
import type { Fragment } from './outgoing.ts';
import { PacketRing } from './packet-ring.ts';

/** What a packet carried that must arrive. Retransmission is by item, in a new packet. */
export type SentItem =
  | { readonly kind: 'message' | 'chunk'; readonly fragment: Fragment }
  | { readonly kind: 'request' | 'cancel'; readonly request: number }
  | { readonly kind: 'credit' };

export interface SentPacket {
  readonly lane: Lane;
  readonly number: number;
  readonly sentAtMs: number;
  readonly bytes: number;
  readonly items: readonly SentItem[];
}

/** Packets declared lost that are remembered, in case they arrive after all. */
const LOST_REMEMBERED_MAX = 512;

/** Who is told of the fate of each packet. */
export interface PacketFates {
  arrived(packet: SentPacket): void;
  lost(packet: SentPacket): void;
  /** Not waited for any longer, whether it arrived or not. */
  abandoned(packet: SentPacket): void;
}

export class Recovery {
  readonly #options: LinkOptions;
  readonly #fates: PacketFates;
  /** Ack-eliciting packets in flight, by number, ascending. */
  readonly #sent = new PacketRing();
  /** Declared lost lately: number -> when it was sent and how far it had fallen behind. */
  readonly #lost = new Map<number, { readonly sentAtMs: number }>();
  #largestAcked = -1;
  #lossAtMs: number | undefined;
  /** Since when an answer is awaited: the oldest in flight was sent, the last ack brought news, or a probe was sent. */
  #awaitsSinceMs = 0;
  #probes = 0;
  #rttSampled = false;
  #rttVarMs: number;
  #packetThreshold: number;
  #timeThreshold: number;
  #leastRttMs = Infinity;
  /** What was sent before is no sample: the machine slept since. */
  #sampleFromMs = -Infinity;
  srttMs: number;
  latestRttMs: number;
  /** The latest sample as the windows take it: never below the least that was measured with all its waiting. */
  pathRttMs: number;
  inFlightBytes = 0;
  lostPackets = 0;
  spuriousPackets = 0;

  constructor(options: LinkOptions, fates: PacketFates) {
    this.#options = options;
    this.#fates = fates;
    this.srttMs = options.initialRttMs;
    this.latestRttMs = options.initialRttMs;
    this.pathRttMs = options.initialRttMs;
    this.#rttVarMs = options.initialRttMs / 2;
    this.#packetThreshold = options.packetThreshold;
    this.#timeThreshold = options.timeThreshold;
  }

  get idle(): boolean {
    return this.#sent.size === 0;
  }

  /** Whether srttMs was measured; before that it is assumed. */
  get sampled(): boolean {
    return this.#rttSampled;
  }

  /** Probes in a row that nothing has answered. */
  get probes(): number {
    return this.#probes;
  }

  /** When the oldest packet in flight was sent, ms; Infinity if there is none. */
  get oldestSentAtMs(): number {
    return this.#sent.get(this.#sent.oldest)?.sentAtMs ?? Infinity;
  }

  get largestAcked(): number {
    return this.#largestAcked;
  }

  sent(packet: SentPacket): void {
    if (this.idle) this.#awaitsSinceMs = packet.sentAtMs;
    this.#sent.add(packet);
    this.inFlightBytes += packet.bytes;
  }

  /**
   * Takes ack ranges (pairs first, last, newest first; validated by the decoder). Tells the fate of every packet that is
   * now known to have arrived, then of every one now known to be lost. Returns the largest if it is newly acknowledged:
   * its round trip is a sample, unless the machine slept.
   */
  acked(nowMs: number, ranges: readonly number[], delayMs: number): SentPacket | undefined {
    const largest = ranges[1] ?? 0;
    const candidate = largest > this.#largestAcked ? this.#sent.get(largest) : undefined;
    const sampled = candidate !== undefined && candidate.sentAtMs >= this.#sampleFromMs ? candidate : undefined;
    if (sampled !== undefined) this.#sample(nowMs - sampled.sentAtMs, delayMs);
    this.#largestAcked = Math.max(this.#largestAcked, largest);
    // Packets ascend and ranges descend: walk the ranges from their far end.
    let range = ranges.length - 2;
    let any = false;
    for (let number = this.#sent.oldest; number < this.#sent.end; number++) {
      const packet = this.#sent.get(number);
      if (packet === undefined) continue;
      while (range >= 0 && packet.number > (ranges[range + 1] ?? 0)) range -= 2;
      if (range < 0) break;
      if (packet.number < (ranges[range] ?? 0)) continue;
      this.#sent.delete(packet.number);
      this.inFlightBytes -= packet.bytes;
      any = true;
      this.#fates.arrived(packet);
    }
    if (this.#lost.size > 0) this.#noteSpurious(nowMs, ranges);
    if (any) {
      this.#probes = 0;
      this.#awaitsSinceMs = nowMs;
    }
    this.detectLost(nowMs);
    return sampled;
  }

  /** RFC 9002 6.1: packet and time thresholds, as wide as spurious losses have made them. */
  detectLost(nowMs: number): void {
    const delayMs = Math.max(
      this.#options.granularityMs,
      this.#timeThreshold * Math.max(this.srttMs, this.latestRttMs),
    );
    this.#lossAtMs = undefined;
    for (let number = this.#sent.oldest; number < this.#sent.end; number++) {
      const packet = this.#sent.get(number);
      if (packet === undefined) continue;
      if (packet.number > this.#largestAcked) break;
      const dueMs = packet.sentAtMs + delayMs;
      if (nowMs >= dueMs || this.#largestAcked - packet.number >= this.#packetThreshold) {
        this.#sent.delete(packet.number);
        this.inFlightBytes -= packet.bytes;
        this.lostPackets++;
        this.#lost.set(packet.number, { sentAtMs: packet.sentAtMs });
        this.#fates.lost(packet);
      } else {
        this.#lossAtMs = Math.min(this.#lossAtMs ?? dueMs, dueMs);
      }
    }
    for (const number of this.#lost.keys()) {
      if (this.#lost.size <= LOST_REMEMBERED_MAX) break;
      this.#lost.delete(number);
    }
  }

  /** When `timeout` should be called; undefined if nothing is in flight. */
  get timeoutAtMs(): number | undefined {
    if (this.#lossAtMs !== undefined) return this.#lossAtMs;
    return this.#sent.size > 0 ? this.#awaitsSinceMs + this.probeTimeoutMs : undefined;
  }

  /**
   * RFC 9002 6.2.1, but it runs from the last news, as TCP's does (RFC 6298 5): a lane that is fed with acks all the time
   * would never be due otherwise. Doubled for each probe that was not answered.
   */
  get probeTimeoutMs(): number {
    const { granularityMs, ackDelayMs, probeTimeoutMaxMs } = this.#options;
    const base = this.srttMs + Math.max(4 * this.#rttVarMs, granularityMs) + ackDelayMs;
    return Math.min(base * 2 ** Math.min(this.#probes, 10), Math.max(base, probeTimeoutMaxMs));
  }

  /**
   * The timer fired. Reports losses that are due, or else returns the oldest packet in flight, whose items should go
   * again as a probe. It stays in flight: a probe is no verdict.
   */
  timeout(nowMs: number): SentPacket | undefined {
    if (this.#lossAtMs !== undefined) {
      this.detectLost(nowMs);
      return undefined;
    }
    this.#probes++;
    this.#awaitsSinceMs = nowMs;
    return this.#sent.get(this.#sent.oldest);
  }

  /** The machine slept until now: round trips that include that say nothing of the path. */
  slept(nowMs: number): void {
    this.#sampleFromMs = nowMs;
  }

  /** Nothing of what is in flight is waited for any longer. Probes go on. */
  giveUp(): void {
    const packets = this.#sent.drain();
    this.inFlightBytes = 0;
    this.#lossAtMs = undefined;
    for (const packet of packets) this.#fates.abandoned(packet);
  }

  /** The transport is gone: everything in flight is lost, and the path that was measured with it. */
  abandon(): void {
    this.#lost.clear();
    this.#probes = 0;
    this.#rttSampled = false;
    this.#leastRttMs = Infinity;
    this.giveUp();
  }

  /** A packet declared lost has arrived: the path reorders more than we thought, so wait longer from now on. */
  #noteSpurious(nowMs: number, ranges: readonly number[]): void {
    const { packetThresholdMax, timeThresholdMax } = this.#options;
    let range = ranges.length - 2;
    for (const [number, { sentAtMs }] of this.#lost) {
      while (range >= 0 && number > (ranges[range + 1] ?? 0)) range -= 2;
      if (range < 0) break;
      if (number < (ranges[range] ?? 0)) continue;
      this.#lost.delete(number);
      this.spuriousPackets++;
      this.#packetThreshold = Math.min(
        packetThresholdMax,
        Math.max(this.#packetThreshold, this.#largestAcked - number + 1),
      );
      const late = (nowMs - sentAtMs) / Math.max(this.srttMs, this.#options.granularityMs);
      this.#timeThreshold = Math.min(timeThresholdMax, Math.max(this.#timeThreshold, late));
    }
  }

  /** RFC 9002 5.3. */
  #sample(rttMs: number, ackDelayMs: number): void {
    const latest = Math.max(0.01, rttMs - Math.min(ackDelayMs, this.#options.ackDelayMs * 4));
    // The least is taken as measured, so that no claim of the peer to have waited makes the path look shorter than it is.
    this.#leastRttMs = Math.min(this.#leastRttMs, Math.max(0.01, rttMs));
    this.pathRttMs = Math.max(this.#leastRttMs, latest);
    this.latestRttMs = latest;
    if (!this.#rttSampled) {
      this.#rttSampled = true;
      this.srttMs = latest;
      this.#rttVarMs = latest / 2;
      return;
    }
    this.#rttVarMs = 0.75 * this.#rttVarMs + 0.25 * Math.abs(this.srttMs - latest);
    this.srttMs = 0.875 * this.srttMs + 0.125 * latest;
  }
}
