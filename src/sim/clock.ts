// Virtual time: a queue of actions, each with its moment. Time only moves when someone steps it, so a simulated
// hour takes as long as its events do, and every run of a seed takes the same path.

/** A scheduled action, to be cancelled with `VirtualClock.cancel`. */
export interface Scheduled {
  readonly atMs: number;
}

interface Entry extends Scheduled {
  atMs: number;
  /** Breaks ties: of two actions for the same moment, the one scheduled first runs first. */
  order: number;
  action: (() => void) | undefined;
}

export class VirtualClock {
  #nowMs: number;
  #order = 0;
  readonly #heap: Entry[] = [];

  /** `startMs` lets a simulation begin at any moment, such as one where float precision is poor. */
  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  /** The virtual moment, ms. Never moves back. */
  get now(): number {
    return this.#nowMs;
  }

  /** The moment of the next action, or undefined if none is scheduled. */
  get nextMs(): number | undefined {
    this.#dropCancelled();
    return this.#heap[0]?.atMs;
  }

  /** Runs `action` at `atMs`; a moment that has passed means now, after what is already due. NaN throws RangeError. */
  at(atMs: number, action: () => void): Scheduled {
    if (Number.isNaN(atMs)) throw new RangeError('atMs: expected a number, got NaN');
    const entry: Entry = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, action };
    this.#heap.push(entry);
    this.#siftUp(this.#heap.length - 1);
    return entry;
  }

  /** Runs `action` when `delayMs` (0 or more) have passed. */
  after(delayMs: number, action: () => void): Scheduled {
    return this.at(this.#nowMs + delayMs, action);
  }

  /** An action that has run or was cancelled before is left alone. */
  cancel(scheduled: Scheduled): void {
    // The entry stays in the heap until it surfaces: taking it out of the middle would cost a search.
    (scheduled as Entry).action = undefined;
  }

  /** Moves to the next action and runs it. False, and time stands still, if there is none. */
  step(): boolean {
    this.#dropCancelled();
    const entry = this.#pop();
    if (entry === undefined) return false;
    this.#nowMs = entry.atMs;
    const action = entry.action;
    entry.action = undefined;
    action?.();
    return true;
  }

  /** Runs everything due up to and at `untilMs`, and leaves the clock there. */
  run(untilMs: number): void {
    for (let next = this.nextMs; next !== undefined && next <= untilMs; next = this.nextMs) this.step();
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Lets `ms` pass. */
  advance(ms: number): void {
    this.run(this.#nowMs + ms);
  }

  /** Jumps ahead by `ms` and runs nothing that falls due meanwhile: a device that slept. Overdue actions run next. */
  sleep(ms: number): void {
    const wakeMs = this.#nowMs + ms;
    const overdue: Entry[] = [];
    for (let next = this.nextMs; next !== undefined && next < wakeMs; next = this.nextMs) {
      const entry = this.#pop();
      if (entry !== undefined) overdue.push(entry);
    }
    this.#nowMs = wakeMs;
    for (const entry of overdue) {
      // Moved, not re-made: whoever holds the entry can still cancel it.
      entry.atMs = wakeMs;
      entry.order = this.#order++;
      this.#heap.push(entry);
      this.#siftUp(this.#heap.length - 1);
    }
  }

  #dropCancelled(): void {
    while (this.#heap[0] !== undefined && this.#heap[0].action === undefined) this.#pop();
  }

  #pop(): Entry | undefined {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (top !== last && last !== undefined) {
      this.#heap[0] = last;
      this.#siftDown();
    }
    return top;
  }

  #siftUp(from: number): void {
    const heap = this.#heap;
    const entry = heap[from];
    if (entry === undefined) return;
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = entry;
  }

  #siftDown(): void {
    const heap = this.#heap;
    const entry = heap[0];
    if (entry === undefined) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const leftChild = heap[left];
      if (leftChild === undefined) break;
      const rightChild = heap[left + 1];
      const takeRight = rightChild !== undefined && isBefore(rightChild, leftChild);
      const child = takeRight ? rightChild : leftChild;
      if (!isBefore(child, entry)) break;
      heap[index] = child;
      index = takeRight ? left + 1 : left;
    }
    heap[index] = entry;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
