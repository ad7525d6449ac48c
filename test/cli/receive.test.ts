// `rockpool receive` whole, in one process, over a pool whose events the test plays.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { OfferView } from '../../src/client.ts';
import { testFolder } from './folder.ts';
import { JO, MARA, runAlone, settle, sha256, start, transfer } from './support.ts';

const folder = testFolder();

describe('receive', () => {
  const offered: OfferView = {
    id: 'o7',
    from: MARA.id,
    name: 'Mara',
    own: false,
    atMs: 0,
    files: [{ number: 0, name: 'a.txt', bytes: 4 }],
    private: false,
    state: 'open',
  };
  const incoming = { direction: 'in', offer: 'o7' } as const;

  test('accepts, reads the finished file back, and ends with 0', async () => {
    const location = await folder.file('a.txt', 'what the disk holds');
    const { pool, done, stdout } = await start(['receive', '--pool', 'abc', '--into', folder.path, '--json']);
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
    const location = await folder.file('a.txt', 'aaaa');
    const { pool, done } = await start(['receive', '--pool', 'abc', '--into', folder.path, '--json']);
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
    const location = await folder.file('a.txt', 'aaaa');
    const { pool, done, stdout } = await start(['receive', '--pool', 'abc', '--into', folder.path, '--json']);
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
    const { pool, done, stdout } = await start(['receive', '--pool', 'abc', '--into', folder.path, '--json']);
    await settle();
    const location = join(folder.path, 'gone');
    pool.emit({ kind: 'transfer', transfer: transfer({ ...incoming, state: 'ended', end: 'verified', location }) });
    expect(await done).toBe(1);
    expect(stdout.events.find(({ event }) => event === 'failed')).toMatchObject({ code: 'store-failed' });
  });

  test('a folder counts once it is there, and has no digest', async () => {
    const { pool, done, stdout } = await start(['receive', '--pool', 'abc', '--into', folder.path, '--json']);
    await settle();
    const facts = { folder: { entries: 3, contentBytes: 2 }, location: folder.path };
    const end = { state: 'ended', end: 'verified' } as const;
    pool.emit({ kind: 'transfer', transfer: transfer({ ...incoming, ...facts, ...end }) });
    expect(await done).toBe(0);
    expect(stdout.events.find(({ event }) => event === 'verified')).toMatchObject({
      path: folder.path,
      folder: facts.folder,
    });
  });

  test('--only takes some files of an offer by their numbers, all without saying so, and of others none', async () => {
    const { pool, done, stop } = await start(['receive', '--pool', 'abc', '--into', folder.path, '--only', '*.txt']);
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
    const { pool, done, stop } = await start(['receive', '--pool', 'abc', '--into', folder.path]);
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
    const { pool, done, stop, stdout, stderr } = await start([
      'receive',
      '--pool',
      'abc',
      '--into',
      folder.path,
      '--json',
    ]);
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
    const { pool, done, stderr } = await start(['receive', '--pool', 'abc', '--into', folder.path]);
    await settle();
    pool.emit({ kind: 'left', pool: 'abc', reason: 'elsewhere' });
    expect(await done).toBe(1);
    expect(stderr.text).toContain('Out of the pool: this device joined from elsewhere.');
  });

  test('makes a folder that is not there', async () => {
    const into = join(folder.path, 'new', 'inbox');
    const { done, stop, pool } = await start(['receive', '--pool', 'abc', '--into', into]);
    await settle();
    expect((await stat(into)).isDirectory()).toBe(true);
    expect(pool.options.into).toBe(into);
    stop('SIGINT');
    await done;
  });

  test('refuses a file as folder with exit code 2', async () => {
    const { code, stderr } = await runAlone('receive', '--pool', 'abc', '--into', await folder.file('file', ''));
    expect(code).toBe(2);
    expect(stderr).toContain('is not a folder');
  });
});
