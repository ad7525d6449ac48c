// What the host tells its windows unasked, from wherever in it something happens. News that come while there is no window wait for one.
import type { HostEvent } from '../src/remote/host-face.ts';

/** News that wait; the oldest are dropped. */
const HELD_MAX = 100;

export class HostEvents {
  readonly #listeners = new Set<(event: HostEvent) => void>();
  /** Undefined while a window listens. */
  #held: HostEvent[] | undefined = [];

  tell(event: HostEvent): void {
    // What is set, a window asks for.
    if (this.#held !== undefined && event.kind !== 'settings') this.#held = [...this.#held, event].slice(-HELD_MAX);
    else for (const listener of this.#listeners) listener(event);
  }

  /** A line for the person. */
  trouble(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.tell({ kind: 'trouble', text: /[.!?]$/u.test(text) ? text : `${text}.` });
  }

  subscribe(listener: (event: HostEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A window listens now: it hears what it has missed. */
  heard(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) this.tell(event);
  }

  /** The last window is gone. */
  unheard(): void {
    this.#held ??= [];
  }
}
