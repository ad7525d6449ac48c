// Control datagrams of the application's own: what a builder does wrong, and what a remote sends, becomes a code.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CONTROL_BYTES_MAX } from '../../src/wire/frames.ts';
import { SchemaRegistry, templateSchema, type DatagramSchema } from '../../src/wire/registry.ts';
import type { Cursor } from '../../src/wire/template.ts';
import { u16 } from './arbitrary.ts';

const POSE = templateSchema(256, 'pose', { x: 'f32', y: 'f32', turn: 'i16', buttons: 'u8' });
const NOTE = templateSchema(257, 'note', { from: 'u32', text: 'bytes16' }, 64);

/** A builder that does just what it is told. */
function builder(
  write: (to: Cursor) => void,
  read: (from: Cursor) => unknown = () => undefined,
): DatagramSchema<undefined, 'told'> {
  return { id: 300, name: 'told', bytesMax: 8, write, read: (from) => read(from) as undefined };
}

const put = (count: number) => (to: Cursor) => {
  for (let i = 0; i < count; i++) to.putU8(i);
};

describe('a registry', () => {
  test('gives back what was encoded, by the name of its schema', () => {
    const registry = new SchemaRegistry().add(POSE).add(NOTE);
    const pose = { x: 1.5, y: -0.25, turn: -90, buttons: 3 };
    const encoded = registry.encode(POSE, pose);
    if (encoded.kind === 'failed') throw new Error(encoded.code);
    expect(encoded.bytes.length).toBe(11);
    const decoded = registry.decode(POSE.id, encoded.bytes);
    expect(decoded).toEqual({ kind: 'decoded', name: 'pose', value: pose });
    // The type of the value follows from the name.
    if (decoded.kind === 'decoded' && decoded.name === 'pose') expect(decoded.value.turn).toBe(-90);
  });

  test('keeps apart what was encoded before and after', () => {
    const registry = new SchemaRegistry().add(NOTE);
    const [one, two] = ['one', 'two'].map((text) =>
      registry.encode(NOTE, { from: 1, text: new TextEncoder().encode(text) }),
    );
    expect(one).not.toEqual(two);
    expect(Buffer.from((one as { bytes: Uint8Array }).bytes).toString()).toContain('one');
  });

  test('never throws on random bytes under any id, and what it takes encodes to them again', () => {
    const registry = new SchemaRegistry().add(POSE).add(NOTE);
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(256, 257), u16), fc.uint8Array({ maxLength: 80 }), (id, bytes) => {
        const decoded = registry.decode(id, bytes);
        if (decoded.kind === 'failed') return;
        const again =
          decoded.name === 'pose' ? registry.encode(POSE, decoded.value) : registry.encode(NOTE, decoded.value);
        expect(again).toEqual({ kind: 'encoded', bytes });
      }),
      { numRuns: 5000 },
    );
  });
});

describe('encoding', () => {
  test.each<[string, (to: Cursor) => void, string]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
      'builder-failed',
    ],
    ['writes nothing', () => {}, 'builder-failed'],
    ['goes backwards', (to) => (to.at = -1), 'builder-failed'],
    ['loses its place', (to) => (to.at = NaN), 'builder-failed'],
    ['stands between two bytes', (to) => (to.at = 1.5), 'builder-failed'],
    ['writes one byte too many', put(9), 'too-large'],
    ['writes far past the end', put(1_000_000), 'too-large'],
    ['hands over far too many bytes at once', (to) => to.putBytes16(new Uint8Array(60_000)), 'too-large'],
  ])('a builder that %s is a code and nothing is sent', (_, write, code) => {
    const schema = builder(write);
    const result = new SchemaRegistry().add(schema).encode(schema, undefined);
    expect(result).toMatchObject({ kind: 'failed', code });
  });

  test('a builder that writes as much as it may is fine', () => {
    const schema = builder(put(8));
    expect(new SchemaRegistry().add(schema).encode(schema, undefined)).toEqual({
      kind: 'encoded',
      bytes: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7),
    });
  });

  test('tells what the builder threw', () => {
    const error = new Error('no');
    const schema = builder(() => {
      throw error;
    });
    expect(new SchemaRegistry().add(schema).encode(schema, undefined)).toEqual({
      kind: 'failed',
      code: 'builder-failed',
      error,
    });
  });

  test('a value out of a field’s range is a code, not another value', () => {
    const registry = new SchemaRegistry().add(POSE);
    const result = registry.encode(POSE, { x: 0, y: 0, turn: 40_000, buttons: 0 });
    expect(result).toMatchObject({ kind: 'failed', code: 'builder-failed' });
    expect((result as { error: Error }).error.message).toBe(
      'turn: expected an integer from -32768 to 32767, got 40000',
    );
  });

  test('no value at all is a code', () => {
    const registry = new SchemaRegistry().add(POSE);
    expect(registry.encode(POSE, undefined as never)).toMatchObject({ code: 'builder-failed' });
  });

  test('a byte field beyond the schema’s limit is too large', () => {
    const registry = new SchemaRegistry().add(NOTE);
    for (const [length, kind] of [
      [58, 'encoded'],
      [59, 'failed'],
      [5000, 'failed'],
    ] as const) {
      expect(registry.encode(NOTE, { from: 1, text: new Uint8Array(length) }).kind).toBe(kind);
    }
  });

  test('bytes that a builder skips are zeros, whatever another wrote there before', () => {
    const secret = { ...builder((to) => put(8)(to)), id: 301, name: 'secret' };
    const skipping = builder((to) => (to.at += 8));
    const registry = new SchemaRegistry().add(secret).add(skipping);
    registry.encode(secret, undefined);
    expect(registry.encode(skipping, undefined)).toEqual({ kind: 'encoded', bytes: new Uint8Array(8) });
    const failing = {
      ...builder((to) => {
        put(8)(to);
        throw new Error('no');
      }),
      id: 302,
      name: 'failing',
    };
    registry.add(failing).encode(failing, undefined);
    expect(registry.encode(skipping, undefined)).toEqual({ kind: 'encoded', bytes: new Uint8Array(8) });
  });

  test('a schema that is not registered is unknown, and so is another of the same id', () => {
    const registry = new SchemaRegistry().add(POSE);
    expect(registry.encode(NOTE, { from: 1, text: new Uint8Array(0) })).toEqual({
      kind: 'failed',
      code: 'unknown-schema',
    });
    const twin = templateSchema(256, 'pose', { x: 'u8' });
    expect(registry.encode(twin, { x: 1 })).toMatchObject({ code: 'unknown-schema' });
  });
});

describe('decoding', () => {
  test.each<[string, (from: Cursor) => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
      'builder-failed',
    ],
    ['refuses', () => undefined, 'malformed'],
    ['leaves bytes over', (from) => from.u8(), 'malformed'],
    ['reads past the end', (from) => [from.u32(), from.u8()], 'malformed'],
    ['steps past the end', (from) => (from.at += 9), 'malformed'],
    ['steps back', (from) => ((from.at = -1), 7), 'malformed'],
  ])('a builder that %s is a code', (_, read, code) => {
    const schema = builder(() => {}, read);
    expect(new SchemaRegistry().add(schema).decode(300, new Uint8Array(4))).toMatchObject({ kind: 'failed', code });
  });

  test('an id that nobody registered is unknown', () => {
    const registry = new SchemaRegistry().add(POSE);
    for (const id of [0, 1, 255, 257, 65_535]) {
      expect(registry.decode(id, new Uint8Array(11))).toEqual({ kind: 'failed', code: 'unknown-schema' });
    }
  });

  test('bytes beyond the schema’s limit never reach the builder', () => {
    let asked = 0;
    const schema = builder(
      () => {},
      (from) => {
        asked++;
        from.at = 9;
        return 1;
      },
    );
    const registry = new SchemaRegistry().add(schema);
    expect(registry.decode(300, new Uint8Array(9))).toEqual({ kind: 'failed', code: 'too-large' });
    expect(asked).toBe(0);
  });

  test('too few and too many bytes for a template are malformed', () => {
    const registry = new SchemaRegistry().add(templateSchema(256, 'pair', { a: 'u8', b: 'u8' }));
    expect(registry.decode(256, Uint8Array.of(1))).toMatchObject({ code: 'malformed' });
    expect(registry.decode(256, new Uint8Array(0))).toMatchObject({ code: 'malformed' });
    expect(registry.decode(256, Uint8Array.of(1, 2, 3))).toMatchObject({ code: 'too-large' });
  });
});

describe('registering', () => {
  const changed = (change: Partial<DatagramSchema<undefined>>): DatagramSchema<undefined> => ({
    ...builder(() => {}),
    ...change,
  });

  test.each([-1, 0, 1, 255, 65_536, 300.5, NaN])('refuses the id %p', (id) => {
    expect(() => new SchemaRegistry().add(changed({ id }))).toThrow(/^id: expected 256 to 65535, got/);
    expect(() => templateSchema(id, 'pose', { x: 'u8' })).toThrow(RangeError);
  });

  test.each([256, 65_535])('takes the id %p', (id) => {
    expect(() => new SchemaRegistry().add(changed({ id }))).not.toThrow();
  });

  test.each([0, -1, 1.5, CONTROL_BYTES_MAX + 1])('refuses a bytesMax of %p', (bytesMax) => {
    expect(() => new SchemaRegistry().add(changed({ bytesMax }))).toThrow(/^bytesMax: expected 1 to 1024, got/);
    expect(() => templateSchema(256, 'pose', { x: 'u8' }, bytesMax)).toThrow(RangeError);
  });

  test('refuses a template without fields: nothing would be sent', () => {
    expect(() => templateSchema(256, 'wave', {})).toThrow('bytesMax: expected 1 to 1024, got 0');
  });

  test('refuses an id or a name twice, and keeps the first', () => {
    const registry = new SchemaRegistry().add(POSE);
    expect(() => registry.add(changed({ id: 256 }))).toThrow('id: expected one that is free, got 256, which is pose');
    expect(() => registry.add(changed({ name: 'pose' }))).toThrow(
      'name: expected one that is free, got pose, which is 256',
    );
    expect(registry.encode(POSE, { x: 0, y: 0, turn: 0, buttons: 0 }).kind).toBe('encoded');
  });
});
