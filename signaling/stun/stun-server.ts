// A STUN server over UDP: it tells whoever asks from which address and port the question came (RFC 8489). Sockets only; what
// is answered, and how often, is stun-responder.ts. It logs nothing.
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { requireInteger } from '../limits.ts';
import type { PeerIndex } from './peer-index.ts';
import { socketAddress, socketName } from './socket-address.ts';
import { StunResponder, type StunFigures } from './stun-responder.ts';

export const STUN_PORT = 3478;

/** RFC 8839, section 5.1: foundation, component, transport, priority, address, port, type; of a server-reflexive one. */
const REFLEXIVE = /^(?:a=)?candidate:\S+ \d+ udp \d+ (\S+) (\d{1,5}) typ srflx\b/i;

export interface StunOptions {
  /**
   * Address to listen on: `0.0.0.0` all of IPv4, `::` all of IPv4 and IPv6. On a machine with several public addresses name one,
   * for an answer must come from where the question went.
   */
  readonly host: string;
  /** 0 .. 65,535; 0 lets the system choose. Default 3478. */
  readonly port?: number;
}

export interface RunningStun {
  readonly port: number;
  /** How peers are seen from outside. */
  readonly index: PeerIndex;
  /** `peer` signals `candidate`: if this server has told it that address, it is known by it from now on. */
  claim(peer: string, candidate: string): void;
  figures(): StunFigures;
  close(): Promise<void>;
}

/** Rejects with a RangeError on a bad port, and with the system's error if it cannot listen. */
export async function startStun({ host, port = STUN_PORT }: StunOptions): Promise<RunningStun> {
  requireInteger('port', port, 0, 65_535);
  const { family } = await lookup(host);
  const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4' });
  const responder = new StunResponder(performance.now());
  socket.on('message', (bytes, { address, port: from }) => {
    const source = socketAddress(address, from);
    const answer = source && responder.answer(performance.now(), bytes, source);
    // An answer that cannot leave (no route back, a full buffer) is lost as any datagram may be: who asks, asks again.
    if (answer !== undefined) socket.send(answer, from, address, () => undefined);
  });
  socket.bind(port, host);
  await once(socket, 'listening');
  // From here on errors belong to single datagrams.
  socket.on('error', () => undefined);
  let closing: Promise<void> | undefined;
  return {
    port: socket.address().port,
    index: responder.index,
    claim: (peer, candidate) => {
      const [, address, port] = REFLEXIVE.exec(candidate) ?? [];
      const seen = address === undefined ? undefined : socketAddress(address, Number(port));
      if (seen !== undefined) responder.index.claim(performance.now(), peer, socketName(seen));
    },
    figures: () => responder.figures(performance.now()),
    close: () => (closing ??= closed(socket)),
  };
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}
