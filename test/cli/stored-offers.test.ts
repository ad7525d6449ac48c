// What `send --stay` remembers: which files, for whom, and whether they are still what they were.
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { STORED_OFFERS_MAX } from '../../src/io/history.ts';
import { run } from '../../cli/run.ts';
import { OfferFiles, offerOfPath, recheck } from '../../cli/stored-offers.ts';
import { makeStage, transfer, until } from './support.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'rockpool-offers-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const HERE = { server: 'ws://localhost:8080/ws', pool: 'abc' };

async function fileOf(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('stored offers', () => {
  test('last, newest first, one for each path', async () => {
    const paths = [await fileOf('a', 'a'), await fileOf('b', 'bb')];
    const offers = new OfferFiles(folder, HERE);
    for (const [at, path] of [...paths, ...paths].entries()) await offers.put(await offerOfPath(path, at));
    const found = await new OfferFiles(folder, HERE).list();
    expect(found).toMatchObject([
      { name: 'b', handle: paths[1], bytes: 2, atMs: 3 },
      { name: 'a', handle: paths[0], bytes: 1, atMs: 2 },
    ]);
  });

  test('of one pool, or of one server, are not another’s', async () => {
    await new OfferFiles(folder, HERE).put(await offerOfPath(await fileOf('a', 'a'), 0));
    expect(await new OfferFiles(folder, { ...HERE, pool: 'other' }).list()).toEqual([]);
    expect(await new OfferFiles(folder, { ...HERE, server: 'wss://other/ws' }).list()).toEqual([]);
  });

  test('that are damaged are passed over, and removing what is not there is no error', async () => {
    const offers = new OfferFiles(folder, HERE);
    await offers.put(await offerOfPath(await fileOf('a', 'a'), 0));
    const [place = ''] = await readdir(join(folder, 'offers'));
    await writeFile(join(folder, 'offers', place, 'x.json'), '{"id":"x"');
    await writeFile(join(folder, 'offers', place, 'y.json'), '{"id":"y"}');
    await offers.remove(['nothing']);
    expect(await offers.list()).toHaveLength(1);
  });

  test('are bounded, and the oldest go first', async () => {
    const offers = new OfferFiles(folder, HERE);
    const one = await offerOfPath(await fileOf('a', 'a'), 0);
    await offers.put(one);
    const [place = ''] = await readdir(join(folder, 'offers'));
    for (let at = 1; at <= STORED_OFFERS_MAX - 1; at += 1) {
      await writeFile(join(folder, 'offers', place, `${at}.json`), JSON.stringify({ ...one, id: `/${at}`, atMs: at }));
    }
    await offers.put({ ...one, id: '/new', atMs: STORED_OFFERS_MAX });
    const found = await offers.list();
    expect(found).toHaveLength(STORED_OFFERS_MAX);
    expect(found.some(({ id }) => id === one.id)).toBe(false);
  });
});

describe('a second look', () => {
  test('tells unchanged, changed and gone, of files', async () => {
    const path = await fileOf('a', 'a');
    const offer = await offerOfPath(path, 0);
    expect(await recheck(offer)).toBe('unchanged');
    await utimes(path, 1, 1);
    expect(await recheck(offer)).toBe('changed');
    await rm(path);
    expect(await recheck(offer)).toBe('gone');
  });

  test('sees what changed deep in a folder, and what was removed there', async () => {
    const root = join(folder, 'pics');
    await mkdir(join(root, 'a', 'b'), { recursive: true });
    await writeFile(join(root, 'a', 'b', 'x'), 'x');
    const offer = await offerOfPath(root, 0);
    expect(offer.bytes).toBe(1);
    expect(await recheck(offer)).toBe('unchanged');
    // Ten years on: no clock is that coarse.
    const later = Date.now() / 1000 + 315_360_000;
    await utimes(join(root, 'a', 'b', 'x'), later, later);
    expect(await recheck(offer)).toBe('changed');
    const again = await offerOfPath(root, 0);
    await rm(join(root, 'a', 'b', 'x'));
    expect(await recheck(again)).toBe('changed');
  });
});

describe('send --stay', () => {
  async function staying(...argv: readonly string[]) {
    const stage = makeStage({ home: folder });
    const done = run(['send', '--stay', '--pool', 'abc', '--json', ...argv], stage.cli);
    const pool = await stage.pool();
    await until(() => stage.stderr.text.includes('Offering '));
    return { ...stage, pool, done };
  }

  test('goes on after the first device, and offers the same again with what is named anew', async () => {
    const [a, b] = [await fileOf('a.txt', 'aaaa'), await fileOf('b.txt', 'bbbb')];
    const first = await staying(a);
    first.pool.emit({ kind: 'transfer', transfer: transfer({ state: 'ended', end: 'verified' }) });
    await until(() => first.stdout.text.includes('"verified"'));
    expect(first.pool.calls).not.toContain('close');
    first.stop('SIGINT');
    expect(await first.done).toBe(130);
    const second = await staying(b);
    expect(second.pool.calls).toContain('offer:2');
    second.stop('SIGINT');
    await second.done;
  });

  test('a file that changed meanwhile is named, and offered no more after that', async () => {
    const [a, b] = [await fileOf('a.txt', 'aaaa'), await fileOf('b.txt', 'bbbb')];
    const first = await staying(a, b);
    first.stop('SIGINT');
    await first.done;
    await writeFile(a, 'more than that');
    for (const stated of [true, false]) {
      const later = await staying();
      expect(later.pool.calls).toContain('offer:1');
      expect(later.stderr.text.includes(`${a} has changed since it was offered`)).toBe(stated);
      later.stop('SIGINT');
      await later.done;
    }
  });

  test('one that changes while it is sent is dropped from what is stored; the others go on', async () => {
    const [a, b] = [await fileOf('a.txt', 'aaaa'), await fileOf('b.txt', 'bbbb')];
    const first = await staying(a, b);
    first.pool.emit({ kind: 'transfer', transfer: transfer({ state: 'ended', end: 'changed' }) });
    await until(() => first.stderr.text.includes('a.txt is not offered any more.'));
    expect(first.pool.calls).not.toContain('close');
    first.stop('SIGINT');
    await first.done;
    const second = await staying();
    expect(second.stdout.events.filter(({ event }) => event === 'stored')).toMatchObject([{ path: b }]);
    second.stop('SIGINT');
    await second.done;
  });

  test('--forget drops what was stored', async () => {
    const [a, b] = [await fileOf('a.txt', 'aaaa'), await fileOf('b.txt', 'bbbb')];
    const first = await staying(a);
    first.stop('SIGINT');
    await first.done;
    const second = await staying('--forget', b);
    expect(second.pool.calls).toContain('offer:1');
    second.stop('SIGINT');
    await second.done;
  });
});
