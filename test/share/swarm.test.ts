import { describe, expect, test } from '@jest/globals';
import { CHUNK_BYTES, Net, received, type Device } from './net.ts';

const CHUNKS = 120;
const seeds = Array.from({ length: 20 }, (_, i) => i + 1);

function offered(net: Net, from: Device, chunks = CHUNKS): Uint8Array {
  const bytes = net.random.bytes(chunks * CHUNK_BYTES - 5);
  from.offer([{ name: 'file', bytes }]);
  net.run(50);
  return bytes;
}

const has = (device: Device, bytes: Uint8Array): boolean => {
  const got = received(device).get('file');
  return got !== undefined && Buffer.compare(got, bytes) === 0;
};

describe('a swarm', () => {
  test.each(seeds)('takes little more than one copy of the offering device (seed %i)', (seed) => {
    const net = new Net(seed);
    const [seeder, ...others] = Array.from({ length: 6 }, () => net.join()) as [Device, ...Device[]];
    for (const device of [seeder, ...others]) device.rate = 500_000;
    const bytes = offered(net, seeder, 300);
    for (const device of others) device.acceptAll();
    expect(net.runUntil(() => others.every((device) => has(device, bytes)))).toBe(true);
    expect((net.sentBytes.get(seeder.id) ?? 0) / bytes.length).toBeLessThan(1.25);
  });

  test.each(seeds)('gives a chunk to nobody twice as long as there is another (seed %i)', (seed) => {
    const net = new Net(seed);
    const [seeder, ...others] = Array.from({ length: 4 }, () => net.join()) as [Device, ...Device[]];
    for (const device of [seeder, ...others]) device.rate = 200_000;
    const bytes = offered(net, seeder);
    for (const device of others) device.acceptAll();
    // Until half of the file has left the seeder, only what two asked for before they heard of each other went twice.
    net.runUntil(() => (net.sentBytes.get(seeder.id) ?? 0) > bytes.length / 2);
    const distinct = new Set(others.flatMap((device) => [...device.store.chunksOf('file')])).size * CHUNK_BYTES;
    expect(net.sentBytes.get(seeder.id) ?? 0).toBeLessThan(distinct * 1.2 + 12 * CHUNK_BYTES);
  });

  test('goes on without the offering device once all hashes are told', () => {
    const net = new Net(1);
    const [seeder, a, b] = Array.from({ length: 3 }, () => net.join({ hashAheadChunks: CHUNKS })) as [
      Device,
      Device,
      Device,
    ];
    seeder.rate = 500_000;
    const bytes = offered(net, seeder);
    a.acceptAll();
    expect(net.runUntil(() => has(a, bytes))).toBe(true);
    b.acceptAll();
    net.runUntil(() => (b.transfer('file')?.doneBytes ?? 0) > bytes.length / 10);
    net.kill(seeder);
    expect(net.runUntil(() => has(b, bytes))).toBe(true);
    expect(b.transfer('file')).toMatchObject({ state: 'ended', end: 'verified' });
    expect(b.transfer('file')?.sources.map(({ peer }) => peer)).toContain(a.id);
  });

  test('serves one that comes late from those who have it', () => {
    const net = new Net(2);
    const [seeder, a] = [net.join(), net.join()];
    const bytes = offered(net, seeder);
    a.acceptAll();
    expect(net.runUntil(() => has(a, bytes))).toBe(true);
    const late = net.join();
    net.run(50);
    seeder.rate = 100_000;
    a.rate = 1_000_000;
    late.acceptAll();
    expect(net.runUntil(() => has(late, bytes))).toBe(true);
    expect(net.requests(late.id, a.id)).toBeGreaterThan(net.requests(late.id, seeder.id));
  });

  test.each(seeds)('loses nothing while sources come, stall and leave (seed %i)', (seed) => {
    const net = new Net(seed);
    const [seeder, ...others] = Array.from({ length: 7 }, () => net.join()) as [Device, ...Device[]];
    for (const device of [seeder, ...others]) device.rate = 300_000;
    const bytes = offered(net, seeder);
    const staying = others.slice(0, 3);
    for (const device of others) net.clock.after(net.random.between(0, 2000), () => device.acceptAll());
    const [stalled, ...leaving] = others.slice(3) as [Device, ...Device[]];
    net.clock.after(1500, () => (stalled.rate = 1));
    for (const device of leaving) net.clock.after(net.random.between(500, 6000), () => net.kill(device));
    expect(net.runUntil(() => staying.every((device) => has(device, bytes)))).toBe(true);
    for (const device of staying) expect(device.store.violations).toEqual([]);
  });

  test('asks a second source for what the first is slow with', () => {
    const net = new Net(3);
    const [seeder, a, b] = Array.from({ length: 3 }, () => net.join({ hashAheadChunks: CHUNKS })) as [
      Device,
      Device,
      Device,
    ];
    const bytes = offered(net, seeder, 40);
    a.acceptAll();
    expect(net.runUntil(() => has(a, bytes))).toBe(true);
    a.rate = 1;
    b.acceptAll();
    expect(net.runUntil(() => has(b, bytes), 30_000)).toBe(true);
  });
});

test('what somebody was given and never passes on is had of the offering device after all', () => {
  // Both receivers have the first half from before: nobody is ever given that, so there is no moment when all was given.
  const net = new Net(7);
  const [seeder, a, b] = [net.join(), net.join(), net.join()];
  const bytes = offered(net, seeder, 80);
  seeder.rate = 400_000;
  for (const device of [a, b]) device.acceptAll();
  net.runUntil(() => [a, b].every((device) => (device.transfer('file')?.doneBytes ?? 0) > bytes.length / 3));
  for (const device of [seeder, a, b]) net.kill(device);
  for (const device of [a, b]) device.store.crash(() => false);
  const anew = net.join({ id: seeder.id });
  anew.rate = 100_000;
  anew.offer([{ name: 'file', bytes }]);
  const [again, stalled] = [a, b].map(({ id, store }) => net.join({ id, store })) as [Device, Device];
  net.run(50);
  // What it asks for, it is given; its disk never takes it.
  const perform = stalled.store.perform.bind(stalled.store);
  stalled.store.perform = (op, then) => {
    if (op.op !== 'write') perform(op, then);
  };
  stalled.acceptAll();
  net.run(300);
  again.acceptAll();
  expect(net.runUntil(() => has(again, bytes), 60_000)).toBe(true);
});

describe('a source that sends what is wrong', () => {
  const flips = (device: Device): void => {
    device.tamper = (op, result) => {
      if (op.op !== 'read' || !result.ok || !(result.value instanceof Uint8Array)) return result;
      const value = result.value.slice();
      value[0] = (value[0] ?? 0) ^ 1;
      return { ok: true, value };
    };
  };

  test('is struck out after three chunks, and the file still arrives', () => {
    const net = new Net(4);
    const [seeder, liar, c] = [net.join(), net.join(), net.join()];
    seeder.rate = 300_000;
    const bytes = offered(net, seeder);
    liar.acceptAll();
    expect(net.runUntil(() => has(liar, bytes))).toBe(true);
    flips(liar);
    c.acceptAll();
    expect(net.runUntil(() => has(c, bytes))).toBe(true);
    const struck = c.events.filter((event) => event.kind === 'struck');
    expect(struck).toHaveLength(1);
    expect(struck[0]).toMatchObject({ peer: liar.id });
    expect(struck[0]?.evidence).toHaveLength(3);
    expect(c.transfer('file')?.sources.find(({ peer }) => peer === liar.id)).toMatchObject({
      wrongChunks: 3,
      bytes: 0,
    });
    const asked = net.requests(c.id, liar.id);
    liar.tamper = (_op, result) => result;
    const again = offered(net, seeder, 30);
    liar.acceptAll();
    net.run(5000);
    c.acceptAll();
    net.runUntil(() => received(c).get('file')?.length === again.length);
    expect(net.requests(c.id, liar.id)).toBe(asked);
  });

  test('ends the transfer as corrupt when nobody else has the file', () => {
    const net = new Net(5);
    const [seeder, a] = [net.join(), net.join()];
    offered(net, seeder);
    flips(seeder);
    a.acceptAll();
    expect(net.runUntil(() => a.transfer('file')?.state === 'ended')).toBe(true);
    expect(a.transfer('file')?.end).toBe('corrupt');
    expect(received(a).size).toBe(0);
  });

  test('never counts for being slow or gone', () => {
    const net = new Net(6);
    const [seeder, slow, c] = [net.join(), net.join(), net.join()];
    const bytes = offered(net, seeder);
    slow.acceptAll();
    expect(net.runUntil(() => has(slow, bytes))).toBe(true);
    slow.rate = 1000;
    seeder.rate = 200_000;
    c.acceptAll();
    net.run(2000);
    net.kill(slow);
    expect(net.runUntil(() => has(c, bytes))).toBe(true);
    expect(c.events.some((event) => event.kind === 'struck')).toBe(false);
  });
});
