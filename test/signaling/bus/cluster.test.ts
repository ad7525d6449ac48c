// Several nodes that act as one: who meets whom, who is told to be elsewhere, and what a node that goes leaves behind.
import { describe, expect, test } from '@jest/globals';
import { HUB_DEFAULTS } from '../../../signaling/limits.ts';
import { encodeBus } from '../../../signaling/bus/messages.ts';
import { ownerOf } from '../../../signaling/bus/ownership.ts';
import { PROTOCOL_VERSION } from '../../../src/wire/codes.ts';
import { ClusterWorld, idOf, ids, peersOf, poolOf, type Client, type Node } from './cluster-world.ts';

const DEAD_MS = 4_000;

function three(): { world: ClusterWorld; nodes: [Node, Node, Node] } {
  const world = new ClusterWorld();
  const nodes: [Node, Node, Node] = [world.start(), world.start(), world.start()];
  world.wait(100);
  return { world, nodes };
}

describe('nodes', () => {
  test('find each other at once, and notice who stays away', () => {
    const { world, nodes } = three();
    const [first, second, third] = nodes;
    expect([...first.cluster.nodes].sort()).toEqual([second.id, third.id]);
    world.kill(second);
    world.wait(DEAD_MS + 100);
    expect(first.cluster.nodes).toEqual([third.id]);
    expect(third.cluster.nodes).toEqual([first.id]);
  });

  test('agree on who has which pool, and share them', () => {
    const nodes = ['a', 'b', 'c'];
    const counts = new Map<string, number>();
    for (let i = 0; i < 3_000; i += 1) {
      const owner = ownerOf(`p${i}`, nodes);
      expect(ownerOf(`p${i}`, [...nodes].reverse())).toBe(owner);
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
      // Without one node, only its own pools move.
      if (owner !== 'c') expect(ownerOf(`p${i}`, ['a', 'b'])).toBe(owner);
    }
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
    expect(() => ownerOf('p', [])).toThrow(RangeError);
  });

  test('go on when the bus carries nonsense', () => {
    const { world, nodes } = three();
    const [first, second] = nodes;
    const pool = poolOf(second, nodes);
    const a = world.enter(first, 'a', pool);
    const from = second.id;
    const fake = { kind: 'to', from, link: [1, 1], number: 9, body: { kind: 'leave', seat: [1, 1] } } as const;
    const texts = ['', 'null', '[]', '{"kind":"to"}', '{"kind":"beat","from":"x"}'];
    for (const text of texts)
      world.inject(first, Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)]));
    for (const length of [0, 1, 4, 5, 2_000_000]) world.inject(first, new Uint8Array(length).fill(255));
    for (let i = 0; i < 200; i += 7) world.inject(first, encodeBus(fake).subarray(0, i));
    world.inject(second, encodeBus(fake));
    const b = world.enter(second, 'b', pool);
    world.wait(2_000);
    expect(peersOf(a)).toEqual(ids('b'));
    expect(peersOf(b)).toEqual(ids('a'));
  });
});

describe('members on different nodes', () => {
  test('meet, signal each other, and see who leaves', () => {
    const { world, nodes } = three();
    for (const owner of nodes) {
      const pool = poolOf(owner, nodes);
      const [a, b, c] = nodes.map((node, i) => world.enter(node, 'abc'.charAt(i), pool)) as [Client, Client, Client];
      world.wait(50);
      expect([peersOf(a), peersOf(b), peersOf(c)]).toEqual([ids('b', 'c'), ids('a', 'c'), ids('a', 'b')]);
      expect([a, b, c].map(({ belief }) => belief?.role)).toEqual(
        [a, b, c].map((client) => (client.node === owner ? 'owner' : 'member')),
      );
      world.relay(a, 'b');
      world.wait(50);
      world.relay(b, 'c');
      world.wait(50);
      expect(world.signals.splice(0)).toEqual([
        { sent: pool, heard: pool, to: 'b' },
        { sent: pool, heard: pool, to: 'c' },
      ]);
      world.leave(b);
      world.drop(c);
      world.wait(50);
      expect(peersOf(a)).toEqual([]);
      world.drop(a);
      world.wait(HUB_DEFAULTS.resumeMs + 1_000);
      expect(nodes.map(({ cluster }) => cluster.figures().pools)).toEqual([0, 0, 0]);
    }
  });

  test('hear nothing of the pool that they left, also where the next one has the same owner', () => {
    const { world, nodes } = three();
    const [first, second] = nodes;
    const red = poolOf(second, nodes);
    const blue = poolOf(second, nodes, [red]);
    const a = world.enter(first, 'a', red);
    const b = world.enter(second, 'b', red);
    world.wait(50);
    world.relay(b, 'a');
    world.wait(2);
    world.leave(a);
    world.join(a, blue);
    world.wait(50);
    expect(a.belief?.pool).toBe(blue);
    expect(world.signals).toEqual([]);
  });

  test('a newer join of a device wins everywhere, also by a clock that is behind', () => {
    const world = new ClusterWorld();
    const nodes: [Node, Node, Node] = [world.start({}, 60_000), world.start(), world.start({}, -60_000)];
    world.wait(100);
    const [first, second, third] = nodes;
    const red = poolOf(second, nodes);
    const blue = poolOf(first, nodes);
    const old = world.enter(first, 'a', red);
    const peer = world.enter(second, 'b', red);
    world.wait(50);
    const fresh = world.enter(third, 'a', blue);
    world.wait(50);
    expect(old.closed).toBe('elsewhere');
    expect(fresh.belief?.pool).toBe(blue);
    expect(peersOf(peer)).toEqual([]);
    // The same pool, another node: nobody sees a gap.
    const again = world.enter(second, 'a', blue);
    world.wait(50);
    expect(fresh.closed).toBe('elsewhere');
    expect(again.belief?.pool).toBe(blue);
    expect(world.seats.sort()).toEqual([`a in ${blue}`, `a in ${red}`, `a left ${red}`, `b in ${red}`]);
  });

  test('do not go on seeing one that came and went at a node which knew of nobody yet', () => {
    const world = new ClusterWorld();
    const [first, second] = [world.start(), world.start()];
    world.wait(100);
    const third = world.start();
    const pool = poolOf(first, [first, second, third]);
    const a = world.enter(first, 'a', pool);
    const old = world.enter(second, 'd', pool);
    world.wait(6);
    expect(peersOf(a)).toEqual(ids('d'));
    expect(third.cluster.nodes).toEqual([]);
    world.drop(world.enter(third, 'd', pool));
    world.wait(1_500);
    expect(old.closed).toBe('elsewhere');
    expect(peersOf(a)).toEqual([]);
  });

  test('a revoked session ends wherever its socket is', () => {
    const { world, nodes } = three();
    const [first, second, third] = nodes;
    const pool = poolOf(second, nodes);
    const a = world.enter(first, 'a', pool);
    const b = world.enter(second, 'b', pool);
    world.wait(50);
    world.revoke(third, 'a');
    world.wait(50);
    expect(a.closed).toBe('revoked');
    expect(peersOf(b)).toEqual([]);
    expect(world.seats.sort()).toEqual([`a ended ${pool}`, `a in ${pool}`, `b in ${pool}`]);
  });

  test('are named to whoever asks at any node, those who are away too', () => {
    const { world, nodes } = three();
    const [first, second] = nodes;
    const pool = poolOf(second, nodes);
    const a = world.enter(first, 'a', pool);
    world.wait(50);
    world.enter(second, 'b', pool);
    world.wait(50);
    world.drop(a);
    world.wait(50);
    for (const node of nodes) world.look(node, pool);
    for (const node of nodes) world.look(node, 'nobody-there');
    world.wait(50);
    const there = [
      { id: idOf('a'), role: 'owner' },
      { id: idOf('b'), role: 'member' },
    ];
    expect(world.looked.filter((present) => present.length > 0)).toEqual([there, there, there]);
    expect(world.looked).toHaveLength(6);
  });

  test('a grant that runs out ends by the clock of whoever gave it', () => {
    const { world, nodes } = three();
    const [first, second] = nodes;
    const client = world.open(first, 'a');
    const pool = poolOf(second, nodes);
    const grant = { zones: [], untilMs: world.now + 5_000 };
    const asked = { version: PROTOCOL_VERSION, pool, id: idOf('a'), name: 'a', device: 'browser', grant } as const;
    world.say(client, { kind: 'join', ...asked });
    world.wait(4_900);
    expect(client.belief?.pool).toBe(pool);
    world.wait(400);
    expect(client.closed).toBe('expired');
  });
});

describe('when the owner of a pool', () => {
  test('is killed, its members stay, keep their roles and meet again', () => {
    const { world, nodes } = three();
    const [first, second, third] = nodes;
    const pool = poolOf(second, nodes);
    const a = world.enter(first, 'a', pool);
    const b = world.enter(second, 'b', pool);
    const c = world.enter(third, 'c', pool);
    world.wait(50);
    const roles = [a.belief?.role, c.belief?.role];
    world.kill(second);
    world.wait(DEAD_MS + 1_100);
    expect([a.closed, b.closed, c.closed]).toEqual([undefined, 'dead', undefined]);
    expect([peersOf(a), peersOf(c)]).toEqual([ids('c'), ids('a')]);
    expect([a.belief?.role, c.belief?.role]).toEqual(roles);
    world.relay(a, 'c');
    world.wait(50);
    expect(world.signals).toEqual([{ sent: pool, heard: pool, to: 'c' }]);
    // The hooks hear nothing of it: nobody came and nobody left.
    expect(world.seats).toHaveLength(3);
  });

  test('is stopped, nobody waits for it', () => {
    const { world, nodes } = three();
    const [first, second, third] = nodes;
    const pool = poolOf(second, nodes);
    const [a, c] = [world.enter(first, 'a', pool), world.enter(third, 'c', pool)];
    world.wait(50);
    world.stop(second);
    world.wait(200);
    expect([peersOf(a), peersOf(c)]).toEqual([ids('c'), ids('a')]);
  });

  test('drains, its pools go on elsewhere and its sockets are closed with a time to come back', () => {
    const { world, nodes } = three();
    const [first, second, third] = nodes;
    const pool = poolOf(second, nodes);
    const a = world.enter(first, 'a', pool);
    const b = world.enter(second, 'b', pool);
    world.wait(50);
    world.drain(second);
    world.wait(20);
    expect(second.cluster.figures().pools).toBe(0);
    world.wait(2_000);
    expect(b.closed).toBe('restarting');
    expect(peersOf(a)).toEqual([]);
    const back = world.enter(third, 'b', pool);
    world.wait(50);
    expect([peersOf(a), peersOf(back)]).toEqual([ids('b'), ids('a')]);
    expect(world.seats.sort()).toEqual([`a in ${pool}`, `b in ${pool}`]);
  });

  test('was cut off, what it says late is heard by nobody who went on', () => {
    const { world, nodes } = three();
    const [first, second, third] = nodes;
    const pool = poolOf(second, nodes);
    const [a, b, c] = [world.enter(first, 'a', pool), world.enter(second, 'b', pool), world.enter(third, 'c', pool)];
    world.wait(50);
    second.side = 1;
    world.wait(DEAD_MS + 1_100);
    expect([peersOf(a), peersOf(b), peersOf(c)]).toEqual([ids('c'), [], ids('a')]);
    second.side = 0;
    world.wait(1_500);
    expect([peersOf(a), peersOf(b), peersOf(c)]).toEqual([ids('b', 'c'), ids('a', 'c'), ids('a', 'b')]);
    expect(world.closes).toEqual([]);
  });

  test('was frozen, it goes on as one of them', () => {
    const { world, nodes } = three();
    const [first, second, third] = nodes;
    const pool = poolOf(second, nodes);
    const [a, b, c] = [world.enter(first, 'a', pool), world.enter(second, 'b', pool), world.enter(third, 'c', pool)];
    world.wait(50);
    world.freeze(second);
    world.wait(8_000);
    expect([peersOf(a), peersOf(c)]).toEqual([ids('c'), ids('a')]);
    world.thaw(second);
    world.wait(1_500);
    expect([peersOf(a), peersOf(b), peersOf(c)]).toEqual([ids('b', 'c'), ids('a', 'c'), ids('a', 'b')]);
  });

  test('missed that a device moved, the newer place wins once they speak again', () => {
    const { world, nodes } = three();
    const [first, second] = nodes;
    const red = poolOf(second, nodes);
    const blue = poolOf(first, nodes);
    const old = world.enter(second, 'a', red);
    world.wait(50);
    second.side = 1;
    world.wait(DEAD_MS + 1_100);
    const fresh = world.enter(first, 'a', blue);
    world.wait(50);
    expect(old.closed).toBeUndefined();
    second.side = 0;
    world.wait(1_500);
    expect(old.closed).toBe('elsewhere');
    expect(fresh.belief?.pool).toBe(blue);
  });
});
