// A client's streams over two real pool machines, with jest's clock instead of a network.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ControlStreams, type ControlStreamOptions, type FrameInfo } from '../../src/io/control-streams.ts';
import type { ControlFrame } from '../../src/pool/control.ts';
import { Pool } from '../../src/pool/pool.ts';
import { templateSchema, type DatagramSchema } from '../../src/wire/registry.ts';

const CURSOR = templateSchema(300, 'cursor', { x: 'u16', y: 'u16' });
const SCORE = templateSchema(301, 'score', { points: 'u32' });
type Cursor = { readonly x: number; readonly y: number };

/** A pool that nobody else is in: enough to see what a stream does to it. */
function host(): { pool: Pool; driver: { run: <T>(call: (pool: Pool, now: number) => T) => T } } {
  const pool = new Pool({
    pool: 'alone',
    keys: { id: 'a'.repeat(32), signKey: new Uint8Array(32), agreeKey: new Uint8Array(32) },
    name: 'Mara',
    device: 'browser',
    random: (n) => new Uint8Array(n).fill(7),
    wallOffsetMs: 0,
  });
  return { pool, driver: { run: (call) => call(pool, performance.now()) } };
}

const options = (over: Partial<ControlStreamOptions<Cursor>> = {}): ControlStreamOptions<Cursor> => ({
  stream: 2,
  up: CURSOR,
  hz: 100,
  deadlineMs: 100,
  ...over,
});

const frame = (over: Partial<ControlFrame> = {}): ControlFrame => ({
  stream: 2,
  direction: 'up',
  peer: 'b'.repeat(32),
  poll: 9,
  ageMs: 21,
  clone: false,
  newest: true,
  bytes: Uint8Array.of(0, 1, 0, 2),
  ...over,
});

describe('the control streams of a client', () => {
  const errors: unknown[] = [];
  beforeEach(() => {
    jest.useFakeTimers();
    errors.length = 0;
    jest.spyOn(globalThis, 'queueMicrotask').mockImplementation((call) => {
      try {
        call();
      } catch (error) {
        errors.push(error);
      }
    });
  });
  afterEach(() => {
    jest.useRealTimers();
    jest.restoreAllMocks();
  });

  test('sample their source once a poll', () => {
    const it = host();
    const streams = new ControlStreams(() => it);
    let sampled = 0;
    const stream = streams.open(options({ source: () => ({ x: sampled++, y: 0 }) }));
    jest.advanceTimersByTime(1000);
    expect(sampled).toBeGreaterThanOrEqual(99);
    expect(sampled).toBeLessThanOrEqual(101);
    expect(stream.stats?.sent.polls).toBe(sampled);
    stream.stop();
    jest.advanceTimersByTime(1000);
    expect(sampled).toBeLessThanOrEqual(101);
  });

  test('do not sample for a poll that was made already: what is said once would be lost', () => {
    const it = host();
    const stillMs = performance.now();
    const streams = new ControlStreams(() => ({ ...it, driver: { run: (call) => call(it.pool, stillMs) } }));
    let sampled = 0;
    const stream = streams.open(options({ source: () => ({ x: sampled++, y: 0 }) }));
    jest.advanceTimersByTime(100);
    expect([sampled, stream.stats?.sent.polls]).toEqual([1, 1]);
  });

  test('only listen without a source: no timer runs', () => {
    const it = host();
    new ControlStreams(() => it).open(options());
    expect(jest.getTimerCount()).toBe(0);
  });

  test('surface what others did as values, with what is known of them', () => {
    const it = host();
    const streams = new ControlStreams(() => it);
    const seen: [string, Cursor, FrameInfo][] = [];
    streams.open(options({ onFrame: (...all) => seen.push(all) }));
    streams.deliver(frame());
    expect(seen).toEqual([['b'.repeat(32), { x: 1, y: 2 }, { poll: 9, ageMs: 21, clone: false, newest: true }]]);
  });

  test('have another schema down than up', () => {
    const it = host();
    const streams = new ControlStreams(() => it);
    const points: number[] = [];
    const stream = streams.open<Cursor, { readonly points: number }>({
      ...options(),
      down: SCORE,
      onUpdate: (_peer, value) => points.push(value.points),
    });
    streams.deliver(frame({ direction: 'down', bytes: Uint8Array.of(0, 0, 1, 0) }));
    expect(points).toEqual([256]);
    stream.update({ points: 1 });
    stream.update({ points: 2 });
    jest.advanceTimersByTime(20);
    expect(stream.stats?.sent.polls).toBe(1);
    expect(() => stream.update({ points: -1 })).toThrow(/^points: expected an integer/);
  });

  test('count what their schema cannot read, and say nothing of it', () => {
    const it = host();
    const streams = new ControlStreams(() => it);
    const seen: unknown[] = [];
    const stream = streams.open(options({ onFrame: (...all) => seen.push(all) }));
    const payload = Uint8Array.of(2, 0, 0, 0, 100, 1, 0, 0, 1, 7);
    it.pool.control.receive(0, 'b'.repeat(32), 1, payload, 0);
    const output = it.pool.poll();
    if (output?.kind !== 'control') throw new Error('expected a frame');
    streams.deliver(output.frame);
    expect(seen).toEqual([]);
    expect(stream.stats?.received.refused.unreadable).toBe(1);
  });

  test('outlive a source, a schema and a listener that throw: each error is told once', () => {
    const it = host();
    const streams = new ControlStreams(() => it);
    const broken: DatagramSchema<Cursor> = {
      ...CURSOR,
      write: () => {
        throw new Error('a builder failed');
      },
    };
    const stream = streams.open(
      options({
        up: broken,
        source: () => ({ x: 1, y: 1 }),
        onFrame: () => {
          throw new Error('a listener failed');
        },
      }),
    );
    jest.advanceTimersByTime(200);
    streams.deliver(frame());
    expect(errors).toEqual([new Error('a builder failed'), new Error('a listener failed')]);
    expect(stream.stats?.sent.polls).toBe(0);
  });

  test('go on beside one whose builder throws, and that one goes on when it stops throwing', () => {
    const it = host();
    const streams = new ControlStreams(() => it);
    let broken = true;
    const moody: DatagramSchema<Cursor> = {
      ...CURSOR,
      write: (to, value) => {
        if (broken) throw new Error('a builder failed');
        CURSOR.write(to, value);
      },
    };
    const failing = streams.open(options({ up: moody, source: () => ({ x: 1, y: 1 }) }));
    const steady = streams.open(options({ stream: 3, source: () => ({ x: 2, y: 2 }) }));
    jest.advanceTimersByTime(500);
    expect([failing.stats?.sent.polls, errors]).toEqual([0, [new Error('a builder failed')]]);
    expect(steady.stats?.sent.polls).toBeGreaterThan(48);
    broken = false;
    jest.advanceTimersByTime(500);
    expect(failing.stats?.sent.polls).toBeGreaterThan(48);
    expect(steady.stats?.sent.polls).toBeGreaterThan(98);
  });

  test('go on beside one whose reader throws: its frames are counted as unreadable, and no error is told', () => {
    const it = host();
    const streams = new ControlStreams(() => it);
    const seen: [number, Cursor][] = [];
    const broken: DatagramSchema<Cursor> = {
      ...CURSOR,
      read: () => {
        throw new Error('a reader failed');
      },
    };
    const failing = streams.open(options({ up: broken, onFrame: (_peer, value) => seen.push([2, value]) }));
    const steady = streams.open(options({ stream: 3, onFrame: (_peer, value) => seen.push([3, value]) }));
    const [b, c] = ['b', 'c'].map((letter) => letter.repeat(32));
    if (b === undefined || c === undefined) throw new Error('two peers');
    for (const [poll, peer] of [b, c, b, c].entries()) {
      for (const stream of [2, 3]) {
        // Two bytes each, big-endian: the poll and the stream are where the cursor stands.
        const payload = Uint8Array.of(stream, 0, poll, 0, 100, 1, 0, 0, 4, 0, poll, 0, stream);
        it.pool.control.receive(0, peer, 1, payload, poll * 10_000);
      }
    }
    for (let output = it.pool.poll(); output !== undefined; output = it.pool.poll()) {
      if (output.kind === 'control') streams.deliver(output.frame);
    }
    expect(seen).toEqual([0, 1, 2, 3].map((x) => [3, { x, y: 3 }]));
    expect(failing.stats?.received.refused.unreadable).toBe(4);
    expect(steady.stats?.received.refused.unreadable).toBe(0);
    expect(errors).toEqual([]);
  });

  test('wait outside a pool, go on in the next, and stop with the client', () => {
    let it: ReturnType<typeof host> | undefined;
    const streams = new ControlStreams(() => it);
    const stream = streams.open(options({ source: () => ({ x: 0, y: 0 }) }));
    jest.advanceTimersByTime(100);
    expect(stream.stats).toBeUndefined();
    for (let pools = 0; pools < 2; pools++) {
      it = host();
      streams.attach(it.pool);
      jest.advanceTimersByTime(100);
      expect(stream.stats?.sent.polls).toBeGreaterThan(7);
    }
    streams.stop();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('refuse an option out of range and a number that is taken, and leave nothing running', () => {
    const streams = new ControlStreams(() => undefined);
    expect(() => streams.open(options({ hz: 2000, source: () => undefined }))).toThrow(/^hz: expected/);
    expect(() => streams.open(options({ deadlineMs: 9999 }))).toThrow(/^deadlineMs: expected/);
    expect(() => streams.open(options({ control: { clonesMax: -1 } }))).toThrow(/^clonesMax: expected/);
    streams.open(options());
    expect(() => streams.open(options({ source: () => undefined }))).toThrow(/^stream: expected one that is not open/);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('may be opened again under the same number once stopped', () => {
    const it = host();
    const streams = new ControlStreams(() => it);
    const first = streams.open(options());
    first.stop();
    streams.open(options({ hz: 50 }));
    first.stop();
    expect(it.pool.control.stats(2)).toBeDefined();
  });
});
