// The client of a host: a PoolClient that goes on where it was. What it has said yes to it takes when it comes back, what it offers it
// offers again, and looks at before it sends it; what goes in and out it writes into the history. An offer that was made or taken back is
// on disk when the call resolves.
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { PoolClient } from '../src/client.ts';
import type { OfferOptions, OfferView, PeerId, PoolEvent, TransferView } from '../src/client.ts';
import type { Shown } from '../src/io/account-ticket.ts';
import { holdDeviceKeys, talkFolder, type HeldKeys } from '../src/io/device-keys-files.ts';
import { FileHistory } from '../src/io/history-files.ts';
import { nodeTransport } from '../src/io/link-node.ts';
import { Recorder } from '../src/io/recorder.ts';
import { ServerAccounts } from '../src/io/server-accounts.ts';
import { openSocket } from '../src/io/socket-node.ts';
import { SqliteTalkStore } from '../src/io/talk-sqlite.ts';
import { HostError } from '../src/remote/host-face.ts';
import type { EntryId } from '../src/wire/entry.ts';
import { cleanName } from '../src/wire/signaling.ts';
import { FoldersStore } from './folders-store.ts';
import type { HostEvents } from './host-events.ts';
import type { HostMemory } from './host-memory.ts';
import { lapseOf, lookedAt, measure, recordOf, recordsFor } from './own-offers.ts';
import type { Lapse, OfferPlace, OwnRecord } from './own-offers.ts';

export interface HostedOptions {
  /** The data directory; this host's alone. */
  readonly data: string;
  /** This device's name as long as the person has given it no other. */
  readonly name: string;
  /** Received files go there. */
  readonly into: string;
  readonly memory: HostMemory;
  readonly events: HostEvents;
}

/** What a client is made of that has to be opened first. */
interface Parts {
  readonly held: HeldKeys;
  readonly talk: SqliteTalkStore;
  readonly store: FoldersStore;
  /** At the doors of pools, by pool. */
  readonly shown: Map<string, Shown>;
}

/** Ends of sending after which the file itself is looked at. */
const SPOILED: ReadonlySet<TransferView['end']> = new Set(['changed', 'unreadable']);

export class HostedClient extends PoolClient<string> {
  readonly history: FileHistory;
  readonly #memory: HostMemory;
  readonly #events: HostEvents;
  readonly #parts: Parts;
  /** Of the pool this device is in; undefined outside of one, and on the way there. */
  #recorder: Recorder | undefined;
  #recorded: Promise<void> = Promise.resolve();
  #offering: Promise<void> = Promise.resolve();
  /** What is sent now, by the transfer's id: it has been looked at. */
  readonly #sending = new Set<string>();
  /** Only this program ends: the pool is joined again at the next start. */
  #suspended = false;

  /** Rejects with a DeviceKeysError or a StoreError. */
  static async open(options: HostedOptions): Promise<HostedClient> {
    const { data, into, memory } = options;
    const held = await holdDeviceKeys(data);
    try {
      const talk = await SqliteTalkStore.open(talkFolder(data, held.slot));
      const store = new FoldersStore(into, memory.standing.folders);
      return new HostedClient(options, { held, talk, store, shown: new Map() });
    } catch (error) {
      await held.release();
      throw error;
    }
  }

  private constructor({ data, name, memory, events }: HostedOptions, parts: Parts) {
    const { held, talk, store } = parts;
    super({
      server: () => memory.standing.at?.server ?? '',
      name: memory.standing.name ?? name,
      device: 'desktop',
      keys: held.keys,
      account: held.account,
      onAccount: (next) => void held.keepAccount(next).catch((error: unknown) => events.trouble(error)),
      ticket: (pool) => this.#ticket(data, pool),
      platform: { talk, store, transport: nodeTransport, webSocket: openSocket },
    });
    this.history = new FileHistory(data);
    this.#memory = memory;
    this.#events = events;
    this.#parts = parts;
    memory.stand({ name: memory.standing.name ?? name, folders: store.folders });
    this.subscribe((event) => this.#on(event));
  }

  /** Resolves once all that was offered in this pool before is offered again. */
  get offeredAgain(): Promise<void> {
    return this.#offering;
  }

  /** What is received from now on goes there; what was begun elsewhere goes on there. */
  receiveInto(folder: string): void {
    this.#parts.store.receiveInto(folder);
    this.#memory.stand({ folders: this.#parts.store.folders });
  }

  /** At the door of `pool`, beside what was shown there before. */
  show(pool: string, shown: Shown): void {
    this.#parts.shown.set(pool, { ...this.#parts.shown.get(pool), ...shown });
  }

  override async join(pool: string): Promise<void> {
    const { server } = this.#memory.standing;
    if (server === '') throw new HostError('refused', 'No server was named yet.');
    // Out of the last one first: leaving it forgets it, be it the same.
    await this.leave();
    this.#memory.stand({ at: { server, pool } });
    await super.join(pool);
  }

  override async rename(name: string): Promise<void> {
    await super.rename(name);
    this.#memory.stand({ name: cleanName(name) });
  }

  override async offer(sources: readonly string[], { to, before }: OfferOptions = {}): Promise<string> {
    const place = { ...this.#place, batch: randomUUID(), atMs: Date.now() };
    const looked = sources.map((path, at) => recordOf(resolve(path), place, at));
    // What cannot be looked at cannot be offered either, and says so itself.
    const records = await Promise.all(looked).catch(() => []);
    const id = await this.#offer(sources, records, to, before);
    await this.#memory.settled();
    return id;
  }

  override async withdraw(offer: string): Promise<void> {
    await super.withdraw(offer);
    await this.#memory.settled();
  }

  override async leave(): Promise<void> {
    await super.leave();
    await this.#memory.settled();
  }

  override accept(offer: string, files?: readonly number[]): void {
    super.accept(offer, files);
    const view = this.offers.find(({ id }) => id === offer);
    if (view !== undefined) this.#memory.accepted.add(this.#place.pool, view, files);
  }

  override cancel(transfer: string): void {
    const view = this.transfers.find(({ id }) => id === transfer);
    if (view?.direction === 'in') this.#forget(view);
    super.cancel(transfer);
  }

  /** Lets go of everything, out of the pool for good. */
  override async close(): Promise<void> {
    await super.close();
    await this.#recorded;
    await this.#memory.settled();
    await this.#parts.held.release();
  }

  /** The same, and this device is in its pool again at the next start. */
  async suspend(): Promise<void> {
    this.#suspended = true;
    await this.close();
  }

  /** Where this device is; in no pool, nothing is said or offered anywhere. */
  get #place(): OfferPlace {
    return this.#memory.standing.at ?? { server: '', pool: '' };
  }

  async #ticket(data: string, pool: string): Promise<string> {
    const { name = '' } = this.#memory.standing;
    const { held, shown } = this.#parts;
    const accounts = new ServerAccounts({ server: this.#place.server, data });
    try {
      return await accounts.ticket(pool, { keys: held.keys, name, type: 'desktop' }, shown.get(pool) ?? {});
    } catch (error) {
      const { refused } = accounts;
      if (refused !== undefined)
        this.#events.tell({ kind: 'door', pool, code: refused.code, message: refused.message });
      throw error;
    }
  }

  #on(event: PoolEvent): void {
    switch (event.kind) {
      case 'joined':
        return this.#joined(event.pool);
      case 'left':
        return this.#left(event.pool);
      case 'offer':
        return this.#offered(event.offer);
      case 'message':
        if (event.message.own && event.message.state === 'retracted') {
          this.#memory.own.retire(({ entry }) => entry === event.message.id);
        }
        return;
      case 'transfer':
        this.#recorder?.take(event.transfer);
        return event.transfer.direction === 'in' ? this.#received(event.transfer) : this.#sent(event.transfer);
      default:
    }
  }

  #joined(pool: string): void {
    // Once a stay: after an outage, all that is here is there still.
    if (this.#recorder !== undefined) return;
    this.#recorder = new Recorder(this.history, pool, (error) => this.#events.trouble(error));
    this.#offering = this.#offerAgain(this.#recorder).catch((error: unknown) => this.#events.trouble(error));
  }

  #left(pool: string): void {
    this.#recorded = this.#recorder?.close() ?? this.#recorded;
    this.#recorder = undefined;
    this.#sending.clear();
    this.#memory.own.left();
    if (!this.#suspended && this.#memory.standing.at?.pool === pool) this.#memory.stand({ at: undefined });
  }

  #offered(offer: OfferView): void {
    if (offer.own) {
      if (offer.state === 'withdrawn') this.#memory.own.takenBack(offer.id);
      return;
    }
    if (offer.state !== 'open') return;
    const numbers = this.#memory.accepted.wanted(this.#place.pool, offer);
    if (numbers.length === 0) return;
    // Later, because the machine is still busy telling of the offer.
    queueMicrotask(() => {
      if (this.#recorder !== undefined) super.accept(offer.id, numbers);
    });
  }

  #received(transfer: TransferView): void {
    if (transfer.end === 'verified' || transfer.end === 'withdrawn') this.#forget(transfer);
  }

  /** It is here, or not wanted any more. */
  #forget(transfer: TransferView): void {
    this.#memory.accepted.remove(this.#place.pool, transfer.peer, transfer);
  }

  #sent(transfer: TransferView): void {
    const { id, state, end } = transfer;
    const spoiled = SPOILED.has(end);
    if (state === 'ended') this.#sending.delete(id);
    else if (this.#sending.has(id)) return;
    else this.#sending.add(id);
    if (state !== 'ended' || spoiled) {
      void this.#lookAt(transfer, spoiled).catch((error: unknown) => this.#events.trouble(error));
    }
  }

  /** Whether what is asked for still lies there. `spoiled`: the store has said that it does not. */
  async #lookAt(transfer: TransferView, spoiled: boolean): Promise<void> {
    const offer = this.offers.find(({ id }) => id === transfer.offer);
    if (offer === undefined) return;
    const { own } = this.#memory;
    const candidates = recordsFor(transfer, offer, own.of(offer.id)).filter(({ again }) => again);
    const looks = await Promise.all(candidates.map(lookedAt));
    // What changed within a folder is not seen at a glance.
    const changed = spoiled && looks.every((look) => look === undefined);
    for (const [at, record] of candidates.entries()) {
      const why = looks[at] ?? (changed ? 'changed' : undefined);
      if (why !== undefined) this.#lapse(record, why);
    }
    const rest = own.of(offer.id);
    // Others in the offer go on.
    if (rest.length > 0 && !rest.some(({ again }) => again)) await this.withdraw(offer.id);
  }

  #lapse({ id, name }: OwnRecord, why: Lapse): void {
    this.#memory.own.retire((record) => record.id === id);
    this.#events.tell({ kind: 'lapsed', name, why });
  }

  /** What was offered here before and lies there unchanged. `stay`: in which this is; nothing is offered in another. */
  async #offerAgain(stay: Recorder): Promise<void> {
    const { own } = this.#memory;
    for (const batch of own.again(this.#place)) {
      const [{ entry, to } = {}] = batch;
      const told = entry === undefined ? undefined : await this.talk.message(entry);
      if (told?.state === 'retracted') own.retire((record) => record.entry === entry);
      else {
        const unchanged: OwnRecord[] = [];
        for (const record of batch) {
          const why = await lapseOf(record);
          if (why === undefined) unchanged.push(record);
          else this.#lapse(record, why);
        }
        if (this.#recorder !== stay) return;
        const paths = unchanged.map(({ handle }) => handle);
        if (paths.length > 0) await this.#offer(paths, unchanged, to, entry);
      }
    }
  }

  async #offer(
    paths: readonly string[],
    records: readonly OwnRecord[],
    to: readonly PeerId[] | undefined,
    before: EntryId | undefined,
  ): Promise<string> {
    const id = await super.offer(paths, { to, before });
    const entry = this.offers.find((offer) => offer.id === id)?.entry;
    const added = { ...(to !== undefined && { to }), ...(entry !== undefined && { entry }) };
    const offered = records.map((record) => ({ ...record, ...added }));
    const [first] = offered;
    if (first !== undefined) this.#memory.own.opened(id, first.batch, offered);
    for (const record of offered) if (record.folder) void this.#measure(record);
    return id;
  }

  /** Beside everything else: a large folder takes seconds. */
  async #measure(record: OwnRecord): Promise<void> {
    const measured = await measure(record).catch(() => undefined);
    // Gone already: it is found out when somebody asks for it.
    if (measured !== undefined) this.#memory.own.measured(record, measured);
  }
}
