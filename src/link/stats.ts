// What a link counts: sums since the session's first packet, histograms, and what is so now. Counted on the hot path, read
// once a second.

/** Why something of ours or the peer's was not passed on. */
export type DropCause =
  /** Control of ours that waited past its deadline, or was pushed out by newer. */
  | 'control-late'
  | 'control-overflow'
  /** Datagrams of the peer: seen before, of another session, of a lane that is no more. */
  | 'duplicate'
  | 'unknown-session'
  | 'stray-lane'
  /** Acknowledgements that came twice or say nothing new are no drops; those of unknown packets end the link. */
  | 'oversize';

/** Counts by power of two: bucket 0 is below `unitMs`, bucket i from unit * 2^(i-1) up to unit * 2^i, the last open. */
export class Histogram {
  static readonly unitMs: number = 0.25;
  static readonly buckets: number = 16;
  readonly counts: number[] = new Array<number>(Histogram.buckets).fill(0);

  add(ms: number): void {
    const bucket = ms < Histogram.unitMs ? 0 : 1 + Math.floor(Math.log2(ms / Histogram.unitMs));
    const index = Math.min(Histogram.buckets - 1, bucket);
    this.counts[index] = (this.counts[index] ?? 0) + 1;
  }
}

export interface LinkStats {
  // Sums.
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly packetsLost: number;
  /** Declared lost, and arrived after all. */
  readonly packetsSpurious: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Chunk and message bytes that arrived at the other end. */
  readonly bytesAcked: number;
  readonly controlSent: number;
  readonly controlReceived: number;
  readonly drops: Readonly<Record<DropCause, number>>;
  readonly rttHistogram: readonly number[];
  /** Round-trip time above the least. */
  readonly queueHistogram: readonly number[];
  // Now.
  readonly srttMs: number;
  readonly baseRttMs: number;
  readonly queueMs: number;
  readonly windowBytes: number;
  readonly inFlightBytes: number;
  /** Lanes that carry datagrams. */
  readonly lanes: number;
  readonly datagramBytes: number;
  /** Share of packets lost and how many in a row, weighted towards the last seconds. 0 and 1 on a clean path. */
  readonly lossRatio: number;
  readonly lossBurst: number;
}

/** Loss as it is lately: the weight of what was halves every so many packets. */
const LOSS_HALF_PACKETS = 1000;
const DECAY = 0.5 ** (1 / LOSS_HALF_PACKETS);

/** Loss ratio and mean burst length of one lane's packets, told of in the order of their numbers or nearly so. */
export class LossMeter {
  #packets = 0;
  #lost = 0;
  #bursts = 0;
  #lastLost = -2;

  arrived(): void {
    this.#packets = this.#packets * DECAY + 1;
    this.#lost *= DECAY;
    this.#bursts *= DECAY;
  }

  lost(packet: number): void {
    this.#packets = this.#packets * DECAY + 1;
    this.#lost = this.#lost * DECAY + 1;
    this.#bursts = this.#bursts * DECAY + (packet === this.#lastLost + 1 ? 0 : 1);
    this.#lastLost = packet;
  }

  get ratio(): number {
    return this.#packets === 0 ? 0 : this.#lost / this.#packets;
  }

  get burst(): number {
    return this.#bursts < 0.01 ? 1 : Math.max(1, this.#lost / this.#bursts);
  }
}

/** The sums a session keeps. */
export class Counters {
  packetsSent = 0;
  packetsReceived = 0;
  packetsLost = 0;
  packetsSpurious = 0;
  bytesSent = 0;
  bytesReceived = 0;
  bytesAcked = 0;
  controlSent = 0;
  controlReceived = 0;
  readonly drops: Record<DropCause, number> = {
    'control-late': 0,
    'control-overflow': 0,
    duplicate: 0,
    'unknown-session': 0,
    'stray-lane': 0,
    oversize: 0,
  };
  readonly rtt: Histogram = new Histogram();
  readonly queue: Histogram = new Histogram();
  readonly loss: LossMeter = new LossMeter();
}
