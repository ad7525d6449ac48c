import { describe, expect, test } from '@jest/globals';
import { DOWN_FRAME_BYTES_MAX, type ControlOptions } from '../../src/control/options.ts';
import { decodePayload } from '../../src/control/payload.ts';
import { ControlSender } from '../../src/control/sender.ts';
import { quality, Stream } from './support.ts';

const HZ = 100;
const START_US = 5_000_000;

/** A sender alone, at poll n = 500, 501, … */
function lone(
  options: Partial<ControlOptions> = {},
  deadlineMs = 100,
): {
  sender: ControlSender;
  poll: (n: number, frame?: Uint8Array) => boolean;
  backs: (offsets?: readonly number[]) => number[];
} {
  const sender = new ControlSender({ stream: 1, hz: HZ, deadlineMs, options });
  return {
    sender,
    poll: (n, frame) => sender.poll(START_US + n * 10_000, frame),
    backs: (offsets = []) => {
      const payload = sender.payload(offsets);
      return payload === undefined ? [] : (decodePayload(payload)?.entries.map(({ back }) => back) ?? [NaN]);
    },
  };
}

const frame = (value: number): Uint8Array => Uint8Array.of(value);

describe('a control stream on its way out', () => {
  test('sends the newest frame first, then earlier ones at the offsets asked for', () => {
    const { poll, backs } = lone();
    for (let n = 0; n < 9; n++) poll(n, frame(n));
    expect(backs([1, 3, 8])).toEqual([0, 1, 3, 8]);
    expect(backs([])).toEqual([0]);
  });

  test('names the stream, the poll modulo 256 and the rate', () => {
    const { sender, poll } = lone();
    poll(0, frame(1));
    expect(decodePayload(sender.payload([]) ?? frame(0))).toMatchObject({
      stream: 1,
      stamp: 500 % 256,
      hz: HZ,
      generation: 0,
    });
  });

  test('adds the whole poll number when asked for the wide stamp', () => {
    const { sender, poll } = lone({ wideStamp: true });
    poll(0, frame(1));
    expect(decodePayload(sender.payload([]) ?? frame(0))?.wide).toBe(500);
  });

  test('makes no poll twice', () => {
    const { sender, poll } = lone();
    expect(poll(0, frame(1))).toBe(true);
    expect(poll(0.9, frame(2))).toBe(false);
    expect(sender.latest).toBe(500);
    expect(poll(1, frame(3))).toBe(true);
  });

  test('skips the polls that a late timer missed, and sends their clones once at the next', () => {
    const { sender, poll, backs } = lone();
    poll(0, frame(0));
    expect(backs([2, 3])).toEqual([0]);
    poll(5, frame(5));
    expect(sender.latest).toBe(505);
    expect(backs([2, 3])).toEqual([0, 5]);
    poll(6, frame(6));
    expect(backs([2, 3])).toEqual([0]);
  });

  test('tells a last frame a few times more, and is then silent until the refresh', () => {
    const { poll, backs } = lone({ refreshes: 0 });
    poll(0, frame(0));
    const told = Array.from({ length: 30 }, (_, i) => {
      poll(i + 1, undefined);
      return backs([]);
    });
    expect(told.flatMap((entries, i) => (entries.length > 0 ? [i + 1] : []))).toEqual([1, 3, 8]);
    expect(told.flat()).toEqual([1, 3, 8]);
  });

  test('finishes the clones of frames before the last, too', () => {
    const { poll, backs } = lone({ refreshes: 0 });
    poll(0, frame(0));
    poll(1, frame(1));
    const told = Array.from({ length: 12 }, (_, i) => {
      poll(i + 2, undefined);
      return backs([5]);
    });
    expect(told.flat().filter((back) => back === 5)).toHaveLength(2);
  });

  test('tells a last frame as a new one after 250 ms, then after twice that, and is silent in the end', () => {
    const stream = new Stream({ hz: 100, quality: quality(0) });
    stream.poll(frame(42));
    expect(stream.idle(9000)).toBe(3 + 5 * 4);
    const polls = stream.settle().surfaced.map(({ poll }) => poll);
    expect(polls.map((poll) => poll - (polls[0] ?? 0))).toEqual([0, 25, 75, 175, 375, 775]);
    expect(stream.idle(60_000)).toBe(0);
  });

  test('drops the oldest clones when they do not fit', () => {
    const { sender, poll, backs } = lone();
    for (let n = 0; n < 9; n++) poll(n, new Uint8Array(400));
    expect(backs([1, 3, 8])).toEqual([0, 1]);
    expect(sender.payload([1, 3, 8])?.length).toBeLessThanOrEqual(sender.options.payloadBytesMax);
  });

  test('forgets frames that are past their deadline', () => {
    const { poll, backs } = lone({}, 50);
    poll(0, frame(0));
    poll(6, frame(6));
    expect(backs([5])).toEqual([0]);
  });

  test('goes on with the same numbers when the clock steps back a little', () => {
    const { sender, poll } = lone();
    poll(10, frame(1));
    expect(poll(5, frame(2))).toBe(false);
    expect(poll(11, frame(3))).toBe(true);
    expect(sender.generation).toBe(0);
  });

  test('begins a generation when the clock steps back far, and brings no clone over from the last', () => {
    const { sender, poll, backs } = lone();
    for (let n = 100; n < 110; n++) poll(n, frame(n));
    expect(poll(20, frame(1))).toBe(true);
    expect({ generation: sender.generation, latest: sender.latest, backs: backs([1, 2, 3]) }).toEqual({
      generation: 1,
      latest: 520,
      backs: [0],
    });
  });

  test.each([
    ['stream', { stream: 256, hz: 100, deadlineMs: 100 }],
    ['hz', { stream: 1, hz: 1001, deadlineMs: 100 }],
    ['hz', { stream: 1, hz: 59.94, deadlineMs: 100 }],
    ['deadlineMs', { stream: 1, hz: 1000, deadlineMs: 241 }],
    ['deadlineMs', { stream: 1, hz: 100, deadlineMs: 0 }],
  ])('refuses a %s out of range by name', (name, shape) => {
    expect(() => new ControlSender(shape)).toThrow(new RegExp(`^${name}: expected`));
  });

  test('refuses a frame too long, and an option out of range, by name', () => {
    expect(() => lone().poll(0, new Uint8Array(DOWN_FRAME_BYTES_MAX + 1))).toThrow(
      /^frame: expected at most 1000 bytes/,
    );
    expect(() => lone({ clonesMax: 16 })).toThrow(/^clonesMax: expected/);
  });
});
