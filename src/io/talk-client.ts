// The conversation of the pool a device is in, as apps see it: calls become work for the talk machine, results become
// promises. What is kept is read straight from the keeper.
import { invitationProof, newInvitation, parseInvitation } from '../keys/account.ts';
import type { Draft, TalkResult, TalkValues } from '../talk/ports.ts';
import type { Talk } from '../talk/talk.ts';
import type { MemberView, MessageView, RoomView } from '../talk/views.ts';
import type { PeerView } from '../pool/views.ts';
import { cleanName } from '../wire/signaling.ts';
import { isEmoji, isText, MESSAGE_TEXT_MAX, ACCOUNTS_MAX, SHARED_NAMED_MAX, type SharedFiles } from '../wire/talk.ts';
import type { AccountId, DeviceId, EntryId, Hlc, RoomId } from '../wire/entry.ts';
import type { Keeper } from './keeper.ts';
import type { FileFacts } from './store.ts';
import { TalkError, type LinkInvitation, type SayOptions, type TalkFace } from './talk-face.ts';
import type { Before } from './talk-store.ts';

/** How long an invitation for another device holds, ms: the time to walk over to it. */
export const INVITATION_MS: number = 10 * 60 * 1000;
/** How long whoever made an invitation has to answer, ms. */
const ANSWER_MS = 10_000;

/** What is there while this device is in a pool. */
export interface TalkMembership {
  readonly pool: string;
  readonly keeper: Keeper;
  readonly peers: readonly PeerView[];
  run<T>(call: (talk: Talk, now: number) => T): T;
}

interface Waiting {
  // A method, so that each call's own, narrower resolve fits: the keeper answers an operation with its own value only.
  resolve(value: TalkValues[keyof TalkValues]): void;
  reject(error: TalkError): void;
}

export class TalkClient implements TalkFace {
  readonly #membership: () => TalkMembership;
  readonly #waiting = new Map<number, Waiting>();
  /** Whispers that were opened and in which nothing stands yet. */
  readonly #opened = new Map<RoomId, RoomView>();
  readonly #adopting = new Set<() => void>();
  #more: { readonly done: Promise<number>; readonly came: (entries: number) => void } | undefined;

  /** `membership` throws an Error outside of a pool. */
  constructor(membership: () => TalkMembership) {
    this.#membership = membership;
  }

  get self(): TalkFace['self'] {
    const { self, account } = this.#run((talk) => talk.viewer);
    return { device: self, account };
  }

  /** Something that was asked for is not done yet. */
  get busy(): boolean {
    return this.#waiting.size > 0;
  }

  get rooms(): readonly RoomView[] {
    const rooms = this.#run((talk) => talk.rooms);
    const known = new Set(rooms.map(({ id }) => id));
    return [...rooms, ...[...this.#opened.values()].filter(({ id }) => !known.has(id))];
  }

  get members(): readonly MemberView[] {
    return this.#run((talk) => talk.members);
  }

  async say(text: string, options: SayOptions = {}): Promise<EntryId> {
    checkText(text);
    const { room = this.#poolRoom, replyTo, notify = [], important = false, announcement = false } = options;
    const { messages } = await this.#write(room, { kind: 'text', text, replyTo, notify, important, announcement });
    const id = messages.at(-1)?.id;
    if (id === undefined) throw new TalkError('refused', 'Nothing was said.');
    return id;
  }

  async edit(message: EntryId, text: string): Promise<void> {
    checkText(text);
    await this.#about(message, { kind: 'edit', target: message, text });
  }

  async react(message: EntryId, emoji: string, on: boolean): Promise<void> {
    if (!isEmoji(emoji)) throw new RangeError(`emoji: expected one emoji, got ${emoji.length} characters`);
    await this.#about(message, { kind: 'reaction', target: message, emoji, removed: !on });
  }

  async retract(message: EntryId): Promise<void> {
    await this.#about(message, { kind: 'retract', target: message });
  }

  async confirm(message: EntryId): Promise<void> {
    await this.#about(message, { kind: 'vote', target: message });
  }

  evidence(entry: EntryId): Promise<TalkValues['evidence']> {
    return this.#done<TalkValues['evidence']>(this.#run((talk, now) => talk.evidence(now, entry)));
  }

  async save(message: EntryId, on: boolean): Promise<void> {
    await this.#done(this.#run((talk, now) => talk.save(now, message, on)));
  }

  async announcements(room: RoomId): Promise<MessageView[]> {
    const records = await this.#membership().keeper.announcements(room);
    return this.#run((talk) => records.map((record) => talk.messageView(record)));
  }

  async note(message: EntryId): Promise<void> {
    await this.#done(this.#run((talk, now) => talk.note(now, message)));
  }

  async whisper(accounts: readonly AccountId[]): Promise<RoomId> {
    const { keeper } = this.#membership();
    const id = keeper.whisper(accounts);
    const all = [...new Set([...accounts, this.self.account])].toSorted();
    const view = { id, kind: 'whisper', name: '', accounts: all, open: true, founder: false } as const;
    this.#opened.set(id, { ...view, readTo: 0, unread: 0, lastCreated: 0 });
    return id;
  }

  async createZone(name: string, accounts: readonly AccountId[]): Promise<RoomId> {
    const zone = this.#membership().keeper.newZone();
    await this.#zone(zone, name, accounts);
    return zone;
  }

  async changeZone(room: RoomId, name: string, accounts: readonly AccountId[]): Promise<void> {
    await this.#zone(room, name, accounts);
  }

  async #zone(zone: RoomId, name: string, accounts: readonly AccountId[]): Promise<void> {
    const clean = cleanName(name);
    if (clean === undefined) throw new RangeError('name: expected 1 to 64 characters that can be seen');
    const all = [...new Set([...accounts, this.self.account])].toSorted();
    if (all.length > ACCOUNTS_MAX)
      throw new RangeError(`accounts: expected at most ${ACCOUNTS_MAX}, got ${all.length}`);
    await this.#write(this.#poolRoom, { kind: 'zone', zone, name: clean, accounts: all });
  }

  typing(room: RoomId): void {
    this.#run((talk, now) => talk.typing(now, room));
  }

  read(room: RoomId, created: Hlc): void {
    this.#run((talk, now) => talk.read(now, room, created));
  }

  async page(room: RoomId, limit: number, before?: Before): Promise<MessageView[]> {
    const records = await this.#membership().keeper.page(room, limit, before);
    return this.#run((talk) => records.map((record) => talk.messageView(record)));
  }

  async message(id: EntryId): Promise<MessageView | undefined> {
    const record = await this.#membership().keeper.message(id);
    return record === undefined ? undefined : this.#run((talk) => talk.messageView(record));
  }

  more(): Promise<number> {
    if (this.#more === undefined) {
      let came: (entries: number) => void = () => undefined;
      const done = new Promise<number>((resolve) => {
        came = resolve;
      });
      this.#more = { done, came };
      this.#run((talk, now) => talk.more(now));
    }
    return this.#more.done;
  }

  words(device: DeviceId): readonly string[] | undefined {
    return this.#membership().peers.find(({ id }) => id === device)?.words;
  }

  async verify(device: DeviceId, on: boolean): Promise<void> {
    await this.#done(this.#run((talk, now) => talk.mark(now, device, { verified: on })));
  }

  async exclude(device: DeviceId, on: boolean): Promise<void> {
    await this.#done(this.#run((talk, now) => talk.mark(now, device, { out: on })));
  }

  async inviteDevice(): Promise<LinkInvitation> {
    const { pool, keeper } = this.#membership();
    const words = newInvitation((into) => crypto.getRandomValues(into));
    const untilMs = Date.now() + INVITATION_MS;
    keeper.invite(words, untilMs);
    return { words, code: `link=${pool}/${words}`, untilMs };
  }

  async useInvitation(code: string): Promise<void> {
    const words = parseInvitation(code.slice(code.lastIndexOf('/') + 1));
    if (words === undefined) throw new TalkError('refused', 'These are not the words of an invitation.');
    const { peers } = this.#membership();
    const { device } = this.self;
    // Whoever made it knows that it did; to everybody else the proof says nothing.
    for (const { id } of peers) {
      this.#run((talk, now) => talk.askLink(now, id, invitationProof(words, id, device)));
    }
    await new Promise<void>((resolve, reject) => {
      const adopted = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#adopting.delete(adopted);
        reject(new TalkError('absent', 'The device that made this invitation is not here, or it holds no more.'));
      }, ANSWER_MS);
      this.#adopting.add(adopted);
    });
  }

  async revoke(device: DeviceId): Promise<void> {
    await this.#write(this.#poolRoom, { kind: 'revoke', device });
  }

  async quit(): Promise<void> {
    await this.#write(this.#poolRoom, { kind: 'leave' });
  }

  /** Everybody in this conversation reads the new name, a clean one, from now on. Rejects with a TalkError. */
  async rename(name: string): Promise<void> {
    this.#membership().keeper.rename(name);
    await this.#write(this.#poolRoom, { kind: 'profile' });
  }

  /**
   * Tells that these files are offered: to everyone in the pool, or in the whisper with those whose devices `to` are. `before`:
   * what told of them at an earlier time, which still does if it was not taken back. Resolves to the entry; undefined if
   * nothing can be written there. Never rejects.
   */
  async tellOffer(
    files: readonly FileFacts[],
    to: readonly DeviceId[] | undefined,
    before: EntryId | undefined,
  ): Promise<EntryId | undefined> {
    try {
      const told = before === undefined ? undefined : await this.message(before);
      if (told?.from === this.self.device && told.files !== undefined) return told.id;
      const room = to === undefined ? this.#poolRoom : await this.whisper(this.#accountsOf(to));
      return (await this.#write(room, { kind: 'files', ...inShort(files) })).messages.at(-1)?.id;
    } catch {
      return undefined; // It left the pool for good, or the disk is full: files can be offered all the same.
    }
  }

  #accountsOf(devices: readonly DeviceId[]): readonly AccountId[] {
    const { members } = this;
    return devices.map((each) => members.find(({ device }) => device === each)?.account ?? each);
  }

  // --- what the client tells ---

  /** The keeper is done with an operation, and the machine has heard of it. */
  talked(id: number, result: TalkResult): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (result.ok) waiting?.resolve(result.value);
    else waiting?.reject(new TalkError(result.code, WORDS[result.code]));
  }

  cameOlder(entries: number): void {
    this.#more?.came(entries);
    this.#more = undefined;
  }

  adopted(): void {
    for (const resolve of this.#adopting) resolve();
    this.#adopting.clear();
  }

  /** Out of the pool: nothing that was asked for there will be answered. */
  left(): void {
    for (const { reject } of this.#waiting.values()) reject(new TalkError('left', 'This device left the pool.'));
    this.#waiting.clear();
    this.#opened.clear();
    this.cameOlder(0);
  }

  get #poolRoom(): RoomId {
    return this.#membership().keeper.poolRoom;
  }

  /** Writes where the message stands. */
  async #about(message: EntryId, draft: Draft): Promise<void> {
    const found = await this.#membership().keeper.message(message);
    if (found === undefined) throw new TalkError('refused', 'There is no such message here.');
    await this.#write(found.room, draft);
  }

  #write(room: RoomId, draft: Draft): Promise<TalkValues['write']> {
    return this.#done<TalkValues['write']>(this.#run((talk, now) => talk.write(now, room, draft)));
  }

  #done<Value extends TalkValues[keyof TalkValues]>(id: number): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      const waiting: { resolve(value: Value): void; reject(error: TalkError): void } = { resolve, reject };
      this.#waiting.set(id, waiting as Waiting);
    });
  }

  #run<T>(call: (talk: Talk, now: number) => T): T {
    return this.#membership().run(call);
  }
}

const WORDS = {
  refused: 'That cannot be done with this message or in this room.',
  'store-failed': 'This device could not store it.',
} as const;

/** What the conversation says of an offer. */
function inShort(files: readonly FileFacts[]): SharedFiles {
  const all = files.map(({ name, bytes, folder }) => {
    return folder === undefined ? { name, bytes } : { name, bytes: folder.contentBytes, entries: folder.entries };
  });
  const bytes = all.reduce((sum, file) => sum + file.bytes, 0);
  return { files: all.slice(0, SHARED_NAMED_MAX), count: all.length, bytes };
}

function checkText(text: string): void {
  if (!isText(text)) throw new RangeError(`text: expected 1 to ${MESSAGE_TEXT_MAX} characters, got ${text.length}`);
}
