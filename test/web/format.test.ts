// Figures and names as people read them.

import { describe, expect, test } from '@jest/globals';
import {
  countOf,
  dayKey,
  formatBytes,
  formatDay,
  formatDuration,
  formatMs,
  formatPercent,
  formatShare,
  formatSpeed,
  formatTimeLeft,
  listNames,
} from '../../web/format.ts';

describe('bytes', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1240, '1.2 kB'],
    [999_499, '999 kB'],
    [999_500, '1 MB'],
    [14_300_000, '14.3 MB'],
    [128_400_000, '128 MB'],
    [5e12, '5 TB'],
    [-1, '0 B'],
  ])('%d read as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('time', () => {
  test.each([
    [0.2, '1 s'],
    [59.4, '59 s'],
    [59.6, '1 min'],
    [3540, '59 min'],
    [3600, '1 h'],
    [4800, '1 h 20 min'],
    [7140, '2 h'],
    [200_000, '2 days'],
  ])('of %d seconds reads as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  test.each([
    [0, '0 ms'],
    [0.42, '0.4 ms'],
    [9.94, '9.9 ms'],
    [9.96, '10 ms'],
    [999.4, '999 ms'],
    [999.6, '1 s'],
    [1240, '1.2 s'],
  ])('of %d milliseconds reads as %s', (ms, text) => {
    expect(formatMs(ms)).toBe(text);
  });

  test('left is not guessed while nothing moves', () => {
    expect(formatTimeLeft(1_000_000, 0)).toBe('');
    expect(formatSpeed(0)).toBe('');
    expect(formatTimeLeft(50_000_000, 4_000_000)).toBe('13 s left');
  });

  test('is named by the day in the reader’s own time zone', () => {
    const now = new Date(2026, 2, 1, 0, 10).getTime();
    expect(formatDay(now, now)).toBe('Today');
    expect(formatDay(new Date(2026, 1, 28, 23, 50).getTime(), now)).toBe('Yesterday');
    expect(dayKey(now)).not.toBe(dayKey(now - 20 * 60_000));
  });
});

describe('percent', () => {
  test('says 100% only of the whole', () => {
    expect(formatPercent(999_999, 1_000_000)).toBe('99%');
    expect(formatPercent(1_000_000, 1_000_000)).toBe('100%');
  });

  test('takes a file of 0 bytes as wholly there', () => {
    expect(formatPercent(0, 0)).toBe('100%');
  });
});

test.each([
  [0, '0%'],
  [0.0034, '0.3%'],
  [0.0994, '9.9%'],
  [0.12, '12%'],
  [1, '100%'],
])('a share of %d reads as %s', (share, text) => {
  expect(formatShare(share)).toBe(text);
});

test('counts and names are put as people put them', () => {
  expect(countOf(1, 'file')).toBe('1 file');
  expect(countOf(3, 'file')).toBe('3 files');
  expect(listNames([])).toBe('');
  expect(listNames(['Mara', 'Juno'])).toBe('Mara and Juno');
  expect(listNames(['Mara', 'Juno', 'Ada', 'Lin'])).toBe('Mara, Juno and 2 more');
});
