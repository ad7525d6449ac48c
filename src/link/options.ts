// Every limit and timeout of a link, with its unit and its reason. Nothing is hard-coded in the logic.
import { DATAGRAM_BYTES_MAX, DATAGRAM_BYTES_MIN, LANES_MAX } from '../wire/datagram.ts';

export interface LinkOptions {
  /** Quiet for this long: say something. Well under half of `idleMs`, so that one may be lost. */
  readonly heartbeatMs: number;
  /** Nothing heard for this long: the transport is dead. Longer than most hand-overs between networks. */
  readonly idleMs: number;
  /** First repeat of `connect`; doubles each time up to `idleMs`. */
  readonly connectRetryMs: number;
  /** A tick later than this means the machine slept: deadlines move by the delay, nobody is killed. */
  readonly lateTickMs: number;
  /** An acknowledgement waits at most this long for company. */
  readonly ackDelayMs: number;
  /** … or until this many ack-eliciting packets, */
  readonly ackPackets: number;
  /** … or bytes are unacknowledged. */
  readonly ackBytes: number;
  /** RTT assumed before the first sample (RFC 9002 6.2.2 says 333; the handshake is no sample here). */
  readonly initialRttMs: number;
  /** Packets that must be acknowledged above one before it counts as lost (RFC 9002 6.1.1). */
  readonly packetThreshold: number;
  /** … as wide as packets that arrived after all may make it. */
  readonly packetThresholdMax: number;
  /** Of the RTT: how long a packet may be late before it counts as lost (RFC 9002 6.1.2). */
  readonly timeThreshold: number;
  readonly timeThresholdMax: number;
  /** Granularity of timers (RFC 9002 6.1.2); browsers' are 4 ms at best. */
  readonly granularityMs: number;
  /** Consecutive probe timeouts stop doubling here. */
  readonly probeTimeoutMaxMs: number;
  /** Bytes in flight on a lane at the start and after an outage: about what SCTP itself begins with. */
  readonly windowBytesStart: number;
  /** Bytes in flight on a lane at least, whatever the delay: without a few packets nothing can be measured. */
  readonly windowBytesMin: number;
  /** … but so many where the least round trip is under windowNearRttMs and more than 8 Mbit/s arrive. */
  readonly windowBytesNear: number;
  readonly windowNearRttMs: number;
  /** Bytes in flight on a lane at most. */
  readonly windowBytesMax: number;
  /** The queue a link keeps at 50 Mbit/s, ms; at other rates by the square root (path-delay.ts), within the bounds. */
  readonly targetDelayMs: number;
  readonly targetDelayMsMin: number;
  readonly targetDelayMsMax: number;
  /** Where the least round trip is under windowNearRttMs: from targetDelayMs, twice as much as elsewhere, to this. */
  readonly targetDelayMsNear: number;
  /** How often a lane that is always full lets its queue drain for a round trip. */
  readonly drainEveryMs: number;
  /** Of the rate that the window makes: how fast bulk may leave, in slow start and after. */
  readonly paceSlowStart: number;
  readonly paceSteady: number;
  /** What may leave at once: this long at the pace, or this much. Timers are no finer. */
  readonly paceBurstMs: number;
  readonly paceBurstBytes: number;
  /** Lanes at most, the first included. */
  readonly lanesMax: number;
  /** What may wait in a further lane for SCTP's own window, ms; or half a round trip if that is more. */
  readonly laneDelayMs: number;
  /** How often the number of lanes is judged at most; at least every four round trips. */
  readonly laneJudgeMs: number;
  /** Loss from which on more lanes are tried. */
  readonly laneLossRatio: number;
  /** Without loss, with more to send and the path not full for so long, more are tried too. */
  readonly laneEmptyMs: number;
  /** With the path full for so long, fewer lanes are tried. */
  readonly laneFullMs: number;
  /** After a change that failed none like it is made for so long; doubles up to the maximum. */
  readonly laneHoldMs: number;
  readonly laneHoldMsMax: number;
  /** With nothing to send for so long, all lanes but the first close. */
  readonly laneIdleMs: number;
  /** A lane whose oldest packet is so old, and eight round trips, limps. */
  readonly laneLimpMs: number;
  /** A further lane that answers so much later than the first is broken. */
  readonly laneSilentMs: number;
  /** Control bytes a second, and at once: what goes before everything else must not take everything. */
  readonly controlBytesPerSecond: number;
  readonly controlBurstBytes: number;
  /** Control bytes that wait; past it the oldest are dropped. */
  readonly controlSendBytesMax: number;
  /** Datagram sizes in bytes, ascending; the size follows observed loss. The first is one SCTP packet. */
  readonly datagramSizes: readonly number[];
  /** A datagram takes the lane for this long at most, so that control waits for no more than that. */
  readonly datagramMs: number;
  /** Full-size datagrams over which loss is judged. */
  readonly sizeSamplePackets: number;
  /** Share of them lost: above, the size steps down; */
  readonly sizeLossHigh: number;
  /** below, it steps up. */
  readonly sizeLossLow: number;
  /** Largest message. */
  readonly messageBytesMax: number;
  /** Message bytes that wait to be sent or acknowledged; past it `sendMessage` says `blocked`. */
  readonly messageSendBytesMax: number;
  /** Message bytes received and not yet released by the application; the credit given to the peer. */
  readonly messageReceiveBytesMax: number;
  /** What each message is charged beside its bytes, so that many tiny ones are bounded too. */
  readonly messageChargeBytes: number;
  /** Chunk bytes that wait to be sent or acknowledged; past it `sendChunk` says `blocked`. */
  readonly chunkSendBytesMax: number;
  /** … and past this much beyond two windows, so that memory follows the path. */
  readonly chunkAheadBytes: number;
  /** Chunk bytes requested, or received and not yet released; past it `requestChunk` says `blocked`. */
  readonly chunkReceiveBytesMax: number;
  /** Largest chunk that may be asked for. */
  readonly chunkBytesMax: number;
  /** Requests the peer may have open; more ends the link. Four times what an honest one has. */
  readonly requestsMax: number;
  /** `disconnect` answers to unknown sessions per second, so that a flood is not answered by a flood. */
  readonly unknownRepliesPerSecond: number;
}

export const LINK_DEFAULTS: LinkOptions = {
  heartbeatMs: 1000,
  idleMs: 6000,
  connectRetryMs: 250,
  lateTickMs: 500,
  ackDelayMs: 10,
  ackPackets: 16,
  ackBytes: 256 * 1024,
  initialRttMs: 100,
  packetThreshold: 3,
  packetThresholdMax: 64,
  timeThreshold: 9 / 8,
  timeThresholdMax: 3,
  granularityMs: 4,
  probeTimeoutMaxMs: 2000,
  windowBytesStart: 10 * DATAGRAM_BYTES_MIN,
  windowBytesMin: 2 * DATAGRAM_BYTES_MIN,
  windowBytesNear: 256 * 1024,
  windowNearRttMs: 5,
  windowBytesMax: 16 * 1024 * 1024,
  targetDelayMs: 8,
  targetDelayMsMin: 4,
  targetDelayMsMax: 18,
  targetDelayMsNear: 30,
  drainEveryMs: 5000,
  paceSlowStart: 2.5,
  paceSteady: 1.25,
  paceBurstMs: 4,
  paceBurstBytes: 14 * DATAGRAM_BYTES_MIN,
  lanesMax: LANES_MAX,
  laneDelayMs: 30,
  laneJudgeMs: 250,
  laneLossRatio: 0.0005,
  laneEmptyMs: 2000,
  laneFullMs: 5000,
  laneHoldMs: 10_000,
  laneHoldMsMax: 120_000,
  laneIdleMs: 15_000,
  laneLimpMs: 1000,
  laneSilentMs: 1500,
  controlBytesPerSecond: 256 * 1024,
  controlBurstBytes: 32 * 1024,
  controlSendBytesMax: 64 * 1024,
  datagramSizes: [DATAGRAM_BYTES_MIN, 4 * DATAGRAM_BYTES_MIN, 14 * DATAGRAM_BYTES_MIN],
  datagramMs: 5,
  sizeSamplePackets: 64,
  sizeLossHigh: 0.05,
  sizeLossLow: 0.01,
  messageBytesMax: 256 * 1024,
  messageSendBytesMax: 1024 * 1024,
  messageReceiveBytesMax: 1024 * 1024,
  messageChargeBytes: 64,
  chunkSendBytesMax: 16 * 1024 * 1024,
  chunkAheadBytes: 1536 * 1024,
  chunkReceiveBytesMax: 8 * 1024 * 1024,
  chunkBytesMax: 1024 * 1024,
  requestsMax: 256,
  unknownRepliesPerSecond: 20,
};

/** Defaults with `given` over them. Throws a RangeError that names the option, what was expected and what came. */
export function linkOptions(given: Partial<LinkOptions> = {}): LinkOptions {
  const options = { ...LINK_DEFAULTS, ...given };
  for (const [name, value] of Object.entries(options)) {
    if (name === 'datagramSizes') continue;
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
      throw new RangeError(`${name}: expected a number above 0, got ${String(value)}`);
    }
  }
  if (options.idleMs < 2 * options.heartbeatMs) {
    throw new RangeError(`idleMs: expected at least twice heartbeatMs (${options.heartbeatMs}), got ${options.idleMs}`);
  }
  const sizes = options.datagramSizes;
  if (sizes.length === 0 || sizes.some((size, i) => !(size >= 256 && size > (sizes[i - 1] ?? 0)))) {
    throw new RangeError(`datagramSizes: expected ascending sizes from 256 on, got ${sizes.join(', ')}`);
  }
  if (options.lanesMax > LANES_MAX) {
    throw new RangeError(`lanesMax: expected at most ${LANES_MAX}, got ${options.lanesMax}`);
  }
  if ((sizes.at(-1) ?? 0) > DATAGRAM_BYTES_MAX) {
    throw new RangeError(`datagramSizes: expected at most ${DATAGRAM_BYTES_MAX}, got ${String(sizes.at(-1))}`);
  }
  if (options.messageBytesMax + options.messageChargeBytes > options.messageReceiveBytesMax) {
    throw new RangeError(
      `messageReceiveBytesMax: expected room for one message, got ${options.messageReceiveBytesMax}`,
    );
  }
  if (options.chunkBytesMax > Math.min(options.chunkReceiveBytesMax, options.chunkSendBytesMax)) {
    throw new RangeError(`chunkBytesMax: expected at most the chunk marks, got ${options.chunkBytesMax}`);
  }
  return options;
}
