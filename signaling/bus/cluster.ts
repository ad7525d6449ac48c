// Many nodes as one: a sans-IO machine in the place of a single hub, with the same inputs and outputs and messages of the bus
// besides. Its own sockets are the edge's (a hub that forwards); each pool belongs to the node that ownership.ts names, whose own
// second hub has everyone in it, wherever their sockets are. If nodes come or go, edges attach their sockets to the new owners.
// What holds, whatever is lost on the way:
//  1. An edge attaches a socket to one owner at a time, and numbers each attachment; what comes for another one is dropped. So an
//     owner that was cut off cannot speak for a pool to anybody who has gone on without it.
//  2. A device's newest join wins. Owners tell each other who joined; who has an older one of that device closes it, who has a
//     newer one says so.
//  3. After anything was lost between two nodes they attach and claim anew (links.ts).
import { PROTOCOL_VERSION, type SocketCode } from '../../src/wire/codes.ts';
import { decodeClient, decodeServer, encodeClient, encodeServer } from '../../src/wire/signaling.ts';
import type { HubFigures, HubInput, HubOutput, PoolRequest, Subject } from '../hub-ports.ts';
import { isSubject } from '../hooks.ts';
import { Hub, type HubOptions } from '../hub.ts';
import { Guests, type Guest } from './guests.ts';
import { Links } from './links.ts';
import {
  CLAIMS_MAX,
  compareVersions,
  decodeBus,
  encodeBus,
  shifted,
  type Beat,
  type BusBody,
  type BusJoin,
  type Claim,
  type SeatName,
  type ToEdge,
  type ToOwner,
  type Version,
} from './messages.ts';
import { ownerOf } from './ownership.ts';
import { Stamps } from './stamps.ts';

/** `bus`: a message to this node, or to all. */
export type ClusterInput = HubInput | { readonly kind: 'bus'; readonly bytes: Uint8Array };

export type ClusterOutput =
  | Exclude<HubOutput, { kind: 'forward' }>
  /** For one node, or for all others. */
  | { readonly kind: 'publish'; readonly to: string | undefined; readonly bytes: Uint8Array }
  /** Another node ended these sessions; those that are about to begin are the shell's to end. */
  | { readonly kind: 'revoked'; readonly subject: Subject };

export interface ClusterOptions extends Omit<HubOptions, 'forwards'> {
  /** 32 hex digits, never used before: of a process, not of a machine. */
  readonly node: string;
  /** What the wall clock says at 0 of the clock that `handle` is given, ms since 1970. */
  readonly wallAtZeroMs: number;
}

type JoinRequest = Extract<PoolRequest, { kind: 'join' }>;

/** A socket of this node's that is in a pool, or asked to be. */
interface Seat {
  readonly request: JoinRequest;
  readonly bytes: number;
  readonly stamp: number;
  attachment: number;
  /** The node it is attached to; undefined: none, since the link to that one broke. */
  at: string | undefined;
  /** It was welcomed: whose pool it is, as far as known. */
  welcomed: { readonly owner: string | undefined } | undefined;
}

/** With these a socket was closed for good: no place is kept. */
const ENDED: ReadonlySet<SocketCode> = new Set(['ticket', 'expired', 'denied', 'revoked']);

export class Cluster {
  readonly #self: string;
  readonly #wallAtZeroMs: number;
  readonly #edge: Hub;
  readonly #pools: Hub;
  readonly #links: Links;
  readonly #stamps: Stamps;
  readonly #seats = new Map<number, Seat>();
  readonly #guests = new Guests();
  /** Devices with a place here, in a pool or away from it -> the join it is for. */
  readonly #versions = new Map<string, Version>();
  readonly #outputs: ClusterOutput[] = [];
  #now = 0;
  #lastAttachment = 0;
  #phase: 'open' | 'draining' | 'stopped' = 'open';

  /** Throws a RangeError on a limit out of its range. */
  constructor({ node, wallAtZeroMs, ...options }: ClusterOptions) {
    this.#self = node;
    this.#wallAtZeroMs = wallAtZeroMs;
    this.#edge = new Hub({ ...options, forwards: true });
    this.#pools = new Hub(options);
    this.#links = new Links(node);
    this.#stamps = new Stamps(wallAtZeroMs);
  }

  /** As Hub's. */
  handle(now: number, input: ClusterInput): void {
    this.#now = now;
    switch (input.kind) {
      case 'bus':
        this.#receive(input.bytes);
        break;
      case 'revoke':
        for (const node of this.#links.up) this.#publish(node, { kind: 'revoke', subject: input.subject });
        this.#revoke(input.subject);
        break;
      case 'tick':
        this.#toEdgeHub(input);
        this.#toPools(input);
        break;
      case 'drain':
      case 'stop':
        this.#leave(input.kind);
        this.#toEdgeHub(input);
        break;
      default:
        this.#toEdgeHub(input);
        if (input.kind === 'dropped') this.#empty(input.socket, 'lost');
    }
    if (this.#phase !== 'stopped' && this.#links.tick(now)) this.#beat(false);
    this.#followLinks();
  }

  poll(): ClusterOutput | undefined {
    return this.#outputs.shift();
  }

  /** When to hand in a `tick`: nodes beat as long as they live. Null once it was stopped. */
  nextTimeout(): number | null {
    if (this.#phase === 'stopped') return null;
    return Math.min(this.#links.nextAtMs, this.#edge.nextTimeout() ?? Infinity, this.#pools.nextTimeout() ?? Infinity);
  }

  /** Sockets and what came through them: this node's. Pools, members and joins: of the pools it owns. */
  figures(): HubFigures {
    const { sockets, frames, bytes, closed } = this.#edge.figures();
    return { ...this.#pools.figures(), sockets, frames, bytes, closed };
  }

  /** Other nodes that this one is linked with. */
  get nodes(): readonly string[] {
    return this.#links.up;
  }

  // --- the edge: this node's sockets ---

  #toEdgeHub(input: HubInput): void {
    this.#edge.handle(this.#now, input);
    for (let output = this.#edge.poll(); output !== undefined; output = this.#edge.poll()) {
      if (output.kind === 'forward') {
        this.#forward(output.socket, output.request, output.bytes);
        continue;
      }
      this.#outputs.push(output);
      if (output.kind === 'close') this.#empty(output.socket, ENDED.has(output.code) ? { code: output.code } : 'lost');
    }
  }

  #forward(socket: number, request: PoolRequest, bytes: number): void {
    const seat = this.#seats.get(socket);
    switch (request.kind) {
      case 'join':
        return this.#takeSeat(socket, seat, request, bytes);
      case 'leave':
        this.#seats.delete(socket);
        if (seat?.at !== undefined) this.#tellOwner(seat.at, { kind: 'leave', seat: [socket, seat.attachment] });
        return;
      case 'relay': {
        if (seat?.at === undefined) return;
        this.#tellOwner(seat.at, { kind: 'relay', seat: [socket, seat.attachment], bytes }, request);
      }
    }
  }

  #takeSeat(socket: number, before: Seat | undefined, request: JoinRequest, bytes: number): void {
    const at = this.#ownerOf(request.pool);
    const stays = before?.at === at;
    // It leaves where it was, whatever comes of it.
    if (before?.at !== undefined && !stays)
      this.#tellOwner(before.at, { kind: 'leave', seat: [socket, before.attachment] });
    const attachment = stays ? before.attachment : ++this.#lastAttachment;
    const seat: Seat = { request, bytes, stamp: this.#stamps.next(this.#now), attachment, at, welcomed: undefined };
    this.#seats.set(socket, seat);
    this.#attach(socket, seat, at);
  }

  #attach(socket: number, { request, bytes, stamp, attachment, welcomed }: Seat, at: string): void {
    const { version: _checked, grant, ...rest } = request;
    this.#tellOwner(at, {
      ...rest,
      seat: [socket, attachment],
      version: [stamp, this.#self, attachment],
      grant: shifted(grant, this.#wallAtZeroMs),
      ...(welcomed !== undefined && { again: welcomed }),
      bytes,
    });
  }

  /** The socket is gone, or not in its pool any more. */
  #empty(socket: number, why: Extract<ToOwner, { kind: 'gone' }>['why']): void {
    const seat = this.#seats.get(socket);
    this.#seats.delete(socket);
    if (seat?.at !== undefined) this.#tellOwner(seat.at, { kind: 'gone', seat: [socket, seat.attachment], why });
  }

  /** Attaches whoever is not attached to the owner of its pool. */
  #attachAll(): void {
    const nodes = this.#takers();
    for (const [socket, seat] of this.#seats) {
      const at = ownerOf(seat.request.pool, nodes);
      if (seat.at === at) continue;
      if (seat.at !== undefined)
        this.#tellOwner(seat.at, { kind: 'gone', seat: [socket, seat.attachment], why: 'moved' });
      seat.attachment = ++this.#lastAttachment;
      seat.at = at;
      this.#attach(socket, seat, at);
    }
  }

  #hearOwner(from: string, said: ToEdge, payload: Uint8Array): void {
    if (said.kind === 'close') {
      const { seat, kind: _kind, ...why } = said;
      if (!this.#isAttached(seat, from)) return;
      this.#seats.delete(seat[0]);
      this.#toEdgeHub({ kind: 'close', socket: seat[0], ...why });
      return;
    }
    const message = decodeServer(payload);
    if (message === undefined) return;
    const sockets = said.seats.flatMap((seat) => (this.#isAttached(seat, from) ? [seat[0]] : []));
    if (sockets.length === 0) return;
    if (message.kind === 'welcome') this.#noteWelcome(sockets, said.owner);
    this.#outputs.push({ kind: 'send', sockets, message });
  }

  #noteWelcome(sockets: readonly number[], owner: string | undefined): void {
    for (const socket of sockets) {
      const seat = this.#seats.get(socket);
      if (seat !== undefined) seat.welcomed = { owner };
    }
  }

  #isAttached([socket, attachment]: SeatName, to: string): boolean {
    const seat = this.#seats.get(socket);
    return seat?.at === to && seat.attachment === attachment;
  }

  // --- the owner: this node's pools ---

  #toPools(input: HubInput): void {
    this.#pools.handle(this.#now, input);
    for (let output = this.#pools.poll(); output !== undefined; output = this.#pools.poll()) this.#perform(output);
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
        this.#tellEdge(guest.edge, { kind, seat: guest.seat, ...why });
        return;
      }
      case 'vacated':
        this.#versions.delete(output.seat.member.id);
        return void this.#outputs.push(output);
      case 'entered':
        return void this.#outputs.push(output);
      case 'probe':
      case 'forward':
        throw new Error(`expected a hub that only has pools, got ${output.kind}`);
    }
  }

  #tellGuests({ sockets, message }: Extract<HubOutput, { kind: 'send' }>): void {
    const owner = message.kind === 'welcome' ? this.#pools.ownerOf(message.pool) : undefined;
    const seats = new Map<string, SeatName[]>();
    for (const number of sockets) {
      const guest = this.#guests.get(number);
      if (guest === undefined) continue;
      const known = seats.get(guest.edge);
      if (known === undefined) seats.set(guest.edge, [guest.seat]);
      else known.push(guest.seat);
    }
    const here = seats.get(this.#self)?.filter((seat) => this.#isAttached(seat, this.#self));
    seats.delete(this.#self);
    if (here !== undefined && here.length > 0) {
      const own = here.map(([socket]) => socket);
      if (message.kind === 'welcome') this.#noteWelcome(own, owner);
      this.#outputs.push({ kind: 'send', sockets: own, message });
    }
    if (seats.size === 0) return;
    const payload = encodeServer(message);
    for (const [edge, theirs] of seats)
      this.#publish(edge, { kind: 'send', seats: theirs, ...(owner !== undefined && { owner }) }, payload);
  }

  #hearEdge(edge: string, said: ToOwner, payload: Uint8Array | PoolRequest): void {
    if (said.kind === 'join') return this.#admit(edge, said);
    const guest = this.#guests.at(edge, said.seat);
    if (guest === undefined || guest.seat[1] !== said.seat[1]) return;
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
    this.#toPools({ kind: 'frame', socket: number, bytes, wallMs: 0, request });
  }

  #admit(edge: string, { seat, version, bytes, ...said }: BusJoin): void {
    this.#stamps.observe(this.#now, version[0]);
    const here = this.#versions.get(said.id);
    if (here !== undefined && compareVersions(here, version) > 0) {
      const known = this.#guests.at(edge, seat);
      if (known !== undefined) this.#seeOff(known, 'lost');
      return this.#tellEdge(edge, { kind: 'close', seat, code: 'elsewhere' });
    }
    const grant = shifted(said.grant, -this.#wallAtZeroMs);
    const guest = this.#guest(edge, seat, said.id);
    this.#ask(guest, { ...said, version: PROTOCOL_VERSION, grant }, bytes);
    if (this.#pools.poolOf(said.id) !== said.pool) return;
    this.#versions.set(said.id, version);
    const claims = [{ device: said.id, pool: said.pool, version }];
    for (const node of this.#links.up) this.#publish(node, { kind: 'claims', claims });
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
    this.#toPools({ kind: 'opened', socket: guest.number, remote: true });
    return guest;
  }

  /** Forgotten first: nothing that comes of it is for its socket. */
  #seeOff(guest: Guest, why: Extract<ToOwner, { kind: 'gone' }>['why']): void {
    this.#guests.delete(guest);
    const { number: socket, device } = guest;
    if (why === 'lost') return this.#toPools({ kind: 'dropped', socket });
    if (why !== 'moved') return this.#toPools({ kind: 'close', socket, code: why.code });
    this.#versions.delete(device);
    const pool = this.#pools.poolOf(device);
    if (pool !== undefined) this.#toPools({ kind: 'moved', device, pool });
  }

  /** Another owner has these devices. */
  #hearClaims(from: string, claims: readonly Claim[]): void {
    const newer: Claim[] = [];
    for (const { device, pool, version } of claims) {
      this.#stamps.observe(this.#now, version[0]);
      const here = this.#versions.get(device);
      const mine = this.#pools.poolOf(device);
      if (here === undefined || mine === undefined) continue;
      if (compareVersions(here, version) > 0) newer.push({ device, pool: mine, version: here });
      else {
        this.#versions.delete(device);
        this.#toPools({ kind: 'moved', device, pool });
      }
    }
    if (newer.length > 0) this.#publish(from, { kind: 'claims', claims: newer });
  }

  #claimAll(node: string): void {
    const claims: Claim[] = [];
    for (const [device, version] of this.#versions) {
      const pool = this.#pools.poolOf(device);
      if (pool !== undefined) claims.push({ device, pool, version });
    }
    for (let i = 0; i < claims.length; i += CLAIMS_MAX)
      this.#publish(node, { kind: 'claims', claims: claims.slice(i, i + CLAIMS_MAX) });
  }

  // --- both ---

  #revoke(subject: Subject): void {
    this.#toPools({ kind: 'revoke', subject });
    // Those whose join is on its way.
    for (const [socket, { request }] of this.#seats)
      if (isSubject(subject, request.id, request.grant.account))
        this.#toEdgeHub({ kind: 'close', socket, code: 'revoked' });
  }

  #leave(how: 'drain' | 'stop'): void {
    if (this.#phase === 'stopped') return;
    this.#phase = how === 'drain' ? 'draining' : 'stopped';
    this.#beat(how === 'stop');
    if (how === 'drain') this.#attachAll();
  }

  /** Nodes that take pools, of which this is one unless it drains and another one does. */
  #takers(): readonly string[] {
    const { taking } = this.#links;
    return this.#phase === 'open' || taking.length === 0 ? [...taking, this.#self] : taking;
  }

  #ownerOf(pool: string): string {
    return ownerOf(pool, this.#takers());
  }

  #tellOwner(node: string, said: ToOwner, request?: Extract<PoolRequest, { kind: 'relay' }>): void {
    if (node === this.#self) this.#hearEdge(node, said, request ?? new Uint8Array(0));
    else this.#publish(node, said, request && encodeClient(request));
  }

  #tellEdge(node: string, said: Extract<ToEdge, { kind: 'close' }>): void {
    if (node === this.#self) this.#hearOwner(node, said, new Uint8Array(0));
    else this.#publish(node, said);
  }

  // --- the bus ---

  /** Nothing goes where nobody hears: once that node is back, both begin anew. */
  #publish(node: string, body: BusBody, payload?: Uint8Array): void {
    const numbers = this.#links.send(node);
    if (numbers === undefined) return;
    this.#outputs.push({
      kind: 'publish',
      to: node,
      bytes: encodeBus({ kind: 'to', from: this.#self, ...numbers, body }, payload),
    });
  }

  #beat(leaving: boolean): void {
    const beat: Beat = {
      kind: 'beat',
      from: this.#self,
      draining: this.#phase !== 'open',
      leaving,
      links: this.#links.table(),
    };
    this.#outputs.push({ kind: 'publish', to: undefined, bytes: encodeBus(beat) });
  }

  #receive(bytes: Uint8Array): void {
    const message = this.#phase === 'stopped' ? undefined : decodeBus(bytes);
    if (message === undefined) return;
    const { header, payload } = message;
    if (header.kind === 'beat') {
      this.#links.heard(this.#now, header);
      return;
    }
    const { from, link, number, body } = header;
    if (!this.#links.receive(this.#now, from, link, number)) return;
    // What it says comes after its link came up.
    this.#followLinks();
    this.#hear(from, body, payload);
  }

  #hear(from: string, body: BusBody, payload: Uint8Array): void {
    switch (body.kind) {
      case 'join':
      case 'relay':
      case 'leave':
      case 'gone':
        return this.#hearEdge(from, body, payload);
      case 'send':
      case 'close':
        return this.#hearOwner(from, body, payload);
      case 'claims':
        return this.#hearClaims(from, body.claims);
      case 'revoke':
        this.#outputs.push({ kind: 'revoked', subject: body.subject });
        return this.#revoke(body.subject);
    }
  }

  #followLinks(): void {
    let changed = false;
    for (let event = this.#links.poll(); event !== undefined; event = this.#links.poll()) {
      changed = true;
      const { kind, node } = event;
      if (kind === 'up') this.#claimAll(node);
      if (kind !== 'down') continue;
      for (const seat of this.#seats.values()) if (seat.at === node) seat.at = undefined;
      for (const guest of this.#guests.of(node)) this.#seeOff(guest, 'lost');
    }
    if (changed && this.#phase !== 'stopped') this.#attachAll();
  }
}
