// Values as people type them: rates, and patterns for names.

const RATE = /^(\d{1,12}(?:\.\d{1,6})?) ?(k|m|g)?(?:b|bytes)?(?:\/s)?$/iu;
const FACTORS: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, g: 1e9 };
/** Below it a single chunk takes minutes, bytes a second: surely a slip of the keyboard. */
const RATE_MIN = 1000;

/** `500k`, `2MB`, `1.5 MB/s`: bytes a second, in the decimal units that are shown. Undefined if it is no rate. */
export function parseRate(text: string): number | undefined {
  const match = RATE.exec(text.trim());
  if (match === null) return undefined;
  const rate = Number(match[1]) * (FACTORS[match[2]?.toLowerCase() ?? ''] ?? 1);
  return rate >= RATE_MIN ? rate : undefined;
}

/**
 * Whether the whole of `name` fits `pattern`, in which `*` stands for any letters or none and `?` for one. Takes time in
 * proportion to both lengths multiplied at most: names come from others.
 */
export function matchesPattern(pattern: string, name: string): boolean {
  const wanted = Array.from(pattern.normalize('NFC'));
  const given = Array.from(name.normalize('NFC'));
  let [at, star, retry] = [0, -1, 0];
  for (let place = 0; place < given.length;) {
    if (wanted[at] === '*') {
      star = at++;
      retry = place;
    } else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === given[place])) {
      at++;
      place++;
    } else if (star >= 0) {
      // The last star takes one letter more.
      at = star + 1;
      place = ++retry;
    } else return false;
  }
  return wanted.slice(at).every((letter) => letter === '*');
}
