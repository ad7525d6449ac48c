// What two ends of a link sign, and the words they show.
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { toHex } from '../../src/wire/bytes.ts';
import { poolWords } from '../../src/wire/words.ts';
import { bindingBytes, commitTo, wordCode, type BindingEnd, type WordEnd } from '../../src/keys/binding.ts';
import { wordBytes, wordsOf } from '../../src/keys/words.ts';
import { flipped } from './support.ts';

const filled = (value: number): Uint8Array => new Uint8Array(32).fill(value);

const initiator: BindingEnd = { id: '0a'.repeat(16), agreeKey: filled(1), commit: filled(2), fingerprint: filled(3) };
const acceptor: BindingEnd = { id: '0b'.repeat(16), agreeKey: filled(4), commit: filled(5), fingerprint: filled(6) };

describe('what is signed', () => {
  test('differs in everything it is about, and by who signs', () => {
    const changes: Partial<BindingEnd>[] = [
      { id: '0c'.repeat(16) },
      { agreeKey: filled(9) },
      { commit: filled(9) },
      { fingerprint: filled(9) },
    ];
    const all = [
      bindingBytes('cove', initiator, acceptor, 'initiator'),
      bindingBytes('cove', initiator, acceptor, 'acceptor'),
      bindingBytes('cave', initiator, acceptor, 'initiator'),
      bindingBytes('cove', acceptor, initiator, 'initiator'),
      ...changes.map((change) => bindingBytes('cove', { ...initiator, ...change }, acceptor, 'initiator')),
      ...changes.map((change) => bindingBytes('cove', initiator, { ...acceptor, ...change }, 'initiator')),
    ].map(toHex);
    expect(new Set(all).size).toBe(all.length);
  });

  test('is laid out as it says', () => {
    const parts = [1, '0a'.repeat(16), '0b'.repeat(16), 2, 5, 1, 4, 3, 6].map((part, i) => {
      if (typeof part === 'string') return part;
      return i === 0 ? '01' : toHex(filled(part));
    });
    const expected = parts.join('') + Buffer.from('cove').toString('hex');
    expect(toHex(bindingBytes('cove', initiator, acceptor, 'acceptor'))).toBe(expected);
  });

  test('holds the hash of a share, which tells nothing of it beforehand', () => {
    const plain = Buffer.concat([Buffer.from('rockpool share\0'), filled(7)]);
    expect(toHex(commitTo(filled(7)))).toBe(createHash('sha256').update(plain).digest('hex'));
    expect(toHex(commitTo(filled(8)))).not.toBe(toHex(commitTo(filled(7))));
  });
});

describe('the words', () => {
  const one: WordEnd = { id: '0a'.repeat(16), signKey: filled(1), agreeKey: filled(2), share: filled(3) };
  const other: WordEnd = { id: '0b'.repeat(16), signKey: filled(4), agreeKey: filled(5), share: filled(6) };

  test('are four of the list, the same at both ends', () => {
    const words = wordCode(one, other);
    expect(words).toHaveLength(4);
    for (const word of words) expect(poolWords).toContain(word);
    expect(wordCode(other, one)).toEqual(words);
  });

  test('are the first 36 bits of a hash over ids, keys and shares', () => {
    const parts = [
      Buffer.from('rockpool words\0'),
      Buffer.alloc(16, 0x0a),
      filled(1),
      filled(2),
      Buffer.alloc(16, 0x0b),
      filled(4),
      filled(5),
      filled(3),
      filled(6),
    ];
    const bits = BigInt(`0x${createHash('sha256').update(Buffer.concat(parts)).digest('hex')}`) >> 220n;
    const expected = [27n, 18n, 9n, 0n].map((shift) => poolWords[Number((bits >> shift) & 511n)]);
    expect(wordCode(one, other)).toEqual(expected);
  });

  test('differ when anything at one end does', () => {
    const changes: Partial<WordEnd>[] = [
      { id: '0c'.repeat(16) },
      { signKey: filled(9) },
      { agreeKey: filled(9) },
      { share: flipped(filled(3), 31) },
    ];
    const all = [wordCode(one, other), ...changes.map((change) => wordCode({ ...one, ...change }, other))];
    expect(new Set(all.map((words) => words.join(' '))).size).toBe(5);
    // A share changes sides with its owner, not alone.
    expect(wordCode({ ...one, share: other.share }, { ...other, share: one.share })).not.toEqual(wordCode(one, other));
  });

  test('are spread over the whole list, nine bits each', () => {
    expect(wordBytes(4)).toBe(5);
    expect(wordBytes(8)).toBe(9);
    expect(wordsOf(Uint8Array.of(0, 0, 0, 0, 0), 4)).toEqual(Array.from({ length: 4 }, () => poolWords[0]));
    expect(wordsOf(Uint8Array.of(255, 255, 255, 255, 240), 4)).toEqual(Array.from({ length: 4 }, () => poolWords[511]));
    expect(wordsOf(Uint8Array.of(0, 0x80, 0x80, 0x60, 0x40), 4)).toEqual([1, 2, 3, 4].map((at) => poolWords[at]));
    expect(new Set(poolWords).size).toBe(512);
  });
});
