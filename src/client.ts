// PoolClient: the promise-and-event face of a pool, for the app, the terminal peer and embedders.
import { ControlStreams, type ControlStream, type ControlStreamOptions } from './io/control-streams.ts';
import { Driver } from './io/driver.ts';
import { safeFileName } from './io/file-name.ts';
import { StoreError, type Store } from './io/store.ts';
import type { TransportFactory } from './io/transport.ts';
import type { SendResult } from './link/outputs.ts';
import type { ControlFrame } from './pool/control.ts';
import { Pool, type PoolSetup } from './pool/pool.ts';
import type { Share, ShareRates } from './share/share.ts';
import type { DeviceKind, OfferView, PeerId, PeerView, PoolEvent, PoolStats, TransferView } from './pool/views.ts';
import type { DatagramSchema, SchemaRegistry } from './wire/registry.ts';
import { CHUNKS_MAX, FILES_PER_OFFER_MAX, FILE_NAME_BYTES_MAX } from './wire/envelope.ts';

export type { PoolEvent, PeerView, TransferView, OfferView, MessageView, PeerId, DeviceKind } from './pool/views.ts';
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
}

export interface PoolClientOptions<Source> {
  /** `ws://` or `wss://`, path `/ws`. */
  readonly server: string;
  readonly name: string;
  readonly device: DeviceKind;
  /** 32 random bytes that make the device's id; kept by a browser tab over a reload. */
  readonly secret: Uint8Array;
  readonly platform: Platform<Source>;
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
   * Says `text` (1 to 8,192 characters) to everyone. `blocked`: somebody's queue is full and nothing was sent; try again
   * in a moment. Throws a RangeError on another length, an Error outside a pool.
   */
  say(text: string): 'ok' | 'blocked';
  /**
   * Offers up to 500 files and folders to everyone, those who come later too. Resolves to the offer's id. Rejects with a
   * StoreError.
   */
  offer(sources: readonly Source[]): Promise<string>;
  /** `files`: numbers of those to take (OfferFileView); without, all. */
  accept(offer: string, files?: readonly number[]): void;
  decline(offer: string): void;
  /** Own offer: withdraws it and stops its transfers. */
  withdraw(offer: string): void;
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
}

export class PoolClient<Source> implements PoolClientFace<Source> {
  readonly #options: PoolClientOptions<Source>;
  readonly #listeners = new Set<(event: PoolEvent) => void>();
  readonly #statsListeners = new Set<(stats: PoolStats) => void>();
  readonly #datagramListeners = new Set<(peer: PeerId, schema: number, bytes: Uint8Array) => void>();
  readonly #offers = new Map<string, OfferView>();
  readonly #transfers = new Map<string, TransferView>();
  readonly #control = new ControlStreams(() => this.#membership);
  #membership: Membership<Source> | undefined;
  #sources = 0;
  #rates: ShareRates = {};

  constructor(options: PoolClientOptions<Source>) {
    if (options.secret.length !== 32) {
      throw new RangeError(`secret: expected 32 bytes, got ${options.secret.length}`);
    }
    this.#options = options;
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
    const { secret, name, device, server, platform, limits } = this.#options;
    const self = await deviceId(secret);
    // Nothing may come between the last leave and the new membership: of two joins at once the later one wins.
    while (this.#membership !== undefined) await this.leave();
    const pool = new Pool({
      pool: code,
      self,
      secret,
      name,
      device,
      random: (n) => crypto.getRandomValues(new Uint8Array(n)),
      wallOffsetMs: Date.now() - performance.now(),
      ...(limits === undefined ? {} : { options: limits }),
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
      const driver = new Driver({ pool, server, webSocket, transport, store, onEvent, onControl, onApplication });
      this.#membership = { pool, driver };
      if (this.#statsListeners.size > 0) this.#watchStats();
      this.limit(this.#rates);
    });
  }

  async leave(): Promise<void> {
    const membership = this.#membership;
    if (membership === undefined) return;
    this.#membership = undefined;
    membership.driver.run((pool, now) => pool.leave(now, 'left'));
    await membership.driver.stop();
  }

  say(text: string): 'ok' | 'blocked' {
    const result = this.#run((pool, now) => pool.say(now, text));
    if (result === 'dropped') throw new RangeError(`text: expected 1 to 8192 characters, got ${text.length}`);
    return result;
  }

  async offer(sources: readonly Source[]): Promise<string> {
    if (sources.length === 0 || sources.length > FILES_PER_OFFER_MAX) {
      throw new RangeError(`sources: expected 1 to ${FILES_PER_OFFER_MAX} files, got ${sources.length}`);
    }
    const { store } = this.#options.platform;
    const sizes = await Promise.all(sources.map((source) => store.sizeOf(source)));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    const chunkBytes = this.#run((pool) => pool.share.chunkBytesFor(bytes));
    const files = await Promise.all(
      sources.map(async (source) => {
        const key = `own/${this.#sources++}`;
        const facts = await store.add(key, source, chunkBytes);
        if (facts.bytes > CHUNKS_MAX * chunkBytes) {
          await store.remove(key);
          throw new StoreError('unreadable', `${facts.name} is too large: ${CHUNKS_MAX * chunkBytes} bytes at most`);
        }
        return { key, facts: { ...facts, name: offeredName(facts.name) } };
      }),
    );
    const offer = this.#run((pool, now) => pool.share.offer(now, files, chunkBytes));
    void this.#picture(
      offer,
      files.map(({ key }) => key),
    );
    return offer;
  }

  accept(offer: string, files?: readonly number[]): void {
    this.#share((share, now) => share.accept(now, offer, files));
  }

  decline(offer: string): void {
    this.#share((share, now) => share.decline(now, offer));
  }

  withdraw(offer: string): void {
    this.#share((share, now) => share.withdraw(now, offer));
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
    while ((this.#membership?.pool.unackedMessages ?? 0) > 0 && performance.now() < deadlineMs) {
      await new Promise((resolve) => setTimeout(resolve, FLUSH_POLL_MS));
    }
    this.#control.stop();
    await this.leave();
    await this.#options.platform.store.close();
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

  #run<T>(call: (pool: Pool, now: number) => T): T {
    if (this.#membership === undefined) throw new Error('This device is in no pool: join one first.');
    return this.#membership.driver.run(call);
  }

  #watchStats(): void {
    const everyMs = this.#statsListeners.size > 0 ? STATS_EVERY_MS : 0;
    this.#membership?.driver.run((pool, now) => pool.watchStats(now, everyMs));
  }

  #onEvent(event: PoolEvent): void {
    if (event.kind === 'offer') this.#offers.set(event.offer.id, event.offer);
    if (event.kind === 'transfer') this.#transfers.set(event.transfer.id, event.transfer);
    if (event.kind === 'left') this.#membership = undefined;
    if (event.kind === 'stats') for (const listener of this.#statsListeners) listener(event.stats);
    for (const listener of this.#listeners) listener(event);
  }
}

/** The id of the device that holds `secret`: the first 16 bytes of its SHA-256, in hex. The server computes the same. */
export async function deviceId(secret: Uint8Array): Promise<PeerId> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(secret)));
  return Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Some systems allow longer names than others: what does not fit is shortened, the rest goes as it is. */
function offeredName(name: string): string {
  const fits = name.length > 0 && new TextEncoder().encode(name).length <= FILE_NAME_BYTES_MAX;
  return fits ? name : safeFileName(name);
}
