// What follows from reports: whose count, a score that fades, strikes, and how long a ban is. Pure: the caller reads the database
// and passes the time. What is written down of it: judging.ts.
import type { Reporter } from '../store/moderation.ts';
import type { ReportRow } from '../store/schema.ts';

const DAY_MS = 24 * 3_600_000;

/** After so long a report counts half. */
const HALF_LIFE_DAYS = 7;
/** Fewer people than that may be at odds with somebody. */
export const SCORE_AT_STRIKE = 3;
/** A strike counts for so long, ms; and what is older plays no part in anything. */
export const STRIKE_MS: number = 90 * DAY_MS;
/** As many that count, and each further one, are a ban. */
export const STRIKES_AT_BAN = 3;
/** The first ban, the second, and every one after that, ms. */
export const BANS_MS: readonly [number, number, number] = [7 * DAY_MS, 30 * DAY_MS, 365 * DAY_MS];
/** Nobody reports what was written before that, ms. */
export const ENTRY_AGE_MAX_MS: number = 30 * DAY_MS;
/** What an account reports counts once the account is as old, ms: none is made in a day for the purpose. */
export const ACCOUNT_AGE_MIN_MS: number = DAY_MS;

/** One of somebody, not dismissed. */
export type CountedReport = Pick<ReportRow, 'reporterAccount' | 'reporterDevice' | 'createdMs'>;

/**
 * How many people say so, each fading from their last report on: 2^(-days / 7), by whole days, so that three people within a day
 * are three. Guests count nothing; nor do accounts that are gone, were younger than a day, or have had more reports dismissed than
 * upheld. Accounts that reported from one device are one person. `counted`: each one's last report.
 */
export function scoreOf<T extends CountedReport>(
  reports: readonly T[],
  reporters: ReadonlyMap<string, Reporter>,
  nowMs: number,
): { readonly score: number; readonly counted: readonly T[] } {
  const people = new People();
  const last = new Map<string, T>();
  for (const { reporterAccount: account, reporterDevice: device } of reports) {
    if (account !== null) people.join(`account ${account}`, `device ${device}`);
  }
  for (const report of reports) {
    const { reporterAccount: account, reporterDevice: device, createdMs } = report;
    const reporter = account === null ? undefined : reporters.get(account);
    if (reporter === undefined || !isTrusted(reporter, createdMs)) continue;
    const person = people.of(`device ${device}`);
    if (createdMs > (last.get(person)?.createdMs ?? -1)) last.set(person, report);
  }
  const counted = [...last.values()];
  return { score: counted.reduce((sum, report) => sum + weightOf(report, nowMs), 0), counted };
}

const weightOf = ({ createdMs }: CountedReport, nowMs: number): number =>
  2 ** (-Math.max(0, Math.floor((nowMs - createdMs) / DAY_MS)) / HALF_LIFE_DAYS);

const isTrusted = ({ createdMs, upheld, dismissed }: Reporter, reportedMs: number): boolean =>
  reportedMs - createdMs >= ACCOUNT_AGE_MIN_MS && dismissed <= upheld;

/** What one more strike does. `strikes`: that count already. `bans`: by the server, since anybody lifted one. */
export function strikeOutcome(
  { strikes, bans }: { readonly strikes: number; readonly bans: number },
  nowMs: number,
): { readonly expiresMs: number; readonly banUntilMs: number | undefined } {
  const [first, second, further] = BANS_MS;
  const length = bans === 0 ? first : bans === 1 ? second : further;
  const banUntilMs = strikes + 1 >= STRIKES_AT_BAN ? nowMs + length : undefined;
  return { expiresMs: nowMs + STRIKE_MS, banUntilMs };
}

/** Names that belong together, as sets that grow into each other. */
class People {
  readonly #parents = new Map<string, string>();

  of(name: string): string {
    let root = name;
    for (let up = this.#parents.get(root); up !== undefined; up = this.#parents.get(root)) root = up;
    return root;
  }

  join(one: string, other: string): void {
    const [a, b] = [this.of(one), this.of(other)];
    if (a !== b) this.#parents.set(a, b);
  }
}
