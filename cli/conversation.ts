// The messages of the pool a terminal is in, as they are told there: what was kept from before, what is said, and what changes
// about it. It remembers what was told, so that people can call messages by numbers. Other news are talk-news.ts'.
import type { MessageView, TalkEvent } from '../src/client.ts';
import { deferred } from '../src/io/waiting.ts';
import type { EntryId } from '../src/wire/entry.ts';
import { reasonOf } from './errors.ts';
import { changesOf, changeWords, messageFields, messageLine, type Shown } from './message-words.ts';
import type { Numbers } from './numbers.ts';
import { safeLine } from './safe-text.ts';
import type { Session } from './session.ts';

/** Messages kept from before that are shown at the start: a screen. */
export const HISTORY_MAX = 20;
/** Rooms that are looked into for them, the ones with the newest messages. */
const HISTORY_ROOMS_MAX = 64;
/** Messages that are remembered: for changes to them, and commands about them. */
const REMEMBERED_MAX = 10_000;
/** Clocks of devices may differ by so much, ms: what was said that little before this device came was said while it was there. */
const CLOCKS_DIFFER_MS = 10_000;

export interface ConversationSetup {
  /** Normalized code. */
  readonly pool: string;
  /** Of messages, beside offers and transfers; undefined where nobody gives commands: then only what is said from now on is told. */
  readonly numbers: Numbers | undefined;
  /**
   * Somebody sits here and types: what is shown was read, which the others are told, and one's own lines vanish from the
   * screen, to be shown as messages.
   */
  readonly watched: boolean;
}

const canEdit = ({ own, state, files }: MessageView): boolean => own && state === 'here' && files === undefined;

type Telling = Pick<Session, 'client' | 'screen'>;

export class Conversation {
  readonly #setup: ConversationSetup;
  readonly #told = new Map<EntryId, MessageView>();
  readonly #opened = deferred<undefined>();
  /** What came before that which was kept was shown. */
  #held: MessageView[] | undefined;
  #begunMs = performance.now();
  #last: EntryId | undefined;

  constructor(setup: ConversationSetup) {
    this.#setup = setup;
    if (setup.numbers !== undefined) this.#held = [];
  }

  /** The message that people call by this number, if it was told. */
  called(number: string): MessageView | undefined {
    return this.#told.get(this.#setup.numbers?.idOf(number) ?? '');
  }

  /** The newest message of this person's that can be changed, in whatever room it stands. */
  get lastOwn(): MessageView | undefined {
    let last: MessageView | undefined;
    for (const message of this.#told.values()) {
      if (canEdit(message) && message.created > (last?.created ?? 0)) last = message;
    }
    return last;
  }

  /** The message that was shown last. */
  get last(): EntryId | undefined {
    return this.#last;
  }

  /** Once in the pool: shows what was kept from before, then what is new. Never rejects. */
  async begin(telling: Telling): Promise<void> {
    this.#begunMs = performance.now();
    if (this.#held === undefined) return;
    if (telling.client.talk.rooms.length === 0) await this.#opened.promise;
    try {
      await this.#tellKept(telling);
    } catch (error) {
      telling.screen.note(`What was kept from before cannot be read: ${safeLine(reasonOf(error))}.`, 'bad');
    }
    const held = this.#held;
    this.#held = undefined;
    for (const message of held) this.#tell(message, telling);
  }

  /** What is kept of the pool is known. */
  opened(): void {
    this.#opened.resolve(undefined);
  }

  take({ message, fresh }: TalkEvent & { readonly kind: 'message' }, telling: Telling): void {
    if (this.#held !== undefined) this.#held.push(message);
    else if (fresh || this.#told.has(message.id)) this.#tell(message, telling);
  }

  #tell(message: MessageView, telling: Telling): void {
    const before = this.#told.get(message.id);
    this.#remember(message);
    if (before === undefined) this.#tellNew(message, telling);
    else this.#tellChanges(before, message, telling);
  }

  #tellNew(message: MessageView, { client, screen }: Telling): void {
    const { talk } = client;
    const { numbers, watched } = this.#setup;
    const missed = message.sentMs < client.poolTimeMs - (performance.now() - this.#begunMs) - CLOCKS_DIFFER_MS;
    if (missed && numbers === undefined) return;
    const shown = { ...this.#shown(message), timed: missed };
    // Where people can take it, the offer has told of it.
    const offered = client.offers.some(({ entry, own, state }) => entry === message.id && !own && state === 'open');
    screen.event('message', { number: shown.number, ...messageFields(message, talk), missed });
    // In a log of a pipe, one's own lines would only echo its input.
    const isEcho = message.from === talk.self.device && !watched && !missed;
    if (!isEcho && !(offered && numbers !== undefined)) {
      screen.line(messageLine(message, talk, screen, shown));
      this.#last = message.id;
    }
    this.#seen([message], client);
  }

  /** They are on somebody's screen; oldest first. */
  #seen(messages: readonly MessageView[], { talk }: Telling['client']): void {
    if (!this.#setup.watched) return;
    const newest = new Map(messages.map(({ room, created }) => [room, created]));
    for (const [room, created] of newest) talk.read(room, created);
  }

  #tellChanges(before: MessageView, message: MessageView, { client, screen }: Telling): void {
    const { talk } = client;
    const changes = changesOf(before, message);
    const shown = this.#shown(message);
    if (changes.length > 0) {
      const kinds = [...new Set(changes.map(({ kind }) => kind))];
      screen.event('message-changed', { number: shown.number, ...messageFields(message, talk), changes: kinds });
    }
    for (const change of changes) {
      const told = changeWords(change, message, talk, shown.number);
      if (told.kind === 'line') screen.line(told.text, 'quiet');
      else screen.line(messageLine(message, talk, screen, { ...shown, mark: told.mark }));
    }
  }

  async #tellKept({ client, screen }: Telling): Promise<void> {
    const { talk, talkHistory } = client;
    const rooms = talk.rooms.toSorted((a, b) => b.lastCreated - a.lastCreated).slice(0, HISTORY_ROOMS_MAX);
    const pages = await Promise.all(rooms.map(({ id }) => talk.page(id, HISTORY_MAX)));
    const newest = pages.flat().toSorted((a, b) => b.created - a.created);
    const kept = newest.slice(0, HISTORY_MAX).toReversed();
    if (kept.length > 0) screen.note(`Kept from before, the last ${kept.length}:`);
    for (const message of kept) {
      this.#remember(message);
      const shown = { ...this.#shown(message), timed: true };
      screen.event('history', { number: shown.number, ...messageFields(message, talk) });
      screen.line(messageLine(message, talk, screen, shown));
    }
    this.#seen(kept, client);
    if (kept.length > 0) screen.note('New from here on:');
    const { pool } = this.#setup;
    if ((await talkHistory.pools()).some((each) => each.pool === pool && each.left)) {
      screen.note(`This device has left ${pool} for good: it can say nothing here, and reads nothing new.`, 'bad');
    }
  }

  #shown({ replyTo, id }: MessageView): Shown {
    const { numbers } = this.#setup;
    if (numbers === undefined) return {};
    const answers = replyTo !== undefined && this.#told.has(replyTo) ? numbers.numberOf(replyTo) : undefined;
    return { number: numbers.numberOf(id), answers };
  }

  #remember(message: MessageView): void {
    this.#told.delete(message.id);
    this.#told.set(message.id, message);
    const [oldest] = this.#told.keys();
    if (oldest !== undefined && this.#told.size > REMEMBERED_MAX) this.#told.delete(oldest);
  }
}
