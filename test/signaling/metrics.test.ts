// The page that Prometheus reads, and the log's line a minute: numbers only, and the right ones.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { HubFigures } from '../../signaling/hub-ports.ts';
import { openServerLog } from '../../signaling/log.ts';
import { startMetrics, type RunningMetrics } from '../../signaling/metrics.ts';

let figures: HubFigures = {
  sockets: 5,
  pools: 2,
  members: 4,
  away: 1,
  heldBytes: 100,
  frames: 50,
  bytes: 5_000,
  joins: 9,
  resumes: 3,
  relayed: 20,
  relaysDropped: 2,
  closed: { silent: 2, rate: 1 },
};
let running: RunningMetrics | undefined;
afterEach(async () => running?.close());

/** The samples of ours on the page, by name and labels. */
async function scrape(): Promise<Record<string, number>> {
  const page = await (await fetch(running?.url ?? '')).text();
  return Object.fromEntries(
    page
      .split('\n')
      .filter((line) => line.startsWith('rockpool_'))
      .map((line) => line.split(' '))
      .map(([name = '', value]) => [name, Number(value)]),
  );
}

describe('the metrics', () => {
  test('are the figures of the moment, each time they are read', async () => {
    const stun = () => ({ answered: 7, refused: 1, ignored: 2, limited: 0, sockets: 3, named: 1 });
    running = await startMetrics({ host: '127.0.0.1', port: 0, hub: () => figures, stun });
    const first = await scrape();
    expect(first).toEqual({
      rockpool_sockets: 5,
      rockpool_pools: 2,
      rockpool_members: 4,
      rockpool_members_away: 1,
      rockpool_held_bytes: 100,
      rockpool_frames_total: 50,
      rockpool_frame_bytes_total: 5_000,
      rockpool_joins_total: 9,
      rockpool_resumes_total: 3,
      rockpool_signals_relayed_total: 20,
      rockpool_signals_dropped_total: 2,
      'rockpool_sockets_closed_total{code="silent"}': 2,
      'rockpool_sockets_closed_total{code="rate"}': 1,
      'rockpool_stun_datagrams_total{answer="answered"}': 7,
      'rockpool_stun_datagrams_total{answer="refused"}': 1,
      'rockpool_stun_datagrams_total{answer="ignored"}': 2,
      'rockpool_stun_datagrams_total{answer="limited"}': 0,
      rockpool_stun_sockets: 3,
      rockpool_stun_sockets_named: 1,
    });
    figures = { ...figures, sockets: 4, joins: 10, closed: { silent: 3, rate: 1 } };
    expect(await scrape()).toEqual({
      ...first,
      rockpool_sockets: 4,
      rockpool_joins_total: 10,
      'rockpool_sockets_closed_total{code="silent"}': 3,
    });
  });

  test('tell of the bus where there is one', async () => {
    const bus = () => ({ connected: false, nodes: 2, sent: 30, received: 40, broken: 1 });
    running = await startMetrics({ host: '127.0.0.1', port: 0, hub: () => figures, bus });
    expect(await scrape()).toMatchObject({
      rockpool_bus_connected: 0,
      rockpool_bus_nodes: 2,
      rockpool_bus_messages_sent_total: 30,
      rockpool_bus_messages_received_total: 40,
      rockpool_bus_links_broken_total: 1,
    });
  });

  test('tell of the process and its event loop', async () => {
    running = await startMetrics({ host: '127.0.0.1', port: 0, hub: () => figures });
    const page = await (await fetch(running.url)).text();
    expect(page).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m);
    expect(page).toMatch(/^process_resident_memory_bytes \d/m);
    expect(page).not.toMatch(/rockpool_(?:stun|bus)/);
  });

  test('are at /metrics only, and only read', async () => {
    running = await startMetrics({ host: '127.0.0.1', port: 0, hub: () => figures });
    expect((await fetch(running.url.replace('/metrics', '/'))).status).toBe(404);
    expect((await fetch(running.url, { method: 'POST' })).status).toBe(404);
  });
});

describe('the log', () => {
  const lines: Record<string, unknown>[] = [];
  const to = { write: (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  afterEach(() => void lines.splice(0));

  test('closes a minute with what there is and what came in it', () => {
    const { minute } = openServerLog('info', to);
    minute(figures);
    minute({ ...figures, sockets: 6, joins: figures.joins + 2, closed: { ...figures.closed, rate: 4 } });
    expect(lines[1]).toMatchObject({ msg: 'a minute', sockets: 6, joins: 2, resumes: 0, closed: { rate: 3 } });
  });

  test('writes a warning once a minute, and counts how often it came again', () => {
    const { logger, minute } = openServerLog('info', to);
    const warn = (): void => {
      for (let times = 0; times < 1_000; times += 1) logger.warn({ error: String(times) }, 'authorize failed');
      logger.error('something else');
    };
    warn();
    minute(figures);
    warn();
    expect(lines.map(({ msg }) => msg)).toEqual([
      'authorize failed',
      'something else',
      'a minute',
      'authorize failed',
      'something else',
    ]);
    expect(lines[2]).toMatchObject({ again: { 'authorize failed': 999 } });
  });

  test('says nothing of a minute unless asked to', () => {
    const { minute } = openServerLog('warn', to);
    minute(figures);
    expect(lines).toEqual([]);
  });
});
