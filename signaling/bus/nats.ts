// The bus over NATS: a subject for each node and one for all. Nothing is stored there; what NATS loses, the nodes notice (links.ts).
import { connect } from '@nats-io/transport-node';
import type { FastifyBaseLogger } from 'fastify';
import { PROTOCOL_VERSION } from '../../src/wire/codes.ts';
import { BusError, type Bus } from './bus.ts';
import { BUS_BYTES_MAX, BUS_VERSION } from './messages.ts';
import { natsAddress } from './nats-address.ts';

/** Nodes that do not understand each other do not hear each other; what clients and servers say is part of their messages. */
const PREFIX = `rockpool.${BUS_VERSION}.${PROTOCOL_VERSION}`;
const EVERYBODY = `${PREFIX}.all`;
/** From asking for a connection to having one, ms. */
const CONNECT_MS = 5_000;
/** Between tries after it broke, ms: the others count a node as gone after 4 s. */
const RECONNECT_MS = 500;
/** NATS is asked so often whether it is there, ms, and given up after two questions without an answer. */
const PING_MS = 1_000;
/** The rest of what was said may take this long at the end, ms. */
const CLOSE_MS = 1_000;

/**
 * `url` as natsAddress takes it, which may throw. Rejects with a BusError if nobody answers there now, or does not let us in; a connection
 * that breaks later comes back by itself.
 */
export async function connectNats(url: string, logger: FastifyBaseLogger): Promise<Bus> {
  const { server, tls, ...login } = natsAddress(url);
  const asked = connect({
    servers: server,
    name: 'rockpool',
    timeout: CONNECT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    pingInterval: PING_MS,
    maxPingOut: 2,
    noEcho: true,
    // Somebody may put the password right.
    ignoreAuthErrorAbort: true,
    ...login,
    ...(tls && { tls: {} }),
  });
  const connection = await asked.catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BusError(`The bus at ${server} cannot be used: ${reason}`, { cause: error });
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
    get connected() {
      return connected && !connection.isClosed();
    },
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
