// Rockpool among a Linux desktop's programs: an entry with an icon, which also opens rockpool:// links. Everything is the person's own:
// nothing is written outside of their folders (XDG Base Directory and Desktop Entry Specifications of freedesktop.org).
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface DesktopEntryOptions {
  readonly env: NodeJS.ProcessEnv;
  /** The person's own folder. */
  readonly home: string;
  /** What starts Rockpool, one argument each, without `desktop`. Absolute paths: a desktop has another PATH. */
  readonly command: readonly string[];
}

const ENTRY = 'rockpool.desktop';
const SCHEME = 'x-scheme-handler/rockpool';
/** File in desktop/assets -> its place among the icons. */
const ICONS: Readonly<Record<string, string>> = {
  'rockpool.svg': 'hicolor/scalable/apps/rockpool.svg',
  'rockpool-48.png': 'hicolor/48x48/apps/rockpool.png',
  'rockpool-128.png': 'hicolor/128x128/apps/rockpool.png',
  'rockpool-256.png': 'hicolor/256x256/apps/rockpool.png',
};

/** Folders looked at, upwards from this file or what was built of it. */
const FOLDERS_MAX = 4;
const TOOL_MS_MAX = 10_000;

/** Resolves to the path of the entry. Rejects where it cannot be written. May be repeated. */
export async function installDesktopEntry({ env, home, command }: DesktopEntryOptions): Promise<string> {
  const assets = assetsFolder();
  const data = dataHome(env, home);
  const entry = join(data, 'applications', ENTRY);
  const template = await readFile(join(assets, ENTRY), 'utf8');
  const exec = [...command, 'desktop'].map(quoted).join(' ');
  await mkdir(dirname(entry), { recursive: true });
  await writeFile(
    entry,
    template.replace(/^Exec=.*$/mu, () => `Exec=${exec} %u`),
  );
  for (const [file, place] of Object.entries(ICONS)) {
    const icon = join(data, 'icons', place);
    await mkdir(dirname(icon), { recursive: true });
    await copyFile(join(assets, file), icon);
  }
  await tellDesktop(env, data);
  await runIfThere('xdg-mime', ['default', ENTRY, SCHEME], env);
  return entry;
}

/** Resolves to whether there was an entry. */
export async function removeDesktopEntry({ env, home }: Omit<DesktopEntryOptions, 'command'>): Promise<boolean> {
  const data = dataHome(env, home);
  const entry = join(data, 'applications', ENTRY);
  const installed = existsSync(entry);
  await rm(entry, { force: true });
  for (const place of Object.values(ICONS)) await rm(join(data, 'icons', place), { force: true });
  if (installed) await tellDesktop(env, data);
  return installed;
}

function dataHome(env: NodeJS.ProcessEnv, home: string): string {
  // The specification has relative paths ignored.
  const named = env['XDG_DATA_HOME'];
  return named?.startsWith('/') ? named : join(home, '.local/share');
}

function tellDesktop(env: NodeJS.ProcessEnv, data: string): Promise<void> {
  return runIfThere('update-desktop-database', [join(data, 'applications')], env);
}

/** A desktop without the tool finds the entry by itself; what else goes wrong with it is no reason to be without one. */
function runIfThere(tool: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve) => {
    execFile(tool, args, { env, timeout: TOOL_MS_MAX }, () => resolve());
  });
}

/** One argument of an Exec line, which is read twice: as a string of the file, and then as a quoted argument with field codes. */
function quoted(argument: string): string {
  if (/[\0-\x1f]/u.test(argument))
    throw new Error(`command: expected printable characters, got ${JSON.stringify(argument)}`);
  const inner = argument.replace(/["`$\\]/gu, (letter) => `\\${letter}`).replaceAll('%', '%%');
  return `"${inner.replaceAll('\\', '\\\\')}"`;
}

function assetsFolder(): string {
  let folder = new URL('.', import.meta.url);
  for (let looked = 0; looked < FOLDERS_MAX; looked += 1) {
    const assets = fileURLToPath(new URL('desktop/assets', folder));
    if (existsSync(join(assets, ENTRY))) return assets;
    folder = new URL('..', folder);
  }
  throw new Error(`no desktop/assets above ${import.meta.url}`);
}
