// How long a person waits for the app: from starting `rockpool desktop` until its window shows a start screen that takes a click. The
// browser is the host's own, through a script that lets somebody else look in as well. Linux only, on a screen of its own.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { CHROMIUM_PATH_VARIABLE, findChromium } from '../../desktop/windows/find-chromium.mjs';
import { PATIENCE_MS, patiently } from './pair.ts';

/** How often it is asked whether the browser is there, and the page. */
const POLL_MS = 10;

export interface StartOptions {
  readonly display: string;
  /** As people open it. */
  readonly server: string;
  /** For the host's data, new or of an earlier start, and what else this needs. */
  readonly directory: string;
}

/** ms from spawning the host until its start screen takes a click. */
export async function startToUsable({ display, server, directory }: StartOptions): Promise<number> {
  const browser = findChromium();
  if (browser === undefined) throw new Error(`No Chromium found. ${CHROMIUM_PATH_VARIABLE} may name one.`);
  const wrapper = join(directory, 'chromium');
  await mkdir(directory, { recursive: true });
  // The port is told in the profile once it is listened on.
  await writeFile(wrapper, `#!/bin/sh\nexec '${browser}' "$@" --remote-debugging-port=0\n`, { mode: 0o755 });
  const data = join(directory, 'data');
  const words = [
    'desktop',
    '--window',
    'chromium',
    '--server',
    server,
    '--data',
    data,
    '--into',
    join(directory, 'into'),
  ];
  const portFile = join(data, 'window', 'profile', 'DevToolsActivePort');
  await rm(portFile, { force: true });
  const startedMs = performance.now();
  const host = spawn(process.execPath, [join(process.cwd(), 'dist/node/rockpool.js'), ...words], {
    env: { ...process.env, DISPLAY: display, [CHROMIUM_PATH_VARIABLE]: wrapper },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    const look = startScreen(portFile, new URL(server).host);
    await patiently(PATIENCE_MS, 'the start screen', Promise.race([look, failed(host)]));
    return performance.now() - startedMs;
  } finally {
    await ended(host, 'SIGTERM');
  }
}

/** Resolves once the page of the browser whose profile tells its port at `portFile` can be used. */
async function startScreen(portFile: string, server: string): Promise<void> {
  let port: string | undefined;
  while (port === undefined) {
    await pause();
    port = /^(\d+)\n/u.exec(await readFile(portFile, 'utf8').catch(() => ''))?.[1];
  }
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`);
  try {
    for (;;) {
      const pages = browser.contexts().flatMap((context) => context.pages());
      for (const page of pages) if (await isUsable(page, server).catch(() => false)) return;
      await pause();
    }
  } finally {
    await browser.close();
  }
}

/** The button is there and would be clicked, and the page has heard from its host: it knows the server. */
const isUsable = (page: Page, server: string): Promise<boolean> =>
  page.evaluate(
    (host) =>
      document.body.innerText.includes(host) &&
      [...document.querySelectorAll('button')].some((button) => {
        const { left, top, width, height } = button.getBoundingClientRect();
        const seen = document.elementFromPoint(left + width / 2, top + height / 2);
        return button.textContent === 'Join pool' && !button.disabled && seen !== null && button.contains(seen);
      }),
    server,
  );

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, POLL_MS));

async function failed(child: ChildProcess): Promise<never> {
  const [code, signal] = await once(child, 'exit');
  throw new Error(`it ended with ${signal ?? code}`);
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}
