import { expect, test } from '@jest/globals';
import { shareOptions } from '../../src/share/options.ts';
import { Net } from './net.ts';

const MIB = 1024 * 1024;

test('small offers are cut into smaller chunks, and say so', () => {
  const net = new Net(1);
  const usual = net.join({ chunkBytes: 256 * 1024 });
  expect([0, 16 * MIB, 16 * MIB + 1, Infinity].map((bytes) => usual.share.chunkBytesFor(bytes) / 1024)).toEqual([
    64, 64, 256, 256,
  ]);
  const tiny = net.join({ chunkBytes: 16 * 1024 });
  expect(tiny.share.chunkBytesFor(1)).toBe(16 * 1024);
  expect(() => shareOptions({ chunkBytesSmall: 1024 })).toThrow('chunkBytesSmall: expected 16384 to 1048576, got 1024');
});

test('a file arrives in the chunks that its offer names', () => {
  const net = new Net(2);
  const [from, to] = [net.join(), net.join()];
  const bytes = net.random.bytes(300_000);
  from.store.add('own', bytes, 64 * 1024);
  const facts = { name: 'a', bytes: bytes.length, modifiedMs: 0 };
  from.act((share, now) => share.offer(now, [{ key: 'own', facts }], 64 * 1024));
  net.run(50);
  to.acceptAll();
  expect(net.runUntil(() => to.transfer('a')?.end === 'verified')).toBe(true);
  expect(net.requests(to.id, from.id)).toBe(5);
});
