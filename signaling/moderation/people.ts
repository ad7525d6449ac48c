// Whom reports, strikes and bans are about: as the database names them, as sessions are ended, and as operators write them.
import type { Subject as Session } from '../hooks.ts';
import type { Person, ReportRow, Subject } from '../store/schema.ts';
import { parseAddressSubject } from './address-subject.ts';

/** Who is reported: the account whose device it was then, or the device. */
export function personOf({ targetAccount, targetDevice }: Pick<ReportRow, 'targetAccount' | 'targetDevice'>): Person {
  return targetAccount === null
    ? { subjectKind: 'device', subject: targetDevice }
    : { subjectKind: 'account', subject: targetAccount };
}

/** Whose sessions end. */
export function subjectToRevoke({ subjectKind, subject }: Subject): Session {
  switch (subjectKind) {
    case 'account':
      return { account: subject };
    case 'device':
      return { device: subject };
    case 'address':
      return { address: subject };
  }
}

/** As it is kept, however it was written; undefined if it is none of its kind. */
export function parseSubject(kind: Subject['subjectKind'], text: string): Subject | undefined {
  const subject = kind === 'address' ? parseAddressSubject(text) : ID.test(text) ? text : undefined;
  return subject === undefined ? undefined : { subjectKind: kind, subject };
}

const ID = /^[0-9a-f]{32}$/;
