// What a Pool tells those who show it or act on it: plain data, safe to keep, safe to print.
import type { ReceivedStats, SentStats } from '../control/stats.ts';
import type { LinkStats } from '../link/stats.ts';
import type { Role } from '../wire/signaling.ts';
import type { ShareEvent } from '../share/views.ts';
import type { TalkEvent } from '../talk/views.ts';
import type { Unmet } from './unmet.ts';

export type { Role } from '../wire/signaling.ts';
export type { LinkStats } from '../link/stats.ts';
export type { OfferView, TransferView } from '../share/views.ts';
export type { GapView, MemberView, MessageView, ReceiptView, RoomView, TalkEvent } from '../talk/views.ts';

/** 32 hex digits: the first 16 bytes of the SHA-256 of the device's Ed25519 key. */
export type PeerId = string;
export type DeviceKind = 'browser' | 'terminal' | 'desktop';
export const DEVICE_KINDS: readonly DeviceKind[] = ['browser', 'terminal', 'desktop'];

export interface PeerView {
  readonly id: PeerId;
  readonly name: string;
  readonly device: DeviceKind;
  /** As the server says. */
  readonly role: Role;
  /** Four words that both people see if nobody is in between: of the present transport, or of the last one. */
  readonly words?: readonly string[];
  /** `connecting` until the link is up, and again while a lost one is being rebuilt. */
  readonly path: 'connecting' | 'direct' | 'relayed';
  /** Why the last attempt to reach it came to nothing; undefined once one went well, and before the first has failed. */
  readonly unmet?: Unmet;
}

/** How this device knows another clock: the server's, or a peer's. */
export interface ClockReport {
  /** That clock minus this device's monotonic one, ms. */
  readonly offsetMs: number;
  /** How much faster it runs, in millionths. */
  readonly skewPpm: number;
  /** Least round trip of the questions that count, ms. */
  readonly rttMs: number;
  /** How far off `offsetMs` may be, ms. */
  readonly uncertaintyMs: number;
  /** Answers that counted, answers that could not be true, and steps of either clock. */
  readonly taken: number;
  readonly refused: number;
  readonly steps: number;
}

/** Within one report's `seconds`. */
export interface LinkRates {
  /** Datagrams with all that is in them. */
  readonly sentBytesPerSecond: number;
  readonly receivedBytesPerSecond: number;
  /** Bytes of messages and chunks that arrived at the other end. */
  readonly ackedBytesPerSecond: number;
  readonly packetsSentPerSecond: number;
  readonly packetsReceivedPerSecond: number;
  readonly controlSentPerSecond: number;
  readonly controlReceivedPerSecond: number;
  /** Of the packets sent, 0 to 1: declared lost, and not arrived after all. */
  readonly lossRatio: number;
}

export interface LinkReport {
  readonly peer: PeerId;
  readonly path: PeerView['path'];
  readonly rates: LinkRates;
  /** Round trips in these seconds, counted by `boundsMs` … */
  readonly rttCounts: readonly number[];
  /** … and by how much they took beyond the shortest: the queue. */
  readonly queueCounts: readonly number[];
  /** Sums since the link began, and how it stands now. */
  readonly total: LinkStats;
  /** The peer's clock; undefined until it is known. */
  readonly clock: ClockReport | undefined;
}

/** Sums of all control streams since this device joined: clones, frames that came late, and what was refused and why. */
export interface ControlReport {
  readonly sent: SentStats;
  readonly received: ReceivedStats;
}

/** One report of all links. */
export interface PoolStats {
  /** On the pool's clock, ms since 1970. */
  readonly atMs: number;
  /** What the report covers. */
  readonly seconds: number;
  /** Upper bounds of the histograms' buckets, ascending by powers of two; there is one bucket more, for all above. */
  readonly boundsMs: readonly number[];
  /** The server's clock; undefined until it is known. */
  readonly clock: ClockReport | undefined;
  readonly links: readonly LinkReport[];
  /** Undefined while no control stream is open. */
  readonly control: ControlReport | undefined;
}

/**
 * identity: the other end is not who the server says. binding: it does not prove that nobody is in between. fingerprint: its
 * description of the connection does not say what to prove that by.
 */
export type UnboundCode = 'identity' | 'binding' | 'fingerprint';

export type PoolEvent =
  | {
      readonly kind: 'joined';
      readonly pool: string;
      readonly self: PeerId;
      /** This device's own. */
      readonly role: Role;
      readonly peers: readonly PeerView[];
    }
  /** The way to the server; links live on without it. `waiting` counts down `retryMs` to the next try. */
  | { readonly kind: 'backhaul'; readonly state: 'connecting' | 'open' }
  | { readonly kind: 'backhaul'; readonly state: 'waiting'; readonly retryMs: number; readonly reason: string }
  /** This device is out of the pool: it left, or the server refused it with a code. */
  | { readonly kind: 'left'; readonly pool: string; readonly reason: string }
  | { readonly kind: 'peer-joined'; readonly peer: PeerView }
  | { readonly kind: 'peer-changed'; readonly peer: PeerView }
  | { readonly kind: 'peer-left'; readonly peer: PeerView }
  /** A transport to a peer was given up before it carried anything. Others are tried, later and later; that is told once. */
  | { readonly kind: 'unbound'; readonly peer: PeerId; readonly name: string; readonly code: UnboundCode }
  /** Once a second, while somebody watches, and for the rest of one before leaving. */
  | { readonly kind: 'stats'; readonly stats: PoolStats }
  | ShareEvent
  | TalkEvent;
