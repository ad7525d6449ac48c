// The pool as the page sees it, reduced from events.

import { beforeEach, describe, expect, test } from '@jest/globals';
import type { OfferView, PeerView, TransferView } from '../../src/client.ts';
import { ENDED_MAX, ENTRIES_MAX, PoolStore } from '../../web/state.ts';

const mara: PeerView = { id: 'aa', name: 'Mara', device: 'browser', path: 'direct' };
const offer: OfferView = {
  id: 'aa/1',
  from: 'aa',
  name: 'Mara',
  own: false,
  atMs: 0,
  files: [{ number: 2, name: 'a.bin', bytes: 100 }],
  state: 'open',
};
const running: TransferView = {
  id: 'in/aa/2',
  offer: 'aa/1',
  direction: 'in',
  peer: 'aa',
  peerName: 'Mara',
  name: 'a.bin',
  bytes: 100,
  doneBytes: 0,
  keptBytes: 0,
  bytesPerSecond: 0,
  state: 'running',
  seconds: 0,
  sources: [],
};

let store: PoolStore;
const kinds = (): string[] => store.entries.value.map((entry) => entry.kind);

beforeEach(() => {
  store = new PoolStore();
  store.apply({ kind: 'joined', pool: 'quiet', self: 'me', peers: [mara] }, 0);
});

describe('the roster', () => {
  test('notes who comes and who goes, once', () => {
    const juno = { ...mara, id: 'bb', name: 'Juno' };
    store.apply({ kind: 'peer-joined', peer: juno }, 1);
    store.apply({ kind: 'peer-joined', peer: juno }, 2);
    store.apply({ kind: 'peer-left', peer: juno }, 3);
    store.apply({ kind: 'peer-left', peer: juno }, 4);
    expect(store.peers.value).toEqual([mara]);
    expect(store.entries.value.map((entry) => entry.kind === 'note' && entry.text)).toEqual([
      'Juno joined',
      'Juno left',
    ]);
  });

  test('never lists this device among the others', () => {
    store.apply({ kind: 'peer-joined', peer: { ...mara, id: 'me' } }, 1);
    expect(store.peers.value).toEqual([mara]);
  });
});

describe('the conversation', () => {
  const say = (text: string): void => {
    const message = { id: text, from: 'aa', name: 'Mara', own: false, text, sentMs: 9e15 };
    store.apply({ kind: 'message', message }, 5);
  };

  test('is dated by this device’s clock, not by the sender’s', () => {
    say('hello');
    expect(store.entries.value[0]?.atMs).toBe(5);
  });

  test('keeps the newest lines only', () => {
    for (let at = 0; at <= ENTRIES_MAX; at += 1) say(`${at}`);
    const [first] = store.entries.value;
    expect(store.entries.value).toHaveLength(ENTRIES_MAX);
    expect(first?.kind === 'message' && first.message.text).toBe('1');
  });

  test('begins anew in another pool, and goes on when the same pool is joined again', () => {
    say('hello');
    store.apply({ kind: 'joined', pool: 'quiet', self: 'me', peers: [] }, 6);
    expect(kinds()).toEqual(['message']);
    store.apply({ kind: 'joined', pool: 'other', self: 'me', peers: [] }, 7);
    expect(kinds()).toEqual([]);
  });
});

describe('an offer', () => {
  test('has one card, which follows its state', () => {
    store.apply({ kind: 'offer', offer }, 1);
    store.apply({ kind: 'offer', offer: { ...offer, state: 'accepted' } }, 2);
    const [entry] = store.entries.value;
    expect(kinds()).toEqual(['offer']);
    expect(entry?.kind === 'offer' && entry.offer.view.value.state).toBe('accepted');
  });

  test('that is made again after its device returned moves to the end', () => {
    store.apply({ kind: 'offer', offer }, 1);
    store.apply({ kind: 'offer', offer: { ...offer, state: 'withdrawn' } }, 2);
    store.note('later', 3);
    store.apply({ kind: 'offer', offer }, 4);
    expect(kinds()).toEqual(['note', 'offer']);
  });

  test('that is made again leaves the card of a file that waits to be saved alone', () => {
    store.apply({ kind: 'offer', offer }, 1);
    store.apply({ kind: 'transfer', transfer: { ...running, state: 'ended', end: 'verified', location: 'x' } }, 2);
    store.apply({ kind: 'offer', offer: { ...offer, state: 'accepted' } }, 3);
    store.apply({ kind: 'offer', offer }, 4);
    store.apply({ kind: 'transfer', transfer: running }, 5);
    const ends = store.entries.value.map(
      (entry) => entry.kind === 'offer' && entry.offer.transfers.value.map(({ view }) => view.value.end),
    );
    expect(ends).toEqual([['verified'], [undefined]]);
  });

  test('knows its transfers, also one that was told of first', () => {
    store.apply({ kind: 'transfer', transfer: running }, 1);
    store.apply({ kind: 'offer', offer }, 2);
    store.apply({ kind: 'transfer', transfer: { ...running, id: 'in/aa/3' } }, 3);
    const [entry] = store.entries.value;
    expect(entry?.kind === 'offer' && entry.offer.transfers.value.map(({ id }) => id)).toEqual(['in/aa/2', 'in/aa/3']);
  });
});

describe('a transfer that goes on with a new offer of the same file', () => {
  const transfersIn = (): unknown[] =>
    store.entries.value.map((entry) => entry.kind === 'offer' && entry.offer.transfers.value.map(({ id }) => id));

  test.each(['before', 'after'])('stands in the new card, told of %s the offer; the old card goes', (when) => {
    const moved = { ...running, offer: 'aa/9' };
    store.apply({ kind: 'offer', offer: { ...offer, state: 'accepted' } }, 1);
    store.apply({ kind: 'transfer', transfer: { ...running, state: 'waiting' } }, 2);
    if (when === 'before') store.apply({ kind: 'transfer', transfer: moved }, 3);
    store.apply({ kind: 'offer', offer: { ...offer, id: 'aa/9', state: 'accepted' } }, 4);
    if (when === 'after') store.apply({ kind: 'transfer', transfer: moved }, 5);
    expect(transfersIn()).toEqual([[running.id]]);
    expect(store.transfers.value).toHaveLength(1);
  });

  test('leaves the old card alone if something else stands in it', () => {
    store.apply({ kind: 'offer', offer }, 1);
    store.apply({ kind: 'transfer', transfer: running }, 2);
    store.apply({ kind: 'transfer', transfer: { ...running, id: 'in/aa/3' } }, 2);
    store.apply({ kind: 'transfer', transfer: { ...running, offer: 'aa/9' } }, 3);
    store.apply({ kind: 'offer', offer: { ...offer, id: 'aa/9' } }, 4);
    expect(transfersIn()).toEqual([['in/aa/3'], [running.id]]);
  });
});

describe('a transfer', () => {
  test('moves without the list changing, and keeps the trace of its speed', () => {
    store.apply({ kind: 'transfer', transfer: running }, 1);
    const before = store.transfers.value;
    store.apply({ kind: 'transfer', transfer: { ...running, doneBytes: 40, bytesPerSecond: 7 } }, 2);
    expect(store.transfers.value).toBe(before);
    expect(before[0]?.trace.value.at(-1)).toEqual({ at: 0.4, speed: 7 });
  });

  test('that begins again is another one, with a current from the start', () => {
    store.apply({ kind: 'transfer', transfer: { ...running, doneBytes: 60 } }, 1);
    store.apply({ kind: 'transfer', transfer: { ...running, doneBytes: 60, state: 'ended', end: 'peer-left' } }, 2);
    store.apply({ kind: 'transfer', transfer: { ...running, doneBytes: 10 } }, 3);
    expect(store.transfers.value.map(({ state }) => state.value)).toEqual(['running', 'ended']);
    expect(store.transfers.value[0]?.trace.value).toEqual([{ at: 0.1, speed: 0 }]);
    expect(new Set(store.transfers.value.map(({ key }) => key)).size).toBe(2);
  });

  test('that has ended is forgotten before one that runs, once there are too many', () => {
    store.apply({ kind: 'transfer', transfer: running }, 1);
    for (let at = 0; at < ENDED_MAX + 5; at += 1) {
      store.apply({ kind: 'transfer', transfer: { ...running, id: `e${at}`, state: 'ended', end: 'verified' } }, 2);
    }
    const ids = store.transfers.value.map(({ id }) => id);
    expect(ids).toHaveLength(ENDED_MAX + 1);
    expect(ids).toContain(running.id);
  });

  test('that runs survives clearing what has ended', () => {
    store.apply({ kind: 'transfer', transfer: running }, 1);
    store.apply({ kind: 'transfer', transfer: { ...running, id: 'x', state: 'ended', end: 'verified' } }, 2);
    store.clearEnded();
    expect(store.transfers.value.map(({ id }) => id)).toEqual([running.id]);
  });
});

describe('the queue', () => {
  const begin = (...ids: readonly string[]): void => {
    for (const id of ids) store.apply({ kind: 'transfer', transfer: { ...running, id, state: 'queued' } }, 1);
  };

  test('holds incoming transfers in the order they were taken, until they end', () => {
    begin('in/1', 'in/2', 'in/3');
    store.apply({ kind: 'transfer', transfer: { ...running, id: 'out/1', direction: 'out' } }, 1);
    store.apply({ kind: 'transfer', transfer: { ...running, id: 'in/2', state: 'ended', end: 'verified' } }, 2);
    expect(store.queue.value).toEqual(['in/1', 'in/3']);
  });

  test('is put in another order, never beyond its ends', () => {
    begin('in/1', 'in/2', 'in/3');
    expect(store.move('in/3', 0)).toBe(0);
    expect(store.queue.value).toEqual(['in/3', 'in/1', 'in/2']);
    expect(store.move('in/3', -1)).toBe(0);
    expect(store.move('in/3', 9)).toBe(2);
    expect(store.queue.value).toEqual(['in/1', 'in/2', 'in/3']);
  });
});

test('a source that was struck is told of in the conversation', () => {
  store.apply({ kind: 'struck', peer: 'aa', peerName: 'Mara', evidence: [] }, 1);
  expect(kinds()).toEqual(['note']);
});

test('the countdown to the next try is kept as a moment', () => {
  store.apply({ kind: 'backhaul', state: 'waiting', retryMs: 3000, reason: 'gone' }, 1000);
  expect(store.backhaul.value).toEqual({ state: 'waiting', retryAtMs: 4000, reason: 'gone' });
});
