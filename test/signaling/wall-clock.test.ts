// The server's wall clock: even while the machine's ticks in whole milliseconds, and following where that is stepped.
import { expect, test } from '@jest/globals';
import { WallClock } from '../../signaling/wall-clock.ts';

function clocks() {
  const machine = { wallMs: 1_700_000_000_000, monotonicMs: 5_000.3 };
  const clock = new WallClock(
    () => Math.floor(machine.wallMs),
    () => machine.monotonicMs,
  );
  const pass = (ms: number): void => {
    machine.wallMs += ms;
    machine.monotonicMs += ms;
  };
  return { machine, clock, pass };
}

test('is as fine as the monotonic clock, and as even', () => {
  const { clock, pass } = clocks();
  const startMs = clock.nowMs();
  for (let i = 1; i <= 1000; i++) {
    pass(0.3);
    expect(clock.nowMs()).toBeCloseTo(startMs + i * 0.3, 3);
  }
});

test.each([3_600_000, -3_600_000, 25])('follows a wall clock that is stepped by %d ms', (byMs) => {
  const { clock, machine, pass } = clocks();
  const startMs = clock.nowMs();
  machine.wallMs += byMs;
  pass(10);
  expect(Math.abs(clock.nowMs() - startMs - byMs - 10)).toBeLessThanOrEqual(1);
});

test('counts sleep, through which a monotonic clock may stand still', () => {
  const { clock, machine } = clocks();
  const startMs = clock.nowMs();
  machine.wallMs += 60_000;
  expect(Math.abs(clock.nowMs() - startMs - 60_000)).toBeLessThanOrEqual(1);
});
