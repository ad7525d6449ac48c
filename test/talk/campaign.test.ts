// The campaign of talk: a few seeds in every test run. More of them: npm run campaign -- --talk --seeds 300. One alone: ROCKPOOL_TALK_SEED=n.
import { describe, expect, test } from '@jest/globals';
import { runSeed } from './campaign-run.ts';

const one = process.env['ROCKPOOL_TALK_SEED'];
const first = Number(one ?? process.env['ROCKPOOL_TALK_FIRST_SEED'] ?? 1);
const count = one === undefined ? Number(process.env['ROCKPOOL_TALK_SEEDS'] ?? 12) : 1;
/** Wall time of one seed, ms: a hundred times what it needs. */
const SEED_MS = 60_000;

describe('two to eight people with wrong clocks, who come and go', () => {
  test.each(Array.from({ length: count }, (_, i) => first + i))(
    'have one conversation in the end, seed %i',
    async (seed) => {
      const { failures, messages } = await runSeed(seed);
      expect(failures).toEqual([]);
      expect(messages).toBeGreaterThan(0);
    },
    SEED_MS,
  );

  test('take the same path when the seed is the same', async () => {
    const { trace } = await runSeed(first);
    expect((await runSeed(first)).trace).toBe(trace);
  });
});
