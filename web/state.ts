// What the pool looks like to this device: signals, kept up to date from PoolEvents and from nothing else. What is said in it
// is talk-state.ts'.
// Each transfer and offer has a signal of its own, so that four updates a second redraw one line and not the page.
import { batch, signal, type Signal } from '@preact/signals';
import type { OfferView, PeerId, PeerView, PoolEvent, TransferView } from '../src/client.ts';
import type { UnboundCode } from '../src/pool/views.ts';
import { HLC_PER_MS, type Hlc } from '../src/wire/entry.ts';
import { assertNever } from './assert.ts';
import { fraction } from './format.ts';
import { problemSentence, unboundSentence, type ProblemCode } from './sentences.ts';
import { addSample, type Sample } from './trace.ts';

/** Offers and notes that stay in the page; older ones go. */
export const ENTRIES_MAX = 500;
/** Ended transfers that stay in memory; a pool full of offers must not grow the page without end. */
export const ENDED_MAX = 300;

/** One line of the pool's own room beside its messages. `atMs` is the pool's clock; `place` orders it among them. */
export type Entry =
  | {
      readonly kind: 'offer';
      readonly key: string;
      readonly atMs: number;
      readonly place: Hlc;
      readonly offer: OfferState;
    }
  | { readonly kind: 'note'; readonly key: string; readonly atMs: number; readonly place: Hlc; readonly text: string };

export interface OfferState {
  readonly id: string;
  readonly view: Signal<OfferView>;
  /** Oldest first. */
  readonly transfers: Signal<readonly TransferState[]>;
}

export interface TransferState {
  /** Unique in this page: a transfer that begins again after its device returned has the same id, and another key. */
  readonly key: string;
  readonly id: string;
  readonly view: Signal<TransferView>;
  /** Apart from `view`, so that lists regroup only when it changes. */
  readonly state: Signal<TransferView['state']>;
  readonly trace: Signal<readonly Sample[]>;
}

export type Backhaul =
  | { readonly state: 'connecting' | 'open' }
  | { readonly state: 'waiting'; readonly retryAtMs: number; readonly reason: string };

export class PoolStore {
  readonly pool: Signal<string> = signal('');
  readonly self: Signal<PeerId> = signal('');
  readonly peers: Signal<readonly PeerView[]> = signal([]);
  /** Those whose link could not be bound the last time it was tried. */
  readonly unbound: Signal<ReadonlyMap<PeerId, UnboundCode>> = signal(new Map());
  readonly entries: Signal<readonly Entry[]> = signal([]);
  /** Newest first. */
  readonly transfers: Signal<readonly TransferState[]> = signal([]);
  /** Ids of incoming transfers that have not ended, in the order in which they are served. */
  readonly queue: Signal<readonly string[]> = signal([]);
  readonly backhaul: Signal<Backhaul> = signal<Backhaul>({ state: 'connecting' });
  readonly #offers = new Map<string, OfferState>();
  readonly #transfers = new Map<string, TransferState>();
  /** Problems that a line tells of already. */
  readonly #problems = new Set<string>();
  #entryCount = 0;
  /** The pool's clock at the event that is being taken. */
  #poolMs = 0;
  /** The place of the last line, and never before the newest message. */
  #last: Hlc = 0;

  /** Takes one event; `nowMs` is the wall clock, `poolMs` the pool's. */
  apply(event: PoolEvent, nowMs: number, poolMs: number = nowMs): void {
    batch(() => {
      this.#poolMs = poolMs;
      this.#reduce(event, nowMs);
    });
  }

  /** Forgets everything: the next pool begins with a clean surface. */
  reset(): void {
    batch(() => {
      this.pool.value = '';
      this.peers.value = [];
      this.unbound.value = new Map();
      this.entries.value = [];
      this.transfers.value = [];
      this.queue.value = [];
    });
    this.#offers.clear();
    this.#transfers.clear();
    this.#problems.clear();
    this.#last = 0;
  }

  /** Adds a line of the page's own to the conversation, after everything that is there. */
  note(text: string): void {
    this.#add({ kind: 'note', key: this.#key('note'), atMs: this.#poolMs, place: this.#place(), text });
  }

  /** After what has arrived so far: clocks may differ a little, and what comes later stands further down. */
  #place(): Hlc {
    this.#last = Math.max(this.#last, this.#poolMs * HLC_PER_MS);
    return this.#last;
  }

  /** Takes ended transfers off the list; their cards in the conversation keep what they show. */
  clearEnded(): void {
    this.#drop(this.transfers.value.filter((transfer) => transfer.state.value === 'ended'));
  }

  /** Puts a transfer at `place` (0 first) of the queue; beyond its ends means at them. Returns where it stands then. */
  move(transfer: string, place: number): number {
    const others = this.queue.value.filter((id) => id !== transfer);
    const at = Math.min(Math.max(0, place), others.length);
    this.queue.value = others.toSpliced(at, 0, transfer);
    return at;
  }

  /** How an offer stands; `withdrawn` for one that is not known any more. */
  offerState(offer: string): OfferView['state'] {
    return this.#offers.get(offer)?.view.value.state ?? 'withdrawn';
  }

  #reduce(event: PoolEvent, nowMs: number): void {
    switch (event.kind) {
      case 'joined':
        this.#enter(event.pool, event.self, event.peers);
        return;
      case 'backhaul':
        this.backhaul.value =
          event.state === 'waiting'
            ? { state: 'waiting', retryAtMs: nowMs + event.retryMs, reason: event.reason }
            : { state: event.state };
        return;
      case 'left':
        this.peers.value = [];
        return;
      case 'peer-joined':
        if (this.#upsertPeer(event.peer)) this.note(`${event.peer.name} joined`);
        return;
      case 'peer-changed':
        this.#upsertPeer(event.peer);
        return;
      case 'peer-left':
        if (!this.peers.value.some((peer) => peer.id === event.peer.id)) return;
        this.peers.value = this.peers.value.filter((peer) => peer.id !== event.peer.id);
        this.#bind(event.peer.id, undefined);
        this.note(`${event.peer.name} left`);
        return;
      case 'message':
        this.#last = Math.max(this.#last, event.message.created);
        return;
      case 'problem':
        this.#onProblem(event.problem.code, event.name);
        return;
      case 'room':
      case 'member':
      case 'typing':
      case 'receipt':
      case 'gaps':
      case 'older':
      case 'more':
      case 'account':
        return; // talk-state.ts
      case 'offer':
        this.#upsertOffer(event.offer);
        return;
      case 'transfer':
        this.#upsertTransfer(event.transfer);
        return;
      case 'struck':
        this.note(`${event.peerName}’s device sent wrong data. Nothing more is taken from it.`);
        return;
      case 'unbound':
        this.#bind(event.peer, event.code);
        this.note(unboundSentence(event.name, event.code));
        return;
      case 'stats':
        return;
      default:
        assertNever(event);
    }
  }

  /** Once of each kind and device: a device that sends nonsense sends more of it. */
  #onProblem(code: ProblemCode, name: string): void {
    if (this.#problems.has(`${code} ${name}`)) return;
    this.#problems.add(`${code} ${name}`);
    this.note(problemSentence(code, name));
  }

  #enter(pool: string, self: PeerId, peers: readonly PeerView[]): void {
    if (pool !== this.pool.value) this.reset();
    this.pool.value = pool;
    this.self.value = self;
    this.peers.value = peers.filter((peer) => peer.id !== self);
  }

  /** True if the peer was not there before. */
  #upsertPeer(peer: PeerView): boolean {
    if (peer.id === this.self.value) return false;
    if (peer.path !== 'connecting') this.#bind(peer.id, undefined);
    const known = this.peers.value.some((each) => each.id === peer.id);
    this.peers.value = known
      ? this.peers.value.map((each) => (each.id === peer.id ? peer : each))
      : [...this.peers.value, peer];
    return !known;
  }

  #bind(peer: PeerId, code: UnboundCode | undefined): void {
    if (this.unbound.value.get(peer) === code) return;
    const others = [...this.unbound.value].filter(([id]) => id !== peer);
    this.unbound.value = new Map(code === undefined ? others : [...others, [peer, code]]);
  }

  #upsertOffer(view: OfferView): void {
    const known = this.#offers.get(view.id);
    const returned = known !== undefined && view.state === 'open' && known.view.value.state !== 'open';
    if (known !== undefined && !returned) {
      known.view.value = view;
      return;
    }
    // Offered anew, by a device that came back: a new card where people look. The old one stays if it holds something,
    // which may be a file that still waits to be saved.
    if (known?.transfers.value.length === 0) {
      this.entries.value = this.entries.value.filter((entry) => entry.kind !== 'offer' || entry.offer !== known);
    }
    const early = returned
      ? []
      : [...this.#transfers.values()].filter(({ view: each }) => each.peek().offer === view.id);
    const offer: OfferState = { id: view.id, view: signal(view), transfers: signal(early) };
    this.#offers.set(view.id, offer);
    this.#add({ kind: 'offer', key: this.#key('offer'), atMs: this.#poolMs, place: this.#place(), offer });
  }

  #upsertTransfer(view: TransferView): void {
    const sample = { at: fraction(view.doneBytes, view.bytes), speed: view.bytesPerSecond };
    const known = this.#transfers.get(view.id);
    if (view.direction === 'in') this.#enqueue(view);
    if (known === undefined || (known.state.value === 'ended' && view.state !== 'ended')) {
      this.#beginTransfer(view, sample);
      return;
    }
    const before = known.view.peek().offer;
    known.view.value = view;
    known.state.value = view.state;
    if (view.offer !== before) this.#relink(known, before);
    // The last event of a transfer tells of its end; its speed is no longer a measurement.
    if (view.state === 'running') known.trace.value = addSample(known.trace.value, sample);
  }

  #enqueue({ id, state }: TransferView): void {
    const queued = this.queue.value.includes(id);
    if (queued && state === 'ended') this.queue.value = this.queue.value.filter((each) => each !== id);
    if (!queued && state !== 'ended') this.queue.value = [...this.queue.value, id];
  }

  #beginTransfer(view: TransferView, sample: Sample): void {
    const added: TransferState = {
      key: this.#key('transfer'),
      id: view.id,
      view: signal(view),
      state: signal(view.state),
      trace: signal(view.state === 'running' ? [sample] : []),
    };
    this.#transfers.set(view.id, added);
    this.transfers.value = [added, ...this.transfers.value];
    const offer = this.#offers.get(view.offer);
    if (offer !== undefined) offer.transfers.value = [...offer.transfers.value, added];
    const ended = this.transfers.value.filter((transfer) => transfer.state.value === 'ended');
    this.#drop(ended.slice(ENDED_MAX));
  }

  /** It goes on with what was offered anew: it stands in that card then, and a card that is left with nothing goes. */
  #relink(transfer: TransferState, before: string): void {
    const [from, to] = [this.#offers.get(before), this.#offers.get(transfer.view.peek().offer)];
    if (to !== undefined) to.transfers.value = [...to.transfers.value, transfer];
    if (from === undefined) return;
    from.transfers.value = from.transfers.value.filter((each) => each !== transfer);
    if (from.transfers.value.length > 0) return;
    this.#offers.delete(before);
    this.entries.value = this.entries.value.filter((entry) => entry.kind !== 'offer' || entry.offer !== from);
  }

  #add(entry: Entry): void {
    const entries = [...this.entries.value, entry];
    for (const old of entries.splice(0, Math.max(0, entries.length - ENTRIES_MAX))) {
      if (old.kind === 'offer' && this.#offers.get(old.offer.id) === old.offer) this.#offers.delete(old.offer.id);
    }
    this.entries.value = entries;
  }

  #drop(transfers: readonly TransferState[]): void {
    if (transfers.length === 0) return;
    const gone = new Set(transfers);
    this.transfers.value = this.transfers.value.filter((transfer) => !gone.has(transfer));
    for (const transfer of gone) {
      if (this.#transfers.get(transfer.id) === transfer) this.#transfers.delete(transfer.id);
    }
  }

  #key(prefix: string): string {
    this.#entryCount += 1;
    return `${prefix}-${this.#entryCount}`;
  }
}
