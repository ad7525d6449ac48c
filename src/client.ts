// PoolClient: the promise-and-event face of a pool, for the app, the terminal peer and embedders.
import type { Store } from './io/store.ts';
import type { TransportFactory } from './io/transport.ts';
import type { DeviceKind, PoolEvent, PeerView, TransferView, OfferView } from './pool/views.ts';

export type { PoolEvent, PeerView, TransferView, OfferView, MessageView, PeerId, DeviceKind } from './pool/views.ts';

/** What differs between a browser and Node. */
export interface Platform<Source> {
  readonly transport: TransportFactory;
  readonly store: Store<Source>;
  /** Opens the backhaul's websocket; the browser's own `WebSocket` or the one of `ws`. */
  readonly webSocket: (url: string) => WebSocket;
}

export interface PoolClientOptions<Source> {
  /** `ws://` or `wss://`, path `/ws`. */
  readonly server: string;
  readonly name: string;
  readonly device: DeviceKind;
  /** 32 random bytes that make the device's id; kept by a browser tab over a reload. */
  readonly secret: Uint8Array;
  readonly platform: Platform<Source>;
}

export interface PoolClientFace<Source> {
  /** Every event from now on, in order. Returns the way to stop. */
  subscribe(listener: (event: PoolEvent) => void): () => void;
  readonly peers: readonly PeerView[];
  readonly offers: readonly OfferView[];
  readonly transfers: readonly TransferView[];
  /** Joins `pool` (a normalized code), leaving the one it is in. Resolves with `joined`; rejects with why not. */
  join(pool: string): Promise<void>;
  leave(): Promise<void>;
  /** Says `text` (1 to 8,192 characters) to everyone. Throws on another length or outside a pool. */
  say(text: string): void;
  /** Offers files to everyone, those who come later too. Resolves to the offer's id. Rejects with a StoreError. */
  offer(sources: readonly Source[]): Promise<string>;
  accept(offer: string): void;
  decline(offer: string): void;
  /** Own offer: withdraws it and stops its transfers. */
  withdraw(offer: string): void;
  /** Stops one transfer, either direction. */
  cancel(transfer: string): void;
  /** Leaves and lets go of everything. */
  close(): Promise<void>;
}
