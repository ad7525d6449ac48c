// Friendly device names and new pool codes, from randomness that the caller brings.
import { creatures, moods, poolWords } from './words.ts';

/** Fills an array with random 32-bit words: `crypto.getRandomValues`, outside of tests. */
export type Draw = (into: Uint32Array<ArrayBuffer>) => unknown;

/** A device name of two words, such as "Quiet Heron". */
export function freshDeviceName(draw: Draw): string {
  const random = new Uint32Array(2);
  draw(random);
  return `${capital(pick(moods, random[0]))} ${capital(pick(creatures, random[1]))}`;
}

/**
 * A new pool code: three words of 512 and four digits, such as `quiet-heron-cove-4821`. About 40 bits: too many to
 * try out against a server that limits joins, few enough to read over the telephone.
 */
export function freshPoolCode(draw: Draw): string {
  const random = new Uint32Array(4);
  draw(random);
  const words = [0, 1, 2].map((at) => pick(poolWords, random[at]));
  const digits = String((random[3] ?? 0) % 10_000).padStart(4, '0');
  return [...words, digits].join('-');
}

function pick(words: readonly string[], random = 0): string {
  return words[random % words.length] ?? '';
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
