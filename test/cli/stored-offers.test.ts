// What `send --stay` remembers: which files, for whom, and whether they are still what they were.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { STORED_OFFERS_MAX } from '../../src/io/history.ts';
import { run } from '../../cli/run.ts';
import { OfferFiles, offerOfPath, recheck } from '../../src/io/stored-offers.ts';
import { testFolder } from './folder.ts';
import { message } from './fake-talk.ts';
import { makeStage, start, transfer, until, type FakePool } from './support.ts';

const folder = testFolder();

const HERE = { server: 'ws://localhost:8080/ws', pool: 'abc' };

describe('stored offers', () => {
  test('last, newest first, one for each path', async () => {
    const paths = [await folder.file('a', 'a'), await folder.file('b', 'bb')];
    const offers = new OfferFiles(folder.path, HERE);
    for (const [at, path] of [...paths, ...paths].entries()) await offers.put(await offerOfPath(path, at));
    const found = await new OfferFiles(folder.path, HERE).list();
    expect(found).toMatchObject([
      { name: 'b', handle: paths[1], bytes: 2, atMs: 3 },
      { name: 'a', handle: paths[0], bytes: 1, atMs: 2 },
    ]);
  });

  test('of one pool, or of one server, are not another’s', async () => {
    await new OfferFiles(folder.path, HERE).put(await offerOfPath(await folder.file('a', 'a'), 0));
    expect(await new OfferFiles(folder.path, { ...HERE, pool: 'other' }).list()).toEqual([]);
    expect(await new OfferFiles(folder.path, { ...HERE, server: 'wss://other/ws' }).list()).toEqual([]);
  });

  test('that are damaged are passed over, and removing what is not there is no error', async () => {
    const offers = new OfferFiles(folder.path, HERE);
    await offers.put(await offerOfPath(await folder.file('a', 'a'), 0));
    const [place = ''] = await readdir(join(folder.path, 'offers'));
    await writeFile(join(folder.path, 'offers', place, 'x.json'), '{"id":"x"');
    await writeFile(join(folder.path, 'offers', place, 'y.json'), '{"id":"y"}');
    await offers.remove(['nothing']);
    expect(await offers.list()).toHaveLength(1);
  });

  test('are bounded, and the oldest go first', async () => {
    const offers = new OfferFiles(folder.path, HERE);
    const one = await offerOfPath(await folder.file('a', 'a'), 0);
    await offers.put(one);
    const [place = ''] = await readdir(join(folder.path, 'offers'));
    for (let at = 1; at <= STORED_OFFERS_MAX - 1; at += 1) {
      await writeFile(
        join(folder.path, 'offers', place, `${at}.json`),
        JSON.stringify({ ...one, id: `/${at}`, atMs: at }),
      );
    }
    await offers.put({ ...one, id: '/new', atMs: STORED_OFFERS_MAX });
    const found = await offers.list();
    expect(found).toHaveLength(STORED_OFFERS_MAX);
    expect(found.some(({ id }) => id === one.id)).toBe(false);
  });
});

describe('a claim', () => {
  test('is one process’s until it lets go, and is on what lies there now', async () => {
    const path = await folder.file('a', 'a');
    const offer = await offerOfPath(path, 0);
    const [one, other] = [new OfferFiles(folder.path, HERE), new OfferFiles(folder.path, HERE)];
    expect(await one.claim(offer)).toBe(true);
    expect(await other.claim({ ...offer, atMs: 1 })).toBe(false);
    expect(await new OfferFiles(folder.path, { ...HERE, pool: 'other' }).claim(offer)).toBe(true);
    await writeFile(path, 'changed');
    expect(await other.claim(await offerOfPath(path, 0))).toBe(true);
    await one.release(offer);
    expect(await other.claim(offer)).toBe(true);
    expect(await one.list()).toEqual([]);
  });

  test('of a process that was killed is swept away; of one that runs it is not', async () => {
    const offers = new OfferFiles(folder.path, HERE);
    const [dead, alive] = [await offerOfPath(await folder.file('a', 'a'), 0), await offerOfPath(folder.path, 0)];
    await offers.claim(dead);
    const [place = ''] = await readdir(join(folder.path, 'offers'));
    const [lock = ''] = await readdir(join(folder.path, 'offers', place));
    const holder = spawn('true');
    await once(holder, 'exit');
    const text = await readFile(join(folder.path, 'offers', place, lock), 'utf8');
    const told: object = JSON.parse(text);
    await writeFile(join(folder.path, 'offers', place, lock), JSON.stringify({ ...told, pid: holder.pid }));
    await offers.claim(alive);
    await offers.sweep();
    const left = await readdir(join(folder.path, 'offers', place));
    expect(left).toHaveLength(1);
    expect(left).not.toContain(lock);
    expect(await offers.claim(alive)).toBe(false);
  });

  test('ended by a change does not take along what was offered anew', async () => {
    const path = await folder.file('a', 'a');
    const offers = new OfferFiles(folder.path, HERE);
    const before = await offerOfPath(path, 0);
    await writeFile(path, 'anew');
    const after = await offerOfPath(path, 1);
    await offers.put(after);
    await offers.drop(before);
    expect(await offers.list()).toEqual([after]);
    await offers.drop(after);
    expect(await offers.list()).toEqual([]);
  });
});

describe('a second look', () => {
  test('tells unchanged, changed and gone, of files', async () => {
    const path = await folder.file('a', 'a');
    const offer = await offerOfPath(path, 0);
    expect(await recheck(offer)).toBe('unchanged');
    await utimes(path, 1, 1);
    expect(await recheck(offer)).toBe('changed');
    await rm(path);
    expect(await recheck(offer)).toBe('gone');
  });

  test('sees what changed deep in a folder, and what was removed there', async () => {
    const root = join(folder.path, 'pics');
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
  const staying = (...argv: readonly string[]) => stayingWith(() => undefined, ...argv);

  async function stayingWith(before: (pool: FakePool) => void, ...argv: readonly string[]) {
    const stage = makeStage({ home: folder.path, before });
    const done = run(['send', '--stay', '--pool', 'abc', '--json', ...argv], stage.cli);
    const pool = await stage.pool();
    await until(() => stage.stderr.text.includes('Offering '));
    return { ...stage, pool, done };
  }

  test('goes on after the first device, and offers the same again with what is named anew', async () => {
    const [a, b] = [await folder.file('a.txt', 'aaaa'), await folder.file('b.txt', 'bbbb')];
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

  test('says in the conversation only once that it offers the same', async () => {
    const [a, b] = [await folder.file('a.txt', 'aaaa'), await folder.file('b.txt', 'bbbb')];
    for (const [argv, call] of [
      [[a], 'offer:1'],
      [[], 'offer:1 as in told'],
      [[b], 'offer:2'],
    ] as const) {
      const one = await staying(...argv);
      expect(one.pool.calls.filter((each) => each.startsWith('offer'))).toEqual([call]);
      one.stop('SIGINT');
      await one.done;
    }
  });

  test('what was taken back is named, and offered no more after that', async () => {
    const [a, b] = [await folder.file('a.txt', 'aaaa'), await folder.file('b.txt', 'bbbb')];
    const first = await staying(a);
    first.stop('SIGINT');
    await first.done;
    const takenBack = message({ id: 'told', state: 'retracted', text: '' });
    const second = await stayingWith((pool) => (pool.talk.kept = [takenBack]), b);
    expect(second.pool.calls).toContain('offer:1');
    expect(second.stderr.text).toContain(`${a} was taken back: it is not offered any more.`);
    second.stop('SIGINT');
    await second.done;
    const third = await staying();
    expect(third.pool.offers).toMatchObject([{ files: [{ name: 'b.txt' }] }]);
    third.stop('SIGINT');
    await third.done;
  });

  test('a file that changed meanwhile is named, and offered no more after that', async () => {
    const [a, b] = [await folder.file('a.txt', 'aaaa'), await folder.file('b.txt', 'bbbb')];
    const first = await staying(a, b);
    first.stop('SIGINT');
    await first.done;
    await writeFile(a, 'more than that');
    for (const stated of [true, false]) {
      const later = await staying();
      expect(later.pool.calls).toContain('offer:1 as in told');
      expect(later.stderr.text.includes(`${a} has changed since it was offered`)).toBe(stated);
      later.stop('SIGINT');
      await later.done;
    }
  });

  test('one that changes while it is sent is dropped from what is stored; the others go on', async () => {
    const [a, b] = [await folder.file('a.txt', 'aaaa'), await folder.file('b.txt', 'bbbb')];
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

  test('beside another one offers only what that one does not, and says so', async () => {
    const [a, b] = [await folder.file('a.txt', 'aaaa'), await folder.file('b.txt', 'bbbb')];
    const first = await staying(a);
    const second = await staying('--forget', a, b);
    expect(second.pool.offers).toMatchObject([{ files: [{ name: 'b.txt' }] }]);
    expect(second.stdout.events).toContainEqual({ event: 'offered-already', path: a });
    expect(second.stderr.text).toContain(`Another send --stay offers ${a} already.\n`);
    first.stop('SIGINT');
    await first.done;
    // Named, it is remembered, whoever offered it.
    const third = await staying();
    expect(third.pool.offers).toMatchObject([{ files: [{ name: 'a.txt' }] }]);
    second.stop('SIGINT');
    third.stop('SIGINT');
    await Promise.all([second.done, third.done]);
  });

  test('with nothing that another one does not offer ends with 1 and a code', async () => {
    const a = await folder.file('a.txt', 'aaaa');
    const first = await staying(a);
    const { pool, done, stdout, stderr } = await start(['send', a, '--stay', '--pool', 'abc', '--json'], {
      home: folder.path,
    });
    expect(await done).toBe(1);
    expect(pool.calls).toEqual(['join:abc', 'close']);
    expect(stdout.events.at(-1)).toMatchObject({ event: 'error', code: 'offered-already' });
    expect(stderr.text).toContain('All of it is offered already, by another send --stay.\n');
    first.stop('SIGINT');
    await first.done;
  });

  test('what one can send no more, another one may offer', async () => {
    const [a, b] = [await folder.file('a.txt', 'aaaa'), await folder.file('b.txt', 'bbbb')];
    const first = await staying(a, b);
    first.pool.emit({ kind: 'transfer', transfer: transfer({ state: 'ended', end: 'unreadable' }) });
    await until(() => first.stderr.text.includes('a.txt is not offered any more.'));
    const second = await staying(a);
    expect(second.pool.offers).toMatchObject([{ files: [{ name: 'a.txt' }] }]);
    first.stop('SIGINT');
    second.stop('SIGINT');
    await Promise.all([first.done, second.done]);
  });

  test('a file that changed is offered as it is now, though another one still offers what it was', async () => {
    const a = await folder.file('a.txt', 'aaaa');
    const first = await staying(a);
    await writeFile(a, 'more than that');
    const second = await staying(a);
    expect(second.pool.calls).toContain('offer:1');
    first.pool.emit({ kind: 'transfer', transfer: transfer({ state: 'ended', end: 'changed' }) });
    expect(await first.done).toBe(1);
    second.stop('SIGINT');
    await second.done;
    const third = await staying();
    expect(third.stdout.events).toContainEqual({ event: 'stored', path: a, state: 'unchanged' });
    third.stop('SIGINT');
    await third.done;
  });

  test('--forget drops what was stored', async () => {
    const [a, b] = [await folder.file('a.txt', 'aaaa'), await folder.file('b.txt', 'bbbb')];
    const first = await staying(a);
    first.stop('SIGINT');
    await first.done;
    const second = await staying('--forget', b);
    expect(second.pool.calls).toContain('offer:1');
    second.stop('SIGINT');
    await second.done;
  });
});
