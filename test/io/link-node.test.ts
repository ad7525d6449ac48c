// What is particular to the Node transport: native objects, callbacks and order. What all transports share is in
// test/conformance.
import { afterAll, afterEach, expect, jest, test } from '@jest/globals';
import { nodeTransport, shutdownTransports } from '../../src/io/link-node.ts';
import type { IceServer, Signal, Transport, TransportHandlers } from '../../src/io/transport.ts';
import { collectGarbage } from '../support/collect.ts';

const TEST_MS = 15_000;

afterEach(() => void jest.restoreAllMocks());
afterAll(shutdownTransports);

interface Pair {
  readonly first: Transport;
  readonly second: Transport;
  readonly opened: Promise<unknown>;
  /** Signals in the order they left either end. */
  readonly signals: readonly { readonly from: 'first' | 'second'; readonly kind: Signal['kind'] }[];
}

/** Two transports wired to each other; `heard` is the second's `onDatagram`, `ended` is told of every `onClosed`. */
function pair(
  heard: (datagram: Uint8Array) => void = () => {},
  ended: (end: 'first' | 'second', reason: string) => void = () => {},
  iceServers: readonly IceServer[] = [],
): Pair {
  const signals: { from: 'first' | 'second'; kind: Signal['kind'] }[] = [];
  const opened: Promise<void>[] = [];
  const make = (name: 'first' | 'second', other: () => Transport): Transport => {
    let open = (): void => {};
    opened.push(new Promise((resolve) => (open = resolve)));
    const handlers: TransportHandlers = {
      onSignal: (signal) => {
        signals.push({ from: name, kind: signal.kind });
        other().signal(signal);
      },
      onOpen: () => open(),
      onDatagram: (datagram) => (name === 'second' ? heard(datagram) : undefined),
      onClosed: (reason) => ended(name, reason),
    };
    return nodeTransport({ initiator: name === 'first', iceServers }, handlers);
  };
  const first: Transport = make('first', () => second);
  const second: Transport = make('second', () => first);
  return { first, second, opened: Promise.all(opened), signals };
}

/** Sends `bytes` until `arrived` resolves. */
async function keepSending(from: Transport, bytes: Uint8Array, arrived: Promise<unknown>): Promise<void> {
  from.send(bytes);
  const timer = setInterval(() => from.send(bytes), 20);
  await arrived;
  clearInterval(timer);
}

test(
  'an error in a handler does not end the process but reaches it as an uncaught one',
  async () => {
    const thrown: unknown[] = [];
    // jest would fail the test for a real uncaught error, so the way out is watched instead.
    const caught = new Promise<void>((resolve) => {
      const later = globalThis.setImmediate;
      jest.spyOn(globalThis, 'setImmediate').mockImplementation(((work: () => void) =>
        later(() => {
          try {
            work();
          } catch (error) {
            thrown.push(error);
            resolve();
          }
        })) as typeof setImmediate);
    });
    const { first, second, opened } = pair(() => {
      throw new Error('from the handler');
    });
    await opened;
    await keepSending(first, new Uint8Array(8), caught);
    expect(thrown[0]).toEqual(new Error('from the handler'));
    first.close();
    second.close();
  },
  TEST_MS,
);

test(
  'a connection outlives the collection of everything its owner forgot',
  async () => {
    let hear = (): void => {};
    let closes = 0;
    const heard = new Promise<void>((resolve) => (hear = resolve));
    const { first, opened } = pair(
      () => hear(),
      () => (closes += 1),
    );
    await opened;
    for (let round = 0; round < 5; round += 1) {
      collectGarbage();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await keepSending(first, new Uint8Array(8), heard);
    expect(closes).toBe(0);
    first.close();
  },
  TEST_MS,
);

test(
  'an initiator gives away no candidate before it has the answer',
  async () => {
    const { first, second, opened, signals } = pair();
    await opened;
    const answered = signals.findIndex(({ kind }) => kind === 'answer');
    const own = signals.findIndex(({ from, kind }) => from === 'first' && kind === 'candidate');
    expect(signals[0]).toEqual({ from: 'first', kind: 'offer' });
    expect(answered).toBeGreaterThan(0);
    expect(own === -1 || own > answered).toBe(true);
    first.close();
    second.close();
  },
  TEST_MS,
);

test(
  'an answer leaves before the candidates that belong to it',
  async () => {
    const { first, second, opened, signals } = pair();
    await opened;
    expect(signals.find(({ from }) => from === 'second')?.kind).toBe('answer');
    first.close();
    second.close();
  },
  TEST_MS,
);

test(
  'servers it cannot use are passed over',
  async () => {
    const iceServers = [
      { urls: ['nonsense', 'stun:', 'stuns:127.0.0.1', 'stun:127.0.0.1:99999', 'http://127.0.0.1/'] },
      { urls: ['turn:127.0.0.1:9?transport=udp'] },
      { urls: ['stun:[::1]:9', 'turn:127.0.0.1:9?transport=tcp'], username: 'name', credential: 'secret' },
    ];
    const { first, second, opened } = pair(undefined, undefined, iceServers);
    await opened;
    first.close();
    second.close();
  },
  TEST_MS,
);

test(
  'shutting down closes what is open, tells it once, and lets new connections begin',
  async () => {
    const closes: string[] = [];
    const before = pair(undefined, (end) => closes.push(end));
    await before.opened;
    shutdownTransports();
    expect(before.first.send(new Uint8Array(8))).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(closes.toSorted()).toEqual(['first', 'second']);
    const after = pair();
    await after.opened;
    after.first.close();
    after.second.close();
  },
  TEST_MS,
);
