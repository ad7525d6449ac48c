// Calls for attention outside of the page, by the browser's own notifications: made by this page from what arrives in it,
// never through a server. One for each room, replaced by the next; a press leads to the message.
import { signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { MessageView } from '../src/talk/views.ts';
import { calls, wordsOf } from './notify-rules.ts';
import { tab } from './pool-view.ts';
import type { Session } from './session.ts';
import { change, settings, type NotifyLevel } from './settings.ts';
import { showMessage, talk, talkPool } from './talk.ts';

/** What was said longer ago than this was not said now: it came with the history, ms. */
const FRESH_MS = 600_000;

export type Permission = NotificationPermission | 'missing';

const asked: Signal<Permission> = signal<Permission>(
  'Notification' in globalThis ? Notification.permission : 'missing',
);

/** Whether the browser lets this page notify. */
export const permission: ReadonlySignal<Permission> = asked;

/** Sets the level. Only within a person's press: anything but `off` asks the browser, once. */
export async function setLevel(level: NotifyLevel): Promise<void> {
  change({ notify: level });
  if (level === 'off' || asked.value !== 'default') return;
  asked.value = await Notification.requestPermission();
}

/** Stands by `session` until it is closed. */
export function keepNotifying(session: Session): Session {
  const { client } = session;
  client.subscribe((event) => {
    // Later, because the machine is still busy telling of it.
    if (event.kind === 'message' && event.fresh) queueMicrotask(() => told(event.message, client.poolTimeMs));
  });
  return session;
}

/** `nowMs`: the pool's clock. */
function told(message: MessageView, nowMs: number): void {
  if (permission.value !== 'granted' || document.hasFocus() || nowMs - message.sentMs > FRESH_MS) return;
  const pool = talkPool.peek();
  const room = talk.rooms.peek().find(({ id }) => id === message.room);
  if (!calls(settings.value, pool, message, room)) return;
  const { title, body } = wordsOf(message, room, pool, settings.value.notifyText);
  show(title, body, `rockpool/${pool}/${message.room}`, () => {
    tab.value = 'chat';
    showMessage(message.id);
  });
}

function show(title: string, body: string, tag: string, open: () => void): void {
  try {
    const notification = new Notification(title, { body, tag });
    notification.addEventListener('click', () => {
      window.focus();
      notification.close();
      open();
    });
  } catch {
    // Phones' browsers have the constructor and refuse it: only pages with a service worker notify there.
    asked.value = 'missing';
  }
}
