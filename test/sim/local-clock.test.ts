import { describe, expect, test } from '@jest/globals';
import { Alarm, LocalClock, VirtualClock } from '../../src/sim/clock.ts';

describe("a device's own clock", () => {
  test('is the simulation’s, to the last bit, when it has no error', () => {
    const clock = new VirtualClock(0.1 + 0.2);
    const local = new LocalClock(clock);
    expect([local.now, local.worldMs(7.3)]).toEqual([clock.now, 7.3]);
  });

  test('is offset, and runs fast by its parts per million', () => {
    const clock = new VirtualClock();
    const local = new LocalClock(clock, { offsetMs: 5000, skewPpm: 100 });
    clock.advance(1_000_000);
    expect(local.now).toBeCloseTo(1_005_100, 6);
    expect(local.worldMs(local.now)).toBeCloseTo(1_000_000, 6);
  });

  test('never shows a moment before the one a timer was set for when it rings, whatever rounding does', () => {
    for (let i = 0; i < 1000; i++) {
      const clock = new VirtualClock();
      const local = new LocalClock(clock, { offsetMs: i * 7919.37, skewPpm: (i % 400) - 200 });
      const dueMs = local.now + i * 1.7;
      clock.run(local.worldMs(dueMs));
      local.reached(dueMs);
      expect(local.now).toBeGreaterThanOrEqual(dueMs);
      expect(local.now).toBeLessThan(dueMs + 1e-6);
    }
  });

  test('jumps ahead', () => {
    const clock = new VirtualClock(100);
    const local = new LocalClock(clock);
    local.jump(250);
    expect(local.now).toBe(350);
    clock.advance(50);
    expect(local.now).toBe(400);
  });
});

describe('an alarm', () => {
  function alarm(): { clock: VirtualClock; rang: number[]; alarm: Alarm } {
    const clock = new VirtualClock();
    const rang: number[] = [];
    return { clock, rang, alarm: new Alarm(clock, () => rang.push(clock.now)) };
  }

  test('rings once, at its moment', () => {
    const { clock, rang, alarm: one } = alarm();
    one.set(10);
    clock.advance(100);
    expect(rang).toEqual([10]);
    expect(one.isSet).toBe(false);
  });

  test('postponed a thousand times rings at the last moment, and costs the clock one entry a wake-up', () => {
    const { clock, rang, alarm: one } = alarm();
    for (let i = 0; i < 1000; i++) one.set(10 + i);
    let steps = 0;
    while (clock.step()) steps++;
    expect(rang).toEqual([1009]);
    expect(steps).toBe(2);
  });

  test('moved nearer rings there and not again', () => {
    const { clock, rang, alarm: one } = alarm();
    one.set(50);
    one.set(20);
    clock.advance(100);
    expect(rang).toEqual([20]);
  });

  test('cleared does not ring, and can be set again', () => {
    const { clock, rang, alarm: one } = alarm();
    one.set(10);
    one.clear();
    clock.advance(20);
    expect(rang).toEqual([]);
    one.set(30);
    clock.advance(20);
    expect(rang).toEqual([30]);
  });

  test('can be set from its own ringing', () => {
    const clock = new VirtualClock();
    const rang: number[] = [];
    const one = new Alarm(clock, () => {
      rang.push(clock.now);
      if (rang.length < 3) one.set(clock.now + 5);
    });
    one.set(5);
    clock.advance(100);
    expect(rang).toEqual([5, 10, 15]);
  });
});
