// What this device offers, remembered beyond a reload: offered again by itself where the browser still lets it read, with
// one press where it wants to be asked, by picking it again where all that is left is the name.
import { signal, type Signal } from '@preact/signals';
import type { Audience } from './audience.ts';
import type { StoredOffer } from '../src/io/history.ts';
import type { EntryId } from '../src/wire/entry.ts';
import { handleFolder } from './folder-nodes.ts';
import { fileParcels, folderParcel, sourcesOf, type LocalParcel, type PickedFile } from './parcels.ts';
import type { BrowserSession } from './session.ts';

type Handle = FileSystemFileHandle | FileSystemDirectoryHandle;
type Stored = StoredOffer<Handle>;

/** Something offered in an earlier life of the page that is not on offer now. */
export interface Lapsed {
  /** Names all of one offer. */
  readonly batch: string;
  readonly records: readonly Stored[];
}

/** Of the pool this tab is in; newest first. */
export const lapsed: Signal<readonly Lapsed[]> = signal([]);

/** Begins the keys of what no pool is to be offered by itself: a character that no pool code has. */
const RETIRED = '/';

/** Offers older than this are not brought up again: a week, milliseconds. */
const REMEMBERED_MS = 7 * 24 * 3_600_000;

/** The batch of what is on offer now, by the offer's id. */
const batches = new Map<string, string>();
/** Batches on their way to being offered again: nobody is offered one twice. */
const reviving = new Set<string>();

/**
 * Offers it and remembers it, with whom it is for. `before`: what told of it when it was offered before. Resolves to the offer's
 * id. Rejects as the client does.
 */
export async function offerParcel(
  session: BrowserSession,
  pool: string,
  parcel: LocalParcel,
  to: Audience,
  before?: EntryId,
): Promise<string> {
  const { client } = session;
  const offer = await client.offer(sourcesOf(parcel), { to, before });
  const entry = client.offers.find(({ id }) => id === offer)?.entry;
  // Spaces stand in no pool code. A key of its own: numbers of offers begin anew with the page.
  const batch = `${pool} ${crypto.randomUUID()}`;
  batches.set(offer, batch);
  const both = { atMs: Date.now(), ...(to === undefined ? {} : { to }), ...(entry === undefined ? {} : { entry }) };
  const records = recordsOf(parcel, batch, both);
  // Not remembering it changes nothing for those who are here.
  await Promise.all(records.map((record) => session.store.offers.put(record))).catch(() => undefined);
  return offer;
}

/** It was taken back: it is not to come again by itself. From the history it may. */
export function retireOffer(session: BrowserSession, offer: string): void {
  const batch = batches.get(offer);
  batches.delete(offer);
  if (batch !== undefined) void retire(session, batch);
}

/** What told of it was taken back: the same, also if it is not on offer now. Never rejects. */
export async function retireTold(session: BrowserSession, entry: EntryId): Promise<void> {
  const stored = await session.store.offers.list().catch(() => []);
  const told = stored.filter((record) => record.entry === entry && !record.id.startsWith(RETIRED));
  lapsed.value = lapsed.value.filter(({ records }) => records.every((record) => record.entry !== entry));
  await Promise.all([...new Set(told.map(batchOf))].map((batch) => retire(session, batch)));
}

/** On entering `pool`: what may be read is offered again, the rest stands in `lapsed`. Never rejects. */
export async function offerAgain(session: BrowserSession, pool: string): Promise<void> {
  const found = await lapsedIn(session, pool).catch(() => []);
  lapsed.value = found;
  for (const each of found.toReversed()) {
    const granted = await Promise.all(each.records.map(({ handle }) => permission(handle)));
    if (granted.every((state) => state === 'granted'))
      await reviveOnce(session, pool, each, true).catch(() => undefined);
  }
}

/** By a person's press: asks for permission where it lacks. `pick`: nothing to read it from is left, it has to be chosen anew. */
export async function offerLapsed(
  session: BrowserSession,
  pool: string,
  one: Lapsed,
): Promise<'done' | 'denied' | 'pick'> {
  if (one.records.some(({ handle }) => handle === undefined)) {
    dismissLapsed(session, one);
    return 'pick';
  }
  for (const { handle } of one.records) {
    if ((await handle?.requestPermission?.({ mode: 'read' })) === 'denied') return 'denied';
  }
  await reviveOnce(session, pool, one, false);
  return 'done';
}

export function dismissLapsed(session: BrowserSession, one: Lapsed): void {
  hide(one);
  void retire(session, one.batch);
}

/** What can be offered again from the history: what was offered from a handle, in whatever pool. Newest first. */
export async function readable(session: BrowserSession): Promise<readonly Lapsed[]> {
  const stored = await session.store.offers.list();
  return stored.filter(({ handle }) => handle !== undefined).map((record) => ({ batch: record.id, records: [record] }));
}

async function lapsedIn(session: BrowserSession, pool: string): Promise<readonly Lapsed[]> {
  const all = await session.store.offers.list();
  const offered = session.client.offers.filter(({ own, state }) => own && state === 'open');
  const current = new Set(offered.map(({ id }) => batches.get(id)));
  const sinceMs = Date.now() - REMEMBERED_MS;
  const groups = new Map<string, Stored[]>();
  for (const record of all) {
    const batch = batchOf(record);
    if (record.atMs < sinceMs || current.has(batch) || !batch.startsWith(`${pool} `)) continue;
    groups.set(batch, [...(groups.get(batch) ?? []), record]);
  }
  return [...groups].map(([batch, records]) => ({ batch, records: records.toSorted(byNumber) }));
}

async function reviveOnce(session: BrowserSession, pool: string, one: Lapsed, unchanged: boolean): Promise<void> {
  if (reviving.has(one.batch)) return;
  reviving.add(one.batch);
  try {
    await revive(session, pool, one, unchanged);
  } finally {
    reviving.delete(one.batch);
  }
}

/** `unchanged`: only if it is what it was; what has changed since is for its owner to decide. */
async function revive(session: BrowserSession, pool: string, one: Lapsed, unchanged: boolean): Promise<void> {
  const parcels = await Promise.all(folders(one.records).map((record) => readFolder(record)));
  const files = await Promise.all(one.records.map(readFile));
  const all = [...parcels, ...fileParcels(files.filter((file) => file !== undefined))];
  const bytes = all.reduce((sum, parcel) => sum + parcel.bytes, 0);
  const storedBytes = one.records.reduce((sum, record) => sum + record.bytes, 0);
  const sameTimes = files.every((each, at) => each?.file.lastModified === (each && one.records[at]?.modifiedMs));
  if (unchanged && (bytes !== storedBytes || !sameTimes)) return;
  const before = one.records[0]?.entry;
  for (const parcel of all) await offerParcel(session, pool, parcel, meantFor(one), before);
  hide(one);
  await session.store.offers.remove(one.records.map(({ id }) => id));
}

/** For whom it was, and is again. */
export const meantFor = ({ records }: Lapsed): Audience => records[0]?.to;

function hide(one: Lapsed): void {
  lapsed.value = lapsed.value.filter(({ batch }) => batch !== one.batch);
}

const folders = (records: readonly Stored[]): readonly FileSystemDirectoryHandle[] =>
  records.flatMap(({ handle }) => (handle?.kind === 'directory' ? [handle] : []));

async function readFolder(handle: FileSystemDirectoryHandle): Promise<LocalParcel> {
  return (await folderParcel(handleFolder(handle), handle)).parcel;
}

async function readFile({ handle }: Stored): Promise<PickedFile | undefined> {
  return handle?.kind === 'file' ? { file: await handle.getFile(), handle } : undefined;
}

async function permission(handle: Handle | undefined): Promise<PermissionState> {
  if (handle === undefined) return 'denied';
  return (await handle.queryPermission?.({ mode: 'read' })) ?? 'prompt';
}

/** Not to be brought up again; what it can be read from stays for the history. */
async function retire(session: BrowserSession, batch: string): Promise<void> {
  const { offers } = session.store;
  // Left as it is, it comes up once more and can be dismissed again.
  const stored = await offers.list().catch(() => []);
  const gone = stored.filter((record) => record.id === batch || batchOf(record) === batch);
  const readableStill = gone.filter(({ handle, id }) => handle !== undefined && !id.startsWith(RETIRED));
  try {
    await Promise.all(readableStill.map((record) => offers.put({ ...record, id: RETIRED + record.id })));
    await offers.remove(gone.map(({ id }) => id));
  } catch {
    // The store cannot write: then nothing of it is remembered either way.
  }
}

function recordsOf(parcel: LocalParcel, batch: string, both: Pick<Stored, 'atMs' | 'to' | 'entry'>): readonly Stored[] {
  if (parcel.kind === 'folder') {
    const { tree, bytes, handle } = parcel;
    const record = { id: `${batch} 0`, name: tree.name, bytes, modifiedMs: 0, ...both };
    return [handle === undefined ? record : { ...record, handle }];
  }
  return parcel.files
    .filter(({ fleeting }) => fleeting !== true)
    .map(({ file, handle }, at) => {
      const record = {
        id: `${batch} ${at}`,
        name: file.name,
        bytes: file.size,
        modifiedMs: file.lastModified,
        ...both,
      };
      return handle === undefined ? record : { ...record, handle };
    });
}

/** `POOL UUID` of `POOL UUID NUMBER`. */
const batchOf = ({ id }: Stored): string => id.slice(0, id.lastIndexOf(' '));

const byNumber = (one: Stored, other: Stored): number => numberOf(one) - numberOf(other);
const numberOf = ({ id }: Stored): number => Number(id.slice(id.lastIndexOf(' ') + 1));
