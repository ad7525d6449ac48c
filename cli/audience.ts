// Whether anybody hears. Lines that come from a pipe, before anybody is there, wait a little; and a pipe that has ended waits until
// what it said is on the disks of those who are there.
import type { PeerView, PoolClientFace, PoolEvent, TalkFace } from '../src/client.ts';
import { deferred, timer, type Deferred } from '../src/io/waiting.ts';
import { parseEntryId, type ChainId, type DeviceId, type EntryId, type Hlc, type RoomId } from '../src/wire/entry.ts';
import { safeLine } from './safe-text.ts';
import type { Screen } from './screen.ts';
import { tellFailure } from './session.ts';

/** How long lines from a pipe wait for somebody to hear them, even if no more can come; while more can: on and on. */
const AUDIENCE_MS = 10_000;
/** How long they wait, once one device is linked, for the others that are there. */
const STRAGGLERS_MS = 2_000;
/** How long the end of a pipe waits for the next word of what has arrived. */
const ARRIVAL_MS = 10_000;

export class Audience {
  readonly #somebody: Deferred<true> = deferred();
  readonly #everybody: Deferred<true> = deferred();
  #waited: Promise<boolean> | undefined;

  look(peers: readonly PeerView[]): void {
    const linked = peers.filter(isLinked).length;
    if (linked > 0) this.#somebody.resolve(true);
    if (linked > 0 && linked === peers.length) this.#everybody.resolve(true);
  }

  /** True once somebody hears; false, after saying so, if nobody came in time. Later calls answer at once. */
  gathered(screen: Screen, inputEnd: Promise<undefined>): Promise<boolean> {
    this.#waited ??= this.#wait(screen, inputEnd);
    return this.#waited;
  }

  async #wait(screen: Screen, inputEnd: Promise<undefined>): Promise<boolean> {
    const patience = timer(AUDIENCE_MS);
    let came = await Promise.race([this.#somebody.promise, patience.done]);
    patience.cancel();
    if (came === undefined) {
      screen.note('Nobody is here to hear it yet. Lines wait until somebody is.');
      came = await Promise.race([this.#somebody.promise, inputEnd]);
    }
    if (came === undefined) {
      tellFailure(screen, 'Nobody was there to hear it: nothing was sent.');
      return false;
    }
    const stragglers = timer(STRAGGLERS_MS);
    await Promise.race([this.#everybody.promise, stragglers.done]);
    stragglers.cancel();
    return true;
  }
}

/** How far what was said here has arrived. */
export class Arrivals {
  /** The last that was said in each log: whoever has it has the ones before. */
  readonly #last = new Map<ChainId, EntryId>();
  /** The same once looked up: when that was, by whisper or, for all the rest, the pool's own room. */
  #said: ReadonlyMap<RoomId, Hlc> = new Map();
  /** How far each device has it, by room. */
  readonly #has = new Map<DeviceId, Map<RoomId, Hlc>>();
  #moved: Deferred<true> = deferred();

  said(id: EntryId): void {
    const chain = parseEntryId(id)?.chain;
    if (chain !== undefined) this.#last.set(chain, id);
  }

  take(event: PoolEvent): void {
    switch (event.kind) {
      case 'receipt': {
        const { device, room, deliveredTo } = event.receipt;
        const has = this.#has.get(device) ?? new Map<RoomId, Hlc>();
        this.#has.set(device, has.set(room, deliveredTo));
        return this.#move();
      }
      case 'peer-changed':
      case 'peer-left':
        return this.#move();
      default:
        return;
    }
  }

  /** True once all who are there have everything; false, after saying so, if nobody has it and no more seems to come. */
  async everywhere(client: PoolClientFace<string>, screen: Screen): Promise<boolean> {
    const { talk } = client;
    const messages = await Promise.all([...this.#last.values()].map((id) => talk.message(id)));
    this.#said = new Map(
      messages.flatMap((each) => (each === undefined ? [] : [[logOf(each.room, talk), each.created]])),
    );
    while (!this.#isEverywhere(client)) {
      const patience = timer(ARRIVAL_MS);
      // oxlint-disable-next-line no-await-in-loop -- each word of it gives the next one its time
      const moved = await Promise.race([this.#moved.promise, patience.done]);
      patience.cancel();
      if (moved === undefined) return this.#tellLate(client, screen);
    }
    return true;
  }

  #isEverywhere(client: PoolClientFace<string>): boolean {
    return this.#lacking(client).length === 0 && this.#isSomewhere;
  }

  #tellLate(client: PoolClientFace<string>, screen: Screen): boolean {
    const names = this.#lacking(client).map(({ name }) => safeLine(name));
    if (this.#isSomewhere) {
      screen.note(`Not everything has arrived at ${names.join(', ')} yet: others pass it on.`, 'bad');
      return true;
    }
    tellFailure(screen, 'It has not arrived anywhere. It is kept here: whoever meets this device next gets it.');
    return false;
  }

  /** Somebody, who may be gone by now, has everything. */
  get #isSomewhere(): boolean {
    const devices = [...this.#has.keys()];
    return [...this.#said.keys()].every((room) => devices.some((device) => this.#hasAll(device, [room])));
  }

  #lacking({ peers, talk }: PoolClientFace<string>): readonly PeerView[] {
    const { members, rooms } = talk;
    return peers.filter(isLinked).filter(({ id }) => {
      const account = members.find(({ device }) => device === id)?.account ?? id;
      const theirs = [...this.#said.keys()].filter((room) => {
        const accounts = rooms.find((each) => each.id === room)?.accounts ?? [];
        return accounts.length === 0 || accounts.includes(account) || accounts.includes(id);
      });
      return !this.#hasAll(id, theirs);
    });
  }

  #hasAll(device: DeviceId, rooms: readonly RoomId[]): boolean {
    return rooms.every((room) => (this.#has.get(device)?.get(room) ?? 0) >= (this.#said.get(room) ?? 0));
  }

  #move(): void {
    this.#moved.resolve(true);
    this.#moved = deferred();
  }
}

/** Zones share the log of the pool's own room. */
function logOf(room: RoomId, { rooms }: TalkFace): RoomId {
  if (rooms.find(({ id }) => id === room)?.kind === 'whisper') return room;
  return rooms.find(({ kind }) => kind === 'pool')?.id ?? room;
}

const isLinked = ({ path }: PeerView): boolean => path !== 'connecting';
