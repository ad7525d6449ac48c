// Runs the campaign over any number of seeds: npm run campaign -- --seeds 100000 [--from 1]. What fails is shrunk to the
// smallest plan that still does; saved to a file, that one runs again with --plan FILE. With --talk it is the campaign of
// conversations (test/talk), of which 300 seeds take two minutes.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    from: { type: 'string', default: '1' },
    plan: { type: 'string' },
    talk: { type: 'boolean', default: false },
  },
});
for (const name of ['seeds', 'from']) {
  if (!/^[1-9]\d{0,8}$/.test(values[name])) {
    console.error(`--${name}: expected a whole number from 1 to 999999999, got ${values[name]}`);
    process.exit(2);
  }
}
const root = join(import.meta.dirname, '..', '..');
const jest = join(createRequire(join(root, 'package.json')).resolve('jest/package.json'), '..', 'bin', 'jest.js');
const child = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    jest,
    '--selectProjects',
    'unit',
    '--verbose',
    `test/${values.talk ? 'talk' : 'sim'}/campaign.test.ts`,
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      ROCKPOOL_SEEDS: values.seeds,
      ROCKPOOL_FIRST_SEED: values.from,
      ROCKPOOL_TALK_SEEDS: values.seeds,
      ROCKPOOL_TALK_FIRST_SEED: values.from,
      ...(values.plan === undefined ? {} : { ROCKPOOL_PLAN: resolve(values.plan) }),
    },
  },
);
child.on('exit', (code, signal) => process.exit(signal === null ? code : 1));
