// Which messages may call for attention outside of the page, and with which words. Pure.
import type { MessageView, RoomView } from '../src/talk/views.ts';
import { sharedSentence } from './sentences.ts';
import type { Settings } from './settings.ts';

/** Characters of a message that a notification shows. */
const TEXT_MAX = 200;

/** Whether a message of others in this room may call for attention. */
export function calls(
  { notify, muted }: Pick<Settings, 'notify' | 'muted'>,
  pool: string,
  message: MessageView,
  room: Pick<RoomView, 'kind' | 'readTo'> | undefined,
): boolean {
  if (message.own || message.state !== 'here' || muted.includes(pool)) return false;
  if (room !== undefined && message.created <= room.readTo) return false;
  if (notify === 'all') return true;
  return notify !== 'off' && (message.callsMe || (notify === 'whispers' && room?.kind === 'whisper'));
}

/** What a notification says: by whom and where, and the text only if that is wanted. */
export function wordsOf(
  message: MessageView,
  room: Pick<RoomView, 'kind' | 'name'> | undefined,
  pool: string,
  withText: boolean,
): { readonly title: string; readonly body: string } {
  const place = room?.kind === 'whisper' ? 'whispers' : `in ${room?.kind === 'zone' ? room.name : pool}`;
  const title = `${message.name} ${place}`;
  const text = message.files === undefined ? message.text : sharedSentence(message.files);
  if (withText) return { title, body: text.slice(0, TEXT_MAX) };
  return { title, body: message.callsMe ? 'Calls for you' : 'New message' };
}
