// A signaling server that sits in between: it ends the PeerConnections of both members itself, with certificates of its own,
// and passes their datagrams on. Or, told to be honest, passes their signals on and has no part in the rest.
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { WebSocketServer, type WebSocket } from 'ws';
import { nodeTransport } from '../../src/io/link-node.ts';
import type { Transport } from '../../src/io/transport.ts';
import { deviceIdOf } from '../../src/keys/identity.ts';
import {
  decodeClient,
  encodeServer,
  type ClientMessage,
  type Member,
  type ServerMessage,
} from '../../src/wire/signaling.ts';

type Relay = Extract<ClientMessage, { kind: 'relay' }>;

interface Seat {
  readonly socket: WebSocket;
  readonly member: Member;
}

/** Both halves of one connection between two members, joined here. */
interface Bridge {
  /** By the member whom an end leads to. */
  readonly ends: Map<string, Transport>;
  /** What came before the other half was open. */
  readonly waiting: Map<string, Uint8Array[]>;
}

export class InBetween {
  /** Datagrams that were passed on. */
  carried = 0;
  readonly #honest: boolean;
  readonly #server: WebSocketServer;
  readonly #seats = new Map<string, Seat>();
  /** By attempt. */
  readonly #bridges = new Map<number, Bridge>();

  constructor(server: Server, options: { readonly honest: boolean }) {
    this.#honest = options.honest;
    this.#server = new WebSocketServer({ server, path: '/ws' });
    this.#server.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => this.#heard(socket, data));
      say(socket, { kind: 'challenge', nonce: new Uint8Array(randomBytes(32)) });
    });
  }

  close(): void {
    for (const { ends } of this.#bridges.values()) for (const end of ends.values()) end.close();
    for (const socket of this.#server.clients) socket.terminate();
    this.#server.close();
  }

  #heard(socket: WebSocket, data: Buffer): void {
    const message = decodeClient(data);
    if (message?.kind === 'join') this.#join(socket, message);
    if (message?.kind === 'time') {
      const nowMs = Date.now();
      say(socket, { kind: 'timed', t0Ms: message.t0Ms, t1Ms: nowMs, t2Ms: nowMs });
    }
    if (message?.kind !== 'relay') return;
    const from = [...this.#seats].find(([, seat]) => seat.socket === socket)?.[0];
    if (from === undefined) return;
    if (this.#honest) this.#tell(message.peer, from, message);
    else this.#bridgeOf(from, message).ends.get(from)?.signal(message.signal);
  }

  #join(socket: WebSocket, { pool, name, device, signKey }: Extract<ClientMessage, { kind: 'join' }>): void {
    const id = deviceIdOf(signKey);
    const others = [...this.#seats.values()];
    const member: Member = { id, name, device, role: others.length === 0 ? 'owner' : 'member' };
    this.#seats.set(id, { socket, member });
    const peers = others.map((seat) => seat.member);
    say(socket, { kind: 'welcome', self: id, pool, role: member.role, peers, iceServers: [] });
    for (const seat of others) say(seat.socket, { kind: 'peer-joined', peer: member });
  }

  /** The first signal of an attempt, which is its caller's, has both halves made: one answers, the other calls. */
  #bridgeOf(from: string, { peer, attempt }: Relay): Bridge {
    const known = this.#bridges.get(attempt);
    if (known !== undefined) return known;
    const bridge: Bridge = { ends: new Map(), waiting: new Map() };
    this.#bridges.set(attempt, bridge);
    const half = (towards: string, other: string, initiator: boolean): void => {
      const end = nodeTransport(
        { initiator, iceServers: [] },
        {
          onSignal: (signal) => this.#tell(towards, other, { kind: 'relay', peer: towards, attempt, signal }),
          onOpen: () => {
            for (const bytes of bridge.waiting.get(towards) ?? []) end.send(bytes);
          },
          onDatagram: (bytes) => {
            this.carried += 1;
            if (bridge.ends.get(other)?.send(bytes) === true) return;
            bridge.waiting.set(other, [...(bridge.waiting.get(other) ?? []), bytes]);
          },
          onClosed: () => bridge.ends.get(other)?.close(),
        },
      );
      bridge.ends.set(towards, end);
    };
    half(from, peer, false);
    half(peer, from, true);
    return bridge;
  }

  #tell(to: string, from: string, { attempt, signal }: Relay): void {
    const seat = this.#seats.get(to);
    if (seat !== undefined) say(seat.socket, { kind: 'relayed', peer: from, attempt, signal });
  }
}

function say(socket: WebSocket, message: ServerMessage): void {
  socket.send(encodeServer(message));
}
