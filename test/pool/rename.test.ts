import { describe, expect, test } from '@jest/globals';
import { World, type Member } from '../../src/sim/world.ts';
import { HubRendezvous, sha256 } from '../sim/hub-rendezvous.ts';

function two(): { world: World; mara: Member; jo: Member } {
  const path = { delayMs: 20, rateMbit: 8 };
  const world = new World({ seed: 5, members: 2, path: () => path, rendezvous: () => new HubRendezvous(), sha256 });
  for (const member of world.members) world.join(member);
  world.run(3000);
  const [mara, jo] = world.members as [Member, Member];
  return { world, mara, jo };
}

describe('a new name', () => {
  test('reaches the others while a file goes on its way, over the same link', () => {
    const { world, mara, jo } = two();
    const offer = mara.offer([{ name: 'a.bin', bytes: new Uint8Array(4_000_000) }]);
    world.run(500);
    jo.act((pool, now) => pool.share.accept(now, offer));
    world.run(1000);
    const words = jo.pool.peers[0]?.words;
    const before = jo.events.length;
    mara.handle({ kind: 'renamed', name: 'Mara of the sea' });
    world.run(1000);
    expect(jo.pool.peers).toMatchObject([{ id: mara.id, name: 'Mara of the sea', words }]);
    expect(jo.all('transfer').at(-1)?.transfer.state).toBe('running');
    world.run(20_000);
    expect(jo.all('transfer').at(-1)?.transfer.end).toBe('verified');
    const since = new Set(jo.events.slice(before).map(({ kind }) => kind));
    expect([...since].toSorted()).toEqual(['peer-changed', 'transfer']);
    expect(mara.all('joined')).toHaveLength(1);
  });

  test('that was given without a server is told when there is one again, and only the last of several', () => {
    const { world, mara, jo } = two();
    world.restartServer(5000);
    mara.handle({ kind: 'renamed', name: 'Ida' });
    mara.handle({ kind: 'renamed', name: 'Ada' });
    expect(jo.pool.peers).toMatchObject([{ name: 'Member 0' }]);
    world.run(10_000);
    expect(jo.pool.peers).toMatchObject([{ id: mara.id, name: 'Ada' }]);
    expect(jo.all('peer-changed').map(({ peer }) => peer.name)).not.toContain('Ida');
    expect(jo.all('peer-left')).toEqual([]);
  });
});
