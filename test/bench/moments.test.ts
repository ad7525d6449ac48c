// How bench/wan.ts counts control frames: one that was counted twice, or never, would flatter or slander every figure.
import { expect, test } from '@jest/globals';
import { MomentListener } from '../../bench/pages/pair/control.ts';
import type { PoolClient } from '../../src/client.ts';

interface Moment {
  readonly number: number;
  readonly sampledUs: number;
}

/** A listener, and the way to have a frame of this number surface. */
function listening(): { listener: MomentListener; surface: (...numbers: number[]) => void } {
  let onFrame: ((peer: string, moment: Moment, info: never) => void) | undefined;
  const control = (options: { readonly onFrame?: typeof onFrame }): unknown => {
    onFrame = options.onFrame;
    return { stop: () => undefined };
  };
  const listener = new MomentListener({ control } as unknown as Pick<PoolClient<unknown>, 'control'>);
  const sampledUs = Math.round((performance.timeOrigin + performance.now()) * 1000) % 2 ** 48;
  const surface = (...numbers: number[]): void => {
    for (const number of numbers) onFrame?.('peer', { number, sampledUs }, undefined as never);
  };
  return { listener, surface };
}

const counts = ({ agesMs, missing }: { readonly agesMs: readonly number[]; readonly missing: number }): number[] => [
  agesMs.length,
  missing,
];

test('frames before the first that surfaced are not missing', () => {
  const { listener, surface } = listening();
  surface(7, 8);
  expect(counts(listener.take())).toEqual([2, 0]);
});

test('frames between those that surfaced are missing, whatever the order', () => {
  const { listener, surface } = listening();
  surface(1, 5, 3);
  expect(counts(listener.take())).toEqual([3, 2]);
});

test('a gap across two calls belongs to the later one', () => {
  const { listener, surface } = listening();
  surface(1, 2);
  listener.take();
  surface(5);
  expect(counts(listener.take())).toEqual([1, 2]);
});

test('a frame that a call has counted as missing is not counted again when it comes', () => {
  const { listener, surface } = listening();
  surface(1, 3);
  expect(counts(listener.take())).toEqual([2, 1]);
  surface(2, 4);
  expect(counts(listener.take())).toEqual([1, 0]);
});

test('nothing surfaced is nothing missing', () => {
  const { listener } = listening();
  expect(counts(listener.take())).toEqual([0, 0]);
});

test('an age is the time since the frame was sampled', () => {
  const { listener, surface } = listening();
  surface(1);
  const [ageMs = NaN] = listener.take().agesMs;
  expect(ageMs).toBeGreaterThanOrEqual(0);
  expect(ageMs).toBeLessThan(1000);
});
