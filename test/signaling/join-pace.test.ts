// Admission control: a crowd that comes at once gets in at the rate the server takes, and nobody has to ask often.
import { describe, expect, test } from '@jest/globals';
import { JoinPace, RetrySlots } from '../../signaling/join-pace.ts';

describe('the pace of joins', () => {
  test('takes on a burst, and sends the next away', () => {
    const pace = new JoinPace(3, 10, 0);
    expect([pace.take(0), pace.take(0), pace.take(0)]).toEqual([0, 0, 0]);
    expect(pace.take(0)).toBeGreaterThan(0);
    expect(pace.take(100)).toBe(0);
  });

  test.each([1, 2, 3])('lets 10,000 in who all come after a restart, evenly, each within three tries (%d)', (seed) => {
    const perSecond = 500;
    const pace = new JoinPace(perSecond, perSecond, 0);
    // They come within a second, and a little late each time, as networks are.
    let dice = seed;
    const late = (): number => (dice = (dice * 1_103_515_245 + 12_345) % 2 ** 31) % 300;
    const due = Array.from({ length: 10_000 }, () => ({ atMs: late() * 3, tries: 0 }));
    const admitted: { atMs: number; tries: number }[] = [];
    while (due.length > 0) {
      due.sort((a, b) => b.atMs - a.atMs);
      const horizon = (due.at(-1)?.atMs ?? 0) + 200;
      while ((due.at(-1)?.atMs ?? Infinity) <= horizon) {
        const client = due.pop();
        if (client === undefined) break;
        client.tries += 1;
        const retryMs = pace.take(client.atMs);
        if (retryMs === 0) admitted.push(client);
        else due.unshift({ ...client, atMs: client.atMs + retryMs + late() });
      }
    }
    const seconds = new Map<number, number>();
    for (const { atMs } of admitted) {
      const second = Math.floor(atMs / 1000);
      seconds.set(second, (seconds.get(second) ?? 0) + 1);
    }
    // A second may begin with a full bucket.
    expect(Math.max(...seconds.values())).toBeLessThanOrEqual(2 * perSecond);
    expect(Math.max(...admitted.map(({ atMs }) => atMs))).toBeLessThan(30_000);
    expect(Math.max(...admitted.map(({ tries }) => tries))).toBeLessThanOrEqual(3);
  });
});

describe('times to come back', () => {
  test('are one after the other, and never further off than a minute', () => {
    const slots = new RetrySlots(100);
    const times = Array.from({ length: 20_000 }, () => slots.next(1_000));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...times)).toBeLessThanOrEqual(60_000);
    // 80 a second are promised: no second has more than its share of each time round.
    const busiest = new Map<number, number>();
    for (const ms of times) busiest.set(Math.floor(ms / 1000), (busiest.get(Math.floor(ms / 1000)) ?? 0) + 1);
    expect(Math.max(...busiest.values())).toBeLessThanOrEqual(Math.ceil(20_000 / (80 * 59.5)) * 81);
  });

  test('begin anew once all of them are past', () => {
    const slots = new RetrySlots(100);
    for (let i = 0; i < 1_000; i++) slots.next(0);
    expect(slots.next(1_000_000)).toBeLessThan(600);
  });
});
