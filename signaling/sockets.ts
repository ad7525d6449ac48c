// The shell around the hub: real websockets, a real clock and one timer. Decodes frames, challenges every socket and checks
// who signed its joins, carries out what the hub decides, and lets go of sockets that read too slowly. What the rules are: hub.ts.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type ServerOptions as WsOptions, type WebSocket } from 'ws';
import type { FastifyBaseLogger } from 'fastify';
import { deviceIdOf, LABELS, verify } from '../src/keys/identity.ts';
import { PROTOCOL_VERSION, SOCKET_CODES } from '../src/wire/codes.ts';
import {
  CLIENT_FRAME_BYTES_MAX,
  decodeClient,
  encodeServer,
  joinBytes,
  NONCE_BYTES,
  type ClientMessage,
} from '../src/wire/signaling.ts';
import type { Hub, HubInput, HubOutput, HubRequest } from './hub.ts';
import { originAllowed } from './origin.ts';
import { WallClock } from './wall-clock.ts';

export interface SocketsOptions {
  readonly hub: Hub;
  readonly logger: FastifyBaseLogger;
  /** Origins whose pages may connect; undefined: those of the host that the request names. */
  readonly allowedOrigins: readonly string[] | undefined;
  /** Bytes that may wait for one socket's reader before it is dropped. */
  readonly bufferedBytesMax: number;
  /** How long a closing socket may take over its goodbye, ms. */
  readonly closeMs: number;
}

type Join = Extract<ClientMessage, { kind: 'join' }>;
type FrameInput = Extract<HubInput, { kind: 'frame' }>;

/** A socket until it is really gone, also when the hub has forgotten it. */
interface OpenSocket {
  readonly number: number;
  readonly socket: WebSocket;
  /** What its joins sign. */
  readonly nonce: Uint8Array;
  /**
   * What came after a join whose signature is being checked, in order; undefined: none is. No more than had been read with
   * that join: nothing is read meanwhile.
   */
  behind: (() => void)[] | undefined;
}

export class Sockets {
  readonly #options: SocketsOptions;
  readonly #hub: Hub;
  readonly #server: WebSocketServer;
  readonly #wall = new WallClock();
  readonly #sockets = new Map<number, OpenSocket>();
  #lastNumber = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAt: number | null = null;
  #stopping = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: SocketsOptions) {
    this.#options = options;
    this.#hub = options.hub;
    // The published types do not know `closeTimeout` yet.
    const wsOptions: WsOptions & { closeTimeout: number } = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: CLIENT_FRAME_BYTES_MAX,
      closeTimeout: options.closeMs,
    };
    this.#server = new WebSocketServer(wsOptions);
  }

  /** The HTTP server's `upgrade` event. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const refusal = this.#upgradeRefusal(request);
    if (refusal !== undefined) {
      this.#options.logger.debug({ refusal }, 'websocket refused');
      stream.on('error', () => stream.destroy());
      stream.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#server.handleUpgrade(request, stream, head, (socket) => this.#adopt(socket));
  }

  /** Closes every socket with `going-away`, waits up to `closeMs` for their goodbyes, and cuts off the rest. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#handle({ kind: 'stop' });
    if (this.#sockets.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#options.closeMs);
        this.#onEmpty = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    for (const { socket } of this.#sockets.values()) socket.terminate();
    clearTimeout(this.#timer);
    this.#server.close();
  }

  #upgradeRefusal({ url, headers }: IncomingMessage): string | undefined {
    if (this.#stopping) return '503 Service Unavailable';
    if (url?.split('?', 1)[0] !== '/ws') return '404 Not Found';
    return originAllowed(headers.origin, headers.host, this.#options.allowedOrigins) ? undefined : '403 Forbidden';
  }

  #adopt(socket: WebSocket): void {
    const number = ++this.#lastNumber;
    const open: OpenSocket = { number, socket, nonce: randomBytes(NONCE_BYTES), behind: undefined };
    this.#sockets.set(number, open);
    socket.on('message', (data, isBinary) => this.#receive(open, data, isBinary, this.#wall.nowMs()));
    // Counted too: what costs the server an answer is charged like a message.
    socket.on('ping', (data) => this.#handle({ kind: 'alive', socket: number, bytes: data.length }));
    socket.on('pong', (data) => this.#handle({ kind: 'alive', socket: number, bytes: data.length }));
    // Broken framing or an oversize frame; `ws` closes with the code that fits, and `close` follows.
    socket.on('error', (error) => this.#options.logger.debug({ socket: number, error: error.message }, 'socket error'));
    socket.on('close', () => {
      this.#sockets.delete(number);
      this.#handle({ kind: 'dropped', socket: number });
      if (this.#sockets.size === 0) this.#onEmpty?.();
    });
    this.#handle({ kind: 'opened', socket: number });
    this.#send(number, encodeServer({ kind: 'challenge', nonce: open.nonce }));
  }

  #handle(input: HubInput): void {
    this.#hub.handle(performance.now(), input);
    for (let output = this.#hub.poll(); output !== undefined; output = this.#hub.poll()) this.#perform(output);
    this.#arm();
  }

  #perform(output: HubOutput): void {
    switch (output.kind) {
      case 'send': {
        const { message } = output;
        const bytes = encodeServer(message.kind === 'timed' ? { ...message, t2Ms: this.#wall.nowMs() } : message);
        for (const number of output.sockets) this.#send(number, bytes);
        return;
      }
      case 'probe':
        this.#sockets.get(output.socket)?.socket.ping();
        return;
      case 'close':
        this.#options.logger.debug({ socket: output.socket, code: output.code }, 'socket closed');
        this.#sockets.get(output.socket)?.socket.close(SOCKET_CODES[output.code], output.code);
        return;
    }
  }

  /** A frame for the hub, which hears of a join only once its signature was checked. Only binary frames carry messages. */
  #receive(open: OpenSocket, data: RawData, isBinary: boolean, wallMs: number): void {
    if (open.behind !== undefined) {
      open.behind.push(() => this.#receive(open, data, isBinary, wallMs));
      return;
    }
    const bytes = data instanceof Uint8Array ? data : new Uint8Array(0);
    const message = isBinary ? decodeClient(bytes) : undefined;
    const frame = { kind: 'frame', socket: open.number, bytes: bytes.length, wallMs } as const;
    if (message === undefined) this.#handle(frame);
    else if (message.kind !== 'join') this.#handle({ ...frame, request: message });
    else void this.#receiveJoin(open, frame, message);
  }

  async #receiveJoin(open: OpenSocket, frame: Omit<FrameInput, 'request'>, join: Join): Promise<void> {
    open.behind = [];
    open.socket.pause();
    this.#handle({ ...frame, request: await joinRequest(open.nonce, join) });
    open.socket.resume();
    const { behind } = open;
    open.behind = undefined;
    for (const again of behind) again();
  }

  #send(number: number, bytes: Uint8Array): void {
    const socket = this.#sockets.get(number)?.socket;
    if (socket === undefined || socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount + bytes.length > this.#options.bufferedBytesMax) {
      // A close frame would wait behind everything it does not read, so there is no goodbye.
      this.#options.logger.debug({ socket: number }, 'socket reads too slowly');
      socket.terminate();
      return;
    }
    socket.send(bytes);
  }

  #arm(): void {
    const at = this.#hub.nextTimeout();
    if (at === this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    if (at === null) return;
    this.#timer = setTimeout(
      () => {
        this.#timerAt = null;
        this.#handle({ kind: 'tick' });
      },
      Math.max(0, at - performance.now()),
    );
  }
}

async function joinRequest(nonce: Uint8Array, { signKey, signature, ...join }: Join): Promise<HubRequest> {
  // Nothing else was read of it, and the hub refuses it.
  if (join.version !== PROTOCOL_VERSION) return { ...join, id: '' };
  const signed = await verify(signKey, LABELS.join, joinBytes(nonce, join), signature);
  return signed ? { ...join, id: deviceIdOf(signKey) } : { kind: 'forged' };
}
