// The conversations of the pool this tab is in: signals, kept up to date from TalkEvents and from pages of the open room
// (talk-pages.ts) and from nothing else. Offers and notes are state.ts'; lines.ts puts all of it in one row.
import { batch, computed, signal, type ReadonlySignal, type Signal } from '@preact/signals';
import type { AccountId, DeviceId, EntryId, Hlc, RoomId } from '../src/wire/entry.ts';
import type { Role } from '../src/wire/signaling.ts';
import type { GapView, MemberView, MessageView, ReceiptView, RoomView, TalkEvent } from '../src/talk/views.ts';
import { assertNever } from './assert.ts';
import { NOTHING, trimmed, withMessage, withNewer, withOlder, type Window } from './talk-window.ts';

/** How long after their last sign of it somebody is shown as writing, ms: they tell every three seconds. */
export const TYPING_SHOWN_MS = 5000;
/** Messages outside of the open run that are remembered because others quote them. */
const QUOTED_MAX = 500;

export interface Typist {
  readonly device: DeviceId;
  readonly name: string;
  readonly room: RoomId;
  readonly untilMs: number;
}

export interface Self {
  readonly device: DeviceId;
  readonly account: AccountId;
}

export class TalkStore {
  /** This device and its person; empty strings outside of a pool. */
  readonly self: Signal<Self> = signal<Self>({ device: '', account: '' });
  /** An owner's announcements count; a listener only reads in the pool's own room. */
  readonly role: Signal<Role> = signal<Role>('member');
  /** The pool's own first, then the one with the newest message first. */
  readonly rooms: Signal<readonly RoomView[]> = signal<readonly RoomView[]>([]);
  /** Every device that is known here, present or away, this one included. */
  readonly members: Signal<ReadonlyMap<DeviceId, MemberView>> = signal<ReadonlyMap<DeviceId, MemberView>>(new Map());
  /** The room that is open; empty until there is one. `open` changes it. */
  readonly room: ReadonlySignal<RoomId>;
  /** The same as a view. */
  readonly current: ReadonlySignal<RoomView | undefined>;
  /** Messages of others in all rooms that were not read. */
  readonly unread: ReadonlySignal<number>;
  /** Of the open room: the messages that are in memory. */
  readonly window: ReadonlySignal<Window>;
  /** Of the open room, a line stands before the first message of others after this; undefined: nowhere. */
  readonly unreadAfter: Signal<Hlc | undefined> = signal<Hlc | undefined>(undefined);
  /** A message that was looked up and is to be seen and marked; the view takes it from here. */
  readonly target: Signal<EntryId | undefined> = signal<EntryId | undefined>(undefined);
  /** Of all rooms. */
  readonly gaps: Signal<readonly GapView[]> = signal<readonly GapView[]>([]);
  /** Entries that devices here have and this one does not. */
  readonly older: Signal<number> = signal(0);
  /** Of the open room. */
  readonly receipts: ReadonlySignal<readonly ReceiptView[]>;
  /** Who writes in the open room at the moment. */
  readonly typing: ReadonlySignal<readonly Typist[]>;
  /** Announcements of the open room, newest first. */
  readonly announcements: ReadonlySignal<readonly MessageView[]>;
  readonly #room = signal<RoomId>('');
  readonly #window = signal<Window>(NOTHING);
  readonly #receipts = signal<ReadonlyMap<string, ReceiptView>>(new Map());
  readonly #typists = signal<readonly Typist[]>([]);
  readonly #announced = signal<ReadonlyMap<EntryId, MessageView>>(new Map());
  readonly #quoted = signal<ReadonlyMap<EntryId, MessageView | undefined>>(new Map());
  /** The reader is at the end of the conversation: what is too much goes at its start. */
  #following = true;

  constructor() {
    this.room = computed(() => this.#room.value);
    this.window = computed(() => this.#window.value);
    this.current = computed(() => this.rooms.value.find(({ id }) => id === this.#room.value));
    this.unread = computed(() => this.rooms.value.reduce((sum, { unread }) => sum + unread, 0));
    this.receipts = computed(() => [...this.#receipts.value.values()].filter(({ room }) => room === this.#room.value));
    this.typing = computed(() => this.#typists.value.filter(({ room }) => room === this.#room.value));
    this.announcements = computed(() =>
      [...this.#announced.value.values()]
        .filter(({ room }) => room === this.#room.value)
        .sort((one, other) => other.created - one.created),
    );
  }

  /** Begins anew with what is known on entering a pool. */
  enter(self: Self, rooms: readonly RoomView[], members: readonly MemberView[]): void {
    batch(() => {
      this.reset();
      this.self.value = self;
      this.members.value = new Map(members.map((member) => [member.device, member]));
      this.rooms.value = rooms.toSorted(inOrder);
      this.#openFirst();
    });
  }

  reset(): void {
    batch(() => {
      this.self.value = { device: '', account: '' };
      this.rooms.value = [];
      this.members.value = new Map();
      this.gaps.value = [];
      this.older.value = 0;
      this.#receipts.value = new Map();
      this.#typists.value = [];
      this.#announced.value = new Map();
      this.#quoted.value = new Map();
      this.#show('');
    });
  }

  /** Opens a room that is known. Its messages come with pages. */
  open(room: RoomId): void {
    if (room === this.#room.peek() || !this.rooms.peek().some(({ id }) => id === room)) return;
    this.#show(room);
  }

  /** Takes one event; `nowMs` is the wall clock. */
  apply(event: TalkEvent, nowMs: number): void {
    batch(() => {
      this.#reduce(event, nowMs);
    });
  }

  /** Whether the reader is at the end: then what is too much to keep in memory goes at the start, else at the end. */
  follow(on: boolean): void {
    this.#following = on;
  }

  /** The page is out of sight, or back: what arrives meanwhile stands below an unread line. */
  away(hidden: boolean): void {
    const newest = this.#window.peek().messages.at(-1)?.created;
    if (hidden) this.unreadAfter.value ??= newest;
    else if (newest !== undefined && (this.unreadAfter.peek() ?? 0) >= newest) this.unreadAfter.value = undefined;
  }

  /** Forgets what is in memory of the open room; pages begin at another place then. */
  restart(): void {
    this.#window.value = NOTHING;
  }

  /** A page of `room`, as `TalkFace.page` gives it. Nothing happens if that is not open any more. */
  takeOlder(room: RoomId, page: readonly MessageView[], whole: boolean): void {
    if (room !== this.#room.peek()) return;
    batch(() => {
      this.#window.value = trimmed(withOlder(this.#window.peek(), page, whole), 'start');
      for (const message of page) this.#note(message);
    });
  }

  /** A run around one message, in place of what was there. */
  takeAround(
    room: RoomId,
    message: MessageView,
    older: readonly MessageView[],
    wholeBefore: boolean,
    newer: readonly MessageView[],
    wholeAfter: boolean,
  ): void {
    batch(() => {
      this.restart();
      this.follow(false);
      this.takeNewer(room, [message, ...newer], wholeAfter);
      this.takeOlder(room, older, wholeBefore);
    });
  }

  /** Announcements that are kept in sight, as `TalkFace.announcements` gives them. */
  takeAnnouncements(announced: readonly MessageView[]): void {
    batch(() => {
      for (const message of announced) this.#note(message);
    });
  }

  takeNewer(room: RoomId, newer: readonly MessageView[], whole: boolean): void {
    if (room !== this.#room.peek()) return;
    batch(() => {
      this.#window.value = trimmed(withNewer(this.#window.peek(), newer, whole), 'end');
      for (const message of newer) this.#note(message);
    });
  }

  /** A message by its id: one of the open run, or one that was asked for because another quotes it. */
  message(id: EntryId): MessageView | undefined {
    return this.#window.value.messages.find((each) => each.id === id) ?? this.#quoted.value.get(id);
  }

  /** True if it is known whether there is such a message. */
  knows(id: EntryId): boolean {
    return this.#quoted.value.has(id) || this.#window.value.messages.some((each) => each.id === id);
  }

  /** The answer to a question for a message that another quotes; undefined: nobody here has it. */
  takeQuoted(id: EntryId, message: MessageView | undefined): void {
    const quoted = new Map(this.#quoted.peek()).set(id, message);
    for (const old of [...quoted.keys()].slice(0, Math.max(0, quoted.size - QUOTED_MAX))) quoted.delete(old);
    this.#quoted.value = quoted;
  }

  /** Lets go of those who have not written for a while. Returns when to look again, ms of the wall clock; undefined: not at all. */
  expireTyping(nowMs: number): number | undefined {
    const still = this.#typists.peek().filter(({ untilMs }) => untilMs > nowMs);
    if (still.length !== this.#typists.peek().length) this.#typists.value = still;
    return still.length === 0 ? undefined : Math.min(...still.map(({ untilMs }) => untilMs));
  }

  /** The name of a person: that of their device that was met last. */
  nameOf(account: AccountId): string {
    let best: MemberView | undefined;
    for (const member of this.members.value.values()) {
      if (member.account === account && (best === undefined || member.metMs > best.metMs)) best = member;
    }
    return best?.name ?? '';
  }

  #show(room: RoomId): void {
    const view = this.rooms.peek().find(({ id }) => id === room);
    this.#room.value = room;
    this.#window.value = NOTHING;
    this.#following = true;
    this.target.value = undefined;
    this.unreadAfter.value = view !== undefined && view.unread > 0 ? view.readTo : undefined;
  }

  #openFirst(): void {
    const own = this.rooms.peek().find(({ kind }) => kind === 'pool');
    if (this.#room.peek() === '' && own !== undefined) this.#show(own.id);
  }

  #reduce(event: TalkEvent, nowMs: number): void {
    switch (event.kind) {
      case 'message':
        this.#onMessage(event.message);
        return;
      case 'room': {
        const others = this.rooms.value.filter(({ id }) => id !== event.room.id);
        this.rooms.value = [...others, event.room].sort(inOrder);
        this.#openFirst();
        return;
      }
      case 'member':
        this.members.value = new Map(this.members.value).set(event.member.device, event.member);
        return;
      case 'typing': {
        const { room, device, name } = event;
        const others = this.#typists.value.filter((typist) => typist.device !== device);
        this.#typists.value = [...others, { room, device, name, untilMs: nowMs + TYPING_SHOWN_MS }];
        return;
      }
      case 'receipt': {
        const { receipt } = event;
        this.#receipts.value = new Map(this.#receipts.value).set(`${receipt.device}/${receipt.room}`, receipt);
        return;
      }
      case 'gaps':
        this.gaps.value = event.gaps;
        return;
      case 'older':
        this.older.value = event.entries;
        return;
      case 'account':
        this.self.value = { ...this.self.value, account: event.account };
        return;
      case 'more':
        return; // whoever asked is told by its promise
      case 'problem':
        return; // a line of the conversation: state.ts
      default:
        assertNever(event);
    }
  }

  #onMessage(message: MessageView): void {
    this.#note(message);
    if (this.#quoted.value.has(message.id)) this.takeQuoted(message.id, message);
    if (this.#typists.value.some(({ device }) => device === message.from)) {
      this.#typists.value = this.#typists.value.filter(({ device }) => device !== message.from);
    }
    if (message.room !== this.#room.value) return;
    this.#window.value = trimmed(withMessage(this.#window.value, message), this.#following ? 'end' : 'start');
  }

  /** Announcements stay in sight wherever the reader is. */
  #note(message: MessageView): void {
    const pinned = message.announcement && message.state === 'here';
    if (pinned === this.#announced.peek().has(message.id) && !pinned) return;
    const announced = new Map(this.#announced.peek());
    if (pinned) announced.set(message.id, message);
    else announced.delete(message.id);
    this.#announced.value = announced;
  }
}

function inOrder(one: RoomView, other: RoomView): number {
  if (one.kind === 'pool' || other.kind === 'pool') return Number(other.kind === 'pool') - Number(one.kind === 'pool');
  return other.lastCreated - one.lastCreated || (one.id < other.id ? -1 : 1);
}
