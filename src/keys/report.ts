// How a device signs what it reports to a server: for one server's nonce, of one pool, with this evidence (evidence.ts).
import { sha256 } from '@noble/hashes/sha2.js';
import { joined } from '../wire/bytes.ts';
import { LABELS, sign, verify, type DeviceKeys } from './identity.ts';

/** What somebody is reported for; names are part of the protocol. */
export const OFFENCES = ['spam', 'abuse', 'illegal', 'malware', 'other'] as const;
export type Offence = (typeof OFFENCES)[number];

export interface Report {
  /** 32 bytes that the server drew. */
  readonly nonce: Uint8Array;
  /** Normalized code. */
  readonly pool: string;
  readonly offence: Offence;
  /** As encodeEvidence gives it. */
  readonly evidence: Uint8Array;
}

/** Resolves to 64 bytes. */
export function signReport(keys: DeviceKeys, report: Report): Promise<Uint8Array> {
  return sign(keys, LABELS.report, reportBytes(report));
}

/** Whether the holder of `signKey` signed just this report. */
export function isReport(signKey: Uint8Array, report: Report, signature: Uint8Array): Promise<boolean> {
  return verify(signKey, LABELS.report, reportBytes(report), signature);
}

/** `[nonce 32][SHA-256 of the evidence 32][pool code][0][offence]` */
const reportBytes = ({ nonce, pool, offence, evidence }: Report): Uint8Array =>
  joined(nonce, sha256(evidence), utf8.encode(pool), Uint8Array.of(0), utf8.encode(offence));

const utf8 = new TextEncoder();
