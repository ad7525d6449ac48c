// Lines that begin with a slash and are about the conversation: what each does, what it refuses and with which words.
import { describe, expect, test } from '@jest/globals';
import type { MessageView } from '../../src/client.ts';
import { EVERYONE, KITCHEN, member, message, SELF } from './fake-talk.ts';
import { JO, MARA, settle, start, until, type FakePool } from './support.ts';

const id = (seq: number): string => `${MARA.id}/${EVERYONE.id}/${seq}`;
const own = { from: SELF, account: SELF, name: 'me', own: true } as const;

/** Types `lines` one after the other with --json, in a pool of Mara, Jo and these messages. Gives calls, refusals and the rest. */
async function typed(
  lines: readonly string[],
  messages: readonly Partial<MessageView>[] = [],
  before: (pool: FakePool) => void = () => {},
): Promise<{
  readonly calls: readonly string[];
  readonly refused: readonly string[];
  readonly notes: string;
  readonly events: readonly Record<string, unknown>[];
  readonly code: number;
}> {
  const prepare = (pool: FakePool): void => {
    pool.peers = [MARA];
    pool.talk.members = [member(SELF, 'me'), member(MARA.id, 'Mara'), member(JO.id, 'Jo', { metMs: 0 })];
    before(pool);
  };
  const { pool, done, stdin, stdout, stderr } = await start(['join', '--pool', 'abc', '--json'], { before: prepare });
  for (let turn = 0; turn < 5; turn += 1) await settle();
  for (const each of messages) pool.emit({ kind: 'message', message: message(each), fresh: true });
  stdin.end(lines.map((line) => `${line}\n`).join(''));
  const code = await done;
  const { events } = stdout;
  const refused = events.filter(({ event }) => event === 'refused').map((event) => String(event['message']));
  return { calls: pool.calls.slice(1, -1), refused, notes: stderr.text, events, code };
}

describe('where lines go', () => {
  test('a whisper goes to those who are named, with whom it is for, and lines go on to everyone', async () => {
    const { calls, refused, events } = await typed([
      '/whisper Mara psst',
      '/whisper mara, Jo both of you',
      'hello all',
    ]);
    expect(calls).toEqual(['say:psst in whisper-a', 'say:both of you in whisper-ab', 'say:hello all']);
    expect(refused).toEqual([]);
    const said = events.filter(({ event }) => event === 'message');
    expect(said.map((event) => event['roomAccounts'])).toEqual([[MARA.id, SELF], [MARA.id, JO.id, SELF], []]);
  });

  test('a whisper to nobody, to two of one name, to oneself or without words is not said', async () => {
    const lines = ['/whisper Joe hi', '/whisper Mara hi', '/whisper me hi', '/whisper Jo', '/whisper'];
    const { calls, refused } = await typed(lines, [], (pool) => {
      pool.talk.members = [...pool.talk.members, member('c'.repeat(32), 'Mara')];
    });
    expect(calls).toEqual([]);
    expect(refused.map((words) => words.slice(0, 34))).toEqual([
      'Nobody is called “Joe”. /people li',
      '2 people are called “Mara”: #1 (he',
      'That is you: whisper to somebody e',
      'Something to say is missing. Usage',
      'Usage: /whisper NAME[,NAME] TEXT',
    ]);
  });

  test('/room sends lines elsewhere until it sends them back; a room that is none, or closed, changes nothing', async () => {
    const closed = { ...KITCHEN, id: '3'.repeat(32), name: 'Cellar', open: false };
    const lines = [
      '/rooms',
      '/room 2',
      'in here',
      '/important hear this',
      '/room 3',
      '/room 9',
      '/room',
      'still',
      '/room 1',
      'all',
    ];
    const { calls, refused, events, notes } = await typed(lines, [], (pool) => {
      pool.talk.rooms = [EVERYONE, KITCHEN, closed];
    });
    const here = ` in ${KITCHEN.id}`;
    expect(calls).toEqual([`say:in here${here}`, `say:hear this${here} important`, `say:still${here}`, 'say:all']);
    expect(refused.map((words) => words.split('.')[0])).toEqual([
      'There is no room 3',
      'There is no room 9',
      'There is no room without a number',
    ]);
    expect(events.find(({ event }) => event === 'rooms')).toMatchObject({
      rooms: [
        { number: 1, kind: 'pool', current: true },
        { number: 2, name: 'Kitchen', current: false },
      ],
    });
    expect(notes).toContain('Lines go to those in Kitchen now.\n');
    expect(notes).toContain('Lines go to everyone in the pool now.\n');
  });

  test('the prompt names the room, a typed line comes back as a message, and one that fails comes back to the prompt', async () => {
    const before = (pool: FakePool): void => {
      pool.talk.rooms = [EVERYONE, { ...KITCHEN, name: 'Kit\u202echen' }];
      pool.peers = [MARA];
    };
    const options = { tty: true, env: { NO_COLOR: '1' }, before };
    const { pool, done, stdin, stdout, stderr } = await start(['join', '--pool', 'abc'], options);
    await until(() => stderr.text.includes('everyone> '));
    stdin.write('/rooms\r/room 2\r');
    await until(() => stderr.text.endsWith('in Kitchen> ') || stderr.text.includes('in Kitchen> '));
    stdin.write('hello\r');
    await until(() => stdout.text !== '');
    expect(stdout.text).toBe('   1  <in Kitchen> You: hello\n');
    pool.saying = () => Promise.reject(new Error('No room on the disk.'));
    const seen = stderr.text.length;
    stdin.write('again\r');
    await until(() => stderr.text.slice(seen).includes('Not sent: No room on the disk.'));
    await until(() => stderr.text.lastIndexOf('again') > stderr.text.lastIndexOf('Not sent'));
    pool.saying = () => Promise.resolve();
    stdin.write('!\r');
    await until(() => pool.calls.includes(`say:again! in ${KITCHEN.id}`));
    stdin.end();
    expect(await done).toBe(0);
  });
});

describe('about a message', () => {
  test('an answer stands where the message stands', async () => {
    const { calls } = await typed(['/reply 1 yes  please', '/reply 2 here'], [{}, { id: id(2), room: KITCHEN.id }]);
    expect(calls).toEqual([`say:yes  please to ${id(1)}`, `say:here in ${KITCHEN.id} to ${id(2)}`]);
  });

  test('an emoji is given, and taken back if it was given', async () => {
    const given = { id: id(2), reactions: [{ emoji: '👍', accounts: [SELF] }] };
    const { calls, refused } = await typed(['/react 1 👍', '/react 2 👍', '/react 1 yes', '/react 1'], [{}, given]);
    expect(calls).toEqual([`react:${id(1)}:👍:on`, `react:${id(2)}:👍:off`]);
    expect(refused.map((words) => words.split('.')[0])).toEqual(['yes is not one emoji', 'Nothing is not one emoji']);
  });

  test('/edit changes what was said last, be it in another room', async () => {
    const mine = [
      { ...own, id: 'older', created: 5 },
      { ...own, id: 'last', created: 9, room: KITCHEN.id },
      { ...own, id: 'gone', created: 10, state: 'retracted' as const },
    ];
    expect((await typed(['/edit better'], [...mine, { created: 20 }])).calls).toEqual(['edit:last:better']);
    expect((await typed(['/edit better'])).refused).toEqual(['You have said nothing yet that could be changed.']);
    expect((await typed(['/edit'], mine)).refused[0]).toMatch(/^Something to say is missing/u);
  });

  test('/takeback is for what this device said, and says that it is a request', async () => {
    const mine = { ...own, id: 'mine' };
    const phone = { ...mine, id: 'phone', from: 'c'.repeat(32), name: 'Phone' };
    const lines = ['/takeback 2', '/takeback 1', '/takeback 3', '/takeback 4', '/takeback'];
    const { calls, refused, notes } = await typed(lines, [{}, mine, phone]);
    expect(calls).toEqual(['retract:mine']);
    expect(notes).toContain('What others have read or copied stays with them.');
    expect(refused).toEqual([
      'Message 1 is not yours.',
      'You said that on Phone: take it back there.',
      'There is no message 4. Usage: /takeback N',
      'There is no message without a number. Usage: /takeback N',
    ]);
  });

  test('/confirm is for what asks for it', async () => {
    const vote = { by: [], of: 3, confirmed: false };
    const messages = [
      { vote },
      { id: id(2), announcement: true },
      { id: id(3) },
      { id: id(4), vote: { ...vote, by: [SELF] } },
      { ...own, id: 'mine', vote },
      { id: id(6), state: 'retracted' as const, vote },
    ];
    const { calls, refused } = await typed(
      [1, 2, 3, 4, 5, 6].map((number) => `/confirm ${number}`),
      messages,
    );
    expect(calls).toEqual([`confirm:${id(1)}`, `confirm:${id(2)}`]);
    expect(refused).toEqual([
      'Message 3 asks for no confirmation.',
      'Message 4 is confirmed by you already: 1 of 3 confirm it.',
      'Message 5 is your own.',
      'Message 6 was taken back.',
    ]);
  });
});

describe('about people and devices', () => {
  const words = ['calm', 'otter', 'cove', 'stone'];
  const linkTo =
    (...devices: readonly string[]) =>
    (pool: FakePool): void => {
      pool.talk.wordsOf = new Map(devices.map((device) => [device, words]));
    };

  test('/verify shows four words, and marks only what was compared', async () => {
    const lines = ['/verify Mara yes', '/verify Mara', '/verify Mara yes', '/verify Jo', '/verify Mara no', '/verify'];
    const { calls, refused, notes } = await typed(lines, [], linkTo(MARA.id));
    expect(calls).toEqual([`verify:${MARA.id}:on`]);
    expect(notes).toContain('Words with Mara (browser): calm otter cove stone\n');
    expect(refused.map((each) => each.split(':')[0])).toEqual([
      'Compare the words first',
      'Jo is not linked to this device',
      'Usage',
      'Usage',
    ]);
  });

  test('words that have changed since are to be compared anew', async () => {
    const { calls, refused } = await typed(['/verify Mara', '/more', '/verify Mara yes'], [], (pool) => {
      linkTo(MARA.id)(pool);
      pool.talk.doing = () => {
        pool.talk.wordsOf = new Map([[MARA.id, ['other', ...words.slice(1)]]]);
        return Promise.resolve();
      };
    });
    expect(calls).toEqual(['more']);
    expect(refused).toHaveLength(1);
  });

  test('/people tells who is here and away, verified or not, and which name another device had before', async () => {
    const { notes, events } = await typed(['/people'], [], (pool) => {
      const twin = { doubleOf: JO.id, account: JO.id, verified: true, role: 'owner' } as const;
      pool.talk.members = [...pool.talk.members, member('c'.repeat(32), 'Jo\u202e<owner>', twin)];
    });
    expect(notes.split('\n').slice(1, -1)).toEqual([
      '#1  me (you, browser)',
      '#2  Mara (here, not verified, browser)',
      '#3  Jo‹owner› (away, not verified, owner, 2 devices, also Jo). Another device was called so before',
    ]);
    expect(events.find(({ event }) => event === 'people')).toMatchObject({
      people: [{ number: 1, own: true }, { number: 2, here: true, name: 'Mara' }, { devices: [{}, { peer: JO.id }] }],
    });
  });

  test('/link gives words for another device, and takes those of one', async () => {
    const { calls, notes, events } = await typed(['/link', '/link one two three']);
    expect(notes).toContain('On your other device, in this pool: /link one-two-three-four-five-six-seven-eight\n');
    expect(notes).toContain('It holds for one device and 10 minutes.');
    expect(calls).toEqual(['link:one two three']);
    expect(events.filter(({ event }) => event === 'linked')).toEqual([{ event: 'linked', account: SELF }]);
  });

  test('/more says whether anything came', async () => {
    expect((await typed(['/more'])).notes).toContain('Nothing older is here.\n');
    const { events, notes } = await typed(['/more'], [], (pool) => (pool.talk.older = 7));
    expect(events).toContainEqual({ event: 'more', entries: 7 });
    expect(notes).toContain('/more asks for more.');
  });

  test('/leave says that it is for good, and does it only when that is meant', async () => {
    const first = await typed(['/leave', 'still here']);
    expect(first.calls).toEqual(['say:still here']);
    expect(first.refused[0]).toMatch(/^This is for good/u);
    const second = await typed(['/leave yes', 'never said']);
    expect(second.calls).toEqual(['quit']);
    expect(second.notes).toContain('This device has left the pool for good.\n');
    expect(second.code).toBe(0);
  });

  test('what does not work is said, and the next line is heard', async () => {
    const { refused, calls } = await typed(['/link a b', '/takeback 1', 'on'], [{ ...own, id: 'mine' }], (pool) => {
      pool.talk.doing = () => Promise.reject(new Error('The \u001b[2Jdisk is full.'));
    });
    expect(refused).toEqual(Array.from({ length: 2 }, () => 'That did not work: The [2Jdisk is full.'));
    expect(calls.at(-1)).toBe('say:on');
  });
});
