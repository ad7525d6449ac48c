// What latecomers are told: the newest of each, and never without bound.
import { expect, test } from '@jest/globals';
import type { PoolEvent } from '../../src/client.ts';
import { Memory, RECEIPTS_MAX } from '../../src/remote/memory.ts';

const receipt = (room: number, deliveredTo: number): PoolEvent => ({
  kind: 'receipt',
  receipt: { device: 'd', room: `r${room}`, deliveredTo, readTo: 0 },
});
const NOTHING = { peers: [], offers: [], transfers: [] };

test('of receipts those that have not moved for longest are let go of', () => {
  const memory = new Memory();
  memory.note({ kind: 'joined', pool: 'reef', self: 's', role: 'member', peers: [] });
  for (let room = 0; room < RECEIPTS_MAX; room++) memory.note(receipt(room, 1));
  memory.note(receipt(0, 2));
  memory.note(receipt(RECEIPTS_MAX, 1));
  const [joined, ...receipts] = memory.events(NOTHING);
  expect(joined).toMatchObject({ kind: 'joined', pool: 'reef' });
  expect(receipts).toHaveLength(RECEIPTS_MAX);
  expect(receipts).toContainEqual(receipt(0, 2));
  expect(receipts).not.toContainEqual(receipt(1, 1));
});

test('outside of a pool, and of the one before, there is nothing', () => {
  const memory = new Memory();
  memory.note({ kind: 'joined', pool: 'reef', self: 's', role: 'member', peers: [] });
  memory.note(receipt(0, 1));
  memory.note({ kind: 'left', pool: 'reef', reason: 'left' });
  memory.note(receipt(1, 1));
  expect([memory.pool, [...memory.events(NOTHING)]]).toEqual([undefined, []]);
  memory.clear();
  memory.note({ kind: 'joined', pool: 'cove', self: 's', role: 'member', peers: [] });
  expect([...memory.events(NOTHING)]).toHaveLength(1);
});
