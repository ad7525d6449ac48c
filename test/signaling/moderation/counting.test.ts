// By which rules reports count, whatever they are: the score, and what strikes lead to.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  ACCOUNT_AGE_MIN_MS,
  BANS_MS,
  scoreOf as scored,
  STRIKE_MS,
  strikeOutcome,
  type CountedReport,
} from '../../../signaling/moderation/counting.ts';
import type { Reporter } from '../../../signaling/store/moderation.ts';
import { DAY_MS } from './said.ts';

const NOW_MS = 1_790_000_000_000;
const OLD = 400 * DAY_MS;

const report = (account: string | null, device: string, days = 0): CountedReport => {
  return { reporterAccount: account, reporterDevice: device, createdMs: NOW_MS - days * DAY_MS };
};
const reporter = (over: Partial<Reporter> = {}): Reporter => {
  return { createdMs: NOW_MS - OLD, upheld: 0, dismissed: 0, ...over };
};
const known = (...accounts: readonly string[]): Map<string, Reporter> =>
  new Map(accounts.map((account) => [account, reporter()]));

const scoreOf = (...of: Parameters<typeof scored>): number => scored(...of).score;

/** Few accounts and devices, so that they meet. */
const reports: fc.Arbitrary<CountedReport[]> = fc.array(
  fc.record({
    reporterAccount: fc.option(fc.constantFrom('a', 'b', 'c', 'd', 'e')),
    reporterDevice: fc.constantFrom('1', '2', '3', '4', '5', '6'),
    createdMs: fc.integer({ min: NOW_MS - 90 * DAY_MS, max: NOW_MS }),
  }),
  { maxLength: 30 },
);
const reporters: fc.Arbitrary<Map<string, Reporter>> = fc
  .array(
    fc.tuple(
      fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      fc.record({
        createdMs: fc.integer({ min: NOW_MS - 100 * DAY_MS, max: NOW_MS }),
        upheld: fc.nat(3),
        dismissed: fc.nat(3),
      }),
    ),
  )
  .map((entries) => new Map(entries));

describe('a score', () => {
  test('is how many people said so within a day, and halves in a week', () => {
    const three = ['a', 'b', 'c'].map((account, index) => report(account, String(index), 0.9 * (index / 2)));
    expect(scoreOf(three, known('a', 'b', 'c'), NOW_MS)).toBe(3);
    expect(scoreOf(three, known('a', 'b', 'c'), NOW_MS + 7.1 * DAY_MS)).toBeCloseTo(1.5 - 0.046, 2);
    expect(scoreOf([report('a', '1', 14)], known('a'), NOW_MS)).toBe(0.25);
  });

  test('counts an account once, by its last report, and those that share a device as one', () => {
    expect(scoreOf([report('a', '1', 7), report('a', '2')], known('a'), NOW_MS)).toBe(1);
    expect(scoreOf([report('a', '1'), report('b', '1')], known('a', 'b'), NOW_MS)).toBe(1);
    const chain = [report('a', '1'), report('b', '1'), report('b', '2'), report('c', '2'), report('d', '3')];
    expect(scoreOf(chain, known('a', 'b', 'c', 'd'), NOW_MS)).toBe(2);
  });

  test('is made of the last report of each', () => {
    const [last, other, young] = [report('a', '2'), report('b', '3', 5), report('c', '4')];
    const told = [report('a', '1', 7), last, report('b', '3', 6), other, young, report(null, '5')];
    expect(scored(told, known('a', 'b'), NOW_MS).counted).toEqual([last, other]);
  });

  test.each<[string, Reporter | undefined, number]>([
    ['that is gone', undefined, 0],
    ['younger than a day', reporter({ createdMs: NOW_MS - ACCOUNT_AGE_MIN_MS + 1 }), 0],
    ['a day old', reporter({ createdMs: NOW_MS - ACCOUNT_AGE_MIN_MS }), 1],
    ['more often dismissed than upheld', reporter({ upheld: 1, dismissed: 2 }), 0],
    ['as often upheld as dismissed', reporter({ upheld: 2, dismissed: 2 }), 1],
  ])('counts an account %s', (_what, one, score) => {
    expect(scoreOf([report('a', '1')], new Map(one && [['a', one]]), NOW_MS)).toBe(score);
  });

  test('is at most one for each account that counts, and never less than nothing', () => {
    fc.assert(
      fc.property(reports, reporters, (told, who) => {
        const accounts = new Set(told.flatMap(({ reporterAccount }) => reporterAccount ?? []));
        const score = scoreOf(told, who, NOW_MS);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual([...accounts].filter((account) => who.has(account)).length);
      }),
    );
  });

  test('does not depend on their order, on guests, on repeats, or on accounts that are gone', () => {
    fc.assert(
      fc.property(reports, reporters, fc.nat(), (told, who, at) => {
        const score = scoreOf(told, who, NOW_MS);
        const noise = [report(null, '1'), report('gone', 'elsewhere'), ...told, ...told];
        const turned = noise.map((_, index) => noise[(index + at) % noise.length] ?? report(null, '1'));
        expect(scoreOf(turned, who, NOW_MS)).toBeCloseTo(score, 9);
      }),
    );
  });

  test('only falls with time, and with every account that shares another’s device', () => {
    fc.assert(
      fc.property(reports, reporters, fc.nat(90), (told, who, days) => {
        const score = scoreOf(told, who, NOW_MS);
        expect(scoreOf(told, who, NOW_MS + days * DAY_MS)).toBeLessThanOrEqual(score + 1e-9);
        const onOne = told.map((each) => ({ ...each, reporterDevice: '1' }));
        expect(scoreOf(onOne, who, NOW_MS)).toBeLessThanOrEqual(Math.min(1, score) + 1e-9);
      }),
    );
  });
});

describe('a strike', () => {
  test.each([
    [0, 0, undefined],
    [1, 0, undefined],
    [2, 0, 7],
    [3, 1, 30],
    [2, 1, 30],
    [4, 2, 365],
    [9, 7, 365],
  ])('after %d that count and %d bans bans for %s days', (strikes, bans, days) => {
    const banUntilMs = days === undefined ? undefined : NOW_MS + days * DAY_MS;
    expect(strikeOutcome({ strikes, bans }, NOW_MS)).toEqual({ expiresMs: NOW_MS + STRIKE_MS, banUntilMs });
  });

  test('never bans for less than the one before', () => {
    expect([...BANS_MS]).toEqual([...BANS_MS].toSorted((a, b) => a - b));
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), (strikes, bans) => {
        const now = strikeOutcome({ strikes, bans }, NOW_MS).banUntilMs ?? 0;
        expect(strikeOutcome({ strikes: strikes + 1, bans }, NOW_MS).banUntilMs ?? 0).toBeGreaterThanOrEqual(now);
        const again = strikeOutcome({ strikes, bans: bans + 1 }, NOW_MS).banUntilMs ?? 0;
        expect(again).toBeGreaterThanOrEqual(now);
      }),
    );
  });
});
