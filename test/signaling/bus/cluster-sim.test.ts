// Nodes under whatever happens to them and to the bus: hundreds of runs, each from a seed that fast-check prints and shrinks. No
// signal ever crosses pools, and when all is calm again every device is in one pool and sees exactly who is in it, and whose session
// was ended is in none.
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Random } from '../../../src/sim/random.ts';
import { ClusterWorld, idOf, type Client, type Node } from './cluster-world.ts';

const LETTERS = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const POOLS = ['blue', 'green', 'red', 'white'] as const;
const LIMITS = { messagesBurst: 100_000, probeMs: 500_000, silentMs: 600_000, resumeMs: 3_000, joinMs: 600_000 };
/** Between the wall clocks of two nodes that follow each other, at most. */
const SKEW_MS = 5 * 60_000;
/** Dead nodes are noticed after 4 s; the rest is a few messages. */
const CALM_MS = 6_000;

/** One device: where its last join asked to be, and through which socket. */
interface Device {
  readonly client: Client;
  readonly pool: string;
}

class Run {
  readonly world: ClusterWorld;
  readonly #nodes: Node[];
  readonly #devices = new Map<string, Device>();
  /** Whose session was ended, and who has not come again -> where that was said. */
  readonly #ended = new Map<string, Node>();

  constructor(nodes: number, random: () => number) {
    this.world = new ClusterWorld(random);
    // Those that are there from the beginning know of the clock that is ahead, which the ones that come later have too: a node
    // that has not met the others yet, and is behind, would take its joins for older ones.
    this.#nodes = Array.from({ length: nodes }, (_, i) =>
      this.world.start(LIMITS, -Math.floor(i * random() * SKEW_MS)),
    );
    this.world.wait(100);
  }

  step(what: string, at: number, letter: string, pool: string): void {
    const { world } = this;
    const node = this.#nodes[at % this.#nodes.length];
    if (node === undefined) throw new Error('no nodes');
    const client = this.#devices.get(letter)?.client;
    const socket = client?.closed === undefined && client?.node.state === 'running' ? client : undefined;
    if (what === 'enter') this.#enter(node, letter, pool);
    else if (what === 'move' && socket !== undefined) {
      world.join(socket, pool);
      this.#devices.set(letter, { client: socket, pool });
    } else if (what === 'leave' && socket !== undefined) {
      world.leave(socket);
      this.#devices.delete(letter);
    } else if (what === 'drop' && socket !== undefined) {
      world.drop(socket);
      this.#devices.delete(letter);
    } else if (what === 'revoke' && node.state === 'running') {
      world.revoke(node, letter);
      this.#devices.delete(letter);
      this.#ended.set(letter, node);
    } else if (what === 'relay' && socket !== undefined) for (const to of LETTERS) world.relay(socket, to);
    else if (what === 'kill') this.#replace(at, node);
    else if (what === 'drain') {
      world.drain(node);
      world.wait(at * 100);
      world.stop(node);
      this.#replace(at, node);
    } else if (what === 'freeze') world.freeze(node);
    else if (what === 'thaw' && node.state === 'frozen') world.thaw(node);
    else if (what === 'part') node.side = 1 - node.side;
    else if (what === 'lossy') world.loss = 0.2 - world.loss;
    else if (what === 'wait') world.wait(300);
    else if (what === 'long') world.wait(5_000);
    else world.wait(3);
    this.#come();
    for (const { sent, heard } of world.signals.splice(0)) expect(heard).toBe(sent);
  }

  calm(): void {
    const { world } = this;
    world.loss = 0;
    for (const node of this.#nodes) {
      node.side = 0;
      if (node.state === 'frozen') world.thaw(node);
    }
    // Devices that lost their node come back, and what they lost is forgotten.
    for (let i = 0; i < 2; i += 1) {
      world.wait(CALM_MS);
      this.#come();
    }
    const here = world.clients.filter(({ asked }) => asked !== undefined);
    expect(new Set(here.map(({ letter }) => letter)).size).toBe(here.length);
    for (const letter of this.#devices.keys()) expect(here.map((client) => client.letter)).toContain(letter);
    for (const [letter, { state }] of this.#ended)
      if (state !== 'dead') expect(here.map((client) => client.letter)).not.toContain(letter);
    for (const client of here) {
      const pool = client.asked;
      expect(`${client.letter} in ${client.belief?.pool}`).toBe(`${client.letter} in ${pool}`);
      const others = here.filter((other) => other !== client && other.asked === pool);
      expect([...(client.belief?.peers ?? [])].sort()).toEqual(others.map((other) => idOf(other.letter)).sort());
    }
    const figures = this.#nodes.map(({ cluster }) => cluster.figures());
    const sum = (of: 'members' | 'away' | 'pools'): number => figures.reduce((total, each) => total + each[of], 0);
    const pools = new Set(here.map(({ asked }) => asked)).size;
    expect([sum('members'), sum('away'), sum('pools')]).toEqual([here.length, 0, pools]);
    for (const pool of POOLS) {
      const owners = here.filter(({ belief }) => belief?.pool === pool && belief.role === 'owner');
      expect(owners.length).toBeLessThanOrEqual(1);
    }
  }

  #enter(node: Node, letter: string, pool: string): void {
    // Of two joins that are closer to each other than a message's way, no node can say which is the newer one.
    this.world.wait(10);
    if (node.state !== 'running') return;
    const client = this.world.enter(node, letter, pool);
    this.#ended.delete(letter);
    this.#devices.set(letter, { client, pool });
  }

  /** Whoever lost its socket with a node goes to another one. */
  #come(): void {
    for (const [letter, { client, pool }] of this.#devices) {
      if (client.closed === undefined || client.closed === 'elsewhere') continue;
      const node = this.#nodes.find(({ state }) => state === 'running');
      if (node !== undefined) this.#enter(node, letter, pool);
    }
  }

  #replace(at: number, node: Node): void {
    if (node.state !== 'dead') this.world.kill(node);
    // A device needs longer than that to notice, and by then its joins are the newer ones.
    this.world.wait(10);
    this.#nodes[at % this.#nodes.length] = this.world.start(LIMITS);
  }
}

const step = fc.record({
  what: fc.constantFrom(
    ...([
      'enter',
      'enter',
      'enter',
      'move',
      'move',
      'leave',
      'drop',
      'revoke',
      'relay',
      'relay',
      'relay',
      'wait',
      'wait',
    ] as const),
    ...(['long', 'kill', 'drain', 'freeze', 'thaw', 'part', 'part', 'lossy', 'little', 'little', 'little'] as const),
  ),
  at: fc.nat(11),
  letter: fc.constantFrom(...LETTERS),
  pool: fc.constantFrom(...POOLS),
});

test('whatever happens to nodes and bus, no signal crosses pools and all meet again', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 4 }),
      fc.array(step, { maxLength: 60, size: 'max' }),
      fc.nat(0xffff_ffff),
      (nodes, steps, seed) => {
        const random = new Random(seed);
        const run = new Run(nodes, () => random.unit());
        for (const { what, at, letter, pool } of steps) run.step(what, at, letter, pool);
        run.calm();
      },
    ),
    { numRuns: 300 },
  );
});
