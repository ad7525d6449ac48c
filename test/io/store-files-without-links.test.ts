// FileStore on a file system that knows no hard links (FAT, some network shares): final names still replace nothing.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { receive } from '../worker/store-suite.ts';

const real = await import('node:fs/promises');
jest.unstable_mockModule('node:fs/promises', () => ({
  ...real,
  link: () => Promise.reject(Object.assign(new Error('no links here'), { code: 'EPERM' })),
}));
const { FileStore } = await import('../../src/io/store-files.ts');

test('a file gets a free name where there are no hard links', async () => {
  const into = await mkdtemp(join(tmpdir(), 'rockpool-no-links-'));
  await writeFile(join(into, 'fish.txt'), 'mine');
  const store = new FileStore({ into });
  const location = await receive(store, 'a', Buffer.from('theirs'), 'fish.txt');
  expect(await readFile(location, 'utf8')).toBe('theirs');
  expect((await readdir(into)).toSorted()).toEqual(['fish (2).txt', 'fish.txt']);
  expect(await readFile(join(into, 'fish.txt'), 'utf8')).toBe('mine');
  await store.close();
  await rm(into, { recursive: true });
});
