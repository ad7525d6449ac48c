// What evidence proves, to whom it proves nothing, and what a hostile reporter may make of it.
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  ENTRY_BODY_BYTES_MAX,
  ENTRY_HEAD_BYTES,
  encodeEntry,
  encodeHeadStart,
  entryId,
  type Entry,
  type EntryKind,
} from '../../src/wire/entry.ts';
import { encodeClear, encodeContent, type Content } from '../../src/wire/talk.ts';
import { SEALED_OVERHEAD_BYTES, newEpochKey, open, seal } from '../../src/keys/epoch.ts';
import { poolChain, signEntry, whisperChain } from '../../src/keys/entry.ts';
import {
  EVIDENCE_BYTES_MAX,
  checkEvidence,
  decodeEvidence,
  encodeEvidence,
  type Evidence,
} from '../../src/keys/evidence.ts';
import type { DeviceKeys } from '../../src/keys/identity.ts';
import { mutated } from '../wire/fuzz-mutate.ts';
import { device, firstHead, flipped } from './support.ts';

const POOL = 'quiet-heron-cove-4821';
const CIRCLE = ['0a'.repeat(16), '0b'.repeat(16)];
const KEY = newEpochKey((into) => into.fill(3));
const text = (said: string): Content => {
  return { kind: 'text', text: said, replyTo: undefined, notify: [], important: false, announcement: false };
};
const drawing = (into: Uint8Array<ArrayBuffer>): unknown => crypto.getRandomValues(into);

let ada: DeviceKeys;
let ben: DeviceKeys;
beforeAll(async () => {
  [ada, ben] = await Promise.all([device(), device()]);
});

interface Where {
  readonly chain?: string;
  readonly room?: string;
  readonly kind?: EntryKind;
}

/** Signed by `keys`, sealed whatever it says, and shown. */
async function shown(keys: DeviceKeys, said: Uint8Array, { chain, room, kind }: Where = {}): Promise<Evidence> {
  const at = chain ?? poolChain(POOL);
  const start = { ...firstHead(keys), chain: at, room: room ?? at, ...(kind === undefined ? {} : { kind }) };
  const body = await seal(KEY, encodeHeadStart(start), 1, said, drawing);
  const entry = await signEntry(keys, start, body);
  const opened = await open(KEY, entry.head, body);
  if (opened === undefined) throw new Error('expected what was sealed, got nothing');
  return { entry: encodeEntry(entry), opened };
}

const textOf = (keys: DeviceKeys, said: string, where?: Where): Promise<Evidence> =>
  shown(keys, encodeContent(text(said)), where);

async function profile(keys: DeviceKeys, name: string): Promise<Entry> {
  const account = { root: keys.signKey, certificates: [] };
  const body = encodeClear({ kind: 'profile', name, device: 'browser', agreeKey: keys.agreeKey, account });
  return signEntry(keys, { ...firstHead(keys), kind: 'profile' }, body);
}

describe('evidence', () => {
  test('proves who wrote what, when and where', async () => {
    const evidence = await textOf(ada, 'vile');
    const chain = poolChain(POOL);
    expect(await checkEvidence(evidence, POOL, [])).toEqual({
      device: ada.id,
      signKey: ada.signKey,
      entry: entryId(ada.id, chain, 1),
      head: createHash('sha256').update(evidence.entry.subarray(0, ENTRY_HEAD_BYTES)).digest('hex'),
      chain,
      createdMs: 1_700_000_000_000,
      said: { kind: 'content', content: text('vile') },
    });
  });

  test('tells two entries from each other that their author signed as one', async () => {
    const proven = await Promise.all(
      ['kind', 'vile'].map(async (said) => checkEvidence(await textOf(ada, said), POOL, [])),
    );
    expect(proven[0]?.entry).toBe(proven[1]?.entry);
    expect(proven[0]?.head).not.toBe(proven[1]?.head);
  });

  test('of a zone stands in the pool’s own chain, of a whisper in that of its circle', async () => {
    const zone = await textOf(ada, 'there', { room: 'ab'.repeat(16) });
    expect(await checkEvidence(zone, POOL, [])).toMatchObject({ said: { content: { text: 'there' } } });
    const whisper = await textOf(ada, 'psst', { chain: whisperChain(POOL, CIRCLE) });
    const proven = await checkEvidence(whisper, POOL, CIRCLE.toReversed());
    expect(proven).toMatchObject({ device: ada.id, said: { content: { text: 'psst' } } });
    expect(await checkEvidence(whisper, POOL, [])).toBeUndefined();
    expect(await checkEvidence(whisper, POOL, [...CIRCLE, ada.id])).toBeUndefined();
    expect(await checkEvidence(whisper, 'other-heron-cove-4821', CIRCLE)).toBeUndefined();
    expect(await checkEvidence(zone, POOL, CIRCLE)).toBeUndefined();
    expect(await checkEvidence(zone, 'other-heron-cove-4821', [])).toBeUndefined();
  });

  test('of a profile is its entry alone', async () => {
    const entry = encodeEntry(await profile(ada, 'Vile'));
    const proven = await checkEvidence({ entry, opened: new Uint8Array(0) }, POOL, []);
    expect(proven).toMatchObject({ device: ada.id, said: { kind: 'profile', name: 'Vile' } });
    expect(await checkEvidence({ entry, opened: Uint8Array.of(0) }, POOL, [])).toBeUndefined();
  });

  test('proves nothing once one bit of it is another', async () => {
    const bytes = encodeEvidence(await textOf(ada, 'vile'));
    const whole = decodeEvidence(bytes);
    expect(whole && (await checkEvidence(whole, POOL, []))).toBeDefined();
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const other = decodeEvidence(bytes.map((byte, i) => (i === at ? byte ^ (1 << bit) : byte)));
        expect([at, bit, other && (await checkEvidence(other, POOL, []))]).toEqual([at, bit, undefined]);
      }
    }
  });

  test('holds for no other entry, and in nobody else’s name', async () => {
    const [vile, kind, same] = [await textOf(ada, 'vile'), await textOf(ada, 'kind'), await textOf(ben, 'vile')];
    for (const { entry } of [kind, same]) {
      expect(await checkEvidence({ entry, opened: vile.opened }, POOL, [])).toBeUndefined();
    }
    const renamed = vile.entry.slice();
    renamed.set(ben.signKey, 2);
    expect(await checkEvidence({ entry: renamed, opened: vile.opened }, POOL, [])).toBeUndefined();
  });

  test('of what was taken back, of other kinds, and of what says nothing is none', async () => {
    const { entry, opened } = await textOf(ada, 'vile');
    const bare = entry.slice(0, entry.length - opened.length - (SEALED_OVERHEAD_BYTES - 16));
    expect(await checkEvidence({ entry: bare, opened }, POOL, [])).toBeUndefined();
    expect(await checkEvidence({ entry, opened: new Uint8Array(0) }, POOL, [])).toBeUndefined();
    for (const kind of ['profile', 'epoch', 'retract', 'vote', 'leave', 'revoke'] as const) {
      const other = await shown(ada, encodeContent(text('vile')), { kind });
      expect([kind, await checkEvidence(other, POOL, [])]).toEqual([kind, undefined]);
      const clear = { ...other, opened: new Uint8Array(0) };
      expect([kind, await checkEvidence(clear, POOL, [])]).toEqual([kind, undefined]);
    }
    expect(await checkEvidence(await shown(ada, Uint8Array.of(255, 255)), POOL, [])).toBeUndefined();
    expect(await checkEvidence(await shown(ada, new Uint8Array(0)), POOL, [])).toBeUndefined();
  });
});

describe('the encoding of evidence', () => {
  test('is `[entry bytes u32][entry][opened]`, and comes back', async () => {
    const { entry, opened } = await textOf(ada, 'vile');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(entry.length);
    const bytes = encodeEvidence({ entry, opened });
    expect(Buffer.from(bytes).equals(Buffer.concat([length, entry, opened]))).toBe(true);
    expect(decodeEvidence(bytes)).toEqual({ entry, opened });
    expect(decodeEvidence(Buffer.concat([opened, bytes]).subarray(opened.length))).toEqual({ entry, opened });
  });

  test('has room for the largest body, and no more', async () => {
    const said = new Uint8Array(ENTRY_BODY_BYTES_MAX - SEALED_OVERHEAD_BYTES);
    const largest = encodeEvidence(await shown(ada, said));
    expect(largest).toHaveLength(EVIDENCE_BYTES_MAX);
    expect(decodeEvidence(largest)).toBeDefined();
    expect(decodeEvidence(Buffer.concat([largest, Buffer.of(0)]))).toBeUndefined();
  });

  test('is refused where it is cut before the end of its entry', async () => {
    const { entry, opened } = await textOf(ada, 'vile');
    const bytes = encodeEvidence({ entry, opened });
    for (let length = 0; length < 4 + entry.length; length++) {
      expect([length, decodeEvidence(bytes.subarray(0, length))]).toEqual([length, undefined]);
    }
    expect(decodeEvidence(flipped(bytes))).toBeUndefined();
  });

  test('never throws on random or mutated bytes, and reads back what it lets through', async () => {
    const real = [encodeEvidence(await textOf(ada, 'vile')), encodeEvidence(await textOf(ada, 'vile '.repeat(20)))];
    const some = fc.oneof(fc.uint8Array({ maxLength: 400 }), mutated(fc.constantFrom(...real)));
    await fc.assert(
      fc.asyncProperty(some, async (bytes) => {
        const evidence = decodeEvidence(bytes);
        if (evidence === undefined) return;
        expect(Buffer.from(encodeEvidence(evidence)).equals(bytes)).toBe(true);
        const proven = await checkEvidence(evidence, POOL, []);
        // What was changed back, or to what it was.
        const isReal = real.some((each) => Buffer.from(each).equals(bytes));
        expect(proven !== undefined).toBe(isReal);
      }),
      { numRuns: 4_000 },
    );
  });
});
