// Real terminal peers again: folders, interruptions of every kind and what is kept of them, rates, and taking files in `join`.
// Stored offers and history are in terminal-lasting.browser.test.ts.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFile, chmod, lstat, mkdir, open, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { until } from './support.ts';
import { sha256Of, type TerminalEvent } from './terminal.ts';
import { MIB, testTerminals } from './terminals.ts';

const LIMIT_MS = 90_000;
/** Of what was verified before an interruption, so much is fetched again at most. */
const FETCHED_AGAIN_MAX = 0.01;
/** Slow enough that an interruption comes midway. */
const SLOWLY = '6MB';

const terminals = testTerminals(LIMIT_MS);
const { at, fileOf, rockpool, start } = terminals;

const bytesOf = (event: TerminalEvent | undefined): number => Number(event?.['bytes']);
const keptOf = (event: TerminalEvent | undefined): number => Number(event?.['keptBytes']);
const hasArrived =
  (bytes: number) =>
  (event: TerminalEvent): boolean =>
    bytesOf(event) >= bytes;

/** Every path below `root` with its kind, times and right to run, as far as they travel. */
async function factsBelow(root: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(root, { recursive: true })).toSorted();
  const facts = names.map(async (name) => {
    const stats = await lstat(join(root, name));
    const runs = stats.isFile() && (stats.mode & 0o100) !== 0;
    return [
      name,
      `${stats.isDirectory() ? 'folder' : stats.size} ${Math.floor(stats.mtimeMs / 1000)} ${runs}`,
    ] as const;
  });
  return new Map(await Promise.all(facts));
}

describe('a folder', () => {
  test(
    'arrives as it is: empty folders, empty files, long and Unicode names, times, the right to run',
    async () => {
      const root = at('out', 'Bäume 🌊');
      await mkdir(join(root, 'empty', 'deeper'), { recursive: true });
      for (let number = 0; number < 300; number += 1) {
        const within = join(root, `part ${number % 9}`);
        await mkdir(within, { recursive: true });
        await writeFile(join(within, `${number}.bin`), randomBytes((number * 97) % 5000));
        await utimes(join(within, `${number}.bin`), 1_500_000_000, 1_500_000_000 + number * 1000);
      }
      await writeFile(join(root, 'nothing'), '');
      await writeFile(join(root, `${'long '.repeat(49)}.txt`), 'long');
      await writeFile(join(root, 'שלום مرحبا.txt'), 'right to left');
      await writeFile(join(root, 'run.sh'), '#!/bin/sh\n');
      await chmod(join(root, 'run.sh'), 0o755);
      await utimes(join(root, 'empty'), 1_400_000_000, 1_400_000_000);
      const sent = await factsBelow(root);
      await symlink('/etc/passwd', join(root, 'a link'));
      const inbox = at('in');
      const sender = rockpool('send', root);
      const receiver = rockpool('receive', '--into', inbox);
      expect(await Promise.all([sender.exit, receiver.exit])).toEqual([0, 0]);
      expect(await factsBelow(join(inbox, 'Bäume 🌊'))).toEqual(sent);
      await rm(join(root, 'a link'));
      // Ends with an error, and what differs, if anything does.
      await promisify(execFile)('diff', ['-r', root, join(inbox, 'Bäume 🌊')]);
      expect(await readdir(inbox)).toEqual(['Bäume 🌊']);
      expect(sender.all('left-out')).toMatchObject([{ path: root, count: 1 }]);
      expect(receiver.all('verified')).toMatchObject([{ name: 'Bäume 🌊', folder: { entries: sent.size } }]);
    },
    LIMIT_MS,
  );

  test(
    'beside one of the same name does not touch it',
    async () => {
      await mkdir(at('out', 'pics'), { recursive: true });
      await writeFile(at('out', 'pics', 'new'), 'new');
      await mkdir(at('in', 'pics'), { recursive: true });
      await writeFile(at('in', 'pics', 'old'), 'old');
      const sender = rockpool('send', at('out', 'pics'));
      const receiver = rockpool('receive', '--into', at('in'));
      expect(await Promise.all([sender.exit, receiver.exit])).toEqual([0, 0]);
      expect(await readdir(at('in', 'pics'))).toEqual(['old']);
      expect(await readdir(at('in', 'pics (2)'))).toEqual(['new']);
    },
    LIMIT_MS,
  );
});

describe('an interruption', () => {
  test(
    'kill -9 of the receiver: run again, it fetches at most a hundredth again',
    async () => {
      // Twice what is hashed ahead of the wire: beyond, hashes come only for what was kept.
      const path = await fileOf('big.bin', 48 * MIB);
      const inbox = at('in');
      const sender = rockpool('send', path);
      const lost = rockpool('receive', '--into', inbox, '--limit-down', '12MB');
      await lost.event('progress', hasArrived(32 * MIB));
      lost.stop('SIGKILL');
      await lost.exit;
      const hadBytes = bytesOf(lost.all('progress').at(-1));
      const again = rockpool('receive', '--into', inbox, '--limit-down', '12MB');
      expect(await Promise.all([again.exit, sender.exit])).toEqual([0, 0]);
      expect(keptOf(again.all('verified')[0])).toBeGreaterThanOrEqual(hadBytes * (1 - FETCHED_AGAIN_MAX));
      expect(again.stderr).toMatch(/big\.bin: \d\d% was here already\./u);
      expect(await sha256Of(join(inbox, 'big.bin'))).toBe(await sha256Of(path));
      expect(await readdir(inbox)).toEqual(['big.bin']);
    },
    LIMIT_MS,
  );

  test(
    'kill -9 of the sender: started again, the receiver goes on by itself',
    async () => {
      const path = await fileOf('big.bin', 24 * MIB);
      const inbox = at('in');
      const lost = rockpool('send', path, '--limit', SLOWLY);
      const receiver = rockpool('receive', '--into', inbox);
      await receiver.event('progress', hasArrived(10 * MIB));
      lost.stop('SIGKILL');
      await lost.exit;
      const sender = rockpool('send', path);
      expect(await Promise.all([receiver.exit, sender.exit])).toEqual([0, 0]);
      const states = receiver.all('progress').map(({ state }) => state);
      expect(states).toContain('waiting');
      const hadBytes = bytesOf(receiver.all('progress').find(({ state }) => state === 'waiting'));
      expect(hadBytes).toBeGreaterThanOrEqual(10 * MIB);
      expect(keptOf(receiver.all('verified')[0])).toBeGreaterThanOrEqual(hadBytes * (1 - FETCHED_AGAIN_MAX));
      expect(await sha256Of(join(inbox, 'big.bin'))).toBe(await sha256Of(path));
      expect(await readdir(inbox)).toEqual(['big.bin']);
    },
    LIMIT_MS,
  );

  test(
    'Ctrl+C at the sender: the receiver waits as long as it is told, keeps what it has, and ends with 1',
    async () => {
      const path = await fileOf('big.bin', 24 * MIB);
      const inbox = at('in');
      const sender = rockpool('send', path, '--limit', SLOWLY);
      const receiver = rockpool('receive', '--into', inbox, '--wait', '1');
      await receiver.event('progress', hasArrived(6 * MIB));
      sender.stop('SIGINT');
      expect(await sender.exit).toBe(130);
      expect(await receiver.exit).toBe(1);
      expect(receiver.all('waiting')).toMatchObject([{ seconds: 1 }]);
      expect(receiver.stderr).toMatch(/big\.bin: \d\d% is kept; run the same command again to go on\./u);
      expect(receiver.all('failed')).toEqual([]);
      const hadBytes = bytesOf((await receiver.event('kept')) ?? {});
      expect(hadBytes).toBeGreaterThanOrEqual(6 * MIB);
      const [back, again] = [rockpool('send', path), rockpool('receive', '--into', inbox)];
      expect(await Promise.all([back.exit, again.exit])).toEqual([0, 0]);
      expect(keptOf(again.all('verified')[0])).toBeGreaterThanOrEqual(hadBytes * (1 - FETCHED_AGAIN_MAX));
    },
    LIMIT_MS,
  );

  test(
    'Ctrl+C at the receiver says what is kept, and the next run goes on',
    async () => {
      const path = await fileOf('big.bin', 24 * MIB);
      const inbox = at('in');
      const sender = rockpool('send', path, '--limit', SLOWLY);
      const first = rockpool('receive', '--into', inbox);
      await first.event('progress', hasArrived(6 * MIB));
      first.stop('SIGINT');
      expect(await first.exit).toBe(130);
      expect(first.stderr).toMatch(/big\.bin: \d\d% is kept; run the same command again to go on\./u);
      const hadBytes = bytesOf(await first.event('kept'));
      const again = rockpool('receive', '--into', inbox);
      expect(await Promise.all([again.exit, sender.exit])).toEqual([0, 0]);
      expect(keptOf(again.all('verified')[0])).toBeGreaterThanOrEqual(hadBytes * (1 - FETCHED_AGAIN_MAX));
    },
    LIMIT_MS,
  );

  test(
    'a file that changes while it is sent: both ends say so, and end with 1',
    async () => {
      // Longer than what is hashed ahead of the wire: what was read before the change arrives all the same.
      const path = await fileOf('big.bin', 64 * MIB);
      const sender = rockpool('send', path, '--limit', SLOWLY);
      const receiver = rockpool('receive', '--into', at('in'), '--wait', '1');
      await receiver.event('progress', hasArrived(2 * MIB));
      await appendFile(path, 'more');
      expect(await Promise.all([sender.exit, receiver.exit])).toEqual([1, 1]);
      for (const end of [sender, receiver]) {
        expect(end.all('failed')).toMatchObject([{ name: 'big.bin', code: 'changed' }]);
        expect(end.stderr).toContain('it changed while it was being sent');
      }
      expect(sender.stderr).toContain('big.bin is not offered any more.');
      expect(await readdir(at('in'))).not.toContain('big.bin');
    },
    LIMIT_MS,
  );
});

describe('what is taken', () => {
  test(
    '--only takes the files whose names fit, and no others',
    async () => {
      const paths = [await fileOf('a.jpg', 1000), await fileOf('b.txt', 1000), await fileOf('c.jpg', 1000)];
      const inbox = at('in');
      rockpool('send', ...paths);
      const receiver = rockpool('receive', '--into', inbox, '--count', '2', '--only', '*.jpg');
      expect(await receiver.exit).toBe(0);
      expect((await readdir(inbox)).toSorted()).toEqual(['a.jpg', 'c.jpg']);
    },
    LIMIT_MS,
  );

  test(
    'in join, files are taken, paused, continued and cancelled by their numbers',
    async () => {
      const paths = [await fileOf('big.bin', 24 * MIB), await fileOf('small.bin', 1000)];
      const inbox = at('in');
      const person = rockpool('join', '--into', inbox);
      // Whoever comes after an offer has its line sealed.
      await person.event('joined');
      rockpool('send', ...paths, '--limit', SLOWLY);
      const { number: offer } = await person.event('offer');
      person.say(`/take ${String(offer)} big*`);
      const { number } = await person.event('progress', hasArrived(1));
      person.say(`/pause ${String(number)}`);
      await person.event('progress', ({ state }) => state === 'paused');
      person.say(`/resume ${String(number)}`);
      const resumed = person.all('progress').length;
      await person.event('progress', (event) => event['state'] === 'running' && person.events.indexOf(event) > resumed);
      person.say(`/cancel ${String(number)}`);
      expect(await person.event('failed')).toMatchObject({ name: 'big.bin', code: 'cancelled' });
      person.say(`/pause ${String(number)}`);
      expect(await person.event('refused')).toMatchObject({ message: expect.stringContaining('big.bin is over') });
      await person.event('message');
      expect(person.all('message')).toMatchObject([{ number: offer, files: { count: 2 } }]);
      person.endInput();
      expect(await person.exit).toBe(0);
      expect(await readdir(inbox)).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'in join, /check reads what was received back, says before what that costs, and finds what changed',
    async () => {
      const bytes = 8 * MIB;
      const path = await fileOf('big.bin', bytes);
      await mkdir(at('pics'));
      await writeFile(at('pics', 'one'), 'one');
      rockpool('send', path, at('pics'), '--limit', SLOWLY, '--name', 'Mara');
      const data = at('data');
      const person = rockpool('join', '--into', at('in'), '--data', data);
      person.say(`/take ${String((await person.event('offer'))['number'])}`);
      const numberOf = async (file: string): Promise<string> =>
        String((await person.event('progress', ({ name }) => name === file))['number']);
      const [number, folder] = [await numberOf('big.bin'), await numberOf('pics')];
      person.say(`/check ${number}`);
      expect(await person.event('refused')).toMatchObject({
        message: 'big.bin was not received and verified here. Usage: /check N',
      });
      for (const name of ['big.bin', 'pics']) await person.event('verified', (event) => event['name'] === name);
      const cost = `/check ${number} reads 8.4 MB back from the disk and verifies it once more.`;
      await until(() => person.stderr.includes(cost));

      person.say(`/check ${number}`);
      const looked = { name: 'big.bin', bytes, path: at('in', 'big.bin') };
      expect(await person.event('checked')).toMatchObject({ ...looked, wrongChunks: 0 });
      expect(person.all('checking').at(0)).toMatchObject({ number: Number(number), name: 'big.bin', total: bytes });
      person.say(`/check ${folder}`);
      expect(await person.event('checked', ({ name }) => name === 'pics')).toMatchObject({ wrongChunks: 0 });

      // As a disk forgets: without a trace in the file's times.
      const { atime, mtime } = await lstat(at('in', 'big.bin'));
      const received = await open(at('in', 'big.bin'), 'r+');
      const before = Buffer.alloc(1);
      await received.read(before, 0, 1, 3 * MIB);
      await received.write(Buffer.from([before.readUInt8() ^ 1]), 0, 1, 3 * MIB);
      await received.utimes(atime, mtime);
      await received.close();
      person.say(`/check ${number}`);
      expect(await person.event('checked', ({ wrongChunks }) => wrongChunks !== 0)).toMatchObject({ wrongChunks: 1 });
      await until(() =>
        person.stderr.includes('big.bin: 1 piece changed on the disk since. Ask Mara to offer it again.'),
      );
      expect(person.all('verified')).toHaveLength(2);
      person.endInput();
      expect(await person.exit).toBe(0);
      const listing = start('history', '--data', data);
      expect(await listing.exit).toBe(0);
      expect(listing.all('transfer')).toHaveLength(2);
    },
    LIMIT_MS,
  );
});
