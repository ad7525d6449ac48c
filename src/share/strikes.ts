// Who sent what was proven wrong. Loss and slowness never count: only bytes that the store hashed to something else than the
// offering device had announced.
import type { ShareContext } from './context.ts';
import type { Evidence } from './views.ts';

export class Strikes {
  readonly #context: ShareContext;
  readonly #evidence = new Map<string, Evidence[]>();

  constructor(context: ShareContext) {
    this.#context = context;
  }

  /** Asked no more while this pool lasts, whatever it does. */
  struck(peer: string): boolean {
    return (this.#evidence.get(peer)?.length ?? 0) >= this.#context.options.strikesMax;
  }

  add(peer: string, evidence: Evidence): void {
    if (this.struck(peer)) return;
    const all = [...(this.#evidence.get(peer) ?? []), evidence];
    this.#evidence.set(peer, all);
    if (!this.struck(peer)) return;
    this.#context.emit({ kind: 'struck', peer, peerName: this.#context.nameOf(peer), evidence: all });
  }
}
