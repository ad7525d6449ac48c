// Who and where: the members and rooms of the pool as the keeper knows them, and the events when any of it changes.
import { entryId, type AccountId, type ChainId, type DeviceId, type EntryId, type RoomId } from '../wire/entry.ts';
import { chainKey, mayHave, type Reader } from './chains.ts';
import type { TalkOptions } from './options.ts';
import type { Peers } from './peers.ts';
import type { Changed } from './ports.ts';
import type { EntryFacts, MemberRecord, MessageRecord, RoomRecord } from './records.ts';
import { memberView, messageView, roomView } from './view.ts';
import type { TalkEvent, Viewer } from './views.ts';

export class Book {
  readonly members: Map<DeviceId, MemberRecord> = new Map();
  readonly rooms: Map<RoomId, RoomRecord> = new Map();
  account: AccountId;
  readonly #self: DeviceId;
  readonly #peers: Peers;
  readonly #options: TalkOptions;
  readonly #emit: (event: TalkEvent) => void;
  /** Messages that were taken back lately: who has been told is news of them. */
  readonly #retracted = new Map<EntryId, { readonly message: MessageRecord; readonly told: number }>();

  constructor(
    self: DeviceId,
    account: AccountId,
    peers: Peers,
    options: TalkOptions,
    emit: (event: TalkEvent) => void,
  ) {
    this.#self = self;
    this.account = account;
    this.#peers = peers;
    this.#options = options;
    this.#emit = emit;
  }

  get viewer(): Viewer {
    const { members, account } = this;
    const holders = (author: DeviceId, chain: string, seq: number): DeviceId[] =>
      this.#peers.holders(chainKey(author, chain), seq);
    return { self: this.#self, account, members, holders };
  }

  accountOf(device: DeviceId): AccountId {
    return device === this.#self ? this.account : (this.members.get(device)?.account ?? device);
  }

  nameOf(device: DeviceId): string {
    return this.members.get(device)?.name ?? this.#peers.get(device)?.met.name ?? '';
  }

  isIn(whose: Reader, { kind, accounts }: RoomRecord): boolean {
    return mayHave({ audience: kind === 'pool' ? 'pool' : accounts }, whose);
  }

  chainOf(room: RoomId): ChainId {
    if (this.rooms.get(room)?.kind !== 'zone') return room;
    for (const { id, kind } of this.rooms.values()) if (kind === 'pool') return id;
    return room;
  }

  /** `entries`: what is new with it. */
  apply(changed: Changed, entries: readonly EntryFacts[] = []): void {
    for (const member of changed.members) this.members.set(member.device, member);
    for (const room of changed.rooms) this.rooms.set(room.id, room);
    const viewer = this.viewer;
    for (const member of changed.members) this.#emit({ kind: 'member', member: memberView(viewer, member) });
    for (const room of changed.rooms) this.#emit({ kind: 'room', room: roomView(viewer, room) });
    const fresh = new Set(entries.map(({ author, chain, seq }) => entryId(author, chain, seq)));
    for (const message of changed.messages) {
      if (message.retractSeq !== undefined) this.#watch(message);
      this.#emit({ kind: 'message', message: messageView(viewer, message), fresh: fresh.has(message.id) });
    }
  }

  #watch(message: MessageRecord): void {
    this.#retracted.delete(message.id);
    this.#retracted.set(message.id, { message, told: messageView(this.viewer, message).retractedBy.length });
    const [oldest] = this.#retracted.keys();
    if (oldest !== undefined && this.#retracted.size > this.#options.retractsWatchedMax) this.#retracted.delete(oldest);
  }

  /** Somebody has told what it has, or is gone. */
  heard(): void {
    for (const [id, { message, told }] of this.#retracted) {
      const view = messageView(this.viewer, message);
      if (view.retractedBy.length === told) continue;
      this.#retracted.set(id, { message, told: view.retractedBy.length });
      this.#emit({ kind: 'message', message: view, fresh: false });
    }
  }
}
