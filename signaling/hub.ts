// The hub: who is in which pool, and what the server says to whom. A sans-IO machine: `handle` takes the time and one
// input, `poll` gives what to send and close, `nextTimeout` says when to hand in a `tick`. After every `handle` the
// shell (sockets.ts) polls until undefined. Sockets are numbers that the shell hands out and never uses twice.
// Decoding, challenges and signatures, Origin checks and slow readers are the shell's.
import { PROTOCOL_VERSION, type SocketCode } from '../src/wire/codes.ts';
import type { IceServer, Member, Role, ServerMessage, Signal } from '../src/wire/signaling.ts';
import { hubLimits, type HubLimits } from './limits.ts';
import { TokenBucket } from './token-bucket.ts';

/** What a client asks, decoded and bounded; a join carries the id (32 hex digits) of the device that signed it. */
export type HubRequest =
  | {
      readonly kind: 'join';
      readonly version: number;
      readonly pool: string;
      readonly id: string;
      readonly name: string;
      readonly device: string;
    }
  /** A join that the device it names has not signed. */
  | { readonly kind: 'forged' }
  | { readonly kind: 'leave' }
  | { readonly kind: 'relay'; readonly peer: string; readonly attempt: number; readonly signal: Signal }
  | { readonly kind: 'time'; readonly t0Ms: number };

export type HubInput =
  | { readonly kind: 'opened'; readonly socket: number }
  /** One frame of `bytes` bytes; no request if it did not decode. `wallMs`: when it came, ms since 1970. */
  | {
      readonly kind: 'frame';
      readonly socket: number;
      readonly bytes: number;
      readonly wallMs: number;
      readonly request?: HubRequest;
    }
  /** A websocket ping or pong of `bytes` bytes. */
  | { readonly kind: 'alive'; readonly socket: number; readonly bytes: number }
  /** The socket is gone, by whosever will. */
  | { readonly kind: 'dropped'; readonly socket: number }
  | { readonly kind: 'tick' }
  /** Close everything, and let nobody in any more. */
  | { readonly kind: 'stop' };

export type HubOutput =
  /** The same message to every socket listed. In a `timed` the shell puts the moment of sending for `t2Ms`. */
  | { readonly kind: 'send'; readonly sockets: readonly number[]; readonly message: ServerMessage }
  /** Send a websocket ping. */
  | { readonly kind: 'probe'; readonly socket: number }
  /** Close the socket; the hub has forgotten it and ignores whatever else comes from it. */
  | { readonly kind: 'close'; readonly socket: number; readonly code: SocketCode };

/** What the hub has seen and holds: gauges first, then counts since it was made. */
export interface HubFigures {
  readonly sockets: number;
  readonly pools: number;
  readonly members: number;
  readonly frames: number;
  readonly bytes: number;
  readonly joins: number;
  readonly relayed: number;
  /** Relays to nobody in the sender's pool, or from outside any pool: late ones, or attempts to reach across. */
  readonly relaysDropped: number;
  readonly closed: Readonly<Partial<Record<SocketCode, number>>>;
}

/**
 * All a client can do to its socket; closing ends it in any state, and asking for the time changes none.
 *
 *            | new      | joined                        | left
 *     join   | joined   | joined: same pool, or another | joined
 *     leave  | (nothing)| left                          | (nothing)
 *     relay  | (dropped)| relayed                       | (dropped)
 *     forged | (closed) | (closed)                      | (closed)
 *
 * A leave or relay outside a pool is no offence: it may cross with what ended its reason.
 */
type SocketState =
  /** Never joined: closed at `joinBy`. */
  | { readonly kind: 'new'; readonly joinBy: number }
  | { readonly kind: 'joined'; readonly member: Member; readonly pool: string }
  /** Left its pool, and may join another. */
  | { readonly kind: 'left' };

interface Socket {
  readonly number: number;
  state: SocketState;
  heardAt: number;
  probed: boolean;
  readonly messages: TokenBucket;
  readonly bytes: TokenBucket;
}

interface Room {
  /** Who came first. Keeps its role over an absence, as long as anybody stays. */
  readonly owner: string;
  /** Device id -> its socket. */
  readonly members: Map<string, Socket>;
}

type FrameInput = Extract<HubInput, { kind: 'frame' }>;
type JoinRequest = Extract<HubRequest, { kind: 'join' }>;
type RelayRequest = Extract<HubRequest, { kind: 'relay' }>;

export class Hub {
  readonly #limits: HubLimits;
  readonly #iceServers: readonly IceServer[];
  readonly #sockets = new Map<number, Socket>();
  /** A pool is there only while someone is in it. */
  readonly #pools = new Map<string, Room>();
  /** Device id -> the one socket it is joined through. */
  readonly #devices = new Map<string, Socket>();
  readonly #outputs: HubOutput[] = [];
  readonly #closed: Partial<Record<SocketCode, number>> = {};
  #stopped = false;
  /** No deadline falls before this. */
  #wakeAt: number | null = null;
  #frames = 0;
  #bytes = 0;
  #joins = 0;
  #relayed = 0;
  #relaysDropped = 0;

  /** `iceServers` go to everyone who joins. Throws a RangeError on a limit out of its range. */
  constructor(options: { limits?: Partial<HubLimits>; iceServers?: readonly IceServer[] } = {}) {
    this.#limits = hubLimits(options.limits);
    this.#iceServers = options.iceServers ?? [];
  }

  /** `now` in ms of a clock that never goes back. Never throws on anything a client can cause. */
  handle(now: number, input: HubInput): void {
    if (input.kind === 'opened') this.#open(now, input.socket);
    else if (input.kind === 'stop') this.#stop();
    else if (input.kind === 'tick') this.#sweep(now);
    else {
      const socket = this.#sockets.get(input.socket);
      if (socket === undefined) return;
      if (input.kind === 'dropped') this.#forget(socket, true);
      else if (input.kind === 'alive') this.#hear(now, socket, input.bytes, 1);
      else this.#frame(now, socket, input);
    }
  }

  poll(): HubOutput | undefined {
    return this.#outputs.shift();
  }

  /** When to hand in a `tick`, or null if nothing waits. */
  nextTimeout(): number | null {
    return this.#wakeAt;
  }

  figures(): HubFigures {
    return {
      sockets: this.#sockets.size,
      pools: this.#pools.size,
      members: this.#devices.size,
      frames: this.#frames,
      bytes: this.#bytes,
      joins: this.#joins,
      relayed: this.#relayed,
      relaysDropped: this.#relaysDropped,
      closed: { ...this.#closed },
    };
  }

  #open(now: number, number: number): void {
    const { socketsMax, joinMs, messagesBurst, messagesPerSecond, bytesBurst, bytesPerSecond } = this.#limits;
    const refusal = this.#stopped ? 'going-away' : this.#sockets.size >= socketsMax ? 'server-full' : undefined;
    if (refusal !== undefined) return this.#emitClose(number, refusal);
    const socket: Socket = {
      number,
      state: { kind: 'new', joinBy: now + joinMs },
      heardAt: now,
      probed: false,
      messages: new TokenBucket(messagesBurst, messagesPerSecond, now),
      bytes: new TokenBucket(bytesBurst, bytesPerSecond, now),
    };
    this.#sockets.set(number, socket);
    this.#wakeBy(this.#deadline(socket));
  }

  /** Called only for what may come sooner than all that is known; other deadlines move away and are found so later. */
  #wakeBy(deadline: number): void {
    this.#wakeAt = Math.min(this.#wakeAt ?? Infinity, deadline);
  }

  #frame(now: number, socket: Socket, { bytes, wallMs, request }: FrameInput): void {
    this.#frames += 1;
    this.#bytes += bytes;
    const costly = request?.kind === 'join' || request?.kind === 'forged';
    const cost = costly ? this.#limits.joinCostMessages : 1;
    if (!this.#hear(now, socket, bytes, cost)) return;
    if (request === undefined) this.#close(socket, 'malformed');
    else this.#act(socket, request, wallMs);
  }

  /** Takes note of a sign of life and charges for it. False, and the socket is closed, if it was one too many. */
  #hear(now: number, socket: Socket, bytes: number, messages: number): boolean {
    const answered = socket.probed;
    socket.heardAt = now;
    socket.probed = false;
    if (answered) this.#wakeBy(this.#deadline(socket));
    if (socket.messages.take(now, messages) && socket.bytes.take(now, bytes)) return true;
    this.#close(socket, 'rate');
    return false;
  }

  #act(socket: Socket, request: HubRequest, wallMs: number): void {
    switch (request.kind) {
      case 'join':
        return this.#join(socket, request);
      case 'forged':
        return this.#close(socket, 'identity');
      case 'leave':
        return this.#leave(socket, false);
      case 'relay':
        return this.#relay(socket, request);
      case 'time':
        return this.#send([socket], { kind: 'timed', t0Ms: request.t0Ms, t1Ms: wallMs, t2Ms: wallMs });
    }
  }

  #join(socket: Socket, request: JoinRequest): void {
    const { version, pool, id, name, device } = request;
    // Who asks to be elsewhere has left, whatever comes of it.
    if (!isIn(socket, pool, id)) this.#leave(socket, false);
    const refusal = this.#joinRefusal(version, pool, id);
    if (refusal !== undefined) return this.#close(socket, refusal);
    const before = this.#devices.get(id);
    if (before !== undefined && before !== socket) {
      // The same device from a new socket. In the same pool its peers see no gap, only the peer-joined below.
      if (!isIn(before, pool, id)) this.#leave(before, false);
      before.state = { kind: 'left' };
      this.#close(before, 'elsewhere');
    }

    const room: Room = this.#pools.get(pool) ?? { owner: id, members: new Map() };
    const { members } = room;
    const role: Role = room.owner === id ? 'owner' : 'member';
    const member: Member = { id, name, device, role };
    const others = [...members.values()].filter((other) => other !== socket && other !== before);
    members.set(id, socket);
    this.#pools.set(pool, room);
    this.#devices.set(id, socket);
    socket.state = { kind: 'joined', member, pool };
    this.#joins += 1;

    const peers = others.flatMap(({ state }) => (state.kind === 'joined' ? [state.member] : []));
    this.#send([socket], { kind: 'welcome', self: id, pool, role, peers, iceServers: this.#iceServers });
    this.#send(others, { kind: 'peer-joined', peer: member });
  }

  /** Who is refused displaces nobody: its other socket, if it has one, keeps its place. */
  #joinRefusal(version: number, pool: string, id: string): SocketCode | undefined {
    if (version !== PROTOCOL_VERSION) return 'version';
    const members = this.#pools.get(pool)?.members;
    if (members === undefined) return this.#pools.size >= this.#limits.poolsMax ? 'server-full' : undefined;
    return !members.has(id) && members.size >= this.#limits.poolMembersMax ? 'pool-full' : undefined;
  }

  #leave(socket: Socket, lost: boolean): void {
    if (socket.state.kind !== 'joined') return;
    const { member, pool } = socket.state;
    socket.state = { kind: 'left' };
    this.#devices.delete(member.id);
    const members = this.#pools.get(pool)?.members;
    if (members === undefined) return;
    members.delete(member.id);
    if (members.size === 0) this.#pools.delete(pool);
    this.#send([...members.values()], { kind: 'peer-left', id: member.id, lost });
  }

  #relay(socket: Socket, { peer, attempt, signal }: RelayRequest): void {
    const from = socket.state.kind === 'joined' ? socket.state : undefined;
    const target = from && this.#pools.get(from.pool)?.members.get(peer);
    if (from === undefined || target === undefined || target === socket) {
      this.#relaysDropped += 1;
      return;
    }
    this.#relayed += 1;
    this.#send([target], { kind: 'relayed', peer: from.member.id, attempt, signal });
  }

  #stop(): void {
    this.#stopped = true;
    for (const { number } of this.#sockets.values()) this.#emitClose(number, 'going-away');
    // Everyone goes at once: nobody is left to be told that the others did.
    this.#sockets.clear();
    this.#pools.clear();
    this.#devices.clear();
    this.#wakeAt = null;
  }

  #sweep(now: number): void {
    if (this.#wakeAt === null || now < this.#wakeAt) return;
    for (const socket of this.#sockets.values()) this.#checkDeadlines(now, socket);
    let next = Infinity;
    for (const socket of this.#sockets.values()) next = Math.min(next, this.#deadline(socket));
    this.#wakeAt = next === Infinity ? null : Math.max(next, now + this.#limits.sweepMs);
  }

  #checkDeadlines(now: number, socket: Socket): void {
    const { probeMs, silentMs } = this.#limits;
    if (socket.state.kind === 'new' && now >= socket.state.joinBy) this.#close(socket, 'join-first');
    else if (now >= socket.heardAt + silentMs) this.#close(socket, 'silent');
    else if (!socket.probed && now >= socket.heardAt + probeMs) {
      socket.probed = true;
      this.#outputs.push({ kind: 'probe', socket: socket.number });
    }
  }

  #deadline({ state, heardAt, probed }: Socket): number {
    const quiet = heardAt + (probed ? this.#limits.silentMs : this.#limits.probeMs);
    return state.kind === 'new' ? Math.min(quiet, state.joinBy) : quiet;
  }

  /** The server ends a socket. Its device did not ask to leave, so its links may well live on. */
  #close(socket: Socket, code: SocketCode): void {
    this.#emitClose(socket.number, code);
    this.#forget(socket, true);
  }

  #forget(socket: Socket, lost: boolean): void {
    this.#leave(socket, lost);
    this.#sockets.delete(socket.number);
    if (this.#sockets.size === 0) this.#wakeAt = null;
  }

  #emitClose(socket: number, code: SocketCode): void {
    this.#closed[code] = (this.#closed[code] ?? 0) + 1;
    this.#outputs.push({ kind: 'close', socket, code });
  }

  #send(sockets: readonly Socket[], message: ServerMessage): void {
    if (sockets.length === 0) return;
    this.#outputs.push({ kind: 'send', sockets: sockets.map(({ number }) => number), message });
  }
}

function isIn({ state }: Socket, pool: string, id: string): boolean {
  return state.kind === 'joined' && state.pool === pool && state.member.id === id;
}
