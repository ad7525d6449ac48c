// What Prometheus reads: the hub's figures, STUN's, the event loop and the process, on a port of its own. Numbers only: no
// names, pools or addresses.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { BusFigures } from './bus/bus.ts';
import type { HubFigures } from './hub-ports.ts';
import type { StunFigures } from './stun/stun-responder.ts';

export interface MetricsSources {
  readonly hub: () => HubFigures;
  /** Undefined: it is a node on its own. */
  readonly bus?: (() => BusFigures) | undefined;
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
/** Of the bus. */
const BUS_COUNTERS: readonly (readonly [Numbers<BusFigures>, name: string, help: string])[] = [
  ['sent', 'bus_messages_sent_total', 'Messages to other nodes'],
  ['received', 'bus_messages_received_total', 'Messages from other nodes'],
  ['broken', 'bus_links_broken_total', 'How often a message between two nodes was missing, so that they began anew'],
];
const STUN_ANSWERS = ['answered', 'refused', 'ignored', 'limited'] as const satisfies readonly (keyof StunFigures)[];

/** From a connection to the end of a request's headers, ms: scrapers are quick. */
const HEADERS_MS = 5_000;
/** Connections: a few scrapers. */
const CONNECTIONS_MAX = 32;

/** A registry that asks the sources each time it is read. */
export function metricsRegistry({ hub, bus, stun }: MetricsSources): Registry {
  const registry = new Registry();
  const registers = [registry];
  const addGauge = (name: string, help: string, read: () => number): void => {
    const gauge: Gauge = new Gauge({ name: `rockpool_${name}`, help, registers, collect: () => gauge.set(read()) });
  };
  const addCounter = (name: string, help: string, read: () => number): void => {
    const counter: Counter = new Counter({
      name: `rockpool_${name}`,
      help,
      registers,
      collect: () => {
        counter.reset();
        counter.inc(read());
      },
    });
  };
  for (const [figure, name, help] of GAUGES) addGauge(name, help, () => hub()[figure]);
  for (const [figure, name, help] of COUNTERS) addCounter(name, help, () => hub()[figure]);
  if (bus !== undefined) {
    addGauge('bus_connected', 'Whether the bus is reached, 1 or 0', () => (bus().connected ? 1 : 0));
    addGauge('bus_nodes', 'Other nodes that are linked with this one', () => bus().nodes);
    for (const [figure, name, help] of BUS_COUNTERS) addCounter(name, help, () => bus()[figure]);
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
    addGauge('stun_sockets', 'UDP sockets that asked the STUN server in the last minute', () => stun().sockets);
    addGauge('stun_sockets_named', 'Of these, those that a device in a pool is known by', () => stun().named);
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
