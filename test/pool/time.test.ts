// The pool's clock: everyone's is the server's, whatever their own clocks say, and it runs evenly. And what a peer's is.
import { describe, expect, test } from '@jest/globals';
import { Peer } from '../../src/pool/peer.ts';
import { PoolClock } from '../../src/pool/pool-clock.ts';
import { toTimeUs } from '../../src/link/time-sampler.ts';
import { TwoPools } from './two-pools.ts';

const SEEDS = Array.from({ length: 20 }, (_, seed) => seed);

describe('the pool’s clock', () => {
  test('is this device’s own wall clock until the server has answered', () => {
    const scene = new TwoPools(1);
    const [a] = scene.devices;
    expect(Math.abs(a.pool.poolTimeMs(a.now) - scene.serverMs)).toBeLessThan(90_001);
    const before = a.pool.poolTimeMs(a.now) - a.now;
    scene.run(10);
    expect(a.pool.poolTimeMs(a.now) - a.now).toBe(before);
  });

  test('is the server’s at both ends a moment later, to half of the round trip at worst', () => {
    for (const seed of SEEDS) {
      const scene = new TwoPools(seed);
      scene.run(2000);
      for (const { pool, now } of scene.devices) {
        expect(Math.abs(pool.poolTimeMs(now) - scene.serverMs)).toBeLessThan(4);
      }
    }
  });

  test('is soon right though the first answer was slow, and from then on moves gently', () => {
    const clock = new PoolClock(0);
    const serverMs = (now: number): number => 1_750_000_000_000 + now;
    const ask = (now: number, slowMs: number): void => {
      const t1Ms = serverMs(now + 1);
      clock.answered(now + 2 + slowMs, { kind: 'timed', t0Ms: now, t1Ms, t2Ms: t1Ms });
    };
    ask(0, 80);
    expect(serverMs(100) - 100 - clock.offsetMs(100)).toBeCloseTo(40, 1);
    ask(150, 0);
    expect(serverMs(200) - 200 - clock.offsetMs(200)).toBeLessThan(1);
    for (let now = 300; now < 1500; now += 150) ask(now, 80);
    expect(serverMs(1600) - 1600 - clock.offsetMs(1600)).toBeLessThan(1);
  });

  test('never goes back and never runs off, over ten minutes of drifting quartz', () => {
    for (const seed of SEEDS.slice(0, 3)) {
      const scene = new TwoPools(seed, { serverJitterMs: 30 });
      scene.run(3000);
      const last = scene.devices.map(({ pool, now }) => pool.poolTimeMs(now));
      scene.run(600_000, () => {
        for (const [i, { pool, now }] of scene.devices.entries()) {
          const time = pool.poolTimeMs(now);
          if (time < (last[i] ?? 0)) throw new Error(`seed ${seed}: went back by ${(last[i] ?? 0) - time} ms`);
          last[i] = time;
          if (Math.abs(time - scene.serverMs) > 20) throw new Error(`seed ${seed}: ${time - scene.serverMs} ms off`);
        }
      });
      for (const { pool, now } of scene.devices) {
        expect(Math.abs(pool.poolTimeMs(now) - scene.serverMs)).toBeLessThan(5);
      }
    }
  });

  test('lives on without the server', () => {
    const scene = new TwoPools(4);
    scene.run(60_000);
    scene.online = false;
    for (const device of scene.devices) device.act((pool, now) => pool.handle(now, { kind: 'backhaul-closed' }));
    const asked = scene.devices.map((device) => device.asked.length);
    scene.run(60_000);
    expect(scene.devices.map((device) => device.asked.length)).toEqual(asked);
    for (const { pool, now } of scene.devices) {
      expect(Math.abs(pool.poolTimeMs(now) - scene.serverMs)).toBeLessThan(4);
    }
  });

  test('follows a server whose clock is stepped, within seconds', () => {
    const scene = new TwoPools(5);
    scene.run(60_000);
    scene.serverBaseMs -= 3_600_000;
    scene.run(10_000);
    for (const { pool, now } of scene.devices) {
      expect(Math.abs(pool.poolTimeMs(now) - scene.serverMs)).toBeLessThan(5);
    }
  });

  test('costs a burst of questions at first and after every reconnect, then one every few seconds', () => {
    const scene = new TwoPools(6);
    const [a] = scene.devices;
    scene.run(2000);
    expect(a.asked.length).toBeGreaterThan(5);
    expect(a.asked.length).toBeLessThan(12);
    const calm = a.asked.length;
    scene.run(60_000);
    expect(a.asked.length - calm).toBeLessThan(20);
    a.act((pool, now) => pool.handle(now, { kind: 'backhaul-closed' }));
    a.act((pool, now) => pool.handle(now, { kind: 'backhaul-open' }));
    const before = a.asked.length;
    scene.run(2000);
    expect(a.asked.length - before).toBeGreaterThan(4);
  });

  test('takes nothing from an answer that cannot be true', () => {
    const scene = new TwoPools(7);
    const [a] = scene.devices;
    scene.run(2000);
    const before = a.pool.poolTimeMs(a.now);
    for (const t0Ms of [a.now + 1000, a.now - 60_000, 0]) {
      const message = { kind: 'timed', t0Ms, t1Ms: 5, t2Ms: 5 } as const;
      a.act((pool, now) => pool.handle(now, { kind: 'server', message }));
    }
    expect(a.pool.poolTimeMs(a.now)).toBe(before);
  });

  test('asks for nothing any more after leaving', () => {
    const scene = new TwoPools(8);
    const [a] = scene.devices;
    scene.run(1000);
    a.act((pool, now) => pool.leave(now, 'left'));
    expect(a.pool.nextTimeout()).toBeUndefined();
  });
});

describe('a peer’s clock', () => {
  test('is known from the acknowledgements of what goes between the two', () => {
    for (const seed of SEEDS) {
      const scene = new TwoPools(seed);
      const [a, b] = scene.devices;
      a.act((pool, now) => pool.watchStats(now, 1000));
      for (let i = 0; i < 30; i++) {
        a.say('hello');
        scene.run(1000);
      }
      const clock = a.stats.at(-1)?.links[0]?.clock;
      const trueOffsetMs = b.pool.poolTimeMs(b.now) - a.now;
      expect(clock).toBeDefined();
      expect(Math.abs((clock?.offsetMs ?? 0) - trueOffsetMs)).toBeLessThan(4);
      expect(clock?.uncertaintyMs).toBeLessThan(40);
    }
  });

  test('gives the age of what it sent, also over the wrap of the header’s time and before the clocks agree', () => {
    const random = (n: number): Uint8Array => new Uint8Array(n).fill(3);
    const who = { self: '1', id: '2', name: 'B', device: 'browser', role: 'member' } as const;
    const setup = { ...who, retryMs: 1, random, link: undefined };
    const peer = new Peer(setup);
    expect(peer.ageMs(1000, 5)).toBeUndefined();
    for (const theirMs of [1_750_000_000_000, 2 ** 48 / 1000, 50, 6 * (2 ** 48 / 1000) + 3]) {
      const other = new Peer(setup);
      other.clock.add({ t0: 1000, t1: theirMs, t2: theirMs, t3: 1020 });
      // The question was halfway at 1010.
      expect(other.ageMs(1110, toTimeUs(theirMs + 60))).toBeCloseTo(40, 1);
      expect(other.ageMs(1110, toTimeUs(theirMs + 103))).toBeCloseTo(-3, 1);
    }
  });
});
