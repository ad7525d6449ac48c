// The two datagrams of binding: their bytes, and that nothing else is taken for one.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BIND_BYTES, decodeBind, decodeDatagram, encodeBind, isBind, type Bind } from '../../src/wire/datagram.ts';
import { PROTOCOL_VERSION } from '../../src/wire/codes.ts';

const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const bind: fc.Arbitrary<Bind> = fc.oneof(
  fc.record({ kind: fc.constant('bind-hello' as const), commit: bytes(32), signKey: bytes(32), agreeKey: bytes(32) }),
  fc.record({ kind: fc.constant('bind-proof' as const), share: bytes(32), signature: bytes(64) }),
);

describe('a datagram of binding', () => {
  test('has its parts in this order', () => {
    const part = (value: number): Uint8Array => new Uint8Array(32).fill(value);
    const head = [PROTOCOL_VERSION, 5, 0, 0, 0, 0, 0, 0, 0, 0];
    expect(encodeBind({ kind: 'bind-hello', commit: part(1), signKey: part(2), agreeKey: part(3) })).toEqual(
      Uint8Array.of(...head, ...part(1), ...part(2), ...part(3)),
    );
    expect(
      encodeBind({ kind: 'bind-proof', share: part(4), signature: Uint8Array.of(...part(5), ...part(6)) }),
    ).toEqual(Uint8Array.of(...head.with(1, 6), ...part(4), ...part(5), ...part(6)));
  });

  test('is read back as it was written, in memory of its own, and is never a link’s', () => {
    fc.assert(
      fc.property(bind, (one) => {
        const encoded = encodeBind(one);
        const decoded = decodeBind(encoded);
        expect(isBind(encoded)).toBe(true);
        expect(decodeDatagram(encoded)).toBeUndefined();
        encoded.fill(0);
        expect(decoded).toEqual(one);
      }),
    );
  });

  test('is taken only at its one length, version, session and kind', () => {
    fc.assert(
      fc.property(bind, fc.nat(9), fc.integer({ min: 1, max: 255 }), (one, at, change) => {
        const encoded = encodeBind(one);
        expect(decodeBind(encoded.subarray(1))).toBeUndefined();
        expect(decodeBind(encoded.subarray(0, -1))).toBeUndefined();
        expect(decodeBind(Uint8Array.of(...encoded, 0))).toBeUndefined();
        const changed = encoded.with(at, (encoded[at] ?? 0) ^ change);
        // From one kind to the other is the one change that can be read.
        expect(decodeBind(changed) !== undefined).toBe(at === 1 && isBind(changed));
      }),
    );
  });

  test('is never found in what has another length, and nothing throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2 * BIND_BYTES }), (any) => {
        if (decodeBind(any) !== undefined) expect(any.length).toBe(BIND_BYTES);
      }),
    );
  });
});
