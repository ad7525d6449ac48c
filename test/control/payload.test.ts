import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DOWN_FRAME_BYTES_MAX, ENTRIES_MAX, HZ_MAX } from '../../src/control/options.ts';
import { decodePayload, encodePayload, type ControlPayload } from '../../src/control/payload.ts';

const payloads: fc.Arbitrary<ControlPayload> = fc.record({
  stream: fc.integer({ min: 0, max: 255 }),
  generation: fc.integer({ min: 0, max: 15 }),
  stamp: fc.integer({ min: 0, max: 255 }),
  hz: fc.integer({ min: 1, max: HZ_MAX }),
  wide: fc.option(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { nil: undefined }),
  entries: fc
    .uniqueArray(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: ENTRIES_MAX })
    .chain((backs) =>
      fc.tuple(
        ...backs
          .toSorted((a, b) => a - b)
          .map((back) => fc.record({ back: fc.constant(back), bytes: fc.uint8Array({ maxLength: 40 }) })),
      ),
    ),
});

const one = (over: Partial<ControlPayload> = {}): ControlPayload => ({
  stream: 1,
  generation: 0,
  stamp: 9,
  hz: 100,
  wide: undefined,
  entries: [{ back: 0, bytes: Uint8Array.of(7) }],
  ...over,
});

describe('the payload of a control frame', () => {
  test('is read back as it was written', () => {
    fc.assert(fc.property(payloads, (payload) => expect(decodePayload(encodePayload(payload))).toEqual(payload)));
  });

  test('has exactly the bytes that PROTOCOL.md says', () => {
    const entries = [
      { back: 0, bytes: Uint8Array.of(0xaa, 0xbb) },
      { back: 3, bytes: new Uint8Array(0) },
    ];
    const bytes = encodePayload(one({ stream: 2, generation: 5, stamp: 255, hz: 360, wide: 0x01020304, entries }));
    expect(Buffer.from(bytes).toString('hex')).toBe('0251ff01680201020304000002aabb030000');
  });

  test('is refused when it ends early, at every byte', () => {
    const bytes = encodePayload(one({ wide: 77, entries: [{ back: 0, bytes: Uint8Array.of(1, 2, 3) }] }));
    for (let end = 0; end < bytes.length; end++) expect(decodePayload(bytes.subarray(0, end))).toBeUndefined();
    expect(decodePayload(Uint8Array.of(...bytes, 0))).toBeUndefined();
  });

  test.each<[string, Uint8Array]>([
    ['no entry', encodePayload(one({ entries: [] }))],
    [
      'one entry too many',
      encodePayload(
        one({ entries: Array.from({ length: ENTRIES_MAX + 1 }, (_, back) => ({ back, bytes: new Uint8Array(1) })) }),
      ),
    ],
    ['a rate of 0', encodePayload(one({ hz: 0 }))],
    ['a rate past the limit', encodePayload(one({ hz: HZ_MAX + 1 }))],
    ['a reserved flag', encodePayload(one()).map((byte, i) => (i === 1 ? byte | 0x02 : byte))],
    ['a poll twice', encodePayload(one({ entries: [0, 2, 2].map((back) => ({ back, bytes: new Uint8Array(1) })) }))],
    [
      'polls in another order',
      encodePayload(one({ entries: [5, 0].map((back) => ({ back, bytes: new Uint8Array(1) })) })),
    ],
    [
      'a frame too long',
      encodePayload(one({ entries: [{ back: 0, bytes: new Uint8Array(DOWN_FRAME_BYTES_MAX + 1) }] })),
    ],
  ])('is refused with %s', (_what, bytes) => {
    expect(decodePayload(bytes)).toBeUndefined();
  });

  test('never makes the decoder throw, and whatever is read is in bounds', () => {
    const check = (bytes: Uint8Array): void => {
      const payload = decodePayload(bytes);
      if (payload !== undefined) expect(encodePayload(payload)).toEqual(bytes);
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 1200 }), check), { numRuns: 2000 });
    const broken = fc
      .tuple(payloads, fc.nat(), fc.integer({ min: 0, max: 255 }))
      .map(([payload, at, value]) =>
        encodePayload(payload).map((byte, i, all) => (i === at % all.length ? value : byte)),
      );
    fc.assert(fc.property(broken, check), { numRuns: 2000 });
  });
});
