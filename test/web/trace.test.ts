// The history behind a current, and its outline.

import { expect, test } from '@jest/globals';
import { addSample, currentPath, SAMPLES_MAX, type Sample } from '../../web/trace.ts';

const grown = (steps: number): readonly Sample[] => {
  let trace: readonly Sample[] = [];
  for (let step = 0; step <= steps; step += 1) trace = addSample(trace, { at: step / steps, speed: step });
  return trace;
};

/** Every number of a path's points, as x and y in turn. */
const numbers = (path: string): number[] => [...path.matchAll(/-?[\d.]+/g)].map(([text]) => Number(text));

test('a long transfer keeps its whole shape in few samples', () => {
  const trace = grown(5000);
  expect(trace.length).toBeLessThanOrEqual(SAMPLES_MAX);
  expect(trace[0]?.at).toBeLessThan(0.02);
  expect(trace.at(-1)?.at).toBe(1);
});

test('steps too small to see replace one another', () => {
  let trace: readonly Sample[] = [{ at: 0.5, speed: 1 }];
  for (const at of [0.501, 0.502, 0.503]) trace = addSample(trace, { at, speed: at });
  expect(trace).toEqual([
    { at: 0.5, speed: 1 },
    { at: 0.503, speed: 0.503 },
  ]);
});

test('a current stays within its bed', () => {
  for (const path of [currentPath(grown(300)), currentPath(grown(40), 1), currentPath([], 0.3), currentPath([])]) {
    const points = numbers(path);
    expect(points.length).toBeGreaterThan(7);
    expect(points.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
    expect(Math.max(...points.filter((_, at) => at % 2 === 1))).toBeLessThanOrEqual(2);
  }
});

test('a current runs on to the edge while it flows, and out where it ended', () => {
  const xs = (path: string): number[] => numbers(path).filter((_, at) => at % 2 === 0);
  expect(Math.max(...xs(currentPath([{ at: 0.4, speed: 5 }])))).toBe(100);
  expect(Math.max(...xs(currentPath([{ at: 0.4, speed: 5 }], 0.4)))).toBe(40);
});
