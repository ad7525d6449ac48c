// This window's session: a client whose other half is the host's, over one websocket. It ends with that; the host goes on.
import { effect } from '@preact/signals';
import type { PoolClientFace } from '../../src/client.ts';
import { socketChannel } from '../../src/remote/channel-socket.ts';
import { connectHost } from '../../src/remote/connect.ts';
import type { HostFace } from '../../src/remote/host-face.ts';
import { brought } from '../account/brought.ts';
import { store } from '../app.ts';
import { historyVersion } from '../history.ts';
import { rates } from '../rates.ts';
import { settleServerOf } from './servers.ts';
import { asked } from './state.ts';

export interface HostedSession {
  readonly client: PoolClientFace<string>;
  readonly host: HostFace;
  /** What arrives lies where the host put it. */
  readonly store?: undefined;
  /** Says to the host what has to be said before `pool` is joined. Rejects with a HostError. */
  readonly beforeJoin: (pool: string) => Promise<void>;
  /** Resolves when it was closed, or the host is gone. */
  readonly ended: Promise<'closed' | 'lost'>;
  /** Leaves the pool, if it is in one, and lets go of the host. */
  close(): Promise<void>;
}

/** How long after a transfer began or ended the host has written that down, ms. */
const WRITTEN_MS = 300;

/** Rejects if the host is not there. */
export async function openHostedSession(): Promise<HostedSession> {
  let end: (how: 'closed' | 'lost') => void = () => undefined;
  const { client, host, onLost, close } = await connectHost(socketChannel(new WebSocket(hostAddress())));
  const ended = new Promise<'closed' | 'lost'>((resolve) => {
    end = resolve;
  });
  onLost(() => end('lost'));
  /** In a pool, or on the way to one, as far as this window asked or was told. */
  let inPool = false;
  client.subscribe((event) => {
    if (event.kind === 'joined') inPool = true;
    if (event.kind === 'left') inPool = false;
  });
  const stops = [keepRates(client), keepHistory()];
  return {
    client,
    host,
    ended,
    beforeJoin: async (pool) => {
      inPool = true;
      asked.value = pool;
      await settleServerOf(pool, host);
      const shown = brought.get(pool);
      if (shown !== undefined) await host.show(pool, shown);
    },
    close: async () => {
      end('closed');
      for (const stop of stops) stop();
      // In no pool it has nothing to leave, and neither has a host that is gone.
      if (inPool) await client.close().catch(() => undefined);
      close();
    },
  };
}

function hostAddress(): URL {
  const address = new URL('host', document.baseURI);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  address.hash = '';
  return address;
}

/** The host remembers them too: only what was set in this window, or in it before, is said. */
function keepRates(client: PoolClientFace<string>): () => void {
  let said = Object.keys(rates.peek()).length > 0;
  return effect(() => {
    const wanted = rates.value;
    if (said) client.limit(wanted);
    said = true;
  });
}

/** The host writes the history; whoever shows it looks again when a transfer began or ended. */
function keepHistory(): () => void {
  return effect(() => {
    for (const { state } of store.transfers.value) void state.value;
    setTimeout(() => (historyVersion.value += 1), WRITTEN_MS);
  });
}
