// What a host does for its window besides being its client: real paths, and whatever outlives the window. The host is desktop/;
// a window reaches it through remote-host.ts. Paths are absolute, in the host's own notation.
import type { HistoryRecord } from '../io/history.ts';
import type { PeerId } from '../pool/views.ts';

/** Something on the host's disk, looked at before it is offered. */
export interface HostPath {
  readonly path: string;
  /** The last component: what others see. */
  readonly name: string;
  /** Of a folder: of all files in it. */
  readonly bytes: number;
  /** ms since 1970. */
  readonly modifiedMs: number;
  /** `leftOut`: links, devices, pipes and sockets, which are not sent. Undefined for a file. */
  readonly folder?: { readonly files: number; readonly folders: number; readonly leftOut: number };
}

/** One line of the chooser. */
export interface ListedPath {
  readonly path: string;
  readonly name: string;
  readonly kind: 'file' | 'folder';
  /** 0 for a folder. */
  readonly bytes: number;
  /** ms since 1970. */
  readonly modifiedMs: number;
}

export interface Listing {
  readonly folder: string;
  /** Undefined at a root. */
  readonly parent: string | undefined;
  /** Folders first, then by name; LISTED_MAX at most. */
  readonly entries: readonly ListedPath[];
  /** More lie there than `entries` has. */
  readonly cut: boolean;
}

export interface HostAbout {
  readonly version: string;
  /** The server's app as people open it, without a slash at its end; '' until one was named. */
  readonly server: string;
  /** This device's name. */
  readonly name: string;
  /** The pool this device is in or on its way to; undefined outside of one. */
  readonly pool: string | undefined;
  /** Where to begin choosing: the person's folder, and those a system has for documents, pictures and such, as far as they exist. */
  readonly places: readonly { readonly name: string; readonly path: string }[];
  /** The window can tell where dropped files lie (HostFace.dropped). */
  readonly tellsDropped: boolean;
}

export interface HostSettings {
  /** Received files go there. */
  readonly into: string;
  /** Folders whose content is offered as it comes, by pool. */
  readonly watched: Readonly<Record<string, string>>;
  /** The host goes on when its window is closed. */
  readonly background: boolean;
}

/** An offer of an earlier time that can be made again. */
export interface HostOffer {
  readonly id: string;
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  /** When it was offered, ms since 1970. */
  readonly atMs: number;
  readonly to?: readonly PeerId[];
}

/** What the host tells unasked. */
export type HostEvent =
  | { readonly kind: 'settings'; readonly settings: HostSettings }
  /** Something that was on offer is not any more, and why: a sentence's subject is the name. */
  | { readonly kind: 'lapsed'; readonly name: string; readonly why: 'gone' | 'changed' }
  /** A door of the server's does not let this device into `pool`: `code` as AccountProblem has it. */
  | { readonly kind: 'door'; readonly pool: string; readonly code: string; readonly message: string }
  /** A line for the person: something went wrong that no call is waiting for. */
  | { readonly kind: 'trouble'; readonly text: string }
  /** A link was opened with the app: a pool link, whole. */
  | { readonly kind: 'link'; readonly link: string };

/** Rejects with a HostError, everywhere. */
export interface HostFace {
  about(): Promise<HostAbout>;
  /** Every event from now on. Returns the way to stop. */
  subscribe(listener: (event: HostEvent) => void): () => void;
  /** From the next join on. `server`: an address as people open it, or a whole pool link. */
  useServer(server: string): Promise<void>;
  /** Shown at the door of `pool` from now on, until the host ends. */
  show(pool: string, shown: { readonly passphrase?: string; readonly invitation?: string }): Promise<void>;

  /**
   * What a page would keep in its browser's storage, which is another's at the host's next start: its address is another then. The
   * next page finds it on itself (`data-kept` of <html>, JSON). '' removes it. `refused` beyond KEPT_MAX texts of KEPT_LETTERS_MAX.
   */
  keep(key: string, text: string): Promise<void>;

  settings(): Promise<HostSettings>;
  change(settings: Partial<HostSettings>): Promise<void>;

  /** What lies in `folder`; '' for the first of the places. */
  list(folder: string, hidden: boolean): Promise<Listing>;
  makeFolder(parent: string, name: string): Promise<string>;
  /** What lies there now, folders walked: as it would be offered. */
  look(paths: readonly string[]): Promise<readonly HostPath[]>;
  /** Where the files lie that were dropped on this window last, in their order; where `HostAbout.tellsDropped`. */
  dropped(): Promise<readonly string[]>;
  /** Shows a received or offered file in the system's file manager. Only what this host received or offers. */
  reveal(path: string): Promise<void>;

  history: {
    list(query: string, limit: number, beforeMs?: number): Promise<readonly HistoryRecord[]>;
    remove(ids: readonly string[]): Promise<void>;
    clear(): Promise<void>;
  };
  /** What was offered before and lies there unchanged, newest first. */
  offers(): Promise<readonly HostOffer[]>;
}

export type HostErrorCode = 'unreadable' | 'refused' | 'not-here' | 'store-failed' | 'gone';

export class HostError extends Error {
  readonly code: HostErrorCode;
  constructor(code: HostErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HostError';
    this.code = code;
  }
}

/** Texts that a page keeps, and letters of each and of its key. */
export const KEPT_MAX = 32;
export const KEPT_LETTERS_MAX = 16_384;

/** Entries of one Listing. */
export const LISTED_MAX = 5_000;
