// Real terminal peers in processes of their own, through a real server, over real WebRTC: files, chat, the server's death.
// Folders, interruptions and stored offers are in terminal-share.browser.test.ts.
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sha256Of, Terminal, type TerminalEvent } from './terminal.ts';

const MIB = 1024 * 1024;
const LIMIT_MS = 60_000;

let server: Terminal;
let serverUrl: string;
let url: string;
let pool: string;
let folder: string;
let started: Terminal[];
let pools = 0;

beforeAll(async () => {
  server = new Terminal('serve', '--port', '0');
  serverUrl = String((await server.event('listening'))['url']);
}, LIMIT_MS);

afterAll(async () => {
  server.stop('SIGTERM');
  expect(await server.exit).toBe(0);
}, LIMIT_MS);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rockpool-peers-'));
  pool = `test-pool-${(pools += 1)}`;
  started = [];
  url = serverUrl;
});

afterEach(async () => {
  for (const terminal of started) terminal.stop('SIGKILL');
  await Promise.all(started.map((terminal) => terminal.exit));
  await rm(folder, { recursive: true, force: true });
});

function rockpool(command: string, ...rest: readonly string[]): Terminal {
  const terminal = new Terminal(command, '--pool', pool, '--server', url, ...rest);
  started.push(terminal);
  return terminal;
}

async function fileOf(name: string, bytes: number): Promise<string> {
  await mkdir(join(folder, 'out'), { recursive: true });
  const path = join(folder, 'out', name);
  await writeFile(path, randomBytes(bytes));
  return path;
}

/** Some of the file is there: both ends are in the middle of it. */
const underWay = ({ bytes }: TerminalEvent): boolean => Number(bytes) > 0;

describe('files', () => {
  test(
    'a file arrives whole under its own name, and both ends say the same digest',
    async () => {
      const path = await fileOf('holiday.bin', 24 * MIB + 12_345);
      const inbox = join(folder, 'in');
      const sender = rockpool('send', path, '--name', 'Sender');
      const receiver = rockpool('receive', '--into', inbox, '--name', 'Receiver');
      expect(await Promise.all([sender.exit, receiver.exit])).toEqual([0, 0]);
      const digest = await sha256Of(path);
      expect(await readdir(inbox)).toEqual(['holiday.bin']);
      expect(await sha256Of(join(inbox, 'holiday.bin'))).toBe(digest);
      const whole = { name: 'holiday.bin', bytes: 24 * MIB + 12_345, sha256: digest };
      expect(sender.all('verified')).toMatchObject([{ ...whole, peerName: 'Receiver' }]);
      expect(receiver.all('verified')).toMatchObject([
        { ...whole, peerName: 'Sender', path: join(inbox, 'holiday.bin') },
      ]);
      expect(receiver.all('progress').length).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );

  test(
    'an empty file, and names with emoji, spaces and right-to-left letters, arrive as they are',
    async () => {
      const names = ['empty', 'a 🌊 pool.txt', 'שלום مرحبا.txt'];
      const paths = await Promise.all(names.map((name, place) => fileOf(name, place * 1000)));
      const inbox = join(folder, 'in');
      const sender = rockpool('send', ...paths);
      const receiver = rockpool('receive', '--into', inbox, '--count', '3');
      expect(await Promise.all([sender.exit, receiver.exit])).toEqual([0, 0]);
      expect((await readdir(inbox)).toSorted()).toEqual(names.toSorted());
      const pairs = names.map(async (name) => [
        await sha256Of(join(folder, 'out', name)),
        await sha256Of(join(inbox, name)),
      ]);
      for (const [sent, received] of await Promise.all(pairs)) expect(received).toBe(sent);
    },
    LIMIT_MS,
  );

  test(
    'a sender with --receivers 2 stays until two devices hold everything',
    async () => {
      const path = await fileOf('shared.bin', 2 * MIB);
      const sender = rockpool('send', path, '--receivers', '2');
      const first = rockpool('receive', '--into', join(folder, 'first'));
      expect(await first.exit).toBe(0);
      await sender.event('verified');
      const second = rockpool('receive', '--into', join(folder, 'second'));
      expect(await Promise.all([second.exit, sender.exit])).toEqual([0, 0]);
      const digest = await sha256Of(path);
      expect(await sha256Of(join(folder, 'first', 'shared.bin'))).toBe(digest);
      expect(await sha256Of(join(folder, 'second', 'shared.bin'))).toBe(digest);
    },
    LIMIT_MS,
  );

  test(
    'a receiver killed midway leaves nothing under the final name, and the sender serves the next one',
    async () => {
      const path = await fileOf('big.bin', 48 * MIB);
      const sender = rockpool('send', path);
      const lost = rockpool('receive', '--into', join(folder, 'lost'));
      await lost.event('progress', underWay);
      lost.stop('SIGKILL');
      await lost.exit;
      expect(await readdir(join(folder, 'lost'))).not.toContain('big.bin');
      const { peer } = await sender.event('failed');
      await sender.event('peer-left', (event) => event['peer'] === peer);
      const next = rockpool('receive', '--into', join(folder, 'next'));
      expect(await Promise.all([next.exit, sender.exit])).toEqual([0, 0]);
      expect(await sha256Of(join(folder, 'next', 'big.bin'))).toBe(await sha256Of(path));
    },
    LIMIT_MS,
  );
});

describe('chat', () => {
  test(
    'lines go both ways, in order, and the end of input leaves',
    async () => {
      const mara = rockpool('join', '--name', 'Mara');
      const jo = rockpool('join', '--name', 'Jo');
      mara.say('hello Jo 🌊');
      jo.say('hello Mara');
      jo.say('how are you?');
      expect(await jo.event('message', ({ own }) => own === false)).toMatchObject({
        from: 'Mara',
        text: 'hello Jo 🌊',
      });
      await mara.event('message', ({ text }) => text === 'how are you?');
      const heard = mara.all('message').filter(({ own }) => own === false);
      expect(heard.map(({ text }) => text)).toEqual(['hello Mara', 'how are you?']);
      jo.endInput();
      expect(await jo.exit).toBe(0);
      expect(await mara.event('peer-left')).toMatchObject({ name: 'Jo' });
      mara.stop('SIGINT');
      expect(await mara.exit).toBe(130);
    },
    LIMIT_MS,
  );

  test(
    'a line from a pipe is delivered before its sender leaves',
    async () => {
      const mara = rockpool('join', '--name', 'Mara');
      await mara.event('joined');
      const builder = rockpool('join', '--name', 'builder');
      builder.say('the build is done');
      builder.endInput();
      expect(await builder.exit).toBe(0);
      expect(await mara.event('message')).toMatchObject({ from: 'builder', text: 'the build is done' });
    },
    LIMIT_MS,
  );
});

describe('the server', () => {
  test(
    'its death midway does not stop a file',
    async () => {
      const own = new Terminal('serve', '--port', '0');
      started.push(own);
      url = String((await own.event('listening'))['url']);
      const path = await fileOf('big.bin', 48 * MIB);
      const sender = rockpool('send', path);
      const receiver = rockpool('receive', '--into', join(folder, 'in'));
      await receiver.event('progress', underWay);
      own.stop('SIGKILL');
      await own.exit;
      expect(receiver.all('verified')).toEqual([]);
      expect(await Promise.all([sender.exit, receiver.exit])).toEqual([0, 0]);
      expect(sender.stderr).toContain('The server is away.');
      expect(await sha256Of(join(folder, 'in', 'big.bin'))).toBe(await sha256Of(path));
    },
    LIMIT_MS,
  );

  test(
    'a port that is taken ends serve with 1 and says which',
    async () => {
      const { port } = await server.event('listening');
      const second = new Terminal('serve', '--port', String(port));
      started.push(second);
      expect(await second.exit).toBe(1);
      expect(second.stderr).toContain(`Port ${String(port)} is taken.`);
    },
    LIMIT_MS,
  );
});
