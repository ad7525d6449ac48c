// Where somebody stands, and what is done to them, read and written within one transaction together with its audit. By which rules:
// counting.ts. Whose sessions end then is the caller's, once all is written.
import {
  addAudit,
  addStrike,
  auditOf,
  banAmong,
  markStruck,
  reportersOf,
  reportsAgainst,
  setBan,
  strikesOf,
} from '../store/moderation.ts';
import type { AuditRow, BanRow, Person, StrikeRow, Tx } from '../store/schema.ts';
import { newId } from '../store/secrets.ts';
import { SCORE_AT_STRIKE, scoreOf, STRIKE_MS, strikeOutcome } from './counting.ts';

/** What the audit calls what was done. */
export type Act = 'uphold' | 'dismiss' | 'strike' | 'ban' | 'unban' | 'kick';

/** Who does it where no operator does. */
export const SERVER = 'server';

export interface Standing {
  /** Those that count, the oldest first. */
  readonly strikes: readonly StrikeRow[];
  readonly score: number;
  /** Reports that the score is made of. */
  readonly counted: readonly string[];
  readonly ban: BanRow | undefined;
}

export async function standingOf(tx: Tx, person: Person, nowMs: number): Promise<Standing> {
  const strikes = await strikesOf(tx, person, nowMs);
  const { sinceMs } = await historyOf(tx, person);
  const reports = await reportsAgainst(tx, person, Math.max(sinceMs, nowMs - STRIKE_MS));
  const accounts = new Set(reports.flatMap(({ reporterAccount }) => reporterAccount ?? []));
  const reporters = await reportersOf(tx, [...accounts], nowMs - STRIKE_MS);
  const { score, counted } = scoreOf(reports, reporters, nowMs);
  return { strikes, score, counted: counted.map(({ id }) => id), ban: await banAmong(tx, [person], nowMs) };
}

/** After a report: whether there were enough for a strike by the server, which is then written. */
export async function strikeIfDue(tx: Tx, person: Person, nowMs: number): Promise<boolean> {
  const { score, counted } = await standingOf(tx, person, nowMs);
  if (score < SCORE_AT_STRIKE) return false;
  await markStruck(tx, counted, nowMs);
  await strike(tx, person, { who: SERVER, reason: 'Reported by several people', nowMs });
  return true;
}

export interface Struck {
  /** An operator's account, or SERVER. */
  readonly who: string;
  readonly reason: string;
  readonly nowMs: number;
}

/** And the ban, if it was one too many; where one holds longer there is none, and none that lengthens later ones. */
export async function strike(tx: Tx, person: Person, { who, reason, nowMs }: Struck): Promise<void> {
  const { subjectKind, subject } = person;
  const before = await strikesOf(tx, person, nowMs);
  const { bans } = await historyOf(tx, person);
  const { expiresMs, banUntilMs } = strikeOutcome({ strikes: before.length, bans }, nowMs);
  await addStrike(tx, { id: newId(), subjectKind, subject, points: 1, reason, createdMs: nowMs, expiresMs });
  await record(tx, { who, what: 'strike', target: subject, detail: reason, atMs: nowMs });
  if (banUntilMs === undefined) return;
  const held = await banAmong(tx, [person], nowMs);
  if (held !== undefined && held.untilMs >= banUntilMs) return;
  const why = `${before.length + 1} strikes`;
  await setBan(tx, { subjectKind, subject, untilMs: banUntilMs, reason: why, byAccount: null, createdMs: nowMs });
  const detail = `${why}, until ${new Date(banUntilMs).toISOString()}`;
  await record(tx, { who: SERVER, what: 'ban', target: subject, detail, atMs: nowMs });
}

/** Writes into the audit what is done in this transaction. */
export async function record(tx: Tx, entry: Omit<AuditRow, 'id' | 'what'> & { readonly what: Act }): Promise<void> {
  await addAudit(tx, { id: newId(), ...entry });
}

/** What the audit remembers, also of strikes that are over or forgotten: the last one's time, and how often the server banned since a pardon. */
async function historyOf(tx: Tx, { subject }: Person): Promise<{ readonly sinceMs: number; readonly bans: number }> {
  const acts = await auditOf(tx, subject);
  const sinceMs = acts.find(({ what }) => what === 'strike')?.atMs ?? 0;
  const pardon = acts.findIndex(({ what }) => what === 'unban');
  const recent = pardon === -1 ? acts : acts.slice(0, pardon);
  return { sinceMs, bans: recent.filter(({ what, who }) => what === 'ban' && who === SERVER).length };
}
