// Sets of sequence numbers as plain ranges, as they stand in heads and records: ascending, disjoint, not adjacent. All pure;
// work is by the number of ranges, never by how long they are, since what a remote claims may be four billion entries long.
import type { Range } from '../wire/talk-envelope.ts';

export type Ranges = readonly Range[];

export const rangesCount = (ranges: Ranges): number =>
  ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);

/** 0: empty. */
export const firstOf = (ranges: Ranges): number => ranges[0]?.first ?? 0;
export const lastOf = (ranges: Ranges): number => ranges.at(-1)?.last ?? 0;

export const hasSeq = (ranges: Ranges, seq: number): boolean =>
  ranges.some(({ first, last }) => first <= seq && seq <= last);

export function union(a: Ranges, b: Ranges): Range[] {
  const all: { first: number; last: number }[] = [];
  for (const { first, last } of [...a, ...b].sort((one, other) => one.first - other.first)) {
    const before = all.at(-1);
    if (before !== undefined && first <= before.last + 1) before.last = Math.max(before.last, last);
    else all.push({ first, last });
  }
  return all;
}

/** What of `a` is not in `b`. */
export function subtract(a: Ranges, b: Ranges): Range[] {
  const left: Range[] = [];
  let next = 0;
  for (const { first, last } of a) {
    let from = first;
    while (next < b.length && (b[next]?.last ?? 0) < from) next++;
    for (let i = next; i < b.length; i++) {
      const cut = b[i];
      if (cut === undefined || cut.first > last) break;
      if (cut.first > from) left.push({ first: from, last: cut.first - 1 });
      from = cut.last + 1;
    }
    if (from <= last) left.push({ first: from, last });
  }
  return left;
}

/** What of `ranges` lies from `first` to `last`, both included. */
export function clip(ranges: Ranges, first: number, last: number): Range[] {
  const within = ranges.filter((range) => range.last >= first && range.first <= last);
  return within.map((range) => ({ first: Math.max(range.first, first), last: Math.min(range.last, last) }));
}

export const covers = (ranges: Ranges, others: Ranges): boolean => subtract(others, ranges).length === 0;

/** What is missing between the ranges. */
export function holes(ranges: Ranges): Range[] {
  return ranges.slice(1).map(({ first }, i) => ({ first: (ranges[i]?.last ?? 0) + 1, last: first - 1 }));
}
