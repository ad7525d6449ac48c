// The entry among a desktop's programs, written into folders of the test's, with the desktop's own tools where they are.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { installDesktopEntry, removeDesktopEntry } from '../../desktop/windows/desktop-entry.ts';

const run = promisify(execFile);
const VALIDATE = '/usr/bin/desktop-file-validate';
const XDG_MIME = '/usr/bin/xdg-mime';
const AWKWARD = '/opt/a "b" $HOME/100% `x`\\y/node';

const testIf = (there: boolean): typeof test => (there ? test : (test.skip as typeof test));

describe('the desktop entry', () => {
  let home: string;
  let env: NodeJS.ProcessEnv;
  const command = [AWKWARD, '/opt/rockpool.js'];
  const entry = (): string => join(home, 'data/applications/rockpool.desktop');

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'rockpool-entry-'));
    const path = process.env['PATH'];
    env = { PATH: path, HOME: home, XDG_DATA_HOME: join(home, 'data'), XDG_CONFIG_HOME: join(home, 'config') };
  });

  afterEach(() => rm(home, { recursive: true, force: true }));

  test('is written with its icons, twice as once, and taken away without a rest', async () => {
    expect(await installDesktopEntry({ env, home, command })).toBe(entry());
    await installDesktopEntry({ env, home, command });
    const files = (await readdir(join(home, 'data/icons'), { recursive: true })).filter((name) => /\.\w+$/u.test(name));
    expect(files.toSorted()).toEqual([
      'hicolor/128x128/apps/rockpool.png',
      'hicolor/256x256/apps/rockpool.png',
      'hicolor/48x48/apps/rockpool.png',
      'hicolor/scalable/apps/rockpool.svg',
    ]);
    expect(await removeDesktopEntry({ env, home })).toBe(true);
    expect(await removeDesktopEntry({ env, home })).toBe(false);
    const left = await readdir(join(home, 'data'), { recursive: true });
    expect(left.filter((name) => name.includes('rockpool'))).toEqual([]);
  });

  test('quotes whatever its command is', async () => {
    await installDesktopEntry({ env, home, command });
    const exec = /^Exec=(.*)$/mu.exec(await readFile(entry(), 'utf8'))?.[1];
    // First the file's own escapes, then those of an argument between quotes, then field codes.
    const line = exec?.replaceAll('\\\\', '\\') ?? '';
    const args = [...line.matchAll(/"((?:[^"\\]|\\.)*)"/gu)].map(([, inner = '']) => inner.replace(/\\(.)/gu, '$1'));
    expect(args.map((each) => each.replaceAll('%%', '%'))).toEqual([...command, 'desktop']);
    expect(line.endsWith(' %u')).toBe(true);
    await expect(installDesktopEntry({ env, home, command: ['a\nExec=b'] })).rejects.toThrow('command: expected');
  });

  test('lies in the usual place where no other is named', async () => {
    const { XDG_DATA_HOME: _, ...rest } = env;
    expect(await installDesktopEntry({ env: rest, home, command })).toBe(
      join(home, '.local/share/applications/rockpool.desktop'),
    );
  });

  testIf(existsSync(VALIDATE))('is what desktops take for one', async () => {
    await installDesktopEntry({ env, home, command });
    const { stdout } = await run(VALIDATE, [entry()]);
    expect(stdout).toBe('');
  });

  testIf(existsSync(XDG_MIME))('is asked to open rockpool:// links', async () => {
    await installDesktopEntry({ env, home, command });
    const { stdout } = await run(XDG_MIME, ['query', 'default', 'x-scheme-handler/rockpool'], { env });
    expect(stdout.trim()).toBe('rockpool.desktop');
  });
});
