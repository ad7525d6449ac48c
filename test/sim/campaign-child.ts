// Runs seeds of the campaign, or one plan, in a process of its own: jest's modules run in a VM context, where every use of
// a global costs so much that the same seeds take ten times as long. Prints one JSON array of what failed.
//   campaign-child.js FROM TO CHURN     campaign-child.js PLAN_FILE
import { readFileSync } from 'node:fs';
import { planOf, type Plan } from './campaign-plan.ts';
import { runPlan } from './campaign-run.ts';
import { failuresOf, report } from './campaign-shrink.ts';

/** Wall time for making the first plan that failed smaller, ms. */
const SHRINK_MS = 60_000;

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

const [first = '', last, churn] = process.argv.slice(2);
const failures =
  last === undefined
    ? runPlan(JSON.parse(readFileSync(first, 'utf8')) as Plan).failures
    : failuresFrom(Number(first), Number(last), churn === 'true');
process.stdout.write(JSON.stringify(failures));
