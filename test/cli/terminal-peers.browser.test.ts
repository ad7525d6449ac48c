// Real terminal peers in processes of their own, through a real server, over real WebRTC: files, chat, the server's death.
// Folders, interruptions and stored offers are in terminal-share.browser.test.ts.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { sha256Of, type TerminalEvent } from './terminal.ts';
import { MIB, testTerminals } from './terminals.ts';

const LIMIT_MS = 60_000;

const terminals = testTerminals(LIMIT_MS);
const { at, fileOf, rockpool, start } = terminals;

/** Some of the file is there: both ends are in the middle of it. */
const underWay = ({ bytes }: TerminalEvent): boolean => Number(bytes) > 0;

describe('files', () => {
  test(
    'a file arrives whole under its own name, and both ends say the same digest',
    async () => {
      const path = await fileOf('holiday.bin', 24 * MIB + 12_345);
      const inbox = at('in');
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
      const inbox = at('in');
      const sender = rockpool('send', ...paths);
      const receiver = rockpool('receive', '--into', inbox, '--count', '3');
      expect(await Promise.all([sender.exit, receiver.exit])).toEqual([0, 0]);
      expect((await readdir(inbox)).toSorted()).toEqual(names.toSorted());
      const pairs = names.map(async (name) => [await sha256Of(at('out', name)), await sha256Of(join(inbox, name))]);
      for (const [sent, received] of await Promise.all(pairs)) expect(received).toBe(sent);
    },
    LIMIT_MS,
  );

  test(
    'a sender with --receivers 2 stays until two devices hold everything',
    async () => {
      const path = await fileOf('shared.bin', 2 * MIB);
      const sender = rockpool('send', path, '--receivers', '2');
      // Each has a data directory of its own: else both would be the same device, one after the other.
      const first = rockpool('receive', '--into', at('first'), '--data', at('first-data'));
      expect(await first.exit).toBe(0);
      await sender.event('verified');
      const second = rockpool('receive', '--into', at('second'), '--data', at('second-data'));
      expect(await Promise.all([second.exit, sender.exit])).toEqual([0, 0]);
      const digest = await sha256Of(path);
      expect(await sha256Of(at('first', 'shared.bin'))).toBe(digest);
      expect(await sha256Of(at('second', 'shared.bin'))).toBe(digest);
    },
    LIMIT_MS,
  );

  test(
    'a receiver killed midway leaves nothing under the final name, and the sender serves the next one',
    async () => {
      const path = await fileOf('big.bin', 48 * MIB);
      const sender = rockpool('send', path);
      const lost = rockpool('receive', '--into', at('lost'));
      await lost.event('progress', underWay);
      lost.stop('SIGKILL');
      await lost.exit;
      expect(await readdir(at('lost'))).not.toContain('big.bin');
      const { peer } = await sender.event('failed');
      await sender.event('peer-left', (event) => event['peer'] === peer);
      const next = rockpool('receive', '--into', at('next'));
      expect(await Promise.all([next.exit, sender.exit])).toEqual([0, 0]);
      expect(await sha256Of(at('next', 'big.bin'))).toBe(await sha256Of(path));
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
      const own = start('serve', '--port', '0');
      const { url } = await own.event('listening');
      const path = await fileOf('big.bin', 48 * MIB);
      const sender = rockpool('send', path, '--server', String(url));
      const receiver = rockpool('receive', '--into', at('in'), '--server', String(url));
      await receiver.event('progress', underWay);
      own.stop('SIGKILL');
      await own.exit;
      expect(receiver.all('verified')).toEqual([]);
      expect(await Promise.all([sender.exit, receiver.exit])).toEqual([0, 0]);
      expect(sender.stderr).toContain('The server is away.');
      expect(await sha256Of(at('in', 'big.bin'))).toBe(await sha256Of(path));
    },
    LIMIT_MS,
  );

  test(
    'a port that is taken ends serve with 1 and says which',
    async () => {
      const { port } = await terminals.server.event('listening');
      const second = start('serve', '--port', String(port));
      expect(await second.exit).toBe(1);
      expect(second.stderr).toContain(`Port ${String(port)} is taken.`);
    },
    LIMIT_MS,
  );
});
