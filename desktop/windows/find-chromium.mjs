// Where this machine keeps a Chromium, Chrome, Edge or Brave. Plain JavaScript, because test/run.mjs needs it before anything is built.

import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The environment variable that names the browser to use; it wins over every search. */
export const CHROMIUM_PATH_VARIABLE = 'CHROMIUM_PATH';

const COMMANDS = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
  'microsoft-edge',
  'microsoft-edge-stable',
  'msedge',
  'brave-browser',
  'brave',
];

const LINUX_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/opt/google/chrome/chrome',
  '/opt/microsoft/msedge/msedge',
  '/opt/brave.com/brave/brave',
  '/snap/bin/chromium',
];

const MAC_BUNDLES = ['Google Chrome', 'Chromium', 'Microsoft Edge', 'Brave Browser'].map(
  (name) => `${name}.app/Contents/MacOS/${name}`,
);

const WINDOWS_BINARIES = [
  'Google\\Chrome\\Application\\chrome.exe',
  'Chromium\\Application\\chrome.exe',
  'Microsoft\\Edge\\Application\\msedge.exe',
  'BraveSoftware\\Brave-Browser\\Application\\brave.exe',
];

/** The first of findChromiums(). Throws as it does. */
export function findChromium() {
  return findChromiums()[0];
}

/**
 * Paths of every such browser, the one to try first first; only the one that `CHROMIUM_PATH` names, where it is set. Throws if that
 * is no executable.
 */
export function findChromiums() {
  const named = process.env[CHROMIUM_PATH_VARIABLE];
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return [named];
    throw new Error(`${CHROMIUM_PATH_VARIABLE} is ${named}, which is no executable file`);
  }
  const byTarget = new Map();
  for (const path of candidates().filter(isExecutable)) {
    const target = realpathSync(path);
    if (!byTarget.has(target)) byTarget.set(target, path);
  }
  return [...byTarget.values()];
}

function candidates() {
  if (process.platform === 'win32') {
    const roots = ['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) => process.env[name] ?? []);
    return [...onPath('.exe'), ...WINDOWS_BINARIES.flatMap((binary) => roots.map((root) => join(root, binary)))];
  }
  if (process.platform === 'darwin') {
    const roots = ['/Applications', join(process.env.HOME ?? '/', 'Applications')];
    return [...MAC_BUNDLES.flatMap((bundle) => roots.map((root) => join(root, bundle))), ...onPath('')];
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
