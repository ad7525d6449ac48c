// What this window knows of its host, and what it asks of the person over every screen.
import { signal, type Signal } from '@preact/signals';
import type { HostAbout, HostSettings } from '../../src/remote/host-face.ts';

/** Undefined until the host has said it. */
export const about: Signal<HostAbout | undefined> = signal<HostAbout | undefined>(undefined);
export const hostSettings: Signal<HostSettings | undefined> = signal<HostSettings | undefined>(undefined);
/** The host does not answer; this window tries again and again. */
export const lost: Signal<boolean> = signal(false);
/** A pool whose link was opened while this device is in another one. */
export const linked: Signal<string | undefined> = signal<string | undefined>(undefined);

/** A pool that wants its passphrase. */
export const door: Signal<{ readonly pool: string; readonly wrong: boolean } | undefined> = signal<
  { readonly pool: string; readonly wrong: boolean } | undefined
>(undefined);
/** The pool that this window asked the host to join last. */
export const asked: Signal<string | undefined> = signal<string | undefined>(undefined);

/** What the chooser is open for. */
export interface Choosing {
  readonly title: string;
  /** `folder`: one folder, for the host's own use. */
  readonly mode: 'things' | 'folder';
  /** Where it begins; '' for the first of the places. */
  readonly folder: string;
  /** Called with what was chosen; not at all if it is closed. */
  readonly onChosen: (paths: readonly string[]) => void;
}

export const choosing: Signal<Choosing | undefined> = signal<Choosing | undefined>(undefined);
