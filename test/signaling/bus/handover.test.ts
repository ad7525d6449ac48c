// What a change of owners leaves as it was: the places of those who are away, their roles, and what waits for them; how fast sockets
// are attached to other owners; and which of two joins is the newest where clocks differ.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ATTACH_LEAST, ATTACH_MS } from '../../../signaling/bus/edge.ts';
import { HUB_DEFAULTS } from '../../../signaling/limits.ts';
import { Random } from '../../../src/sim/random.ts';
import { ClusterWorld, idOf, ids, peersOf, poolOf, type Client, type Node } from './cluster-world.ts';

const DEAD_MS = 4_000;
const LIMITS = { messagesBurst: 100_000, probeMs: 500_000, silentMs: 600_000, joinMs: 600_000 };

function three(): { world: ClusterWorld; nodes: [Node, Node, Node] } {
  const world = new ClusterWorld();
  const nodes: [Node, Node, Node] = [world.start(LIMITS), world.start(LIMITS), world.start(LIMITS)];
  world.wait(100);
  return { world, nodes };
}

/** `a`, who came first, is away from a pool of the second node's, where `b` calls it. */
function away(): ReturnType<typeof three> & { pool: string; b: Client } {
  const { world, nodes } = three();
  const [first, second, third] = nodes;
  const pool = poolOf(second, nodes);
  const a = world.enter(first, 'a', pool);
  world.wait(50);
  const b = world.enter(third, 'b', pool);
  world.wait(50);
  expect([a.belief?.role, b.belief?.role]).toEqual(['owner', 'member']);
  world.drop(a);
  world.wait(50);
  world.relay(b, 'a');
  world.wait(50);
  expect([peersOf(b), world.signals]).toEqual([[], []]);
  return { world, nodes, pool, b };
}

const held = (nodes: readonly Node[]): number[] =>
  nodes.map(({ cluster, state }) => (state === 'dead' ? 0 : cluster.figures().away));

describe('who is away while its pool gets another owner', () => {
  test.each(['drains', 'stops', 'gives way to a new one'])(
    'keeps its place, its role and its signals if that %s',
    (how) => {
      const { world, nodes, pool, b } = away();
      const [, second, third] = nodes;
      if (how === 'drains') world.drain(second);
      else if (how === 'stops') world.stop(second);
      else {
        const all: Node[] = [...nodes];
        while (poolOf(second, all) === pool) all.push(world.start(LIMITS));
        world.wait(200);
      }
      world.wait(1_000);
      expect(held(world.nodes).reduce((sum, count) => sum + count)).toBe(1);
      const back = world.enter(third, 'a', pool);
      world.wait(100);
      expect([back.belief?.role, peersOf(back), peersOf(b)]).toEqual(['owner', ids('b'), ids('a')]);
      expect(world.signals).toEqual([{ sent: pool, heard: pool, to: 'a' }]);
      // The hooks hear nothing of it.
      expect(world.seats.sort()).toEqual([`a in ${pool}`, `b in ${pool}`]);
    },
  );

  test('keeps its place and its role if that is killed, and loses what waited there', () => {
    const { world, nodes, pool, b } = away();
    world.kill(nodes[1]);
    world.wait(DEAD_MS + 1_100);
    expect(held(nodes).reduce((sum, count) => sum + count)).toBe(1);
    const back = world.enter(nodes[2], 'a', pool);
    world.wait(100);
    expect([back.belief?.role, peersOf(b)]).toEqual(['owner', ids('a')]);
    expect(world.signals).toEqual([]);
    expect(world.seats.sort()).toEqual([`a in ${pool}`, `b in ${pool}`]);
  });

  test('is forgotten in time where it went, and the hooks hear of it once', () => {
    const { world, nodes, pool } = away();
    world.drain(nodes[1]);
    world.wait(HUB_DEFAULTS.resumeMs - 1_000);
    expect(held(nodes).reduce((sum, count) => sum + count)).toBe(1);
    world.wait(2_000);
    expect(held(nodes).reduce((sum, count) => sum + count)).toBe(0);
    expect(world.seats.filter((seat) => seat.startsWith('a'))).toEqual([`a in ${pool}`, `a lost ${pool}`]);
  });

  test('does not come back as somebody who is away if it has been there since, or its session was ended', () => {
    const { world, nodes, pool } = away();
    const [, second, third] = nodes;
    const back = world.enter(third, 'a', pool);
    world.wait(50);
    world.leave(back);
    world.wait(50);
    world.kill(second);
    world.wait(DEAD_MS + 1_100);
    expect(held(nodes)).toEqual([0, 0, 0]);
    const other = away();
    other.world.revoke(other.nodes[2], 'a');
    other.world.wait(50);
    other.world.kill(other.nodes[1]);
    other.world.wait(DEAD_MS + 1_100);
    expect(held(other.nodes)).toEqual([0, 0, 0]);
  });

  test('whoever comes, whatever goes: places, roles and signals are what they were', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('drop', 'drop', 'call', 'call', 'drain', 'stop', 'start', 'wait', 'little'), {
          minLength: 5,
          maxLength: 30,
        }),
        fc.nat(0xffff_ffff),
        (steps, seed) => new Handover(seed).run(steps),
      ),
      { numRuns: 100 },
    );
  });
});

const STAYS: ReadonlySet<string> = new Set(['d', 'h']);

/** Members of a few pools on a few nodes, of which some drop their sockets, while nodes drain, stop and come. */
class Handover {
  readonly #random: Random;
  readonly #world: ClusterWorld;
  readonly #members: Client[] = [];
  readonly #roles = new Map<string, string | undefined>();
  /** Calls to whoever was away. */
  readonly #waiting: string[] = [];

  constructor(seed: number) {
    const random = new Random(seed);
    this.#random = random;
    this.#world = new ClusterWorld(() => random.unit());
    for (let i = 0; i < 3; i += 1) this.#start();
    for (const letter of 'abcdefgh') {
      this.#members.push(this.#world.enter(this.#node(), letter, letter < 'e' ? 'blue' : 'red'));
      this.#world.wait(50);
    }
    for (const { letter, belief } of this.#members) this.#roles.set(letter, belief?.role);
  }

  run(steps: readonly string[]): void {
    const world = this.#world;
    const entered = [...world.seats];
    for (const step of steps) {
      const member = this.#pick(this.#members);
      // One of each pool stays: signals of somebody who has gone meanwhile are of no use.
      if (step === 'drop' && member.closed === undefined && !STAYS.has(member.letter)) world.drop(member);
      else if (step === 'call') this.#call(member);
      else if (step === 'drain' || step === 'stop') this.#end(step);
      else if (step === 'start' && this.#running.length < 6) this.#start();
      world.wait(step === 'little' ? 4 : 40);
    }
    world.wait(3_000);
    for (const [i, { closed, letter, asked }] of [...this.#members.entries()].reverse())
      if (closed !== undefined) {
        this.#members[i] = world.enter(this.#node(), letter, asked ?? '');
        world.wait(50);
      }
    world.wait(1_000);
    for (const { letter, belief } of this.#members)
      expect([letter, belief?.role, belief?.peers.size]).toEqual([letter, this.#roles.get(letter), 3]);
    expect(world.signals.map(({ sent, heard, to }) => [sent, heard, to].join()).sort()).toEqual(this.#waiting.sort());
    expect(world.seats).toEqual(entered);
  }

  /** By one who is certain to be in its pool, to one who is certain not to be. */
  #call(to: Client): void {
    const world = this.#world;
    world.wait(200);
    const pool = to.asked ?? '';
    const from = this.#members.find(
      (each) => STAYS.has(each.letter) && each.closed === undefined && each.asked === pool,
    );
    if (to.closed === undefined || from === undefined) return;
    world.relay(from, to.letter);
    this.#waiting.push([pool, pool, to.letter].join());
    world.wait(50);
  }

  /** All of its own are away then; one other stays. */
  #end(how: 'drain' | 'stop'): void {
    const world = this.#world;
    const node = this.#node();
    if (this.#running.length < 2) return;
    if (how === 'drain') {
      world.drain(node);
      world.wait(1_500);
    }
    world.stop(node);
  }

  #start(): void {
    this.#world.start(LIMITS, Math.floor(this.#random.unit() * 60_000));
    this.#world.wait(200);
  }

  get #running(): Node[] {
    return this.#world.nodes.filter(({ state }) => state === 'running');
  }

  #node(): Node {
    return this.#pick(this.#running);
  }

  #pick<T>(from: readonly T[]): T {
    const one = from[Math.floor(this.#random.unit() * from.length)];
    if (one === undefined) throw new Error('nobody there');
    return one;
  }
}

describe('when an owner dies that many are attached to', () => {
  const MANY = 1_000;

  test('they are attached to others a part at a time, all of them soon', () => {
    const world = new ClusterWorld();
    const [first, second] = [world.start({ ...LIMITS, joinsBurst: 10_000 }), world.start(LIMITS)];
    world.wait(100);
    const members: Client[] = [];
    for (let i = 0; members.length < MANY; i += 1) members.push(world.enter(first, `m${i}`, `pool-${i >> 1}`));
    world.wait(100);
    const moved = second.cluster.figures().members;
    expect(moved).toBeGreaterThan(MANY / 3);
    const before = first.cluster.figures().members;
    world.kill(second);
    world.wait(DEAD_MS - 100);
    let [most, steps] = [0, 0];
    for (let last = before; steps < 400 && last < MANY; steps += 1) {
      world.wait(10);
      const now = first.cluster.figures().members;
      most = Math.max(most, now - last);
      last = now;
    }
    expect(first.cluster.figures().members).toBe(MANY);
    expect(most).toBeLessThanOrEqual(Math.max(ATTACH_LEAST, Math.ceil(moved / (ATTACH_MS / 20))));
    expect(steps * 10).toBeLessThan(ATTACH_MS + 1_300);
    for (const member of members) expect([member.closed, member.belief?.peers.size]).toEqual([undefined, 1]);
  });

  test('whoever comes meanwhile does not take itself for the first', () => {
    const world = new ClusterWorld();
    const nodes: [Node, Node, Node] = [world.start({ ...LIMITS, joinsBurst: 10_000 }), world.start(), world.start()];
    world.wait(100);
    const [first, second, third] = nodes;
    const pools = Array.from({ length: 600 }, (_, i) => `zone-${i}`);
    for (const pool of pools) world.enter(first, pool, pool);
    world.wait(100);
    world.drain(second);
    world.wait(20);
    // Who asks meanwhile is not told that they are empty.
    for (const pool of pools) world.look(third, pool);
    world.wait(11);
    expect(world.looked.map(([first]) => `${first?.id} ${first?.role}`).sort()).toEqual(
      pools.map((pool) => `${idOf(pool)} owner`).sort(),
    );
    const late = pools.map((pool) => world.enter(third, `late-${pool}`, pool));
    world.wait(ATTACH_MS + 200);
    expect(late.map(({ belief }) => belief?.role)).toEqual(pools.map(() => 'member'));
    expect(first.clients.size).toBe(600);
    for (const { belief } of first.clients.values()) expect([belief?.role, belief?.peers.size]).toEqual(['owner', 1]);
  });
});

test('the newest join wins after a partition, however much clocks differ', () => {
  const skew = fc.integer({ min: -600_000, max: 600_000 });
  fc.assert(
    fc.property(
      fc.tuple(skew, skew, skew),
      fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 30, max: 9_000 })), { minLength: 2, maxLength: 8 }),
      (skews, joins) => {
        const world = new ClusterWorld();
        const nodes = skews.map((each) => world.start(LIMITS, each));
        world.wait(1_500);
        for (const [side, node] of nodes.entries()) node.side = side;
        world.wait(DEAD_MS + 1_100);
        const entered: Client[] = [];
        for (const [at, pauseMs] of joins) {
          const node = nodes[at];
          if (node !== undefined) entered.push(world.enter(node, 'a', `pool-${at}`));
          world.wait(pauseMs);
        }
        for (const node of nodes) node.side = 0;
        world.wait(2_000);
        const newest = entered.at(-1);
        expect(newest?.belief?.pool).toBe(newest?.asked);
        expect(entered.filter(({ closed }) => closed === undefined)).toEqual([newest]);
      },
    ),
    { numRuns: 100 },
  );
});
