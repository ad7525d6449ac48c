// What an operator asks and tells the server: reports, who may not come in, and what was done so far. Each call rejects with an Error
// that says, in a sentence, what went wrong.
import type { Offence } from '../../src/client.ts';
import { call, type Page } from './call.ts';

/** A device, and whose it is; null: not known. */
export interface Party {
  readonly device: string;
  readonly account: string | null;
  readonly name: string | null;
}

/** Of one person about one entry. Times are ms since 1970. */
export interface Report {
  readonly id: string;
  readonly offence: Offence;
  readonly pool: string;
  readonly createdMs: number;
  /** How often it was sent. */
  readonly times: number;
  /** People whose reports of the target are not dismissed. */
  readonly reporters: number;
  readonly target: Party;
  readonly reporter: Party;
}

/** What the evidence proves that the target said. */
export type Said =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'files'; readonly names: readonly string[]; readonly count: number; readonly bytes: number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'other'; readonly what: string };

/** Until `expiresMs` it counts. */
export interface Strike {
  readonly id: string;
  readonly reason: string;
  readonly createdMs: number;
  readonly expiresMs: number;
}

export type SubjectKind = 'account' | 'device' | 'address';

export interface Ban {
  readonly kind: SubjectKind;
  /** An id, or an address with its prefix length. */
  readonly subject: string;
  /** null: for ever. */
  readonly untilMs: number | null;
  readonly reason: string;
  /** An account; null: the server itself. */
  readonly by: string | null;
  readonly createdMs: number;
}

/** What is held against somebody. */
export interface Standing {
  readonly strikes: readonly Strike[];
  /** What reports weigh that led to no strike yet: those of accounts, fewer the older they are. */
  readonly score: number;
  readonly ban: Pick<Ban, 'untilMs' | 'reason'> | null;
}

export interface Case extends Report {
  /** null: the evidence cannot be read any more. */
  readonly said: Said | null;
  readonly saidMs: number | null;
  readonly standing: Standing;
}

export interface AuditEntry {
  readonly id: string;
  readonly atMs: number;
  /** An account, or `server`. */
  readonly who: string;
  /** A word for what was done. */
  readonly what: string;
  readonly target: string;
  readonly detail: string;
}

/** The oldest first. */
export async function openReports(after: string | undefined): Promise<Page<Report>> {
  const { reports, next } = await call<{ reports: Report[]; next: string | null }>(
    'GET',
    `moderation/reports?state=open${query('&after', after)}`,
  );
  return { items: reports, next: next ?? undefined };
}

export const caseOf = (id: string): Promise<Case> => call<Case>('GET', `moderation/reports/${id}`);

/** Resolves to what is held against the target then. */
export async function settle(id: string, verdict: 'uphold' | 'dismiss', note: string): Promise<Standing> {
  return (await call<{ standing: Standing }>('POST', `moderation/reports/${id}`, { verdict, note })).standing;
}

export async function bans(after: string | undefined): Promise<Page<Ban>> {
  const { bans: items, next } = await call<{ bans: Ban[]; next: string | null }>(
    'GET',
    `moderation/bans${query('?after', after)}`,
  );
  return { items, next: next ?? undefined };
}

/** Who is to be banned, and why. */
export type BanOf = Pick<Ban, 'kind' | 'subject' | 'reason'>;

/** In place of what there was for the subject. Whoever is in a pool leaves it. `hours`: null: for ever. */
export const ban = (of: BanOf, hours: number | null): Promise<unknown> =>
  call('PUT', 'moderation/bans', { ...of, hours });

/** With the ban, the strikes that led to it are forgotten. */
export const unban = ({ kind, subject }: Pick<Ban, 'kind' | 'subject'>): Promise<unknown> =>
  call('DELETE', `moderation/bans/${kind}/${encodeURIComponent(subject)}`);

/** Out of every pool now; nothing keeps them from coming back. */
export const kick = (kind: 'account' | 'device', subject: string, reason: string): Promise<unknown> =>
  call('POST', 'moderation/kick', { kind, subject, reason });

/** The latest first. */
export async function auditBefore(before: string | undefined): Promise<Page<AuditEntry>> {
  const { entries, next } = await call<{ entries: AuditEntry[]; next: string | null }>(
    'GET',
    `moderation/audit${query('?before', before)}`,
  );
  return { items: entries, next: next ?? undefined };
}

const query = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `${name}=${encodeURIComponent(value)}`;
