// A set of integers kept as sorted half-open ranges. Used for packet numbers, message numbers and byte offsets.

export class RangeSet {
  /** start0, end0, start1, end1 … ascending, never touching each other. */
  readonly #edges: number[] = [];

  get count(): number {
    return this.#edges.length / 2;
  }

  /** Adds start .. end-1; returns how many of them were new. */
  add(start: number, end: number): number {
    const edges = this.#edges;
    const last = edges.length - 1;
    // Nearly everything arrives in order: it extends the last range.
    if (last > 0 && start === edges[last]) {
      edges[last] = end;
      return end - start;
    }
    let from = last + 1;
    while (from > 0 && (edges[from - 1] ?? 0) >= start) from -= 2;
    let to = from;
    let covered = 0;
    let low = start;
    let high = end;
    while (to < edges.length && (edges[to] ?? 0) <= end) {
      const rangeStart = edges[to] ?? 0;
      const rangeEnd = edges[to + 1] ?? 0;
      covered += Math.max(0, Math.min(end, rangeEnd) - Math.max(start, rangeStart));
      low = Math.min(low, rangeStart);
      high = Math.max(high, rangeEnd);
      to += 2;
    }
    edges.splice(from, to - from, low, high);
    return end - start - covered;
  }

  has(value: number): boolean {
    const edges = this.#edges;
    for (let i = edges.length - 2; i >= 0; i -= 2) {
      if (value >= (edges[i] ?? 0)) return value < (edges[i + 1] ?? 0);
    }
    return false;
  }

  /** The end of the range that holds 0: everything below it is in the set. */
  get floor(): number {
    return this.#edges[0] === 0 ? (this.#edges[1] ?? 0) : 0;
  }

  /** Forgets the oldest ranges until at most `max` are left. */
  trim(max: number): void {
    const over = this.count - max;
    if (over > 0) this.#edges.splice(0, over * 2);
  }

  /** The newest `max` ranges as pairs first, last (both in the set), newest range first. */
  newest(max: number): number[] {
    const pairs: number[] = [];
    for (let i = this.#edges.length - 2; i >= 0 && pairs.length < max * 2; i -= 2) {
      pairs.push(this.#edges[i] ?? 0, (this.#edges[i + 1] ?? 1) - 1);
    }
    return pairs;
  }
}
