// What Prometheus reads: the hub's figures, STUN's, the event loop and the process, on a port of its own. Numbers only: no
// names, pools or addresses.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { HubFigures } from './hub-ports.ts';
import type { StunFigures } from './stun/stun-responder.ts';

export interface MetricsSources {
  readonly hub: () => HubFigures;
  /** Undefined: no STUN server runs. */
  readonly stun?: (() => StunFigures) | undefined;
}

export interface MetricsOptions extends MetricsSources {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface RunningMetrics {
  readonly url: string;
  close(): Promise<void>;
}

type Numbers<T> = { readonly [K in keyof T]: T[K] extends number ? K : never }[keyof T];

/** Figures of the hub that go up and down, and what they are. */
const GAUGES: readonly (readonly [Numbers<HubFigures>, name: string, help: string])[] = [
  ['sockets', 'sockets', 'Open websockets'],
  ['pools', 'pools', 'Pools with a member, or one who may come back'],
  ['members', 'members', 'Members with a websocket'],
  ['away', 'members_away', 'Members without one who may come back'],
  ['heldBytes', 'held_bytes', 'Bytes of signals that wait for those'],
];
/** Those that only grow. */
const COUNTERS: readonly (readonly [Numbers<HubFigures>, name: string, help: string])[] = [
  ['frames', 'frames_total', 'Frames that came'],
  ['bytes', 'frame_bytes_total', 'Bytes of them'],
  ['joins', 'joins_total', 'Joins'],
  ['resumes', 'resumes_total', 'Joins by members who had been away'],
  ['relayed', 'signals_relayed_total', 'Signals passed on, or held for who is away'],
  ['relaysDropped', 'signals_dropped_total', 'Signals to nobody there'],
];
const STUN_ANSWERS = ['answered', 'refused', 'ignored', 'limited'] as const satisfies readonly (keyof StunFigures)[];

/** From a connection to the end of a request's headers, ms: scrapers are quick. */
const HEADERS_MS = 5_000;
/** Connections: a few scrapers. */
const CONNECTIONS_MAX = 32;

/** A registry that asks the sources each time it is read. */
export function metricsRegistry({ hub, stun }: MetricsSources): Registry {
  const registry = new Registry();
  const registers = [registry];
  for (const [figure, name, help] of GAUGES) {
    const gauge: Gauge = new Gauge({
      name: `rockpool_${name}`,
      help,
      registers,
      collect: () => gauge.set(hub()[figure]),
    });
  }
  for (const [figure, name, help] of COUNTERS) {
    const counter: Counter = new Counter({
      name: `rockpool_${name}`,
      help,
      registers,
      collect: () => {
        counter.reset();
        counter.inc(hub()[figure]);
      },
    });
  }
  const closed: Counter<'code'> = new Counter({
    name: 'rockpool_sockets_closed_total',
    help: 'Websockets that the server closed, by the code in PROTOCOL.md',
    labelNames: ['code'],
    registers,
    collect: () => {
      closed.reset();
      for (const [code, times] of Object.entries(hub().closed)) closed.inc({ code }, times);
    },
  });
  if (stun !== undefined) {
    const asked: Counter<'answer'> = new Counter({
      name: 'rockpool_stun_datagrams_total',
      help: 'Datagrams that came to the STUN server, by what came of them',
      labelNames: ['answer'],
      registers,
      collect: () => {
        asked.reset();
        for (const answer of STUN_ANSWERS) asked.inc({ answer }, stun()[answer]);
      },
    });
  }
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** Rejects with the system's error if it cannot listen. */
export async function startMetrics({ host, port, ...sources }: MetricsOptions): Promise<RunningMetrics> {
  const registry = metricsRegistry(sources);
  const server = createServer({ headersTimeout: HEADERS_MS, requestTimeout: HEADERS_MS }, (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n');
      return;
    }
    registry.metrics().then(
      (page) => response.writeHead(200, { 'content-type': registry.contentType }).end(page),
      () => response.writeHead(500, { 'content-type': 'text/plain' }).end('Internal error\n'),
    );
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
