// The pool as the page sees it, reduced from events.

import { beforeEach, describe, expect, test } from '@jest/globals';
import type { PeerView } from '../../src/client.ts';
import { HLC_PER_MS } from '../../src/wire/entry.ts';
import { ENDED_MAX, ENTRIES_MAX, PoolStore } from '../../web/state.ts';
import { message, offer, running } from './support.ts';

const mara: PeerView = { id: 'aa', name: 'Mara', device: 'browser', role: 'owner', path: 'direct' };

let store: PoolStore;
const kinds = (): string[] => store.entries.value.map((entry) => entry.kind);

beforeEach(() => {
  store = new PoolStore();
  store.apply({ kind: 'joined', pool: 'quiet', self: 'me', role: 'member', peers: [mara] }, 0);
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

  test('says whose link could not be bound, and what to do, until one stands or they are gone', () => {
    const unbound = { kind: 'unbound', peer: mara.id, name: mara.name, code: 'binding' } as const;
    const marked = (): unknown => store.unbound.value.get(mara.id);
    const ends = [
      { kind: 'peer-changed', peer: mara },
      { kind: 'peer-left', peer: mara },
    ] as const;
    for (const end of ends) {
      store.apply(unbound, 1);
      store.apply({ kind: 'peer-changed', peer: { ...mara, path: 'connecting' } }, 2);
      expect(marked()).toBe('binding');
      store.apply(end, 3);
      expect(marked()).toBe(undefined);
    }
    expect(store.entries.value[0]).toMatchObject({
      text: 'Somebody may sit between this device and Mara’s, so nothing is sent there. Ask whoever runs this server, or meet at another one.',
    });
  });
});

describe('lines beside the messages', () => {
  const juno = (at: number): PeerView => ({ ...mara, id: `juno-${at}`, name: `Juno ${at}` });
  const notes = (): string[] => store.entries.value.flatMap((entry) => (entry.kind === 'note' ? [entry.text] : []));

  test('are dated by the pool’s clock and stand after what arrived before them', () => {
    store.apply({ kind: 'message', message: { ...message, created: 9000 * HLC_PER_MS }, fresh: true }, 1, 2000);
    store.apply({ kind: 'peer-joined', peer: juno(1) }, 1, 3000);
    store.apply({ kind: 'peer-joined', peer: juno(2) }, 1, 10_000);
    expect(store.entries.value.map(({ atMs, place }) => [atMs, place / HLC_PER_MS])).toEqual([
      [3000, 9000],
      [10_000, 10_000],
    ]);
  });

  test('are the newest only', () => {
    for (let at = 0; at <= ENTRIES_MAX; at += 1) store.apply({ kind: 'peer-joined', peer: juno(at) }, 1);
    expect(notes()).toHaveLength(ENTRIES_MAX);
    expect(notes()[0]).toBe('Juno 1 joined');
  });

  test('begin anew in another pool, and go on when the same pool is joined again', () => {
    const joined = { kind: 'joined', self: 'me', role: 'member', peers: [] } as const;
    store.apply({ kind: 'peer-joined', peer: juno(1) }, 1);
    store.apply({ ...joined, pool: 'quiet' }, 6);
    expect(kinds()).toEqual(['note']);
    store.apply({ ...joined, pool: 'other' }, 7);
    expect(kinds()).toEqual([]);
  });

  test('tell of nonsense from one device once of each kind', () => {
    const problem = { code: 'forged', author: undefined, chain: undefined, seq: undefined } as const;
    for (const code of ['forged', 'forged', 'fork'] as const) {
      store.apply({ kind: 'problem', problem: { ...problem, code }, from: 'aa', name: 'Mara' }, 1);
    }
    expect(notes()).toHaveLength(2);
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
    store.apply({ kind: 'peer-joined', peer: { ...mara, id: 'bb' } }, 3);
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
