// What is missing: gaps that nobody here can fill, how much older there is with others, and fetching some of that.
import type { Hlc } from '../wire/entry.ts';
import type { Chain, ChainKey } from './chains.ts';
import type { TalkContext } from './context.ts';
import { clip, holes, rangesCount, subtract, type Ranges } from './ranges.ts';
import type { EntryFacts } from './records.ts';
import type { Times } from './times.ts';
import type { GapView } from './views.ts';
import type { Wants } from './wants.ts';

/** Under way: where each chain began before, and how many entries came. */
interface More {
  readonly floors: ReadonlyMap<ChainKey, number>;
  readonly untilMs: number;
  came: number;
}

export class Counts {
  readonly #context: TalkContext;
  readonly #times: Times;
  readonly #wants: Wants;
  #atMs = Infinity;
  #lastMs = -Infinity;
  #gaps: readonly GapView[] = [];
  #older = 0;
  #more: More | undefined;

  constructor(context: TalkContext, times: Times, wants: Wants) {
    this.#context = context;
    this.#times = times;
    this.#wants = wants;
  }

  get gaps(): readonly GapView[] {
    return this.#gaps;
  }

  get nextMs(): number {
    return Math.min(this.#atMs, this.#more?.untilMs ?? Infinity);
  }

  /** Something has changed that counts. */
  touch(): void {
    const soonest = Math.max(this.#context.now(), this.#lastMs + this.#context.options.countMs);
    this.#atMs = Math.min(this.#atMs, soonest);
  }

  timeout(): void {
    const now = this.#context.now();
    if (now >= this.#atMs && this.#context.opened()) {
      this.#atMs = Infinity;
      this.#lastMs = now;
      this.#countOlder();
      this.#findGaps();
    }
    this.#settleMore();
  }

  /** Lowers the floor of every chain of which there is more. */
  more(): void {
    if (this.#more !== undefined) return;
    const { chains, options } = this.#context;
    const deep = [...chains.values()].filter((chain) => this.#olderThan(chain).length > 0);
    const share = Math.max(1, Math.ceil(options.historyMore / Math.max(1, deep.length)));
    const floors = new Map(deep.map(({ key, floor }) => [key, floor]));
    for (const chain of deep) {
      // What is to come may begin far below: the floor goes down by entries that there are, not by numbers.
      const older = this.#olderThan(chain);
      let left = share;
      for (let i = older.length - 1; i >= 0 && left > 0; i--) {
        const { first, last } = older[i] ?? { first: chain.floor, last: chain.floor };
        chain.floor = Math.max(first, last - left + 1);
        left -= last - chain.floor + 1;
      }
    }
    this.#more = { floors, untilMs: this.#context.now() + options.moreMs, came: 0 };
    this.#wants.look(floors.keys());
  }

  took(facts: readonly EntryFacts[]): void {
    for (const { author, chain, seq } of facts) {
      const floor = this.#more?.floors.get(`${author}/${chain}`);
      if (this.#more !== undefined && floor !== undefined && seq < floor) this.#more.came++;
    }
  }

  #settleMore(): void {
    const more = this.#more;
    if (more === undefined) return;
    const busy = [...more.floors.keys()].some((key) => this.#wants.busy(key));
    if (busy && this.#context.now() < more.untilMs) return;
    this.#more = undefined;
    this.#context.emit({ kind: 'more', entries: more.came });
    this.touch();
  }

  #olderThan({ key, floor, ranges, forked }: Chain): Ranges {
    if (floor <= 1 || forked) return [];
    return subtract(clip(this.#context.peers.claimed(key), 1, floor - 1), ranges);
  }

  #countOlder(): void {
    let older = 0;
    for (const chain of this.#context.chains.values()) older += rangesCount(this.#olderThan(chain));
    if (older === this.#older) return;
    this.#older = older;
    this.#context.emit({ kind: 'older', entries: older });
  }

  #findGaps(): void {
    const { chains, peers, options } = this.#context;
    const gaps: GapView[] = [];
    for (const chain of chains.values()) {
      const missing = holes(chain.ranges);
      if (missing.length === 0) continue;
      const claimed = peers.claimed(chain.key);
      for (const hole of missing) {
        const count = rangesCount(subtract([hole], claimed));
        if (count === 0 || gaps.length >= options.gapsMax) continue;
        const before = this.#createdOf(chain.key, hole.last + 1);
        if (before === undefined) continue;
        const { author } = chain;
        // A chain bears the id of its room: the pool's own, or the whisper's.
        gaps.push({ author, name: this.#context.nameOf(author), room: chain.chain, count, before });
      }
    }
    if (JSON.stringify(gaps) === JSON.stringify(this.#gaps)) return;
    this.#gaps = gaps;
    this.#context.emit({ kind: 'gaps', gaps });
  }

  #createdOf(key: ChainKey, seq: number): Hlc | undefined {
    let created: Hlc | undefined;
    let late = false;
    this.#times.of(key, seq, (time) => {
      created = time;
      if (late) this.touch();
    });
    late = true;
    return created;
  }
}
