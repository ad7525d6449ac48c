// What the parts of the share machine have in common: time, ports, numbers, and the ways out.
import type { ShareOptions } from './options.ts';
import type { ShareLinks, StoreOp, StoreResult } from './ports.ts';
import type { ShareEvent } from './views.ts';

export interface ShareContext {
  readonly options: ShareOptions;
  readonly links: ShareLinks;
  /** This device's id. */
  readonly self: string;
  /** Monotonic, ms: the time of the call that is being handled. */
  now(): number;
  /** Wall clock, ms since 1970, at `now`. */
  wallMs(): number;
  /** Display name of a peer. */
  nameOf(peer: string): string;
  /** The next of this device's numbers, u32: for its offers, and for every file it serves. */
  number(): number;
  /** Asks the store; `then` runs when the result is handled. */
  store(op: StoreOp, then: (result: StoreResult) => void): void;
  emit(event: ShareEvent): void;
}
