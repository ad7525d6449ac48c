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

/**
 * One action with one moment, which moves often and mostly away: moving it later costs nothing until the old moment
 * comes, so a timeout that each acknowledgement postpones does not fill the clock's queue.
 */
export class Alarm {
  readonly #clock: VirtualClock;
  readonly #action: () => void;
  #dueMs = Infinity;
  #scheduled: Scheduled | undefined;

  constructor(clock: VirtualClock, action: () => void) {
    this.#clock = clock;
    this.#action = action;
  }

  get isSet(): boolean {
    return this.#dueMs !== Infinity;
  }

  /** Rings at `atMs` instead of whenever it was to ring. */
  set(atMs: number): void {
    this.#dueMs = atMs;
    if (this.#scheduled !== undefined) {
      if (this.#scheduled.atMs <= atMs) return;
      this.#clock.cancel(this.#scheduled);
    }
    this.#scheduled = this.#clock.at(atMs, this.#wake);
  }

  clear(): void {
    this.#dueMs = Infinity;
  }

  readonly #wake = (): void => {
    this.#scheduled = undefined;
    if (this.#dueMs === Infinity) return;
    if (this.#dueMs > this.#clock.now) {
      this.#scheduled = this.#clock.at(this.#dueMs, this.#wake);
      return;
    }
    this.#dueMs = Infinity;
    this.#action();
  };
}

/** How one device's clock differs from the simulation's. */
export interface ClockError {
  /** What it shows when the simulation's shows 0, ms. */
  readonly offsetMs?: number;
  /** Parts per million that it runs fast; quartz is within 100. */
  readonly skewPpm?: number;
}

/** A device's own clock: `now` is offset and runs a little fast or slow, yet never moves back. */
export class LocalClock {
  readonly #clock: VirtualClock;
  readonly #rate: number;
  #offsetMs: number;
  #floorMs = -Infinity;

  constructor(clock: VirtualClock, { offsetMs = 0, skewPpm = 0 }: ClockError = {}) {
    this.#clock = clock;
    this.#offsetMs = offsetMs;
    this.#rate = 1 + skewPpm / 1e6;
  }

  get now(): number {
    return Math.max(this.#floorMs, this.#clock.now * this.#rate + this.#offsetMs);
  }

  /** The simulation's time when this clock will show `localMs`. */
  worldMs(localMs: number): number {
    return (localMs - this.#offsetMs) / this.#rate;
  }

  /** A timer for `localMs` rings: rounding must not let the clock show a moment before it, or it would be armed again. */
  reached(localMs: number): void {
    this.#floorMs = Math.max(this.#floorMs, localMs);
  }

  /** The clock jumps ahead by `ms`. Whoever set a timer by it has to set it again. */
  jump(ms: number): void {
    this.#offsetMs += ms;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
