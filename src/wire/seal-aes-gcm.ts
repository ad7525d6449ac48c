// Datagrams sealed with AES-256-GCM (NIST SP 800-38D): which key and nonce a packet gets. The cipher is @noble/ciphers':
// synchronous, as machines are, which WebCrypto is not; a driver may bring a faster one. Which key, and who may have it, is
// the application's business.
import { cmac, gcm } from '@noble/ciphers/aes.js';
import { Cursor } from './cursor.ts';
import type { DataHeader } from './datagram.ts';
import { LANE_IDS } from './frames.ts';
import type { Seal } from './seal.ts';

export const SEAL_KEY_BYTES = 32;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
/**
 * Packets of one lane that share a key: 2^22, of at most 2^16 bytes. Half of what RFC 9001, 6.6 allows AES-GCM under one
 * key.
 */
const KEY_PACKETS_LOG2 = 22;
const LABEL = new TextEncoder().encode('rockpool datagram');

type Role = 'initiator' | 'acceptor';

/** The key of some packets of one lane in one direction. */
interface PacketsKey {
  readonly session: bigint;
  readonly epoch: number;
  readonly key: Uint8Array;
}

/** AES-256-GCM with nonces of 12 bytes and tags of 16, which follow what was encrypted. */
export interface AesGcm {
  encrypt(key: Uint8Array, nonce: Uint8Array, head: Uint8Array, body: Uint8Array): Uint8Array;
  /** Throws if the tag is wrong. `sealed`: 16 bytes or more. */
  decrypt(key: Uint8Array, nonce: Uint8Array, head: Uint8Array, sealed: Uint8Array): Uint8Array;
}

/** The one that runs everywhere. */
export const nobleAesGcm: AesGcm = {
  encrypt: (key, nonce, head, body) => gcm(key, nonce, head).encrypt(body),
  decrypt: (key, nonce, head, sealed) => gcm(key, nonce, head).decrypt(sealed),
};

/**
 * A seal for one end of a link; `role` is this end's. `key`: 32 bytes that both ends hold and nobody outside the audience
 * does. Best agreed for this link alone; links that share one are told apart by their session ids, which are random.
 * Throws a RangeError if the key has another length. `cipher`: another AES-256-GCM, such as OpenSSL's through node:crypto,
 * which is eight times as fast for datagrams of one packet.
 *
 * Key of a packet: KDF(key; session, direction, lane, packet >> 22), direction 0 from the initiator and 1 from the acceptor.
 * Nonce: `[0 u16][packet u32][timeUs u48]`. A packet number is used once; the time keeps nonces apart even if somebody in
 * the middle makes an initiator take the same session id twice. The whole head is authenticated with the body.
 */
export function aesGcmSeal(key: Uint8Array, role: Role, cipher: AesGcm = nobleAesGcm): Seal {
  if (key.length !== SEAL_KEY_BYTES) throw new RangeError(`key: expected ${SEAL_KEY_BYTES} bytes, got ${key.length}`);
  const own = key.slice();
  const sealing = new Direction(own, role === 'initiator' ? 0 : 1);
  const opening = new Direction(own, role === 'initiator' ? 1 : 0);
  return {
    overheadBytes: TAG_BYTES,
    seal(header, head, body) {
      return cipher.encrypt(sealing.keyOf(header), sealing.nonceOf(header), head, body);
    },
    open(header, head, sealed) {
      if (header.lane >= LANE_IDS || sealed.length < TAG_BYTES) return undefined;
      try {
        return cipher.decrypt(opening.keyOf(header), opening.nonceOf(header), head, sealed);
      } catch {
        return undefined; // the tag is wrong
      }
    },
  };
}

/** One direction of a link: the present key of each lane, and the nonces. */
class Direction {
  readonly #key: Uint8Array;
  readonly #direction: number;
  readonly #lanes: (PacketsKey | undefined)[] = Array.from({ length: LANE_IDS }, () => undefined);
  readonly #nonce = new Cursor(new Uint8Array(NONCE_BYTES));

  constructor(key: Uint8Array, direction: 0 | 1) {
    this.#key = key;
    this.#direction = direction;
  }

  keyOf({ session, lane, packet }: DataHeader): Uint8Array {
    const epoch = packet >>> KEY_PACKETS_LOG2;
    const known = this.#lanes[lane];
    if (known !== undefined && known.epoch === epoch && known.session === session) return known.key;
    const key = derivedKey(this.#key, session, this.#direction, lane, epoch);
    this.#lanes[lane] = { session, epoch, key };
    return key;
  }

  /** Holds until the next call. */
  nonceOf({ packet, timeUs }: DataHeader): Uint8Array {
    this.#nonce.at = 2;
    this.#nonce.putU32(packet);
    this.#nonce.putU48(timeUs);
    return this.#nonce.bytes;
  }
}

/**
 * NIST SP 800-108r1, 4.1: KDF in counter mode with CMAC-AES-256. Input of block i:
 * `[i u8][label][0 u8][session u64][direction u8][lane u8][epoch u16][bits u32 = 256]`, big-endian.
 */
function derivedKey(key: Uint8Array, session: bigint, direction: number, lane: number, epoch: number): Uint8Array {
  const input = new Cursor(new Uint8Array(1 + LABEL.length + 1 + 8 + 1 + 1 + 2 + 4));
  input.bytes.set(LABEL, 1);
  input.at = LABEL.length + 2;
  input.putU64(session);
  input.putU8(direction);
  input.putU8(lane);
  input.putU16(epoch);
  input.putU32(SEAL_KEY_BYTES * 8);
  const derived = new Uint8Array(SEAL_KEY_BYTES);
  for (let i = 1; i <= 2; i++) {
    input.bytes[0] = i;
    derived.set(cmac(input.bytes, key), (i - 1) * 16);
  }
  return derived;
}
