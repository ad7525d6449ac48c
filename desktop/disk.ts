// This machine's disk as a window sees it: where to begin choosing, what lies in a folder, what would be offered of a path,
// and the system's file manager. Reads names, sizes and times, and no content; runs nothing that was chosen.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { lstat, mkdir, opendir, open as openFile, readFile, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Slices } from '../src/io/file-calls.ts';
import { offeredName, safeFileName } from '../src/io/file-name.ts';
import { codeOf } from '../src/io/final-name.ts';
import { StoreError } from '../src/io/store.ts';
import { lookAtTree } from '../src/io/tree-source.ts';
import { HostError, LISTED_MAX } from '../src/remote/host-face.ts';
import type { HostAbout, HostPath, ListedPath, Listing } from '../src/remote/host-face.ts';

/** Names of one folder that are looked at; sorting so many as people do takes a tenth of a second. */
const NAMES_MAX = 20_000;

/** Paths looked at in one go: libuv has four threads for it. */
const GROUP = 32;

/** How long a file manager may take to answer, ms: it may have to be started first. */
const ANSWER_MS_MAX = 10_000;

/** Folders that most systems make for a person, by the keys of user-dirs.dirs(5). */
const USUAL: readonly (readonly [key: string, name: string])[] = [
  ['DESKTOP', 'Desktop'],
  ['DOCUMENTS', 'Documents'],
  ['DOWNLOAD', 'Downloads'],
  ['PICTURES', 'Pictures'],
  ['MUSIC', 'Music'],
  ['VIDEOS', process.platform === 'darwin' ? 'Movies' : 'Videos'],
];

/** As people sort: capitals beside small letters, `file 2` before `file 10`. */
const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** Where to begin choosing: `home` first, then the person's folders that are there, called as they are on disk. */
export async function places(home: string, env: NodeJS.ProcessEnv): Promise<HostAbout['places']> {
  const said = process.platform === 'linux' ? await userDirs(home, env) : new Map<string, string>();
  const found = [{ name: 'Home', path: home }];
  for (const [key, name] of USUAL) {
    const path = said.get(key) ?? join(home, name);
    // A system says that it has none by naming the person's own folder.
    if (found.some((place) => place.path === path)) continue;
    const facts = await stat(path).catch(() => undefined);
    if (facts?.isDirectory() === true) found.push({ name: basename(path), path });
  }
  return found;
}

/** Where this system puts what a person downloads; it may not be there. */
export async function downloads(home: string, env: NodeJS.ProcessEnv): Promise<string> {
  const said = process.platform === 'linux' ? (await userDirs(home, env)).get('DOWNLOAD') : undefined;
  return said ?? join(home, 'Downloads');
}

/** What user-dirs.dirs says, by key without `XDG_` and `_DIR`. */
async function userDirs(home: string, env: NodeJS.ProcessEnv): Promise<Map<string, string>> {
  const config = env['XDG_CONFIG_HOME'] || join(home, '.config');
  const text = await readFile(join(config, 'user-dirs.dirs'), 'utf8').catch(() => '');
  const lines = text.matchAll(/^\s*XDG_([A-Z]+)_DIR="(\$HOME(?=[/"])|(?=\/))((?:[^"\\]|\\.)*)"/gmu);
  return new Map(
    Array.from(lines, ([, key = '', from = '', rest = '']) => {
      return [key, resolve(`${from === '' ? '' : home}${rest.replace(/\\(.)/gu, '$1')}`)];
    }),
  );
}

/**
 * What lies in `folder` (absolute): links as what they point to, and nothing that is neither file nor folder. Rejects with
 * `unreadable`. Of more than LISTED_MAX entries the first are told, of the NAMES_MAX that the system names first.
 */
export async function listFolder(folder: string, hidden: boolean): Promise<Listing> {
  const path = absolute(folder);
  try {
    const { names, cut } = await namesIn(path, hidden);
    const sorted = names.toSorted((a, b) => byFolder(a.kind, b.kind) || byName.compare(a.name, b.name));
    const shown = sorted.slice(0, LISTED_MAX);
    const entries = await inGroups(shown, async (entry) => listed(join(path, entry.name), entry.name));
    const parent = dirname(path);
    return {
      folder: path,
      parent: parent === path ? undefined : parent,
      // What was replaced meanwhile may be something else by now.
      entries: entries.filter((entry) => entry !== undefined),
      cut: cut || shown.length < sorted.length,
    };
  } catch (error) {
    throw unreadable(path, error);
  }
}

interface Named {
  readonly name: string;
  readonly kind: ListedPath['kind'];
}

async function namesIn(path: string, hidden: boolean): Promise<{ readonly names: readonly Named[]; cut: boolean }> {
  const names: Named[] = [];
  const links: string[] = [];
  let cut = false;
  for await (const entry of await opendir(path, { bufferSize: 1024 })) {
    if (!hidden && entry.name.startsWith('.')) continue;
    if (names.length + links.length === NAMES_MAX) {
      cut = true;
      break;
    }
    if (entry.isFile()) names.push({ name: entry.name, kind: 'file' });
    else if (entry.isDirectory()) names.push({ name: entry.name, kind: 'folder' });
    // Some file systems do not say what it is.
    else links.push(entry.name);
  }
  const pointed = await inGroups(links, async (name) => (await listed(join(path, name), name)) ?? []);
  return { names: [...names, ...pointed.flat()], cut };
}

const byFolder = (a: ListedPath['kind'], b: ListedPath['kind']): number =>
  Number(b === 'folder') - Number(a === 'folder');

/** Undefined for what is neither, and for what is not there. */
async function listed(path: string, name: string): Promise<ListedPath | undefined> {
  const facts = await stat(path).catch(() => undefined);
  const modifiedMs = Math.trunc(facts?.mtimeMs ?? 0);
  if (facts?.isDirectory() === true) return { path, name, kind: 'folder', bytes: 0, modifiedMs };
  return facts?.isFile() === true ? { path, name, kind: 'file', bytes: facts.size, modifiedMs } : undefined;
}

async function inGroups<In, Out>(all: readonly In[], work: (one: In) => Promise<Out>): Promise<Out[]> {
  const done: Out[] = [];
  for (let first = 0; first < all.length; first += GROUP) {
    done.push(...(await Promise.all(all.slice(first, first + GROUP).map(work))));
  }
  return done;
}

/** Makes a folder in `parent` (absolute) and resolves to its path. `refused` for a name that cannot be one, or is taken. */
export async function makeFolder(parent: string, name: string): Promise<string> {
  const folder = absolute(parent);
  const wanted = name.trim();
  if (wanted === '' || safeFileName(wanted) !== wanted) {
    throw new HostError('refused', 'A folder cannot have this name. Try letters, digits and spaces.');
  }
  const path = join(folder, wanted);
  try {
    await mkdir(path);
    return path;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new HostError('refused', `${wanted} is there already.`, { cause: error });
    throw new HostError('store-failed', `No folder can be made in ${nameOf(folder)}.`, { cause: error });
  }
}

/**
 * Each of `paths` (absolute) as it would be offered, folders walked; `modifiedMs`, whole, is the latest time of anything in one. Rejects
 * with `gone` or `unreadable`, naming the first that cannot be offered.
 */
export async function lookAtPaths(paths: readonly string[]): Promise<HostPath[]> {
  const slices = new Slices();
  const found: HostPath[] = [];
  for (const path of paths) found.push((await lookAt(absolute(path), slices)).found);
  return found;
}

/** One path (absolute), and the paths of the folders within it, relative. As `lookAtPaths`. */
export async function lookAt(
  path: string,
  slices: Slices,
): Promise<{ readonly found: HostPath; readonly folders: readonly string[] }> {
  const shown = nameOf(path);
  // Only the root of a file system has no name.
  const name = offeredName(basename(path) || 'folder');
  try {
    const facts = await stat(path);
    const modifiedMs = Math.trunc(facts.mtimeMs);
    if (facts.isDirectory()) {
      const tree = await lookAtTree(path, name, slices);
      const { files, folders, leftOut } = tree;
      const folder = { files, folders: folders.length, leftOut };
      const latestMs = Math.max(modifiedMs, tree.modifiedMs);
      return { found: { path, name, bytes: tree.contentBytes, modifiedMs: latestMs, folder }, folders };
    }
    if (!facts.isFile()) throw new HostError('unreadable', `${shown} is neither a file nor a folder.`);
    // Only opening it shows that it can be read.
    await (await openFile(path, constants.O_RDONLY | constants.O_NONBLOCK)).close();
    return { found: { path, name, bytes: facts.size, modifiedMs }, folders: [] };
  } catch (error) {
    throw unreadable(path, error);
  }
}

/**
 * Shows `path` (absolute) in the system's file manager: the folder it lies in is opened, and it is selected there where the
 * system can do that. Never opens the file itself. Rejects with `gone`, or `refused` where there is no file manager.
 */
export async function reveal(path: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const whole = absolute(path);
  const folder = dirname(whole);
  if ((await lstat(whole).catch(() => undefined)) === undefined) {
    throw new HostError('gone', `${nameOf(whole)} is not there any more.`);
  }
  try {
    if (process.platform === 'darwin') await start('open', ['-R', whole], env);
    // It takes quotes around the path alone, of which no path there has any.
    else if (process.platform === 'win32') await start('explorer.exe', [`/select,"${whole}"`], env);
    else if (!(await showItem(whole, env))) await start('xdg-open', [folder], env);
  } catch (error) {
    throw new HostError('refused', `No file manager could be opened. It lies in ${folder}.`, { cause: error });
  }
}

/** Asks whichever file manager answers to this name of freedesktop.org's. False if none does. */
function showItem(path: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  // A comma would begin another element.
  const item = pathToFileURL(path).href.replaceAll(',', '%2C');
  const to = ['--dest=org.freedesktop.FileManager1', '/org/freedesktop/FileManager1'];
  const words = ['org.freedesktop.FileManager1.ShowItems', `array:string:${item}`, 'string:'];
  return new Promise((resolve) => {
    const options = { env, timeout: ANSWER_MS_MAX };
    execFile('dbus-send', ['--session', '--print-reply', ...to, ...words], options, (error) => resolve(error === null));
  });
}

/** Resolves once it runs; it may go on for longer than this process. */
async function start(program: string, words: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(program, words, { env, stdio: 'ignore', detached: true, windowsVerbatimArguments: true });
  child.unref();
  await once(child, 'spawn');
}

/** Paths come from a window: one that depends on where the host was started means nothing to it. */
function absolute(path: string): string {
  if (!isAbsolute(path) || path.includes('\0')) throw new HostError('refused', 'A whole path is needed.');
  return resolve(path);
}

const nameOf = (path: string): string => basename(path) || path;

function unreadable(path: string, error: unknown): HostError {
  const name = nameOf(path);
  if (error instanceof HostError) return error;
  if (error instanceof StoreError) return new HostError('unreadable', `${error.message}.`, { cause: error });
  switch (codeOf(error)) {
    case 'ENOENT':
      return new HostError('gone', `${name} is not there any more.`, { cause: error });
    case 'ENOTDIR':
      return new HostError('unreadable', `${name} is not a folder.`, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new HostError('unreadable', `${name} may not be read.`, { cause: error });
    default:
      return new HostError('unreadable', `${name} cannot be read.`, { cause: error });
  }
}
