// What a hostile or broken peer may make of well-formed bytes: flips, cuts, insertions, repeats and length edits.
import fc from 'fast-check';

type Mutation = (bytes: Uint8Array) => Uint8Array;

function splice(bytes: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  const start = bytes.length === 0 ? 0 : at % (bytes.length + 1);
  const end = Math.min(bytes.length, start + removed);
  const result = new Uint8Array(start + added.length + bytes.length - end);
  result.set(bytes.subarray(0, start));
  result.set(added, start);
  result.set(bytes.subarray(end), start + added.length);
  return result;
}

function overwrite(bytes: Uint8Array, at: number, values: readonly number[]): Uint8Array {
  const result = bytes.slice();
  for (const [i, value] of values.entries()) if (result.length > 0) result[(at + i) % result.length] = value;
  return result;
}

const place = fc.nat(2048);
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 0, max: 7 })).map<Mutation>(
    ([at, bit]) =>
      (bytes) =>
        overwrite(bytes, at, [(bytes[at % Math.max(1, bytes.length)] ?? 0) ^ (1 << bit)]),
  ),
  fc.tuple(place, fc.integer({ min: 0, max: 255 })).map<Mutation>(
    ([at, value]) =>
      (bytes) =>
        overwrite(bytes, at, [value]),
  ),
  // Lengths and counts are where decoders break: all ones, all zeros.
  fc.tuple(place, fc.constantFrom(0, 255), fc.integer({ min: 2, max: 8 })).map<Mutation>(
    ([at, value, count]) =>
      (bytes) =>
        overwrite(bytes, at, new Array<number>(count).fill(value)),
  ),
  place.map<Mutation>((at) => (bytes) => bytes.slice(0, bytes.length === 0 ? 0 : at % bytes.length)),
  fc.tuple(place, fc.integer({ min: 1, max: 16 })).map<Mutation>(
    ([at, count]) =>
      (bytes) =>
        splice(bytes, at, count, new Uint8Array(0)),
  ),
  fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 16 })).map<Mutation>(
    ([at, added]) =>
      (bytes) =>
        splice(bytes, at, 0, added),
  ),
  fc.tuple(place, place, fc.integer({ min: 1, max: 64 })).map<Mutation>(
    ([from, to, count]) =>
      (bytes) =>
        splice(bytes, to, 0, bytes.slice(from % Math.max(1, bytes.length)).subarray(0, count)),
  ),
);

/** Bytes of `valid`, changed one to four times. */
export function mutated(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(valid, fc.array(mutation, { minLength: 1, maxLength: 4 }))
    .map(([bytes, mutations]) => mutations.reduce((result, mutate) => mutate(result), bytes));
}
