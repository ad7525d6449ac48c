// What a member, or somebody with a member's link, may bring to real keepers: entries that are forged, replayed, out of order,
// cut short, of the far future, or with keys wrapped for somebody else. Each has one outcome, and the talk goes on.
import { describe, expect, test } from '@jest/globals';
import { wrapKey } from '../../src/keys/epoch.ts';
import { signEntry } from '../../src/keys/entry.ts';
import { HLC_PER_MS, SHA256_BYTES, decodeEntry, encodeEntry, type Entry } from '../../src/wire/entry.ts';
import { encodeClear } from '../../src/wire/talk.ts';
import { Net, START_MS } from './net.ts';
import { Person, POOL } from './people.ts';

const YEAR_MS = 365 * 24 * 3_600_000;

interface Scene {
  readonly net: Net;
  readonly ada: Person;
  readonly bo: Person;
  readonly room: string;
  /** What Ada has written, as it lies on her disk. */
  readonly entries: Uint8Array[];
}

/** Ada has written five times, and Bo, who was away, is there. Nobody is linked to anybody. */
async function scene(seed: number): Promise<Scene> {
  const net = new Net(seed);
  const [ada, bo] = [await Person.join(net, 'Ada'), await Person.join(net, 'Bo')];
  net.link(ada.device, bo.device);
  await net.run(1000);
  net.unlink(ada.device, bo.device);
  const room = ada.keeper.poolRoom;
  for (let i = 0; i < 5; i++) await net.say(ada.device, room, `word ${i}`);
  const found = await ada.store.entries(POOL, ada.id, room, { first: 1, last: 99 }, Infinity);
  return { net, ada, bo, room, entries: found.map(({ bytes }) => bytes) };
}

/** Mallory links to Bo and brings these, unasked. */
async function mallory({ net, bo }: Scene, ...all: readonly (readonly Uint8Array[])[]): Promise<Person> {
  const person = await Person.join(net, 'Mallory');
  net.link(person.device, bo.device);
  await net.run(300);
  for (const entries of all) {
    const bytes = entries.reduce((sum, { length }) => sum + length, 0);
    bo.device.received(person.id, { kind: 'entries', want: 0, entries }, bytes);
    await net.run(50);
  }
  return person;
}

const codes = ({ device }: Person): string[] => device.told('problem').map(({ problem }) => problem.code);

/** Whatever was brought before: Ada and Bo have one conversation. */
async function goesOn({ net, ada, bo, room }: Scene): Promise<void> {
  net.link(ada.device, bo.device);
  await net.run(2000);
  await net.say(ada.device, room, 'and on');
  await net.run(1000);
  expect(await bo.texts()).toEqual(['word 0', 'word 1', 'word 2', 'word 3', 'word 4', 'and on']);
  expect(bo.device.told('gaps').at(-1)?.gaps ?? []).toEqual([]);
}

const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

describe('entries in another’s name', () => {
  test('with any part changed are forged, and who brings them is soon not heard', async () => {
    const all = await scene(1);
    const [first] = all.entries.slice(-1);
    if (first === undefined) throw new Error('an entry');
    // A byte of its chain's number, of the hash before it, of its time, its signature and its body.
    const places = [50, 60, 92, 170, first.length - 1];
    await mallory(all, ...places.map((at) => [flipped(first, at)]));
    expect(codes(all.bo)).toEqual(['forged', 'forged', 'forged']);
    expect(await all.bo.texts()).toEqual([]);
    await goesOn(all);
  });

  test('cut short or of no shape at all are malformed', async () => {
    const all = await scene(2);
    const [first] = all.entries;
    if (first === undefined) throw new Error('an entry');
    await mallory(all, [first.subarray(0, first.length - 1)], [all.net.random.bytes(400)]);
    expect(codes(all.bo)).toEqual(['malformed', 'malformed']);
    await goesOn(all);
  });
});

describe('entries of Ada’s own, brought by another', () => {
  test('twice and a hundred times change nothing', async () => {
    const all = await scene(3);
    await mallory(all, ...Array.from({ length: 100 }, () => all.entries));
    expect(codes(all.bo)).toEqual([]);
    expect(await all.bo.texts()).toEqual(['word 0', 'word 1', 'word 2', 'word 3', 'word 4']);
    expect(all.bo.device.told('message').filter(({ fresh }) => fresh)).toHaveLength(5);
    await goesOn(all);
  });

  test('one by one and last first give the same conversation', async () => {
    const all = await scene(4);
    await mallory(all, ...all.entries.map((entry) => [entry]).reverse());
    expect(codes(all.bo)).toEqual([]);
    expect(await all.bo.texts()).toEqual(['word 0', 'word 1', 'word 2', 'word 3', 'word 4']);
    await goesOn(all);
  });

  test('with a body left out that nobody took back are not taken without it', async () => {
    const all = await scene(5);
    const bare = all.entries.map((bytes) => {
      const entry = decodeEntry(bytes);
      return entry?.kind === 'content' ? encodeEntry({ ...entry, body: undefined }) : bytes;
    });
    await mallory(all, bare);
    await goesOn(all);
  });
});

describe('entries of one’s own', () => {
  const own = async (person: Person, head: Partial<Entry>, body: Uint8Array): Promise<Uint8Array> => {
    const room = person.keeper.poolRoom;
    const start = { kind: 'content', author: person.keys.signKey, chain: room, seq: 1, room } as const;
    const prev = new Uint8Array(SHA256_BYTES);
    const created = (START_MS + 5000) * HLC_PER_MS;
    return encodeEntry(await signEntry(person.keys, { ...start, prev, created, ...head }, body));
  };

  test('of a year ahead are not taken, and move nobody’s clock', async () => {
    const all = await scene(6);
    const person = await mallory(all);
    const leave = encodeClear({ kind: 'leave' });
    const ahead = await own(person, { kind: 'leave', created: (START_MS + YEAR_MS) * HLC_PER_MS }, leave);
    all.bo.device.received(person.id, { kind: 'entries', want: 0, entries: [ahead] }, ahead.length);
    await all.net.run(100);
    expect(codes(all.bo)).toEqual(['future']);
    await all.net.say(all.bo.device, all.room, 'now');
    const [message] = await all.bo.page();
    expect((message?.created ?? 0) / HLC_PER_MS).toBeLessThan(START_MS + 60_000);
  });

  test('with a key wrapped for others, or for nobody, stay sealed; what follows is read', async () => {
    const all = await scene(7);
    const person = await mallory(all);
    const key = new Uint8Array(32).fill(7);
    const context = { author: person.keys.signKey, chain: all.room, room: all.room, number: 1, device: all.bo.id };
    // For Bo by name, but wrapped for Ada's key.
    const sealed = await wrapKey(all.ada.keys.agreeKey, context, key);
    const wraps = [{ device: all.bo.id, account: all.bo.id, sealed }];
    const epoch = await own(person, { kind: 'epoch' }, encodeClear({ kind: 'epoch', number: 1, wraps }));
    all.bo.device.received(person.id, { kind: 'entries', want: 0, entries: [epoch] }, epoch.length);
    await all.net.run(100);
    expect((await all.bo.store.epoch(POOL, person.id, all.room, 1))?.key).toBeUndefined();
    await goesOn(all);
  });
});
