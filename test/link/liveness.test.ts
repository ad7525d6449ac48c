import { describe, expect, test } from '@jest/globals';
import { LinkPair } from '../../src/sim/link-pair.ts';
import { kindsSaid, Lone, payload, upTo } from './support.ts';

const IDLE_MS = 6000;
const HEARTBEAT_MS = 1000;
const link = { idleMs: IDLE_MS, heartbeatMs: HEARTBEAT_MS };

describe('liveness', () => {
  test('a silent peer is declared lost after idleMs by ticks alone, with nothing sent or received', () => {
    const lone = new Lone('acceptor', link).open();
    const openedMs = lone.now;
    for (let at = lone.link.nextTimeout(); at !== undefined; at = lone.link.nextTimeout()) lone.tick(at);
    expect(lone.now).toBe(openedMs + IDLE_MS);
    expect(lone.outputs.at(-1)).toEqual({ kind: 'lost' });
    expect(lone.link.state).toBe('detached');
  });

  test('a peer is alive until idleMs and not a moment less', () => {
    const lone = new Lone('acceptor', link).open();
    const openedMs = lone.now;
    for (let at = openedMs; at < openedMs + IDLE_MS; at += 100) lone.tick(at);
    lone.tick(openedMs + IDLE_MS - 1);
    expect(lone.link.state).toBe('open');
    lone.tick(openedMs + IDLE_MS);
    expect(lone.link.state).toBe('detached');
  });

  test('both ends of a dead path notice within idleMs', () => {
    const pair = new LinkPair({ link });
    pair.connect();
    pair.run(500);
    pair.network.change({ lossRatio: 1 });
    pair.run(IDLE_MS + 1);
    expect(pair.ends.map((end) => end.link.state)).toEqual(['detached', 'detached']);
    for (const end of pair.ends) expect(end.outputs.map(({ kind }) => kind)).toEqual(['open', 'lost']);
  });

  test('a quiet link lives on heartbeats for an hour', () => {
    const pair = new LinkPair({ link });
    pair.connect();
    pair.run(3_600_000);
    expect(pair.ends.map((end) => end.link.state)).toEqual(['open', 'open']);
    for (const end of pair.ends) expect(end.outputs).toHaveLength(1);
  });

  test('a quiet link lives through heavy loss of heartbeats', () => {
    const pair = new LinkPair({ link, path: { lossRatio: 0.2 }, seed: 5 });
    pair.connect();
    pair.run(60_000);
    expect(pair.ends.map((end) => end.link.state)).toEqual(['open', 'open']);
  });

  test('a blackout shorter than idleMs kills nobody, and what was sent in it arrives', () => {
    const pair = new LinkPair({
      link,
      path: { blackouts: [{ fromMs: 1000, toMs: 1000 + IDLE_MS - 2 * HEARTBEAT_MS }] },
    });
    pair.connect();
    pair.run(1500);
    pair.initiator.send(payload(1, 3000));
    pair.settle();
    expect(pair.acceptor.all('message')).toHaveLength(1);
    for (const end of pair.ends) expect(end.outputs.filter(({ kind }) => kind === 'lost')).toEqual([]);
  });

  test('a heartbeat is said only after heartbeatMs of quiet', () => {
    const pair = new LinkPair({ link });
    pair.connect();
    const openedMs = pair.clock.now;
    pair.run(10 * HEARTBEAT_MS);
    const beats = pair.initiator.said.filter(({ atMs, bytes }) => atMs > openedMs && bytes[1] === 3);
    expect(beats).toHaveLength(10);
  });

  test('user traffic takes the place of heartbeats', () => {
    const pair = new LinkPair({ link });
    pair.connect();
    const openedMs = pair.clock.now;
    for (const i of upTo(40)) {
      pair.initiator.send(payload(i, 100));
      pair.run(HEARTBEAT_MS / 4);
    }
    expect(kindsSaid(pair.initiator, openedMs)).not.toContain('heartbeat');
    // The other end has acknowledgements to say, which do as well.
    expect(kindsSaid(pair.acceptor, openedMs)).not.toContain('heartbeat');
  });

  test('user traffic alone refreshes liveness', () => {
    const pair = new LinkPair({ link });
    pair.connect();
    for (const end of pair.ends) end.filter = (bytes) => (bytes[1] === 3 ? undefined : bytes);
    for (const i of upTo(12)) {
      pair.initiator.send(payload(i, 100));
      pair.run(IDLE_MS / 3);
    }
    expect(pair.ends.map((end) => end.link.state)).toEqual(['open', 'open']);
  });

  test('a datagram of another session refreshes nothing', () => {
    const lone = new Lone('acceptor', link).open();
    const openedMs = lone.now;
    for (let at = openedMs; at < openedMs + IDLE_MS; at += 250) {
      lone.tick(at);
      lone.hear({ kind: 'heartbeat', session: 12345n, timeUs: 0 });
    }
    lone.tick(openedMs + IDLE_MS);
    expect(lone.link.state).toBe('detached');
  });
});

describe('a machine that slept', () => {
  const asleepMs = 60_000;

  test('kills nobody when its first tick comes a minute late', () => {
    const pair = new LinkPair({ link });
    pair.connect();
    pair.run(700);
    for (const end of pair.ends) end.sleep();
    pair.clock.sleep(asleepMs);
    for (const end of pair.ends) end.wake();
    pair.run(5000);
    expect(pair.ends.map((end) => end.link.state)).toEqual(['open', 'open']);
    for (const end of pair.ends) expect(end.outputs).toEqual([{ kind: 'open', resumed: false }]);
  });

  test.each(['initiator', 'acceptor'] as const)(
    'kills nobody when the %s sends something before its first tick',
    (role) => {
      const pair = new LinkPair({ link });
      pair.connect();
      pair.run(700);
      for (const end of pair.ends) end.sleep();
      pair.clock.sleep(asleepMs);
      for (const end of pair.ends) end.wake();
      pair[role].send(payload(0, 100));
      pair.settle();
      expect(pair.ends.flatMap((end) => end.outputs.filter(({ kind }) => kind === 'lost'))).toEqual([]);
    },
  );

  test('does not mistake the flood of late datagrams for a reason to wait any longer', () => {
    const lone = new Lone('acceptor', link).open();
    lone.now += asleepMs;
    for (const _ of upTo(50)) lone.hear({ kind: 'heartbeat', session: 12345n, timeUs: 0 });
    const wokeMs = lone.now;
    for (let at = lone.link.nextTimeout(); at !== undefined; at = lone.link.nextTimeout())
      lone.tick(Math.max(at, lone.now));
    expect(lone.now).toBeLessThanOrEqual(wokeMs + IDLE_MS);
    expect(lone.link.state).toBe('detached');
  });

  test('resumes a transfer where it stood', () => {
    const pair = new LinkPair({ link, path: { rateMbit: 10, delayMs: 20 } });
    pair.connect();
    pair.acceptor.serve = (_, chunk) => payload(chunk, 65_536);
    for (const i of upTo(30)) pair.initiator.request(1, i, 65_536);
    pair.run(300);
    const before = pair.initiator.all('chunk').length;
    expect(before).toBeLessThan(30);
    for (const end of pair.ends) end.sleep();
    pair.clock.sleep(asleepMs);
    for (const end of pair.ends) end.wake();
    pair.runUntil(() => pair.initiator.all('chunk').length === 30, 30_000);
    for (const end of pair.ends)
      expect(end.outputs.filter(({ kind }) => kind === 'lost' || kind === 'reset')).toEqual([]);
  });

  test('takes no round trip that spans the sleep for one of the path', () => {
    const pair = new LinkPair({ link: { ...link, lanesMax: 1 }, path: { rateMbit: 10, delayMs: 20 } });
    pair.connect();
    pair.acceptor.serve = (_, chunk) => payload(chunk, 65_536);
    for (const i of upTo(30)) pair.initiator.request(1, i, 65_536);
    pair.run(300);
    for (const end of pair.ends) end.sleep();
    pair.clock.sleep(asleepMs);
    for (const end of pair.ends) end.wake();
    pair.run(150);
    expect(pair.acceptor.link.stats.srttMs).toBeLessThan(500);
  });

  test('a tick late by less than lateTickMs does not extend anything', () => {
    const lone = new Lone('acceptor', { ...link, lateTickMs: 500 }).open();
    const openedMs = lone.now;
    for (let at = openedMs + 400; at < openedMs + IDLE_MS; at += 400) lone.tick(at);
    lone.tick(openedMs + IDLE_MS + 300);
    expect(lone.link.state).toBe('detached');
  });
});
