// Reports and what follows from them: strikes that fade, bans, and the audit, in which all that was done stays.
import { sql } from 'kysely';
import { DatabaseError } from './errors.ts';
import { checked, LIMITS, requireRoom } from './fields.ts';
import type { AuditRow, BanRow, Person, ReportRow, ReportState, StrikeRow, Subject, Tx } from './schema.ts';

/** One that is only just there. */
export type NewReport = Omit<ReportRow, 'times' | 'state' | 'struckMs'>;

/**
 * Keeps a report whose evidence was checked. `id`: the same for the same report (from its evidence and who reports), so that
 * one that is sent again only counts up `times`, to which it resolves. Throws `duplicate` if the id is another device's, or
 * `too-many` if too many of this device's, this account's, of guests' or at all wait to be looked at.
 */
export async function addReport(tx: Tx, report: NewReport): Promise<number> {
  checked(report);
  const known = await tx
    .selectFrom('reports')
    .select(['reporterDevice', 'times'])
    .where('id', '=', report.id)
    .executeTakeFirst();
  if (known !== undefined) {
    if (known.reporterDevice !== report.reporterDevice) {
      throw new DatabaseError('duplicate', `report ${report.id} is another device's`);
    }
    const times = known.times + 1;
    await tx.updateTable('reports').set(checked({ times })).where('id', '=', report.id).execute();
    return times;
  }
  const open = tx
    .selectFrom('reports')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('state', '=', 'open');
  const ofDevice = await open.where('reporterDevice', '=', report.reporterDevice).executeTakeFirstOrThrow();
  requireRoom('open reports of a device', ofDevice.count, LIMITS.openReportsPerDevice);
  if (report.reporterAccount === null) {
    const ofGuests = await open.where('reporterAccount', 'is', null).executeTakeFirstOrThrow();
    requireRoom('open reports of guests', ofGuests.count, LIMITS.openReportsOfGuests);
  } else {
    const ofAccount = await open.where('reporterAccount', '=', report.reporterAccount).executeTakeFirstOrThrow();
    requireRoom('open reports of an account', ofAccount.count, LIMITS.openReportsPerAccount);
  }
  requireRoom('open reports', (await open.executeTakeFirstOrThrow()).count, LIMITS.openReports);
  await tx
    .insertInto('reports')
    .values({ ...report, times: 1, state: 'open', struckMs: null })
    .execute();
  return 1;
}

export async function reportOf(tx: Tx, id: string): Promise<ReportRow | undefined> {
  return tx.selectFrom('reports').selectAll().where('id', '=', checked({ id }).id).executeTakeFirst();
}

/** What a list shows of one. */
export type ReportInList = Omit<ReportRow, 'evidence' | 'circle' | 'struckMs'>;

/** A page of those in `state`, the oldest first. `after`: the last of the page before. */
export async function reportsIn(
  tx: Tx,
  state: ReportState,
  after: Pick<ReportRow, 'createdMs' | 'id'> | undefined,
  limit: number,
): Promise<ReportInList[]> {
  checked({ state, limit });
  let page = tx
    .selectFrom('reports')
    .select(['id', 'reporterAccount', 'reporterDevice', 'targetAccount', 'targetDevice', 'pool', 'entry'])
    .select(['offence', 'times', 'createdMs', 'state'])
    .where('state', '=', state)
    .orderBy('createdMs')
    .orderBy('id')
    .limit(limit);
  if (after !== undefined) {
    const { createdMs, id } = checked({ createdMs: after.createdMs, id: after.id });
    page = page.where((eb) =>
      eb.or([eb('createdMs', '>', createdMs), eb.and([eb('createdMs', '=', createdMs), eb('id', '>', id)])]),
    );
  }
  return page.execute();
}

/** How many people, an account counting once whatever its devices, have reported `person` since `sinceMs`, dismissed ones aside. */
export async function countReporters(tx: Tx, person: Person, sinceMs: number): Promise<number> {
  const reporter = sql<string>`coalesce(${sql.ref('reporterAccount')}, ${sql.ref('reporterDevice')})`;
  const { count } = await standingAgainst(tx, person, sinceMs)
    .select(sql<number>`count(distinct ${reporter})`.as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

/**
 * What the score of `person` is made of: reports by accounts since `sinceMs`, dismissed ones aside, and only of entries that nobody
 * had reported by then.
 */
export async function reportsAgainst(
  tx: Tx,
  person: Person,
  sinceMs: number,
): Promise<Pick<ReportRow, 'id' | 'reporterAccount' | 'reporterDevice' | 'createdMs'>[]> {
  return standingAgainst(tx, person, sinceMs)
    .select(['reports.id', 'reports.reporterAccount', 'reports.reporterDevice', 'reports.createdMs'])
    .where('reports.reporterAccount', 'is not', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('reports as earlier')
            .select('earlier.id')
            .whereRef('earlier.entry', '=', 'reports.entry')
            .where('earlier.createdMs', '<=', sinceMs),
        ),
      ),
    )
    .orderBy('reports.createdMs', 'desc')
    .limit(LIMITS.countedReports)
    .execute();
}

function standingAgainst(tx: Tx, { subjectKind, subject }: Person, sinceMs: number) {
  const { target } = checked({ target: subject });
  const all = tx.selectFrom('reports').where('createdMs', '>', sinceMs).where('state', '<>', 'dismissed');
  if (subjectKind === 'account') return all.where('targetAccount', '=', target);
  return all.where('targetDevice', '=', target).where('targetAccount', 'is', null);
}

/** What is known of an account that reports. */
export interface Reporter {
  /** When the account was made. */
  readonly createdMs: number;
  /** Its reports, by what became of them. */
  readonly upheld: number;
  readonly dismissed: number;
}

/** Of these accounts, as far as they are there: when they were made, and how their reports since `sinceMs` were judged. */
export async function reportersOf(
  tx: Tx,
  accounts: readonly string[],
  sinceMs: number,
): Promise<Map<string, Reporter>> {
  const found = new Map<string, Reporter>();
  // A list of nothing is no SQL.
  if (accounts.length === 0) return found;
  for (const account of accounts) checked({ account });
  const rows = await tx.selectFrom('accounts').select(['id', 'createdMs']).where('id', 'in', accounts).execute();
  const judged = await tx
    .selectFrom('reports')
    .select(['reporterAccount', 'state'])
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('reporterAccount', 'in', accounts)
    .where('createdMs', '>=', sinceMs)
    .where('state', '<>', 'open')
    .groupBy(['reporterAccount', 'state'])
    .execute();
  for (const { id, createdMs } of rows) {
    const times = (state: ReportState): number =>
      judged.find((each) => each.reporterAccount === id && each.state === state)?.count ?? 0;
    found.set(id, { createdMs, upheld: times('upheld'), dismissed: times('dismissed') });
  }
  return found;
}

/** The server strikes for these, one at least. */
export async function markStruck(tx: Tx, ids: readonly string[], nowMs: number): Promise<void> {
  for (const id of ids) checked({ id });
  await tx
    .updateTable('reports')
    .set(checked({ struckMs: nowMs }))
    .where('id', 'in', ids)
    .execute();
}

/** Whether there was a strike for it: a report of it was upheld, or made up one by the server. */
export async function wasStruck(tx: Tx, entry: string): Promise<boolean> {
  const struck = await tx
    .selectFrom('reports')
    .select('id')
    .where('entry', '=', checked({ entry }).entry)
    .where((eb) => eb.or([eb('state', '=', 'upheld'), eb('struckMs', 'is not', null)]))
    .limit(1)
    .executeTakeFirst();
  return struck !== undefined;
}

/** All open reports of an entry, whoever sent them. Resolves to how many there were. */
export async function settleReports(tx: Tx, entry: string, state: 'upheld' | 'dismissed'): Promise<number> {
  const settled = await tx
    .updateTable('reports')
    .set(checked({ state }))
    .where('entry', '=', checked({ entry }).entry)
    .where('state', '=', 'open')
    .returning('id')
    .execute();
  return settled.length;
}

export async function addStrike(tx: Tx, strike: StrikeRow): Promise<void> {
  await tx.insertInto('strikes').values(checked(strike)).execute();
}

/** Those that count at `nowMs`, the oldest first. */
export async function strikesOf(tx: Tx, subject: Subject, nowMs: number): Promise<StrikeRow[]> {
  const { subjectKind, subject: of } = checkedSubject(subject);
  const counting = tx
    .selectFrom('strikes')
    .selectAll()
    .where('subjectKind', '=', subjectKind)
    .where('subject', '=', of);
  return counting.where('expiresMs', '>', nowMs).orderBy('createdMs').orderBy('id').execute();
}

/** Resolves to how many there were. */
export async function removeStrikes(tx: Tx, subject: Subject): Promise<number> {
  const { subjectKind, subject: of } = checkedSubject(subject);
  const removed = tx.deleteFrom('strikes').where('subjectKind', '=', subjectKind).where('subject', '=', of);
  return (await removed.returning('id').execute()).length;
}

/** Replaces what there was for the subject. */
export async function setBan(tx: Tx, ban: BanRow): Promise<void> {
  const { untilMs, reason, byAccount, createdMs } = checked(ban);
  await tx
    .insertInto('bans')
    .values(ban)
    .onConflict((on) => on.columns(['subjectKind', 'subject']).doUpdateSet({ untilMs, reason, byAccount, createdMs }))
    .execute();
}

/** False if there was none. */
export async function removeBan(tx: Tx, subject: Subject): Promise<boolean> {
  const { subjectKind, subject: of } = checkedSubject(subject);
  const removed = await tx
    .deleteFrom('bans')
    .where('subjectKind', '=', subjectKind)
    .where('subject', '=', of)
    .returning('subject')
    .executeTakeFirst();
  return removed !== undefined;
}

/** The one of these bans that holds longest at `nowMs`, if any does. `subjects`: at least one. */
export async function banAmong(tx: Tx, subjects: readonly Subject[], nowMs: number): Promise<BanRow | undefined> {
  return tx
    .selectFrom('bans')
    .selectAll()
    .where((eb) =>
      eb.or(subjects.map(checkedSubject).map(({ subjectKind, subject }) => eb.and({ subjectKind, subject }))),
    )
    .where('untilMs', '>', nowMs)
    .orderBy('untilMs', 'desc')
    .executeTakeFirst();
}

/** A page of the bans that hold at `nowMs`, by kind and subject. `after`: the last of the page before. */
export async function bansAt(tx: Tx, nowMs: number, after: Subject | undefined, limit: number): Promise<BanRow[]> {
  checked({ limit });
  let page = tx
    .selectFrom('bans')
    .selectAll()
    .where('untilMs', '>', nowMs)
    .orderBy('subjectKind')
    .orderBy('subject')
    .limit(limit);
  if (after !== undefined) {
    const { subjectKind, subject } = checkedSubject(after);
    page = page.where((eb) =>
      eb.or([
        eb('subjectKind', '>', subjectKind),
        eb.and([eb('subjectKind', '=', subjectKind), eb('subject', '>', subject)]),
      ]),
    );
  }
  return page.execute();
}

/** In the transaction of what it tells of. */
export async function addAudit(tx: Tx, entry: AuditRow): Promise<void> {
  await tx.insertInto('audit').values(checked(entry)).execute();
}

/** What was done to `target`, the latest first and one page at most. */
export async function auditOf(tx: Tx, target: string): Promise<AuditRow[]> {
  const done = tx.selectFrom('audit').selectAll().where('target', '=', checked({ target }).target);
  return done.orderBy('atMs', 'desc').orderBy('id', 'desc').limit(LIMITS.page).execute();
}

/** A page, the latest first. `before`: the last of the page before. */
export async function auditBefore(
  tx: Tx,
  before: Pick<AuditRow, 'atMs' | 'id'> | undefined,
  limit: number,
): Promise<AuditRow[]> {
  checked({ limit });
  let page = tx.selectFrom('audit').selectAll().orderBy('atMs', 'desc').orderBy('id', 'desc').limit(limit);
  if (before !== undefined) {
    const { atMs, id } = checked({ atMs: before.atMs, id: before.id });
    page = page.where((eb) => eb.or([eb('atMs', '<', atMs), eb.and([eb('atMs', '=', atMs), eb('id', '<', id)])]));
  }
  return page.execute();
}

const checkedSubject = ({ subjectKind, subject }: Subject): Subject => checked({ subjectKind, subject });
