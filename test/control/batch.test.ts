import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BATCH_PEERS_MAX, InputBatch, readBatch } from '../../src/control/batch.ts';
import { DOWN_FRAME_BYTES_MAX } from '../../src/control/options.ts';

const peer = (n: number): string => n.toString(16).padStart(32, '0');
const bytes = (value: number, length = 1): Uint8Array => new Uint8Array(length).fill(value);

describe('inputs of several peers in one update', () => {
  test('are read back as they were put, each with its age by then', () => {
    const batch = new InputBatch();
    batch.put(1000, peer(1), bytes(11), 20);
    batch.put(1005, peer(0xabcdef), bytes(22, 3), 0);
    expect(readBatch(batch.take(1010) ?? bytes(0))).toEqual([
      { peer: peer(1), ageMs: 30, bytes: bytes(11) },
      { peer: peer(0xabcdef), ageMs: 5, bytes: bytes(22, 3) },
    ]);
    expect(batch.take(1011)).toBeUndefined();
  });

  test('are the newest of each peer, in whichever order they came', () => {
    const batch = new InputBatch();
    batch.put(1000, peer(1), bytes(1), 20);
    batch.put(1001, peer(1), bytes(2), 10);
    batch.put(1002, peer(1), bytes(3), 30);
    expect(readBatch(batch.take(1002) ?? bytes(0))?.map((input) => input.bytes)).toEqual([bytes(2)]);
    expect(batch.replaced).toBe(2);
  });

  test('wait for the next update when one is full, and then go first', () => {
    const batch = new InputBatch();
    for (let n = 0; n < 12; n++) batch.put(n, peer(n), bytes(n, 160), 0);
    const rounds = [20, 30, 40].map((now) => {
      const update = batch.take(now);
      expect(update?.length ?? 0).toBeLessThanOrEqual(DOWN_FRAME_BYTES_MAX);
      for (let n = 0; n < 12; n++) batch.put(100, peer(n), bytes(n, 160), 0);
      return readBatch(update ?? bytes(0))?.map((input) => Number.parseInt(input.peer, 16));
    });
    expect(rounds).toEqual([
      [0, 1, 2, 3, 4],
      [5, 6, 7, 8, 9],
      [10, 11, 0, 1, 2],
    ]);
  });

  test('are refused when no update could hold them, from who is no peer, and from one peer too many', () => {
    const batch = new InputBatch();
    batch.put(0, peer(1), bytes(0, DOWN_FRAME_BYTES_MAX), 0);
    batch.put(0, 'Mara', bytes(0), 0);
    expect(batch.refused).toBe(2);
    for (let n = 0; n <= BATCH_PEERS_MAX; n++) batch.put(0, peer(n), bytes(0), 0);
    expect(batch.refused).toBe(3);
  });

  test('are gone with their peer', () => {
    const batch = new InputBatch();
    batch.put(0, peer(1), bytes(1), 0);
    batch.forget(peer(1));
    expect(batch.take(0)).toBeUndefined();
  });

  test('are not read from anything else', () => {
    const batch = new InputBatch();
    batch.put(0, peer(1), bytes(1), 0);
    const update = batch.take(0) ?? bytes(0);
    for (let end = 0; end < update.length; end++) expect(readBatch(update.subarray(0, end))).toBeUndefined();
    expect(readBatch(Uint8Array.of(...update, 0))).toBeUndefined();
    expect(readBatch(Uint8Array.of(2, ...update.subarray(1), ...update.subarray(1)))).toBeUndefined();
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (any) => void readBatch(any)));
  });
});
