// Many nodes as one: a sans-IO machine in the place of a single hub, with the same inputs and outputs and messages of the bus
// besides. Its own sockets are the edge's (edge.ts); each pool belongs to the node that ownership.ts names, whose pools.ts has
// everyone in it, wherever their sockets are. If nodes come or go, edges attach their sockets to the new owners. This file binds
// the two to each other and to the links with other nodes.
// What holds, whatever is lost on the way:
//  1. An edge attaches a socket to one owner at a time, and numbers each attachment; what comes for another one is dropped. So an
//     owner that was cut off cannot speak for a pool to anybody who has gone on without it.
//  2. A device's newest join wins. Owners tell each other who joined; who has an older one of that device closes it, who has a
//     newer one says so.
//  3. After anything was lost between two nodes they attach and claim anew (links.ts).
//  4. Sessions that were ended while a node could not hear it end there once it can (revocations.ts).
//  5. Who is away keeps its place: the owner that gives a pool away passes it on, and its edge, where that owner died.
import { encodeClient } from '../../src/wire/signaling.ts';
import type { HubFigures, HubInput, HubOutput, Subject } from '../hub-ports.ts';
import type { HubOptions } from '../hub.ts';
import { Edge } from './edge.ts';
import { Links, type LinkFigures } from './links.ts';
import { decodeBus, encodeBus, type Beat, type BusBody, type Look } from './messages.ts';
import { ownerOf } from './ownership.ts';
import { Pools } from './pools.ts';
import { lastMeant, Revocations } from './revocations.ts';
import { Stamps } from './stamps.ts';

/** `bus`: a message to this node, or to all. */
export type ClusterInput =
  | HubInput
  | { readonly kind: 'bus'; readonly bytes: Uint8Array }
  /** Who is in `pool`, at whichever node? */
  | Extract<Look, { kind: 'look' }>;

export type ClusterOutput =
  | Exclude<HubOutput, { kind: 'forward' }>
  /** For one node, or for all others. */
  | { readonly kind: 'publish'; readonly to: string | undefined; readonly bytes: Uint8Array }
  /** Another node ended these sessions; those that are about to begin are the shell's to end. */
  | { readonly kind: 'revoked'; readonly subject: Subject }
  /** The answer, if it was not lost. */
  | Extract<Look, { kind: 'looked' }>;

export interface ClusterOptions extends Omit<HubOptions, 'forwards'> {
  /** 32 hex digits, never used before: of a process, not of a machine. */
  readonly node: string;
  /** What the wall clock says at 0 of the clock that `handle` is given, ms since 1970. */
  readonly wallAtZeroMs: number;
}

export class Cluster {
  readonly #self: string;
  readonly #edge: Edge;
  readonly #pools: Pools;
  readonly #links: Links;
  readonly #stamps: Stamps;
  readonly #revocations = new Revocations();
  readonly #outputs: ClusterOutput[] = [];
  #now = 0;
  #phase: 'open' | 'draining' | 'stopped' = 'open';

  /** Throws a RangeError on a limit out of its range. */
  constructor({ node, wallAtZeroMs, ...options }: ClusterOptions) {
    this.#self = node;
    this.#links = new Links(node);
    this.#stamps = new Stamps(wallAtZeroMs);
    const shared = {
      self: node,
      wallAtZeroMs,
      stamps: this.#stamps,
      ownerOf: (pool: string): string => ownerOf(pool, this.#takers()),
      emit: (output: HubOutput): void => this.#emit(output),
    };
    this.#edge = new Edge(options, {
      ...shared,
      tellOwner: (to, said, relay) => {
        if (to === node) this.#pools.hear(this.#now, node, said, relay ?? new Uint8Array(0));
        else this.#publish(to, said, relay && encodeClient(relay));
      },
    });
    this.#pools = new Pools(options, {
      ...shared,
      tellEdge: (to, said) => {
        if (to === node) this.#edge.hear(this.#now, node, said, new Uint8Array(0));
        else this.#publish(to, said);
      },
      sendHere: (said, message) => this.#edge.send(node, said, message),
      publish: (to, body, payload) => this.#publish(to, body, payload),
      claim: (claims) => {
        this.#edge.notice(claims);
        for (const to of this.#links.up) this.#publish(to, { kind: 'claims', claims });
      },
    });
  }

  /** As Hub's. */
  handle(now: number, input: ClusterInput): void {
    this.#now = now;
    switch (input.kind) {
      case 'bus':
        this.#receive(input.bytes);
        break;
      case 'look':
        this.#look(input);
        break;
      case 'revoke':
        this.#revoke(input.subject);
        break;
      case 'tick':
        this.#edge.handle(now, input);
        this.#pools.handle(now, input);
        break;
      case 'drain':
        this.#drain();
        this.#edge.handle(now, input);
        break;
      case 'stop':
        this.#stop();
        break;
      default:
        this.#edge.handle(now, input);
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
    return Math.min(this.#links.nextAtMs, this.#edge.nextTimeout(), this.#pools.nextTimeout());
  }

  /** Sockets and what came through them: this node's. Pools, members and joins: of the pools it owns. */
  figures(): HubFigures {
    const { sockets, frames, bytes, closed } = this.#edge.figures();
    return { ...this.#pools.figures(), sockets, frames, bytes, closed };
  }

  linkFigures(): LinkFigures {
    return this.#links.figures();
  }

  /** Other nodes that this one is linked with. */
  get nodes(): readonly string[] {
    return this.#links.up;
  }

  #emit(output: HubOutput): void {
    if (output.kind === 'forward') throw new Error('expected the edge to keep what it forwards');
    this.#outputs.push(output);
  }

  #look(look: Extract<Look, { kind: 'look' }>): void {
    const owner = ownerOf(look.pool, this.#takers());
    if (owner === this.#self) this.#outputs.push(this.#looked(look));
    else this.#publish(owner, look);
  }

  #looked({ question, pool }: Extract<Look, { kind: 'look' }>): Extract<Look, { kind: 'looked' }> {
    return { kind: 'looked', question, present: this.#pools.presentIn(pool) };
  }

  #revoke(subject: Subject): void {
    const revocation = { subject, stamp: this.#stamps.next(this.#now) };
    this.#revocations.note(revocation);
    for (const node of this.#links.up) this.#publish(node, { kind: 'revoke', ...revocation, again: false });
    this.#end(subject);
  }

  #hearRevoke({ subject, stamp, again }: Extract<BusBody, { kind: 'revoke' }>): void {
    this.#stamps.observe(this.#now, stamp);
    if (!this.#revocations.note({ subject, stamp })) return;
    this.#outputs.push({ kind: 'revoked', subject });
    if (!again) return this.#end(subject);
    this.#pools.revokeAbsent(this.#now, subject, lastMeant(stamp));
    this.#edge.revoke(this.#now, subject, lastMeant(stamp));
  }

  #end(subject: Subject): void {
    this.#pools.handle(this.#now, { kind: 'revoke', subject });
    this.#edge.revoke(this.#now, subject, Infinity);
  }

  /** What was said while it could not hear. */
  #sayRevokesAgain(node: string): void {
    for (const revocation of this.#revocations.since(this.#stamps.atMs(this.#now)))
      this.#publish(node, { kind: 'revoke', ...revocation, again: true });
  }

  /** Who is away goes first: nobody knows yet that there will be another owner, so nobody comes to that one before. */
  #drain(): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'draining';
    this.#pools.handOver(this.#now);
    this.#beat(false);
    this.#edge.follow(this.#now);
  }

  /** Its own sockets are away then, too. */
  #stop(): void {
    const before = this.#phase;
    this.#phase = 'stopped';
    this.#edge.handle(this.#now, { kind: 'stop' });
    if (before === 'stopped') return;
    this.#pools.handOver(this.#now);
    this.#beat(true);
  }

  /** Nodes that take pools, of which this is one unless it drains and another one does. */
  #takers(): readonly string[] {
    const { taking } = this.#links;
    return this.#phase === 'open' || taking.length === 0 ? [...taking, this.#self] : taking;
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
      atMs: this.#stamps.atMs(this.#now),
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
      this.#stamps.observe(this.#now, header.atMs);
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
      case 'absent':
      case 'held':
      case 'firsts':
      case 'relay':
      case 'leave':
      case 'gone':
        return this.#pools.hear(this.#now, from, body, payload);
      case 'send':
      case 'close':
        return this.#edge.hear(this.#now, from, body, payload);
      case 'claims':
        this.#edge.notice(body.claims);
        return this.#pools.hearClaims(this.#now, from, body.claims);
      case 'look':
        return this.#publish(from, this.#looked(body));
      case 'looked':
        return void this.#outputs.push(body);
      case 'revoke':
        return this.#hearRevoke(body);
    }
  }

  #followLinks(): void {
    let changed = false;
    for (let event = this.#links.poll(); event !== undefined; event = this.#links.poll()) {
      changed = true;
      const { kind, node } = event;
      if (kind === 'up') {
        this.#sayRevokesAgain(node);
        this.#pools.claimAll(node);
      }
      if (kind !== 'down') continue;
      this.#edge.lose(node);
      this.#pools.lose(this.#now, node);
    }
    if (!changed || this.#phase === 'stopped') return;
    this.#pools.handOver(this.#now);
    this.#edge.follow(this.#now);
  }
}
