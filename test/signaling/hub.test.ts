// The hub's rules of pools: who is told what when devices join, move, come back, leave, or talk to each other.
import { describe, expect, test } from '@jest/globals';
import { PROTOCOL_VERSION } from '../../src/wire/codes.ts';
import type { Role } from '../../src/wire/signaling.ts';
import { HubWorld, idOf, offer, WALL_OFFSET_MS } from './hub-world.ts';

const memberOf = (letter: string, role: Role = 'member', name: string = letter) => ({
  id: idOf(letter),
  name,
  device: 'browser',
  role,
});

describe('joining', () => {
  test('brings a welcome with the others, and tells them', () => {
    const world = new HubWorld({}, [{ urls: ['stun:localhost'] }]);
    const a = world.join('a', 'blue');
    world.take();
    const b = world.join('b', 'blue');
    expect(world.sentTo(b)).toEqual([
      {
        kind: 'welcome',
        self: idOf('b'),
        pool: 'blue',
        role: 'member',
        peers: [memberOf('a', 'owner')],
        iceServers: [{ urls: ['stun:localhost'] }],
      },
    ]);
    expect(world.sentTo(a)).toEqual([{ kind: 'peer-joined', peer: memberOf('b') }]);
  });

  test('is not heard in another pool', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    world.take();
    world.join('b', 'green');
    expect(world.sentTo(a)).toEqual([]);
  });

  test('another pool leaves the first at once', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    const b = world.join('b', 'blue');
    const c = world.join('c', 'green');
    world.take();
    world.join('a', 'green', a);
    expect(world.sentTo(b)).toEqual([{ kind: 'peer-left', id: idOf('a'), lost: false }]);
    expect(world.sentTo(c)).toEqual([{ kind: 'peer-joined', peer: memberOf('a') }]);
    expect(world.sentTo(a)).toEqual([
      expect.objectContaining({ kind: 'welcome', pool: 'green', peers: [memberOf('c', 'owner')] }),
    ]);
    expect(world.closed()).toEqual({});
  });

  test('another pool from a new socket leaves the first and closes the old socket', () => {
    const world = new HubWorld();
    const old = world.join('a', 'blue');
    const b = world.join('b', 'blue');
    world.take();
    world.join('a', 'green');
    expect(world.closed()).toEqual({ [old]: 'elsewhere' });
    expect(world.sentTo(b)).toEqual([{ kind: 'peer-left', id: idOf('a'), lost: false }]);
    expect(world.hub.figures()).toMatchObject({ sockets: 2, members: 2, pools: 2 });
  });

  test('the same pool from a new socket replaces the old one, and nobody hears of a leave', () => {
    const world = new HubWorld();
    const old = world.join('a', 'blue');
    const b = world.join('b', 'blue');
    world.take();
    const fresh = world.join('a', 'blue');
    expect(world.closed()).toEqual({ [old]: 'elsewhere' });
    expect(world.sentTo(b)).toEqual([{ kind: 'peer-joined', peer: memberOf('a', 'owner') }]);
    expect(world.sentTo(fresh)).toEqual([expect.objectContaining({ kind: 'welcome', peers: [memberOf('b')] })]);
    world.take();
    world.drop(old);
    expect(world.take()).toEqual([]);
    world.relay(b, 'a');
    expect(world.sentTo(fresh)).toHaveLength(1);
  });

  test('the same pool again under a new name tells everyone the name', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    const b = world.join('b', 'blue');
    world.take();
    world.join('a', 'blue', a, 'Ada');
    expect(world.sentTo(b)).toEqual([{ kind: 'peer-joined', peer: memberOf('a', 'owner', 'Ada') }]);
    world.take();
    const c = world.join('c', 'blue');
    expect(world.sentTo(c)).toEqual([
      expect.objectContaining({ peers: [memberOf('a', 'owner', 'Ada'), memberOf('b')] }),
    ]);
  });

  test('as another device through the same socket takes the first device out', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    const b = world.join('b', 'blue');
    world.take();
    world.join('c', 'blue', a);
    expect(world.sentTo(b)).toEqual([
      { kind: 'peer-left', id: idOf('a'), lost: false },
      { kind: 'peer-joined', peer: memberOf('c') },
    ]);
    expect(world.hub.figures()).toMatchObject({ sockets: 2, members: 2, pools: 1 });
  });

  test('with another version closes the socket', () => {
    const world = new HubWorld();
    const socket = world.open();
    const odd = { version: PROTOCOL_VERSION + 1, pool: '', id: '', name: '', device: '', grant: { zones: [] } };
    world.say(socket, { kind: 'join', ...odd });
    expect(world.closed()).toEqual({ [socket]: 'version' });
    expect(world.hub.figures()).toMatchObject({ sockets: 0, members: 0, pools: 0, closed: { version: 1 } });
  });
});

describe('a refused join', () => {
  test('closes the socket with its code, and the pool hears that whoever was there is lost', () => {
    const world = new HubWorld();
    const b = world.join('b', 'blue');
    const a = world.join('a', 'blue');
    world.take();
    world.say(a, { kind: 'refused', code: 'identity' });
    expect(world.closed()).toEqual({ [a]: 'identity' });
    expect(world.sentTo(b)).toEqual([{ kind: 'peer-left', id: idOf('a'), lost: true }]);
  });

  test('costs as much as another', () => {
    const world = new HubWorld({ messagesBurst: 10, joinCostMessages: 10 });
    const a = world.open();
    world.say(a, { kind: 'time', t0Ms: 1 });
    world.say(a, { kind: 'refused', code: 'identity' });
    expect(world.closed()).toEqual({ [a]: 'rate' });
  });
});

describe('a role', () => {
  const rolesOf = (world: HubWorld, socket: number): (Role | undefined)[] =>
    world.sentTo(socket).flatMap((message) => (message.kind === 'welcome' ? [message.role] : []));

  test('is owner for the first in an empty pool and member for whoever comes later', () => {
    const world = new HubWorld();
    const [a, b] = [world.join('a', 'blue'), world.join('b', 'blue')];
    expect(rolesOf(world, a)).toEqual(['owner']);
    expect(rolesOf(world, b)).toEqual(['member']);
  });

  test('is kept over an absence as long as somebody is in the pool, and passes to nobody', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    const b = world.join('b', 'blue');
    world.say(a, { kind: 'leave' });
    const c = world.join('c', 'blue');
    expect(rolesOf(world, c)).toEqual(['member']);
    world.take();
    world.join('a', 'blue', a);
    expect(rolesOf(world, a)).toEqual(['owner']);
    expect(world.sentTo(b)).toEqual([{ kind: 'peer-joined', peer: memberOf('a', 'owner') }]);
  });

  test('goes to the next who comes once the pool was empty', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    world.say(a, { kind: 'leave' });
    expect(rolesOf(world, world.join('b', 'blue'))).toEqual(['owner']);
    expect(rolesOf(world, world.join('a', 'blue'))).toEqual(['member']);
  });

  test('is of one pool only', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    world.join('b', 'blue');
    world.join('c', 'green');
    world.take();
    world.join('a', 'green', a);
    expect(rolesOf(world, a)).toEqual(['member']);
  });
});

describe('leaving', () => {
  test('tells the others, and the socket may join again', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    const b = world.join('b', 'blue');
    world.take();
    world.say(a, { kind: 'leave' });
    expect(world.sentTo(b)).toEqual([{ kind: 'peer-left', id: idOf('a'), lost: false }]);
    expect(world.closed()).toEqual({});
    world.join('a', 'green', a);
    expect(world.sentTo(a)).toEqual([expect.objectContaining({ kind: 'welcome', pool: 'green' })]);
  });

  test('without having joined does nothing', () => {
    const world = new HubWorld();
    world.say(world.open(), { kind: 'leave' });
    expect(world.take()).toEqual([]);
  });

  test('twice tells the others once', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    const b = world.join('b', 'blue');
    world.take();
    world.say(a, { kind: 'leave' });
    world.say(a, { kind: 'leave' });
    expect(world.sentTo(b)).toHaveLength(1);
  });

  test('by losing the socket tells the others that it was lost', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    const b = world.join('b', 'blue');
    world.take();
    world.drop(a);
    expect(world.sentTo(b)).toEqual([{ kind: 'peer-left', id: idOf('a'), lost: true }]);
  });

  test('first and losing the socket then tells the others only of the leave', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    const b = world.join('b', 'blue');
    world.take();
    world.say(a, { kind: 'leave' });
    world.drop(a);
    expect(world.sentTo(b)).toEqual([{ kind: 'peer-left', id: idOf('a'), lost: false }]);
  });

  test('by all lets go of the pool', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    const b = world.join('b', 'blue');
    world.say(a, { kind: 'leave' });
    world.say(b, { kind: 'leave' });
    expect(world.hub.figures()).toMatchObject({ pools: 0, members: 0, sockets: 2 });
  });
});

describe('relaying', () => {
  test('carries a signal to a member of the same pool, and names its sender', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    const b = world.join('b', 'blue');
    const c = world.join('c', 'blue');
    world.take();
    world.relay(a, 'b');
    expect(world.sentTo(b)).toEqual([{ kind: 'relayed', peer: idOf('a'), attempt: 7, signal: offer }]);
    expect(world.sentTo(a)).toEqual([]);
    expect(world.sentTo(c)).toEqual([]);
    expect(world.hub.figures()).toMatchObject({ relayed: 1, relaysDropped: 0 });
  });

  test.each([
    ['a member of another pool', 'c'],
    ['nobody', 'z'],
    ['oneself', 'a'],
  ])('to %s is dropped without a word, and counted', (_what, letter) => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    world.join('b', 'blue');
    world.join('c', 'green');
    world.take();
    world.relay(a, letter);
    expect(world.take()).toEqual([]);
    expect(world.hub.figures()).toMatchObject({ relayed: 0, relaysDropped: 1 });
  });

  test('before joining, and after leaving or moving away, is dropped and counted', () => {
    const world = new HubWorld();
    world.join('b', 'blue');
    const a = world.open();
    world.relay(a, 'b');
    world.join('a', 'blue', a);
    world.say(a, { kind: 'leave' });
    world.relay(a, 'b');
    world.join('a', 'green', a);
    world.relay(a, 'b');
    expect(world.hub.figures()).toMatchObject({ relayed: 0, relaysDropped: 3 });
    expect(world.closed()).toEqual({});
  });

  test('does not reach a device that has left', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    const b = world.join('b', 'blue');
    world.say(b, { kind: 'leave' });
    world.take();
    world.relay(a, 'b');
    expect(world.take()).toEqual([]);
  });
});

describe('the time', () => {
  test('is told at once, on the wall clock, joined or not, to the asker alone', () => {
    const world = new HubWorld();
    const other = world.join('b', 'blue');
    const socket = world.open();
    world.take();
    for (let round = 0; round < 2; round++) {
      const t1Ms = world.now + WALL_OFFSET_MS;
      world.say(socket, { kind: 'time', t0Ms: 123.456 });
      expect(world.sentTo(socket)).toEqual([{ kind: 'timed', t0Ms: 123.456, t1Ms, t2Ms: t1Ms }]);
      expect(world.sentTo(other)).toEqual([]);
      world.join('a', 'blue', socket);
      world.take();
      world.wait(777);
    }
  });

  test.each([0, 2 ** 43])('comes back with the question’s own time as it was: %d', (t0Ms) => {
    const world = new HubWorld();
    const socket = world.open();
    world.say(socket, { kind: 'time', t0Ms });
    expect(world.sentTo(socket)).toMatchObject([{ kind: 'timed', t0Ms }]);
  });
});

describe('stopping', () => {
  test('closes every socket, tells of no leaves, and lets nobody in', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    const b = world.join('b', 'blue');
    const c = world.open();
    world.take();
    world.handle({ kind: 'stop' });
    expect(world.closed()).toEqual({ [a]: 'going-away', [b]: 'going-away', [c]: 'going-away' });
    expect(world.sentTo(a)).toEqual([]);
    expect(world.hub.nextTimeout()).toBeNull();
    world.take();
    const late = world.open();
    expect(world.closed()).toEqual({ [late]: 'going-away' });
    expect(world.hub.figures()).toMatchObject({ sockets: 0, members: 0, pools: 0 });
  });
});
