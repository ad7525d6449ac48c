// The shell around the hub: real websockets, a real clock and one timer. Decodes frames, challenges every socket, checks who
// signed its joins and asks the session hooks about them, carries out what the hub decides, and lets go of sockets that read too
// slowly. What the rules are: hub.ts.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type ServerOptions as WsOptions, type WebSocket } from 'ws';
import type { FastifyBaseLogger } from 'fastify';
import { deviceIdOf } from '../src/keys/identity.ts';
import { closeReason, PROTOCOL_VERSION, SOCKET_CODES, type SocketCode } from '../src/wire/codes.ts';
import {
  CLIENT_FRAME_BYTES_MAX,
  decodeClient,
  encodeServer,
  type ClientMessage,
  type Signal,
} from '../src/wire/signaling.ts';
import { Addresses, clientAddress } from './addresses.ts';
import { Authorizing } from './authorizing.ts';
import { binaryFrame } from './binary-frame.ts';
import type { Desk } from './bus/bus.ts';
import type { SessionHooks } from './hooks.ts';
import type { Grant, HubInput, HubOutput, HubRequest, Subject } from './hub-ports.ts';
import { JoinPace } from './join-pace.ts';
import { isSigned } from './join-signature.ts';
import type { HubLimits } from './limits.ts';
import { isFrom } from './moderation/address-subject.ts';
import { Nonces } from './nonces.ts';
import { originAllowed } from './origin.ts';
import { WallClock } from './wall-clock.ts';

export interface SocketsOptions {
  /** Where websockets are opened, such as `/ws`. */
  readonly path: string;
  readonly hub: Desk;
  /** The hub's own. */
  readonly limits: HubLimits;
  readonly hooks: SessionHooks;
  /** How long the hooks may take over a join, ms. */
  readonly authorizeMs: number;
  /** How many proxies stand in front and write `X-Forwarded-For`. */
  readonly proxyHops: number;
  readonly logger: FastifyBaseLogger;
  /** Origins whose pages may connect; undefined: those of the host that the request names. */
  readonly allowedOrigins: readonly string[] | undefined;
  /** Hears which candidates a device signals: those that STUN has told it name its sockets. */
  readonly onCandidate: ((device: string, candidate: string) => void) | undefined;
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
  /** Under it. */
  readonly stream: Duplex;
  /** Whose it is (addresses.ts). */
  readonly address: string;
  /** What its joins sign. */
  readonly nonce: Uint8Array;
  /** What the hooks let it in with, until it leaves: to join the same pool again, under another name, asks nobody. */
  granted: { readonly id: string; readonly pool: string; readonly grant: Grant } | undefined;
  /** Its opening counted as a join: the first one is free. */
  paid: boolean;
  /**
   * What came after a join whose signature is being checked, in order; undefined: none is. No more than had been read with
   * that join: nothing is read meanwhile.
   */
  behind: (() => void)[] | undefined;
}

export class Sockets {
  readonly #options: SocketsOptions;
  readonly #hub: Desk;
  readonly #server: WebSocketServer;
  readonly #wall = new WallClock();
  readonly #sockets = new Map<number, OpenSocket>();
  readonly #addresses: Addresses;
  readonly #pace: JoinPace;
  readonly #authorizing: Authorizing;
  readonly #nonces = new Nonces();
  #lastNumber = 0;
  #timer: NodeJS.Timeout | undefined;
  #timerAt: number | null = null;
  #stopping = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: SocketsOptions) {
    this.#options = options;
    const { limits, hooks, authorizeMs, logger } = options;
    this.#hub = options.hub;
    this.#addresses = new Addresses(limits);
    this.#pace = new JoinPace(limits.joinsBurst, limits.joinsPerSecond, performance.now());
    this.#authorizing = new Authorizing(hooks, authorizeMs, logger);
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
    const address = clientAddress(request, this.#options.proxyHops);
    const refusal = this.#upgradeRefusal(request, address);
    if (refusal !== undefined) {
      this.#options.logger.debug({ refusal }, 'websocket refused');
      stream.on('error', () => stream.destroy());
      stream.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    let adopted = false;
    // The answer and the challenge leave in one packet.
    stream.cork();
    this.#server.handleUpgrade(request, stream, head, (socket) => {
      adopted = true;
      this.#adopt(socket, stream, address);
    });
    stream.uncork();
    // `ws` has answered already whoever does not ask as the protocol wants it.
    if (!adopted) this.#addresses.close(address);
  }

  /** Ends all sessions of `subject`, and those that are about to begin. */
  revoke(subject: Subject): void {
    this.#handle({ kind: 'revoke', subject });
    this.revoked(subject);
  }

  /** Another node did so. Who is in a pool the desk has seen to, but for addresses: it knows none. */
  revoked(subject: Subject): void {
    this.#authorizing.revoke(subject);
    for (const { number, address } of this.#sockets.values()) {
      if (isFrom(subject, address)) this.#handle({ kind: 'close', socket: number, code: 'revoked' });
    }
  }

  /** Carries out what the hub has decided without having been asked. */
  wake(): void {
    for (let output = this.#hub.poll(); output !== undefined; output = this.#hub.poll()) this.#perform(output);
    this.#arm();
  }

  /** Closes every socket within `overMs`, each with `restarting` and a time to come back, and waits for their goodbyes. */
  async drain(overMs: number): Promise<void> {
    this.#handle({ kind: 'drain', overMs });
    await this.#emptied(overMs + this.#options.closeMs);
  }

  /** Closes every socket with `going-away`, waits up to `closeMs` for their goodbyes, and cuts off the rest. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#handle({ kind: 'stop' });
    await this.#emptied(this.#options.closeMs);
    for (const { socket } of this.#sockets.values()) socket.terminate();
    clearTimeout(this.#timer);
    this.#server.close();
  }

  /** Resolves when the last socket is gone, and after `mostMs` in any case. */
  async #emptied(mostMs: number): Promise<void> {
    if (this.#sockets.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, mostMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Whoever is not refused has a place of its address's. */
  #upgradeRefusal({ url, headers }: IncomingMessage, address: string): string | undefined {
    if (this.#stopping) return '503 Service Unavailable';
    if (url?.split('?', 1)[0] !== this.#options.path) return '404 Not Found';
    if (!originAllowed(headers.origin, headers.host, this.#options.allowedOrigins)) return '403 Forbidden';
    return this.#addresses.open(performance.now(), address) ? undefined : '429 Too Many Requests';
  }

  #adopt(socket: WebSocket, stream: Duplex, address: string): void {
    const number = ++this.#lastNumber;
    const nonce = this.#nonces.next();
    const open: OpenSocket = {
      number,
      socket,
      stream,
      address,
      nonce,
      granted: undefined,
      paid: true,
      behind: undefined,
    };
    const retryMs = this.#pace.take(performance.now());
    this.#sockets.set(number, open);
    socket.on('message', (data, isBinary) => this.#receive(open, data, isBinary, this.#wall.nowMs()));
    // Counted too: what costs the server an answer is charged like a message.
    socket.on('ping', (data) => this.#handle({ kind: 'alive', socket: number, bytes: data.length }));
    socket.on('pong', (data) => this.#handle({ kind: 'alive', socket: number, bytes: data.length }));
    // Broken framing or an oversize frame; `ws` closes with the code that fits, and `close` follows.
    socket.on('error', (error) => this.#options.logger.debug({ socket: number, error: error.message }, 'socket error'));
    socket.on('close', () => {
      this.#sockets.delete(number);
      this.#addresses.close(address);
      this.#handle({ kind: 'dropped', socket: number });
      if (this.#sockets.size === 0) this.#onEmpty?.();
    });
    this.#handle({ kind: 'opened', socket: number, ...(retryMs > 0 && { retryMs }) });
    if (retryMs === 0) this.#send(number, binaryFrame(encodeServer({ kind: 'challenge', nonce: open.nonce })));
  }

  #handle(input: HubInput): void {
    this.#hub.handle(performance.now(), input);
    this.wake();
  }

  #perform(output: HubOutput): void {
    switch (output.kind) {
      case 'send': {
        const { message } = output;
        const bytes = encodeServer(message.kind === 'timed' ? { ...message, t2Ms: this.#wall.nowMs() } : message);
        const frame = binaryFrame(bytes);
        for (const number of output.sockets) this.#send(number, frame);
        return;
      }
      case 'probe':
        this.#sockets.get(output.socket)?.socket.ping();
        return;
      case 'close': {
        const { socket, code, retryMs } = output;
        this.#options.logger.debug({ socket, code }, 'socket closed');
        this.#sockets.get(socket)?.socket.close(SOCKET_CODES[code], closeReason(code, retryMs));
        return;
      }
      case 'entered':
        return this.#callHook(() => this.#options.hooks.onJoin(output.seat));
      case 'vacated':
        return this.#callHook(() => this.#options.hooks.onLeave(output.seat, output.why));
    }
  }

  /** A hook's mistake is not the pool's. */
  #callHook(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.logger.error({ error: error instanceof Error ? error.message : String(error) }, 'a hook failed');
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
    else if (message.kind !== 'join') {
      if (message.kind === 'leave') open.granted = undefined;
      if (message.kind === 'relay') this.#hearSignal(open, message.signal);
      this.#handle({ ...frame, request: message });
    } else void this.#receiveJoin(open, frame, message);
  }

  #hearSignal({ granted }: OpenSocket, signal: Signal): void {
    if (signal.kind === 'candidate' && granted !== undefined) this.#options.onCandidate?.(granted.id, signal.candidate);
  }

  async #receiveJoin(open: OpenSocket, frame: Omit<FrameInput, 'request'>, join: Join): Promise<void> {
    open.behind = [];
    open.socket.pause();
    this.#handle({ ...frame, request: await this.#joinRequest(open, join) });
    open.socket.resume();
    const { behind } = open;
    open.behind = undefined;
    for (const again of behind) again();
  }

  /** What the hub is to hear of a join: cheap reasons against it first, then who signed it, then what the hooks say. */
  async #joinRequest(open: OpenSocket, asked: Join): Promise<HubRequest> {
    const { signKey, signature: _checked, ticket, ...join } = asked;
    // Nothing else was read of it, and the hub refuses it.
    if (join.version !== PROTOCOL_VERSION) return { ...join, id: '', grant: { zones: [] } };
    const now = performance.now();
    const retryMs = this.#addresses.join(now, open.address) || (open.paid ? 0 : this.#pace.take(now));
    open.paid = false;
    if (retryMs > 0) return refused('busy', retryMs);
    if (!isSigned(asked, open.nonce)) return refused('identity');
    const id = deviceIdOf(signKey);
    const { pool, name, device: kind } = join;
    const known = open.granted;
    if (known?.id === id && known.pool === pool) return { ...join, id, grant: known.grant };
    const verdict = await this.#authorizing.ask({ pool, device: id, name, kind, ticket, address: open.address });
    if (verdict.kind === 'ended') return refused(verdict.code);
    if (verdict.kind === 'refused') return refused(verdict.code, verdict.retryMs);
    const { kind: _admitted, untilMs, ...rest } = verdict;
    const grant = {
      ...rest,
      ...(untilMs !== undefined && { untilMs: untilMs - this.#wall.nowMs() + performance.now() }),
    };
    open.granted = { id, pool, grant };
    return { ...join, id, grant };
  }

  /** Past `ws`, which writes head and payload in two pieces: one piece costs a third less, and is made once for a whole pool. */
  #send(number: number, frame: Uint8Array): void {
    const open = this.#sockets.get(number);
    if (open === undefined || open.socket.readyState !== open.socket.OPEN) return;
    const { socket, stream } = open;
    if (stream.writableLength + frame.length > this.#options.bufferedBytesMax) {
      // A close frame would wait behind everything it does not read, so there is no goodbye.
      this.#options.logger.debug({ socket: number }, 'socket reads too slowly');
      socket.terminate();
      return;
    }
    stream.write(frame);
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

function refused(code: SocketCode, retryMs?: number): HubRequest {
  return { kind: 'refused', code, ...(retryMs !== undefined && { retryMs }) };
}
