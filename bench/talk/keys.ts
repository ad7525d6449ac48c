// What src/keys adds to the bare algorithms: entries signed and checked against WebCrypto's Ed25519 alone, bodies sealed and
// opened against its AES-256-GCM. One after the other, as the keeper does it when somebody writes. Runs in pages and on Node.
import { newEpochKey, NONCE_BYTES, open, seal } from '../../src/keys/epoch.ts';
import { poolChain, signEntry, verifyEntry } from '../../src/keys/entry.ts';
import { generateDeviceKeys } from '../../src/keys/identity.ts';
import { HLC_PER_MS, SHA256_BYTES, encodeHeadStart, type Entry, type HeadStart } from '../../src/wire/entry.ts';
import { encodeContent } from '../../src/wire/talk.ts';

/** Ours over bare, as rates: 1 is as fast. */
export interface KeyRatios {
  readonly sign: number;
  readonly verify: number;
  readonly seal: number;
  readonly open: number;
  /** Of ours, each. */
  readonly signUs: number;
  readonly verifyUs: number;
  readonly sealUs: number;
  readonly openUs: number;
}

export interface KeyWork {
  /** Turns of ours and bare; each turn's ratio counts once. */
  readonly turns: number;
  /** Operations in one turn of either. */
  readonly each: number;
  /** Characters of a message. */
  readonly textChars: number;
}

/** Of turns that are not counted: code is compiled in them. */
const WARM_UP_TURNS = 3;

export async function measureKeys(work: KeyWork): Promise<KeyRatios> {
  const keys = await generateDeviceKeys(false);
  const random = (into: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => crypto.getRandomValues(into);
  const chain = poolChain('measured');
  const head: HeadStart = {
    kind: 'content',
    author: keys.signKey,
    chain,
    seq: 2,
    prev: new Uint8Array(SHA256_BYTES).fill(1),
    created: 1_700_000_000_000 * HLC_PER_MS,
    room: chain,
  };
  const text = 'm'.repeat(work.textChars);
  const said = { kind: 'text', text, notify: [], important: false, announcement: false } as const;
  const plain = Uint8Array.from(encodeContent(said));
  const epochKey = newEpochKey(random);
  const sealed = await seal(epochKey, encodeHeadStart(head), 1, plain, random);
  const entry: Entry = await signEntry(keys, head, sealed);

  const [bytes, signature] = [Uint8Array.from(entry.head), Uint8Array.from(entry.signature)];
  const { subtle } = crypto;
  const bareKey = await subtle.importKey('raw', keys.signKey.slice(), 'Ed25519', false, ['verify']);
  const bareSignature = await subtle.sign('Ed25519', keys.signing, bytes);
  const aes = await subtle.importKey('raw', epochKey.slice(), 'AES-GCM', false, ['encrypt', 'decrypt']);
  const iv = random(new Uint8Array(NONCE_BYTES));
  const bareSealed = await subtle.encrypt({ name: 'AES-GCM', iv }, aes, plain);
  if (!(await verifyEntry(entry)) || signature.length !== bareSignature.byteLength) throw new Error('nothing verifies');

  const signs = await compare(
    work,
    () => signEntry(keys, head, sealed),
    () => subtle.sign('Ed25519', keys.signing, bytes),
  );
  const verifies = await compare(
    work,
    () => verifyEntry(entry),
    () => subtle.verify('Ed25519', bareKey, bareSignature, bytes),
  );
  const seals = await compare(
    work,
    () => seal(epochKey, encodeHeadStart(head), 1, plain, random),
    () => subtle.encrypt({ name: 'AES-GCM', iv: random(new Uint8Array(NONCE_BYTES)) }, aes, plain),
  );
  const opens = await compare(
    work,
    () => open(epochKey, entry.head, sealed),
    () => subtle.decrypt({ name: 'AES-GCM', iv }, aes, bareSealed),
  );
  return {
    sign: signs.ratio,
    verify: verifies.ratio,
    seal: seals.ratio,
    open: opens.ratio,
    signUs: signs.oursUs,
    verifyUs: verifies.oursUs,
    sealUs: seals.oursUs,
    openUs: opens.oursUs,
  };
}

type Operation = () => Promise<unknown>;

/** Medians over turns that alternate, so that a machine that is busy for a while is busy for both. */
async function compare(
  { turns, each }: KeyWork,
  ours: Operation,
  bare: Operation,
): Promise<{ readonly ratio: number; readonly oursUs: number }> {
  const ratios: number[] = [];
  const times: number[] = [];
  for (let turn = -WARM_UP_TURNS; turn < turns; turn += 1) {
    const oursFirst = turn % 2 === 0;
    const first = await timed(each, oursFirst ? ours : bare);
    const second = await timed(each, oursFirst ? bare : ours);
    const [oursMs, bareMs] = oursFirst ? [first, second] : [second, first];
    if (turn < 0) continue;
    ratios.push(bareMs / oursMs);
    times.push((oursMs * 1000) / each);
  }
  return { ratio: middle(ratios), oursUs: middle(times) };
}

async function timed(each: number, operation: Operation): Promise<number> {
  const beganMs = performance.now();
  for (let done = 0; done < each; done += 1) await operation();
  return performance.now() - beganMs;
}

/** As harness.ts' median; that file is Node's. */
function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
