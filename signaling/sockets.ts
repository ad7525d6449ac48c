// The shell around the hub: real websockets, a real clock and one timer. Decodes frames, hashes secrets into device
// ids, carries out what the hub decides, and lets go of sockets that read too slowly. What the rules are: hub.ts.
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type ServerOptions as WsOptions, type WebSocket } from 'ws';
import type { FastifyBaseLogger } from 'fastify';
import { SOCKET_CODES } from '../src/wire/codes.ts';
import { CLIENT_FRAME_BYTES_MAX, decodeClient, encodeServer, type ClientMessage } from '../src/wire/signaling.ts';
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

export class Sockets {
  readonly #options: SocketsOptions;
  readonly #hub: Hub;
  readonly #server: WebSocketServer;
  readonly #wall = new WallClock();
  /** Every socket until it is really gone, also those the hub has forgotten. */
  readonly #sockets = new Map<number, WebSocket>();
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
    for (const socket of this.#sockets.values()) socket.terminate();
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
    this.#sockets.set(number, socket);
    socket.on('message', (data, isBinary) => this.#handle(this.#frameInput(number, data, isBinary)));
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
        this.#sockets.get(output.socket)?.ping();
        return;
      case 'close':
        this.#options.logger.debug({ socket: output.socket, code: output.code }, 'socket closed');
        this.#sockets.get(output.socket)?.close(SOCKET_CODES[output.code], output.code);
        return;
    }
  }

  /** A frame for the hub. Only binary frames carry messages. */
  #frameInput(socket: number, data: RawData, isBinary: boolean): HubInput {
    const wallMs = this.#wall.nowMs();
    const bytes = data instanceof Uint8Array ? data : new Uint8Array(0);
    const message = isBinary ? decodeClient(bytes) : undefined;
    const frame = { kind: 'frame', socket, bytes: bytes.length, wallMs } as const;
    return message === undefined ? frame : { ...frame, request: requestOf(message) };
  }

  #send(number: number, bytes: Uint8Array): void {
    const socket = this.#sockets.get(number);
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

function requestOf(message: ClientMessage): HubRequest {
  if (message.kind !== 'join') return message;
  const { kind, version, pool, secret, name, device } = message;
  return { kind, version, pool, id: deviceId(secret), name, device };
}

/** 32 hex digits: the first 16 bytes of the SHA-256 of the secret, which is so never shown to anyone else. */
function deviceId(secret: Uint8Array): string {
  return createHash('sha256').update(secret).digest('hex').slice(0, 32);
}
