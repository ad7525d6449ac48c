// What a driver needs of a WebRTC connection with its one data channel. Implemented by link-browser.ts (simple-peer),
// link-node.ts (node-datachannel) and the simulator; all pass test/conformance.
import type { Signal, IceServer } from '../wire/signaling.ts';

export type { Signal, IceServer };

/** How packets travel between the two ends. */
export type PathKind = 'direct' | 'relayed';

/**
 * Called by a transport, never from inside one of the driver's own calls to it, and never after `onClosed`.
 * `onClosed` comes exactly once, whatever the reason, also when the driver itself called `close`.
 */
export interface TransportHandlers {
  onSignal(signal: Signal): void;
  onOpen(path: PathKind): void;
  /** One whole message. The bytes belong to the receiver: the transport keeps no reference to them. */
  onDatagram(datagram: Uint8Array): void;
  onClosed(reason: string): void;
}

export interface Transport {
  /** Takes the other end's signal. A malformed one closes the transport; it never throws. */
  signal(signal: Signal): void;
  /**
   * Hands one message (1 to 65,535 bytes) to SCTP, unordered and unreliable. The bytes may be reused after the call.
   * False if the channel is not open or refused it: the datagram is lost then, as on any bad path.
   */
  send(datagram: Uint8Array): boolean;
  /** Bytes that wait in the channel's own queue. Node's figure excludes SCTP's 1 MiB buffer. */
  bufferedBytes(): number;
  close(): void;
}

export interface TransportOptions {
  /** The initiator makes the data channel and the offer. */
  readonly initiator: boolean;
  /** Never empty by default in simple-peer: always passed on, so no third party's server is ever asked. */
  readonly iceServers: readonly IceServer[];
  /** Packets go through a TURN server or not at all, and the other end learns no address of this device. Default false. */
  readonly relayOnly?: boolean;
}

/** Begins a connection; signals flow from then on. Never throws: a failure arrives as `onClosed`. */
export type TransportFactory = (options: TransportOptions, handlers: TransportHandlers) => Transport;
