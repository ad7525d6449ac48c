// Statistics on the command line: in json mode a line a report, in a file if one is named, and nowhere else.
import { describe, expect, test } from '@jest/globals';
import type { ClockReport, LinkStats, PoolStats } from '../../src/client.ts';
import { noneReceived, noneSent } from '../../src/control/stats.ts';
import { run } from '../../cli/run.ts';
import { FakeLog, makeStage, MARA, settle, until, type StageOptions } from './support.ts';

const total: LinkStats = {
  packetsSent: 10,
  packetsReceived: 9,
  packetsLost: 1,
  packetsSpurious: 0,
  bytesSent: 11_560,
  bytesReceived: 900,
  bytesAcked: 10_000,
  controlSent: 5,
  controlReceived: 4,
  drops: {
    'control-late': 1,
    'control-overflow': 0,
    duplicate: 0,
    'unknown-session': 0,
    'stray-lane': 0,
    oversize: 0,
  },
  rttHistogram: [0, 3],
  queueHistogram: [3, 0],
  srttMs: 20.123456,
  baseRttMs: 19.5,
  queueMs: 0.625,
  windowBytes: 65_536,
  inFlightBytes: 1156,
  lanes: 1,
  datagramBytes: 1156,
  lossRatio: 0.1,
  lossBurst: 1,
};
const clock: ClockReport = {
  offsetMs: 5.000049,
  skewPpm: 12.5,
  rttMs: 20,
  uncertaintyMs: 10.2,
  taken: 8,
  refused: 0,
  steps: 0,
};
const stats: PoolStats = {
  atMs: 1_700_000_000_000.4,
  seconds: 1.0004,
  boundsMs: [0.25],
  clock,
  links: [
    {
      peer: MARA.id,
      path: 'direct',
      rates: {
        sentBytesPerSecond: 11_555.37,
        receivedBytesPerSecond: 900,
        ackedBytesPerSecond: 10_000,
        packetsSentPerSecond: 10,
        packetsReceivedPerSecond: 9,
        controlSentPerSecond: 5,
        controlReceivedPerSecond: 4,
        lossRatio: 1 / 3,
      },
      rttCounts: [0, 3],
      queueCounts: [3, 0],
      total,
      clock: undefined,
    },
  ],
  control: { sent: noneSent(), received: noneReceived() },
};

async function start(argv: readonly string[], options: StageOptions = {}) {
  const stage = makeStage(options);
  const done = run(argv, stage.cli);
  return { ...stage, done, pool: await stage.pool() };
}

describe('statistics', () => {
  test('are a JSON line on stdout for every report, with rates, histograms, sums and clocks', async () => {
    const { pool, done, stdout, stdin } = await start(['join', '--pool', 'abc', '--json']);
    await settle();
    pool.emit({ kind: 'stats', stats });
    pool.emit({ kind: 'stats', stats });
    stdin.end();
    expect(await done).toBe(0);
    const events = stdout.events.filter(({ event }) => event === 'stats');
    expect(events).toHaveLength(2);
    expect(events[0]).toEqual({
      event: 'stats',
      atMs: 1_700_000_000_000,
      seconds: 1,
      boundsMs: [0.25],
      clock: { ...clock, offsetMs: 5 },
      links: [
        {
          peer: MARA.id,
          path: 'direct',
          ...stats.links[0]?.rates,
          sentBytesPerSecond: 11_555.37,
          lossRatio: 0.333,
          rttCounts: [0, 3],
          queueCounts: [3, 0],
          total: { ...total, srttMs: 20.123 },
        },
      ],
      control: stats.control,
    });
    expect(pool.watchers).toBe(0);
  });

  test('go to the file that --stats names, without words on the terminal', async () => {
    const log = new FakeLog();
    const opened: string[] = [];
    const openLog = (path: string) => {
      opened.push(path);
      return Promise.resolve(log);
    };
    const { pool, done, stdout, stdin } = await start(['join', '--pool', 'abc', '--stats', 'out.jsonl'], { openLog });
    await settle();
    pool.emit({ kind: 'stats', stats });
    stdin.end();
    expect(await done).toBe(0);
    expect(opened).toEqual(['out.jsonl']);
    expect(log.records).toMatchObject([{ seconds: 1, links: [{ peer: MARA.id, total: { packetsSent: 10 } }] }]);
    expect(log.closed).toBe(true);
    expect(stdout.text).toBe('');
  });

  test('are not asked for when nobody wants them', async () => {
    const { pool, done, stdin } = await start(['join', '--pool', 'abc']);
    await settle();
    expect(pool.watchers).toBe(0);
    stdin.end();
    await done;
  });

  test('whose file cannot be written are a wrong use, before anything is joined', async () => {
    const stage = makeStage({
      openLog: () => Promise.reject(new Error("EACCES: permission denied, open '/\u001b[2Jx'")),
    });
    expect(await run(['join', '--pool', 'abc', '--stats', '/\u001b[2Jx'], stage.cli)).toBe(2);
    expect(stage.stderr.text).toContain('--stats cannot write to /[2Jx: EACCES');
    expect(stage.stderr.text).not.toContain('\u001b[2J');
    expect(stage.stdout.text).toBe('');
  });

  test('whose disk fails later on say so once, and the command goes on', async () => {
    let fail: (error: Error) => void = () => undefined;
    const openLog = (_path: string, onError: (error: Error) => void) => {
      fail = onError;
      return Promise.resolve(new FakeLog());
    };
    const { done, stderr, stdin } = await start(['join', '--pool', 'abc', '--stats', 'x'], { openLog });
    await until(() => stderr.text.includes('In abc'));
    fail(new Error('ENOSPC: no space left on device'));
    stdin.end();
    expect(await done).toBe(0);
    expect(stderr.text).toContain('Statistics no longer go to x: ENOSPC: no space left on device.');
  });
});
