// The edge of a node: its own sockets, and the seat that each of them has in a pool, whoever owns that. A hub that forwards looks
// after the sockets; the edge attaches their seats to owners, to others when owners change, and remembers for a while whose
// socket was lost: an owner that dies takes its list of those with it. Part of the cluster machine (cluster.ts).
import type { SocketCode } from '../../src/wire/codes.ts';
import { decodeServer } from '../../src/wire/signaling.ts';
import { endCode, isSubject } from '../hooks.ts';
import type { HubFigures, HubInput, HubOutput, PoolRequest, Subject } from '../hub-ports.ts';
import { Hub, type HubOptions } from '../hub.ts';
import { hubLimits, type HubLimits } from '../limits.ts';
import {
  CLAIMS_MAX,
  compareVersions,
  shifted,
  type Claim,
  type First,
  type Gone,
  type SeatName,
  type ToEdge,
  type ToOwner,
  type Version,
} from './messages.ts';
import type { Stamps } from './stamps.ts';

export type JoinRequest = Extract<PoolRequest, { kind: 'join' }>;
type RelayRequest = Extract<PoolRequest, { kind: 'relay' }>;

/** What the edge asks of the cluster around it. */
export interface EdgePorts {
  readonly self: string;
  /** What the wall clock says at 0 of the clock that is passed in, ms since 1970. */
  readonly wallAtZeroMs: number;
  readonly stamps: Stamps;
  /** The node that has `pool`, as far as this one knows. */
  ownerOf(pool: string): string;
  tellOwner(node: string, said: ToOwner, relay?: RelayRequest): void;
  emit(output: HubOutput): void;
}

/** A socket's, that is in a pool or asked to be. */
interface Seat {
  readonly socket: number;
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
/** Seats that wait for another owner are attached over this long, ms: all are to meet within 10 s, and a death is noticed after 4. */
export const ATTACH_MS = 2_000;
/** So many at a time, ms: between them the node does other things. */
const ATTACH_EVERY_MS = 20;
/** As few are attached at once. */
export const ATTACH_LEAST = 50;

export class Edge {
  readonly #ports: EdgePorts;
  readonly #hub: Hub;
  readonly #limits: HubLimits;
  readonly #seats = new Map<number, Seat>();
  /** Devices that lost their socket here, who did first in front: all have equally long to come back. */
  readonly #lost = new Map<string, { readonly seat: Seat; readonly untilMs: number }>();
  /** Seats that are to be attached to another owner, by pool: whoever is in one comes to it at about the same time everywhere. */
  #waiting: Seat[] = [];
  #batch = ATTACH_LEAST;
  #nextBatchAt = -Infinity;
  #now = 0;
  #lastAttachment = 0;

  constructor(options: HubOptions, ports: EdgePorts) {
    this.#ports = ports;
    this.#limits = hubLimits(options.limits);
    this.#hub = new Hub({ ...options, forwards: true });
  }

  handle(now: number, input: HubInput): void {
    this.#now = now;
    this.#toHub(input);
    if (input.kind === 'dropped') this.#empty(input.socket, 'lost');
    else if (input.kind === 'tick') this.#attachSome();
  }

  nextTimeout(): number {
    return Math.min(this.#hub.nextTimeout() ?? Infinity, this.#waiting.length > 0 ? this.#nextBatchAt : Infinity);
  }

  figures(): HubFigures {
    return this.#hub.figures();
  }

  /** What the owner of a pool says. */
  hear(now: number, from: string, said: ToEdge, payload: Uint8Array): void {
    this.#now = now;
    if (said.kind === 'close') {
      const { seat, kind: _kind, ...why } = said;
      if (!this.#isAttached(seat, from)) return;
      this.#seats.delete(seat[0]);
      this.#toHub({ kind: 'close', socket: seat[0], ...why });
      return;
    }
    const message = decodeServer(payload);
    if (message !== undefined) this.send(from, said, message);
  }

  /** Passes on what an owner says to seats that are attached to it. */
  send(
    from: string,
    { seats, owner }: Omit<Extract<ToEdge, { kind: 'send' }>, 'kind'>,
    message: Extract<HubOutput, { kind: 'send' }>['message'],
  ): void {
    const sockets = seats.flatMap((seat) => (this.#isAttached(seat, from) ? [seat[0]] : []));
    if (sockets.length === 0) return;
    if (message.kind === 'welcome')
      for (const socket of sockets) {
        const seat = this.#seats.get(socket);
        if (seat !== undefined) seat.welcomed = { owner };
      }
    this.#ports.emit({ kind: 'send', sockets, message });
  }

  /** The link to a node broke: nobody is attached to it any more. */
  lose(node: string): void {
    for (const seat of this.#seats.values()) if (seat.at === node) seat.at = undefined;
    for (const { seat } of this.#lost.values()) if (seat.at === node) seat.at = undefined;
  }

  /** Pools may have other owners: attaches whoever is not attached to the owner of its pool, a part now and the rest with ticks. */
  follow(now: number): void {
    this.#now = now;
    this.#forgetLost();
    const known = new Map<string, string>();
    const ownerOf = ({ request: { pool } }: Seat): string => {
      const owner = known.get(pool) ?? this.#ports.ownerOf(pool);
      known.set(pool, owner);
      return owner;
    };
    const lost = [...this.#lost.values()].map(({ seat }) => seat);
    // An owner that lives passes on itself who is away.
    for (const seat of lost) if (seat.at !== undefined) seat.at = ownerOf(seat);
    this.#waiting = [...this.#seats.values(), ...lost]
      .filter((seat) => seat.at !== ownerOf(seat))
      .sort((a, b) => (a.request.pool < b.request.pool ? -1 : 1));
    this.#batch = Math.max(ATTACH_LEAST, Math.ceil((this.#waiting.length * ATTACH_EVERY_MS) / ATTACH_MS));
    if (this.#waiting.length > this.#batch) this.#tellFirsts(ownerOf);
    this.#attachSome();
  }

  /** These have a place at an owner now: older ones are of no use. */
  notice(claims: readonly Claim[]): void {
    for (const { device, version } of claims) {
      const seat = this.#lost.get(device)?.seat;
      if (seat !== undefined && compareVersions(this.#versionOf(seat), version) < 0) this.#lost.delete(device);
    }
  }

  /** Also those whose join is on its way; none whose join has a later stamp than `last`. */
  revoke(now: number, subject: Subject, last: number): void {
    this.#now = now;
    const isMeant = ({ request: { id: device, pool, grant }, stamp }: Seat): boolean =>
      stamp <= last && isSubject(subject, { device, account: grant.account, pool });
    for (const [socket, seat] of this.#seats)
      if (isMeant(seat)) this.#toHub({ kind: 'close', socket, code: endCode(subject) });
    for (const [device, { seat }] of this.#lost) if (isMeant(seat)) this.#lost.delete(device);
  }

  #toHub(input: HubInput): void {
    this.#hub.handle(this.#now, input);
    for (let output = this.#hub.poll(); output !== undefined; output = this.#hub.poll()) {
      if (output.kind === 'forward') {
        this.#forward(output.socket, output.request, output.bytes);
        continue;
      }
      this.#ports.emit(output);
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
        if (seat?.at !== undefined) this.#ports.tellOwner(seat.at, { kind: 'leave', seat: nameOf(seat) });
        return;
      case 'relay':
        if (seat?.at !== undefined)
          this.#ports.tellOwner(seat.at, { kind: 'relay', seat: nameOf(seat), bytes }, request);
    }
  }

  #takeSeat(socket: number, before: Seat | undefined, request: JoinRequest, bytes: number): void {
    const at = this.#ports.ownerOf(request.pool);
    const stays = before?.at === at;
    // It leaves where it was, whatever comes of it.
    if (before?.at !== undefined && !stays) this.#ports.tellOwner(before.at, { kind: 'leave', seat: nameOf(before) });
    const attachment = stays ? before.attachment : ++this.#lastAttachment;
    const stamp = this.#ports.stamps.next(this.#now);
    const seat: Seat = { socket, request, bytes, stamp, attachment, at, welcomed: undefined };
    this.#seats.set(socket, seat);
    this.#lost.delete(request.id);
    this.#attach(seat, at);
  }

  #attach(seat: Seat, at: string): void {
    const { bytes, welcomed } = seat;
    const again = welcomed !== undefined && { again: true };
    this.#ports.tellOwner(at, { ...this.#asked(seat), kind: 'join', seat: nameOf(seat), ...again, bytes });
  }

  #asked(seat: Seat): Omit<Extract<ToOwner, { kind: 'absent' }>, 'kind'> {
    const { request, welcomed } = seat;
    const { version: _checked, kind: _kind, grant, ...rest } = request;
    return {
      ...rest,
      version: this.#versionOf(seat),
      grant: shifted(grant, this.#ports.wallAtZeroMs),
      ...(welcomed?.owner !== undefined && { owner: welcomed.owner }),
    };
  }

  #versionOf({ stamp, attachment }: Seat): Version {
    return [stamp, this.#ports.self, attachment];
  }

  /** The socket is gone, or not in its pool any more. */
  #empty(socket: number, why: Gone['why']): void {
    const seat = this.#seats.get(socket);
    if (seat === undefined) return;
    this.#seats.delete(socket);
    if (seat.at !== undefined) this.#ports.tellOwner(seat.at, { kind: 'gone', seat: nameOf(seat), why });
    if (why !== 'lost' || seat.welcomed === undefined) return;
    this.#lost.set(seat.request.id, { seat, untilMs: this.#now + this.#limits.resumeMs });
    this.#forgetLost();
    // Nobody has its place: it is handed over in its turn.
    if (seat.at === undefined) this.#waiting.push(seat);
  }

  #forgetLost(): void {
    for (const [device, { untilMs }] of this.#lost) {
      if (untilMs > this.#now && this.#lost.size <= this.#limits.awayMax) break;
      this.#lost.delete(device);
    }
  }

  /** Until all are attached, others must not take themselves for the first in pools that they know nobody of. */
  #tellFirsts(ownerOf: (seat: Seat) => string): void {
    const firsts = new Map<string, Map<string, First>>();
    for (const seat of this.#waiting) {
      const device = seat.welcomed?.owner;
      if (device === undefined) continue;
      const node = ownerOf(seat);
      const theirs = firsts.get(node) ?? new Map<string, First>();
      firsts.set(node, theirs.set(seat.request.pool, { pool: seat.request.pool, device }));
    }
    for (const [node, theirs] of firsts) {
      const all = [...theirs.values()];
      for (let i = 0; i < all.length; i += CLAIMS_MAX)
        this.#ports.tellOwner(node, { kind: 'firsts', firsts: all.slice(i, i + CLAIMS_MAX) });
    }
  }

  #attachSome(): void {
    if (this.#waiting.length === 0 || this.#now < this.#nextBatchAt) return;
    this.#nextBatchAt = this.#now + ATTACH_EVERY_MS;
    for (const seat of this.#waiting.splice(0, this.#batch)) {
      const at = this.#ports.ownerOf(seat.request.pool);
      if (seat.at === at) continue;
      if (this.#seats.get(seat.socket) === seat) this.#move(seat, at);
      else if (this.#lost.get(seat.request.id)?.seat === seat) {
        seat.at = at;
        this.#ports.tellOwner(at, { kind: 'absent', ...this.#asked(seat) });
      }
    }
  }

  #move(seat: Seat, at: string): void {
    if (seat.at !== undefined) this.#ports.tellOwner(seat.at, { kind: 'gone', seat: nameOf(seat), why: 'moved' });
    seat.attachment = ++this.#lastAttachment;
    seat.at = at;
    this.#attach(seat, at);
  }

  #isAttached([socket, attachment]: SeatName, to: string): boolean {
    const seat = this.#seats.get(socket);
    return seat?.at === to && seat.attachment === attachment;
  }
}

function nameOf({ socket, attachment }: Seat): SeatName {
  return [socket, attachment];
}
