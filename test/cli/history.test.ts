// The history on disk: what lasts, what a torn line costs, how large it gets; and the command that shows it.
import { appendFile, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { TransferView } from '../../src/client.ts';
import type { HistoryRecord } from '../../src/io/history.ts';
import { FileHistory } from '../../src/io/history-files.ts';
import { Recorder } from '../../src/io/recorder.ts';
import { run } from '../../cli/run.ts';
import { testFolder } from './folder.ts';
import { makeStage, transfer } from './support.ts';

const folder = testFolder();

function record(number: number, changes: Partial<HistoryRecord> = {}): HistoryRecord {
  const common = { direction: 'in', bytes: 4, peerName: 'Mara', pool: 'abc' } as const;
  return { id: `r${number}`, name: `${number}.txt`, startedMs: number, ...common, ...changes };
}

const namesOf = (records: readonly HistoryRecord[]): string[] => records.map(({ name }) => name);

describe('the history file', () => {
  test('is read by another one, newest first, and a later record of an id replaces the first', async () => {
    const history = new FileHistory(join(folder.path, 'not', 'yet'));
    await Promise.all(
      [record(1), record(3), record(2), record(1, { end: 'verified' })].map((each) => history.put(each)),
    );
    const found = await new FileHistory(join(folder.path, 'not', 'yet')).list('', 10);
    expect(namesOf(found)).toEqual(['3.txt', '2.txt', '1.txt']);
    expect(found.at(-1)).toMatchObject({ end: 'verified' });
  });

  test('finds names, peers and pools, whatever their case', async () => {
    const history = new FileHistory(folder.path);
    await history.put(record(1, { name: 'Holiday.mp4' }));
    await history.put(record(2, { peerName: 'Jo', pool: 'otter' }));
    const found = async (query: string): Promise<string[]> => namesOf(await history.list(query, 10));
    expect(await found('hOLI')).toEqual(['Holiday.mp4']);
    expect(await found('jo')).toEqual(['2.txt']);
    expect(await found('otter')).toEqual(['2.txt']);
    expect(await found('nobody')).toEqual([]);
  });

  test('is listed in parts that miss nothing, even of one millisecond', async () => {
    const history = new FileHistory(folder.path);
    for (const number of [1, 2, 3, 4]) await history.put(record(number, { startedMs: number < 3 ? 1 : number }));
    expect(namesOf(await history.list('', 2))).toEqual(['4.txt', '3.txt']);
    expect(namesOf(await history.list('', 1, 3)).sort()).toEqual(['1.txt', '2.txt']);
    expect(await history.list('', 9, 1)).toEqual([]);
  });

  test('a torn last line costs that line only, wherever it was torn', async () => {
    const path = join(folder.path, 'history.jsonl');
    const history = new FileHistory(folder.path);
    for (const number of [1, 2]) await history.put(record(number));
    const whole = await readFile(path);
    const first = whole.indexOf(10) + 1;
    for (let length = first + 1; length < whole.length - 1; length += 7) {
      await writeFile(path, whole);
      await truncate(path, length);
      await history.put(record(3));
      expect(namesOf(await history.list('', 10))).toEqual(['3.txt', '1.txt']);
    }
  });

  test('lines that say something else are passed over', async () => {
    const history = new FileHistory(folder.path);
    await history.put(record(1));
    const strangers = ['null', '[]', '"text"', '{"id":7}', '{"id":"x","name":"no size"}', 'torn{'];
    await appendFile(join(folder.path, 'history.jsonl'), `${strangers.join('\n')}\n`);
    expect(namesOf(await history.list('', 10))).toEqual(['1.txt']);
  });

  test('takes twice its limit at most, and the oldest go first', async () => {
    const history = new FileHistory(folder.path, 2000);
    for (let number = 1; number <= 200; number += 1) await history.put(record(number));
    const sizes = await Promise.all(
      (await readdir(folder.path)).map(async (name) => (await stat(join(folder.path, name))).size),
    );
    const lineBytes = 200;
    expect(Math.max(...sizes)).toBeLessThan(2000 + lineBytes);
    expect(sizes).toHaveLength(2);
    const found = await history.list('', 1000);
    expect(found.length).toBeGreaterThanOrEqual(10);
    expect(namesOf(found)).toEqual(found.map((_, at) => `${200 - at}.txt`));
  });

  test('two commands that write at once lose nothing of each other', async () => {
    const [one, two] = [new FileHistory(folder.path), new FileHistory(folder.path)];
    const puts = Array.from({ length: 100 }, (_, number) => (number % 2 === 0 ? one : two).put(record(number)));
    await Promise.all(puts);
    expect(await one.list('', 1000)).toHaveLength(100);
  });

  test('forgets what is removed, and everything when it is cleared', async () => {
    const history = new FileHistory(folder.path, 200);
    for (const number of [1, 2, 3]) await history.put(record(number));
    await history.remove(['r3', 'unknown']);
    expect(namesOf(await history.list('', 10))).not.toContain('3.txt');
    await history.put(record(3));
    expect(namesOf(await history.list('', 10))).toContain('3.txt');
    await history.clear();
    expect(await history.list('', 10)).toEqual([]);
    expect(await readdir(folder.path)).toEqual([]);
  });

  test('is nobody else’s to read', async () => {
    await new FileHistory(join(folder.path, 'own')).put(record(1));
    expect((await stat(join(folder.path, 'own'))).mode & 0o077).toBe(0);
    expect((await stat(join(folder.path, 'own', 'history.jsonl'))).mode & 0o077).toBe(0);
  });

  test('fails with a code where it cannot be', async () => {
    await writeFile(join(folder.path, 'file'), '');
    const history = new FileHistory(join(folder.path, 'file'));
    await expect(history.put(record(1))).rejects.toMatchObject({ code: 'store-failed' });
  });
});

describe('what is recorded', () => {
  async function recorded(...transfers: readonly TransferView[]): Promise<HistoryRecord[]> {
    const history = new FileHistory(folder.path);
    let now = 0;
    const recorder = new Recorder(
      history,
      'abc',
      () => undefined,
      () => (now += 1),
    );
    for (const each of transfers) recorder.take(each);
    await recorder.close();
    return history.list('', 100);
  }
  const incoming = transfer({ direction: 'in' });

  test('a transfer from its beginning to its end', async () => {
    const end = { state: 'ended', end: 'verified', location: '/in/a.txt' } as const;
    expect(await recorded(incoming, { ...incoming, doneBytes: 2 }, { ...incoming, ...end })).toEqual([
      {
        id: `1/${incoming.id}`,
        direction: 'in',
        name: 'a.txt',
        bytes: 4,
        peerName: 'Mara',
        pool: 'abc',
        startedMs: 1,
        endedMs: 2,
        end: 'verified',
        location: '/in/a.txt',
      },
    ]);
  });

  test('of a folder, what is in it, not its archive', async () => {
    const folderIn = { ...incoming, bytes: 4096, folder: { entries: 3, contentBytes: 7 } };
    expect(await recorded(folderIn)).toMatchObject([{ bytes: 7, entries: 3 }]);
  });

  test('taken again, it is another one', async () => {
    const failed = { ...incoming, state: 'ended', end: 'corrupt' } as const;
    expect((await recorded(incoming, failed, incoming)).map(({ end }) => end)).toEqual([undefined, 'corrupt']);
  });

  test('looked at once more, it is still the same one', async () => {
    const verified = { ...incoming, state: 'ended', end: 'verified' } as const;
    const recheck = { doneBytes: 4, wrongChunks: 0, done: true, seconds: 1 };
    expect(await recorded(incoming, verified, { ...verified, recheck })).toHaveLength(1);
  });

  test('what this device left unfinished has not ended', async () => {
    expect(await recorded(incoming, { ...incoming, state: 'ended', end: 'peer-left' })).toMatchObject([
      { startedMs: 1 },
    ]);
    const [record] = await new FileHistory(folder.path).list('', 1);
    expect(record).not.toHaveProperty('end');
  });

  test('a history that cannot be written is said once and stops nothing', async () => {
    await writeFile(join(folder.path, 'file'), '');
    const errors: unknown[] = [];
    const recorder = new Recorder(new FileHistory(join(folder.path, 'file')), 'abc', (error) => errors.push(error));
    recorder.take(incoming);
    recorder.take({ ...incoming, state: 'ended', end: 'verified' });
    await recorder.close();
    recorder.take({ ...incoming, id: 'another' });
    await recorder.close();
    expect(errors).toHaveLength(1);
  });
});

describe('rockpool history', () => {
  async function shown(...argv: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const { cli, stdout, stderr } = makeStage({ home: folder.path });
    return { code: await run(['history', ...argv], cli), stdout: stdout.text, stderr: stderr.text };
  }

  test('lists, searches and clears what lies in the usual place', async () => {
    const history = new FileHistory(join(folder.path, '.local', 'state', 'rockpool'));
    await history.put(record(1, { end: 'verified', location: '/in/1.txt' }));
    await history.put(record(2, { direction: 'out', entries: 3, peerName: 'Jo\u001b[2J' }));
    const { code, stdout } = await shown();
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d {2}2\.txt \(folder of 3, 4 B\) sent to Jo\[2J in abc: not finished\n/u,
    );
    expect(stdout).toMatch(/1\.txt \(4 B\) received from Mara in abc: verified, \/in\/1\.txt\n$/u);
    expect((await shown('--search', 'mara')).stdout.split('\n')).toHaveLength(2);
    expect(await shown('--search', 'nobody')).toEqual({ code: 0, stdout: '', stderr: 'Nothing found.\n' });
    await shown('--clear');
    expect((await shown()).stderr).toBe('Nothing was sent or received yet.\n');
  });

  test('--data and $XDG_STATE_HOME name other places', async () => {
    await new FileHistory(join(folder.path, 'x', 'rockpool')).put(record(1));
    expect((await shown('--data', join(folder.path, 'x', 'rockpool'), '--json')).stdout).toContain(
      '"event":"transfer"',
    );
    const { cli, stdout } = makeStage({ home: '/nowhere', env: { XDG_STATE_HOME: join(folder.path, 'x') } });
    await run(['history'], cli);
    expect(stdout.text).toContain('1.txt');
  });

  test('a history that cannot be read ends it with 1', async () => {
    await writeFile(join(folder.path, 'file'), '');
    const { code, stderr } = await shown('--data', join(folder.path, 'file'));
    expect(code).toBe(1);
    expect(stderr).toContain('The history cannot be read');
  });
});
