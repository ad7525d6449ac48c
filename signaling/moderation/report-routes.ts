// Reports of people: by whoever can prove with the reported one's own signature what was said, with an account or without. One
// that proves nothing changes nothing.
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { checkEvidence, decodeEvidence, EVIDENCE_BYTES_MAX, type Proven } from '../../src/keys/evidence.ts';
import { deviceIdOf } from '../../src/keys/identity.ts';
import { isReport, OFFENCES } from '../../src/keys/report.ts';
import { fromHex, joined } from '../../src/wire/bytes.ts';
import { ACCOUNTS_MAX } from '../../src/wire/talk.ts';
import { ApiError } from '../accounts/api-error.ts';
import { addressOf, parsed, signedIn, tollAttempt, type AccountsContext } from '../accounts/context.ts';
import { Expiring } from '../accounts/expiring.ts';
import { bytesOf, ID, NOTHING, POOL, SIGNATURE, TOKEN } from '../accounts/shapes.ts';
import { deviceOf } from '../store/devices.ts';
import { addReport } from '../store/moderation.ts';
import type { ReportRow, Tx } from '../store/schema.ts';
import { newToken } from '../store/secrets.ts';
import { ENTRY_AGE_MAX_MS } from './counting.ts';
import { strikeIfDue } from './judging.ts';
import { personOf, subjectToRevoke } from './people.ts';

/** A device answers at once, ms. */
const NONCE_MS = 60_000;
/** Base64url of the longest evidence. */
const EVIDENCE_TEXT_MAX: number = Math.ceil((EVIDENCE_BYTES_MAX * 4) / 3);
/** That, and 256 accounts of 35 characters, and all the rest. */
const REPORT_BODY_BYTES_MAX: number = EVIDENCE_TEXT_MAX + 16 * 1024;

const REPORT = z.strictObject({
  nonce: TOKEN,
  signKey: TOKEN,
  signature: SIGNATURE,
  pool: POOL,
  offence: z.enum(OFFENCES),
  circle: z.array(ID).max(ACCOUNTS_MAX),
  evidence: z
    .string()
    .max(EVIDENCE_TEXT_MAX)
    .regex(/^[\w-]+$/, 'expected base64url'),
});
type Report = z.infer<typeof REPORT>;

export function reportRoutes(app: FastifyInstance, context: AccountsContext): void {
  const { database, nowMs, rates, revoke } = context;
  const nonces = new Expiring(database, { purpose: 'report', lifeMs: NONCE_MS });

  app.post('/reports/nonce', async (request) => {
    tollAttempt(request, context);
    parsed(NOTHING, request.body);
    const nonce = newToken();
    await nonces.add(nonce, '', nowMs());
    return { nonce };
  });

  app.post('/reports', { bodyLimit: REPORT_BODY_BYTES_MAX }, async (request, reply) => {
    rates.take('report', addressOf(request, context));
    const account = (await signedIn(request, context))?.account;
    if (account !== undefined) rates.take('write', account);
    const report = parsed(REPORT, request.body);
    if ((await nonces.take(report.nonce, nowMs())) === undefined) throw new ApiError('challenge');
    const { device, proven, evidence } = await provenBy(report);
    const atMs = nowMs();
    if (proven.createdMs < atMs - ENTRY_AGE_MAX_MS) throw new ApiError('evidence', 'That was said too long ago.');
    const result = await database.transact(async (tx) => {
      const reporterAccount = (await isBound(tx, device, account)) ? (account ?? null) : null;
      const target = await deviceOf(tx, proven.device);
      const targetAccount = target?.account ?? null;
      if (proven.device === device || (targetAccount !== null && targetAccount === reporterAccount)) {
        throw new ApiError('own');
      }
      const { pool, offence } = report;
      const row = {
        id: reportId({ reporterAccount, reporterDevice: device, entry: proven.head }),
        reporterAccount,
        reporterDevice: device,
        targetAccount,
        targetDevice: proven.device,
        pool,
        entry: proven.head,
        circle: joined(...report.circle.map(fromHex)),
        offence,
        evidence,
        createdMs: atMs,
      };
      const times = await addReport(tx, row);
      const person = personOf(row);
      const isStruck = times === 1 && reporterAccount !== null && (await strikeIfDue(tx, person, atMs));
      return { report: row.id, times, struck: isStruck ? person : undefined };
    });
    const { struck, ...told } = result;
    if (struck !== undefined) revoke(subjectToRevoke(struck));
    return reply.code(201).send(told);
  });
}

/** Rejects with `signature` or `evidence`. */
async function provenBy({ signKey, nonce, signature, ...report }: Report): Promise<{
  readonly device: string;
  readonly proven: Proven;
  readonly evidence: Uint8Array;
}> {
  const [key, evidence] = [bytesOf(signKey), bytesOf(report.evidence)];
  const signed = { nonce: bytesOf(nonce), pool: report.pool, offence: report.offence, evidence };
  if (!(await isReport(key, signed, bytesOf(signature)))) throw new ApiError('signature');
  const shown = decodeEvidence(evidence);
  const proven = shown && (await checkEvidence(shown, report.pool, report.circle));
  if (proven === undefined) throw new ApiError('evidence');
  return { device: deviceIdOf(key), proven, evidence };
}

/** Whether the device is one of the account's, and was not revoked. */
async function isBound(tx: Tx, id: string, account: string | undefined): Promise<boolean> {
  const device = await deviceOf(tx, id);
  return device !== undefined && device.account === account && device.revokedMs === null;
}

/** One for each reporter and entry: who signs in afterwards reports as somebody else. */
function reportId(of: Pick<ReportRow, 'reporterAccount' | 'reporterDevice' | 'entry'>): string {
  const name = [of.reporterAccount ?? '', of.reporterDevice, of.entry].join(' ');
  return createHash('sha256').update(name).digest('hex').slice(0, 32);
}
