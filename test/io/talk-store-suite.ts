// The contract of a TalkStore, as tests that every implementation passes: in memory and over SQLite (test/io), and over
// IndexedDB in a worker (test/worker).
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ChainRecord, MemberRecord, MessageRecord, RoomRecord } from '../../src/talk/records.ts';
import type { EntryRecord, EpochRecord, PoolRecord, TalkStore } from '../../src/io/talk-store.ts';
import { entryId } from '../../src/wire/entry.ts';
import {
  ADA,
  BEN,
  EVE,
  OTHER_POOL,
  POOL,
  ROOM,
  ZONE,
  messageOf,
  seqsOf,
  talkStoreParts,
  waitingOf,
} from './talk-store-parts.ts';

/** One store, made for one test. */
export interface TalkStoreSetup {
  readonly store: TalkStore;
  /** Closes the store and opens what it kept: another TalkStore, or the same where nothing outlives it. */
  readonly reopen: () => Promise<TalkStore>;
  readonly tearDown: () => Promise<void>;
}

const bytesOf = (fill: number, length: number): Uint8Array => new Uint8Array(length).fill(fill);

const chainOf = (author: string, last: number): ChainRecord => ({
  author,
  chain: ROOM,
  ranges: [{ first: 1, last }],
  hash: bytesOf(last, 32),
  audience: 'pool',
  forked: false,
});

const memberOf = (device: string, name: string): MemberRecord => ({
  device,
  signKey: bytesOf(1, 32),
  agreeKey: undefined,
  name,
  kind: 'browser',
  account: device,
  role: 'member',
  metMs: 0,
  verifiedMs: undefined,
  out: false,
  doubleOf: undefined,
  profile: { entry: entryId(device, ROOM, 1), created: 5 },
});

const roomOf = (id: string): RoomRecord => ({
  id,
  kind: 'zone',
  name: 'Kitchen',
  accounts: [ADA, BEN],
  founder: ADA,
  readTo: 0,
  unread: 0,
  lastCreated: 0,
  definition: { created: 1, author: ADA, named: [ADA, BEN] },
});

const entryOf = (seq: number, length = 100, author = ADA): EntryRecord => {
  return { author, chain: ROOM, seq, bytes: bytesOf(seq, length) };
};

const epochOf = (author: string, room: string, number: number, key?: Uint8Array): EpochRecord => {
  return { author, room, number, created: number, key, devices: [ADA, BEN], accounts: [ADA] };
};

const poolOf = (pool: string, visitedMs: number): PoolRecord => ({ pool, visitedMs, unread: 2, left: false });

export function talkStoreSuite(title: string, setUp: () => Promise<TalkStoreSetup>): void {
  describe(title, () => {
    let setup: TalkStoreSetup;
    let store: TalkStore;

    beforeEach(async () => {
      setup = await setUp();
      store = setup.store;
    });

    afterEach(() => setup.tearDown());

    const found = async (query: string, limit = 10, pool?: string, before?: number): Promise<number[]> =>
      seqsOf((await store.search(query, limit, pool, before)).map(({ message }) => message));

    describe('what is put', () => {
      test('comes back as it was, after opening anew as well', async () => {
        const chains = [chainOf(ADA, 2), { ...chainOf(BEN, 1), audience: [ADA, BEN], forked: true, broughtBy: EVE }];
        const members = [
          memberOf(ADA, 'Ada ‍🐟'),
          { ...memberOf(BEN, 'Ben'), agreeKey: bytesOf(7, 32), doubleOf: EVE },
        ];
        const rooms = [roomOf(ZONE)];
        const epochs = [epochOf(ADA, ROOM, 1, bytesOf(9, 32))];
        await store.commit(POOL, { chains, members, rooms, epochs, pool: poolOf(POOL, 7) });
        store = await setup.reopen();
        const loaded = await store.load(POOL, ADA);
        expect(loaded.chains).toHaveLength(2);
        expect(loaded.chains).toEqual(expect.arrayContaining(chains));
        expect(loaded.members).toHaveLength(2);
        expect(loaded.members).toEqual(expect.arrayContaining(members));
        expect(loaded.rooms).toEqual(rooms);
        expect(loaded.epochs).toEqual(epochs);
        expect(loaded.pool).toEqual(poolOf(POOL, 7));
      });

      test('of a pool where nothing was put is nothing', async () => {
        const nothing = { chains: [], members: [], rooms: [], epochs: [], due: [], pool: undefined };
        await expect(store.load(POOL, ADA)).resolves.toEqual(nothing);
        await expect(store.pools()).resolves.toEqual([]);
      });

      test('replaces what has the same key, and nothing of another pool', async () => {
        await store.commit(POOL, { chains: [chainOf(ADA, 1)], members: [memberOf(ADA, 'Ada')] });
        await store.commit(OTHER_POOL, { members: [memberOf(ADA, 'Elsewhere')] });
        await store.commit(POOL, { chains: [chainOf(ADA, 2)], members: [memberOf(ADA, 'Ada B.')] });
        const { chains, members } = await store.load(POOL, ADA);
        expect(chains).toEqual([chainOf(ADA, 2)]);
        expect(members.map(({ name }) => name)).toEqual(['Ada B.']);
        expect((await store.load(OTHER_POOL, ADA)).members.map(({ name }) => name)).toEqual(['Elsewhere']);
      });

      test('is all there or not at all', async () => {
        await store.commit(POOL, { members: [memberOf(ADA, 'Ada')], waiting: [waitingOf('x', 1)] });
        const broken: EntryRecord = {
          ...entryOf(2),
          get bytes(): Uint8Array {
            throw new Error('no bytes');
          },
        };
        const failing = store.commit(POOL, {
          chains: [chainOf(ADA, 2)],
          members: [memberOf(ADA, 'Another')],
          rooms: [roomOf(ZONE)],
          epochs: [epochOf(ADA, ROOM, 1)],
          messages: [messageOf(1, 10)],
          woken: [waitingOf('x', 1)],
          due: [{ on: 'x', after: undefined }],
          entries: [entryOf(1), broken],
          pool: poolOf(POOL, 7),
        });
        await expect(failing).rejects.toMatchObject({ name: 'StoreError', code: 'store-failed' });
        store = await setup.reopen();
        const nothing = { chains: [], rooms: [], epochs: [], due: [], pool: undefined };
        await expect(store.load(POOL, ADA)).resolves.toEqual({ ...nothing, members: [memberOf(ADA, 'Ada')] });
        await expect(store.entries(POOL, ADA, ROOM, { first: 1, last: 9 }, 1e6)).resolves.toEqual([]);
        await expect(store.page(POOL, ROOM, 10)).resolves.toEqual([]);
        await expect(store.waiting(POOL, ['x'])).resolves.toEqual([waitingOf('x', 1)]);
        await store.commit(POOL, { entries: [entryOf(1)] });
        await expect(store.entries(POOL, ADA, ROOM, { first: 1, last: 9 }, 1e6)).resolves.toHaveLength(1);
      });

      test('is not there at all if one of its messages has no id', async () => {
        const batch = { chains: [chainOf(ADA, 2)], entries: [entryOf(1)], pool: poolOf(POOL, 7) };
        const failing = store.commit(POOL, {
          ...batch,
          messages: [messageOf(1, 10), { ...messageOf(2, 20), id: 'none' }],
        });
        await expect(failing).rejects.toMatchObject({ name: 'StoreError', code: 'store-failed' });
        const nothing = { chains: [], members: [], rooms: [], epochs: [], due: [], pool: undefined };
        await expect(store.load(POOL, ADA)).resolves.toEqual(nothing);
        await expect(store.entries(POOL, ADA, ROOM, { first: 1, last: 9 }, 1e6)).resolves.toEqual([]);
        await expect(store.page(POOL, ROOM, 10)).resolves.toEqual([]);
      });

      test('is read in the order it was put, without waiting for either', async () => {
        const puts = [1, 2, 3].map((last) => store.commit(POOL, { chains: [chainOf(ADA, last)] }));
        const loaded = store.load(POOL, ADA);
        await Promise.all(puts);
        expect((await loaded).chains).toEqual([chainOf(ADA, 3)]);
      });
    });

    describe('entries', () => {
      const seqs = async (first: number, last: number, bytesMax: number): Promise<number[]> =>
        (await store.entries(POOL, ADA, ROOM, { first, last }, bytesMax)).map(({ seq }) => seq);

      beforeEach(() =>
        // As they may come: 3 and 4 are missing, and neither the chain nor the order of arrival is that of their numbers.
        store.commit(POOL, { entries: [...[10, 2, 1, 7, 5, 6].map((seq) => entryOf(seq)), entryOf(8, 100, BEN)] }),
      );

      test('come ascending, those within the range', async () => {
        await expect(seqs(1, 6, 1e6)).resolves.toEqual([1, 2, 5, 6]);
        await expect(seqs(6, 6, 1e6)).resolves.toEqual([6]);
        await expect(seqs(3, 4, 1e6)).resolves.toEqual([]);
        await expect(seqs(2, 0xffff_ffff, 1e6)).resolves.toEqual([2, 5, 6, 7, 10]);
        await expect(store.entries(POOL, EVE, ROOM, { first: 1, last: 9 }, 1e6)).resolves.toEqual([]);
        await expect(store.entries(POOL, ADA, ZONE, { first: 1, last: 9 }, 1e6)).resolves.toEqual([]);
        await expect(store.entries(OTHER_POOL, ADA, ROOM, { first: 1, last: 9 }, 1e6)).resolves.toEqual([]);
      });

      test('come as many as fit, the first in any case', async () => {
        await expect(seqs(1, 10, 300)).resolves.toEqual([1, 2, 5]);
        await expect(seqs(1, 10, 299)).resolves.toEqual([1, 2]);
        await expect(seqs(5, 10, 1)).resolves.toEqual([5]);
      });

      test('come by the hundred', async () => {
        await store.commit(POOL, { entries: Array.from({ length: 300 }, (_, i) => entryOf(i + 1, 10, EVE)) });
        const entries = await store.entries(POOL, EVE, ROOM, { first: 11, last: 290 }, 1e6);
        expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 280 }, (_, i) => i + 11));
      });

      test('are replaced, as by one without its body, and are the bytes that were put', async () => {
        const larger = bytesOf(5, 1000);
        await store.commit(POOL, { entries: [{ ...entryOf(5), bytes: larger.subarray(100, 150) }] });
        const [entry] = await store.entries(POOL, ADA, ROOM, { first: 5, last: 5 }, 1e6);
        expect(Array.from(entry?.bytes ?? [])).toEqual(Array.from(bytesOf(5, 50)));
        await expect(seqs(1, 10, 1e6)).resolves.toEqual([1, 2, 5, 6, 7, 10]);
      });
    });

    test('the newest epochs of a device load with its pool, any other is found by its number', async () => {
      const epochs = [epochOf(ADA, ROOM, 10), epochOf(ADA, ROOM, 9), epochOf(ADA, ZONE, 1), epochOf(BEN, ROOM, 12)];
      await store.commit(POOL, { epochs });
      const loaded = (await store.load(POOL, ADA)).epochs;
      expect(loaded).toHaveLength(2);
      expect(loaded).toEqual(expect.arrayContaining([epochOf(ADA, ROOM, 10), epochOf(ADA, ZONE, 1)]));
      await expect(store.epoch(POOL, ADA, ROOM, 9)).resolves.toEqual(epochOf(ADA, ROOM, 9));
      await expect(store.epoch(POOL, ADA, ROOM, 11)).resolves.toBeUndefined();
      await expect(store.epoch(OTHER_POOL, ADA, ROOM, 9)).resolves.toBeUndefined();
    });

    talkStoreParts({ store: () => store, reopen: async () => (store = await setup.reopen()) });

    test('proofs are kept', async () => {
      const proof = { author: ADA, chain: ROOM, seq: 3, one: bytesOf(1, 200), other: bytesOf(2, 200) };
      await store.commit(POOL, { proofs: [proof] });
      store = await setup.reopen();
      await expect(store.proofs(POOL)).resolves.toEqual([proof]);
      await expect(store.proofs(OTHER_POOL)).resolves.toEqual([]);
    });

    describe('messages', () => {
      const place = (message: MessageRecord): { created: number; id: string } => message;

      test('are found by their ids, as they were put last, with all that is in them', async () => {
        const full = messageOf(1, 10, {
          text: 'a\0b <b>\u202e‍ 🐟',
          edited: 11,
          replyTo: entryId(BEN, ROOM, 1),
          notify: 'everyone',
          reactions: [{ emoji: '🐟', device: BEN }],
          votes: [BEN],
          electorate: [ADA, BEN],
          retractSeq: 9,
          trail: {
            edit: entryId(ADA, ROOM, 4),
            edits: [4],
            reactions: [{ emoji: '🐟', device: BEN, created: 12, removed: false }],
          },
        });
        await store.commit(POOL, { messages: [messageOf(1, 10), messageOf(2, 20)] });
        await store.commit(POOL, { messages: [full] });
        await expect(store.messages(POOL, [full.id, entryId(EVE, ROOM, 1), full.id])).resolves.toEqual([full]);
        await expect(store.messages(OTHER_POOL, [full.id])).resolves.toEqual([]);
        await expect(store.page(POOL, ROOM, 10)).resolves.toEqual([messageOf(2, 20), full]);
      });

      test('are paged newest first, in the order of time, author and number', async () => {
        const same = [messageOf(2, 50, { author: BEN }), messageOf(10, 50), messageOf(9, 50), messageOf(1, 50)];
        const all = [messageOf(3, 40), ...same, messageOf(4, 60), messageOf(5, 45, { room: ZONE })];
        await store.commit(POOL, { messages: all });
        await store.commit(OTHER_POOL, { messages: [messageOf(77, 50)] });
        const ids = [messageOf(4, 60), messageOf(2, 50, { author: BEN }), messageOf(10, 50), messageOf(9, 50)]
          .concat(messageOf(1, 50), messageOf(3, 40))
          .map(({ id }) => id);
        const paged = await store.page(POOL, ROOM, 10);
        expect(paged.map(({ id }) => id)).toEqual(ids);
        expect(seqsOf(await store.page(POOL, ZONE, 10))).toEqual([5]);

        const pages: string[] = [];
        for (let before: { created: number; id: string } | undefined; ;) {
          const page: MessageRecord[] = await store.page(POOL, ROOM, 2, before);
          expect(page.length).toBeLessThanOrEqual(2);
          pages.push(...page.map(({ id }) => id));
          const last = page.at(-1);
          if (last === undefined) break;
          before = place(last);
        }
        expect(pages).toEqual(ids);
      });

      test('go on before a time, of which nothing comes then, and before one that is not there', async () => {
        await store.commit(POOL, {
          messages: [messageOf(1, 40), messageOf(2, 50), messageOf(3, 50), messageOf(4, 60)],
        });
        expect(seqsOf(await store.page(POOL, ROOM, 10, { created: 50 }))).toEqual([1]);
        const absent = { created: 50, id: entryId(BEN, ROOM, 1) };
        expect(seqsOf(await store.page(POOL, ROOM, 10, absent))).toEqual([3, 2, 1]);
        expect(seqsOf(await store.page(POOL, ROOM, 10, { created: 40 }))).toEqual([]);
      });

      test('of others that are here and came later are unread', async () => {
        const messages = [
          messageOf(1, 40, { author: BEN }),
          messageOf(2, 50, { author: BEN }),
          messageOf(3, 60, { author: BEN }),
          messageOf(4, 61, { author: EVE }),
          messageOf(5, 62),
          messageOf(6, 63, { author: BEN, state: 'retracted', text: '' }),
          messageOf(7, 64, { author: BEN, state: 'sealed', text: '' }),
          messageOf(8, 65, { author: BEN, room: ZONE }),
        ];
        await store.commit(POOL, { messages });
        await expect(store.unread(POOL, ROOM, 0, [ADA])).resolves.toBe(4);
        await expect(store.unread(POOL, ROOM, 50, [ADA])).resolves.toBe(2);
        await expect(store.unread(POOL, ROOM, 50, [ADA, EVE])).resolves.toBe(1);
        await expect(store.unread(POOL, ROOM, 50, [])).resolves.toBe(3);
        await expect(store.unread(POOL, ROOM, 65, [])).resolves.toBe(0);
        await expect(store.unread(OTHER_POOL, ROOM, 0, [])).resolves.toBe(0);
      });

      test('are found by all their words, in any order and case, newest first', async () => {
        const texts = ['The heron fishes', 'a HERON sleeps', 'Écluse, été', 'где рыба', 'heron: fishes twice'];
        await store.commit(POOL, { messages: texts.map((text, i) => messageOf(i + 1, 10 * (i + 1), { text })) });
        await expect(found('heron')).resolves.toEqual([5, 2, 1]);
        await expect(found('  FISHES\theron ')).resolves.toEqual([5, 1]);
        await expect(found('heron otter')).resolves.toEqual([]);
        await expect(found('éCLUSE')).resolves.toEqual([3]);
        await expect(found('РЫБА')).resolves.toEqual([4]);
        await expect(found('%')).resolves.toEqual([]);
        await expect(found(' ')).resolves.toEqual([]);
      });

      test('are found as many as asked for, further ones before a time, of one pool or of all', async () => {
        const messages = [1, 2, 3, 4].map((seq) => messageOf(seq, 10 * seq, { text: 'heron' }));
        await store.commit(POOL, { messages });
        await store.commit(OTHER_POOL, { messages: [messageOf(9, 25, { text: 'heron' })] });
        await expect(found('heron', 2)).resolves.toEqual([4, 3]);
        await expect(found('heron', 2, undefined, 30)).resolves.toEqual([9, 2]);
        await expect(found('heron', 9, POOL)).resolves.toEqual([4, 3, 2, 1]);
        await expect(found('heron', 9, OTHER_POOL)).resolves.toEqual([9]);
        const all = await store.search('heron', 9);
        expect(all.map(({ pool }) => pool)).toEqual([POOL, POOL, OTHER_POOL, POOL, POOL]);
      });

      test.each([
        ['fish small', [8]],
        ['ſMALL', [8]],
        ['100%', [6]],
        ['%', [6]],
        ['_', [5]],
        ["'", [4]],
        ['a\u0308rger', [3]],
        ['дождя', [2]],
        ['🐟', [1]],
        ['', []],
        [' \t\n', []],
      ])('are found by %j', async (query, expected) => {
        const texts = ['🐟', 'ПОСЛЕ \0 дождя', 'Ärger', "don't", 'snake_case', '100% sure', 'fi', 'a small fish'];
        const messages = texts.map((text, i) => messageOf(i + 1, 10 * (i + 1), { text }));
        await store.commit(POOL, { messages: [...messages, messageOf(9, 90, { state: 'sealed', text: '' })] });
        await expect(found(query)).resolves.toEqual(expected);
      });

      test('are all found once, asked on with the last time, though several are of one time', async () => {
        const messages = Array.from({ length: 3000 }, (_, i) =>
          messageOf(i + 1, 1000 + Math.floor(i / 2), {
            text: i % 3 === 0 ? 'a heron' : 'an otter',
            saved: i % 3 === 0,
          }),
        );
        await store.commit(POOL, { messages });
        const herons = seqsOf(messages.filter(({ saved }) => saved)).toReversed();
        for (const ask of [store.search.bind(store, 'heron', 100, undefined), store.saved.bind(store, 100)]) {
          const all: number[] = [];
          for (let before: number | undefined; all.length < herons.length;) {
            const part: MessageRecord[] = (await ask(before)).map(({ message }) => message);
            expect(part.length).toBeGreaterThanOrEqual(Math.min(100, herons.length - all.length));
            expect(part.length).toBeLessThanOrEqual(101);
            all.push(...seqsOf(part));
            before = part.at(-1)?.created;
          }
          expect(all).toEqual(herons);
        }
      });

      test('are found as they stand now: not by a text that was edited or taken back', async () => {
        await store.commit(POOL, {
          messages: [messageOf(1, 10, { text: 'heron' }), messageOf(2, 20, { text: 'heron' })],
        });
        const retracted = messageOf(2, 20, { state: 'retracted', text: '' });
        await store.commit(POOL, { messages: [messageOf(1, 10, { text: 'otter' }), retracted] });
        await expect(found('heron')).resolves.toEqual([]);
        await expect(found('otter')).resolves.toEqual([1]);
      });

      test('that are saved are found in all pools, until they are not any more', async () => {
        const saved = { saved: true };
        await store.commit(POOL, { messages: [messageOf(1, 10, saved), messageOf(2, 20), messageOf(3, 30, saved)] });
        await store.commit(OTHER_POOL, { messages: [messageOf(4, 25, saved)] });
        const list = async (limit: number, before?: number): Promise<number[]> =>
          seqsOf((await store.saved(limit, before)).map(({ message }) => message));
        await expect(list(9)).resolves.toEqual([3, 4, 1]);
        await expect(list(1, 30)).resolves.toEqual([4]);
        await store.commit(POOL, { messages: [messageOf(3, 30)] });
        await expect(list(9)).resolves.toEqual([4, 1]);
      });
    });

    test('pools come last visited first', async () => {
      await store.commit(POOL, { pool: poolOf(POOL, 100) });
      await store.commit(OTHER_POOL, { pool: poolOf(OTHER_POOL, 200) });
      await expect(store.pools()).resolves.toEqual([poolOf(OTHER_POOL, 200), poolOf(POOL, 100)]);
      await store.commit(POOL, { pool: { ...poolOf(POOL, 300), left: true } });
      await expect(store.pools()).resolves.toEqual([{ ...poolOf(POOL, 300), left: true }, poolOf(OTHER_POOL, 200)]);
    });

    test('a pool that is forgotten leaves nothing behind, and others as they were', async () => {
      const batch = {
        chains: [chainOf(ADA, 1)],
        members: [memberOf(ADA, 'Ada')],
        rooms: [roomOf(ZONE)],
        entries: [entryOf(1)],
        epochs: [epochOf(ADA, ROOM, 1)],
        messages: [messageOf(1, 10, { text: 'heron', saved: true })],
        waiting: [waitingOf('x', 1)],
        due: [{ on: 'x', after: undefined }],
        proofs: [{ author: ADA, chain: ROOM, seq: 3, one: bytesOf(1, 9), other: bytesOf(2, 9) }],
      };
      await store.commit(POOL, { ...batch, pool: poolOf(POOL, 1) });
      await store.commit(OTHER_POOL, { ...batch, pool: poolOf(OTHER_POOL, 1) });
      await store.forget(POOL);
      store = await setup.reopen();
      const nothing = { chains: [], members: [], rooms: [], epochs: [], due: [], pool: undefined };
      await expect(store.load(POOL, ADA)).resolves.toEqual(nothing);
      await expect(store.entries(POOL, ADA, ROOM, { first: 1, last: 9 }, 1e6)).resolves.toEqual([]);
      await expect(store.waiting(POOL, ['x'])).resolves.toEqual([]);
      await expect(store.proofs(POOL)).resolves.toEqual([]);
      await expect(store.pools()).resolves.toEqual([poolOf(OTHER_POOL, 1)]);
      expect((await store.search('heron', 9)).map(({ pool }) => pool)).toEqual([OTHER_POOL]);
      expect((await store.saved(9)).map(({ pool }) => pool)).toEqual([OTHER_POOL]);
      await expect(store.entries(OTHER_POOL, ADA, ROOM, { first: 1, last: 9 }, 1e6)).resolves.toHaveLength(1);
    });
  });
}
