// What the benchmark of talk measures with, small: figures of a merge that did not happen, or of a conversation that nobody
// could have written, would be worse than none.
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { copyPool, diverged, type Apart } from '../../bench/talk/diverged.ts';
import { history } from '../../bench/talk/history.ts';
import { measureKeys } from '../../bench/talk/keys.ts';
import { mergeMachines } from '../../bench/talk/machine.ts';
import { MemoryTalkStore } from '../../src/io/talk-memory.ts';
import { poolChain } from '../../src/keys/entry.ts';
import { generateDeviceKeys } from '../../src/keys/identity.ts';
import { ENTRY_FIXED_BYTES } from '../../src/wire/entry.ts';

const POOL = 'quiet-heron-cove-4821';
const ROOM = poolChain(POOL);
const EACH = 20;
const CHARS = 30;

const textsOf = async ({ devices }: Apart, index: 0 | 1): Promise<string[]> =>
  (await devices[index].store.page(POOL, ROOM, 1000)).map(({ text }) => text);

describe('two devices that grew apart', () => {
  test('each have what they wrote and the one message of the other that came while they met', async () => {
    const apart = await diverged(POOL, EACH, CHARS);
    const [ada, ben] = [await textsOf(apart, 0), await textsOf(apart, 1)];
    for (const texts of [ada, ben]) {
      expect(texts).toHaveLength(EACH + 2);
      expect(texts.filter((text) => text === 'hello')).toHaveLength(2);
      expect(texts.filter((text) => text.length === CHARS)).toHaveLength(EACH);
    }
    for (const { entries, bytes } of apart.missing) {
      expect(entries).toBe(EACH);
      expect(bytes).toBeGreaterThan(EACH * (ENTRY_FIXED_BYTES + CHARS));
      expect(bytes).toBeLessThan(EACH * (ENTRY_FIXED_BYTES + CHARS + 100));
    }
  });

  test('a copy holds all that the first store does', async () => {
    const { devices } = await diverged(POOL, EACH, CHARS);
    const [{ met, store }] = devices;
    const copy = new MemoryTalkStore();
    await copyPool(POOL, met.device, store, copy);
    expect(await copy.load(POOL, met.device)).toEqual(await store.load(POOL, met.device));
    expect(await copy.page(POOL, ROOM, 1000)).toEqual(await store.page(POOL, ROOM, 1000));
    for (const { met: author } of devices) {
      const args = [POOL, author.device, ROOM] as const;
      const all = [{ first: 1, last: 1000 }, Infinity] as const;
      expect(await copy.entries(...args, ...all)).toEqual(await store.entries(...args, ...all));
      expect(await copy.epoch(...args, 1)).toEqual(await store.epoch(...args, 1));
      expect(await copy.epoch(...args, 1)).toBeDefined();
    }
  });

  test('merge again and again from where they stood, for little more than what is missing', async () => {
    const apart = await diverged(POOL, EACH, CHARS);
    const missingBytes = apart.missing.reduce((sum, { bytes }) => sum + bytes, 0);
    for (let round = 0; round < 2; round += 1) {
      const { bytes, ms } = await mergeMachines(apart);
      expect(ms).toBeGreaterThan(0);
      expect(bytes).toBeGreaterThan(missingBytes);
      expect(bytes).toBeLessThan(missingBytes * 1.5);
    }
    expect(await textsOf(apart, 0)).toHaveLength(EACH + 2);
  });
});

test('ours and bare keys both do their work, and give a ratio each', async () => {
  const ratios = await measureKeys({ turns: 1, each: 2, textChars: CHARS });
  expect(Object.keys(ratios)).toHaveLength(8);
  for (const ratio of Object.values(ratios)) expect(ratio).toBeGreaterThan(0);
});

describe('a long conversation', () => {
  const COUNT = 300;

  test('is in order, numbered, of people who are known, and the same again', async () => {
    const keys = await generateDeviceKeys(false);
    const nowMs = 1_700_000_000_000;
    const { messages, members, room } = history(keys, ROOM, COUNT, nowMs);
    const devices = new Set(members.map(({ device }) => device));
    expect(messages).toHaveLength(COUNT);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(COUNT);
    expect(new Set(messages.map(({ author }) => author))).toEqual(devices);
    for (const [index, { text, created }] of messages.entries()) {
      expect(text.startsWith(`#${index + 1} `)).toBe(true);
      expect(created).toBeGreaterThan(messages[index - 1]?.created ?? 0);
    }
    expect(room.readTo).toBe(messages.at(-1)?.created);
    const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');
    expect(digest(history(keys, ROOM, COUNT, nowMs))).toBe(digest({ messages, members, room }));
  });

  test('is found in a store page by page, from its end', async () => {
    const keys = await generateDeviceKeys(false);
    const { messages, room } = history(keys, ROOM, COUNT, 1_700_000_000_000);
    const store = new MemoryTalkStore();
    await store.commit(POOL, { messages, rooms: [room] });
    const [newest, next] = await store.page(POOL, ROOM, 2);
    expect(newest?.text.startsWith(`#${COUNT} `)).toBe(true);
    expect(next?.text.startsWith(`#${COUNT - 1} `)).toBe(true);
  });
});
