// What operators see and do: reports with what they prove, verdicts, bans, kicks, and the audit of all that.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { checkEvidence, decodeEvidence, type Proven } from '../../src/keys/evidence.ts';
import { toHex } from '../../src/wire/bytes.ts';
import { ID_BYTES } from '../../src/wire/entry.ts';
import { ApiError } from '../accounts/api-error.ts';
import { parsed, requireSignedIn, type AccountsContext } from '../accounts/context.ts';
import { ID } from '../accounts/shapes.ts';
import { accountOf } from '../store/accounts.ts';
import { NEVER_MS, REPORT_STATES, SUBJECT_KINDS } from '../store/fields.ts';
import {
  auditBefore,
  bansAt,
  countReporters,
  removeBan,
  removeStrikes,
  reportOf,
  reportsIn,
  setBan,
  settleReports,
  wasStruck,
  type ReportInList,
} from '../store/moderation.ts';
import type { BanRow, Person, ReportRow, Subject, Tx } from '../store/schema.ts';
import { STRIKE_MS } from './counting.ts';
import { record, standingOf, strike, type Standing } from './judging.ts';
import { parseSubject, personOf, subjectToRevoke } from './people.ts';

const HOUR_MS = 3_600_000;
/** Rows of one answer. */
const PAGE = 50;

/** As the database takes it: 512 bytes of one line. */
const NOTE = z
  .string()
  .max(512)
  .refine((text) => Buffer.byteLength(text) <= 512 && !/[\p{Cc}\p{Cs}]/u.test(text), 'expected one line of 512 bytes');
const REASON = NOTE.min(1);
const SUBJECT = z.string().min(1).max(80);
const KIND = z.enum(SUBJECT_KINDS);
const PLACE = z.string().regex(/^\d{1,16}-[0-9a-f]{32}$/, 'expected MS-ID');

const REPORTS = z.strictObject({ state: z.enum(REPORT_STATES).default('open'), after: PLACE.optional() });
const ONE = z.strictObject({ report: ID });
const VERDICT = z.strictObject({ verdict: z.enum(['uphold', 'dismiss']), note: NOTE });
const BANS = z.strictObject({
  after: z
    .string()
    .regex(/^(?:account|device|address):[\x21-\x7e]{1,64}$/, 'expected KIND:SUBJECT')
    .optional(),
});
const BAN = z.strictObject({
  kind: KIND,
  subject: SUBJECT,
  /** At most ten years; null: for ever. */
  hours: z.number().int().min(1).max(87_600).nullable(),
  reason: REASON,
});
const BANNED = z.strictObject({ kind: KIND, subject: SUBJECT });
const KICK = z.strictObject({ kind: z.enum(['account', 'device']), subject: ID, reason: REASON });
const AUDIT = z.strictObject({ before: PLACE.optional() });

export function operatorRoutes(app: FastifyInstance, context: AccountsContext): void {
  const { database, nowMs, revoke } = context;

  /** What an operator asks, in one transaction. Rejects with `signed-out` or `operator`. */
  async function asOperator<T>(request: FastifyRequest, work: (tx: Tx, operator: string) => Promise<T>): Promise<T> {
    const { account } = await requireSignedIn(request, context);
    return database.transact(async (tx) => {
      if ((await accountOf(tx, account))?.tier !== 'operator') throw new ApiError('operator');
      return work(tx, account);
    });
  }

  app.get('/moderation/reports', (request) =>
    asOperator(request, async (tx) => {
      const { state, after } = parsed(REPORTS, request.query);
      const page = await reportsIn(tx, state, placeOf(after), PAGE);
      const show = reportShower(tx, nowMs());
      const reports = [];
      for (const row of page) reports.push(await show(row));
      return { reports, next: nextOf(page, ({ createdMs, id }) => `${createdMs}-${id}`) };
    }),
  );

  app.get('/moderation/reports/:report', async (request) => {
    const { row, shown, standing } = await asOperator(request, async (tx) => {
      const row = existing(await reportOf(tx, parsed(ONE, request.params).report));
      const standing = await standingOf(tx, personOf(row), nowMs());
      return { row, shown: await reportShower(tx, nowMs())(row), standing };
    });
    const proven = await provenBy(row);
    return {
      ...shown,
      said: proven === undefined ? null : saidOf(proven.said),
      saidMs: proven?.createdMs ?? null,
      standing: shownStanding(standing),
    };
  });

  app.post('/moderation/reports/:report', async (request) => {
    const { person, standing, isStruck } = await asOperator(request, async (tx, operator) => {
      const { report } = parsed(ONE, request.params);
      const { verdict, note } = parsed(VERDICT, request.body);
      const row = existing(await reportOf(tx, report));
      if (row.state !== 'open') throw new ApiError('duplicate', 'This report was settled before.');
      const [person, atMs] = [personOf(row), nowMs()];
      // One entry is one wrong, however many told of it, and whoever strikes.
      const isStruck = verdict === 'uphold' && !(await wasStruck(tx, row.entry));
      await settleReports(tx, row.entry, verdict === 'uphold' ? 'upheld' : 'dismissed');
      await record(tx, { who: operator, what: verdict, target: row.id, detail: note, atMs });
      if (isStruck) await strike(tx, person, { who: operator, reason: note === '' ? row.offence : note, nowMs: atMs });
      return { person, isStruck, standing: await standingOf(tx, person, atMs) };
    });
    if (isStruck) revoke(subjectToRevoke(person));
    return { standing: shownStanding(standing) };
  });

  app.get('/moderation/bans', (request) =>
    asOperator(request, async (tx) => {
      const { after } = parsed(BANS, request.query);
      const page = await bansAt(tx, nowMs(), banPlaceOf(after), PAGE);
      return { bans: page.map(shownBan), next: nextOf(page, (ban) => `${ban.subjectKind}:${ban.subject}`) };
    }),
  );

  app.put('/moderation/bans', async (request) => {
    const subject = await asOperator(request, async (tx, operator) => {
      const { kind, subject: named, hours, reason } = parsed(BAN, request.body);
      const subject = requireSubject(kind, named);
      const createdMs = nowMs();
      const untilMs = hours === null ? NEVER_MS : createdMs + hours * HOUR_MS;
      await setBan(tx, { ...subject, untilMs, reason, byAccount: operator, createdMs });
      await record(tx, { who: operator, what: 'ban', target: subject.subject, detail: reason, atMs: createdMs });
      return subject;
    });
    // Written first: whoever asks to join from now on finds it.
    revoke(subjectToRevoke(subject));
    return {};
  });

  /** Also of who has only strikes: they are forgotten. */
  app.delete('/moderation/bans/:kind/:subject', (request) =>
    asOperator(request, async (tx, operator) => {
      const { kind, subject: named } = parsed(BANNED, request.params);
      const subject = requireSubject(kind, named);
      const wasBanned = await removeBan(tx, subject);
      const strikes = await removeStrikes(tx, subject);
      if (!wasBanned && strikes === 0) throw new ApiError('not-found');
      await record(tx, { who: operator, what: 'unban', target: subject.subject, detail: '', atMs: nowMs() });
      return {};
    }),
  );

  app.post('/moderation/kick', async (request) => {
    const subject = await asOperator(request, async (tx, operator) => {
      const { kind, subject, reason } = parsed(KICK, request.body);
      await record(tx, { who: operator, what: 'kick', target: subject, detail: reason, atMs: nowMs() });
      return { subjectKind: kind, subject };
    });
    revoke(subjectToRevoke(subject));
    return {};
  });

  app.get('/moderation/audit', (request) =>
    asOperator(request, async (tx) => {
      const { before } = parsed(AUDIT, request.query);
      const last = placeOf(before);
      const page = await auditBefore(tx, last && { atMs: last.createdMs, id: last.id }, PAGE);
      return { entries: page, next: nextOf(page, ({ atMs, id }) => `${atMs}-${id}`) };
    }),
  );
}

function existing(report: ReportRow | undefined): ReportRow {
  if (report === undefined) throw new ApiError('not-found');
  return report;
}

function requireSubject(kind: Subject['subjectKind'], named: string): Subject {
  const subject = parseSubject(kind, named);
  if (subject === undefined) {
    const expected = kind === 'address' ? 'an address, an IPv4 /24 or an IPv6 /48' : '32 hex digits';
    throw new ApiError('bad-request', `subject: expected ${expected}`);
  }
  return subject;
}

/** `MS-ID` */
function placeOf(text: string | undefined): Pick<ReportRow, 'createdMs' | 'id'> | undefined {
  if (text === undefined) return undefined;
  const [ms, id = ''] = text.split('-');
  return { createdMs: Number(ms), id };
}

/** `KIND:SUBJECT`; IPv6 has colons of its own. */
function banPlaceOf(text: string | undefined): Subject | undefined {
  if (text === undefined) return undefined;
  const colon = text.indexOf(':');
  return { subjectKind: KIND.parse(text.slice(0, colon)), subject: text.slice(colon + 1) };
}

/** What to ask the next page after; null: this was the last. */
function nextOf<T>(page: readonly T[], place: (row: T) => string): string | null {
  const last = page.at(-1);
  return last === undefined || page.length < PAGE ? null : place(last);
}

/** Shows reports of one page: what several of them have in common is asked once. */
function reportShower(tx: Tx, nowMs: number): (row: ReportInList) => Promise<object> {
  const names = new Map<string, string | null>();
  const reporters = new Map<string, number>();
  const who = async (device: string, account: string | null): Promise<object> => {
    if (account === null) return { device, account, name: null };
    let name = names.get(account);
    if (name === undefined) names.set(account, (name = (await accountOf(tx, account))?.name ?? null));
    return { device, account, name };
  };
  const reportersOf = async (person: Person): Promise<number> => {
    const count = reporters.get(person.subject) ?? (await countReporters(tx, person, nowMs - STRIKE_MS));
    reporters.set(person.subject, count);
    return count;
  };
  return async (row) => {
    const { id, offence, pool, createdMs, times, state } = row;
    return {
      id,
      offence,
      pool,
      createdMs,
      times,
      state,
      reporters: await reportersOf(personOf(row)),
      target: await who(row.targetDevice, row.targetAccount),
      reporter: await who(row.reporterDevice, row.reporterAccount),
    };
  };
}

/** Checked anew. */
async function provenBy({ evidence, pool, circle }: ReportRow): Promise<Proven | undefined> {
  const accounts = Array.from({ length: circle.length / ID_BYTES }, (_, index) =>
    toHex(circle.subarray(index * ID_BYTES, (index + 1) * ID_BYTES)),
  );
  const shown = decodeEvidence(evidence);
  return shown && checkEvidence(shown, pool, accounts);
}

function saidOf(said: Proven['said']): object {
  if (said.kind === 'profile') return { kind: 'name', name: said.name };
  const { content } = said;
  switch (content.kind) {
    case 'text':
    case 'edit':
      return { kind: 'text', text: content.text };
    case 'files':
      return {
        kind: 'files',
        names: content.files.map(({ name }) => name),
        count: content.count,
        bytes: content.bytes,
      };
    case 'reaction':
      return { kind: 'other', what: `reaction ${content.emoji}` };
    case 'zone':
      return { kind: 'other', what: `room ${content.name}` };
  }
}

function shownStanding({ strikes, score, ban }: Standing): object {
  const shown = strikes.map(({ id, reason, createdMs, expiresMs }) => ({ id, reason, createdMs, expiresMs }));
  return { strikes: shown, score, ban: ban === undefined ? null : shownBan(ban) };
}

/** `untilMs: null`: for ever. `by: null`: the server itself. */
function shownBan({ subjectKind, subject, untilMs, reason, byAccount, createdMs }: BanRow): object {
  return {
    kind: subjectKind,
    subject,
    untilMs: untilMs === NEVER_MS ? null : untilMs,
    reason,
    by: byAccount,
    createdMs,
  };
}
