// The backhaul against a pretended websocket and a virtual clock, and against the real server.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Backhaul, BACKHAUL_DEFAULTS, type BackhaulEvent, type BackhaulOptions } from '../../src/io/backhaul.ts';
import { RETRY_MS_MAX, SOCKET_CODES, type SocketCode } from '../../src/wire/codes.ts';
import { decodeClient, encodeServer, type ClientMessage, type ServerMessage } from '../../src/wire/signaling.ts';

const ID = '0123456789abcdef0123456789abcdef';
const welcome: ServerMessage = { kind: 'welcome', self: ID, pool: 'blue', role: 'owner', peers: [], iceServers: [] };
const { retryBaseMs, retryMaxMs, connectMs, askMs, answerMs, bufferedBytesMax } = BACKHAUL_DEFAULTS;

/** As much of a WebSocket as the backhaul uses. */
class FakeSocket extends EventTarget {
  readonly OPEN = 1;
  readyState = 0;
  binaryType = 'blob';
  bufferedAmount = 0;
  readonly sent: (ClientMessage | undefined)[] = [];
  readonly closedWith: (number | undefined)[] = [];

  open(): void {
    this.readyState = this.OPEN;
    this.dispatchEvent(new Event('open'));
  }

  say(data: ServerMessage | string | ArrayBuffer): void {
    const body = typeof data === 'string' || data instanceof ArrayBuffer ? data : encodeServer(data).slice().buffer;
    this.dispatchEvent(Object.assign(new Event('message'), { data: body }));
  }

  /** The other end closes, or the network does. */
  end(code: number, reason = 'their words'): void {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason }));
  }

  send(bytes: Uint8Array): void {
    this.sent.push(decodeClient(bytes));
  }

  close(code?: number): void {
    this.readyState = 2;
    this.closedWith.push(code);
  }
}

/** A backhaul whose sockets, dice and network the test holds. */
function pretend(options: Partial<BackhaulOptions> = {}) {
  const sockets: FakeSocket[] = [];
  const events: BackhaulEvent[] = [];
  const network = new EventTarget();
  const dice = { value: 0 };
  const backhaul = new Backhaul({
    url: 'ws://localhost/ws',
    webSocket: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    onEvent: (event) => events.push(event),
    random: () => dice.value,
    network,
    ...options,
  });
  const newest = (): FakeSocket => {
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error('no socket was asked for');
    return socket;
  };
  const take = (): BackhaulEvent[] => events.splice(0);
  return { backhaul, sockets, newest, take, network, dice };
}

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.clearAllTimers();
  jest.useRealTimers();
});

describe('a backhaul', () => {
  test('connects, opens, and passes on what the server says', () => {
    const { backhaul, newest, take } = pretend();
    backhaul.start();
    newest().open();
    newest().say(welcome);
    expect(take()).toEqual([{ kind: 'connecting' }, { kind: 'open' }, { kind: 'message', message: welcome }]);
    expect(newest().binaryType).toBe('arraybuffer');
  });

  test('started twice connects once', () => {
    const { backhaul, sockets } = pretend();
    backhaul.start();
    backhaul.start();
    expect(sockets).toHaveLength(1);
  });

  test('sends only while it is open', () => {
    const { backhaul, newest } = pretend();
    expect(backhaul.send({ kind: 'leave' })).toBe(false);
    backhaul.start();
    expect(backhaul.send({ kind: 'leave' })).toBe(false);
    newest().open();
    expect(backhaul.send({ kind: 'leave' })).toBe(true);
    expect(newest().sent).toEqual([{ kind: 'leave' }]);
    newest().end(1006);
    expect(backhaul.send({ kind: 'leave' })).toBe(false);
  });

  test('refuses to send where too much waits already', () => {
    const { backhaul, newest } = pretend();
    backhaul.start();
    newest().open();
    newest().bufferedAmount = bufferedBytesMax;
    expect(backhaul.send({ kind: 'leave' })).toBe(false);
    expect(newest().sent).toEqual([]);
  });

  test('refuses to send what would get its socket closed', () => {
    const { backhaul, newest } = pretend();
    backhaul.start();
    newest().open();
    const signal = { kind: 'candidate', candidate: 'c'.repeat(5_000), mid: '0' } as const;
    expect(backhaul.send({ kind: 'relay', peer: ID, attempt: 1, signal })).toBe(false);
    expect(newest().sent).toEqual([]);
  });

  test('passes over frames that are no message, and counts them', () => {
    const { backhaul, newest, take } = pretend();
    backhaul.start();
    newest().open();
    take();
    newest().say('text');
    newest().say(Uint8Array.of(255, 255).buffer);
    newest().say(welcome);
    expect(take()).toEqual([{ kind: 'message', message: welcome }]);
    expect(backhaul.invalidMessages).toBe(2);
  });
});

describe('after losing its socket it', () => {
  test('waits and connects again', () => {
    const { backhaul, sockets, newest, take, dice } = pretend();
    backhaul.start();
    newest().open();
    take();
    dice.value = 0.5;
    newest().end(1006);
    expect(take()).toEqual([{ kind: 'waiting', retryMs: retryBaseMs, reason: 'The connection to the server broke' }]);
    jest.advanceTimersByTime(retryBaseMs - 1);
    expect(sockets).toHaveLength(1);
    jest.advanceTimersByTime(1);
    expect(sockets).toHaveLength(2);
    newest().open();
    expect(take()).toEqual([{ kind: 'connecting' }, { kind: 'open' }]);
  });

  test('waits longer each time, up to a limit, spread by the dice; and little again after a welcome', () => {
    const { backhaul, newest, take, dice } = pretend();
    const pause = (): number => {
      take();
      newest().end(1006);
      const [event] = take();
      if (event?.kind !== 'waiting') throw new Error(`expected waiting, got ${event?.kind}`);
      jest.advanceTimersByTime(event.retryMs);
      return event.retryMs;
    };
    dice.value = 1;
    backhaul.start();
    const longest = [500, 707, 1_000, 1_414, 2_000, 2_828, 4_000, 5_657, 8_000, 11_314, retryMaxMs, retryMaxMs];
    expect(longest.map(pause)).toEqual(longest);
    dice.value = 0.5;
    expect(pause()).toBe(retryMaxMs / 2);
    dice.value = 0;
    expect(pause()).toBe(0);
    dice.value = 1;
    newest().open();
    expect(pause()).toBe(retryMaxMs);
    newest().open();
    newest().say(welcome);
    expect(pause()).toBe(500);
  });

  test.each<SocketCode>(['version', 'malformed', 'elsewhere', 'pool-full', 'ticket', 'denied', 'revoked'])(
    'stays away when told `%s`',
    (code) => {
      const { backhaul, sockets, newest, take } = pretend();
      backhaul.start();
      newest().open();
      take();
      newest().end(SOCKET_CODES[code]);
      expect(take()).toEqual([{ kind: 'refused', code, reason: code }]);
      jest.advanceTimersByTime(retryMaxMs * 10);
      expect(sockets).toHaveLength(1);
      expect(take()).toEqual([]);
      backhaul.start();
      expect(sockets).toHaveLength(2);
    },
  );

  test.each<SocketCode>(['going-away', 'silent', 'join-first', 'too-large', 'restarting', 'expired'])(
    'comes back when told `%s`',
    (code) => {
      const { backhaul, sockets, newest, take, dice } = pretend();
      dice.value = 0.5;
      backhaul.start();
      newest().open();
      take();
      newest().end(SOCKET_CODES[code]);
      expect(take()).toEqual([{ kind: 'waiting', retryMs: retryBaseMs, reason: code }]);
      jest.advanceTimersByTime(retryBaseMs);
      expect(sockets).toHaveLength(2);
    },
  );

  test.each<[SocketCode, number]>([
    ['busy', 7_000],
    ['restarting', 40_000],
    ['server-full', 1_000],
  ])(
    'comes back when the server asks for it: `%s %d`, and no network that is found again changes that',
    (code, askedMs) => {
      const { backhaul, sockets, newest, take, dice, network } = pretend();
      dice.value = 1;
      backhaul.start();
      for (let round = 1; round <= 3; round++) {
        newest().open();
        take();
        newest().end(SOCKET_CODES[code], `${code} ${askedMs}`);
        expect(take()).toEqual([{ kind: 'waiting', retryMs: askedMs, reason: code }]);
        network.dispatchEvent(new Event('online'));
        jest.advanceTimersByTime(askedMs - 1);
        expect(sockets).toHaveLength(round);
        jest.advanceTimersByTime(1);
        expect(sockets).toHaveLength(round + 1);
      }
    },
  );

  test.each([
    ['busy 0', retryBaseMs],
    ['busy 9999999', RETRY_MS_MAX],
    ['busy 99999999', retryMaxMs],
    ['busy -5', retryMaxMs],
    ['busy 1e3', retryMaxMs],
    ['busy 5 <b>', retryMaxMs],
  ])('takes the reason %j for %d ms at most', (reason, retryMs) => {
    const { backhaul, newest, take, dice } = pretend();
    dice.value = 1;
    backhaul.start();
    newest().open();
    take();
    newest().end(SOCKET_CODES.busy, reason);
    expect(take()).toEqual([{ kind: 'waiting', retryMs, reason: 'busy' }]);
  });

  test.each<SocketCode>(['rate', 'server-full', 'busy', 'unavailable'])('comes back late when told `%s`', (code) => {
    const { backhaul, newest, take, dice } = pretend();
    dice.value = 1;
    backhaul.start();
    newest().open();
    newest().say(welcome);
    take();
    newest().end(SOCKET_CODES[code]);
    expect(take()).toEqual([{ kind: 'waiting', retryMs: retryMaxMs, reason: code }]);
  });

  test('comes back at once when the network does', () => {
    const { backhaul, sockets, newest, network, dice } = pretend();
    dice.value = 1;
    backhaul.start();
    newest().end(1006);
    network.dispatchEvent(new Event('online'));
    expect(sockets).toHaveLength(2);
    jest.advanceTimersByTime(retryMaxMs);
    expect(sockets).toHaveLength(2 + 1);
  });
});

describe('a connection that is dead without saying so', () => {
  test('is given up when it does not open in time', () => {
    const { backhaul, newest, take } = pretend();
    backhaul.start();
    const first = newest();
    take();
    jest.advanceTimersByTime(connectMs);
    expect(first.closedWith).toHaveLength(1);
    expect(take()).toEqual([expect.objectContaining({ kind: 'waiting' })]);
    first.open();
    first.end(1006);
    expect(take()).toEqual([]);
  });

  test('is found out by a question that stays unanswered', () => {
    const { backhaul, newest, take } = pretend();
    backhaul.start();
    newest().open();
    take();
    const openedMs = performance.now();
    jest.advanceTimersByTime(askMs);
    expect(newest().sent).toEqual([{ kind: 'time', t0Ms: openedMs + askMs }]);
    jest.advanceTimersByTime(answerMs - 1);
    expect(take()).toEqual([]);
    const dead = newest();
    jest.advanceTimersByTime(1);
    expect(dead.closedWith).toEqual([1000]);
    expect(take()).toEqual([expect.objectContaining({ kind: 'waiting' })]);
  });

  test('is not one that answers, and the answers are passed on', () => {
    const { backhaul, newest, take } = pretend();
    backhaul.start();
    newest().open();
    take();
    for (let asks = 1; asks <= 10; asks++) {
      jest.advanceTimersByTime(askMs);
      expect(newest().sent).toHaveLength(asks);
      const message: ServerMessage = { kind: 'timed', t0Ms: performance.now(), t1Ms: asks, t2Ms: asks };
      newest().say(message);
      expect(take()).toEqual([{ kind: 'message', message }]);
    }
  });

  test('is looked for at once when the network comes back', () => {
    const { backhaul, newest, network } = pretend();
    backhaul.start();
    newest().open();
    network.dispatchEvent(new Event('online'));
    expect(newest().sent).toEqual([{ kind: 'time', t0Ms: performance.now() }]);
  });
});

describe('stopping', () => {
  test.each([
    ['while connecting', () => {}],
    ['while open', (socket: FakeSocket) => socket.open()],
    ['while waiting', (socket: FakeSocket) => socket.end(1006)],
  ])('%s is silent and for good', (_when, prepare) => {
    const { backhaul, sockets, newest, take, network } = pretend();
    backhaul.start();
    prepare(newest());
    take();
    backhaul.stop();
    newest().end(1006);
    network.dispatchEvent(new Event('online'));
    jest.advanceTimersByTime(retryMaxMs * 10);
    expect(take()).toEqual([]);
    expect(sockets).toHaveLength(1);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('lets go of the network it listened to', () => {
    const { backhaul, network } = pretend();
    const added = jest.spyOn(network, 'addEventListener');
    const removed = jest.spyOn(network, 'removeEventListener');
    backhaul.start();
    backhaul.stop();
    expect(added.mock.calls).toHaveLength(1);
    expect(removed.mock.calls).toEqual(added.mock.calls);
  });

  test('from inside an event works', () => {
    const world = pretend({ onEvent: (event) => event.kind === 'open' && world.backhaul.stop() });
    world.backhaul.start();
    world.newest().open();
    expect(world.newest().closedWith).toEqual([1000]);
    expect(jest.getTimerCount()).toBe(0);
  });
});

test('an address that no socket can be made for is tried again later', () => {
  let tries = 0;
  const { backhaul, take, dice } = pretend({
    webSocket: () => {
      tries += 1;
      throw new Error('insecure');
    },
  });
  dice.value = 0.5;
  backhaul.start();
  expect(take()).toEqual([{ kind: 'waiting', retryMs: retryBaseMs, reason: 'insecure' }]);
  jest.advanceTimersByTime(retryBaseMs);
  expect(tries).toBe(2);
});

test.each([
  [{ retryBaseMs: 0 }, 'retryBaseMs: expected an integer from 1 to 60000, got 0'],
  [{ retryBaseMs: 1_000, retryMaxMs: 999 }, 'retryMaxMs: expected at least retryBaseMs (1000), got 999'],
])('limits %j are refused', (limits, message) => {
  expect(() => pretend({ limits })).toThrow(new RangeError(message));
});
