// Control that waits to go out: newest matters most, so past the mark the oldest is dropped, and what is past its deadline
// is never sent. Strict priority, within a budget of bytes that keeps a careless source from starving everything else.
import type { LinkOptions } from './options.ts';
import type { Counters } from './stats.ts';

export interface ControlItem {
  readonly schema: number;
  readonly bytes: Uint8Array;
  readonly deadlineMs: number;
}

export class ControlQueue {
  readonly #options: LinkOptions;
  readonly #counters: Counters;
  readonly #items: ControlItem[] = [];
  #bytes = 0;
  /** Bytes that may go now; refilled with time. */
  #budget: number;
  #budgetAtMs = 0;

  constructor(options: LinkOptions, counters: Counters) {
    this.#options = options;
    this.#counters = counters;
    this.#budget = options.controlBurstBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(item: ControlItem): void {
    this.#items.push(item);
    this.#bytes += item.bytes.length;
    while (this.#bytes > this.#options.controlSendBytesMax) this.#drop('control-overflow');
  }

  /** The next item, if it may go now. */
  peek(now: number): ControlItem | undefined {
    for (let head = this.#items[0]; head !== undefined; head = this.#items[0]) {
      if (head.deadlineMs >= now) return this.#refilled(now) > 0 ? head : undefined;
      this.#drop('control-late');
    }
    return undefined;
  }

  take(): void {
    const item = this.#items.shift();
    this.#bytes -= item?.bytes.length ?? 0;
    this.#budget -= item?.bytes.length ?? 0;
    this.#counters.controlSent++;
  }

  /** When the budget allows what waits; Infinity if nothing waits. */
  get dueMs(): number {
    if (this.#items.length === 0) return Infinity;
    const perMs = this.#options.controlBytesPerSecond / 1000;
    return this.#budget > 0 ? this.#budgetAtMs : this.#budgetAtMs + (1 - this.#budget) / perMs;
  }

  clear(): void {
    this.#items.length = 0;
    this.#bytes = 0;
  }

  #refilled(now: number): number {
    const { controlBytesPerSecond, controlBurstBytes } = this.#options;
    const gained = (Math.max(0, now - this.#budgetAtMs) * controlBytesPerSecond) / 1000;
    this.#budget = Math.min(controlBurstBytes, this.#budget + gained);
    this.#budgetAtMs = now;
    return this.#budget;
  }

  #drop(cause: 'control-late' | 'control-overflow'): void {
    const item = this.#items.shift();
    this.#bytes -= item?.bytes.length ?? 0;
    this.#counters.drops[cause]++;
  }
}
