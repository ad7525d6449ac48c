// Peers that claim, ask and bring what they should not, and disks that refuse: each has one clear outcome, stays within its
// bounds, and the conversation among the others goes on.
import { describe, expect, test } from '@jest/globals';
import type { TalkEnvelope, Head } from '../../src/wire/talk-envelope.ts';
import { toHex } from '../../src/wire/bytes.ts';
import { collectGarbage } from '../support/collect.ts';
import { LogKeeper, POOL_ROOM } from './log-keeper.ts';
import { alike, devices, say, start, type LogDevice } from './logs.ts';
import { Net, START_MS, type Sent } from './net.ts';

async function three(net: Net): Promise<[LogDevice, LogDevice, LogDevice]> {
  const [a, b, liar] = await devices(net, [50, 50, 1]);
  if (a === undefined || b === undefined || liar === undefined) throw new Error('three devices');
  net.mesh();
  await net.run(3000);
  return [a, b, liar];
}

function bring(from: LogDevice, to: LogDevice, envelope: TalkEnvelope): void {
  const entries = envelope.kind === 'entries' ? envelope.entries : [];
  to.device.received(
    from.device.id,
    envelope,
    entries.reduce((sum, { length }) => sum + length, 0),
  );
}

const randomHead = (net: Net, last: number, author?: string): Head => ({
  author: author ?? toHex(net.random.bytes(16)),
  chain: POOL_ROOM,
  ranges: [{ first: 1, last }],
  hash: net.random.bytes(32),
});

describe('a million heads of chains that nobody writes', () => {
  test('are remembered up to a bound, asked for a few at a time, and hold nobody up', async () => {
    const net = new Net(1);
    const [a, b, liar] = await three(net);
    const sent: Sent[] = [];
    net.sent = sent;
    // The liar itself is silent: what it is asked for reaches nobody.
    net.tamper = ({ to, envelope }) => (to === liar.device.id ? undefined : envelope);
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    const hash = new Uint8Array(32);
    for (let i = 0; i < 1_000_000; i += 250) {
      const heads = Array.from({ length: 250 }, (_, k) => {
        const author = (i + k).toString(16).padStart(32, '0');
        return { author, chain: POOL_ROOM, ranges: [{ first: 1, last: 0xffff_ffff }], hash };
      });
      bring(liar, a, { kind: 'heads', heads });
    }
    await net.run(60_000);
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
    expect(sent.filter(({ to, envelope }) => to === liar.device.id && envelope.kind === 'want').length).toBeLessThan(
      30,
    );
    await say(net, b);
    await net.run(300);
    expect(alike([a, b])).toBe(true);
    expect(a.device.told('gaps')).toEqual([]);
  }, 60_000);
});

describe('a peer that says it has what it does not have', () => {
  test('keeps nobody from getting it of another', async () => {
    const net = new Net(2);
    const [a, b, liar] = await three(net);
    const late = { keeper: new LogKeeper(net.random.bytes(32)) };
    const device = start(net, late.keeper, 'late');
    net.tamper = ({ from, envelope }) =>
      from === liar.device.id && envelope.kind === 'entries' ? undefined : envelope;
    net.link(device, liar.device);
    bring(liar, { ...late, device }, { kind: 'heads', heads: [randomHead(net, 4_000_000_000, a.device.id)] });
    await net.run(100);
    net.link(device, b.device);
    expect(await net.runUntil(() => late.keeper.held.includes(`${a.keeper.self}/${POOL_ROOM} 1-50`), 30_000)).toBe(
      true,
    );
    expect(device.told('gaps')).toEqual([]);
  });

  test('and answers with nothing is soon asked no more', async () => {
    const net = new Net(3);
    const [a, , liar] = await three(net);
    const sent: Sent[] = [];
    net.sent = sent;
    net.tamper = ({ from, envelope }) =>
      from === liar.device.id && envelope.kind === 'entries' ? { ...envelope, entries: [] } : envelope;
    for (let i = 0; i < 500; i++) {
      bring(liar, a, { kind: 'heads', heads: [randomHead(net, 10)] });
      await net.run(100);
    }
    const wants = sent.filter(({ to, envelope }) => to === liar.device.id && envelope.kind === 'want');
    expect(wants.length).toBeLessThan(30);
  });
});

describe('entries nobody asked for', () => {
  test('are held up to a bound while the keeper is busy; the rest is fetched later', async () => {
    const net = new Net(4);
    const [a, , liar] = await three(net);
    const entries = [new Uint8Array(40_000), new Uint8Array(40_000)];
    for (let i = 0; i < 1000; i++) bring(liar, a, { kind: 'entries', want: 0, entries });
    expect(a.device.heldBytesMost).toBeLessThan(1.1 * 1024 * 1024);
    await net.run(100);
    expect(a.device.heldBytes).toBe(0);
  });

  test('that are forged end with nobody listening to who brought them, and a few events', async () => {
    const net = new Net(5);
    const [a, b, liar] = await three(net);
    const other = new LogKeeper(net.random.bytes(32));
    for (let i = 0; i < 100; i++) {
      const { bytes } = other.write('forged', START_MS);
      bring(liar, a, {
        kind: 'entries',
        want: 0,
        entries: [Uint8Array.from(bytes.map((byte, at) => (at === 160 ? byte ^ 1 : byte)))],
      });
      await net.run(10);
    }
    expect(a.device.told('problem').map(({ problem, from }) => [problem.code, from])).toEqual(
      Array.from({ length: 3 }, () => ['forged', liar.device.id]),
    );
    await say(net, b);
    await net.run(300);
    expect(alike([a, b])).toBe(true);
    // Its next link is a new beginning.
    net.unlink(a.device, liar.device);
    net.link(a.device, liar.device);
    await say(net, liar);
    expect(await net.runUntil(() => alike([a, liar]))).toBe(true);
  });
});

test('a flood of wants is answered within bounds', async () => {
  const net = new Net(6);
  const [a, , liar] = await three(net);
  const before = a.keeper.counted.get('give') ?? 0;
  for (let want = 1; want <= 5000; want++) {
    bring(liar, a, { kind: 'want', want, author: a.device.id, chain: POOL_ROOM, range: { first: 1, last: 50 } });
  }
  await net.run(1000);
  expect((a.keeper.counted.get('give') ?? 0) - before).toBeLessThan(20);
});

test('a blocked link gets answers as it takes them, and everything in the end', async () => {
  const net = new Net(7);
  const all = await devices(net, [20_000, 0], { historyFirst: 20_000, wantsPerPeerMax: 64, asksPerPeerMax: 64 });
  const [a, b] = all;
  if (a === undefined || b === undefined) throw new Error('two devices');
  net.link(a.device, b.device);
  expect(await net.runUntil(() => alike(all))).toBe(true);
}, 60_000);

describe('two heads of one number', () => {
  test('make a fork known to all, and everything else goes on', async () => {
    const net = new Net(8);
    const [a, b, liar] = await three(net);
    net.unlink(liar.device, a.device);
    net.unlink(liar.device, b.device);
    net.unlink(a.device, b.device);
    await net.run(100);
    // What the liar says to one is not what it says to the other.
    const twin = liar.keeper.copy();
    net.link(liar.device, a.device);
    await say(net, liar, 'to a');
    await net.run(2000);
    net.stop(liar.device);
    await net.run(100);
    const other = start(net, twin, 'liar');
    net.link(other, b.device);
    await say(net, { keeper: twin, device: other }, 'to b');
    await net.run(2000);
    net.link(a.device, b.device);
    await net.run(5000);
    for (const { device } of [a, b]) {
      expect(device.told('problem').map(({ problem }) => problem)).toMatchObject([
        { code: 'fork', author: liar.keeper.self },
      ]);
    }
    await say(net, a);
    expect(
      await net.runUntil(() => a.keeper.held[0] === b.keeper.held[0] && a.keeper.held[1] === b.keeper.held[1], 5000),
    ).toBe(true);
  });
});

describe('a device restored from a backup', () => {
  test('fetches what others have of its own chain before it writes', async () => {
    const net = new Net(9);
    const [a, b] = await three(net);
    const backup = a.keeper.copy();
    for (let i = 0; i < 5; i++) await say(net, a);
    await net.run(1000);
    net.stop(a.device);
    const device = start(net, backup, 'a again');
    net.link(device, b.device);
    await net.run(70); // heads are here, entries are not
    const restored = { keeper: backup, device };
    await say(net, restored, 'after all that');
    await net.run(1000);
    expect(backup.held).toContain(`${a.keeper.self}/${POOL_ROOM} 1-56`);
    expect(alike([restored, b])).toBe(true);
    expect(b.device.told('problem')).toEqual([]);
  });

  test('writes all the same if what they say they have does not come', async () => {
    const net = new Net(10);
    const [a, , liar] = await three(net);
    net.tamper = ({ to, envelope }) => (to === liar.device.id && envelope.kind === 'want' ? undefined : envelope);
    bring(liar, a, { kind: 'heads', heads: [randomHead(net, 1000, a.device.id)] });
    const beganMs = net.clock.now;
    await say(net, a);
    expect(net.clock.now - beganMs).toBeLessThan(6000);
  });
});

test('a disk that is full is said once in a while, and everything is fetched when it has room again', async () => {
  const net = new Net(11);
  const all = await devices(net, [400, 0]);
  const [a, b] = all;
  if (a === undefined || b === undefined) throw new Error('two devices');
  b.keeper.full = true;
  net.link(a.device, b.device);
  await net.run(25_000);
  const problems = b.device.told('problem').length;
  expect(problems).toBeGreaterThan(0);
  expect(problems).toBeLessThan(5);
  b.keeper.full = false;
  expect(await net.runUntil(() => alike(all), 30_000)).toBe(true);
});
