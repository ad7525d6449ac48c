// Friendly device names and new pool codes, both drawn from the platform's own randomness.
import { creatures, moods, poolWords } from './words.ts';

/** Fills an array with random 32-bit words; `crypto.getRandomValues` outside of tests. */
export type Draw = (into: Uint32Array) => void;

const fromCrypto: Draw = (into) => {
  crypto.getRandomValues(into as Uint32Array<ArrayBuffer>);
};

/** A device name of two words, such as "Quiet Heron". */
export function deviceName(draw: Draw = fromCrypto): string {
  const random = new Uint32Array(2);
  draw(random);
  return `${capital(pick(moods, random[0]))} ${capital(pick(creatures, random[1]))}`;
}

/**
 * A new pool code: three words of 512 and four digits, such as `quiet-heron-cove-4821`. About 40 bits: too many to
 * try out against a server that limits joins, few enough to read over the telephone.
 */
export function newPoolCode(draw: Draw = fromCrypto): string {
  const random = new Uint32Array(4);
  draw(random);
  const words = [0, 1, 2].map((at) => pick(poolWords, random[at]));
  const digits = String((random[3] ?? 0) % 10_000).padStart(4, '0');
  return [...words, digits].join('-');
}

/** The two letters that stand on a person's stone: those of the first two words, or of the only one. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const letters = words.slice(0, 2).map((word) => [...word][0] ?? '');
  return letters.join('').toLocaleUpperCase() || '?';
}

function pick(words: readonly string[], random = 0): string {
  return words[random % words.length] ?? '';
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
