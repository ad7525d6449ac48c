// What the STUN server says to one datagram: its sender's address to a Binding request, silence to nearly all else. It keeps
// the rates, and notes which sockets asked. Pure of sockets and clocks; stun-server.ts has those.
import { TokenBucket, TokenBuckets } from '../token-bucket.ts';
import { PeerIndex } from './peer-index.ts';
import { socketName, sourceKey, type SocketAddress } from './socket-address.ts';
import {
  ATTRIBUTES,
  decodeStun,
  encodeErrorCode,
  encodeStun,
  encodeUnknownAttributes,
  encodeXorAddress,
  METHODS,
  mustBeKnown,
  type DecodedStun,
  type StunAttribute,
} from './stun-message.ts';

export interface StunFigures {
  /** Datagrams, by what came of them. */
  readonly answered: number;
  /** Answered with 420: they asked for what a plain STUN server has not. */
  readonly refused: number;
  /** No Binding request, or malformed: not answered. */
  readonly ignored: number;
  /** Beyond a rate: not answered. */
  readonly limited: number;
  /** Sockets that asked lately, and those of them that a peer is known by. */
  readonly sockets: number;
  readonly named: number;
}

/**
 * How much longer than its request an answer may be, bytes: XOR-MAPPED-ADDRESS of IPv6. Over IPv4 it is 12, a packet 1.25 times
 * as large as the one it answers, over IPv6 1.36 times: nobody gains by asking in somebody else's name.
 */
export const ANSWER_EXTRA_BYTES_MAX = 24;

/**
 * One source at once, and each second: an IPv4 address or an IPv6 /64. Who enters a pool of 64 asks some 130 times with two
 * interfaces, and several people may share the address.
 */
const SOURCE_BURST = 600;
const SOURCE_PER_SECOND = 60;
/** All together: a tenth of a core. */
const TOTAL_BURST = 5_000;
const TOTAL_PER_SECOND = 2_500;
/** Sources whose rate is kept. */
const SOURCES_MAX = 10_000;
/** Unknown attributes that a 420 lists: half as long as the request's own list of them, so it never outgrows the bound. */
const UNKNOWN_LISTED_MAX = 8;

/** They concern credentials, which nobody needs here. */
const KNOWN: ReadonlySet<number> = new Set([
  ATTRIBUTES.username,
  ATTRIBUTES.realm,
  ATTRIBUTES.nonce,
  ATTRIBUTES.messageIntegritySha256,
]);

export class StunResponder {
  readonly index: PeerIndex = new PeerIndex();
  readonly #sources = new TokenBuckets(SOURCE_BURST, SOURCE_PER_SECOND, SOURCES_MAX);
  readonly #total: TokenBucket;
  readonly #counts = { answered: 0, refused: 0, ignored: 0, limited: 0 };

  constructor(now: number) {
    this.#total = new TokenBucket(TOTAL_BURST, TOTAL_PER_SECOND, now);
  }

  /** `now` in ms, never going back. Undefined: say nothing. Never throws. */
  answer(now: number, bytes: Uint8Array, source: SocketAddress): Uint8Array | undefined {
    // Nobody can be listening there.
    if (source.port === 0) return this.#silent('ignored');
    const request = decodeStun(bytes);
    if (request?.kind !== 'request' || request.method !== METHODS.binding) return this.#silent('ignored');
    if (!this.#sources.take(now, sourceKey(source)) || !this.#total.take(now, 1)) return this.#silent('limited');
    const unknown = request.attributes.map(({ type }) => type).filter(isUnknown);
    if (unknown.length > 0) {
      this.#counts.refused += 1;
      return reply(request, 'error', [
        { type: ATTRIBUTES.errorCode, value: encodeErrorCode(420) },
        {
          type: ATTRIBUTES.unknownAttributes,
          value: encodeUnknownAttributes(unknown.slice(0, UNKNOWN_LISTED_MAX)),
        },
      ]);
    }
    this.#counts.answered += 1;
    this.index.saw(now, socketName(source));
    const value = encodeXorAddress(source, request.transaction);
    return reply(request, 'success', [{ type: ATTRIBUTES.xorMappedAddress, value }]);
  }

  figures(now: number): StunFigures {
    return { ...this.#counts, ...this.index.figures(now) };
  }

  #silent(why: 'ignored' | 'limited'): undefined {
    this.#counts[why] += 1;
  }
}

function isUnknown(type: number): boolean {
  return mustBeKnown(type) && !KNOWN.has(type);
}

/** No SOFTWARE in it: that would make it longer, and tell strangers what to try. */
function reply(request: DecodedStun, kind: 'success' | 'error', attributes: readonly StunAttribute[]): Uint8Array {
  const { transaction, fingerprint } = request;
  return encodeStun({ kind, method: METHODS.binding, transaction, attributes }, { fingerprint });
}
