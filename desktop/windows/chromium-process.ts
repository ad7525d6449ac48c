// One Chromium with a profile of its own and no window but the app's. It is spoken to through pipes: no port is open that others could
// use, nothing secret stands on a command line, and the browser ends when this process does, however that happens.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readlink, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { CdpPipe } from './cdp-pipe.ts';

/** Shown until the app is there, in its colours. Chromium keeps the window's size and place by this address. */
const BLANK =
  'data:text/html,<title>Rockpool</title><style>:root{color-scheme:light dark;background:light-dark(%23f7f5f0,%230d191e)}</style>';

/** Before a size is remembered: three columns, on a laptop's screen. */
const FIRST_SIZE = '1180,780';

const FLAGS = [
  `--app=${BLANK}`,
  '--remote-debugging-pipe',
  '--class=rockpool',
  // Nothing that is none of Rockpool's: no questions, no bubbles, no keyring.
  '--no-first-run',
  '--no-default-browser-check',
  '--hide-crash-restore-bubble',
  '--noerrdialogs',
  '--password-store=basic',
  '--use-mock-keychain',
  // Nothing to anybody but the host. Omnibox: its pop-ups are pages with a process of their own.
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-extensions',
  '--disable-sync',
  '--disable-breakpad',
  '--no-pings',
  '--disable-features=Translate,MediaRouter,OptimizationHints,WebUIOmniboxPopup,WebUIOmniboxAimPopup',
];

/** What no flag says. Written once: what a person changes later stays. */
const PREFERENCES = {
  autofill: { profile_enabled: false, credit_card_enabled: false },
  credentials_enable_service: false,
  credentials_enable_autosignin: false,
  search: { suggest_enabled: false },
  translate: { enabled: false },
};

/** Of what it says on stderr this much is kept, to tell why it did not start. */
const SAID_CHARS_MAX = 2_000;
const LINES_TOLD = 3;
/** Told to end, it has this long. */
const END_MS_MAX = 5_000;

export interface Ended {
  /** Null if a signal ended it, or it never began. */
  readonly code: number | null;
  /** For people: how it ended, and what it said last. */
  readonly why: string;
}

export class ChromiumProcess {
  readonly pipe: CdpPipe;
  /** Resolves once the process is gone. */
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    const [, , , input, output] = child.stdio;
    if (!(input instanceof Writable) || !(output instanceof Readable)) throw new Error('the browser has no pipes');
    this.#child = child;
    this.pipe = new CdpPipe(input, output);
    let said = '';
    child.stderr?.on('data', (bytes: Buffer) => {
      said = `${said}${bytes.toString('utf8')}`.slice(-SAID_CHARS_MAX);
    });
    this.ended = new Promise((resolve) => {
      const settle = (code: number | null, how: string): void => {
        this.pipe.end();
        const lines = said.split('\n').filter((line) => line.trim() !== '');
        resolve({ code, why: [how, ...lines.slice(-LINES_TOLD)].join('; ') });
      };
      child.once('error', (error) => settle(null, error.message));
      child.once('exit', (code, signal) =>
        settle(code, signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`),
      );
    });
  }

  /** `folder` is this browser's alone. Rejects where it cannot be written; a browser that does not start has `ended`. */
  static async start(path: string, folder: string): Promise<ChromiumProcess> {
    const fresh = await prepare(folder);
    const args = [
      ...FLAGS,
      `--user-data-dir=${folder}`,
      ...(fresh ? [`--window-size=${FIRST_SIZE}`] : []),
      // Chromium does not sandbox what root runs.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ];
    const child = spawn(path, args, {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
      env: process.env,
      // Ctrl+C in the terminal is the host's to answer.
      detached: process.platform !== 'win32',
    });
    return new ChromiumProcess(child);
  }

  /** Asks it to end, and makes it if it does not. */
  async end(): Promise<void> {
    const late = setTimeout(() => this.#child.kill('SIGKILL'), END_MS_MAX);
    this.pipe.end();
    await this.ended;
    clearTimeout(late);
  }
}

/** Makes the profile. Resolves to whether it is a new one. */
async function prepare(folder: string): Promise<boolean> {
  const preferences = join(folder, 'Default', 'Preferences');
  await releaseFromElsewhere(folder);
  if (existsSync(preferences)) return false;
  // 0700: session cookies are in there.
  await mkdir(join(folder, 'Default'), { recursive: true, mode: 0o700 });
  await writeFile(preferences, JSON.stringify(PREFERENCES), { mode: 0o600 });
  return true;
}

/**
 * Chromium asks before it opens a profile that another machine uses, which it takes from this machine's name: that changes
 * with the network. The host is alone in its data directory, so whatever was locked under another name is free.
 */
async function releaseFromElsewhere(folder: string): Promise<void> {
  const lock = join(folder, 'SingletonLock');
  const holder = await readlink(lock).catch(() => undefined);
  if (holder === undefined || holder.startsWith(`${hostname()}-`)) return;
  await Promise.all(['Lock', 'Socket', 'Cookie'].map((part) => rm(join(folder, `Singleton${part}`), { force: true })));
}
