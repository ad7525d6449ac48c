// How long the commands wait, and for whom, in one process and with a clock of the test's.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { EVERYONE, message } from './fake-talk.ts';
import { testFolder } from './folder.ts';
import { JO, MARA, settle, start, transfer } from './support.ts';

const folder = testFolder();

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
    const { pool, done, stderr } = await start(['receive', '--pool', 'abc', '--into', folder.path, '--wait', '5']);
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

  test('the end of a pipe waits until everyone who is linked has what was said', async () => {
    const { pool, done, stdin, stderr } = await start(['join', '--pool', 'abc']);
    pool.arriving = false;
    pool.come(MARA);
    pool.come(JO);
    stdin.end('hello\n');
    const has = (device: string, deliveredTo: number): void => {
      pool.emit({ kind: 'receipt', receipt: { device, room: EVERYONE.id, deliveredTo, readTo: 0 } });
    };
    while (pool.talk.kept.length === 0) await settle();
    const { created } = pool.talk.kept[0] ?? message();
    has(MARA.id, created);
    has(JO.id, created - 1);
    await settle();
    await jest.advanceTimersByTimeAsync(9_999);
    expect(pool.calls).not.toContain('close');
    has(JO.id, created);
    expect(await done).toBe(0);
    expect(stderr.text).not.toContain('arrived');
  });

  test('what one of two has after 10 seconds is said to have arrived, with who lacks it', async () => {
    const { pool, done, stdin, stderr } = await start(['join', '--pool', 'abc']);
    pool.arriving = false;
    pool.come(MARA);
    pool.come({ ...JO, name: 'J\u202eo' });
    stdin.end('hello\n');
    while (pool.talk.kept.length === 0) await settle();
    const { created, room } = pool.talk.kept[0] ?? message();
    pool.emit({ kind: 'receipt', receipt: { device: MARA.id, room, deliveredTo: created, readTo: 0 } });
    await settle();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(await done).toBe(0);
    expect(stderr.text).toContain('Not everything has arrived at Jo yet: others pass it on.\n');
  });

  test('what nobody has after 10 seconds ends the pipe with 1', async () => {
    const { pool, done, stdin, stderr } = await start(['join', '--pool', 'abc']);
    pool.arriving = false;
    pool.come(MARA);
    stdin.end('hello\n');
    while (pool.talk.kept.length === 0) await settle();
    pool.peers = [];
    pool.emit({ kind: 'peer-left', peer: MARA });
    await settle();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(await done).toBe(1);
    expect(stderr.text).toContain('It has not arrived anywhere.');
  });
});
