// Members whose socket is gone for a while: their place, their role, what is kept for them, and when they are forgotten.
import { describe, expect, test } from '@jest/globals';
import { HUB_DEFAULTS } from '../../signaling/limits.ts';
import { HubWorld, idOf, offer } from './hub-world.ts';

const { resumeMs, sweepMs } = HUB_DEFAULTS;

describe('a member that lost its socket', () => {
  test('is lost to the others, not in the roster of who comes, and back with its role when it joins again', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    const b = world.join('b', 'blue');
    world.take();
    world.drop(a);
    expect(world.sentTo(b)).toEqual([{ kind: 'peer-left', id: idOf('a'), lost: true }]);
    const c = world.join('c', 'blue');
    expect(world.sentTo(c)).toMatchObject([{ kind: 'welcome', role: 'member', peers: [{ name: 'b' }] }]);
    world.take();
    const back = world.join('a', 'blue');
    expect(world.sentTo(back)).toMatchObject([
      { kind: 'welcome', role: 'owner', peers: [{ name: 'b' }, { name: 'c' }] },
    ]);
    for (const other of [b, c])
      expect(world.sentTo(other)).toMatchObject([{ kind: 'peer-joined', peer: { name: 'a' } }]);
    expect(world.seats()).toEqual([]);
    expect(world.hub.figures()).toMatchObject({ members: 3, away: 0, resumes: 1 });
  });

  test('keeps its place and role also where nobody stays', () => {
    const world = new HubWorld();
    world.drop(world.join('a', 'blue'));
    expect(world.hub.figures()).toMatchObject({ sockets: 0, members: 0, away: 1, pools: 1 });
    world.join('b', 'blue');
    world.take();
    const back = world.join('a', 'blue');
    expect(world.sentTo(back)).toMatchObject([{ kind: 'welcome', role: 'owner' }]);
  });

  test('keeps its place in a full pool, until it is forgotten', () => {
    const world = new HubWorld({ poolMembersMax: 2 });
    world.join('a', 'blue');
    world.drop(world.join('b', 'blue'));
    const c = world.join('c', 'blue');
    expect(world.closed()).toEqual({ [c]: 'pool-full' });
    for (let waited = 0; waited < resumeMs + sweepMs; waited += 5_000) world.wait(5_000);
    world.take();
    world.join('c', 'blue');
    expect(world.closed()).toEqual({});
  });

  test('is forgotten after a while, without a word: the others know already', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    world.take();
    world.drop(a);
    world.wait(resumeMs - 1);
    expect(world.hub.figures()).toMatchObject({ away: 1, pools: 1 });
    world.wait(1 + sweepMs);
    expect(world.take()).toEqual([expect.objectContaining({ kind: 'vacated', why: 'lost' })]);
    expect(world.hub.figures()).toMatchObject({ away: 0, pools: 0 });
    expect(world.hub.nextTimeout()).toBeNull();
  });

  test('joins another pool, and is gone from the first', () => {
    const world = new HubWorld();
    const b = world.join('b', 'blue');
    world.drop(world.join('a', 'blue'));
    world.take();
    world.join('a', 'green');
    expect(world.sentTo(b)).toEqual([{ kind: 'peer-left', id: idOf('a'), lost: false }]);
    expect(world.seats()).toEqual(['a left blue', 'a in green']);
    expect(world.hub.figures()).toMatchObject({ away: 0, pools: 2, resumes: 0 });
  });
});

describe('a signal to somebody away', () => {
  test('waits for it, behind its welcome and in its order', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    const b = world.join('b', 'blue');
    world.drop(b);
    for (const attempt of [1, 2, 3]) world.say(a, { kind: 'relay', peer: idOf('b'), attempt, signal: offer });
    expect(world.hub.figures()).toMatchObject({ relayed: 3, heldBytes: 300 });
    world.take();
    const back = world.join('b', 'blue');
    expect(world.sentTo(back).map((message) => (message.kind === 'relayed' ? message.attempt : message.kind))).toEqual([
      'welcome',
      1,
      2,
      3,
    ]);
    expect(world.hub.figures()).toMatchObject({ heldBytes: 0 });
  });

  test('is dropped if its sender has gone meanwhile', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    world.drop(world.join('b', 'blue'));
    world.relay(a, 'b');
    world.say(a, { kind: 'leave' });
    world.take();
    expect(world.sentTo(world.join('b', 'blue'))).toMatchObject([{ kind: 'welcome' }]);
  });

  test('goes with whoever is forgotten', () => {
    const world = new HubWorld({ resumeMs: 1_000 });
    const a = world.join('a', 'blue');
    world.drop(world.join('b', 'blue'));
    world.relay(a, 'b');
    world.wait(1_000 + sweepMs);
    expect(world.hub.figures()).toMatchObject({ away: 0, heldBytes: 0 });
    world.take();
    expect(world.sentTo(world.join('b', 'blue'))).toMatchObject([{ kind: 'welcome' }]);
  });

  test.each([
    ['signals', { awaySignalsMax: 2 }],
    ['bytes', { awayBytesMax: 250 }],
  ])('is dropped and counted where too many %s wait', (_what, limits) => {
    const world = new HubWorld(limits);
    const a = world.join('a', 'blue');
    world.drop(world.join('b', 'blue'));
    for (let i = 0; i < 3; i++) world.relay(a, 'b');
    expect(world.hub.figures()).toMatchObject({ relayed: 2, relaysDropped: 1, heldBytes: 200 });
  });
});

describe('of too many away', () => {
  test('who went first is forgotten', () => {
    const world = new HubWorld({ awayMax: 2 });
    for (const letter of ['a', 'b', 'c']) world.drop(world.join(letter, 'blue'));
    expect(world.seats().slice(-1)).toEqual(['a lost blue']);
    expect(world.hub.figures()).toMatchObject({ away: 2 });
  });

  test('a pool that nobody is really in makes room for another, and one with somebody in it does not', () => {
    const world = new HubWorld({ poolsMax: 2 });
    world.drop(world.join('a', 'blue'));
    world.drop(world.join('b', 'blue'));
    world.join('c', 'green');
    world.drop(world.join('d', 'green'));
    world.take();
    world.join('e', 'red');
    expect(world.closed()).toEqual({});
    expect(world.seats()).toEqual(['a lost blue', 'b lost blue', 'e in red']);
    const f = world.join('f', 'white');
    expect(world.closed()).toEqual({ [f]: 'server-full' });
    expect(world.hub.figures()).toMatchObject({ away: 1, pools: 2 });
  });
});

describe('a session', () => {
  test.each([
    ['account', { account: 'ada' }],
    ['device', { device: idOf('a') }],
  ])('is ended by revoking its %s: closed, and gone for the others at once', (_what, subject) => {
    const world = new HubWorld();
    const b = world.join('b', 'blue', undefined, 'b', { account: 'bob' });
    const a = world.join('a', 'blue', undefined, 'a', { account: 'ada' });
    world.take();
    world.handle({ kind: 'revoke', subject });
    expect(world.closed()).toEqual({ [a]: 'revoked' });
    expect(world.sentTo(b)).toEqual([{ kind: 'peer-left', id: idOf('a'), lost: false }]);
    expect(world.seats()).toEqual(['a ended blue']);
    expect(world.hub.figures()).toMatchObject({ away: 0, members: 1 });
  });

  test('of somebody away is ended as well, and the others end their links', () => {
    const world = new HubWorld();
    const b = world.join('b', 'blue');
    world.drop(world.join('a', 'blue', undefined, 'a', { account: 'ada' }));
    world.take();
    world.handle({ kind: 'revoke', subject: { account: 'ada' } });
    expect(world.sentTo(b)).toEqual([{ kind: 'peer-left', id: idOf('a'), lost: false }]);
    expect(world.hub.figures()).toMatchObject({ away: 0 });
  });

  test('of a guest is no account’s', () => {
    const world = new HubWorld();
    world.join('a', 'blue');
    world.take();
    world.handle({ kind: 'revoke', subject: { account: 'ada' } });
    expect(world.take()).toEqual([]);
  });

  test('ends by itself when its time is up', () => {
    const world = new HubWorld();
    const b = world.join('b', 'blue');
    const a = world.join('a', 'blue', undefined, 'a', { untilMs: world.now + 5_000 });
    world.take();
    world.wait(4_999);
    expect(world.closed()).toEqual({});
    world.wait(1 + sweepMs);
    expect(world.closed()).toEqual({ [a]: 'expired' });
    expect(world.sentTo(b)).toEqual([{ kind: 'peer-left', id: idOf('a'), lost: false }]);
  });

  test('has the role that it was given, and who comes first among the others owns the pool', () => {
    const world = new HubWorld();
    const roleOf = (socket: number): unknown => {
      const [welcome] = world.sentTo(socket);
      return welcome?.kind === 'welcome' ? welcome.role : undefined;
    };
    expect(roleOf(world.join('a', 'blue', undefined, 'a', { role: 'listener' }))).toBe('listener');
    expect(roleOf(world.join('b', 'blue'))).toBe('owner');
    expect(roleOf(world.join('c', 'blue', undefined, 'c', { role: 'owner' }))).toBe('owner');
    expect(roleOf(world.join('d', 'blue'))).toBe('member');
  });
});

describe('the hooks', () => {
  test('hear of each place once, when it is taken and when it is given up', () => {
    const world = new HubWorld({ resumeMs: 1_000 });
    const a = world.join('a', 'blue');
    world.join('a', 'blue', a, 'Ada');
    world.join('a', 'blue');
    world.join('a', 'green');
    const b = world.join('b', 'green');
    world.say(b, { kind: 'leave' });
    world.say(b, { kind: 'leave' });
    world.drop(b);
    const c = world.join('c', 'green');
    world.drop(c);
    world.wait(1_000 + sweepMs);
    expect(world.seats()).toEqual([
      'a in blue',
      'a left blue',
      'a in green',
      'b in green',
      'b left green',
      'c in green',
      'c lost green',
    ]);
  });
});

describe('draining', () => {
  test('closes a few at a time with `restarting`, tells of no leaves, and asks each back at a time of its own', () => {
    const world = new HubWorld({ joinsPerSecond: 10 });
    const sockets = Array.from({ length: 40 }, (_, i) => world.join(String.fromCharCode(97 + i), 'blue'));
    world.take();
    world.handle({ kind: 'drain', overMs: 2_000 });
    expect(Object.keys(world.closed())).toHaveLength(5);
    world.wait(2_000);
    expect(world.closed()).toEqual(Object.fromEntries(sockets.map((socket) => [socket, 'restarting'])));
    expect(sockets.flatMap((socket) => world.sentTo(socket))).toEqual([]);
    const retries = world.retries().map(Number);
    expect(new Set(retries.map((ms) => Math.floor(ms / 100))).size).toBeGreaterThan(20);
    expect(Math.max(...retries)).toBeLessThanOrEqual(500 + 40 * 125);
  });

  test('lets nobody in any more', () => {
    const world = new HubWorld();
    world.handle({ kind: 'drain', overMs: 2_000 });
    const late = world.open();
    expect(world.closed()).toEqual({ [late]: 'restarting' });
    expect(world.retries()[0]).toBeGreaterThan(0);
  });

  test('twice is one drain', () => {
    const world = new HubWorld();
    const a = world.open();
    world.handle({ kind: 'drain', overMs: 2_000 });
    world.handle({ kind: 'drain', overMs: 2_000 });
    expect(world.closed()).toEqual({ [a]: 'restarting' });
    expect(world.hub.figures().closed).toEqual({ restarting: 1 });
  });
});
