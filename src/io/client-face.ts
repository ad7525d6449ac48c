// What an app has of a client: what it gives to make one, and PoolClientFace, which src/client.ts does.
import type { ControlStream, ControlStreamOptions } from './control-streams.ts';
import type { DeviceKeys } from '../keys/identity.ts';
import type { Report } from '../keys/report.ts';
import type { SendResult } from '../link/outputs.ts';
import type { PoolSetup } from '../pool/pool.ts';
import type { DeviceKind, OfferView, PeerId, PeerView, PoolEvent, PoolStats, TransferView } from '../pool/views.ts';
import type { ShareRates } from '../share/share.ts';
import type { EntryId } from '../wire/entry.ts';
import type { DatagramSchema, SchemaRegistry } from '../wire/registry.ts';
import type { Account } from '../wire/talk.ts';
import type { Store } from './store.ts';
import type { SayOptions, TalkFace, TalkHistory } from './talk-face.ts';
import type { TalkStore } from './talk-store.ts';
import type { TransportFactory } from './transport.ts';

/** What differs between a browser and Node. */
export interface Platform<Source> {
  readonly transport: TransportFactory;
  readonly store: Store<Source>;
  /** Opens the backhaul's websocket; the browser's own `WebSocket` or the one of `ws`. */
  readonly webSocket: (url: string) => WebSocket;
  /** A small picture of an offered file by its key in the store; undefined if it has none. */
  readonly thumbnail?: (key: string) => Promise<Uint8Array | undefined>;
  /** Where conversations are kept; without, in memory and for as long as the client lives. */
  readonly talk?: TalkStore;
}

export interface PoolClientOptions<Source> {
  /** `ws://` or `wss://`, path `/ws`. Where it may change: a way to ask, with each join. */
  readonly server: string | (() => string);
  readonly name: string;
  readonly device: DeviceKind;
  /** Who this device is. No two clients may use the same at one time. */
  readonly keys: DeviceKeys;
  /** Whose device it is, if it was linked to somebody's; to be kept with the keys. */
  readonly account?: Account | undefined;
  /** It has been linked to another device: what is to be given as `account` from now on. */
  readonly onAccount?: (account: Account) => void;
  /** Where the server wants one: a ticket that lets this device into `pool` now (docs/hooks.md); asked for each time it joins. */
  readonly ticket?: (pool: string) => Promise<string>;
  readonly platform: Platform<Source>;
  /** All links go through the server's TURN server or not at all: others learn no address of this device. Default false. */
  readonly relayOnly?: boolean;
  /** Limits and timeouts of the machines, where the defaults will not do. */
  readonly limits?: PoolSetup['options'];
}

/** What an Error says that is thrown by whatever takes a pool to be in. */
export const NO_POOL = 'This device is in no pool: join one first.';

export interface PoolClientFace<Source> {
  /** Every event from now on, in order. Returns the way to stop. */
  subscribe(listener: (event: PoolEvent) => void): () => void;
  /**
   * Statistics of every link, once a second and before leaving for as long as somebody listens, from one pool to the
   * next. Those who subscribed hear them meanwhile too, as `stats` events. Returns the way to stop.
   */
  stats(listener: (stats: PoolStats) => void): () => void;
  /** The time on the pool's clock, the same for everyone in it, ms since 1970. Outside a pool this device's own. */
  readonly poolTimeMs: number;
  /**
   * Opens a control stream: inputs sampled at a fixed rate (or only listened to), surfaced in time or not at all. It goes
   * on from one pool to the next. Throws a RangeError on an option out of range, an Error on a stream that is open.
   */
  control<Up, Down = never>(options: ControlStreamOptions<Up, Down>): ControlStream<Down>;
  /**
   * Control datagrams of the application's own: small, at once, once only (docs/datagrams.md). Whatever another member sends
   * under a schema of `registry` reaches `listener`; what cannot be read is dropped.
   */
  datagrams<D extends { readonly name: string; readonly value: unknown }>(
    registry: SchemaRegistry<D>,
    listener: (peer: PeerId, datagram: D) => void,
  ): Datagrams;
  readonly peers: readonly PeerView[];
  readonly offers: readonly OfferView[];
  readonly transfers: readonly TransferView[];
  /** Joins `pool` (a normalized code), leaving the one it is in. Resolves with `joined`; rejects with why not. */
  join(pool: string): Promise<void>;
  leave(): Promise<void>;
  /**
   * Calls this device `name` from now on, in this pool at once, and nothing that goes on is interrupted. Resolves once the
   * conversation has it; rejects with a RangeError on a name with nothing to show or too long, or with a TalkError.
   */
  rename(name: string): Promise<void>;
  /** What is said in this pool, by whom, and who may read it. */
  readonly talk: TalkFace;
  /** What was said in all pools, as far as it is kept. */
  readonly talkHistory: TalkHistory;
  /** Says `text` in the pool's own room: see `TalkFace.say`. */
  say(text: string, options?: SayOptions): Promise<EntryId>;
  /** Signs, as this device, what is reported of this pool to a server. `evidence`: see `TalkFace.evidence`. */
  signReport(report: Omit<Report, 'pool'>): Promise<SignedReport>;
  /**
   * Offers up to 500 files and folders to everyone, those who come later too, or to some devices alone, and says so in the
   * conversation: there it stays once this device is gone. Resolves to the offer's id. Rejects with a StoreError, or an Error if this device left the pool meanwhile; none of them stays in the store then.
   */
  offer(sources: readonly Source[], options?: OfferOptions): Promise<string>;
  /** `files`: numbers of those to take (OfferFileView); without, all. */
  accept(offer: string, files?: readonly number[]): void;
  decline(offer: string): void;
  /**
   * Own offer: stops its transfers, and takes back what tells of it. Whoever has that, at once or later, has nothing
   * unfinished of the offer any more. Rejects with a TalkError if it stays in the conversation.
   */
  withdraw(offer: string): Promise<void>;
  /** Ends one transfer, either direction; what was received of it is removed. */
  cancel(transfer: string): void;
  /** Of what is received: asks for nothing more of it until `resume`. */
  pause(transfer: string): void;
  resume(transfer: string): void;
  /** Takes a file again whose transfer ended otherwise than verified, as long as its offer stands. */
  retry(transfer: string): void;
  /** Reads a verified file back and hashes it once more; costs reading all of it. `TransferView.recheck` tells how far it is. */
  recheck(transfer: string): void;
  /** Puts a transfer at a place in the order of receiving; 0 is first. */
  move(transfer: string, place: number): void;
  /** Limits this device's rates, from one pool to the next; what is undefined has none. Throws a RangeError on 0 and below. */
  limit(rates: ShareRates): void;
  /** Resolves when all that was said has arrived at whoever is here, or three seconds have passed. */
  settled(): Promise<void>;
  /** Leaves when all that was said has arrived (`settled`), and lets go of everything. */
  close(): Promise<void>;
}

export interface OfferOptions {
  /**
   * For these devices alone, here or away; at least one. Nobody else hears of it, and none of them passes it on. A person who
   * has several wants it on any of them: name them all.
   */
  readonly to?: readonly PeerId[] | undefined;
  /** What told of it when it was offered before (`OfferView.entry`): it is not told anew, unless that was taken back. */
  readonly before?: EntryId | undefined;
}

/** See `PoolClient.datagrams`. */
export interface Datagrams {
  /**
   * To `to`, or to everyone. After `deadlineMs` (from now) it is of no use, and is dropped where it is. `dropped`: nobody was
   * there to take it. Throws what the schema throws, a RangeError on a value that is too large or a schema that is not in the registry.
   */
  send<T>(
    schema: DatagramSchema<T>,
    value: T,
    options: { readonly deadlineMs: number; readonly to?: PeerId },
  ): SendResult;
  stop(): void;
}

/** See `PoolClient.signReport`. */
export interface SignedReport {
  /** Normalized code. */
  readonly pool: string;
  /** This device's Ed25519 key, 32 bytes. */
  readonly signKey: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}
