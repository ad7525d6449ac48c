// The talk machine: the logs of a pool brought together over its links (heads.ts, wants.ts, gives.ts, intake.ts), what is
// written here (writing.ts), and what the conversation is made of (book.ts, receipts.ts, counts.ts). Synchronous; every call
// takes the time. Outputs are events and work for the keeper, which hashes, signs, seals and stores; links are called
// straight through `TalkLinks`. After every call: poll until undefined, then ask for nextTimeout.
import type { AccountId, DeviceId, EntryId, Hlc, RoomId } from '../wire/entry.ts';
import type { TalkEnvelope } from '../wire/talk-envelope.ts';
import { Book } from './book.ts';
import { Chains, type Chain } from './chains.ts';
import type { TalkContext, TalkReply } from './context.ts';
import { Counts } from './counts.ts';
import { Forks } from './forks.ts';
import { Gives } from './gives.ts';
import { Heads } from './heads.ts';
import { Intake } from './intake.ts';
import { Linking } from './linking.ts';
import { talkOptions, type TalkOptions } from './options.ts';
import { Peer, Peers } from './peers.ts';
import type { Draft, MetDevice, TalkLinks, TalkOp, TalkResult, TalkValues } from './ports.ts';
import { Receipts } from './receipts.ts';
import type { MessageRecord, Problem } from './records.ts';
import { Times } from './times.ts';
import { memberView, messageView, roomView } from './view.ts';
import type { GapView, MemberView, MessageView, RoomView, TalkEvent, Viewer } from './views.ts';
import { Wants } from './wants.ts';
import { Writing } from './writing.ts';

export type TalkOutput =
  | { readonly kind: 'talk'; readonly id: number; readonly op: TalkOp }
  | { readonly kind: 'event'; readonly event: TalkEvent };

export interface TalkSetup {
  readonly self: DeviceId;
  /** Whose device this is, as far as is known before the keeper has told: its own id, if not said. */
  readonly account?: AccountId;
  readonly links: TalkLinks;
  /** The pool's clock, ms since 1970, at a moment of the machine's own. */
  readonly poolTimeMs: (now: number) => number;
  readonly options?: Partial<TalkOptions>;
}

export class Talk {
  readonly #outputs: TalkOutput[] = [];
  readonly #waiting = new Map<number, TalkReply<TalkValues[TalkOp['op']]>>();
  readonly #context: TalkContext;
  readonly #chains = new Chains();
  readonly #peers: Peers;
  readonly #book: Book;
  readonly #heads: Heads;
  readonly #wants: Wants;
  readonly #gives: Gives;
  readonly #intake: Intake;
  readonly #forks: Forks;
  readonly #writing: Writing;
  readonly #receipts: Receipts;
  readonly #counts: Counts;
  readonly #linking: Linking;
  /** opening: what is kept is not read yet. failed: the disk refused; it is asked again at that time. */
  #state: { readonly kind: 'new' | 'opening' | 'open' } | { readonly kind: 'failed'; readonly againAtMs: number } = {
    kind: 'new',
  };
  /** The keeper has been asked to apply more of what waited. */
  #waking = false;
  #now = 0;
  #nextOp = 0;
  #troubledAtMs = -Infinity;

  constructor({ self, account = self, links, poolTimeMs, options: given }: TalkSetup) {
    const options = talkOptions(given);
    const emit = (event: TalkEvent): void => void this.#outputs.push({ kind: 'event', event });
    this.#peers = new Peers(options);
    this.#book = new Book(self, account, this.#peers, options, emit);
    const book = this.#book;
    this.#context = {
      options,
      links,
      self,
      chains: this.#chains,
      peers: this.#peers,
      members: book.members,
      rooms: book.rooms,
      opened: () => this.#state.kind === 'open',
      now: () => this.#now,
      poolMs: () => poolTimeMs(this.#now),
      account: () => book.account,
      accountOf: (device) => book.accountOf(device),
      nameOf: (device) => book.nameOf(device),
      isIn: (whose, room) => book.isIn(whose, room),
      chainOf: (room) => book.chainOf(room),
      reserve: () => this.#nextOp++,
      keep: (op, reply, id = this.#nextOp++) => {
        this.#waiting.set(id, reply);
        this.#outputs.push({ kind: 'talk', id, op });
        return id;
      },
      emit,
      troubled: () => this.#troubled(),
    };
    const times = new Times(this.#context);
    this.#heads = new Heads(this.#context);
    this.#wants = new Wants(this.#context);
    this.#gives = new Gives(this.#context, this.#heads);
    this.#counts = new Counts(this.#context, times, this.#wants);
    const { heads, wants, counts } = { heads: this.#heads, wants: this.#wants, counts: this.#counts };
    this.#intake = new Intake(this.#context, {
      book,
      heads,
      wants,
      counts,
      times,
      forked: (proofs) => this.#forks.learn(proofs),
    });
    this.#forks = new Forks(this.#context, this.#intake);
    this.#writing = new Writing(this.#context, book, heads, this.#intake);
    this.#receipts = new Receipts(this.#context, times);
    this.#linking = new Linking(this.#context, book, this.#writing);
  }

  get rooms(): readonly RoomView[] {
    return [...this.#book.rooms.values()].map((room) => roomView(this.viewer, room));
  }

  get members(): readonly MemberView[] {
    return [...this.#book.members.values()].map((member) => memberView(this.viewer, member));
  }

  /** What is here of every log. */
  get chains(): IterableIterator<Chain> {
    return this.#chains.values();
  }

  /** All the gaps there are, as they were told last. */
  get gaps(): readonly GapView[] {
    return this.#counts.gaps;
  }

  get viewer(): Viewer {
    return this.#book.viewer;
  }

  messageView(record: MessageRecord): MessageView {
    return messageView(this.viewer, record);
  }

  /** Once, before all else. */
  start(now: number): void {
    this.#now = now;
    if (this.#state.kind !== 'new') throw new Error('start: expected once, got again');
    this.#open();
  }

  #open(): void {
    this.#state = { kind: 'opening' };
    this.#context.keep(
      { op: 'open' },
      {
        done: (value) => {
          this.#state = { kind: 'open' };
          // Whoever asked before this could only be told the device's own id.
          if (value.account !== this.#book.account) {
            this.#book.account = value.account;
            this.#context.emit({ kind: 'account', account: value.account });
          }
          this.#chains.opened(value.chains);
          this.#book.apply(value);
          this.#forks.learn(value.forks);
          this.#forks.look();
          for (const peer of this.#peers.values()) this.#welcome(peer);
          this.#counts.touch();
        },
        failed: () => {
          this.#state = { kind: 'failed', againAtMs: this.#now + this.#context.options.troubleMs };
          this.#troubled();
        },
      },
    );
  }

  #troubled(): void {
    if (this.#now < this.#troubledAtMs + this.#context.options.troubleMs) return;
    this.#troubledAtMs = this.#now;
    const problem: Problem = { code: 'store-failed', author: undefined, chain: undefined, seq: undefined };
    const { self } = this.#context;
    this.#context.emit({ kind: 'problem', problem, from: self, name: this.#book.nameOf(self) });
  }

  /** A device is here, and a link to it on its way: for a moment what is written waits until it may be read there too. */
  expect(now: number, device: DeviceId): void {
    this.#now = now;
    this.#writing.expect(device);
  }

  /** A link to it stands with a new session, bound to its keys. */
  peerUp(now: number, met: MetDevice): void {
    this.#now = now;
    const before = this.#peers.get(met.device);
    if (before !== undefined) this.#gone(before);
    const peer = new Peer(met, this.#book.accountOf(met.device), now);
    this.#peers.put(peer);
    const done = (value: TalkValues['met']): void => this.#book.apply(value);
    this.#context.keep({ op: 'met', met }, { done, failed: () => this.#troubled() });
    this.#writing.expectNot(met.device);
    if (this.#context.opened()) this.#welcome(peer);
    this.#settle();
  }

  #welcome(peer: Peer): void {
    peer.account = this.#book.accountOf(peer.device);
    this.#heads.tellAll(peer);
    this.#forks.tellAll(peer);
    this.#receipts.moved(this.#book.rooms.values(), [peer]);
    this.#wants.look(peer.claims.keys());
    this.#receipts.heard(peer, [...peer.claims.keys()]);
    this.#gives.pump(peer);
  }

  /** This device itself, as the server sees it. */
  joined(now: number, self: MetDevice): void {
    this.#now = now;
    const done = (value: TalkValues['met']): void => this.#book.apply(value);
    this.#context.keep({ op: 'met', met: self }, { done, failed: () => this.#troubled() });
  }

  /** Its link is gone. */
  peerDown(now: number, device: DeviceId): void {
    this.#now = now;
    this.#writing.expectNot(device);
    const peer = this.#peers.get(device);
    if (peer !== undefined) this.#gone(peer);
    this.#heads.hurry();
    this.#book.heard();
    this.#settle();
  }

  #gone(peer: Peer): void {
    this.#peers.delete(peer.device);
    this.#wants.peerDown(peer);
    this.#counts.touch();
  }

  /** After a `blocked`: its link takes more again. */
  peerRoom(now: number, device: DeviceId): void {
    this.#now = now;
    const peer = this.#peers.get(device);
    if (peer === undefined) return;
    peer.blocked = false;
    this.#gives.pump(peer);
    this.#settle();
  }

  /**
   * Returns the number of the operation that holds the envelope's bytes: its credit may be given back once `done` has been
   * called with that. Undefined: at once.
   */
  envelope(now: number, from: DeviceId, envelope: TalkEnvelope): number | undefined {
    this.#now = now;
    const peer = this.#peers.get(from);
    if (peer === undefined) return undefined;
    const held = this.#handle(peer, envelope);
    this.#settle();
    return held;
  }

  #handle(peer: Peer, envelope: TalkEnvelope): number | undefined {
    switch (envelope.kind) {
      case 'heads': {
        const news = this.#heads.heard(peer, envelope.heads);
        this.#receipts.heard(peer, news);
        this.#book.heard();
        this.#wants.look(news);
        this.#counts.touch();
        return undefined;
      }
      case 'want':
        this.#gives.wanted(peer, envelope);
        return undefined;
      case 'entries':
        return this.#intake.entries(peer, envelope.want, envelope.entries);
      case 'typing':
        this.#receipts.typed(peer, envelope.room);
        return undefined;
      case 'read':
        this.#receipts.read(peer, envelope.room, envelope.created);
        return undefined;
      case 'link-ask':
        return this.#linking.asked(peer, envelope.proof);
      case 'link-grant':
        return this.#linking.granted(peer, envelope.account);
      case 'fork':
        return this.#forks.heard(peer, envelope);
    }
  }

  /** What came of the operation with that number. */
  done(now: number, id: number, result: TalkResult): void {
    this.#now = now;
    const reply = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (result.ok) {
      reply?.done(result.value);
      if (isDue(result.value)) this.#wake();
    } else reply?.failed?.(result.code);
    this.#forks.look();
    this.#regroup();
    this.#settle();
  }

  /** A piece at a time, so that whatever else the keeper is asked for comes in between. */
  #wake(): void {
    if (this.#waking) return;
    this.#waking = true;
    const after = (): void => {
      this.#waking = false;
    };
    this.#context.keep(
      { op: 'wake' },
      {
        done: (value) => {
          after();
          this.#book.apply(value);
        },
        // Whatever the keeper does next says once more that something is due.
        failed: () => {
          after();
          this.#troubled();
        },
      },
    );
  }

  /** Some turned out to be other people's devices than was thought: they may have other chains. */
  #regroup(): void {
    for (const peer of this.#peers.values()) {
      const account = this.#book.accountOf(peer.device);
      if (account === peer.account) continue;
      peer.account = account;
      this.#heads.tellAll(peer);
      this.#forks.tellAll(peer);
      this.#receipts.moved(this.#book.rooms.values(), [peer]);
    }
  }

  /** Writes an entry. Returns the number of the operation: its result tells what came of it. */
  write(now: number, room: RoomId, draft: Draft): number {
    this.#now = now;
    return this.#writing.write(room, draft);
  }

  typing(now: number, room: RoomId): void {
    this.#now = now;
    this.#receipts.typing(room);
  }

  /** All of a room up to `created` was read here. */
  read(now: number, room: RoomId, created: Hlc): void {
    this.#now = now;
    if (created <= (this.#book.rooms.get(room)?.readTo ?? 0)) return;
    const done = (value: TalkValues['read']): void => {
      this.#book.apply(value);
      this.#receipts.moved(value.rooms);
    };
    this.#context.keep({ op: 'read', room, created }, { done, failed: () => this.#troubled() });
  }

  /** Keeps a message among the saved ones, or no longer. Returns the operation's number. */
  save(now: number, message: EntryId, on: boolean): number {
    this.#now = now;
    return this.#context.keep({ op: 'save', message, on }, { done: (value) => this.#book.apply(value) });
  }

  /** Takes note of an announcement. Returns the operation's number. */
  note(now: number, message: EntryId): number {
    this.#now = now;
    return this.#context.keep({ op: 'note', message }, { done: (value) => this.#book.apply(value) });
  }

  /** Asks for what proves what a message or a profile says. Returns the operation's number: its result has that. */
  evidence(now: number, entry: EntryId): number {
    this.#now = now;
    return this.#context.keep({ op: 'evidence', entry }, { done: () => undefined });
  }

  /** A person verified a device, or wants it out. Returns the operation's number. */
  mark(now: number, device: DeviceId, marks: { readonly verified?: boolean; readonly out?: boolean }): number {
    this.#now = now;
    return this.#context.keep({ op: 'mark', device, ...marks }, { done: (value) => this.#book.apply(value) });
  }

  /** Fetches older entries. An event `more` tells when that is done; a call meanwhile joins it. */
  more(now: number): void {
    this.#now = now;
    this.#counts.more();
    this.#settle();
  }

  /** Asks to become one of a peer's person's devices. An event `account` tells if that is so; nothing if it is refused. */
  askLink(now: number, device: DeviceId, proof: Uint8Array): void {
    this.#now = now;
    const peer = this.#peers.get(device);
    if (peer !== undefined) this.#linking.ask(peer, proof);
  }

  timeout(now: number): void {
    this.#now = now;
    if (now < (this.nextTimeout() ?? Infinity)) return;
    if (this.#state.kind === 'failed' && now >= this.#state.againAtMs) this.#open();
    this.#wants.timeout();
    this.#settle();
  }

  nextTimeout(): number | undefined {
    const againMs = this.#state.kind === 'failed' ? this.#state.againAtMs : Infinity;
    let nextMs = Math.min(againMs, this.#writing.nextMs);
    if (this.#state.kind === 'open') {
      nextMs = Math.min(nextMs, this.#wants.nextMs, this.#counts.nextMs);
      for (const peer of this.#peers.values()) {
        if (!peer.blocked) nextMs = Math.min(nextMs, peer.tellAtMs, peer.readAtMs);
      }
    }
    return nextMs === Infinity ? undefined : nextMs;
  }

  poll(): TalkOutput | undefined {
    return this.#outputs.shift();
  }

  /** What any call may have made due. */
  #settle(): void {
    this.#wants.plan();
    for (const peer of this.#peers.values()) {
      this.#heads.tell(peer);
      this.#forks.tell(peer);
      this.#receipts.tell(peer);
    }
    this.#writing.pump();
    this.#counts.timeout();
  }
}

const isDue = (value: TalkValues[TalkOp['op']]): boolean =>
  typeof value === 'object' && 'due' in value && value.due === true;
