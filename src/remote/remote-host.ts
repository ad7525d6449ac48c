// HostFace in the window: what src/remote/host-face.ts says, asked over the wire.
import { attempt } from '../io/attempt.ts';
import type { HostEvent, HostFace } from './host-face.ts';
import type { Wire } from './wire.ts';

export interface RemoteHost extends HostFace {
  /** What the host tells unasked. */
  take(event: HostEvent): void;
}

export function remoteHost(wire: Wire): RemoteHost {
  const listeners = new Set<(event: HostEvent) => void>();
  return {
    take: (event) => {
      for (const listener of listeners) attempt(() => listener(event));
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    about: () => wire.call('host.about'),
    useServer: (server) => wire.call('host.useServer', server),
    show: (pool, shown) => wire.call('host.show', pool, shown),
    keep: (key, text) => wire.call('host.keep', key, text),
    settings: () => wire.call('host.settings'),
    change: (settings) => wire.call('host.change', settings),
    list: (folder, hidden) => wire.call('host.list', folder, hidden),
    makeFolder: (parent, name) => wire.call('host.makeFolder', parent, name),
    look: (paths) => wire.call('host.look', paths),
    dropped: () => wire.call('host.dropped'),
    reveal: (path) => wire.call('host.reveal', path),
    offers: () => wire.call('host.offers'),
    history: {
      list: (query, limit, beforeMs) => wire.call('host.history.list', query, limit, beforeMs),
      remove: (ids) => wire.call('host.history.remove', ids),
      clear: () => wire.call('host.history.clear'),
    },
  };
}
