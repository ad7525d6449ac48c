// The campaign: 500 seeds in every test run. One seed alone: ROCKPOOL_SEED=n. Many more: `npm run campaign -- --seeds n`.
import { describe, expect, test } from '@jest/globals';
import { runSeed } from './campaign-run.ts';

const one = process.env['ROCKPOOL_SEED'];
const first = Number(one ?? process.env['ROCKPOOL_FIRST_SEED'] ?? 1);
const count = one === undefined ? Number(process.env['ROCKPOOL_SEEDS'] ?? 500) : 1;
const BATCH = 25;
/** Wall time for a batch, ms: about a hundred times what it needs. */
const BATCH_MS = 300_000;

const batches = Array.from({ length: Math.ceil(count / BATCH) }, (_, i) => {
  const from = first + i * BATCH;
  return [from, Math.min(from + BATCH, first + count) - 1] as const;
});

function replay(seed: number): string {
  return `ROCKPOOL_SEED=${seed} NODE_OPTIONS=--experimental-vm-modules npx jest test/sim/campaign.test.ts`;
}

function failuresOf(from: number, to: number, churn: boolean): string[] {
  const failures: string[] = [];
  for (let seed = from; seed <= to; seed++) {
    const result = runSeed(seed, { churn });
    if (result.failures.length > 0) failures.push(...result.failures, `  replay: ${replay(seed)}`);
  }
  return failures;
}

describe('two to six peers over hostile paths', () => {
  test.each(batches)(
    'get every message and chunk exactly once, seeds %i to %i',
    (from, to) => expect(failuresOf(from, to, false)).toEqual([]),
    BATCH_MS,
  );

  // A fifth of the seeds: what is cancelled early takes less looking for.
  test.each(batches.filter((_, i) => i % 5 === 0))(
    'keep their word while some cancel, withdraw and leave, seeds %i to %i',
    (from, to) => expect(failuresOf(from, to, true)).toEqual([]),
    BATCH_MS,
  );

  test('take the same path, event for event, when the seed is the same', () => {
    expect(runSeed(first).digest).toBe(runSeed(first).digest);
    expect(runSeed(first).digest).not.toBe(runSeed(first + 1).digest);
  });
});
