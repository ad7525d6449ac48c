// Parts of the contract of a TalkStore (talk-store-suite.ts), and what its tests are made of: what waits and what is due,
// announcements, and messages that go.
import { describe, expect, test } from '@jest/globals';
import type { MessageRecord } from '../../src/talk/records.ts';
import { sealedMessage } from '../../src/talk/projection.ts';
import type { TalkStore, WaitingRecord } from '../../src/io/talk-store.ts';
import { entryId } from '../../src/wire/entry.ts';

export const POOL = 'quiet-heron-cove-4821';
export const OTHER_POOL = 'brisk-otter-bay-1177';
export const idOf = (digit: string): string => digit.repeat(32);
export const ADA: string = idOf('a');
export const BEN: string = idOf('b');
export const EVE: string = idOf('e');
export const ROOM: string = idOf('1');
export const ZONE: string = idOf('2');

export const messageOf = (seq: number, created: number, over: Partial<MessageRecord> = {}): MessageRecord => {
  const author = over.author ?? ADA;
  const place = { id: entryId(author, ROOM, seq), author, room: ROOM, seq, created };
  return { ...sealedMessage(place), state: 'here', text: `message ${seq}`, ...over };
};

export const waitingOf = (on: string, seq: number, author: string = ADA): WaitingRecord => ({
  on,
  author,
  chain: ROOM,
  seq,
});

export const seqsOf = (messages: readonly MessageRecord[]): number[] =>
  messages.map(({ id }) => Number(id.slice(id.lastIndexOf('/') + 1)));

export function talkStoreParts({
  store,
  reopen,
}: {
  readonly store: () => TalkStore;
  readonly reopen: () => Promise<TalkStore>;
}): void {
  describe('what waits', () => {
    const epoch = `epoch/${BEN}/${ROOM}/4`;
    const target = entryId(BEN, ROOM, 2);

    test('is found by what it waits for, until it is woken', async () => {
      const waiting = [waitingOf(epoch, 2), waitingOf(epoch, 1), waitingOf(target, 2), waitingOf(epoch, 1, BEN)];
      await store().commit(POOL, { waiting });
      await store().commit(POOL, { waiting: [waitingOf(epoch, 1)] });
      const onEpoch = [waitingOf(epoch, 1), waitingOf(epoch, 2), waitingOf(epoch, 1, BEN)];
      await expect(store().waiting(POOL, [epoch, 'nothing'])).resolves.toEqual(onEpoch);
      await expect(store().waiting(POOL, [target, epoch])).resolves.toHaveLength(4);
      await expect(store().waiting(POOL, [target.slice(0, -1), `${target}2`])).resolves.toEqual([]);
      await expect(store().waiting(OTHER_POOL, [epoch])).resolves.toEqual([]);
      const awaited = await store().awaited(POOL, [epoch, 'nothing', target, epoch, `${target}2`]);
      expect(awaited.toSorted()).toEqual([epoch, target].toSorted());
      await expect(store().awaited(OTHER_POOL, [epoch])).resolves.toEqual([]);
      await store().commit(POOL, { woken: onEpoch });
      await expect(store().waiting(POOL, [target, epoch])).resolves.toEqual([waitingOf(target, 2)]);
      await expect(store().awaited(POOL, [target, epoch])).resolves.toEqual([target]);
    });

    test('is given a piece at a time, each after the last', async () => {
      const waiting = Array.from({ length: 25 }, (_, i) => waitingOf(epoch, 25 - i, i % 2 === 0 ? ADA : BEN));
      await store().commit(POOL, { waiting: [...waiting, waitingOf(target, 1, ADA), waitingOf(target, 1, BEN)] });
      const inOrder = await store().waiting(POOL, [epoch]);
      expect(inOrder.map(({ author, seq }) => `${author[0]}${seq}`).slice(0, 3)).toEqual(['a1', 'a3', 'a5']);
      await expect(store().waiting(POOL, [epoch], 4)).resolves.toEqual(inOrder.slice(0, 4));
      await expect(store().waiting(POOL, [epoch], 4, inOrder[11])).resolves.toEqual(inOrder.slice(12, 16));
      await expect(store().waiting(POOL, [epoch], 4, inOrder[24])).resolves.toEqual([]);
      const both = [...inOrder.slice(24), waitingOf(target, 1)];
      await expect(store().waiting(POOL, [epoch, target], 2, inOrder[23])).resolves.toEqual(both);
    });

    test('and is put in a batch stays, though it is woken by the same', async () => {
      await store().commit(POOL, { waiting: [waitingOf('x', 1), waitingOf('x', 2)] });
      await store().commit(POOL, { woken: [waitingOf('x', 1), waitingOf('x', 2)], waiting: [waitingOf('x', 2)] });
      await expect(store().waiting(POOL, ['x'])).resolves.toEqual([waitingOf('x', 2)]);
    });

    test('and what is due of it outlives the store, until nothing is', async () => {
      const { author, chain, seq } = waitingOf(epoch, 7);
      const due = { on: epoch, after: { author, chain, seq } };
      await store().commit(POOL, { due: [due, { on: 'x', after: undefined }] });
      await reopen();
      const loaded = (await store().load(POOL, ADA)).due;
      expect(loaded).toHaveLength(2);
      expect(loaded).toEqual(expect.arrayContaining([due, { on: 'x', after: undefined }]));
      await expect(store().load(OTHER_POOL, ADA)).resolves.toMatchObject({ due: [] });
      await store().commit(POOL, { due: [{ on: 'x', after: due.after }], drained: [epoch] });
      await expect(store().load(POOL, ADA)).resolves.toMatchObject({ due: [{ on: 'x', after: due.after }] });
    });
  });

  test('announcements of a room are given, the newest that are here', async () => {
    const announced = (seq: number, over: Partial<MessageRecord> = {}): MessageRecord =>
      messageOf(seq, seq * 10, { announcement: true, ...over });
    const messages = [announced(1), messageOf(2, 20), announced(3), announced(4), announced(5, { room: ZONE })];
    await store().commit(POOL, { messages: [...messages, announced(6, { state: 'retracted', text: '' })] });
    await store().commit(OTHER_POOL, { messages: [announced(7)] });
    expect(seqsOf(await store().announcements(POOL, ROOM, 16))).toEqual([4, 3, 1]);
    expect(seqsOf(await store().announcements(POOL, ROOM, 2))).toEqual([4, 3]);
    expect(seqsOf(await store().announcements(POOL, ZONE, 1))).toEqual([5]);
    await store().commit(POOL, {
      messages: [announced(4, { state: 'retracted', text: '' }), announced(3, { noted: true }), announced(2)],
    });
    await reopen();
    expect(seqsOf(await store().announcements(POOL, ROOM, 16))).toEqual([3, 2, 1]);
    expect((await store().announcements(POOL, ROOM, 1))[0]).toMatchObject({ noted: true });
  });

  test('a message that turned out to be none is gone from everywhere', async () => {
    const [gone, stays] = [messageOf(1, 10, { saved: true, announcement: true }), messageOf(2, 10)];
    await store().commit(POOL, { messages: [gone, stays] });
    await store().commit(POOL, { removed: [gone.id, entryId(EVE, ROOM, 1)] });
    await expect(store().messages(POOL, [gone.id, stays.id])).resolves.toEqual([stays]);
    await expect(store().page(POOL, ROOM, 9)).resolves.toEqual([stays]);
    await expect(store().saved(9)).resolves.toEqual([]);
    await expect(store().announcements(POOL, ROOM, 9)).resolves.toEqual([]);
    await expect(store().unread(POOL, ROOM, 0, [])).resolves.toBe(1);
    expect(seqsOf((await store().search('message', 9)).map(({ message }) => message))).toEqual([2]);
  });
}
