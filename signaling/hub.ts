// The hub: who is in which pool, and what the server says to whom. A sans-IO machine: `handle` takes the time and one
// input, `poll` gives what to send and close, `nextTimeout` says when to hand in a `tick`. After every `handle` the
// shell (sockets.ts) polls until undefined. Who has which place is rooms.ts; what goes in and comes out hub-ports.ts.
// Decoding, challenges and signatures, session hooks, Origin checks and slow readers are the shell's.
import { PROTOCOL_VERSION, type SocketCode } from '../src/wire/codes.ts';
import type { IceServer, ServerMessage } from '../src/wire/signaling.ts';
import { endCode, isSubject } from './hooks.ts';
import type {
  Absence,
  HubFigures,
  HubInput,
  HubOutput,
  HubRequest,
  PoolRequest,
  Present,
  Seat,
  Subject,
  Vacated,
} from './hub-ports.ts';
import { RetrySlots } from './join-pace.ts';
import { hubLimits, type HubLimits } from './limits.ts';
import { Rooms, type Place } from './rooms.ts';
import { TokenBucket } from './token-bucket.ts';

export type { HubFigures, HubInput, HubOutput, HubRequest } from './hub-ports.ts';

/**
 * All a client can do to its socket; closing ends it in any state, and asking for the time changes none.
 *
 *            | new      | joined                        | left
 *     join   | joined   | joined: same pool, or another | joined
 *     leave  | (nothing)| left                          | (nothing)
 *     relay  | (dropped)| relayed                       | (dropped)
 *     refused| (closed) | (closed)                      | (closed)
 *
 * A leave or relay outside a pool is no offence: it may cross with what ended its reason.
 */
type SocketState =
  /** Never joined: closed at `joinBy`. */
  | { readonly kind: 'new'; readonly joinBy: number }
  | { readonly kind: 'joined'; readonly place: Place }
  /** Left its pool, and may join another. */
  | { readonly kind: 'left' };

interface Socket {
  readonly number: number;
  state: SocketState;
  /** Infinity: another hub listens for it. */
  heardAt: number;
  probed: boolean;
  readonly messages: TokenBucket;
  readonly bytes: TokenBucket;
}

type Phase =
  | { readonly kind: 'open' }
  /** Sockets that are left to close, so many at a time. */
  | { readonly kind: 'draining'; readonly left: number[]; readonly batch: number; nextAt: number }
  | { readonly kind: 'stopped' };

type OpenedInput = Extract<HubInput, { kind: 'opened' }>;
type FrameInput = Extract<HubInput, { kind: 'frame' }>;
type JoinRequest = Extract<HubRequest, { kind: 'join' }>;
type RelayRequest = Extract<HubRequest, { kind: 'relay' }>;

/** Closed with these, a device has no place to come back to: somebody ended its session. */
const ENDED: ReadonlySet<SocketCode> = new Set(['ticket', 'expired', 'denied', 'revoked']);

export interface HubOptions {
  readonly limits?: Partial<HubLimits>;
  readonly iceServers?: (device: string) => readonly IceServer[];
  readonly forwards?: boolean;
}

export class Hub {
  readonly #limits: HubLimits;
  readonly #iceServers: (device: string) => readonly IceServer[];
  readonly #sockets = new Map<number, Socket>();
  readonly #rooms: Rooms;
  readonly #forwards: boolean;
  readonly #slots: RetrySlots;
  readonly #outputs: HubOutput[] = [];
  readonly #closed: Partial<Record<SocketCode, number>> = {};
  #phase: Phase = { kind: 'open' };
  #now = 0;
  /** No deadline falls before this. */
  #wakeAt = Infinity;
  #frames = 0;
  #bytes = 0;
  #joins = 0;
  #resumes = 0;
  #relayed = 0;
  #relaysDropped = 0;

  /**
   * `iceServers` go to the device that joins, by its id. A hub that `forwards` only looks after sockets: pools are another one's (see
   * bus/cluster.ts). Throws a RangeError on a limit out of its range.
   */
  constructor(options: HubOptions = {}) {
    this.#limits = hubLimits(options.limits);
    this.#iceServers = options.iceServers ?? (() => []);
    this.#forwards = options.forwards ?? false;
    this.#rooms = new Rooms(this.#limits);
    this.#slots = new RetrySlots(this.#limits.joinsPerSecond);
  }

  /** `now` in ms of a clock that never goes back. Never throws on anything a client can cause. */
  handle(now: number, input: HubInput): void {
    this.#now = now;
    switch (input.kind) {
      case 'opened':
        return this.#open(input);
      case 'moved':
        return this.#moved(input.device, input.pool);
      case 'kept':
        return this.#keep(input);
      case 'held':
        return this.#handHeld(input);
      case 'frame':
      case 'alive':
      case 'close':
      case 'dropped': {
        const socket = this.#sockets.get(input.socket);
        if (socket === undefined) return;
        if (input.kind === 'dropped') this.#forget(socket, 'lost');
        else if (input.kind === 'close') this.#close(socket, input.code, input.retryMs);
        else if (input.kind === 'alive') this.#hear(socket, input.bytes, 1);
        else this.#frame(socket, input);
        return;
      }
      case 'revoke':
        return this.#revoke(input.subject);
      case 'tick':
        return this.#sweep();
      case 'drain':
        return this.#drain(input.overMs);
      case 'stop':
        return this.#stop();
    }
  }

  poll(): HubOutput | undefined {
    return this.#outputs.shift();
  }

  /** When to hand in a `tick`, or null if nothing waits. */
  nextTimeout(): number | null {
    return this.#wakeAt === Infinity ? null : this.#wakeAt;
  }

  figures(): HubFigures {
    return {
      sockets: this.#sockets.size,
      ...this.#rooms.figures,
      frames: this.#frames,
      bytes: this.#bytes,
      joins: this.#joins,
      resumes: this.#resumes,
      relayed: this.#relayed,
      relaysDropped: this.#relaysDropped,
      closed: { ...this.#closed },
    };
  }

  /** The pool in which `device` has a place. */
  poolOf(device: string): string | undefined {
    return this.#rooms.placeOf(device)?.pool;
  }

  /** The device that came first in `pool`. */
  ownerOf(pool: string): string | undefined {
    return this.#rooms.ownerOf(pool);
  }

  presentIn(pool: string): readonly Present[] {
    return this.#rooms.presentIn(pool);
  }

  /** Those who are away. */
  absences(): readonly Absence[] {
    return this.#rooms.absences();
  }

  #open({ socket: number, retryMs, remote = false }: OpenedInput): void {
    const { socketsMax, joinMs, messagesBurst, messagesPerSecond, bytesBurst, bytesPerSecond } = this.#limits;
    if (this.#phase.kind === 'stopped') return this.#emitClose(number, 'going-away');
    if (this.#phase.kind === 'draining') return this.#emitClose(number, 'restarting', this.#slots.next(this.#now));
    if (retryMs !== undefined) return this.#emitClose(number, 'busy', retryMs);
    if (!remote && this.#sockets.size >= socketsMax) return this.#emitClose(number, 'server-full');
    const socket: Socket = {
      number,
      state: remote ? { kind: 'left' } : { kind: 'new', joinBy: this.#now + joinMs },
      heardAt: remote ? Infinity : this.#now,
      probed: false,
      messages: new TokenBucket(messagesBurst, messagesPerSecond, this.#now),
      bytes: new TokenBucket(bytesBurst, bytesPerSecond, this.#now),
    };
    this.#sockets.set(number, socket);
    this.#wakeBy(this.#deadline(socket));
  }

  /** Called only for what may come sooner than all that is known; other deadlines move away and are found so later. */
  #wakeBy(deadline: number): void {
    this.#wakeAt = Math.min(this.#wakeAt, deadline);
  }

  #frame(socket: Socket, { bytes, wallMs, request }: FrameInput): void {
    this.#frames += 1;
    this.#bytes += bytes;
    const costly = request?.kind === 'join' || request?.kind === 'refused';
    const cost = costly ? this.#limits.joinCostMessages : 1;
    if (!this.#hear(socket, bytes, cost)) return;
    if (request === undefined) this.#close(socket, 'malformed');
    else this.#act(socket, request, bytes, wallMs);
  }

  /** Takes note of a sign of life and charges for it. False, and the socket is closed, if it was one too many. */
  #hear(socket: Socket, bytes: number, messages: number): boolean {
    if (socket.heardAt === Infinity) return true;
    const answered = socket.probed;
    socket.heardAt = this.#now;
    socket.probed = false;
    if (answered) this.#wakeBy(this.#deadline(socket));
    if (socket.messages.take(this.#now, messages) && socket.bytes.take(this.#now, bytes)) return true;
    this.#close(socket, 'rate');
    return false;
  }

  #act(socket: Socket, request: HubRequest, bytes: number, wallMs: number): void {
    switch (request.kind) {
      case 'join':
        if (this.#forwards && request.version === PROTOCOL_VERSION) return this.#forward(socket, request, bytes);
        return this.#join(socket, request);
      case 'refused':
        return this.#close(socket, request.code, request.retryMs);
      case 'leave':
        return this.#forwards ? this.#forward(socket, request, bytes) : this.#leave(socket, 'left');
      case 'relay':
        return this.#forwards ? this.#forward(socket, request, bytes) : this.#relay(socket, request, bytes);
      case 'time':
        return this.#send([socket.number], { kind: 'timed', t0Ms: request.t0Ms, t1Ms: wallMs, t2Ms: wallMs });
    }
  }

  /** Whether it is in a pool, or how long it may be, is the other hub's to know. */
  #forward(socket: Socket, request: PoolRequest, bytes: number): void {
    if (request.kind === 'join') socket.state = { kind: 'left' };
    this.#outputs.push({ kind: 'forward', socket: socket.number, request, bytes });
  }

  #join(socket: Socket, request: JoinRequest): void {
    const { version, pool, id, grant, again = false } = request;
    // Who asks to be elsewhere has left, whatever comes of it.
    if (!isIn(socket, pool, id)) this.#leave(socket, 'left');
    if (version !== PROTOCOL_VERSION) return this.#close(socket, 'version');
    this.#noteLost(this.#rooms.makeRoomFor(pool));
    const refusal = this.#rooms.refusal(pool, id);
    if (refusal !== undefined) return this.#close(socket, refusal);
    const before = this.#rooms.placeOf(id);
    const isNew = before === undefined || before.pool !== pool;
    if (before !== undefined) {
      // The same device from a new socket. In the same pool its peers see no gap, only the peer-joined below.
      if (isNew) this.#vacate(before, 'left');
      const old = this.#socketOf(before);
      if (old !== undefined && old !== socket) {
        old.state = { kind: 'left' };
        this.#close(old, 'elsewhere');
      }
    }

    const others = this.#rooms.othersIn(pool, id);
    const { place, held } = this.#rooms.enter(socket.number, pool, request);
    const { member } = place;
    socket.state = { kind: 'joined', place };
    if (grant.untilMs !== undefined) this.#wakeBy(grant.untilMs);
    this.#joins += 1;
    if (!isNew && before.state.kind === 'away') this.#resumes += 1;

    const peers = others.map((other) => other.member);
    const iceServers = this.#iceServers(id);
    this.#send([socket.number], { kind: 'welcome', self: id, pool, role: member.role, peers, iceServers });
    for (const message of held) this.#send([socket.number], message);
    this.#tell(others, { kind: 'peer-joined', peer: member });
    if (isNew && !again) this.#outputs.push({ kind: 'entered', seat: place });
  }

  /** `lost`: it keeps its place for a while. */
  #leave(socket: Socket, why: Vacated): void {
    if (socket.state.kind !== 'joined') return;
    const { place } = socket.state;
    socket.state = { kind: 'left' };
    if (why !== 'lost') return this.#vacate(place, why);
    this.#noteLost(this.#rooms.lose(this.#now, place));
    this.#wakeBy(this.#rooms.nextUntilMs);
    // While all go, nobody is left to be told that one did.
    if (this.#phase.kind !== 'open') return;
    const { pool, member } = place;
    this.#tell(this.#rooms.othersIn(pool, member.id), { kind: 'peer-left', id: member.id, lost: true });
  }

  /** Gives a place up. The others also hear of one that was away: its links end now. */
  #vacate(place: Place, why: 'left' | 'ended'): void {
    this.#rooms.vacate(place);
    const { pool, member } = place;
    this.#tell(this.#rooms.othersIn(pool, member.id), { kind: 'peer-left', id: member.id, lost: false });
    this.#outputs.push({ kind: 'vacated', seat: place, why });
  }

  /** Where it went on in the same pool its links live on; whoever is still here is not sure to hear of it again, but once. */
  #moved(device: string, pool: string): void {
    const place = this.#rooms.placeOf(device);
    if (place === undefined) return;
    const socket = this.#socketOf(place);
    if (place.pool !== pool) this.#vacate(place, 'left');
    else {
      this.#rooms.vacate(place);
      if (socket !== undefined)
        this.#tell(this.#rooms.othersIn(pool, device), { kind: 'peer-left', id: device, lost: true });
    }
    if (socket === undefined) return;
    socket.state = { kind: 'left' };
    this.#close(socket, 'elsewhere');
  }

  /** As a join, but that nobody is there to be told anything. */
  #keep({ seat, owner }: Extract<HubInput, { kind: 'kept' }>): void {
    const { pool, member } = seat;
    if (this.#rooms.placeOf(member.id)?.pool === pool) return;
    this.#moved(member.id, pool);
    this.#noteLost(this.#rooms.makeRoomFor(pool));
    if (this.#rooms.refusal(pool, member.id) !== undefined) return this.#noteLost([seat]);
    this.#noteLost(this.#rooms.keep(this.#now, seat, owner));
    this.#wakeBy(this.#rooms.nextUntilMs);
  }

  /** Its device may have come back by now. */
  #handHeld({ device, pool, message, bytes }: Extract<HubInput, { kind: 'held' }>): void {
    const place = this.#rooms.placeOf(device);
    if (place?.pool !== pool) return;
    if (place.state.kind === 'here') this.#tell([place], message);
    else if (!this.#rooms.hold(place, message, bytes)) this.#relaysDropped += 1;
  }

  /** They did not come back in time, or there was no more room for them; the others know already that they are away. */
  #noteLost(places: readonly Seat[]): void {
    for (const seat of places) this.#outputs.push({ kind: 'vacated', seat, why: 'lost' });
  }

  #relay(socket: Socket, { peer, attempt, signal }: RelayRequest, bytes: number): void {
    const from = socket.state.kind === 'joined' ? socket.state.place : undefined;
    const target = this.#rooms.placeOf(peer);
    if (from === undefined || target === undefined || target === from || target.pool !== from.pool) {
      this.#relaysDropped += 1;
      return;
    }
    const message = { kind: 'relayed', peer: from.member.id, attempt, signal } as const;
    const taken = target.state.kind === 'here' || this.#rooms.hold(target, message, bytes);
    if (taken) this.#relayed += 1;
    else this.#relaysDropped += 1;
    this.#tell([target], message);
  }

  #revoke(subject: Subject): void {
    const isMeant = ({ pool, member, grant }: Place): boolean =>
      isSubject(subject, { device: member.id, account: grant.account, pool });
    for (const place of this.#rooms.all(isMeant)) {
      const socket = this.#socketOf(place);
      if (socket === undefined) this.#vacate(place, 'ended');
      else this.#close(socket, endCode(subject));
    }
  }

  #drain(overMs: number): void {
    if (this.#phase.kind !== 'open') return;
    const left = [...this.#sockets.keys()];
    const batch = Math.max(1, Math.ceil((left.length * this.#limits.sweepMs) / overMs));
    this.#phase = { kind: 'draining', left, batch, nextAt: this.#now };
    this.#drainBatch(this.#phase);
  }

  #drainBatch(draining: Extract<Phase, { kind: 'draining' }>): void {
    if (this.#now < draining.nextAt) return;
    draining.nextAt = draining.left.length > 0 ? this.#now + this.#limits.sweepMs : Infinity;
    for (const number of draining.left.splice(0, draining.batch)) {
      const socket = this.#sockets.get(number);
      if (socket !== undefined) this.#close(socket, 'restarting', this.#slots.next(this.#now));
    }
    this.#wakeBy(draining.nextAt);
  }

  #stop(): void {
    this.#phase = { kind: 'stopped' };
    for (const { number } of this.#sockets.values()) this.#emitClose(number, 'going-away');
    // Everyone goes at once: nobody is left to be told that the others did.
    this.#sockets.clear();
    this.#rooms.clear();
    this.#wakeAt = Infinity;
  }

  #sweep(): void {
    if (this.#now < this.#wakeAt) return;
    this.#wakeAt = Infinity;
    if (this.#phase.kind === 'draining') this.#drainBatch(this.#phase);
    for (const socket of this.#sockets.values()) this.#checkDeadlines(socket);
    this.#noteLost(this.#rooms.expire(this.#now));
    let next = Math.min(this.#wakeAt, this.#rooms.nextUntilMs);
    for (const socket of this.#sockets.values()) next = Math.min(next, this.#deadline(socket));
    this.#wakeAt = next === Infinity ? next : Math.max(next, this.#now + this.#limits.sweepMs);
  }

  #checkDeadlines(socket: Socket): void {
    const { state, heardAt, probed } = socket;
    const { probeMs, silentMs } = this.#limits;
    if (state.kind === 'new' && this.#now >= state.joinBy) this.#close(socket, 'join-first');
    else if (this.#now >= grantEnd(state)) this.#close(socket, 'expired');
    else if (this.#now >= heardAt + silentMs) this.#close(socket, 'silent');
    else if (!probed && this.#now >= heardAt + probeMs) {
      socket.probed = true;
      this.#outputs.push({ kind: 'probe', socket: socket.number });
    }
  }

  #deadline({ state, heardAt, probed }: Socket): number {
    const quiet = heardAt + (probed ? this.#limits.silentMs : this.#limits.probeMs);
    return Math.min(quiet, state.kind === 'new' ? state.joinBy : grantEnd(state));
  }

  /** The server ends a socket. If nobody ended its session, its device did not ask to leave: its links may well live on. */
  #close(socket: Socket, code: SocketCode, retryMs?: number): void {
    this.#emitClose(socket.number, code, retryMs);
    this.#forget(socket, ENDED.has(code) ? 'ended' : 'lost');
  }

  #forget(socket: Socket, why: Vacated): void {
    this.#leave(socket, why);
    this.#sockets.delete(socket.number);
    if (this.#sockets.size === 0) this.#wakeAt = this.#rooms.nextUntilMs;
  }

  #socketOf({ state }: Place): Socket | undefined {
    return state.kind === 'here' ? this.#sockets.get(state.socket) : undefined;
  }

  #emitClose(socket: number, code: SocketCode, retryMs?: number): void {
    this.#closed[code] = (this.#closed[code] ?? 0) + 1;
    this.#outputs.push({ kind: 'close', socket, code, ...(retryMs !== undefined && { retryMs }) });
  }

  #tell(places: readonly Place[], message: ServerMessage): void {
    this.#send(
      places.flatMap(({ state }) => (state.kind === 'here' ? [state.socket] : [])),
      message,
    );
  }

  #send(sockets: readonly number[], message: ServerMessage): void {
    if (sockets.length > 0) this.#outputs.push({ kind: 'send', sockets, message });
  }
}

function isIn({ state }: Socket, pool: string, id: string): boolean {
  return state.kind === 'joined' && state.place.pool === pool && state.place.member.id === id;
}

function grantEnd(state: SocketState): number {
  return state.kind === 'joined' ? (state.place.grant.untilMs ?? Infinity) : Infinity;
}
