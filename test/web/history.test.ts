// What the history is told of a transfer: when it begins, and when it ends.

import { expect, test } from '@jest/globals';
import type { TransferView } from '../../src/client.ts';
import type { HistoryRecord } from '../../src/io/history.ts';
import { HistoryKeeper } from '../../web/history.ts';

const transfer: TransferView = {
  id: 'in/aa/2',
  offer: 'aa/1',
  direction: 'in',
  peer: 'aa',
  peerName: 'Mara',
  name: 'a.bin',
  bytes: 100,
  doneBytes: 0,
  keptBytes: 0,
  bytesPerSecond: 0,
  state: 'running',
  seconds: 0,
  sources: [],
};

function keeping(): { readonly keeper: HistoryKeeper; readonly put: HistoryRecord[] } {
  const put: HistoryRecord[] = [];
  const keeper = new HistoryKeeper({
    put: (record) => {
      put.push(record);
      return Promise.resolve();
    },
  });
  return { keeper, put };
}

test('a line is written as it begins and as it ends, not in between', () => {
  const { keeper, put } = keeping();
  keeper.note(transfer, 'pool', 1000);
  for (let doneBytes = 1; doneBytes < 100; doneBytes += 1) keeper.note({ ...transfer, doneBytes }, 'pool', 1500);
  keeper.note({ ...transfer, doneBytes: 100, state: 'ended', end: 'verified', location: 'here' }, 'pool', 2000);
  const line = {
    id: put[0]?.id,
    direction: 'in',
    name: 'a.bin',
    bytes: 100,
    peerName: 'Mara',
    pool: 'pool',
    startedMs: 1000,
  };
  expect(put).toEqual([line, { ...line, end: 'verified', endedMs: 2000, location: 'here' }]);
});

test('what never began is no line', () => {
  const { keeper, put } = keeping();
  keeper.note({ ...transfer, state: 'queued' }, 'pool', 1000);
  keeper.note({ ...transfer, state: 'ended', end: 'declined' }, 'pool', 2000);
  expect(put).toEqual([]);
});

test('an empty file is a line, though it was over before it ran', () => {
  const { keeper, put } = keeping();
  keeper.note({ ...transfer, bytes: 0, state: 'ended', end: 'verified' }, 'pool', 1000);
  expect(put).toMatchObject([{ end: 'verified' }]);
});

test('the same transfer after a reload goes on in the same line', () => {
  const [before, after] = [keeping(), keeping()];
  before.keeper.note(transfer, 'pool', 1000);
  after.keeper.note({ ...transfer, doneBytes: 60, keptBytes: 60 }, 'pool', 5000);
  expect(after.put[0]?.id).toBe(before.put[0]?.id);
  expect(keeping().put).toEqual([]);
});

test('other files, other people and other pools are other lines', () => {
  const { keeper, put } = keeping();
  keeper.note(transfer, 'pool', 1);
  keeper.note({ ...transfer, name: 'b.bin' }, 'pool', 1);
  keeper.note({ ...transfer, id: 'out/bb/2', direction: 'out' }, 'pool', 1);
  keeper.note(transfer, 'another pool', 1);
  expect(new Set(put.map(({ id }) => id)).size).toBe(4);
});

test('a folder is as large as what is in it', () => {
  const { keeper, put } = keeping();
  keeper.note({ ...transfer, folder: { entries: 7, contentBytes: 60 } }, 'pool', 1);
  expect(put).toMatchObject([{ bytes: 60, entries: 7 }]);
});
