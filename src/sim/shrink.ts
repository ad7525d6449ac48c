// Makes a failing case smaller while it still fails: greedy delta debugging (Zeller, Hildebrandt 2002) over plans that are
// plain data. What is simpler than a plan, and what failing means, the caller says.

export interface Shrunk<T> {
  /** The smallest found. Fails, if the first one did. */
  readonly plan: T;
  /** How often `fails` was asked. */
  readonly tries: number;
}

/**
 * `simpler` gives candidates, the greatest simplifications first; the first one that fails takes the plan's place, and so
 * on until none does, or `fails` was asked `triesMax` times.
 */
export function shrink<T>(
  plan: T,
  simpler: (plan: T) => Iterable<T>,
  fails: (plan: T) => boolean,
  triesMax: number,
): Shrunk<T> {
  let smallest = plan;
  let tries = 0;
  for (;;) {
    let found: T | undefined;
    for (const candidate of simpler(smallest)) {
      if (tries >= triesMax) return { plan: smallest, tries };
      tries++;
      if (!fails(candidate)) continue;
      found = candidate;
      break;
    }
    if (found === undefined) return { plan: smallest, tries };
    smallest = found;
  }
}

/** `items` without a run of them: without all, then each half, each quarter, and so on to each one. */
export function* without<T>(items: readonly T[]): Generator<T[]> {
  for (let length = items.length; length >= 1; length = Math.floor(length / 2)) {
    for (let from = 0; from < items.length; from += length) {
      yield [...items.slice(0, from), ...items.slice(from + length)];
    }
  }
}
