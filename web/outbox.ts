// From a drop, a paste or a chooser to an offer: one file goes at once, anything more is looked at first. For whom it is, is
// settled where it begins: whatever is opened meanwhile changes nothing of it.
import { signal, type Signal } from '@preact/signals';
import { currentSession, poolPart, store } from './app.ts';
import type { HostPath } from '../src/remote/host-face.ts';
import { isSameAudience, type Audience } from './audience.ts';
import { handleFolder, listedFolder, readTransfer, type Dropped } from './folder-nodes.ts';
import { offerParcel } from './own-offers.ts';
import { fileParcels, folderParcel, parcelName, pathParcels, type Parcel } from './parcels.ts';
import { audienceName } from './recipients.ts';
import { isDismissal, reason, trouble } from './trouble.ts';

/** What lies ready to be sent, and the folder that is being read meanwhile. */
export interface Review {
  readonly to: Audience;
  readonly parcels: readonly Parcel[];
  /** What cannot go along, and why: sentences. */
  readonly leftOut: readonly string[];
  readonly leftOutCount: number;
  readonly reading?: { readonly name: string; readonly files: number };
}

/** Undefined while nothing waits to be looked at. */
export const review: Signal<Review | undefined> = signal<Review | undefined>(undefined);

/** How long the host may look at what is to be sent before that shows, milliseconds. */
const PATIENCE_MS = 250;
/** How often the count of files read so far changes on screen, milliseconds. */
const COUNT_EVERY_MS = 100;

let reading = new AbortController();

/** Takes what was dropped; to be called while its event is dispatched. */
export function takeDropped(data: DataTransfer, to: Audience): void {
  const host = poolPart.peek()?.host;
  if (host !== undefined) return host.takeDropped(data, to);
  void readTransfer(data).then((things) => take(things, to));
}

/** Takes what was pasted; to be called while its event is dispatched. */
export function takePasted(data: DataTransfer, to: Audience): void {
  const host = poolPart.peek()?.host;
  if (host !== undefined) return host.takePasted(data, to);
  void readTransfer(data).then((things) => take(things.map(named), to));
}

export function takeFiles(files: readonly File[], to: Audience): void {
  void take(
    files.map((file) => ({ kind: 'file', file })),
    to,
  );
}

/** What an `<input webkitdirectory>` listed. */
export function takeListed(files: readonly File[], to: Audience): void {
  const folder = listedFolder(files);
  if (folder !== undefined) void take([{ kind: 'folder', folder }], to);
}

/** Opens the system's chooser for a folder; only where `canPickFolder`, within a person's click or key press. */
export async function pickFolder(to: Audience): Promise<void> {
  try {
    const handle = await window.showDirectoryPicker?.({ mode: 'read', id: 'offer' });
    if (handle !== undefined) await take([{ kind: 'folder', folder: handleFolder(handle), handle }], to);
  } catch (error) {
    if (!isDismissal(error)) trouble.value = reason(error);
  }
}

export const canPickFolder = (): boolean => window.showDirectoryPicker !== undefined;

/** Takes what lies on the host's disk, once it was `found`. `name` stands there while that takes its time. Never rejects. */
export async function takePaths(found: Promise<readonly HostPath[]>, name: string, to: Audience): Promise<void> {
  const { signal: stop } = reading;
  const fresh = mayTake(to) && review.value === undefined;
  const patience = setTimeout(() => {
    if (mayTake(to)) change(to, () => ({ reading: { name, files: 0 } }));
  }, PATIENCE_MS);
  try {
    const parcels = pathParcels(await found);
    if (stop.aborted || !mayTake(to)) return;
    const [only] = parcels;
    if (fresh && parcels.length === 1 && only?.things.length === 1 && only.things[0]?.folder === undefined) {
      review.value = undefined;
      await offer(only, to);
    } else if (parcels.length > 0) change(to, (now) => ({ parcels: [...now.parcels, ...parcels] }));
  } catch (error) {
    if (stop.aborted) return;
    if (review.value?.parcels.length === 0) review.value = undefined;
    trouble.value = `${name} cannot be sent: ${reason(error)}`;
  } finally {
    clearTimeout(patience);
  }
}

/** Sends what was looked at. */
export async function sendReviewed(): Promise<void> {
  const { parcels, to } = review.value ?? { parcels: [], to: undefined };
  review.value = undefined;
  for (const parcel of parcels) await offer(parcel, to);
}

export function dropReviewed(): void {
  reading.abort();
  reading = new AbortController();
  review.value = undefined;
}

async function offer(parcel: Parcel, to: Audience): Promise<void> {
  const session = currentSession();
  if (session === undefined) return;
  trouble.value = undefined;
  try {
    if (session.host === undefined) {
      if (parcel.kind !== 'paths') await offerParcel(session, store.pool.value, parcel, to);
    } else if (parcel.kind === 'paths') {
      await session.client.offer(
        parcel.things.map(({ path }) => path),
        { to },
      );
    }
  } catch (error) {
    trouble.value = `Could not offer ${parcelName(parcel)}: ${reason(error)}`;
  }
}

/** False, and says so, where there is nobody to get it, or something lies ready for others. */
function mayTake(to: Audience): boolean {
  if (to?.length === 0) {
    trouble.value = 'Nobody is there to get it: none of their devices is known here, or all are kept out.';
    return false;
  }
  if (review.value !== undefined && !isSameAudience(review.value.to, to)) {
    trouble.value = `What lies ready is for ${audienceName(review.value.to)}. Send it first, then drop this again.`;
    return false;
  }
  return true;
}

async function take(things: readonly Dropped[], to: Audience): Promise<void> {
  if (!mayTake(to)) return;
  const files = fileParcels(things.filter((thing) => thing.kind === 'file'));
  const [only] = things;
  if (review.value === undefined && things.length === 1 && only?.kind === 'file') {
    for (const parcel of files) await offer(parcel, to);
    return;
  }
  if (things.length > 0) change(to, (now) => ({ parcels: [...now.parcels, ...files] }));
  const { signal: stop } = reading;
  for (const thing of things) if (thing.kind === 'folder' && !stop.aborted) await takeFolder(thing, to, stop);
}

async function takeFolder(
  { folder, handle }: Extract<Dropped, { kind: 'folder' }>,
  to: Audience,
  stop: AbortSignal,
): Promise<void> {
  const { name } = folder;
  change(to, () => ({ reading: { name, files: 0 } }));
  let shownMs = performance.now();
  const onProgress = (files: number): void => {
    if (performance.now() - shownMs < COUNT_EVERY_MS || stop.aborted) return;
    shownMs = performance.now();
    change(to, () => ({ reading: { name, files } }));
  };
  try {
    const { parcel, leftOut, leftOutCount } = await folderParcel(folder, handle, { onProgress, signal: stop });
    if (stop.aborted) return;
    change(to, (now) => ({
      parcels: [...now.parcels, parcel],
      leftOut: [...now.leftOut, ...leftOut],
      leftOutCount: now.leftOutCount + leftOutCount,
    }));
  } catch (error) {
    if (stop.aborted) return;
    const why = `“${name}” cannot be sent: ${reason(error)}`;
    change(to, (now) => ({ leftOut: [...now.leftOut, why], leftOutCount: now.leftOutCount + 1 }));
  }
}

/** Every change but a count of files ends the reading that was shown. */
function change(to: Audience, next: (now: Review) => Partial<Review>): void {
  const { parcels, leftOut, leftOutCount } = review.value ?? { parcels: [], leftOut: [], leftOutCount: 0 };
  const now = { to, parcels, leftOut, leftOutCount };
  review.value = { ...now, ...next(now) };
}

/** Browsers call every pasted picture image.png; the moment tells them apart. */
function named(thing: Dropped): Dropped {
  if (thing.kind === 'folder' || thing.handle !== undefined || thing.file.name !== 'image.png') return thing;
  const { file } = thing;
  const { type, lastModified } = file;
  return { kind: 'file', file: new File([file], pastedName(), { type, lastModified }), fleeting: true };
}

/** Of a picture that was pasted now. */
export const pastedName = (): string => `Pasted ${new Date().toLocaleString('sv').replaceAll(':', '.')}.png`;
