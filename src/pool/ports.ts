// What goes into a Pool machine and what comes out of it. Transports have numbers; the driver makes them real.
import type { DeviceKeys } from '../keys/identity.ts';
import type { LinkOptions } from '../link/options.ts';
import type { ShareOptions } from '../share/options.ts';
import type { StoreOp, StoreResult } from '../share/ports.ts';
import type { TalkOptions } from '../talk/options.ts';
import type { TalkOp, TalkResult } from '../talk/ports.ts';
import type { ClientMessage, IceServer, ServerMessage, Signal } from '../wire/signaling.ts';
import type { ControlFrame } from './control.ts';
import type { PoolOptions } from './options.ts';
import type { DeviceKind, PeerId, PoolEvent } from './views.ts';

/** What a device shows of itself. */
export type OwnKeys = Pick<DeviceKeys, 'id' | 'signKey' | 'agreeKey'>;

/** Work for keys: signing with this device's own, or checking what another signed (src/keys/identity.ts). */
export type KeyOp =
  | { readonly op: 'sign'; readonly label: string; readonly bytes: Uint8Array }
  | {
      readonly op: 'verify';
      /** Ed25519, 32 bytes. */
      readonly key: Uint8Array;
      readonly label: string;
      readonly bytes: Uint8Array;
      readonly signature: Uint8Array;
    };

export type KeyResult =
  { readonly op: 'sign'; readonly signature: Uint8Array } | { readonly op: 'verify'; readonly holds: boolean };

export interface PoolSetup {
  readonly pool: string;
  readonly keys: OwnKeys;
  readonly name: string;
  readonly device: DeviceKind;
  /** Whether the server wants a ticket with each join: then one is asked for each time. */
  readonly ticketed?: boolean;
  /** `n` bytes from a CSPRNG. */
  readonly random: (n: number) => Uint8Array;
  /** Wall clock minus monotonic clock, ms. */
  readonly wallOffsetMs: number;
  /** All links go through a TURN server or not at all. Default false. */
  readonly relayOnly?: boolean;
  readonly options?: {
    readonly pool?: Partial<PoolOptions>;
    readonly link?: Partial<LinkOptions>;
    readonly share?: Partial<ShareOptions>;
    readonly talk?: Partial<TalkOptions>;
  };
}

export type PoolInput =
  | { readonly kind: 'backhaul-open' }
  | { readonly kind: 'backhaul-closed' }
  /** This device has another name, a clean one: the server tells the others, and nothing else changes. */
  | { readonly kind: 'renamed'; readonly name: string }
  /** What was asked for; undefined: there is none to be had now. */
  | { readonly kind: 'ticket'; readonly ticket: string | undefined }
  | { readonly kind: 'server'; readonly message: ServerMessage }
  | { readonly kind: 'transport-signal'; readonly transport: number; readonly signal: Signal }
  | { readonly kind: 'transport-open'; readonly transport: number; readonly path: 'direct' | 'relayed' }
  | { readonly kind: 'transport-closed'; readonly transport: number }
  | { readonly kind: 'datagram'; readonly transport: number; readonly bytes: Uint8Array }
  | { readonly kind: 'key-done'; readonly id: number; readonly result: KeyResult }
  | { readonly kind: 'stored'; readonly id: number; readonly result: StoreResult }
  | { readonly kind: 'talked'; readonly id: number; readonly result: TalkResult }
  | { readonly kind: 'timeout' };

export type PoolOutput =
  | { readonly kind: 'backhaul'; readonly message: ClientMessage }
  /** A ticket is wanted to join with: a fresh one, for each is good for one join. */
  | { readonly kind: 'ticket' }
  | {
      readonly kind: 'transport-create';
      readonly transport: number;
      readonly initiator: boolean;
      readonly iceServers: readonly IceServer[];
      readonly relayOnly: boolean;
    }
  | { readonly kind: 'transport-signal'; readonly transport: number; readonly signal: Signal }
  | { readonly kind: 'transport-close'; readonly transport: number }
  /** The bytes hold until the next call to the machine. */
  | { readonly kind: 'datagram'; readonly transport: number; readonly bytes: Uint8Array }
  | { readonly kind: 'key'; readonly id: number; readonly op: KeyOp }
  | { readonly kind: 'store'; readonly id: number; readonly op: StoreOp }
  /** Work for the keeper of the conversation (src/io/keeper.ts). */
  | { readonly kind: 'talk'; readonly id: number; readonly op: TalkOp }
  /** A control datagram of the application's own. */
  | { readonly kind: 'application'; readonly peer: PeerId; readonly schema: number; readonly bytes: Uint8Array }
  /** A frame of a control stream, to be acted on now. */
  | { readonly kind: 'control'; readonly frame: ControlFrame }
  | { readonly kind: 'event'; readonly event: PoolEvent };
