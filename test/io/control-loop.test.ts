import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ControlLoop } from '../../src/io/control-loop.ts';

describe('the loop that polls a stream', () => {
  beforeEach(() => void jest.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => void jest.useRealTimers());

  function loop(
    hz: number,
    over: { timeMs?: () => number; onPoll?: () => void } = {},
  ): { polls: number[]; loop: ControlLoop } {
    const polls: number[] = [];
    const timeMs = over.timeMs ?? ((): number => Date.now());
    const onPoll = (): void => {
      polls.push(Date.now());
      over.onPoll?.();
    };
    return { polls, loop: new ControlLoop({ hz, timeMs, onPoll }) };
  }

  test('wakes up at every boundary of the clock it is given', () => {
    const { polls, loop: it } = loop(100, { timeMs: () => Date.now() + 3 });
    jest.advanceTimersByTime(50);
    it.stop();
    expect(polls).toEqual([7, 17, 27, 37, 47].map((ms) => 1_000_000 + ms));
  });

  test('makes up for nothing after it was held up', () => {
    const { polls, loop: it } = loop(100);
    jest.advanceTimersByTime(10);
    jest.setSystemTime(1_000_205);
    jest.advanceTimersByTime(20);
    it.stop();
    expect(polls).toEqual([1_000_010, 1_000_215, 1_000_220]);
  });

  test('goes on whatever a poll does', () => {
    const { polls, loop: it } = loop(100, {
      onPoll: () => {
        throw new Error('a source failed');
      },
    });
    for (let i = 0; i < 3; i++) expect(() => jest.advanceTimersByTime(10)).toThrow('a source failed');
    it.stop();
    expect(polls).toHaveLength(3);
  });

  test('never sleeps longer than a second, so that a clock that is set is noticed', () => {
    let offsetMs = 0;
    const { polls, loop: it } = loop(1, { timeMs: () => Date.now() + offsetMs });
    jest.advanceTimersByTime(1);
    offsetMs = -50_000;
    jest.advanceTimersByTime(2200);
    it.stop();
    expect(polls.length).toBeGreaterThanOrEqual(2);
  });

  test('is silent once stopped, from inside a poll too', () => {
    const { polls, loop: it } = loop(100, { onPoll: () => it.stop() });
    jest.advanceTimersByTime(100);
    expect(polls).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});
