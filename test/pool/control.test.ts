// Control streams between whole pools: links, lanes, clocks and sessions under them.
import { describe, expect, test } from '@jest/globals';
import { InputBatch, readBatch } from '../../src/control/batch.ts';
import { UP_FRAME_BYTES_MAX } from '../../src/control/options.ts';
import { CONTROL_SCHEMAS, PoolControl, type ControlFrame, type ControlSetup } from '../../src/pool/control.ts';
import { World, type Member, type WorldOptions } from '../../src/sim/world.ts';
import { HubRendezvous, sha256 } from '../sim/hub-rendezvous.ts';
import { TwoPools } from './two-pools.ts';

const STREAM: ControlSetup = { stream: 4, hz: 100, deadlineMs: 100 };

interface Told extends ControlFrame {
  readonly atMs: number;
}

function frameOf(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setFloat64(8 * i, value));
  return bytes;
}

const numberIn = (bytes: Uint8Array, at = 0): number => new DataView(bytes.buffer, bytes.byteOffset).getFloat64(8 * at);

/** Members who all know each other, with the stream open, and what each was told. */
function world(members: number, options: Partial<WorldOptions> = {}): { world: World; told: Told[][] } {
  const it = new World({
    seed: 7,
    members,
    path: () => ({ delayMs: 15 }),
    rendezvous: () => new HubRendezvous(),
    sha256,
    ...options,
  });
  const told = it.members.map((member) => {
    const frames: Told[] = [];
    member.onControl = (frame) => frames.push({ ...frame, atMs: it.clock.now });
    member.pool.control.open(STREAM);
    it.join(member);
    return frames;
  });
  const met = (): boolean =>
    it.members.every(({ pool }) => pool.peers.filter(({ path }) => path === 'direct').length === members - 1);
  if (!it.runUntil(met, 30_000)) throw new Error('they did not meet');
  it.run(2000);
  return { world: it, told };
}

/** For `ms`, each of `members` polls its stream at every 10 ms with the moment as its frame. */
function play(it: World, members: readonly Member[], ms: number, each: () => void = () => {}): void {
  for (const untilMs = it.clock.now + ms; it.clock.now < untilMs; it.run(10)) {
    for (const member of members) {
      member.act((pool, now) => pool.control.poll(now, STREAM.stream, 'up', frameOf(now)));
    }
    each();
  }
}

describe('control streams of a pool', () => {
  test('bring every member what every other did, in time', () => {
    const { world: it, told } = world(3);
    play(it, it.members, 2000);
    it.run(50);
    for (const [i, frames] of told.entries()) {
      for (const other of it.members.filter((_, k) => k !== i)) {
        const own = frames.filter(({ peer }) => peer === other.id);
        // The pool's clock is followed evenly: a poll more or less in two seconds is its due.
        expect(own.length).toBeGreaterThan(197);
        expect(new Set(own.map(({ poll }) => poll)).size).toBe(own.length);
      }
      expect(frames.every(({ direction, stream }) => direction === 'up' && stream === STREAM.stream)).toBe(true);
      for (const { atMs, bytes } of frames) expect(atMs - numberIn(bytes)).toBeLessThan(100);
    }
  });

  test('go on beside a file over lossy SCTP, and are in time or not there', () => {
    let [arrived, polled] = [0, 0];
    for (let seed = 1; seed <= 5; seed++) {
      const { world: it, told } = world(2, {
        seed,
        sctp: 'chromium',
        path: () => ({ delayMs: 15, rateMbit: 20, queueMs: 100, lossRatio: 0.02 }),
      });
      const [from, to] = it.members;
      if (from === undefined || to === undefined) throw new Error('no members');
      from.offer([{ name: 'a', bytes: new Uint8Array(4_000_000) }]);
      it.run(500);
      for (const { offer } of to.all('offer')) to.act((pool, now) => pool.share.accept(now, offer.id));
      play(it, [from], 1500);
      it.run(200);
      const frames = told[1] ?? [];
      arrived += frames.length;
      polled += 150;
      for (const { atMs, bytes } of frames) expect(atMs - numberIn(bytes)).toBeLessThan(100 + 15);
    }
    expect(arrived / polled).toBeGreaterThan(0.9);
  });

  test('surface nothing stale after an outage, and go on', () => {
    const { world: it, told } = world(2, { sctp: 'chromium' });
    const [from] = it.members;
    if (from === undefined) throw new Error('no members');
    play(it, [from], 500);
    for (const path of [it.switchboard.path(0, 1), it.switchboard.path(1, 0)]) path.darken(2600);
    play(it, [from], 4600);
    it.run(3000);
    const frames = told[1] ?? [];
    // The deadline, and what the clocks do not know: half of a round trip.
    for (const { atMs, bytes } of frames) expect(atMs - numberIn(bytes)).toBeLessThan(100 + 15);
    expect(frames.filter(({ atMs }) => atMs > it.clock.now - 4500).length).toBeGreaterThan(50);
  });

  test('go down batched: a host makes one update of what several members did', () => {
    const { world: it, told } = world(4);
    const [host, ...others] = it.members;
    if (host === undefined) throw new Error('no members');
    const batch = new InputBatch();
    const keep = host.onControl;
    host.onControl = (frame) => {
      keep(frame);
      batch.put(it.clock.now, frame.peer, frame.bytes, frame.ageMs);
    };
    play(it, others, 1000, () =>
      host.act((pool, now) => pool.control.poll(now, STREAM.stream, 'down', batch.take(now))),
    );
    it.run(100);
    for (const frames of told.slice(1)) {
      const updates = frames.filter(({ direction }) => direction === 'down');
      expect(updates.length).toBeGreaterThan(90);
      const inputs = updates.flatMap(({ bytes, atMs }) =>
        (readBatch(bytes) ?? []).map((input) => ({ ...input, atMs })),
      );
      for (const { id } of others) expect(inputs.filter(({ peer }) => peer === id).length).toBeGreaterThan(80);
      // Two trips, a wait for the host's poll, and the age is told on the way.
      for (const { bytes, atMs } of inputs) expect(atMs - numberIn(bytes)).toBeLessThan(100);
    }
    expect(told[0]?.filter(({ direction }) => direction === 'down')).toEqual([]);
  });

  test('know how old frames are to a few milliseconds, however wrong the clocks of both devices are', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const scene = new TwoPools(seed);
      const [a, b] = scene.devices;
      for (const { pool } of scene.devices) pool.control.open(STREAM);
      scene.run(5000);
      const ages: [number, number][] = [];
      b.onControl = ({ bytes, ageMs }) => ages.push([scene.nowMs - numberIn(bytes), ageMs]);
      for (let i = 0; i < 200; i++) {
        a.act((pool, now) => pool.control.poll(now, STREAM.stream, 'up', frameOf(scene.nowMs)));
        scene.run(10);
      }
      expect(ages.length).toBeGreaterThan(190);
      // A poll begins up to 10 ms before it is made; the rest is what the clocks do not know.
      for (const [trueMs, ageMs] of ages) expect(Math.abs(ageMs - 5 - trueMs)).toBeLessThan(5 + 6);
    }
  });

  test('begin anew with a member that comes back as the same device', () => {
    const { world: it, told } = world(2);
    const [a, b] = it.members;
    if (a === undefined || b === undefined) throw new Error('no members');
    play(it, [a], 500);
    const before = told[1]?.length ?? 0;
    a.pool.control.close(STREAM.stream);
    a.pool.control.open({ ...STREAM, hz: 200 });
    play(it, [a], 500);
    it.run(100);
    expect((told[1]?.length ?? 0) - before).toBeGreaterThan(40);
    expect(b.pool.control.stats(STREAM.stream)?.received.refused['rate-changed']).toBe(0);
  });

  test('count what one peer breaks for that peer, and no other suffers', () => {
    const { world: it, told } = world(3);
    const [a, b, c] = it.members;
    if (a === undefined || b === undefined || c === undefined) throw new Error('no members');
    const broken = Uint8Array.of(STREAM.stream, 0xff, 1, 2);
    play(it, [b], 500, () => c.pool.control.receive(it.clock.now, a.id, CONTROL_SCHEMAS.up, broken, 0));
    it.run(100);
    expect(c.pool.control.stats(STREAM.stream)?.received.refused.malformed).toBeGreaterThan(40);
    expect(told[2]?.filter(({ peer }) => peer === b.id).length).toBeGreaterThan(45);
    expect(c.pool.peers.map(({ path }) => path)).toEqual(['direct', 'direct']);
  });

  test('are told of in the reports while one is open', () => {
    const { world: it } = world(2);
    const [a] = it.members;
    if (a === undefined) throw new Error('no members');
    a.act((pool, now) => pool.watchStats(now, 1000));
    play(it, [a], 1100);
    const control = a.all('stats').at(-1)?.stats.control;
    expect(control?.sent.polls).toBeGreaterThan(80);
    a.pool.control.close(STREAM.stream);
    it.run(1100);
    expect(a.all('stats').at(-1)?.stats.control).toBeUndefined();
  });
});

describe('what a pool keeps of control streams', () => {
  const alone = (): { control: PoolControl; frames: ControlFrame[] } => {
    const frames: ControlFrame[] = [];
    const control = new PoolControl({
      peers: () => [],
      timeUs: (now) => now * 1000,
      transitMs: () => 0,
      emit: (frame) => frames.push(frame),
    });
    return { control, frames };
  };

  test('is nothing of streams that are not open here, nor of other schemas', () => {
    const { control, frames } = alone();
    control.open(STREAM);
    const payload = Uint8Array.of(9, 0, 0, 0, 100, 1, 0, 0, 1, 7);
    control.receive(0, 'a', CONTROL_SCHEMAS.up, payload, 0);
    control.receive(0, 'a', 300, payload.with(0, STREAM.stream), 0);
    control.receive(0, 'a', CONTROL_SCHEMAS.up, new Uint8Array(0), 0);
    expect(frames).toEqual([]);
    control.receive(0, 'a', CONTROL_SCHEMAS.up, payload.with(0, STREAM.stream), 0);
    expect(frames).toMatchObject([{ peer: 'a', poll: 0, stream: STREAM.stream, direction: 'up' }]);
  });

  test('outlives the peer as a count, and only so', () => {
    const { control } = alone();
    control.open(STREAM);
    const payload = Uint8Array.of(STREAM.stream, 0, 0, 0, 100, 1, 0, 0, 1, 7);
    control.receive(0, 'a', CONTROL_SCHEMAS.up, payload, 0);
    control.peerDown('a');
    expect(control.stats(STREAM.stream)?.received.surfaced).toBe(1);
    control.receive(0, 'a', CONTROL_SCHEMAS.up, payload, 0);
    expect(control.stats(STREAM.stream)?.received).toMatchObject({ surfaced: 2, duplicates: 0 });
  });

  test('refuses to open a stream twice, and a frame too long, by name', () => {
    const { control } = alone();
    control.open(STREAM);
    expect(() => control.open(STREAM)).toThrow(/^stream: expected one that is not open, got 4/);
    expect(() => control.poll(0, STREAM.stream, 'up', new Uint8Array(UP_FRAME_BYTES_MAX + 1))).toThrow(
      /^frame: expected/,
    );
    expect(control.stats(99)).toBeUndefined();
  });
});
