// What sharing tells those who show it: plain data, safe to keep.
import type { EndCode } from '../wire/codes.ts';
import type { EntryId } from '../wire/entry.ts';
import type { FolderFacts } from './ports.ts';

/** Somebody a file comes from. */
export interface SourceView {
  readonly peer: string;
  readonly peerName: string;
  readonly bytesPerSecond: number;
  /** Verified bytes that came from there. */
  readonly bytes: number;
  /** Chunks from there that were proven wrong. */
  readonly wrongChunks: number;
}

/**
 * What holds a running transfer back. source: who has it reads or hashes too slowly, or is not there; path: the network;
 * disk: our store takes longer than the network; cap: the limit that was set here.
 */
export type TransferLimit = 'source' | 'path' | 'disk' | 'cap';

/** A second look at what is stored: read back and hashed once more. */
export interface RecheckView {
  readonly doneBytes: number;
  /** Chunks that are not what they were when they were verified, or cannot be read. */
  readonly wrongChunks: number;
  readonly done: boolean;
  readonly seconds: number;
}

/** One file or folder to or from a peer. */
export interface TransferView {
  /** Unique on this device. */
  readonly id: string;
  /** The offer it belongs to; several transfers may share one. */
  readonly offer: string;
  readonly direction: 'in' | 'out';
  /** Out: who receives. In: who offered; others may serve it as well. */
  readonly peer: string;
  readonly peerName: string;
  readonly name: string;
  readonly bytes: number;
  /** In: verified and stored. Out: acknowledged by the peer. */
  readonly doneBytes: number;
  /** In: of `doneBytes`, what an earlier transfer had left here. */
  readonly keptBytes: number;
  /** Smoothed while it runs, the average once it has ended; 0 while nothing moves. */
  readonly bytesPerSecond: number;
  /** queued: waits its turn. waiting: nobody who has the rest is here. */
  readonly state: 'queued' | 'running' | 'paused' | 'waiting' | 'ended';
  /** Only when `ended`. `verified` is the one good end. */
  readonly end?: EndCode;
  /** In and `verified`: where the store put it. */
  readonly location?: string;
  /** From acceptance to the end (or until now), seconds. */
  readonly seconds: number;
  readonly folder?: FolderFacts;
  /** In: where it comes from at present, and has come from. */
  readonly sources: readonly SourceView[];
  /** Only when `running`. */
  readonly limit?: TransferLimit;
  /** In and `verified`, once it was asked for. */
  readonly recheck?: RecheckView;
}

export interface OfferFileView {
  /** Names the file in this offer, for a partial acceptance. */
  readonly number: number;
  readonly name: string;
  readonly bytes: number;
  readonly folder?: FolderFacts;
  /** A small picture, WebP or PNG or JPEG; comes a moment after the offer. */
  readonly thumbnail?: Uint8Array;
}

/** Files offered together. Own ones go to all who are there and all who come, or to those of `to`; `from` is then this device. */
export interface OfferView {
  readonly id: string;
  readonly from: string;
  readonly name: string;
  readonly own: boolean;
  /** Wall clock, ms since 1970, when it was made or arrived. */
  readonly atMs: number;
  readonly files: readonly OfferFileView[];
  /** For chosen devices alone. */
  readonly private: boolean;
  /** Own and private: the devices. */
  readonly to?: readonly string[];
  /** The entry of the conversation that tells of it. Its retract withdraws the offer. */
  readonly entry?: EntryId;
  /** `open` until answered (in) or withdrawn (out). `withdrawn` also when its device left. */
  readonly state: 'open' | 'accepted' | 'declined' | 'withdrawn';
}

export type ShareEvent =
  | { readonly kind: 'offer'; readonly offer: OfferView }
  /** A transfer began, moved (at most 4 a second), or ended. */
  | { readonly kind: 'transfer'; readonly transfer: TransferView }
  /** A peer's third chunk was proven wrong: it is asked no more while this pool lasts. */
  | {
      readonly kind: 'struck';
      readonly peer: string;
      readonly peerName: string;
      readonly evidence: readonly Evidence[];
    };

/** One chunk that a peer sent and that was not what the offering device had announced. */
export interface Evidence {
  readonly origin: string;
  readonly transfer: number;
  readonly chunk: number;
  /** Announced by `origin`. */
  readonly sha256: Uint8Array;
  /** Wall clock, ms since 1970. */
  readonly atMs: number;
}
