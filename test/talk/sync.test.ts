// Who fetches what of whom: heads, wants, pushes, older entries, gaps, and how much all of it costs.
import { describe, expect, test } from '@jest/globals';
import { alike, devices, say, start, type LogDevice } from './logs.ts';
import { LogKeeper, POOL_ROOM } from './log-keeper.ts';
import { Net, type Sent } from './net.ts';
import { ENTRY_FIXED_BYTES } from '../../src/wire/entry.ts';

const ENTRY_BYTES = ENTRY_FIXED_BYTES + 120;
const key = ({ keeper }: LogDevice): string => `${keeper.self}/${POOL_ROOM}`;
const held = (at: LogDevice, of: LogDevice): string | undefined =>
  at.keeper.held.find((line) => line.startsWith(key(of)))?.slice(key(of).length + 1);

describe('logs', () => {
  test('come together when devices link, whoever has them', async () => {
    const net = new Net(1);
    const [a, b, c] = await devices(net, [300, 20, 0]);
    if (a === undefined || b === undefined || c === undefined) throw new Error('three devices');
    net.link(a.device, b.device);
    expect(await net.runUntil(() => held(b, a) === '1-300')).toBe(true);
    net.stop(a.device);
    net.link(b.device, c.device);
    expect(await net.runUntil(() => alike([b, c]))).toBe(true);
    expect(held(c, a)).toBe('1-300');
  });

  test('cost near one copy for each that lacks them, when eight devices meet', async () => {
    const net = new Net(2);
    const counts = [400, 300, 500, 0, 100, 200, 450, 50];
    const all = await devices(net, counts);
    net.mesh();
    expect(await net.runUntil(() => alike(all))).toBe(true);
    await net.run(30_000);
    const entries = counts.reduce((sum, count) => sum + count, 0);
    const missing = entries * (all.length - 1) * ENTRY_BYTES;
    expect(net.sentBytes / missing).toBeLessThan(1.1);
  });

  test('are fetched from all who have them, not from one', async () => {
    const net = new Net(3);
    const all = await devices(net, [500, 500, 500]);
    net.mesh();
    await net.runUntil(() => alike(all));
    const late = { keeper: new LogKeeper(net.random.bytes(32)) };
    const device = start(net, late.keeper, 'late');
    net.sent = [];
    net.mesh();
    expect(await net.runUntil(() => alike([...all, { ...late, device }]))).toBe(true);
    for (const { device: giver } of all) {
      const gave = net.sent.filter(
        ({ from, to, envelope }) => from === giver.id && to === device.id && envelope.kind === 'entries',
      );
      expect(gave.length).toBeGreaterThan(1);
    }
  });

  test('what is written goes to everyone at once, and to each once', async () => {
    const net = new Net(4);
    const all = await devices(net, [1, 1, 1, 1, 1, 1]);
    net.mesh();
    await net.run(40_000);
    net.sent = [];
    const [first] = all;
    if (first === undefined) throw new Error('six devices');
    await say(net, first);
    await net.run(100);
    expect(alike(all)).toBe(true);
    await net.run(40_000);
    expect(net.sent.filter(({ envelope }) => envelope.kind === 'entries').length).toBe(5);
    expect(net.sent.filter(({ envelope }) => envelope.kind === 'want')).toEqual([]);
  });

  test('what is written in a row costs little more than itself', async () => {
    const net = new Net(5);
    const all = await devices(net, [1, 1, 1, 1, 1, 1, 1, 1]);
    net.mesh();
    await net.run(40_000);
    const before = net.sentBytes;
    for (let i = 0; i < 200; i++) {
      const writer = all[i % 8];
      if (writer !== undefined) await say(net, writer);
      await net.run(250);
    }
    await net.run(60_000);
    expect(alike(all)).toBe(true);
    expect((net.sentBytes - before) / (200 * 7 * ENTRY_BYTES)).toBeLessThan(1.7);
  });

  test('reach those whom the author does not, soon', async () => {
    const net = new Net(6);
    const all = await devices(net, [1, 1, 1]);
    const [a, b, c] = all;
    if (a === undefined || b === undefined || c === undefined) throw new Error('three devices');
    net.link(a.device, b.device);
    net.link(b.device, c.device);
    await net.run(10_000);
    await say(net, a);
    // The first time it is noticed that the author does not reach it; from then on it is told at once.
    expect(await net.runUntil(() => held(c, a) === '1-2', 11_000)).toBe(true);
    await say(net, a);
    expect(await net.runUntil(() => held(c, a) === '1-3', 600)).toBe(true);
  });

  test('go on after a link that broke in the middle', async () => {
    const net = new Net(7);
    const all = await devices(net, [500, 0]);
    const [a, b] = all;
    if (a === undefined || b === undefined) throw new Error('two devices');
    for (let i = 0; i < 20; i++) {
      net.link(a.device, b.device);
      await net.run(net.random.between(20, 120));
      net.unlink(a.device, b.device);
    }
    net.link(a.device, b.device);
    expect(await net.runUntil(() => alike(all))).toBe(true);
  });
});

describe('older entries', () => {
  test('are left where they are until somebody wants more', async () => {
    const net = new Net(10);
    const [a, b] = await devices(net, [1800, 0]);
    if (a === undefined || b === undefined) throw new Error('two devices');
    net.link(a.device, b.device);
    await net.run(5000);
    expect(held(b, a)).toBe('1301-1800');
    expect(b.device.told('older').at(-1)?.entries).toBe(1300);
    expect(b.device.told('gaps')).toEqual([]);
    b.device.act((talk, now) => talk.more(now));
    expect(await net.runUntil(() => b.device.told('more').length === 1)).toBe(true);
    expect(b.device.told('more')[0]?.entries).toBe(500);
    expect(held(b, a)).toBe('801-1800');
    for (let i = 0; i < 2; i++) {
      b.device.act((talk, now) => talk.more(now));
      await net.run(5000);
    }
    expect(held(b, a)).toBe('1-1800');
    b.device.act((talk, now) => talk.more(now));
    await net.run(100);
    expect(b.device.told('more').map(({ entries }) => entries)).toEqual([500, 500, 300, 0]);
    expect(b.device.told('older').at(-1)?.entries).toBe(0);
  });

  test('what came while a device was away is all fetched, however much', async () => {
    const net = new Net(11);
    const [a, b] = await devices(net, [10, 0]);
    if (a === undefined || b === undefined) throw new Error('two devices');
    net.link(a.device, b.device);
    await net.run(2000);
    net.unlink(a.device, b.device);
    for (let i = 0; i < 1500; i++) a.keeper.write('while you were away', 1_700_000_000_000 + i);
    net.stop(a.device);
    const again = start(net, a.keeper, 'again');
    net.link(again, b.device);
    await net.run(5000);
    expect(held(b, a)).toBe('1-1510');
  });
});

describe('a gap', () => {
  const drop = (from: string, count: number) => {
    let left = count;
    return ({ envelope, from: sender }: Sent) =>
      sender === from && envelope.kind === 'entries' && left-- > 0 ? undefined : envelope;
  };

  test('shows when nobody here can fill it, and goes when somebody does', async () => {
    const net = new Net(12);
    const all = await devices(net, [5, 0]);
    const [a, b] = all;
    if (a === undefined || b === undefined) throw new Error('two devices');
    net.link(a.device, b.device);
    await net.run(2000);
    net.tamper = drop(a.device.id, 1);
    await say(net, a, 'lost');
    await say(net, a, 'kept');
    await net.run(150);
    net.unlink(a.device, b.device);
    await net.run(2000);
    expect(b.device.told('gaps').at(-1)?.gaps).toMatchObject([{ author: a.keeper.self, room: POOL_ROOM, count: 1 }]);
    // It is there after a restart as well.
    net.stop(b.device);
    const again = start(net, b.keeper, 'b again');
    await net.run(2000);
    const [gap] = again.told('gaps').at(-1)?.gaps ?? [];
    expect(gap).toEqual(b.device.told('gaps').at(-1)?.gaps[0]);
    net.link(a.device, again);
    await net.run(3000);
    expect(again.told('gaps').at(-1)?.gaps).toEqual([]);
    expect(held(b, a)).toBe('1-7');
  });
});
