// What sharing tells those who show it: plain data, safe to keep.
import type { EndCode } from '../wire/codes.ts';

/** One file to or from one peer. */
export interface TransferView {
  /** Unique on this device while it runs. */
  readonly id: string;
  /** The offer it belongs to; several transfers may share one. */
  readonly offer: string;
  readonly direction: 'in' | 'out';
  readonly peer: string;
  readonly peerName: string;
  readonly name: string;
  readonly bytes: number;
  /** In: verified and stored. Out: acknowledged by the peer. */
  readonly doneBytes: number;
  /** Smoothed while it runs, the average once it has ended; 0 while nothing moves. */
  readonly bytesPerSecond: number;
  readonly state: 'running' | 'ended';
  /** Only when `ended`. `verified` is the one good end. */
  readonly end?: EndCode;
  /** In and `verified`: where the store put it. */
  readonly location?: string;
  /** From acceptance to the end (or until now), seconds. */
  readonly seconds: number;
}

/** Files offered together. Own offers go to all who are there and all who come; `from` is then this device. */
export interface OfferView {
  readonly id: string;
  readonly from: string;
  readonly name: string;
  readonly own: boolean;
  /** Wall clock, ms since 1970, when it was made or arrived. */
  readonly atMs: number;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  /** `open` until answered (in) or withdrawn (out). `withdrawn` also when its device left. */
  readonly state: 'open' | 'accepted' | 'declined' | 'withdrawn';
}

export type ShareEvent =
  | { readonly kind: 'offer'; readonly offer: OfferView }
  /** A transfer began, moved (at most 4 a second), or ended. */
  | { readonly kind: 'transfer'; readonly transfer: TransferView };
