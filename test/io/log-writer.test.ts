// The log writer: what is written arrives, in order, as lines of JSON; and a disk that fails stops nobody.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openLog } from '../../src/io/log-writer.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'rockpool-log-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const linesOf = async (path: string): Promise<unknown[]> => {
  const text = await readFile(path, 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
};

test('a record is one line of JSON and nothing else', async () => {
  const path = join(folder, 'log');
  const log = await openLog(path);
  log.write({ seconds: 1, links: [{ peer: 'a', counts: [1, 2] }] });
  await log.close();
  expect(await linesOf(path)).toEqual([{ seconds: 1, links: [{ peer: 'a', counts: [1, 2] }] }]);
});

test('closing waits for the disk: a thousand records are all there, in order', async () => {
  const path = join(folder, 'log');
  const log = await openLog(path);
  for (let i = 0; i < 1000; i++) log.write({ i });
  await log.close();
  expect((await linesOf(path)).map((line) => (line as { i: number }).i)).toEqual(
    Array.from({ length: 1000 }, (_, i) => i),
  );
});

test('a file that is there is appended to', async () => {
  const path = join(folder, 'log');
  for (const i of [1, 2]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
    const log = await openLog(path);
    log.write({ i });
    // oxlint-disable-next-line no-await-in-loop -- as above
    await log.close();
  }
  expect(await linesOf(path)).toMatchObject([{ i: 1 }, { i: 2 }]);
});

test('after closing nothing is taken, and closing again is the same closing', async () => {
  const path = join(folder, 'log');
  const log = await openLog(path);
  const closing = log.close();
  log.write({ i: 1 });
  expect(log.close()).toBe(closing);
  await closing;
  expect(await linesOf(path)).toEqual([]);
});

test('a place that cannot be written is told at once', async () => {
  await expect(openLog(join(folder, 'missing', 'log'))).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(openLog(folder)).rejects.toMatchObject({ code: 'EISDIR' });
});

const full = existsSync('/dev/full') ? test : test.skip;
full('a disk that is full is told once, and neither writing nor closing throws', async () => {
  const errors: Error[] = [];
  const log = await openLog('/dev/full', (error) => errors.push(error));
  log.write({ i: 1 });
  log.write({ i: 2 });
  await log.close();
  log.write({ i: 3 });
  expect(errors).toMatchObject([{ code: 'ENOSPC' }]);
});
