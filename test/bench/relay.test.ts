// The relay of bench/wan.ts: what ends learn of each other, and who gets what from whom. The path's model has tests of
// its own; here it is as short as can be.
import { createSocket, type Socket } from 'node:dgram';
import { afterEach, describe, expect, test } from '@jest/globals';
import {
  relayedCandidate,
  takeCandidates,
  throughRelay,
  type Address,
  type Registrar,
} from '../../bench/relay/candidates.ts';
import { RealClock } from '../../bench/relay/real-clock.ts';
import { HEADER_BYTES, Relay, type Side } from '../../bench/relay/relay.ts';
import type { Signal, TransportHandlers } from '../../src/io/transport.ts';
import { VirtualClock } from '../../src/sim/clock.ts';
import type { PathCounters, PathOptions } from '../../src/sim/network.ts';
import { Random } from '../../src/sim/random.ts';

const HOST = 'candidate:1 1 UDP 2114977791 192.0.2.2 51468 typ host';
const always: Registrar = ({ address, port }) => Promise.resolve({ address, port: port + 1 });

describe('relayedCandidate', () => {
  test.each([
    ['as libdatachannel writes it', `a=${HOST}`],
    ['as browsers write it', HOST],
  ])('puts the address of the relay into a host candidate, %s', async (_how, own) => {
    expect(await relayedCandidate(own, always)).toBe('candidate:1 1 UDP 2114977791 192.0.2.2 51469 typ host');
  });

  test('keeps what follows', async () => {
    const own = 'candidate:1 1 udp 2122260223 192.0.2.2 51468 typ host generation 0 ufrag x network-id 1';
    expect(await relayedCandidate(own, always)).toBe(own.replace('51468', '51469'));
  });

  test.each([
    'candidate:2 1 UDP 2116026111 2001:db8::2 51468 typ host',
    'candidate:2 1 tcp 1518280447 192.0.2.2 9 typ host tcptype active',
    'candidate:2 1 udp 2113937151 b0a7c2c4-7c8b-4f0c-8d9c-0123456789ab.local 51468 typ host',
    'candidate:2 1 udp 1677729535 203.0.113.5 51468 typ srflx raddr 192.0.2.2 rport 51468',
    '',
  ])('drops %j, which would lead past the relay', async (own) => {
    expect(await relayedCandidate(own, always)).toBeUndefined();
  });

  test('drops an address the relay does not serve', async () => {
    expect(await relayedCandidate(HOST, () => Promise.resolve(undefined))).toBeUndefined();
  });
});

test('takeCandidates leaves a description without any trace of an address', () => {
  const before = 'v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:data\r\n';
  const after = 'a=setup:active\r\n';
  const { sdp, candidates } = takeCandidates(`${before}a=${HOST}\r\na=end-of-candidates\r\n${after}`);
  expect(sdp).toBe(before + after);
  expect(candidates).toEqual([{ candidate: HOST, mid: 'data' }]);
});

describe('throughRelay', () => {
  const made = (registrar: Registrar): { signals: Signal[]; handlers: TransportHandlers } => {
    const signals: Signal[] = [];
    let inner: TransportHandlers | undefined;
    const factory = throughRelay((_options, handlers) => {
      inner = handlers;
      return { signal: () => undefined, send: () => true, bufferedBytes: () => 0, close: () => undefined };
    }, registrar);
    const outer = { onOpen: () => undefined, onDatagram: () => undefined, onClosed: () => undefined };
    factory({ initiator: true, iceServers: [] }, { ...outer, onSignal: (signal) => signals.push(signal) });
    if (inner === undefined) throw new Error('the factory was not called');
    return { signals, handlers: inner };
  };

  test('lets a description pass at once, and what candidates it held after it', async () => {
    const { signals, handlers } = made(always);
    handlers.onSignal({ kind: 'offer', sdp: `v=0\na=mid:0\na=${HOST}\n` });
    expect(signals).toEqual([{ kind: 'offer', sdp: 'v=0\na=mid:0\n' }]);
    await new Promise(setImmediate);
    expect(signals.slice(1)).toEqual([{ kind: 'candidate', candidate: HOST.replace('51468', '51469'), mid: '0' }]);
  });

  test('says nothing more once the connection has closed', async () => {
    const { signals, handlers } = made(always);
    handlers.onSignal({ kind: 'candidate', candidate: HOST, mid: '0' });
    handlers.onClosed('closed here');
    await new Promise(setImmediate);
    expect(signals).toEqual([]);
  });
});

describe('the relay', () => {
  const HERE = '127.0.0.1';
  /** 1 Mbit/s: a millisecond for 125 bytes. */
  const PATH: Partial<PathOptions> = { delayMs: 10, rateMbit: 1 };
  const TURNS_MAX = 100_000;
  const closers: (() => void)[] = [];
  afterEach(() => closers.splice(0).forEach((close) => close()));

  const opened = (): { relay: Relay; clock: VirtualClock } => {
    const clock = new VirtualClock();
    const relay = new Relay(clock, new Random(1), { a: PATH, b: PATH, c: PATH }, HERE);
    closers.push(() => relay.close());
    return { relay, clock };
  };

  const boundSocket = async (): Promise<{ socket: Socket; own: Address }> => {
    const socket = createSocket('udp4');
    closers.push(() => socket.close());
    await new Promise<void>((resolve) => socket.bind(0, HERE, resolve));
    return { socket, own: { address: HERE, port: socket.address().port } };
  };

  const registered = async (relay: Relay, side: Side, own: Address): Promise<Address> => {
    const there = await relay.register(side, own);
    if (there === undefined) throw new Error('not served');
    return there;
  };

  const sent = (relay: Relay, side: Side): PathCounters => {
    const counters = relay.counters().from[side];
    if (counters === undefined) throw new Error(`no side ${side}`);
    return counters;
  };

  /** Turns the event loop until `done`: packets on loopback need a turn or two of it, and no time. */
  const until = async (done: () => boolean): Promise<void> => {
    for (let turns = 0; !done(); turns += 1) {
      if (turns === TURNS_MAX) throw new Error('no packet came');
      await new Promise(setImmediate);
    }
  };

  test('hands a packet on from the address that stands for its sender, when the path says so', async () => {
    const { relay, clock } = opened();
    const [a, b] = [await boundSocket(), await boundSocket()];
    const [forA, forB] = [await registered(relay, 'a', a.own), await registered(relay, 'b', b.own)];
    const got: { text: string; port: number }[] = [];
    b.socket.on('message', (packet, { port }) => got.push({ text: packet.toString(), port }));
    a.socket.send('hello', forB.port, forB.address);
    await until(() => sent(relay, 'a').sent === 1);
    clock.run(10);
    expect(sent(relay, 'a').delivered).toBe(0);
    clock.run(11);
    await until(() => got.length > 0);
    expect(got).toEqual([{ text: 'hello', port: forA.port }]);
  });

  test('carries all addresses of a side through one bottleneck, headers counted', async () => {
    const { relay, clock } = opened();
    const [lane0, lane1, b] = [await boundSocket(), await boundSocket(), await boundSocket()];
    await registered(relay, 'a', lane0.own);
    await registered(relay, 'a', lane1.own);
    const forB = await registered(relay, 'b', b.own);
    for (const { socket } of [lane0, lane1]) socket.send(Buffer.alloc(125 - HEADER_BYTES), forB.port, forB.address);
    await until(() => sent(relay, 'a').sent === 2);
    clock.run(10.9);
    expect(sent(relay, 'a').delivered).toBe(0);
    clock.run(11.9);
    expect(sent(relay, 'a').delivered).toBe(1);
    clock.run(12);
    expect(sent(relay, 'a').delivered).toBe(2);
  });

  test('gives each direction a bottleneck of its own', async () => {
    const { relay, clock } = opened();
    const [a, b] = [await boundSocket(), await boundSocket()];
    const [forA, forB] = [await registered(relay, 'a', a.own), await registered(relay, 'b', b.own)];
    a.socket.send(Buffer.alloc(125 - HEADER_BYTES), forB.port, forB.address);
    b.socket.send(Buffer.alloc(125 - HEADER_BYTES), forA.port, forA.address);
    await until(() => sent(relay, 'a').sent + sent(relay, 'b').sent === 2);
    clock.run(11);
    expect([sent(relay, 'a').delivered, sent(relay, 'b').delivered]).toEqual([1, 1]);
  });

  test('carries what one side sends to several through one bottleneck', async () => {
    const { relay, clock } = opened();
    const [a, b, c] = [await boundSocket(), await boundSocket(), await boundSocket()];
    await registered(relay, 'a', a.own);
    for (const there of [await registered(relay, 'b', b.own), await registered(relay, 'c', c.own)]) {
      a.socket.send(Buffer.alloc(125 - HEADER_BYTES), there.port, there.address);
    }
    await until(() => sent(relay, 'a').sent === 2);
    clock.run(11.9);
    expect(sent(relay, 'a').delivered).toBe(1);
    clock.run(12);
    expect(sent(relay, 'a').delivered).toBe(2);
  });

  test('serves no side it was not given', async () => {
    const { relay } = opened();
    const { own } = await boundSocket();
    expect(await relay.register('d', own)).toBeUndefined();
  });

  test('counts and drops what comes from a stranger or from the same side', async () => {
    const { relay } = opened();
    const [a, stranger] = [await boundSocket(), await boundSocket()];
    const forA = await registered(relay, 'a', a.own);
    stranger.socket.send('x', forA.port, forA.address);
    a.socket.send('x', forA.port, forA.address);
    await until(() => relay.counters().strays === 2);
    expect(sent(relay, 'a').sent + sent(relay, 'b').sent).toBe(0);
  });

  test('gives an address that is told twice one stand-in, and one of another interface none', async () => {
    const { relay } = opened();
    const { own } = await boundSocket();
    const both = await Promise.all([relay.register('a', own), relay.register('a', own)]);
    expect(both[0]).toEqual(both[1]);
    expect(await relay.register('a', { address: '192.0.2.77', port: 4000 })).toBeUndefined();
  });

  test('refuses more addresses than any pair has', async () => {
    const { relay } = opened();
    const ports = Array.from({ length: 256 }, (_, index) => 10_000 + index);
    await Promise.all(ports.map((port) => relay.register('a', { address: HERE, port })));
    await expect(relay.register('a', { address: HERE, port: 9999 })).rejects.toThrow(RangeError);
  });
});

describe('the real clock', () => {
  test.each([
    ['with timers', 0],
    ['turning the event loop', 10],
  ])('runs actions in the order of their moments and never early, %s', async (_how, spinMs) => {
    const clock = new RealClock(spinMs);
    const startMs = clock.now;
    const ran: { name: number; early: boolean }[] = [];
    await new Promise<void>((resolve) => {
      for (const afterMs of [4, 1, 6, 2, 2.5]) {
        clock.at(startMs + afterMs, () => {
          ran.push({ name: afterMs, early: clock.now < startMs + afterMs });
          if (afterMs === 6) resolve();
        });
      }
    });
    expect(ran).toEqual([1, 2, 2.5, 4, 6].map((name) => ({ name, early: false })));
  });
});
