// What the database promises of reports, strikes, bans, the audit, the server's keys and its leases, as tests that run over
// SQLite and over PostgreSQL.
import { describe, expect, test } from '@jest/globals';
import { EVIDENCE_BYTES_MAX } from '../../../src/keys/evidence.ts';
import type { Database } from '../../../signaling/store/database.ts';
import { forgetExpired } from '../../../signaling/store/expiry.ts';
import { LIMITS, NEVER_MS } from '../../../signaling/store/fields.ts';
import { holdLease, releaseLease, takeLease } from '../../../signaling/store/leases.ts';
import {
  addAudit,
  addReport,
  addStrike,
  auditBefore,
  auditOf,
  banAmong,
  bansAt,
  countReporters,
  markStruck,
  removeBan,
  removeStrikes,
  reportOf,
  reportsIn,
  setBan,
  reportersOf,
  reportsAgainst,
  settleReports,
  strikesOf,
  wasStruck,
  type ReportInList,
} from '../../../signaling/store/moderation.ts';
import type { AuditRow, BanRow, Person, StrikeRow, Subject } from '../../../signaling/store/schema.ts';
import { newId } from '../../../signaling/store/secrets.ts';
import { addAccount } from '../../../signaling/store/accounts.ts';
import { removeServerKeys, retireServerKeys, serverKeys, signingKey } from '../../../signaling/store/server-keys.ts';
import { accountRow, HOUR_MS, NOW_MS, reportRow, SQL_TEXT } from './rows.ts';

/** `database`: opened before the tests run. */
export function moderationSuite(name: string, database: () => Database): void {
  const transact: Database['transact'] = (work) => database().transact(work);

  describe(`reports in ${name}`, () => {
    test('come back as they were put; one that is sent again is counted', async () => {
      const report = reportRow({
        evidence: Uint8Array.from({ length: 256 }, (_, byte) => byte),
        circle: new Uint8Array(4096).fill(255),
        reporterAccount: newId(),
      });
      const fresh = { times: 1, state: 'open', struckMs: null };
      expect(await transact((tx) => addReport(tx, report))).toBe(1);
      expect(await transact((tx) => reportOf(tx, report.id))).toEqual({ ...report, ...fresh });
      expect(await transact((tx) => addReport(tx, { ...report, offence: 'other' }))).toBe(2);
      expect(await transact((tx) => reportOf(tx, report.id))).toEqual({ ...report, ...fresh, times: 2 });
      const stolen = transact((tx) => addReport(tx, { ...report, reporterDevice: newId() }));
      await expect(stolen).rejects.toMatchObject({ code: 'duplicate' });
      const ofBytes = (bytes: number): Promise<number> =>
        transact((tx) => addReport(tx, reportRow({ evidence: new Uint8Array(bytes) })));
      expect(await ofBytes(EVIDENCE_BYTES_MAX)).toBe(1);
      await expect(ofBytes(EVIDENCE_BYTES_MAX + 1)).rejects.toMatchObject({ code: 'bad-field', field: 'evidence' });
      for (const over of [{ entry: SQL_TEXT }, { circle: new Uint8Array(4097) }, { offence: SQL_TEXT }]) {
        const adding = transact((tx) => addReport(tx, reportRow(over)));
        await expect(adding).rejects.toMatchObject({ code: 'bad-field', field: Object.keys(over)[0] });
      }
    });

    test('have what is large at their end, so that nobody reads it who asks for the rest', async () => {
      const report = reportRow();
      await transact((tx) => addReport(tx, report));
      const row = await transact((tx) => reportOf(tx, report.id));
      expect(Object.keys(row ?? {}).slice(-2)).toEqual(['circle', 'evidence']);
    });

    test('sent many times at once are counted each time', async () => {
      const report = reportRow();
      const counts = await Promise.all(Array.from({ length: 10 }, () => transact((tx) => addReport(tx, report))));
      expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, index) => index + 1));
    });

    test('that wait are bounded for each device, and settled once', async () => {
      const reporterDevice = newId();
      const rows = Array.from({ length: LIMITS.openReportsPerDevice }, () => reportRow({ reporterDevice }));
      await transact(async (tx) => {
        for (const row of rows) await addReport(tx, row);
      });
      const oneMore = (): Promise<number> => transact((tx) => addReport(tx, reportRow({ reporterDevice })));
      await expect(oneMore()).rejects.toMatchObject({ code: 'too-many' });
      const entry = rows[0]?.entry ?? '';
      await transact((tx) => addReport(tx, reportRow({ entry })));
      expect(await transact((tx) => wasStruck(tx, entry))).toBe(false);
      expect(await transact((tx) => settleReports(tx, entry, 'upheld'))).toBe(2);
      expect(await transact((tx) => settleReports(tx, entry, 'dismissed'))).toBe(0);
      expect(await transact((tx) => wasStruck(tx, entry))).toBe(true);
      expect(await oneMore()).toBe(1);
    });

    test('that wait are bounded for each account, whatever its devices', async () => {
      const reporterAccount = newId();
      const ofAccount = (): Promise<number> => transact((tx) => addReport(tx, reportRow({ reporterAccount })));
      await transact(async (tx) => {
        for (let i = 0; i < 256; i++) await addReport(tx, reportRow({ reporterAccount }));
      });
      await expect(ofAccount()).rejects.toMatchObject({ code: 'too-many' });
      expect(await transact((tx) => addReport(tx, reportRow({ reporterAccount: newId() })))).toBe(1);
    });

    test('for which there was a strike are known, whether anybody upheld them or not', async () => {
      const [one, other] = [reportRow(), reportRow()];
      await transact(async (tx) => {
        for (const row of [one, other]) await addReport(tx, row);
        await markStruck(tx, [one.id], NOW_MS);
        await settleReports(tx, other.entry, 'dismissed');
      });
      expect(await transact((tx) => wasStruck(tx, one.entry))).toBe(true);
      expect(await transact((tx) => wasStruck(tx, other.entry))).toBe(false);
      expect(await transact((tx) => reportOf(tx, one.id))).toMatchObject({ state: 'open', struckMs: NOW_MS });
    });

    test('are counted by who sent them, whatever his devices, and read page by page', async () => {
      const targetDevice = newId();
      const targetAccount = newId();
      const reporterAccount = newId();
      const rows = [
        reportRow({ targetDevice, targetAccount, reporterAccount }),
        reportRow({ targetDevice, targetAccount, reporterAccount }),
        reportRow({ targetDevice, targetAccount }),
        reportRow({ targetDevice, createdMs: NOW_MS - HOUR_MS }),
        reportRow({ targetDevice }),
      ];
      await transact(async (tx) => {
        for (const row of rows) await addReport(tx, row);
        await settleReports(tx, rows[4]?.entry ?? '', 'dismissed');
      });
      const reporters = (subjectKind: 'account' | 'device', subject: string, sinceMs: number): Promise<number> =>
        transact((tx) => countReporters(tx, { subjectKind, subject }, sinceMs));
      // What was reported while it was an account's is the account's.
      expect(await reporters('device', targetDevice, 0)).toBe(1);
      expect(await reporters('device', targetDevice, NOW_MS - HOUR_MS)).toBe(0);
      expect(await reporters('account', targetAccount, 0)).toBe(2);
      expect(await reporters('account', newId(), 0)).toBe(0);

      const found: ReportInList[] = [];
      for (;;) {
        const page = await transact((tx) => reportsIn(tx, 'open', found.at(-1), 3));
        if (page.length === 0) break;
        found.push(...page);
      }
      expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
      expect(found.filter((row) => row.targetDevice === targetDevice)).toHaveLength(4);
      expect(found.map(({ createdMs }) => createdMs)).toEqual(found.map(({ createdMs }) => createdMs).toSorted());
      expect(found.some((row) => 'evidence' in row)).toBe(false);
    });
  });

  describe(`what a score is made of in ${name}`, () => {
    test('is of accounts, since a time, of this person, and of no entry that was told of before', async () => {
      const [person, account]: [Person, string] = [{ subjectKind: 'account', subject: newId() }, newId()];
      const of = { targetAccount: person.subject, reporterAccount: account };
      const old = reportRow({ ...of, createdMs: NOW_MS });
      const later = { ...of, createdMs: NOW_MS + 1 };
      const counts = reportRow(later);
      const gone = reportRow(later);
      const others = [
        old,
        counts,
        gone,
        reportRow({ ...later, entry: old.entry }),
        reportRow({ ...later, reporterAccount: null }),
        reportRow({ ...later, targetAccount: newId() }),
        reportRow({ ...later, targetAccount: null, targetDevice: person.subject }),
      ];
      await transact(async (tx) => {
        for (const row of others) await addReport(tx, row);
        await settleReports(tx, gone.entry, 'dismissed');
      });
      const { id, reporterDevice, createdMs } = counts;
      expect(await transact((tx) => reportsAgainst(tx, person, NOW_MS))).toEqual([
        { id, reporterAccount: account, reporterDevice, createdMs },
      ]);
      expect(await transact((tx) => reportsAgainst(tx, person, NOW_MS - 1))).toHaveLength(3);
      const device: Person = { subjectKind: 'device', subject: person.subject };
      expect(await transact((tx) => reportsAgainst(tx, device, NOW_MS))).toHaveLength(1);
    });

    test('is weighed by who the accounts are', async () => {
      const [one, other] = [accountRow(), accountRow({ createdMs: NOW_MS - HOUR_MS })];
      const report = { reporterAccount: one.id };
      const rows = [...Array.from({ length: 5 }, () => reportRow(report)), reportRow({ ...report, createdMs: 1 })];
      await transact(async (tx) => {
        for (const account of [one, other]) await addAccount(tx, account);
        for (const row of rows) await addReport(tx, row);
        for (const [index, { entry }] of rows.entries()) {
          if (index > 0) await settleReports(tx, entry, index < 3 ? 'upheld' : 'dismissed');
        }
      });
      const known = await transact((tx) => reportersOf(tx, [one.id, other.id, newId()], NOW_MS));
      expect(Object.fromEntries(known)).toEqual({
        [one.id]: { createdMs: NOW_MS, upheld: 2, dismissed: 2 },
        [other.id]: { createdMs: NOW_MS - HOUR_MS, upheld: 0, dismissed: 0 },
      });
      expect(await transact((tx) => reportersOf(tx, [], NOW_MS))).toEqual(new Map());
    });
  });

  describe(`strikes and bans in ${name}`, () => {
    const someone = (): Subject => ({ subjectKind: 'account', subject: newId() });
    const ban = (subject: Subject, over: Partial<BanRow> = {}): BanRow => {
      return { ...subject, untilMs: NOW_MS + HOUR_MS, reason: SQL_TEXT, byAccount: null, createdMs: NOW_MS, ...over };
    };
    const holds = async (subject: Subject, nowMs: number): Promise<BanRow | undefined> =>
      (await transact((tx) => bansAt(tx, nowMs, undefined, LIMITS.page))).find(
        (row) => row.subject === subject.subject,
      );

    test('strikes count until they fade', async () => {
      const subject = someone();
      const strike = (createdMs: number): StrikeRow => {
        return { ...subject, id: newId(), points: 1, reason: 'spam', createdMs, expiresMs: createdMs + HOUR_MS };
      };
      const [first, second] = [strike(NOW_MS), strike(NOW_MS + 1)];
      for (const each of [second, first]) await transact((tx) => addStrike(tx, each));
      expect(await transact((tx) => strikesOf(tx, subject, NOW_MS))).toEqual([first, second]);
      expect(await transact((tx) => strikesOf(tx, subject, NOW_MS + HOUR_MS))).toEqual([second]);
      expect(await transact((tx) => strikesOf(tx, { ...subject, subjectKind: 'device' }, NOW_MS))).toEqual([]);
      await expect(transact((tx) => addStrike(tx, first))).rejects.toMatchObject({ code: 'duplicate' });
      expect(await transact((tx) => removeStrikes(tx, { ...subject, subjectKind: 'device' }))).toBe(0);
      expect(await transact((tx) => removeStrikes(tx, subject))).toBe(2);
      expect(await transact((tx) => strikesOf(tx, subject, NOW_MS))).toEqual([]);
    });

    test('bans hold for their time or for good, are replaced, and lifted', async () => {
      const subject: Subject = { subjectKind: 'address', subject: '2001:db8:7::/48' };
      await transact((tx) => setBan(tx, ban(subject)));
      expect(await holds(subject, NOW_MS)).toEqual(ban(subject));
      expect(await holds(subject, NOW_MS + HOUR_MS)).toBeUndefined();
      const longer = ban(subject, { untilMs: NEVER_MS, byAccount: newId(), reason: 'again' });
      await transact((tx) => setBan(tx, longer));
      expect(await holds(subject, NEVER_MS - 1)).toEqual(longer);
      expect(await transact((tx) => removeBan(tx, subject))).toBe(true);
      expect(await transact((tx) => removeBan(tx, subject))).toBe(false);
      expect(await holds(subject, NOW_MS)).toBeUndefined();
    });

    test('of several bans the one that holds longest is found', async () => {
      const [one, two, none] = [someone(), { ...someone(), subjectKind: 'device' as const }, someone()];
      await transact((tx) => setBan(tx, ban(one)));
      await transact((tx) => setBan(tx, ban(two, { untilMs: NOW_MS + 2 * HOUR_MS })));
      const among = (subjects: readonly Subject[], nowMs = NOW_MS): Promise<BanRow | undefined> =>
        transact((tx) => banAmong(tx, subjects, nowMs));
      expect(await among([none, one, two])).toMatchObject(two);
      expect(await among([none, one])).toMatchObject(one);
      expect(await among([one], NOW_MS + HOUR_MS)).toBeUndefined();
      expect(await among([none, { ...one, subjectKind: 'device' }])).toBeUndefined();
    });

    test('bans are read page by page', async () => {
      const subjects = [someone(), someone(), { ...someone(), subjectKind: 'device' as const }];
      for (const subject of subjects) await transact((tx) => setBan(tx, ban(subject)));
      const found: BanRow[] = [];
      for (;;) {
        const page = await transact((tx) => bansAt(tx, NOW_MS, found.at(-1), 1));
        if (page.length === 0) break;
        found.push(...page);
      }
      expect(found.filter(({ subject }) => subjects.some((each) => each.subject === subject))).toHaveLength(3);
      expect(new Set(found.map(({ subject }) => subject)).size).toBe(found.length);
    });

    test.each(['', 'two words', 'a\0b', 'ä', 'x'.repeat(65)])('are of no such subject: %j', async (subject) => {
      const refused = { code: 'bad-field', field: 'subject' };
      const wrong: Subject = { subjectKind: 'address', subject };
      await expect(transact((tx) => setBan(tx, ban(wrong)))).rejects.toMatchObject(refused);
      await expect(transact((tx) => removeBan(tx, wrong))).rejects.toMatchObject(refused);
    });

    test('an act and its audit are one: both or neither', async () => {
      const subject = someone();
      const entry: AuditRow = {
        id: newId(),
        atMs: NOW_MS,
        who: 'server',
        what: 'ban',
        target: subject.subject,
        detail: SQL_TEXT,
      };
      const act = (): Promise<void> =>
        transact(async (tx) => {
          await setBan(tx, ban(subject));
          await addAudit(tx, entry);
        });
      await act();
      await transact((tx) => removeBan(tx, subject));
      await expect(act()).rejects.toMatchObject({ code: 'duplicate' });
      expect(await holds(subject, NOW_MS)).toBeUndefined();
      expect(await transact((tx) => auditBefore(tx, undefined, 1))).toEqual([entry]);
    });

    test('the audit is read backwards, page by page', async () => {
      const target = newId();
      const rows = [3, 1, 2, 2].map((later): AuditRow => {
        return { id: newId(), atMs: NOW_MS + HOUR_MS + later, who: newId(), what: 'kick', target, detail: '' };
      });
      await transact(async (tx) => {
        for (const row of rows) await addAudit(tx, row);
      });
      const first = await transact((tx) => auditBefore(tx, undefined, 2));
      const second = await transact((tx) => auditBefore(tx, first.at(-1), 2));
      expect([...first, ...second].map(({ atMs }) => atMs - NOW_MS - HOUR_MS)).toEqual([3, 2, 2, 1]);
      expect(new Set([...first, ...second].map(({ id }) => id)).size).toBe(4);
      expect(await transact((tx) => auditOf(tx, target))).toEqual([...first, ...second]);
      expect(await transact((tx) => auditOf(tx, newId()))).toEqual([]);
      for (const detail of ['x'.repeat(513), '\u00e9'.repeat(257), 'a\0b', 'two\nlines', 'a\ud800']) {
        const adding = transact((tx) => addAudit(tx, { ...(rows[0] ?? reject()), id: newId(), detail }));
        await expect(adding).rejects.toMatchObject({ code: 'bad-field', field: 'detail' });
      }
    });
  });

  describe(`the server's keys in ${name}`, () => {
    test('are one for all nodes that start at once; retired ones are kept for a while', async () => {
      const key = (kid: string, createdMs: number): Parameters<typeof signingKey>[1] => {
        return { kid, privateKey: Uint8Array.of(1, 0), publicKey: Uint8Array.of(2, 0), createdMs };
      };
      const starts = Array.from({ length: 6 }, (_, node) =>
        transact((tx) => signingKey(tx, key(`node-${node}`, NOW_MS))),
      );
      const kids = new Set((await Promise.all(starts)).map(({ kid }) => kid));
      expect(kids.size).toBe(1);
      expect(await transact((tx) => retireServerKeys(tx, NOW_MS + 1))).toBe(true);
      expect(await transact((tx) => retireServerKeys(tx, NOW_MS + 2))).toBe(false);
      const next = { ...key('next', NOW_MS + 3), retiredMs: null };
      expect(await transact((tx) => signingKey(tx, key('next', NOW_MS + 3)))).toEqual(next);
      expect(await transact(serverKeys)).toMatchObject([{ kid: 'next', retiredMs: null }, { retiredMs: NOW_MS + 1 }]);
      await transact((tx) => removeServerKeys(tx, NOW_MS + 1));
      expect(await transact(serverKeys)).toHaveLength(2);
      await transact((tx) => removeServerKeys(tx, NOW_MS + 2));
      expect(await transact(serverKeys)).toEqual([next]);
    });
  });

  describe(`leases in ${name}`, () => {
    test('are one holder’s until they end; who is late is told, and the fence only rises', async () => {
      const lease = `pool/${newId()}`;
      const take = (holder: string, nowMs: number): Promise<number | undefined> =>
        transact((tx) => takeLease(tx, { lease, holder, nowMs, untilMs: nowMs + HOUR_MS }));
      const hold = (holder: string, fence: number, untilMs: number): Promise<boolean> =>
        transact((tx) => holdLease(tx, { lease, holder, fence, untilMs }));
      const first = (await take('one', NOW_MS)) ?? NaN;
      expect(await take('two', NOW_MS + HOUR_MS - 1)).toBeUndefined();
      expect(await take('one', NOW_MS + 1)).toBeUndefined();
      expect(await hold('one', first, NOW_MS + 2 * HOUR_MS)).toBe(true);
      expect(await take('two', NOW_MS + HOUR_MS)).toBeUndefined();
      const second = (await take('two', NOW_MS + 2 * HOUR_MS)) ?? NaN;
      expect(second).toBeGreaterThan(first);
      expect(await hold('one', first, NEVER_MS)).toBe(false);
      expect(await hold('two', first, NEVER_MS)).toBe(false);
      await transact((tx) => releaseLease(tx, { lease, holder: 'one', fence: first }));
      expect(await take('three', NOW_MS + 2 * HOUR_MS)).toBeUndefined();
      await transact((tx) => releaseLease(tx, { lease, holder: 'two', fence: second }));
      const third = (await take('three', NOW_MS + 2 * HOUR_MS)) ?? NaN;
      expect(third).toBeGreaterThan(second);
      await transact((tx) => releaseLease(tx, { lease, holder: 'three', fence: third }));
      await transact((tx) => forgetExpired(tx, NOW_MS + 30 * HOUR_MS));
      expect(await take('four', NOW_MS + 30 * HOUR_MS)).toBeGreaterThan(third);
    });

    test('that many want at once are one’s', async () => {
      const wanted = { lease: `pool/${newId()}`, nowMs: NOW_MS, untilMs: NOW_MS + HOUR_MS };
      const fences = await Promise.all(
        Array.from({ length: 8 }, (_, node) => transact((tx) => takeLease(tx, { ...wanted, holder: `node-${node}` }))),
      );
      expect(fences.filter((fence) => fence !== undefined)).toEqual([NOW_MS]);
    });
  });
}

function reject(): never {
  throw new Error('a row is missing');
}
