// PoolClient: the promise-and-event face of a pool, for the app, the terminal peer and embedders.
import type { Datagrams, OfferOptions, PoolClientFace, PoolClientOptions, SignedReport } from './io/client-face.ts';
import { NO_POOL } from './io/client-face.ts';
import { ControlStreams, type ControlStream, type ControlStreamOptions } from './io/control-streams.ts';
import { Driver } from './io/driver.ts';
import { offeredName } from './io/file-name.ts';
import { Keeper } from './io/keeper.ts';
import { KeptHistory } from './io/keeper-history.ts';
import { StoreError } from './io/store.ts';
import { KeptOffers } from './io/taken-back.ts';
import { TalkClient } from './io/talk-client.ts';
import type { SayOptions, TalkHistory } from './io/talk-face.ts';
import { MemoryTalkStore } from './io/talk-memory.ts';
import type { TalkStore } from './io/talk-store.ts';
import { signReport, type Report } from './keys/report.ts';
import type { ControlFrame } from './pool/control.ts';
import { Pool } from './pool/pool.ts';
import { checkRate } from './share/rate-cap.ts';
import type { Share, ShareRates } from './share/share.ts';
import type { OfferView, PeerId, PeerView, PoolEvent, PoolStats, TransferView } from './pool/views.ts';
import type { SchemaRegistry } from './wire/registry.ts';
import type { EntryId } from './wire/entry.ts';
import { cleanName } from './wire/signaling.ts';
import type { Account } from './wire/talk.ts';
import { CHUNKS_MAX } from './wire/envelope.ts';
import { FILES_PER_OFFER_MAX } from './wire/offered.ts';

export type { PoolEvent, PeerView, TransferView, OfferView, MessageView, PeerId, DeviceKind } from './pool/views.ts';
export type {
  Datagrams,
  OfferOptions,
  Platform,
  PoolClientFace,
  PoolClientOptions,
  SignedReport,
} from './io/client-face.ts';
export type { DeviceKeys } from './keys/identity.ts';
export { OFFENCES, type Offence } from './keys/report.ts';
export { unmetWords, type Unmet } from './pool/unmet.ts';
export { TalkError } from './io/talk-face.ts';
export type { FoundView, LinkInvitation, SayOptions, TalkFace, TalkHistory } from './io/talk-face.ts';
export type { Before, PoolRecord } from './io/talk-store.ts';
export type { GapView, MemberView, ReceiptView, RoomView, TalkEvent } from './pool/views.ts';
export type { ControlStats, ControlStream, ControlStreamOptions, FrameInfo } from './io/control-streams.ts';
export type { PoolStats, LinkReport, LinkRates, LinkStats, ClockReport, ControlReport } from './pool/views.ts';

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
        server: typeof server === 'string' ? server : server(),
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

  async signReport(report: Omit<Report, 'pool'>): Promise<SignedReport> {
    const { keys } = this.#options;
    const pool = this.#present().pool.code;
    return { pool, signKey: keys.signKey, signature: await signReport(keys, { ...report, pool }) };
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
    // Before they are kept: they are set again with each pool.
    checkRate(rates.downBytesPerSecond);
    checkRate(rates.upBytesPerSecond);
    this.#rates = rates;
    this.#membership?.driver.run((pool, now) => pool.share.limit(now, rates));
  }

  async settled(): Promise<void> {
    const deadlineMs = performance.now() + FLUSH_MS;
    while (this.#isSaying && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, FLUSH_POLL_MS));
    }
  }

  async close(): Promise<void> {
    await this.settled();
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
    if (this.#membership === undefined) throw new Error(NO_POOL);
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
