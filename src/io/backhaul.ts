// The client's websocket to the signaling server: opens it, keeps it alive, notices when it is dead, and comes back
// with growing pauses. What to say after it opens (a join, first of all) is the driver's.
// Works with the browser's WebSocket and the one of `ws`. All times in ms.
import { SOCKET_CODES, codeName, retryMsIn, type SocketCode } from '../wire/codes.ts';
import { decodeClient, decodeServer, encodeClient, type ClientMessage, type ServerMessage } from '../wire/signaling.ts';

export type BackhaulEvent =
  | { readonly kind: 'connecting' }
  /** The server takes messages now; its challenge is the first message to come. Comes again after every reconnect. */
  | { readonly kind: 'open' }
  /** Also the answers to the backhaul's own questions for the time: an answer is good for whoever keeps the clock. */
  | { readonly kind: 'message'; readonly message: ServerMessage }
  /** No connection; the next try comes in `retryMs`. */
  | { readonly kind: 'waiting'; readonly retryMs: number; readonly reason: string }
  /** The server does not want this client back as it is; only another `start()` tries again. */
  | { readonly kind: 'refused'; readonly code: SocketCode; readonly reason: string };

export interface BackhaulLimits {
  /** Half of the longest first pause; doubles with every second try, 1 .. 60,000. What a server asks for is never less. */
  readonly retryBaseMs: number;
  /** Longest pause of our own, `retryBaseMs` .. 600,000. */
  readonly retryMaxMs: number;
  /** From asking for a socket to its opening, 100 .. 120,000. */
  readonly connectMs: number;
  /** Between questions for the time, its signs of life, 100 .. 600,000; the server's `silentMs` must be longer. */
  readonly askMs: number;
  /** From a question to any sign of life, 100 .. 120,000; past it the connection counts as dead. */
  readonly answerMs: number;
  /** Bytes that may wait in the socket before `send` refuses, 65,536 .. 2^30: signals grow stale, so few may queue. */
  readonly bufferedBytesMax: number;
}

export const BACKHAUL_DEFAULTS: BackhaulLimits = {
  retryBaseMs: 250,
  retryMaxMs: 15_000,
  connectMs: 10_000,
  askMs: 8_000,
  answerMs: 5_000,
  bufferedBytesMax: 1024 * 1024,
};

export interface BackhaulOptions {
  /** `ws://` or `wss://`. */
  readonly url: string;
  readonly webSocket: (url: string) => WebSocket;
  /** Called in order. From inside a call of `start` only with `connecting`, or `waiting` if no socket can be had. */
  readonly onEvent: (event: BackhaulEvent) => void;
  /** 0 <= x < 1. Default `Math.random`; it only spreads the retries of many clients. */
  readonly random?: () => number;
  readonly limits?: Partial<BackhaulLimits>;
  /** Fires `online` when the machine finds a network again. Default: the browser's window; on Node there is none. */
  readonly network?: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;
}

/** The server means these: coming back the same way would only repeat them (or fight another tab over one place). */
const REFUSALS: ReadonlySet<SocketCode> = new Set([
  'version',
  'malformed',
  'elsewhere',
  'pool-full',
  'identity',
  'ticket',
  'denied',
  'revoked',
]);
/** The server has too much to do: come back late, if it does not say when. */
const OVERLOAD: ReadonlySet<SocketCode> = new Set(['rate', 'server-full', 'busy', 'unavailable']);
/**
 * Tries in which the longest pause doubles. With every try, pauses run ahead of a server that is back within a second: of a crowd
 * a hundredth would stay away for three more.
 */
const DOUBLING_TRIES = 2;
/** An overloaded server is asked again as late as after so many tries. */
const OVERLOAD_TRIES = 10;
/** More tries than any range of pauses needs; keeps the power finite. */
const TRIES_MAX = 40;
const NORMAL_CLOSURE = 1000;
/** No close frame came at all (RFC 6455, 7.1.5). */
const BROKEN = 1006;

type Timer = ReturnType<typeof setTimeout>;

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting'; readonly socket: WebSocket; readonly timer: Timer }
  | { readonly kind: 'open'; readonly socket: WebSocket; readonly asks: Timer; answer: Timer | undefined }
  /** `asked`: the server said when; a network that is found again changes nothing about that. */
  | { readonly kind: 'waiting'; readonly timer: Timer; readonly asked: boolean };

const RANGES: Readonly<Record<keyof BackhaulLimits, readonly [least: number, most: number]>> = {
  retryBaseMs: [1, 60_000],
  retryMaxMs: [1, 600_000],
  connectMs: [100, 120_000],
  askMs: [100, 600_000],
  answerMs: [100, 120_000],
  bufferedBytesMax: [65_536, 2 ** 30],
};

export class Backhaul {
  readonly #options: BackhaulOptions;
  readonly #limits: BackhaulLimits;
  readonly #random: () => number;
  readonly #network: BackhaulOptions['network'];
  /** A socket from before the change of networks may be dead without knowing. */
  readonly #onOnline = (): void => {
    if (this.#state.kind === 'open') this.#ask();
    else if (this.#state.kind === 'waiting' && !this.#state.asked) this.#retryNow();
  };
  #state: State = { kind: 'idle' };
  #tries = 0;
  #invalidMessages = 0;

  /** Throws a RangeError on a limit out of its range. */
  constructor(options: BackhaulOptions) {
    this.#options = options;
    this.#limits = checked({ ...BACKHAUL_DEFAULTS, ...options.limits });
    this.#random = options.random ?? Math.random;
    this.#network = options.network ?? (typeof globalThis.addEventListener === 'function' ? globalThis : undefined);
  }

  /**
   * Frames that were no message this version knows. They are passed over, so that a newer server may say more; a
   * server that speaks another version closes the socket.
   */
  get invalidMessages(): number {
    return this.#invalidMessages;
  }

  /** Begins, or begins again after `refused` or `stop`. Does nothing while it is already at work. */
  start(): void {
    if (this.#state.kind !== 'idle') return;
    this.#tries = 0;
    this.#network?.addEventListener('online', this.#onOnline);
    this.#connect();
  }

  /**
   * Hands `message` to the socket. False, and nothing is sent, if it is not open, if too much waits in it already, or
   * if the message is out of the protocol's bounds: the server would close the socket for one odd candidate.
   */
  send(message: ClientMessage): boolean {
    const state = this.#state;
    if (state.kind !== 'open' || state.socket.readyState !== state.socket.OPEN) return false;
    const bytes = encodeClient(message);
    if (decodeClient(bytes) === undefined) return false;
    if (state.socket.bufferedAmount + bytes.length > this.#limits.bufferedBytesMax) return false;
    // A copy with a plain ArrayBuffer of its own, which is all the browser's type takes.
    state.socket.send(new Uint8Array(bytes));
    return true;
  }

  /** Closes the connection, after what was sent, and stays away. No event follows. */
  stop(): void {
    this.#network?.removeEventListener('online', this.#onOnline);
    this.#leaveState();
  }

  #connect(): void {
    let socket: WebSocket;
    try {
      socket = this.#options.webSocket(this.#options.url);
    } catch (error) {
      // A browser refuses some addresses at once: ws: from a page of https:, for one.
      this.#wait(error instanceof Error ? error.message : String(error));
      return;
    }
    socket.binaryType = 'arraybuffer';
    const timer = setTimeout(() => this.#wait('No answer from the server'), this.#limits.connectMs);
    this.#state = { kind: 'connecting', socket, timer };
    // Listeners stay on a socket that was given up: `ws` throws for an error that nobody listens to.
    socket.addEventListener('open', () => this.#isCurrent(socket) && this.#opened(socket));
    socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (this.#isCurrent(socket)) this.#received(data);
    });
    socket.addEventListener('error', () => {});
    socket.addEventListener('close', ({ code, reason }) => {
      if (this.#isCurrent(socket)) this.#closed(code, reason);
    });
    this.#emit({ kind: 'connecting' });
  }

  #isCurrent(socket: WebSocket): boolean {
    return (this.#state.kind === 'connecting' || this.#state.kind === 'open') && this.#state.socket === socket;
  }

  #opened(socket: WebSocket): void {
    if (this.#state.kind === 'connecting') clearTimeout(this.#state.timer);
    const asks = setInterval(() => this.#ask(), this.#limits.askMs);
    this.#state = { kind: 'open', socket, asks, answer: undefined };
    this.#emit({ kind: 'open' });
  }

  /** Is anybody there? The answer also tells the time. */
  #ask(): void {
    const state = this.#state;
    if (state.kind !== 'open') return;
    this.send({ kind: 'time', t0Ms: performance.now() });
    // Armed even if the question found no room: then nothing moves at all.
    state.answer ??= setTimeout(() => this.#wait('The connection to the server went silent'), this.#limits.answerMs);
  }

  #received(data: unknown): void {
    if (this.#state.kind === 'open') {
      // Whatever comes proves life as well as an answer does.
      clearTimeout(this.#state.answer);
      this.#state.answer = undefined;
    }
    const message = data instanceof ArrayBuffer ? decodeServer(new Uint8Array(data)) : undefined;
    if (message === undefined) {
      this.#invalidMessages += 1;
      return;
    }
    if (message.kind === 'welcome') this.#tries = 0;
    this.#emit({ kind: 'message', message });
  }

  #closed(number: number, words: string): void {
    const code = codeName<SocketCode>(SOCKET_CODES, number);
    // Our own words only: a close frame's text is the other end's, and people are shown this. All it can say is when.
    const reason = code ?? (number === BROKEN ? 'The connection to the server broke' : `Closed with ${number}`);
    if (code !== undefined && REFUSALS.has(code)) {
      this.stop();
      this.#emit({ kind: 'refused', code, reason });
      return;
    }
    if (code !== undefined && OVERLOAD.has(code)) this.#tries = Math.max(this.#tries, OVERLOAD_TRIES);
    this.#wait(reason, retryMsIn(words));
  }

  /** Gives up the socket, which may never say that it is closed, and comes back: when the server asked for it, or later and later. */
  #wait(reason: string, askedMs?: number): void {
    this.#leaveState();
    const { retryBaseMs } = this.#limits;
    const retryMs = askedMs === undefined ? this.#pauseMs() : Math.max(askedMs, retryBaseMs);
    const timer = setTimeout(() => this.#retryNow(), retryMs);
    this.#state = { kind: 'waiting', timer, asked: askedMs !== undefined };
    this.#emit({ kind: 'waiting', retryMs, reason });
  }

  /** Full jitter under a ceiling that grows: a server that was restarted is not met by all in one moment. */
  #pauseMs(): number {
    const { retryBaseMs, retryMaxMs } = this.#limits;
    const ceiling = retryBaseMs * 2 ** (1 + this.#tries / DOUBLING_TRIES);
    this.#tries = Math.min(this.#tries + 1, TRIES_MAX);
    return Math.round(this.#random() * Math.min(retryMaxMs, ceiling));
  }

  #retryNow(): void {
    if (this.#state.kind !== 'waiting') return;
    this.#leaveState();
    this.#connect();
  }

  /** To `idle`, with everything the state held let go of. */
  #leaveState(): void {
    const state = this.#state;
    this.#state = { kind: 'idle' };
    switch (state.kind) {
      case 'idle':
        return;
      case 'waiting':
        return clearTimeout(state.timer);
      case 'connecting':
        clearTimeout(state.timer);
        return state.socket.close();
      case 'open':
        clearInterval(state.asks);
        clearTimeout(state.answer);
        return state.socket.close(NORMAL_CLOSURE);
    }
  }

  #emit(event: BackhaulEvent): void {
    this.#options.onEvent(event);
  }
}

function checked(limits: BackhaulLimits): BackhaulLimits {
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value = limits[name as keyof BackhaulLimits];
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    throw new RangeError(`${name}: expected an integer from ${least} to ${most}, got ${value}`);
  }
  if (limits.retryMaxMs < limits.retryBaseMs) {
    throw new RangeError(`retryMaxMs: expected at least retryBaseMs (${limits.retryBaseMs}), got ${limits.retryMaxMs}`);
  }
  return limits;
}
