// The bus over NATS: a subject for each node and one for all. Nothing is stored there; what NATS loses, the nodes notice (links.ts).
import { connect } from '@nats-io/transport-node';
import type { FastifyBaseLogger } from 'fastify';
import type { Bus } from './bus.ts';
import { BUS_BYTES_MAX } from './messages.ts';

/** Nodes that do not understand each other must not hear each other: another number for every change of messages.ts. */
const PREFIX = 'rockpool.1';
const EVERYBODY = `${PREFIX}.all`;
/** From asking for a connection to having one, ms. */
const CONNECT_MS = 5_000;
/** Between tries after it broke, ms: the others count a node as gone after 4 s. */
const RECONNECT_MS = 500;
/** NATS is asked so often whether it is there, ms, and given up after two questions without an answer. */
const PING_MS = 2_000;
/** The rest of what was said may take this long at the end, ms. */
const CLOSE_MS = 1_000;

/**
 * `url`: `nats://` or `tls://`, then `user:password@` or `token@` if need be, and a host with a port, 4222 by default. Rejects if that is
 * something else, or nobody answers there now; a connection that breaks later comes back by itself.
 */
export async function connectNats(url: string, logger: FastifyBaseLogger): Promise<Bus> {
  const { server, tls, ...login } = addressIn(url);
  const connection = await connect({
    servers: server,
    name: 'rockpool',
    timeout: CONNECT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    pingInterval: PING_MS,
    maxPingOut: 2,
    noEcho: true,
    ignoreClusterUpdates: false,
    ...login,
    ...(tls && { tls: {} }),
  });
  let connected = true;
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') connected = false;
      else if (status.type === 'reconnect') connected = true;
      else continue;
      logger.warn({ status: status.type }, 'bus');
    }
  })();
  return {
    subscribe: (node, onMessage) => {
      const callback = (error: Error | null, message: { readonly data: Uint8Array }): void => {
        if (error === null) onMessage(message.data);
        else logger.error({ error: error.message }, 'bus subscription failed');
      };
      connection.subscribe(EVERYBODY, { callback });
      connection.subscribe(`${PREFIX}.node.${node}`, { callback });
    },
    publish: (to, bytes) => {
      // The client would keep it all for later, and later it is of no use.
      if (!connected || connection.isClosed() || bytes.length > BUS_BYTES_MAX) return;
      connection.publish(to === undefined ? EVERYBODY : `${PREFIX}.node.${to}`, bytes);
    },
    close: async () => {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_MS)));
      // Without a connection there is nothing left to say.
      if (connected) await Promise.race([connection.flush().catch(() => {}), late]);
      clearTimeout(timer);
      await connection.close();
    },
  };
}

interface NatsAddress {
  readonly server: string;
  readonly tls: boolean;
  readonly user?: string;
  readonly pass?: string;
  readonly token?: string;
}

/** Throws a RangeError that does not repeat the password. */
function addressIn(url: string): NatsAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const scheme = parsed?.protocol;
  if (parsed === undefined || (scheme !== 'nats:' && scheme !== 'tls:') || parsed.hostname === '')
    throw new RangeError('bus.url: expected nats://HOST:PORT or tls://HOST:PORT');
  const [user, pass] = [decodeURIComponent(parsed.username), decodeURIComponent(parsed.password)];
  const server = `${parsed.hostname}:${parsed.port || '4222'}`;
  const tls = scheme === 'tls:';
  if (user === '') return { server, tls };
  return pass === '' ? { server, tls, token: user } : { server, tls, user, pass };
}
