// When entries were created that are not at hand: read back through the keeper, and remembered within a bound.
import { decodeEntry, type Hlc } from '../wire/entry.ts';
import type { ChainKey } from './chains.ts';
import type { TalkContext } from './context.ts';
import type { EntryFacts } from './records.ts';

export class Times {
  readonly #context: TalkContext;
  readonly #known = new Map<string, Hlc>();
  readonly #waiting = new Map<string, ((created: Hlc) => void)[]>();

  constructor(context: TalkContext) {
    this.#context = context;
  }

  learn(facts: readonly EntryFacts[]): void {
    for (const { author, chain, seq, created } of facts) this.#put(`${author}/${chain}/${seq}`, created);
  }

  #put(id: string, created: Hlc): void {
    this.#known.delete(id);
    this.#known.set(id, created);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size > this.#context.options.timesMax) this.#known.delete(oldest);
  }

  /** `then` runs at once or when it was read; never if that entry is not here after all. */
  of(key: ChainKey, seq: number, then: (created: Hlc) => void): void {
    const id = `${key}/${seq}`;
    const known = this.#known.get(id);
    if (known !== undefined) return then(known);
    const waiting = this.#waiting.get(id);
    if (waiting !== undefined) {
      waiting.push(then);
      return;
    }
    if (this.#waiting.size >= this.#context.options.lookupsMax) return;
    this.#waiting.set(id, [then]);
    const [author = '', chain = ''] = key.split('/');
    this.#context.keep(
      { op: 'give', author, chain, range: { first: seq, last: seq } },
      {
        done: (entries) => {
          const all = this.#waiting.get(id) ?? [];
          this.#waiting.delete(id);
          const created = entries[0] === undefined ? undefined : decodeEntry(entries[0])?.created;
          if (created === undefined) return;
          this.#put(id, created);
          for (const each of all) each(created);
        },
        failed: () => this.#waiting.delete(id),
      },
    );
  }
}
