// Pairs of devices that call each other over and over through a server: an offer, its answer, six candidates, the next offer.
// Each answers what comes at once, so as many signals are under way as there are pairs. Whatever the server, both ends encode and
// check what they send and decode what they get.
import { decodeClient, encodeClient, type Signal } from '../../src/wire/signaling.ts';
import { addressOf, Member } from './members.ts';
import type { Contender } from './server-process.ts';
import { ThinSocket } from './thin-socket.ts';

/** One end of a pair. */
interface Seat {
  send(signal: Signal): void;
  onSignal: () => void;
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

  /** Begins all calls; they go on until the process ends. */
  begin(): void {
    for (const [caller, called] of this.#pairs) {
      let turn = 0;
      const next = (): void => {
        const signal = CALL[turn % CALL.length];
        if (signal !== undefined) (turn % 2 === 0 ? caller : called).send(signal);
        turn += 1;
      };
      caller.onSignal = called.onSignal = () => {
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

/** Both meet in a pool of their own. */
function openMembers(port: number, pair: number): Promise<readonly [Seat, Seat]> {
  return new Promise((resolve) => {
    const ids: string[] = [];
    const seats = [0, 1].map((side): Seat => {
      const member = new Member(port, 2 * pair + side, `call-${pair}`, (message) => {
        if (message.kind === 'relayed') return seat.onSignal();
        if (message.kind !== 'welcome') return;
        ids[side] = message.self;
        const [caller, called] = seats;
        if (ids[1 - side] !== undefined && caller !== undefined && called !== undefined) resolve([caller, called]);
      });
      const seat: Seat = {
        send: (signal) => void member.send({ kind: 'relay', peer: ids[1 - side] ?? '', attempt: 1, signal }),
        onSignal: () => {},
      };
      member.start();
      return seat;
    });
  });
}

/** The bare server passes on what comes from n to n ^ 1: the very messages that Rockpool's server is sent. */
async function openBare(port: number, pair: number): Promise<readonly [Seat, Seat]> {
  const open = async (side: number): Promise<Seat> => {
    const number = 2 * pair + side;
    const socket = await opened(`ws://127.0.0.1:${port}/?${number}`, number);
    const seat: Seat = {
      send: (signal) => {
        const bytes = encodeClient({ kind: 'relay', peer: '0'.repeat(32), attempt: 1, signal });
        if (decodeClient(bytes) !== undefined) socket.send(bytes);
      },
      onSignal: () => {},
    };
    socket.addEventListener('message', ({ data }) => {
      if (data instanceof ArrayBuffer && decodeClient(new Uint8Array(data)) !== undefined) seat.onSignal();
    });
    return seat;
  };
  return Promise.all([open(0), open(1)]);
}

async function openPeerJs(port: number, pair: number): Promise<readonly [Seat, Seat]> {
  const open = async (side: number): Promise<Seat> => {
    const number = 2 * pair + side;
    const socket = await opened(peerJsUrl(port, number), number);
    const seat: Seat = {
      send: (signal) => {
        const type = signal.kind.toUpperCase();
        socket.send(JSON.stringify({ type, dst: String(number ^ 1), payload: { ...signal, connectionId: 'dc_1' } }));
      },
      onSignal: () => {},
    };
    socket.addEventListener('message', ({ data }) => {
      const message: unknown = JSON.parse(String(data));
      if (typeof message === 'object' && message !== null && 'payload' in message) seat.onSignal();
    });
    return seat;
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
