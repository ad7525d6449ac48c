// What the campaign does with a seed that failed: finds the smallest plan that still fails in the same way, and prints it.
import { shrink } from '../../src/sim/shrink.ts';
import { simpler, type Plan } from './campaign-plan.ts';
import { runPlan } from './campaign-run.ts';

/** Failures of a plan; what a machine throws is one too. */
export function failuresOf(plan: Plan): readonly string[] {
  try {
    return runPlan(plan).failures;
  } catch (error) {
    return [`seed ${plan.seed}: threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
  }
}

/**
 * The smallest plan found within `wallMs` that has a failure of the same kind as one of `plan`'s own. `failures` is how
 * plans are tried.
 */
export function smallestFailing(
  plan: Plan,
  wallMs: number,
  failures: (plan: Plan) => readonly string[] = failuresOf,
): { readonly plan: Plan; readonly failures: readonly string[]; readonly tries: number } {
  const untilMs = performance.now() + wallMs;
  let last = failures(plan);
  const kinds = new Set(last.map(kindOf));
  const stillFails = (candidate: Plan): boolean => {
    if (performance.now() > untilMs) return false;
    const found = failures(candidate);
    if (!found.some((failure) => kinds.has(kindOf(failure)))) return false;
    last = found;
    return true;
  };
  const { plan: smallest, tries } = shrink(plan, simpler, stillFails, Infinity);
  return { plan: smallest, failures: last, tries };
}

/** Lines for people: what failed in the smallest plan, the plan, and how to run it again. */
export function report(plan: Plan, wallMs: number): string[] {
  const { plan: smallest, failures, tries } = smallestFailing(plan, wallMs);
  return [
    `  smallest plan that still fails, after ${tries} tries; put it in a file, and run it with ROCKPOOL_PLAN=FILE:`,
    JSON.stringify(smallest),
    ...failures.map((failure) => `    in it: ${failure}`),
  ];
}

/** The first line of a failure without what differs from plan to plan: who, how many, when. */
function kindOf(failure: string): string {
  return (failure.split('\n')[0] ?? '').replaceAll(/[0-9a-f]{16,}|\d+(\.\d+)?/g, '#');
}
