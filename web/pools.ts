// The pools this device has been in: which there are, the way from one to another, and what is kept of each: to be searched,
// taken along as a file, and forgotten.
import { effect, signal, type Signal } from '@preact/signals';
import type { PoolRecord } from '../src/client.ts';
import { isBusy } from './actions.ts';
import { currentSession, invitation, join, leave, store } from './app.ts';
import { dialog, tab, type Place } from './pool-view.ts';
import { download } from './saving.ts';
import type { Session } from './session.ts';
import { currentTalk, showMessage, talk, talkPool } from './talk.ts';
import { reason, trouble } from './trouble.ts';

/** Last visited first. What is unread in the present pool is `talk.unread`. */
export const pools: Signal<readonly PoolRecord[]> = signal<readonly PoolRecord[]>([]);

export type ExportFormat = 'json' | 'markdown';

const ENDINGS: Readonly<Record<ExportFormat, string>> = { json: 'json', markdown: 'md' };
const TYPES: Readonly<Record<ExportFormat, string>> = { json: 'application/json', markdown: 'text/markdown' };

/** A message that is to be seen once its pool is there. */
let target: Place | undefined;

/** Reads the list anew. */
export async function refreshPools(): Promise<void> {
  const session = currentSession();
  try {
    const found = await session?.client.talkHistory.pools();
    if (found !== undefined && session === currentSession()) pools.value = found;
  } catch (error) {
    trouble.value = `Could not read which pools this device knows: ${reason(error)}`;
  }
}

/** Keeps `pools` true and leads to what was looked for, as long as `session` lasts. */
export function keepPools(session: Session): Session {
  const stop = session.client.subscribe((event) => {
    if (event.kind === 'joined') queueMicrotask(() => void refreshPools());
  });
  const stopTarget = effect(() => {
    const [pool, link] = [talkPool.value, invitation.value];
    if (pool === '') return;
    if (link?.pool === pool) {
      invitation.value = undefined;
      dialog.value = { kind: 'adopt', code: link.code };
    }
    // A message is shown in its room, and rooms are read from disk: they may come later than the pool.
    if (talk.room.value === '' || target?.pool !== pool) return;
    const { message } = target;
    target = undefined;
    // Later, because the conversation is still being opened.
    if (message !== undefined) queueMicrotask(() => showMessage(message));
  });
  return {
    ...session,
    close: async () => {
      stopTarget();
      await session.close();
      stop();
    },
  };
}

/** Goes to a pool, or to a message in it. Asks first if that interrupts transfers. */
export function goTo(place: Place): void {
  if (place.pool === store.pool.peek()) {
    dialog.value = undefined;
    tab.value = 'chat';
    if (place.message !== undefined) showMessage(place.message);
  } else if (isBusy()) dialog.value = { kind: 'switch', place };
  else switchTo(place);
}

/** Leaves this pool and joins that one. */
export function switchTo(place: Place): void {
  dialog.value = undefined;
  tab.value = 'chat';
  target = place;
  void join(place.pool);
}

/** Removes everything this device keeps of a pool's conversation; leaves that pool first. Rejects with a StoreError. */
export async function forgetPool(pool: string): Promise<void> {
  if (pool === store.pool.peek()) {
    leave(({ client }) => client.talkHistory.forget(pool));
    return;
  }
  await currentSession()?.client.talkHistory.forget(pool);
  await refreshPools();
}

/** Leaves the present pool for good. Rejects with a TalkError. */
export async function quitPool(): Promise<void> {
  await currentTalk()?.quit();
  leave();
}

/**
 * Writes all that is kept of a pool into a file: piece by piece where the browser lets a page do that, else as a download.
 * Within a person's press. Rejects with a StoreError, or with what the browser's own dialog threw.
 */
export async function exportPool(pool: string, format: ExportFormat): Promise<void> {
  const pieces = currentSession()?.client.talkHistory.export(pool, format);
  if (pieces === undefined) return;
  const name = `${pool}.${ENDINGS[format]}`;
  const types = [{ accept: { [TYPES[format]]: [`.${ENDINGS[format]}`] } }];
  if (window.showSaveFilePicker !== undefined) {
    const handle = await window.showSaveFilePicker({ suggestedName: name, id: 'export', types });
    const file = await handle.createWritable();
    try {
      for await (const piece of pieces) await file.write(piece);
    } catch (error) {
      await file.abort();
      throw error;
    }
    await file.close();
    return;
  }
  const parts: string[] = [];
  for await (const piece of pieces) parts.push(piece);
  download(new Blob(parts, { type: TYPES[format] }), name);
}
