import { describe, expect, test } from '@jest/globals';
import type { PathOptions } from '../../src/sim/network.ts';
import { Random } from '../../src/sim/random.ts';
import { Switchboard } from '../../src/sim/transports.ts';
import { VirtualClock } from '../../src/sim/clock.ts';
import { World, type WorldOptions } from '../../src/sim/world.ts';
import { HubRendezvous, sha256 } from './hub-rendezvous.ts';

const PATH: Partial<PathOptions> = { delayMs: 20, rateMbit: 20, queueMs: 100 };

/** A world whose members have all met and linked. */
function met(options: Partial<WorldOptions> = {}): World {
  const world = new World({
    seed: 1,
    members: 3,
    path: () => PATH,
    rendezvous: () => new HubRendezvous(),
    sha256,
    ...options,
  });
  for (const member of world.members) world.join(member);
  const others = world.members.length - 1;
  const linked = world.runUntil(
    () => world.members.every(({ pool }) => pool.peers.filter(({ path }) => path !== 'connecting').length === others),
    10_000,
  );
  expect(linked).toBe(true);
  world.run(1000);
  return world;
}

/** The first member offers a file of `bytes`, everyone else accepts; ms until all have it. */
function handOut(world: World, bytes: number): number {
  const [first, ...others] = world.members;
  if (first === undefined) throw new RangeError('members: expected at least one, got none');
  for (const member of others) {
    member.onEvent = (event) => {
      if (event.kind === 'offer' && !event.offer.own && event.offer.state === 'open') {
        const { id } = event.offer;
        world.clock.after(1, () => member.act((pool, nowMs) => pool.share.accept(nowMs, id)));
      }
    };
  }
  const fromMs = world.clock.now;
  first.offer([{ name: 'file', bytes: new Random(1).bytes(bytes) }]);
  const done = world.runUntil(() => others.every(({ store }) => store.finished.size === 1), 120_000);
  expect(done).toBe(true);
  return world.clock.now - fromMs;
}

describe('a world', () => {
  test.each(['chromium', 'node', undefined] as const)('hands files on over %s', (sctp) => {
    expect(handOut(met({ sctp }), 1_000_000)).toBeLessThan(15_000);
  });

  test('carries all that goes from one member to another over one path, lanes included', () => {
    const world = met({ sctp: 'chromium', members: 2, path: () => ({ ...PATH, rateMbit: 50, lossRatio: 0.01 }) });
    let most = 0;
    for (let ms = 0; ms < 20_000; ms += 50) {
      world.clock.after(ms, () => (most = Math.max(most, world.switchboard.open.length)));
    }
    handOut(world, 8_000_000);
    expect(most).toBeGreaterThan(4);
    const { sentBytes } = world.switchboard.path(0, 1).counters;
    expect(sentBytes).toBeGreaterThan(8_000_000);
    expect(sentBytes).toBeLessThan(12_000_000);
  });

  test('lets all transports of a member share its own line', () => {
    const msWith = (upMbit: number): number =>
      handOut(
        met({
          sctp: 'node',
          access: (member) => ({
            up: { delayMs: 1, rateMbit: member === 0 ? upMbit : 100 },
            down: { delayMs: 1, rateMbit: 100 },
          }),
        }),
        500_000,
      );
    // Two copies of half a megabyte need 8 Mbit.
    expect(msWith(2)).toBeGreaterThan(4000);
    expect(msWith(20)).toBeLessThan(4000);
  });

  test('can be silenced in one direction: what is said that way waits, and the other way passes', () => {
    const world = met({ members: 2 });
    const [a, b] = world.members;
    if (a === undefined || b === undefined) throw new Error('two members were asked for');
    const textsOf = (member: typeof a): string[] => member.all('message').map(({ message }) => message.text);
    world.silence(a, b, 3000);
    a.say('from a');
    b.say('from b');
    world.run(2000);
    expect(textsOf(b)).not.toContain('from a');
    expect(textsOf(a)).toContain('from b');
    world.run(10_000);
    expect(textsOf(b)).toContain('from a');
  });

  test('leaves the same trace for the same seed, clocks that differ included', () => {
    const traceOf = (seed: number): number => {
      const clockError = (member: number): { offsetMs: number; skewPpm: number } => ({
        offsetMs: member * 1000,
        skewPpm: 100 - 100 * member,
      });
      const world = met({ seed, sctp: 'node', clockError });
      handOut(world, 100_000);
      return world.traceHash;
    };
    expect(traceOf(1)).toBe(traceOf(1));
    expect(traceOf(1)).not.toBe(traceOf(2));
  });

  test('has one owner, whom everyone knows as such, itself included', () => {
    const { members } = met({ members: 3 });
    const owners = members.map(({ pool }) => pool.talk.members.filter(({ role }) => role === 'owner'));
    const [owner] = owners[0] ?? [];
    expect(owner?.device).toBe(members[0]?.id);
    expect(owners.map((each) => each.map(({ device }) => device))).toEqual(members.map(() => [owner?.device]));
  });

  test('gives every member a clock of its own', () => {
    const world = met({ members: 2, clockError: (member) => ({ offsetMs: member * 5000, skewPpm: member * 1000 }) });
    const [a, b] = world.members;
    expect(a?.now).toBe(world.clock.now);
    expect(b?.now).toBeCloseTo(world.clock.now * 1.001 + 5000, 6);
    b?.jumpClock(40_000);
    world.run(10_000);
    expect(world.members.flatMap((member) => member.all('peer-left'))).toEqual([]);
  });
});

describe('the switchboard', () => {
  test('draws the same for a path whatever other paths there are', () => {
    const arrivals = (others: number): number[] => {
      const clock = new VirtualClock();
      const switchboard = new Switchboard(clock, new Random(7), () => ({ jitterMs: 50, lossRatio: 0.3 }));
      for (let i = 0; i < others; i++) switchboard.path(5, 6 + i).send(100, () => {});
      const arrived: number[] = [];
      for (let i = 0; i < 50; i++) switchboard.path(1, 2).send(100, () => arrived.push(clock.now));
      while (clock.step());
      return arrived;
    };
    expect(arrivals(3)).toEqual(arrivals(0));
  });
});
