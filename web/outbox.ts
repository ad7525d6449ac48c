// From a drop, a paste or a chooser to an offer: one file goes at once, anything more is looked at first. For whom it is, is
// settled where it begins: whatever is opened meanwhile changes nothing of it.
import { signal, type Signal } from '@preact/signals';
import { currentSession, store } from './app.ts';
import { isSameAudience, type Audience } from './audience.ts';
import { handleFolder, listedFolder, readTransfer, type Dropped } from './folder-nodes.ts';
import { offerParcel } from './own-offers.ts';
import { fileParcels, folderParcel, parcelName, type Parcel } from './parcels.ts';
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

/** How often the count of files read so far changes on screen, milliseconds. */
const COUNT_EVERY_MS = 100;

let reading = new AbortController();

/** Takes what was dropped; to be called while its event is dispatched. */
export function takeDropped(data: DataTransfer, to: Audience): void {
  void readTransfer(data).then((things) => take(things, to));
}

/** Takes what was pasted; to be called while its event is dispatched. */
export function takePasted(data: DataTransfer, to: Audience): void {
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
    await offerParcel(session, store.pool.value, parcel, to);
  } catch (error) {
    trouble.value = `Could not offer ${parcelName(parcel)}: ${reason(error)}`;
  }
}

async function take(things: readonly Dropped[], to: Audience): Promise<void> {
  if (to?.length === 0) {
    trouble.value = 'Nobody is there to get it: none of their devices is known here, or all are kept out.';
    return;
  }
  if (review.value !== undefined && !isSameAudience(review.value.to, to)) {
    trouble.value = `What lies ready is for ${audienceName(review.value.to)}. Send it first, then drop this again.`;
    return;
  }
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
  const moment = new Date().toLocaleString('sv').replaceAll(':', '.');
  const { type, lastModified } = file;
  return { kind: 'file', file: new File([file], `Pasted ${moment}.png`, { type, lastModified }), fleeting: true };
}
