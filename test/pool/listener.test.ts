// A listener receives what others offer, and nobody hears of what it offers.
import { expect, test } from '@jest/globals';
import { World } from '../../src/sim/world.ts';
import { HubRendezvous, sha256 } from '../sim/hub-rendezvous.ts';

test('what a listener offers is not heard of, and what the others offer reaches it', () => {
  const listeners = new Set<string>();
  const world: World = new World({
    seed: 11,
    members: 2,
    path: () => ({ delayMs: 10 }),
    rendezvous: () =>
      new HubRendezvous((device) => ({ zones: [], ...(listeners.has(device) && { role: 'listener' as const }) })),
    sha256,
  });
  const [ana, bo] = world.members;
  if (ana === undefined || bo === undefined) throw new Error('two members were asked for');
  listeners.add(bo.id);
  for (const member of world.members) world.join(member);
  world.run(3_000);
  expect(bo.all('joined')[0]).toMatchObject({ role: 'listener' });
  expect(ana.pool.peers).toMatchObject([{ role: 'listener', path: 'direct' }]);
  bo.offer([{ name: 'unasked.bin', bytes: new Uint8Array(10) }]);
  ana.offer([{ name: 'lecture.bin', bytes: new Uint8Array(10) }]);
  world.run(3_000);
  const heard = (member: typeof ana): string[] =>
    member.all('offer').flatMap(({ offer }) => (offer.own ? [] : offer.files.map(({ name }) => name)));
  expect(heard(ana)).toEqual([]);
  expect(heard(bo)).toEqual(['lecture.bin']);
});
