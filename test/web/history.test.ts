// What the history is told of a transfer: when it begins, and when it ends.

import { expect, test } from '@jest/globals';
import type { HistoryRecord } from '../../src/io/history.ts';
import { HistoryKeeper } from '../../web/history.ts';
import { running } from './support.ts';

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
  keeper.note(running, 'pool', 1000);
  for (let doneBytes = 1; doneBytes < 100; doneBytes += 1) keeper.note({ ...running, doneBytes }, 'pool', 1500);
  keeper.note({ ...running, doneBytes: 100, state: 'ended', end: 'verified', location: 'here' }, 'pool', 2000);
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
  keeper.note({ ...running, state: 'queued' }, 'pool', 1000);
  keeper.note({ ...running, state: 'ended', end: 'declined' }, 'pool', 2000);
  expect(put).toEqual([]);
});

test('an empty file is a line, though it was over before it ran', () => {
  const { keeper, put } = keeping();
  keeper.note({ ...running, bytes: 0, state: 'ended', end: 'verified' }, 'pool', 1000);
  expect(put).toMatchObject([{ end: 'verified' }]);
});

test('the same transfer after a reload goes on in the same line', () => {
  const [before, after] = [keeping(), keeping()];
  before.keeper.note(running, 'pool', 1000);
  after.keeper.note({ ...running, doneBytes: 60, keptBytes: 60 }, 'pool', 5000);
  expect(after.put[0]?.id).toBe(before.put[0]?.id);
  expect(keeping().put).toEqual([]);
});

test('other files, other people and other pools are other lines', () => {
  const { keeper, put } = keeping();
  keeper.note(running, 'pool', 1);
  keeper.note({ ...running, name: 'b.bin' }, 'pool', 1);
  keeper.note({ ...running, id: 'out/bb/2', direction: 'out' }, 'pool', 1);
  keeper.note(running, 'another pool', 1);
  expect(new Set(put.map(({ id }) => id)).size).toBe(4);
});

test('a folder is as large as what is in it', () => {
  const { keeper, put } = keeping();
  keeper.note({ ...running, folder: { entries: 7, contentBytes: 60 } }, 'pool', 1);
  expect(put).toMatchObject([{ bytes: 60, entries: 7 }]);
});
