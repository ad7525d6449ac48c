// The campaign: 500 seeds in every test run. One seed alone: ROCKPOOL_SEED=n. Many more: `npm run campaign -- --seeds n`.
// The first seed of a batch that fails is shrunk; a plan in a file runs again with ROCKPOOL_PLAN=FILE.
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { runSeed } from './campaign-run.ts';

const one = process.env['ROCKPOOL_SEED'];
const planFile = process.env['ROCKPOOL_PLAN'];
const first = Number(one ?? process.env['ROCKPOOL_FIRST_SEED'] ?? 1);
const count = one === undefined ? Number(process.env['ROCKPOOL_SEEDS'] ?? 500) : 1;
const BATCH = 50;
/** Wall time for a batch, ms: about fifty times what it needs, and for shrinking. */
const BATCH_MS = 300_000;
const BUILD_MS = 60_000;

const batches = Array.from({ length: Math.ceil(count / BATCH) }, (_, i) => {
  const from = first + i * BATCH;
  return [from, Math.min(from + BATCH, first + count) - 1] as const;
});

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');

beforeAll(async () => {
  const vite = join(createRequire(join(root, 'package.json')).resolve('vite/package.json'), '..', 'bin', 'vite.js');
  await run(process.execPath, [vite, 'build', '--mode', 'campaign'], { cwd: root });
}, BUILD_MS);

/** What failed, line by line. */
async function failures(...words: (string | number | boolean)[]): Promise<unknown> {
  const child = join(root, 'dist', 'campaign', 'campaign-child.js');
  const { stdout } = await run(process.execPath, [child, ...words.map(String)], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout);
}

if (planFile !== undefined) {
  test(
    `the plan in ${planFile}`,
    async () => {
      expect(await failures(planFile)).toEqual([]);
    },
    BATCH_MS,
  );
} else {
  describe('two to six peers over hostile paths', () => {
    test.each(batches)(
      'get every message and chunk exactly once, seeds %i to %i',
      async (from, to) => {
        expect(await failures(from, to, false)).toEqual([]);
      },
      BATCH_MS,
    );

    // A fifth of the seeds: what is cancelled early takes less looking for.
    test.each(batches.filter((_, i) => i % 5 === 0))(
      'keep their word while some cancel, withdraw and leave, seeds %i to %i',
      async (from, to) => {
        expect(await failures(from, to, true)).toEqual([]);
      },
      BATCH_MS,
    );

    test('take the same path, event for event, when the seed is the same', () => {
      expect(runSeed(first).traceHash).toBe(runSeed(first).traceHash);
      expect(runSeed(first).traceHash).not.toBe(runSeed(first + 1).traceHash);
    });
  });
}
