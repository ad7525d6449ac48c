// How a data channel's messages cross packet paths: the interface, and the plain way, in which a message is cut into
// packets and is there when all of them are. sctp.ts has the way real channels do it.
import type { Hop } from './network.ts';

/** The most bytes of a message that fit one SCTP packet in libdatachannel and Chromium. */
export const PACKET_PAYLOAD_BYTES = 1156;
/** IPv4 20 + UDP 8 + DTLS 1.2 with AES-GCM 37 + SCTP header 12 + DATA chunk header 16. */
export const PACKET_OVERHEAD_BYTES = 93;

/** One direction of a channel. */
export interface Way {
  /** Takes one message; its bytes are copied. False if it is closed or full: the message is lost then. */
  send(message: Uint8Array): boolean;
  /** What the channel says waits in it, as `bufferedAmount` would. */
  readonly bufferedBytes: number;
  /** The sender is gone: what waits is dropped; what is on the path still arrives. */
  stop(): void;
}

/** A channel between ends `a` and `b`. */
export interface Carrier {
  readonly toA: Way;
  readonly toB: Way;
  /** Ends it; what is under way never arrives. */
  close(): void;
}

/** The two directions a channel's packets go: paths, or several in a row. */
export interface Lines {
  readonly toA: Hop;
  readonly toB: Hop;
}

/** What a channel does with a message that has arrived; the bytes are the receiver's to keep. */
export interface Receivers {
  readonly toA: (message: Uint8Array) => void;
  readonly toB: (message: Uint8Array) => void;
}

/**
 * A channel without SCTP: no window, no acknowledgements, nothing hidden. A message of several packets is lost with any
 * of them; one of a single packet arrives twice if the path duplicates it, which SCTP would never let through.
 */
export class PlainCarrier implements Carrier {
  readonly toA: PlainWay;
  readonly toB: PlainWay;

  constructor(lines: Lines, receivers: Receivers) {
    this.toA = new PlainWay(lines.toA, receivers.toA);
    this.toB = new PlainWay(lines.toB, receivers.toB);
  }

  close(): void {
    this.toA.close();
    this.toB.close();
  }
}

class PlainWay implements Way {
  readonly bufferedBytes: number = 0;
  readonly #hop: Hop;
  readonly #receive: (message: Uint8Array) => void;
  #open = true;
  #stopped = false;

  constructor(hop: Hop, receive: (message: Uint8Array) => void) {
    this.#hop = hop;
    this.#receive = receive;
  }

  send(message: Uint8Array): boolean {
    if (!this.#open || this.#stopped) return false;
    const copy = message.slice();
    if (copy.length <= PACKET_PAYLOAD_BYTES) {
      this.#hop.send(copy.length + PACKET_OVERHEAD_BYTES, () => {
        // Each arrival has bytes of its own: the receiver of the first may have changed them before the second.
        if (this.#open) this.#receive(copy.slice());
      });
      return true;
    }
    const packets = Math.ceil(copy.length / PACKET_PAYLOAD_BYTES);
    const missing = new Set<number>(Array.from({ length: packets }, (_, i) => i));
    for (let i = 0; i < packets; i++) {
      const payload = Math.min(PACKET_PAYLOAD_BYTES, copy.length - i * PACKET_PAYLOAD_BYTES);
      this.#hop.send(payload + PACKET_OVERHEAD_BYTES, () => {
        if (missing.delete(i) && missing.size === 0 && this.#open) this.#receive(copy);
      });
    }
    return true;
  }

  stop(): void {
    this.#stopped = true;
  }

  close(): void {
    this.#open = false;
  }
}
