// Real terminal peers that talk: what is kept and comes after a kill, whispers, what is taken back, two devices of one person, and
// reading all that without a server.
import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { until } from './support.ts';
import { ROCKPOOL, type Terminal, type TerminalEvent } from './terminal.ts';
import { testTerminals } from './terminals.ts';

const LIMIT_MS = 60_000;

const terminals = testTerminals(LIMIT_MS);
const { at, rockpool, start } = terminals;

/** A person at a terminal, with a data directory of their own. */
const person = (name: string): Terminal => rockpool('join', '--name', name, '--data', at(name));

const says =
  (text: string, from?: string) =>
  (event: TerminalEvent): boolean =>
    event['text'] === text && (from === undefined || event['from'] === from);

const linked = (terminal: Terminal, name: string): Promise<TerminalEvent> =>
  terminal.event('peer-changed', (event) => event['name'] === name && event['path'] !== 'connecting');

/** Everything that stands in the database of a person's first device, as text: entries, messages, and the log beside it. */
async function bytesOf(name: string): Promise<string> {
  const folder = at(name, 'device-0');
  const files = (await readdir(folder)).filter((file) => file.startsWith('talk.sqlite') && !file.endsWith('.lock'));
  return (await Promise.all(files.map((file) => readFile(join(folder, file), 'latin1')))).join('\n');
}

interface Row {
  readonly state: string;
  readonly text: string;
}

/** The messages in a person's database, once nobody has it open. */
function rowsOf(name: string): Row[] {
  const { Database }: typeof import('node-sqlite3-wasm') = createRequire(import.meta.url)('node-sqlite3-wasm');
  const database = new Database(at(name, 'device-0', 'talk.sqlite'));
  try {
    // It has a log, which only the one who has it alone can read here.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    return database.all('SELECT record FROM messages').map((row) => JSON.parse(String(row['record'])) as Row);
  } finally {
    database.close();
  }
}

describe('talk between terminals', () => {
  test(
    'one that was killed comes back with its history, and gets what it missed from the other',
    async () => {
      const mara = person('Mara');
      const jo = person('Jo');
      jo.say('hello Mara');
      await mara.event('message', says('hello Mara'));
      mara.say('hello Jo');
      await jo.event('message', says('hello Jo'));
      jo.stop('SIGKILL');
      await jo.exit;
      await mara.event('peer-left');
      // Nobody is there to hear it: a command says it all the same.
      mara.say('/important while you were away');
      await mara.event('message', says('while you were away'));
      const again = person('Jo');
      const missed = await again.event('message', says('while you were away'));
      expect(missed).toMatchObject({ from: 'Mara', own: false, vote: { by: [], of: 2 } });
      const history = again.all('history').map(({ from, text, own }) => ({ from, text, own }));
      expect(history).toEqual([
        { from: 'Jo', text: 'hello Mara', own: true },
        { from: 'Mara', text: 'hello Jo', own: false },
      ]);
      again.say(`/confirm ${String(missed['number'])}`);
      expect(await mara.event('message-changed')).toMatchObject({ changes: ['voted'], vote: { of: 2 } });
      expect((await stat(at('Jo', 'device-0'))).mode & 0o777).toBe(0o700);
      for (const file of await readdir(at('Jo', 'device-0')))
        if (!file.endsWith('.lock')) expect((await stat(at('Jo', 'device-0', file))).mode & 0o777).toBe(0o600);
    },
    LIMIT_MS,
  );

  test(
    'a whisper between two of three cannot be read by the third, nor is it anywhere on its disk',
    async () => {
      const [mara, jo, kim] = [person('Mara'), person('Jo'), person('Kim')];
      await Promise.all([linked(mara, 'Jo'), linked(mara, 'Kim'), linked(jo, 'Kim')]);
      mara.say('/whisper Jo the blue crab is under the stone');
      const text = 'the blue crab is under the stone';
      expect(await jo.event('message', says(text))).toMatchObject({ from: 'Mara', roomKind: 'whisper' });
      expect((await mara.event('message', says(text)))['roomAccounts']).toHaveLength(2);
      mara.say('to all');
      await Promise.all([jo, kim].map((each) => each.event('message', says('to all', 'Mara'))));
      const heard = kim.events.filter(({ event }) => event === 'message' || event === 'room');
      expect(heard.map((event) => event['roomKind'] ?? event['kind'])).toEqual(heard.map(() => 'pool'));
      mara.say('/whisper Nobody and what is this');
      expect(await mara.event('refused')).toMatchObject({ message: expect.stringContaining('Nobody') });
      for (const each of [mara, jo, kim]) {
        each.endInput();
        expect(await each.exit).toBe(0);
      }
      expect(await bytesOf('Jo')).toContain('blue crab');
      expect(await bytesOf('Kim')).not.toContain('blue crab');
      expect(rowsOf('Kim').map((row) => row.text)).toEqual(['to all']);
    },
    LIMIT_MS,
  );

  test(
    'what is taken back is removed from the database of the other',
    async () => {
      const [mara, jo] = [person('Mara'), person('Jo')];
      mara.say('the password is anemone');
      await jo.event('message', says('the password is anemone'));
      expect(await bytesOf('Jo')).toContain('anemone');
      const { number } = await mara.event('message', says('the password is anemone'));
      mara.say(`/takeback ${String(number)}`);
      await jo.event('message-changed', ({ changes }) => String(changes) === 'taken-back');
      expect(await mara.event('message-changed', ({ changes }) => String(changes).includes('removed'))).toMatchObject({
        state: 'retracted',
      });
      for (const each of [mara, jo]) {
        each.endInput();
        expect(await each.exit).toBe(0);
      }
      expect(rowsOf('Jo')).toMatchObject([{ state: 'retracted', text: '' }]);
      for (const name of ['Mara', 'Jo']) expect(await bytesOf(name)).not.toContain('anemone');
    },
    LIMIT_MS,
  );

  test(
    'two terminals that are linked by words are one person, there and at the next start',
    async () => {
      const [mara, desk, jo] = [person('Mara'), person('Desk'), person('Jo')];
      await Promise.all([linked(mara, 'Desk'), linked(jo, 'Desk'), linked(jo, 'Mara')]);
      mara.say('/link');
      const { words } = await mara.event('invitation');
      desk.say(`/link ${String(words).replaceAll('-', ' ')}`);
      const { account } = await desk.event('linked');
      expect(account).toBe((await mara.event('joined'))['self']);
      await mara.event('member', ({ name, own }) => name === 'Desk' && own === true);
      desk.say('it is still me');
      expect(await mara.event('message', says('it is still me'))).toMatchObject({ own: true, from: 'Desk', account });
      expect(await jo.event('message', says('it is still me'))).toMatchObject({ own: false, account });
      jo.say('/people');
      const people = (await jo.event('people'))['people'] as readonly {
        account: string;
        devices: readonly unknown[];
      }[];
      expect(people.map((each) => each.devices.length)).toEqual([1, 2]);
      expect(people[1]).toMatchObject({ account });
      desk.stop('SIGTERM');
      await desk.exit;
      const elsewhere = start('join', '--pool', `${terminals.pool}-b`, '--server', terminals.url, '--data', at('Desk'));
      elsewhere.say('/people');
      expect((await elsewhere.event('people'))['people']).toMatchObject([{ own: true, account }]);
    },
    LIMIT_MS,
  );
});

describe('what was said', () => {
  const alone = promisify(execFile);
  const messages = async (...rest: readonly string[]): Promise<string> =>
    (await alone(process.execPath, [ROCKPOOL, 'messages', ...rest, '--data', at('Jo')])).stdout;

  test(
    'is read, searched and exported without a server, also while its device is in the pool',
    async () => {
      const [mara, jo] = [person('Mara'), person('Jo')];
      mara.say('the blue crab sleeps');
      await jo.event('message', says('the blue crab sleeps'));
      jo.say('let it sleep');
      await mara.event('message', says('let it sleep'));
      const { pool } = terminals;
      const line = /^\d{4}-\d\d-\d\d \d\d:\d\d {2}/gmu;
      const both = 'Mara: the blue crab sleeps\nYou: let it sleep\n';
      expect((await messages(pool)).replace(line, '')).toBe(both);
      for (const each of [mara, jo]) {
        each.endInput();
        expect(await each.exit).toBe(0);
      }
      expect((await messages(pool)).replace(line, '')).toBe(both);
      expect((await messages()).replace(line, '')).toBe(`${pool}\n`);
      expect(await messages('--search', 'CRAB blue')).toMatch(
        new RegExp(`^${pool} .*Mara: the blue crab sleeps\n$`, 'u'),
      );
      expect(await messages('--search', 'anemone')).toBe('');
      const exported = JSON.parse(await messages(pool, '--export', 'json')) as readonly object[];
      expect(exported).toMatchObject([
        { name: 'Mara', text: 'the blue crab sleeps' },
        { name: 'Jo', text: 'let it sleep' },
      ]);
      expect(await messages(pool, '--export', 'markdown')).toContain('> the blue crab sleeps\n');
      expect((await readdir(at('Jo', 'device-0'))).filter((name) => name.startsWith('reading-'))).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'by a long pipe has all arrived when the pipe ends',
    async () => {
      const mara = person('Mara');
      await mara.event('joined');
      const pipe = person('builder');
      const lines = Array.from({ length: 300 }, (_, at) => `line ${at} ${'x'.repeat(500)}`);
      for (const line of lines) pipe.say(line);
      pipe.endInput();
      expect(await pipe.exit).toBe(0);
      await until(() => mara.all('message').length === lines.length);
      expect(mara.all('message').map(({ text }) => text)).toEqual(lines);
    },
    LIMIT_MS,
  );
});
