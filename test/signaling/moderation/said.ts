// What somebody said in a pool, as whoever could read it shows it to a server, and the report of it as a browser sends it.
import { expect } from '@jest/globals';
import { encodeEvidence } from '../../../src/keys/evidence.ts';
import { poolChain, signEntry, whisperChain } from '../../../src/keys/entry.ts';
import { newEpochKey, open, seal } from '../../../src/keys/epoch.ts';
import { generateDeviceKeys, type DeviceKeys } from '../../../src/keys/identity.ts';
import { signReport, type Report } from '../../../src/keys/report.ts';
import { encodeEntry, encodeHeadStart, HLC_PER_MS, type HeadStart } from '../../../src/wire/entry.ts';
import { encodeClear, encodeContent, type Content } from '../../../src/wire/talk.ts';
import { base64url, Browser, type AccountsWorld, type Answer } from '../accounts/world.ts';

export const POOL = 'quiet-heron-cove-4821';
export const DAY_MS: number = 24 * 3_600_000;

const KEY = newEpochKey((into) => into.fill(3));

export const text = (said: string): Content => {
  return { kind: 'text', text: said, notify: [], important: false, announcement: false };
};

export interface Where {
  readonly pool?: string;
  readonly circle?: readonly string[];
  /** Default: one that nothing had. */
  readonly seq?: number;
}

let entries = 1;

/** An entry of its own each time. */
export async function said(keys: DeviceKeys, content: Content, atMs: number, where: Where = {}): Promise<Uint8Array> {
  const head = headOf(keys, atMs, where);
  const draw = (into: Uint8Array<ArrayBuffer>): unknown => crypto.getRandomValues(into);
  const body = await seal(KEY, encodeHeadStart(head), 1, encodeContent(content), draw);
  const entry = await signEntry(keys, head, body);
  const opened = await open(KEY, entry.head, body);
  return encodeEvidence({ entry: encodeEntry(entry), opened: opened ?? new Uint8Array() });
}

/** That it calls itself so. */
export async function called(keys: DeviceKeys, name: string, atMs: number): Promise<Uint8Array> {
  const account = { root: keys.signKey, certificates: [] };
  const body = encodeClear({ kind: 'profile', name, device: 'browser', agreeKey: keys.agreeKey, account });
  const entry = await signEntry(keys, { ...headOf(keys, atMs, {}), kind: 'profile' }, body);
  return encodeEvidence({ entry: encodeEntry(entry), opened: new Uint8Array() });
}

function headOf(keys: DeviceKeys, atMs: number, { pool = POOL, circle = [], seq = (entries += 1) }: Where): HeadStart {
  const chain = circle.length === 0 ? poolChain(pool) : whisperChain(pool, circle);
  const prev = new Uint8Array(32).fill(1);
  return { kind: 'content', author: keys.signKey, chain, seq, prev, created: atMs * HLC_PER_MS, room: chain };
}

/** Somebody who reports: a browser, each time at another address (in a world with a proxy), and its device. */
export interface Witness {
  readonly browser: Browser;
  readonly keys: DeviceKeys;
}

/** Without an account. */
export async function guest(world: AccountsWorld): Promise<Witness> {
  return { browser: Object.assign(new Browser(world), { roams: true }), keys: await generateDeviceKeys(false) };
}

/** With one, to which its device is bound. */
export async function witness(world: AccountsWorld, name = 'Ada'): Promise<Witness> {
  const browser = await Browser.registered(world, name);
  browser.roams = true;
  return { browser, keys: await browser.bind() };
}

/** What `report` sends, signed for a fresh nonce; `over` is not signed. */
export async function reportBody(
  { browser, keys }: Witness,
  evidence: Uint8Array,
  { circle = [], ...over }: Partial<Omit<Report, 'nonce' | 'evidence'>> & { readonly circle?: readonly string[] } = {},
): Promise<Record<string, unknown>> {
  const { pool, offence } = { pool: POOL, offence: 'abuse' as const, ...over };
  const nonce = String((await browser.post('/reports/nonce')).body['nonce']);
  const signature = await signReport(keys, { nonce: Buffer.from(nonce, 'base64url'), pool, offence, evidence });
  return {
    nonce,
    pool,
    offence,
    circle,
    signKey: base64url(keys.signKey),
    signature: base64url(signature),
    evidence: base64url(evidence),
  };
}

export async function report(who: Witness, evidence: Uint8Array): Promise<Answer> {
  return who.browser.post('/reports', await reportBody(who, evidence));
}

/** Each of these reports something else that `target` says; resolves when all were taken. */
export async function reportedBy(crowd: readonly Witness[], target: DeviceKeys): Promise<void> {
  for (const each of crowd) {
    const answer = await report(each, await said(target, text('vile'), each.browser.world.nowMs));
    expect(answer).toMatchObject({ status: 201 });
  }
}
