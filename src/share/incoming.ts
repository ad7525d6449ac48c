// Others' offers and what was accepted of them, as plain records; and how they look to people.
import type { EndCode } from '../wire/codes.ts';
import type { EntryId } from '../wire/entry.ts';
import type { OfferedFile } from '../wire/envelope.ts';
import type { Download } from './download.ts';
import type { Meter } from './meter.ts';
import type { FileFacts, KeptPart, StoreResult } from './ports.ts';
import type { Recheck } from './recheck.ts';
import type { Source } from './source.ts';
import type { OfferView, SourceView, TransferLimit, TransferView } from './views.ts';

/** Bytes at the store from which on it counts as what holds a transfer back: a second of a slow disk. */
const STORING_BYTES = 4 * 1024 * 1024;

export interface InOffer {
  readonly peer: string;
  readonly peerName: string;
  readonly number: number;
  readonly id: string;
  readonly atMs: number;
  readonly chunkBytes: number;
  readonly files: readonly OfferedFile[];
  /** For chosen devices alone: nobody else hears of it from here, or gets anything of it. */
  readonly private: boolean;
  readonly entry: EntryId | undefined;
  readonly thumbnails: Map<number, Uint8Array>;
  state: OfferView['state'];
  /** How often files were taken again after their transfer had ended. */
  attempt: number;
}

export interface Incoming {
  readonly id: string;
  readonly key: string;
  readonly handle: number;
  readonly meter: Meter;
  /** Where it comes from now; another, if its device came back and offers it anew. */
  offer: InOffer;
  file: OfferedFile;
  /** queued: waits its turn. creating, receiving, finishing: what the store is doing for it. */
  state: 'queued' | 'creating' | 'receiving' | 'paused' | 'finishing' | 'ended';
  /** Whether the store has it. */
  created: 'no' | 'asked' | 'yes';
  /** From `creating` on. */
  download: Download | undefined;
  keptBytes: number;
  end: EndCode | undefined;
  location: string | undefined;
  /** Of sources that are gone: what came from them. */
  readonly past: Map<string, SourceView>;
  recheck: Recheck | undefined;
  /** The limit on the rate held it back since it was last shown. */
  capped: boolean;
}

export const factsOf = ({ name, bytes, modifiedMs, folder }: OfferedFile, { entry }: InOffer): FileFacts => ({
  name,
  bytes,
  modifiedMs,
  ...(folder === undefined ? {} : { folder }),
  ...(entry === undefined ? {} : { entry }),
});

/** What `create` found of an earlier time. */
export const keptPart = (result: StoreResult): KeptPart | undefined =>
  result.ok && typeof result.value === 'object' && 'bitmap' in result.value ? result.value : undefined;

/** Whether two offers speak of the same file, as far as can be told without reading it. */
export function sameFile(a: OfferedFile, b: OfferedFile): boolean {
  const alike = a.name === b.name && a.bytes === b.bytes && a.modifiedMs === b.modifiedMs;
  return alike && (a.folder === undefined) === (b.folder === undefined);
}

export function offerView(offer: InOffer): OfferView {
  const { id, peer, peerName, atMs, state, thumbnails, entry } = offer;
  const files = offer.files.map(({ transfer, name, bytes, folder }) => {
    const thumbnail = thumbnails.get(transfer);
    return {
      number: transfer,
      name,
      bytes,
      ...(folder === undefined ? {} : { folder }),
      ...(thumbnail === undefined ? {} : { thumbnail }),
    };
  });
  const view = { id, from: peer, name: peerName, own: false, atMs, files, private: offer.private, state };
  return entry === undefined ? view : { ...view, entry };
}

/** A source is gone: what came from it is still to be seen. */
export function pastSources({ past }: Incoming, source: Source, peerName: string): void {
  past.set(source.peer, sourceView(source, peerName, past.get(source.peer)));
}

function sourceView(
  { peer, meter, wrongChunks }: Source,
  peerName: string,
  before: SourceView | undefined,
): SourceView {
  const bytes = meter.doneBytes + (before?.bytes ?? 0);
  return { peer, peerName, bytesPerSecond: 0, bytes, wrongChunks: wrongChunks + (before?.wrongChunks ?? 0) };
}

function sourceViews({ past, download }: Incoming, nameOf: (peer: string) => string): SourceView[] {
  const views = new Map(past);
  for (const source of download?.sources.values() ?? []) {
    const view = sourceView(source, nameOf(source.peer), past.get(source.peer));
    views.set(source.peer, { ...view, bytesPerSecond: source.meter.bytesPerSecond });
  }
  return [...views.values()];
}

export function transferView(transfer: Incoming, now: number, nameOf: (peer: string) => string): TransferView {
  const { meter, offer, file, end, location } = transfer;
  const state = viewState(transfer);
  return {
    id: transfer.id,
    offer: offer.id,
    direction: 'in',
    peer: offer.peer,
    peerName: offer.peerName,
    name: file.name,
    bytes: file.bytes,
    doneBytes: meter.doneBytes,
    keptBytes: transfer.keptBytes,
    bytesPerSecond: state === 'running' || state === 'ended' ? meter.bytesPerSecond : 0,
    state,
    ...(end === undefined ? {} : { end }),
    ...(location === undefined ? {} : { location }),
    seconds: meter.seconds(now),
    ...(file.folder === undefined ? {} : { folder: file.folder }),
    sources: sourceViews(transfer, nameOf),
    ...(state === 'running' ? { limit: limitOf(transfer) } : {}),
    ...(transfer.recheck === undefined ? {} : { recheck: transfer.recheck.view }),
  };
}

function limitOf({ download, capped }: Incoming): TransferLimit {
  if (capped) return 'cap';
  if (download === undefined || download.storingBytes >= STORING_BYTES) return 'disk';
  // If nothing is asked for, nobody tells what there is to ask for.
  for (const { asked } of download.sources.values()) if (asked.size > 0) return 'path';
  return 'source';
}

function viewState({ state, download }: Incoming): TransferView['state'] {
  switch (state) {
    case 'queued':
    case 'paused':
    case 'ended':
      return state;
    case 'receiving':
      return download?.served === false ? 'waiting' : 'running';
    default:
      return 'running';
  }
}
