// Who signed a join, as the server finds out on the spot: what WebCrypto says of the same bytes everywhere else in the project.
import { expect, test } from '@jest/globals';
import { isSigned } from '../../signaling/join-signature.ts';
import { Nonces } from '../../signaling/nonces.ts';
import { LABELS, verify } from '../../src/keys/identity.ts';
import { joinBytes, NONCE_BYTES } from '../../src/wire/signaling.ts';
import { joinOf } from './raw-client.ts';

const nonce = new Uint8Array(NONCE_BYTES).fill(9);
const join = joinOf('a', 'blue', nonce);

const flipped = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
const filled = (first: number, rest: number, last: number): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? first : at === 31 ? last : rest));
/** R = neutral, s = 0: verifiers that are not strict take it for any message under a key of small order. */
const NEUTRAL = Uint8Array.from({ length: 64 }, (_, at) => (at === 0 ? 1 : 0));

test('the device itself', () => {
  expect(isSigned(join, nonce)).toBe(true);
});

test.each([
  ...Array.from(
    { length: 32 },
    (_, at) => [`a key with bit ${8 * at} flipped`, { ...join, signKey: flipped(join.signKey, 8 * at) }] as const,
  ),
  ...Array.from(
    { length: 64 },
    (_, at) =>
      [
        `a signature with bit ${8 * at + 7} flipped`,
        { ...join, signature: flipped(join.signature, 8 * at + 7) },
      ] as const,
  ),
  ['another name', { ...join, name: 'b' }],
  ['another pool', { ...join, pool: 'red' }],
  ['a key of small order, 1', { ...join, signKey: filled(1, 0, 0), signature: NEUTRAL }],
  ['a key of small order, 0', { ...join, signKey: filled(0, 0, 0), signature: NEUTRAL }],
  ['a key of small order, 1 with a sign', { ...join, signKey: filled(1, 0, 0x80), signature: NEUTRAL }],
  ['a key beyond the prime', { ...join, signKey: filled(0xee, 0xff, 0x7f), signature: NEUTRAL }],
  ['a key of 31 bytes', { ...join, signKey: join.signKey.slice(1) }],
] as const)('not %s', async (_what, asked) => {
  expect(isSigned(asked, nonce)).toBe(false);
  expect(await verify(asked.signKey, LABELS.join, joinBytes(nonce, asked), asked.signature)).toBe(false);
});

test('for another socket it is not signed', () => {
  expect(isSigned(join, new Uint8Array(NONCE_BYTES))).toBe(false);
});

test('no two sockets are challenged with the same', () => {
  const nonces = new Nonces();
  const drawn = Array.from({ length: 1_000 }, () => Buffer.from(nonces.next()).toString('hex'));
  expect(new Set(drawn).size).toBe(1_000);
  expect(new Set(drawn.map((text) => text.length))).toEqual(new Set([2 * NONCE_BYTES]));
});
