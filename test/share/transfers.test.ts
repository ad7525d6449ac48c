import { describe, expect, test } from '@jest/globals';
import { CHUNK_BYTES, Net, received, type Device } from './net.ts';

const CHUNKS = 100;

function two(seed: number): { net: Net; from: Device; to: Device } {
  const net = new Net(seed);
  const [from, to] = [net.join(), net.join()];
  from.rate = 500_000;
  return { net, from, to };
}

const id = (device: Device, name: string): string => device.transfer(name)?.id ?? '';

describe('a transfer', () => {
  test('that is paused asks for nothing, and goes on where it was', () => {
    const { net, from, to } = two(1);
    const bytes = net.random.bytes(CHUNKS * CHUNK_BYTES);
    from.offer([{ name: 'a', bytes }]);
    net.run(50);
    to.acceptAll();
    net.run(1000);
    to.act((share, now) => share.pause(now, id(to, 'a')));
    // What is in the line already still goes out.
    net.run(500);
    const sent = net.sentBytes.get(from.id);
    const asked = net.requests(to.id, from.id);
    net.run(5000);
    expect(to.transfer('a')?.state).toBe('paused');
    expect(net.requests(to.id, from.id)).toBe(asked);
    expect(net.sentBytes.get(from.id)).toBe(sent);
    to.act((share, now) => share.resume(now, id(to, 'a')));
    expect(net.runUntil(() => received(to).size === 1)).toBe(true);
    expect(Buffer.compare(received(to).get('a') ?? new Uint8Array(), bytes)).toBe(0);
    expect((net.sentBytes.get(from.id) ?? 0) / bytes.length).toBeLessThan(1.2);
  });

  test('that is paused while it waits its turn stays out of the way', () => {
    const { net, from, to } = two(2);
    const files = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({ name, bytes: net.random.bytes(20 * CHUNK_BYTES) }));
    from.offer(files);
    net.run(50);
    to.acceptAll();
    expect(to.transfer('f')?.state).toBe('queued');
    to.act((share, now) => share.pause(now, id(to, 'f')));
    expect(net.runUntil(() => received(to).size === 5)).toBe(true);
    net.run(1000);
    expect(to.transfer('f')?.state).toBe('paused');
    to.act((share, now) => share.resume(now, id(to, 'f')));
    expect(net.runUntil(() => received(to).size === 6)).toBe(true);
  });

  test('can be moved to the front of the queue', () => {
    const { net, from, to } = two(3);
    from.offer(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => ({ name, bytes: net.random.bytes(20 * CHUNK_BYTES) })),
    );
    net.run(50);
    to.acceptAll();
    to.act((share, now) => share.move(now, id(to, 'g'), 0));
    expect(net.runUntil(() => received(to).has('g'))).toBe(true);
    expect(to.transfer('f')?.doneBytes).toBe(0);
  });

  test('of some files of an offer leaves the others', () => {
    const { net, from, to } = two(4);
    from.offer(['a', 'b', 'c'].map((name) => ({ name, bytes: net.random.bytes(3 * CHUNK_BYTES) })));
    net.run(50);
    const [offer] = to.offers;
    const [a, , c] = offer?.files ?? [];
    to.act((share, now) => share.accept(now, offer?.id ?? '', [a?.number ?? 0, c?.number ?? 0]));
    net.run(5000);
    expect([...received(to).keys()].sort()).toEqual(['a', 'c']);
    expect(from.transfers.map(({ name, end }) => `${name} ${end}`).sort()).toEqual(['a verified', 'c verified']);
  });

  test('that was cancelled can be taken again, from nothing', () => {
    const { net, from, to } = two(5);
    const bytes = net.random.bytes(CHUNKS * CHUNK_BYTES);
    from.offer([{ name: 'a', bytes }]);
    net.run(50);
    to.acceptAll();
    net.run(500);
    to.act((share, now) => share.cancel(now, id(to, 'a')));
    net.run(200);
    expect(to.transfer('a')).toMatchObject({ state: 'ended', end: 'cancelled' });
    expect(from.transfer('a', 'out')).toMatchObject({ state: 'ended', end: 'cancelled' });
    to.act((share, now) => share.retry(now, id(to, 'a')));
    expect(net.runUntil(() => received(to).size === 1)).toBe(true);
    expect(to.transfer('a')?.keptBytes).toBe(0);
    expect(net.runUntil(() => from.transfer('a', 'out')?.end === 'verified', 100)).toBe(true);
  });

  test('keeps within the limits that were set', () => {
    const { net, from, to } = two(6);
    from.rate = 10_000_000;
    from.offer([{ name: 'a', bytes: net.random.bytes(CHUNKS * CHUNK_BYTES) }]);
    net.run(50);
    to.act((share, now) => share.limit(now, { downBytesPerSecond: 200_000 }));
    to.acceptAll();
    net.run(4000);
    const down = to.transfer('a');
    expect(down?.doneBytes).toBeGreaterThan(4 * 150_000);
    expect(down?.doneBytes).toBeLessThan(4 * 230_000);
    expect(down?.limit).toBe('cap');
    to.act((share, now) => share.limit(now, {}));
    from.act((share, now) => share.limit(now, { upBytesPerSecond: 50_000 }));
    net.run(4000);
    const before = to.transfer('a')?.doneBytes ?? 0;
    net.run(4000);
    expect((to.transfer('a')?.doneBytes ?? 0) - before).toBeLessThan(4 * 70_000);
  });

  test('refuses a limit that is none', () => {
    const { to } = two(7);
    expect(() => to.share.limit(0, { upBytesPerSecond: 0 })).toThrow(RangeError);
  });

  test('ends when the file changes while it is sent, and says so', () => {
    const { net, from, to } = two(8);
    from.offer([{ name: 'a', bytes: net.random.bytes(CHUNKS * CHUNK_BYTES) }]);
    net.run(50);
    to.acceptAll();
    net.run(500);
    from.tamper = (op, result) => (op.op === 'read' ? { ok: false, code: 'changed' } : result);
    expect(net.runUntil(() => to.transfer('a')?.state === 'ended')).toBe(true);
    expect(to.transfer('a')?.end).toBe('changed');
    expect(from.transfer('a', 'out')?.end).toBe('changed');
  });
});

test('an offer of one file that cannot be read any more is open to nobody', () => {
  const net = new Net(9);
  const [from, to, third] = [net.join(), net.join(), net.join()];
  from.offer([{ name: 'a', bytes: net.random.bytes(CHUNKS * CHUNK_BYTES) }]);
  net.run(50);
  to.acceptAll();
  from.tamper = (op, result) => (op.op === 'read' ? { ok: false, code: 'unreadable' } : result);
  net.run(3000);
  expect(to.transfer('a')?.end).toBe('unreadable');
  expect(third.offers).toMatchObject([{ state: 'withdrawn' }]);
});

describe('what was received before', () => {
  test.each(Array.from({ length: 40 }, (_, i) => i + 1))('is not fetched again after a kill (seed %i)', (seed) => {
    const { net, from, to } = two(seed);
    const bytes = net.random.bytes(CHUNKS * CHUNK_BYTES);
    from.offer([{ name: 'a', bytes }]);
    net.run(50);
    to.acceptAll();
    net.run(net.random.between(300, 2500));
    const verified = to.transfer('a')?.doneBytes ?? 0;
    net.kill(to);
    // The index lags behind the data: what it had not written is found by looking.
    to.store.crash(() => net.random.chance(0.2));
    const before = net.sentBytes.get(from.id) ?? 0;
    const again = net.join({ id: to.id, store: to.store });
    net.run(50);
    again.acceptAll();
    expect(net.runUntil(() => again.transfer('a')?.end === 'verified')).toBe(true);
    expect(Buffer.compare(received(again).get('a') ?? new Uint8Array(), bytes)).toBe(0);
    expect(again.store.rewrittenBytes).toBe(0);
    expect(again.transfer('a')?.keptBytes).toBeGreaterThanOrEqual(verified);
    expect((net.sentBytes.get(from.id) ?? 0) - before).toBeLessThanOrEqual(bytes.length - verified);
  });

  test('is told to the offering device however long the store takes to find it', () => {
    const { net, from, to } = two(60);
    const bytes = net.random.bytes(3 * CHUNKS * CHUNK_BYTES);
    from.offer([{ name: 'a', bytes }]);
    net.run(50);
    to.acceptAll();
    net.run(6000);
    expect(to.transfer('a')?.doneBytes).toBeGreaterThan(150 * CHUNK_BYTES);
    net.kill(to);
    net.kill(from);
    to.store.crash(() => false);
    net.join({ id: from.id }).offer([{ name: 'a', bytes }]);
    const again = net.join({ id: to.id, store: to.store });
    again.store.delayCreateMs = 500;
    net.run(50);
    again.acceptAll();
    expect(net.runUntil(() => received(again).size === 1)).toBe(true);
  });

  test('goes on by itself when the offering device comes back as new', () => {
    const { net, from, to } = two(50);
    const bytes = net.random.bytes(CHUNKS * CHUNK_BYTES);
    from.offer([{ name: 'a', bytes, modifiedMs: 77 }]);
    net.run(50);
    to.acceptAll();
    net.run(1500);
    net.kill(from);
    net.run(1000);
    expect(to.transfer('a')?.state).toBe('waiting');
    const verified = to.transfer('a')?.doneBytes ?? 0;
    expect(verified).toBeGreaterThan(0);
    const back = net.join({ id: from.id });
    back.offer([{ name: 'a', bytes, modifiedMs: 77 }]);
    expect(net.runUntil(() => to.transfer('a')?.end === 'verified')).toBe(true);
    expect(net.sentBytes.get(from.id)).toBeLessThan(bytes.length + 40 * CHUNK_BYTES);
    expect(to.transfers).toHaveLength(1);
    expect(to.transfer('a')?.keptBytes).toBeGreaterThanOrEqual(verified);
  });

  test('is not lost when the offering device leaves again before it was compared', () => {
    const { net, from, to } = two(54);
    const bytes = net.random.bytes(CHUNKS * CHUNK_BYTES);
    const offer = (device: Device): string => device.offer([{ name: 'a', bytes, modifiedMs: 77 }]);
    offer(from);
    net.run(50);
    to.acceptAll();
    net.run(1500);
    const verified = to.transfer('a')?.doneBytes ?? 0;
    net.kill(from);
    const short = net.join({ id: from.id, hashResumeChunks: 1, hashAheadChunks: 1 });
    offer(short);
    net.run(60);
    net.kill(short);
    expect(to.transfer('a')?.doneBytes).toBeLessThan(verified);
    const before = net.sentBytes.get(from.id) ?? 0;
    offer(net.join({ id: from.id }));
    expect(net.runUntil(() => received(to).size === 1)).toBe(true);
    expect((net.sentBytes.get(from.id) ?? 0) - before).toBeLessThanOrEqual(bytes.length - verified);
  });

  test('goes on when the offering device came back before anybody noticed that it was gone', () => {
    const { net, from, to } = two(51);
    const bytes = net.random.bytes(CHUNKS * CHUNK_BYTES);
    from.offer([{ name: 'a', bytes, modifiedMs: 77 }]);
    net.run(50);
    to.acceptAll();
    net.run(1500);
    from.gone = true;
    const back = net.join({ id: from.id });
    back.offer([{ name: 'a', bytes, modifiedMs: 77 }]);
    expect(net.runUntil(() => to.transfer('a')?.state === 'ended')).toBe(true);
    expect(to.transfer('a')).toMatchObject({ state: 'ended', end: 'verified' });
  });

  test('is taken up from another device that offers the same file, and only what differs is fetched', () => {
    const { net, from, to } = two(52);
    const bytes = net.random.bytes(CHUNKS * CHUNK_BYTES);
    from.offer([{ name: 'a', bytes }]);
    net.run(50);
    to.acceptAll();
    net.run(1500);
    net.kill(from);
    const other = net.join();
    const changed = bytes.slice();
    changed[0] = (changed[0] ?? 0) ^ 1;
    other.offer([{ name: 'a', bytes: changed }]);
    net.run(50);
    const verified = to.transfer('a')?.doneBytes ?? 0;
    to.acceptAll();
    expect(net.runUntil(() => received(to).size === 1)).toBe(true);
    expect(Buffer.compare(received(to).get('a') ?? new Uint8Array(), changed)).toBe(0);
    expect(net.sentBytes.get(other.id)).toBeLessThanOrEqual(bytes.length - verified + CHUNK_BYTES);
  });

  test('is kept when its receiver leaves, and removed when it is cancelled', () => {
    const { net, from, to } = two(53);
    from.offer(['a', 'b'].map((name) => ({ name, bytes: net.random.bytes(CHUNKS * CHUNK_BYTES) })));
    net.run(50);
    to.acceptAll();
    net.run(1000);
    to.act((share, now) => share.cancel(now, id(to, 'a')));
    net.run(100);
    to.act((share, now) => share.leave(now));
    net.run(100);
    expect(to.store.keptNames()).toEqual(['b']);
    expect(to.store.unfinished).toBe(0);
  });
});
