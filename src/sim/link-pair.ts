// Two real Link machines joined by a simulated network under one virtual clock. Makes the transports of their lanes and
// moves time; what an end does and keeps is link-end.ts. Several pairs may share a clock and a bottleneck.
import type { LinkOptions } from '../link/options.ts';
import type { Seal } from '../wire/seal.ts';
import type { Carrier, Lines } from './carrier.ts';
import { VirtualClock, type ClockError } from './clock.ts';
import { LinkEnd, type OutputOf, type Role } from './link-end.ts';
import { Duplex, Route, type PathOptions } from './network.ts';
import { Random } from './random.ts';
import { openCarrier, type SctpName } from './sctp.ts';
import { Trace } from './trace.ts';

export { LinkEnd, type OutputOf };

/** A further lane takes this many trips to open: ICE, DTLS and SCTP, all by the book. */
const LANE_TRIPS = 4;
/** A lane that meets a blackout while it opens tries again, ms. */
const LANE_RETRY_MS = 250;

export interface LinkPairOptions {
  /** Names the whole run: session ids and the network both follow from it. */
  readonly seed?: number;
  /** Both directions, unless one is named apart. */
  readonly path?: Partial<PathOptions>;
  readonly toInitiator?: Partial<PathOptions>;
  readonly toAcceptor?: Partial<PathOptions>;
  readonly link?: Partial<LinkOptions>;
  readonly initiatorLink?: Partial<LinkOptions>;
  readonly acceptorLink?: Partial<LinkOptions>;
  /** What carries the datagrams: the model of an SCTP implementation, or, if undefined, the bare path. */
  readonly sctp?: SctpName | undefined;
  /** Shared with other pairs. */
  readonly clock?: VirtualClock;
  /**
   * Shared with other pairs: packets pass it after the pair's own path, which then takes no time unless given. The
   * acceptor is its end `b`.
   */
  readonly bottleneck?: Duplex;
  /** The seals of the initiator's and the acceptor's machines. */
  readonly seals?: { readonly initiator: () => Seal; readonly acceptor: () => Seal };
  readonly initiatorClock?: ClockError;
  readonly acceptorClock?: ClockError;
  /** False for long runs: outputs and datagrams are then not kept at the ends. */
  readonly keeps?: boolean;
}

export class LinkPair {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly initiator: LinkEnd;
  readonly acceptor: LinkEnd;
  /** The pair's own paths; `toA` leads to the initiator. */
  readonly network: Duplex;
  readonly #lines: Lines;
  readonly #sctp: SctpName | undefined;
  readonly #carriers = new Map<number, Carrier>();
  /** Lanes asked for and not open yet. */
  readonly #opening = new Set<number>();
  readonly #trace = new Trace();

  constructor(options: LinkPairOptions = {}) {
    this.clock = options.clock ?? new VirtualClock();
    this.random = new Random(options.seed ?? 1);
    this.#sctp = options.sctp;
    const { bottleneck } = options;
    const own = bottleneck === undefined ? options.path : { delayMs: 0, ...options.path };
    this.network = new Duplex(this.clock, this.random.fork(), {
      toA: { ...own, ...options.toInitiator },
      toB: { ...own, ...options.toAcceptor },
    });
    this.#lines =
      bottleneck === undefined
        ? this.network
        : { toA: new Route(this.network.toA, bottleneck.toA), toB: new Route(this.network.toB, bottleneck.toB) };
    const end = (role: Role, link: Partial<LinkOptions> | undefined, clockError: ClockError | undefined): LinkEnd =>
      new LinkEnd({
        role,
        clock: this.clock,
        random: this.random.fork(),
        options: { ...options.link, ...link },
        clockError: clockError ?? {},
        trace: this.#trace,
        seal: options.seals?.[role],
        keeps: options.keeps ?? true,
        way: (lane) => this.#carriers.get(lane)?.[role === 'initiator' ? 'toB' : 'toA'],
        wantLane: (lane) => this.#wantLane(lane),
        dropLane: (lane) => this.#dropLane(role, lane),
      });
    this.initiator = end('initiator', options.initiatorLink, options.initiatorClock);
    this.acceptor = end('acceptor', options.acceptorLink, options.acceptorClock);
  }

  get ends(): readonly [LinkEnd, LinkEnd] {
    return [this.initiator, this.acceptor];
  }

  /** Of all that both ends gave out, and when: the same for the same seed. */
  get traceHash(): number {
    return this.#trace.hash;
  }

  /** What carries a lane's datagrams now. */
  carrier(lane = 0): Carrier | undefined {
    return this.#carriers.get(lane);
  }

  /** Gives both ends a transport. The acceptor's opens first or last, as it happens in life. */
  openTransport(first: Role = 'acceptor'): void {
    // A bare path has no connection: what an end that was restarted left on it still arrives.
    if (this.#sctp !== undefined) this.#carriers.get(0)?.close();
    if (this.#sctp !== undefined || !this.#carriers.has(0)) this.#carriers.set(0, this.#carrier(0));
    const order = first === 'acceptor' ? [this.acceptor, this.initiator] : [this.initiator, this.acceptor];
    for (const end of order) end.handle({ kind: 'transport-open' });
  }

  /** Takes all of both ends' transports away; what is under way is lost. */
  closeTransport(): void {
    this.#opening.clear();
    const lanes = [...this.#carriers.keys()].sort((a, b) => b - a);
    for (const carrier of this.#carriers.values()) carrier.close();
    this.#carriers.clear();
    for (const lane of lanes) {
      for (const end of this.ends) end.handle({ kind: 'transport-closed', lane });
    }
  }

  /** One lane breaks: both ends lose it, and what is under way on it. */
  closeLane(lane: number): void {
    this.#carriers.get(lane)?.close();
    this.#carriers.delete(lane);
    for (const end of this.ends) end.handle({ kind: 'transport-closed', lane });
  }

  /** Opens a transport and runs until both ends are open. Throws if that takes more than `limitMs`. */
  connect(limitMs = 60_000): void {
    this.openTransport();
    this.runUntil(() => this.ends.every((end) => end.link.state === 'open'), limitMs);
  }

  /** The next thing that happens. False if nothing ever will. */
  step(): boolean {
    return this.clock.step();
  }

  /** Lets `ms` pass. */
  run(ms: number): void {
    this.clock.advance(ms);
  }

  /** Runs until `done`. Throws, saying when, if that is not so after `limitMs`. */
  runUntil(done: () => boolean, limitMs: number): void {
    const untilMs = this.clock.now + limitMs;
    while (!done()) {
      const nextMs = this.clock.nextMs;
      if (nextMs === undefined || nextMs > untilMs) {
        throw new Error(`the awaited did not happen within ${limitMs} virtual ms, by ${untilMs}`);
      }
      this.clock.step();
    }
  }

  /** Runs until nothing but heartbeats is left to say: no end has anything queued or in flight. */
  settle(limitMs = 60_000): void {
    const idle = (end: LinkEnd): boolean => {
      const { messagesOut, chunksOut } = end.link.heldBytes;
      return messagesOut === 0 && chunksOut === 0;
    };
    this.runUntil(() => this.ends.every(idle), limitMs);
  }

  #carrier(lane: number): Carrier {
    return openCarrier(this.clock, this.#lines, this.#sctp, {
      toA: (bytes) => this.initiator.receive(bytes, lane),
      toB: (bytes) => this.acceptor.receive(bytes, lane),
    });
  }

  #wantLane(lane: number): void {
    if (this.#carriers.has(lane) || this.#opening.has(lane)) return;
    this.#opening.add(lane);
    const { toA, toB } = this.#lines;
    this.clock.after((LANE_TRIPS / 2) * (toA.delayMs + toB.delayMs), () => this.#openLane(lane));
  }

  #openLane(lane: number): void {
    if (!this.#opening.has(lane)) return;
    if (this.#lines.toA.dark || this.#lines.toB.dark) {
      this.clock.after(LANE_RETRY_MS, () => this.#openLane(lane));
      return;
    }
    this.#opening.delete(lane);
    this.#carriers.set(lane, this.#carrier(lane));
    const order = this.random.chance(0.5) ? this.ends : [this.acceptor, this.initiator];
    for (const end of order) end.handle({ kind: 'transport-open', lane });
  }

  /** Closed by one end; the other learns of it a trip later. */
  #dropLane(role: Role, lane: number): void {
    this.#opening.delete(lane);
    const carrier = this.#carriers.get(lane);
    if (carrier === undefined) return;
    carrier.close();
    this.#carriers.delete(lane);
    const [own, other] = role === 'initiator' ? this.ends : [this.acceptor, this.initiator];
    this.clock.after(0, () => own.handle({ kind: 'transport-closed', lane }));
    this.clock.after(this.#lines[role === 'initiator' ? 'toB' : 'toA'].delayMs, () =>
      other.handle({ kind: 'transport-closed', lane }),
    );
  }
}
