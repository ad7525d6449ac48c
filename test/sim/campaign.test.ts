// The campaign: 500 seeds in every test run. One seed alone: ROCKPOOL_SEED=n. Many more: `npm run campaign -- --seeds n`.
// The first seed of a batch that fails is shrunk; a plan in a file runs again with ROCKPOOL_PLAN=FILE.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { planOf, type Plan } from './campaign-plan.ts';
import { runPlan, runSeed } from './campaign-run.ts';
import { failuresOf, report } from './campaign-shrink.ts';

const one = process.env['ROCKPOOL_SEED'];
const planFile = process.env['ROCKPOOL_PLAN'];
const first = Number(one ?? process.env['ROCKPOOL_FIRST_SEED'] ?? 1);
const count = one === undefined ? Number(process.env['ROCKPOOL_SEEDS'] ?? 500) : 1;
const BATCH = 25;
/** Wall time for a batch, ms: about fifty times what it needs, and for shrinking. */
const BATCH_MS = 300_000;
const SHRINK_MS = 60_000;

const batches = Array.from({ length: Math.ceil(count / BATCH) }, (_, i) => {
  const from = first + i * BATCH;
  return [from, Math.min(from + BATCH, first + count) - 1] as const;
});

function replay(seed: number): string {
  return `ROCKPOOL_SEED=${seed} NODE_OPTIONS=--experimental-vm-modules npx jest test/sim/campaign.test.ts`;
}

function failuresFrom(from: number, to: number, churn: boolean): string[] {
  const all: string[] = [];
  for (let seed = from; seed <= to; seed++) {
    const plan = planOf(seed, churn);
    const failures = failuresOf(plan);
    if (failures.length === 0) continue;
    const smallest = all.length === 0 ? report(plan, SHRINK_MS) : [];
    all.push(...failures, `  replay: ${replay(seed)}`, ...smallest);
  }
  return all;
}

if (planFile !== undefined) {
  test(`the plan in ${planFile}`, () => {
    expect(runPlan(JSON.parse(readFileSync(planFile, 'utf8')) as Plan).failures).toEqual([]);
  });
} else {
  describe('two to six peers over hostile paths', () => {
    test.each(batches)(
      'get every message and chunk exactly once, seeds %i to %i',
      (from, to) => expect(failuresFrom(from, to, false)).toEqual([]),
      BATCH_MS,
    );

    // A fifth of the seeds: what is cancelled early takes less looking for.
    test.each(batches.filter((_, i) => i % 5 === 0))(
      'keep their word while some cancel, withdraw and leave, seeds %i to %i',
      (from, to) => expect(failuresFrom(from, to, true)).toEqual([]),
      BATCH_MS,
    );

    test('take the same path, event for event, when the seed is the same', () => {
      expect(runSeed(first).traceHash).toBe(runSeed(first).traceHash);
      expect(runSeed(first).traceHash).not.toBe(runSeed(first + 1).traceHash);
    });
  });
}
