// What this device offers and has offered, from one start of the host to the next: records of what lies where, which of them make
// one offer, and which are to be offered again by themselves. Which files those are on disk is looked at here; offering is not.
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { z } from 'zod';
import { STORED_OFFERS_MAX } from '../src/io/history.ts';
import { offerOfPath, recheck, type PathOffer } from '../src/io/stored-offers.ts';
import type { EntryId } from '../src/wire/entry.ts';
import type { OfferView, PeerId, TransferView } from '../src/pool/views.ts';
import type { HostEvent, HostOffer } from '../src/remote/host-face.ts';

/** Where an offer stands. */
export interface OfferPlace {
  /** Of the websocket. */
  readonly server: string;
  readonly pool: string;
}

export interface OwnRecord extends PathOffer, OfferPlace {
  /** Names all that was offered together. */
  readonly batch: string;
  /** Of one, `bytes` and `modifiedMs` are known once it was walked (`measure`); until then the latter is NaN. */
  readonly folder: boolean;
  readonly to?: readonly PeerId[];
  /** To be offered again by itself: it was neither taken back nor has it lapsed. */
  readonly again: boolean;
}

/** Why something is not on offer any more. */
export type Lapse = Extract<HostEvent, { kind: 'lapsed' }>['why'];

const RECORD = z.object({
  id: z.string(),
  batch: z.string(),
  server: z.string(),
  pool: z.string(),
  name: z.string(),
  handle: z.string(),
  folder: z.boolean(),
  bytes: z.number(),
  modifiedMs: z.number(),
  atMs: z.number(),
  again: z.boolean(),
  to: z.array(z.string()).optional(),
  entry: z.string().optional(),
});

/** What `keep` was given, read back; what cannot be read is left out. */
export function readRecords(value: unknown): readonly OwnRecord[] {
  return (Array.isArray(value) ? value : []).flatMap((each) => {
    const read = RECORD.safeParse(each);
    if (!read.success) return [];
    const { to, entry, ...rest } = read.data;
    return [{ ...rest, ...(to !== undefined && { to }), ...(entry !== undefined && { entry: entry as EntryId }) }];
  });
}

export class OwnOffers {
  readonly #keep: (records: readonly OwnRecord[]) => void;
  /** Newest first. */
  #records: readonly OwnRecord[];
  /** Batches that are on offer now, by the offer's id. */
  readonly #open = new Map<string, string>();

  /** `records`: what an earlier life kept; `keep` is told of every change. */
  constructor(records: readonly OwnRecord[], keep: (records: readonly OwnRecord[]) => void) {
    this.#records = records;
    this.#keep = keep;
  }

  /** Offered as `offer` from now on; in the order of its files, and instead of what there was of its batch. */
  opened(offer: string, batch: string, records: readonly OwnRecord[]): void {
    this.#open.set(offer, batch);
    this.#set([...records.toReversed(), ...this.#records.filter((each) => each.batch !== batch)]);
  }

  /** Nothing is on offer where this device is not. */
  left(): void {
    this.#open.clear();
  }

  /** The records of an open offer, in the order of its files. */
  of(offer: string): readonly OwnRecord[] {
    const batch = this.#open.get(offer);
    return batch === undefined ? [] : this.#records.filter((each) => each.batch === batch).toReversed();
  }

  /** The offers that are open and are of one file or folder each: its record, by the offer's id. */
  get single(): ReadonlyMap<string, OwnRecord> {
    const all = [...this.#open.keys()].map((offer) => [offer, this.of(offer)] as const);
    return new Map(
      all.flatMap(([offer, [record, ...others]]) => (record && others.length === 0 ? [[offer, record]] : [])),
    );
  }

  /** What is to be offered again in `place`: the oldest batch first, each in the order of its files. */
  again({ server, pool }: OfferPlace): readonly (readonly OwnRecord[])[] {
    const batches = new Map<string, OwnRecord[]>();
    const open = new Set(this.#open.values());
    for (const each of this.#records.toReversed()) {
      if (!each.again || each.server !== server || each.pool !== pool || open.has(each.batch)) continue;
      batches.set(each.batch, [...(batches.get(each.batch) ?? []), each]);
    }
    return [...batches.values()];
  }

  /** The whole offer was taken back: it is not to come again by itself. */
  takenBack(offer: string): void {
    const batch = this.#open.get(offer);
    this.#open.delete(offer);
    this.retire((each) => each.batch === batch);
  }

  /** These are not to be offered again by themselves. From the history they may. */
  retire(which: (record: OwnRecord) => boolean): void {
    if (!this.#records.some((each) => each.again && which(each))) return;
    this.#set(this.#records.map((each) => (each.again && which(each) ? { ...each, again: false } : each)));
  }

  /** A folder has been walked by now: what it was when it was offered. */
  measured(record: OwnRecord, { bytes, modifiedMs }: Pick<PathOffer, 'bytes' | 'modifiedMs'>): void {
    this.#set(this.#records.map((each) => (each.id === record.id ? { ...each, bytes, modifiedMs } : each)));
  }

  /** Every path that is on record. */
  get paths(): ReadonlySet<string> {
    return new Set(this.#records.map(({ handle }) => handle));
  }

  /** Each path once, newest first, of what lies there unchanged. */
  async list(): Promise<readonly HostOffer[]> {
    const newest = [...new Map(this.#records.toReversed().map((each) => [each.handle, each])).values()].toReversed();
    const lapses = await Promise.all(newest.map(lookedAt));
    return newest.flatMap(({ id, handle: path, name, bytes, atMs, to }, at) =>
      lapses[at] === undefined ? [{ id, path, name, bytes, atMs, ...(to !== undefined && { to }) }] : [],
    );
  }

  #set(records: readonly OwnRecord[]): void {
    this.#records = records.slice(0, STORED_OFFERS_MAX);
    // What has not been walked cannot be told from something else the next time.
    this.#keep(this.#records.filter(isMeasured));
  }
}

const isMeasured = ({ modifiedMs }: OwnRecord): boolean => !Number.isNaN(modifiedMs);

/** A record of what lies at `path` now. A folder's size is not known yet: `measure` walks it. Rejects with the file system's error. */
export async function recordOf(
  path: string,
  place: OfferPlace & Pick<OwnRecord, 'batch' | 'atMs'>,
  at: number,
): Promise<OwnRecord> {
  const { server, pool, batch, atMs } = place;
  const id = `${batch} ${at}`;
  const folder = (await stat(path)).isDirectory();
  const known = folder ? unmeasured(path) : await offerOfPath(path, atMs);
  return { ...known, id, batch, server, pool, folder, atMs, again: true };
}

/** What is known of a folder at `path` until `measure` has walked it. */
const unmeasured = (path: string): Omit<PathOffer, 'id' | 'atMs'> => ({
  name: basename(path),
  handle: path,
  bytes: 0,
  modifiedMs: NaN,
});

/** All there is to a folder now. Rejects with the file system's error. */
export const measure = ({ handle, atMs }: OwnRecord): Promise<PathOffer> => offerOfPath(handle, atMs);

/** Whether what was offered is still what it was; undefined if so. A folder is walked. */
export async function lapseOf(record: OwnRecord): Promise<Lapse | undefined> {
  if (!isMeasured(record)) return lookedAt(record);
  const state = await recheck(record);
  return state === 'unchanged' ? undefined : state;
}

/** The same at a glance: of a folder only whether it is there. Whatever changed in it, its reading finds out. */
export async function lookedAt(record: OwnRecord): Promise<Lapse | undefined> {
  if (!record.folder) return lapseOf(record);
  const facts = await stat(record.handle).catch(() => undefined);
  return facts?.isDirectory() === true ? undefined : 'gone';
}

/** Those of an offer's records that a transfer may be of: files of one name and size cannot be told apart. */
export function recordsFor(
  { name, bytes }: TransferView,
  offer: OfferView,
  records: readonly OwnRecord[],
): readonly OwnRecord[] {
  return records.filter((_record, at) => offer.files[at]?.name === name && offer.files[at]?.bytes === bytes);
}
