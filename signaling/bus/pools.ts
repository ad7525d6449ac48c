// The pools that a node owns: a second hub has everyone in them, wherever their sockets are, by numbers of guests.ts. What becomes of
// them when the pool is another node's: edges attach their sockets there (edge.ts), and who is away is passed on with what waits.
// Part of the cluster machine (cluster.ts).
import { PROTOCOL_VERSION } from '../../src/wire/codes.ts';
import { decodeClient, decodeServer, encodeServer, type ServerMessage } from '../../src/wire/signaling.ts';
import { isSubject } from '../hooks.ts';
import type { HubFigures, HubInput, HubOutput, PoolRequest, Present, Subject } from '../hub-ports.ts';
import { Hub, type HubOptions } from '../hub.ts';
import { Guests, type Guest } from './guests.ts';
import {
  CLAIMS_MAX,
  compareVersions,
  shifted,
  type BusAbsent,
  type BusBody,
  type BusJoin,
  type Claim,
  type First,
  type Gone,
  type OfSeat,
  type SeatName,
  type ToEdge,
  type ToOwner,
  type Version,
} from './messages.ts';
import type { Stamps } from './stamps.ts';

/** What the pools ask of the cluster around them. */
export interface PoolsPorts {
  readonly self: string;
  /** What the wall clock says at 0 of the clock that is passed in, ms since 1970. */
  readonly wallAtZeroMs: number;
  readonly stamps: Stamps;
  /** The node that has `pool`, as far as this one knows. */
  ownerOf(pool: string): string;
  tellEdge(node: string, said: Extract<ToEdge, { kind: 'close' }>): void;
  /** To seats of this node's own. */
  sendHere(said: Omit<Extract<ToEdge, { kind: 'send' }>, 'kind'>, message: ServerMessage): void;
  /** To another node. */
  publish(node: string, body: BusBody, payload?: Uint8Array): void;
  /** Tells everyone, this node's edge too. */
  claim(claims: readonly Claim[]): void;
  emit(output: HubOutput): void;
}

/** How long it counts who came first in a pool that nobody has come to yet, ms: all are attached sooner (edge.ts). */
const FIRSTS_MS = 10_000;
/** Each has some 200 bytes. */
const FIRSTS_MAX = 100_000;

export class Pools {
  readonly #ports: PoolsPorts;
  readonly #hub: Hub;
  readonly #guests = new Guests();
  /** Devices with a place here, in a pool or away from it -> the join it is for. */
  readonly #versions = new Map<string, Version>();
  /** By pool; who was told of first in front. */
  readonly #firsts = new Map<string, { readonly device: string; readonly untilMs: number }>();
  #now = 0;

  constructor(options: HubOptions, ports: PoolsPorts) {
    this.#ports = ports;
    this.#hub = new Hub(options);
  }

  handle(now: number, input: Extract<HubInput, { kind: 'tick' | 'revoke' }>): void {
    this.#now = now;
    this.#toHub(input);
  }

  nextTimeout(): number {
    return this.#hub.nextTimeout() ?? Infinity;
  }

  figures(): HubFigures {
    return this.#hub.figures();
  }

  /** Who came first there counts before being attached: nobody is to take the pool for an empty one meanwhile. */
  presentIn(pool: string): readonly Present[] {
    const present = this.#hub.presentIn(pool);
    const first = this.#firstOf(pool);
    return present.length > 0 || first === undefined ? present : [{ id: first, role: 'owner' }];
  }

  /** Ends who is away, none whose join has a later stamp than `last`. Who has a socket is its edge's to end. */
  revokeAbsent(now: number, subject: Subject, last: number): void {
    this.#now = now;
    for (const { seat } of this.#hub.absences()) {
      const device = seat.member.id;
      const stamp = this.#versions.get(device)?.[0] ?? Infinity;
      if (stamp <= last && isSubject(subject, { device, account: seat.grant.account, pool: seat.pool }))
        this.#toHub({ kind: 'revoke', subject: { device } });
    }
  }

  /** What an edge says, or the pool's owner before. A relay's payload may be there decoded. */
  hear(now: number, from: string, said: ToOwner, payload: Uint8Array | PoolRequest): void {
    this.#now = now;
    switch (said.kind) {
      case 'join':
        return this.#admit(from, said);
      case 'absent':
        return this.#keep(said);
      case 'held':
        return this.#hold(said, payload);
      case 'firsts':
        return this.#noteFirsts(said.firsts);
      case 'relay':
      case 'leave':
      case 'gone': {
        const guest = this.#guests.at(from, said.seat);
        if (guest !== undefined && guest.seat[1] === said.seat[1]) this.#hearGuest(guest, said, payload);
      }
    }
  }

  /** Another owner has these devices. */
  hearClaims(now: number, from: string, claims: readonly Claim[]): void {
    this.#now = now;
    const newer: Claim[] = [];
    for (const { device, pool, version } of claims) {
      this.#ports.stamps.observe(now, version[0]);
      const here = this.#versions.get(device);
      const mine = this.#hub.poolOf(device);
      if (here === undefined || mine === undefined) continue;
      if (compareVersions(here, version) > 0) newer.push({ device, pool: mine, version: here });
      else {
        this.#versions.delete(device);
        this.#toHub({ kind: 'moved', device, pool });
      }
    }
    if (newer.length > 0) this.#ports.publish(from, { kind: 'claims', claims: newer });
  }

  /** Tells a node of all who have a place here. */
  claimAll(node: string): void {
    const claims: Claim[] = [];
    for (const [device, version] of this.#versions) {
      const pool = this.#hub.poolOf(device);
      if (pool !== undefined) claims.push({ device, pool, version });
    }
    for (let i = 0; i < claims.length; i += CLAIMS_MAX)
      this.#ports.publish(node, { kind: 'claims', claims: claims.slice(i, i + CLAIMS_MAX) });
  }

  /** The link to a node broke: sockets there are as good as gone. */
  lose(now: number, node: string): void {
    this.#now = now;
    for (const guest of this.#guests.of(node)) this.#seeOff(guest, 'lost');
  }

  /** Who is away from a pool that is another node's now goes there, with what waits. The hooks hear nothing of it. */
  handOver(now: number): void {
    this.#now = now;
    for (const { seat, owner, held } of this.#hub.absences()) {
      const { pool, member, grant } = seat;
      const [to, version] = [this.#ports.ownerOf(pool), this.#versions.get(member.id)];
      if (to === this.#ports.self || version === undefined) continue;
      const { role: _role, ...who } = member;
      const given = shifted(grant, this.#ports.wallAtZeroMs);
      const absent: BusAbsent = { kind: 'absent', pool, ...who, grant: given, version };
      this.#ports.publish(to, owner === undefined ? absent : { ...absent, owner });
      for (const message of held)
        this.#ports.publish(to, { kind: 'held', device: member.id, pool }, encodeServer(message));
      this.#versions.delete(member.id);
      this.#toHub({ kind: 'moved', device: member.id, pool });
    }
  }

  #toHub(input: HubInput): void {
    this.#hub.handle(this.#now, input);
    for (let output = this.#hub.poll(); output !== undefined; output = this.#hub.poll()) this.#perform(output);
  }

  #perform(output: HubOutput): void {
    switch (output.kind) {
      case 'send':
        return this.#tellGuests(output);
      case 'close': {
        const guest = this.#guests.get(output.socket);
        if (guest === undefined) return;
        this.#guests.delete(guest);
        const { kind, socket: _number, ...why } = output;
        return this.#ports.tellEdge(guest.edge, { kind, seat: guest.seat, ...why });
      }
      case 'vacated':
        this.#versions.delete(output.seat.member.id);
        return this.#ports.emit(output);
      case 'entered':
        return this.#ports.emit(output);
      case 'probe':
      case 'forward':
        throw new Error(`expected a hub that only has pools, got ${output.kind}`);
    }
  }

  #tellGuests({ sockets, message }: Extract<HubOutput, { kind: 'send' }>): void {
    const first = message.kind === 'welcome' ? this.#hub.ownerOf(message.pool) : undefined;
    const owner = first !== undefined && { owner: first };
    const seats = new Map<string, SeatName[]>();
    for (const number of sockets) {
      const guest = this.#guests.get(number);
      if (guest === undefined) continue;
      const known = seats.get(guest.edge);
      if (known === undefined) seats.set(guest.edge, [guest.seat]);
      else known.push(guest.seat);
    }
    const here = seats.get(this.#ports.self);
    seats.delete(this.#ports.self);
    if (here !== undefined) this.#ports.sendHere({ seats: here, ...owner }, message);
    if (seats.size === 0) return;
    const payload = encodeServer(message);
    for (const [edge, theirs] of seats) this.#ports.publish(edge, { kind: 'send', seats: theirs, ...owner }, payload);
  }

  #hearGuest(guest: Guest, said: Exclude<OfSeat, { kind: 'join' }>, payload: Uint8Array | PoolRequest): void {
    switch (said.kind) {
      case 'relay': {
        const request = payload instanceof Uint8Array ? decodeClient(payload) : payload;
        if (request?.kind === 'relay') this.#ask(guest, request, said.bytes);
        return;
      }
      case 'leave':
        this.#ask(guest, { kind: 'leave' }, 0);
        return this.#seeOff(guest, 'lost');
      case 'gone':
        return this.#seeOff(guest, said.why);
    }
  }

  #ask({ number }: Guest, request: PoolRequest, bytes: number): void {
    this.#toHub({ kind: 'frame', socket: number, bytes, wallMs: 0, request });
  }

  #admit(edge: string, { seat, version, bytes, ...said }: BusJoin): void {
    this.#ports.stamps.observe(this.#now, version[0]);
    const here = this.#versions.get(said.id);
    if (here !== undefined && compareVersions(here, version) > 0) {
      const known = this.#guests.at(edge, seat);
      if (known !== undefined) this.#seeOff(known, 'lost');
      return this.#ports.tellEdge(edge, { kind: 'close', seat, code: 'elsewhere' });
    }
    const grant = shifted(said.grant, -this.#ports.wallAtZeroMs);
    const owner = said.owner ?? this.#firstOf(said.pool);
    const guest = this.#guest(edge, seat, said.id);
    this.#ask(guest, { ...said, version: PROTOCOL_VERSION, grant, ...(owner !== undefined && { owner }) }, bytes);
    if (this.#hub.poolOf(said.id) === said.pool) this.#claim({ device: said.id, pool: said.pool, version });
  }

  /** Its edge, and the owner before, may both tell of it, and it may be back. */
  #keep({ kind: _kind, pool, version, grant, owner, ...who }: BusAbsent): void {
    this.#ports.stamps.observe(this.#now, version[0]);
    const here = this.#versions.get(who.id);
    if (here !== undefined && compareVersions(here, version) >= 0) return;
    const seat = {
      pool,
      member: { ...who, role: 'member' },
      grant: shifted(grant, -this.#ports.wallAtZeroMs),
    } as const;
    this.#toHub({ kind: 'kept', seat, ...(owner !== undefined && { owner }) });
    if (this.#hub.poolOf(who.id) === pool) this.#claim({ device: who.id, pool, version });
  }

  #hold({ device, pool }: Extract<ToOwner, { kind: 'held' }>, payload: Uint8Array | PoolRequest): void {
    const message = payload instanceof Uint8Array ? decodeServer(payload) : undefined;
    if (message?.kind !== 'relayed' || !(payload instanceof Uint8Array)) return;
    this.#toHub({ kind: 'held', device, pool, message, bytes: payload.length });
  }

  #claim(claim: Claim): void {
    this.#versions.set(claim.device, claim.version);
    this.#ports.claim([claim]);
  }

  #noteFirsts(firsts: readonly First[]): void {
    for (const [pool, { untilMs }] of this.#firsts) {
      if (untilMs > this.#now && this.#firsts.size + firsts.length <= FIRSTS_MAX) break;
      this.#firsts.delete(pool);
    }
    for (const { pool, device } of firsts) {
      this.#firsts.delete(pool);
      this.#firsts.set(pool, { device, untilMs: this.#now + FIRSTS_MS });
    }
  }

  /** Who came first in a pool before this node had it. */
  #firstOf(pool: string): string | undefined {
    const first = this.#firsts.get(pool);
    return first !== undefined && first.untilMs > this.#now ? first.device : undefined;
  }

  /** The guest in `seat`, a new one if need be. */
  #guest(edge: string, seat: SeatName, device: string): Guest {
    const known = this.#guests.at(edge, seat);
    if (known?.seat[1] === seat[1]) {
      known.device = device;
      return known;
    }
    if (known !== undefined) this.#seeOff(known, 'lost');
    const guest = this.#guests.add(edge, seat, device);
    this.#toHub({ kind: 'opened', socket: guest.number, remote: true });
    return guest;
  }

  /** Forgotten first: nothing that comes of it is for its socket. */
  #seeOff(guest: Guest, why: Gone['why']): void {
    this.#guests.delete(guest);
    const { number: socket, device } = guest;
    const pool = this.#hub.poolOf(device);
    if (why === 'lost') {
      this.#toHub({ kind: 'dropped', socket });
      // The pool may be another node's by now.
      if (pool !== undefined && this.#ports.ownerOf(pool) !== this.#ports.self) this.handOver(this.#now);
    } else if (why !== 'moved') this.#toHub({ kind: 'close', socket, code: why.code });
    else {
      this.#versions.delete(device);
      if (pool !== undefined) this.#toHub({ kind: 'moved', device, pool });
    }
  }
}
