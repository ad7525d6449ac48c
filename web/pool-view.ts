// State of the pool's screen that is nobody else's business: the tab on narrow screens, dialogs, what is unread.
import { computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { DeviceId, EntryId, RoomId } from '../src/wire/entry.ts';
import type { OfferView } from '../src/client.ts';
import { poolPart, store } from './app.ts';
import { formatPercent } from './format.ts';
import type { Entry } from './state.ts';
import { talk } from './talk.ts';
import { totalsOf } from './totals.ts';

export type Tab = 'chat' | 'people' | 'transfers';

export const tab: Signal<Tab> = signal<Tab>('chat');
/** What lies over the pool: one at a time. */
export type Layer =
  | { readonly kind: 'invite' | 'help' | 'leave' | 'settings' | 'link' | 'pool' | 'quit' }
  /** Everything kept, to be searched; or the saved messages alone. */
  | { readonly kind: 'palette'; readonly saved: boolean }
  /** The four words of the link to one device. */
  | { readonly kind: 'verify'; readonly device: DeviceId }
  /** A zone's name and people; without `room` a new one. */
  | { readonly kind: 'zone'; readonly room?: RoomId }
  /** Transfers run: another pool would interrupt them. */
  | { readonly kind: 'switch'; readonly place: Place }
  /** Somebody's invitation to be one of their devices. */
  | { readonly kind: 'adopt'; readonly code: string }
  | ({ readonly kind: 'report' } & Reported);

/** What may be reported to whoever runs the server. */
export interface Reported {
  readonly what: 'message' | 'files' | 'name';
  readonly entry: EntryId;
  /** The name of who signed it. */
  readonly by: string;
  readonly text: string;
  readonly whisper: boolean;
  readonly edited: boolean;
}

/** A pool, or a message of it. */
export interface Place {
  readonly pool: string;
  readonly message?: EntryId;
}

export const dialog: Signal<Layer | undefined> = signal<Layer | undefined>(undefined);

export const closeDialog = (): void => {
  dialog.value = undefined;
};

const unseenOffers = signal(0);

/** What others said and offered that nobody has looked at yet: messages of all rooms, and offers that came meanwhile. */
export const unread: ReadonlySignal<number> = computed(() => talk.unread.value + unseenOffers.value);

/** What a message tells of is counted among the messages. */
const isNews = ({ own, entry }: OfferView): boolean => !own && entry === undefined;

/** Counts offers that come while nobody looks at the conversation. Returns the way to stop. */
export function keepUnseen(): () => void {
  let last: Entry | undefined;
  const looking = (): boolean => !document.hidden && tab.peek() === 'chat';
  const stop = effect(() => {
    const entries = store.entries.value;
    const fresh = entries.slice(last === undefined ? entries.length : entries.indexOf(last) + 1);
    last = entries.at(-1) ?? last;
    const offers = fresh.filter((entry) => entry.kind === 'offer' && isNews(entry.offer.view.peek())).length;
    if (offers > 0 && !looking()) unseenOffers.value = unseenOffers.peek() + offers;
  });
  const look = (): void => {
    if (looking()) unseenOffers.value = 0;
  };
  document.addEventListener('visibilitychange', look);
  const stopTab = tab.subscribe(look);
  return () => {
    stop();
    stopTab();
    document.removeEventListener('visibilitychange', look);
    unseenOffers.value = 0;
  };
}

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
  if (poolPart.peek()?.host?.endsWithWindow() === false) return;
  if (store.transfers.value.some((transfer) => transfer.state.value === 'running')) event.preventDefault();
}
