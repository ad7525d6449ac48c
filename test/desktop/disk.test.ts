// What the host tells of the disk: places, listings, new folders, what would be offered of a path, and showing a file in the
// system's file manager, which is a program here that notes what it was asked.
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { listFolder, lookAtPaths, makeFolder, places, reveal } from '../../desktop/disk.ts';
import { LISTED_MAX } from '../../src/remote/host-face.ts';
import { FileStore } from '../../src/io/store-files.ts';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'rockpool-disk-'));
});

afterEach(() => rm(home, { recursive: true }));

const refusal = (code: string): unknown => expect.objectContaining({ name: 'HostError', code });

/** As somebody who may not do everything. */
async function unprivileged<T>(work: () => Promise<T>): Promise<T> {
  const superuser = process.getuid?.() === 0;
  if (superuser) {
    await chmod(home, 0o755);
    process.seteuid?.(65_534);
  }
  try {
    return await work();
  } finally {
    if (superuser) process.seteuid?.(0);
  }
}

describe('places', () => {
  test('are the person’s folder and those in it that are there', async () => {
    for (const name of ['Documents', 'Pictures']) await mkdir(join(home, name));
    await writeFile(join(home, 'Music'), 'not a folder');
    expect(await places(home, {})).toEqual([
      { name: 'Home', path: home },
      { name: 'Documents', path: join(home, 'Documents') },
      { name: 'Pictures', path: join(home, 'Pictures') },
    ]);
  });

  test('are called as the system calls them, wherever they are', async () => {
    for (const name of ['Bilder', 'config', 'else "where"', 'Music']) await mkdir(join(home, name));
    const lines = [
      '# XDG_VIDEOS_DIR="/"',
      'XDG_PICTURES_DIR="$HOME/Bilder"',
      `XDG_DOWNLOAD_DIR="${home}/else \\"where\\""`,
      'XDG_DESKTOP_DIR="$HOME/"',
      'XDG_MUSIC_DIR="$HOMER/Music"',
      'XDG_DOCUMENTS_DIR="Documents"',
    ];
    await writeFile(join(home, 'config/user-dirs.dirs'), lines.join('\n'));
    expect(await places(home, { XDG_CONFIG_HOME: join(home, 'config') })).toEqual([
      { name: 'Home', path: home },
      { name: 'else "where"', path: join(home, 'else "where"') },
      { name: 'Bilder', path: join(home, 'Bilder') },
      { name: 'Music', path: join(home, 'Music') },
    ]);
  });
});

describe('a listing', () => {
  test('has folders first, then by name as people sort, with sizes and times', async () => {
    for (const name of ['file 10', 'file 2', 'File 1', '.hidden']) await writeFile(join(home, name), 'fish');
    for (const name of ['Zebra', 'apple']) await mkdir(join(home, name));
    await utimes(join(home, 'file 2'), 1_600_000_000, 1_600_000_000);
    const { folder, parent, entries, cut } = await listFolder(home, false);
    expect([folder, parent, cut]).toEqual([home, tmpdir(), false]);
    expect(entries.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'folder apple',
      'folder Zebra',
      'file File 1',
      'file file 2',
      'file file 10',
    ]);
    expect(entries[3]).toEqual({
      path: join(home, 'file 2'),
      name: 'file 2',
      kind: 'file',
      bytes: 4,
      modifiedMs: 1_600_000_000_000,
    });
    expect((await listFolder(home, true)).entries.map(({ name }) => name)).toContain('.hidden');
    expect((await listFolder('/', false)).parent).toBeUndefined();
  });

  test('shows links as what they point to, and nothing that is neither file nor folder', async () => {
    await symlink('/etc/hostname', join(home, 'to a file'));
    await symlink('/etc', join(home, 'to a folder'));
    await symlink(join(home, 'absent'), join(home, 'to nothing'));
    await symlink('/dev/null', join(home, 'to a device'));
    execFileSync('mkfifo', [join(home, 'pipe')]);
    const { entries } = await listFolder(home, false);
    expect(entries.map(({ name, kind }) => [name, kind])).toEqual([
      ['to a folder', 'folder'],
      ['to a file', 'file'],
    ]);
  });

  test('says that it is cut where a folder has more than it takes', async () => {
    const names = Array.from({ length: LISTED_MAX + 1 }, (_, index) => join(home, String(index)));
    for (let first = 0; first < names.length; first += 500) {
      await Promise.all(names.slice(first, first + 500).map((name) => writeFile(name, '')));
    }
    const { entries, cut } = await listFolder(home, false);
    expect([entries.length, cut]).toEqual([LISTED_MAX, true]);
    expect(entries[LISTED_MAX - 1]?.name).toBe(String(LISTED_MAX - 1));
  });

  test('is refused in plain words where there is none', async () => {
    await writeFile(join(home, 'file'), '');
    await mkdir(join(home, 'locked'), { mode: 0 });
    await expect(listFolder(join(home, 'absent'), false)).rejects.toEqual(refusal('gone'));
    await expect(listFolder(join(home, 'file'), false)).rejects.toMatchObject({
      code: 'unreadable',
      message: 'file is not a folder.',
    });
    await unprivileged(() =>
      expect(listFolder(join(home, 'locked'), false)).rejects.toMatchObject({
        code: 'unreadable',
        message: 'locked may not be read.',
      }),
    );
    for (const path of ['', 'relative', '-rf', `${home}\0`]) {
      await expect(listFolder(path, false)).rejects.toEqual(refusal('refused'));
    }
  });
});

describe('a new folder', () => {
  test('is made under the name that was asked for', async () => {
    expect(await makeFolder(home, ' From the sea ')).toBe(join(home, 'From the sea'));
    expect((await listFolder(home, false)).entries).toEqual([expect.objectContaining({ kind: 'folder' })]);
    await expect(makeFolder(home, 'From the sea')).rejects.toEqual(refusal('refused'));
    await expect(makeFolder(join(home, 'absent'), 'x')).rejects.toEqual(refusal('store-failed'));
  });

  test.each(['', ' ', '..', '../x', 'a/b', 'a\\b', 'CON', 'a\0b', '.hidden', 'n'.repeat(256)])(
    'is not called %j',
    async (name) => {
      await expect(makeFolder(home, name)).rejects.toEqual(refusal('refused'));
      expect((await listFolder(home, true)).entries).toEqual([]);
    },
  );
});

describe('what would be offered', () => {
  test('of a file is its size and time, of a folder what is in it', async () => {
    await mkdir(join(home, 'sea/deep/empty'), { recursive: true });
    await writeFile(join(home, 'sea/fish'), 'fish');
    await writeFile(join(home, 'sea/deep/.crab'), 'crab!');
    await symlink('fish', join(home, 'sea/link'));
    const old = 1_600_000_000;
    for (const path of ['sea/fish', 'sea/deep/empty', 'sea/deep', 'sea']) await utimes(join(home, path), old, old);
    await utimes(join(home, 'sea/deep/.crab'), old, old + 5.5);
    const [folder, file] = await lookAtPaths([join(home, 'sea'), join(home, 'sea/fish')]);
    expect(folder).toEqual({
      path: join(home, 'sea'),
      name: 'sea',
      bytes: 9,
      modifiedMs: (old + 5.5) * 1000,
      folder: { files: 2, folders: 2, leftOut: 1 },
    });
    expect(file).toEqual({ path: join(home, 'sea/fish'), name: 'fish', bytes: 4, modifiedMs: old * 1000 });
    const store = new FileStore();
    expect(await store.add('a', join(home, 'sea'), 1024)).toMatchObject({ folder: { entries: 4, contentBytes: 9 } });
    await store.close();
  });

  test('is refused for what cannot be: it says which', async () => {
    await mkdir(join(home, 'sea'));
    await writeFile(join(home, 'sea/locked'), '', { mode: 0 });
    await expect(lookAtPaths([home, join(home, 'absent')])).rejects.toEqual(refusal('gone'));
    await expect(lookAtPaths(['/dev/null'])).rejects.toMatchObject({
      code: 'unreadable',
      message: 'null is neither a file nor a folder.',
    });
    await expect(lookAtPaths(['fish'])).rejects.toEqual(refusal('refused'));
    await unprivileged(async () => {
      const message = 'sea/locked cannot be read (EACCES).';
      await expect(lookAtPaths([join(home, 'sea')])).rejects.toMatchObject({ code: 'unreadable', message });
      const alone = { code: 'unreadable', message: 'locked may not be read.' };
      await expect(lookAtPaths([join(home, 'sea/locked')])).rejects.toMatchObject(alone);
    });
  });

  test('of many files keeps nobody waiting', async () => {
    for (let directory = 0; directory < 20; directory += 1) {
      const path = join(home, `d${directory}`);
      await mkdir(path);
      await Promise.all(Array.from({ length: 250 }, (_, index) => writeFile(join(path, `${index}`), '')));
    }
    let turns = 0;
    const timer = setInterval(() => (turns += 1), 1);
    const [folder] = await lookAtPaths([home]);
    clearInterval(timer);
    expect(folder?.folder).toEqual({ files: 5_000, folders: 20, leftOut: 0 });
    expect(turns).toBeGreaterThan(0);
  });
});

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('showing a file', () => {
  let env: NodeJS.ProcessEnv;
  let asked: string;

  /** Programs found before all others, which note their arguments, a line each, and end with `code`. */
  async function install(programs: Readonly<Record<string, number>>): Promise<void> {
    asked = join(home, 'asked');
    const bin = join(home, 'bin');
    await mkdir(bin);
    for (const [name, code] of Object.entries(programs)) {
      const script = `#!/bin/sh\nprintf '%s\\n' ${name} "$@" > '${asked}.new'\nmv '${asked}.new' '${asked}-${name}'\nexit ${code}\n`;
      await writeFile(join(bin, name), script, { mode: 0o755 });
    }
    env = { ...process.env, PATH: `${bin}${delimiter}${process.env['PATH']}` };
  }

  async function wordsOf(program: string): Promise<string[]> {
    const deadlineMs = performance.now() + 15_000;
    for (;;) {
      const text = await readFile(`${asked}-${program}`, 'utf8').catch(() => undefined);
      if (text !== undefined) return text.split('\n').slice(0, -1);
      if (performance.now() > deadlineMs) throw new Error(`${program} was not asked`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  test.each(['fish.txt', '-rf', 'a,b; $(touch x) `y` "z" \'w\'', 'run.sh'])(
    'called %j asks the file manager for it and runs nothing',
    async (name) => {
      await install({ 'dbus-send': 0, 'xdg-open': 0 });
      const file = join(home, name);
      await writeFile(file, `#!/bin/sh\ntouch '${asked}-ran'\n`, { mode: 0o755 });
      await reveal(file, env);
      const words = await wordsOf('dbus-send');
      expect(words).toContain('org.freedesktop.FileManager1.ShowItems');
      const item = words.find((word) => word.startsWith('array:string:'))?.slice('array:string:'.length) ?? '';
      expect(item).not.toContain(',');
      expect(fileURLToPath(item)).toBe(file);
      expect((await listFolder(home, false)).entries.map((entry) => entry.name).toSorted()).toEqual(
        ['asked-dbus-send', 'bin', name].toSorted(),
      );
    },
  );

  test('opens the folder it lies in where no file manager answers', async () => {
    await install({ 'dbus-send': 1, 'xdg-open': 0 });
    await mkdir(join(home, '-folder'));
    await writeFile(join(home, '-folder/run.desktop'), '');
    await reveal(join(home, '-folder/run.desktop'), env);
    expect(await wordsOf('xdg-open')).toEqual(['xdg-open', join(home, '-folder')]);
  });

  test('says so if it is not there any more', async () => {
    await expect(reveal(join(home, 'absent'))).rejects.toEqual(refusal('gone'));
  });
});
