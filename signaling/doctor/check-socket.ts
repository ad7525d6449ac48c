// The doctor's websocket: opened as a page of the examined address would, and a join to a pool of its own, which brings the
// ICE servers that devices are told.
import { WebSocket } from 'ws';
import { ASK_PATIENCE_MS } from '../../src/io/ask-http.ts';
import { generateDeviceKeys, LABELS, sign } from '../../src/keys/identity.ts';
import { PROTOCOL_VERSION, SOCKET_CODES, codeName, type SocketCode } from '../../src/wire/codes.ts';
import { freshPoolCode } from '../../src/wire/fresh-names.ts';
import {
  decodeServer,
  encodeClient,
  joinBytes,
  SERVER_FRAME_BYTES_MAX,
  type IceServer,
  type ServerMessage,
} from '../../src/wire/signaling.ts';
import { unreachable } from './asking.ts';
import { broken, ok, skipped, type Finding } from './findings.ts';

export interface SocketFindings {
  readonly findings: readonly Finding[];
  /** Undefined: nothing was told, for the join did not come about. */
  readonly iceServers: readonly IceServer[] | undefined;
}

const GOODBYE_MS = 1_000;
const MEMBER = { name: 'Doctor', device: 'terminal' } as const;

type Step =
  | { readonly kind: 'message'; readonly message: ServerMessage }
  /** The upgrade was refused over HTTP. */
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'closed'; readonly code: SocketCode | undefined; readonly number: number }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'silent' };

export async function checkSocket(url: string): Promise<SocketFindings> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, {
    origin: new URL(url).origin,
    maxPayload: SERVER_FRAME_BYTES_MAX,
    perMessageDeflate: false,
    handshakeTimeout: ASK_PATIENCE_MS,
  });
  const steps = new Steps(socket);
  try {
    const first = await steps.next();
    const opened = first.kind === 'message' && first.message.kind === 'challenge' ? first.message : undefined;
    if (opened === undefined) return { findings: [notOpened(url, first)], iceServers: undefined };
    const passes = ok('websocket', 'Websockets get through.');
    await join(socket, opened.nonce);
    const second = await steps.next();
    const welcome = second.kind === 'message' && second.message.kind === 'welcome' ? second.message : undefined;
    if (welcome === undefined) return { findings: [passes, notJoined(second)], iceServers: undefined };
    socket.send(encodeClient({ kind: 'leave' }));
    return { findings: [passes, ok('join', 'A device gets into a pool.')], iceServers: welcome.iceServers };
  } finally {
    await end(socket);
  }
}

/** Says goodbye, and waits so long for the answer. */
async function end(socket: WebSocket): Promise<void> {
  if (socket.readyState === socket.CLOSED) return;
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.close();
    setTimeout(() => socket.terminate(), GOODBYE_MS).unref();
  });
}

async function join(socket: WebSocket, nonce: Uint8Array): Promise<void> {
  const keys = await generateDeviceKeys(false);
  const pool = freshPoolCode((into) => crypto.getRandomValues(into));
  const signature = await sign(keys, LABELS.join, joinBytes(nonce, { pool, ...MEMBER }));
  const { signKey } = keys;
  socket.send(encodeClient({ kind: 'join', version: PROTOCOL_VERSION, pool, ...MEMBER, signKey, signature }));
}

/** What comes from a socket, one after the other; the end of it again and again. */
class Steps {
  readonly #waiting: Step[] = [];
  #wake: () => void = () => {};

  constructor(socket: WebSocket) {
    const add = (step: Step): void => {
      this.#waiting.push(step);
      this.#wake();
    };
    socket.on('message', (data) => {
      const message = data instanceof Uint8Array ? decodeServer(data) : undefined;
      if (message !== undefined) add({ kind: 'message', message });
    });
    socket.on('unexpected-response', (_request, response) => {
      add({ kind: 'status', status: response.statusCode ?? 0 });
      response.destroy();
    });
    socket.on('error', (error) => add({ kind: 'failed', error }));
    socket.on('close', (number) => add({ kind: 'closed', code: codeName(SOCKET_CODES, number), number }));
  }

  async next(): Promise<Step> {
    const late = AbortSignal.timeout(ASK_PATIENCE_MS);
    while (this.#waiting.length === 0 && !late.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        late.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    return this.#waiting.shift() ?? { kind: 'silent' };
  }
}

const PASS_UPGRADE =
  'Let the proxy pass upgrades on; in nginx: proxy_http_version 1.1, and the headers Upgrade and Connection (docs/nginx.conf).';

function notOpened(url: string, step: Step): Finding {
  const check = 'websocket';
  switch (step.kind) {
    case 'failed':
      return unreachable(check, url, step.error);
    case 'status':
      return refusedUpgrade(url, step.status);
    case 'closed':
      if (step.code === 'busy' || step.code === 'server-full' || step.code === 'restarting')
        return broken(
          check,
          `The server has no room just now (${step.code}).`,
          'Try again later, or raise its limits.',
        );
      return broken(check, `The websocket was closed at once (${step.code ?? step.number}).`, PASS_UPGRADE);
    case 'silent':
    case 'message':
      return broken(
        check,
        'The websocket opens, and nothing comes through it.',
        `${PASS_UPGRADE} Let it buffer nothing.`,
      );
  }
}

function refusedUpgrade(url: string, status: number): Finding {
  const check = 'websocket';
  const { origin } = new URL(url);
  switch (status) {
    case 403:
      return broken(
        check,
        `The server does not take pages of ${origin} for its own.`,
        `Let the proxy pass the Host header on (nginx: proxy_set_header Host $http_host), or start Rockpool with --allowed-origins ${origin}.`,
      );
    case 404:
      return broken(
        check,
        '/ws is not there.',
        'Let the proxy pass /ws on as it is; --base-path is the path before it.',
      );
    case 429:
      return broken(
        check,
        'Too many websockets come from this address.',
        'Behind a proxy, start Rockpool with --trust-proxy 1: all visitors count as one otherwise. Or raise --max-address-sockets.',
      );
    case 502:
    case 503:
    case 504:
      return broken(
        check,
        `What stands in front answers ${status}.`,
        'See that Rockpool runs where the proxy passes to.',
      );
    default:
      return broken(check, `Websockets do not get through: ${status} came instead.`, PASS_UPGRADE);
  }
}

function notJoined(step: Step): Finding {
  const check = 'join';
  if (step.kind !== 'closed')
    return broken(check, 'A join is not answered.', 'See the server’s log (--log-level info).');
  switch (step.code) {
    case 'ticket':
    case 'denied':
      return skipped(check, 'Only those who are let in may join; so STUN and TURN cannot be examined from here.');
    case 'unavailable':
      return broken(
        check,
        'Whoever decides on joins does not answer the server.',
        'See that --hooks-url is reached from the server, and answers within 2 s as docs/hooks.md says.',
      );
    case 'busy':
    case 'server-full':
    case 'restarting':
      return broken(check, `The server has no room just now (${step.code}).`, 'Try again later, or raise its limits.');
    default:
      return broken(
        check,
        `The join was refused (${step.code ?? step.number}).`,
        'Bring server and program up to date.',
      );
  }
}
