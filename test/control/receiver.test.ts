// What a receiver does with what it should never have been sent. Each has a code, and none disturbs what was surfaced.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ControlPayload } from '../../src/control/payload.ts';
import { ControlReceiver, type Arrival, type ReceivedFrame } from '../../src/control/receiver.ts';
import { pollAt } from '../../src/control/stamp.ts';

const HZ = 100;
const DEADLINE_MS = 100;
/** Poll 1000 begins. */
const SENT_US = 10_000_000;

const bytes = (value: number): Uint8Array => Uint8Array.of(value);

/** A payload of `poll` as an honest sender makes it at once, and one entry for every `back`. */
function payloadOf(
  poll: number,
  backs: Readonly<Record<number, number>> = { 0: poll % 251 },
  over: Partial<ControlPayload> = {},
): ControlPayload {
  const entries = Object.entries(backs).map(([back, value]) => ({ back: Number(back), bytes: bytes(value) }));
  return { stream: 1, generation: 0, stamp: poll & 0xff, hz: HZ, wide: undefined, entries, ...over };
}

function receive(
  receiver: ControlReceiver,
  poll: number,
  over: Partial<ControlPayload> = {},
  arrival: Partial<Arrival> = {},
  backs?: Readonly<Record<number, number>>,
): ReceivedFrame[] {
  const sentUs = poll * 10_000;
  return receiver.receive({
    payload: payloadOf(poll, backs, over),
    sentUs,
    nowMs: sentUs / 1000 + 20,
    transitMs: 20,
    ...arrival,
  });
}

const fresh = (): ControlReceiver => new ControlReceiver({ deadlineMs: DEADLINE_MS });

describe('a control stream as it comes in', () => {
  test('surfaces a frame with its poll and its age', () => {
    const sentUs = SENT_US + 3000;
    const [frame] = receive(fresh(), 1000, {}, { sentUs, transitMs: 20 });
    expect(frame).toEqual({ poll: 1000, ageMs: 23, clone: false, newest: true, bytes: bytes(1000 % 251) });
  });

  test('surfaces one copy of a poll, be it the original or a clone, and counts the others', () => {
    const receiver = fresh();
    expect(receive(receiver, 1001, {}, {}, { 0: 5, 1: 4 }).map(({ poll, clone }) => [poll, clone])).toEqual([
      [1000, true],
      [1001, false],
    ]);
    expect(receive(receiver, 1000, {}, {}, { 0: 4 })).toEqual([]);
    expect(receive(receiver, 1002, {}, {}, { 0: 6, 1: 5, 2: 4 }).map(({ poll }) => poll)).toEqual([1002]);
    expect(receiver.stats).toMatchObject({ surfaced: 3, recovered: 1, duplicates: 3, late: 0 });
  });

  test('lets the first frame of a poll stand when a clone contradicts it', () => {
    const receiver = fresh();
    receive(receiver, 1000, {}, {}, { 0: 1 });
    expect(receive(receiver, 1001, {}, {}, { 0: 2, 1: 99 }).map(({ poll }) => poll)).toEqual([1001]);
    expect(receiver.stats.refused.contradiction).toBe(1);
    expect(receiver.stats.duplicates).toBe(0);
  });

  test('lets a clone stand that came before its original when that contradicts it', () => {
    const receiver = fresh();
    expect(receive(receiver, 1001, {}, {}, { 0: 2, 1: 99 }).map((frame) => frame.bytes)).toEqual([bytes(99), bytes(2)]);
    expect(receive(receiver, 1000, {}, {}, { 0: 1 })).toEqual([]);
    expect(receiver.stats).toMatchObject({ surfaced: 2, recovered: 1, duplicates: 0, refused: { contradiction: 1 } });
  });

  test('goes on judging copies by the first one, however often it was contradicted', () => {
    const receiver = fresh();
    receive(receiver, 1000, {}, {}, { 0: 1 });
    for (const [i, value] of [9, 1, 9, 8, 1].entries()) {
      expect(receive(receiver, 1001 + i, {}, {}, { 0: 2, [i + 1]: value }).map(({ poll }) => poll)).toEqual([1001 + i]);
    }
    expect(receiver.stats).toMatchObject({ surfaced: 6, duplicates: 2, refused: { contradiction: 3 } });
  });

  test('takes a copy that is shorter, longer or empty for another frame', () => {
    const receiver = fresh();
    const of = (poll: number, ...entries: Uint8Array[]): Partial<ControlPayload> => ({
      stamp: poll & 0xff,
      entries: entries.map((one, back) => ({ back, bytes: one })),
    });
    const first = Uint8Array.of(1, 2, 3);
    receive(receiver, 1000, of(1000, first));
    const others = [Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3, 0), Uint8Array.of(0, 1, 2, 3), new Uint8Array(0)];
    for (const other of others) expect(receive(receiver, 1000, of(1000, other))).toEqual([]);
    expect(receive(receiver, 1000, of(1000, first))).toEqual([]);
    expect(receiver.stats).toMatchObject({ surfaced: 1, duplicates: 1, refused: { contradiction: 4 } });
  });

  test('surfaces neither of two that contradict each other when both came late', () => {
    const receiver = fresh();
    receive(receiver, 900);
    expect(receive(receiver, 1000, {}, { transitMs: 2600 }, { 0: 1 })).toEqual([]);
    expect(receive(receiver, 1001, {}, { transitMs: 20 }, { 0: 2, 1: 99 }).map(({ poll }) => poll)).toEqual([1001]);
    expect(receiver.stats).toMatchObject({ surfaced: 2, late: 1 });
  });

  test('contradicts nothing of the last generation', () => {
    const receiver = fresh();
    receive(receiver, 1000, {}, {}, { 0: 1 });
    expect(receive(receiver, 1000, { generation: 1 }, {}, { 0: 2 }).map((frame) => frame.bytes)).toEqual([bytes(2)]);
    expect(receiver.stats).toMatchObject({ surfaced: 2, refused: { contradiction: 0 } });
  });

  test.each([0, 1, 99.9, 100])('surfaces a frame that is %p ms old', (transitMs) => {
    expect(receive(fresh(), 1000, {}, { transitMs })).toHaveLength(1);
  });

  test.each([100.1, 2600, Infinity])('drops a frame that is %p ms old, for ever and counted once', (transitMs) => {
    const receiver = fresh();
    receive(receiver, 900);
    const given = Number.isFinite(transitMs) ? { transitMs } : { transitMs: undefined, nowMs: 1e9 };
    expect(receive(receiver, 1000, {}, given)).toEqual([]);
    expect(receive(receiver, 1000, {}, given)).toEqual([]);
    expect(receiver.stats).toMatchObject({ surfaced: 1, late: 1, duplicates: 0 });
  });

  test('drops the late ones of a datagram and surfaces the others', () => {
    const frames = receive(fresh(), 1000, {}, { transitMs: 70 }, { 0: 1, 3: 2, 4: 3 });
    expect(frames.map(({ poll, ageMs }) => [poll, ageMs])).toEqual([
      [997, 100],
      [1000, 70],
    ]);
  });

  test('refuses a rate that changes without a generation', () => {
    const receiver = fresh();
    receive(receiver, 1000);
    expect(receive(receiver, 1001, { hz: 200 })).toEqual([]);
    expect(receive(receiver, 1001)).toHaveLength(1);
    expect(receiver.stats.refused['rate-changed']).toBe(1);
  });

  test('refuses a wide stamp that says another poll than stamp and time', () => {
    const receiver = fresh();
    expect(receive(receiver, 1000, { wide: 1256 })).toEqual([]);
    expect(receive(receiver, 1000, { wide: 1000 })).toHaveLength(1);
    expect(receiver.stats.refused['stamp-mismatch']).toBe(1);
  });

  test('begins anew with a later generation, and drops what is left of the earlier', () => {
    const receiver = fresh();
    receive(receiver, 1000);
    // The same stamp as before, and an older poll: nothing of the last generation may stand in its way.
    expect(receive(receiver, 1000 - 256, { generation: 1 })).toHaveLength(1);
    expect(receive(receiver, 1001, { generation: 0 })).toEqual([]);
    expect(receive(receiver, 1000 - 255, { generation: 1 })).toHaveLength(1);
    expect(receiver.stats).toMatchObject({ timeJumps: 1, refused: { 'old-generation': 1 } });
  });

  test('goes round from generation 15 to 0', () => {
    const receiver = fresh();
    receive(receiver, 1000, { generation: 15 });
    expect(receive(receiver, 500, { generation: 0 })).toHaveLength(1);
  });

  test('takes a stamp that jumps for an old poll, and drops it as late', () => {
    const receiver = fresh();
    receive(receiver, 1000);
    expect(receive(receiver, 1001, { stamp: (1001 + 100) & 0xff })).toEqual([]);
    expect(receiver.stats.late).toBe(1);
    expect(receive(receiver, 1002)).toHaveLength(1);
  });

  test('drops clones of polls from before the clock began', () => {
    const receiver = fresh();
    expect(receive(receiver, 2, {}, {}, { 0: 1, 5: 2 }).map(({ poll }) => poll)).toEqual([2]);
    expect(receiver.stats.refused['old-generation']).toBe(1);
  });

  test('measures by the fastest datagram when the clocks contradict each other', () => {
    const receiver = fresh();
    expect(receive(receiver, 1000, {}, { transitMs: -5000 })).toHaveLength(1);
    expect(receiver.stats.timeJumps).toBe(1);
    expect(receive(receiver, 1001, {}, { transitMs: -5000, nowMs: 10_430 })).toEqual([]);
    expect(receiver.stats.late).toBe(1);
  });

  test('takes a datagram from a little in the future for one that took no time', () => {
    expect(receive(fresh(), 1000, {}, { transitMs: -3 })[0]?.ageMs).toBe(0);
  });

  test('a jump of the sender into the future costs that sender its stream, until the stamps come round, and nothing else', () => {
    const receiver = fresh();
    receive(receiver, 1000);
    expect(receive(receiver, 1_001_001)).toHaveLength(1);
    expect(receive(receiver, 1002)).toHaveLength(1);
    const before = receiver.stats.surfaced;
    for (let poll = 1003; poll < 1003 + 256; poll++) receive(receiver, poll);
    expect(receiver.stats.surfaced).toBe(before + 255);
  });

  test('never throws, surfaces no poll twice and none late, whatever it is given', () => {
    const arrivals = fc.array(
      fc.record({
        sentUs: fc.oneof(
          fc.integer({ min: 0, max: 2 ** 48 - 1 }),
          fc.integer({ min: SENT_US, max: SENT_US + 3_000_000 }),
        ),
        nowMs: fc.oneof(
          fc.double({ min: 0, max: 1e13, noNaN: true }),
          fc.double({ min: 10_000, max: 13_000, noNaN: true }),
        ),
        transitMs: fc.option(fc.double({ min: -1e6, max: 1e6 }), { nil: undefined }),
        payload: fc.record({
          stream: fc.constant(1),
          generation: fc.constant(3),
          stamp: fc.integer({ min: 0, max: 255 }),
          hz: fc.constant(HZ),
          wide: fc.constant(undefined),
          entries: fc
            .uniqueArray(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 16 })
            .map((backs) => backs.toSorted((a, b) => a - b).map((back) => ({ back, bytes: bytes(back & 3) }))),
        }),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(arrivals, (all) => {
        const receiver = fresh();
        const seen = new Set<number>();
        for (const arrival of all) {
          const latest = pollAt(arrival.sentUs, HZ);
          for (const { poll, ageMs } of receiver.receive(arrival)) {
            expect(seen.has(poll)).toBe(false);
            seen.add(poll);
            expect(ageMs).toBeGreaterThanOrEqual(0);
            expect(ageMs).toBeLessThanOrEqual(DEADLINE_MS);
            expect(poll).toBeLessThanOrEqual(latest + 8);
          }
        }
        expect(receiver.stats.surfaced).toBe(seen.size);
      }),
      { numRuns: 500 },
    );
  });
});
