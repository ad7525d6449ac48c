// `rockpool send` whole, in one process, over a pool whose events the test plays. What --stay adds: stored-offers.test.ts.
import { describe, expect, test } from '@jest/globals';
import { testFolder } from './folder.ts';
import { JO, MARA, runAlone, settle, sha256, start, transfer, until } from './support.ts';

const folder = testFolder();

describe('send', () => {
  const verified = { state: 'ended', end: 'verified', doneBytes: 4 } as const;

  test('ends with 0 once one device holds every file, and says the digest of each', async () => {
    const paths = [await folder.file('a.txt', 'aaaa'), await folder.file('b.txt', 'bbbb')];
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
    const path = await folder.file('a.txt', 'aaaa');
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
    const paths = [await folder.file('a.txt', 'aaaa'), await folder.file('x/a.txt', 'xxxx')];
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
    const path = await folder.file('a.txt', 'aaaa');
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
    const { pool, done, stdout } = await start(['send', folder.path, '--pool', 'abc', '--json']);
    await until(() => pool.calls.includes('offer:1'));
    const facts = { name: pool.offers[0]?.files[0]?.name ?? '', folder: { entries: 3, contentBytes: 2 } };
    pool.emit({ kind: 'transfer', transfer: transfer({ ...facts, ...verified }) });
    expect(await done).toBe(0);
    const event = stdout.events.find((each) => each['event'] === 'verified');
    expect(event).toMatchObject(facts);
    expect(event).not.toHaveProperty('sha256');
  });

  test('a file that changed is said to be, and ends it with 1 once nothing else is on its way', async () => {
    const paths = [await folder.file('a.txt', 'aaaa'), await folder.file('b.txt', 'bbbb')];
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
    const path = await folder.file('a.txt', 'aaaa');
    const { pool, done, stop } = await start(['send', path, '--pool', 'abc', '--limit', '2MB']);
    expect(pool.rates).toEqual({ upBytesPerSecond: 2e6 });
    stop('SIGINT');
    await done;
  });

  test('what is left out of a folder is said in one line', async () => {
    const { pool, done, stop, stderr, stdout } = await start(['send', folder.path, '--pool', 'abc', '--json']);
    pool.options.onLeftOut('pics', 3);
    expect(stderr.text).toContain('pics: 3 of its links and devices cannot be sent and are left out.\n');
    expect(stdout.events).toContainEqual({ event: 'left-out', path: 'pics', count: 3 });
    stop('SIGINT');
    await done;
  });

  test('speaks to people in one calm line and the digest', async () => {
    const path = await folder.file('a.txt', 'aaaa');
    const { pool, done, stdout } = await start(['send', path, '--pool', 'abc']);
    await until(() => pool.calls.includes('offer:1'));
    pool.emit({ kind: 'transfer', transfer: transfer(verified) });
    await done;
    expect(stdout.text).toBe(`Verified  a.txt to Mara: 4 B in 0.5 s, 8 B/s\n  sha256 ${sha256('aaaa')}\n`);
  });
});
