// What is told of a connection, and what is not while nobody has measured it.

import { describe, expect, test } from '@jest/globals';
import { Counters, type LinkStats } from '../../src/link/stats.ts';
import type { LinkReport } from '../../src/pool/views.ts';
import { linkFigures } from '../../web/link-figures.ts';

const { drops } = new Counters();

const total: LinkStats = {
  packetsSent: 1000,
  packetsReceived: 900,
  packetsLost: 3,
  packetsSpurious: 0,
  bytesSent: 1e6,
  bytesReceived: 1e6,
  bytesAcked: 9e5,
  controlSent: 0,
  controlReceived: 0,
  drops,
  rttHistogram: [0, 0, 4],
  queueHistogram: [4, 0, 0],
  srttMs: 23.4,
  baseRttMs: 20,
  queueMs: 3.42,
  windowBytes: 100_000,
  inFlightBytes: 0,
  lanes: 4,
  datagramBytes: 1156,
  lossRatio: 0.0034,
  lossBurst: 1,
};

const report: LinkReport = {
  peer: 'mara',
  path: 'direct',
  rates: {
    sentBytesPerSecond: 1_240_000,
    receivedBytesPerSecond: 48.4,
    ackedBytesPerSecond: 1_200_000,
    packetsSentPerSecond: 1000,
    packetsReceivedPerSecond: 10,
    controlSentPerSecond: 0,
    controlReceivedPerSecond: 0,
    lossRatio: 0.5,
  },
  rttCounts: [0, 0, 1],
  queueCounts: [1, 0, 0],
  total,
  clock: undefined,
};

const told = (path: LinkReport['path'], of?: LinkReport): Record<string, string> =>
  Object.fromEntries(linkFigures(path, of).map(({ label, value }) => [label, value]));

describe('a connection', () => {
  test('is told of with units', () => {
    expect(told('direct', report)).toEqual({
      Path: 'direct',
      Sending: '1.2 MB/s',
      Receiving: '48 B/s',
      'Round trip': '23 ms',
      'Waiting in queues': '3.4 ms',
      'Lost on the way': '0.3%',
      Lanes: '4',
    });
  });

  test('over a relay says so', () => {
    expect(told('relayed', report)['Path']).toBe('through a relay');
  });

  test('that has not made a round trip does not show the guess it works with', () => {
    const fresh = told('direct', { ...report, total: { ...total, srttMs: 333, rttHistogram: [0, 0, 0] } });
    expect(fresh).toMatchObject({ 'Round trip': '–', 'Waiting in queues': '–', 'Lost on the way': '–', Lanes: '4' });
  });

  test('that is being built has a path and nothing else, report or not', () => {
    const { Path, ...figures } = told('connecting', report);
    expect(Path).toBe('connecting…');
    expect(new Set(Object.values(figures))).toEqual(new Set(['–']));
    expect(told('connecting')).toEqual({ Path, ...figures });
  });

  test('has the same lines before the first report as after it', () => {
    const labels = (of?: LinkReport): string[] => linkFigures('direct', of).map(({ label }) => label);
    expect(labels()).toEqual(labels(report));
  });
});
