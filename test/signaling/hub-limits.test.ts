// The hub's limits: rates, sizes, counts and deadlines, each crossed by one.
import { describe, expect, test } from '@jest/globals';
import { HUB_DEFAULTS, hubLimits } from '../../signaling/limits.ts';
import { PROTOCOL_VERSION } from '../../src/wire/codes.ts';
import { HubWorld, idOf } from './hub-world.ts';

describe('a flood', () => {
  const limits = { messagesBurst: 10, messagesPerSecond: 2, joinCostMessages: 5 };

  test('of messages closes the socket with `rate`, and the pool hears that it was lost', () => {
    const world = new HubWorld(limits);
    const b = world.join('b', 'blue');
    const a = world.join('a', 'blue');
    world.take();
    for (let i = 0; i < 5; i++) world.say(a, { kind: 'time', t0Ms: i });
    expect(world.closed()).toEqual({});
    world.say(a, { kind: 'time', t0Ms: 5 });
    expect(world.closed()).toEqual({ [a]: 'rate' });
    expect(world.sentTo(b)).toEqual([{ kind: 'peer-left', id: idOf('a'), lost: true }]);
  });

  test('of questions for the time is no cheaper than any other, and its answers stop with the socket', () => {
    const world = new HubWorld(limits);
    const a = world.open();
    for (let i = 0; i < 50; i++) world.say(a, { kind: 'time', t0Ms: i });
    expect(world.closed()).toEqual({ [a]: 'rate' });
    expect(world.sentTo(a)).toHaveLength(limits.messagesBurst);
  });

  test('is forgiven at the rate allowed', () => {
    const world = new HubWorld(limits);
    const a = world.join('a', 'blue');
    for (let i = 0; i < 5; i++) world.say(a, { kind: 'time', t0Ms: i });
    for (let i = 0; i < 20; i++) {
      world.wait(500);
      world.say(a, { kind: 'time', t0Ms: i });
    }
    expect(world.closed()).toEqual({});
    world.say(a, { kind: 'time', t0Ms: 0 });
    expect(world.closed()).toEqual({ [a]: 'rate' });
  });

  test('of joins closes the socket sooner, because each goes out to a whole pool', () => {
    const world = new HubWorld(limits);
    const a = world.join('a', 'blue');
    world.join('a', 'green', a);
    expect(world.closed()).toEqual({});
    world.join('a', 'blue', a);
    expect(world.closed()).toEqual({ [a]: 'rate' });
  });

  test('of bytes closes the socket with `rate`', () => {
    const world = new HubWorld({ bytesBurst: 65_536, bytesPerSecond: 1_000 });
    const a = world.open();
    world.say(a, { kind: 'leave' }, 65_536);
    world.wait(1_000);
    world.say(a, { kind: 'leave' }, 1_000);
    expect(world.closed()).toEqual({});
    world.say(a, { kind: 'leave' }, 1);
    expect(world.closed()).toEqual({ [a]: 'rate' });
  });

  test('of websocket pings is charged like messages', () => {
    const world = new HubWorld(limits);
    const a = world.open();
    for (let i = 0; i < 11; i++) world.handle({ kind: 'alive', socket: a, bytes: 0 });
    expect(world.closed()).toEqual({ [a]: 'rate' });
  });

  test('leaves the others alone, and what still comes from the closed socket is ignored', () => {
    const world = new HubWorld(limits);
    const a = world.join('a', 'blue');
    const b = world.join('b', 'blue');
    for (let i = 0; i < 50; i++) world.say(a, { kind: 'time', t0Ms: i });
    world.take();
    world.join('a', 'blue', a);
    world.relay(a, 'b');
    expect(world.take()).toEqual([]);
    world.say(b, { kind: 'time', t0Ms: 1 });
    expect(world.sentTo(b)).toMatchObject([{ kind: 'timed', t0Ms: 1 }]);
  });
});

test('a frame that did not decode closes the socket with `malformed`', () => {
  const world = new HubWorld();
  const b = world.join('b', 'blue');
  const a = world.join('a', 'blue');
  world.take();
  world.handle({ kind: 'frame', socket: a, bytes: 3, wallMs: 0 });
  expect(world.closed()).toEqual({ [a]: 'malformed' });
  expect(world.sentTo(b)).toEqual([{ kind: 'peer-left', id: idOf('a'), lost: true }]);
});

describe('a full pool', () => {
  test('refuses one more with `pool-full`, and its members hear nothing', () => {
    const world = new HubWorld({ poolMembersMax: 2 });
    world.join('a', 'blue');
    const b = world.join('b', 'blue');
    world.take();
    const c = world.join('c', 'blue');
    expect(world.closed()).toEqual({ [c]: 'pool-full' });
    expect(world.sentTo(b)).toEqual([]);
    expect(world.sentTo(c)).toEqual([]);
  });

  test('takes its own members again', () => {
    const world = new HubWorld({ poolMembersMax: 2 });
    const a = world.join('a', 'blue');
    world.join('b', 'blue');
    world.take();
    world.join('a', 'blue', a, 'Ada');
    const fresh = world.join('a', 'blue');
    expect(world.closed()).toEqual({ [a]: 'elsewhere' });
    expect(world.sentTo(fresh)).toEqual([expect.objectContaining({ kind: 'welcome' })]);
  });

  test('takes one in again once another has left', () => {
    const world = new HubWorld({ poolMembersMax: 2 });
    const a = world.join('a', 'blue');
    world.join('b', 'blue');
    world.say(a, { kind: 'leave' });
    world.take();
    world.join('c', 'blue');
    expect(world.closed()).toEqual({});
  });

  test('refuses a device without touching the place it has elsewhere through another socket', () => {
    const world = new HubWorld({ poolMembersMax: 2 });
    world.join('a', 'blue');
    world.join('b', 'blue');
    const old = world.join('c', 'green');
    const friend = world.join('d', 'green');
    world.take();
    const fresh = world.join('c', 'blue');
    expect(world.closed()).toEqual({ [fresh]: 'pool-full' });
    world.relay(friend, 'c');
    expect(world.sentTo(old)).toHaveLength(1);
  });

  test('refuses a mover, who has left its first pool all the same', () => {
    const world = new HubWorld({ poolMembersMax: 2 });
    world.join('a', 'blue');
    world.join('b', 'blue');
    const c = world.join('c', 'green');
    const d = world.join('d', 'green');
    world.take();
    world.join('c', 'blue', c);
    expect(world.closed()).toEqual({ [c]: 'pool-full' });
    expect(world.sentTo(d)).toEqual([{ kind: 'peer-left', id: idOf('c'), lost: false }]);
  });
});

describe('a full server', () => {
  test('closes one socket too many with `server-full`', () => {
    const world = new HubWorld({ socketsMax: 2 });
    const a = world.open();
    world.open();
    const c = world.open();
    expect(world.closed()).toEqual({ [c]: 'server-full' });
    world.handle({ kind: 'dropped', socket: a });
    world.take();
    world.open();
    expect(world.closed()).toEqual({});
  });

  test('refuses one pool too many with `server-full`, and still takes members for those there are', () => {
    const world = new HubWorld({ poolsMax: 1 });
    world.join('a', 'blue');
    const b = world.join('b', 'green');
    expect(world.closed()).toEqual({ [b]: 'server-full' });
    world.take();
    world.join('c', 'blue');
    expect(world.closed()).toEqual({});
  });
});

describe('a deadline', () => {
  const { joinMs, probeMs, silentMs, sweepMs } = HUB_DEFAULTS;

  test('closes a socket that does not join in time', () => {
    const world = new HubWorld();
    const a = world.open();
    world.wait(joinMs - 1);
    world.say(a, { kind: 'time', t0Ms: 1 });
    expect(world.closed()).toEqual({});
    world.wait(1 + sweepMs);
    expect(world.closed()).toEqual({ [a]: 'join-first' });
  });

  test('to join no longer holds once one has joined, even after leaving', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    world.say(a, { kind: 'leave' });
    for (let i = 0; i < 10; i++) {
      world.wait(joinMs / 2);
      world.say(a, { kind: 'time', t0Ms: i });
    }
    expect(world.closed()).toEqual({});
  });

  test('probes a quiet socket and closes one that stays silent', () => {
    const world = new HubWorld();
    const b = world.join('b', 'blue');
    const a = world.join('a', 'blue');
    world.take();
    world.wait(probeMs + sweepMs);
    expect(world.probes().sort()).toEqual([a, b].sort());
    world.handle({ kind: 'alive', socket: b, bytes: 0 });
    world.wait(silentMs - probeMs);
    expect(world.closed()).toEqual({ [a]: 'silent' });
    expect(world.sentTo(b)).toEqual([{ kind: 'peer-left', id: idOf('a'), lost: true }]);
  });

  test('never meets a socket that answers every probe', () => {
    const world = new HubWorld();
    const a = world.join('a', 'blue');
    for (let i = 0; i < 20; i++) {
      world.take();
      world.wait(probeMs + sweepMs);
      expect(world.probes()).toEqual([a]);
      world.handle({ kind: 'alive', socket: a, bytes: 0 });
    }
    expect(world.closed()).toEqual({});
  });

  test('is met within a sweep by every one of many sockets', () => {
    const world = new HubWorld();
    const opened = new Map<number, number>();
    for (let i = 0; i < 200; i++) {
      world.wait(7);
      opened.set(world.open(), world.now);
    }
    while (opened.size > 0) {
      world.take();
      world.wait(10);
      for (const socket of Object.keys(world.closed()).map(Number)) {
        const late = world.now - ((opened.get(socket) ?? 0) + joinMs);
        expect(late).toBeGreaterThanOrEqual(0);
        expect(late).toBeLessThanOrEqual(sweepMs + 10);
        opened.delete(socket);
      }
    }
    expect(world.hub.nextTimeout()).toBeNull();
  });

  test('asks for nothing where nobody is', () => {
    const world = new HubWorld();
    expect(world.hub.nextTimeout()).toBeNull();
    world.handle({ kind: 'dropped', socket: world.open() });
    expect(world.hub.nextTimeout()).toBeNull();
  });
});

test('10,000 pools with one member each are no burden to anybody in another', () => {
  const world = new HubWorld({ poolsMax: 10_001, socketsMax: 20_000 });
  const a = world.join('a', 'blue');
  const b = world.join('b', 'blue');
  const crowd = Array.from({ length: 10_000 }, (_, i) => {
    const socket = world.open();
    const id = i.toString(16).padStart(32, '0');
    const join = {
      version: PROTOCOL_VERSION,
      pool: `pool-${i}`,
      id,
      name: 'x',
      device: 'browser',
      grant: { zones: [] },
    };
    world.say(socket, { kind: 'join', ...join });
    return socket;
  });
  expect(world.hub.figures()).toMatchObject({ pools: 10_001, members: 10_002 });
  world.take();
  const late = world.join('c', 'green');
  expect(world.closed()).toEqual({ [late]: 'server-full' });
  world.relay(a, 'b');
  expect(world.sentTo(b)).toMatchObject([{ kind: 'relayed' }]);
  for (const socket of crowd) world.drop(socket);
  world.handle({ kind: 'alive', socket: a, bytes: 0 });
  world.take();
  world.join('c', 'green');
  expect(world.closed()).toEqual({});
  expect(world.hub.figures()).toMatchObject({ members: 3, away: 9_999, pools: 10_001 });
});

describe('limits', () => {
  test.each([
    [{ poolMembersMax: 257 }, 'poolMembersMax: expected an integer from 2 to 256, got 257'],
    [{ joinMs: 0.5 }, 'joinMs: expected an integer from 100 to 600000, got 0.5'],
    [{ socketsMax: Number.NaN }, 'socketsMax: expected an integer from 1 to 1000000, got NaN'],
    [{ silentMs: 5_000 }, 'silentMs: expected an integer from 10001 to Infinity, got 5000'],
    [{ messagesBurst: 10 }, 'joinCostMessages: expected an integer from 1 to 10, got 20'],
    [{ resumeMs: 0 }, 'resumeMs: expected an integer from 1 to 600000, got 0'],
    [{ joinsPerSecond: 0 }, 'joinsPerSecond: expected an integer from 1 to 1000000, got 0'],
    [{ bytesBurst: 65_535 }, 'bytesBurst: expected an integer from 65536 to 1073741824, got 65535'],
  ])('refuse %j', (changes, message) => {
    expect(() => hubLimits(changes)).toThrow(new RangeError(message));
  });

  test('are the defaults where nothing is said', () => {
    expect(hubLimits()).toEqual(HUB_DEFAULTS);
  });
});
