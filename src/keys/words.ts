// Bits as words that people say and type: nine bits each, of the list in src/wire/words.ts.
import { poolWords } from '../wire/words.ts';

const BITS = 9;

/** Bytes that `words` words are made of. */
export const wordBytes = (words: number): number => Math.ceil((words * BITS) / 8);

/** The first 9 * `words` bits, high bits first. `bytes`: wordBytes(words) at least. */
export function wordsOf(bytes: Uint8Array, words: number): string[] {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return Array.from({ length: words }, (_, i) => {
    return poolWords[Number.parseInt(bits.slice(i * BITS, (i + 1) * BITS), 2)] ?? '';
  });
}

export const isWord = (word: string): boolean => poolWords.includes(word);
