import { describe, expect, test } from '@jest/globals';
import type { PeerView } from '../../src/client.ts';
import type { MemberView } from '../../src/talk/views.ts';
import { deviceToVerify, peopleOf, verifiedOf, type Person } from '../../web/people.ts';
import { memberView } from '../support/views.ts';

const self = { device: 'aa', account: 'aa', name: 'Mara', kind: 'desktop' } as const;

const peer = (id: string, name: string, path: PeerView['path'] = 'direct'): PeerView => ({
  id,
  name,
  device: 'browser',
  role: 'member',
  path,
});

const member = (device: string, name: string, more: Partial<MemberView> = {}): [string, MemberView] => [
  device,
  memberView(device, name, more),
];

const known = (peers: readonly PeerView[], ...members: readonly [string, MemberView][]): readonly Person[] =>
  peopleOf({ self, peers, members: new Map(members) });

describe('people', () => {
  test('are this person, then who is here, then who is away with the last met first', () => {
    const people = known(
      [peer('cc', 'Jo')],
      member('dd', 'Ana', { metMs: 5 }),
      member('ee', 'Tom', { metMs: 9 }),
      member('cc', 'Jo'),
    );
    expect(people.map(({ name, here }) => [name, here])).toEqual([
      ['Mara', true],
      ['Jo', true],
      ['Tom', false],
      ['Ana', false],
    ]);
  });

  test('are there as soon as their devices are, before anything is known of them', () => {
    expect(known([peer('cc', 'Jo')]).map(({ account, name }) => [account, name])).toEqual([
      ['aa', 'Mara'],
      ['cc', 'Jo'],
    ]);
  });

  test('have several devices, those that are here first, and the name of the first', () => {
    const people = known(
      [peer('cc', 'Jo’s phone')],
      member('dd', 'Jo’s laptop', { account: 'dd', metMs: 9000 }),
      member('cc', 'Jo’s phone', { account: 'dd' }),
    );
    expect(people).toHaveLength(2);
    expect(people[1]).toMatchObject({ account: 'dd', name: 'Jo’s phone', here: true });
    expect(people[1]?.devices.map(({ id }) => id)).toEqual(['cc', 'dd']);
  });

  test('of this device’s account are one, with this device first', () => {
    const people = peopleOf({
      self: { ...self, account: 'dd' },
      peers: [peer('dd', 'Mara’s laptop')],
      members: new Map([member('dd', 'Mara’s laptop', { own: true })]),
    });
    expect(people).toHaveLength(1);
    expect(people[0]).toMatchObject({ own: true, name: 'Mara', account: 'dd' });
    expect(people[0]?.devices.map(({ id }) => id)).toEqual(['aa', 'dd']);
  });
});

describe('verification of a person', () => {
  const jo = (...members: readonly [string, MemberView][]): Person => withPath('connecting', ...members);
  const withPath = (path: PeerView['path'], ...members: readonly [string, MemberView][]): Person => {
    const [, person] = known([peer('cc', 'Jo'), peer('dd', 'Jo', path)], ...members);
    if (person === undefined) throw new Error('expected a person');
    return person;
  };
  const both = { account: 'cc' };

  test('counts all devices that may read', () => {
    expect(verifiedOf(jo(member('cc', 'Jo', both), member('dd', 'Jo', both)))).toBe('none');
    expect(verifiedOf(jo(member('cc', 'Jo', { ...both, verified: true }), member('dd', 'Jo', both)))).toBe('some');
    const out = member('dd', 'Jo', { ...both, out: true });
    expect(verifiedOf(jo(member('cc', 'Jo', { ...both, verified: true }), out))).toBe('all');
  });

  test('goes on with a linked device that was not compared, or else shows one that was', () => {
    const other = member('dd', 'Jo', both);
    expect(deviceToVerify(jo(member('cc', 'Jo', both), other))?.id).toBe('cc');
    expect(deviceToVerify(jo(member('cc', 'Jo', { ...both, verified: true }), other))?.id).toBe('cc');
    expect(deviceToVerify(jo(member('cc', 'Jo', { ...both, out: true }), other))?.id).toBe('dd');
    const next = withPath('relayed', member('cc', 'Jo', { ...both, verified: true }), other);
    expect(deviceToVerify(next)?.id).toBe('dd');
  });
});
