import { describe, expect, test } from '@jest/globals';
import { World, type Member } from '../../src/sim/world.ts';
import { HubRendezvous, sha256 } from '../sim/hub-rendezvous.ts';

function three(): { world: World; members: [Member, Member, Member]; got: string[] } {
  const world = new World({
    seed: 7,
    members: 3,
    path: () => ({ delayMs: 10 }),
    rendezvous: () => new HubRendezvous(),
    sha256,
  });
  const got: string[] = [];
  for (const member of world.members) {
    world.join(member);
    member.onApplication = (peer, schema, bytes) => {
      const from = world.members.findIndex(({ id }) => id === peer);
      got.push(`${from} to ${member.index}: ${schema} ${Buffer.from(bytes).toString()}`);
    };
  }
  world.run(3000);
  return { world, members: world.members as [Member, Member, Member], got };
}

describe('a control datagram of the application', () => {
  test('reaches everyone, or the one it is for', () => {
    const { world, members, got } = three();
    const [a, b, c] = members;
    const say = (to?: string): string =>
      a.act((pool, now) =>
        pool.sendApplication(now, 300, Buffer.from(to === undefined ? 'all' : 'one'), now + 500, to),
      );
    expect(say()).toBe('ok');
    world.run(100);
    expect(say(c.id)).toBe('ok');
    world.run(100);
    expect(got.toSorted()).toEqual(['0 to 1: 300 all', '0 to 2: 300 all', '0 to 2: 300 one']);
    expect(b.all('message')).toEqual([]);
  });

  test('is dropped when nobody is there to take it, and when it is too large', () => {
    const { members } = three();
    const [a] = members;
    expect(a.act((pool, now) => pool.sendApplication(now, 300, Buffer.from('x'), now + 500, 'nobody'))).toBe('dropped');
    expect(a.act((pool, now) => pool.sendApplication(now, 300, new Uint8Array(1025), now + 500))).toBe('dropped');
  });

  test('that is past its time is not sent', () => {
    const { world, members, got } = three();
    const [a] = members;
    a.act((pool, now) => pool.sendApplication(now, 300, Buffer.from('late'), now - 1));
    world.run(500);
    expect(got).toEqual([]);
  });
});
