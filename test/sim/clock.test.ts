import { describe, expect, test } from '@jest/globals';
import { VirtualClock } from '../../src/sim/clock.ts';
import { Random } from '../../src/sim/random.ts';

describe('virtual clock', () => {
  test('actions run in the order of their moments, whatever the order they were scheduled in', () => {
    const clock = new VirtualClock();
    const random = new Random(1);
    const ran: number[] = [];
    const moments = Array.from({ length: 500 }, () => random.between(0, 1000));
    for (const atMs of moments) clock.at(atMs, () => ran.push(atMs));
    while (clock.step());
    expect(ran).toEqual([...moments].sort((a, b) => a - b));
  });

  test('actions for the same moment run in the order they were scheduled', () => {
    const clock = new VirtualClock();
    const ran: number[] = [];
    for (let i = 0; i < 100; i++) clock.at(5, () => ran.push(i));
    clock.run(5);
    expect(ran).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  test('now is the moment of the action that runs, and run leaves it at its end', () => {
    const clock = new VirtualClock(100);
    let seen = 0;
    clock.after(2.5, () => (seen = clock.now));
    clock.run(110);
    expect([seen, clock.now]).toEqual([102.5, 110]);
  });

  test('run stops before what is due later', () => {
    const clock = new VirtualClock();
    let ran = 0;
    clock.at(10, () => ran++);
    clock.at(10.001, () => ran++);
    clock.run(10);
    expect([ran, clock.nextMs]).toEqual([1, 10.001]);
  });

  test('an action scheduled in the past runs now and time does not move back', () => {
    const clock = new VirtualClock(50);
    let seen = 0;
    clock.at(10, () => (seen = clock.now));
    clock.step();
    expect(seen).toBe(50);
  });

  test('a cancelled action never runs, others do', () => {
    const clock = new VirtualClock();
    const ran: string[] = [];
    const first = clock.at(1, () => ran.push('first'));
    clock.at(2, () => ran.push('second'));
    clock.cancel(first);
    while (clock.step());
    expect(ran).toEqual(['second']);
  });

  test('step says false when nothing is left', () => {
    const clock = new VirtualClock();
    clock.cancel(clock.at(1, () => {}));
    expect([clock.step(), clock.now, clock.nextMs]).toEqual([false, 0, undefined]);
  });

  test('sleep runs nothing, and what fell due meanwhile runs at waking, in its order', () => {
    const clock = new VirtualClock();
    const ran: [string, number][] = [];
    clock.at(20, () => ran.push(['later', clock.now]));
    clock.at(10, () => ran.push(['sooner', clock.now]));
    clock.at(90, () => ran.push(['after', clock.now]));
    clock.sleep(60);
    expect(ran).toEqual([]);
    clock.run(100);
    expect(ran).toEqual([
      ['sooner', 60],
      ['later', 60],
      ['after', 90],
    ]);
  });

  test('an action that sleep moved can still be cancelled', () => {
    const clock = new VirtualClock();
    let ran = false;
    const scheduled = clock.at(10, () => (ran = true));
    clock.sleep(60);
    clock.cancel(scheduled);
    clock.run(100);
    expect(ran).toBe(false);
  });

  test('NaN is refused by name', () => {
    expect(() => new VirtualClock().at(Number.NaN, () => {})).toThrow(/^atMs: /);
  });
});
