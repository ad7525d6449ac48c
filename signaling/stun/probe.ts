// Asks a STUN or TURN server over UDP as a client would, and tells what came of it: for `rockpool doctor` and for tests.
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { randomBytes } from 'node:crypto';
import { socketAddress, type SocketAddress } from './socket-address.ts';
import {
  ATTRIBUTES,
  decodeErrorCode,
  decodeStun,
  decodeXorAddress,
  encodeStun,
  encodeXorAddress,
  longTermKey,
  METHODS,
  type StunAttribute,
  type StunMessage,
} from './stun-message.ts';

export interface ProbeTarget {
  /** Name or address. */
  readonly host: string;
  readonly port: number;
  /** How long an answer is waited for, ms. Default 3,000. */
  readonly patienceMs?: number;
}

/** silent: no answer, so that UDP is blocked, or nothing listens there. */
export type ProbeFailure =
  { readonly kind: 'silent' } | { readonly kind: 'refused'; readonly code: number; readonly reason: string };

export interface TurnTarget extends ProbeTarget {
  readonly username: string;
  readonly credential: string;
  readonly peers?: readonly string[];
}

/** `seenAs`: where the question came from, as the server sees it. */
export type StunProbe = { readonly kind: 'seen'; readonly seenAs: SocketAddress } | ProbeFailure;

export type TurnProbe =
  | {
      readonly kind: 'relays';
      /** What others would send to. */
      readonly relay: SocketAddress;
      /** Those of the peers asked about to whom it relays. From a private address in here, anybody may reach that network. */
      readonly permitted: readonly string[];
    }
  | ProbeFailure;

/** UDP loses datagrams: the question goes out again after this, and then after twice as long each time. */
const AGAIN_MS = 250;
/** REQUESTED-TRANSPORT: UDP, and three bytes of nothing. */
const UDP = Uint8Array.of(17, 0, 0, 0);

export async function probeStun(target: ProbeTarget): Promise<StunProbe> {
  return withAsker(target, async (ask) => {
    const answer = await ask(METHODS.binding, () => []);
    const seenAs = addressIn(answer, ATTRIBUTES.xorMappedAddress);
    return answer?.kind === 'success' && seenAs !== undefined ? { kind: 'seen', seenAs } : failureOf(answer);
  });
}

/** Allocates a relay, asks whether it would relay to each of `peers` (IP addresses), and gives it back. */
export async function probeTurn(target: TurnTarget): Promise<TurnProbe> {
  const { username, credential, peers = [] } = target;
  return withAsker(target, async (ask) => {
    const transport = (): StunAttribute[] => [{ type: ATTRIBUTES.requestedTransport, value: UDP }];
    // Nobody knows realm and nonce unasked: the first answer is a refusal that tells them.
    const first = await ask(METHODS.allocate, transport);
    const [realm, nonce] = [valueOf(first, ATTRIBUTES.realm), valueOf(first, ATTRIBUTES.nonce)];
    if (realm === undefined || nonce === undefined) return failureOf(first);
    const identity = [
      { type: ATTRIBUTES.username, value: new TextEncoder().encode(username) },
      { type: ATTRIBUTES.realm, value: realm },
      { type: ATTRIBUTES.nonce, value: nonce },
    ];
    const key = longTermKey(username, new TextDecoder().decode(realm), credential);
    const signed = (method: number, attributes: AttributesOf): Promise<StunMessage | undefined> =>
      ask(method, (transaction) => [...attributes(transaction), ...identity], key);

    const allocated = await signed(METHODS.allocate, transport);
    const relay = addressIn(allocated, ATTRIBUTES.xorRelayedAddress);
    if (allocated?.kind !== 'success' || relay === undefined) return failureOf(allocated);
    const permitted: string[] = [];
    for (const peer of peers) {
      const address = socketAddress(peer, 0);
      if (address === undefined) throw new RangeError(`peers: expected IP addresses, got ${peer}`);
      // oxlint-disable-next-line no-await-in-loop -- one question at a time, as the server answers them
      const answer = await signed(METHODS.createPermission, (transaction) => [
        { type: ATTRIBUTES.xorPeerAddress, value: encodeXorAddress(address, transaction) },
      ]);
      if (answer?.kind === 'success') permitted.push(peer);
    }
    await signed(METHODS.refresh, () => [{ type: ATTRIBUTES.lifetime, value: new Uint8Array(4) }]);
    return { kind: 'relays', relay, permitted };
  });
}

type AttributesOf = (transaction: Uint8Array) => readonly StunAttribute[];
/** One question and its answer; undefined if none came. */
type Ask = (method: number, attributesOf: AttributesOf, key?: Uint8Array) => Promise<StunMessage | undefined>;

async function withAsker<T>(
  { host, port, patienceMs = 3_000 }: ProbeTarget,
  body: (ask: Ask) => Promise<T>,
): Promise<T> {
  const { address, family } = await lookup(host);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(port, address, resolve);
    });
    return await body((method, attributesOf, key) => {
      const transaction = randomBytes(12);
      const question = { kind: 'request', method, transaction, attributes: attributesOf(transaction) } as const;
      const bytes = encodeStun(question, { ...(key && { key }), fingerprint: true });
      return exchange(socket, bytes, transaction, patienceMs);
    });
  } finally {
    socket.close();
  }
}

/** Sends until an answer to this transaction comes, or `patienceMs` are over. */
function exchange(
  socket: Socket,
  bytes: Uint8Array,
  transaction: Buffer,
  patienceMs: number,
): Promise<StunMessage | undefined> {
  return new Promise((resolve) => {
    let again: NodeJS.Timeout | undefined;
    const finish = (answer: StunMessage | undefined): void => {
      clearTimeout(again);
      clearTimeout(limit);
      socket.removeAllListeners();
      resolve(answer);
    };
    const limit = setTimeout(() => finish(undefined), patienceMs);
    const send = (waitMs: number): void => {
      // That nothing listens there is told as an error of the socket: silence all the same.
      socket.send(bytes, () => undefined);
      again = setTimeout(() => send(waitMs * 2), waitMs);
    };
    socket.on('error', () => undefined);
    socket.on('message', (received) => {
      const answer = decodeStun(received);
      if (answer === undefined || answer.kind === 'request' || !transaction.equals(answer.transaction)) return;
      finish(answer);
    });
    send(AGAIN_MS);
  });
}

function valueOf(message: StunMessage | undefined, type: number): Uint8Array | undefined {
  return message?.attributes.find((attribute) => attribute.type === type)?.value;
}

function addressIn(message: StunMessage | undefined, type: number): SocketAddress | undefined {
  const value = valueOf(message, type);
  return message && value && decodeXorAddress(value, message.transaction);
}

/** Of an answer that is not what was asked for, or of none. */
function failureOf(answer: StunMessage | undefined): ProbeFailure {
  if (answer === undefined) return { kind: 'silent' };
  const error = decodeErrorCode(valueOf(answer, ATTRIBUTES.errorCode) ?? new Uint8Array());
  return { kind: 'refused', ...(error ?? { code: 0, reason: 'an answer that makes no sense' }) };
}
