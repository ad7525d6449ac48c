// Names as the app draws and shows them.
import { freshDeviceName, freshPoolCode, type Draw } from '../src/wire/fresh-names.ts';

const draw: Draw = (into) => crypto.getRandomValues(into);

export const deviceName = (): string => freshDeviceName(draw);
export const newPoolCode = (): string => freshPoolCode(draw);

/** The two letters that stand on a person's stone: those of the first two words, or of the only one. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const letters = words.slice(0, 2).map((word) => [...word][0] ?? '');
  return letters.join('').toLocaleUpperCase() || '?';
}
