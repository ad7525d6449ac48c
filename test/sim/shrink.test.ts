import { describe, expect, test } from '@jest/globals';
import { shrink, without } from '../../src/sim/shrink.ts';
import { planOf, simpler, type Plan } from './campaign-plan.ts';
import { runPlan } from './campaign-run.ts';
import { smallestFailing } from './campaign-shrink.ts';

describe('shrinking', () => {
  test('finds the two items of a hundred that fail together', () => {
    const items = Array.from({ length: 100 }, (_, i) => i);
    const fails = (some: readonly number[]): boolean => some.includes(17) && some.includes(80);
    const { plan, tries } = shrink(items, without, fails, 10_000);
    expect(plan).toEqual([17, 80]);
    expect(tries).toBeLessThan(200);
  });

  test('gives a plan back that cannot be simpler', () => {
    expect(shrink([1], without, (some) => some.length === 1, 100)).toEqual({ plan: [1], tries: 1 });
  });

  test('stops at its limit with the smallest it has', () => {
    const items = Array.from({ length: 64 }, (_, i) => i);
    const { plan, tries } = shrink(items, without, (some) => some.includes(63), 2);
    expect(tries).toBe(2);
    expect(plan).toHaveLength(32);
  });

  test('of a list tries everything at once first and single items last', () => {
    expect([...without([1, 2, 3, 4])]).toEqual([[], [3, 4], [1, 2], [2, 3, 4], [1, 3, 4], [1, 2, 4], [1, 2, 3]]);
  });
});

describe('a plan of the campaign', () => {
  const present = (plan: Plan): number => plan.members.filter(({ absent }) => absent !== true).length;
  /** What must shrink: what there is, whatever its numbers, and then the payloads. */
  const size = (plan: Plan): number => {
    const members = plan.members.filter(({ absent }) => absent !== true);
    const shape = JSON.stringify({ ...plan, members, tight: plan.tight ? 'tight' : '' }).replaceAll(
      /[\d.]/g,
      '',
    ).length;
    const bytes = plan.actions.flatMap((action) =>
      action.kind === 'offer' ? action.files : action.kind === 'say' ? [action.units] : [],
    );
    return shape * 1e7 + bytes.reduce((sum, one) => sum + one, 0);
  };

  test('is the same for the same seed, and survives being printed', () => {
    for (let seed = 1; seed <= 50; seed++) {
      const plan = planOf(seed, seed % 2 === 0);
      expect(planOf(seed, seed % 2 === 0)).toEqual(plan);
      expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    }
  });

  test('has only simpler ones among its simpler ones, and they name only members that are there', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const plan = planOf(seed, true);
      for (const less of simpler(plan)) {
        expect(size(less)).toBeLessThan(size(plan));
        const named = [...less.paths, ...less.actions].flatMap((one) => [
          ...('member' in one ? [one.member] : []),
          ...('from' in one ? [one.from, one.to] : []),
        ]);
        expect(named.filter((index) => less.members[index]?.absent !== undefined)).toEqual([]);
      }
    }
  });

  test('that fails shrinks to what makes it fail: here, whoever says something where a file is handed on', () => {
    const artificial = (plan: Plan): readonly string[] => {
      const { messages, files, failures } = runPlan(plan);
      return messages > 0 && files > 0 ? [`seed ${plan.seed}: ${messages} messages beside ${files} files`] : failures;
    };
    const { plan, failures, tries } = smallestFailing(planOf(3, false), 60_000, artificial);
    expect(failures).toEqual(['seed 3: 1 messages beside 1 files']);
    expect(present(plan)).toBe(2);
    expect(plan.paths).toEqual([]);
    expect(plan.actions.map(({ kind }) => kind).sort()).toEqual(['offer', 'say']);
    expect(plan.actions.flatMap((action) => (action.kind === 'offer' ? action.files : []))).toEqual([0]);
    expect(tries).toBeLessThan(200);
  }, 60_000);

  test('shrinks by its own kind of failure, not into another', () => {
    const artificial = (plan: Plan): readonly string[] =>
      present(plan) > 2 ? [`seed 1: ${present(plan)} are too many`] : ['seed 1: lonely'];
    const { plan } = smallestFailing(planOf(10, false), 60_000, artificial);
    expect(present(plan)).toBe(3);
  });
});
