// Brings pages of the open room from this device's disk into the store: where it was opened, and on towards both ends as the
// reader gets there. One request at a time; what comes for a room that is not open any more is dropped.
import { HLC_PER_MS, type EntryId, type Hlc, type RoomId } from '../src/wire/entry.ts';
import type { TalkFace } from '../src/io/talk-face.ts';
import type { MessageView } from '../src/talk/views.ts';
import type { TalkStore } from './talk-state.ts';
import { compare } from './talk-window.ts';

/** Messages of one page: some screens. */
export const PAGE = 100;
/** A room with more unread messages than this opens at its end, and the unread line is further up. */
const UNREAD_MAX = 1000;
/** The first guess at how long a page of messages took to write, in hybrid time: ten minutes. */
const SPAN: Hlc = 600_000 * HLC_PER_MS;
/** Guesses for one page; each halves or doubles, so this many reach from a moment to a century. */
const GUESSES_MAX = 48;

export type PageSource = Pick<TalkFace, 'page' | 'message'>;

export class TalkPages {
  readonly #store: TalkStore;
  readonly #source: () => PageSource | undefined;
  /** What is on its way; counted up, what was on its way before is of no interest any more. */
  #turn = 0;
  #busy: 'older' | 'newer' | undefined;
  #span = SPAN;

  /** `source`: where pages come from at the moment; undefined outside of a pool. */
  constructor(store: TalkStore, source: () => PageSource | undefined) {
    this.#store = store;
    this.#source = source;
  }

  /** Opens a room at its end, or at its unread line. Rejects with a StoreError. */
  async open(room: RoomId): Promise<void> {
    this.#store.open(room);
    await this.toEnd();
  }

  /** Shows the newest of the open room. */
  async toEnd(): Promise<void> {
    this.#begin();
    await this.older();
  }

  /** Opens the room of a message at that message. Resolves to false if it is not known here. */
  async show(id: EntryId): Promise<boolean> {
    const [source, turn] = [this.#source(), this.#turn];
    const message = await source?.message(id);
    if (source === undefined || message === undefined || turn !== this.#turn) return false;
    const store = this.#store;
    const { room } = message;
    store.open(room);
    if (store.room.peek() !== room) return false;
    if (!store.window.peek().messages.some((each) => each.id === id)) {
      this.#begin();
      await this.#load('older', async () => {
        const [older, after] = await Promise.all([
          source.page(room, PAGE, { created: message.created, id }),
          this.#after(source, room, message),
        ]);
        // All at once: what is shown begins where it is to be looked at.
        return () => store.takeAround(room, message, older, older.length < PAGE, after.newer, after.whole);
      });
      if (!store.window.peek().messages.some((each) => each.id === id)) return false;
    }
    store.target.value = id;
    return true;
  }

  /** One page towards the start; the first one reaches back to what is unread. */
  async older(): Promise<void> {
    await this.#load('older', async (source, room) => {
      const oldest = this.#store.window.peek().messages[0];
      const unread = oldest === undefined ? (this.#store.current.peek()?.unread ?? 0) : 0;
      const limit = PAGE + (unread > UNREAD_MAX ? 0 : unread);
      const before = oldest && { created: oldest.created, id: oldest.id };
      const page = await source.page(room, limit, before);
      return () => this.#store.takeOlder(room, page, page.length < limit);
    });
  }

  /** One page towards the end. */
  async newer(): Promise<void> {
    await this.#load('newer', async (source, room) => {
      const newest = this.#store.window.peek().messages.at(-1);
      if (newest === undefined) return () => undefined;
      const { newer, whole } = await this.#after(source, room, newest);
      return () => this.#store.takeNewer(room, newer, whole);
    });
  }

  /** Looks up a message that another quotes. */
  async quote(id: EntryId): Promise<void> {
    const message = await this.#source()?.message(id);
    this.#store.takeQuoted(id, message);
  }

  #begin(): void {
    this.#turn += 1;
    this.#busy = undefined;
    this.#store.restart();
  }

  async #load(way: 'older' | 'newer', fetch: (source: PageSource, room: RoomId) => Promise<() => void>): Promise<void> {
    const [source, room, turn] = [this.#source(), this.#store.room.peek(), this.#turn];
    if (source === undefined || room === '' || this.#busy !== undefined) return;
    this.#busy = way;
    try {
      const take = await fetch(source, room);
      if (turn === this.#turn && room === this.#store.room.peek()) take();
    } finally {
      if (turn === this.#turn) this.#busy = undefined;
    }
  }

  /**
   * Pages go backwards only, so what follows `newest` is found by asking for what is before a later moment: earlier if the page
   * does not reach back to `newest`, later if it brings next to nothing.
   */
  async #after(
    source: PageSource,
    room: RoomId,
    newest: MessageView,
  ): Promise<{ newer: MessageView[]; whole: boolean }> {
    let [low, high] = [0, Infinity];
    let newer: MessageView[] = [];
    for (let guess = 0; guess < GUESSES_MAX; guess += 1) {
      const last = this.#store.rooms.peek().find(({ id }) => id === room)?.lastCreated ?? 0;
      const until = newest.created + this.#span;
      const whole = until > last;
      // oxlint-disable-next-line no-await-in-loop -- each guess follows from the one before
      const page = await source.page(room, PAGE, whole ? undefined : { created: until });
      const found = page.filter((each) => compare(each, newest) > 0);
      const connects = page.length < PAGE || found.length < page.length;
      if (connects) {
        newer = found;
        if (whole || found.length > PAGE / 4) return { newer, whole };
        low = this.#span;
      } else high = this.#span;
      const next = high === Infinity ? low * 2 : low === 0 ? Math.floor(high / 2) : Math.floor((low + high) / 2);
      if (next <= low || next >= high) break;
      this.#span = next;
    }
    return { newer, whole: false };
  }
}
