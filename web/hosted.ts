// Whether this page is the window of a host (desktop/), which is its client, and what such a window has that a browser has not. All
// of that comes as a chunk of its own; these are the places where screens ask for it.
import type { ComponentType } from 'preact';
import type { Audience } from './audience.ts';

/** The host serves its page with a mark. */
export const isHosted = (): boolean => globalThis.document?.documentElement.dataset['host'] !== undefined;

/** Where choices are kept: the browser's storage, or its host's. */
export type Shelf = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** What earlier windows of this host kept, as the page was served with it; what this one keeps is passed on (HostFace.keep). */
class HostShelf implements Shelf {
  readonly #texts: Map<string, string>;
  readonly #unsent = new Set<string>();
  #keep: ((key: string, text: string) => void) | undefined;

  constructor(texts: Readonly<Record<string, string>>) {
    this.#texts = new Map(Object.entries(texts));
  }

  getItem(key: string): string | null {
    return this.#texts.get(key) ?? null;
  }

  setItem(key: string, text: string): void {
    this.#texts.set(key, text);
    this.#unsent.add(key);
    this.#send();
  }

  removeItem(key: string): void {
    this.#texts.delete(key);
    this.#unsent.add(key);
    this.#send();
  }

  /** How to reach the host from now on; what was kept meanwhile goes there now. */
  passTo(keep: ((key: string, text: string) => void) | undefined): void {
    this.#keep = keep;
    this.#send();
  }

  #send(): void {
    if (this.#keep === undefined) return;
    for (const key of this.#unsent) this.#keep(key, this.#texts.get(key) ?? '');
    this.#unsent.clear();
  }
}

/** Undefined in a browser. */
export const hostShelf: HostShelf | undefined = isHosted()
  ? new HostShelf(JSON.parse(document.documentElement.dataset['kept'] ?? '{}'))
  : undefined;

export interface HostParts {
  /** Once, as soon as it is there: keeps this window at its host from then on. */
  readonly begin: () => void;
  /** Over every screen. */
  readonly Layer: ComponentType;
  /** On the start screen: by way of which server. */
  readonly ServerField: ComponentType<{ readonly disabled: boolean }>;
  /** Whether `pool` can be joined: false if the server is missing or makes no sense, which is said beside its field. */
  readonly serverReady: (pool: string) => Promise<boolean>;
  /** What was typed, pasted or followed may be a whole link: then its pool is at that server. */
  readonly brings: (text: string, pool: string) => void;
  /** In the settings, in place of what only a browser has. */
  readonly Settings: ComponentType;
  /** For what has arrived. */
  readonly ShowInFolder: ComponentType<{ readonly location: string; readonly describedBy?: string }>;
  /** Opens the chooser; what is chosen is shared with `to`. */
  readonly choose: (to: Audience) => void;
  /** To be called while their events are dispatched. */
  readonly takeDropped: (data: DataTransfer, to: Audience) => void;
  readonly takePasted: (data: DataTransfer, to: Audience) => void;
  /** True if closing this window interrupts what is under way. */
  readonly endsWithWindow: () => boolean;
}
