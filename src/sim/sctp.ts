// SCTP as data channels have it: what an association hides from whoever sends over it (a send buffer, a congestion window
// that halves on loss even of messages nobody repeats, long timeouts). Profiles say how Chromium and Node differ; the
// machinery of one direction is sctp-flow.ts.
import { PlainCarrier, type Carrier, type Lines, type Receivers } from './carrier.ts';
import type { VirtualClock } from './clock.ts';
import { Flow } from './sctp-flow.ts';

/** What differs between implementations. Bytes of a congestion window count payload and 16 of chunk header. */
export interface SctpProfile {
  /** The unit in which the window begins, grows and is cut. */
  readonly mtuBytes: number;
  /** Largest part of a message in one packet. */
  readonly payloadBytes: number;
  readonly windowPacketsInitial: number;
  /** Fast recovery cuts the window to half, but to no fewer packets than this. */
  readonly windowPacketsMin: number;
  /** Packets by which slow start grows at most on one acknowledgement. */
  readonly slowStartPackets: number;
  /** Whether congestion avoidance goes on while losses are being recovered from. */
  readonly growsInRecovery: boolean;
  /**
   * Whether every missing part counts as missed once more when the cumulative acknowledgement advances in recovery (RFC
   * 9260 7.2.4). dcSCTP means to, but compares a number with itself.
   */
  readonly missesAllInRecovery: boolean;
  /** Whether a part that was sent again only counts as missed when something newer than that has arrived. */
  readonly patientAfterResend: boolean;
  /** Whether a message is cut to fit what room the window has, so that it and those after it end up in two packets each. */
  readonly splitsToFit: boolean;
  /** Packets sent in one go, on one acknowledgement or message. */
  readonly burstPackets: number;
  readonly rtoInitialMs: number;
  readonly rtoMinMs: number;
  readonly rtoMaxMs: number;
  /** Least that the RTT's variation adds to the timeout. */
  readonly rtoSlackMs: number;
  /** A first packet without company is acknowledged after this. */
  readonly sackDelayMs: number;
  /** Runs that one acknowledgement tells of; what arrived beyond stays unknown to the sender until they are fewer. */
  readonly gapBlocksMax: number;
  /** A FORWARD-TSN goes out at most once per RTT, and at most once per this; 0: whenever there is more to say. */
  readonly forwardTsnMs: number;
  readonly receiveWindowBytes: number;
  /** Messages that wait for the window; past it `send` refuses. */
  readonly sendBufferBytes: number;
  /** Part of the send buffer that `bufferedBytes` does not tell of. */
  readonly hiddenBytes: number;
}

/** dcSCTP in Chromium 156: dcsctp_options.h, and FACTS measured with it. */
export const CHROMIUM: SctpProfile = {
  mtuBytes: 1191,
  payloadBytes: 1160,
  windowPacketsInitial: 10,
  windowPacketsMin: 4,
  slowStartPackets: 1,
  growsInRecovery: true,
  missesAllInRecovery: false,
  patientAfterResend: false,
  splitsToFit: true,
  burstPackets: 4,
  rtoInitialMs: 500,
  rtoMinMs: 400,
  rtoMaxMs: 60_000,
  rtoSlackMs: 110,
  sackDelayMs: 200,
  gapBlocksMax: 20,
  forwardTsnMs: 200,
  receiveWindowBytes: 5 * 1024 * 1024,
  sendBufferBytes: 16 * 1024 * 1024,
  hiddenBytes: 0,
};

/** usrsctp as libdatachannel (0.33 of the Node binding) sets it up. */
export const NODE: SctpProfile = {
  mtuBytes: 1200,
  payloadBytes: 1156,
  windowPacketsInitial: 10,
  windowPacketsMin: 4,
  slowStartPackets: 2,
  growsInRecovery: false,
  missesAllInRecovery: true,
  patientAfterResend: true,
  splitsToFit: false,
  burstPackets: 10,
  rtoInitialMs: 1000,
  rtoMinMs: 200,
  rtoMaxMs: 10_000,
  rtoSlackMs: 0,
  sackDelayMs: 20,
  gapBlocksMax: 250,
  forwardTsnMs: 0,
  receiveWindowBytes: 1024 * 1024,
  // libdatachannel queues without a bound above usrsctp's buffer: 16 MiB is for the simulation's own sake.
  sendBufferBytes: 16 * 1024 * 1024,
  hiddenBytes: 1024 * 1024,
};

export type SctpName = 'chromium' | 'node';
export const SCTP_PROFILES: Readonly<Record<SctpName, SctpProfile>> = { chromium: CHROMIUM, node: NODE };

export interface AssociationOptions {
  readonly profile: SctpProfile;
  /** Ordered, and repeated until it arrives: a plain data channel. Absent: unordered, `maxRetransmits: 0`. */
  readonly reliable?: boolean;
}

/** One PeerConnection's SCTP, both directions, from the moment its channel is open. */
export class Association implements Carrier {
  readonly toA: Flow;
  readonly toB: Flow;

  /** Several associations may be given the same `lines`: they then share what those lines can carry. */
  constructor(clock: VirtualClock, lines: Lines, options: AssociationOptions, receivers: Receivers) {
    const { profile, reliable = false } = options;
    this.toA = new Flow(clock, lines.toA, lines.toB, profile, reliable, receivers.toA);
    this.toB = new Flow(clock, lines.toB, lines.toA, profile, reliable, receivers.toB);
    this.toA.partner = this.toB;
    this.toB.partner = this.toA;
  }

  close(): void {
    this.toA.close();
    this.toB.close();
  }
}

/** A channel as `sctp` says: undefined means the plain one, which is cheaper and hides nothing. */
export function openCarrier(
  clock: VirtualClock,
  lines: Lines,
  sctp: SctpName | undefined,
  receivers: Receivers,
): Carrier {
  if (sctp === undefined) return new PlainCarrier(lines, receivers);
  return new Association(clock, lines, { profile: SCTP_PROFILES[sctp] }, receivers);
}
