// State of the pool's screen that is nobody else's business: the tab on narrow screens, dialogs, what is unread.
import { effect, signal, type Signal } from '@preact/signals';
import { store } from './app.ts';
import { formatPercent } from './format.ts';
import { totalsOf } from './totals.ts';

export type Tab = 'chat' | 'people' | 'transfers';

export const tab: Signal<Tab> = signal<Tab>('chat');
export const dialog: Signal<'invite' | 'help' | 'leave' | undefined> = signal<'invite' | 'help' | 'leave' | undefined>(
  undefined,
);
/** Lines from others that arrived while the end of the conversation was out of sight. */
export const unread: Signal<number> = signal(0);

/** Copies text; false where the browser does not let the page. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** Keeps the window's title true: what runs, what waits to be read, where this is. Returns the way to stop. */
export function keepTitle(): () => void {
  return effect(() => {
    const { count, doneBytes, bytes } = totalsOf(
      store.transfers.value.filter(({ state }) => state.value !== 'ended').map(({ view }) => view.value),
    );
    const percent = count > 0 ? `${formatPercent(doneBytes, bytes)} ` : '';
    const waiting = unread.value > 0 ? `(${unread.value}) ` : '';
    document.title = `${percent}${waiting}${store.pool.value} · Rockpool`;
  });
}

/** Keeps the screen awake while files move, where the browser can; a sleeping phone suspends the page. */
export function keepAwake(): () => void {
  if (!('wakeLock' in navigator)) return () => undefined;
  let lock: Promise<WakeLockSentinel | undefined> | undefined;
  const release = (): void => {
    void lock?.then((held) => held?.release());
    lock = undefined;
  };
  const stop = effect(() => {
    const busy = store.transfers.value.some((transfer) => transfer.state.value === 'running');
    if (!busy) release();
    // Refused on low battery or in a hidden tab: the transfer goes on as long as the page does.
    else lock ??= navigator.wakeLock.request('screen').catch(() => undefined);
  });
  return () => {
    stop();
    release();
  };
}

/** Asks before the tab closes over a running transfer. */
export function guardUnload(event: BeforeUnloadEvent): void {
  if (store.transfers.value.some((transfer) => transfer.state.value === 'running')) event.preventDefault();
}
