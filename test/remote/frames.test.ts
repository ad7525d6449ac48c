// Frames: what goes in comes out, and nothing that claims to be one does harm.
import { describe, expect, test } from '@jest/globals';
import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { StoreError } from '../../src/io/store.ts';
import { TalkError } from '../../src/io/talk-face.ts';
import { errorOf, recordOf } from '../../src/remote/errors.ts';
import { decodeFrames, encodeFrame, REQUEST_BYTES_MAX } from '../../src/remote/frames.ts';
import { HostError } from '../../src/remote/host-face.ts';
import { joined } from '../../src/wire/bytes.ts';
import { HLC_PER_MS } from '../../src/wire/entry.ts';

/** What views are made of. */
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'grapheme' }),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true }).filter((number) => !Object.is(number, -0)),
    fc.constant(Infinity),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 40 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
      { noNullPrototype: true, maxKeys: 20 },
    ),
  ),
}));

const decoded = (...frames: Parameters<typeof encodeFrame>[0][]): unknown =>
  decodeFrames(joined(...frames.map(encodeFrame)), REQUEST_BYTES_MAX);

describe('frames', () => {
  test('come out as they went in, however many share a message', () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), (values) => {
        const frames = values.map((each, id) => ({ kind: 'result', id, value: each }) as const);
        expect(decoded(...frames)).toEqual(frames);
      }),
    );
  });

  test('keep logical times and rates without a bound, and leave out what is undefined', () => {
    const created = Date.now() * HLC_PER_MS + 17;
    const args = [created, Number.MAX_SAFE_INTEGER, 2 ** 32, -1, Infinity, { a: 1, b: undefined }, undefined, 'last'];
    const frame = { kind: 'tell', name: 'x', args } as const;
    expect(decoded(frame)).toEqual([{ kind: 'tell', name: 'x', args: [...args.slice(0, 5), { a: 1 }, null, 'last'] }]);
    expect(decoded({ kind: 'result', id: 1, value: undefined })).toStrictEqual([{ kind: 'result', id: 1 }]);
  });

  test('are none if a message is cut short, or too long, or something else', () => {
    const bytes = encodeFrame({ kind: 'call', id: 1, name: 'join', args: ['reef', new Uint8Array(70_000), -129, 0.5] });
    expect(decodeFrames(bytes, bytes.length)).toHaveLength(1);
    expect(decodeFrames(bytes, bytes.length - 1)).toBeUndefined();
    for (let length = 1; length < bytes.length; length += length < 40 ? 1 : 997) {
      expect(decodeFrames(bytes.subarray(0, length), REQUEST_BYTES_MAX)).toBeUndefined();
    }
    expect(decodeFrames(Uint8Array.of(0xc1), REQUEST_BYTES_MAX)).toBeUndefined();
  });

  test('never throw, whatever the bytes are', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void decodeFrames(bytes, REQUEST_BYTES_MAX)));
  });

  test('are not believed when they announce more than they bring', () => {
    // Each of these heads would have the decoder make room for 32 million elements.
    const heads = Uint8Array.of(0xdd, 0x02, 0, 0, 0);
    expect(decodeFrames(joined(...Array.from({ length: 1000 }, () => heads)), REQUEST_BYTES_MAX)).toBeUndefined();
    const map = Uint8Array.of(0xdf, 0x02, 0, 0, 0);
    expect(decodeFrames(joined(...Array.from({ length: 1000 }, () => map)), REQUEST_BYTES_MAX)).toBeUndefined();
  });

  test('are believed whatever their kinds of heads are', () => {
    const long = {
      text: 'x'.repeat(70_000),
      short: 'y'.repeat(200),
      middle: 'z'.repeat(3000),
      bytes: new Uint8Array(300),
    };
    const numbers = [0, -1, -33, 200, -200, 40_000, -40_000, 2 ** 31, -(2 ** 31), 2 ** 40, -(2 ** 40), 1.5];
    const big = {
      ...Object.fromEntries(numbers.map((each) => [`k${each}`, each])),
      list: numbers.concat(numbers),
      nil: null,
    };
    const wide = Object.fromEntries(Array.from({ length: 70_000 }, (_, key) => [`k${key}`, key]));
    for (const each of [long, big, wide, new Array(70_000).fill(1), new Date(), true]) {
      expect(decodeFrames(encode(each), REQUEST_BYTES_MAX)).toEqual([each]);
    }
  });
});

describe('errors', () => {
  test.each([
    new TalkError('left', 'a'),
    new StoreError('no-space', 'b'),
    new HostError('not-here', 'c'),
    new RangeError('d'),
    new Error('e'),
  ])('come out as they went in: %p', (error) => {
    const [frame] =
      decodeFrames(encodeFrame({ kind: 'failed', id: 1, error: recordOf(error) }), REQUEST_BYTES_MAX) ?? [];
    const { error: record } = frame as { readonly error: ReturnType<typeof recordOf> };
    expect(errorOf(record)).toStrictEqual(error);
    expect(errorOf(record).constructor).toBe(error.constructor);
    expect(errorOf(record)).toMatchObject({ message: error.message, name: error.name });
  });

  test('of a kind or a code that is not known are plain ones', () => {
    expect(errorOf({ name: 'TalkError', code: 'toString', message: 'x' })).toStrictEqual(new Error('x'));
    expect(errorOf(recordOf(new TypeError('y')))).toStrictEqual(new Error('y'));
    expect(errorOf(recordOf('z'))).toStrictEqual(new Error('z'));
  });
});
