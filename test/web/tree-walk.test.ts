// Folders as lists of entries: one order, nothing lost but what cannot go along, and that is named.

import { expect, test } from '@jest/globals';
import {
  DEPTH_MAX,
  ENTRIES_MAX,
  LEFT_OUT_MAX,
  TooManyEntries,
  walkFolder,
  type FileNode,
  type FolderNode,
  type WalkOptions,
} from '../../web/tree-walk.ts';

/** A tree in memory: text is a file, undefined one that cannot be read, anything else a folder. */
interface Tree {
  readonly [name: string]: Tree | string | undefined;
}

function folder(name: string, tree: Tree): FolderNode {
  return {
    kind: 'folder',
    name,
    async *children() {
      await Promise.resolve();
      for (const [below, content] of Object.entries(tree)) {
        yield typeof content === 'object' ? folder(below, content) : file(below, content);
      }
    },
  };
}

function file(name: string, text: string | undefined): FileNode {
  return {
    kind: 'file',
    name,
    file: () => (text === undefined ? Promise.reject(new Error('gone')) : Promise.resolve(new File([text], name))),
  };
}

const all: WalkOptions = { check: () => undefined };
const paths = (walked: Awaited<ReturnType<typeof walkFolder>>): string[] =>
  walked.entries.map((entry) => ('file' in entry ? entry.path : `${entry.path}/`));

test('a folder is listed with its empty folders and empty files, each folder before what is in it', async () => {
  const tree = { b: { 'two.txt': '22', empty: {} }, 'zero.bin': '', a: { deep: { 'one.txt': '1' } } };
  const walked = await walkFolder(folder('root', tree), all);
  expect(paths(walked)).toEqual(['zero.bin', 'a/', 'a/deep/', 'a/deep/one.txt', 'b/', 'b/two.txt', 'b/empty/']);
  expect(walked).toMatchObject({ files: 3, folders: 4, bytes: 3, leftOut: [], leftOutCount: 0 });
});

test('the order does not depend on the order in which the browser tells', async () => {
  const one = await walkFolder(folder('root', { x: 'x', ä: 'ä', Z: { n: 'n', m: 'm' }, a: {} }), all);
  const other = await walkFolder(folder('root', { a: {}, Z: { m: 'm', n: 'n' }, ä: 'ä', x: 'x' }), all);
  expect(paths(one)).toEqual(paths(other));
});

test('what a check refuses is left out with all below it, and said; the rest goes', async () => {
  const check = (path: string): string | undefined => (path.includes('bad') ? `“${path}” is bad.` : undefined);
  const walked = await walkFolder(folder('root', { bad: { inside: 'x' }, good: { 'bad.txt': 'x', ok: 'y' } }), {
    check,
  });
  expect(paths(walked)).toEqual(['good/', 'good/ok']);
  expect(walked.leftOut.toSorted()).toEqual(['“bad” is bad.', '“good/bad.txt” is bad.']);
});

test('a file that cannot be read is left out and named', async () => {
  const walked = await walkFolder(folder('root', { locked: undefined, open: 'x' }), all);
  expect(paths(walked)).toEqual(['open']);
  expect(walked.leftOut).toEqual(['“locked” cannot be read.']);
});

test('many that cannot go along are counted, and as many named as can be read', async () => {
  const tree = Object.fromEntries(Array.from({ length: LEFT_OUT_MAX + 7 }, (_, at) => [`f${at}`, undefined]));
  const walked = await walkFolder(folder('root', tree), all);
  expect(walked.leftOut).toHaveLength(LEFT_OUT_MAX);
  expect(walked.leftOutCount).toBe(LEFT_OUT_MAX + 7);
});

test('a tree that goes on for ever is cut off where nobody’s goes', async () => {
  const endless = (): FolderNode => ({
    kind: 'folder',
    name: 'again',
    async *children() {
      yield await Promise.resolve(endless());
    },
  });
  const walked = await walkFolder(endless(), all);
  expect(walked.folders).toBe(DEPTH_MAX - 1);
  expect(walked.leftOutCount).toBe(1);
});

test('more entries than a page can hold are refused', async () => {
  const wide: FolderNode = {
    kind: 'folder',
    name: 'wide',
    async *children() {
      await Promise.resolve();
      for (let at = 0; at <= ENTRIES_MAX; at += 1) yield file(`f${at}`, '');
    },
  };
  await expect(walkFolder(wide, all)).rejects.toThrow(TooManyEntries);
});

test('few questions are put to the browser at a time', async () => {
  let [now, most] = [0, 0];
  const slow = (name: string): FileNode => ({
    kind: 'file',
    name,
    file: async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => setImmediate(resolve));
      now -= 1;
      return new File([], name);
    },
  });
  const wide: FolderNode = {
    kind: 'folder',
    name: 'wide',
    async *children() {
      await Promise.resolve();
      for (let at = 0; at < 500; at += 1) yield slow(`f${at}`);
    },
  };
  expect((await walkFolder(wide, all)).files).toBe(500);
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(32);
});

test('a walk that is not wanted any more ends', async () => {
  const stop = new AbortController();
  const counted: number[] = [];
  const onProgress = (files: number): void => {
    counted.push(files);
    if (files === 3) stop.abort();
  };
  const tree = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`f${at}`, 'x']));
  const walk = walkFolder(folder('root', tree), { ...all, onProgress, signal: stop.signal });
  await expect(walk).rejects.toMatchObject({ name: 'AbortError' });
  expect(counted.length).toBeLessThan(100);
});
