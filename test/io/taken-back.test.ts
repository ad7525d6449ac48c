// What the store kept of files whose offer was taken back goes as soon as that is known, and nothing else does.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FileStore } from '../../src/io/store-files.ts';
import { KeptOffers } from '../../src/io/taken-back.ts';
import { sealedMessage } from '../../src/talk/projection.ts';
import type { MessageRecord } from '../../src/talk/records.ts';
import { entryId } from '../../src/wire/entry.ts';
import { sha256Of } from '../worker/store-suite.ts';

const [AUTHOR, CHAIN] = ['a'.repeat(32), 'c'.repeat(32)] as const;
const CHUNK = 1024;
const bytes = new Uint8Array(CHUNK).fill(7);
const entry = (seq: number): string => entryId(AUTHOR, CHAIN, seq);

let into: string;
let store: FileStore;
let offers: KeptOffers;
const messages = new Map<string, MessageRecord>();

/** The message of that number, as it is kept here. */
function know(seq: number, state: MessageRecord['state']): void {
  const place = { id: entry(seq), author: AUTHOR, room: CHAIN, seq, created: seq };
  messages.set(place.id, { ...sealedMessage(place), state });
}

/** Half of a file, which that message told of. */
async function begin(name: string, seq?: number): Promise<void> {
  const facts = { name, bytes: 2 * CHUNK, modifiedMs: 0, ...(seq === undefined ? {} : { entry: entry(seq) }) };
  await store.create(name, facts, CHUNK);
  expect(await store.write(name, 0, bytes.slice(), sha256Of(bytes))).toBe(true);
}

async function keep(name: string, seq?: number): Promise<void> {
  await begin(name, seq);
  await store.keep(name);
}

const kept = async (): Promise<string[]> => (await store.kept()).map(({ facts }) => facts.name).sort();

beforeEach(async () => {
  into = await mkdtemp(join(tmpdir(), 'rockpool-taken-back-'));
  store = new FileStore({ into });
  offers = new KeptOffers(store, async (id) => messages.get(id));
  messages.clear();
});

afterEach(async () => {
  await store.close();
  await rm(into, { recursive: true });
});

test('what the conversation knows to be taken back goes on entering the pool', async () => {
  for (const [name, seq] of [['back', 1], ['here', 2], ['sealed', 3], ['elsewhere', 4], ['untold']] as const) {
    await keep(name, seq);
  }
  know(1, 'retracted');
  know(2, 'here');
  know(3, 'sealed');
  await offers.entered();
  expect(await kept()).toEqual(['elsewhere', 'here', 'sealed', 'untold']);
});

test('what is taken back later goes then, also to whom the message is sealed', async () => {
  await keep('here', 1);
  await keep('sealed', 2);
  know(1, 'here');
  know(2, 'sealed');
  const entering = offers.entered();
  know(2, 'retracted');
  await Promise.all([entering, offers.takenBack(entry(2), false)]);
  expect(await kept()).toEqual(['here']);
  know(1, 'retracted');
  await offers.takenBack(entry(1), false);
  expect(await kept()).toEqual([]);
});

test('what was kept since goes too, what is in use and what was received whole stays', async () => {
  know(1, 'here');
  await offers.entered();
  await keep('since', 1);
  await begin('in use', 1);
  await begin('whole', 1);
  expect(await store.write('whole', 1, bytes.slice(), sha256Of(bytes))).toBe(true);
  await store.finish('whole');
  know(1, 'retracted');
  await offers.takenBack(entry(1), false);
  expect(await kept()).toEqual(['in use', 'since', 'whole']);
  await offers.takenBack(entry(1), true);
  expect(await kept()).toEqual(['in use', 'whole']);
});

test('a store that cannot be read hinders nothing', async () => {
  const refusing = { kept: () => Promise.reject(new Error('no')), forget: () => Promise.reject(new Error('no')) };
  await expect(new KeptOffers(refusing, () => Promise.resolve(undefined)).entered()).resolves.toBeUndefined();
});
