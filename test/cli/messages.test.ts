// `rockpool messages` over real databases that a test writes: several devices of one data directory, what is shown, and what it
// leaves behind.
import { mkdir, readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { holdDeviceKeys } from '../../src/io/device-keys-files.ts';
import { SqliteTalkStore } from '../../src/io/talk-sqlite.ts';
import { poolChain } from '../../src/keys/entry.ts';
import { emptyRoom, sealedMessage, unknownMember } from '../../src/talk/projection.ts';
import type { MessageRecord } from '../../src/talk/records.ts';
import { HLC_PER_MS } from '../../src/wire/entry.ts';
import { withKeptTalk } from '../../cli/kept-talk.ts';
import { run } from '../../cli/run.ts';
import { testFolder } from './folder.ts';
import { makeStage, MARA } from './support.ts';

const folder = testFolder();
const open: SqliteTalkStore[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((store) => store.close()));
});

const ROOM = poolChain('abc');

const said = (seq: number, text: string, changes: Partial<MessageRecord> = {}): MessageRecord => {
  const created = (1_700_000_000_000 + seq) * HLC_PER_MS;
  const place = { id: `${MARA.id}/${ROOM}/${seq}`, author: MARA.id, room: ROOM, seq, created };
  return { ...sealedMessage(place), state: 'here', text, ...changes };
};

/** Messages in the database of the device in `slot`, which stays open, as while it is in a pool. */
async function keep(slot: number, messages: readonly MessageRecord[], pool = 'abc'): Promise<SqliteTalkStore> {
  const store = await SqliteTalkStore.open(join(folder.path, `device-${slot}`));
  open.push(store);
  const mara = { ...unknownMember(MARA.id, new Uint8Array(32)), name: 'Mara' };
  const room = { ...emptyRoom(ROOM, 'pool', []), lastCreated: 9 };
  const chain = {
    author: MARA.id,
    chain: ROOM,
    ranges: [{ first: 1, last: messages.length }],
    audience: 'pool',
  } as const;
  const record = { pool, visitedMs: 1_700_000_000_000 + slot, unread: 0, left: false };
  const chains = [{ ...chain, hash: new Uint8Array(32), forked: false, broughtBy: MARA.id }];
  await store.commit(pool, { messages, members: [mara], rooms: [room], chains, pool: record });
  return store;
}

async function messages(...argv: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const { cli, stdout, stderr } = makeStage();
  const code = await run(['messages', ...argv, '--data', folder.path], cli);
  return { code, out: stdout.text.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d/gmu, 'TIME'), err: stderr.text };
}

describe('the messages that are kept', () => {
  test('are the newest, oldest first, safely, while their device goes on writing', async () => {
    const store = await keep(0, [said(1, 'one'), said(2, 'two\u001b[2J\nMara: x'), said(3, 'three')]);
    expect((await messages('abc', '--limit', '2')).out).toBe('TIME  Mara: two[2J\n  Mara: x\nTIME  Mara: three\n');
    await store.commit('abc', { messages: [said(4, 'four')] });
    expect((await messages('abc', '--limit', '1')).out).toBe('TIME  Mara: four\n');
    expect((await readdir(join(folder.path, 'device-0'))).filter((name) => name.startsWith('reading-'))).toEqual([]);
  });

  test('of several devices are told once, as the one that knows most has them, and what one was told to remove by none', async () => {
    await keep(0, [said(1, '', { state: 'sealed' }), said(2, 'secret')]);
    await keep(1, [said(1, 'one'), said(2, '', { state: 'retracted' }), said(3, 'three')]);
    expect((await messages('abc')).out).toBe('TIME  Mara: one\nTIME  Mara: (taken back)\nTIME  Mara: three\n');
    const found = (await messages('--search', 'one three')).out;
    expect(found).toBe('');
    expect((await messages('--search', 'THREE')).out).toMatch(/^abc {2}\S+ \S+ {2}Mara: three\n$/u);
  });

  test('of several devices are no more than were asked for', async () => {
    await keep(0, [said(1, 'one'), said(3, 'three')]);
    await keep(1, [said(2, 'two'), said(4, 'four')]);
    expect((await messages('abc', '--limit', '2')).out).toBe('TIME  Mara: three\nTIME  Mara: four\n');
  });

  test('are own ones where this device said them', async () => {
    const { keys, release } = await holdDeviceKeys(folder.path);
    await release();
    await keep(0, [said(1, 'mine', { author: keys.id }), said(2, 'yours')]);
    expect((await messages('abc')).out).toBe('TIME  You: mine\nTIME  Mara: yours\n');
  });

  test('without a pool: the pools there are, the one visited last at the end', async () => {
    await keep(1, [], 'reef');
    await keep(0, [], 'abc');
    expect((await messages()).out).toBe('TIME  abc\nTIME  reef\n');
    expect(await messages('other')).toEqual({ code: 0, out: '', err: 'No message of this pool is kept here.\n' });
  });

  test('are exported from the device that has most, as JSON that harms no terminal and as markdown', async () => {
    await keep(0, [said(1, 'one')]);
    await keep(1, [said(1, 'one'), said(2, 'two\u009b2J\u202e')]);
    const { code, out, err } = await messages('abc', '--export', 'json');
    expect(code).toBe(0);
    expect(err).toContain('Another device of this data directory kept some of it too');
    expect(out).not.toMatch(/[\u0080-\u009f\u202e]/u);
    expect((JSON.parse(out) as readonly { text: string }[]).map(({ text }) => text)).toEqual([
      'one',
      'two\u009b2J\u202e',
    ]);
    expect((await messages('abc', '--export', 'markdown')).out).toContain('> two2J\n');
    expect((await messages('other', '--export', 'json')).code).toBe(1);
  });

  test('are none where nothing was ever kept', async () => {
    expect(await messages()).toEqual({ code: 0, out: '', err: 'No conversation is kept here yet.\n' });
    await mkdir(join(folder.path, 'device-3'));
    expect((await messages()).code).toBe(0);
    expect(await readdir(join(folder.path, 'device-3'))).toEqual([]);
  });

  test('that a killed reader left copies of lose those, once they are old', async () => {
    await keep(0, [said(1, 'one')]);
    const [old, fresh] = ['reading-old', 'reading-fresh'].map((name) => join(folder.path, 'device-0', name));
    for (const copy of [old, fresh]) await mkdir(copy ?? '');
    await utimes(old ?? '', 1, 1);
    await messages('abc');
    const left = (await readdir(join(folder.path, 'device-0'))).filter((name) => name.startsWith('reading-'));
    expect(left).toEqual(['reading-fresh']);
  });

  test('cannot be read from what is no database', async () => {
    await folder.file('device-0/talk.sqlite', 'x'.repeat(5000));
    const { code, err } = await messages('abc');
    expect(code).toBe(1);
    expect(err).toMatch(/^What is kept cannot be read: /u);
    expect((await readdir(join(folder.path, 'device-0'))).filter((name) => name.startsWith('reading-'))).toEqual([]);
  });

  test('are read as they are at one moment, however often that moment is disturbed', async () => {
    const store = await keep(0, [said(1, 'x')]);
    // So much at once that SQLite moves its log into the file every other time.
    const [commits, each] = [60, 150];
    const writer = (async () => {
      for (let commit = 0; commit < commits; commit += 1) {
        const first = 2 + commit * each;
        await store.commit('abc', {
          messages: Array.from({ length: each }, (_, at) => said(first + at, 'x'.repeat(8192))),
        });
        // Several between two looks: only then is the log begun anew, and a copy in between has neither.
        if (commit % 4 === 3) await setImmediate();
      }
    })();
    const read = (): Promise<readonly MessageRecord[]> =>
      withKeptTalk(folder.path, async ([kept]) => kept?.store.page('abc', ROOM, 10_000) ?? []);
    let reading = true;
    while (reading) {
      const found = await read();
      const seqs = found.map(({ created }) => created / HLC_PER_MS - 1_700_000_000_000).toReversed();
      expect(seqs).toEqual(seqs.map((_, at) => at + 1));
      expect((seqs.length - 1) % each).toBe(0);
      reading = seqs.length < 1 + commits * each;
    }
    await writer;
  }, 30_000);
});
