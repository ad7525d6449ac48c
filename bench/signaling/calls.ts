// Pairs of devices that call each other over and over through a server: an offer, its answer, six candidates, the next offer.
// Each answers what comes at once, so as many signals are under way as there are pairs. Whatever the server, what they send was made
// beforehand, and what comes is only counted: they are to wait for the server, never it for them, or it would be measured at another load
// than the next one.
import { encodeClient, type Signal } from '../../src/wire/signaling.ts';
import { addressOf, Member } from './members.ts';
import type { Contender } from './server-process.ts';
import { frameOf, ThinSocket } from './thin-socket.ts';

/** Every signal here has more; PeerJS's server says OPEN first, which has less. */
const SIGNAL_BYTES_MIN = 64;

/** One end of a pair. */
interface Seat {
  readonly socket: ThinSocket;
  /** Each of CALL for the other end, as this server wants it. */
  readonly frames: readonly Buffer[];
}

export class Calls {
  /** Signals that have come through. */
  signals = 0;
  readonly #pairs: readonly (readonly [Seat, Seat])[];

  private constructor(pairs: readonly (readonly [Seat, Seat])[]) {
    this.#pairs = pairs;
  }

  /** Resolves once all `pairs` can call through the server at `port`. */
  static async open(contender: Contender, port: number, pairs: number): Promise<Calls> {
    const opening = OPENING[contender];
    return new Calls(await Promise.all(Array.from({ length: pairs }, (_, pair) => opening(port, pair))));
  }

  /**
   * Begins all calls; they go on until the process ends. Meanwhile it never sleeps: to wake a process is charged to whoever writes to it,
   * which on a network is no server, and here would be the one that keeps its clients waiting.
   */
  begin(): void {
    const stayAwake = (): void => void setImmediate(stayAwake);
    stayAwake();
    for (const [caller, called] of this.#pairs) {
      let turn = 0;
      const next = (): void => {
        const { socket, frames } = turn % 2 === 0 ? caller : called;
        const frame = frames[turn % frames.length];
        if (frame !== undefined) socket.write(frame);
        turn += 1;
      };
      caller.socket.onPayload = called.socket.onPayload = ({ length }) => {
        if (length < SIGNAL_BYTES_MIN) return;
        this.signals += 1;
        next();
      };
      next();
    }
  }
}

const OPENING: Readonly<Record<Contender, (port: number, pair: number) => Promise<readonly [Seat, Seat]>>> = {
  rockpool: openMembers,
  ws: openBare,
  peerjs: openPeerJs,
};

/** Both meet in a pool of their own, and each knows of the other: nothing else comes then. */
async function openMembers(port: number, pair: number): Promise<readonly [Seat, Seat]> {
  const join = (side: number): Promise<readonly [Member, string]> =>
    new Promise((resolve) => {
      const member = new Member(port, 2 * pair + side, `call-${pair}`, (message) => {
        if (message.kind === 'welcome') resolve([member, message.self]);
        else if (message.kind === 'peer-joined') knows();
      });
      member.start();
    });
  let knows = (): void => {};
  const known = new Promise<void>((resolve) => (knows = resolve));
  const [caller, callerId] = await join(0);
  const [called, calledId] = await join(1);
  await known;
  return [seatOf(caller, calledId), seatOf(called, callerId)];
}

function seatOf({ socket }: Member, peer: string): Seat {
  if (socket === undefined) throw new Error('a member without a socket');
  return { socket, frames: CALL.map((signal) => relayFrame(peer, signal)) };
}

const relayFrame = (peer: string, signal: Signal): Buffer =>
  frameOf(encodeClient({ kind: 'relay', peer, attempt: 1, signal }));

/** The bare server passes on what comes from n to n ^ 1: the very messages that Rockpool's server is sent. */
function openBare(port: number, pair: number): Promise<readonly [Seat, Seat]> {
  const open = async (side: number): Promise<Seat> => {
    const number = 2 * pair + side;
    const socket = await opened(`ws://127.0.0.1:${port}/?${number}`, number);
    return { socket, frames: CALL.map((signal) => relayFrame('0'.repeat(32), signal)) };
  };
  return Promise.all([open(0), open(1)]);
}

function openPeerJs(port: number, pair: number): Promise<readonly [Seat, Seat]> {
  const open = async (side: number): Promise<Seat> => {
    const number = 2 * pair + side;
    const socket = await opened(peerJsUrl(port, number), number);
    const frames = CALL.map((signal) => {
      const type = signal.kind.toUpperCase();
      const message = { type, dst: String(number ^ 1), payload: { ...signal, connectionId: 'dc_1' } };
      return frameOf(JSON.stringify(message));
    });
    return { socket, frames };
  };
  return Promise.all([open(0), open(1)]);
}

export function peerJsUrl(port: number, number: number): string {
  return `ws://127.0.0.1:${port}/peerjs?key=peerjs&id=${number}&token=t`;
}

/** A websocket that is open; one that never opens rejects. */
export function opened(url: string, index: number): Promise<ThinSocket> {
  return new Promise((resolve, reject) => {
    const socket = new ThinSocket(url, addressOf(index));
    socket.addEventListener('open', () => resolve(socket));
    socket.addEventListener('close', ({ code }) => reject(new Error(`${url} closed with ${code}`)));
  });
}

/** One data channel, as Chromium describes it. */
const SDP: string = [
  'v=0',
  'o=- 4611731400430051336 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'a=group:BUNDLE 0',
  'a=extmap-allow-mixed',
  'a=msid-semantic: WMS',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP4 0.0.0.0',
  'a=ice-ufrag:eUfr',
  'a=ice-pwd:uG0CkYwR9p2sLkQn3vT7xZ4b',
  'a=ice-options:trickle',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => 'A7').join(':')}`,
  'a=setup:actpass',
  'a=mid:0',
  'a=sctp-port:5000',
  'a=max-message-size:262144',
  '',
].join('\r\n');

const CANDIDATE: Signal = {
  kind: 'candidate',
  candidate:
    'candidate:842163049 1 udp 1677729535 203.0.113.77 46154 typ srflx raddr 192.168.1.17 rport 46154 generation 0 ufrag eUfr network-cost 999',
  mid: '0',
};

const CALL: readonly Signal[] = [
  { kind: 'offer', sdp: SDP },
  { kind: 'answer', sdp: SDP },
  ...Array.from({ length: 6 }, () => CANDIDATE),
];
