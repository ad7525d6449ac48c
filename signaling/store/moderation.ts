// Reports and what follows from them: strikes that fade, bans, and the audit, in which all that was done stays.
import { sql } from 'kysely';
import { DatabaseError } from './errors.ts';
import { checked, LIMITS, requireRoom } from './fields.ts';
import type { AuditRow, BanRow, ReportRow, ReportState, StrikeRow, Subject, Tx } from './schema.ts';

/**
 * Keeps a report whose evidence was checked. `id`: the same for the same report (from its evidence and who reports), so that
 * one that is sent again only counts up `times`, to which it resolves. Throws `duplicate` if the id is another device's, or
 * `too-many` if too many of this device's wait to be looked at.
 */
export async function addReport(tx: Tx, report: Omit<ReportRow, 'times' | 'state'>): Promise<number> {
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
  const { count } = await tx
    .selectFrom('reports')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('reporterDevice', '=', report.reporterDevice)
    .where('state', '=', 'open')
    .executeTakeFirstOrThrow();
  requireRoom('open reports of a device', count, LIMITS.openReportsPerDevice);
  await tx
    .insertInto('reports')
    .values({ ...report, times: 1, state: 'open' })
    .execute();
  return 1;
}

export async function reportOf(tx: Tx, id: string): Promise<ReportRow | undefined> {
  return tx.selectFrom('reports').selectAll().where('id', '=', checked({ id }).id).executeTakeFirst();
}

/** A page of those in `state`, the oldest first and without their evidence. `after`: the last of the page before. */
export async function reportsIn(
  tx: Tx,
  state: ReportState,
  after: Pick<ReportRow, 'createdMs' | 'id'> | undefined,
  limit: number,
): Promise<Omit<ReportRow, 'evidence'>[]> {
  checked({ state, limit });
  let page = tx
    .selectFrom('reports')
    .select(['id', 'reporterAccount', 'reporterDevice', 'targetAccount', 'targetDevice', 'pool', 'offence'])
    .select(['times', 'createdMs', 'state'])
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

/** How many people, an account counting once whatever its devices, have reported `subject` since `sinceMs`, dismissed ones aside. */
export async function countReporters(
  tx: Tx,
  { kind, id, sinceMs }: { readonly kind: 'account' | 'device'; readonly id: string; readonly sinceMs: number },
): Promise<number> {
  const person = sql<string>`coalesce(${sql.ref('reporterAccount')}, ${sql.ref('reporterDevice')})`;
  const { count } = await tx
    .selectFrom('reports')
    .select(sql<number>`count(distinct ${person})`.as('count'))
    .where(kind === 'account' ? 'targetAccount' : 'targetDevice', '=', checked({ id }).id)
    .where('createdMs', '>=', sinceMs)
    .where('state', '<>', 'dismissed')
    .executeTakeFirstOrThrow();
  return count;
}

/** False if there is no such report, or it was settled before. */
export async function settleReport(tx: Tx, id: string, state: 'upheld' | 'dismissed'): Promise<boolean> {
  const settled = await tx
    .updateTable('reports')
    .set(checked({ state }))
    .where('id', '=', checked({ id }).id)
    .where('state', '=', 'open')
    .returning('id')
    .executeTakeFirst();
  return settled !== undefined;
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

/** A page of the bans that hold at `nowMs`, by kind and subject: the list that every node has. `after`: the last of the page before. */
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
