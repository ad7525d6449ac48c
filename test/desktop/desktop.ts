// A real `rockpool desktop` in a process of its own, its real window on a screen of memory, and the hands of whoever sits before it.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { findChromium } from '../../desktop/windows/find-chromium.mjs';
import { ROCKPOOL } from '../cli/terminal.ts';
import { Person } from '../e2e/support/person.ts';
import type { Screen } from '../support/xvfb.ts';

const PATIENCE_MS = 30_000;
const AGAIN_MS = 50;

export interface DesktopPlace {
  readonly screen: Screen;
  /** The data directory; what is beside it, this class may write. */
  readonly data: string;
  /** Where received files go. */
  readonly into: string;
  /** The server's address. */
  readonly server: string;
  readonly name: string;
}

export class Desktop {
  readonly person: Person;
  /** Where the app is: `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly exit: Promise<number | string | null>;
  readonly #host: ChildProcess;

  private constructor(host: ChildProcess, exit: Desktop['exit'], page: Page, name: string) {
    this.#host = host;
    this.exit = exit;
    this.person = new Person(page, name);
    this.origin = new URL(page.url()).origin;
  }

  /** Starts it, and resolves once its window shows the app. */
  static async open({ screen, data, into, server, name }: DesktopPlace): Promise<Desktop> {
    const profile = join(data, 'window/profile');
    const port = join(profile, 'DevToolsActivePort');
    await mkdir(data, { recursive: true, mode: 0o700 });
    await rm(port, { force: true });
    // The same browser, with a port beside the host's pipe, by which the test does what a person would.
    const browser = `${data}-chromium`;
    const flags = '--remote-debugging-port=0 --disable-features=WebRtcHideLocalIpsWithMdns';
    await writeFile(browser, `#!/bin/sh\nexec ${findChromium() ?? 'chromium'} ${flags} "$@"\n`, { mode: 0o700 });
    const env = { ...process.env, DISPLAY: screen.display, CHROMIUM_PATH: browser };
    const words = ['desktop', '--data', data, '--into', into, '--server', server, '--name', name];
    const host = spawn(process.execPath, [ROCKPOOL, ...words], { stdio: ['ignore', 'ignore', 'inherit'], env });
    const exit = new Promise<number | string | null>((resolve) =>
      host.once('exit', (code, signal) => resolve(code ?? signal)),
    );
    const devtools = await until(
      'a browser',
      async () => (await readFile(port, 'utf8').catch(() => '')).split('\n')[0],
    );
    const hands = await chromium.connectOverCDP(`http://127.0.0.1:${devtools}`);
    const page = await until('the app', async () =>
      hands
        .contexts()
        .flatMap((context) => context.pages())
        .find((each) => each.url().startsWith('http://127.0.0.1:')),
    );
    page.setDefaultTimeout(PATIENCE_MS);
    return new Desktop(host, exit, page, name);
  }

  /** As a crash or a power cut would. */
  async kill(): Promise<void> {
    this.#host.kill('SIGKILL');
    await this.exit;
  }

  /** Closes the window, as a person does. */
  async closeWindow(): Promise<void> {
    await this.person.page.close().catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#host.kill('SIGTERM');
    await this.exit;
  }
}

export async function until<T>(what: string, look: () => Promise<T | undefined | ''>): Promise<T> {
  const endMs = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== '') return found;
    if (Date.now() > endMs) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}
