// Fixed layouts declared once as data and compiled to a reader and a writer. Big-endian, no padding, no alignment.
// Closures instead of generated source: the app's Content-Security-Policy forbids `eval`. The places in a buffer that they
// read and write at are cursor.ts.
import { Cursor } from './cursor.ts';

export { Cursor };

/**
 * u8, u16, u32: unsigned integers. i16, i32: signed, two's complement. u48: unsigned, 0 .. 2^48-1, as a number. u64: as a
 * bigint. f32: IEEE 754 single, finite. bytes16: `[length u16][length bytes]`; read as a view into the datagram.
 * u32s8: `[count u8][count x u32]`.
 */
export type FieldType = 'u8' | 'u16' | 'u32' | 'i16' | 'i32' | 'u48' | 'u64' | 'f32' | 'bytes16' | 'u32s8';
export type Fields = Readonly<Record<string, FieldType>>;

type ValueOf<T extends FieldType> = T extends 'bytes16'
  ? Uint8Array
  : T extends 'u64'
    ? bigint
    : T extends 'u32s8'
      ? readonly number[]
      : number;
export type Values<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> };

export interface Template<F extends Fields> {
  readonly fields: F;
  /** Bytes of all fields, with every bytes16 and u32s8 empty. */
  readonly fixedBytes: number;
  /** Bytes of all fields at their longest. */
  readonly bytesMax: number;
  /** Writes at the cursor. The caller has checked that there is room and that values are in range (`check`). */
  write(to: Cursor, values: Values<F>): void;
  /** Reads at the cursor; undefined if the bytes end too early or an f32 is no finite number. */
  read(from: Cursor): Values<F> | undefined;
  /** Throws a TypeError or RangeError that names the field, what was expected and what came. */
  check(values: Values<F>): void;
}

interface Codec {
  readonly bytes: number;
  readonly bytesMax: number;
  /** What `fits` accepts, for the message. */
  readonly expects: string;
  fits(value: unknown): boolean;
  write(to: Cursor, value: never): void;
  read(from: Cursor): unknown;
}

type Access = Pick<Codec, 'write' | 'read'>;

const integer = (bytes: number, min: number, max: number, { write, read }: Access): Codec => ({
  bytes,
  bytesMax: bytes,
  expects: `an integer from ${min} to ${max}`,
  fits: (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
  write,
  read,
});

const CODECS: Readonly<Record<FieldType, Codec>> = {
  u8: integer(1, 0, 0xff, { write: (to, value: number) => to.putU8(value), read: (from) => from.u8() }),
  u16: integer(2, 0, 0xffff, { write: (to, value: number) => to.putU16(value), read: (from) => from.u16() }),
  u32: integer(4, 0, 0xffff_ffff, { write: (to, value: number) => to.putU32(value), read: (from) => from.u32() }),
  // Setters keep the low bits, so a negative number writes its two's complement.
  i16: integer(2, -0x8000, 0x7fff, { write: (to, value: number) => to.putU16(value), read: (from) => from.i16() }),
  i32: integer(4, -0x8000_0000, 0x7fff_ffff, {
    write: (to, value: number) => to.putU32(value),
    read: (from) => from.i32(),
  }),
  u48: integer(6, 0, 2 ** 48 - 1, { write: (to, value: number) => to.putU48(value), read: (from) => from.u48() }),
  u64: {
    bytes: 8,
    bytesMax: 8,
    expects: 'a bigint from 0 to 2^64-1',
    fits: (value) => typeof value === 'bigint' && BigInt.asUintN(64, value) === value,
    write: (to, value: bigint) => to.putU64(value),
    read: (from) => from.u64(),
  },
  f32: {
    bytes: 4,
    bytesMax: 4,
    expects: 'a number that an f32 can hold',
    fits: (value) => typeof value === 'number' && Number.isFinite(Math.fround(value)),
    write: (to, value: number) => to.putF32(value),
    read: (from) => from.f32(),
  },
  bytes16: {
    bytes: 2,
    bytesMax: 2 + 0xffff,
    expects: 'a Uint8Array of at most 65535 bytes',
    fits: (value) => value instanceof Uint8Array && value.length <= 0xffff,
    write: (to, value: Uint8Array) => to.putBytes16(value),
    read: (from) => from.bytes16(),
  },
  u32s8: {
    bytes: 1,
    bytesMax: 1 + 0xff * 4,
    expects: 'an array of at most 255 integers from 0 to 4294967295',
    fits: (value) => Array.isArray(value) && value.length <= 0xff && value.every((item) => CODECS.u32.fits(item)),
    write: (to, value: readonly number[]) => to.putU32s8(value),
    read: (from) => from.u32s8(),
  },
};

/** Compiles a layout: the fields lie in the order they are declared in. */
export function template<const F extends Fields>(fields: F): Template<F> {
  const steps = Object.entries(fields).map(([name, type]) => ({ name, codec: CODECS[type] }));
  const sum = (size: 'bytes' | 'bytesMax'): number => steps.reduce((total, { codec }) => total + codec[size], 0);
  return {
    fields,
    fixedBytes: sum('bytes'),
    bytesMax: sum('bytesMax'),
    write(to, values) {
      for (const { name, codec } of steps) codec.write(to, values[name] as never);
    },
    read(from) {
      const values: Record<string, unknown> = {};
      for (const { name, codec } of steps) values[name] = codec.read(from);
      return from.failed ? undefined : (values as Values<F>);
    },
    check(values) {
      for (const { name, codec } of steps) {
        const value: unknown = values[name];
        if (!codec.fits(value)) throw new RangeError(`${name}: expected ${codec.expects}, got ${shown(value)}`);
      }
    },
  };
}

function shown(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return value instanceof Uint8Array ? `${value.length} bytes` : typeof value;
}
