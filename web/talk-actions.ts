// What a person does in a conversation: say, change, answer, take back, keep. What does not work becomes one calm line above the
// composer, and what was written stays.
import { signal, type Signal } from '@preact/signals';
import type { MessageView } from '../src/talk/views.ts';
import type { EntryId, RoomId } from '../src/wire/entry.ts';
import { countOf } from './format.ts';
import { Drafts, afterSending, outgoing, putBack, withText, type Draft } from './drafts.ts';
import { copyText } from './pool-view.ts';
import { loadDraft, loadNoted, saveDraft, saveNoted } from './storage.ts';
import { currentTalk, pages, talk, talkPool, told } from './talk.ts';
import { trouble } from './trouble.ts';

export const drafts: Drafts = new Drafts({ load: loadDraft, save: saveDraft });

/** Announcements that are remembered as taken note of. */
const NOTED_MAX = 200;
/** Ids of announcements whose strip is not shown any more. */
export const noted: Signal<readonly EntryId[]> = signal(readNoted(loadNoted()));
/** True while older messages are being fetched from devices here. */
export const fetching: Signal<boolean> = signal(false);

export const draftOf = (room: RoomId): Signal<Draft> => drafts.of(talkPool.value, room);

export function changeDraft(room: RoomId, change: (draft: Draft) => Draft): void {
  const pool = talkPool.peek();
  drafts.put(pool, room, change(drafts.of(pool, room).peek()));
}

/**
 * Sends what stands in the composer of `room`: that room and no other, whatever is open by now. `text`: what its field holds.
 * The field is free at once; what does not go out comes back to it.
 */
export async function send(room: RoomId, text: string): Promise<void> {
  const pool = talkPool.peek();
  const sent = withText(drafts.of(pool, room).peek(), text);
  const out = outgoing(sent, room);
  trouble.value = undefined;
  switch (out.kind) {
    case 'nothing':
      if (sent.edit !== undefined) drafts.put(pool, room, afterSending(sent));
      return;
    case 'too-long':
      return; // the composer says so for as long as it is
    case 'say':
    case 'edit': {
      drafts.put(pool, room, afterSending(sent));
      const face = currentTalk();
      const going = out.kind === 'say' ? face?.say(out.text, out.options) : face?.edit(out.id, out.text);
      if (out.kind === 'say' && room === talk.room.peek()) void reachEnd();
      if (!(await told(going))) drafts.put(pool, room, putBack(drafts.of(pool, room).peek(), sent));
    }
  }
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
  return talk.window.peek().messages.findLast(({ own, state }) => own && state === 'here');
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

/** The strip of an announcement goes; its author learns of it where that can be told. */
export function note({ id, vote }: MessageView): void {
  noted.value = [...noted.peek(), id].slice(-NOTED_MAX);
  saveNoted(JSON.stringify(noted.peek()));
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

function readNoted(stored: string): readonly EntryId[] {
  try {
    const value: unknown = JSON.parse(stored);
    return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  } catch {
    return [];
  }
}
