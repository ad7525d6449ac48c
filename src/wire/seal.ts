// How the frames of a data datagram may be sealed: an interface that an application may implement. AES-256-GCM is
// seal-aes-gcm.ts. The no-op is no seal at all: it has a datagram kind of its own (16), so that nothing which says
// "sealed" (17) ever travels in the clear, and the hot path has nothing to call.
import type { DataHeader } from './datagram.ts';

/**
 * Seals one direction's datagrams and opens the other's. Synchronous, because machines are. Both ends of a link must have
 * the same kind: a datagram that is sealed where it should not be, or the other way round, is malformed.
 */
export interface Seal {
  /** How much longer a sealed body is, bytes; the same for every body. */
  readonly overheadBytes: number;
  /**
   * `header` never repeats within a session and direction: (lane, packet) may serve as a nonce. `head`: its bytes, which
   * travel in the clear and must be authenticated. Neither `head` nor `body` may be kept or written to.
   */
  seal(header: DataHeader, head: Uint8Array, body: Uint8Array): Uint8Array;
  /**
   * The body, in bytes that nobody writes to again; undefined if it was not sealed by the other end with this head. Never
   * throws on what it is given.
   */
  open(header: DataHeader, head: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}
