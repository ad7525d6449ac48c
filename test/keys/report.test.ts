// What a report's signature is over, and that it holds for nothing else.
import { createHash, createPublicKey, verify as verifyBare } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { OFFENCES, isReport, signReport, type Report } from '../../src/keys/report.ts';
import { device, flipped, utf8 } from './support.ts';

const REPORT: Report = {
  nonce: new Uint8Array(32).fill(1),
  pool: 'quiet-heron-cove-4821',
  offence: 'abuse',
  evidence: utf8('evidence'),
};

describe('a report', () => {
  test('is signed with Ed25519 over label, nonce, hash of the evidence, pool and offence', async () => {
    const keys = await device();
    const signature = await signReport(keys, REPORT);
    const plain = Buffer.concat([
      utf8('rockpool report\0'),
      REPORT.nonce,
      createHash('sha256').update('evidence').digest(),
      utf8('quiet-heron-cove-4821\0abuse'),
    ]);
    const x = Buffer.from(keys.signKey).toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    expect(verifyBare(null, plain, key, signature)).toBe(true);
    expect(await isReport(keys.signKey, REPORT, signature)).toBe(true);
  });

  test('holds for no other report, and for nobody else', async () => {
    const [keys, other] = await Promise.all([device(), device()]);
    const signature = await signReport(keys, REPORT);
    const changes: Partial<Report>[] = [
      { nonce: flipped(REPORT.nonce) },
      { pool: 'quiet-heron-cove-4822' },
      { evidence: flipped(REPORT.evidence) },
      { evidence: new Uint8Array(0) },
      ...OFFENCES.filter((offence) => offence !== REPORT.offence).map((offence) => ({ offence })),
    ];
    for (const change of changes) {
      expect([change, await isReport(keys.signKey, { ...REPORT, ...change }, signature)]).toEqual([change, false]);
    }
    expect(await isReport(other.signKey, REPORT, signature)).toBe(false);
    expect(await isReport(keys.signKey, REPORT, flipped(signature))).toBe(false);
  });
});
