// What is told of a conversation, in words and as JSON: messages and what becomes of them, what was kept, what may be missing.
import { describe, expect, test } from '@jest/globals';
import type { MessageView } from '../../src/client.ts';
import { EVERYONE, KITCHEN, member, message, SELF } from './fake-talk.ts';
import { JO, MARA, settle, start, type FakePool } from './support.ts';

const NASTY = 'a\u202eb\u009b2J\u0007\ufeff\nMara: c';
const known = [member(SELF, 'me'), member(MARA.id, 'Mara', { role: 'owner' }), member(JO.id, 'Jo')];

/** Runs a join over what `play` does, to its end. */
async function told(
  play: (pool: FakePool) => void,
  { json = false, tty = false, before }: { json?: boolean; tty?: boolean; before?: (pool: FakePool) => void } = {},
): Promise<{ out: string; notes: string; events: readonly Record<string, unknown>[] }> {
  const argv = ['join', '--pool', 'abc', '--name', 'me', ...(json ? ['--json'] : [])];
  const prepare = (pool: FakePool): void => {
    pool.talk.members = known;
    before?.(pool);
  };
  const { pool, done, stdin, stdout, stderr } = await start(argv, { tty, env: { NO_COLOR: '1' }, before: prepare });
  for (let turn = 0; turn < 5; turn += 1) await settle();
  play(pool);
  await settle();
  stdin.end();
  expect(await done).toBe(0);
  return { out: stdout.text, notes: stderr.text, events: json ? stdout.events : [] };
}

const say = (pool: FakePool, changes: Partial<MessageView> = {}, fresh = true): void =>
  pool.emit({ kind: 'message', message: message(changes), fresh });
const id = (seq: number): string => `${MARA.id}/${EVERYONE.id}/${seq}`;

describe('a message', () => {
  test('is numbered where somebody types, and no line of its text can pass for another one', async () => {
    const { out } = await told((pool) => say(pool, { name: 'Ma\u202era', text: NASTY }), { tty: true });
    expect(out).toBe('   1  Mara: ab2J\n        Mara: c\n');
  });

  test('says in brackets, which no name can hold, where it stands and what it asks', async () => {
    const whisper = { ...EVERYONE, id: 'w', kind: 'whisper', accounts: [MARA.id, JO.id, SELF] } as const;
    const { out } = await told(
      (pool) => {
        say(pool, { id: id(1), room: 'w' });
        say(pool, { id: id(2), room: KITCHEN.id, callsMe: true });
        say(pool, { id: id(3), vote: { by: [JO.id], of: 3, confirmed: false }, announcement: true });
        say(pool, { id: id(4), replyTo: id(1), name: '<whisper to you> Mara', text: 'no' });
        say(pool, { id: id(5), state: 'sealed', text: '' });
      },
      { tty: true, before: (pool) => (pool.talk.rooms = [EVERYONE, KITCHEN, whisper]) },
    );
    expect(out.split('\n')).toEqual([
      '   1  <whisper to Jo, you> Mara: hi',
      '   2  <in Kitchen; calls you> Mara: hi',
      '   3  <announcement; important, 1 of 3 confirm it> Mara: hi',
      '   4  <answers 1> ‹whisper to you› Mara: no',
      '   5  Mara: (sealed: this device has no key for it, or not yet)',
      '',
    ]);
  });

  test('that tells of files says what they are', async () => {
    const { out } = await told(
      (pool) => {
        say(pool, { id: id(1), files: { files: [{ name: 'a\u202e.txt', bytes: 4 }], count: 1, bytes: 4 } });
        const folder = { name: 'pics', bytes: 9000, entries: 12 };
        say(pool, { id: id(2), files: { files: [folder], count: 1, bytes: 9000 } });
        say(pool, { id: id(3), files: { files: [folder, { name: 'a.txt', bytes: 4 }], count: 20, bytes: 9004 } });
      },
      { tty: true },
    );
    expect(out.split('\n')).toEqual([
      '   1  Mara: shared a.txt (4 B)',
      '   2  Mara: shared pics (folder of 12, 9.0 kB)',
      '   3  Mara: shared 20 files (9.0 kB)',
      '',
    ]);
  });

  test('that tells of an offer which is there is one thing with it, whichever comes first', async () => {
    const files = { files: [{ name: 'a.txt', bytes: 4 }], count: 1, bytes: 4 };
    const offered = { from: MARA.id, name: 'Mara', own: false, atMs: 0, private: false, state: 'open' } as const;
    const offer = (pool: FakePool, seq: number): void =>
      pool.emit({
        kind: 'offer',
        offer: { ...offered, id: `o${seq}`, entry: id(seq), files: [{ number: 7, name: 'a.txt', bytes: 4 }] },
      });
    const both = (pool: FakePool): void => {
      offer(pool, 1);
      say(pool, { id: id(1), files });
      say(pool, { id: id(2), files });
      offer(pool, 2);
    };
    const { out, notes } = await told(both, { tty: true });
    expect(out).toBe('   2  Mara: shared a.txt (4 B)\n');
    expect(notes).toContain('Mara offers a.txt (4 B). /take 1 takes it.\n');
    expect(notes).toMatch(/^(?!.*offers).*\/take 2 takes it\.$/mu);
    const { events } = await told(both, { json: true });
    const numbered = events.filter(({ event }) => event === 'offer' || event === 'message');
    expect(numbered.map(({ event, number }) => `${String(event)} ${String(number)}`)).toEqual([
      'offer 1',
      'message 1',
      'message 2',
      'offer 2',
    ]);
  });

  test('of another device of this person is told as theirs', async () => {
    const phone = { from: 'c'.repeat(32), account: SELF, own: true, name: 'Phone' };
    const { out } = await told((pool) => say(pool, phone));
    expect(out).toBe('You (on Phone): hi\n');
  });

  test('that was said long before is dated, or left out where a pipe only hears what is said from now on', async () => {
    const long = Date.now() - 3_600_000;
    const missed = (pool: FakePool): void => {
      Object.assign(pool, { poolTimeMs: Date.now() });
      say(pool, { sentMs: long, text: 'long ago' });
      say(pool, { id: id(2), sentMs: Date.now() - 1000, text: 'now' });
    };
    expect((await told(missed)).out).toBe('Mara: now\n');
    expect((await told(missed, { tty: true })).out).toMatch(
      /^ {3}1 {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}Mara: long ago\n {3}2 {2}Mara: now\n$/u,
    );
    const { events } = await told(missed, { json: true });
    const messages = events.filter(({ event }) => event === 'message');
    expect(messages).toMatchObject([
      { text: 'long ago', missed: true, number: 1 },
      { text: 'now', missed: false },
    ]);
  });
});

describe('what becomes of a message', () => {
  const first = { id: id(1), text: 'one' };
  const vote = { by: [JO.id], of: 3, confirmed: false };
  const steps: readonly (readonly [Partial<MessageView>, string, readonly string[]])[] = [
    [{ text: 'two\u202e', editedMs: 5 }, '   1  <has just been changed; changed> Mara: two', ['edited']],
    [
      { text: 'one', reactions: [{ emoji: '👍', accounts: [JO.id, SELF] }] },
      'Jo gives 1 👍.\nYou give 1 👍.',
      ['reacted'],
    ],
    [{ vote }, 'Jo confirms 1: 1 of 3 confirm it.', ['voted']],
    [
      { vote: { by: [JO.id, SELF], of: 3, confirmed: true } },
      'Jo confirms 1: confirmed by 2 of 3.\nYou confirm 1: confirmed by 2 of 3.\n1 is confirmed: more than half agree.',
      ['voted', 'confirmed'],
    ],
    [{ state: 'retracted', text: '', retractedBy: [JO.id] }, 'Mara took 1 back.', ['taken-back']],
  ];
  test.each(steps)('%j', async (changes, words, kinds) => {
    const play = (pool: FakePool): void => {
      say(pool, first);
      say(pool, { ...first, ...changes }, false);
      say(pool, { ...first, ...changes }, false);
    };
    const { out } = await told(play, { tty: true });
    expect(out).toBe(`   1  Mara: one\n${words}\n`);
    const { events } = await told(play, { json: true });
    const changed = events.filter(({ event }) => event === 'message-changed');
    expect(changed.map((event) => [event['number'], event['changes']])).toEqual([[1, kinds]]);
  });

  test('a reaction that is gone, a message that can be read now, and where an own one is removed', async () => {
    const { out } = await told(
      (pool) => {
        say(pool, { ...first, reactions: [{ emoji: '🎉', accounts: [JO.id] }] });
        say(pool, first, false);
        say(pool, { id: id(2), state: 'sealed', text: '' });
        say(pool, { id: id(2), text: 'opened' }, false);
        const own = { id: 'own', from: SELF, account: SELF, own: true, state: 'retracted', text: '' } as const;
        say(pool, own);
        say(pool, { ...own, retractedBy: [JO.id, MARA.id] }, false);
      },
      { tty: true },
    );
    expect(out.split('\n')).toEqual([
      '   1  Mara: one (🎉 1)',
      'Jo takes 🎉 back from 1.',
      expect.stringContaining('sealed'),
      '   2  <can be read now> Mara: opened',
      '   3  You: (taken back)',
      '3 is removed at Jo, Mara.',
      '',
    ]);
  });

  test('is not told of what was never told', async () => {
    const { out } = await told((pool) => say(pool, { text: 'changed' }, false), { tty: true });
    expect(out).toBe('');
  });
});

describe('what was kept from before', () => {
  const kept = Array.from({ length: 25 }, (_, at) => message({ id: id(at), text: `m${at}`, created: at })).toReversed();

  test('is shown at the start where somebody types: the last 20, oldest first, dated and marked', async () => {
    const before = (pool: FakePool): void => {
      pool.talk.kept = kept;
    };
    // What came while that was read is told once, and after it.
    const { out, notes } = await told((pool) => say(pool, { id: id(30), text: 'new' }), { tty: true, before });
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(21);
    expect(lines[0]).toMatch(/^ {3}1 {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}Mara: m5$/u);
    expect(lines[20]).toBe('  21  Mara: new');
    expect(notes).toContain('Kept from before, the last 20:');
    const { events } = await told(() => undefined, { json: true, before });
    const history = events.filter(({ event }) => event === 'history');
    expect(history.map(({ text }) => text)).toEqual(
      kept
        .slice(0, 20)
        .toReversed()
        .map(({ text }) => text),
    );
    expect((await told(() => undefined, { before })).out).toBe('');
  });

  test('comes before what arrives meanwhile, and each is told once', async () => {
    const early = message({ id: id(24), text: 'm24', created: 24 });
    const before = (pool: FakePool): void => {
      pool.talk.kept = kept;
      queueMicrotask(() => queueMicrotask(() => pool.emit({ kind: 'message', message: early, fresh: true })));
      queueMicrotask(() => queueMicrotask(() => say(pool, { id: id(30), text: 'early' })));
    };
    const { events } = await told(() => undefined, { json: true, before });
    const texts = events.filter(({ event }) => event === 'history' || event === 'message').map(({ text }) => text);
    expect(texts.slice(-2)).toEqual(['m24', 'early']);
    expect(texts).toHaveLength(21);
  });

  test('says if this device has left the pool for good', async () => {
    const before = (pool: FakePool): void => {
      pool.talkHistory.visited = [{ pool: 'abc', visitedMs: 1, unread: 0, left: true }];
    };
    expect((await told(() => undefined, { tty: true, before })).notes).toContain('has left abc for good');
  });
});

describe('what was read', () => {
  const kept = [message({ id: id(9), room: KITCHEN.id, created: 9 }), message({ id: id(8), created: 8 })];

  test('is what somebody at a terminal was shown, room by room', async () => {
    let pool: FakePool | undefined;
    const before = (made: FakePool): void => {
      pool = made;
      made.talk.rooms = [EVERYONE, KITCHEN];
      made.talk.kept = [...kept, message({ id: id(7), created: 7 })];
    };
    await told((one) => say(one, { id: id(10), created: 10 }), { tty: true, before });
    expect(pool?.talk.reads.toSorted((a, b) => a[1] - b[1])).toEqual([
      [EVERYONE.id, 8],
      [KITCHEN.id, 9],
      [EVERYONE.id, 10],
    ]);
  });

  test.each([{ json: true }, { json: true, tty: true }, {}])('is nothing where a program reads: %j', async (how) => {
    let pool: FakePool | undefined;
    const before = (made: FakePool): void => {
      pool = made;
      made.talk.kept = kept;
    };
    const { out } = await told((one) => say(one), { ...how, before });
    expect(out).toContain('hi');
    expect(pool?.talk.reads).toEqual([]);
  });
});

describe('other news', () => {
  const gap = { author: MARA.id, name: 'Ma<ra', room: EVERYONE.id, count: 3, before: 9 };

  test('what may be missing is said once, and again when it grows; and when it has come', async () => {
    const play = (pool: FakePool): void => {
      for (const count of [3, 3, 4]) pool.emit({ kind: 'gaps', gaps: [{ ...gap, count }] });
      pool.emit({ kind: 'gaps', gaps: [{ ...gap, before: 20, count: 1 }] });
    };
    const { notes, events } = await told(play, { json: true });
    expect(notes.split('\n').slice(1, -1)).toEqual([
      '3 messages from Ma‹ra may be missing: nobody here has more.',
      '4 messages from Ma‹ra may be missing: nobody here has more.',
      '1 message from Ma‹ra may be missing: nobody here has more.',
      'What was missing from Ma‹ra has come.',
    ]);
    const gaps = events.filter(({ event }) => event === 'gaps');
    expect(gaps).toHaveLength(4);
    expect(gaps[0]).toMatchObject({ gaps: [{ peer: MARA.id, room: EVERYONE.id, count: 3 }] });
  });

  test('rooms, older messages, borrowed names, own devices and what was not taken', async () => {
    const { notes, events } = await told(
      (pool) => {
        pool.talk.rooms = [EVERYONE, KITCHEN];
        pool.emit({ kind: 'room', room: KITCHEN });
        pool.emit({ kind: 'room', room: { ...KITCHEN, unread: 2 } });
        pool.emit({ kind: 'room', room: { ...KITCHEN, open: false } });
        for (const entries of [40, 30, 0]) pool.emit({ kind: 'older', entries });
        const twin = member('d'.repeat(32), 'Mara', { doubleOf: MARA.id });
        for (let times = 0; times < 2; times += 1) pool.emit({ kind: 'member', member: twin });
        pool.emit({ kind: 'member', member: member(JO.id, 'Jo', { own: true }) });
        const problem = { code: 'fork', author: MARA.id, chain: undefined, seq: 3 } as const;
        pool.emit({ kind: 'problem', problem, from: JO.id, name: 'Jo' });
      },
      { json: true },
    );
    expect(notes.split('\n').slice(1, -1)).toEqual([
      'You are in the room <Kitchen>. /room 2 goes there.',
      'You are not in the room <Kitchen> any more.',
      'Devices here have older messages: /more fetches some.',
      'Mara is another device than the one that was called so before. /people tells more, /verify makes sure.',
      'Jo is a device of yours from now on.',
      'Jo brought two different histories of one device: nothing more is taken of it.',
    ]);
    expect(events.filter(({ event }) => event === 'room')).toMatchObject([{ open: true, number: 2 }, { open: false }]);
    expect(events.find(({ event }) => event === 'problem')).toMatchObject({ code: 'fork', peer: JO.id });
  });
});
