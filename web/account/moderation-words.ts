// Moderation in plain words: offences, what is held against somebody, how long a ban lasts. Pure.
import type { Offence } from '../../src/client.ts';
import { countOf } from '../format.ts';
import type { Party, Report, Standing } from './moderation.ts';

/** What somebody may be reported for, as it is asked and shown. */
export const offenceNames: Readonly<Record<Offence, string>> = {
  spam: 'Spam',
  abuse: 'Abuse or threats',
  illegal: 'Something illegal',
  malware: 'Malware',
  other: 'Something else',
};

/** Where reports of several people lead to a strike by themselves. */
const SCORE_OF_STRIKE = 3;

const moment = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Day and clock: who decides about somebody wants to know both. */
export const formatWhen = (atMs: number): string => moment.format(atMs);

/** Where no operator gave a reason, it is the offence. */
export const reasonWords = (reason: string): string =>
  Object.hasOwn(offenceNames, reason) ? offenceNames[reason as Offence] : reason;

/** The name of an account, or the start of the device's id. */
export const partyName = ({ name, device }: Party): string => name ?? `Device ${device.slice(0, 8)}`;

/** `until 3 Dec 2026, 14:00`, `for ever`. */
export const untilWords = (untilMs: number | null): string =>
  untilMs === null ? 'for ever' : `until ${formatWhen(untilMs)}`;

/** `2 people reported them, this one 3 times`. */
export function countWords({ reporters, times }: Pick<Report, 'reporters' | 'times'>): string {
  const by = `${countOf(reporters, 'person', 'people')} reported them`;
  return times > 1 ? `${by}, this one ${times} times` : by;
}

/** What is held against somebody, in a sentence or two. */
export function standingSentence({ strikes, score, ban }: Standing): string {
  const banned = ban === null ? '' : ` Banned ${untilWords(ban.untilMs)}.`;
  if (strikes.length === 0 && score === 0) return `Nothing counts against them.${banned}`;
  const count = `${countOf(strikes.length, 'strike')} ${strikes.length === 1 ? 'counts' : 'count'}`;
  const weight = score.toLocaleString(undefined, { maximumFractionDigits: 1 });
  const reports = score === 0 ? '' : ` Open reports weigh ${weight}; at ${SCORE_OF_STRIKE} that is a strike.`;
  return `${count} against them.${reports}${banned}`;
}

/** What came of a verdict. */
export function verdictSentence(verdict: 'uphold' | 'dismiss', target: Party, { strikes, ban }: Standing): string {
  if (verdict === 'dismiss') return 'Dismissed: it counts for nothing.';
  const name = partyName(target);
  if (ban !== null) return `Upheld. ${name} is banned ${untilWords(ban.untilMs)}.`;
  const now = strikes.length === 1 ? '1 strike counts' : `${strikes.length} strikes count`;
  return `Upheld: ${now} against ${name} now.`;
}

const acts: Readonly<Record<string, string>> = {
  uphold: 'Upheld report',
  dismiss: 'Dismissed report',
  strike: 'Strike against',
  ban: 'Banned',
  unban: 'Lifted the ban of',
  kick: 'Sent out',
};

/** What the audit calls `what`, before whom it was done to. */
export const actWords = (what: string): string => (Object.hasOwn(acts, what) ? (acts[what] ?? what) : what);
