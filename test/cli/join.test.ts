// `rockpool join` whole, in one process, over a pool whose events the test plays: chat, and lines that begin with a slash.
import { describe, expect, test } from '@jest/globals';
import type { OfferView } from '../../src/client.ts';
import { message } from './fake-talk.ts';
import { testFolder } from './folder.ts';
import { JO, MARA, settle, start, transfer, until } from './support.ts';

const folder = testFolder();

describe('join', () => {
  const said = message({ sentMs: 5 });
  const mine = message({ id: 'mine/x/1', from: 'f'.repeat(32), own: true, text: 'mine' });

  test('piped lines wait until somebody is linked, then are said in order, and the end of input leaves', async () => {
    const { pool, done, stdin } = await start(['join', '--pool', 'abc']);
    stdin.end('one\n\ntwo\n');
    await settle();
    pool.come({ ...MARA, path: 'connecting' });
    await settle();
    expect(pool.calls).toEqual(['join:abc']);
    pool.peers = [MARA];
    pool.emit({ kind: 'peer-changed', peer: MARA });
    expect(await done).toBe(0);
    expect(pool.calls).toEqual(['join:abc', 'say:one', 'say:two', 'close']);
  });

  test('a line longer than a message is said in pieces that tear no character apart', async () => {
    const { pool, done, stdin } = await start(['join', '--pool', 'abc']);
    pool.come(MARA);
    const line = `${'x'.repeat(8191)}😀y`;
    stdin.end(`${line}\n`);
    await done;
    const pieces = pool.calls.filter((call) => call.startsWith('say:')).map((call) => call.slice(4));
    expect(pieces).toEqual(['x'.repeat(8191), '😀y']);
  });

  test('a line is said once the one before is on disk, so that a fast pipe piles nothing up', async () => {
    const { pool, done, stdin } = await start(['join', '--pool', 'abc']);
    const said = () => pool.calls.filter((call) => call.startsWith('say'));
    let written: () => void = () => undefined;
    pool.saying = () => new Promise((resolve) => (written = resolve));
    pool.come(MARA);
    stdin.end('one\ntwo\n');
    await until(() => said().length === 1);
    await settle();
    expect(said()).toEqual(['say:one']);
    pool.saying = () => Promise.resolve();
    written();
    expect(await done).toBe(0);
    expect(said()).toEqual(['say:one', 'say:two']);
  });

  test('prints what others say, safely, and not its own lines again', async () => {
    const { pool, done, stdout, stdin } = await start(['join', '--pool', 'abc']);
    await settle();
    const steering = { ...said, name: 'Ma\u001b[2Jra', text: 'hi\u009b31m\nJo: no' };
    pool.emit({ kind: 'message', message: steering, fresh: true });
    pool.emit({ kind: 'message', message: mine, fresh: true });
    stdin.end();
    expect(await done).toBe(0);
    expect(stdout.text).toBe('Ma[2Jra: hi31m\n  Jo: no\n');
  });

  test('json mode tells every message, its own too', async () => {
    const { pool, done, stdout, stdin } = await start(['join', '--pool', 'abc', '--json']);
    await settle();
    pool.emit({ kind: 'message', message: said, fresh: true });
    pool.emit({ kind: 'message', message: mine, fresh: true });
    stdin.end();
    await done;
    expect(stdout.events.filter(({ event }) => event === 'message')).toMatchObject([
      { from: 'Mara', peer: MARA.id, text: 'hi', sentMs: 5, own: false },
      { text: 'mine', own: true },
    ]);
  });

  test('commands act on what their numbers name, with --json', async () => {
    const { pool, done, stdin, stdout } = await start(['join', '--pool', 'abc', '--into', folder.path, '--json']);
    await settle();
    pool.come(MARA);
    const files = ['a.txt', 'b.jpg', 'c.txt'].map((name, number) => ({ number: number + 10, name, bytes: 4 }));
    const offer: OfferView = {
      id: 'o1',
      from: MARA.id,
      name: 'Mara',
      own: false,
      atMs: 0,
      files,
      private: false,
      state: 'open',
    };
    pool.emit({ kind: 'offer', offer });
    pool.emit({ kind: 'transfer', transfer: transfer({ id: 't1', direction: 'in' }) });
    pool.emit({ kind: 'transfer', transfer: transfer({ id: 't2', direction: 'in', state: 'paused' }) });
    pool.emit({ kind: 'transfer', transfer: transfer({ id: 't3', direction: 'in', state: 'ended', end: 'corrupt' }) });
    const lines = ['/take 1 2 c*', '/take 1', '/pause 2', '/resume 3', '/retry 4', '/cancel 2', '//said', '/nonsense'];
    stdin.end(`${lines.join('\n')}\n/resume 2\n/pause 9\n/take 1 nothing\n`);
    expect(await done).toBe(0);
    expect(stdout.events.find(({ event }) => event === 'offer')).toMatchObject({ number: 1 });
    const numbers = stdout.events.filter(({ event }) => event === 'progress').map((event) => event['number']);
    expect(numbers).toEqual([2, 3]);
    const calls = ['accept:o1:11,12', 'accept:o1', 'pause:t1', 'resume:t2', 'retry:t3', 'cancel:t1', 'say:/said'];
    expect(pool.calls.slice(1)).toEqual([...calls, 'close']);
    expect(stdout.events.filter(({ event }) => event === 'refused').map((event) => event['message'])).toEqual([
      'There is no command /nonsense. /help lists them.',
      'a.txt is not paused. Usage: /resume N',
      'There is no transfer 9. Usage: /pause N',
      'No file of offer 1 is called that.',
    ]);
  });

  test('/check reads back what was received, says before and meanwhile what that costs, and tells what it found', async () => {
    const { pool, done, stdin, stdout, stderr } = await start(['join', '--pool', 'abc', '--json']);
    await settle();
    const verified = { direction: 'in', state: 'ended', end: 'verified', bytes: 4000, location: '/in/a.txt' } as const;
    const looking = { doneBytes: 1000, wrongChunks: 0, done: false, seconds: 0.5 };
    const running = transfer({ id: 't1', direction: 'in', bytes: 4000 });
    pool.emit({ kind: 'transfer', transfer: running });
    pool.emit({ kind: 'transfer', transfer: { ...running, ...verified } });
    pool.emit({ kind: 'transfer', transfer: transfer({ id: 't2', state: 'ended', end: 'verified' }) });
    expect(stderr.text).toContain('/check 1 reads 4.0 kB back from the disk and verifies it once more.\n');
    stdin.write('/list\n/check 1\n');
    await until(() => pool.calls.includes('recheck:t1'));
    expect(stderr.text).toContain('1  a.txt from Mara: verified; /check reads 4.0 kB back from the disk\n');
    expect(stderr.text).toContain('Checking a.txt reads 4.0 kB back from the disk.\n');
    pool.emit({ kind: 'transfer', transfer: { ...running, ...verified, recheck: looking } });
    stdin.write('/check 1\n/list\n/check 2\n');
    await until(() => stdout.text.split('"refused"').length === 3);
    expect(stderr.text).toContain('1  a.txt from the disk: 25%, 2.0 kB/s, 2 s left\n');
    for (const wrongChunks of [0, 2]) {
      const looked = { doneBytes: 4000, wrongChunks, done: true, seconds: 2 };
      pool.emit({ kind: 'transfer', transfer: { ...running, ...verified, recheck: looked } });
    }
    stdin.end();
    expect(await done).toBe(0);
    const eventsOf = (name: string) => stdout.events.filter(({ event }) => event === name);
    expect(pool.calls.filter((call) => call.startsWith('recheck'))).toEqual(['recheck:t1']);
    expect(eventsOf('refused').map((event) => event['message'])).toEqual([
      'a.txt is being checked already. Usage: /check N',
      'a.txt was not received and verified here. Usage: /check N',
    ]);
    const facts = { transfer: 't1', name: 'a.txt' };
    expect(eventsOf('checking')).toEqual([
      { event: 'checking', number: 1, ...facts, bytes: 1000, total: 4000, bytesPerSecond: 2000, seconds: 0.5 },
    ]);
    const checked = { event: 'checked', ...facts, bytes: 4000, seconds: 2, path: '/in/a.txt' };
    expect(eventsOf('checked')).toEqual([0, 2].map((wrongChunks) => ({ ...checked, wrongChunks })));
    expect(stderr.text).toContain('a.txt: 2 pieces changed on the disk since. Ask Mara to offer it again.\n');
    expect(eventsOf('verified')).toHaveLength(1);
    expect(eventsOf('progress')).toHaveLength(1);
  });

  test('a pipe says lines that begin with a slash', async () => {
    const { pool, done, stdin } = await start(['join', '--pool', 'abc']);
    pool.come(MARA);
    stdin.end('/usr is full\n//\n');
    expect(await done).toBe(0);
    expect(pool.calls.filter((call) => call.startsWith('say'))).toEqual(['say:/usr is full', 'say://']);
  });

  test('/help lists every command, /list what is offered and on its way, with sources', async () => {
    const { pool, done, stdin, stderr } = await start(['join', '--pool', 'abc', '--json']);
    await settle();
    const sources = [{ peer: JO.id, peerName: 'Jo', bytesPerSecond: 2000, bytes: 25, wrongChunks: 0 }];
    const half = { id: 't1', direction: 'in', bytes: 100, doneBytes: 50, bytesPerSecond: 2000, limit: 'path' } as const;
    pool.emit({ kind: 'transfer', transfer: transfer({ ...half, sources }) });
    stdin.end('/help\n/list\n');
    expect(await done).toBe(0);
    for (const word of ['take', 'pause', 'resume', 'cancel', 'retry', 'check', 'list'])
      expect(stderr.text).toContain(`/${word}`);
    expect(stderr.text).toContain(' 1  a.txt from Mara: 50%, 2.0 kB/s, 1 s left, as fast as the network goes\n');
    expect(stderr.text).toContain('Jo: 25% came from there, 2.0 kB/s\n');
  });

  test('a source that is asked no more is said', async () => {
    const { pool, done, stdin, stdout, stderr } = await start(['join', '--pool', 'abc', '--json']);
    await settle();
    pool.emit({ kind: 'struck', peer: MARA.id, peerName: 'Mara', evidence: [] });
    stdin.end();
    await done;
    expect(stderr.text).toContain('Mara sent what was not in the file');
    expect(stdout.events).toContainEqual({ event: 'struck', peer: MARA.id, name: 'Mara', wrongChunks: 0 });
  });

  test('tells who is there, comes and goes, on stderr', async () => {
    const { pool, done, stdout, stderr, stdin } = await start(['join', '--pool', 'abc', '--name', 'me']);
    await settle();
    pool.come(MARA);
    pool.emit({ kind: 'peer-left', peer: MARA });
    stdin.end();
    await done;
    expect(stdout.text).toBe('');
    expect(stderr.text).toBe('In abc as me. Nobody else is here yet.\nMara is here.\nMara left.\n');
  });

  test('an outage of the server is said once, and its return', async () => {
    const { pool, done, stdout, stderr, stdin } = await start(['join', '--pool', 'abc', '--json']);
    await settle();
    const waiting = { kind: 'backhaul', state: 'waiting', retryMs: 500, reason: 'refused' } as const;
    pool.emit(waiting);
    pool.emit(waiting);
    pool.emit({ kind: 'backhaul', state: 'open' });
    stdin.end();
    await done;
    expect(stderr.text.match(/The server is away/gu)).toHaveLength(1);
    expect(stderr.text).toContain('The server is back.');
    expect(stdout.events).toContainEqual({ event: 'backhaul', state: 'waiting', retryMs: 500, reason: 'refused' });
  });

  test('a refused join ends with 1 and the reason', async () => {
    const joining = () => Promise.reject(new Error('pool-full'));
    const { done, stdout, stderr } = await start(['join', '--pool', 'abc', '--json'], { joining });
    expect(await done).toBe(1);
    expect(stderr.text).toBe('Could not join abc: the pool is full.\n');
    expect(stdout.events).toEqual([{ event: 'error', message: 'Could not join abc: the pool is full.' }]);
  });

  test('Ctrl+C while joining ends with 130', async () => {
    const { done, stop } = await start(['join', '--pool', 'abc'], { joining: () => new Promise(() => undefined) });
    stop('SIGINT');
    expect(await done).toBe(130);
  });
});
