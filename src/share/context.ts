// What the two halves of the share machine have in common: time, ports, and the ways out.
import type { ShareOptions } from './options.ts';
import type { ShareLinks, StoreOp, StoreResult } from './ports.ts';
import type { ShareEvent } from './views.ts';

export interface ShareContext {
  readonly options: ShareOptions;
  readonly links: ShareLinks;
  /** Monotonic, ms: the time of the call that is being handled. */
  now(): number;
  /** Wall clock, ms since 1970, at `now`. */
  wallMs(): number;
  /** Display name of a peer. */
  nameOf(peer: string): string;
  /** Asks the store; `then` runs when the result is handled. */
  store(op: StoreOp, then: (result: StoreResult) => void): void;
  emit(event: ShareEvent): void;
}

/** Something whose progress is told at the pace of progressMs. */
export interface Progressing {
  readonly running: boolean;
  tick(): void;
}
