import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEADLINE_POLLS_MAX, HZ_MAX } from '../../src/control/options.ts';
import { pollAt, pollTimeUs, STAMP_AHEAD_POLLS, STAMP_POLLS, unwrapStamp } from '../../src/control/stamp.ts';

const hz = fc.integer({ min: 1, max: HZ_MAX });
/** Up to the wrap of a header's time. */
const timeUs = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe('the one-byte stamp', () => {
  test('is unwrapped to the poll it was made at, whenever within a deadline its datagram was sent', () => {
    fc.assert(
      fc.property(hz, timeUs, fc.integer({ min: 0, max: DEADLINE_POLLS_MAX }), (rate, sampledUs, waitedPolls) => {
        const poll = pollAt(sampledUs, rate);
        const sentUs = Math.floor(sampledUs + (waitedPolls / rate) * 1_000_000);
        expect(unwrapStamp(poll % STAMP_POLLS, sentUs, rate)).toBe(poll);
      }),
    );
  });

  test('is unwrapped rightly when the clock stepped back by up to eight polls before its datagram was sent', () => {
    fc.assert(
      fc.property(hz, timeUs, fc.integer({ min: 0, max: STAMP_AHEAD_POLLS - 1 }), (rate, sampledUs, backPolls) => {
        const poll = pollAt(sampledUs, rate);
        const sentUs = Math.max(0, Math.ceil(sampledUs - (backPolls / rate) * 1_000_000));
        expect(unwrapStamp(poll % STAMP_POLLS, sentUs, rate)).toBe(poll);
      }),
    );
  });

  test('gives every one of its 256 values a poll of its own, in one turn around the time of the datagram', () => {
    const polls = Array.from({ length: STAMP_POLLS }, (_, stamp) => unwrapStamp(stamp, 10_000_000, 100));
    expect(polls.sort((a, b) => a - b)).toEqual(Array.from({ length: STAMP_POLLS }, (_, i) => 1008 - 255 + i));
  });

  test('names polls from before the clock began by negative numbers', () => {
    expect(unwrapStamp(200, 0, 100)).toBe(200 - STAMP_POLLS);
  });

  test('a poll begins no later than any moment in it', () => {
    fc.assert(
      fc.property(hz, timeUs, (rate, us) => {
        const poll = pollAt(us, rate);
        expect(pollTimeUs(poll, rate)).toBeLessThanOrEqual(us + 0.1);
        expect(pollTimeUs(poll + 1, rate)).toBeGreaterThan(us - 0.1);
      }),
    );
  });
});
