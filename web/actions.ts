// What a person does in a pool: say, offer, answer, stop, save. Failures become one calm line above the composer.
import { signal, type Signal } from '@preact/signals';
import { currentSession, store } from './app.ts';
import type { TransferView } from '../src/client.ts';
import { countOf } from './format.ts';
import { limits } from './storage.ts';

/** The line above the composer; undefined while there is nothing to say. */
export const trouble: Signal<string | undefined> = signal<string | undefined>(undefined);

/** How long a saved file's address stays valid, so that slow downloads of the browser can still read it: 5 minutes. */
const SAVE_ADDRESS_MS = 300_000;

/** Files in one offer; more become several offers. */
const OFFER_MAX = 500;

/** True if the message went out. */
export function say(text: string): boolean {
  const body = text.trim().slice(0, limits.message);
  const session = currentSession();
  if (body === '' || session === undefined) return false;
  let went = false;
  attempt(() => {
    went = session.client.say(body) === 'ok';
    if (!went) trouble.value = 'Someone’s connection is too slow for more right now. Try again in a moment.';
  });
  return went;
}

/** Offers files to everyone, those who come later too. Nothing happens for an empty list. */
export async function offerFiles(files: readonly File[]): Promise<void> {
  const session = currentSession();
  if (files.length === 0 || session === undefined) return;
  trouble.value = undefined;
  try {
    for (let at = 0; at < files.length; at += OFFER_MAX) await session.client.offer(files.slice(at, at + OFFER_MAX));
  } catch (error) {
    trouble.value = `Could not offer ${files.length === 1 ? `“${files[0]?.name ?? ''}”` : countOf(files.length, 'file')}: ${reason(error)}`;
  }
}

export function accept(offer: string): void {
  attempt(() => currentSession()?.client.accept(offer));
}

export function decline(offer: string): void {
  attempt(() => currentSession()?.client.decline(offer));
}

export function withdraw(offer: string): void {
  attempt(() => currentSession()?.client.withdraw(offer));
}

/** Stops whatever of these transfers still runs or waits. */
export function cancelAll(transfers: readonly TransferView[]): void {
  for (const transfer of transfers) {
    if (transfer.state !== 'ended') attempt(() => currentSession()?.client.cancel(transfer.id));
  }
}

/** Hands a verified file to the browser's downloads. It is read from the disk as it is copied, never held in memory. */
export async function save(transfer: TransferView): Promise<void> {
  const session = currentSession();
  if (session === undefined || transfer.location === undefined) return;
  try {
    const file = await session.file(transfer.location);
    const anchor = document.createElement('a');
    anchor.href = URL.createObjectURL(file);
    anchor.download = transfer.name;
    anchor.click();
    setTimeout(() => {
      URL.revokeObjectURL(anchor.href);
    }, SAVE_ADDRESS_MS);
  } catch (error) {
    trouble.value = `Could not read “${transfer.name}” back: ${reason(error)}`;
  }
}

/** True while leaving would lose something: transfers under way. */
export function isBusy(): boolean {
  return store.transfers.value.some((transfer) => transfer.state.value === 'running');
}

/** Says that folders are for later; files dropped beside them are still offered. */
export function refuseFolders(count: number): void {
  trouble.value = `${count === 1 ? 'A folder cannot' : 'Folders cannot'} be shared yet. Choose the files in it, or pack it as one archive.`;
}

function attempt(action: () => void): boolean {
  try {
    trouble.value = undefined;
    action();
    return true;
  } catch (error) {
    trouble.value = reason(error);
    return false;
  }
}

function reason(error: unknown): string {
  const text = error instanceof Error && error.message !== '' ? error.message : 'something unexpected happened';
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
