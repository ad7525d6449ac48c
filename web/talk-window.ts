// What of a room's messages is in memory: one run without holes, in the order everybody sees. Pure functions over arrays.
import type { MessageView } from '../src/talk/views.ts';

/** Messages of one room that stay in memory, at most; what is beyond comes back from the store. */
export const WINDOW_MAX = 3000;

export interface Window {
  /** Ascending, without repetition. */
  readonly messages: readonly MessageView[];
  /** Nothing that is kept here is older. */
  readonly atStart: boolean;
  /** Nothing that is kept here is newer. */
  readonly atEnd: boolean;
}

export const NOTHING: Window = { messages: [], atStart: false, atEnd: true };

type Place = Pick<MessageView, 'created' | 'from' | 'id'>;

/** The order of a conversation: time, then author, then number. */
export function compare(one: Place, other: Place): number {
  if (one.created !== other.created) return one.created - other.created;
  if (one.from !== other.from) return one.from < other.from ? -1 : 1;
  return one.id === other.id ? 0 : seqOf(one) - seqOf(other);
}

/** The last part of an entry's id. */
const seqOf = ({ id }: Place): number => Number(id.slice(id.lastIndexOf('/') + 1));

/** Where a message stands, or would stand. */
export function placeOf(
  messages: readonly MessageView[],
  message: Place,
): { readonly at: number; readonly there: boolean } {
  let [low, high] = [0, messages.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const each = messages[middle];
    if (each !== undefined && compare(each, message) < 0) low = middle + 1;
    else high = middle;
  }
  return { at: low, there: messages[low]?.id === message.id };
}

/** A message that is new or has changed. One that belongs beyond the run's ends stays out, and that end is open then. */
export function withMessage(window: Window, message: MessageView): Window {
  const { messages, atStart, atEnd } = window;
  const { at, there } = placeOf(messages, message);
  if (there) return { ...window, messages: messages.with(at, message) };
  if (at === messages.length) {
    return atEnd ? { ...window, messages: [...messages, message] } : window;
  }
  if (at === 0) return atStart ? { ...window, atStart: false } : window;
  return { ...window, messages: messages.toSpliced(at, 0, message) };
}

/**
 * A page (newest first) that was asked for before the oldest of the run; `whole`: nothing is before it. What is there already stays as it is: events may
 * have told of it what the page does not know yet.
 */
export function withOlder(window: Window, page: readonly MessageView[], whole: boolean): Window {
  const oldest = page.at(-1);
  const joined = merge(window.messages, page);
  // Those that events told of while the page was on its way may have a hole after them.
  const messages = whole || oldest === undefined ? joined : joined.slice(placeOf(joined, oldest).at);
  return { ...window, messages, atStart: whole };
}

/** Messages that follow the newest of the run without a hole; `whole`: nothing is after them. */
export function withNewer(window: Window, newer: readonly MessageView[], whole: boolean): Window {
  return { ...window, messages: merge(window.messages, newer), atEnd: whole };
}

/** At most WINDOW_MAX of them: the surplus goes at the end that nobody looks at. */
export function trimmed(window: Window, keep: 'start' | 'end'): Window {
  const { messages } = window;
  if (messages.length <= WINDOW_MAX) return window;
  return keep === 'end'
    ? { ...window, messages: messages.slice(-WINDOW_MAX), atStart: false }
    : { ...window, messages: messages.slice(0, WINDOW_MAX), atEnd: false };
}

function merge(messages: readonly MessageView[], more: readonly MessageView[]): readonly MessageView[] {
  if (messages.length === 0) return more.toSorted(compare);
  const known = new Set(messages.map(({ id }) => id));
  return [...messages, ...more.filter(({ id }) => !known.has(id))].sort(compare);
}
