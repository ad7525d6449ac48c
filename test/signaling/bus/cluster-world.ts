// Several nodes over a bus of virtual time, that can lose, delay and divide; and clients that believe what they are told.
import { createHash } from 'node:crypto';
import { Cluster, type ClusterOutput } from '../../../signaling/bus/cluster.ts';
import { ownerOf } from '../../../signaling/bus/ownership.ts';
import type { HubRequest, Present } from '../../../signaling/hub-ports.ts';
import type { HubLimits } from '../../../signaling/limits.ts';
import { PROTOCOL_VERSION } from '../../../src/wire/codes.ts';
import type { Role, ServerMessage } from '../../../src/wire/signaling.ts';

/** What the user of one socket believes since its last welcome. */
export interface Belief {
  readonly self: string;
  readonly pool: string;
  readonly role: Role;
  readonly peers: Set<string>;
}

export interface Client {
  readonly letter: string;
  readonly node: Node;
  readonly socket: number;
  /** Where it asked to be. */
  asked: string | undefined;
  belief: Belief | undefined;
  closed: string | undefined;
}

export interface Node {
  readonly id: string;
  readonly cluster: Cluster;
  readonly clients: Map<number, Client>;
  /** How far its wall clock is ahead, ms. */
  readonly skewMs: number;
  /** Runs; is stopped and hears later; is gone. */
  state: 'running' | 'frozen' | 'dead';
  /** What came while it was frozen. */
  readonly waiting: Uint8Array[];
  /** Nodes of other sides neither hear nor are heard. */
  side: number;
}

/** Of the device that somebody of this name has. */
export const idOf = (letter: string): string => createHash('sha256').update(letter).digest('hex').slice(0, 32);

/** A pool that `node` owns while all of `nodes` are there. */
export function poolOf(node: Node, nodes: readonly Node[], not: readonly string[] = []): string {
  const all = nodes.map(({ id }) => id);
  for (let i = 0; i < 1_000; i += 1) {
    const pool = `pool-${i}`;
    if (ownerOf(pool, all) === node.id && !not.includes(pool)) return pool;
  }
  throw new Error('no such pool');
}

export const peersOf = (client: Client): string[] => [...(client.belief?.peers ?? [])].sort();
export const ids = (...letters: string[]): string[] => letters.map(idOf).sort();

export class ClusterWorld {
  readonly nodes: Node[] = [];
  now = 1_000;
  /** Of messages, 0 .. 1. */
  loss = 0;
  /** Signals that reached somebody: from which pool, as their text says, and in which pool the receiver was. */
  readonly signals: { readonly sent: string; readonly heard: string; readonly to: string }[] = [];
  /** What the hooks were told, in order. */
  readonly seats: string[] = [];
  readonly closes: string[] = [];
  /** Answers to `look`, in order. */
  readonly looked: (readonly Present[])[] = [];
  readonly #random: () => number;
  readonly #flying: { readonly atMs: number; readonly to: Node; readonly bytes: Uint8Array }[] = [];
  #nodes = 0;
  #sockets = 0;

  constructor(random: () => number = () => 0.5) {
    this.#random = random;
  }

  start(limits: Partial<HubLimits> = {}, skewMs = 0): Node {
    const id = (++this.#nodes).toString(16).padStart(32, '0');
    const cluster = new Cluster({ node: id, wallAtZeroMs: 1_700_000_000_000 + skewMs, limits });
    const node: Node = { id, cluster, clients: new Map(), skewMs, state: 'running', waiting: [], side: 0 };
    this.nodes.push(node);
    this.#handle(node, { kind: 'tick' });
    return node;
  }

  open(node: Node, letter: string): Client {
    const client: Client = {
      letter,
      node,
      socket: ++this.#sockets,
      asked: undefined,
      belief: undefined,
      closed: undefined,
    };
    node.clients.set(client.socket, client);
    this.#handle(node, { kind: 'opened', socket: client.socket });
    return client;
  }

  join(client: Client, pool: string): void {
    const { letter } = client;
    client.asked = pool;
    const [id, grant] = [idOf(letter), { zones: [], account: letter }];
    this.say(client, { kind: 'join', version: PROTOCOL_VERSION, pool, id, name: letter, device: 'browser', grant });
  }

  enter(node: Node, letter: string, pool: string): Client {
    const client = this.open(node, letter);
    this.join(client, pool);
    return client;
  }

  say(client: Client, request: HubRequest): void {
    if (client.closed !== undefined) return;
    this.#handle(client.node, { kind: 'frame', socket: client.socket, bytes: 100, wallMs: 0, request });
  }

  relay(client: Client, letter: string): void {
    const sdp = `from ${client.asked ?? 'nowhere'}`;
    this.say(client, { kind: 'relay', peer: idOf(letter), attempt: 7, signal: { kind: 'offer', sdp } });
  }

  leave(client: Client): void {
    client.asked = undefined;
    client.belief = undefined;
    this.say(client, { kind: 'leave' });
  }

  drop(client: Client): void {
    this.#closed(client, 'dropped');
    this.#handle(client.node, { kind: 'dropped', socket: client.socket });
  }

  drain(node: Node): void {
    this.#handle(node, { kind: 'drain', overMs: 1_000 });
  }

  revoke(node: Node, letter: string): void {
    this.#handle(node, { kind: 'revoke', subject: { account: letter } });
  }

  look(node: Node, pool: string): void {
    this.#handle(node, { kind: 'look', question: 1, pool });
  }

  stop(node: Node): void {
    this.#handle(node, { kind: 'stop' });
    this.kill(node);
  }

  /** Without a word. Its clients notice at once. */
  kill(node: Node): void {
    node.state = 'dead';
    for (const client of node.clients.values()) this.#closed(client, 'dead');
  }

  freeze(node: Node): void {
    node.state = 'frozen';
  }

  thaw(node: Node): void {
    node.state = 'running';
    for (const bytes of node.waiting.splice(0)) this.#handle(node, { kind: 'bus', bytes });
    this.#handle(node, { kind: 'tick' });
  }

  /** Puts bytes on the bus that no node has sent. */
  inject(to: Node, bytes: Uint8Array): void {
    this.#handle(to, { kind: 'bus', bytes });
  }

  wait(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const running = this.nodes.filter((node) => node.state === 'running');
      const due = running.map((node) => ({ node, atMs: Math.max(node.cluster.nextTimeout() ?? Infinity, this.now) }));
      due.sort((a, b) => a.atMs - b.atMs);
      const flight = this.#flying[0];
      const next = Math.min(due[0]?.atMs ?? Infinity, flight?.atMs ?? Infinity);
      if (next > end) break;
      this.now = Math.max(this.now, next);
      if (flight !== undefined && flight.atMs <= next) {
        this.#flying.shift();
        this.#arrive(flight.to, flight.bytes);
      } else if (due[0] !== undefined) this.#handle(due[0].node, { kind: 'tick' });
    }
    this.now = end;
  }

  get clients(): Client[] {
    return this.nodes.flatMap((node) => [...node.clients.values()]);
  }

  #arrive(to: Node, bytes: Uint8Array): void {
    if (to.state === 'frozen') to.waiting.push(bytes);
    else if (to.state === 'running') this.#handle(to, { kind: 'bus', bytes });
  }

  #handle(node: Node, input: Parameters<Cluster['handle']>[1]): void {
    if (node.state !== 'running') return;
    node.cluster.handle(this.now, input);
    for (let output = node.cluster.poll(); output !== undefined; output = node.cluster.poll())
      this.#perform(node, output);
  }

  #perform(node: Node, output: ClusterOutput): void {
    switch (output.kind) {
      case 'publish':
        for (const to of this.nodes)
          if (to !== node && (output.to ?? to.id) === to.id) this.#send(node, to, output.bytes);
        return;
      case 'send':
        for (const socket of output.sockets) this.#hear(node.clients.get(socket), output.message);
        return;
      case 'close': {
        const client = node.clients.get(output.socket);
        if (client !== undefined) this.#closed(client, output.code);
        this.closes.push(`${client?.letter} ${output.code}`);
        return;
      }
      case 'entered':
        return void this.seats.push(`${output.seat.member.name} in ${output.seat.pool}`);
      case 'vacated':
        return void this.seats.push(`${output.seat.member.name} ${output.why} ${output.seat.pool}`);
      case 'looked':
        return void this.looked.push(output.present);
      case 'probe':
      case 'revoked':
        return;
    }
  }

  /** One after the other between two nodes, as a connection does. */
  #send(from: Node, to: Node, bytes: Uint8Array): void {
    if (from.side !== to.side || this.#random() < this.loss) return;
    this.#flying.push({ atMs: this.now + 5, to, bytes });
  }

  #closed(client: Client, code: string): void {
    client.closed = code;
    client.belief = undefined;
    client.node.clients.delete(client.socket);
  }

  #hear(client: Client | undefined, message: ServerMessage): void {
    if (client === undefined) return;
    const { belief } = client;
    switch (message.kind) {
      case 'welcome': {
        const { self, pool, role, peers } = message;
        client.belief = { self, pool, role, peers: new Set(peers.map(({ id }) => id)) };
        return;
      }
      case 'peer-joined':
        return void belief?.peers.add(message.peer.id);
      case 'peer-left':
        return void belief?.peers.delete(message.id);
      case 'relayed': {
        const sent = message.signal.kind === 'candidate' ? '' : message.signal.sdp.replace('from ', '');
        return void this.signals.push({ sent, heard: belief?.pool ?? 'nowhere', to: client.letter });
      }
      case 'challenge':
      case 'timed':
        throw new Error(`nobody asked for ${message.kind}`);
    }
  }
}
