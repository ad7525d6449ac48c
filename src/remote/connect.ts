// A window connects to its host: one channel, and over it the client, the host's own services and all that happens.
import type { Channel } from './channel.ts';
import { HostError, type HostFace } from './host-face.ts';
import { RemoteClient } from './remote-client.ts';
import { remoteHost } from './remote-host.ts';
import { Wire } from './wire.ts';

export interface HostConnection {
  readonly client: RemoteClient;
  readonly host: HostFace;
  /** The host is gone, or let this window go: nothing is heard from then on, and every call rejects. Returns the way to stop. */
  onLost(listener: () => void): () => void;
  /** Lets go of the host, which stays in its pool. */
  close(): void;
}

/** Over a channel that opens or is open. Rejects with a HostError `gone` if it closes before the host has said a word. */
export function connectHost(channel: Channel): Promise<HostConnection> {
  return new Promise((resolve, reject) => {
    const wire: Wire = new Wire(channel, (told) => {
      client.take(told);
      if (told.kind === 'host') host.take(told.event);
      resolve(connection);
    });
    const client = new RemoteClient(wire);
    const host = remoteHost(wire);
    const connection: HostConnection = {
      client,
      host,
      onLost: (listener) => wire.onLost(listener),
      close: () => wire.close(),
    };
    wire.onLost(() => reject(new HostError('gone', 'Rockpool is not running any more.')));
  });
}
