// What a Pool tells those who show it or act on it: plain data, safe to keep, safe to print.
import type { EndCode } from '../wire/codes.ts';

/** 32 hex digits: the first 16 bytes of the SHA-256 of the device's secret. */
export type PeerId = string;
export type DeviceKind = 'browser' | 'terminal' | 'desktop';
export const DEVICE_KINDS: readonly DeviceKind[] = ['browser', 'terminal', 'desktop'];

export interface PeerView {
  readonly id: PeerId;
  readonly name: string;
  readonly device: DeviceKind;
  /** `connecting` until the link is up, and again while a lost one is being rebuilt. */
  readonly path: 'connecting' | 'direct' | 'relayed';
}

export interface MessageView {
  /** Unique in this pool: `peer/seq`. */
  readonly id: string;
  readonly from: PeerId;
  readonly name: string;
  readonly own: boolean;
  readonly text: string;
  readonly sentMs: number;
}

/** One file to or from one peer. */
export interface TransferView {
  /** Unique on this device while it runs. */
  readonly id: string;
  /** The offer it belongs to; several transfers may share one. */
  readonly offer: string;
  readonly direction: 'in' | 'out';
  readonly peer: PeerId;
  readonly peerName: string;
  readonly name: string;
  readonly bytes: number;
  /** In: verified and stored. Out: acknowledged by the peer. */
  readonly doneBytes: number;
  /** Smoothed; 0 while nothing moves. */
  readonly bytesPerSecond: number;
  readonly state: 'offered' | 'running' | 'ended';
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
  readonly from: PeerId;
  readonly name: string;
  readonly own: boolean;
  readonly atMs: number;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  /** `open` until answered (in) or withdrawn (out). */
  readonly state: 'open' | 'accepted' | 'declined' | 'withdrawn';
}

export type PoolEvent =
  | { readonly kind: 'joined'; readonly pool: string; readonly self: PeerId; readonly peers: readonly PeerView[] }
  /** The way to the server; links live on without it. `waiting` counts down `retryMs` to the next try. */
  | { readonly kind: 'backhaul'; readonly state: 'connecting' | 'open' }
  | { readonly kind: 'backhaul'; readonly state: 'waiting'; readonly retryMs: number; readonly reason: string }
  /** This device is out of the pool: it left, or the server refused it with a code. */
  | { readonly kind: 'left'; readonly pool: string; readonly reason: string }
  | { readonly kind: 'peer-joined'; readonly peer: PeerView }
  | { readonly kind: 'peer-changed'; readonly peer: PeerView }
  | { readonly kind: 'peer-left'; readonly peer: PeerView }
  | { readonly kind: 'message'; readonly message: MessageView }
  | { readonly kind: 'offer'; readonly offer: OfferView }
  /** A transfer began, moved (at most 4 a second), or ended. */
  | { readonly kind: 'transfer'; readonly transfer: TransferView };
