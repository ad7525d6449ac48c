// A device in a process of its own, with a conversation on disk that it brings together with another's.
import { WebSocket as NodeWebSocket } from 'ws';
import { PoolClient } from '../../src/client.ts';
import { nodeTransport } from '../../src/io/link-node.ts';
import { FileStore } from '../../src/io/store-files.ts';
import { SqliteTalkStore } from '../../src/io/talk-sqlite.ts';
import { importDeviceKeys, type ExportedKeys } from '../../src/keys/identity.ts';
import { serveEnd } from '../harness.ts';

export interface TalkSeat {
  readonly server: string;
  readonly pool: string;
  readonly name: string;
  readonly keys: ExportedKeys;
  /** Where its `talk.sqlite` lies. */
  readonly directory: string;
  /** Messages that it lacks. */
  readonly lacks: number;
}

/** Moments of the wall clock that all processes share, ms since 1970, with fractions. */
export interface TalkMerged {
  readonly linkedAtMs: number;
  readonly mergedAtMs: number;
  /** Processor time of the process in between, ms. */
  readonly cpuMs: number;
}

export interface TalkEnd {
  /** Joins; what comes by the link is counted from then on. */
  join(seat: TalkSeat): Promise<void>;
  /** Resolves once nothing is lacking any more, on disk. */
  merged(): Promise<TalkMerged>;
  /** Bytes of all datagrams sent so far. */
  sentBytes(): Promise<number>;
}

let client: PoolClient<string> | undefined;
let merging: Promise<TalkMerged> | undefined;

const nowMs = (): number => performance.timeOrigin + performance.now();

const end: TalkEnd = {
  async join({ server, pool, name, keys, directory, lacks }) {
    const opened = new PoolClient<string>({
      server,
      name,
      device: 'terminal',
      keys: await importDeviceKeys(keys),
      platform: {
        transport: nodeTransport,
        store: new FileStore({ into: directory }),
        talk: await SqliteTalkStore.open(directory),
        // The backhaul uses only what `ws` shares with the browser's class; their types differ in the rest.
        webSocket: (url) => new NodeWebSocket(url) as unknown as WebSocket,
      },
    });
    client = opened;
    merging = new Promise((resolve) => {
      const seen = new Set<string>();
      let linked: { readonly atMs: number; readonly cpu: NodeJS.CpuUsage } | undefined;
      opened.subscribe((event) => {
        if (event.kind === 'peer-changed' && event.peer.path !== 'connecting') {
          linked ??= { atMs: nowMs(), cpu: process.cpuUsage() };
        }
        if (event.kind !== 'message' || event.message.own || linked === undefined) return;
        seen.add(event.message.id);
        if (seen.size !== lacks) return;
        const { user, system } = process.cpuUsage(linked.cpu);
        resolve({ linkedAtMs: linked.atMs, mergedAtMs: nowMs(), cpuMs: (user + system) / 1000 });
      });
    });
    await opened.join(pool);
  },
  merged: () => there(merging),
  sentBytes: () =>
    new Promise((resolve) => {
      const stop = there(client).stats(({ links }) => {
        stop();
        resolve(links.reduce((sum, { total }) => sum + total.bytesSent, 0));
      });
    }),
};
serveEnd(end as unknown as Parameters<typeof serveEnd>[0]);

/** `thing`, which an earlier question made. */
function there<T>(thing: T | undefined): T {
  if (thing === undefined) throw new Error('asked out of order');
  return thing;
}
