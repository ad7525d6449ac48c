// Entries that wait by the thousand for one thing: they are applied a piece at a time, and nothing holds up the keeper meanwhile.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { MemoryTalkStore } from '../../src/io/talk-memory.ts';
import { WOKEN_MAX, epochKey } from '../../src/io/keeper-stage.ts';
import type { EntryRecord, WaitingRecord } from '../../src/io/talk-store.ts';
import { SEALED_OVERHEAD_BYTES } from '../../src/keys/epoch.ts';
import { encodeEntry, encodeEntryHead, entryId } from '../../src/wire/entry.ts';
import { POOL, POOL_ROOM, Person, decoded, people } from './keeper-world.ts';

const COUNT = 3000;
const FIRST = 10;

/** Counts what is read of entries between one commit and the next. */
class CountingStore extends MemoryTalkStore {
  readonly loaded: number[] = [];
  #since = 0;

  override async entries(...args: Parameters<MemoryTalkStore['entries']>): Promise<EntryRecord[]> {
    const found = await super.entries(...args);
    this.#since += found.length;
    return found;
  }

  override async waiting(...args: Parameters<MemoryTalkStore['waiting']>): Promise<WaitingRecord[]> {
    const found = await super.waiting(...args);
    this.loaded.push(found.length);
    return found;
  }

  override async commit(...args: Parameters<MemoryTalkStore['commit']>): Promise<void> {
    await super.commit(...args);
    this.loaded.push(this.#since);
    this.#since = 0;
  }
}

describe('thousands of entries that wait for one epoch', () => {
  let ben: Person;
  let store: CountingStore;
  let epoch: Uint8Array;
  let author: string;

  /** They are Ada's by their heads; nobody signed them, and nobody looks at that any more. */
  beforeEach(async () => {
    const [ada, cy] = (await people('Ada', 'Cy')) as [Person, Person];
    author = ada.id;
    await ada.meets(cy);
    await ada.say('the first');
    epoch = ada.wrote.find((bytes) => decoded(bytes).kind === 'epoch') ?? new Uint8Array(0);
    const head = {
      kind: 'content',
      author: ada.keys.signKey,
      chain: POOL_ROOM,
      prev: new Uint8Array(32).fill(1),
      room: POOL_ROOM,
      bodyBytes: SEALED_OVERHEAD_BYTES,
      bodyHash: new Uint8Array(32),
    } as const;
    const body = new Uint8Array(SEALED_OVERHEAD_BYTES);
    body[3] = 1;
    const { created } = decoded(epoch);
    const rows = Array.from({ length: COUNT }, (_, i) => {
      const seq = FIRST + i;
      const bytes = encodeEntryHead({ ...head, seq, created: created + seq });
      const entry = { author: ada.id, chain: POOL_ROOM, seq };
      return { ...entry, bytes: encodeEntry({ head: bytes, signature: new Uint8Array(64), body }) };
    });
    store = new CountingStore();
    await store.commit(POOL, {
      chains: [
        {
          author: ada.id,
          chain: POOL_ROOM,
          ranges: [{ first: FIRST, last: FIRST + COUNT - 1 }],
          hash: new Uint8Array(32),
          audience: 'pool',
          forked: false,
        },
      ],
      entries: rows,
      waiting: rows.map(({ author, chain, seq }) => ({ on: epochKey(ada.id, POOL_ROOM, 1), author, chain, seq })),
    });
    ben = new Person(cy.keys, 'Cy', store);
    await ben.restart();
    await ben.metAs(ada, 'member');
    ben.nowMs += 60_000;
    store.loaded.length = 0;
  });

  const shown = async (): Promise<number> => (await store.page(POOL, POOL_ROOM, 10 * COUNT)).length;

  test('are applied a bounded number at a time, and other work is done in between', async () => {
    expect((await ben.take([epoch])).due).toBe(true);
    expect(await shown()).toBe(WOKEN_MAX);
    expect((await ben.write({ kind: 'vote', target: entryId(author, POOL_ROOM, FIRST) })).due).toBe(true);
    expect(await shown()).toBeLessThanOrEqual(2 * WOKEN_MAX);
    await ben.wakeAll();
    expect(await shown()).toBe(COUNT);
    expect(Math.max(...store.loaded)).toBeLessThanOrEqual(WOKEN_MAX + 4);
    expect(await store.load(POOL, ben.id)).toMatchObject({ due: [] });
    expect(await store.awaited(POOL, [epochKey(author, POOL_ROOM, 1)])).toEqual([]);
  });

  test('are all applied though the program ends in the middle of it, none of them twice', async () => {
    await ben.take([epoch]);
    store.loaded.length = 0;
    await ben.restart();
    expect((await ben.perform({ op: 'open' })).due).toBe(true);
    await ben.wakeAll();
    expect(await shown()).toBe(COUNT);
    expect(store.loaded.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(2 * COUNT);
  });
});
