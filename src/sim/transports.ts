// Simulated WebRTC: transports that find each other by signals, open after a while, carry datagrams, and close at the other
// end a little later. Signals go by whatever way the pools relay them. All transports from one owner to another share one
// path, and with it its bottleneck; all of one owner may share its access line too. A description bears the transport's number
// and a fingerprint made of it.
import { toHex } from '../wire/bytes.ts';
import type { Signal } from '../wire/signaling.ts';
import type { Way } from './carrier.ts';
import type { VirtualClock } from './clock.ts';
import { Path, Route, type Hop, type PathOptions } from './network.ts';
import { Random, seedFor } from './random.ts';
import { openCarrier, type SctpName } from './sctp.ts';

/** What happens to a transport, told to its owner. Never from inside the owner's own call. */
export interface TransportEvents {
  signal(signal: Signal): void;
  open(): void;
  datagram(bytes: Uint8Array): void;
  closed(): void;
}

/** ICE and DTLS take this long at least and at most, ms. */
const HANDSHAKE_MS: readonly [number, number] = [20, 400];
/** A handshake that met a blackout tries again, ms. */
const HANDSHAKE_RETRY_MS = 250;
/** A close whose word was lost is noticed by ICE's own timeout, ms. */
const SILENT_CLOSE_MS = 5000;
/** A close_notify alert on the wire. */
const CLOSE_BYTES = 83;

/** How one end reaches the other. */
interface Connection {
  readonly way: Way;
  readonly line: Hop;
  /** Ends both directions; what is under way never arrives. */
  readonly close: () => void;
}

export interface SwitchboardOptions {
  /** What carries the datagrams: the model of an SCTP implementation, or, if undefined, the bare path. */
  readonly sctp?: SctpName | undefined;
  /** An owner's own line, up and down, which all its transports share; the path between two owners comes after it. */
  readonly access?:
    ((owner: number) => { readonly up: Partial<PathOptions>; readonly down: Partial<PathOptions> }) | undefined;
}

export class SimTransport {
  readonly id: number;
  /** Who holds it: two of the same owner never meet. */
  readonly owner: number;
  readonly events: TransportEvents;
  state: 'new' | 'open' | 'closed' = 'new';
  remote: SimTransport | undefined;
  /** From when its handshake begins. */
  connection: Connection | undefined;

  constructor(id: number, owner: number, events: TransportEvents) {
    this.id = id;
    this.owner = owner;
    this.events = events;
  }
}

export class Switchboard {
  readonly #clock: VirtualClock;
  readonly #seed: number;
  /** By name, so that no part of the world moves what another part draws. */
  readonly #randoms = new Map<string, Random>();
  readonly #pathFor: (fromOwner: number, toOwner: number) => Partial<PathOptions>;
  readonly #options: SwitchboardOptions;
  readonly #transports = new Map<number, SimTransport>();
  readonly #paths = new Map<string, Path>();
  #next = 1;

  /** `pathFor` gives the path from one owner to another; asked once, when the first transport needs it. */
  constructor(
    clock: VirtualClock,
    random: Random,
    pathFor: (fromOwner: number, toOwner: number) => Partial<PathOptions>,
    options: SwitchboardOptions = {},
  ) {
    this.#clock = clock;
    this.#seed = random.u32();
    this.#pathFor = pathFor;
    this.#options = options;
  }

  /** The path from one owner to another, to change it or look at its counters. */
  path(fromOwner: number, toOwner: number): Path {
    return this.#path(`${fromOwner} to ${toOwner}`, () => this.#pathFor(fromOwner, toOwner));
  }

  /** Transports that carry datagrams now. */
  get open(): SimTransport[] {
    return [...this.#transports.values()].filter(({ state }) => state === 'open');
  }

  create(owner: number, initiator: boolean, events: TransportEvents): SimTransport {
    const transport = new SimTransport(this.#next++, owner, events);
    this.#transports.set(transport.id, transport);
    if (initiator) this.#gather(transport, { kind: 'offer', sdp: describe('offer', transport.id) });
    return transport;
  }

  /** The other end's signal, as it came through the server. What makes no sense closes the transport. */
  signal(transport: SimTransport, signal: Signal): void {
    if (transport.state !== 'new' || signal.kind === 'candidate') return;
    const id = Number(/^(?:offer|answer) (\d+)\n/.exec(signal.sdp)?.[1]);
    const remote = this.#transports.get(id);
    if (Number.isNaN(id)) return this.close(transport);
    if (remote === undefined || remote.owner === transport.owner) return; // it went meanwhile: nobody answers
    transport.remote = remote;
    if (signal.kind === 'offer') this.#gather(transport, { kind: 'answer', sdp: describe('answer', transport.id) });
    else if (remote.remote === transport) this.#handshake(transport, remote);
  }

  send(transport: SimTransport, bytes: Uint8Array): void {
    if (transport.state === 'open') transport.connection?.way.send(bytes);
  }

  /** Closes this end now; the other end learns of it. */
  close(transport: SimTransport): void {
    if (transport.state === 'closed') return;
    const { remote, state, connection } = transport;
    this.#end(transport);
    if (remote === undefined || state !== 'open' || connection === undefined) return;
    // What was sent before still arrives; what waits in SCTP never leaves.
    connection.way.stop();
    const hear = (): void => {
      connection.close();
      if (remote.state !== 'closed') this.#end(remote);
    };
    connection.line.send(CLOSE_BYTES, hear);
    this.#clock.after(SILENT_CLOSE_MS, hear);
  }

  /** The connection breaks in the middle: both ends lose it at once, and what is under way with it. */
  break(transport: SimTransport): void {
    const { remote } = transport;
    transport.connection?.close();
    if (transport.state !== 'closed') this.#end(transport);
    if (remote !== undefined && remote.state !== 'closed') this.#end(remote);
  }

  #end(transport: SimTransport): void {
    transport.state = 'closed';
    this.#transports.delete(transport.id);
    this.#clock.after(0, () => transport.events.closed());
  }

  #gather(transport: SimTransport, description: Signal): void {
    const say = (signal: Signal): void => {
      if (transport.state === 'new') transport.events.signal(signal);
    };
    const random = this.#random(`${transport.owner}`);
    this.#clock.after(random.between(1, 20), () => {
      say(description);
      const candidates = random.integer(0, 2);
      for (let i = 0; i < candidates; i++) {
        this.#clock.after(random.between(0, 50), () => {
          say({ kind: 'candidate', candidate: `candidate ${i}`, mid: '0' });
        });
      }
    });
  }

  #handshake(a: SimTransport, b: SimTransport): void {
    const random = this.#random(`${a.owner} with ${b.owner}`);
    const lines = { toA: this.#line(b.owner, a.owner), toB: this.#line(a.owner, b.owner) };
    const carrier = openCarrier(this.#clock, lines, this.#options.sctp, {
      toA: (bytes) => this.#deliver(a, bytes),
      toB: (bytes) => this.#deliver(b, bytes),
    });
    const close = (): void => carrier.close();
    a.connection = { way: carrier.toB, line: lines.toB, close };
    b.connection = { way: carrier.toA, line: lines.toA, close };
    const attempt = (): void => {
      if (a.state !== 'new' || b.state !== 'new') return;
      if (lines.toA.dark || lines.toB.dark) {
        this.#clock.after(HANDSHAKE_RETRY_MS, attempt);
        return;
      }
      const [first, second] = random.chance(0.5) ? [a, b] : [b, a];
      this.#open(first);
      this.#clock.after(random.between(0, 60), () => this.#open(second));
    };
    this.#clock.after(random.between(...HANDSHAKE_MS), attempt);
  }

  #open(transport: SimTransport): void {
    if (transport.state !== 'new') return;
    transport.state = 'open';
    transport.events.open();
  }

  #deliver(transport: SimTransport, bytes: Uint8Array): void {
    // A channel is open before its first message comes out of it.
    this.#open(transport);
    if (transport.state === 'open') transport.events.datagram(bytes);
  }

  #line(from: number, to: number): Hop {
    const { access } = this.#options;
    const between = this.path(from, to);
    if (access === undefined) return between;
    const up = this.#path(`${from} up`, () => access(from).up);
    const down = this.#path(`${to} down`, () => access(to).down);
    return new Route(up, new Route(between, down));
  }

  #random(name: string): Random {
    let random = this.#randoms.get(name);
    if (random === undefined) {
      random = new Random(seedFor(this.#seed, name));
      this.#randoms.set(name, random);
    }
    return random;
  }

  #path(name: string, options: () => Partial<PathOptions>): Path {
    let path = this.#paths.get(name);
    if (path === undefined) {
      path = new Path(this.#clock, this.#random(name), options());
      this.#paths.set(name, path);
    }
    return path;
  }
}

/** Nothing checks a certificate here: whoever passes the description on may put another fingerprint into it. */
function describe(kind: 'offer' | 'answer', id: number): string {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, id);
  return `${kind} ${id}\na=fingerprint:sha-256 ${toHex(bytes).replace(/..(?!$)/g, '$&:')}\n`;
}
