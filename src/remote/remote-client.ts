// A PoolClient whose pool is in another process: what a window shows and asks of the client that its host runs. Accessors answer
// at once, from what was told; calls and events cross the wire.
//
// Where it differs from a PoolClient, because nothing can be asked while the caller waits:
// - What returns nothing (`accept`, `pause`, ..) throws at once out of a pool; anything else that the host refuses of it comes as
//   HostEvent `trouble`. Once the host is gone, which `HostConnection.onLost` tells, it does nothing; what is waited for rejects.
// - `close` leaves the pool and lets go of the host; a window that only closes its channel leaves the host in its pool.
import type { Datagrams, OfferOptions, PoolClientFace, SignedReport } from '../io/client-face.ts';
import type { ControlStream, ControlStreamOptions, ControlStreams } from '../io/control-streams.ts';
import type { SayOptions } from '../io/talk-face.ts';
import { attempt } from '../io/attempt.ts';
import type { Report } from '../keys/report.ts';
import type { OfferView, PeerId, PeerView, PoolEvent, PoolStats, TransferView } from '../pool/views.ts';
import { checkRate } from '../share/rate-cap.ts';
import type { ShareRates } from '../share/share.ts';
import type { EntryId } from '../wire/entry.ts';
import type { SchemaRegistry } from '../wire/registry.ts';
import type { Tells } from './calls.ts';
import { HostError } from './host-face.ts';
import { Mirror } from './mirror.ts';
import { RemoteDatagrams, remoteStreams } from './remote-control.ts';
import { RemoteHistory, RemoteTalk } from './remote-talk.ts';
import type { Told, Wire } from './wire.ts';

/** What of a transfer or an offer is asked for without waiting. */
type Asked = 'accept' | 'decline' | 'cancel' | 'pause' | 'resume' | 'retry' | 'recheck' | 'move';

export class RemoteClient implements PoolClientFace<string> {
  readonly talk: RemoteTalk;
  readonly talkHistory: RemoteHistory;
  readonly #wire: Wire;
  readonly #mirror = new Mirror();
  readonly #streams: ControlStreams;
  readonly #datagrams: RemoteDatagrams;
  readonly #listeners = new Set<(event: PoolEvent) => void>();
  readonly #statsListeners = new Set<(stats: PoolStats) => void>();

  /** `wire`'s frames are to be given to `take`. */
  constructor(wire: Wire) {
    this.#wire = wire;
    this.talk = new RemoteTalk(wire, this.#mirror);
    this.talkHistory = new RemoteHistory(wire);
    this.#streams = remoteStreams(wire, this.#mirror);
    this.#datagrams = new RemoteDatagrams(wire, this.#mirror);
    wire.onLost(() => this.#streams.stop());
  }

  get peers(): readonly PeerView[] {
    return this.#mirror.peers;
  }

  get offers(): readonly OfferView[] {
    return this.#mirror.offers;
  }

  get transfers(): readonly TransferView[] {
    return this.#mirror.transfers;
  }

  get poolTimeMs(): number {
    return this.#mirror.poolTimeMs;
  }

  subscribe(listener: (event: PoolEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stats(listener: (stats: PoolStats) => void): () => void {
    this.#statsListeners.add(listener);
    if (this.#statsListeners.size === 1) this.#wire.tell('stats.watch', true);
    return () => {
      if (this.#statsListeners.delete(listener) && this.#statsListeners.size === 0)
        this.#wire.tell('stats.watch', false);
    };
  }

  control<Up, Down = never>(options: ControlStreamOptions<Up, Down>): ControlStream<Down> {
    return this.#streams.open(options);
  }

  datagrams<D extends { readonly name: string; readonly value: unknown }>(
    registry: SchemaRegistry<D>,
    listener: (peer: PeerId, datagram: D) => void,
  ): Datagrams {
    return this.#datagrams.open(registry, listener);
  }

  join(pool: string): Promise<void> {
    return this.#wire.call('join', pool);
  }

  leave(): Promise<void> {
    return this.#wire.call('leave');
  }

  rename(name: string): Promise<void> {
    return this.#wire.call('rename', name);
  }

  say(text: string, options?: SayOptions): Promise<EntryId> {
    return this.talk.say(text, options);
  }

  signReport(report: Omit<Report, 'pool'>): Promise<SignedReport> {
    return this.#wire.call('signReport', report);
  }

  offer(sources: readonly string[], options?: OfferOptions): Promise<string> {
    return this.#wire.call('offer', sources, options);
  }

  withdraw(offer: string): Promise<void> {
    return this.#wire.call('withdraw', offer);
  }

  settled(): Promise<void> {
    return this.#wire.call('settled');
  }

  accept(offer: string, files?: readonly number[]): void {
    this.#ask('accept', offer, files);
  }

  decline(offer: string): void {
    this.#ask('decline', offer);
  }

  cancel(transfer: string): void {
    this.#ask('cancel', transfer);
  }

  pause(transfer: string): void {
    this.#ask('pause', transfer);
  }

  resume(transfer: string): void {
    this.#ask('resume', transfer);
  }

  retry(transfer: string): void {
    this.#ask('retry', transfer);
  }

  recheck(transfer: string): void {
    this.#ask('recheck', transfer);
  }

  move(transfer: string, place: number): void {
    this.#ask('move', transfer, place);
  }

  limit(rates: ShareRates): void {
    checkRate(rates.downBytesPerSecond);
    checkRate(rates.upBytesPerSecond);
    this.#wire.tell('limit', rates);
  }

  async close(): Promise<void> {
    this.#streams.stop();
    try {
      await this.settled();
      await this.leave();
    } catch (error) {
      // A host that is gone is in no pool.
      if (!(error instanceof HostError)) throw error;
    } finally {
      this.#wire.close();
    }
  }

  /** What the host tells, in order. */
  take(told: Told): void {
    switch (told.kind) {
      case 'state':
        return this.#mirror.apply(told.state);
      case 'cleared':
        return this.#mirror.clear();
      case 'picture':
        return this.#mirror.picture(told.offer, told.number, told.image);
      case 'event':
        return this.#onEvent(this.#mirror.note(told.event));
      case 'control':
        return this.#streams.deliver(told.frame);
      case 'datagram':
        return this.#datagrams.take(told.peer, told.schema, told.bytes);
      case 'host':
        return; // remote-host.ts
    }
  }

  #ask<Name extends Asked>(name: Name, ...args: Parameters<Tells[Name]>): void {
    void this.#mirror.self;
    this.#wire.tell(name, ...args);
  }

  #onEvent(event: PoolEvent): void {
    if (event.kind === 'stats') for (const listener of this.#statsListeners) attempt(() => listener(event.stats));
    for (const listener of this.#listeners) attempt(() => listener(event));
  }
}
