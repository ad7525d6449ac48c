// The app in the person's own browser. Others may read a process's command line, so the address with the token stands in a file
// that is this person's alone, and the browser is told that file.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import open from 'open';
import type { Window, WindowOptions } from '../window.ts';

/** A browser that was not running has read the file by then, on a slow machine too. */
const READ_MS_MAX = 60_000;

/** `openFile` shows a page of the disk in that browser. Rejects if it cannot be started; a browser that shows nothing does not tell. */
export async function openBrowser(
  options: WindowOptions,
  openFile: (path: string) => Promise<unknown> = open,
): Promise<Window> {
  await options.origin;
  const folder = join(options.folder, 'entry');
  // What an earlier host left there lets nobody in any more.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });

  const removals = new Map<string, NodeJS.Timeout>();
  const remove = async (place: string): Promise<void> => {
    clearTimeout(removals.get(place));
    removals.delete(place);
    await rm(place, { recursive: true, force: true });
  };
  const show = async (fragment: string): Promise<void> => {
    const place = await mkdtemp(join(folder, 'open-'));
    const timer = setTimeout(() => void remove(place).catch(() => undefined), READ_MS_MAX);
    removals.set(place, timer.unref());
    const file = join(place, 'rockpool.html');
    await writeFile(file, forward(`${options.entry()}${fragment}`), { mode: 0o600, flag: 'wx' });
    try {
      await openFile(file);
    } catch (error) {
      await remove(place);
      throw error;
    }
  };

  await show(options.fragment);
  return {
    kind: 'browser',
    // Another tab: which of its tabs is the app's, a browser does not tell, and it may be closed.
    focus: () => show(''),
    show,
    dropped: undefined,
    closed: new Promise(() => undefined),
    close: async () => {
      await Promise.all([...removals.keys()].map(remove));
    },
  };
}

function forward(address: string): string {
  const text = address.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return [
    '<!doctype html>',
    '<meta charset="utf-8">',
    '<meta name="referrer" content="no-referrer">',
    '<meta name="color-scheme" content="light dark">',
    '<title>Rockpool</title>',
    `<meta http-equiv="refresh" content="0; url=${text}">`,
    '<p>Opening Rockpool …</p>',
    '',
  ].join('\n');
}
