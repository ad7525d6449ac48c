// Who has a place in which pool: members with a socket, and for a while those that lost theirs. Roles by who came first, and
// signals kept for whoever is away. Part of the hub machine; who is told what about it is hub.ts.
import type { Member, Role } from '../src/wire/signaling.ts';
import type { Absence, Grant, Present, Relayed, Seat } from './hub-ports.ts';
import type { HubLimits } from './limits.ts';

/** Who asks for a place. `owner`: who came first in that pool when another hub had it; `again`: there this one had its place. */
interface Comer extends Omit<Member, 'role'> {
  readonly grant: Grant;
  readonly again?: boolean;
  readonly owner?: string | undefined;
}

/** One device's place in one pool. */
export interface Place extends Seat {
  state:
    | { readonly kind: 'here'; readonly socket: number }
    /** Forgotten at `untilMs`. `held` waits for it, and weighs `heldBytes`. */
    | { readonly kind: 'away'; readonly untilMs: number; readonly held: Relayed[]; heldBytes: number };
}

interface Room {
  /** Who came first of those whose role nobody else gave. Keeps it over an absence, as long as anybody stays. */
  owner: string | undefined;
  /** By device id, the away included. */
  readonly places: Map<string, Place>;
}

export class Rooms {
  readonly #limits: HubLimits;
  /** A pool is there only while someone has a place in it. */
  readonly #rooms = new Map<string, Room>();
  /** Device id -> its one place. */
  readonly #places = new Map<string, Place>();
  /** Those away, who went first in front: all may be away for equally long. */
  readonly #away = new Set<Place>();
  #heldBytes = 0;

  constructor(limits: HubLimits) {
    this.#limits = limits;
  }

  get figures(): {
    readonly pools: number;
    readonly members: number;
    readonly away: number;
    readonly heldBytes: number;
  } {
    const away = this.#away.size;
    return { pools: this.#rooms.size, members: this.#places.size - away, away, heldBytes: this.#heldBytes };
  }

  placeOf(device: string): Place | undefined {
    return this.#places.get(device);
  }

  /** The device that came first in `pool`, also when it has gone. */
  ownerOf(pool: string): string | undefined {
    return this.#rooms.get(pool)?.owner;
  }

  /** Whoever has a place in `pool`, the away included. */
  presentIn(pool: string): Present[] {
    const places = this.#rooms.get(pool)?.places.values() ?? [];
    return [...places].map(({ member: { id, role } }) => ({ id, role }));
  }

  /** Whoever is really in `pool`, but for `device`. */
  othersIn(pool: string, device: string): Place[] {
    const places = this.#rooms.get(pool)?.places.values() ?? [];
    return [...places].filter(({ member, state }) => state.kind === 'here' && member.id !== device);
  }

  /** Why `device` cannot have a place in `pool`; undefined: it can, or has one. */
  refusal(pool: string, device: string): 'server-full' | 'pool-full' | undefined {
    const places = this.#rooms.get(pool)?.places;
    if (places === undefined) return this.#rooms.size >= this.#limits.poolsMax ? 'server-full' : undefined;
    return !places.has(device) && places.size >= this.#limits.poolMembersMax ? 'pool-full' : undefined;
  }

  /** Gives a device its place in `pool`, where it may have one, and in no other pool has one. What waited for it comes back. */
  enter(
    socket: number,
    pool: string,
    { id, name, device, grant, again = false, owner }: Comer,
  ): { place: Place; held: Relayed[] } {
    const room: Room = this.#rooms.get(pool) ?? { owner: undefined, places: new Map() };
    room.owner ??= owner ?? (again || grant.role !== undefined ? undefined : id);
    const role: Role = grant.role ?? (room.owner === id ? 'owner' : 'member');
    const held = this.#returned(room.places.get(id));
    const place: Place = { pool, member: { id, name, device, role }, grant, state: { kind: 'here', socket } };
    this.#rooms.set(pool, room);
    room.places.set(id, place);
    this.#places.set(id, place);
    // Of somebody who has gone meanwhile it would only confuse.
    return { place, held: held.filter(({ peer }) => room.places.get(peer)?.state.kind === 'here') };
  }

  /** Its socket is gone; it may come back to its place. Those whom there is no more room for are forgotten, and returned. */
  lose(now: number, place: Place): Place[] {
    place.state = { kind: 'away', untilMs: now + this.#limits.resumeMs, held: [], heldBytes: 0 };
    this.#away.add(place);
    return this.#forgetWhile(() => this.#away.size > this.#limits.awayMax);
  }

  /** A place as `enter` gives it, of somebody who has no socket: from now on as `lose` would keep it. */
  keep(now: number, { pool, member, grant }: Seat, owner: string | undefined): Place[] {
    return this.lose(now, this.enter(0, pool, { ...member, grant, again: true, owner }).place);
  }

  /** Who is away, and what waits for them. */
  absences(): Absence[] {
    return [...this.#away].map((seat) => ({
      seat,
      owner: this.ownerOf(seat.pool),
      held: seat.state.kind === 'away' ? seat.state.held : [],
    }));
  }

  /** Takes its place away. */
  vacate(place: Place): void {
    const { pool, member } = place;
    this.#returned(place);
    this.#places.delete(member.id);
    const room = this.#rooms.get(pool);
    room?.places.delete(member.id);
    if (room?.places.size === 0) this.#rooms.delete(pool);
  }

  /** Keeps a signal of `bytes` bytes for somebody away. False, and it does not, if too much is kept already. */
  hold(place: Place, relayed: Relayed, bytes: number): boolean {
    const { state } = place;
    const { awaySignalsMax, awayBytesMax } = this.#limits;
    if (state.kind !== 'away' || state.held.length >= awaySignalsMax) return false;
    if (this.#heldBytes + bytes > awayBytesMax) return false;
    state.held.push(relayed);
    state.heldBytes += bytes;
    this.#heldBytes += bytes;
    return true;
  }

  /** If one more pool would be one too many: forgets one that nobody is really in, and returns whose places it had. */
  makeRoomFor(pool: string): Place[] {
    if (this.#rooms.has(pool) || this.#rooms.size < this.#limits.poolsMax) return [];
    for (const { pool: other } of this.#away) {
      const places = [...(this.#rooms.get(other)?.places.values() ?? [])];
      if (places.some(({ state }) => state.kind === 'here')) continue;
      for (const place of places) this.vacate(place);
      return places;
    }
    return [];
  }

  /** When the next of those away is to be forgotten; Infinity: nobody is away. */
  get nextUntilMs(): number {
    for (const { state } of this.#away) if (state.kind === 'away') return state.untilMs;
    return Infinity;
  }

  /** Forgets those who did not come back in time, and returns them. */
  expire(now: number): Place[] {
    return this.#forgetWhile(() => this.nextUntilMs <= now);
  }

  /** All places that `matches`. */
  all(matches: (place: Place) => boolean): Place[] {
    return [...this.#places.values()].filter(matches);
  }

  clear(): void {
    this.#rooms.clear();
    this.#places.clear();
    this.#away.clear();
    this.#heldBytes = 0;
  }

  #forgetWhile(tooMany: () => boolean): Place[] {
    const forgotten: Place[] = [];
    for (const place of this.#away) {
      if (!tooMany()) break;
      this.vacate(place);
      forgotten.push(place);
    }
    return forgotten;
  }

  /** No longer away, if it was: what waited for it. */
  #returned(place: Place | undefined): Relayed[] {
    if (place?.state.kind !== 'away') return [];
    this.#away.delete(place);
    this.#heldBytes -= place.state.heldBytes;
    return place.state.held;
  }
}
