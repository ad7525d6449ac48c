// What a stream promises over a path that loses, reorders and repeats: each poll at most once, never late, never changed.
import { describe, expect, test } from '@jest/globals';
import { decodePayload, encodePayload } from '../../src/control/payload.ts';
import { Random } from '../../src/sim/random.ts';
import { bursty, quality, Stream, type RunOptions } from './support.ts';

const SEEDS = 300;

function worst(seed: number): RunOptions & { lateMs: number } {
  const random = new Random(seed);
  const lossRatio = random.between(0, 0.3);
  const hz = random.pick([10, 60, 100, 144, 250, 360, 1000]);
  return {
    seed,
    hz,
    deadlineMs: 100,
    path: {
      delayMs: random.between(0, 90),
      jitterMs: random.pick([0, 10, 60]),
      lossRatio,
      reorderRatio: random.between(0, 0.3),
      reorderMs: random.between(0, 150),
      duplicateRatio: random.between(0, 0.2),
      ...(random.chance(0.5) ? bursty(0.05, 4) : {}),
    },
    quality: quality(lossRatio, random.between(1, 5)),
    skewMs: random.pick([0, 12_345.678, -999_999.5, 3_000_000_000]),
    lateMs: random.pick([0, 0, 5, 40]),
  };
}

describe('a control stream over a bad path', () => {
  test(`surfaces each poll at most once, in time and with the sampled bytes, for ${SEEDS} seeds`, () => {
    let surfaced = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { lateMs, ...options } = worst(seed);
      const stream = new Stream(options).run(1500, lateMs).settle();
      expect({ seed, problems: stream.problems() }).toEqual({ seed, problems: [] });
      expect({ seed, refused: stream.receiver.stats.refused.contradiction }).toEqual({ seed, refused: 0 });
      surfaced += stream.surfaced.length;
    }
    expect(surfaced).toBeGreaterThan(SEEDS * 50);
  });

  test('surfaces every poll of a clean path, without a clone', () => {
    const stream = new Stream({ hz: 360, quality: quality(0) }).run(2000).settle();
    expect(stream.surfaced).toHaveLength(stream.sampled.size);
    expect(stream.sender.stats.clones).toBe(0);
    expect(stream.receiver.stats.duplicates).toBe(0);
    expect(stream.problems()).toEqual([]);
  });

  test.each([
    ['independent losses', { lossRatio: 0.05 }, quality(0.05)],
    ['bursts of three', bursty(0.05, 3), quality(0.05, 3)],
  ])('brings 0.999 of 360 Hz in time through 5%% of %s', (_name, path, known) => {
    const stream = new Stream({ seed: 11, hz: 360, path: { delayMs: 20, ...path }, quality: known })
      .run(60_000)
      .settle();
    expect(stream.surfaced.length / stream.sampled.size).toBeGreaterThan(0.999);
    expect(stream.receiver.stats.recovered).toBeGreaterThan(800);
    expect(stream.problems()).toEqual([]);
  });

  test('loses what the path loses when it sends no clones: the comparison is with something', () => {
    const path = { delayMs: 20, ...bursty(0.05, 3) };
    const stream = new Stream({ seed: 11, hz: 360, path }).run(60_000).settle();
    const share = stream.surfaced.length / stream.sampled.size;
    expect(share).toBeGreaterThan(0.93);
    expect(share).toBeLessThan(0.97);
  });

  test('surfaces nothing stale after an outage in which datagrams queued', () => {
    const stream = new Stream({ hz: 360, path: { delayMs: 20 }, quality: quality(0.02) }).run(500);
    // An outage that keeps what it gets and lets it go at its end, as a hidden send buffer does.
    stream.path.change({ delayMs: 2620 });
    stream.run(2600);
    stream.path.change({ delayMs: 20 });
    stream.run(1000).settle(3000);
    expect(stream.receiver.stats.late).toBeGreaterThan(800);
    expect(stream.problems()).toEqual([]);
  });

  test('whose clones were changed on the way still surfaces each poll once, as the first copy of it says', () => {
    const path = { delayMs: 20, jitterMs: 15, lossRatio: 0.1, reorderRatio: 0.2, reorderMs: 40, duplicateRatio: 0.1 };
    const stream = new Stream({ seed: 3, path, quality: quality(0.1) });
    /** What arrives of a poll: the first copy, and how many copies say something else. */
    const firsts = new Map<number, Buffer>();
    let contradicting = 0;
    stream.filter = (bytes) => {
      const payload = decodePayload(bytes);
      if (payload === undefined) throw new Error('a sender said something malformed');
      const entries = payload.entries.map((entry) =>
        entry.back > 0 && stream.random.chance(0.5)
          ? { ...entry, bytes: entry.bytes.map((byte) => byte ^ 0x55) }
          : entry,
      );
      const newest = [...stream.sampled.keys()].findLast((poll) => (poll & 0xff) === payload.stamp) ?? Number.NaN;
      for (const { back, bytes: copy } of entries.toReversed()) {
        const first = firsts.get(newest - back);
        if (first === undefined) firsts.set(newest - back, Buffer.from(copy));
        else if (!first.equals(copy)) contradicting++;
      }
      return encodePayload({ ...payload, entries });
    };
    stream.run(20_000).settle();
    expect(new Set(stream.surfaced.map(({ poll }) => poll)).size).toBe(stream.surfaced.length);
    for (const { poll, copy } of stream.surfaced) expect(firsts.get(poll)?.equals(copy)).toBe(true);
    const { stats } = stream.receiver;
    expect(contradicting).toBeGreaterThan(300);
    // A copy of what was dropped as late contradicts nothing that anybody saw.
    expect(stats.refused.contradiction).toBeGreaterThan(contradicting * 0.9);
    expect(stats.refused.contradiction).toBeLessThanOrEqual(contradicting);
    expect(stats.surfaced / stream.sampled.size).toBeGreaterThan(0.98);
  });

  test('without synchronized clocks measures age against the fastest datagram of late', () => {
    const stream = new Stream({ path: { delayMs: 20 }, synchronized: false, skewMs: 777_777 }).run(1000);
    stream.path.change({ delayMs: 300 });
    stream.run(500).settle();
    expect(stream.receiver.stats.late).toBe(50);
    expect(stream.surfaced).toHaveLength(100);
    expect(stream.problems(120)).toEqual([]);
  });

  test('without synchronized clocks gets used to a path that has become slower', () => {
    const stream = new Stream({ path: { delayMs: 20 }, synchronized: false }).run(1000);
    stream.path.change({ delayMs: 300 });
    stream.run(15_000).settle();
    expect(stream.surfaced.at(-1)?.poll).toBe(Math.max(...stream.sampled.keys()));
  });

  test('hands the clones of a datagram on before its newest frame, and says what is newest', () => {
    const stream = new Stream({ seed: 5, path: { lossRatio: 0.3 }, quality: quality(0.3) }).run(3000).settle();
    let newest = -1;
    for (const frame of stream.surfaced) {
      expect(frame.newest).toBe(frame.poll > newest);
      newest = Math.max(newest, frame.poll);
    }
    expect(stream.surfaced.filter(({ clone }) => clone).length).toBe(stream.receiver.stats.recovered);
  });
});
