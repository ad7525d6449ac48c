// What somebody is writing, one draft for each room of each pool: the text, what it answers and how it is meant belong together
// and to that room. Kept for as long as the tab lives.
import { signal, type Signal } from '@preact/signals';
import type { SayOptions } from '../src/io/talk-face.ts';
import type { AccountId, EntryId, RoomId } from '../src/wire/entry.ts';
import { MESSAGE_TEXT_MAX } from '../src/wire/talk.ts';

export interface Draft {
  readonly text: string;
  readonly replyTo?: EntryId | undefined;
  /** Empty: nobody is called. */
  readonly notify: 'everyone' | readonly AccountId[];
  readonly important: boolean;
  readonly announcement: boolean;
  /** An own message that is being changed, and what it is to say. The rest of the draft waits meanwhile. */
  readonly edit?: { readonly id: EntryId; readonly text: string; readonly before: string } | undefined;
}

export const BLANK: Draft = { text: '', notify: [], important: false, announcement: false };

/** What pressing Enter comes to. */
export type Outgoing =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'too-long'; readonly length: number }
  | { readonly kind: 'say'; readonly text: string; readonly options: SayOptions }
  | { readonly kind: 'edit'; readonly id: EntryId; readonly text: string };

/** The draft of `room` as it goes out. */
export function outgoing(draft: Draft, room: RoomId): Outgoing {
  const text = shownText(draft).trim();
  if (text.length > MESSAGE_TEXT_MAX) return { kind: 'too-long', length: text.length };
  if (text === '') return { kind: 'nothing' };
  const { edit, replyTo, notify, important, announcement } = draft;
  if (edit !== undefined) return text === edit.before ? { kind: 'nothing' } : { kind: 'edit', id: edit.id, text };
  const options: SayOptions = {
    room,
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(notify.length === 0 ? {} : { notify }),
    ...(important ? { important } : {}),
    ...(announcement ? { announcement } : {}),
  };
  return { kind: 'say', text, options };
}

/** What stands in the field. */
export const shownText = (draft: Draft): string => draft.edit?.text ?? draft.text;

export function withText(draft: Draft, text: string): Draft {
  return draft.edit === undefined ? { ...draft, text } : { ...draft, edit: { ...draft.edit, text } };
}

/** The draft once what stands in the field went out: after an edit what was begun before, else nothing. */
export const afterSending = (draft: Draft): Draft => (draft.edit === undefined ? BLANK : withoutEdit(draft));

export const withoutEdit = (draft: Draft): Draft => ({ ...draft, edit: undefined });

/** `sent` did not go out: nothing of it is lost, and neither is what was begun since. */
export function putBack(now: Draft, sent: Draft): Draft {
  if (sent.edit !== undefined) return now.edit === undefined ? { ...now, edit: sent.edit } : now;
  return now.text === '' ? { ...sent, edit: now.edit } : { ...now, text: `${sent.text}\n${now.text}` };
}

/** What Esc takes back first; undefined if there is nothing to take back. */
export function withoutLayer(draft: Draft): Draft | undefined {
  if (draft.edit !== undefined) return withoutEdit(draft);
  if (draft.replyTo !== undefined) return { ...draft, replyTo: undefined };
  const plain = draft.notify.length === 0 && !draft.important && !draft.announcement;
  return plain ? undefined : { ...draft, notify: [], important: false, announcement: false };
}

export interface DraftStorage {
  load(pool: string, room: RoomId): string;
  save(pool: string, room: RoomId, text: string): void;
}

export class Drafts {
  readonly #storage: DraftStorage;
  readonly #drafts = new Map<string, Signal<Draft>>();

  constructor(storage: DraftStorage) {
    this.#storage = storage;
  }

  of(pool: string, room: RoomId): Signal<Draft> {
    const key = `${pool}/${room}`;
    const known = this.#drafts.get(key);
    if (known !== undefined) return known;
    const draft = signal(readDraft(this.#storage.load(pool, room)));
    this.#drafts.set(key, draft);
    return draft;
  }

  put(pool: string, room: RoomId, draft: Draft): void {
    this.of(pool, room).value = draft;
    this.#storage.save(pool, room, draft === BLANK ? '' : JSON.stringify(draft));
  }
}

/** Anything that is not a draft is none. */
function readDraft(stored: string): Draft {
  try {
    const value: unknown = JSON.parse(stored);
    return isDraft(value) ? value : BLANK;
  } catch {
    return BLANK;
  }
}

function isDraft(value: unknown): value is Draft {
  if (typeof value !== 'object' || value === null) return false;
  const { text, notify, important, announcement }: Partial<Record<keyof Draft, unknown>> = value;
  const whom = notify === 'everyone' || Array.isArray(notify);
  return typeof text === 'string' && whom && typeof important === 'boolean' && typeof announcement === 'boolean';
}
