// Frames from the server, as RFC 6455 writes them in 5.2 and 5.7.
import { expect, test } from '@jest/globals';
import { binaryFrame } from '../../signaling/binary-frame.ts';

test.each([
  [0, '8200'],
  [125, '827d'],
  [126, '827e007e'],
  [256, '827e0100'],
  [65_535, '827effff'],
  [65_536, '827f0000000000010000'],
])('a message of %d bytes stands behind %s', (bytes, head) => {
  const payload = new Uint8Array(bytes).fill(7);
  const frame = binaryFrame(payload);
  expect(Buffer.from(frame.subarray(0, head.length / 2)).toString('hex')).toBe(head);
  expect(Buffer.compare(frame.subarray(head.length / 2), payload)).toBe(0);
});
