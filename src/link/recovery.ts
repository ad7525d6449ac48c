// Loss recovery in the manner of RFC 9002, and the window: what is in flight, what was lost, when to probe.
// The window here is of fixed size with slow start, a larger one where the RTT is short and nothing is lost; an outage
// begins it anew.
import type { Fragment } from './outgoing.ts';
import type { LinkOptions } from './options.ts';

/** What a packet carried that must arrive. Retransmission is by item, in a new packet. */
export type SentItem =
  | { readonly kind: 'message' | 'chunk'; readonly fragment: Fragment }
  | { readonly kind: 'request'; readonly request: number }
  | { readonly kind: 'credit' };

export interface SentPacket {
  readonly number: number;
  readonly sentAtMs: number;
  readonly bytes: number;
  readonly items: readonly SentItem[];
}

/** A hold does not grow beyond this. */
const HOLD_BYTES_MAX = 2 ** 30;

export class Recovery {
  readonly #options: LinkOptions;
  /** Ack-eliciting packets in flight, by number, ascending. */
  readonly #sent = new Map<number, SentPacket>();
  #largestAcked = -1;
  #lossAtMs: number | undefined;
  #lastElicitingAtMs = 0;
  #probes = 0;
  #rttSampled = false;
  #rttVarMs: number;
  srttMs: number;
  latestRttMs: number;
  inFlightBytes = 0;
  windowBytes: number;
  /** Bytes that must arrive before the window may grow beyond windowBytesMax. */
  #heldBytes = 0;
  #nextHoldBytes: number;
  lostPackets = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.srttMs = options.initialRttMs;
    this.latestRttMs = options.initialRttMs;
    this.#rttVarMs = options.initialRttMs / 2;
    this.windowBytes = options.windowBytesMin;
    this.#nextHoldBytes = options.windowHoldBytes;
  }

  get roomBytes(): number {
    return this.windowBytes - this.inFlightBytes;
  }

  sent(packet: SentPacket): void {
    this.#sent.set(packet.number, packet);
    this.inFlightBytes += packet.bytes;
    this.#lastElicitingAtMs = packet.sentAtMs;
  }

  /**
   * Takes ack ranges (pairs first, last, newest first; validated by the decoder). Calls back for every packet that is
   * now known to have arrived, then for every one now known to be lost.
   */
  acked(
    nowMs: number,
    ranges: readonly number[],
    delayMs: number,
    onAcked: (packet: SentPacket) => void,
    onLost: (packet: SentPacket) => void,
  ): void {
    const largest = ranges[1] ?? 0;
    const newest = this.#sent.get(largest);
    if (newest !== undefined && largest > this.#largestAcked) this.#sample(nowMs - newest.sentAtMs, delayMs);
    this.#largestAcked = Math.max(this.#largestAcked, largest);
    // Packets ascend and ranges descend: walk the ranges from their far end.
    let range = ranges.length - 2;
    let any = false;
    for (const packet of this.#sent.values()) {
      while (range >= 0 && packet.number > (ranges[range + 1] ?? 0)) range -= 2;
      if (range < 0) break;
      if (packet.number < (ranges[range] ?? 0)) continue;
      this.#sent.delete(packet.number);
      this.inFlightBytes -= packet.bytes;
      this.#grow(packet.bytes);
      any = true;
      onAcked(packet);
    }
    if (any) this.#probes = 0;
    this.detectLost(nowMs, onLost);
  }

  /** RFC 9002 6.1: packet and time thresholds. */
  detectLost(nowMs: number, onLost: (packet: SentPacket) => void): void {
    const { packetThreshold, timeThreshold, granularityMs } = this.#options;
    const delayMs = Math.max(granularityMs, timeThreshold * Math.max(this.srttMs, this.latestRttMs));
    this.#lossAtMs = undefined;
    for (const packet of this.#sent.values()) {
      if (packet.number > this.#largestAcked) break;
      const dueMs = packet.sentAtMs + delayMs;
      if (nowMs >= dueMs || this.#largestAcked - packet.number >= packetThreshold) {
        this.#sent.delete(packet.number);
        this.inFlightBytes -= packet.bytes;
        this.lostPackets++;
        this.#hold();
        onLost(packet);
      } else {
        this.#lossAtMs = Math.min(this.#lossAtMs ?? dueMs, dueMs);
      }
    }
  }

  /** When `timeout` should be called; undefined if nothing is in flight. */
  get timeoutAtMs(): number | undefined {
    if (this.#lossAtMs !== undefined) return this.#lossAtMs;
    return this.#sent.size > 0 ? this.#lastElicitingAtMs + this.probeTimeoutMs : undefined;
  }

  /** RFC 9002 6.2.1, doubled for each probe that was not answered. */
  get probeTimeoutMs(): number {
    const { granularityMs, ackDelayMs, probeTimeoutMaxMs } = this.#options;
    const base = this.srttMs + Math.max(4 * this.#rttVarMs, granularityMs) + ackDelayMs;
    return Math.min(base * 2 ** Math.min(this.#probes, 10), Math.max(base, probeTimeoutMaxMs));
  }

  /**
   * The timer fired. Reports losses that are due, or else returns the oldest packet in flight, whose items should go
   * again as a probe. It stays in flight: a probe is no verdict.
   */
  timeout(nowMs: number, onLost: (packet: SentPacket) => void): SentPacket | undefined {
    if (this.#lossAtMs !== undefined) {
      this.detectLost(nowMs, onLost);
      return undefined;
    }
    this.#probes++;
    this.#lastElicitingAtMs = nowMs;
    // Two unanswered probes are an outage, as in RFC 9002 7.6: begin anew, gently.
    if (this.#probes > 2) this.windowBytes = this.#options.windowBytesMin;
    return this.#sent.values().next().value;
  }

  /** The transport is gone: everything in flight is lost, and the path that was measured with it. */
  abandon(onLost: (packet: SentPacket) => void): void {
    const packets = [...this.#sent.values()];
    this.#sent.clear();
    this.inFlightBytes = 0;
    this.#lossAtMs = undefined;
    this.#probes = 0;
    this.#rttSampled = false;
    this.windowBytes = this.#options.windowBytesMin;
    for (const packet of packets) onLost(packet);
  }

  #grow(bytes: number): void {
    const { windowBytesMax, windowBytesNear, windowNearRttMs } = this.#options;
    this.#heldBytes -= bytes;
    const near = this.#heldBytes <= 0 && this.srttMs < windowNearRttMs;
    this.windowBytes = Math.min(
      near ? Math.max(windowBytesMax, windowBytesNear) : windowBytesMax,
      this.windowBytes + bytes,
    );
  }

  #hold(): void {
    if (this.#heldBytes > 0) return; // the same burst of losses, or one soon after
    this.#heldBytes = this.#nextHoldBytes;
    this.#nextHoldBytes = Math.min(this.#nextHoldBytes * 2, HOLD_BYTES_MAX);
    this.windowBytes = Math.min(this.windowBytes, this.#options.windowBytesMax);
  }

  /** RFC 9002 5.3. */
  #sample(rttMs: number, ackDelayMs: number): void {
    const latest = Math.max(0.01, rttMs - Math.min(ackDelayMs, this.#options.ackDelayMs * 4));
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
