// Whole commands in one process, over a pool whose events the test plays.
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile, stat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { OfferView } from '../../src/client.ts';
import { run } from '../../cli/run.ts';
import { JO, MARA, makeStage, runAlone, settle, transfer, until, type StageOptions } from './support.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'rockpool-cli-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Writes a file of `text` and gives its path. */
async function fileOf(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

async function start(argv: readonly string[], options: StageOptions = {}) {
  const stage = makeStage(options);
  const done = run(argv, stage.cli);
  return { ...stage, done, pool: await stage.pool() };
}

describe('send', () => {
  const verified = { state: 'ended', end: 'verified', doneBytes: 4 } as const;

  test('ends with 0 once one device holds every file, and says the digest of each', async () => {
    const paths = [await fileOf('a.txt', 'aaaa'), await fileOf('b.txt', 'bbbb')];
    const { pool, done, stdout } = await start(['send', ...paths, '--pool', 'abc', '--json']);
    await until(() => pool.calls.includes('offer:2'));
    pool.emit({ kind: 'transfer', transfer: transfer({ id: '1', name: 'a.txt', ...verified }) });
    await until(() => stdout.text.includes('"verified"'));
    expect(pool.calls).not.toContain('close');
    pool.emit({ kind: 'transfer', transfer: transfer({ id: '2', name: 'b.txt', ...verified }) });
    expect(await done).toBe(0);
    expect(pool.calls.at(-1)).toBe('close');
    const events = stdout.events.filter(({ event }) => event === 'verified');
    expect(events).toMatchObject([
      { name: 'a.txt', bytes: 4, seconds: 0.5, sha256: sha256('aaaa'), peer: MARA.id },
      { name: 'b.txt', bytes: 4, seconds: 0.5, sha256: sha256('bbbb'), peer: MARA.id },
    ]);
  });

  test('waits for as many different devices as --receivers says', async () => {
    const path = await fileOf('a.txt', 'aaaa');
    const { pool, done, stdout } = await start(['send', path, '--pool', 'abc', '--receivers', '2', '--json']);
    await until(() => pool.calls.includes('offer:1'));
    // The same device twice, as after a broken link.
    pool.emit({ kind: 'transfer', transfer: transfer({ id: '1', ...verified }) });
    pool.emit({ kind: 'transfer', transfer: transfer({ id: '2', ...verified }) });
    await until(() => stdout.text.split('"verified"').length === 3);
    expect(pool.calls).not.toContain('close');
    pool.emit({ kind: 'transfer', transfer: transfer({ id: '3', peer: JO.id, peerName: JO.name, ...verified }) });
    expect(await done).toBe(0);
  });

  test('two files of one name and size are told apart by their order', async () => {
    await mkdir(join(folder, 'x'));
    const paths = [await fileOf('a.txt', 'aaaa'), await fileOf('x/a.txt', 'xxxx')];
    const { pool, done, stdout } = await start(['send', ...paths, '--pool', 'abc', '--json']);
    await until(() => pool.calls.includes('offer:2'));
    for (const id of ['1', '2']) pool.emit({ kind: 'transfer', transfer: transfer({ id }) });
    for (const id of ['2', '1']) pool.emit({ kind: 'transfer', transfer: transfer({ id, ...verified }) });
    expect(await done).toBe(0);
    const events = stdout.events.filter(({ event }) => event === 'verified');
    const digests = new Map(events.map((event) => [event['transfer'], event['sha256']]));
    expect(digests).toEqual(
      new Map([
        ['1', sha256('aaaa')],
        ['2', sha256('xxxx')],
      ]),
    );
  });

  test('a device that leaves is told and another is waited for', async () => {
    const path = await fileOf('a.txt', 'aaaa');
    const { pool, done, stdout, stderr, stop } = await start(['send', path, '--pool', 'abc', '--json']);
    await until(() => pool.calls.includes('offer:1'));
    pool.emit({ kind: 'transfer', transfer: transfer({ state: 'ended', end: 'peer-left', doneBytes: 2 }) });
    await settle();
    expect(stdout.events.at(-1)).toMatchObject({
      event: 'failed',
      name: 'a.txt',
      code: 'peer-left',
      bytes: 2,
      total: 4,
    });
    expect(stderr.text).toContain('a.txt to Mara stopped: the other device left.');
    expect(pool.calls).not.toContain('close');
    stop('SIGINT');
    expect(await done).toBe(130);
    // Not withdrawn: what others have of it is theirs to keep.
    expect(pool.calls.slice(-2)).toEqual(['offer:1', 'close']);
  });

  test.each([
    ['a path that is not there', ['missing.txt'], 'There is no file'],
    ['a device', ['/dev/null'], 'is neither a file nor a folder'],
    ['nothing at all, with nothing stored,', ['--stay'], 'Nothing is stored for this pool.'],
  ])('refuses %s before joining, with exit code 2', async (_, words, said) => {
    const { code, stderr } = await runAlone('send', ...words, '--pool', 'abc');
    expect(code).toBe(2);
    expect(stderr).toContain(said);
  });

  test('a folder is offered, and verified without a digest', async () => {
    const { pool, done, stdout } = await start(['send', folder, '--pool', 'abc', '--json']);
    await until(() => pool.calls.includes('offer:1'));
    const facts = { name: pool.offers[0]?.files[0]?.name ?? '', folder: { entries: 3, contentBytes: 2 } };
    pool.emit({ kind: 'transfer', transfer: transfer({ ...facts, ...verified }) });
    expect(await done).toBe(0);
    const event = stdout.events.find((each) => each['event'] === 'verified');
    expect(event).toMatchObject(facts);
    expect(event).not.toHaveProperty('sha256');
  });

  test('a file that changed is said to be, and ends it with 1 once nothing else is on its way', async () => {
    const paths = [await fileOf('a.txt', 'aaaa'), await fileOf('b.txt', 'bbbb')];
    const { pool, done, stdout, stderr } = await start(['send', ...paths, '--pool', 'abc', '--json']);
    await until(() => pool.calls.includes('offer:2'));
    pool.emit({ kind: 'transfer', transfer: transfer({ id: '1', name: 'a.txt' }) });
    pool.emit({ kind: 'transfer', transfer: transfer({ id: '2', name: 'b.txt' }) });
    pool.emit({ kind: 'transfer', transfer: transfer({ id: '1', name: 'a.txt', state: 'ended', end: 'changed' }) });
    await settle();
    expect(pool.calls).not.toContain('close');
    pool.emit({ kind: 'transfer', transfer: transfer({ id: '2', name: 'b.txt', ...verified }) });
    expect(await done).toBe(1);
    expect(stdout.events.find(({ event }) => event === 'withdrawn')).toMatchObject({ path: paths[0], code: 'changed' });
    expect(stderr.text).toContain('it changed while it was being sent');
    expect(stderr.text).toContain('a.txt is not offered any more.');
    expect(pool.calls).not.toContain('withdraw:o1');
  });

  test('the limit is handed on before joining', async () => {
    const path = await fileOf('a.txt', 'aaaa');
    const { pool, done, stop } = await start(['send', path, '--pool', 'abc', '--limit', '2MB']);
    expect(pool.rates).toEqual({ upBytesPerSecond: 2e6 });
    stop('SIGINT');
    await done;
  });

  test('what is left out of a folder is said in one line', async () => {
    const { pool, done, stop, stderr, stdout } = await start(['send', folder, '--pool', 'abc', '--json']);
    pool.options.onLeftOut('pics', 3);
    expect(stderr.text).toContain('pics: 3 of its links and devices cannot be sent and are left out.\n');
    expect(stdout.events).toContainEqual({ event: 'left-out', path: 'pics', count: 3 });
    stop('SIGINT');
    await done;
  });

  test('speaks to people in one calm line and the digest', async () => {
    const path = await fileOf('a.txt', 'aaaa');
    const { pool, done, stdout } = await start(['send', path, '--pool', 'abc']);
    await until(() => pool.calls.includes('offer:1'));
    pool.emit({ kind: 'transfer', transfer: transfer(verified) });
    await done;
    expect(stdout.text).toBe(`Verified  a.txt to Mara: 4 B in 0.5 s, 8 B/s\n  sha256 ${sha256('aaaa')}\n`);
  });
});

describe('receive', () => {
  const offered: OfferView = {
    id: 'o7',
    from: MARA.id,
    name: 'Mara',
    own: false,
    atMs: 0,
    files: [{ number: 0, name: 'a.txt', bytes: 4 }],
    state: 'open',
  };
  const incoming = { direction: 'in', offer: 'o7' } as const;

  test('accepts, reads the finished file back, and ends with 0', async () => {
    const location = await fileOf('a.txt', 'what the disk holds');
    const { pool, done, stdout } = await start(['receive', '--pool', 'abc', '--into', folder, '--json']);
    await settle();
    pool.emit({ kind: 'offer', offer: offered });
    expect(pool.calls).toContain('accept:o7');
    pool.emit({ kind: 'transfer', transfer: transfer({ ...incoming, state: 'ended', end: 'verified', location }) });
    expect(await done).toBe(0);
    expect(stdout.events.find(({ event }) => event === 'offer')).toMatchObject({ files: offered.files, from: 'Mara' });
    expect(stdout.events.find(({ event }) => event === 'verified')).toMatchObject({
      name: 'a.txt',
      path: location,
      sha256: sha256('what the disk holds'),
      seconds: 0.5,
    });
  });

  test('waits for --count files, and for what is still on its way', async () => {
    const location = await fileOf('a.txt', 'aaaa');
    const { pool, done } = await start(['receive', '--pool', 'abc', '--into', folder, '--json']);
    await settle();
    pool.emit({ kind: 'offer', offer: offered });
    const end = { state: 'ended', end: 'verified', location } as const;
    pool.emit({ kind: 'transfer', transfer: transfer({ ...incoming, id: '1' }) });
    pool.emit({ kind: 'transfer', transfer: transfer({ ...incoming, id: '2' }) });
    pool.emit({ kind: 'transfer', transfer: transfer({ ...incoming, id: '1', ...end }) });
    await settle();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(pool.calls).not.toContain('close');
    pool.emit({ kind: 'transfer', transfer: transfer({ ...incoming, id: '2', ...end }) });
    expect(await done).toBe(0);
  });

  test('a failed file is told, and the next offer is accepted', async () => {
    const location = await fileOf('a.txt', 'aaaa');
    const { pool, done, stdout } = await start(['receive', '--pool', 'abc', '--into', folder, '--json']);
    await settle();
    pool.emit({ kind: 'offer', offer: offered });
    pool.emit({ kind: 'transfer', transfer: transfer({ ...incoming, state: 'ended', end: 'corrupt' }) });
    expect(stdout.events.find(({ event }) => event === 'failed')).toMatchObject({ code: 'corrupt' });
    pool.emit({ kind: 'offer', offer: { ...offered, id: 'o8' } });
    expect(pool.calls).toContain('accept:o8');
    pool.emit({
      kind: 'transfer',
      transfer: transfer({ ...incoming, offer: 'o8', id: '2', state: 'ended', end: 'verified', location }),
    });
    expect(await done).toBe(0);
  });

  test('a file that cannot be read back counts as failed, and ends it: nobody else can help', async () => {
    const { pool, done, stdout } = await start(['receive', '--pool', 'abc', '--into', folder, '--json']);
    await settle();
    const location = join(folder, 'gone');
    pool.emit({ kind: 'transfer', transfer: transfer({ ...incoming, state: 'ended', end: 'verified', location }) });
    expect(await done).toBe(1);
    expect(stdout.events.find(({ event }) => event === 'failed')).toMatchObject({ code: 'store-failed' });
  });

  test('a folder counts once it is there, and has no digest', async () => {
    const { pool, done, stdout } = await start(['receive', '--pool', 'abc', '--into', folder, '--json']);
    await settle();
    const facts = { folder: { entries: 3, contentBytes: 2 }, location: folder };
    const end = { state: 'ended', end: 'verified' } as const;
    pool.emit({ kind: 'transfer', transfer: transfer({ ...incoming, ...facts, ...end }) });
    expect(await done).toBe(0);
    expect(stdout.events.find(({ event }) => event === 'verified')).toMatchObject({
      path: folder,
      folder: facts.folder,
    });
  });

  test('--only takes some files of an offer by their numbers, all without saying so, and of others none', async () => {
    const { pool, done, stop } = await start(['receive', '--pool', 'abc', '--into', folder, '--only', '*.txt']);
    await settle();
    const files = [
      { number: 7, name: 'a.txt', bytes: 4 },
      { number: 8, name: 'b.jpg', bytes: 4 },
    ];
    pool.emit({ kind: 'offer', offer: { ...offered, files } });
    pool.emit({ kind: 'offer', offer: { ...offered, id: 'o8' } });
    pool.emit({ kind: 'offer', offer: { ...offered, id: 'o9', files: files.slice(1) } });
    expect(pool.calls.filter((call) => call.startsWith('accept'))).toEqual(['accept:o7:7', 'accept:o8']);
    stop('SIGINT');
    await done;
  });

  test('what another device offers of the same file is accepted only when its sender is gone', async () => {
    const { pool, done, stop } = await start(['receive', '--pool', 'abc', '--into', folder]);
    await settle();
    pool.emit({ kind: 'offer', offer: offered });
    pool.emit({ kind: 'transfer', transfer: transfer(incoming) });
    pool.emit({ kind: 'offer', offer: { ...offered, id: 'o8', from: JO.id, name: 'Jo' } });
    expect(pool.calls).not.toContain('accept:o8');
    pool.emit({ kind: 'transfer', transfer: transfer({ ...incoming, state: 'waiting' }) });
    expect(pool.calls).toContain('accept:o8');
    stop('SIGINT');
    await done;
  });

  test('what is here already is said once, with what is kept when it is interrupted', async () => {
    const { pool, done, stop, stdout, stderr } = await start(['receive', '--pool', 'abc', '--into', folder, '--json']);
    await settle();
    const half = { ...incoming, bytes: 100, keptBytes: 50, doneBytes: 61 };
    pool.emit({ kind: 'transfer', transfer: transfer({ ...half, doneBytes: 50 }) });
    expect(stderr.text).not.toContain('already');
    pool.emit({ kind: 'transfer', transfer: transfer(half) });
    pool.emit({ kind: 'transfer', transfer: transfer(half) });
    stop('SIGINT');
    pool.emit({ kind: 'transfer', transfer: transfer({ ...half, doneBytes: 62, state: 'ended', end: 'peer-left' }) });
    expect(await done).toBe(130);
    expect(stderr.text.match(/a\.txt: 50% was here already\./gu)).toHaveLength(1);
    expect(stderr.text).toContain('a.txt: 62% is kept; run the same command again to go on.');
    expect(stdout.events.find(({ event }) => event === 'kept')).toMatchObject({ bytes: 62, total: 100, keptBytes: 50 });
    expect(stdout.events.some(({ event }) => event === 'failed')).toBe(false);
  });

  test('being put out of the pool ends it with 1', async () => {
    const { pool, done, stderr } = await start(['receive', '--pool', 'abc', '--into', folder]);
    await settle();
    pool.emit({ kind: 'left', pool: 'abc', reason: 'elsewhere' });
    expect(await done).toBe(1);
    expect(stderr.text).toContain('Out of the pool: this device joined from elsewhere.');
  });

  test('makes a folder that is not there', async () => {
    const into = join(folder, 'new', 'inbox');
    const { done, stop, pool } = await start(['receive', '--pool', 'abc', '--into', into]);
    await settle();
    expect((await stat(into)).isDirectory()).toBe(true);
    expect(pool.options.into).toBe(into);
    stop('SIGINT');
    await done;
  });

  test('refuses a file as folder with exit code 2', async () => {
    const { code, stderr } = await runAlone('receive', '--pool', 'abc', '--into', await fileOf('file', ''));
    expect(code).toBe(2);
    expect(stderr).toContain('is not a folder');
  });
});

describe('join', () => {
  const said = { id: 'x/1', from: MARA.id, name: 'Mara', own: false, sentMs: 5 } as const;

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

  test('a line that a full queue refuses is said again until it is taken', async () => {
    const { pool, done, stdin } = await start(['join', '--pool', 'abc']);
    let tries = 0;
    pool.saying = () => ((tries += 1) < 3 ? 'blocked' : 'ok');
    pool.come(MARA);
    stdin.end('one\ntwo\n');
    expect(await done).toBe(0);
    expect(pool.calls.filter((call) => call.startsWith('say'))).toEqual(['say:one', 'say:one', 'say:one', 'say:two']);
  });

  test('prints what others say, safely, and not its own lines again', async () => {
    const { pool, done, stdout, stdin } = await start(['join', '--pool', 'abc']);
    await settle();
    pool.emit({ kind: 'message', message: { ...said, name: 'Ma\u001b[2Jra', text: 'hi\u009b31m\nJo: no' } });
    pool.emit({ kind: 'message', message: { ...said, own: true, text: 'mine' } });
    stdin.end();
    expect(await done).toBe(0);
    expect(stdout.text).toBe('Ma[2Jra: hi31m\n  Jo: no\n');
  });

  test('json mode tells every message, its own too', async () => {
    const { pool, done, stdout, stdin } = await start(['join', '--pool', 'abc', '--json']);
    await settle();
    pool.emit({ kind: 'message', message: { ...said, text: 'hi' } });
    pool.emit({ kind: 'message', message: { ...said, own: true, text: 'mine' } });
    stdin.end();
    await done;
    expect(stdout.events.filter(({ event }) => event === 'message')).toMatchObject([
      { from: 'Mara', peer: MARA.id, text: 'hi', sentMs: 5, own: false },
      { text: 'mine', own: true },
    ]);
  });

  test('commands act on what their numbers name, with --json', async () => {
    const { pool, done, stdin, stdout } = await start(['join', '--pool', 'abc', '--into', folder, '--json']);
    await settle();
    pool.come(MARA);
    const files = ['a.txt', 'b.jpg', 'c.txt'].map((name, number) => ({ number: number + 10, name, bytes: 4 }));
    const offer: OfferView = { id: 'o1', from: MARA.id, name: 'Mara', own: false, atMs: 0, files, state: 'open' };
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
    for (const word of ['take', 'pause', 'resume', 'cancel', 'retry', 'list'])
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

describe('patience', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'performance'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('a server that stays unreachable ends a first join after 10 seconds', async () => {
    const { pool, done, stderr } = await start(['join', '--pool', 'abc'], {
      joining: () => new Promise(() => undefined),
    });
    pool.emit({ kind: 'backhaul', state: 'waiting', retryMs: 500, reason: 'connection refused' });
    await settle();
    await jest.advanceTimersByTimeAsync(9_999);
    expect(stderr.text).toBe('');
    await jest.advanceTimersByTimeAsync(1);
    expect(await done).toBe(1);
    expect(stderr.text).toBe('No server answers at ws://localhost:8080/ws. Is it running there?\n');
  });

  test('a receiver whose sender left waits as long as --wait says, and ends with 1', async () => {
    const { pool, done, stderr } = await start(['receive', '--pool', 'abc', '--into', folder, '--wait', '5']);
    while (!stderr.text.includes('Waiting for a file')) await settle();
    const left = transfer({ direction: 'in', state: 'waiting', bytes: 100, doneBytes: 61 });
    pool.emit({ kind: 'transfer', transfer: left });
    await jest.advanceTimersByTimeAsync(4_000);
    // It came back, and left again: the time begins anew.
    pool.emit({ kind: 'transfer', transfer: { ...left, state: 'running' } });
    pool.emit({ kind: 'transfer', transfer: left });
    await jest.advanceTimersByTimeAsync(4_999);
    expect(pool.calls).not.toContain('close');
    await jest.advanceTimersByTimeAsync(1);
    expect(await done).toBe(1);
    expect(stderr.text).toContain('61% of a.txt is here. Waiting 5 s for Mara, or for somebody else who has it.\n');
    expect(stderr.text).toContain('a.txt: 61% is kept; run the same command again to go on.\n');
  });

  test('a piped line that nobody hears within 10 seconds ends join with 1', async () => {
    const { pool, done, stdin, stderr } = await start(['join', '--pool', 'abc']);
    stdin.end('hello?\n');
    await settle();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(await done).toBe(1);
    expect(pool.calls).toEqual(['join:abc', 'close']);
    expect(stderr.text).toContain('Nobody was there to hear it: nothing was sent.');
  });

  test('a line waits as long as the pipe is open, and is said to the first who comes', async () => {
    const { pool, done, stdin, stderr } = await start(['join', '--pool', 'abc']);
    stdin.write('hello?\n');
    await settle();
    await jest.advanceTimersByTimeAsync(3_600_000);
    expect(stderr.text).toContain('Lines wait until somebody is.');
    pool.come(MARA);
    stdin.end();
    expect(await done).toBe(0);
    expect(pool.calls).toEqual(['join:abc', 'say:hello?', 'close']);
  });

  test('a piped line waits 2 seconds for a device that is there but not linked yet', async () => {
    const { pool, done, stdin } = await start(['join', '--pool', 'abc']);
    stdin.end('hello\n');
    pool.come({ ...JO, path: 'connecting' });
    pool.come(MARA);
    await settle();
    await jest.advanceTimersByTimeAsync(1_999);
    expect(pool.calls).not.toContain('say:hello');
    await jest.advanceTimersByTimeAsync(1);
    expect(await done).toBe(0);
    expect(pool.calls).toContain('say:hello');
  });
});

describe('serve', () => {
  const serve = (): Promise<{ url: string; port: number; close: () => Promise<void> }> =>
    Promise.resolve({ url: 'http://localhost:9000', port: 9000, close: () => Promise.resolve() });

  test('says where it is and gives a link to a fresh pool; stopping it is a success', async () => {
    const stage = makeStage({ serve });
    const done = run(['serve', '--json'], stage.cli);
    await settle();
    stage.stop('SIGTERM');
    expect(await done).toBe(0);
    const [listening] = stage.stdout.events;
    expect(listening).toMatchObject({ event: 'listening', url: 'http://localhost:9000', port: 9000 });
    const { pool, link } = listening as { pool: string; link: string };
    expect(pool).toMatch(/^[a-z]+-[a-z]+-[a-z]+-\d{4}$/u);
    expect(link).toBe(`http://localhost:9000/#${pool}`);
  });

  test('a taken port is a plain error and exit code 1', async () => {
    const stage = makeStage({ serve: () => Promise.reject(Object.assign(new Error('x'), { code: 'EADDRINUSE' })) });
    expect(await run(['serve', '--port', '8080'], stage.cli)).toBe(1);
    expect(stage.stderr.text).toContain('Port 8080 is taken.');
  });

  test('colours appear on a terminal only, and not with NO_COLOR', async () => {
    const texts = await Promise.all(
      [{ tty: true }, { tty: true, env: { NO_COLOR: '1' } }, { tty: false }].map(async (options) => {
        const stage = makeStage({ ...options, serve });
        const done = run(['serve'], stage.cli);
        stage.stop('SIGINT');
        await done;
        return stage.stdout.text.includes('\u001b[');
      }),
    );
    expect(texts).toEqual([true, false, false]);
  });
});
