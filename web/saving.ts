// From what has arrived to where a person wants it: a download, or a real folder on this device.
import { signal, type Signal } from '@preact/signals';
import { currentSession } from './app.ts';
import { isDismissal, reason, trouble } from './trouble.ts';

/** What has arrived: `location` is the store's name for it. */
export interface Arrived {
  readonly name: string;
  readonly location: string;
  readonly folder?: unknown;
}

/** A folder on its way out of the store, or there. */
export type Unpacking =
  | { readonly state: 'running'; readonly files: number; readonly bytes: number }
  | { readonly state: 'done'; readonly name: string };

/** By location. */
export const unpacking: Signal<ReadonlyMap<string, Unpacking>> = signal(new Map());

/** How long a saved file's address stays valid, so that slow downloads of the browser can still read it: 5 minutes. */
const SAVE_ADDRESS_MS = 300_000;

export const canUnpack = (): boolean => window.showDirectoryPicker !== undefined;

/**
 * Hands it to the browser's downloads: a file as it is, a folder as one archive. It is read from the disk as it is copied,
 * never held in memory.
 */
export async function save({ name, location, folder }: Arrived): Promise<void> {
  const store = currentSession()?.store;
  if (store === undefined) return;
  try {
    const file = await (folder === undefined ? store.file(location) : store.archive(location));
    // Only when nobody copies it any more it may give way to what comes next.
    download(file, folder === undefined ? name : `${name}.tar`, () => {
      store.saved(location).catch(() => undefined);
    });
  } catch (error) {
    trouble.value = `Could not read “${name}” back: ${reason(error)}`;
  }
}

/** Hands it to the browser's downloads. `copied` is called when nobody reads it any more. */
export function download(file: Blob, name: string, copied: () => void = () => undefined): void {
  const anchor = document.createElement('a');
  anchor.href = URL.createObjectURL(file);
  anchor.download = name;
  anchor.click();
  setTimeout(() => {
    URL.revokeObjectURL(anchor.href);
    copied();
  }, SAVE_ADDRESS_MS);
}

/** Asks for a folder and unpacks into it, under a name nothing there has. Within a person's click or key press. */
export async function unpack({ name, location }: Arrived): Promise<void> {
  const store = currentSession()?.store;
  if (store === undefined || window.showDirectoryPicker === undefined) return;
  try {
    const directory = await window.showDirectoryPicker({ mode: 'readwrite', id: 'save' });
    show(location, { state: 'running', files: 0, bytes: 0 });
    await store.unpackTo(location, directory, ({ files, bytes }) => {
      show(location, { state: 'running', files, bytes });
    });
    show(location, { state: 'done', name: directory.name });
    await store.saved(location);
  } catch (error) {
    show(location, undefined);
    if (!isDismissal(error)) {
      trouble.value = `Could not save “${name}” there: ${reason(error)} It can still be saved as an archive.`;
    }
  }
}

function show(location: string, state: Unpacking | undefined): void {
  const next = new Map(unpacking.value);
  if (state === undefined) next.delete(location);
  else next.set(location, state);
  unpacking.value = next;
}
