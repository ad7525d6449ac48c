// Where this machine keeps a Chromium or Chrome. Plain JavaScript, because test/run.mjs needs it before anything is built.

import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The environment variable that names the browser to use; it wins over every search. */
export const CHROMIUM_PATH_VARIABLE = 'CHROMIUM_PATH';

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

const LINUX_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/opt/google/chrome/chrome',
  '/snap/bin/chromium',
];

const MAC_BUNDLES = ['Google Chrome.app/Contents/MacOS/Google Chrome', 'Chromium.app/Contents/MacOS/Chromium'];

const WINDOWS_BINARIES = ['Google\\Chrome\\Application\\chrome.exe', 'Chromium\\Application\\chrome.exe'];

/** Path of a Chromium or Chrome; undefined if this machine has none. Throws if `CHROMIUM_PATH` names no executable. */
export function findChromium() {
  const named = process.env[CHROMIUM_PATH_VARIABLE];
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named;
    throw new Error(`${CHROMIUM_PATH_VARIABLE} is ${named}, which is no executable file`);
  }
  return candidates().find(isExecutable);
}

function candidates() {
  if (process.platform === 'win32') {
    const roots = ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) => process.env[name] ?? []);
    return [...onPath('.exe'), ...roots.flatMap((root) => WINDOWS_BINARIES.map((binary) => join(root, binary)))];
  }
  if (process.platform === 'darwin') {
    const roots = ['/Applications', join(process.env.HOME ?? '/', 'Applications')];
    return [...roots.flatMap((root) => MAC_BUNDLES.map((bundle) => join(root, bundle))), ...onPath('')];
  }
  return [...onPath(''), ...LINUX_PATHS];
}

function onPath(suffix) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return COMMANDS.flatMap((command) => folders.map((folder) => join(folder, command + suffix)));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false; // Absent or not ours to run: either way not a browser we can use.
  }
}
