// A peer whose timestamps jump by hours, forward and back: the link carries on, the pool's clock follows who is right, and
// control is in time or not there, and there again within seconds.
import { describe, expect, test } from '@jest/globals';
import { ClockSync } from '../../src/clock/clock-sync.ts';
import type { ControlSetup } from '../../src/pool/control.ts';
import { LinkPair } from '../../src/sim/link-pair.ts';
import { Random } from '../../src/sim/random.ts';
import { World, type Member } from '../../src/sim/world.ts';
import { payload, received, sorted, upTo } from '../link/support.ts';
import { TwoPools } from '../pool/two-pools.ts';
import { HubRendezvous, sha256 } from '../sim/hub-rendezvous.ts';

const HOURS_MS = 3 * 3_600_000;
const STREAM: ControlSetup = { stream: 4, hz: 100, deadlineMs: 100 };
/** Beside the deadline: what clocks that follow each other cannot know, which is half of a round trip. */
const GRACE_MS = 25;

function momentFrame(ms: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, ms);
  return bytes;
}

const momentIn = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0);

describe('a link whose peer’s timestamps jump', () => {
  test.each([
    ['forward', [HOURS_MS]],
    ['back', [-HOURS_MS]],
    ['forward and back, all the time', [HOURS_MS, 0, -HOURS_MS, 7 * HOURS_MS, 1e12, -1e12]],
  ])('%s delivers all, loses nothing, and keeps its round trip', (_where, offsets) => {
    const pair = new LinkPair({ path: { delayMs: 20, rateMbit: 20, queueMs: 200 } });
    pair.connect();
    pair.acceptor.serve = (_, chunk) => payload(chunk, 100_000);
    for (const chunk of upTo(30)) expect(pair.initiator.request(1, chunk, 100_000)).toBe('ok');
    for (const end of pair.ends) for (const i of upTo(20)) end.send(payload(i, 5000));
    const sync = new ClockSync();
    for (let step = 0; pair.initiator.all('chunk').length < 30; step++) {
      pair.run(40);
      pair.acceptor.link.clockOffsetMs = offsets[step % offsets.length] ?? 0;
      const sample = pair.initiator.link.takeTimeSample();
      if (sample === undefined) continue;
      sync.add(sample);
      for (const ms of [...Object.values(sample), sync.theirs(pair.clock.now), sync.own(pair.clock.now)]) {
        expect(Number.isFinite(ms)).toBe(true);
      }
      expect(step).toBeLessThan(200);
    }
    pair.settle();
    for (const end of pair.ends) {
      expect(sorted(received(end))).toEqual(upTo(20));
      expect(end.outputs.filter(({ kind }) => kind === 'closed' || kind === 'lost' || kind === 'reset')).toEqual([]);
      expect(end.link.stats).toMatchObject({ packetsLost: 0, packetsSpurious: 0 });
    }
    expect(pair.acceptor.link.stats.baseRttMs).toBeLessThan(45);
    expect(pair.initiator.link.stats.baseRttMs).toBeLessThan(45);
  });

  test('tells where they went once they are steady again', () => {
    const pair = new LinkPair({ path: { delayMs: 20 } });
    pair.connect();
    const sync = new ClockSync();
    const random = new Random(4);
    const talk = (seconds: number, offsetMs: () => number): void => {
      for (let i = 0; i < seconds * 10; i++) {
        pair.acceptor.link.clockOffsetMs = offsetMs();
        pair.initiator.send(payload(i, 100));
        pair.run(100);
        const sample = pair.initiator.link.takeTimeSample();
        if (sample !== undefined) sync.add(sample);
      }
    };
    talk(20, () => 5000);
    expect(sync.offsetMs).toBeCloseTo(5000, -1);
    talk(20, () => random.between(-HOURS_MS, HOURS_MS));
    for (const ms of [HOURS_MS, -HOURS_MS]) {
      talk(10, () => ms);
      expect(Math.abs(sync.offsetMs - ms)).toBeLessThan(40);
    }
  });
});

/** Both devices poll the stream every 10 ms for `ms`; what surfaced at either, and how old it truly was. */
function play(
  scene: TwoPools,
  ms: number,
): { readonly atMs: number; readonly trueAgeMs: number; readonly to: number }[] {
  const told: { atMs: number; trueAgeMs: number; to: number }[] = [];
  for (const [to, device] of scene.devices.entries()) {
    device.onControl = ({ bytes }) => told.push({ atMs: scene.nowMs, trueAgeMs: scene.nowMs - momentIn(bytes), to });
  }
  for (const untilMs = scene.nowMs + ms; scene.nowMs < untilMs; scene.run(10)) {
    for (const device of scene.devices) {
      device.act((pool, now) => pool.control.poll(now, STREAM.stream, 'up', momentFrame(scene.nowMs)));
    }
  }
  return told;
}

describe('a pool whose server’s clock jumps', () => {
  test.each([
    ['forward', [HOURS_MS]],
    ['back', [-HOURS_MS]],
    ['forward and back at once', [HOURS_MS, -HOURS_MS]],
  ])('%s follows it, and its control streams are in time before, and again after', (_where, jumps) => {
    for (const seed of upTo(5)) {
      const scene = new TwoPools(seed);
      for (const device of scene.devices) device.pool.control.open(STREAM);
      scene.run(20_000);
      const before = play(scene, 2000);
      expect(before.length).toBeGreaterThan(2 * 190);
      for (const byMs of jumps) {
        scene.serverBaseMs += byMs;
        const fromMs = scene.nowMs;
        const told = play(scene, 20_000);
        for (const { trueAgeMs } of told) expect(trueAgeMs).toBeLessThan(STREAM.deadlineMs + GRACE_MS);
        for (const to of [0, 1]) {
          const late = told.filter((frame) => frame.to === to && frame.atMs > fromMs + 15_000);
          expect({ seed, to, surfaced: late.length > 450 }).toEqual({ seed, to, surfaced: true });
        }
        for (const { pool, now } of scene.devices) {
          expect(Math.abs(pool.poolTimeMs(now) - scene.serverMs)).toBeLessThan(10);
        }
      }
      for (const device of scene.devices) {
        device.say('still here');
        scene.run(1000);
      }
      for (const { events, pool } of scene.devices) {
        expect(events.filter(({ kind }) => kind === 'message')).toHaveLength(2);
        expect(pool.peers.map(({ path }) => path)).toEqual(['direct']);
      }
    }
  });
});

describe('a member whose own clock jumps ahead by hours', () => {
  test('gets its file, stays in the roster, and is in time again: its stamps went ahead and came back', () => {
    const world = new World({
      seed: 7,
      members: 2,
      path: () => ({ delayMs: 15, rateMbit: 20, queueMs: 100 }),
      sctp: 'chromium',
      rendezvous: () => new HubRendezvous(),
      sha256,
    });
    const [a, b] = world.members;
    if (a === undefined || b === undefined) throw new Error('two members were asked for');
    const surfaced: { readonly to: Member; readonly atMs: number; readonly trueAgeMs: number }[] = [];
    for (const member of world.members) {
      member.pool.control.open(STREAM);
      member.onControl = ({ bytes }) => {
        const atMs = world.clock.now;
        surfaced.push({ to: member, atMs, trueAgeMs: atMs - momentIn(bytes) });
      };
      world.join(member);
    }
    const poll = (ms: number): void => {
      for (const untilMs = world.clock.now + ms; world.clock.now < untilMs; world.run(10)) {
        for (const member of world.members) {
          member.act((pool, now) => pool.control.poll(now, STREAM.stream, 'up', momentFrame(world.clock.now)));
        }
      }
    };
    const met = (): boolean => world.members.every(({ pool }) => pool.peers.some(({ path }) => path === 'direct'));
    expect(world.runUntil(met, 30_000)).toBe(true);
    a.offer([{ name: 'file', bytes: new Random(1).bytes(6_000_000) }]);
    world.run(500);
    for (const { offer } of b.all('offer')) b.act((pool, now) => pool.share.accept(now, offer.id));
    poll(1000);
    for (const member of [a, b]) {
      const jumpedMs = world.clock.now;
      member.jumpClock(HOURS_MS);
      poll(20_000);
      for (const to of [a, b]) {
        const since = surfaced.filter((frame) => frame.to === to && frame.atMs > jumpedMs + 15_000);
        expect(since.length).toBeGreaterThan(450);
      }
      expect(Math.abs(a.pool.poolTimeMs(a.now) - b.pool.poolTimeMs(b.now))).toBeLessThan(25);
    }
    for (const { trueAgeMs } of surfaced) expect(trueAgeMs).toBeLessThan(STREAM.deadlineMs + GRACE_MS);
    expect(b.store.finished.size).toBe(1);
    expect([...a.all('peer-left'), ...b.all('peer-left')]).toEqual([]);
  });
});
