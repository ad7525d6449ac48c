// Layouts declared as data: what is written is read back, in declared order, big-endian, and nothing beyond the end.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Cursor, template, type FieldType, type Fields } from '../../src/wire/template.ts';
import { u16, u32, u48, u64, u8 } from './arbitrary.ts';

const f32 = fc.float({ noNaN: true, noDefaultInfinity: true });
const VALUES: Readonly<Record<FieldType, fc.Arbitrary<unknown>>> = {
  u8,
  u16,
  u32,
  i16: fc.integer({ min: -0x8000, max: 0x7fff }),
  i32: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
  u48,
  u64,
  f32,
  bytes16: fc.uint8Array({ maxLength: 32 }),
  u32s8: fc.array(u32, { maxLength: 20 }),
};
const TYPES = Object.keys(VALUES) as FieldType[];

/** A layout of up to six fields and values for it. */
const filled = fc
  .array(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 6 })
  .chain((types) => fc.tuple(fc.constant(types), fc.tuple(...types.map((type) => VALUES[type]))))
  .map(([types, values]) => ({
    fields: Object.fromEntries(types.map((type, i) => [`f${i}`, type])) as Fields,
    values: Object.fromEntries(values.map((value, i) => [`f${i}`, value])) as never,
  }));

function written(fields: Fields, values: never): Uint8Array {
  const to = new Cursor(new Uint8Array(2048));
  template(fields).write(to, values);
  return to.bytes.slice(0, to.at);
}

test('whatever a layout holds is read back as it was written', () => {
  fc.assert(
    fc.property(filled, ({ fields, values }) => {
      const layout = template(fields);
      layout.check(values);
      const bytes = written(fields, values);
      const from = new Cursor(bytes);
      expect(layout.read(from)).toEqual(values);
      expect(from.left).toBe(0);
      expect(bytes.length).toBeGreaterThanOrEqual(layout.fixedBytes);
      expect(bytes.length).toBeLessThanOrEqual(layout.bytesMax);
    }),
    { numRuns: 2000 },
  );
});

test('whatever a layout accepts of random bytes it writes back to the last bit', () => {
  const types = fc.array(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(types, fc.uint8Array({ maxLength: 64 }), (list, bytes) => {
      const fields: Fields = Object.fromEntries(list.map((type, i) => [`f${i}`, type]));
      const from = new Cursor(bytes);
      const values = template(fields).read(from);
      if (values === undefined) return;
      template(fields).check(values);
      expect(Buffer.compare(written(fields, values as never), bytes.subarray(0, from.at))).toBe(0);
    }),
    { numRuns: 5000 },
  );
});

test('a layout is refused wherever its bytes are cut', () => {
  fc.assert(
    fc.property(filled, ({ fields, values }) => {
      const bytes = written(fields, values);
      for (let length = 0; length < bytes.length; length++) {
        expect(template(fields).read(new Cursor(bytes.subarray(0, length)))).toBeUndefined();
      }
    }),
  );
});

test.each<[FieldType, unknown, string]>([
  ['u8', 0x12, '12'],
  ['u16', 0x1234, '1234'],
  ['u32', 0x1234_5678, '12345678'],
  ['i16', -2, 'fffe'],
  ['i32', -2, 'fffffffe'],
  ['u48', 0x1234_5678_9abc, '123456789abc'],
  ['u64', 0x1234_5678_9abc_def0n, '123456789abcdef0'],
  ['f32', -1.5, 'bfc00000'],
  ['bytes16', Uint8Array.of(1, 2, 3), '0003010203'],
  ['u32s8', [1, 0xffff_ffff], '0200000001ffffffff'],
])('%s lies in the bytes as documented', (type, value, expected) => {
  const bytes = written({ value: type }, { value } as never);
  expect(Buffer.from(bytes).toString('hex')).toBe(expected);
  expect(template<Fields>({ value: type }).read(new Cursor(bytes))).toEqual({ value });
});

test.each(['7f800000', 'ff800000', '7fc00000', 'ffffffff', '7f800001'])('an f32 of the bits %s is refused', (bits) => {
  const from = new Cursor(Uint8Array.from(Buffer.from(bits, 'hex')));
  expect(template({ value: 'f32' }).read(from)).toBeUndefined();
});

describe('check', () => {
  test.each<[FieldType, unknown]>([
    ['u8', -1],
    ['u8', 256],
    ['u8', 0.5],
    ['u8', NaN],
    ['u8', '1'],
    ['u8', undefined],
    ['u16', 0x1_0000],
    ['u32', 2 ** 32],
    ['i16', 0x8000],
    ['i16', -0x8001],
    ['i32', 2 ** 31],
    ['i32', -(2 ** 31) - 1],
    ['u48', 2 ** 48],
    ['u64', 1],
    ['u64', -1n],
    ['u64', 2n ** 64n],
    ['f32', NaN],
    ['f32', Infinity],
    ['f32', 1e39],
    ['f32', 1n],
    ['bytes16', new Uint8Array(0x1_0000)],
    ['bytes16', [1, 2]],
    ['u32s8', new Array<number>(256).fill(0)],
    ['u32s8', [-1]],
    ['u32s8', Uint8Array.of(1)],
  ])('refuses to write %s from %p, and names the field', (type, value) => {
    expect(() => template<Fields>({ height: type }).check({ height: value as never })).toThrow(/^height: expected/);
  });

  test('says what was expected and what came', () => {
    expect(() => template({ x: 'u8' }).check({ x: 300 })).toThrow('x: expected an integer from 0 to 255, got 300');
  });
});

test('a cursor that reads past the end stays failed, whatever it reads then', () => {
  const from = new Cursor(Uint8Array.of(1, 2, 3));
  expect(from.u32()).toBe(0);
  expect(from.failed).toBe(true);
  from.u8();
  expect(from.failed).toBe(true);
});
