// All transfers together, and what is said of each.

import { describe, expect, test } from '@jest/globals';
import type { TransferView } from '../../src/client.ts';
import {
  announcement,
  keptSentence,
  limitSentence,
  pastSentence,
  recheckSentence,
  toneOf,
  waitSentence,
} from '../../web/sentences.ts';
import { totalsOf } from '../../web/totals.ts';
import { running as untouched } from './support.ts';

const running: TransferView = { ...untouched, bytes: 1000, doneBytes: 610, bytesPerSecond: 100 };

describe('all together', () => {
  test('what runs and what waits for its turn counts; what stands still does not', () => {
    const totals = totalsOf([
      running,
      { ...running, state: 'queued', doneBytes: 0, bytesPerSecond: 0 },
      { ...running, state: 'paused' },
      { ...running, state: 'waiting' },
      { ...running, state: 'ended' },
    ]);
    expect(totals).toMatchObject({ count: 2, doneBytes: 610, bytes: 2000, downBytesPerSecond: 100 });
    expect(totals.secondsLeft).toBeCloseTo(13.9);
  });

  test('the time left is that of the slower direction, and unknown while one of them does not move', () => {
    const out: TransferView = { ...running, direction: 'out', bytesPerSecond: 10 };
    expect(totalsOf([running, out]).secondsLeft).toBeCloseTo(39);
    expect(totalsOf([running, { ...out, bytesPerSecond: 0 }]).secondsLeft).toBeUndefined();
    expect(totalsOf([]).secondsLeft).toBeUndefined();
  });
});

describe('what a transfer waits for', () => {
  test.each([
    [{ state: 'waiting' }, 'Waiting for someone who has it. 61% is here.'],
    [{ state: 'waiting', doneBytes: 0 }, 'Waiting for someone who has it.'],
    [{ state: 'waiting', direction: 'out' }, 'Waiting for Mara to come back.'],
    [{ state: 'paused' }, 'Paused. 61% is here.'],
    [{ state: 'paused', direction: 'out' }, 'Paused. 61% is there.'],
    [{ state: 'queued' }, 'Waits for its turn.'],
    [{ state: 'running' }, ''],
  ] as const)('%j reads as %s', (so, words) => {
    expect(waitSentence({ ...running, ...so })).toBe(words);
  });

  test('is still, neither an alarm nor an end', () => {
    for (const state of ['queued', 'paused', 'waiting'] as const) expect(toneOf({ state })).toBe('still');
  });
});

test('what holds it back is said only while it runs', () => {
  expect(limitSentence({ ...running, limit: 'cap' })).toBe('Held back by the limit set here.');
  expect(limitSentence({ ...running, limit: 'disk', state: 'paused' })).toBe('');
  expect(limitSentence(running)).toBe('');
});

test('what was here before is said in percent', () => {
  expect(keptSentence({ keptBytes: 610, bytes: 1000 })).toBe('61% was already here.');
  expect(keptSentence({ keptBytes: 9, bytes: 1000 })).toBe('');
  expect(keptSentence(running)).toBe('');
});

test('what ended with nobody’s will is spoken, once for all that ended together', () => {
  const verified: TransferView = { ...running, state: 'ended', end: 'verified' };
  expect(announcement([])).toBe('');
  expect(announcement([{ ...verified, end: 'cancelled' }])).toBe('');
  expect(announcement([verified])).toBe('a.bin has arrived whole.');
  expect(announcement([{ ...verified, direction: 'out' }])).toBe('a.bin has arrived whole at Mara’s.');
  expect(announcement([verified, verified])).toBe('2 transfers have arrived whole.');
  expect(announcement([verified, { ...verified, end: 'corrupt' }])).toBe('1 transfer arrived whole, 1 did not arrive.');
});

test('a line of the history without an end was cut off; an end nobody knows is an end', () => {
  expect(pastSentence({})).toBe('Interrupted');
  expect(pastSentence({ end: 'verified' })).toBe('Verified');
  expect(pastSentence({ end: 'toString' })).toBe('Ended');
});

describe('a second look', () => {
  const at = { doneBytes: 450, wrongChunks: 0, done: false, seconds: 0.4 };

  test('says how far it is, and how it went', () => {
    expect(recheckSentence(at, 1000)).toBe('Reading it back: 45%');
    expect(recheckSentence({ ...at, doneBytes: 1000, done: true }, 1000)).toBe(
      'Read back in 1 s, and all of it is right.',
    );
    expect(recheckSentence({ ...at, done: true, wrongChunks: 1 }, 1000)).toBe(
      '1 piece changed on the disk since. Take the file again.',
    );
  });
});
