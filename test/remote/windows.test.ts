// A host and its windows, with a client that the test plays: who is told what, when, and what happens to a window that misbehaves.
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import type { OfferView, PoolEvent, TransferView } from '../../src/client.ts';
import { ClientServer } from '../../src/remote/client-server.ts';
import { connectHost, type HostConnection } from '../../src/remote/connect.ts';
import { encodeFrame, type ToHost } from '../../src/remote/frames.ts';
import { HostError, type HostEvent } from '../../src/remote/host-face.ts';
import { BUFFERED_BYTES_MAX } from '../../src/remote/outbox.ts';
import { FakePool, JO, MARA } from '../cli/support.ts';
import { ChannelPair } from './channel-pair.ts';
import { hostThat } from './host.ts';
import { SETUP, until } from './stage.ts';

// Deadlines are for machines that are busy.
jest.setTimeout(60_000);

const open = new Set<ChannelPair>();
afterEach(() => {
  jest.useRealTimers();
  for (const pair of open) pair.host.close();
  open.clear();
});

/** A host with its client, to which windows can be opened. */
class Stage {
  readonly pool: FakePool = new FakePool(SETUP);
  tell: (event: HostEvent) => void = () => undefined;
  readonly serving: ClientServer;

  constructor() {
    const subscribe = (listener: (event: HostEvent) => void): (() => void) => {
      this.tell = listener;
      return () => undefined;
    };
    this.serving = new ClientServer(
      this.pool,
      hostThat({ subscribe, reveal: () => Promise.reject(new HostError('not-here', 'gone')) }),
    );
  }

  async window(): Promise<Opened> {
    const pair = new ChannelPair();
    open.add(pair);
    this.serving.attach(pair.host);
    const connection = await connectHost(pair.window);
    const heard: PoolEvent[] = [];
    connection.client.subscribe((event) => heard.push(event));
    return { ...connection, pair, heard };
  }

  /** Of a window that has joined the pool the client is in. */
  async joined(): Promise<Opened> {
    const window = await this.window();
    await window.client.join('reef');
    window.heard.length = 0;
    return window;
  }
}

interface Opened extends HostConnection {
  readonly pair: ChannelPair;
  readonly heard: PoolEvent[];
}

const transfer = (id: number, doneBytes: number, changes: Partial<TransferView> = {}): TransferView => ({
  id: `t${id}`,
  offer: 'o1',
  direction: 'in',
  peer: MARA.id,
  peerName: 'Mara',
  name: `file-${id}`,
  bytes: 1000,
  doneBytes,
  keptBytes: 0,
  bytesPerSecond: 1,
  state: 'running',
  seconds: 1,
  sources: [],
  ...changes,
});
const progress = (...args: Parameters<typeof transfer>): PoolEvent => ({
  kind: 'transfer',
  transfer: transfer(...args),
});
const offer = (thumbnails: readonly (Uint8Array | undefined)[], state: OfferView['state'] = 'open'): PoolEvent => ({
  kind: 'offer',
  offer: {
    id: 'o1',
    from: MARA.id,
    name: 'Mara',
    own: false,
    atMs: 1,
    files: thumbnails.map((thumbnail, number) => ({
      number,
      name: `f${number}`,
      bytes: 1,
      ...(thumbnail === undefined ? {} : { thumbnail }),
    })),
    private: false,
    state,
  },
});
describe('a window is told', () => {
  test('of fifty transfers no more than it can show, and of every end', async () => {
    const stage = new Stage();
    const window = await stage.joined();
    for (let done = 0; done < 500; done++) for (let id = 0; id < 50; id++) stage.pool.emit(progress(id, done));
    stage.pool.emit(progress(7, 1000, { state: 'ended', end: 'verified' }));
    const last = (): boolean => window.client.transfers.filter(({ doneBytes }) => doneBytes === 499).length === 49;
    await until(last);
    const told = window.heard.flatMap((event) => (event.kind === 'transfer' ? [event.transfer] : []));
    // The first of each, the newest of each, and the end.
    expect(told.length).toBeLessThanOrEqual(50 + 50 + 1);
    expect(told.filter(({ id }) => id === 't7').map(({ state, doneBytes }) => [state, doneBytes])).toEqual([
      ['running', 0],
      ['ended', 1000],
    ]);
    expect(window.pair.messages.length).toBeLessThan(20);
  });

  test('nothing while it does not read, and how things are once it does', async () => {
    const stage = new Stage();
    const window = await stage.joined();
    jest.useFakeTimers();
    window.pair.reads = false;
    window.pair.host.bufferedBytes = BUFFERED_BYTES_MAX + 1;
    const { length } = window.pair.messages;
    stage.pool.emit(progress(1, 0));
    stage.pool.come(JO);
    for (let done = 1; done <= 100; done++) {
      stage.pool.emit(progress(1, done));
      await jest.advanceTimersByTimeAsync(50);
    }
    expect(window.pair.messages).toHaveLength(length);
    window.pair.host.bufferedBytes = 0;
    window.pair.readOn();
    await jest.advanceTimersByTimeAsync(200);
    expect(window.heard.map(({ kind }) => kind)).toEqual(['transfer', 'peer-joined', 'transfer']);
    expect(window.client.transfers[0]?.doneBytes).toBe(100);
    expect(window.client.peers).toEqual([JO]);
  });

  test('of a running transfer at most every 100 ms', async () => {
    const stage = new Stage();
    const window = await stage.joined();
    jest.useFakeTimers();
    for (let done = 0; done < 100; done++) {
      stage.pool.emit(progress(1, done));
      // What happens besides goes out meanwhile, and takes no progress with it.
      stage.pool.emit({ kind: 'typing', room: 'r', device: MARA.id, name: 'Mara' });
      await jest.advanceTimersByTimeAsync(10);
    }
    const told = window.heard.filter(({ kind }) => kind === 'transfer');
    expect(told.length).toBeGreaterThan(8);
    expect(told.length).toBeLessThan(14);
    expect(window.heard.length).toBe(100 + told.length);
  });

  test('nothing more once too much waits for it: it is let go, and nobody else is', async () => {
    const stage = new Stage();
    const [window, other] = [await stage.joined(), await stage.joined()];
    let lost = false;
    window.onLost(() => {
      lost = true;
    });
    window.pair.host.bufferedBytes = BUFFERED_BYTES_MAX + 1;
    for (let said = 1; said <= 40; said++) {
      stage.pool.emit({ kind: 'backhaul', state: 'waiting', retryMs: 1, reason: 'x'.repeat(1024 * 1024) });
      await until(() => other.heard.length === said);
    }
    expect(lost).toBe(true);
    expect(window.heard).toEqual([]);
    expect(other.pair.host.open).toBe(true);
  });

  test('of a picture once, however often its offer changes', async () => {
    const stage = new Stage();
    const window = await stage.joined();
    const pictures = [0, 1, 2].map((byte) => new Uint8Array(10_000).fill(byte));
    for (let shown = 0; shown <= 3; shown++) {
      stage.pool.emit(offer(pictures.map((picture, place) => (place < shown ? picture : undefined))));
      await until(() => shown === 0 || window.client.offers[0]?.files[shown - 1]?.thumbnail);
    }
    stage.pool.emit(offer(pictures, 'accepted'));
    await until(() => window.client.offers[0]?.state === 'accepted');
    expect(window.client.offers[0]?.files.map(({ thumbnail }) => thumbnail?.[9999])).toEqual([0, 1, 2]);
    expect(window.heard.at(-1)).toMatchObject(offer(pictures, 'accepted'));
    const bytes = window.pair.messages.reduce((sum, message) => sum + message.length, 0);
    expect(bytes).toBeLessThan(40_000);
  });

  test('of everything there is when it comes into the middle of a pool, and until then of nothing', async () => {
    const stage = new Stage();
    await stage.pool.join('reef');
    const events: PoolEvent[] = [
      { kind: 'backhaul', state: 'waiting', retryMs: 5, reason: 'r' },
      { kind: 'unbound', peer: MARA.id, name: 'Mara', code: 'identity' },
      { kind: 'gaps', gaps: [] },
      { kind: 'older', entries: 7 },
      { kind: 'receipt', receipt: { device: MARA.id, room: 'r', deliveredTo: 1, readTo: 0 } },
      { kind: 'receipt', receipt: { device: MARA.id, room: 'r', deliveredTo: 2, readTo: 1 } },
      offer([undefined]),
      progress(1, 500),
    ];
    stage.pool.come(MARA);
    for (const event of events) stage.pool.emit(event);
    const window = await stage.window();
    expect([window.client.peers, window.client.offers, window.heard]).toEqual([[], [], []]);
    expect(() => window.client.talk.self).toThrow('in no pool');
    stage.pool.emit(progress(1, 600));
    await window.client.join('reef');
    expect(stage.pool.calls).toEqual(['join:reef']);
    const replayed = [0, 6, 7, 1, 2, 3, 5].map((place) => events[place]).with(2, progress(1, 600));
    expect(window.heard).toEqual([
      expect.objectContaining({ kind: 'joined', pool: 'reef', peers: [MARA] }),
      ...replayed,
    ]);
    expect(window.client.talk.members).toEqual(stage.pool.talk.members);
    // Again, as a page does that lost its way: no more, and no less.
    await window.client.join('reef');
    expect(window.heard).toHaveLength(16);
    expect(window.client.transfers).toHaveLength(1);
  });

  test('of what happens in another pool that another window joins', async () => {
    const stage = new Stage();
    const [one, other] = [await stage.joined(), await stage.joined()];
    stage.pool.emit(offer([undefined]));
    await until(() => other.client.offers.length === 1);
    stage.pool.emit({ kind: 'left', pool: 'reef', reason: 'left' });
    stage.pool.offers = [];
    await one.client.join('cove');
    await until(() => other.heard.some((event) => event.kind === 'joined' && event.pool === 'cove'));
    expect(other.client.offers).toEqual([]);
    expect(stage.pool.calls.filter((call) => call.startsWith('join'))).toEqual(['join:reef', 'join:cove']);
  });

  test('of a pool that is being joined only once it is, all of it, and it is joined once', async () => {
    const stage = new Stage();
    const [one, other] = [await stage.window(), await stage.window()];
    let letIn: () => void = () => undefined;
    stage.pool.joining = () =>
      new Promise((resolve) => {
        letIn = resolve;
      });
    const joining = [stage.serving.join('reef')];
    stage.pool.emit({ kind: 'backhaul', state: 'open' });
    joining.push(one.client.join('reef'), other.client.join('reef'));
    await one.client.settled();
    expect(one.heard).toEqual([]);
    letIn();
    await Promise.all(joining);
    for (const { heard } of [one, other]) {
      expect(heard.map(({ kind }) => kind)).toEqual(['joined', 'backhaul']);
    }
    expect(stage.pool.calls).toEqual(['join:reef']);
  });

  test('of statistics only what it asked for itself', async () => {
    const stage = new Stage();
    const [one, other] = [await stage.joined(), await stage.joined()];
    const stats = { atMs: 1, seconds: 1, boundsMs: [], clock: undefined, links: [], control: undefined };
    const told: unknown[] = [];
    const stop = one.client.stats((each) => told.push(each));
    await until(() => stage.pool.watchers === 1);
    stage.pool.emit({ kind: 'stats', stats });
    stage.pool.come(MARA);
    await until(() => one.heard.length === 2 && other.heard.length === 1);
    expect(told).toEqual([{ atMs: 1, seconds: 1, boundsMs: [], links: [] }]);
    stop();
    await until(() => stage.pool.watchers === 0);
    one.client.stats(() => undefined);
    await until(() => stage.pool.watchers === 1);
    one.close();
    await until(() => stage.pool.watchers === 0);
  });
});

describe('the host', () => {
  test('tells every window what it has to tell, and a window alone what came of its asking', async () => {
    const stage = new Stage();
    const [one, other] = [await stage.joined(), await stage.joined()];
    const heard: [string, HostEvent][] = [];
    one.host.subscribe((event) => heard.push(['one', event]));
    other.host.subscribe((event) => heard.push(['other', event]));
    stage.tell({ kind: 'link', link: 'https://pool.example/#reef' });
    await until(() => heard.length === 2);
    stage.pool.move = () => {
      throw new Error('There is no such place.');
    };
    one.client.move('t1', -1);
    await until(() => heard.length === 3);
    expect(heard[2]).toEqual(['one', { kind: 'trouble', text: 'There is no such place.' }]);
    await expect(one.host.reveal('/x')).rejects.toStrictEqual(new HostError('not-here', 'gone'));
  });

  test('goes on in its pool when a window is gone, whose calls reject', async () => {
    const stage = new Stage();
    const [window, other] = [await stage.joined(), await stage.joined()];
    stage.pool.saying = () => new Promise(() => undefined);
    const said = window.client.say('hello').catch((error: unknown) => error);
    await until(() => stage.pool.calls.includes('say:hello'));
    let lost = 0;
    window.onLost(() => lost++);
    window.pair.host.close();
    expect(await said).toMatchObject({ name: 'HostError', code: 'gone' });
    await expect(window.client.leave()).rejects.toMatchObject({ code: 'gone' });
    window.client.accept('o1');
    await window.client.close();
    stage.pool.come(MARA);
    await until(() => other.heard.length === 1);
    expect([lost, window.heard, stage.pool.calls.includes('accept:o1')]).toEqual([1, [], false]);
    expect(stage.pool.calls).not.toContain('close');
  });

  test('does not come to be: who waited for its first word is told', async () => {
    const pair = new ChannelPair();
    const connecting = connectHost(pair.window);
    pair.host.close();
    await expect(connecting).rejects.toMatchObject({ code: 'gone' });
  });

  test('answers no more than it can at once', async () => {
    const stage = new Stage();
    const window = await stage.joined();
    stage.pool.saying = () => new Promise(() => undefined);
    for (let i = 0; i < 1000; i++) void window.client.say('x').catch(() => undefined);
    await expect(window.client.talkHistory.pools()).rejects.toMatchObject({ code: 'refused' });
  });

  test('reads out only as many conversations at once as it holds', async () => {
    const stage = new Stage();
    const window = await stage.joined();
    let ended = 0;
    stage.pool.talkHistory.export = async function* endless(): AsyncIterable<string> {
      try {
        for (;;) yield 'x'.repeat(1000);
      } finally {
        ended++;
      }
    };
    const reading = Array.from({ length: 4 }, () =>
      window.client.talkHistory.export('reef', 'json')[Symbol.asyncIterator](),
    );
    for (const pieces of reading) expect((await pieces.next()).value).toHaveLength(66_000);
    const fifth = window.client.talkHistory.export('reef', 'json')[Symbol.asyncIterator]();
    await expect(fifth.next()).rejects.toMatchObject({ code: 'refused' });
    await reading[0]?.return?.();
    expect(ended).toBe(1);
    window.close();
    await until(() => ended === 4);
  });
});

describe('a window that says what none of ours would say', () => {
  const call = (name: string, ...args: unknown[]): Uint8Array => encodeFrame({ kind: 'call', id: 1, name, args });
  const HOSTILE: readonly [string, Uint8Array][] = [
    ['no frame', Uint8Array.of(0xc1)],
    ['no frame we know', encodeFrame({ kind: 'shout' } as unknown as ToHost)],
    [
      'more in a frame than belongs there',
      encodeFrame({ kind: 'tell', name: 'pause', args: ['t'], more: 1 } as ToHost),
    ],
    ['a call that there is not', call('close')],
    ['a call that every object has', call('constructor')],
    ['too few arguments', call('join')],
    ['too many', call('leave', 1)],
    ['others', call('talk.say', 1)],
    ['options that there are not', call('talk.say', 'x', { to: 1 })],
    ['a call where something is told', encodeFrame({ kind: 'tell', name: 'leave', args: [] })],
    ['too much', new Uint8Array(5 * 1024 * 1024)],
  ];

  test.each(HOSTILE)('(%s) is let go, and nothing else is harmed', async (_what, bytes) => {
    const stage = new Stage();
    const [window, other] = [await stage.joined(), await stage.joined()];
    const calls = [...stage.pool.calls];
    window.pair.window.send(bytes);
    await until(() => !window.pair.host.open);
    await other.client.settled();
    expect(stage.pool.calls).toEqual(calls);
  });

  test('is let go whatever it says, or answered', async () => {
    const stage = new Stage();
    const other = await stage.joined();
    const names = [
      'join',
      'offer',
      'talk.page',
      'talk.whisper',
      'signReport',
      'history.search',
      'export.next',
      'host.change',
    ];
    const frame = fc.record({
      kind: fc.constantFrom('call', 'tell'),
      id: fc.nat(),
      name: fc.oneof(fc.constantFrom(...names), fc.string()),
      args: fc.array(fc.anything({ withBigInt: false, withDate: true }), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(frame, async (said) => {
        const window = await stage.window();
        window.pair.window.send(encodeFrame(said as ToHost));
        await Promise.resolve();
        window.close();
      }),
    );
    stage.pool.come(MARA);
    await until(() => other.heard.some(({ kind }) => kind === 'peer-joined'));
  });
});
