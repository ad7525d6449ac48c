// Fixed layouts declared once as data and compiled to a reader and a writer. Big-endian, no padding, no alignment.
// Closures instead of generated source: the app's Content-Security-Policy forbids `eval`.

/**
 * u8, u16, u32: unsigned integers. u48: unsigned, 0 .. 2^48-1, as a number. u64: as a bigint.
 * bytes16: `[length u16][length bytes]`; read as a view into the datagram. u32s8: `[count u8][count x u32]`.
 */
export type FieldType = 'u8' | 'u16' | 'u32' | 'u48' | 'u64' | 'bytes16' | 'u32s8';
export type Fields = Readonly<Record<string, FieldType>>;

type ValueOf<T extends FieldType> = T extends 'bytes16'
  ? Uint8Array
  : T extends 'u64'
    ? bigint
    : T extends 'u32s8'
      ? readonly number[]
      : number;
export type Values<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> };

/** A place in a buffer. Readers and writers advance `at`. */
export class Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at = 0;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  get left(): number {
    return this.bytes.length - this.at;
  }
}

export interface Template<F extends Fields> {
  readonly fields: F;
  /** Bytes of all fields, with every bytes16 and u32s8 empty. */
  readonly fixedBytes: number;
  /** Writes at the cursor. The caller has checked that there is room and that values are in range. */
  write(to: Cursor, values: Values<F>): void;
  /** Reads at the cursor; undefined if the bytes end too early. */
  read(from: Cursor): Values<F> | undefined;
}

interface Codec {
  readonly bytes: number;
  write(to: Cursor, value: never): void;
  /** Called only with at least `bytes` left. */
  read(from: Cursor): unknown;
}

const TWO_32 = 0x1_0000_0000;

const CODECS: Readonly<Record<FieldType, Codec>> = {
  u8: {
    bytes: 1,
    write(to, value: number) {
      to.view.setUint8(to.at++, value);
    },
    read: (from) => from.view.getUint8(from.at++),
  },
  u16: {
    bytes: 2,
    write(to, value: number) {
      to.view.setUint16(to.at, value);
      to.at += 2;
    },
    read(from) {
      from.at += 2;
      return from.view.getUint16(from.at - 2);
    },
  },
  u32: {
    bytes: 4,
    write(to, value: number) {
      to.view.setUint32(to.at, value);
      to.at += 4;
    },
    read(from) {
      from.at += 4;
      return from.view.getUint32(from.at - 4);
    },
  },
  u48: {
    bytes: 6,
    write(to, value: number) {
      to.view.setUint16(to.at, Math.floor(value / TWO_32));
      to.view.setUint32(to.at + 2, value % TWO_32);
      to.at += 6;
    },
    read(from) {
      from.at += 6;
      return from.view.getUint16(from.at - 6) * TWO_32 + from.view.getUint32(from.at - 4);
    },
  },
  u64: {
    bytes: 8,
    write(to, value: bigint) {
      to.view.setBigUint64(to.at, value);
      to.at += 8;
    },
    read(from) {
      from.at += 8;
      return from.view.getBigUint64(from.at - 8);
    },
  },
  bytes16: {
    bytes: 2,
    write(to, value: Uint8Array) {
      to.view.setUint16(to.at, value.length);
      to.bytes.set(value, to.at + 2);
      to.at += 2 + value.length;
    },
    read(from) {
      const length = from.view.getUint16(from.at);
      from.at += 2;
      if (from.left < length) return undefined;
      from.at += length;
      return from.bytes.subarray(from.at - length, from.at);
    },
  },
  u32s8: {
    bytes: 1,
    write(to, value: readonly number[]) {
      to.view.setUint8(to.at++, value.length);
      for (const item of value) {
        to.view.setUint32(to.at, item);
        to.at += 4;
      }
    },
    read(from) {
      const count = from.view.getUint8(from.at++);
      if (from.left < count * 4) return undefined;
      const items: number[] = [];
      for (let i = 0; i < count; i++, from.at += 4) items.push(from.view.getUint32(from.at));
      return items;
    },
  },
};

/** Compiles a layout: the fields lie in the order they are declared in. */
export function template<const F extends Fields>(fields: F): Template<F> {
  const steps = Object.entries(fields).map(([name, type]) => ({ name, codec: CODECS[type] }));
  const fixedBytes = steps.reduce((sum, step) => sum + step.codec.bytes, 0);
  return {
    fields,
    fixedBytes,
    write(to, values) {
      for (const { name, codec } of steps) codec.write(to, values[name] as never);
    },
    read(from) {
      const values: Record<string, unknown> = {};
      for (const { name, codec } of steps) {
        if (from.left < codec.bytes) return undefined;
        const value = codec.read(from);
        if (value === undefined) return undefined;
        values[name] = value;
      }
      return values as Values<F>;
    },
  };
}
