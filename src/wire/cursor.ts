// A place in a buffer, and the integers, floats and byte strings that are read and written there. Big-endian.
// Reading past the end gives zeros and sets `failed`, so that a reader may be one object literal and one check at its end.

/** The two halves of a u64 on their way to a bigint: cheaper than a view over each datagram. */
const U64 = new DataView(new ArrayBuffer(8));
const TWO_32 = 0x1_0000_0000;
const EMPTY = new Uint8Array(0);

/** Readers (`u8()`) and writers (`putU8(value)`) advance `at`. Code that uses `bytes` or `view` itself advances it likewise. */
export class Cursor {
  readonly bytes: Uint8Array;
  at = 0;
  /** A read went past the end, or found no finite number in an f32: what was read is worth nothing. */
  failed = false;
  #view: DataView | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Made when it is first asked for: most datagrams are read without one. */
  get view(): DataView {
    this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    return this.#view;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  // --- reading ---

  u8(): number {
    const at = this.#take(1);
    return this.bytes[at] ?? 0;
  }

  u16(): number {
    const at = this.#take(2);
    const { bytes } = this;
    return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  }

  i16(): number {
    return (this.u16() << 16) >> 16;
  }

  i32(): number {
    const at = this.#take(4);
    const { bytes } = this;
    return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  }

  u32(): number {
    return this.i32() >>> 0;
  }

  u48(): number {
    return this.u16() * TWO_32 + this.u32();
  }

  u64(): bigint {
    U64.setInt32(0, this.i32());
    U64.setInt32(4, this.i32());
    return U64.getBigUint64(0);
  }

  /** Infinities and NaN are no numbers that a remote may hand on: they fail. */
  f32(): number {
    U64.setInt32(0, this.i32());
    const value = U64.getFloat32(0);
    if (Number.isFinite(value)) return value;
    this.failed = true;
    return 0;
  }

  /** `[length u16][length bytes]`, a view into `bytes`. */
  bytes16(): Uint8Array {
    const length = this.u16();
    const at = this.#take(length);
    return this.failed ? EMPTY : this.bytes.subarray(at, at + length);
  }

  /** `[count u8][count x u32]`. */
  u32s8(): number[] {
    const count = this.u8();
    const items: number[] = [];
    if (this.left < count * 4) this.failed = true;
    else for (let i = 0; i < count; i++) items.push(this.u32());
    return items;
  }

  // --- writing: the caller sees to it that there is room and that values are in range ---

  putU8(value: number): void {
    this.bytes[this.at] = value;
    this.at += 1;
  }

  putU16(value: number): void {
    this.view.setUint16(this.at, value);
    this.at += 2;
  }

  putU32(value: number): void {
    this.view.setUint32(this.at, value);
    this.at += 4;
  }

  putU48(value: number): void {
    this.putU16(Math.floor(value / TWO_32));
    this.putU32(value % TWO_32);
  }

  putU64(value: bigint): void {
    this.view.setBigUint64(this.at, value);
    this.at += 8;
  }

  putF32(value: number): void {
    this.view.setFloat32(this.at, value);
    this.at += 4;
  }

  putBytes16(value: Uint8Array): void {
    this.putU16(value.length);
    const { at } = this;
    this.at += value.length; // first: `set` throws where there is no room, and the registry asks how far it was to go
    this.bytes.set(value, at);
  }

  putU32s8(value: readonly number[]): void {
    this.putU8(value.length);
    for (const item of value) this.putU32(item);
  }

  /** Where the next `length` bytes begin; past the end if there are not that many. */
  #take(length: number): number {
    const { at } = this;
    if (length > this.bytes.length - at) {
      this.failed = true;
      return this.bytes.length;
    }
    this.at = at + length;
    return at;
  }
}
