// Figures and progress lines as people read them.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatBytes, formatEta, formatSeconds, percentOf, progressBar, progressLine } from '../../cli/format.ts';
import { columnsOf } from '../../cli/safe-text.ts';
import { transfer } from './support.ts';

describe('figures', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [12_345_678, '12.3 MB'],
    [99_960_000, '100 MB'],
    [2 ** 53 - 1, '9.0 PB'],
  ])('%i bytes are %s', (bytes, words) => {
    expect(formatBytes(bytes)).toBe(words);
  });

  test.each([
    [0.04, '0.0 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.6, '1 min 00 s'],
    [185, '3 min 05 s'],
    [7800, '2 h 10 min'],
  ])('%d seconds are %s', (seconds, words) => {
    expect(formatSeconds(seconds)).toBe(words);
  });

  test('time left is unknown while nothing moves', () => {
    expect(formatEta(100, 0)).toBe('—');
    expect(formatEta(1000, 100)).toBe('10 s left');
    expect(formatEta(250, 100)).toBe('3 s left');
  });

  test('only the last byte makes 100 percent', () => {
    expect(percentOf(999_999_999, 1_000_000_000)).toBe(99);
    expect(percentOf(1_000_000_000, 1_000_000_000)).toBe(100);
    expect(percentOf(0, 0)).toBe(100);
  });

  test('a bar grows by halves and always has its length', () => {
    expect(progressBar(0, 4)).toBe('────');
    expect(progressBar(0.375, 4)).toBe('━╸──');
    expect(progressBar(1, 4)).toBe('━━━━');
    expect(progressBar(7, 4)).toBe('━━━━');
  });
});

describe('a progress line', () => {
  const running = transfer({ name: 'film.mp4', bytes: 1e9, doneBytes: 4.5e8, bytesPerSecond: 12.4e6 });

  test('shows name, bar, percent, speed, time left and whom', () => {
    expect(progressLine(running, 100)).toBe(
      'film.mp4  ━━━━━━━━━━━━━╸────────────────   45%   12.4 MB/s  45 s left  to Mara',
    );
  });

  test('gives up the bar, then figures, where there is little room', () => {
    expect(progressLine(running, 40)).toBe('film.mp4   45%   12.4 MB/s  45 s left');
    expect(progressLine(running, 26)).toBe('film.mp4   45%   12.4 MB/s');
    expect(progressLine(running, 15)).toBe('film.mp4   45%');
  });

  test('pads a short name, so that the bars of several lines begin in one column', () => {
    const lines = ['a.txt', 'film.mp4'].map((name) => progressLine({ ...running, name }, 100, 8));
    expect(new Set(lines.map((line) => line.indexOf('━')))).toEqual(new Set([10]));
  });

  test('is never wider than the terminal, whatever the names', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.string({ unit: 'grapheme' }),
        fc.integer({ min: 1, max: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (name, peerName, columns, part) => {
          const line = progressLine(
            transfer({ name, peerName, bytes: 1e12, doneBytes: Math.floor(part * 1e12) }),
            columns,
          );
          expect(columnsOf(line)).toBeLessThanOrEqual(columns);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
