// What a person does in a conversation: say, change, answer, take back, keep. What does not work becomes one calm line above the
// composer, and what was written stays.
import { signal, type Signal } from '@preact/signals';
import type { MessageView } from '../src/talk/views.ts';
import type { RoomId } from '../src/wire/entry.ts';
import { countOf } from './format.ts';
import { Drafts, afterSending, outgoing, putBack, withText, type Draft } from './drafts.ts';
import { copyText, dialog } from './pool-view.ts';
import { loadDraft, saveDraft } from './storage.ts';
import { currentTalk, pages, talk, talkPool, told } from './talk.ts';
import { trouble } from './trouble.ts';

export const drafts: Drafts = new Drafts({ load: loadDraft, save: saveDraft });

/** How long what was said may stand in its field after Enter, ms: a frame, as long as writing it to disk takes. */
const LEAVING_MS = 16;

/** Frees the field that holds what was just said, if it does so still. */
let free: ((room: RoomId, text: string) => string) | undefined;

/** True while older messages are being fetched from devices here. */
export const fetching: Signal<boolean> = signal(false);

export const draftOf = (room: RoomId): Signal<Draft> => drafts.of(talkPool.value, room);

export function changeDraft(room: RoomId, change: (draft: Draft) => Draft): void {
  const pool = talkPool.peek();
  drafts.put(pool, room, change(drafts.of(pool, room).peek()));
}

/**
 * Sends what stands in the composer of `room`: that room and no other, whatever is open by now. `text`: what its field holds.
 * The field is free within a frame; what does not go out comes back to it.
 */
export async function send(room: RoomId, text: string): Promise<void> {
  const pool = talkPool.peek();
  const rest = free?.(room, text) ?? text;
  const sent = withText(drafts.of(pool, room).peek(), rest);
  const out = outgoing(sent, room);
  trouble.value = undefined;
  switch (out.kind) {
    case 'nothing':
      if (sent.edit !== undefined) drafts.put(pool, room, afterSending(sent));
      return;
    case 'too-long':
      return; // the composer says so for as long as it is
    case 'edit':
      drafts.put(pool, room, afterSending(sent));
      if (!(await told(currentTalk()?.edit(out.id, out.text)))) unsend(pool, room, sent);
      return;
    case 'say': {
      // Drawing an empty field takes a frame, in which nothing of what was said could go out.
      const going = told(currentTalk()?.say(out.text, out.options));
      const leaving = leave(pool, room, sent);
      await Promise.race([going, new Promise((resolve) => setTimeout(resolve, LEAVING_MS))]);
      leaving(room, '');
      if (room === talk.room.peek()) void reachEnd();
      if (!(await going)) unsend(pool, room, sent);
    }
  }
}

/** Returns what frees the field of `room`, once, and tells what was written behind `sent` in a field that holds `text`. */
function leave(pool: string, room: RoomId, sent: Draft): (of: RoomId, text: string) => string {
  const behind = (text: string): string => (text.startsWith(sent.text) ? text.slice(sent.text.length) : text);
  const once = (of: RoomId, text: string): string => {
    if (free !== once) return text;
    free = undefined;
    drafts.put(pool, room, withText(afterSending(sent), behind(drafts.of(pool, room).peek().text)));
    return of === room ? behind(text) : text;
  };
  free = once;
  return once;
}

function unsend(pool: string, room: RoomId, sent: Draft): void {
  drafts.put(pool, room, putBack(drafts.of(pool, room).peek(), sent));
}

/** Who says something wants to see it, and has seen what was unread. */
async function reachEnd(): Promise<void> {
  talk.unreadAfter.value = undefined;
  talk.follow(true);
  if (!talk.window.peek().atEnd) await told(pages.toEnd());
}

export function reply({ room, id }: MessageView): void {
  changeDraft(room, (draft) => ({ ...draft, edit: undefined, replyTo: id }));
  focusComposer();
}

export function beginEdit({ room, id, text }: MessageView): void {
  changeDraft(room, (draft) => ({ ...draft, edit: { id, text, before: text } }));
  focusComposer();
}

/** The newest own message of the open room that can be changed. */
export function lastOwn(): MessageView | undefined {
  return talk.window
    .peek()
    .messages.findLast(({ own, state, files }) => own && state === 'here' && files === undefined);
}

export function react(message: MessageView, emoji: string): void {
  const { account } = talk.self.peek();
  const given = message.reactions.some((each) => each.emoji === emoji && each.accounts.includes(account));
  void told(currentTalk()?.react(message.id, emoji, !given));
}

export function takeBack({ id }: MessageView): void {
  void told(currentTalk()?.retract(id));
}

export function confirm({ id }: MessageView): void {
  void told(currentTalk()?.confirm(id));
}

export function keep({ id, saved }: MessageView): void {
  void told(currentTalk()?.save(id, !saved));
}

/** Asks what is wrong with it, and whether whoever runs this server should see it. */
export function report({ id, name, text, files, room, editedMs }: MessageView): void {
  const whisper = talk.rooms.peek().find((each) => each.id === room)?.kind === 'whisper';
  const what = files === undefined ? 'message' : 'files';
  dialog.value = { kind: 'report', what, entry: id, by: name, text, whisper, edited: editedMs !== undefined };
}

/** The strip of an announcement goes; its author learns of it where that can be told. */
export function note({ id, vote }: MessageView): void {
  void told(currentTalk()?.note(id));
  if (vote !== undefined) void told(currentTalk()?.confirm(id));
}

export async function copyMessage({ text }: MessageView): Promise<void> {
  if (!(await copyText(text))) trouble.value = 'This browser does not let the page copy. Select the text instead.';
}

/** Fetches older messages from devices here. */
export async function fetchOlder(): Promise<void> {
  if (fetching.peek()) return;
  fetching.value = true;
  await told(currentTalk()?.more());
  fetching.value = false;
}

export function focusComposer(): void {
  // Once the menu that this was chosen from has given focus back.
  requestAnimationFrame(() => document.getElementById('message-field')?.focus());
}

/** What to say about a text that does not fit in one message. */
export const tooLong = (length: number, most: number): string =>
  `${countOf(length, 'character')} do not fit in one message: ${most.toLocaleString()} do.`;
