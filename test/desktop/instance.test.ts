// One host a data directory: who is first, what becomes of a second start, and of what a killed host left behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { claimInstance, type Answer, type Claimed, type Instance, type Wish } from '../../desktop/instance.ts';
import { testFolder } from '../cli/folder.ts';

const folder = testFolder();
const held: Instance[] = [];

afterEach(async () => {
  await Promise.all(held.splice(0).map((each) => each.release()));
});

async function claim(
  wish: Wish = {},
  onWish: (wish: Wish) => Promise<Answer> = () => Promise.resolve({ done: true }),
  data: string = join(folder.path, 'data'),
  env: NodeJS.ProcessEnv = {},
): Promise<Claimed> {
  const claimed = await claimInstance({ data, env, wish, onWish });
  if (claimed.kind === 'first') held.push(claimed.instance);
  return claimed;
}

describe('a second start', () => {
  test('hands its wish over and hears what came of it', async () => {
    const wishes: Wish[] = [];
    const first = await claim({}, async (wish) => {
      wishes.push(wish);
      return { done: true, text: `number ${wishes.length}` };
    });
    expect(first.kind).toBe('first');
    const link = 'https://pool.example/#calm-otter-cove-41729';
    expect(await claim({ link, into: '/in' })).toEqual({
      kind: 'handed-over',
      answer: { done: true, text: 'number 1' },
    });
    expect(await claim()).toMatchObject({ kind: 'handed-over', answer: { text: 'number 2' } });
    expect(wishes).toEqual([{ link, into: '/in' }, {}]);
  });

  test('waits for a first that is starting', async () => {
    let start: (answer: Answer) => void = () => undefined;
    const started = new Promise<Answer>((resolve) => (start = resolve));
    await claim({}, () => started);
    const second = claim();
    start({ done: false, text: 'no' });
    expect(await second).toEqual({ kind: 'handed-over', answer: { done: false, text: 'no' } });
  });

  test('is first once the first has ended', async () => {
    await claim();
    await held.pop()?.release();
    expect((await claim()).kind).toBe('first');
  });

  test('of several at once, one is first and hears all others', async () => {
    let heard = 0;
    const onWish = (): Promise<Answer> => Promise.resolve({ done: true, text: String((heard += 1)) });
    const claims = await Promise.all(Array.from({ length: 6 }, () => claim({}, onWish)));
    expect(claims.filter(({ kind }) => kind === 'first')).toHaveLength(1);
    expect(heard).toBe(5);
  });
});

test('another data directory is another host', async () => {
  await claim();
  expect((await claim({}, undefined, join(folder.path, 'other'))).kind).toBe('first');
});

test('what a killed host left is taken over', async () => {
  const data = join(folder.path, 'data');
  await mkdir(data);
  // A process that is gone by now, with its socket where it was.
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  await writeFile(join(data, 'host.lock'), JSON.stringify({ pid: child.pid, started: '1', boot: await bootId() }));
  await writeFile(join(data, 'host.sock'), '');
  expect((await claim()).kind).toBe('first');
  expect((await claim()).kind).toBe('handed-over');
});

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();
}

describe('the socket', () => {
  test('is this person’s alone, and its folder too', async () => {
    await claim();
    expect((await stat(join(folder.path, 'data'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder.path, 'data', 'host.sock'))).mode & 0o777).toBe(0o600);
  });

  test('lies elsewhere where the directory’s path is long', async () => {
    const data = join(folder.path, 'x'.repeat(90));
    const env = { XDG_RUNTIME_DIR: folder.path };
    expect((await claim({}, undefined, data, env)).kind).toBe('first');
    expect((await claim({}, undefined, data, env)).kind).toBe('handed-over');
    expect((await stat(join(folder.path, 'rockpool'))).mode & 0o777).toBe(0o700);
  });

  test('does not in a folder that others may use', async () => {
    const data = join(folder.path, 'x'.repeat(90));
    await mkdir(join(folder.path, 'rockpool'));
    await chmod(join(folder.path, 'rockpool'), 0o755);
    await expect(claim({}, undefined, data, { XDG_RUNTIME_DIR: folder.path })).rejects.toMatchObject({
      code: 'store-failed',
    });
  });

  test('outlives what makes no sense', async () => {
    await claim();
    for (const said of ['', '{', '[]', '{"link":1}', 'x'.repeat(100_000)]) {
      const socket = connect(join(folder.path, 'data', 'host.sock'));
      socket.on('error', () => undefined);
      socket.resume().end(said);
      await new Promise((resolve) => socket.once('close', resolve));
    }
    expect((await claim()).kind).toBe('handed-over');
  });
});

test('a directory that cannot be used is said', async () => {
  await writeFile(join(folder.path, 'file'), '');
  await expect(claim({}, undefined, join(folder.path, 'file', 'data'))).rejects.toMatchObject({ code: 'store-failed' });
});
