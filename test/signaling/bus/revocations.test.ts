// Sessions that are ended while a node cannot hear of it: they end there too once it can, and nobody who came back since is sent away.
import { describe, expect, test } from '@jest/globals';
import { Revocations, REVOCATIONS_MAX, REVOCATIONS_MS } from '../../../signaling/bus/revocations.ts';
import { ClusterWorld, poolOf, type Client, type Node } from './cluster-world.ts';

const DEAD_MS = 4_000;
/** Long enough for links that are mended. */
const MEND_MS = 2_000;

interface Divided {
  readonly world: ClusterWorld;
  readonly nodes: readonly [Node, Node, Node];
  readonly pool: string;
  /** At the third node, which the others do not hear, and which has its pool then. */
  readonly a: Client;
}

function divided(): Divided {
  const world = new ClusterWorld();
  const nodes = [world.start(), world.start(), world.start()] as const;
  world.wait(100);
  const pool = poolOf(nodes[1], nodes);
  const a = world.enter(nodes[2], 'a', pool);
  world.wait(50);
  nodes[2].side = 1;
  world.wait(DEAD_MS + 1_100);
  return { world, nodes, pool, a };
}

function mend({ world, nodes }: Divided): void {
  for (const node of nodes) node.side = 0;
  world.wait(MEND_MS);
}

describe('a session that is ended while its node is cut off', () => {
  test('ends there once it is not', () => {
    const cut = divided();
    cut.world.revoke(cut.nodes[0], 'a');
    cut.world.wait(50);
    expect(cut.a.closed).toBeUndefined();
    mend(cut);
    expect(cut.a.closed).toBe('revoked');
    expect(cut.nodes.map(({ cluster }) => cluster.figures().members)).toEqual([0, 0, 0]);
    expect(cut.world.seats.at(-1)).toBe(`a ended ${cut.pool}`);
  });

  test('ends there also if the message is what was lost', () => {
    const world = new ClusterWorld();
    const [first, second] = [world.start(), world.start()];
    world.wait(100);
    const a = world.enter(second, 'a', poolOf(second, [first, second]));
    world.wait(50);
    world.loss = 1;
    world.revoke(first, 'a');
    world.loss = 0;
    world.wait(DEAD_MS);
    expect(a.closed).toBe('revoked');
  });

  test('ends there also if who said so is gone by then', () => {
    const cut = divided();
    cut.world.revoke(cut.nodes[0], 'a');
    cut.world.wait(50);
    cut.world.stop(cut.nodes[0]);
    mend(cut);
    expect(cut.a.closed).toBe('revoked');
  });

  test('is no place to come back to', () => {
    const cut = divided();
    cut.world.drop(cut.a);
    cut.world.revoke(cut.nodes[0], 'a');
    mend(cut);
    expect(cut.nodes.map(({ cluster }) => cluster.figures().away)).toEqual([0, 0, 0]);
    expect(cut.world.seats.at(-1)).toBe(`a ended ${cut.pool}`);
  });

  test('does not take along who was let in since', () => {
    const cut = divided();
    cut.world.revoke(cut.nodes[0], 'a');
    cut.world.wait(10_000);
    const back = cut.world.enter(cut.nodes[2], 'a', cut.pool);
    const other = cut.world.enter(cut.nodes[2], 'b', cut.pool);
    cut.world.wait(50);
    expect(cut.a.closed).toBe('elsewhere');
    cut.world.drop(other);
    cut.world.revoke(cut.nodes[0], 'c');
    mend(cut);
    expect([back.closed, back.belief?.pool]).toEqual([undefined, cut.pool]);
    const away = cut.nodes.map(({ cluster }) => cluster.figures().away);
    expect(away.reduce((sum, count) => sum + count)).toBe(1);
  });

  test('is ended once: who has heard it does nothing when it is said again', () => {
    const { world, nodes, pool, a } = divided();
    mend({ world, nodes, pool, a });
    world.revoke(nodes[0], 'a');
    world.wait(50);
    expect(a.closed).toBe('revoked');
    const back = world.enter(nodes[2], 'a', pool);
    world.wait(50);
    nodes[2].side = 1;
    world.wait(DEAD_MS + 1_100);
    mend({ world, nodes, pool, a });
    expect([back.closed, back.belief?.pool]).toEqual([undefined, pool]);
  });
});

test('what is said again is bounded, in number and in age', () => {
  const revocations = new Revocations();
  const begin = 1_700_000_000_000;
  for (let i = 0; i <= REVOCATIONS_MAX; i += 1)
    expect(revocations.note({ subject: { account: `a${i}` }, stamp: begin + i })).toBe(true);
  expect(revocations.note({ subject: { account: 'a7' }, stamp: begin + 7 })).toBe(false);
  const said = revocations.since(begin);
  expect(said).toHaveLength(REVOCATIONS_MAX);
  expect(said[0]).toEqual({ subject: { account: 'a1' }, stamp: begin + 1 });
  expect(revocations.since(begin + REVOCATIONS_MS + 900)).toHaveLength(100);
  expect(revocations.since(begin + REVOCATIONS_MS + REVOCATIONS_MAX)).toEqual([]);
});
