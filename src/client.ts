// PoolClient: the promise-and-event face of a pool, for the app, the terminal peer and embedders.
import type { DeviceKeys } from './keys/identity.ts';
import { ControlStreams, type ControlStream, type ControlStreamOptions } from './io/control-streams.ts';
import { Driver } from './io/driver.ts';
import { offeredName } from './io/file-name.ts';
import { Keeper } from './io/keeper.ts';
import { KeptHistory } from './io/keeper-history.ts';
import { StoreError, type Store } from './io/store.ts';
import { KeptOffers } from './io/taken-back.ts';
import { TalkClient } from './io/talk-client.ts';
import type { SayOptions, TalkFace, TalkHistory } from './io/talk-face.ts';
import { MemoryTalkStore } from './io/talk-memory.ts';
import type { TalkStore } from './io/talk-store.ts';
import type { TransportFactory } from './io/transport.ts';
import type { SendResult } from './link/outputs.ts';
import type { ControlFrame } from './pool/control.ts';
import { Pool, type PoolSetup } from './pool/pool.ts';
import type { Share, ShareRates } from './share/share.ts';
import type { DeviceKind, OfferView, PeerId, PeerView, PoolEvent, PoolStats, TransferView } from './pool/views.ts';
import type { DatagramSchema, SchemaRegistry } from './wire/registry.ts';
import type { EntryId } from './wire/entry.ts';
import { cleanName } from './wire/signaling.ts';
import type { Account } from './wire/talk.ts';
import { CHUNKS_MAX } from './wire/envelope.ts';
import { FILES_PER_OFFER_MAX } from './wire/offered.ts';

export type { PoolEvent, PeerView, TransferView, OfferView, MessageView, PeerId, DeviceKind } from './pool/views.ts';
export type { DeviceKeys } from './keys/identity.ts';
export { unmetWords, type Unmet } from './pool/unmet.ts';
export { TalkError } from './io/talk-face.ts';
export type { FoundView, LinkInvitation, SayOptions, TalkFace, TalkHistory } from './io/talk-face.ts';
export type { Before, PoolRecord } from './io/talk-store.ts';
export type { GapView, MemberView, ReceiptView, RoomView, TalkEvent } from './pool/views.ts';
export type { ControlStats, ControlStream, ControlStreamOptions, FrameInfo } from './io/control-streams.ts';
export type { PoolStats, LinkReport, LinkRates, LinkStats, ClockReport, ControlReport } from './pool/views.ts';

/** What differs between a browser and Node. */
export interface Platform<Source> {
  readonly transport: TransportFactory;
  readonly store: Store<Source>;
  /** Opens the backhaul's websocket; the browser's own `WebSocket` or the one of `ws`. */
  readonly webSocket: (url: string) => WebSocket;
  /** A small picture of an offered file by its key in the store; undefined if it has none. */
  readonly thumbnail?: (key: string) => Promise<Uint8Array | undefined>;
  /** Where conversations are kept; without, in memory and for as long as the client lives. */
  readonly talk?: TalkStore;
}

export interface PoolClientOptions<Source> {
  /** `ws://` or `wss://`, path `/ws`. */
  readonly server: string;
  readonly name: string;
  readonly device: DeviceKind;
  /** Who this device is. No two clients may use the same at one time. */
  readonly keys: DeviceKeys;
  /** Whose device it is, if it was linked to somebody's; to be kept with the keys. */
  readonly account?: Account | undefined;
  /** It has been linked to another device: what is to be given as `account` from now on. */
  readonly onAccount?: (account: Account) => void;
  /** Where the server wants one: a ticket that lets this device into `pool` now (docs/hooks.md); asked for each time it joins. */
  readonly ticket?: (pool: string) => Promise<string>;
  readonly platform: Platform<Source>;
  /** All links go through the server's TURN server or not at all: others learn no address of this device. Default false. */
  readonly relayOnly?: boolean;
  /** Limits and timeouts of the machines, where the defaults will not do. */
  readonly limits?: PoolSetup['options'];
}

export interface PoolClientFace<Source> {
  /** Every event from now on, in order. Returns the way to stop. */
  subscribe(listener: (event: PoolEvent) => void): () => void;
  /**
   * Statistics of every link, once a second and before leaving for as long as somebody listens, from one pool to the
   * next. Those who subscribed hear them meanwhile too, as `stats` events. Returns the way to stop.
   */
  stats(listener: (stats: PoolStats) => void): () => void;
  /** The time on the pool's clock, the same for everyone in it, ms since 1970. Outside a pool this device's own. */
  readonly poolTimeMs: number;
  /**
   * Opens a control stream: inputs sampled at a fixed rate (or only listened to), surfaced in time or not at all. It goes
   * on from one pool to the next. Throws a RangeError on an option out of range, an Error on a stream that is open.
   */
  control<Up, Down = never>(options: ControlStreamOptions<Up, Down>): ControlStream<Down>;
  /**
   * Control datagrams of the application's own: small, at once, once only (docs/datagrams.md). Whatever another member sends
   * under a schema of `registry` reaches `listener`; what cannot be read is dropped.
   */
  datagrams<D extends { readonly name: string; readonly value: unknown }>(
    registry: SchemaRegistry<D>,
    listener: (peer: PeerId, datagram: D) => void,
  ): Datagrams;
  readonly peers: readonly PeerView[];
  readonly offers: readonly OfferView[];
  readonly transfers: readonly TransferView[];
  /** Joins `pool` (a normalized code), leaving the one it is in. Resolves with `joined`; rejects with why not. */
  join(pool: string): Promise<void>;
  leave(): Promise<void>;
  /**
   * Calls this device `name` from now on, in this pool at once, and nothing that goes on is interrupted. Resolves once the
   * conversation has it; rejects with a RangeError on a name with nothing to show or too long, or with a TalkError.
   */
  rename(name: string): Promise<void>;
  /** What is said in this pool, by whom, and who may read it. */
  readonly talk: TalkFace;
  /** What was said in all pools, as far as it is kept. */
  readonly talkHistory: TalkHistory;
  /** Says `text` in the pool's own room: see `TalkFace.say`. */
  say(text: string, options?: SayOptions): Promise<EntryId>;
  /**
   * Offers up to 500 files and folders to everyone, those who come later too, or to some devices alone, and says so in the
   * conversation: there it stays once this device is gone. Resolves to the offer's id. Rejects with a StoreError, or an Error if this device left the pool meanwhile; none of them stays in the store then.
   */
  offer(sources: readonly Source[], options?: OfferOptions): Promise<string>;
  /** `files`: numbers of those to take (OfferFileView); without, all. */
  accept(offer: string, files?: readonly number[]): void;
  decline(offer: string): void;
  /**
   * Own offer: stops its transfers, and takes back what tells of it. Whoever has that, at once or later, has nothing
   * unfinished of the offer any more. Rejects with a TalkError if it stays in the conversation.
   */
  withdraw(offer: string): Promise<void>;
  /** Ends one transfer, either direction; what was received of it is removed. */
  cancel(transfer: string): void;
  /** Of what is received: asks for nothing more of it until `resume`. */
  pause(transfer: string): void;
  resume(transfer: string): void;
  /** Takes a file again whose transfer ended otherwise than verified, as long as its offer stands. */
  retry(transfer: string): void;
  /** Reads a verified file back and hashes it once more; costs reading all of it. `TransferView.recheck` tells how far it is. */
  recheck(transfer: string): void;
  /** Puts a transfer at a place in the order of receiving; 0 is first. */
  move(transfer: string, place: number): void;
  /** Limits this device's rates, from one pool to the next; what is undefined has none. Throws a RangeError on 0 and below. */
  limit(rates: ShareRates): void;
  /** Leaves when all that was said has arrived (or three seconds have passed), and lets go of everything. */
  close(): Promise<void>;
}

export interface OfferOptions {
  /**
   * For these devices alone, here or away; at least one. Nobody else hears of it, and none of them passes it on. A person who
   * has several wants it on any of them: name them all.
   */
  readonly to?: readonly PeerId[] | undefined;
  /** What told of it when it was offered before (`OfferView.entry`): it is not told anew, unless that was taken back. */
  readonly before?: EntryId | undefined;
}

/** See `PoolClient.datagrams`. */
export interface Datagrams {
  /**
   * To `to`, or to everyone. After `deadlineMs` (from now) it is of no use, and is dropped where it is. `dropped`: nobody was
   * there to take it. Throws what the schema throws, a RangeError on a value that is too large or a schema that is not in the registry.
   */
  send<T>(
    schema: DatagramSchema<T>,
    value: T,
    options: { readonly deadlineMs: number; readonly to?: PeerId },
  ): SendResult;
  stop(): void;
}

/** How long `close` waits for acknowledgements. */
const FLUSH_MS = 3000;
const FLUSH_POLL_MS = 20;
const STATS_EVERY_MS = 1000;

interface Membership<Source> {
  readonly pool: Pool;
  readonly driver: Driver<Source>;
  readonly keeper: Keeper;
}

export class PoolClient<Source> implements PoolClientFace<Source> {
  readonly #options: PoolClientOptions<Source>;
  readonly #listeners = new Set<(event: PoolEvent) => void>();
  readonly #statsListeners = new Set<(stats: PoolStats) => void>();
  readonly #datagramListeners = new Set<(peer: PeerId, schema: number, bytes: Uint8Array) => void>();
  readonly #offers = new Map<string, OfferView>();
  readonly #transfers = new Map<string, TransferView>();
  readonly #control = new ControlStreams(() => this.#membership);
  readonly #talkStore: TalkStore;
  readonly #kept: KeptOffers;
  readonly talk: TalkClient;
  readonly talkHistory: TalkHistory;
  #membership: Membership<Source> | undefined;
  #sources = 0;
  #rates: ShareRates = {};
  #account: Account | undefined;
  #name: string;

  constructor(options: PoolClientOptions<Source>) {
    this.#options = options;
    this.#account = options.account;
    this.#name = options.name;
    this.#talkStore = options.platform.talk ?? new MemoryTalkStore();
    this.#kept = new KeptOffers(options.platform.store, async (id) => this.#membership?.keeper.message(id));
    this.talkHistory = new KeptHistory(this.#talkStore, options.keys.id);
    this.talk = new TalkClient(() => {
      const { pool, driver, keeper } = this.#present();
      const run = <T>(call: (talk: Pool['talk'], now: number) => T): T =>
        driver.run((machine, now) => call(machine.talk, now));
      return { pool: pool.code, keeper, peers: pool.peers, run };
    });
  }

  get peers(): readonly PeerView[] {
    return this.#membership?.pool.peers ?? [];
  }

  get offers(): readonly OfferView[] {
    return [...this.#offers.values()];
  }

  get transfers(): readonly TransferView[] {
    return [...this.#transfers.values()];
  }

  get poolTimeMs(): number {
    return this.#membership?.pool.poolTimeMs(performance.now()) ?? Date.now();
  }

  subscribe(listener: (event: PoolEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stats(listener: (stats: PoolStats) => void): () => void {
    this.#statsListeners.add(listener);
    if (this.#statsListeners.size === 1) this.#watchStats();
    return () => {
      if (this.#statsListeners.delete(listener) && this.#statsListeners.size === 0) this.#watchStats();
    };
  }

  control<Up, Down = never>(options: ControlStreamOptions<Up, Down>): ControlStream<Down> {
    return this.#control.open(options);
  }

  datagrams<D extends { readonly name: string; readonly value: unknown }>(
    registry: SchemaRegistry<D>,
    listener: (peer: PeerId, datagram: D) => void,
  ): Datagrams {
    const take = (peer: PeerId, schema: number, bytes: Uint8Array): void => {
      const decoded = registry.decode(schema, bytes);
      if (decoded.kind === 'decoded') listener(peer, decoded);
    };
    this.#datagramListeners.add(take);
    return {
      send: (schema, value, { deadlineMs, to }) => {
        const encoded = registry.encode(schema, value);
        if (encoded.kind === 'failed') throw encoded.error ?? new RangeError(`${schema.name}: ${encoded.code}`);
        return this.#run((pool, now) => pool.sendApplication(now, schema.id, encoded.bytes, now + deadlineMs, to));
      },
      stop: () => void this.#datagramListeners.delete(take),
    };
  }

  async join(code: string): Promise<void> {
    const { keys, device, server, platform, limits, ticket, relayOnly = false } = this.#options;
    const name = this.#name;
    const random = (n: number): Uint8Array => crypto.getRandomValues(new Uint8Array(n));
    // Nothing may come between the last leave and the new membership: of two joins at once the later one wins.
    while (this.#membership !== undefined) await this.leave();
    const pool = new Pool({
      pool: code,
      keys,
      name,
      device,
      ticketed: ticket !== undefined,
      random,
      wallOffsetMs: Date.now() - performance.now(),
      relayOnly,
      ...(limits === undefined ? {} : { options: limits }),
    });
    const keeper = new Keeper({
      pool: code,
      keys,
      name,
      kind: device,
      account: this.#account,
      store: this.#talkStore,
      random: (into) => crypto.getRandomValues(into),
      wallMs: () => Date.now(),
    });
    this.#offers.clear();
    this.#transfers.clear();
    this.#control.attach(pool);
    await new Promise<void>((resolve, reject) => {
      const onEvent = (event: PoolEvent): void => {
        this.#onEvent(event);
        if (event.kind === 'joined') resolve();
        if (event.kind === 'left') reject(new Error(event.reason));
      };
      const onApplication = (peer: PeerId, schema: number, bytes: Uint8Array): void => {
        for (const take of this.#datagramListeners) take(peer, schema, bytes);
      };
      const onControl = (frame: ControlFrame): void => this.#control.deliver(frame);
      const { webSocket, transport, store } = platform;
      const driver = new Driver({
        pool,
        keys,
        keeper,
        ticket: ticket && (() => ticket(code)),
        server,
        webSocket,
        transport,
        store,
        onEvent,
        onControl,
        onApplication,
        onTalked: (id, result) => {
          if (this.#membership?.keeper === keeper) this.talk.talked(id, result);
        },
      });
      this.#membership = { pool, driver, keeper };
      if (this.#statsListeners.size > 0) this.#watchStats();
      this.limit(this.#rates);
    });
  }

  async leave(): Promise<void> {
    const membership = this.#membership;
    if (membership === undefined) return;
    this.#membership = undefined;
    this.talk.left();
    membership.driver.run((pool, now) => pool.leave(now, 'left'));
    await membership.driver.stop();
  }

  async rename(name: string): Promise<void> {
    const clean = cleanName(name);
    if (clean === undefined) throw new RangeError('name: expected 1 to 64 characters that can be seen');
    if (clean === this.#name) return;
    this.#name = clean;
    if (this.#membership === undefined) return;
    this.#run((pool, now) => pool.handle(now, { kind: 'renamed', name: clean }));
    await this.talk.rename(clean);
  }

  say(text: string, options?: SayOptions): Promise<EntryId> {
    return this.talk.say(text, options);
  }

  async offer(sources: readonly Source[], { to, before }: OfferOptions = {}): Promise<string> {
    if (sources.length === 0 || sources.length > FILES_PER_OFFER_MAX) {
      throw new RangeError(`sources: expected 1 to ${FILES_PER_OFFER_MAX} files, got ${sources.length}`);
    }
    if (to?.length === 0) throw new RangeError('to: expected at least one device, got none');
    const { store } = this.#options.platform;
    const membership = this.#membership;
    const sizes = await Promise.all(sources.map((source) => store.sizeOf(source)));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    const chunkBytes = this.#run((pool) => pool.share.chunkBytesFor(bytes));
    const keys: string[] = [];
    const adding = sources.map(async (source) => {
      const key = `own/${this.#sources++}`;
      keys.push(key);
      const facts = await store.add(key, source, chunkBytes);
      if (facts.bytes > CHUNKS_MAX * chunkBytes) {
        throw new StoreError('unreadable', `${facts.name} is too large: ${CHUNKS_MAX * chunkBytes} bytes at most`);
      }
      return { key, facts: { ...facts, name: offeredName(facts.name) } };
    });
    let offer: string;
    try {
      const files = await Promise.all(adding);
      const entry = await this.talk.tellOffer(
        files.map(({ facts }) => facts),
        to,
        before,
      );
      // They were meant for those of that pool.
      if (this.#membership !== membership) throw new Error('This device left the pool before the offer was made.');
      offer = this.#run((pool, now) => pool.share.offer(now, files, chunkBytes, to && new Set(to), entry));
    } catch (error) {
      await Promise.allSettled(adding);
      await Promise.allSettled(keys.map((key) => store.remove(key)));
      throw error;
    }
    void this.#picture(offer, keys);
    return offer;
  }

  accept(offer: string, files?: readonly number[]): void {
    this.#share((share, now) => share.accept(now, offer, files));
  }

  decline(offer: string): void {
    this.#share((share, now) => share.decline(now, offer));
  }

  async withdraw(offer: string): Promise<void> {
    this.#share((share, now) => share.withdraw(now, offer));
    const entry = this.#offers.get(offer)?.entry;
    if (entry !== undefined) await this.talk.retract(entry);
  }

  cancel(transfer: string): void {
    this.#share((share, now) => share.cancel(now, transfer));
  }

  pause(transfer: string): void {
    this.#share((share, now) => share.pause(now, transfer));
  }

  resume(transfer: string): void {
    this.#share((share, now) => share.resume(now, transfer));
  }

  retry(transfer: string): void {
    this.#share((share, now) => share.retry(now, transfer));
  }

  recheck(transfer: string): void {
    this.#share((share, now) => share.recheck(now, transfer));
  }

  move(transfer: string, place: number): void {
    this.#share((share, now) => share.move(now, transfer, place));
  }

  limit(rates: ShareRates): void {
    this.#rates = rates;
    this.#membership?.driver.run((pool, now) => pool.share.limit(now, rates));
  }

  async close(): Promise<void> {
    const deadlineMs = performance.now() + FLUSH_MS;
    while (this.#isSaying && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, FLUSH_POLL_MS));
    }
    this.#control.stop();
    await this.leave();
    await Promise.all([this.#options.platform.store.close(), this.#talkStore.close()]);
  }

  #share(call: (share: Share, now: number) => void): void {
    this.#run((pool, now) => call(pool.share, now));
  }

  /** Small pictures of what was offered, one after the other, for as long as this membership lasts. */
  async #picture(offer: string, keys: readonly string[]): Promise<void> {
    const membership = this.#membership;
    const { thumbnail } = this.#options.platform;
    if (thumbnail === undefined) return;
    for (const [place, key] of keys.entries()) {
      // oxlint-disable-next-line no-await-in-loop -- one at a time: pictures are large until they are small
      const image = await thumbnail(key);
      if (this.#membership !== membership) return;
      if (image !== undefined) this.#share((share, now) => share.picture(now, offer, place, image));
    }
  }

  /** Something that was said is not written yet, or not everywhere yet. */
  get #isSaying(): boolean {
    return this.talk.busy || (this.#membership?.pool.unackedMessages ?? 0) > 0;
  }

  #present(): Membership<Source> {
    if (this.#membership === undefined) throw new Error('This device is in no pool: join one first.');
    return this.#membership;
  }

  #run<T>(call: (pool: Pool, now: number) => T): T {
    return this.#present().driver.run(call);
  }

  #adopted(): void {
    this.#account = this.#membership?.keeper.account;
    if (this.#account !== undefined) this.#options.onAccount?.(this.#account);
    this.talk.adopted();
  }

  #watchStats(): void {
    const everyMs = this.#statsListeners.size > 0 ? STATS_EVERY_MS : 0;
    this.#membership?.driver.run((pool, now) => pool.watchStats(now, everyMs));
  }

  /** An entry was taken back. If it told of an offer, that goes too, with what is here of it, also of an earlier time. */
  #takenBack(entry: EntryId): void {
    this.#membership?.driver.run((pool, now) => pool.share.takenBack(now, entry));
    void this.#kept.takenBack(entry, new Set(this.offers.map((offer) => offer.entry)).has(entry));
  }

  #onEvent(event: PoolEvent): void {
    if (event.kind === 'joined') void this.#kept.entered();
    if (event.kind === 'message' && event.message.state === 'retracted') this.#takenBack(event.message.id);
    if (event.kind === 'offer') this.#offers.set(event.offer.id, event.offer);
    if (event.kind === 'transfer') this.#transfers.set(event.transfer.id, event.transfer);
    if (event.kind === 'left') {
      this.#membership = undefined;
      this.talk.left();
    }
    if (event.kind === 'more') this.talk.cameOlder(event.entries);
    if (event.kind === 'account') this.#adopted();
    if (event.kind === 'stats') for (const listener of this.#statsListeners) listener(event.stats);
    for (const listener of this.#listeners) listener(event);
  }
}
