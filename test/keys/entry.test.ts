// Entries signed and checked, one by one and in runs, and the ids of chains.
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { ENTRY_BODY_BYTES_MAX, decodeEntry, encodeEntry, type Entry } from '../../src/wire/entry.ts';
import { toHex } from '../../src/wire/bytes.ts';
import { hashEntry, poolChain, signEntry, verifyEntry, whisperChain } from '../../src/keys/entry.ts';
import { CHAIN, device, firstHead, flipped, run, utf8 } from './support.ts';

/** As it would arrive: encoded and decoded. */
function arrived(entry: Entry, change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes): Entry {
  const decoded = decodeEntry(change(encodeEntry(entry)));
  if (decoded === undefined) throw new Error('expected an entry, got bytes that are none');
  return decoded;
}

describe('an entry', () => {
  test('holds as it was signed, also over the wire, and also without its body', async () => {
    const keys = await device();
    const entry = await signEntry(keys, firstHead(keys), utf8('hello'));
    expect(await verifyEntry(entry)).toBe(true);
    expect(arrived(entry)).toEqual(entry);
    expect(await verifyEntry(arrived(entry))).toBe(true);
    expect(await verifyEntry(arrived({ ...entry, body: undefined }))).toBe(true);
    expect(entry).toMatchObject({ bodyBytes: 5, author: keys.signKey });
    expect(toHex(entry.bodyHash)).toBe(createHash('sha256').update('hello').digest('hex'));
  });

  test('with any bit changed that leaves it well-formed does not', async () => {
    const keys = await device();
    const entry = await signEntry(keys, firstHead(keys), utf8('hello'));
    const bytes = encodeEntry(entry);
    let tried = 0;
    for (let at = 0; at < bytes.length; at++) {
      const other = decodeEntry(flipped(bytes, at));
      if (other === undefined) continue;
      tried++;
      expect([at, await verifyEntry(other)]).toEqual([at, false]);
    }
    expect(tried).toBeGreaterThan(150);
  });

  test('of another device, or with too long a body, is not signed', async () => {
    const [keys, other] = await Promise.all([device(), device()]);
    await expect(signEntry(keys, firstHead(other), utf8('x'))).rejects.toThrow(RangeError);
    await expect(signEntry(keys, firstHead(keys), new Uint8Array(ENTRY_BODY_BYTES_MAX + 1))).rejects.toThrow(
      RangeError,
    );
    const longest = await signEntry(keys, firstHead(keys), new Uint8Array(ENTRY_BODY_BYTES_MAX));
    expect(await verifyEntry(arrived(longest))).toBe(true);
  });

  test('has a hash that covers head and signature, and the body through the head', async () => {
    const keys = await device();
    const entry = await signEntry(keys, firstHead(keys), utf8('hello'));
    const plain = Buffer.concat([Buffer.from('rockpool entry hash\0'), entry.head, entry.signature]);
    expect(toHex(hashEntry(entry))).toBe(createHash('sha256').update(plain).digest('hex'));
    expect(hashEntry({ ...entry, head: flipped(entry.head, 90) })).not.toEqual(hashEntry(entry));
    expect(hashEntry({ ...entry, signature: flipped(entry.signature, 63) })).not.toEqual(hashEntry(entry));
  });
});

describe('an entry of a chain', () => {
  test('holds with its own body or, once retracted, with none; never with another', async () => {
    const keys = await device();
    const [one, two] = await run(keys, 2);
    if (!one || !two) throw new Error('no entries');
    expect(await verifyEntry({ ...one, body: undefined })).toBe(true);
    expect(await verifyEntry({ ...two, body: utf8('body 7') })).toBe(false);
    expect(await verifyEntry({ ...one, body: utf8('longer than it was') })).toBe(false);
  });

  test('is not vouched for by one that its author built on it: taken or not, it is so everywhere', async () => {
    const keys = await device();
    const one = await signEntry(keys, firstHead(keys), utf8('one'));
    const unsigned = { ...one, signature: new Uint8Array(64) };
    const next = await signEntry(keys, { ...firstHead(keys), seq: 2, prev: hashEntry(unsigned) }, utf8('next'));
    expect(await verifyEntry(next)).toBe(true);
    expect(await verifyEntry(unsigned)).toBe(false);
  });
});

describe('chain ids', () => {
  const [ada, ben, cy] = ['0a'.repeat(16), '0b'.repeat(16), '0c'.repeat(16)];

  test('of a pool follow from its code', () => {
    const plain = createHash('sha256').update('rockpool pool\0quiet-heron-cove-4821').digest('hex');
    expect(CHAIN).toBe(plain.slice(0, 32));
    expect(poolChain('quiet-heron-cove-4822')).not.toBe(CHAIN);
  });

  test('of a whisper are the same for all in it, however they are named', () => {
    const id = whisperChain('cove', [ada, ben, cy]);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(whisperChain('cove', [cy, ada, ben, ada])).toBe(id);
  });

  test('of a whisper differ by pool and by who is in it', () => {
    const ids = [
      whisperChain('cove', [ada, ben]),
      whisperChain('cove', [ada, ben, cy]),
      whisperChain('cove', [ada]),
      whisperChain('cave', [ada, ben]),
      poolChain('cove'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});
