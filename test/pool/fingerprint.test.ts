// The fingerprint in a session description: read only where there is exactly one thing it can mean.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fingerprintOf } from '../../src/pool/binding.ts';

const bytes = Uint8Array.from({ length: 32 }, (_, i) => i * 8);
const hexOf = (of: Uint8Array): string => [...of].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
const line = (of: Uint8Array = bytes, hash = 'sha-256'): string => `a=fingerprint:${hash} ${hexOf(of).toUpperCase()}`;
const sdpOf = (...lines: readonly string[]): string =>
  ['v=0', 'o=- 1 2 IN IP4 127.0.0.1', ...lines, 'a=mid:0', ''].join('\r\n');

describe('a fingerprint', () => {
  test('is read in either case, with either end of line, and also where it is told twice', () => {
    expect(fingerprintOf(sdpOf(line()))).toEqual(bytes);
    expect(fingerprintOf(sdpOf(line().toLowerCase()))).toEqual(bytes);
    expect(fingerprintOf(sdpOf(line()).replaceAll('\r', ''))).toEqual(bytes);
    expect(
      fingerprintOf(sdpOf(line(), 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel', line().toLowerCase())),
    ).toEqual(bytes);
  });

  test.each([
    ['none', []],
    ['two that differ', [line(), line(bytes.with(3, 0))]],
    ['one by another hash', [line(bytes, 'sha-1')]],
    ['one by another hash beside it', [line(), line(bytes, 'sha-512')]],
    ['one that is too short', [line(bytes.subarray(1))]],
    ['one that is too long', [line(Uint8Array.of(...bytes, 1))]],
    ['one that is no hex', [line().replace('08', '0g')]],
    ['one with a space before it', [` ${line()}`]],
    ['another one that is written oddly', [line(), `a=Fingerprint: sha-256 ${hexOf(bytes.with(0, 9))}`]],
    ['another one inside a line', [line(), `a=x ${line(bytes.with(0, 9))}`]],
  ])('is not taken from a description with %s', (_what, lines) => {
    expect(fingerprintOf(sdpOf(...lines))).toBeUndefined();
  });

  test('is never anything but 32 bytes, and nothing throws', () => {
    const part = fc.constantFrom('a=', 'fingerprint:', 'sha-256', ' ', '\n', '\r', hexOf(bytes), 'AB', ':', line());
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const found = fingerprintOf(parts.join(''));
        expect(found === undefined || found.length === 32).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});
