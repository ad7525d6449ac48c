import { expect, test } from '@jest/globals';
import { CHUNK_BYTES, Net, received } from './net.ts';

test('a verified file can be read back and hashed once more, and what rotted is found', () => {
  const net = new Net(1);
  const [from, to] = [net.join(), net.join()];
  const bytes = net.random.bytes(30 * CHUNK_BYTES);
  from.offer([{ name: 'a', bytes }]);
  net.run(50);
  to.acceptAll();
  expect(net.runUntil(() => to.transfer('a')?.end === 'verified')).toBe(true);
  const id = to.transfer('a')?.id ?? '';
  to.act((share, now) => share.recheck(now, id));
  expect(net.runUntil(() => to.transfer('a')?.recheck?.done === true)).toBe(true);
  expect(to.transfer('a')?.recheck).toMatchObject({ doneBytes: bytes.length, wrongChunks: 0 });
  const stored = received(to).get('a') ?? new Uint8Array();
  stored[3 * CHUNK_BYTES] = (stored[3 * CHUNK_BYTES] ?? 0) ^ 1;
  to.act((share, now) => share.recheck(now, id));
  expect(net.runUntil(() => to.transfer('a')?.recheck?.done === true)).toBe(true);
  expect(to.transfer('a')).toMatchObject({ end: 'verified', recheck: { doneBytes: bytes.length, wrongChunks: 1 } });
});
