// What a Pool tells those who show it or act on it: plain data, safe to keep, safe to print.
import type { ShareEvent } from '../share/views.ts';

export type { OfferView, TransferView } from '../share/views.ts';

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
  | ShareEvent;
