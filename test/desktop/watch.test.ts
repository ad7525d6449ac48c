// A watched folder, on the real file system: what is offered, anew and no more, and what is passed over. Nothing here waits for a
// time; whatever is to happen is waited for until it does.
import { appendFile, mkdir, mkdtemp, readdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { lookAtPaths } from '../../desktop/disk.ts';
import { ENTRIES_MAX, FolderWatch, requireNotReceived, type WatchedOffer } from '../../desktop/watch.ts';

const PATIENCE_MS = 15_000;
const STILL_MS = 150;

jest.setTimeout(2 * PATIENCE_MS);

let home: string;
let folder: string;
let watching: FolderWatch | undefined;
/** What was offered and withdrawn, in order: `+name`, `-name`. */
let log: string[];
let troubles: string[];
/** Of each offer, when it was made. */
let offeredBytes: number[];
/** Paths on offer, by id. */
let onOffer: Map<string, string>;
let offers = 0;

const pathOf = (name: string): string => join(folder, name);
const nameOf = (path: string): string => path.slice(folder.length + 1);

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'rockpool-watch-'));
  folder = join(home, 'shared');
  await mkdir(folder);
  log = [];
  troubles = [];
  offeredBytes = [];
  onOffer = new Map();
});

afterEach(async () => {
  await watching?.stop();
  watching = undefined;
  await rm(home, { recursive: true });
});

async function start(offered: readonly WatchedOffer[] = [], stillMs = STILL_MS): Promise<void> {
  watching = await FolderWatch.start({
    folder,
    into: join(home, 'received'),
    offered,
    stillMs,
    offer: async (path) => {
      offeredBytes.push((await stat(path)).size);
      const id = `offer ${(offers += 1)}`;
      onOffer.set(id, path);
      log.push(`+${nameOf(path)}`);
      return id;
    },
    withdraw: async (id) => {
      log.push(`-${nameOf(onOffer.get(id) ?? id)}`);
      onOffer.delete(id);
    },
    onTrouble: (text) => troubles.push(text),
  });
}

async function until(done: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + PATIENCE_MS;
  while (!done()) {
    if (performance.now() > deadlineMs)
      throw new Error(`waited in vain; so far: ${log.join(' ')} ${troubles.join(' ')}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const logged = (...lines: string[]): Promise<void> => until(() => lines.every((line) => log.includes(line)));
const names = (): string[] => [...onOffer.values()].map(nameOf).toSorted();

describe('a watched folder', () => {
  test('offers what is in it and what comes, each file and each folder once', async () => {
    await writeFile(pathOf('fish'), 'fish');
    await mkdir(pathOf('sea/deep'), { recursive: true });
    await writeFile(pathOf('sea/deep/crab'), 'crab');
    await start();
    await logged('+fish', '+sea');
    await writeFile(pathOf('later'), '');
    await mkdir(pathOf('empty'));
    await logged('+later', '+empty');
    expect(log).toHaveLength(4);
    expect(names()).toEqual(['empty', 'fish', 'later', 'sea']);
  });

  test('waits until a file that grows is whole', async () => {
    await start([], 2_000);
    // Longer than it takes to be looked at for the first time, and shorter than what counts as still.
    for (let piece = 0; piece < 5; piece += 1) {
      await appendFile(pathOf('growing'), 'x'.repeat(100));
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
    await logged('+growing');
    expect(offeredBytes).toEqual([500]);
  });

  test('withdraws what changes and offers it anew', async () => {
    await writeFile(pathOf('fish'), 'one');
    await mkdir(pathOf('sea/deep'), { recursive: true });
    await writeFile(pathOf('sea/deep/crab'), 'crab');
    await start();
    await logged('+fish', '+sea');
    log.length = 0;
    await writeFile(pathOf('fish'), 'two!');
    await until(() => log.length === 2);
    expect(log).toEqual(['-fish', '+fish']);
    log.length = 0;
    await appendFile(pathOf('sea/deep/crab'), '!');
    await until(() => log.length === 2);
    expect(log).toEqual(['-sea', '+sea']);
  });

  test('notices what happens in folders that came later or took the place of others', async () => {
    await mkdir(pathOf('sea/old'), { recursive: true });
    await start();
    await logged('+sea');
    await mkdir(pathOf('sea/new/deeper'), { recursive: true });
    await until(() => log.length === 3);
    await writeFile(pathOf('sea/new/deeper/fish'), '');
    await until(() => log.length === 5);
    await mkdir(join(home, 'other'));
    await rename(pathOf('sea/old'), join(home, 'gone'));
    await rename(join(home, 'other'), pathOf('sea/old'));
    await until(() => log.length === 7);
    await writeFile(pathOf('sea/old/fish'), '');
    await until(() => log.length === 9);
    expect(log.slice(-2)).toEqual(['-sea', '+sea']);
    expect(troubles).toEqual([]);
  });

  test('withdraws what is gone, and takes a new name for a new file', async () => {
    await writeFile(pathOf('fish'), '');
    await mkdir(pathOf('sea'));
    await start();
    await logged('+fish', '+sea');
    await rename(pathOf('fish'), pathOf('crab'));
    await rm(pathOf('sea'), { recursive: true });
    await logged('-fish', '-sea', '+crab');
    expect(names()).toEqual(['crab']);
  });

  test('passes over hidden files, downloads under way, what editors leave, and links', async () => {
    const passed = [
      '.hidden',
      'film.mp4.part',
      'film.crdownload',
      '.rockpool-x.part',
      '~$report.docx',
      'notes~',
      '#a#',
    ];
    await mkdir(join(home, 'elsewhere'));
    await symlink(join(home, 'elsewhere'), pathOf('link'));
    await start();
    for (const name of [...passed, '.notes.swp', 'Thumbs.db', 'last']) await writeFile(pathOf(name), 'x');
    await rename(pathOf('film.crdownload'), pathOf('film.mp4'));
    await logged('+last', '+film.mp4');
    expect(names()).toEqual(['film.mp4', 'last']);
  });

  test('offers nothing twice after a start, and withdraws what changed or went in between', async () => {
    for (const name of ['same', 'changed', 'gone', 'new']) await writeFile(pathOf(name), name);
    const looked = await lookAtPaths(['same', 'changed', 'gone'].map(pathOf));
    const offered = looked.map(({ path, bytes, modifiedMs }) => ({ id: nameOf(path), path, bytes, modifiedMs }));
    for (const { id, path } of offered) onOffer.set(id, path);
    const elsewhere = { id: 'by hand', path: join(home, 'by hand'), bytes: 1, modifiedMs: 1 };
    await utimes(pathOf('changed'), 1_600_000_000, 1_600_000_000);
    await rm(pathOf('gone'));
    await start([...offered, elsewhere]);
    await logged('+new', '-changed', '+changed', '-gone');
    expect(log).toHaveLength(4);
    expect(names()).toEqual(['changed', 'new', 'same']);
  });

  test('stays calm when thousands of things happen', async () => {
    await writeFile(pathOf('fish'), '');
    await mkdir(pathOf('sea'));
    await start();
    for (let round = 0; round < 500; round += 1) {
      await writeFile(pathOf('fish'), String(round));
      await writeFile(pathOf(`sea/${round % 50}`), String(round));
    }
    await logged('+fish', '+sea');
    const version = await lookAtPaths([pathOf('fish')]);
    expect(version[0]?.bytes).toBe(3);
    // However slow the machine, what is still for a moment may be offered too early; never each change on its own.
    expect(log.length).toBeLessThan(50);
  });

  test('says once that there are more than it offers, and offers others when there is room', async () => {
    for (let number = 0; number <= ENTRIES_MAX + 3; number += 1) await writeFile(pathOf(`f${number}`), '');
    await start();
    await until(() => onOffer.size === ENTRIES_MAX);
    expect(troubles).toEqual([`shared has more than ${ENTRIES_MAX} files and folders. The others are not offered.`]);
    const [first = ''] = names();
    await rm(pathOf(first));
    await until(() => log.length === ENTRIES_MAX + 2);
    expect(onOffer.size).toBe(ENTRIES_MAX);
    expect(troubles).toHaveLength(1);
  });

  test('withdraws everything and says so when it is taken away', async () => {
    for (const name of ['fish', 'crab']) await writeFile(pathOf(name), '');
    await start();
    await logged('+fish', '+crab');
    await rename(folder, join(home, 'moved'));
    await until(() => onOffer.size === 0 && troubles.length > 0);
    expect(troubles).toEqual(['shared is not there any more. Nothing in it is offered.']);
  });

  test('does nothing more once it was stopped', async () => {
    await writeFile(pathOf('fish'), '');
    await start();
    await logged('+fish');
    await writeFile(pathOf('crab'), '');
    await watching?.stop();
    const before = [...log];
    await writeFile(pathOf('later'), '');
    await rm(pathOf('fish'));
    await readdir(folder);
    await new Promise((resolve) => setTimeout(resolve, 3 * STILL_MS));
    expect(log).toEqual(before);
  });

  test('is refused if received files would lie in it, and if there is none', async () => {
    const none = { offered: [], offer: async () => '', withdraw: async () => {}, onTrouble: () => {} };
    const refused = { name: 'HostError', code: 'refused' };
    await symlink(folder, join(home, 'link'));
    await mkdir(pathOf('within'));
    for (const into of [folder, pathOf('within'), join(home, 'link'), join(home, 'link/within')]) {
      await expect(FolderWatch.start({ ...none, folder, into })).rejects.toMatchObject(refused);
    }
    await requireNotReceived(folder, home);
    await requireNotReceived(folder, join(home, 'shared too'));
    await expect(requireNotReceived(folder, pathOf('..more'))).rejects.toMatchObject({ code: 'refused' });
    const absent = FolderWatch.start({ ...none, folder: join(home, 'absent'), into: home });
    await expect(absent).rejects.toMatchObject({ name: 'HostError', code: 'unreadable' });
  });
});
